"""What reports promise, written from made-up tables."""

import base64
import copy
import dataclasses
import hashlib
import re
from html.parser import HTMLParser

import pytest
from made_up_phase import ARM, attempt, call, made_up_settings, made_up_tables, not_graded

from bugladder.analysis.comparison import compare
from bugladder.analysis.phase_analysis import analyze
from bugladder.analysis.settings import IntervalSettings
from bugladder.reporting.compare_page import compare_page
from bugladder.reporting.cost_sections import usd
from bugladder.reporting.phase_page import headline, phase_page
from bugladder.reporting.render import render_html, render_markdown
from bugladder.reporting.text import markdown_text, number

FOUND = analyze(made_up_tables(), made_up_settings())
HOSTILE = "<script>alert(1)</script>| [x](javascript:alert(1)) `rm` **b**\n# head\n=cmd() \u202egnp.exe"


def page(found=FOUND):
    """The page of an analysis."""
    return phase_page(found.metrics, found.decision, found.tables)


class Reader(HTMLParser):
    """Collects tags, attributes and text, as a browser would see them."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        """Remember an element."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        """Remember text."""
        self.text.append(data)


def read_html(text):
    """Parse a page."""
    reader = Reader()
    reader.feed(text)
    return reader


def hostile_analysis():
    """The made-up phase whose texts from outside attack the reader."""
    tables = copy.deepcopy(FOUND.tables)
    for row in tables["instances"]:
        row |= {"instance_id": HOSTILE, "operator": HOSTILE, "mode": HOSTILE}
    tables["invalid_instances"] = [{"instance_id": HOSTILE, "origin": "release", "repo": "r", "reason": HOSTILE}]
    tables["left_tests"] = [{"instance_id": "i", "test_id": HOSTILE, "reason": "flaky", "is_flaky": True}]
    return type(FOUND)(FOUND.metrics, FOUND.decision, tables)


def test_the_headline_counts_graded_and_selected():
    """The first sentence gives x of n_graded graded and n_selected selected."""
    assert headline(FOUND.metrics).startswith("Resolved: 3 of 10 graded, 10 selected. Mean Overall 0.424")


def test_a_report_holds_what_a_reader_needs():
    """Decision, scores, figures, plan, controls, groups, failures, instances and limits stand in it."""
    text = render_markdown(page(), "figures")
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert sections == [
        "Decision: stop",
        "Scores",
        "Expected against measured",
        "Controls and split",
        "Cost",
        "Distribution of the scores",
        "By origin, difficulty, repository and operator",
        "Where it fails",
        "Instances",
        "What is not graded",
        "The selection beside the whole dataset",
        "Limits of this reading",
    ]
    assert [f"figures/{n}.png" in text for n in ("scores", "expected", "controls", "repositories")] == [True] * 4


@pytest.mark.parametrize("found", [FOUND, hostile_analysis()], ids=["plain", "hostile"])
def test_every_row_of_a_table_has_as_many_cells_as_its_header(found):
    """No text can add a cell or a line to a table."""
    text, width = render_markdown(page(found), "figures"), None
    for line in text.splitlines():
        if not line.startswith("|"):
            width = None
            continue
        cells = len(re.findall(r"(?<!\\)\|", line))
        width = width or cells
        assert cells == width, line


def test_hostile_text_is_text_in_markdown():
    """No link, image, HTML, code, heading or reversed name comes out of a name from outside."""
    text = render_markdown(page(hostile_analysis()))
    assert "<script" not in text
    assert not re.search(r"(?<!\\)\[x", text)
    assert not re.search(r"(?<!\\)`rm", text)
    assert not re.search(r"^# head", text, re.MULTILINE)
    assert "\u202e" not in text
    assert "&lt;script&gt;" in text


def test_hostile_text_is_text_in_html():
    """The page has no script, no handler and no address to load, and shows the text as it is."""
    reader = read_html(render_html(page(hostile_analysis()), {}))
    assert not {"script", "iframe", "a", "img", "link"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    assert any("<script>alert(1)</script>" in text for text in reader.text)


def test_the_policy_allows_our_style_and_nothing_else():
    """The content security policy names the hash of the one style sheet, images in the page, and nothing to fetch."""
    text = render_html(page(), {"scores": b"png"})
    policy = re.search(r'Policy" content="([^"]+)"', text)[1]
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.replace("&#39;", "'") == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert f"data:image/png;base64,{base64.b64encode(b'png').decode()}" in text
    assert "style=" not in text


def test_limits_follow_from_the_data():
    """The limits name n, what n cannot tell, the gap's n, injected instances and failures of the infrastructure."""
    tables = made_up_tables()
    scores = [not_graded(0, "infra_error"), *tables.scores[1:]]
    found = analyze(type(tables)(**{**vars(tables), "scores": scores}), made_up_settings())
    section = page(found).sections[-1]
    text = " ".join(section.points)
    for part in (
        "With 9 graded instances",
        "1 selected instances were not graded",
        "n is too small to tell",
        "The gap could be measured on 8 of 9",
        "5 of 10 instances are injected",
        "Counting infrastructure failures as 0 or as 1",
    ):
        assert part in text


def test_an_overridden_gate_is_said():
    """A phase that ran against the decision before it says so on its first screen."""
    decision = FOUND.decision | {"is_enforced": False}
    assert "ladder.enforce=false" in " ".join(phase_page(FOUND.metrics, decision, FOUND.tables).lead)
    assert "ladder.enforce=false" not in " ".join(page().lead)


def test_an_open_sandbox_is_said():
    """What the machine could not enforce stands among the limits."""
    tables = FOUND.tables | {"enforcement": [{"limit": "network", "state": "open", "rows": 3}]}
    section = phase_page(FOUND.metrics, FOUND.decision, tables).sections[-1]
    assert "This machine could not enforce: network: open." in section.points


def with_calls(model="none"):
    """The made-up phase with two calls that were used, one that was lost, and rounds."""
    calls = [call(4, 0, step="reproduce"), call(5, 0, latency_s=9.0), call(6, 0, is_lost=True, model_answered="")]
    attempts = [attempt(4, 1, gates='{"G1": 2}'), attempt(4, 2, stop_reason="all public evidence passes")]
    tables = made_up_tables()
    candidates = [c | {"iterations": 2, "max_iterations": 8} for c in tables.candidates]
    changed = dataclasses.replace(tables, calls=calls, attempts=attempts, candidates=candidates)
    return analyze(changed, made_up_settings(model=model))


def test_a_phase_without_calls_says_that_its_cost_is_computed():
    """No model, no money: the section stands there and says why."""
    (section,) = (s for s in page().sections if s.title == "Cost")
    assert section.paragraphs == ("No model was called: the cost is 0 by computation.",)


def test_the_cost_section_tells_cost_from_payment():
    """$13 of replies, $19.50 paid with the lost try, per graded and resolved instance, by model and step."""
    text = render_markdown(page(with_calls()))
    section = text.split("## Cost\n")[1].split("\n## ")[0]
    for part in (
        "The replies used cost $13.00 by prices of 2026-01-01",
        "this run newly paid $19.50 of a budget of $50.00",
        "$1.30 per graded instance",
        "$4.33 per resolved instance",
        "1 were lost",
        "| made-up | reproduce | 1 | 2,000,000 | 1,000,000 | 500,000 | 400,000 | 0 | 0 | 0 | 0 | 6.50 | 6.50 |",
        "| made-up | fix | 1 | 2,000,000 | 1,000,000 | 500,000 | 400,000 | 0 | 0 | 1 | 0 | 6.50 | 13.00 |",
    ):
        assert part in section.replace("\\$", "$"), part


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.00"), (0.00042, "0.0004"), (0.5, "0.5000"), (1.0, "1.00"), (1234.5, "1,234.50"), (None, "-")],
)
def test_dollars_show_what_a_cheap_call_costs(value, text):
    """Below a dollar four digits are shown, so that a cheap call is no free one; nothing is 0.00."""
    assert usd(value) == text


def test_the_rounds_section_shows_gates_and_reasons_to_stop():
    """Rounds used, what the gates found and why the solver stopped stand in tables of their own."""
    (section,) = (s for s in page(with_calls()).sections if s.title == "Rounds")
    rounds, stops, gates = section.grids
    assert rounds.rows == (("instances", "10"),)
    assert stops.rows == (("all public evidence passes", "1"),)
    assert gates.rows == (("G1", "2", "1", "1"),)


def test_scripted_replies_are_called_so_wherever_a_result_shows():
    """Headline, title, sentence, cost and comparison of a scripted arm say that no model answered; others do not."""
    found, words = with_calls("scripted"), "scripted replies, not a model"
    shown = page(found)
    assert headline(found.metrics).endswith(" Scripted replies, not a model.")
    assert words in shown.title
    assert words in shown.lead[0]
    assert words in next(s for s in shown.sections if s.title == "Cost").paragraphs[0]
    compared = compare_page(compare({"one": found}, IntervalSettings()), "made up")
    assert words in compared.headline
    assert words in render_markdown(compared)
    assert words not in render_markdown(page(with_calls())).lower()


def test_published_patches_are_called_so():
    """Title, headline and sentence of handed-in patches say that they were made elsewhere, and by whom."""
    settings = made_up_settings()
    for author, words in (("SWE-agent", "patches of SWE-agent, made elsewhere"), ("", "patches made elsewhere")):
        identity = dataclasses.replace(settings.identity, arm="predictions", author=author)
        scores = [{**s, "arm": "predictions"} if s["arm"] == ARM else s for s in made_up_tables().scores]
        outcomes = [{**o, "arm": "predictions"} for o in made_up_tables().outcomes]
        tables = dataclasses.replace(made_up_tables(), scores=scores, outcomes=outcomes)
        found = analyze(tables, dataclasses.replace(settings, identity=identity))
        shown = page(found)
        assert headline(found.metrics).endswith(f" P{words[1:]}.")
        assert words in shown.title
        assert words in shown.lead[0]


def test_metrics_of_an_earlier_version_have_a_headline():
    """What was written before models had names is still read."""
    old = {k: v for k, v in FOUND.metrics.items() if k != "model"}
    assert headline(old) == headline(FOUND.metrics)


def test_instances_are_marked_injected_and_reused():
    """Every row says where its bug and its result come from."""
    rows = next(s for s in page().sections if s.title == "Instances").grids[0].rows
    assert [row[-1] for row in rows] == ["reused"] * 4 + ["new"] * 6
    assert sum(row[1].startswith("injected: made_up_operator") for row in rows) == 5


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (True, "yes"), (0.12345, "0.123"), (-0.0001, "0.000"), (1234567, "1,234,567"), ("a\nb", "a b")],
)
def test_values_are_written_for_people(value, text):
    """Null is a dash and never 0, a rounded zero has no sign, text stays on its line."""
    assert number(value) == text


@pytest.mark.parametrize("address", ["http://evil.example", "www.evil.example", "me@evil.example", "![i](x)"])
def test_no_address_becomes_a_link(address):
    """Bare addresses, mails and images are broken up by a backslash that no reader sees."""
    escaped = markdown_text(address)
    assert "\\" in escaped
    assert escaped.replace("\\", "") == address


def test_a_comparison_has_arms_controls_and_differences():
    """The page of a comparison shows arms and controls as rows, paired differences, and that it obeys no decision."""
    comparison = compare({"one": FOUND, "two": FOUND}, IntervalSettings())
    text = render_markdown(compare_page(comparison, "made up"))
    for part in ("| one |", "| two |", "| control:no\\_op |", "| control:reference |", "| two minus one |"):
        assert part in text
    assert "obeys no phase's decision" in text
