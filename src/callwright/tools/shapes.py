"""A shape: what is known of a tool's function, wherever it is known from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from callwright._json import JsonObject, JsonValue

__all__ = ["ToolArguments", "ToolShape"]


class ToolArguments(Protocol):
    """How the arguments of a tool are described, validated and handed over; see `Arguments`, which is one."""

    @property
    def parameters(self) -> JsonObject:
        """The JSON Schema of the object that holds the arguments."""
        ...

    def read(self, text: str | bytes) -> dict[str, object]:
        """Return the values that a JSON text holds."""
        ...

    def read_object(self, value: JsonObject) -> dict[str, object]:
        """Return the values that a JSON object holds."""
        ...

    def call(
        self, function: Callable[..., object], values: Mapping[str, object], context: object | None = None
    ) -> object:
        """Call `function` with values, and return what it returns."""
        ...

    def dump(self, values: Mapping[str, object]) -> dict[str, JsonValue]:
        """Return values as a JSON object that `read_object` takes."""
        ...


class ToolShape(Protocol):
    """What is known of a function as a tool; see `Shape`, which is one."""

    @property
    def name(self) -> str:
        """Its name in the charset of the wire."""
        ...

    @property
    def description(self) -> str:
        """What its docstring says."""
        ...

    @property
    def returns(self) -> str | None:
        """What the docstring says of the value it returns."""
        ...

    @property
    def is_async(self) -> bool:
        """Whether calling it gives an awaitable."""
        ...

    @property
    def is_generator(self) -> bool:
        """Whether it is a `def` with a `yield`."""
        ...

    @property
    def is_async_generator(self) -> bool:
        """Whether it is an `async def` with a `yield`."""
        ...

    @property
    def context_parameter(self) -> str | None:
        """The parameter that takes the run's context."""
        ...

    @property
    def arguments(self) -> ToolArguments:
        """How its arguments are described, validated and handed over."""
        ...
