import json

import pytest
import yaml
from swe_bench_rows import classic, real_file, write_rows
from tiny_project import make_project, stage


@pytest.fixture
def project(tmp_path):
    """Make a project whose params.yaml names a dataset and its file, and resolve its phases."""

    def make(dataset, file, phase="baseline"):
        root = make_project(tmp_path / "project", count=2, sizes={"baseline": 4, "p1": 10})
        params = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
        params |= {"dataset": dataset, "files": {**params["files"], "dataset": str(file)}}
        (root / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
        resolved = stage(root, "resolve", phase)
        assert resolved.returncode == 0, resolved.stderr
        return root

    return make


@pytest.mark.slow
def test_the_real_lite_is_complete_and_a_phase_is_shown_beside_it(project):
    """300 of 300, none missing, none twice; a phase has its own column, and selection.json says which data it is of."""
    root = project("swe_bench", real_file("test"), "p1")
    done = stage(root, "select", "--verify", "p1")
    assert done.returncode == 0, done.stderr
    assert "300 of 300 instances, 0 missing, 0 too many, no duplicate" in done.stdout
    (django,) = [line.split() for line in done.stdout.splitlines() if " django/django " in line]
    assert django[:4] == ["repository", "django/django", "114", "38.0%"]
    assert stage(root, "select", "p1").returncode == 0
    report = json.loads((root / "data" / "p1" / "selection.json").read_text(encoding="utf-8"))
    assert len(report["ids"]) == 10
    assert (report["dataset"]["rows"], report["dataset"]["place"]) == (300, "swe_bench_lite_test.parquet")
    assert f"content_sha256: {report['dataset']['content_sha256']}" in done.stdout


def test_a_file_that_lacks_instances_says_which_repositories(project, tmp_path):
    """What is missing is told by repository, without a phase too."""
    root = project("swe_bench", write_rows(tmp_path / "few.jsonl", [classic()]))
    done = stage(root, "select", "--verify")
    assert done.returncode == 0, done.stderr
    assert "1 of 300 instances, 299 missing, 0 too many" in done.stdout
    assert "  sympy/sympy: 1 of 77" in done.stdout


def test_a_file_with_a_duplicate_is_refused_with_its_id(project, tmp_path):
    """The check ends with one line that names the id."""
    root = project("swe_bench", write_rows(tmp_path / "twice.jsonl", [classic(), classic()]))
    done = stage(root, "select", "--verify")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "sympy__sympy-1: duplicate id, it stands 2 times" in done.stderr


def test_a_dataset_of_unknown_size_is_shown_as_it_is(project):
    """The embedded catalog is all there is: its coverage is printed, nothing is said to be missing."""
    root = project("pypi", "data/pypi")
    done = stage(root, "select", "--verify")
    assert done.returncode == 0, done.stderr
    assert "2 instances, no duplicate; nobody says how many there should be" in done.stdout
    assert done.stdout.startswith("name: pypi\n")
