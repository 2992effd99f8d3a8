"""Writes one JSON line per test to the report, for the runners whose frameworks have no plugins; standard library only.

Imported before any tested code: the report is open and its place out of the environment by then.
"""

import inspect
import json
import os

_REPORT = open(os.environ.pop("BUGLADDER_REPORT"), "a", buffering=1, encoding="utf-8")
_IDS_FILE = os.environ.pop("BUGLADDER_IDS", "")
_MESSAGE_CHARS = 500


def write(record, _write=_REPORT.write, _dumps=json.dumps):
    _write(_dumps(record) + "\n")


def wanted_ids():
    """The ids asked for; None for all."""
    if not _IDS_FILE:
        return None
    with open(_IDS_FILE, encoding="utf-8") as file:
        return set(file.read().split("\n"))


def write_test(test_id, outcome, message, **more):
    """Further: seconds, definition, aliases."""
    phase = "" if outcome == "passed" else "call"
    write(
        {
            "event": "test",
            "id": test_id,
            "outcome": outcome,
            "phase": phase,
            "message": message[:_MESSAGE_CHARS],
            **more,
        }
    )


def write_collection_error(path, message):
    write({"event": "collection_error", "path": path, "message": message[-2000:]})


def exit_status(code):
    """What the process ends with for an argument of sys.exit."""
    if code is None:
        return 0
    return code if isinstance(code, int) else 1


def write_finished(code):
    write({"event": "finished", "exit_status": exit_status(code) & 0xFF})


def definition_of(function, root):
    """path::qualname of the code that runs, relative to the root; "" where it has none there."""
    try:
        code = inspect.unwrap(function).__code__
    except (AttributeError, ValueError):
        return ""
    path = os.path.relpath(code.co_filename, root).replace(os.sep, "/")
    return "" if path.startswith("..") else path + "::" + code.co_qualname
