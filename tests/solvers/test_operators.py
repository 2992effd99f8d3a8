from __future__ import annotations

import random
import textwrap

import pytest

from bugladder.solvers.repair.localisation import Suspect
from bugladder.solvers.repair.operators import OPERATORS
from bugladder.solvers.repair.ranking import drafts, mutants
from bugladder.solvers.repair.source import parse

# operator, a statement (marked by its line's end "#!"), and what one of the operator's edits makes of that line
CASES = [
    ("replace_attribute", "def f(a):\n    a.width = 1\n    return a.witdh #!", "return a.width"),
    ("replace_method", "def f(p, s):\n    return p.match(s) #!", "return p.fullmatch(s)"),
    ("replace_method", "def f(s):\n    return s.strip() #!", "return s.lstrip()"),
    ("drop_attribute", "def f(a):\n    return a.b.c #!", "return a.b"),
    ("drop_method_call", "def f(a):\n    return a.lower() #!", "return a"),
    ("none_test_to_truth", "def f(a):\n    if a is None: #!\n        return 1", "if not a:"),
    ("none_test_to_truth", "def f(a):\n    return a is not None #!", "return a"),
    ("truth_to_none_test", "def f(a):\n    if not a: #!\n        return 1", "if a is None:"),
    ("truth_to_none_test", "def f(a, b):\n    if a and b: #!\n        return 1", "if a is not None and b:"),
    ("wrap_bool", "def f(a, b):\n    return a and b #!", "return bool(a and b)"),
    ("or_default", "def f(a):\n    for x in a: #!\n        print(x)", "for x in a or ():"),
    ("comparison_boundary", "def f(a):\n    return a < 1 #!", "return a <= 1"),
    ("comparison_opposite", "def f(a):\n    return a not in (1, 2) #!", "return a in (1, 2)"),
    ("comparison_other", "def f(a):\n    return a == 1 #!", "return a >= 1"),
    ("swap_connector", "def f(a, b, c):\n    return a and b and c #!", "return (a or b) and c"),
    ("drop_operand", "def f(a, b):\n    if a and not b: #!\n        return 1", "if a:"),
    ("drop_negation", "def f(a, b):\n    return not (a or b) #!", "return a or b"),
    ("negate_condition", "def f(a, b):\n    if a or b: #!\n        return 1", "if not (a or b):"),
    ("negate_result", "def f(a):\n    return a #!", "return not a"),
    ("combine_condition", "def f(a, b):\n    if b: return 0\n    if a: #!\n        return 1", "if a or (b):"),
    ("constant_condition", "def f(a):\n    if a: #!\n        return 1", "if True:"),
    ("swap_branches", "def f(a):\n    return 1 if a else 2 #!", "return 2 if a else 1"),
    ("swap_builtin", "def f(a):\n    return any(a) #!", "return all(a)"),
    ("arithmetic_operator", "def f(a, b):\n    return a * (b - 1) #!", "return a * (b + 1)"),
    ("swap_operands", "def f(a, b):\n    return a - b #!", "return b - a"),
    ("augmented_operator", "def f(a):\n    a.n += 1 #!", "a.n -= 1"),
    ("accumulate", "def f(a):\n    a.n = 1 #!", "a.n += 1"),
    ("drop_term", "def f(a):\n    return a[len(a) - 1] #!", "return a[len(a)]"),
    ("drop_sign", "def f(a):\n    return -a #!", "return a"),
    ("one_off", "def f(a):\n    return range(a) #!", "return range(a + 1)"),
    ("flip_truth", "def f(a=True): #!\n    return a", "def f(a=False):"),
    ("shift_number", "def f(a):\n    return a + 2 #!", "return a + 1"),
    ("swap_none", "def f(a):\n    return a #!", "return None"),
    ("change_string", 'def f(a):\n    return a + " x" #!', 'return a + "x"'),
    ("swap_arguments", "def f(a, b):\n    return g(b, a) #!", "return g(a, b)"),
    ("drop_argument", "def f(a, b):\n    return g(a, k=b) #!", "return g(a)"),
    ("pass_parameter", "def g(x, deep=False): pass\ndef f(x, deep):\n    return g(x) #!", "return g(x, deep=deep)"),
    ("unwrap_call", "def f(a):\n    return list(a) #!", "return a"),
    ("wrap_call", "def f(a):\n    return a #!", "return list(a)"),
    ("replace_name", "def f(begin, end):\n    return begin #!", "return end"),
    ("change_end", "def f(a):\n    return a[0] #!", "return a[-1]"),
    ("change_bounds", "def f(a, n):\n    return a[:n] #!", "return a[1:n]"),
    ("lookup_to_get", "def f(a, k):\n    return a[k] #!", "return a.get(k)"),
    ("replace_raised", "def f():\n    raise ValueError(1) #!", "raise TypeError(1)"),
    ("widen_caught", "try:\n    g()\nexcept KeyError: #!\n    pass", "except (KeyError, TypeError):"),
    ("replace_caught", "def f():\n    try:\n        g()\n    except KeyError: #!\n        pass", "except IndexError:"),
    ("swap_jump", "def f(a):\n    for x in a:\n        break #!", "continue"),
    ("change_yield", "def f(a):\n    yield a #!", "yield from a"),
    ("add_return", "def f(a):\n    g(a) #!", "return g(a)"),
    ("swap_with_next", "def f(a):\n    g(a) #!\n    h(a)", "h(a) #!"),
    ("swap_bodies", "def f(a):\n    if a: #!\n        g()\n    else:\n        h()", "if a:"),
    ("guard_none", "def f(a):\n    return a.b #!", "if a is None:"),
    ("delete_statement", "def f(a):\n    g(a) #!", "pass"),
    ("shelter_statement", "def f(a):\n    g(a) #!", "try:"),
]  # fmt: skip


def results(operator, text):
    """Whole files that the operator makes by an edit at the marked line."""
    file = parse("m.py", text.encode())
    line = next(i for i, row in enumerate(text.splitlines(), start=1) if "#!" in row)
    suspects = [Suspect(file, s, 1.0) for s in file.statements if s.line == line]
    wanted = [o for o in OPERATORS if o.name == operator]
    return line, [m.edit.apply(file.content).decode() for m in mutants(drafts(suspects, random.Random(0), wanted), 99)]


@pytest.mark.parametrize(("operator", "text", "expected"), CASES)
def test_an_operator_makes_its_edit(operator, text, expected):
    """Each operator turns its textbook line into the expected one."""
    line, changed = results(operator, text + "\n")
    lines = [text.splitlines()[line - 1].strip() for text in changed]
    assert expected in {*lines, *(found.removesuffix("#!").strip() for found in lines)}


def test_every_operator_has_a_case():
    """No operator is without a textbook case, and none has two names."""
    names = [o.name for o in OPERATORS]
    assert len(set(names)) == len(names)
    assert set(names) == {name for name, _, _ in CASES}


def test_operators_cite_the_literature():
    """Each operator says where it comes from, with a year or one of the two catalogues of templates."""
    for operator in OPERATORS:
        assert any(word in operator.source for word in ("19", "20", "TBar FP")), operator.name
        assert 0 < operator.prior <= 1


def test_operators_that_overfit_come_last():
    """Deleting, sheltering and forcing a condition rank behind every edit that SEARCH.md saw fixing something."""
    prior = {o.name: o.prior for o in OPERATORS}
    good = [
        "replace_attribute",
        "wrap_bool",
        "none_test_to_truth",
        "truth_to_none_test",
        "drop_attribute",
        "replace_method",
    ]
    bad = [
        "delete_statement",
        "negate_condition",
        "constant_condition",
        "shelter_statement",
        "replace_name",
        "shift_number",
    ]
    assert min(prior[n] for n in good) > max(p for n, p in prior.items() if n not in good)
    assert max(prior[n] for n in bad) <= 0.4


def test_whole_statement_edits_keep_the_rest():
    """Swapping the bodies of if and else, and two neighbours, moves them and nothing else."""
    text = textwrap.dedent(
        """\
        def f(a):
            if a: #!
                one()
                two()
            else:
                three()
            return a
        """
    )
    _, (changed,) = results("swap_bodies", text)
    assert changed == text.replace("one()\n        two()", "X").replace("three()", "one()\n        two()").replace(
        "X", "three()"
    )


def test_multi_line_conditions_keep_their_parentheses():
    """A condition that spans lines inside parentheses is still one expression after its operand left."""
    text = "def f(a, b, c):\n    if ( #!\n        a\n        and b\n        and c\n    ):\n        return 1\n"
    _, changed = results("drop_operand", text)
    assert len(changed) >= 3
    for one in changed:
        compile(one, "m.py", "exec")
