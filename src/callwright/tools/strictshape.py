"""A strict shape: that of a tool whose arguments come with nulls in place of nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from pydantic_core import from_json

from callwright._json import JsonObject, JsonValue
from callwright.tools.fillers import given
from callwright.tools.shapes import ToolArguments, ToolShape

__all__ = ["StrictArguments", "StrictShape"]


class StrictArguments:
    """Arguments that a model was held to give all of, with null for what it would have left out.

    Args:
        own: Describes and reads them without these nulls.
    """

    __slots__ = ("_own",)

    def __init__(self, own: ToolArguments) -> None:
        self._own = own

    @property
    def parameters(self) -> JsonObject:
        """The JSON Schema from which the strict one is made; not to be changed."""
        return self._own.parameters

    def read(self, text: str | bytes) -> dict[str, object]:
        """Return the values that a JSON text holds.

        Raises:
            ValidationError: It is not JSON, not an object, or does not fit.
        """
        if (b"null" if isinstance(text, bytes) else "null") in text:  # type: ignore[operator]  # both are of one kind
            try:
                # Not by `decode`, which takes NaN, of which `encode` would make null.
                value = cast("JsonValue", from_json(text, allow_inf_nan=False))
            except (ValueError, TypeError):
                return self._own.read(text)
            if isinstance(value, dict):
                return self.read_object(value)
        return self._own.read(text)

    def read_object(self, value: JsonObject) -> dict[str, object]:
        """Return the values that a JSON object holds, as `read` does.

        Raises:
            ValidationError: It does not fit.
        """
        return self._own.read_object(given(value, self._own.parameters))

    def call(
        self, function: Callable[..., object], values: Mapping[str, object], context: object | None = None
    ) -> object:
        """Call `function` with every value at its place, and return what it returns."""
        return self._own.call(function, values, context)

    def dump(self, values: Mapping[str, object]) -> dict[str, JsonValue]:
        """Return values as a JSON object that `read_object` takes."""
        return self._own.dump(values)


class StrictShape:
    """The shape of a tool whose arguments are strict.

    Args:
        own: Its shape otherwise.
    """

    __slots__ = ("_own",)

    def __init__(self, own: ToolShape) -> None:
        self._own = own

    @property
    def name(self) -> str:
        """Its name in the charset of the wire."""
        return self._own.name

    @property
    def description(self) -> str:
        """What its docstring says."""
        return self._own.description

    @property
    def returns(self) -> str | None:
        """What the docstring says of the value it returns."""
        return self._own.returns

    @property
    def is_async(self) -> bool:
        """Whether calling it gives an awaitable."""
        return self._own.is_async

    @property
    def is_generator(self) -> bool:
        """Whether it is a `def` with a `yield`."""
        return self._own.is_generator

    @property
    def is_async_generator(self) -> bool:
        """Whether it is an `async def` with a `yield`."""
        return self._own.is_async_generator

    @property
    def context_parameter(self) -> str | None:
        """The parameter that takes the run's context."""
        return self._own.context_parameter

    @property
    def arguments(self) -> StrictArguments:
        """How its arguments are described, validated and handed over."""
        return StrictArguments(self._own.arguments)

    def __repr__(self) -> str:
        return f"StrictShape({self._own!r})"
