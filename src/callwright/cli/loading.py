"""Loading: tools and agents out of the user's own code, named as `module:name` or `path/to/file.py:name`."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import cast

from callwright.cli.exits import CommandError, one_line
from callwright.tools.tool import Tool
from callwright.tools.toolset import AnyTool, ToolLike, Toolset, as_tool

__all__ = ["is_several", "load_tools", "load_value", "name_of"]

_OURS = str(Path(__file__).parents[1])


def load_tools(place: str) -> list[ToolLike]:
    """Return the tools at a place.

    Args:
        place: `module:name` or `path/to/file.py:name`, where the name is that of a function, a `Tool`, a toolset, a
            wire entry or a list of these; without a name, all public documented functions that are defined there.

    Raises:
        CommandError: There is nothing of that name, or importing it failed.
        SchemaError: A function cannot be a tool.
    """
    source, name = _split(place)
    module = _loaded(source)
    if name is None:
        found = _public_functions(module)
        if not found:
            raise CommandError(f"{place!r}: expected public functions with docstrings; {source} defines none")
        return found
    return _as_tools(_named(module, name), place)


def load_value(place: str) -> object:
    """Return what is at a place.

    Args:
        place: `module:name` or `path/to/file.py:name`.

    Raises:
        CommandError: There is nothing of that name, or importing it failed.
    """
    source, name = _split(place)
    if name is None:
        raise CommandError(f"{place!r}: expected module:name or path/to/file.py:name; the name is missing")
    return _named(_loaded(source), name)


def is_several(place: str) -> bool:
    """Whether a place may hold any number of tools, as a whole file does."""
    return _split(place)[1] is None


def name_of(tool: ToolLike) -> str:
    """Return what to call a tool when talking to people."""
    match tool:
        case Tool():
            return tool.name
        case Mapping():
            return str(tool.get("type"))
        case _:
            return type(tool).__name__


def _split(place: str) -> tuple[str, str | None]:
    source, colon, name = place.rpartition(":")
    is_whole = not colon or place.endswith(".py")
    if not (place if is_whole else source and name):
        raise CommandError(f"{place!r}: expected module:function, or path/to/file.py with or without :function")
    return (place, None) if is_whole else (source, name)


def _loaded(source: str) -> ModuleType:
    return _from_file(Path(source)) if source.endswith(".py") else _imported(source)


def _imported(name: str) -> ModuleType:
    if name.startswith(".") or "/" in name or "\\" in name:
        raise CommandError(f"{name!r}: expected the name of a module, or the path of a file that ends in .py")
    here = str(Path.cwd())
    # As `python -m` has it; the installed program starts without.
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    with _failing_in_one_line(name):
        return importlib.import_module(name)


def _from_file(path: Path) -> ModuleType:
    path = path.resolve()
    if not path.is_file():
        raise CommandError(f"there is no file {str(path)!r}")
    loaded = (module for module in list(sys.modules.values()) if getattr(module, "__file__", None) == str(path))
    for module in loaded:
        return module
    # A file may be called like a module that is loaded already, such as `json.py`.
    name = path.stem if path.stem not in sys.modules else f"{path.stem} at {path.parent}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CommandError(f"{str(path)!r} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    # Dataclasses and annotations look their module up by its name.
    sys.modules[name] = module
    with _failing_in_one_line(str(path)):
        spec.loader.exec_module(module)
    return module


@contextmanager
def _failing_in_one_line(name: str) -> Generator[None, None, None]:
    """Turn whatever the user's code raises when it is imported into a CommandError that says where."""
    try:
        # What it prints must not get into the results.
        with redirect_stdout(sys.stderr):
            yield
    except (Exception, SystemExit) as error:  # the edge of user code, which may be a script
        raise CommandError(f"importing {name} failed: {one_line(error)}{_place_of(error)}") from error


def _place_of(error: BaseException) -> str:
    """Return where the user's code stood when it failed, if it had begun: what it called of ours is not the place."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if not frame.filename.startswith(("<frozen", _OURS))]
    return f" ({theirs[-1].filename}, line {theirs[-1].lineno})" if theirs else ""


def _public_functions(module: ModuleType) -> list[ToolLike]:
    """Return what a whole module offers, in the order of its lines."""
    found: list[ToolLike] = []
    for name, value in cast("Mapping[str, object]", vars(module)).items():
        function: object = cast("AnyTool", value).function if isinstance(value, Tool) else value
        is_own = inspect.isroutine(function) and function.__module__ == module.__name__
        if is_own and not name.startswith("_") and value.__doc__:
            tool = as_tool(cast("AnyTool", value))
            found += [tool] if tool not in found else []
    return found


def _named(module: ModuleType, name: str) -> object:
    found: object = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise CommandError(f"{module.__name__} has no {name!r}{_suggestion(part, found)}")
        found = getattr(found, part)
    return found


def _suggestion(name: str, holder: object) -> str:
    public = [known for known in vars(holder) if not known.startswith("_")] if hasattr(holder, "__dict__") else []
    near = get_close_matches(name, public, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _as_tools(found: object, place: str) -> list[ToolLike]:
    match found:
        case Tool() | Mapping():
            return [cast("ToolLike", found)]
        case list() | tuple():
            return [tool for one in cast("Sequence[object]", found) for tool in _as_tools(one, place)]
        case _ if isinstance(found, Toolset):
            return [found]
        case _ if callable(found):
            return [as_tool(found)]
        case _:
            raise CommandError(f"{place!r}: expected a function, a tool, or a list of these; got {found!r:.200}")
