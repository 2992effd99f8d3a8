import json
from dataclasses import replace

import pytest

from bugladder.records import BugladderError, Environment, ImageSource, MirrorSource, RunnerSpec, SdistSource
from bugladder.records.setup_steps import EditableInstall, ReplaceText, StartUpPatches, WheelFiles

FILES = {"tests/a.py": b"x = 1\r\n", "tests/\u00fc.bin": bytes(range(256)), "tests/gone.py": None, "tests/empty": b""}
SPEC = RunnerSpec("pytest", ("tests", "more"), (".", "src"), (("A", "1"), ("B", "2=3")), ("-p", "no:x"))
SDIST = SdistSource("tiny", "1.0", "tiny-1.0.tar.gz", "0" * 64)
MIRROR = MirrorSource("owner/name", "a" * 40, "mirrors")
IMAGE = ImageSource("registry.example/name:1", "owner/name", "a" * 40)
ENVIRONMENT = Environment(SDIST, ("a==1", "b==2"), SPEC, overlay=FILES)
STEPS = (
    ReplaceText("setup.cfg", ">=>=", ">="),
    EditableInstall((("SETUPTOOLS_SCM_PRETEND_VERSION", "1.0"),)),
    WheelFiles("tiny", "1.0", "tiny-1.0-cp311-cp311-linux_x86_64.whl", "f" * 64, ("*.so", "tiny/_version.py")),
    StartUpPatches(("old_names",)),
)
# As the first stored results have them: a change here makes every stored result of a dataset of sdists unfindable.
FIRST_DIGEST = "72a77126e3ad4ff2803d940d70aa26db780e6c10914900903a35c90ab424abcf"
FIRST_JSON = (
    '{"overlay":{},"python":"3.11","requirements":["a==1"],"runner":{"env":[],"name":"pytest","options":[],'
    '"paths":["tests"],"pythonpath":["."]},"source":{"filename":"tiny-1.0.tar.gz","kind":"sdist","name":"tiny",'
    f'"sha256":"{"0" * 64}","version":"1.0"}}}}'
)


def test_the_environment_of_an_sdist_keeps_the_digest_of_the_first_results():
    """What environments learnt since stands in their JSON only where it says something."""
    assert ENVIRONMENT.digest == FIRST_DIGEST
    assert Environment(SDIST, ("a==1",), RunnerSpec("pytest", ("tests",))).to_json() == FIRST_JSON


@pytest.mark.parametrize(
    "source", [SDIST, MIRROR, IMAGE, replace(IMAGE, workdir="/src", digest="sha256:1")], ids=lambda s: s.kind
)
def test_an_environment_of_each_kind_survives_its_json(source):
    """Source, set-up steps, overlay and parser read back as they were written."""
    spec = replace(SPEC, parser="parse_log_django")
    environment = Environment(source, ("a==1",), spec, python="3.9", overlay=FILES, setup=STEPS)
    found = Environment.from_json(environment.to_json())
    assert found == environment
    assert found.overlay == FILES
    assert found.digest == environment.digest


@pytest.mark.parametrize(
    "changed",
    [
        replace(ENVIRONMENT, setup=STEPS[:1]),
        replace(ENVIRONMENT, runner=replace(SPEC, parser="parse_log_django")),
        replace(ENVIRONMENT, source=MIRROR),
        replace(ENVIRONMENT, overlay={**FILES, "tests/empty": b"\n"}),
        replace(ENVIRONMENT, python="3.9"),
    ],
    ids=["setup", "parser", "source", "overlay", "python"],
)
def test_whatever_decides_a_result_changes_the_digest(changed):
    """Each part of an environment that a test run depends on is part of its digest."""
    assert changed.digest != ENVIRONMENT.digest


def test_the_order_of_overlay_files_does_not_change_the_digest():
    """Equal environments have equal digests."""
    shuffled = replace(ENVIRONMENT, overlay=dict(reversed(FILES.items())))
    assert shuffled.digest == ENVIRONMENT.digest


def test_where_a_mirror_stands_does_not_change_the_digest():
    """A moved folder of clones finds the stored results again; another commit does not."""
    here = replace(ENVIRONMENT, source=MIRROR)
    assert replace(here, source=replace(MIRROR, mirrors="https://host.example")).digest == here.digest
    assert replace(here, source=replace(MIRROR, commit="b" * 40)).digest != here.digest


def test_a_mirror_is_looked_for_under_the_names_that_clones_have():
    """A folder may be flat or by owner, with or without .git; behind a URL stands owner/name.git."""
    assert MIRROR.places == (
        "mirrors/owner__name.git", "mirrors/owner__name", "mirrors/owner/name.git", "mirrors/owner/name",
    )  # fmt: skip
    assert replace(MIRROR, mirrors="https://host.example/").places == ("https://host.example/owner/name.git",)


def test_an_environment_of_another_kind_is_refused():
    """A source of a kind that this version does not know is an error with the known ones."""
    raw = json.loads(ENVIRONMENT.to_json())
    raw["source"]["kind"] = "tape"
    with pytest.raises(BugladderError, match="'tape' is unknown; known: image, mirror, sdist"):
        Environment.from_json(json.dumps(raw))


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"kind": "shell", "run": "make"}, "set-up step 'shell' is unknown; known: editable, replace, start_up, wheel"),
        ({"kind": "editable", "flags": []}, "set-up step editable: unknown key 'flags'; known: env"),
        ({"kind": "replace", "path": "a"}, "set-up step replace: a key is missing; it needs path, old, new"),
    ],
)
def test_a_step_that_is_none_is_refused(step, words):
    """Set-up is data of known kinds: no shell, no key too many, none missing."""
    raw = {**json.loads(ENVIRONMENT.to_json()), "setup": [step]}
    with pytest.raises(BugladderError, match=words):
        Environment.from_json(json.dumps(raw))
