import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# A stand-in interpreter: tells a version when asked for it, and fails at anything else.
FAKE = '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; *version_info*) echo {version};; *) exit 1;; esac\n'


@pytest.fixture
def copy(tmp_path):
    """A folder with what set-up reads, as if just unpacked from git, and no .venv."""
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture
def run_make(copy, tmp_path):
    """A function that runs make in the copy, with stand-in interpreters of the given versions first on PATH."""

    def run(target, versions=(), **env):
        bin_folder = tmp_path / "bin"
        bin_folder.mkdir(exist_ok=True)
        for name, version in dict(versions).items():
            (bin_folder / name).write_text(FAKE.format(version=version))
            (bin_folder / name).chmod(0o755)
        clean = {k: v for k, v in os.environ.items() if k not in {"PYTHON", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
        clean |= {"PATH": f"{bin_folder}:{os.environ['PATH']}"} | env
        return subprocess.run(["make", target], cwd=copy, env=clean, capture_output=True, text=True, check=False)

    return run


def lines_of_ours(text):
    """Lines that are not make's own."""
    return [line for line in text.splitlines() if not line.startswith("make")]


@pytest.mark.parametrize("target", ["setup", "repro", "test", "check"])
def test_other_python_is_refused_at_once(run_make, copy, target):
    """Another Python than 3.11 is one line that names both versions, before anything is made."""
    done = run_make(target, {"python3": "3.12", "python3.11": "3.12"})
    assert done.returncode != 0
    (line,) = lines_of_ours(done.stderr)
    assert "needs Python 3.11, and python3 is 3.12" in line
    assert "PYTHON=" in line
    assert not (copy / ".venv").exists()


def test_no_python_is_refused(run_make):
    """An interpreter that is not there is said to be missing."""
    done = run_make("setup", PYTHON="/absent/python")
    assert done.returncode != 0
    assert "/absent/python is missing" in lines_of_ours(done.stderr)[0]


def test_missing_venv_module_names_the_package(run_make, copy):
    """Where python3 -m venv is missing, one line says what to install."""
    done = run_make("setup", {"python3": "3.11"})
    assert done.returncode != 0
    (line,) = lines_of_ours(done.stderr)
    assert "python3 -m venv" in line
    assert "apt install python3.11-venv" in line
    assert not (copy / ".venv").exists()


def test_python311_stands_in(run_make):
    """Where python3 is another version, python3.11 is taken without being asked."""
    done = run_make("setup", {"python3": "3.12", "python3.11": "3.11"})
    assert "python3.11 -m venv" in lines_of_ours(done.stderr)[0]


def test_setup_is_skipped_when_up_to_date(run_make, copy):
    """Set-up does nothing while .venv matches the lock, and works again once the lock changes."""
    (copy / ".venv").mkdir()
    stamp = (copy / "requirements.lock").read_text() + (copy / "pyproject.toml").read_text()
    (copy / ".venv" / "installed.lock").write_text(stamp)
    fakes = {"python3": "3.12", "python3.11": "3.12"}
    done = run_make("setup", fakes)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with (copy / "requirements.lock").open("a") as file:
        file.write("\n")
    assert run_make("setup", fakes).returncode != 0


def test_help_lists_every_target(run_make):
    """`make` alone and `make help` list every target with a word on it."""
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE).group(1).split()
    listed = {line.split()[1] for line in run_make("help").stdout.splitlines()}
    assert listed == set(phony)
    assert run_make("help").stdout == run_make("--").stdout


def test_ci_runs_the_promised_commands():
    """CI is executable, valid bash, and runs check, test and test-all."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    assert re.findall(r"^make (\S+)$", script.read_text(), re.MULTILINE) == ["check", "test", "swebench", "test-all"]


@pytest.mark.slow
def test_no_index_says_what_was_needed(run_make, copy):
    """Without the package index set-up says what was needed and that finished parts are kept, and leaves no stamp."""
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
    done = run_make("setup", **offline)
    assert done.returncode != 0
    assert "the package index is needed" in lines_of_ours(done.stderr)[-1]
    assert not (copy / ".venv" / "installed.lock").exists()


@pytest.mark.slow
@pytest.mark.network
def test_setup_from_a_zip(run_make, copy):
    """Without .git set-up installs everything, dvc works, and a second set-up has nothing to do."""
    (copy / ".git").rmdir()
    for name in ("src", ".dvc", "README.md"):
        source = ROOT / name
        ignored = shutil.ignore_patterns("cache", "tmp", "config.local", "__pycache__")
        shutil.copytree(source, copy / name, ignore=ignored) if source.is_dir() else shutil.copy(source, copy)
    done = run_make("setup")
    assert done.returncode == 0, done.stderr
    (copy / "dvc.yaml").write_text("stages:\n  one:\n    cmd: echo x > out\n    outs: [out]\n")
    repro = subprocess.run([".venv/bin/dvc", "repro"], cwd=copy, capture_output=True, text=True, check=False)
    assert repro.returncode == 0, repro.stderr
    assert (copy / "out").read_text() == "x\n"
    again = run_make("setup")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
