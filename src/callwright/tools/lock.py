"""A lock: the interfaces of tools as they were, and what a change of them breaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from callwright._json import JsonObject, JsonValue, encode
from callwright.errors import SchemaError
from callwright.tools.schema import FunctionDescription
from callwright.tools.schemadiff import Change, changes
from callwright.tools.subschemas import as_object, check_depth

__all__ = ["Change", "compared", "locked"]

_VERSION = 1


def locked(descriptions: Sequence[FunctionDescription]) -> JsonObject:
    """Return the interfaces of tools as a JSON object to be kept in a file, beside the code.

    It is the same for the same tools, whatever their order, machine and Python.

    Args:
        descriptions: The tools; of a strict one, with the schema before it was made strict.

    Raises:
        SchemaError: Two tools have the same name, or a schema is nested too deeply.
    """
    tools: dict[str, JsonValue] = {}
    for one in sorted(descriptions, key=lambda description: description.name):
        check_depth(one.parameters, f"tool {one.name!r}: parameters")
        if one.name in tools:
            raise SchemaError(f"two tools are named {one.name!r}; a lock holds each name once: give one another name")
        tools[one.name] = {"description": one.description, "parameters": _sorted(one.parameters)}
    return {"tools": tools, "version": _VERSION}


def compared(lock: JsonObject, descriptions: Sequence[FunctionDescription]) -> list[Change]:
    """Return what changed since tools were locked, by tool in the order of their names; empty if nothing.

    A change breaks if arguments that were taken are refused now, or mean something else: whoever calls by the old
    interface is a recorded conversation, a prompt with examples, a fine-tuned model or a client of another program.

    Args:
        lock: What `locked` gave.
        descriptions: The tools now; see `locked`.

    Raises:
        SchemaError: It is no lock, or one of another version.
    """
    before = _tools_of(lock)
    after = _tools_of(locked(descriptions))
    found: list[Change] = []
    for name in sorted(before.keys() | after.keys()):
        old, new = as_object(before.get(name)), as_object(after.get(name))
        if new is None:
            found.append(_removed(name, old or {}, {key: after[key] for key in after if key not in before}))
        elif old is None:
            found.append(Change(name, "", "tool-added", is_breaking=False, message="a new tool"))
        else:
            found += _of_tool(name, old, new)
    return found


def _removed(name: str, old: JsonObject, added: Mapping[str, JsonValue]) -> Change:
    same = [key for key, tool in added.items() if (as_object(tool) or {}).get("parameters") == old.get("parameters")]
    if not same:
        return Change(name, "", "tool-removed", is_breaking=True, message="it is not there any more")
    message = f"it is not there any more; was it renamed to {same[0]!r}?"
    return Change(name, "", "tool-renamed", is_breaking=True, message=message)


def _of_tool(name: str, old: JsonObject, new: JsonObject) -> Iterable[Change]:
    if old.get("description") != new.get("description"):
        message = "described in other words"
        yield Change(name, "", "description", is_breaking=False, message=message)
    yield from changes(name, as_object(old.get("parameters")) or {}, as_object(new.get("parameters")) or {})


def _tools_of(lock: JsonObject) -> JsonObject:
    version, tools = lock.get("version"), as_object(lock.get("tools"))
    if version != _VERSION or tools is None:
        got = f"version {encode(version).decode()}" if "version" in lock else "something else"
        raise SchemaError(f"lock: expected one of version {_VERSION}; got {got}")
    for name, tool in tools.items():
        parameters = (as_object(tool) or {}).get("parameters")
        if not isinstance(parameters, Mapping):
            raise SchemaError(f"lock: expected parameters of the tool {name!r}; got {encode(tool).decode():.60}")
        check_depth(parameters, f"lock: the parameters of {name!r}")
    return tools


def _sorted(value: JsonValue) -> JsonValue:
    """Return a JSON value with all keys in order, as they may come in any from a file."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list | tuple) else value
