"""Scripted replies, not a model: decides which hand-written reply answers a question, from the question alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from bugladder.records import BugladderError, Task
from bugladder.records.chats import Question, Reply, Usage
from bugladder.records.ranges import AtLeastOne

NO_REPLY = "no_script"
"""finish_reason where a script holds no reply to a question: no text, no tokens."""


@dataclass(frozen=True)
class ScriptedReply:
    """One written reply and the question that it answers.

    Args:
        iteration: the solver's round, from 1.
        step: the solver's word for the question.
        answer: what is replied: an object, sent as JSON, or a text as it is.
        tokens_in: what the reply is said to take; nobody counts.
        tokens_out: likewise.
        tokens_cached: the part of tokens_in that is said to come from a server's prompt cache.
        if_shown: text that the messages must hold; "" for any.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)
    iteration: int
    step: str
    answer: dict[str, Any] | str = field(hash=False)
    tokens_in: int
    tokens_out: int
    tokens_cached: int = 0
    if_shown: str = ""

    def answers(self, question: Question) -> bool:
        """Whether it was written for this question."""
        is_shown = any(self.if_shown in message.content for message in question.messages)
        return (self.iteration, self.step) == (question.iteration, question.step) and is_shown

    @property
    def text(self) -> str:
        """What is sent."""
        return self.answer if isinstance(self.answer, str) else json.dumps(self.answer, ensure_ascii=False)


@dataclass(frozen=True)
class Script:
    """The replies of one instance, in the order in which they were written, and for people what they act out."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)
    instance_id: str
    acts_out: str
    replies: tuple[ScriptedReply, ...]


@dataclass(frozen=True)
class ScriptedInstance:
    """What answers for one task. digest is of the script's file; None where none was written."""

    name: str
    model: str
    max_output_tokens: int
    path: Path
    digest: str | None = None
    replies: tuple[ScriptedReply, ...] = ()

    def for_task(self, task: Task) -> ScriptedInstance:  # noqa: ARG002 - the protocol's parameter
        """Itself."""
        return self

    def identity(self) -> dict[str, Any]:
        """The script, by its instance and its content: an edited one is another model."""
        return {"model": self.model, "instance": self.path.stem, "script": self.digest}

    def try_once(self, question: Question) -> Reply:
        """The last written reply that answers the question; where there is none, a refusal that says so.

        It depends on nothing but the question, so that a resumed run gets the same replies.
        """
        found = [reply for reply in self.replies if reply.answers(question)]
        if not found:
            asked = f"iteration {question.iteration}, step {question.step}"
            words = f"{self.path} holds no reply for {asked}"
            if self.digest is None:
                words = f"no scripted reply is written for this instance ({self.path} is absent)"
            return Reply("", NO_REPLY, self.model, Usage(0, 0), refusal=words)
        chosen = found[-1]
        usage = Usage(chosen.tokens_in, chosen.tokens_out, chosen.tokens_cached)
        return Reply(chosen.text, "stop", self.model, usage)


@dataclass(frozen=True)
class ScriptedModel:
    """Hand-written replies per instance; an instance without a script gets none and ends without a candidate.

    Args:
        name: the choice's name in conf; reports say what it is wherever it shows.
        folder: holds <instance id>.yaml for each instance that has a script.
        model: what the replies are priced as.
        max_output_tokens: most tokens that one reply may claim.
    """

    name: str
    folder: str
    model: str = "scripted-replies"
    max_output_tokens: AtLeastOne = 4096

    def for_task(self, task: Task) -> ScriptedInstance:
        """The task's script.

        Raises:
            BugladderError: there is no such folder, or the script is not as it should be.
        """
        folder = Path(self.folder)
        if not folder.is_dir():
            raise BugladderError(f"model.folder: {folder} should be a folder with a script for each instance")
        path = folder / f"{task.instance_id}.yaml"
        if not path.exists():
            return ScriptedInstance(self.name, self.model, self.max_output_tokens, path)
        content = path.read_bytes()
        script = read_script(path, content)
        _check(script, path, self.max_output_tokens)
        digest = hashlib.sha256(content).hexdigest()
        return ScriptedInstance(self.name, self.model, self.max_output_tokens, path, digest, script.replies)

    def identity(self) -> dict[str, Any]:
        """Only what all instances share; each task's script has its own."""
        return {"model": self.model}

    def try_once(self, question: Question) -> Reply:
        """Refuse: without a task there is no script.

        Raises:
            BugladderError: always.
        """
        raise BugladderError(f"model {self.name!r}: step {question.step!r} must ask the script that for_task finds")


def read_script(path: Path, content: bytes) -> Script:
    """A script's file.

    Raises:
        BugladderError: no YAML, or a missing, extra or ill-typed key; names the file and the key.
    """
    try:
        # by way of JSON, where a list may stand for a tuple and nothing else for anything else
        return TypeAdapter(Script).validate_json(json.dumps(yaml.safe_load(content)))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise BugladderError(f"{path}: {key or 'script'}: {first['msg']}") from error
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise BugladderError(f"{path}: should be YAML: {' '.join(str(error).split())[:300]}") from error


def _check(script: Script, path: Path, max_output_tokens: int) -> None:
    if script.instance_id != path.stem:
        raise BugladderError(f"{path}: instance_id is {script.instance_id!r}; it should be the file's name")
    known: set[tuple[int, str, str]] = set()
    for number, reply in enumerate(script.replies):
        where, place = f"{path}: replies.{number}", (reply.iteration, reply.step, reply.if_shown)
        if place in known:
            raise BugladderError(f"{where}: answers the same question as an earlier one; it needs another if_shown")
        if not (0 <= reply.tokens_cached <= reply.tokens_in and 0 <= reply.tokens_out <= max_output_tokens):
            raise BugladderError(
                f"{where}: tokens should be 0 <= tokens_cached <= tokens_in and 0 <= tokens_out <= {max_output_tokens}"
            )
        known.add(place)
