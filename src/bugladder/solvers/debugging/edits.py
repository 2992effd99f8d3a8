"""Turns a model's edits into whole files: every search text must match exactly once, or the model is told why not."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from bugladder.records import BugladderError
from bugladder.solvers.debugging.matching import closest, line_of, replace_at, spots, with_ends_of

_NAME_BYTES = 255
_PATH_BYTES = 1024


class EditError(BugladderError):
    """An edit that cannot be made; its words are for the model."""


@dataclass(frozen=True)
class Edit:
    """One replacement: the only place in `file` that reads `search` becomes `replacement`.

    An empty replacement deletes; a search text kept inside its replacement inserts; an empty search text creates a
    file that is not there yet, or fills an empty one.
    """

    file: str
    search: str
    replacement: str


def apply_script(edits: Iterable[Edit], read: Mapping[str, str], taken: Collection[str] = ()) -> dict[str, str]:
    r"""Apply edits in their order; each sees its file as the edits before it left it.

    Line ends are compared as "\n", and what is written takes those of the place it replaces, else the file's. Nothing
    else is added or taken away: lines outside the match keep every byte, a missing newline at the end stays missing.

    Args:
        edits: the script; where one edit fails, none is made.
        read: text by path of every file that an edit may change, read without translating line ends.
        taken: paths that are there and may not be changed (links, binary files).

    Returns:
        Whole new text by path, of the files whose text differs.

    Raises:
        EditError: a path outside the repository, an unknown file, a search text that stands nowhere or several times,
            a new file where one is, or a script that changes nothing.
    """
    texts = dict(read)
    for edit in edits:
        path = _checked_path(edit.file)
        _check_text(path, edit.replacement)
        if edit.search:
            texts[path] = _replaced(edit, path, texts, read)
        elif texts.get(path):
            raise EditError(f"{path} is there and not empty: give the text to search for, found exactly once in it.")
        else:
            _check_place(path, texts, taken)
            texts[path] = _plain(edit.replacement)
    return _changed(texts, read)


def apply_whole(files: Mapping[str, str], read: Mapping[str, str], taken: Collection[str] = ()) -> dict[str, str]:
    """Replace or create whole files; a known file keeps its own line ends and byte order mark.

    Args:
        files: whole new text by path.
        read: text by path of every file that may be replaced, read without translating line ends.
        taken: paths that are there and may not be changed (links, binary files).

    Returns:
        Whole new text by path, of the files whose text differs.

    Raises:
        EditError: a path outside the repository or at a place that is not free, or nothing changes.
    """
    texts = dict(read)
    for name, content in files.items():
        path = _checked_path(name)
        _check_text(path, content)
        if path not in read:
            _check_place(path, texts, taken)
        texts[path] = with_ends_of(read[path], _plain(content)) if path in read else _plain(content)
    return _changed(texts, read)


def _replaced(edit: Edit, path: str, texts: Mapping[str, str], read: Mapping[str, str]) -> str:
    if path not in texts:
        raise EditError(_unknown(path, texts))
    text, search = texts[path], _plain(edit.search)
    found = spots(text, search)
    if len(found) == 1:
        return replace_at(text, found[0], _plain(edit.replacement))
    if found:
        lines = ", ".join(str(line_of(text, start)) for start, _ in found[:10])
        more = "" if len(found) <= 10 else f" and {len(found) - 10} more"
        raise EditError(
            f"{path}: the search text stands {len(found)} times (lines {lines}{more}); "
            "add lines around it until it stands once."
        )
    if spots(read.get(path, ""), search):
        raise EditError(
            f"{path}: an edit before this one changed the text searched for {_quoted(search)}; "
            "search for the text as that edit leaves it, or make one edit of both."
        )
    raise EditError(f"{path}: the search text {_quoted(search)} is not in the file. {closest(text, search)}")


def _unknown(path: str, texts: Mapping[str, str]) -> str:
    same_name = [p for p in sorted(texts) if PurePosixPath(p).name == PurePosixPath(path).name]
    similar = list(dict.fromkeys([*same_name, *difflib.get_close_matches(path, texts, n=3, cutoff=0.7)]))[:5]
    hint = f"did you mean {' or '.join(similar)}?" if similar else "name a file of the repository's tree."
    return f"{path}: no such text file; {hint}"


def _checked_path(name: str) -> str:
    """The path in its plain form.

    Raises:
        EditError: it does not stay inside the repository, or names what is no file of it.
    """
    pure = PurePosixPath(name)
    parts = pure.parts
    if pure.is_absolute() or ".." in parts:
        raise EditError(f"{name!r} leaves the repository: give a path relative to its root, without '..'.")
    if not parts or name.endswith("/") or not name.isprintable() or "\\" in name:
        raise EditError(f"{name!r} is no file's path: give one like src/package/module.py.")
    if any(part.casefold() == ".git" for part in parts):
        raise EditError(f"{name!r} belongs to git: change only files of the repository itself.")
    if len(name.encode()) > _PATH_BYTES or any(len(part.encode()) > _NAME_BYTES for part in parts):
        raise EditError(f"{name[:60]!r}... is too long for a path: {_NAME_BYTES} bytes a name are possible.")
    return str(pure)


def _check_text(path: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        wrong = error.object[error.start]
        raise EditError(f"{path}: the text holds {wrong!r}, half a character that no file can hold.") from None


def _check_place(path: str, texts: Collection[str], taken: Collection[str]) -> None:
    if path in taken:
        raise EditError(f"{path} is there and is no text file that may be changed: choose another one.")
    above = {str(folder) for folder in PurePosixPath(path).parents} - {"."}
    blocked = sorted(above & {*texts, *taken})
    if blocked:
        raise EditError(f"{path}: {blocked[0]} is no folder, so nothing can stand below it.")
    if any(other.startswith(f"{path}/") for other in (*texts, *taken)):
        raise EditError(f"{path} is a folder: name a file.")


def _changed(texts: Mapping[str, str], read: Mapping[str, str]) -> dict[str, str]:
    changed = {path: text for path, text in texts.items() if read.get(path) != text}
    if not changed:
        raise EditError("The edits change nothing: every file stays as it is.")
    return changed


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


def _quoted(search: str) -> str:
    first = search.strip("\n").split("\n", 1)[0]
    return repr(first if len(first) <= 80 else f"{first[:77]}...")
