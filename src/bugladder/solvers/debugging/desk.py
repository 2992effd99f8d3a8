"""Where the steps of the loop ask: shows the material, grants the model's requests for code, notes what happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bugladder.records import Files, Task
from bugladder.solvers.debugging.asking import Asker, Heard
from bugladder.solvers.debugging.briefing import Material, brief
from bugladder.solvers.debugging.checkout import Checkout
from bugladder.solvers.debugging.context import ContextLimits, Excerpt
from bugladder.solvers.debugging.gates import Proposal, check
from bugladder.solvers.debugging.lookups import opened, searched
from bugladder.solvers.debugging.prompting import loop_prompts
from bugladder.solvers.debugging.replies import Response
from bugladder.solvers.debugging.repository import Repository
from bugladder.solvers.debugging.retrieval import Index
from bugladder.solvers.debugging.settings import LoopSettings

R = TypeVar("R", bound=Response)


@dataclass
class Notes:
    """What happened in one round, for its row of attempts."""

    iteration: int
    gates: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    steps: dict[str, str] = field(default_factory=dict)
    analysis: list[str] = field(default_factory=list)
    templates: set[str] = field(default_factory=set)
    requests: int = 0
    patch_sha256: str | None = None


@dataclass
class Found:
    """What the model asked to see so far, and how many such replies are left."""

    left: int
    code: list[Excerpt] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Desk:
    """One task's material, asker and gates."""

    task: Task
    settings: LoopSettings
    checkout: Checkout
    asker: Asker
    repository: Repository
    index: Index
    seen: tuple[tuple[str, ...], str]
    limits: ContextLimits
    material: Material
    found: Found

    @classmethod
    def of(
        cls, task: Task, settings: LoopSettings, checkout: Checkout, asker: Asker, seen: tuple[tuple[str, ...], str]
    ) -> Desk:
        """A desk on a task whose public failing tests were seen to fail."""
        repository = Repository.of(checkout.base, settings.paths)
        index = Index.of(repository)
        limits = settings.context
        material = brief(task, repository, index, seen, limits)
        return cls(
            task, settings, checkout, asker, repository, index, seen, limits, material, Found(limits.requests)
        )  # fmt: skip

    @property
    def is_spent(self) -> bool:
        """True where nothing more may be asked: the deadline or the token limit is over."""
        most = self.settings.max_tokens_total
        return self.checkout.bench.deadline.is_over or (most is not None and self.asker.tokens >= most)

    def ask(
        self, step: str, notes: Notes, shape: type[R], values: dict[str, Any], temperature: float | None = None
    ) -> Heard[R]:
        """Ask for a step's answer; replies that only ask for code are granted while requests are left."""
        while True:
            prompt = loop_prompts().render(step, material=self.material, found=self.found, **values)
            notes.templates.add(prompt[1])
            heard = self.asker.ask((step, notes.iteration), prompt, shape, temperature)
            reply = heard.value
            if reply is None or not reply.is_request or self.found.left == 0 or self.is_spent:
                return self._checked(step, heard, notes)
            self._grant(reply, notes)

    def findings(self, proposal: Proposal, notes: Notes) -> list[str]:
        """What the gates send a proposal back with, [] where it may go on; warnings are only counted."""
        found = check(proposal, self.settings.gates, self.settings.enable_gates)
        notes.gates.update(finding.gate for finding in found)
        notes.findings += [f"{finding.gate} {finding.severity}: {finding.sentence}" for finding in found]
        return [finding.sentence for finding in found if finding.severity == "block"]

    def proposal(self, before: Files, after: Files, patch: str, *, is_code: bool) -> Proposal:
        """A proposal of this task for the gates."""
        public = frozenset(self.task.public_test_files)
        return Proposal(before, after, patch, "code" if is_code else "tests", public, self.settings.paths)

    def _grant(self, reply: Response, notes: Notes) -> None:
        notes.requests += 1
        code, problems = opened(self.repository, reply.open, self.limits)
        lines = searched(self.repository, self.index, reply.search, self.limits)
        self.found.left -= 1
        self.found.code += [part for part in code if part not in self.found.code]
        self.found.lines += _new(lines, self.found.lines)
        self.found.notes += _new(problems, self.found.notes)

    def _checked(self, step: str, heard: Heard[R], notes: Notes) -> Heard[R]:
        if heard.state == "context_length":
            self.limits = self.limits.halved()
            self.material = brief(self.task, self.repository, self.index, self.seen, self.limits)
            self.found = Found(self.found.left)
        if heard.value is not None and heard.value.is_empty:
            heard = Heard(None, "empty", "Your last reply holds no answer, and no more code can be asked for.")
        if heard.value is not None:
            notes.analysis.append(heard.value.analysis[:2000])
            return heard
        notes.steps[step] = heard.state
        notes.findings.append(f"{step}: {heard.refusal or heard.words}")
        notes.gates.update(["G0"] if heard.state == "unparsed" else [])
        return heard


def _new(lines: Sequence[str], known: Sequence[str]) -> list[str]:
    return [line for line in lines if line not in known]
