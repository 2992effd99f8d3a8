import io

import pytest

from bugladder.running.progress import open_progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        """Yes."""
        return True


@pytest.mark.parametrize(("total", "lines"), [(3, 3), (10, 10), (300, 10), (1, 1)])
def test_plain_lines_are_bounded(total, lines):
    """Away from a terminal each unit has a line where there are few, and ten lines do where there are many."""
    stream = io.StringIO()
    progress = open_progress("run p1", total, stream)
    for _ in range(total):
        progress.step()
    progress.close()
    printed = stream.getvalue().splitlines()
    assert len(printed) == lines
    assert printed[-1].startswith(f"run p1: {total}/{total}")
    assert all("left" in line for line in printed[:-1])
    assert "\r" not in stream.getvalue()


def test_terminal_gets_a_bar():
    """On a terminal a bar with the label and the counts is drawn in place."""
    stream = Terminal()
    progress = open_progress("run p1", 4, stream)
    progress.step(4)
    progress.close()
    assert "run p1" in stream.getvalue()
    assert "4/4" in stream.getvalue()
    assert "\r" in stream.getvalue()
