"""What keeps the code small and its arrows visible; a limit here is only ever lowered."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
OTHERS = sorted(
    path for folder in ("tests", "examples", "benchmarks", "docs") for path in (ROOT / folder).rglob("*.py")
)

MOST_LINES = 400
MOST_FUNCTION_LINES = 50
"""Without the docstring; 30 is the taste."""

FACES = {"callwright", "callwright.query"}

BANNED_MODULES = {
    "asyncio": "anyio runs on asyncio and trio alike",
    "unittest.mock": "a seam and a fake from callwright.testing say what is replaced",
    "pickle": "what was stored must not be able to run",
    "marshal": "what was stored must not be able to run",
    "shelve": "what was stored must not be able to run",
}
BANNED_CALLS = {"eval", "exec"}
ALLOWED_CALLS = {
    # Resolves annotations of the user's own functions where they were written, as `inspect` and pydantic do.
    "src/callwright/tools/annotations.py": 2,
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in SOURCES}

each_file = pytest.mark.parametrize("path", SOURCES + OTHERS, ids=name_of)
each_source = pytest.mark.parametrize("path", SOURCES, ids=name_of)


@each_file
def test_a_file_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def lines_of(function: Function) -> int:
    """Return how many lines a function has, without decorators and docstring."""
    docstring = 0
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None and first.end_lineno is not None:
        docstring = first.end_lineno - first.lineno + 1
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1 - docstring


@each_file
def test_a_function_is_short(path: Path) -> None:
    functions = [node for node in ast.walk(tree_of(path)) if isinstance(node, Function)]

    assert {f.name: lines_of(f) for f in functions if lines_of(f) > MOST_FUNCTION_LINES} == {}


def imports_of(tree: ast.AST, module: str, *, is_package: bool) -> Iterator[tuple[str, ast.stmt]]:
    """Yield each module that `module` imports, wherever: at the top, in a function, or for type checkers only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")
                kept = len(parents) - node.level + is_package
                base = ".".join([*parents[:kept], *filter(None, [node.module])])
            yield base, node
            yield from ((f"{base}.{alias.name}", node) for alias in node.names)


@each_source
def test_no_banned_module_is_imported(path: Path) -> None:
    imported = {name for name, _ in imports_of(tree_of(path), module_of(path), is_package=path.name == "__init__.py")}

    found = {
        banned: why
        for banned, why in BANNED_MODULES.items()
        for name in imported
        if f"{name}.".startswith(f"{banned}.")
    }
    assert found == {}


@each_source
def test_no_text_is_run_as_code(path: Path) -> None:
    calls = [node.func for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]

    found = [call for call in calls if isinstance(call, ast.Name) and call.id in BANNED_CALLS]
    assert len(found) <= ALLOWED_CALLS.get(name_of(path), 0)


@each_source
def test_no_arrow_to_our_own_modules_is_hidden_from_the_interpreter(path: Path) -> None:
    """The public faces alone may: their names load when first used, and a type checker must see them."""
    module = module_of(path)
    if module in FACES:
        return

    blocks = [
        node
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    ]
    hidden = [name for block in blocks for name, _ in imports_of(block, module, is_package=path.name == "__init__.py")]

    assert [name for name in hidden if name.split(".")[0] == "callwright"] == []


def rank_of(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, each by the alphabet: isort's order."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name)


def public_names(tree: ast.Module) -> Iterator[str]:
    """Yield what a module defines without an underscore, type variables apart."""
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=targets, value=value):
                made_by = value.func.id if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) else ""
                if made_by not in {"TypeVar", "TypeVarTuple", "ParamSpec"}:
                    yield from (target.id for target in targets if isinstance(target, ast.Name))
            case _:
                pass


def is_all(node: ast.Assign | ast.AnnAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


@each_source
def test_all_is_there_and_sorted_and_complete(path: Path) -> None:
    tree = tree_of(path)
    declared = [node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) and is_all(node)]
    is_bare = not any(isinstance(node, ast.Import | ast.ImportFrom | ast.ClassDef | Function) for node in tree.body)
    if is_bare and not declared:
        # A package that only says what it is.
        return
    assert len(declared) == 1, "__all__ is missing"
    assert declared[0] is not None
    names: list[str] = ast.literal_eval(declared[0])

    assert names == sorted(names, key=rank_of)
    assert {name for name in public_names(tree) if not name.startswith("_")} <= set(names)
    assert len(set(names)) == len(names)


def arrows_of(path: Path) -> set[str]:
    """Return which of our own modules `path` imports, the most specific name of each."""
    module = module_of(path)
    names = {name for name, _ in imports_of(tree_of(path), module, is_package=path.name == "__init__.py")}
    found = {name for name in names if name in MODULES and name != module}
    # `from callwright.wire import chat` names the package on the way to the module only.
    return {name for name in found if not any(other.startswith(f"{name}.") for other in found)}


def test_no_import_cycle_in_any_reading() -> None:
    """Imports inside of functions and for type checkers count: a reader follows them too."""
    arrows = {module: arrows_of(path) for module, path in MODULES.items()}
    finished: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join((*way[way.index(module) :], module))
        if module not in finished:
            for other in sorted(arrows[module]):
                visit(other, (*way, module))
            finished.add(module)

    for module in sorted(arrows):
        visit(module, ())
