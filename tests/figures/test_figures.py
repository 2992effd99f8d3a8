"""What figures promise, drawn from made-up tables."""

import copy
import io
import re

import pytest
from made_up_phase import made_up_settings, made_up_tables
from PIL import Image

from bugladder.analysis.phase_analysis import analyze
from bugladder.figures import Caption, plot_all, render

FOUND = analyze(made_up_tables(), made_up_settings())
NAMES = {"scores", "expected", "repositories", "controls"}


def texts(figure):
    """Every text of a figure, as a reader sees it."""
    return [t.get_text() for t in figure.findobj(lambda artist: hasattr(artist, "get_text")) if t.get_text()]


@pytest.fixture(scope="module")
def figures():
    """All figures of the made-up phase."""
    return plot_all(FOUND.metrics, FOUND.tables)


def test_every_figure_says_what_it_shows(figures):
    """Each caption holds phase, dataset, arm, n and the data's hash."""
    wanted = f"p1 · made_up · solver made_up_solver · n = 10 of 10 graded · data {FOUND.metrics['data_hash'][:12]}"
    assert set(figures) == NAMES
    for figure in figures.values():
        assert wanted in texts(figure)


def test_figures_of_scripted_replies_say_so():
    """A picture that is passed on alone tells that no model answered."""
    found = analyze(made_up_tables(4), made_up_settings(model="scripted"))
    text = Caption.from_metrics(found.metrics).text
    assert "solver made_up_solver, scripted replies, not a model · n = 4 of 4 graded" in text
    assert "scripted" not in Caption.from_metrics(FOUND.metrics).text


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["svg", "png"])
def test_equal_figures_are_equal_files(figures, kind):
    """Rendering twice, or another figure of the same data, gives the same bytes, so git and DVC see no change."""
    again = plot_all(copy.deepcopy(FOUND.metrics), copy.deepcopy(FOUND.tables))
    for name, figure in figures.items():
        assert render(figure, kind) == render(again[name], kind) == render(figure, kind)


def test_an_svg_tells_no_date_and_no_program(figures):
    """What changes from day to day or machine to machine stands in no figure."""
    text = render(figures["expected"], "svg").decode()
    assert not re.search(r"dc:date|dc:creator|Matplotlib v", text)


def test_a_png_is_wide_enough_for_a_readme(figures):
    """At 800 pixels in a README, a figure has at least as many of its own."""
    for figure in figures.values():
        assert Image.open(io.BytesIO(render(figure, "png"))).width >= 800


def test_no_text_leaves_the_figure_or_covers_other_text(figures):
    """Axes with their ticks, titles, legends and captions stand inside of the figure, and none covers another."""
    for name, figure in figures.items():
        figure.canvas.draw()  # places of text are those of the last drawing, which was at another resolution
        renderer = figure.canvas.get_renderer()
        boxes = {f"axes {n}": ax.get_tightbbox(renderer) for n, ax in enumerate(figure.axes)}
        boxes |= {f"legend {n}": legend.get_window_extent(renderer) for n, legend in enumerate(figure.legends)}
        boxes |= {text.get_text(): text.get_window_extent(renderer) for text in figure.texts}
        assert len(boxes) >= 4
        for what, box in boxes.items():
            inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= figure.bbox.width + 1
            assert inside, (name, what)
            assert box.y1 <= figure.bbox.height + 1, (name, what)
            assert not [other for other in boxes if other != what and box.overlaps(boxes[other])], (name, what)


def bar_heights(figure, panel):
    """Heights of the bars of one panel."""
    return sum(patch.get_height() for patch in figure.axes[panel].patches)


def test_a_histogram_holds_every_measured_instance(figures):
    """Ten instances have an Overall and nine a gap; all of them are drawn."""
    assert [bar_heights(figures["scores"], panel) for panel in range(4)] == [10, 10, 10, 9]


def test_every_instance_is_in_its_repositorys_bar(figures):
    """The bars of all repositories together are ten instances long."""
    assert sum(patch.get_width() for patch in figures["repositories"].axes[0].patches) == 10


def test_nothing_measured_is_drawn_as_nothing_measured():
    """A phase without a graded instance has figures that say so, and no zero in place of a score."""
    empty = made_up_tables(4)
    empty = type(empty)(**{**vars(empty), "scores": [], "outcomes": [], "candidates": []})
    found = analyze(empty, made_up_settings())
    drawn = plot_all(found.metrics, found.tables)
    assert texts(drawn["scores"]).count("not measured") == 4
    assert "not measured" in texts(drawn["expected"])
    assert "not measured" in texts(drawn["controls"])


def test_hostile_names_are_drawn_as_they_are():
    """A repository or arm with dollar signs is no formula and breaks no figure; a long one is cut."""
    metrics, tables = copy.deepcopy(FOUND.metrics), copy.deepcopy(FOUND.tables)
    metrics["arm"] = r"$\frac{"
    for row in tables["verdicts_by_repository"]:
        row["repo"] = r"$\undefined{$" + row["repo"] * 10
    for figure in plot_all(metrics, tables).values():
        assert render(figure, "svg")


def test_many_repositories_get_a_taller_figure():
    """Thirty repositories do not share the height of four."""
    tables = dict(FOUND.tables)
    row = tables["verdicts_by_repository"][0]
    tables["verdicts_by_repository"] = [row | {"repo": f"made/up{i}"} for i in range(30)]
    figure = plot_all(FOUND.metrics, tables, Caption.from_metrics(FOUND.metrics))["repositories"]
    assert figure.get_figheight() > 9
