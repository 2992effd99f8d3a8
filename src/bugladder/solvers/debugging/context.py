"""Decides what code a model is shown first: files that the issue and the failing tests speak of, within bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from bugladder.records import BugladderError
from bugladder.solvers.debugging.mentions import mentions
from bugladder.solvers.debugging.repository import Repository, Symbol
from bugladder.solvers.debugging.retrieval import Index, ranked


@dataclass(frozen=True)
class ContextLimits:
    """Bounds of what a prompt shows; bytes are of UTF-8 text.

    Args:
        issue_bytes: most of the issue's text; its middle is left out.
        tree_entries: paths listed; what is beyond them is counted by folder.
        files: source files shown.
        whole_file_bytes: a file up to this size is shown whole, of a larger one only spans.
        file_bytes: most of one file.
        code_bytes: most of all files together.
        test_bytes: most of the public failing tests' code.
        output_bytes: most of one test run's output.
        requests: replies of the model, per task, that ask for more files or searches instead of answering.
        request_bytes: most that is shown for one such reply.
        search_hits: lines shown per searched text.
    """

    issue_bytes: int = 24_000
    tree_entries: int = 200
    files: int = 6
    whole_file_bytes: int = 10_000
    file_bytes: int = 12_000
    code_bytes: int = 40_000
    test_bytes: int = 12_000
    output_bytes: int = 6_000
    requests: int = 3
    request_bytes: int = 16_000
    search_hits: int = 20

    def __post_init__(self) -> None:
        """Refuse what would show nothing.

        Raises:
            BugladderError: a bound below 1 (requests may be 0).
        """
        for name, value in vars(self).items():
            least = 0 if name == "requests" else 1
            if value < least:
                raise BugladderError(f"{name} is {value}; it should be at least {least}")

    def halved(self) -> ContextLimits:
        """Half the bytes and entries, for a model whose context they overran."""
        less = {n: max(1, v // 2) for n, v in vars(self).items() if n.endswith("bytes") or n == "tree_entries"}
        return replace(self, **less)


@dataclass(frozen=True)
class Excerpt:
    """Lines of a file as they are, their numbers beside them: first and last of `total`, from 1."""

    path: str
    first: int
    last: int
    total: int
    text: str


def tree_listing(paths: Iterable[str], limits: ContextLimits) -> list[str]:
    """Paths of the repository, those near the root first kept, and a count by folder of what is left out."""
    ordered = sorted(paths)
    kept = set(sorted(ordered, key=lambda p: (p.count("/"), p))[: limits.tree_entries])
    left = Counter(str(PurePosixPath(p).parent) for p in ordered if p not in kept)
    more = [f"{folder}/ ... {count} more files" for folder, count in sorted(left.items())]
    return [*(p for p in ordered if p in kept), *more[: limits.tree_entries]]


def select(repository: Repository, index: Index, texts: Mapping[str, float], limits: ContextLimits) -> list[Excerpt]:
    """The source code that texts speak of, best file first.

    Args:
        repository: the task's.
        index: of the same repository.
        texts: what to look for, with its weight: the issue, failing tests, their output.
        limits: bounds.
    """
    best = ranked(_scores(repository, index, texts).items())
    by_file: dict[str, list[Symbol]] = {}
    for symbol in best:
        by_file.setdefault(symbol.path, []).append(symbol)
    shown: list[Excerpt] = []
    left = limits.code_bytes
    for path in list(by_file)[: limits.files]:
        excerpts = _of_file(repository, by_file[path], min(left, limits.file_bytes), limits.whole_file_bytes)
        left -= sum(size(e.text) for e in excerpts)
        shown += excerpts
    return shown


def excerpt(repository: Repository, path: str, first: int, last: int) -> Excerpt:
    """Lines first to last of a file; bounds outside of it are moved to its ends."""
    lines = repository.lines(path)
    start = min(max(1, first), len(lines))
    end = min(max(start, last), len(lines))
    return Excerpt(path, start, end, len(lines), "\n".join(lines[start - 1 : end]))


def size(text: str) -> int:
    """Bytes of a text as UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def _scores(repository: Repository, index: Index, texts: Mapping[str, float]) -> dict[Symbol, float]:
    total: dict[Symbol, float] = {}
    for text, weight in texts.items():
        found = mentions(text, repository)
        for symbol, score in index.scores(text).items():
            total[symbol] = total.get(symbol, 0.0) + weight * (score + found.weight(symbol))
    return total


def _of_file(repository: Repository, best: Sequence[Symbol], room: int, whole: int) -> list[Excerpt]:
    """A file's excerpts in order of line: the whole of a small one, the best spans that fit of a large one."""
    path = best[0].path
    everything = excerpt(repository, path, 1, len(repository.lines(path)))
    if size(everything.text) <= min(room, whole):
        return [everything]
    taken: list[tuple[int, int]] = []
    for symbol in best:
        cost = size(excerpt(repository, path, symbol.first, symbol.last).text)
        if cost <= room:
            taken.append((symbol.first, symbol.last))
            room -= cost
    return [excerpt(repository, path, first, last) for first, last in _joined(taken)]


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined
