from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from bugladder.solvers.repair.localisation import Suspect
from bugladder.solvers.repair.operators import Operator, Proposal
from bugladder.solvers.repair.ranking import Mutant, drafts, mutants, rank
from bugladder.solvers.repair.source import Edit, parse

TEXT = b"""def f(a, b):
    if a < b and not a:
        return a.x
    return b.y + 1


def g(a):
    return a.z
"""


def suspects(values):
    """The statements of some lines, with their suspiciousness."""
    file = parse("m.py", TEXT)
    found = [s for s in file.statements if s.line in values]
    return [Suspect(file, s, values[s.line]) for s in found]


def edits(values, limit=50, seed=0):
    """Operator and edit of each mutant, in order."""
    return [(m.operator, m.edit) for m in mutants(drafts(suspects(values), random.Random(seed)), limit)]


def test_equal_seeds_give_equal_mutants():
    """The same suspects and seed give the same mutants in the same order, another seed another order."""
    assert edits({2: 1.0, 4: 1.0}) == edits({2: 1.0, 4: 1.0})
    assert edits({2: 1.0, 4: 1.0}) != edits({2: 1.0, 4: 1.0}, seed=1)


def test_hash_seed_does_not_matter():
    """The list of mutants is the same under any PYTHONHASHSEED."""
    program = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import test_ranking\nprint(test_ranking.edits({2: 1.0, 3: 1.0, 4: 0.5, 8: 0.5}, 500))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "77")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 1000


def test_mutants_are_distinct_parse_and_change_something():
    """No two mutants give the same file, each compiles, and none is the original."""
    texts = [edit.apply(TEXT) for _, edit in edits({2: 1.0, 3: 1.0, 4: 1.0, 8: 1.0, 1: 1.0}, 1000)]
    assert len(set(texts)) == len(texts) > 60
    assert TEXT not in texts
    for text in texts:
        compile(text, "m.py", "exec")


def test_limit_counts_mutants():
    """Exactly `limit` mutants come out where there are more."""
    assert len(edits({2: 1.0, 4: 1.0}, limit=7)) == 7


def test_suspicion_and_prior_interleave():
    """A good operator at a less suspicious place comes before a bad one at the most suspicious place."""
    names = [(m.operator, m.line) for m in mutants(drafts(suspects({3: 1.0, 8: 0.5}), random.Random(0)), 200)]
    assert names[0][1] == 3
    assert names.index(("drop_attribute", 8)) < names.index(("delete_statement", 3))


def test_repeated_proposals_wait():
    """Of two equal operators, the second's first proposal comes before the first's fifth."""

    def many(site):
        return [Proposal(site.node, f"return {i}") for i in range(10, 16)]

    def one(site):
        return [Proposal(site.node, "return 99")]

    operators = [Operator("many", 0.5, "test", many), Operator("one", 0.5, "test", one)]
    order = [d.operator.name for d in drafts(suspects({3: 1.0}), random.Random(0), operators)]
    assert order.index("one") < 2


def test_texts_that_do_not_parse_are_left_out():
    """A proposal that breaks the syntax, or restores the same tree, is no mutant and costs no place."""

    def propose(site):
        yield Proposal(site.node, "return (")
        yield Proposal(site.node, "return  a . x")
        yield Proposal(site.node, "return 5")

    found = mutants(drafts(suspects({3: 1.0}), random.Random(0), [Operator("o", 0.5, "test", propose)]), 1)
    assert [m.edit.text for m in found] == ["return 5"]


def test_module_level_handlers_and_branches_can_be_mutated():
    """Code outside of any function, such as elif and except at module level, is checked within its whole file."""
    file = parse("m.py", b"import sys\nif sys.argv:\n    X = 1\nelif sys.path is None:\n    X = 2\nelse:\n    X = 3\n")
    found = mutants(drafts([Suspect(file, s, 1.0) for s in file.statements], random.Random(0)), 100)
    assert "not sys.path" in {m.edit.text for m in found if m.line == 4}


def test_rank_prefers_prior_then_suspicion_then_size():
    """Plausible mutants rank by operator prior, suspiciousness, smaller edit, order of trial."""

    def mutant(prior, suspicion, text):
        return Mutant(Edit("m.py", 0, 0, text), "o", prior, 1, suspicion)

    given = [
        mutant(0.5, 1.0, "a"),
        mutant(0.9, 0.1, "a"),
        mutant(0.5, 1.0, "aaa"),
        mutant(0.5, 0.9, ""),
        mutant(0.5, 1.0, "b"),
    ]
    assert [n for n, _ in rank(enumerate(given))] == [1, 0, 4, 2, 3]
