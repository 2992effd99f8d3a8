"""dvc.yaml, conf/ and the code tell the same story: who reads what, who imports whom, and that nothing stands idle."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from bugladder import config
from bugladder.checking import check
from bugladder.composing import compose_phase, read_params
from bugladder.running.code_digest import import_closure, module_name, program_files
from stages.code import PLUG_ROOMS, code_of

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "conf"
_NODES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
CODE = _NODES["code"]
STAGES = {name: node["do"] for name, node in _NODES.items() if name != "code"}
RUNNING = ["control", "run", "score"]
GROUPS = sorted(p.name for p in CONF.iterdir() if p.is_dir() and p.name != "gate")
PHASES = sorted(p.stem for p in (CONF / "phase").glob("*.yaml"))


def modules_below(folder):
    """Every module below a folder but the stand-alone programs."""
    return [p for p in sorted(folder.rglob("*.py")) if "programs" not in p.parts]


def has_code(path):
    """False for a package's file that holds a docstring alone: no edit of it can change a result."""
    if path.name != "__init__.py":
        return True
    return any(not isinstance(n, ast.Expr) for n in ast.parse(path.read_text(encoding="utf-8")).body)


@cache
def reach_of(stage):
    """Every file whose content decides what a stage does, as paths below the project."""
    return {path for path in code_of(stage) if not path.endswith(".py") or has_code(ROOT / path)}


CONFIG = "data/${key}/config.yaml"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_its_own_slice(stage):
    """A stage that declares a slice depends on that slice's file, and on no other part of the configuration."""
    known = {str(config.slice_path("${key}", s)): s for s in config.SLICES}
    slices = [d for d in STAGES[stage]["deps"] if "/slices" in d]
    assert [known[d] for d in slices] == ([stage] if stage in config.SLICES else [])
    # track logs the whole configuration, so it depends on the whole file
    assert (CONFIG in STAGES[stage]["deps"]) == (stage == "track")
    assert not [p for p in STAGES[stage].get("params", []) if isinstance(p, dict) and CONFIG in p]


def test_every_slice_has_a_reader():
    """Slices are written for stages that there are."""
    assert set(config.SLICES) <= set(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_its_own_code(stage):
    """A stage depends on the digests of its own code and of no other stage's, and names no code beside them."""
    code = [d for d in STAGES[stage]["deps"] if d.startswith(("src", "stages", "data/code"))]
    assert code == [f"data/code/{stage}.json"]


def test_code_covers_what_the_stages_reach():
    """An edit of any module, program or template that decides what a stage does makes `code` look again."""
    assert set(PLUG_ROOMS) == set(STAGES)
    deps = [Path(d) for d in CODE["deps"]]
    reached = [Path(p) for stage in (*STAGES, "code") for p in reach_of(stage)]
    assert [p for p in reached if not {p, *p.parents} & {*deps}] == []
    assert [d for d in deps if not any({p, *p.parents} & {d} for p in reached)] == [], (
        "a dependency that nobody reaches"
    )


def test_a_plug_room_is_reached_whole():
    """What conf/ can choose for a stage is part of its code, also what is not chosen now."""
    targets = {v.rpartition(".")[0] for p in CONF.rglob("*.yaml")
               for k, v in leaves(yaml.safe_load(p.read_text())) if k == "_target_"}  # fmt: skip
    for room, stages in (("solvers", ["run"]), ("models", ["run"]), ("datasets", ["select"]), ("sandboxes", RUNNING)):
        chosen = {f"src/{t.replace('.', '/')}.py" for t in targets if t.startswith(f"bugladder.{room}.")}
        assert chosen
        for stage in stages:
            assert not {p for p in chosen if not {p, p.replace(".py", "/__init__.py")} & reach_of(stage)}


def test_paid_work_and_cheap_work_stay_apart():
    """No answer is near run, no solver near another stage, and only analyze depends on the whole analysis."""
    rooms = {s: {Path(p).parts[2] for p in reach_of(s) if p.startswith("src/bugladder/")} for s in STAGES}
    assert rooms["run"].isdisjoint({"grading", "datasets", "scoring", "analysis", "mining"})
    assert not any("answers" in d or "controls" in d for d in STAGES["run"]["deps"])
    assert [s for s in STAGES if rooms[s] & {"solvers", "models"}] == ["run"]
    analysis = {s: [p for p in reach_of(s) if p.startswith("src/bugladder/analysis")] for s in STAGES}
    assert {s for s in STAGES if analysis[s]} == {"resolve", "analyze"}
    assert analysis["resolve"] == ["src/bugladder/analysis/settings.py"]
    assert {"stages/score.py", "stages/control.py"}.isdisjoint(reach_of("run"))


def test_every_table_has_one_writer():
    """What a stage reads of data/ and reports/ is what exactly one stage writes."""
    written = [str(next(iter(o)) if isinstance(o, dict) else o) for n in STAGES.values() for o in outputs(n)]
    read = {d for n in STAGES.values() for d in n["deps"] if d.startswith(("data/$", "reports/$"))}
    assert len(written) == len(set(written))
    assert not [r for r in read if not {r, str(Path(r).parent)} & set(written)]


def outputs(node):
    """A stage's outputs and metrics."""
    return [*node.get("outs", []), *node.get("metrics", [])]


def test_conf_holds_no_environment_and_no_secret():
    """No file resolves an environment variable, and every key that speaks of a secret names a variable."""
    for path in [*CONF.rglob("*.yaml"), ROOT / "params.yaml", ROOT / "dvc.yaml"]:
        text = path.read_text(encoding="utf-8")
        assert "oc.env" not in text, path
        for key, value in leaves(yaml.safe_load(text)):
            if re.search(r"(api_?key|token|secret|password)(_env)?$", key, re.IGNORECASE):
                assert key.endswith("_env"), f"{path}: {key} should name a variable: {key}_env"
                assert re.fullmatch(r"[A-Z][A-Z0-9_]*", str(value)), f"{path}: {key} holds {value!r}"
            assert not re.search(r"\b(sk-|hf_|ghp_)[A-Za-z0-9]{8}", str(value)), f"{path}: {key}"


def leaves(node, key=""):
    """Every (key, value) of nested mappings and lists."""
    if isinstance(node, dict):
        return [leaf for k, v in node.items() for leaf in leaves(v, str(k))]
    if isinstance(node, list):
        return [leaf for v in node for leaf in leaves(v, key)]
    return [(key, node)]


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_composes_and_builds(phase):
    """Each shipped phase composes with the shipped params, and holds what every stage declares."""
    params = read_params(ROOT / "params.yaml")
    whole = compose_phase(phase, params, CONF)
    check(whole, {**params, "phase": phase})
    assert whole["plan"][-1] == {"name": phase, "size": whole["phase"]["size"]}
    for stage in config.SLICES:
        assert config.slice_of(whole, stage, phase)


@pytest.mark.parametrize("group", GROUPS)
def test_every_choice_composes_and_builds(group):
    """Each shipped choice of each group composes and builds with the others' defaults."""
    for choice in sorted(p.stem for p in (CONF / group).glob("*.yaml")):
        params = read_params(ROOT / "params.yaml")
        phase = choice if group == "phase" else "p1"
        if group in params:
            params[group] = choice
        elif group != "phase":
            params["overrides"] = [f"{group}={choice}"]
        check(compose_phase(phase, params, CONF), {**params, "phase": phase, group: choice})


def test_every_group_is_in_the_defaults():
    """A folder of conf/ that no default names would be a choice that nothing reads."""
    defaults = yaml.safe_load((CONF / "config.yaml").read_text())["defaults"]
    assert sorted(g for d in defaults if isinstance(d, dict) for g in d) == GROUPS


def test_no_module_is_dead():
    """Every module is reached from a stage, a command or a plug that conf/ names; programs stand beside one."""
    targets = [v.rpartition(".")[0] for p in CONF.rglob("*.yaml")
               for k, v in leaves(yaml.safe_load(p.read_text())) if k == "_target_"]  # fmt: skip
    roots = [module_name(p, ROOT) for p in modules_below(ROOT / "stages")] + targets
    reached = set().union(*(import_closure(name, ROOT) for name in roots))
    everything = set((ROOT / "src" / "bugladder").rglob("*.py"))
    dead = [p for p in everything - reached - program_files(reached) if has_code(p)]
    assert sorted(str(p.relative_to(ROOT)) for p in dead) == []


@pytest.mark.slow
def test_layers_hold():
    """import-linter finds no import against the layers and no effect in a pure room."""
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout


def test_every_test_file_has_a_name_of_its_own():
    """Two test files of one name in folders without packages would stop the whole suite from being collected."""
    names = [p.name for p in (ROOT / "tests").rglob("*.py") if p.name != "conftest.py"]
    assert sorted(n for n in set(names) if names.count(n) > 1) == []
