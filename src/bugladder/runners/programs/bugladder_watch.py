"""Notices when something else than the tests decides what pytest reports: exchanged tools, plugins, tests or loaders.

Runs inside the sandbox, beside the tested code; standard library and pytest only.
"""

import os
import sys
from types import CodeType, ModuleType

import pytest
from bugladder_guard import Guard
from bugladder_items import code_of, text_of, written_code_of

_TOOLS = (
    "pluggy.*", "unittest.case", "unittest.loader", "unittest.result", "unittest.runner", "unittest.suite",
    *("_pytest." + name for name in (
        "_code.code", "assertion", "assertion.rewrite", "main", "nodes", "outcomes", "pathlib", "python", "reports",
        "runner", "skipping", "unittest",
    )),
)  # fmt: skip
# What stands between a test and its report.
_HOT = (
    "_pytest.runner", "_pytest.runner.CallInfo", "_pytest.reports", "_pytest.reports.TestReport",
    "_pytest.reports.BaseReport", "_pytest.python", "_pytest.python.Function", "_pytest.skipping", "_pytest.outcomes",
    "_pytest.unittest.TestCaseFunction", "_pytest.assertion.rewrite", "_pytest._code.code.ExceptionInfo",
    "pluggy._hooks.HookCaller", "pluggy._manager.PluginManager", "pluggy._callers", "pluggy._execution",
    "unittest.case.TestCase",
)  # fmt: skip
_HOOKS = (
    "pytest_runtest_protocol", "pytest_runtest_setup", "pytest_runtest_call", "pytest_runtest_makereport",
    "pytest_pyfunc_call", "pytest_runtest_logreport", "pytest_pycollect_makeitem", "pytest_pycollect_makemodule",
)  # fmt: skip
_OVERRIDES = frozenset(("runtest", "setup", "teardown", "ihook", "obj", "repr_failure"))


class Executed:
    """Code objects of the repository's modules as they were executed, by file, since Python tells of it."""

    def __init__(self, root):
        self.root, self.codes, self.parts = root + os.sep, {}, {}
        # younger than some of the tested versions of Python
        if hasattr(sys, "addaudithook"):
            sys.addaudithook(self.hook())

    def hook(self):
        root, codes, code_type, kind = self.root, self.codes, CodeType, isinstance

        def note(event, args):
            if event == "exec" and kind(args[0], code_type) and args[0].co_filename.startswith(root):
                codes.setdefault(args[0].co_filename, []).append(args[0])

        return note

    def has_two_of(self, file):
        """Whether a file's module was executed from two sources."""
        codes = [c for c in self.codes.get(file, ()) if c.co_name == "<module>"]
        return any(c != codes[0] for c in codes)

    def holds(self, code):
        """Whether code that says it stands in a file came from it; True where nothing is known of the file."""
        file = code.co_filename
        if file not in self.parts and file in self.codes:
            self.parts[file] = parts_of(self.codes[file][0])
        return file not in self.parts or code in self.parts[file]


def parts_of(whole):
    """The code of a module and of everything that it defines."""
    found, todo = set(), [whole]
    while todo:
        code = todo.pop()
        found.add(code)
        todo += [c for c in code.co_consts if isinstance(c, CodeType)]
    return found


class Watch:
    """pytest plugin; distrust holds why the run cannot be believed."""

    def __init__(self):
        self.guard, self.has_looked, self.distrust = None, False, []
        self.plugins, self.kinds, self.finders = set(), [], []
        self.executed = Executed(os.getcwd())
        self.items, self.current = {}, (None, False)

    def doubt(self, reason):
        if reason not in self.distrust:
            self.distrust.append(reason)

    def doubt_all(self, changes, when):
        for change in changes:
            self.doubt(change + " was replaced " + when)

    def reported(self, report):
        """The id under which the test was collected that a report is of, and whether it raised in this phase."""
        item, has_raised = self.current
        name = self.items.get(id(item), (None, report.nodeid))[1]
        if report.nodeid != name:
            self.doubt(report.nodeid + " is reported, and another test has run")
        return name, has_raised

    def pytest_load_initial_conftests(self, early_config):
        # after the tools' own plugins were loaded, and before the first file of the repository
        self.guard = Guard([name for name in _TOOLS if not stands_below(self.executed.root, name)], _HOT)
        plugins = early_config.pluginmanager.get_plugins()
        self.plugins = {id(plugin) for plugin in plugins}
        # a tool's module may register an object of a class of its own later, in its configuration
        self.kinds = [v for p in plugins if isinstance(p, ModuleType) for v in vars(p).values() if isinstance(v, type)]
        self.finders = list(sys.meta_path)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectstart(self, collector):
        if isinstance(collector, pytest.Module):
            self.doubt_all(self.guard.hot_changes(), "while tests were collected")
            for finder in sys.meta_path:
                if type(finder).__module__ == "_pytest.assertion.rewrite":
                    break
                if finder not in self.finders:
                    self.doubt("modules of tests were to be loaded by " + repr(finder)[:100])

    def remember(self, items):
        """Take a picture of tests that are about to run; the item is kept, so that its id stays its own."""
        self.items.update((id(item), (item, item.nodeid, code_of(item))) for item in items)

    def compare(self, items):
        """Look whether the collected tests are what their files say."""
        self.doubt_all(self.guard.changes(), "before the tests ran")
        for item in items:
            code = written_code_of(item)
            if code is not None and not self.executed.holds(code):
                self.doubt(item.nodeid + " is not what its file says")
        for file in {str(item.fspath) for item in items}:
            if self.executed.has_two_of(file):
                self.doubt(file + " was executed from two sources")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item):
        self.doubt_all(self.guard.hot_changes(), "before a test ran")
        _, name, code = self.items.get(id(item), (None, "", None))
        if item.nodeid != name or (code is not None and code_of(item) is not code):
            self.doubt((name or item.nodeid) + " is another test than was collected")
        if not _OVERRIDES.isdisjoint(vars(item)):
            self.doubt(item.nodeid + " runs in another way than was collected")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        self.current = (item, call.excinfo is not None)
        if call.when == "call":
            self.doubt_all(self.guard.hot_changes(), "while a test ran")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        self.doubt_all(self.guard.changes(), "during the run")
        self.look_at_plugins(session.config)
        self.has_looked = True

    def look_at_plugins(self, config):
        """A plugin that came late is a tool's own, a conftest, or named in one; a hook of a conftest stands in it."""
        plugins = config.pluginmanager.get_plugins()
        conftests = {id(p): text_of(p.__file__) for p in plugins if is_conftest(p)}
        for plugin in plugins:
            module = module_of(plugin)
            is_named = any(module.encode() in text for text in conftests.values())
            is_ours = id(plugin) in self.plugins or id(plugin) in conftests or module.startswith("_pytest.")
            is_of_tools = any(type(plugin) is kind for kind in self.kinds)
            if not is_ours and not is_of_tools and not is_named:
                self.doubt("a plugin was registered while tests were collected or run: " + repr(plugin)[:100])
        for hook in _HOOKS:
            for impl in getattr(config.pluginmanager.hook, hook).get_hookimpls():
                if hook.encode() not in conftests.get(id(impl.plugin), hook.encode()):
                    self.doubt(hook + " was put into a conftest that does not hold it")


def stands_below(root, name):
    """Whether the repository itself provides a tool: then it is what is tested, and its own tests may change it."""
    file = getattr(sys.modules.get(name.partition(".")[0]), "__file__", None) or ""
    return file.startswith(root)


def is_conftest(plugin):
    return isinstance(plugin, ModuleType) and os.path.basename(getattr(plugin, "__file__", None) or "") == "conftest.py"


def module_of(plugin):
    """The name of the module that a plugin is, or that its class stands in."""
    if isinstance(plugin, ModuleType):
        return plugin.__name__
    return (plugin if isinstance(plugin, type) else type(plugin)).__module__
