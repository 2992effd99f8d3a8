"""Forks the process that runs a test program from the one that seals its report; see bugladder_start."""

import os
import sys

from bugladder_channel import sender


def stands_in(name, folders):
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec(name, folders)
    return spec is not None and spec.loader is not None


def forget(folders, kept):
    """Tools that the repository itself provides are to be its own for the tests; ours keep what they have loaded."""
    library = os.path.dirname(os.__file__)
    for top in {name.partition(".")[0] for name in sys.modules} - kept - {"__main__"}:
        file = getattr(sys.modules.get(top), "__file__", None) or ""
        is_standard = not file or (file.startswith(library) and "-packages" not in file[len(library) :])
        if not is_standard and stands_in(top, folders):
            for name in [n for n in sys.modules if n == top or n.startswith(top + ".")]:
                del sys.modules[name]


def spec_of_main(name):
    """Of package.__main__, or of the package where it is a plain module; None for a program that stands for none."""
    from importlib.util import find_spec

    if not name:
        return None
    try:
        return find_spec(name)
    except ModuleNotFoundError:
        return find_spec(name.rpartition(".")[0])


def stand_for(main, spec, arguments):
    """Be the module that the tests' command names, so that what looks at __main__ finds what it always found."""
    main.__spec__, main.__file__, main.__package__ = spec, spec.origin, spec.parent
    main.__loader__ = spec.loader
    sys.modules["__main__"] = main
    sys.argv = [spec.origin, *arguments]


def prepare(name, folders):
    """Load the program and its tools from where no tested code is, then put the repository first on the path."""
    from types import ModuleType

    support, rest = sys.path[0], sys.path[1:]
    tools = {name.rpartition("_")[2], "_" + name.rpartition("_")[2]}
    if any(stands_in(tool, folders) for tool in tools):
        # the tool itself is what is tested: there is no other
        sys.path[:] = [support, *folders, *rest]
    program = __import__(name)
    main, spec = ModuleType("__main__"), spec_of_main(program.MAIN)
    sys.path[:] = [*folders, *rest]
    ours = {n for n in sys.modules if n.startswith("bugladder_")}
    forget(folders, tools | ours)
    for module in ours:
        del sys.modules[module]
    if spec is not None:
        stand_for(main, spec, sys.argv[2:])
    return program


def test(writer, waiter, channel_key):
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    name, arguments = sys.argv[1], sys.argv[2:]
    send = sender(writer, channel_key)
    del channel_key
    own = [path for path in os.environ.pop("BUGLADDER_PATH", "").split(":") if path]
    for variable in ("BUGLADDER_REPORT", "BUGLADDER_WATCH"):
        os.environ.pop(variable, None)
    program = prepare(name, [os.getcwd(), *own])
    # for what the tests start themselves
    os.environ["PYTHONPATH"] = ":".join([*own, *os.environ.get("PYTHONPATH", "").split(":")])
    if not os.read(waiter, 1):
        return 1
    os.close(waiter)
    return program.run(arguments, send)


def main():
    channel_key = os.urandom(32)
    reader, writer = os.pipe()
    waiter, starter = os.pipe()
    pid = os.fork()
    if pid:
        from bugladder_seal import end_as, watch

        os.close(writer)
        os.close(waiter)
        end_as(watch(pid, reader, starter, channel_key))
    os.close(reader)
    os.close(starter)
    # no frame below the tests' keeps the key
    keys = [channel_key]
    del channel_key
    sys.exit(test(writer, waiter, keys.pop()))
