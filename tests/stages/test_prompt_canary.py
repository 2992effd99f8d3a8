"""No answer reaches a model: planted tokens are searched for in every prompt and every request as a server got it."""

from __future__ import annotations

import copy
import json
import re
import shutil
from contextlib import chdir

import pytest
from canary import of_table, search
from chat_acts import failure, in_order, reply, too_long
from chat_server import ChatServer
from climbing import choose
from planting import new_token, plant
from tiny_bug import PROJECT

from bugladder import config
from bugladder.records import tables
from stages import resolve, run

pytestmark = pytest.mark.slow

PROMPTS = PROJECT / "src" / "bugladder" / "solvers" / "debugging" / "prompts"
# Where answers lie on this machine, as a model might guess that they do.
HIDDEN_PLACES = [
    "data/baseline/answers.parquet",
    "../answers.parquet",
    "tests/../../../data/baseline/instances.parquet",
    "/proc/self/environ",
    ".git/config",
    ".bugladder/sdists/tiny-1.1.tar.gz",
    "tests/test_hidden.py",
]
SEARCHES = ["canary", "def test_", "FAIL_TO_PASS", "reference_patch", "hidden", "in no file at all"]


def said(**answer):
    """A reply with an object of the loop's."""
    return reply(json.dumps({"analysis": "", "open": [], "search": [], **answer}))


def look(*files, words=()):
    """A reply that asks for whole files and for texts."""
    wanted = [{"file": f, "first_line": 1, "last_line": 0} for f in files]
    return said(open=wanted, search=list(words))


def wrote(body, path="tests/test_own.py", head="from tiny import add"):
    """A reply with a test."""
    return said(files=[{"path": path, "content": f"{head}\n\n\ndef test_own():\n    {body}\n"}])


def edit(replacement, search_text="return a - b", file="tiny.py"):
    """A reply with an edit."""
    return said(edits=[{"file": file, "search": search_text, "replacement": replacement}])


def whole(expression):
    """A reply with a whole file."""
    return said(files=[{"file": "tiny.py", "content": f"def add(a, b):\n    return {expression}\n\n\n{DOUBLE}"}])


DOUBLE = "def double(a):\n    return a * 2\n"
LOOKS = (
    look("tiny.py", "tests/test_tiny.py", *HIDDEN_PLACES, words=SEARCHES),
    look("README", words=["double"]),
    look(*HIDDEN_PLACES),
)
# Tests that are sent back for each reason there is, then some that expect something wrong.
SENT_BACK = (
    reply("I would test the sum."),
    wrote("assert add(1, 0) == 1"),
    wrote("assert add(1, 1) == 2", head="from tiny import add, nothing"),
    wrote("time.sleep(9)", head="import time"),
    wrote("assert add(1, 1) == 2", path="tests/test_tiny.py"),
    wrote("assert add(1, 1) == 3"),
)
# Patches that no step accepts: refused, cut, too long, unreadable, impossible, blocked.
NOT_TAKEN = (
    reply("", refusal="I cannot help with that."),
    reply('{"edits": [', finish_reason="length"),
    too_long(),
    failure(400, "filtered", code="content_filter"),
    reply("The sign is wrong."),
    edit("return a + b", search_text="return a -- b"),
    edit("x", search_text="", file="../outside.py"),
    edit("assert True", search_text="import pytest", file="tests/test_tiny.py"),
)
# Half of it, nothing, the same again, all of it; then the own tests are in doubt and are mended.
TAKEN = (
    edit("return a + b if b > 3 else a * b - 1"),
    edit("return b - a"),
    edit("return b - a"),
    edit("return a + b"),
    wrote("assert add(1, 1) == 2"),
)
BLIND = (look("tiny.py"), wrote("assert add(1, 1) == 2"), whole("b - a"), whole("a * b"), whole("a + b"))


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A project with one planted bug, its task and answer made, set up for the loop."""
    found = plant(tmp_path_factory.mktemp("planted"))
    choose(found.root, solver="loop", model="scripted")
    with chdir(found.root):
        resolve.main(["baseline"])
    return found


@pytest.fixture(scope="module")
def ask(planted):
    """Runs the loop on a changed task against a server; gives all requests as they came, and the tables, as places."""

    def go(acts, label, row=None, **solver):
        (task,) = tables.read(tables.TASKS, planted.folder / "tasks.parquet")
        with ChatServer(in_order(*acts)) as server, chdir(planted.root):
            slice_ = copy.deepcopy(config.load("baseline", "run"))
            slice_["solver"] |= {"max_iterations": 30, "max_sent_back": 30, "early_stop": False, **solver}
            slice_["model"] = {"_target_": "bugladder.models.openai_chat.OpenAIChat", "name": "canary", "model": "any"}
            slice_["model"] |= {"base_url": server.base_url}
            slice_["prices"]["allow_unpriced"] = True
            found = run.run(slice_, [{**task, **(row or {})}], None, label)
            requests = [(r.path, r.headers, r.body) for r in server.requests]
        assert found["candidates"][0]["status"] == "done", found["candidates"][0]["reason"]
        return requests, found

    return go


@pytest.fixture(scope="module")
def asked(ask):
    """A run through every branch of the loop, and one without public failing tests that asks for whole files."""
    return {
        "shown": ask((*LOOKS, *SENT_BACK, *NOT_TAKEN, *TAKEN), "shown"),
        "blind": ask(BLIND, "blind", {"public_fail_to_pass": []}, edit_format="whole_file"),
    }


def places(asked, folder):
    """Every request with its headers, and the tables of what was asked and answered, as places to search."""
    found = {}
    for name, (requests, rows) in asked.items():
        for number, (path, headers, body) in enumerate(requests):
            found[f"{name} request {number}"] = body
            found[f"{name} request {number} head"] = json.dumps([path, headers]).encode()
        for table in ("attempts", "candidates", "calls", "transcripts"):
            path = folder / f"{name}-{table}.parquet"
            tables.write(tables.ALL[table], rows[table], path)
            found |= of_table(path)
    return found


def prompts(asked):
    """The messages of each request, as the server read them."""
    bodies = [json.loads(body) for requests, _ in asked.values() for _, _, body in requests]
    return ["\n".join(m["content"] for m in body["messages"]) for body in bodies]


def test_no_answer_is_in_any_request(planted, asked, tmp_path):
    """Tokens of the reference patch, of hidden tests and of their ids are in no request, header or transcript."""
    seen = places(asked, tmp_path)
    assert len(asked["shown"][0]) >= len((*LOOKS, *SENT_BACK, *NOT_TAKEN, *TAKEN))
    secret = planted.secret()
    assert len(secret) == 18
    assert search(secret, seen) == []


def test_the_requests_do_hold_what_is_public(planted, asked, tmp_path):
    """The same search finds every token of the public tests in the requests: it does look where they would be."""
    bodies = {name: body for name, body in places(asked, tmp_path).items() if re.fullmatch(r"shown request \d+", name)}
    assert {s.token for s in search(planted.public(), bodies)} == set(planted.public())


def test_every_branch_of_every_prompt_was_asked(asked):
    """Each sentence of the prompt files stands in some request: no branch was left out of the search."""
    found = "\n".join(prompts(asked))
    written = [part for file in sorted(PROMPTS.glob("*.jinja")) for part in sentences(file)]
    assert len(written) > 50
    assert [part for part in written if part not in found] == []


def sentences(file):
    """The literal parts of a template's lines that are long enough to be known again."""
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}", "\n", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    parts = (part.strip() for line in text.splitlines() for part in re.split(r"\{\{.*?\}\}", line))
    return [part for part in parts if len(part) >= 8]


def test_hidden_places_are_told_to_be_none(asked):
    """Whatever path outside of the task a model asks for, it is told that there is no such file, and nothing else."""
    shown = prompts(asked)[1]
    for place in HIDDEN_PLACES:
        assert f"{place!r} is no text file of the repository" in shown
    assert "'reference_patch': in no file" in shown


# Only a run puts the two halves together.
SPEAKS = """import pytest


@pytest.fixture(autouse=True)
def speak():
    print("{}" + "{}")
"""
LEAKS = {
    "issue": lambda word: {"problem_statement": f"add is wrong, see {word}"},
    "a file that the model opens": lambda word: {"environment": {"NOTES.md": f"{word}\n"}},
    "what a test says": lambda word: {"environment": {"conftest.py": SPEAKS.format(word[:9], word[9:])}},
}


@pytest.mark.parametrize("place", LEAKS)
def test_a_leak_is_found(planted, ask, tmp_path, place):
    """A token that leaks into the issue, into a file or into the output of a test is found in a request."""
    word = new_token()
    row = LEAKS[place](word)
    if "environment" in row:
        (task,) = tables.read(tables.TASKS, planted.folder / "tasks.parquet")
        environment = json.loads(task["environment"])
        environment["overlay"] |= {path: {"text": text} for path, text in row["environment"].items()}
        row = {"environment": json.dumps(environment)}
    shutil.rmtree(planted.root / ".bugladder" / "store", ignore_errors=True)
    found = ask((look("NOTES.md", "tiny.py"), wrote("assert add(1, 1) == 2"), edit("return a + b")), place, row)
    sightings = search([word], places({place: found}, tmp_path))
    assert any(re.match(rf"{place} request \d+$", s.place) for s in sightings)
