"""Each operator makes of a small piece of code what its name says, and nothing else."""

from textwrap import dedent, indent

import pytest

from bugladder.datasets.injection import OPERATORS, plant, sites

# operator, a function's body, the body after the operator's first edit
CASES = [
    ("comparison_boundary", "return a < b", "return a <= b"),
    ("comparison_negation", "return a in b", "return a not in b"),
    ("boolean_swap", "return a and b", "return a or b"),
    ("boolean_operand_removal", "return (a and\n        b)", "return (a)"),
    ("negation_removal", "return not a", "return a"),
    ("condition_negation", "while a or b:\n    a()", "while not (a or b):\n    a()"),
    ("conditional_swap", "return a if b else 1", "return 1 if b else a"),
    ("conditional_collapse", "return a if b else 1", "return a"),
    ("arithmetic_swap", "return a + b", "return a - b"),
    ("operand_swap", "return a - b * 2", "return (b * 2) - a"),
    ("operand_removal", "return a + b", "return a"),
    ("augmented_swap", "a += 1", "a -= 1"),
    ("augmented_to_plain", "a += 1", "a = 1"),
    ("slice_bound", "return a[1:b]", "return a[:b]"),
    ("index_end", "return a[0]", "return a[-1]"),
    ("filter_removal", "return [x for x in a if x]", "return [x for x in a]"),
    ("number_shift", "return 7", "return 8"),
    ("truth_flip", "return True", "return False"),
    ("string_cut", "return 'abc'", "return 'ab'"),
    ("pattern_change", "return r'[*]a*'", "return r'[*]a+'"),
    ("format_removal", "return f'{a!r:>3}'", "return f'{a}'"),
    ("argument_swap", "return f(a, b)", "return f(b, a)"),
    ("argument_removal", "return f(a, b)", "return f(a)"),
    ("keyword_removal", "return f(a, key=b)", "return f(a)"),
    ("unpacking_removal", "return f(*a, b=1)", "return f(b=1)"),
    ("call_unwrap", "return f(a or b).x", "return (a or b).x"),
    ("method_unwrap", "return a.strip().lower()", "return a.strip()"),
    ("method_swap", "return a.lstrip()", "return a.rstrip()"),
    ("attribute_misuse", "return self.a + self.b", "return self.b + self.b"),
    ("variable_misuse", "return a", "return b"),
    ("call_removal", "f(a)\nreturn b", "return b"),
    ("assignment_removal", "a = 1\nreturn a", "return a"),
    ("pair_removal", "x = a\ny = b\nreturn a", "return a"),
    ("statement_swap", "x = a\ny = b", "y = b\nx = a"),
    ("early_return_removal", "if a:\n    b()\n    return b\nreturn a", "if a:\n    b()\nreturn a"),
    ("leap_removal", "for x in a:\n    if x:\n        break", "for x in a:\n    if x:\n        pass"),
    ("leap_swap", "for x in a:\n    break", "for x in a:\n    continue"),
    ("raise_removal", "if a:\n    raise b", "if a:\n    pass"),
    ("return_none", "return a", "return None"),
    ("return_forgotten", "return f(a)", "f(a)"),
    ("guard_removal", "if a:\n    return b\nreturn a", "return a"),
    ("if_removal", "if a:\n    b()\nelse:\n    f()\nreturn a", "return a"),
    ("condition_removal", "if a:\n    b()\nreturn a", "b()\nreturn a"),
    ("else_removal", "if a:\n    b()\nelse:\n    f()", "if a:\n    b()"),
    ("elif_removal", "if a:\n    b()\nelif b:\n    f()\nelse:\n    g()", "if a:\n    b()\nelse:\n    g()"),
    ("branch_swap", "if a:\n    b()\nelse:\n    f()", "if a:\n    f()\nelse:\n    b()"),
    ("loop_removal", "for x in a:\n    f(x)\nreturn b", "return b"),
    ("loop_once", "for x in a:\n    f(x)", "for x in a:\n    f(x)\n    break"),
    ("loop_reversal", "for x in a:\n    f(x)", "for x in reversed(list(a)):\n    f(x)"),
    ("loop_body_cut", "for x in a:\n    f(x)\n    g(x)", "for x in a:\n    g(x)"),
    ("try_unwrap", "try:\n    f(a)\nexcept E:\n    g()", "f(a)"),
    ("with_unwrap", "with a:\n    f(b)", "f(b)"),
    ("handler_reraise", "try:\n    f(a)\nexcept E:\n    g()", "try:\n    f(a)\nexcept E:\n    raise"),
    ("handler_swallow", "try:\n    f(a)\nexcept E:\n    g()", "try:\n    f(a)\nexcept E:\n    pass"),
    ("caught_type", "try:\n    f()\nexcept (A, B):\n    g()", "try:\n    f()\nexcept (B,):\n    g()"),
    ("raised_type", "raise ValueError(a)", "raise KeyError(a)"),
    (
        "finally_removal",
        "try:\n    f()\nexcept A:\n    g()\nfinally:\n    h()",
        "try:\n    f()\nexcept A:\n    g()",
    ),
    ("second_order", "if a < 3:\n    return f(b, key=a)", "if a <= 3:\n    return f(b, key=a)"),
]  # fmt: skip

WHOLE = [
    ("default_change", "def f(a, b=False):\n    pass\n", "def f(a, b=True):\n    pass\n"),
    ("decorator_removal", "@one\n@two\ndef f():\n    pass\n", "@two\ndef f():\n    pass\n"),
    ("base_removal", "class A(B, C):\n    x = 1\n", "class A(C):\n    x = 1\n"),
    (
        "method_removal",
        "class A(B):\n    def f(self):\n        pass\n    x = 1\n",
        "class A(B):\n    x = 1\n",
    ),
    ("parameter_swap", "def f(self, a, b, c=1):\n    pass\n", "def f(self, b, a, c=1):\n    pass\n"),
    ("pattern_change", "P = compile(r'^a')\n", "P = compile(r'a')\n"),
]  # fmt: skip


def _function(body: str) -> bytes:
    return f"def act(self, a, b, f):\n{indent(dedent(body), '    ')}\n".encode()


@pytest.mark.parametrize(("operator", "body", "expected"), CASES[:-1], ids=[c[0] for c in CASES[:-1]])
def test_first_edit_in_a_function(operator, body, expected):
    """An operator's first edit of a function's body is the one that its name says."""
    source = _function(body)
    assert plant(source, operator, sites(source, operator)[0]).decode() == _function(expected).decode()


@pytest.mark.parametrize(("operator", "source", "expected"), WHOLE, ids=[c[0] for c in WHOLE])
def test_first_edit_of_a_definition(operator, source, expected):
    """An operator on definitions or module constants edits what its name says."""
    assert plant(source.encode(), operator, sites(source.encode(), operator)[0]).decode() == expected


def test_second_order_makes_two_edits_at_once():
    """The operator of second order changes two places, each as a first-order operator would."""
    source = _function("if a < 3:\n    return f(b, key=a)")
    edited = {plant(source, "second_order", site).decode() for site in sites(source, "second_order")}
    assert _function("if a <= 3:\n    return None").decode() in edited
    assert len(edited) == len(sites(source, "second_order")) > 1


def test_every_operator_has_a_case_here():
    """No operator is without an example of what it does."""
    assert {o.name for o in OPERATORS} == {c[0] for c in (*CASES, *WHOLE)}
