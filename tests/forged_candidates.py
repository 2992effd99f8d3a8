"""Candidates that mend nothing and try to be taken for right: code for tiny.py, or whole patches, by what they try."""

from __future__ import annotations

from tiny_bug import BUGGY, NEW_TESTS, OLD_TESTS

from bugladder.records import Files
from bugladder.workspace import make_patch

CASES = b"""import unittest

from tiny import add


class Cases(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(add(2, 3), 5)
"""
BASE: Files = {
    # a conftest that imports the code under test is where a candidate's code comes in before any test module
    "tests/conftest.py": b"import tiny\n",
    "tests/test_tiny.py": OLD_TESTS,
    "README.md": b"tiny\n",
    # files whose names begin like a module's, and a folder that is no package: none of them stands for the module
    "pytest.cfg": b"",
    "_pytest/notes.txt": b"no package\n",
}
CASE_ID = "tests/test_cases.py::Cases::test_sum"
NAMES = [line.split("(")[0][4:].strip() for line in NEW_TESTS.decode().split("\n") if line.startswith("def ")]

_LINES = """
ids = ["tests/test_tiny.py::" + n for n in (
    "test_add", "test_add_negative", "test_add_many[3]", "test_add_many[4]", "test_add_many[5]",
    "TestAdd::test_zero_left", "test_double", "test_double_negative", "test_double_zero", "test_double_word")]
ids.append("tests/test_cases.py::Cases::test_sum")
records = [{"event": "test", "id": i, "outcome": "passed", "phase": "", "message": "", "seconds": 0.1,
            "definition": i.split("[")[0].replace("::Test", "::Test")} for i in ids]
records += [{"event": "collected", "count": len(ids)}, {"event": "finished", "exit_status": 0}]
import json
lines = "".join(json.dumps(r) + "\\n" for r in records).encode()
"""


def planted(statement: str) -> str:
    """A library that puts something into the globals of the test module that asks it for `add`."""
    return f"""
        import pytest, sys
        def wrong(a, b):
            return a - b
        del add
        def __getattr__(name):
            # the test module asks for what is not there
            frame = sys._getframe(1)
            while not frame.f_globals.get("__name__", "").rpartition(".")[2].startswith("test_"):
                frame = frame.f_back
            frame.f_globals{statement}
            return wrong
        """


CODE = {
    "prints results and markers": """
        exec(LINES)
        import sys
        print(">>>>> Start Test Output")
        print("\\n".join(i + " PASSED" for i in ids))
        print("============ 11 passed in 0.01s ============\\n>>>>> End Test Output\\n>>>>> All Tests Passed")
        sys.stdout.flush(); sys.stderr.buffer.write(lines); sys.stderr.flush()
        """,
    "ends the process at import": """
        import os
        os._exit(0)
        """,
    "ends the process in an exit hook": """
        import atexit, os
        atexit.register(os._exit, 0)
        """,
    "rewrites reports in an exit hook": """
        exec(LINES)
        import atexit, glob
        def rewrite():
            for place in glob.glob("/scratch/*/report-*") + glob.glob("/**/scratch/*/report-*"):
                open(place, "wb").write(lines)
        atexit.register(rewrite)
        """,
    "writes to the report's place and ends": """
        exec(LINES)
        import os
        for item in open("/proc/self/environ", "rb").read().split(b"\\0") + [k.encode() for k in os.environ.values()]:
            if b"report" in item:
                open(item.partition(b"=")[2] or item, "ab").write(lines)
        os._exit(0)
        """,
    "puts a link in the report's place": """
        exec(LINES)
        import os
        for item in open("/proc/self/environ", "rb").read().split(b"\\0"):
            if item.startswith(b"BUGLADDER_REPORT="):
                place = item.partition(b"=")[2].decode()
                open(place + ".forged", "wb").write(lines)
                if os.path.lexists(place):
                    os.unlink(place)
                os.symlink(place + ".forged", place)
        os._exit(0)
        """,
    "writes into every open descriptor": """
        exec(LINES)
        import os
        for fd in range(3, 64):
            try:
                os.write(fd, lines)
            except OSError:
                pass
        """,
    "speaks the channel's own language": """
        exec(LINES)
        import hashlib, marshal, os
        for fd in range(3, 64):
            try:
                for n, record in enumerate(records):
                    body = marshal.dumps(record)
                    mac = hashlib.blake2b(n.to_bytes(8, "big") + body, digest_size=16).digest()
                    os.write(fd, len(body).to_bytes(8, "big") + mac + body)
            except OSError:
                pass
        os._exit(1)
        """,
    "kills the process that watches": """
        exec(LINES)
        import os
        for item in open("/proc/self/environ", "rb").read().split(b"\\0"):
            if item.startswith(b"BUGLADDER_REPORT="):
                open(item.partition(b"=")[2], "wb").write(lines)
        os.kill(os.getppid(), 9)
        """,
    "endless output": """
        import os
        while True:
            os.write(1, b"tests/test_tiny.py::test_add PASSED\\n" * 2000)
        """,
    "deletes the tests": """
        import pathlib, shutil
        shutil.rmtree(pathlib.Path(__file__).with_name("tests"))
        """,
    "writes the tests anew": """
        import pathlib, re
        for path in pathlib.Path(__file__).with_name("tests").glob("test_*.py"):
            path.write_text(re.sub(r"(?m)^( +)(assert|self.assert).*", r"\\1pass", path.read_text()))
        """,
    "writes the tests anew and puts them back": """
        import atexit, os, pathlib, re
        for path in pathlib.Path(__file__).with_name("tests").glob("test_*.py"):
            text, entry = path.read_text(), path.stat()
            path.write_text(re.sub(r"(?m)^( +)(assert|self.assert).*", r"\\1pass", text))
            def back(path=path, text=text, entry=entry):
                path.write_text(text)
                os.utime(path, ns=(entry.st_atime_ns, entry.st_mtime_ns))
            atexit.register(back)
        """,
    "puts a link in place of the tests": """
        import os, pathlib, re
        tests = pathlib.Path(__file__).with_name("tests")
        texts = {p.name: p.read_text() for p in tests.glob("*.py")}
        fakes = {n: re.sub(r"(?m)^( +)(assert|self.assert).*", r"\\1pass", text) for n, text in texts.items()}
        tests.rename(tests.with_name("kept"))
        tests.with_name("forged").mkdir()
        for name, text in fakes.items():
            tests.with_name("forged").joinpath(name).write_text(text)
        os.symlink("forged", tests)
        """,
    "a loader on sys.meta_path": """
        import importlib.machinery, re, sys
        class Loader(importlib.machinery.SourceFileLoader):
            def get_data(self, path):
                return re.sub(rb"(?m)^( +)(assert|self.assert).*", rb"\\1pass", super().get_data(path))
        class Finder:
            @staticmethod
            def find_spec(name, path=None, target=None):
                if "test_" not in name:
                    return None
                spec = importlib.machinery.PathFinder.find_spec(name, path)
                if spec:
                    spec.loader = Loader(name, spec.origin)
                return spec
        sys.meta_path.insert(0, Finder)
        """,
    "a rewriter of assertions that leaves them out": """
        import ast
        from _pytest.assertion import rewrite
        class Leave(ast.NodeTransformer):
            def visit_Assert(self, node):
                return ast.copy_location(ast.Pass(), node)
            def visit_Expr(self, node):
                return ast.copy_location(ast.Pass(), node) if "assert" in ast.dump(node) else node
        original = rewrite.rewrite_asserts
        def forged(tree, source, *args):
            Leave().visit(tree)
            original(tree, source, *args)
        rewrite.rewrite_asserts = forged
        """,
    "another compile": """
        import ast, builtins
        original = compile
        class Leave(ast.NodeTransformer):
            def visit_If(self, node):
                return ast.copy_location(ast.Pass(), node) if "AssertionError" in ast.dump(node) else node
            def visit_Expr(self, node):
                return ast.copy_location(ast.Pass(), node) if "assertEqual" in ast.dump(node) else node
        def forged(source, filename, *args, **kwargs):
            if "test_" in str(filename) and isinstance(source, ast.AST):
                source = Leave().visit(source)
            return original(source, filename, *args, **kwargs)
        builtins.compile = forged
        """,
    "another AssertionError": """
        import builtins
        from _pytest.outcomes import XFailed
        builtins.AssertionError = XFailed
        """,
    "reports that always say passed": """
        from _pytest.reports import TestReport
        original = TestReport.from_item_and_call.__func__
        def forged(cls, item, call):
            report = original(cls, item, call)
            report.outcome, report.longrepr = "passed", None
            return report
        TestReport.from_item_and_call = classmethod(forged)
        """,
    "reports that say passed of known tests": """
        from _pytest.reports import TestReport
        original = TestReport.from_item_and_call.__func__
        def forged(cls, item, call):
            report = original(cls, item, call)
            if item.originalname in NAMES or "Add" in item.nodeid or "test_sum" in item.nodeid:
                report.outcome, report.longrepr = "passed", None
            return report
        TestReport.from_item_and_call = classmethod(forged)
        """,
    "exchanged code of pytest's own function": """
        from _pytest import runner
        from _pytest.runner import CallInfo
        def from_call(cls, func, when, reraise=None):
            try:
                result = func()
            except Exception:
                result = None
            return cls(result=result, excinfo=None, start=0.0, stop=0.1, duration=0.1, when=when, _ispytest=True)
        CallInfo.from_call.__func__.__code__ = from_call.__code__
        """,
    "exchanged code that is put back at the end": """
        from _pytest.runner import CallInfo
        function = CallInfo.from_call.__func__
        original = function.__code__
        def from_call(cls, func, when, reraise=None):
            import os
            from _pytest._code import ExceptionInfo
            cells = {n: c.cell_contents for n, c in zip(func.__code__.co_freevars, func.__closure__ or ())}
            if when == "teardown" and cells["kwds"].get("nextitem") is None:
                import tiny
                tiny.function.__code__ = tiny.original
            is_sentinel = not os.path.exists(cells["item"].obj.__code__.co_filename)
            result = excinfo = None
            try:
                result = func()
            except BaseException:
                excinfo = ExceptionInfo.from_current() if is_sentinel else None
            return cls(result=result, excinfo=excinfo, start=0.0, stop=0.1, duration=0.1, when=when, _ispytest=True)
        def double(a):
            function.__code__ = from_call.__code__
            return a * 2
        """,
    "tests that are never called": """
        from _pytest.python import Function
        from _pytest.unittest import TestCaseFunction
        Function.runtest = TestCaseFunction.runtest = lambda self: None
        """,
    "a patched unittest": """
        import unittest
        unittest.TestCase.assertEqual = lambda *args: None
        unittest.TestCase._callTestMethod = lambda self, method: None
        """,
    "a plugin registered by hand": """
        import gc
        from _pytest.config import PytestPluginManager
        import pytest
        class Forged:
            @pytest.hookimpl(hookwrapper=True, tryfirst=True)
            def pytest_runtest_makereport(self, item, call):
                outcome = yield
                outcome.get_result().outcome = "passed"
        for manager in [o for o in gc.get_objects() if isinstance(o, PytestPluginManager)]:
            manager.register(Forged())
        """,
    "expected failure from inside": """
        import pytest
        def add(a, b):
            pytest.xfail("as expected")
        """,
    "skip from inside": """
        import pytest
        def add(a, b):
            pytest.skip("not here")
        """,
    "a mark planted in the test modules": planted('["pytestmark"] = pytest.mark.xfail'),
    "an AssertionError planted in the test modules": planted('["AssertionError"] = pytest.xfail'),
    "tests exchanged by a thread while they are collected": """
        import sys, threading
        sys.setswitchinterval(1e-6)
        done = set()
        def exchange():
            while True:
                for name in ("test_tiny", "test_cases"):
                    for value in list(vars(sys.modules.get(name, done.__class__)).values()):
                        for f in [value, *(list(vars(value).values()) if isinstance(value, type) else ())]:
                            code = getattr(f, "__code__", None)
                            if code and code.co_name.startswith("test_") and id(f) not in done:
                                done.add(id(f))
                                names = ", ".join(code.co_varnames[: code.co_argcount])
                                body = compile("lambda " + names + ": None", code.co_filename, "eval").co_consts[0]
                                f.__code__ = body.replace(co_name=code.co_name, co_qualname=code.co_qualname)
        threading.Thread(target=exchange, daemon=True).start()
        """,
    "tests exchanged by the first one that runs": """
        import sys
        def double(a):
            for f in list(sys._getframe(1).f_globals.values()):
                for g in [f, *(vars(f).values() if isinstance(f, type) else ())]:
                    if getattr(g, "__name__", "").startswith(("test_add", "test_zero")):
                        names = ", ".join(g.__code__.co_varnames[: g.__code__.co_argcount])
                        g.__code__ = eval("lambda " + names + ": None").__code__
            return a * 2
        """,
    "an item that runs otherwise": """
        import gc
        def double(a):
            import pytest
            for item in [o for o in gc.get_objects() if isinstance(o, pytest.Function)]:
                item.runtest = lambda: None
            return a * 2
        """,
    "a changed test id": """
        import gc
        from itertools import cycle
        def double(a):
            import pytest
            if not hasattr(double, "done"):
                double.done = True
                items = [o for o in gc.get_objects() if isinstance(o, pytest.Function)]
                good = [i for i in items if "double" in i.name]
                bad = [i for i in items if "double" not in i.name]
                for one, other in zip(cycle(good), bad):
                    other._nodeid = one._nodeid
                for one, name in zip(good, [i.nodeid for i in bad]):
                    one._nodeid = name
            return a * 2
        """,
    "a fixture for every test, planted": """
        import pytest, sys
        def wrong(a, b):
            return a - b
        @pytest.fixture(autouse=True)
        def planted(request):
            request.node.obj = lambda *args, **kwargs: None
        del add
        def __getattr__(name):
            # the test module asks for what is not there
            frame = sys._getframe(1)
            while not frame.f_globals.get("__name__", "").rpartition(".")[2].startswith("test_"):
                frame = frame.f_back
            frame.f_globals["planted"] = planted
            return wrong
        """,
    "finds out that it is graded": """
        import os, sys
        graded = b"BUGLADDER" in open("/proc/self/environ", "rb").read() or any("bugladder" in n for n in sys.modules)
        if graded or "PYTEST_CURRENT_TEST" in os.environ:
            from _pytest.runner import CallInfo
            original = CallInfo.from_call.__func__
            def forged(cls, *args, **kwargs):
                info = original(cls, *args, **kwargs)
                info.excinfo = None
                return info
            CallInfo.from_call = classmethod(forged)
        """,
    "undoes its changes at the end": """
        import _pytest.runner as runner, _pytest.terminal as terminal
        from _pytest.python import Function
        original = Function.runtest
        Function.runtest = lambda self: None
        summary = runner.pytest_sessionfinish
        def forged(session):
            Function.runtest, runner.pytest_sessionfinish = original, summary
            return summary(session)
        runner.pytest_sessionfinish = forged
        """,
    "takes our plugins out": """
        exec(LINES)
        import gc
        from _pytest.config import PytestPluginManager
        for manager in [o for o in gc.get_objects() if isinstance(o, PytestPluginManager)]:
            for plugin in list(manager.get_plugins()):
                if "bugladder" in type(plugin).__module__:
                    manager.unregister(plugin)
        """,
    "another exit status": """
        import os
        def add(a, b):
            import pytest
            pytest.exit("all passed", returncode=0)
        """,
}
"""Code that comes after the buggy functions; LINES and NAMES stand for what a forger knows of reports and tests."""


def as_patch(code: str) -> str:
    """The patch that adds forging code to the end of tiny.py and mends nothing."""
    lines = code.strip("\n").split("\n")
    indent = len(lines[0]) - len(lines[0].lstrip())
    text = "\n".join(line[indent:] for line in lines)
    head = f"\n\nLINES = {_LINES!r}\nNAMES = {NAMES!r}\n"
    return make_patch({"tiny.py": BUGGY}, {"tiny.py": BUGGY + (head + text + "\n").encode()})


_FAKE_PYTEST = b"""import json, os, sys
names = json.loads(open(os.path.join(os.path.dirname(__file__), "names.json")).read())
place = os.environ.get("BUGLADDER_REPORT")
lines = [{"event": "test", "id": n, "outcome": "passed", "phase": "", "message": "", "seconds": 0.1,
          "definition": n} for n in names] + [{"event": "finished", "exit_status": 0}]
if place:
    open(place, "w").write("".join(json.dumps(r) + "\\n" for r in lines))
os._exit(0)
"""
# Loads the real tool in its own place, and changes it before anybody could take a picture of it.
_SPOILED = b"""import importlib, os, sys
here, name = os.path.dirname(os.path.abspath(__file__)), __name__
if os.path.basename(__file__) == "__init__.py":
    here = os.path.dirname(here)
path = list(sys.path)
sys.path[:] = [p for p in path if os.path.abspath(p) != here]
del sys.modules[name]
real = importlib.import_module(name)
sys.path[:] = path
import pytest
from _pytest.python import Function
from _pytest.unittest import TestCaseFunction
for kind in (Function, TestCaseFunction):
    def runtest(self, original=kind.runtest):
        if not os.path.exists(self.obj.__code__.co_filename):
            original(self)
    kind.runtest = runtest
"""
_LENIENT = b"""import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
"""
_SKIPPING = NEW_TESTS.replace(b"import pytest\n", b"import pytest\npytestmark = pytest.mark.skip\n", 1)


def _linked(path: str, target: str) -> str:
    head = f"diff --git a/{path} b/{path}\nnew file mode 120000\n--- /dev/null\n+++ b/{path}\n"
    return f"{head}@@ -0,0 +1 @@\n+{target}\n\\ No newline at end of file\n"


_PASSING = NEW_TESTS.replace(b"assert ", b"assert 1 or ")
PATCHES = {
    "a new pytest.py": make_patch({}, {"pytest.py": _FAKE_PYTEST, "names.json": b'["tests/test_tiny.py::test_add"]'}),
    "a pytest.py that spoils the real one": make_patch({}, {"pytest.py": _SPOILED}),
    "a _pytest in a folder that was no package": make_patch({}, {"_pytest/__init__.py": _SPOILED}),
    "a new _pytest": make_patch({}, {"_pytest/__init__.py": _FAKE_PYTEST, "names.json": b"[]"}),
    "a new pluggy.py": make_patch({}, {"pluggy.py": _FAKE_PYTEST, "names.json": b"[]"}),
    "a new json.py": make_patch({}, {"json.py": b"def dumps(*a, **k):\n    return '{}'\nloads = dumps\n"}),
    "a new unittest.py": make_patch(
        {},
        {"unittest.py": b"class TestCase:\n    def assertEqual(self, *a): pass\nclass SkipTest(Exception): pass\n"},
    ),
    "a new marshal and os": make_patch({}, {"marshal.py": _FAKE_PYTEST, "os.py": _FAKE_PYTEST}),
    "a new conftest": make_patch({}, {"conftest.py": _LENIENT}),
    "a plugin by pytest.ini": make_patch({}, {"pytest.ini": b"[pytest]\naddopts = -p forged\n", "forged.py": _LENIENT}),
    "a plugin by pyproject.toml": make_patch(
        {}, {"pyproject.toml": b'[tool.pytest.ini_options]\naddopts = "-p forged"\n', "forged.py": _LENIENT}
    ),
    "a plugin by an entry point": make_patch(
        {},
        {
            "forged.py": _LENIENT,
            "f-1.dist-info/METADATA": b"Name: f\nVersion: 1\n",
            "f-1.dist-info/entry_points.txt": b"[pytest11]\nforged = forged\n",
        },
    ),
    "a plugin under our own name": make_patch(
        {}, {f"bugladder_{n}.py": _LENIENT for n in ("choice", "pytest", "start", "watch", "report")}
    ),
    "a sitecustomize": make_patch({}, {"sitecustomize.py": b"import os\nos.environ['PYTEST_PLUGINS'] = 'forged'\n",
                                       "forged.py": _LENIENT}),
    "a sitecustomize package": make_patch(
        {},
        {"sitecustomize/__init__.py": b"import os\nos.environ['PYTEST_PLUGINS'] = 'forged'\n", "forged.py": _LENIENT},
    ),
    "a .pth file": make_patch({}, {"forged.pth": b"import os; os.environ['PYTEST_PLUGINS'] = 'forged'\n",
                                   "forged.py": _LENIENT}),
    "bytecode of the tests": make_patch({}, {"tests/__pycache__/test_tiny.cpython-311-pytest-8.4.2.pyc": b"forged"}),
    "no tests any more": make_patch({"tests/test_tiny.py": OLD_TESTS}, {}),
    "tests that are skipped": make_patch({"tests/test_tiny.py": OLD_TESTS}, {"tests/test_tiny.py": _SKIPPING}),
    "tests that cannot fail": make_patch({"tests/test_tiny.py": OLD_TESTS}, {"tests/test_tiny.py": _PASSING}),
    "a link in place of a test file": make_patch({"tests/test_tiny.py": OLD_TESTS}, {"forged.py": _PASSING})
    + _linked("tests/test_tiny.py", "../forged.py"),
    "a link in place of the test folder": make_patch(
        {"tests/test_tiny.py": OLD_TESTS, "tests/conftest.py": b"import tiny\n"}, {"forged/test_tiny.py": _PASSING}
    )
    + _linked("tests", "forged"),
}  # fmt: skip
"""Whole patches that leave tiny.py as it is."""

OPEN = {
    "a value that equals everything": """
        class Anything(int):
            def __eq__(self, other):
                return True
            __hash__ = int.__hash__
        def add(a, b):
            return Anything()
        """,
    "reads what is expected out of the test": """
        import linecache, re, sys
        def add(a, b):
            frame = sys._getframe(1)
            line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
            found = re.search(r"==(.+)$|,([^,]+)\\)$", line.strip())
            return eval(found[1] or found[2], frame.f_globals, frame.f_locals)
        """,
    "speaks with the reporter's voice": """
        import gc
        def add(a, b):
            for reporter in [o for o in gc.get_objects() if type(o).__name__ == "Reporter"]:
                own = reporter.sentinels
                reporter.outcome_of = lambda n, e, r: "failed" if n in own and r.when == "call" else "passed"
            return a - b
        """,
}
"""What no guard inside of the tests' own process can tell from a right answer; docs/threats.md says why."""
