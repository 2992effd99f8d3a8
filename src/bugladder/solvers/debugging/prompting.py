"""Renders the prompt of a step from its file, and names the files that made it with their digest."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import BaseLoader, Environment, PackageLoader, StrictUndefined, meta

from bugladder.records import sha256_text
from bugladder.records.chats import Message


def render(step: str, **values: Any) -> tuple[tuple[Message, ...], str]:
    """The messages of a step, and "step@digest, system@digest": what changes with the wording.

    Args:
        step: name of a file of prompts/ without its ending.
        values: what the file speaks of; one that is missing is an error.
    """
    environment = _environment()
    system = environment.get_template("system.jinja").render(step=step)
    user = environment.get_template(f"{step}.jinja").render(**values)
    name = f"{step}@{_digest(step)}, system@{_digest('system')}"
    return (Message("system", system.strip()), Message("user", user.strip())), name


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("bugladder.solvers.debugging", "prompts"),
        autoescape=False,  # noqa: S701  plain text for a model; nothing of it is ever markup
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _digest(name: str) -> str:
    """Twelve hexadecimal digits of the sha256 of a prompt file and of those that it includes."""
    environment = _environment()
    loader = environment.loader
    texts: dict[str, str] = {}
    waiting = [f"{name}.jinja"]
    while waiting:
        file = waiting.pop()
        if file not in texts and isinstance(loader, BaseLoader):
            texts[file] = loader.get_source(environment, file)[0]
            waiting += [f for f in meta.find_referenced_templates(environment.parse(texts[file])) if f]
    return sha256_text("\0".join(texts[file] for file in sorted(texts)))[:12]
