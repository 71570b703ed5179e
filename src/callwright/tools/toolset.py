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

    __slots__ = ("by_name", "encoded", "entries")

    def __init__(self, tools: Iterable[AnyTool | JsonObject]) -> None:
        self.by_name: dict[str, AnyTool] = {}
        self.entries: list[JsonObject] = []
        for tool in tools:
            if not isinstance(tool, Tool):
                self.entries.append(tool)
                continue
            other = self.by_name.setdefault(tool.name, tool)
            if other is not tool:
                raise SchemaError(
                    f"two tools are named {tool.name!r}: {_origin(other)} and {_origin(tool)}; give one another name"
                )
            self.entries.append(tool.wire())
        self.encoded = Encoded(self.entries)


def offered(tools: Iterable[Callable[..., object] | AnyTool | Mapping[str, object]]) -> Offer:
    """Return the offer of functions, tools and wire entries.

    Raises:
        SchemaError: One of them cannot be a tool, or two have the same name.
    """
    return Offer(wire_entry(tool) if is_entry(tool) else as_tool(tool) for tool in tools)


def chosen(choice: ToolChoice | str | Callable[..., object] | None, offer: Offer) -> ToolChoice | None:
    """Return a tool choice as the wire has it.

    Args:
        choice: `auto`, `none`, `required`, a tool's name, the function itself, or a wire object.
        offer: The tools to choose from.

    Raises:
        ParameterError: There is no such tool, or there are no tools at all.
    """
    if choice is None or isinstance(choice, Mapping):
        return cast("ToolChoice", choice)
    if choice in ("auto", "none", "required"):
        if not offer.entries and choice == "required":
            raise ParameterError("tool_choice 'required': there are no tools to choose from")
        return cast("ToolChoice", choice)
    name = choice if isinstance(choice, str) else as_tool(choice).name
    if name not in offer.by_name:
        names = ", ".join(offer.by_name) or "no tools"
        raise ParameterError(f"tool_choice: expected 'auto', 'none', 'required' or one of {names}; got {name!r}")
    return {"type": "function", "function": {"name": name}}


def is_entry(tool: object) -> TypeIs[Mapping[str, object]]:
    """Whether it is a wire entry rather than something that can be called."""
    return isinstance(tool, Mapping)


def wire_entry(entry: Mapping[str, object]) -> JsonObject:
    """Return a copy of a wire entry as plain JSON values.

    Raises:
        SchemaError: It has no `type`.
    """
    value: JsonValue = decode(encode(entry))
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise SchemaError(
            f"a wire entry among the tools needs a type, as in {{'type': 'openrouter:web_search'}}; got {entry!r}"
        )
    return value


def _origin(tool: AnyTool) -> str:
    function = tool.function
    module = getattr(function, "__module__", "?")
    return f"{module}.{getattr(function, '__qualname__', repr(function))}"
