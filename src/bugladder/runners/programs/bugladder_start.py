"""Starts a test program so that its report cannot be written by what it tests.

Usage: bugladder_start.py PROGRAM [ARGUMENTS]; PROGRAM is a module beside this one with `run(arguments, send)`, which
returns an exit status, and MAIN, the module that it stands for. Standard input is the key of the seals.

The process that was started never imports tested code: it forks, watches the tests' files, seals what the fork sends
and ends as the fork ended. The fork loads its tools before the repository is on the path. Standard library only.
"""

from bugladder_fork import main

if __name__ == "__main__":
    main()
