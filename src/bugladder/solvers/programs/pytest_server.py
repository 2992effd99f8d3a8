"""Tries candidate edits one after another: pytest and the dependencies are loaded once, each candidate gets a fork.

Runs inside the sandbox. Standard input holds JSON lines: first the order (root, scratch, arguments of pytest, ids
that must pass, timeout_s, cpu_factor, cpu_floor_s, memory_mb, preloads), then candidates (n, path, start, end, text).
Standard output gets one JSON line per event: baseline, trial, end. What a candidate does to files, processes and
descriptors ends with it.
"""

import gc
import json
import os
import sys

from bugladder_forks import Forks, write
from bugladder_judge import Judge
from bugladder_tree import Tree


class Server:
    """Forks one child per trial and outlives each of them."""

    def __init__(self, order, out):
        self.order = order
        self.out = out
        self.forks = Forks(order, out)
        self.tree = Tree(order["root"])

    def say(self, **event):
        os.write(self.out, json.dumps(event).encode() + b"\n")

    def warm_up(self):
        """Run the unchanged code, load what it loaded from outside the repository, and run it again.

        Returns whether candidates can be judged here: the tests fail as they are, and loading changed nothing.
        """
        first = self.trial(is_baseline=True)
        names = first.pop("modules", []) if self.order["preloads"] else []
        for name in self.forks.run(lambda place: {"names": self.loadable(names)}).get("names", []):
            load(name)
        # what is loaded by now stays: no child has to look through it
        gc.collect()
        gc.freeze()
        # from here on only the repository's own code is compiled; the dependencies' bytecode is beside them
        sys.pycache_prefix = os.path.join(self.order["scratch"], "bytecode")
        second = self.trial(is_baseline=True, writes_bytecode=True)
        second.pop("modules", None)
        same = second.get("is_pass") == first.get("is_pass") and second.get("passed") == first.get("passed")
        if second["status"] == "done":
            wanted = second["cpu_s"] * self.order["cpu_factor"]
            self.forks.cpu_s = min(self.order["timeout_s"], max(self.order["cpu_floor_s"], wanted))
        self.say(event="baseline", is_stable=same, allowance_s=self.forks.cpu_s, **second)
        return (same or not self.order["preloads"]) and not second.get("is_pass")

    def loadable(self, names):
        """Those modules that neither bring in the repository's own code nor start threads."""
        good = []
        for name in names:
            load(name)
            if self.has_own_code() or len(os.listdir("/proc/self/task")) > 1:
                break
            good.append(name)
        return good

    def has_own_code(self):
        root = self.order["root"] + os.sep
        return any(str(getattr(m, "__file__", None) or "").startswith(root) for m in list(sys.modules.values()))

    def serve(self, candidates):
        for candidate in candidates:
            path = os.path.join(self.order["root"], candidate["path"])
            before, content = self.tree.entries[path]
            changed = content[: candidate["start"]] + candidate["text"].encode("utf-8") + content[candidate["end"] :]
            with open(path, "wb") as file:
                file.write(changed)
            # another second than the original's, so that no bytecode of it is taken for this one's
            later = before.st_mtime_ns + (candidate["n"] + 1) * 2_000_000_000
            os.utime(path, ns=(later, later))
            result = self.trial()
            self.say(event="trial", n=candidate["n"], **result)

    def trial(self, *, is_baseline=False, writes_bytecode=False):
        result = self.forks.run(lambda place: self.run_tests(place, is_baseline, writes_bytecode))
        self.tree.restore()
        return result

    def run_tests(self, place, is_baseline, writes_bytecode):
        import pytest

        sys.dont_write_bytecode = not writes_bytecode
        judge = Judge(self.order["ids"], stops_early=not is_baseline)
        if is_baseline:
            own = (self.order["root"] + os.sep, self.order["scratch"] + os.sep)
            judge.at_start = lambda: write(place, "early", {"modules": foreign_modules(own)})
        # nobody reads the tracebacks; the native ones cost least
        pytest.main([*self.order["arguments"], "--tb=native"], plugins=[judge])
        if is_baseline:
            judge.at_start()
        return judge.answer()


def foreign_modules(own):
    """Modules loaded from outside our own folders, in order; those that pytest rewrites must be loaded by it."""
    names = []
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        file = getattr(module, "__file__", None)
        is_plain = file and spec is not None and spec.name == name
        if is_plain and not file.startswith(own) and type(spec.loader).__name__ != "AssertionRewritingHook":
            names.append(name)
    return names


def load(name):
    try:
        __import__(name)
    except BaseException:
        sys.modules.pop(name, None)


def main():
    lines = sys.stdin.buffer.read().split(b"\n")
    order, candidates = json.loads(lines[0]), [json.loads(line) for line in lines[1:] if line]
    out = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.chdir(order["root"])
    sys.path[0] = order["root"]
    server = Server(order, out)
    if server.warm_up():
        server.serve(candidates)
    server.say(event="end")


main()
