from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import FileSystemLoader, UndefinedError

from bugladder.solvers.debugging import prompting
from bugladder.solvers.debugging.briefing import Material
from bugladder.solvers.debugging.context import Excerpt
from bugladder.solvers.debugging.desk import Found
from bugladder.solvers.debugging.prompting import Prompts, loop_prompts

PROMPTS = Path(prompting.__file__).with_name("prompts")
CODE = "def f():\n    return '<b> & {{ x }}'"
MATERIAL = Material("mini", "It breaks.\n{% raw %}", ["a.py"], [Excerpt("a.py", 3, 4, 9, CODE)], [], [], "")
REPRODUCE = {"max_tests": 5, "test_folder": "tests", "kept_patch": "", "earlier": [], "problems": [], "output": ""}


def rendered(prompts=None):
    """The question of step reproduce."""
    return (prompts or loop_prompts()).render("reproduce", material=MATERIAL, found=Found(0), **REPRODUCE)


def test_code_stands_as_it_is():
    """Code is shown to the byte, its line numbers beside it, and nothing in it is taken for a template or escaped."""
    (system, user), _ = rendered()
    assert f'<file path="a.py" lines="3-4" of="9">\n{CODE}\n</file>' in user.content
    assert "{% raw %}" in user.content
    assert (system.role, user.role) == ("system", "user")


def test_a_missing_value_is_an_error():
    """A prompt is never made with a hole."""
    with pytest.raises(UndefinedError, match="max_tests"):
        loop_prompts().render("reproduce", material=MATERIAL, found=Found(0))


@pytest.mark.parametrize("changed", ["reproduce.jinja", "_material.jinja", "system.jinja", None])
def test_the_name_of_a_prompt_changes_with_any_of_its_files(changed, tmp_path):
    """A word changed in a prompt, or in a file that it includes, gives another name; an equal copy gives the same."""
    _, before = rendered()
    assert re.fullmatch(r"reproduce@[0-9a-f]{12}, system@[0-9a-f]{12}", before)
    for original in PROMPTS.glob("*.jinja"):
        text = original.read_text(encoding="utf-8") + ("more" if original.name == changed else "")
        (tmp_path / original.name).write_text(text, encoding="utf-8")
    _, after = rendered(Prompts(FileSystemLoader(tmp_path)))
    assert (after == before) == (changed is None)


@pytest.mark.parametrize("path", sorted(PROMPTS.glob("*.jinja")), ids=lambda p: p.name)
def test_every_prompt_has_a_version(path):
    """A prompt file begins with its version."""
    assert re.match(r"\{# version: \d+ #\}\n", path.read_text(encoding="utf-8"))
