"""A toolset: tools that are chosen at each step; and what an agent's `tools=` amounts to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

from typing_extensions import TypeIs

from callwright._json import JsonObject, JsonValue, decode, encode
from callwright.errors import ParameterError, SchemaError
from callwright.tools.context import RunContext
from callwright.tools.tool import Tool
from callwright.wire.chat import Encoded, ToolChoice

__all__ = ["AnyTool", "Offer", "ToolLike", "Toolset", "as_tool", "chosen", "is_entry", "offered", "wire_entry"]

AnyTool: TypeAlias = Tool[..., Any]  # a tool's own types end where the model begins


@runtime_checkable
class Toolset(Protocol):
    """Gives the tools of one step."""

    async def tools(self, ctx: RunContext[Any]) -> Sequence[AnyTool]:
        """Return the tools to offer now."""
        ...


ToolLike: TypeAlias = Callable[..., object] | AnyTool | Toolset | Mapping[str, object]
"""A documented function, a `Tool`, a `Toolset`, or a wire entry that the service itself runs."""


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


class Offer:
    """The tools of one step: by name, and as the wire has them.

    Args:
        tools: Tools and wire entries, in the order in which they are offered.

    Raises:
        SchemaError: Two tools have the same name.
    """

    __slots__ = ("by_name", "encoded", "entries", "names")

    def __init__(self, tools: Iterable[AnyTool | JsonObject]) -> None:
        self.by_name: dict[str, AnyTool] = {}
        self.entries: list[JsonObject] = []
        self.names: dict[str, AnyTool | JsonObject] = {}
        """Every name that can be chosen: those of tools, and of functions among the wire entries."""
        for tool in tools:
            name = tool.name if isinstance(tool, Tool) else _named(tool)
            other = tool if name is None else self.names.setdefault(name, tool)
            if other is not tool:
                raise SchemaError(
                    f"two tools are named {name!r}: {_origin(other)} and {_origin(tool)}; give one another name"
                )
            if not isinstance(tool, Tool):
                self.entries.append(tool)
            elif tool.name not in self.by_name:
                self.by_name[tool.name] = tool
                self.entries.append(tool.wire())
        self.encoded = Encoded(self.entries)


def offered(tools: Iterable[Callable[..., object] | AnyTool | Mapping[str, object]]) -> Offer:
    """Return the offer of functions, tools and wire entries.

    Raises:
        SchemaError: One of them cannot be a tool, or two have the same name.
    """
    return Offer(wire_entry(tool) if is_entry(tool) else as_tool(tool) for tool in tools)


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
    name = choice if isinstance(choice, str) else as_tool(choice).name
    if name not in offer.names and not is_open:
        names = ", ".join(offer.names) or "no tools"
        raise ParameterError(f"tool_choice: expected 'auto', 'none', 'required' or one of {names}; got {name!r}")
    return {"type": "function", "function": {"name": name}}


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


def _named(entry: JsonObject) -> str | None:
    """Return the name of the function that a wire entry describes; None if it describes none."""
    function = entry.get("function")
    name = function.get("name") if isinstance(function, Mapping) else None
    return name if isinstance(name, str) else None


def _origin(tool: AnyTool | JsonObject) -> str:
    if not isinstance(tool, Tool):
        return "a wire entry"
    function = tool.function
    module = getattr(function, "__module__", "?")
    return f"{module}.{getattr(function, '__qualname__', repr(function))}"
