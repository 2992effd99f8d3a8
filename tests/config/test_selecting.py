import pytest

from bugladder.config.selecting import selection_of
from bugladder.records import BugladderError


def slice_(ids, strategy="file"):
    """Select's slice, with a list of ids."""
    chosen = {"strategy": strategy, "ids": str(ids), "ensure_baseline": True}
    return {"selection": chosen, "seed": 7, "plan": [{"name": "baseline", "size": 4}, {"name": "p1", "size": 10}]}


def test_a_list_of_ids_has_one_on_each_line(tmp_path):
    """Blank lines and those that begin with # are passed over; every phase of the plan is given the whole list."""
    (tmp_path / "ids").write_text("# chosen by hand\na\n\n  b  \n")
    plan, settings = selection_of(slice_(tmp_path / "ids"))
    assert [(p.name, p.size, p.strategy, p.ids) for p in plan] == [
        ("baseline", 4, "file", ("a", "b")),
        ("p1", 10, "file", ("a", "b")),
    ]
    assert settings.seed == 7


def test_a_list_that_cannot_be_read_is_named(tmp_path):
    """An absent list is an error only where it is the strategy; the line names its key and its place."""
    with pytest.raises(BugladderError, match=r"files\.ids: .*gone cannot be read \(No such file"):
        selection_of(slice_(tmp_path / "gone"))
    plan, _ = selection_of(slice_(tmp_path / "gone", strategy="stratified"))
    assert [p.ids for p in plan] == [(), ()]
