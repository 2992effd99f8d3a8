"""The loop on the tiny bug: real edits, real pytest runs, and a chat that replies from a list."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time

import pytest
from listed_chat import ListedChat
from tiny_bug import BUGGY, FAIL_TO_PASS, FIXED, NEW_TESTS, PASS_TO_PASS

from bugladder.records import BugladderError, Outcome
from bugladder.records.chats import Reply, Usage
from bugladder.solvers.debugging.context import ContextLimits
from bugladder.solvers.loop import LoopSolver

FILES = {"tiny.py": BUGGY.decode(), "tests/test_tiny.py": NEW_TESTS.decode()}
GOOD_TEST = "from tiny import add\n\n\ndef test_sum():\n    assert add(2, 2) == 4\n"
TOO_MANY = "".join(f"def test_more_{n}(): assert add(2, {n + 1}) == {n + 3}\n" for n in range(100))
DIGEST_TEST = """import hashlib
from pathlib import Path

import tiny


def test_digest():
    assert hashlib.sha256(Path(tiny.__file__).read_bytes()).hexdigest() != "{digest}"
"""


def wrote(content=GOOD_TEST, path="tests/test_own.py"):
    """A reply with one test file."""
    return {"analysis": "it subtracts", "open": [], "search": [], "files": [{"path": path, "content": content}]}


def fix(replacement="return a + b", search="return a - b", file="tiny.py"):
    """A reply with one edit."""
    edit = {"file": file, "search": search, "replacement": replacement}
    return {"analysis": "", "open": [], "search": [], "edits": [edit]}


HALF = fix("return a + b if b >= 0 else a - b")
WRONG = fix("return b - a")


@pytest.fixture
def solve(lab):
    """Run the loop with listed replies; gives its solution and the chat."""

    def run(lines, failing=FAIL_TO_PASS, passing=PASS_TO_PASS, files=FILES, limit_s=300.0, **settings):
        place = lab(files)
        chat = ListedChat(lines)
        bench = dataclasses.replace(place.bench(limit_s=limit_s), chat=chat)
        task = dataclasses.replace(place.task(list(failing), list(passing)), problem_statement="add subtracts")
        return LoopSolver(**settings).solve(task, bench), chat

    return run


def applied(lab, patch):
    """The public outcomes of a patch in a fresh folder."""
    fresh = lab(FILES)
    assert fresh.workspace.apply(patch).applied
    return set(fresh.workspace.test([*FAIL_TO_PASS, *PASS_TO_PASS]).outcomes().values())


def test_the_first_patch_fixes(solve, lab):
    """Tests that fail and a patch that passes everything end the loop in one round, and both are handed in."""
    solution, chat = solve([wrote(), fix()])
    assert chat.steps == ["reproduce", "fix"]
    (row,) = solution.attempts
    assert (row.iteration, row.step, row.stop_reason) == (1, "both", "all public evidence passes")
    assert (row.public_fail_to_pass_passed, row.public_pass_to_pass_passed) == (6, 4)
    assert (row.tokens_in, row.tokens_out, row.gates) == (200, 20, {})
    assert solution.candidate.iterations == 1
    assert solution.candidate.test_files == {"tests/test_own.py": GOOD_TEST.encode()}
    assert applied(lab, solution.candidate.patch) == {Outcome.PASSED}
    assert not solution.was_cut


def test_a_model_that_only_refuses_is_quoted(solve):
    """Where no reply ever came, the reason and each round's findings say it in the model's own words."""
    refusal = "no scripted reply is written for this instance"
    solution, _ = solve([Reply("", "no_script", "m", Usage(0, 0), refusal=refusal)] * 2, max_iterations=2)
    assert solution.candidate.patch is None
    assert solution.candidate.reason == f"iteration limit; the model only refused: {refusal}"
    assert [a.detail["findings"] for a in solution.attempts] == [[f"reproduce: {refusal}"]] * 2


def test_what_fails_comes_back(solve):
    """A patch that fails is shown with what the tests say under it, and the next one may fix."""
    solution, chat = solve([wrote(), WRONG, fix()])
    assert [a.step for a in solution.attempts] == ["both", "patch"]
    assert "+    return b - a" in chat.prompt(2)
    assert "assert 1 == 3" in chat.prompt(2)
    assert "assert -1 == 3" in chat.prompt(1)
    assert solution.candidate.iterations == 2
    assert solution.candidate.patch.count("+    return a + b") == 1


@pytest.mark.slow
def test_tests_that_do_not_reproduce_go_back(solve):
    """A test that passes or cannot be imported goes back with its output, and each time costs a round."""
    passing = GOOD_TEST.replace("add(2, 2) == 4", "add(2, 0) == 2")
    broken = GOOD_TEST.replace("from tiny import add", "from tiny import subtract as add")
    solution, chat = solve([wrote(passing), wrote(broken), wrote(), fix()], max_sent_back=3)
    assert chat.steps == ["reproduce", "reproduce", "reproduce", "fix"]
    assert "test_sum passes on the buggy code" in chat.prompt(1)
    assert "could not be collected" in chat.prompt(2)
    assert "cannot import name 'subtract'" in chat.prompt(2)
    assert [a.step for a in solution.attempts] == ["both", "both", "both"]
    assert solution.candidate.iterations == 3


def test_work_goes_on_without_tests(solve):
    """After tests were sent back often enough a patch is asked without them; public tests alone may end the loop."""
    solution, chat = solve([wrote("def test_it():\n    pass\n"), fix()], max_sent_back=1)
    assert chat.steps == ["reproduce", "fix"]
    assert solution.candidate.test_files == {}
    assert solution.attempts[-1].stop_reason == "all public evidence passes"


@pytest.mark.slow
def test_gates_ask_again_and_use_up_rounds(solve):
    """A reply in prose, a patch of tests and tests that sleep are sent back; each is counted and costs a round."""
    sleeping = "import time\n" + GOOD_TEST.replace("    assert", "    time.sleep(1)\n    assert")
    of_tests = fix("assert add(1, 2) == -1", "assert add(1, 2) == 3", "tests/test_tiny.py")
    solution, chat = solve([wrote(sleeping), wrote(), "I would add a plus.", of_tests, fix()])
    assert [a.gates for a in solution.attempts] == [{"G7": 1}, {"G0": 1}, {"G6": 1}, {}]
    assert solution.candidate.iterations == 4
    assert "time.sleep" in chat.prompt(1)
    assert "could not be read" in chat.prompt(3)
    assert "tests/test_tiny.py" in chat.prompt(4).split("What is wrong with your last reply")[1]


@pytest.mark.slow
def test_a_disabled_gate_lets_pass(solve):
    """Without G7 a test that sleeps is run like any other."""
    sleeping = "import time\n" + GOOD_TEST.replace("    assert", "    time.sleep(0.01)\n    assert")
    solution, _ = solve([wrote(sleeping), fix()], enable_gates=("G0", "G1", "G6"))
    assert len(solution.attempts) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("early_stop", "rounds"), [(True, 3), (False, 4)])
def test_early_stop(solve, early_stop, rounds):
    """With `patience` rounds without better evidence the loop ends early; switched off, it uses its rounds up."""
    # what is no better may be different
    worse = [fix(f"return b - a - {n}") for n in range(1, 4)]
    own = wrote(GOOD_TEST.replace("add(2, 2) == 4", "add(1, 0) + add(0, 1) == 2"))
    solution, _ = solve([own, WRONG, *worse], max_iterations=4, early_stop=early_stop)
    assert len(solution.attempts) == rounds
    assert solution.attempts[-1].stop_reason.startswith("early stop" if early_stop else "iteration limit")


@pytest.mark.slow
def test_the_best_candidate_is_kept(solve):
    """After a better patch a worse one is not handed in, and the rounds of both count."""
    own = wrote(GOOD_TEST.replace("add(2, 2) == 4", "add(2, -2) == 0"))
    solution, chat = solve([own, HALF, WRONG, fix("return b - a - 1")])
    assert "return a + b if b >= 0 else a - b" in solution.candidate.patch
    assert solution.candidate.iterations == 3
    assert solution.attempts[-1].stop_reason.startswith("early stop")
    assert "The best patch so far" not in chat.prompt(2)
    assert "The best patch so far (3 of 5 failing tests pass" in chat.prompt(3)


@pytest.mark.slow
def test_weak_tests_are_asked_again_with_the_patch(solve):
    """After a round without progress under a patch that own tests pass and public ones do not, both are asked again."""
    more = wrote(GOOD_TEST.replace("add(2, 2) == 4", "add(2, -2) == 0"), "tests/test_more.py")
    solution, chat = solve([wrote(), HALF, WRONG, more, fix()])
    assert [a.step for a in solution.attempts] == ["both", "patch", "both"]
    assert "do not show the whole bug" in chat.prompt(3)
    assert "return a + b if b >= 0 else a - b" in chat.prompt(3)
    assert [*solution.candidate.test_files] == ["tests/test_more.py"]


@pytest.mark.slow
def test_tests_in_doubt_are_asked_again(solve):
    """Where a patch passes all but the own tests it is kept and tests are asked again; good ones end the loop."""
    mistaken = GOOD_TEST.replace("== 4", "== 5")
    solution, chat = solve([wrote(mistaken), fix(), wrote()])
    assert chat.steps == ["reproduce", "fix", "reproduce"]
    assert [a.step for a in solution.attempts] == ["both", "tests"]
    assert "yours may expect something wrong" in chat.prompt(2)
    assert solution.attempts[-1].stop_reason == "all public evidence passes"
    assert solution.candidate.test_files == {"tests/test_own.py": GOOD_TEST.encode()}


@pytest.mark.slow
def test_equal_runs_ask_the_same(solve):
    """Two runs on the same task make the same requests, failing tests' output and all, so that a reply serves both."""
    asked = [solve([wrote(), HALF, WRONG, fix()])[1].asked for _ in range(2)]
    assert len(asked[0]) == 4
    assert asked[0] == asked[1]


def test_the_token_limit_ends_the_loop(solve):
    """No question is asked once the tokens used reach the limit, not even inside a round."""
    solution, chat = solve([wrote()], max_tokens_total=110)
    assert chat.steps == ["reproduce"]
    assert solution.attempts[-1].stop_reason == "token limit"
    assert solution.candidate.patch is None


@pytest.mark.slow
def test_padding_gains_nothing(solve):
    """Of a hundred own tests five count, together as one unit: a patch that only they pass is no better for them."""
    solution, _ = solve([wrote(GOOD_TEST + TOO_MANY), fix("return 2 + b")], max_iterations=1)
    assert solution.attempts[0].detail["standing"] == "1 of 5 failing tests pass, 4 of 4 passing tests still do"
    assert solution.attempts[0].stop_reason == "iteration limit"


@pytest.mark.slow
def test_a_repeated_edit_is_told_and_heats_up_once(solve):
    """The question after a repeated edit says so and has the raised temperature; the one after that does not."""
    solution, chat = solve([wrote(), WRONG, WRONG, HALF, fix()], patience=4)
    assert [q.temperature for q in chat.asked] == [0.0, 0.0, 0.0, 0.7, 0.0]
    assert "proposed this very change before" in chat.prompt(3)
    assert "proposed this very change before" not in chat.prompt(4)
    assert "assert 1 == 3" in chat.prompt(3)
    assert solution.attempts[1].detail["steps"] == {"fix": "repeated"}


def test_a_blind_task_is_judged_by_own_tests(solve):
    """Without public tests the own tests are the evidence, and what passes them ends the loop."""
    solution, chat = solve([wrote(), fix()], failing=(), passing=())
    assert "No failing test is known" in chat.prompt(0)
    assert solution.attempts[-1].stop_reason == "all public evidence passes"
    assert solution.candidate.reason.endswith("1 of 1 failing tests pass, 0 of 0 passing tests still do")


@pytest.mark.slow
def test_no_evidence_never_passes(solve):
    """A blind task whose tests never reproduce gets a patch, is asked for tests again, and never counts as solved."""
    idle = [wrote(f"def test_it():\n    assert {n}\n") for n in (1, 2, 3, 4)]
    solution, chat = solve([*idle[:2], fix(), *idle[2:]], failing=(), passing=())
    assert chat.steps == ["reproduce", "reproduce", "fix", "reproduce", "reproduce"]
    assert solution.attempts[-1].stop_reason.startswith("early stop")
    assert "0 of 0 failing tests pass" in solution.candidate.reason


@pytest.mark.parametrize(
    ("gates", "words"),
    [(("G0", "G7"), "blocked"), pytest.param(("G0",), "once a comment is added", marks=pytest.mark.slow)],
    ids=["by gate", "by run"],
)
def test_a_test_of_the_sources_digest_gains_nothing(solve, gates, words):
    """A test that any change of a source file satisfies is sent back: by its gate, and where that is off by its run."""
    reading = DIGEST_TEST.format(digest=hashlib.sha256(BUGGY).hexdigest())
    solution, _ = solve([wrote(reading)], failing=(), passing=(), enable_gates=gates, max_iterations=1)
    assert words in solution.attempts[0].detail["steps"]["reproduce"]
    assert solution.candidate.test_files == {}
    assert solution.attempts[0].gates == ({"G7": 1} if "G7" in gates else {})


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        pytest.param(Reply("{", "length", "m", Usage(5, 5)), "length", marks=pytest.mark.slow),
        pytest.param(Reply("", "stop", "m", Usage(5, 5), "I cannot help."), "refusal", marks=pytest.mark.slow),
        pytest.param(Reply("", "content_filter", "m", None), "content_filter", marks=pytest.mark.slow),
        pytest.param(Reply("", "context_length", "m", None), "context_length", marks=pytest.mark.slow),
        (Reply('{"files": [', "stop", "m", None), "unparsed"),
        pytest.param(Reply('{"files": []}', "stop", "m", None), "empty", marks=pytest.mark.slow),
    ],
)
def test_replies_that_cannot_be_used_are_states(solve, reply, state):
    """A cut, refused, filtered, oversized, broken or empty reply is a row with its state, and is asked again."""
    solution, chat = solve([reply, wrote(), fix()])
    first, second = solution.attempts
    assert first.detail["steps"] == {"reproduce": state}
    assert first.gates == ({"G0": 1} if state == "unparsed" else {})
    assert first.tokens_in > 0
    assert second.stop_reason == "all public evidence passes"
    assert len(chat.asked) == 3


@pytest.mark.slow
def test_an_equal_question_asks_for_another_sample(solve):
    """Where a question is equal to an earlier one another sample is asked for, lest the same reply come back."""
    refused = Reply("", "stop", "m", None, refusal="no")
    _, chat = solve([refused, refused, refused, wrote(), fix()], max_sent_back=9)
    assert chat.asked[1].messages == chat.asked[2].messages
    assert [q.sample for q in chat.asked[:4]] == [0, 0, 1, 2]


def test_requests_for_code_are_granted_within_bounds(solve):
    """Lines and searches that the model asks for are in the next prompt, no round is used, and they come to an end."""
    wish = {"open": [{"file": "tests/test_tiny.py", "first_line": 5, "last_line": 6}], "search": ["a - b"], "files": []}
    lines = [wish, {**wish, "open": [{"file": "tests/test_tyni.py", "first_line": 1, "last_line": 2}]}, wrote(), fix()]
    solution, chat = solve(lines, context=ContextLimits(requests=2))
    assert '<file path="tests/test_tiny.py" lines="5-6" of="37">' in chat.prompt(1)
    assert "tiny.py:6: return a - b" in chat.prompt(1)
    assert "did you mean tests/test_tiny.py" in chat.prompt(2)
    assert "You cannot ask for more code" in chat.prompt(2)
    assert (solution.candidate.iterations, solution.attempts[0].detail["requests"]) == (1, 2)


@pytest.mark.slow
def test_whole_files(solve, lab):
    """With whole_file the model gives files, and the diff made of them is as small as the change."""
    whole = {"files": [{"file": "tiny.py", "content": FIXED.decode()}]}
    solution, chat = solve([wrote(), whole], edit_format="whole_file")
    assert chat.asked[1].schema_name == "WholeFileReply"
    assert solution.candidate.patch.count("\n+") == 2
    assert applied(lab, solution.candidate.patch) == {Outcome.PASSED}


@pytest.mark.parametrize(
    "path", ["../test_out.py", "/tmp/test_out.py", "tests/../../test_out.py", ".git/test_x.py", "tests/test_tiny.py",
             "tests/conftest.py", "tests/data.json", "tests", "link/test_x.py", "tiny.py/test_x.py",
             f"{'x' * 300}_test.py"],
)  # fmt: skip
def test_tests_at_forbidden_places_go_back(lab, path):
    """A test file outside the repository, over an existing file, behind a link or with a hook's name is never run."""
    place = lab(FILES)
    place.workspace.run("ln", "-s", "/tmp", "link")
    chat = ListedChat([wrote(path=path)])
    bench = dataclasses.replace(place.bench(), chat=chat)
    solution = LoopSolver(max_iterations=1).solve(place.task(list(FAIL_TO_PASS), []), bench)
    assert solution.attempts[0].detail["steps"] == {"reproduce": "blocked"}
    assert solution.candidate.test_files == {}


@pytest.mark.slow
def test_an_edit_that_cannot_be_made_comes_back(solve):
    """A search text that is not in the file, or a file outside of the repository, costs a round and is told."""
    solution, chat = solve([wrote(), fix(search="return a -b"), fix(file="../tiny.py"), fix()])
    assert [a.detail["steps"].get("fix") for a in solution.attempts] == ["edit", "edit", "passes"]
    assert "is not in the file" in chat.prompt(2)
    assert "leaves the repository" in chat.prompt(3)


@pytest.mark.slow
def test_tested_code_leaves_nothing_behind(solve):
    """A test that rewrites the code under test changes neither a later run nor the patch."""
    tampering = GOOD_TEST.replace(
        "    assert", "    open('tiny.py', 'w').write('broken')\n    open('tests/test_tiny.py', 'w')\n    assert"
    )
    solution, _ = solve([wrote(tampering), fix()], enable_gates=("G0",))
    assert solution.attempts[0].public_fail_to_pass_passed == 6
    assert "broken" not in solution.candidate.patch


@pytest.mark.slow
def test_a_late_loop_hands_in_its_best(solve):
    """Once the deadline is over no question is asked, the best patch is handed in, and the result is marked as cut."""

    def late(question):
        time.sleep(20.0)
        return fix()

    solution, _ = solve([wrote(), WRONG, late], limit_s=20.0)
    assert solution.was_cut
    assert "return b - a" in solution.candidate.patch
    assert solution.attempts[-1].stop_reason == "deadline"


def test_a_cap_passes_through(solve):
    """An error of the chat ends the solver as it is: it is no failure of the candidate."""

    def capped(question):
        raise BugladderError("the instance's cap of 5.00 USD is reached")

    with pytest.raises(BugladderError, match="cap of 5"):
        solve([wrote(), capped])


def test_a_loop_without_a_model_says_what_to_choose(lab):
    """Without a chat the error names the setting."""
    place = lab(FILES)
    with pytest.raises(BugladderError, match="choose one, for example model="):
        LoopSolver().solve(place.task([], []), place.bench())


@pytest.mark.slow
def test_a_prompt_holds_nothing_but_the_task(lab):
    """Tokens in the instance's id, in git's folder, behind links and in the environment are in no question."""
    place = lab(FILES)
    place.workspace.write({".git/COMMIT_EDITMSG": b"canary0001", "secret.bin": b"\0canary0002"})
    place.workspace.run("ln", "-s", "/proc/self/environ", "link.py")
    place.session.env["SECRET"] = "canary0003"
    openings = [{"file": f, "first_line": 1, "last_line": 0} for f in (".git/COMMIT_EDITMSG", "link.py")]
    chat = ListedChat([{"open": openings, "search": ["canary"]}, wrote(), WRONG, fix()])
    task = place.task(list(FAIL_TO_PASS), list(PASS_TO_PASS))
    task = dataclasses.replace(task, instance_id="tiny-canary0004", problem_statement="seen0005")
    LoopSolver().solve(task, dataclasses.replace(place.bench(), chat=chat))
    sent = json.dumps([dataclasses.asdict(q) for q in chat.asked])
    assert "canary000" not in sent
    assert "seen0005" in sent
