"""Decides how values and hostile text appear in a report: numbers rounded, null as a dash, Markdown disarmed."""

from __future__ import annotations

import re
from typing import Any

DASH = "-"
# What starts a construct inside a line: CommonMark's, GitHub's tables, mentions, mathematics and bare addresses. What
# starts one only at the start of a line is no danger, since no text from outside stands there.
_MARKDOWN = re.compile(r"[\\`*_\[\]#|~@$]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_LINE_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
PARAGRAPH = 4000  # longer than any of ours; templates cut cells shorter


def markdown_text(value: Any, limit: int = PARAGRAPH) -> str:
    """Text for one line or table cell of Markdown: no construct, no HTML, no line break, at most `limit` characters.

    Bidirectional controls go too, since they could show a name that is not the name.
    """
    text = one_line(value, limit)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(lambda found: "\\" + found.group(), text)


def one_line(value: Any, limit: int = PARAGRAPH) -> str:
    """Text on one line, cut to `limit` characters; HTML is left to autoescape."""
    text = _LINE_BREAKS.sub(" ", str(value)).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def number(value: Any, digits: int = 3) -> str:
    """A value for people: floats rounded, integers and text as they are, null as a dash, booleans as yes or no."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        text = f"{value:,.{digits}f}"
        return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text
    return f"{value:,}" if isinstance(value, int) else one_line(value)


def interval(low: float | None, high: float | None, reason: str = "", digits: int = 2) -> str:
    """`low to high`, or a dash with the reason."""
    if low is None or high is None:
        return f"{DASH} ({reason})" if reason else DASH
    return f"{low:.{digits}f} to {high:.{digits}f}"


def share(value: float | None) -> str:
    """A part of 1 as percent without digits; null as a dash."""
    return DASH if value is None else f"{value:.0%}"
