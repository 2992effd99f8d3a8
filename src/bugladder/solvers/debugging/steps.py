"""The two steps that ask a model: tests that show the bug, and a patch that repairs it; each keeps what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bugladder.records import Files
from bugladder.solvers.debugging.desk import Desk, Notes
from bugladder.solvers.debugging.edits import EditError
from bugladder.solvers.debugging.fixing import Patch, make
from bugladder.solvers.debugging.replies import NewFile, ScriptReply, TestsReply, WholeFileReply
from bugladder.solvers.debugging.reproduce import OwnTests, refusals, try_tests
from bugladder.solvers.debugging.verify import Verified, Verifier
from bugladder.workspace import make_patch


@dataclass
class TestsStep:
    """Asks for tests until they reproduce the bug; what was wrong with the last ones is part of the next question."""

    desk: Desk
    earlier: list[NewFile] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    output: str = ""

    def take(self, notes: Notes, kept: Verified | None) -> OwnTests | None:
        """Ask once; None where the tests do not show the bug and go back.

        Args:
            notes: of the round.
            kept: the patch whose evidence puts the present own tests in doubt; None where nothing does.
        """
        if kept is not None:
            self.problems, self.output = [_doubt(kept)], kept.words
        heard = self.desk.ask("reproduce", notes, TestsReply, self._values(kept))
        if heard.value is None:
            self.problems = [heard.words]
            return None
        self.earlier, self.output = heard.value.files, ""
        self.problems = self._refused(heard.value.files, notes)
        if self.problems:
            notes.steps["reproduce"] = "blocked"
            return None
        files: Files = {f.path: f.content.encode("utf-8") for f in self.earlier}
        trial = try_tests(files, self.desk.checkout, self.desk.settings.max_own_tests, self.desk.limits.output_bytes)
        notes.steps["reproduce"] = trial.refusal or "reproduces"
        self.problems, self.output = [trial.refusal] if trial.refusal else [], trial.output
        return trial.accepted

    def _refused(self, files: list[NewFile], notes: Notes) -> list[str]:
        places = refusals(files, self.desk.checkout)
        if places:
            notes.findings += places
            return places
        after: Files = {f.path: f.content.encode("utf-8") for f in files}
        proposal = self.desk.proposal({}, after, make_patch({}, after), is_code=False)
        return self.desk.findings(proposal, notes)

    def _values(self, kept: Verified | None) -> dict[str, Any]:
        return {
            "max_tests": self.desk.settings.max_own_tests,
            "test_folder": self.desk.checkout.places.test_folder,
            "kept_patch": kept.patch.diff if kept is not None else "",
            "earlier": self.earlier,
            "problems": self.problems,
            "output": self.output,
        }


def _doubt(kept: Verified) -> str:
    if kept.evidence.own:
        return "They pass with a patch that other tests refuse, so they do not show the whole bug; show what is left."
    return "A patch passes every public test but not yours, so yours may expect something wrong; check them."


@dataclass
class PatchStep:
    """Asks for a patch and verifies it; what was wrong with the last one is part of the next question."""

    desk: Desk
    verifier: Verifier
    last: Patch | None = None
    problems: list[str] = field(default_factory=list)
    output: str = ""
    is_repeated: bool = False
    _outputs: dict[str, str] = field(default_factory=dict)

    def take(self, notes: Notes, own: OwnTests | None, best: Verified | None) -> Verified | None:
        """Ask once; None where there is no patch to verify, or it is one that was verified before."""
        heat = self.desk.settings.retry_temperature if self.is_repeated else None
        values = self._values(own, best)
        is_script = self.desk.settings.edit_format == "script"
        shape: type[ScriptReply | WholeFileReply] = ScriptReply if is_script else WholeFileReply
        heard = self.desk.ask("fix", notes, shape, values, heat)
        self.is_repeated, self.output = False, ""
        if heard.value is None:
            self.problems = [heard.words]
            return None
        return self._judged(heard.value, notes, own)

    def _judged(self, reply: ScriptReply | WholeFileReply, notes: Notes, own: OwnTests | None) -> Verified | None:
        try:
            patch = make(reply, self.desk.repository.texts, self._taken)
        except EditError as error:
            notes.steps["fix"] = "edit"
            notes.findings.append(f"edit: {error}")
            self.problems = [str(error)]
            return None
        notes.patch_sha256, self.last = patch.sha256, patch
        self.is_repeated = patch.normalised in self._outputs
        self.output = self._outputs.setdefault(patch.normalised, "")
        self.problems = self.desk.findings(
            self.desk.proposal(patch.before, patch.after, patch.diff, is_code=True), notes
        )
        if self.problems or self.is_repeated:
            notes.steps["fix"] = "repeated" if self.is_repeated else "blocked"
            return None
        verified = self.verifier.verify(patch, own)
        notes.steps["fix"] = "passes" if verified.evidence.is_complete else "fails"
        self.output = self._outputs[patch.normalised] = verified.words
        return verified

    @property
    def _taken(self) -> frozenset[str]:
        checkout = self.desk.checkout
        return checkout.places.links | (checkout.base.keys() - self.desk.repository.texts.keys())

    def _values(self, own: OwnTests | None, best: Verified | None) -> dict[str, Any]:
        is_other = best is not None and self.last is not None and best.patch.diff != self.last.diff
        return {
            "edit_format": self.desk.settings.edit_format,
            "own": own.shown if own is not None else [],
            "best": best if is_other else None,
            "last_diff": self.last.diff if self.last is not None else "",
            "is_repeated": self.is_repeated,
            "problems": self.problems,
            "output": self.output,
        }
