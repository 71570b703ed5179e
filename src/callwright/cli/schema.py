"""The command `schema`: what a model is told of functions, as JSON, or reviewed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.syntax import Syntax

from callwright.cli.exits import CommandError
from callwright.cli.loading import is_several, load_tools, name_of
from callwright.cli.review import Review, review
from callwright.cli.terminal import open_console
from callwright.tools.tool import Tool
from callwright.tools.toolset import ToolLike

__all__ = ["print_schemas", "review_schemas"]


def print_schemas(places: Sequence[str], *, is_compact: bool = False, as_entries: bool = False) -> None:
    """Print the FunctionDescription of each function: an object for one function, a list for anything else.

    Args:
        places: See `load_tools`.
        is_compact: In one line, without blanks.
        as_entries: As a request's `tools` hold them, with `type` around.

    Raises:
        CommandError: See `load_tools`.
        SchemaError: A function cannot be described.
    """
    loaded = [load_tools(place) for place in places]
    described = [_described(tool, as_entry=as_entries) for tools in loaded for tool in tools]
    is_one = len(described) == len(places) == 1 and not is_several(places[0])
    value = described[0] if is_one else described
    separators = (",", ":") if is_compact else None
    text = json.dumps(value, ensure_ascii=False, indent=None if is_compact else 2, separators=separators)
    console = open_console()
    if console.color_system is None:
        print(text)  # noqa: T201 - rich would fold long lines
    else:
        console.print(Syntax("", "json", theme="ansi_dark").highlight(text), soft_wrap=True, end="")


def review_schemas(places: Sequence[str], wanted: Review, *, is_printing: bool = False) -> None:
    """Review what a model is told of functions.

    Args:
        places: See `load_tools`.
        wanted: What to do.
        is_printing: Whether options were given that only printing has.

    Raises:
        CommandError: The options do not go together; see also `review`.
        SchemaError: See `review`.
    """
    if is_printing:
        raise CommandError("--compact and --entries: expected alone; --lint, --check and --lock print no schemas")
    if (wanted.is_strict or wanted.dialects) and not wanted.lint:
        raise CommandError("--strict and --dialect: expected with --lint")
    if wanted.check is not None and wanted.lock is not None:
        raise CommandError("--check and --lock: expected one of them; check first, then write")
    review(places, wanted)


def _described(tool: ToolLike, *, as_entry: bool) -> object:
    if not isinstance(tool, Tool):
        raise CommandError(f"{name_of(tool)}: expected functions; this is no function, so there is nothing to describe")
    entry = tool.wire()
    return entry if as_entry else entry["function"]
