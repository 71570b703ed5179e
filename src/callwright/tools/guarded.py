"""A guarded import: one that a module makes for type checkers only, made after all when an annotation needs it."""

from __future__ import annotations

import ast
import importlib
import linecache
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

__all__ = ["guarded_names", "is_guarded"]

_NAME = re.compile(r"[^\W\d]\w*")

# The names of a module do not change; the texts are few and short, the modules not kept alive.
_KEPT: dict[str, Mapping[str, _Import]] = {}


class _Import(NamedTuple):
    """Where a name comes from."""

    module: str
    name: str
    """Empty if it is the module itself."""


def guarded_names(module: str, wanted: str) -> dict[str, object]:
    """Return the names in an annotation that a module imports under `if TYPE_CHECKING:`; never raises.

    By the time a function is described its module, and as a rule those around it, are loaded: what was guarded against
    an import cycle can be imported now.

    Args:
        module: The name of the module where the annotation stands.
        wanted: The annotation.
    """
    found: dict[str, object] = {}
    for name in _guarded(module).keys() & set(_NAME.findall(wanted)):
        source = _guarded(module)[name]
        if source.module:
            with suppress(Exception):  # the module may be a stub that only type checkers have
                loaded = importlib.import_module(source.module)
                found[name] = getattr(loaded, source.name) if source.name else loaded
    return found


def is_guarded(module: str, annotation: str) -> bool:
    """Whether a name in an annotation is there for type checkers only."""
    return not _guarded(module).keys().isdisjoint(_NAME.findall(annotation))


def _guarded(module: str) -> Mapping[str, _Import]:
    known = _KEPT.get(module)
    if known is None:
        try:
            known = dict(_imports(module))
        except Exception:  # noqa: BLE001 - whatever stands there instead of the source of a module
            known = {}
        _KEPT[module] = known
    return known


def _imports(module: str) -> Iterator[tuple[str, _Import]]:
    """Yield each guarded name of a module, and where it comes from."""
    loaded = sys.modules[module]
    lines = linecache.getlines(loaded.__file__ or "", vars(loaded))
    if not any("TYPE_CHECKING" in line for line in lines):
        return
    package = str(getattr(loaded, "__package__", "") or "")
    for node in ast.parse("".join(lines)).body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for statement in node.body:
                yield from _names(statement, package)


def _names(statement: ast.stmt, package: str) -> Iterator[tuple[str, _Import]]:
    match statement:
        case ast.Import(names=names):
            for alias in names:
                whole = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or whole, _Import(whole, "")
        case ast.ImportFrom(module=source, names=names, level=level):
            base = package.rsplit(".", level - 1)[0] if level > 1 else package
            where = ".".join(part for part in (base if level else "", source or "") if part)
            for alias in names:
                yield alias.asname or alias.name, _Import(where, alias.name)
        case _:
            return
