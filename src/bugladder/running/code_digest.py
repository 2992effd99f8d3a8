"""Decides when code has changed: syntax trees of an import closure, its programs, its packages' versions."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path

from bugladder.records import BugladderError, canonical_json, sha256_text

PROJECT_ROOT = Path(__file__).resolve().parents[3]
_TEXT_FOLDERS = ("programs", "prompts", "templates")


@cache
def code_digest(module: str, root: Path = PROJECT_ROOT) -> str:
    """Digest of the code that decides what `module` computes.

    Comments, docstrings and other bare strings do not count; programs, prompts and templates count byte by byte.
    Computed once per process. Imports by string (plugs) are not followed: digest their modules on their own.

    Args:
        module: dotted name, for example "bugladder.solvers.search".
        root: project root that holds src/ and stages/.

    Returns:
        Hex sha256.

    Raises:
        BugladderError: the module is not in the project, or a file does not parse.
    """
    reach = _reach(module, root)
    parts = {
        "modules": {str(p.relative_to(root)): _tree_digest(p) for p in reach.files},
        "texts": {str(p.relative_to(root)): _bytes_digest(p) for p in program_files(reach.files)},
        "packages": {name: _versions(name) for name in reach.foreign},
    }
    return sha256_text(canonical_json(parts))


def import_closure(module: str, root: Path = PROJECT_ROOT) -> set[Path]:
    """Every file of the project that importing `module` may reach, function-level imports and packages included.

    What stands under `if TYPE_CHECKING` does not count.

    Raises:
        BugladderError: the module is not in the project, or a file does not parse.
    """
    return set(_reach(module, root).files)


def code_digests(modules: Iterable[str], root: Path = PROJECT_ROOT) -> dict[str, str]:
    """Digest of every file of the project that decides what modules compute; comments and docstrings do not count.

    Args:
        modules: dotted names.
        root: project root that holds src/ and stages/.

    Returns:
        Hex sha256 by path below root: syntax trees of modules, bytes of programs, prompts and templates.

    Raises:
        BugladderError: a module is not in the project, or a file does not parse.
    """
    closure = set().union(*(import_closure(name, root) for name in modules))
    digests = {path: _tree_digest(path) for path in closure} | {p: _bytes_digest(p) for p in program_files(closure)}
    return {str(path.relative_to(root)): digests[path] for path in sorted(digests)}


def module_name(path: Path, root: Path = PROJECT_ROOT) -> str:
    """The dotted name of a file below src/ or stages/."""
    base = root / "src" if path.is_relative_to(root / "src") else root
    return ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")


def program_files(closure: Iterable[Path]) -> set[Path]:
    """What is below programs/, prompts/ or templates/ beside the closure's modules, and templates there."""
    beside = {path.parent for path in closure}
    files = {
        file for folder in beside for name in _TEXT_FOLDERS for file in (folder / name).rglob("*") if file.is_file()
    }
    files |= {file for folder in beside for file in folder.glob("*.jinja")}
    return {file for file in files if "__pycache__" not in file.parts}


@dataclass
class _Reach:
    """Files of the project that a module reaches, and top-level names of other packages."""

    files: set[Path] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)


@cache
def _reach(module: str, root: Path) -> _Reach:
    if _locate(module, root) is None:
        raise BugladderError(f"module {module!r} is not in {root}; it should be a file below src/ or stages/")
    reach = _Reach()
    waiting = [module]
    seen = set(waiting)
    while waiting:
        name = waiting.pop()
        path = _locate(name, root)
        if path is None:
            # a name inside a module, or a package that is not ours
            reach.foreign |= {name} - sys.stdlib_module_names if "." not in name else set()
            continue
        reach.files.add(path)
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        reached = {part for target in (name, *_imports(path, package)) for part in _with_parents(target)}
        waiting += reached - seen
        seen |= reached
    return reach


def _locate(name: str, root: Path) -> Path | None:
    parts = name.split(".")
    base = (root if parts[0] == "stages" else root / "src").joinpath(*parts)
    for path in (base / "__init__.py", base.with_name(f"{base.name}.py")):
        if path.is_file():
            return path
    return None


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:n]) for n in range(1, len(parts) + 1))


def _imports(path: Path, package: str) -> Iterator[str]:
    """Dotted names that a file imports; of `from a import b` both a and a.b, since b may be a module."""
    for node in _running_nodes(_parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def _running_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that only a type checker sees."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
    return name == "TYPE_CHECKING"


class _BareStrings(ast.NodeTransformer):
    """Drops docstrings and every other string that stands as a statement: they do nothing."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:  # ast's own naming
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else node


@cache
def _parsed(path: Path) -> ast.Module:
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except (SyntaxError, ValueError) as error:
        raise BugladderError(f"{path}: does not parse ({error}); mend it first") from error
    _BareStrings().visit(tree)
    return tree


@cache
def _tree_digest(path: Path) -> str:
    return sha256_text(ast.dump(_parsed(path)))


def _bytes_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _distributions() -> dict[str, list[str]]:
    return {name: sorted(set(owners)) for name, owners in metadata.packages_distributions().items()}


def _versions(name: str) -> list[str]:
    return [f"{owner}=={metadata.version(owner)}" for owner in _distributions().get(name, [])]
