"""Tests of our own that must fail, put among those collected: in their modules, under names like theirs."""

import os
import types

import pytest
from _pytest.unittest import TestCaseFunction, UnitTestCase

_BODY = "def {name}({self}):\n    found = {found}\n    assert found == {wanted}\n"


def draw(choices):
    return choices[int.from_bytes(os.urandom(8), "big") % len(choices)]


def add_sentinels(session):
    """Put sentinels at the beginning or end of modules of the session; their ids."""
    plain = [item for item in session.items if type(item) is pytest.Function]
    cases = [item for item in session.items if type(item) is TestCaseFunction]
    found = {}
    for items, make in ((plain, function_in), (cases, case_in)):
        if items:
            module = draw(items).getparent(pytest.Module)
            place(session.items, module, make(module, new_name(module, items)), found)
    return found


def place(items, module, sentinel, found):
    own = [n for n, item in enumerate(items) if item.getparent(pytest.Module) is module]
    items.insert(draw((own[0], own[-1] + 1)), sentinel)
    found[sentinel.nodeid] = sentinel


def new_name(module, items):
    """A name as a test of this module could have it, and none has."""
    words = [w for item in items for w in item.name.split("[")[0].split("_") if w.isidentifier()][:1000]
    taken = set(dir(module.obj)) | {item.name for item in items}
    name = "test_" + draw(words)
    while name in taken:
        name += "_" + draw(words)
    return name


def body(module, name, self=""):
    """A function of the module that fails by an assertion, from a file beside it that nobody has to read for it."""
    number = int.from_bytes(os.urandom(2), "big")
    text = _BODY.format(name=name, self=self, found=number, wanted=number + 1)
    code = compile(text, os.path.join(os.path.dirname(str(module.fspath)), name + ".py"), "exec")
    (inner,) = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return types.FunctionType(inner, vars(module.obj), name)


def node(kind, parent, **values):
    """A node of the collection tree; from_parent is younger than some of the tested versions of pytest."""
    return getattr(kind, "from_parent", lambda parent, **v: kind(parent=parent, **v))(parent, **values)


def function_in(module, name):
    return node(pytest.Function, module, name=name, callobj=body(module, name))


def case_in(module, name):
    from unittest import TestCase

    kind = "Test" + "".join(word.capitalize() for word in name.split("_")[1:])
    case = type(kind, (TestCase,), {name: body(module, name, "self"), "__module__": module.obj.__name__})
    collector = node(UnitTestCase, module, name=kind)
    collector.obj = case
    (item,) = collector.collect()
    return item
