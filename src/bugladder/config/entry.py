"""How every stage and command starts and ends: logging, one line per error, exit codes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bugladder.records import BugladderError

_WRONG_USAGE = 2
_INTERRUPTED = 130


class UsageError(BugladderError):
    """A command line with another number of arguments than its stage takes; says which ones it takes."""


def arguments(argv: Sequence[str], names: str) -> tuple[str, ...]:
    """The arguments of a stage's command line, one for each name.

    Args:
        argv: as given, without the stage's own name.
        names: what the stage takes, such as "PHASE OBEYS".

    Raises:
        UsageError: there are more or fewer.
    """
    if len(argv) != len(names.split()):
        given = f"{len(argv)} ({' '.join(argv)})" if argv else "none"
        raise UsageError(f"{names}; arguments given: {given}")
    return tuple(argv)


def run_stage(main: Callable[[Sequence[str]], None]) -> None:
    """Run a stage's main on the command line's arguments and exit.

    A BugladderError, a full disk among others, becomes one line on standard error and exit code 1; a wrong number of
    arguments is 2, as for argparse; Ctrl-C is 130.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for noisy in ("matplotlib", "urllib3", "alembic", "mlflow", "httpx"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        main(sys.argv[1:])
    except UsageError as error:
        print(f"error: usage: python -m stages.{Path(sys.argv[0]).stem} {error}", file=sys.stderr)
        sys.exit(_WRONG_USAGE)
    except BugladderError as error:
        # a tool's words inside may break the line; whoever reads logs counts on one
        print(f"error: {' '.join(str(error).splitlines())}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if error.filename is None and error.strerror is None:
            raise
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted: finished parts are kept; the same command goes on", file=sys.stderr)
        sys.exit(_INTERRUPTED)
