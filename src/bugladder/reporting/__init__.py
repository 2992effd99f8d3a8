"""Pure writing: an analysis becomes pages in Markdown and HTML, and tables become CSV, with hostile text disarmed."""

from bugladder.reporting.compare_page import compare_page
from bugladder.reporting.csv_files import csv_text
from bugladder.reporting.phase_page import headline, phase_page
from bugladder.reporting.render import render_html, render_markdown

__all__ = ["compare_page", "csv_text", "headline", "phase_page", "render_html", "render_markdown"]
