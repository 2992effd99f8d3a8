from __future__ import annotations

from bugladder.solvers.no_op import NoOpSolver


def test_no_op_hands_in_nothing(lab):
    """No patch, no tests, no rounds, a reason, and one totals row."""
    place = lab({"m.py": ""})
    solution = NoOpSolver().solve(place.task(["a"], []), place.bench())
    assert solution.candidate.patch is None
    assert solution.candidate.test_files == {}
    assert solution.candidate.iterations is None
    assert solution.candidate.reason
    assert [(a.iteration, a.step) for a in solution.attempts] == [(0, "totals")]
    assert not solution.was_cut
