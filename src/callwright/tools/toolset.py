"""A toolset: tools that are chosen at each step; and what an agent's `tools=` amounts to."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

from typing_extensions import TypeIs

from callwright._json import JsonObject, JsonValue, decode, encode
from callwright.errors import ParameterError, SchemaError
from callwright.tools.context import RunContext
from callwright.tools.tool import Tool
from callwright.wire.chat import Encoded, ToolChoice

__all__ = [
    "AnyTool",
    "FixedToolset",
    "Offer",
    "ToolLike",
    "Toolset",
    "as_tool",
    "chosen",
    "entry_name",
    "gathered",
    "is_entry",
    "offered",
    "parted",
    "wire_entry",
]

AnyTool: TypeAlias = Tool[..., Any]  # a tool's own types end where the model begins

_DEEPEST = 32
"""How many toolsets may be offered one by the other."""


@runtime_checkable
class Toolset(Protocol):
    """Gives the tools of one step.

    Any object with such a method is one; `@toolset` makes one of a function.
    """

    async def tools(self, ctx: RunContext[Any]) -> Iterable[ToolLike]:
        """Return the tools to offer now: functions, `Tool`s, toolsets or wire entries, as in an agent's `tools=`."""
        ...


ToolLike: TypeAlias = Callable[..., object] | AnyTool | Toolset | Mapping[str, object]
"""A documented function, a `Tool`, a `Toolset`, or a wire entry that the service itself runs."""


class FixedToolset:
    """A toolset of the same tools at each step; an agent describes and encodes them once.

    Args:
        tools: Functions, tools and wire entries.

    Raises:
        SchemaError: One of them cannot be a tool.
    """

    __slots__ = ("fixed",)

    def __init__(self, tools: Iterable[Callable[..., object] | AnyTool | Mapping[str, object]]) -> None:
        self.fixed: tuple[AnyTool | JsonObject, ...] = tuple(map(_tool_or_entry, tools))
        """The tools, in the order in which they are offered."""

    async def tools(self, ctx: RunContext[Any]) -> Sequence[AnyTool | JsonObject]:
        """Return the tools."""
        del ctx
        return self.fixed

    def __repr__(self) -> str:
        return f"FixedToolset({', '.join(_shown(tool) for tool in self.fixed)})"


def as_tool(function: Callable[..., object] | AnyTool) -> AnyTool:
    """Return the tool of a function; a tool comes back as it is.

    Raises:
        SchemaError: It is no function, or cannot be a tool.
    """
    if isinstance(function, Tool):
        return cast("AnyTool", function)
    if not callable(function):
        raise SchemaError(f"tools: expected functions, tools, toolsets or wire entries; got {function!r}")
    return Tool(function)


def parted(tools: Iterable[ToolLike]) -> tuple[list[AnyTool | JsonObject], list[Toolset]]:
    """Return the tools that are the same at each step, and the toolsets whose tools are not; both in order.

    Raises:
        SchemaError: One of them cannot be a tool.
    """
    fixed: list[AnyTool | JsonObject] = []
    toolsets: list[Toolset] = []
    for tool in tools:
        if isinstance(tool, FixedToolset):
            fixed += tool.fixed
        elif _is_toolset(tool):
            toolsets.append(tool)
        else:
            fixed.append(_tool_or_entry(tool))
    return fixed, toolsets


async def gathered(
    tools: Iterable[ToolLike], context: RunContext[Any], *, depth: int = 0
) -> list[AnyTool | JsonObject]:
    """Return the tools of this step, those of toolsets among them, in order.

    Args:
        tools: Of all kinds.
        context: Of the step.
        depth: How many toolsets the tools stand in.

    Raises:
        SchemaError: One of them cannot be a tool, or a toolset offers something else, or itself.
        Exception: Whatever a toolset raises.
    """
    if depth > _DEEPEST:
        raise SchemaError(f"more than {_DEEPEST} toolsets, one offered by the other; does one offer itself?")
    found: list[AnyTool | JsonObject] = []
    for tool in tools:
        if not _is_toolset(tool):
            found.append(_tool_or_entry(tool))
            continue
        given = cast("object", tool.tools(context))  # whatever a user's toolset gives
        given = await given if inspect.isawaitable(given) else given
        if not isinstance(given, Iterable) or isinstance(given, str | Mapping):
            raise SchemaError(f"toolset {tool!r}: expected a list of tools; got {given!r:.200}")
        found += await gathered(cast("Iterable[ToolLike]", given), context, depth=depth + 1)
    return found


class Offer:
    """The tools of one step: by name, and as the wire has them.

    Args:
        tools: Tools, functions and wire entries, in the order in which they are offered.

    Raises:
        SchemaError: One of them cannot be a tool, or two that differ have the same name.
    """

    __slots__ = ("by_name", "encoded", "entries", "names", "safe")

    def __init__(self, tools: Iterable[Callable[..., object] | AnyTool | Mapping[str, object]]) -> None:
        self.by_name: dict[str, AnyTool] = {}
        self.entries: list[JsonObject] = []
        self.names: dict[str, AnyTool | JsonObject] = {}
        """Every name that can be chosen: those of tools, and of functions among the wire entries."""
        for given in tools:
            tool = _tool_or_entry(given)
            name = tool.name if isinstance(tool, Tool) else entry_name(tool)
            other = None if name is None else self.names.setdefault(name, tool)
            if other is not None and other is not tool:
                _check_same(str(name), other, tool)
            elif isinstance(tool, Tool):
                if tool.name not in self.by_name:
                    self.by_name[tool.name] = tool
                    self.entries.append(tool.wire())
            else:
                self.entries.append(tool)
        self.encoded = Encoded(self.entries)
        self.safe = frozenset(name for name, tool in self.by_name.items() if tool.effect == "read")
        """The names of the tools that change nothing."""

    @classmethod
    async def of_step(
        cls, fixed: Iterable[AnyTool | JsonObject], toolsets: Iterable[Toolset], context: RunContext[Any]
    ) -> Offer:
        """Return the offer of one step.

        Args:
            fixed: The tools that are the same at each step.
            toolsets: Give the others.
            context: Of the step.

        Raises:
            SchemaError: See there, and `gathered`.
            Exception: Whatever a toolset raises.
        """
        return cls([*fixed, *await gathered(toolsets, context)])


def offered(tools: Iterable[Callable[..., object] | AnyTool | Mapping[str, object]]) -> Offer:
    """Return the offer of functions, tools and wire entries.

    Raises:
        SchemaError: One of them cannot be a tool, or two have the same name.
    """
    return Offer(parted(tools)[0])


def chosen(
    choice: ToolChoice | str | Callable[..., object] | None, offer: Offer, *, is_open: bool = False
) -> ToolChoice | None:
    """Return a tool choice as the wire has it.

    Args:
        choice: `auto`, `none`, `required`, a tool's name, the function itself, or a wire object.
        offer: The tools to choose from.
        is_open: Whether toolsets may offer others.

    Raises:
        ParameterError: It is none of these, there is no such tool, or there are no tools at all.
        SchemaError: The function cannot be a tool.
    """
    if choice is None:
        return None
    if isinstance(choice, Mapping):
        try:
            return cast("ToolChoice", decode(encode(cast("object", choice))))
        except ValueError as error:
            raise ParameterError(f"tool_choice: expected a JSON object; {error}") from error
    if choice in ("auto", "none", "required"):
        if not offer.entries and choice == "required" and not is_open:
            raise ParameterError("tool_choice 'required': there are no tools to choose from")
        return cast("ToolChoice", choice)
    if not _is_name_or_function(choice):
        raise ParameterError(f"tool_choice: expected a word, a name, a function or a wire object; got {choice!r}")
    name = choice if isinstance(choice, str) else _name_of(choice, offer)
    if name not in offer.names and not is_open:
        names = ", ".join(offer.names) or "no tools"
        raise ParameterError(f"tool_choice: expected 'auto', 'none', 'required' or one of {names}; got {name!r}")
    return {"type": "function", "function": {"name": name}}


def _name_of(function: Callable[..., object], offer: Offer) -> str:
    """Return under which name a function is offered; its own if it is not, or more than once."""
    tool = as_tool(function)
    names = [name for name, found in offer.by_name.items() if found.function is tool.function]
    return names[0] if len(names) == 1 else tool.name


def _is_name_or_function(choice: object) -> bool:
    return callable(choice) or isinstance(choice, str)


def is_entry(tool: object) -> TypeIs[Mapping[str, object]]:
    """Whether it is a wire entry rather than something that can be called."""
    return isinstance(tool, Mapping)


def wire_entry(entry: Mapping[str, object]) -> JsonObject:
    """Return a copy of a wire entry as plain JSON values.

    Raises:
        SchemaError: It has no `type`, or is no JSON.
    """
    try:
        value: JsonValue = decode(encode(entry))
    except ValueError as error:
        raise SchemaError(f"a wire entry among the tools is a JSON object; {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise SchemaError(
            f"a wire entry among the tools needs a type, as in {{'type': 'openrouter:web_search'}}; got {entry!r}"
        )
    return value


def entry_name(entry: JsonObject) -> str | None:
    """Return the name of the function that a wire entry describes; None if it describes none."""
    function = entry.get("function")
    name = function.get("name") if isinstance(function, Mapping) else None
    return name if isinstance(name, str) else None


def _is_toolset(tool: object) -> TypeIs[Toolset]:
    return not isinstance(tool, Tool | Mapping) and isinstance(tool, Toolset)


def _tool_or_entry(tool: Callable[..., object] | AnyTool | Mapping[str, object]) -> AnyTool | JsonObject:
    return wire_entry(tool) if is_entry(tool) else as_tool(tool)


def _check_same(name: str, one: AnyTool | JsonObject, other: AnyTool | JsonObject) -> None:
    """Refuse two different tools of one name; the same one may come from two toolsets.

    Raises:
        SchemaError: They differ.
    """
    is_same = one.is_same(other) if isinstance(one, Tool) and isinstance(other, Tool) else one == other
    if not is_same:
        raise SchemaError(f"two tools are named {name!r}: {_origin(one)} and {_origin(other)}; give one another name")


def _shown(tool: AnyTool | JsonObject) -> str:
    return tool.name if isinstance(tool, Tool) else str(entry_name(tool) or tool["type"])


def _origin(tool: AnyTool | JsonObject) -> str:
    """Return where a tool comes from."""
    if not isinstance(tool, Tool):
        return "a wire entry"
    function: object = tool.function
    while isinstance(function, partial):
        function = cast("partial[object]", function).func
    function = inspect.unwrap(cast("Callable[..., object]", function))
    code = getattr(function, "__code__", None)
    written: object = function if hasattr(function, "__qualname__") else type(function)
    name = f"{getattr(written, '__module__', '?')}.{getattr(written, '__qualname__', '?')}"
    return name if code is None else f"{name} ({code.co_filename}:{code.co_firstlineno})"
