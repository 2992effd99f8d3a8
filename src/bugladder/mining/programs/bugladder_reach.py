"""pytest plugin that counts, for each line of the repository, the test functions that run it.

It runs inside the sandbox; standard library, pytest and coverage (at BUGLADDER_TOOLS). The counts go to
BUGLADDER_REACH, relative to the folder in which the tests are started: {path: {line: count}}; 0 says that a line is
run, but only while nothing that is known as a test is running.
"""

import json
import os
import sys

sys.path.append(os.environ["BUGLADDER_TOOLS"])

import coverage

_ROOT = os.getcwd()
_TARGET = os.path.join(_ROOT, os.environ["BUGLADDER_REACH"])
_COVERAGE = coverage.Coverage(data_file=None, config_file=False, include=[_ROOT + "/*"])
_COVERAGE.set_option("run:dynamic_context", "test_function")
_COVERAGE.start()


def pytest_unconfigure(config):
    _COVERAGE.stop()
    data = _COVERAGE.get_data()
    reach = {}
    for file in data.measured_files():
        by_line = data.contexts_by_lineno(file)
        reach[os.path.relpath(file, _ROOT)] = {line: len(set(names) - {""}) for line, names in by_line.items()}
    with open(_TARGET, "w", encoding="utf-8") as target:
        json.dump(reach, target)
