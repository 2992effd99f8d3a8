"""Runs tests once under coverage with a context per test, and writes which lines each one executed.

Runs inside the sandbox, where BUGLADDER_TOOLS names a folder that holds coverage. The order comes as one JSON object
on standard input: root, sources (paths below root), arguments (of pytest), test_timeout_s, output (a path).
"""

import json
import os
import signal
import sys


class ContextPlugin:
    """Names the running test to coverage and stops a test that never ends."""

    def __init__(self, coverage, fail, test_timeout_s):
        self.coverage = coverage
        self.fail = fail
        self.test_timeout_s = test_timeout_s
        self.passed = {}

    def stop(self, signum, frame):
        self.fail("the test took too long to trace")

    def pytest_runtest_logstart(self, nodeid, location):
        self.coverage.switch_context(nodeid)
        signal.signal(signal.SIGALRM, self.stop)
        # again and again, because the tested code may swallow the first one
        signal.setitimer(signal.ITIMER_REAL, self.test_timeout_s, 0.5)

    def pytest_runtest_logfinish(self, nodeid, location):
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.coverage.switch_context("")

    def pytest_runtest_logreport(self, report):
        is_pass = report.passed or (report.skipped and hasattr(report, "wasxfail"))
        self.passed[report.nodeid] = self.passed.get(report.nodeid, True) and is_pass


def main():
    order = json.load(sys.stdin)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    sys.path[0] = order["root"]
    # last, so that it hides nothing of the suite's own environment
    sys.path.append(os.environ.pop("BUGLADDER_TOOLS"))
    import coverage
    import pytest

    paths = {os.path.join(order["root"], path): path for path in order["sources"]}
    # no data file and no settings of the suite's own: the measurement is ours
    tracer = coverage.Coverage(data_file=None, config_file=False, include=list(paths), messages=False)
    plugin = ContextPlugin(tracer, pytest.fail, order["test_timeout_s"])
    tracer.start()
    try:
        pytest.main(order["arguments"], plugins=[plugin])
    except BaseException as error:
        plugin.passed["crash"] = repr(error)
    signal.setitimer(signal.ITIMER_REAL, 0)
    tracer.stop()
    write(order["output"], plugin.passed, tracer.get_data(), paths)
    # whatever the suite left running must not hold us up
    os._exit(0)


def write(output, passed, data, paths):
    numbers, files = {}, {}
    for measured in data.measured_files():
        if measured in paths:
            lines = data.contexts_by_lineno(measured)
            files[paths[measured]] = {
                line: [numbers.setdefault(context, len(numbers)) for context in contexts]
                for line, contexts in lines.items()
            }
    answer = {"passed": passed, "contexts": list(numbers), "files": files}
    with open(output + ".part", "w", encoding="utf-8") as file:
        json.dump(answer, file)
    os.replace(output + ".part", output)


main()
