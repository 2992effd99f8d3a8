"""Renders the prompt of a step from its file, and names the files that made it with their digest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from jinja2 import BaseLoader, Environment, PackageLoader, StrictUndefined, meta

from bugladder.records import sha256_text
from bugladder.records.chats import Message


@dataclass(frozen=True)
class Prompts:
    """A set of prompt files: one a step, `system` for all, and what they include."""

    loader: BaseLoader

    def render(self, step: str, **values: Any) -> tuple[tuple[Message, ...], str]:
        """The messages of a step, and "step@digest, system@digest": what changes with the wording.

        Args:
            step: name of a file without its ending.
            values: what the file speaks of.

        Raises:
            UndefinedError: a value is missing.
        """
        system = self._environment.get_template("system.jinja").render()
        user = self._environment.get_template(f"{step}.jinja").render(**values)
        name = f"{step}@{self._digest(step)}, system@{self._digest('system')}"
        return (Message("system", system.strip()), Message("user", user.strip())), name

    @cached_property
    def _environment(self) -> Environment:
        return Environment(
            loader=self.loader,
            autoescape=False,  # noqa: S701  plain text for a model; nothing of it is ever markup
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def _digest(self, name: str) -> str:
        """Twelve hexadecimal digits of the sha256 of a prompt file and of those that it includes."""
        texts: dict[str, str] = {}
        waiting = [f"{name}.jinja"]
        while waiting:
            file = waiting.pop()
            if file not in texts:
                texts[file] = self.loader.get_source(self._environment, file)[0]
                waiting += [f for f in meta.find_referenced_templates(self._environment.parse(texts[file])) if f]
        return sha256_text("\0".join(texts[file] for file in sorted(texts)))[:12]


@cache
def loop_prompts() -> Prompts:
    """The prompts of the loop."""
    return Prompts(PackageLoader("bugladder.solvers.debugging", "prompts"))
