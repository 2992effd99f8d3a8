"""What programs of frameworks without plugins report about a test, and the ids that they were asked for."""

import inspect
import os

_IDS_FILE = os.environ.pop("BUGLADDER_IDS", "")
_MESSAGE_CHARS = 500


def wanted_ids():
    """The ids asked for; None for all."""
    if not _IDS_FILE:
        return None
    with open(_IDS_FILE, encoding="utf-8") as file:
        return set(file.read().split("\n"))


def test_record(test_id, outcome, message, **more):
    """Further: seconds, definition, aliases."""
    phase = "" if outcome == "passed" else "call"
    return {
        "event": "test",
        "id": test_id,
        "outcome": outcome,
        "phase": phase,
        "message": message[:_MESSAGE_CHARS],
        **more,
    }


def error_record(path, message):
    return {"event": "collection_error", "path": path, "message": message[-2000:]}


def words(exc_info):
    return f"{exc_info[0].__name__}: {exc_info[1]}"


def status_of(code):
    """What a process ends with for an argument of sys.exit."""
    if code is None:
        return 0
    return code & 0xFF if isinstance(code, int) else 1


def definition_of(function, root):
    """path::qualname of the code that runs, relative to the root; "" where it has none there."""
    try:
        code = inspect.unwrap(function).__code__
    except (AttributeError, ValueError):
        return ""
    path = os.path.relpath(code.co_filename, root).replace(os.sep, "/")
    return "" if path.startswith("..") else path + "::" + code.co_qualname


def draw(choices):
    return choices[int.from_bytes(os.urandom(8), "big") % len(choices)]


def name_like(names):
    """A test's name as these could have it, and none has."""
    parts = [word for name in names for word in name.split("_")[1:] if word.isidentifier()][:1000] or ["case"]
    found = "test_" + draw(parts)
    while found in names:
        found += "_" + draw(parts)
    return found
