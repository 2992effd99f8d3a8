"""What `python -m stages.preflight` promises, on a SWE-bench file of our own below the real conf/."""

import shutil
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from swe_bench_rows import classic, write_rows
from tiny_mirror import make_mirror
from tiny_project import PROJECT

from bugladder.config.files import write
from stages import preflight


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project folder with the real conf/ and recipes, whose dataset is a file and whose mirrors stand beside it."""
    shutil.copytree(PROJECT / "conf", tmp_path / "conf")
    params = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    recipes = tmp_path / "data" / "swe_bench" / "recipes"
    shutil.copytree(PROJECT / "data" / "swe_bench" / "recipes", recipes)
    mirror = make_mirror(tmp_path / "git")
    mirror.bare.rename(mirror.folder / "django__django.git")
    versions = [("4.1", mirror.commit), ("1.0", mirror.commit), ("4.1", "1" * 40), ("4.2", mirror.commit)]
    rows = [
        classic(instance_id=f"django__django-{n}", repo="django/django", version=version, base_commit=commit)
        for n, (version, commit) in enumerate(versions)
    ]
    write_rows(tmp_path / "rows.json", rows)
    params |= {"dataset": "swe_bench", "solver": "no_op", "sandbox": "local"}
    params["files"] |= {"dataset": "rows.json"}
    params["overrides"] = [
        f"dataset.mirrors={mirror.folder}", "dataset.expected=null", "selection.ensure_baseline=false"
    ]  # fmt: skip
    write(tmp_path / "params.yaml", yaml.safe_dump(params))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("asked", [["baseline"], ["baseline", "--all"]])
def test_what_can_run_and_why_the_rest_cannot(project, capsys, asked):
    """Numbers by repository, then each instance that cannot run with its reason; nothing is fetched or written."""
    before = sorted(p for p in project.rglob("*") if ".git" not in p.parts)
    preflight.main(asked)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 of 4 instances can run here"
    assert lines[1].split() == ["django/django", "2", "of", "4"]
    reasons = dict(line.split(": ", 1) for line in lines[2:])
    assert set(reasons) == {"django__django-1 (1.0)", "django__django-2 (4.1)"}
    assert "never seen to run on Python 3.11" in reasons["django__django-1 (1.0)"]
    assert "lacks this commit" in reasons["django__django-2 (4.1)"]
    assert sorted(p for p in project.rglob("*") if ".git" not in p.parts) == before
