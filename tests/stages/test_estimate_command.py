"""What `python -m stages.estimate` promises, on made-up rows of earlier phases below the real conf/."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from made_up_phase import CONF, call, candidate
from tiny_project import stage

from bugladder import config
from bugladder.composing import compose_phase, read_params
from bugladder.config.files import write
from bugladder.records import BugladderError, tables
from stages import estimate

PRICED = "+prices.models.made-up={input: 2.0, cached_input: 0.5, output: 8.0}"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project folder with the real conf/ and params.yaml, in which nothing was climbed."""
    shutil.copytree(CONF, tmp_path / "conf")
    params = yaml.safe_load((CONF.parent / "params.yaml").read_text(encoding="utf-8"))
    # the sandbox may not lack anything on a small machine, and four slots make hours the same everywhere
    params |= {"solver": "no_op", "model": "none", "overrides": ["+sandbox.slots=4", "sandbox=local", PRICED]}
    write(tmp_path / "params.yaml", yaml.safe_dump(params))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def climbed(phase, count, **changes):
    """Rows of a phase: every instance was solved in 30 s, with one call of $6.50 and 2 s."""
    whole = compose_phase(phase, read_params())
    write(config.resolved_path(phase), yaml.safe_dump(whole | changes))
    folder = Path("data", phase)
    rows = [candidate(i, True) for i in range(count)]
    tables.write(tables.CANDIDATES, rows, folder / "candidates.parquet")
    tables.write(tables.CALLS, [call(i) for i in range(count)], folder / "calls.parquet")


def asked(capsys, phase="p1"):
    """The estimate of a phase, as --json prints it."""
    estimate.main([phase, "--json"])
    found = json.loads(capsys.readouterr().out)
    return found, {row["quantity"]: row for row in found["quantities"]}


def test_earlier_phases_of_the_arm_decide(project, capsys):
    """Four instances at $6.50 were solved: p1's six new ones are expected at $39, and the four are in the store."""
    climbed("baseline", 4)
    found, rows = asked(capsys)
    assert found["instances"] == {"size": 10, "reused": 4, "new": 6}
    assert (rows["usd"]["expected"], rows["usd"]["low"], rows["usd"]["high"]) == (39.0, 39.0, 39.0)
    assert (rows["calls"]["expected"], rows["tokens_out"]["expected"]) == (6.0, 3_000_000)
    assert rows["hours"]["expected"] == pytest.approx(6 * 30 / 4 / 3600, abs=1e-6)
    assert "4 instances that this arm has solved in baseline" in found["basis"]


def test_phases_share_their_instances(project, capsys):
    """p1 holds the baseline's four: together they are ten instances, and p2 has forty new ones."""
    climbed("baseline", 4)
    climbed("p1", 10)
    found, rows = asked(capsys, "p2")
    assert found["instances"] == {"size": 50, "reused": 10, "new": 40}
    assert rows["usd"]["expected"] == 260.0
    assert found["lacks"][0] == ("budget: $260.00 are expected and phase.budget_usd is $250.00: the phase would pause")


def test_another_arms_rows_do_not_count(project, capsys):
    """Rows of another solver say nothing: the plan stands in their place, and is called that."""
    climbed("baseline", 4, solver={"name": "other"})
    found, rows = asked(capsys)
    assert found["instances"]["new"] == 10
    assert "conf/phase/p1.yaml, never measured" in found["basis"]
    assert rows["usd"]["expected"] == 0.0


def test_a_missing_key_is_found_before_anything_is_paid(project, capsys, monkeypatch):
    """A model whose variable is not set lacks it; the plan's $5 stand for each instance."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    write(Path("params.yaml"), yaml.safe_dump(params | {"model": "tiered"}))
    found, rows = asked(capsys)
    assert rows["usd"]["expected"] == 50.0
    assert [lack for lack in found["lacks"] if lack.startswith("key:")] == [
        "key: OPENAI_API_KEY is not set, and model gpt-4o-mini needs it",
        "key: OPENAI_API_KEY is not set, and model gpt-4o needs it",
    ]


def test_a_table_for_people_is_printed_and_nothing_written(project, capsys):
    """The text holds the numbers, what they rest on and what lacks; the folder is as before."""
    climbed("baseline", 4)
    before = sorted(project.rglob("*"))
    estimate.main(["p1"])
    text = capsys.readouterr().out
    assert "p1 on pypi with no_op, model none: 6 of 10 instances are new, 4 are in the store." in text
    assert re.search(r"^USD newly paid +39\.00  39\.00 to 39\.00$", text, re.MULTILINE)
    assert "Hours are of solving alone" in text
    assert sorted(project.rglob("*")) == before


def test_an_unknown_phase_is_an_error_that_names_the_known_ones(project):
    """A slip of the keyboard shows what there is."""
    with pytest.raises(BugladderError, match="phase=p9: unknown phase; conf/phase has baseline, p1"):
        estimate.main(["p9"])


def test_an_unreadable_table_is_named(project):
    """A table that was cut off is one line that names it."""
    climbed("baseline", 4)
    Path("data/baseline/calls.parquet").write_bytes(b"PAR1")
    with pytest.raises(BugladderError, match=r"data/baseline/calls\.parquet: not a readable Parquet file"):
        estimate.main(["p1"])


@pytest.mark.slow
def test_errors_of_the_command_are_one_line(project):
    """The real command ends with 1 and one line on standard error."""
    (project / "src").symlink_to(CONF.parent / "src")
    (project / "stages").symlink_to(CONF.parent / "stages")
    done = stage(project, "estimate", "p9")
    assert (done.returncode, done.stderr.count("\n"), done.stderr[:7]) == (1, 1, "error: ")
