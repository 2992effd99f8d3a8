import pytest
from rerunning import EDITS, make_dvc_project, repro

READERS = ("analyze", "plot", "report", "track")
EXPECTED = {
    "nothing": (),
    "a comment in conf/": ("resolve",),
    "a comment in solvers/search.py": ("code",),
    "an analysis key (bin_width)": ("resolve", *READERS),
    # the figures did not change, so nothing that reads them runs
    "a line in analysis/intervals.py": ("code", "analyze"),
    "a scoring weight (weight_tss)": ("resolve", "score", *READERS),
    "a line in solvers/search.py": ("code", "run", "score", *READERS),
    # the shares of the whole dataset change, the instances do not
    "a catalog entry outside of the phases": ("select", *READERS),
    # difficulty is part of the answer and no part of the task
    "a catalog entry of p1": ("select", "control", "score", *READERS),
    "the solver (no_op)": ("resolve", "run", "score", *READERS),
}


@pytest.mark.slow
def test_exactly_those_stages_run_again_that_read_what_was_edited(tmp_path):
    """After an edit `dvc repro` runs the stages that read it and what follows from changed results, in both phases."""
    root = make_dvc_project(tmp_path / "project")
    repro(root)
    found = {}
    for name, edit in EDITS.items():
        edit(root)
        found[name] = repro(root)
    phases = {"code": []}
    assert found == {
        name: {stage: phases.get(stage, ["baseline", "p1"]) for stage in stages} for name, stages in EXPECTED.items()
    }
