"""Notices when something else than the tests decides what pytest reports: exchanged tools, plugins, tests or loaders.

Runs inside the sandbox, beside the tested code; standard library and pytest only.
"""

import os
import sys
from types import CodeType, ModuleType

import pytest
from bugladder_guard import Guard
from bugladder_items import code_of, written_code_of

_PACKAGES = ("_pytest", "pytest", "pluggy")
_MODULES = tuple("unittest." + name for name in ("case", "loader", "result", "runner", "suite"))
_CORE = (
    "_pytest.runner", "_pytest.python", "_pytest.reports", "_pytest.skipping", "_pytest.unittest", "_pytest.outcomes",
    "_pytest.assertion.rewrite", "pluggy._hooks", "pluggy._callers", "pluggy._manager", "pluggy._result",
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
        self.plugins, self.finders = set(), []
        self.executed = Executed(os.getcwd())
        self.items = {}

    def doubt(self, reason):
        if reason not in self.distrust:
            self.distrust.append(reason)

    def doubt_all(self, changes, when):
        for change in changes:
            self.doubt(change + " was replaced " + when)

    def name_of(self, item):
        """The id under which an item was collected."""
        return self.items[id(item)][1]

    def pytest_load_initial_conftests(self):
        # after the tools' own plugins were loaded, and before the first file of the repository
        self.guard = Guard(_PACKAGES, _MODULES, _CORE)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session):
        self.plugins = {id(plugin) for plugin in session.config.pluginmanager.get_plugins()}
        self.finders = list(sys.meta_path)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectstart(self, collector):
        if isinstance(collector, pytest.Module):
            self.doubt_all(self.guard.core_changes(), "while tests were collected")
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

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item):
        _, name, code = self.items.get(id(item), (None, "", None))
        if item.nodeid != name or (code is not None and code_of(item) is not code):
            self.doubt((name or item.nodeid) + " is another test than was collected")
        if not _OVERRIDES.isdisjoint(vars(item)):
            self.doubt(item.nodeid + " runs in another way than was collected")
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        if call.when == "call":
            self.doubt_all(self.guard.core_changes(), "while a test ran")
        yield

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        self.doubt_all(self.guard.changes(), "during the run")
        for plugin in session.config.pluginmanager.get_plugins():
            if id(plugin) not in self.plugins and not is_of_the_tests(plugin):
                self.doubt("a plugin was registered while tests were collected or run: " + repr(plugin)[:100])
        self.has_looked = True


def is_of_the_tests(plugin):
    """Whether a plugin that came late is pytest's own or a conftest."""
    file = os.path.basename(getattr(plugin, "__file__", None) or "")
    kind = plugin if isinstance(plugin, ModuleType) else type(plugin)
    module = kind.__name__ if kind is plugin else kind.__module__
    return file == "conftest.py" or module.startswith("_pytest.")
