"""Toolsets: new ones out of old ones, by joining, renaming, choosing, wrapping.

Each takes a toolset, or a list of whatever an agent's `tools=` takes, and gives a toolset; so they can be nested, and
are read from the inside out. Where nothing depends on the step, nothing is done per step.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from typing_extensions import Unpack

from callwright._json import JsonObject
from callwright.errors import ParameterError, SchemaError
from callwright.tools.context import RunContext
from callwright.tools.options import CallOptions
from callwright.tools.signature import is_wire_name
from callwright.tools.tool import Tool
from callwright.tools.toolset import AnyTool, FixedToolset, ToolLike, Toolset, entry_name, gathered, parted
from callwright.tools.wrapping import Around

__all__ = ["Keep", "Tools", "combined", "filtered", "prefixed", "renamed", "toolset", "with_options", "wrapped"]

Tools: TypeAlias = ToolLike | Iterable[ToolLike]
"""A toolset, a single tool, or a list of tools and toolsets."""

Keep: TypeAlias = Callable[[RunContext[Any], AnyTool], bool | Awaitable[bool]]
"""Says whether a tool is offered at this step."""

_Change: TypeAlias = Callable[[AnyTool | JsonObject], AnyTool | JsonObject]
_Find: TypeAlias = Callable[[RunContext[Any]], Iterable[ToolLike] | Awaitable[Iterable[ToolLike]]]


def toolset(function: _Find) -> Toolset:
    """Make a function that gives tools a toolset, asked at each step.

    Args:
        function: Takes the context, and gives functions, `Tool`s, toolsets or wire entries; plain or async.

    Raises:
        ParameterError: It is no function.

    >>> def lookup(sku: str) -> str: return "a lamp"
    >>> def refund(sku: str) -> str: return "refunded"
    >>> @toolset
    ... async def shop(ctx: RunContext[Any]) -> list[Any]:
    ...     return [lookup, refund] if ctx.step > 1 else [lookup]
    """
    if not callable(function):
        raise ParameterError(f"toolset: expected a function of the context; got {function!r}")
    return _FunctionToolset(function)


def combined(*toolsets: Tools) -> Toolset:
    """Return all tools of several toolsets, as one; to be prefixed, filtered or wrapped together.

    Raises:
        SchemaError: Something in them cannot be a tool.

    >>> def add(a: int, b: int) -> int: return a + b
    >>> def negate(a: int) -> int: return -a
    >>> combined([add], negate)
    FixedToolset(add, negate)
    """
    return _changed([tool for tools in toolsets for tool in _listed(tools)], lambda tool: tool)


def prefixed(tools: Tools, prefix: str) -> Toolset:
    """Return tools with `prefix` before their names: two toolsets can then be offered that use the same names.

    Wire entries without a name of their own stay as they are.

    Args:
        tools: See `Tools`.
        prefix: Of `A-Z a-z 0-9 _ -`; a name has at most 64 characters with it.

    Raises:
        SchemaError: A name would be none that services take; at the step, if it comes from a toolset.

    >>> def read(path: str) -> str: return ""
    >>> prefixed([read], "fs_")
    FixedToolset(fs_read)
    """
    return renamed(tools, lambda name: prefix + name)


def renamed(tools: Tools, names: Mapping[str, str] | Callable[[str], str]) -> Toolset:
    """Return tools under other names.

    Args:
        tools: See `Tools`.
        names: Old name -> new name, of those that are to have another; or a function that gives the new one.

    Raises:
        SchemaError: A name is none that services take, or there is no tool of an old name; at the step, as far as
            tools come from toolsets.

    >>> def q(text: str) -> str: return ""
    >>> renamed([q], {"q": "search"})
    FixedToolset(search)
    """
    listed = _listed(tools)
    if callable(names):
        return _changed(listed, lambda tool: _under(tool, names))
    fixed, varying = parted(listed)
    known = {name for tool in fixed if (name := _name(tool)) is not None}
    unknown = sorted(names.keys() - known)
    if unknown and not varying:
        there = ", ".join(sorted(known)) or "none"
        raise SchemaError(f"renamed: there is no tool named {', '.join(unknown)}; the tools are: {there}")
    new = {**names}  # the caller may change it later
    return _changed(listed, lambda tool: _under(tool, lambda name: new.get(name, name)))


def filtered(tools: Tools, keep: Keep) -> Toolset:
    """Return those tools that `keep` says yes to, asked at each step.

    Args:
        tools: See `Tools`; no wire entries, which are no tools to ask about: put them beside.
        keep: Takes the context and the tool; plain or async.

    Raises:
        SchemaError: A wire entry is among them; at the step, if it comes from a toolset.

    >>> def read(path: str) -> str: return ""
    >>> def delete(path: str) -> None: return None
    >>> careful = filtered([read, delete], lambda ctx, tool: tool.name != "delete" or ctx.deps == "admin")
    """
    fixed, varying = parted(_listed(tools))
    return _Filtered([_own(tool, "filtered") for tool in fixed], varying, keep)


def wrapped(tools: Tools, around: Around) -> Toolset:
    """Return tools with `around` run around each call; see `Tool.wrap`.

    What is wrapped last is run first: `wrapped(wrapped(tools, inner), outer)`.

    Args:
        tools: See `Tools`; no wire entries, around whose calls nothing can be wrapped: put them beside.
        around: Sees the context and the validated arguments, plain functions' too; it can change them, change the
            result, or refuse by `ToolError`.

    Raises:
        SchemaError: A wire entry is among them; at the step, if it comes from a toolset.
        ParameterError: `around` is no function.

    >>> from callwright import ToolError
    >>> def read(path: str) -> str: return ""
    >>> async def inside(ctx, call):
    ...     if ".." in str(call.arguments["path"]):
    ...         raise ToolError("Paths are relative to the project.")
    ...     return await call.proceed({**call.arguments, "path": f"/project/{call.arguments['path']}"})
    >>> wrapped([read], inside)
    FixedToolset(read)
    """
    return _changed(_listed(tools), lambda tool: _own(tool, "wrapped").wrap(around))


def with_options(tools: Tools, **options: Unpack[CallOptions]) -> Toolset:
    """Return tools with other options; what is not given stays.

    Args:
        tools: See `Tools`; no wire entries, which have no options: put them beside.
        options: See `CallOptions`.

    Raises:
        SchemaError: A wire entry is among them; at the step, if it comes from a toolset.
        ParameterError: An option is unknown or out of range.

    >>> def read(path: str) -> str: return ""
    >>> with_options([read], read_only=True, timeout=10)
    FixedToolset(read)
    """
    unknown = options.keys() - CallOptions.__annotations__.keys()
    if unknown:
        known = ", ".join(CallOptions.__annotations__)
        raise ParameterError(f"with_options: expected some of {known}; got {', '.join(sorted(unknown))}")
    return _changed(_listed(tools), lambda tool: _own(tool, "with_options").replace(**options))


class _FunctionToolset:
    """The toolset of a function."""

    __slots__ = ("_function",)

    def __init__(self, function: _Find) -> None:
        self._function = function

    async def tools(self, ctx: RunContext[Any]) -> Any:  # noqa: ANN401 - whoever asks looks at what it is
        """Return what the function gives."""
        found: object = self._function(ctx)
        return await found if inspect.isawaitable(found) else found

    def __repr__(self) -> str:
        return f"toolset({getattr(self._function, '__qualname__', repr(self._function))})"


class _Changed:
    """The tools of toolsets, each of them changed."""

    __slots__ = ("_change", "_fixed", "_toolsets")

    def __init__(self, fixed: Sequence[AnyTool | JsonObject], toolsets: Sequence[Toolset], change: _Change) -> None:
        self._fixed = fixed
        self._toolsets = toolsets
        self._change = change

    async def tools(self, ctx: RunContext[Any]) -> Sequence[AnyTool | JsonObject]:
        """Return the tools of this step; those that are always the same were changed before."""
        return [*self._fixed, *map(self._change, await gathered(self._toolsets, ctx))]


class _Filtered:
    """Some tools of toolsets."""

    __slots__ = ("_fixed", "_keep", "_toolsets")

    def __init__(self, fixed: Sequence[AnyTool], toolsets: Sequence[Toolset], keep: Keep) -> None:
        self._fixed = fixed
        self._toolsets = toolsets
        self._keep = keep

    async def tools(self, ctx: RunContext[Any]) -> Sequence[AnyTool]:
        """Return the tools that are kept at this step."""
        kept: list[AnyTool] = []
        for tool in [*self._fixed, *(_own(tool, "filtered") for tool in await gathered(self._toolsets, ctx))]:
            verdict = self._keep(ctx, tool)
            if await verdict if inspect.isawaitable(verdict) else verdict:
                kept.append(tool)
        return kept


def _listed(tools: Tools) -> Sequence[ToolLike]:
    if isinstance(tools, Toolset | Mapping) or callable(tools):
        return [cast("ToolLike", tools)]
    given = cast("object", tools)  # whatever a user gives
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise SchemaError(f"expected a toolset, or a list of tools and toolsets; got {given!r:.200}")
    return list(cast("Iterable[ToolLike]", given))


def _changed(tools: Iterable[ToolLike], change: _Change) -> Toolset:
    fixed, varying = parted(tools)
    changed = [change(tool) for tool in fixed]
    return _Changed(changed, varying, change) if varying else FixedToolset(changed)


def _name(tool: AnyTool | JsonObject) -> str | None:
    return tool.name if isinstance(tool, Tool) else entry_name(tool)


def _under(tool: AnyTool | JsonObject, name: Callable[[str], str]) -> AnyTool | JsonObject:
    """Return a tool under the name that `name` gives for its own."""
    old = _name(tool)
    new = None if old is None else name(old)
    if new == old:
        return tool
    if isinstance(tool, Tool):
        return tool.replace(name=new)
    if new is None or not is_wire_name(new):
        raise SchemaError(f"a tool's name is 1 to 64 of A-Z a-z 0-9 _ -; got {new!r}")
    return {**tool, "function": {**cast("JsonObject", tool["function"]), "name": new}}


def _own(tool: AnyTool | JsonObject, word: str) -> AnyTool:
    """Return a tool that is run here.

    Raises:
        SchemaError: It is a wire entry.
    """
    if isinstance(tool, Tool):
        return tool
    raise SchemaError(
        f"{word}: the wire entry {_name(tool) or tool['type']!r} is not run here, so that this would have no effect; "
        "put it beside the toolset"
    )
