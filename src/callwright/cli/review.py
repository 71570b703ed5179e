"""A review of tools: what is found in what models are told of them, and what changed since they were locked."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from callwright._json import JsonObject, decode, encode
from callwright.cli.exits import FAILED, CommandError
from callwright.cli.loading import load_tools, name_of
from callwright.cli.terminal import clear_text, line, open_console
from callwright.errors import SchemaError
from callwright.tools.lint import Finding, Size, linted, size_of
from callwright.tools.lock import Change, compared, locked
from callwright.tools.schema import FunctionDescription
from callwright.tools.subschemas import NOTHING
from callwright.tools.tool import Tool
from callwright.tools.toolset import ToolLike, is_entry, wire_entry

__all__ = ["Review", "review"]

_SEVERITIES = ("error", "warning", "note")
_UNFOLDED = 100_000
"""Columns where there is no terminal: programs read lines."""


@dataclass(frozen=True, slots=True)
class Review:
    """What is to be looked at."""

    lint: bool = False
    """Whether to look for faults."""
    is_strict: bool = False
    """Whether warnings fail, too."""
    dialects: tuple[str, ...] = ()
    """The services to think of; none: all of them."""
    check: Path | None = None
    """The lock to compare with."""
    lock: Path | None = None
    """Where the lock is to be written."""

    def __bool__(self) -> bool:
        return self.lint or self.check is not None or self.lock is not None


def review(places: Sequence[str], wanted: Review) -> None:
    """Print what is found, compare with a lock, write a lock; in this order.

    Args:
        places: See `load_tools`.
        wanted: What to do.

    Raises:
        CommandError: There are errors or breaking changes (code 1); a lock cannot be read or written (code 2).
        SchemaError: A function cannot be described, a dialect is unknown, or the file is no lock.
    """
    tools, others = _described([tool for place in places for tool in load_tools(place)])
    descriptions = [tool.description for tool in tools]
    console = open_console()
    if not console.is_terminal:
        console.width = _UNFOLDED
    failures: list[str] = []
    if wanted.lint:
        failures += _print_findings(console, tools, wanted)
        if others:
            line(console, "note", f"left out, since the service describes them: {', '.join(others)}")
    if wanted.check is not None:
        failures += _print_changes(console, descriptions, wanted.check, places)
    if failures:
        raise CommandError("; ".join(failures), code=FAILED)
    if wanted.lock is not None:
        _write(wanted.lock, locked(descriptions))
        line(console, "locked", f"{_count(len(descriptions), 'tool')} in {wanted.lock}")


class _Reviewed(NamedTuple):
    """One tool under review."""

    description: FunctionDescription
    """With the schema of what it takes: to be made strict breaks nothing."""
    size: Size
    """Of what is sent."""


def _described(tools: Sequence[ToolLike]) -> tuple[list[_Reviewed], list[str]]:
    """Return the tools, and the names of what the service itself runs."""
    found: list[_Reviewed] = []
    others: list[str] = []
    for tool in tools:
        if isinstance(tool, Tool):
            told = tool.description
            found.append(_Reviewed(replace(told, parameters=tool.shape.arguments.parameters), size_of(told)))
        elif is_entry(tool):
            described = _of_entry(wire_entry(tool))
            found += [_Reviewed(described, size_of(described))] if described else []
            others += [] if described else [name_of(tool)]
        else:
            raise CommandError(f"{name_of(tool)}: expected functions; a toolset has its tools only in a run")
    return found, others


def _of_entry(entry: JsonObject) -> FunctionDescription | None:
    """Return what a wire entry says of a function; None if it is about something else."""
    function = entry.get("function")
    if not isinstance(function, Mapping):
        return None
    parameters = function.get("parameters")
    empty: JsonObject = {"type": "object", "properties": NOTHING}
    schema = parameters if isinstance(parameters, Mapping) else empty
    return FunctionDescription(str(function.get("name")), str(function.get("description") or ""), schema)


# -- findings


def _print_findings(console: Console, tools: Sequence[_Reviewed], wanted: Review) -> list[str]:
    """Print the findings by tool, and return what makes the command fail."""
    findings = linted([tool.description for tool in tools], dialects=wanted.dialects or None)
    _print_all(console, [one for one in findings if not one.tool])
    by_name: dict[str, list[Size]] = {}
    for tool in tools:
        by_name.setdefault(tool.description.name, []).append(tool.size)
    for name, sizes in by_name.items():
        console.print(Text.assemble((clear_text(name), "bold"), f"  {_size(sizes)}"), soft_wrap=True)
        _print_all(console, [one for one in findings if one.tool == name])
    counts = {severity: sum(one.severity == severity for one in findings) for severity in _SEVERITIES}
    said = ", ".join(_count(count, severity) for severity, count in counts.items())
    console.print(f"{_count(len(tools), 'tool')}, {_size([tool.size for tool in tools])}: {said}", soft_wrap=True)
    failing = [severity for severity in ("error", "warning")[: 1 + wanted.is_strict] if counts[severity]]
    return [" and ".join(_count(counts[severity], severity) for severity in failing)] if failing else []


def _print_all(console: Console, findings: Sequence[Finding]) -> None:
    for finding in sorted(findings, key=lambda one: _SEVERITIES.index(one.severity)):
        where = f"{finding.path}: " if finding.path else ""
        line(console, finding.severity, f"{where}{finding.message} [{finding.rule}]")


def _size(sizes: Sequence[Size]) -> str:
    return f"{sum(one.bytes for one in sizes):,} bytes, about {sum(one.tokens for one in sizes):,} tokens"


# -- changes


def _print_changes(
    console: Console, descriptions: Sequence[FunctionDescription], path: Path, places: Sequence[str]
) -> list[str]:
    """Print what changed since a lock was written, and return what makes the command fail."""
    update = shlex.join(["callwright", "schema", *places, "--lock", str(path)])
    changes = _changes(path, descriptions, update)
    breaking = [change for change in changes if change.is_breaking]
    for change in [*breaking, *(change for change in changes if not change.is_breaking)]:
        place = " ".join(filter(None, (change.tool, change.path)))
        line(console, "breaks" if change.is_breaking else "change", f"{place}: {change.message} [{change.kind}]")
    if not changes:
        console.print(f"{_count(len(descriptions), 'tool')} as locked in {path}", soft_wrap=True)
    elif not breaking:
        said = f"{_count(len(changes), 'change')} since {path}, none of which breaks; update it: {update}"
        console.print(said, soft_wrap=True)
    if not breaking:
        return []
    verb = "breaks" if len(breaking) == 1 else "break"
    return [f"{_count(len(breaking), 'change')} {verb} what {path} holds; if meant, lock anew: {update}"]


def _changes(path: Path, descriptions: Sequence[FunctionDescription], update: str) -> list[Change]:
    try:
        lock = decode(path.read_bytes())
    except FileNotFoundError:
        raise CommandError(f"there is no lock {str(path)!r}; write it: {update}") from None
    except OSError as error:
        raise CommandError(f"the lock {str(path)!r} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        message = f"{str(path)!r}: expected JSON as --lock writes it; {error}; write it anew: {update}"
        raise CommandError(message) from error
    if not isinstance(lock, Mapping):
        raise CommandError(f"{str(path)!r}: expected an object as --lock writes it; write it anew: {update}")
    try:
        return compared(lock, descriptions)
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}; to write it anew: {update}") from error


def _write(path: Path, lock: JsonObject) -> None:
    """Write a lock; whoever reads it meanwhile finds the old one or the new one, whole."""
    text = json.dumps(decode(encode(lock)), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    beside = path.parent / f"{path.name}.{os.getpid()}.new"
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise CommandError(f"the lock {str(path)!r} cannot be written: {error.strerror or error}") from error


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
