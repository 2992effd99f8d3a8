"""Decides how a page becomes a file: Markdown or HTML by template, everything from outside escaped on the way."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from bugladder.reporting.page import Page
from bugladder.reporting.text import markdown_text, one_line


def render_markdown(page: Page, figures: str | None = None) -> str:
    """The page as Markdown.

    Args:
        page: what to say.
        figures: folder of the pictures relative to the page; None leaves them out.
    """
    return _environment().get_template("page.md.jinja").render(page=page, figures=figures)


def render_html(page: Page, pictures: Mapping[str, bytes]) -> str:
    """The page as one self-contained HTML file that loads nothing and runs nothing.

    Args:
        page: what to say.
        pictures: PNG files by picture name; a picture without one is left out.
    """
    environment = _environment()
    style = environment.get_template("page.css.jinja").render()
    return environment.get_template("page.html.jinja").render(
        page=page,
        pictures={name: base64.b64encode(png).decode("ascii") for name, png in pictures.items()},
        # the hash allows exactly this sheet; a style or script that slips in with a name does nothing
        style=Markup(style),  # noqa: S704  a file of ours
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii"),
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bugladder.reporting"),
        autoescape=select_autoescape(enabled_extensions=("html.jinja",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"md": markdown_text, "line": one_line}
    return environment
