from __future__ import annotations

import pytest
from proposals import code_findings


def test_a_second_definition_of_a_name_is_blocked():
    """A function defined again in the same class is found, with both lines, the name and the scope."""
    before = "class A:\n    def run(self):\n        return 1\n"
    (finding,) = code_findings(before, f"{before}\n    def run(self):\n        return 2\n", "G4")
    assert finding.severity == "block"
    assert "src/m.py, line 5: run is already defined in line 2 of A" in finding.sentence


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    pass\n\n\ndef f():\n    pass\n",
        "class A:\n    pass\n\n\nclass A:\n    pass\n",
        "async def f():\n    pass\n\n\ndef f():\n    pass\n",
        "def outer():\n    def f():\n        pass\n    def f():\n        pass\n",
        "@staticmethod\ndef f():\n    pass\n\n\ndef f():\n    pass\n",
        "@pytest.mark.slow\ndef test_f():\n    pass\n\n\ndef test_f():\n    pass\n",
        "def f():\n    pass\n\n\ndef g():\n    return f()\n\n\ndef f():\n    pass\n",
        "if x:\n    def f():\n        pass\n    def f():\n        pass\n",
    ],
)
def test_unreachable_definitions_are_found_in_every_scope(text):
    """Functions, coroutines and classes, nested and conditional ones, and those behind decorators that keep nothing."""
    assert [f.gate for f in code_findings("", text, "G4")] == ["G4"]


@pytest.mark.parametrize(
    "text",
    [
        "@overload\ndef f(a: int): ...\n@overload\ndef f(a: str): ...\ndef f(a):\n    return a\n",
        "@t.overload\ndef f(a: int): ...\ndef f(a):\n    return a\n",
        "class A:\n    @property\n    def x(self): ...\n    @x.setter\n    def x(self, v): ...\n",
        "@f.register\ndef _(a: int): ...\n@f.register\ndef _(a: str): ...\n",
        "@app.route('/a')\ndef page(): ...\n@app.route('/b')\ndef page(): ...\n",
        "if x:\n    def f(): ...\nelse:\n    def f(): ...\n",
        "try:\n    from m import f\nexcept ImportError:\n    def f(): ...\n",
        "try:\n    def f(): ...\nexcept E:\n    def f(): ...\n",
        "def f(): ...\nif x:\n    def f(): ...\n",
        "def f(): ...\ng = f\ndef f(): ...\n",
        "def f(): ...\n@wrap(f)\ndef f(): ...\n",
        "class A: ...\nclass A(A): ...\n",
        "def f(): ...\ndef f(old=f): ...\n",
        "class A:\n    def f(self): ...\nclass B:\n    def f(self): ...\n",
        "def f(): ...\ndel f\ndef f(): ...\n",
    ],
)
def test_definitions_that_live_on_are_allowed(text):
    """Overloads, setters, registrations, branches and redefinitions that use the first definition are no mistake."""
    assert code_findings("", text, "G4") == ()


def test_what_was_doubled_before_is_not_held_against_an_edit():
    """A double definition in the old file passes; a third definition does not."""
    before = "def f(): ...\ndef f(): ...\n"
    assert code_findings(before, f"x = 1\n{before}", "G4") == ()
    assert len(code_findings(before, f"{before}def f(): ...\n", "G4")) == 1
