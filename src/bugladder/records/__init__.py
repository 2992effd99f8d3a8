"""What crosses room borders: records and enums, the tables they stand in, and the seams between rooms."""

from bugladder.records.commands import Command, CommandResult, TestOutcome, TestReport, TestRequest, TestResult
from bugladder.records.encoding import Files, canonical_json, decode_files, encode_files, sha256_text, to_plain
from bugladder.records.environments import Environment, Guest, RunnerSpec
from bugladder.records.sources import ImageSource, MirrorSource, SdistSource
from bugladder.records.tasks import Answer, Attempt, Candidate, Instance, SelectionRow, Solution, Task
from bugladder.records.terms import (
    BugladderError,
    Control,
    Difficulty,
    InfrastructureError,
    InvalidInstanceError,
    Kind,
    Outcome,
    Side,
    Verdict,
)

__all__ = [
    "Answer",
    "Attempt",
    "BugladderError",
    "Candidate",
    "Command",
    "CommandResult",
    "Control",
    "Difficulty",
    "Environment",
    "Files",
    "Guest",
    "ImageSource",
    "InfrastructureError",
    "Instance",
    "InvalidInstanceError",
    "Kind",
    "MirrorSource",
    "Outcome",
    "RunnerSpec",
    "SdistSource",
    "SelectionRow",
    "Side",
    "Solution",
    "Task",
    "TestOutcome",
    "TestReport",
    "TestRequest",
    "TestResult",
    "Verdict",
    "canonical_json",
    "decode_files",
    "encode_files",
    "sha256_text",
    "to_plain",
]
