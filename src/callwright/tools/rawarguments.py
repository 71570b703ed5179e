"""Raw arguments: what reaches a function whose parameters are given as a JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple, NoReturn, cast

from pydantic_core import InitErrorDetails, ValidationError, from_json, to_jsonable_python

from callwright._json import JsonObject, JsonValue, clean, encode
from callwright.tools.fitting import Fitter
from callwright.tools.rawschema import RawSchema
from callwright.tools.shapes import ToolArguments

__all__ = ["RawArguments", "Takers", "ToldArguments"]


class Takers(NamedTuple):
    """The parameters of a function that takes all arguments at once."""

    arguments: str
    """Takes the dict."""
    context: str | None
    leading: tuple[tuple[str, object], ...]
    """Name and default of each parameter that goes by position only, up to the last that gets something."""


class RawArguments:
    """Arguments that are checked against a JSON Schema, and reach the function as one dict of JSON values.

    Args:
        name: The tool's, for errors.
        schema: Told to the model.
        takers: The parameters of the function that get something.
    """

    __slots__ = ("_fitter", "_name", "_takers", "parameters")

    def __init__(self, name: str, schema: RawSchema, takers: Takers) -> None:
        self.parameters: JsonObject = schema.parameters
        """The JSON Schema of the object that holds the arguments; not to be changed."""
        self._name = name
        self._fitter = Fitter(schema, name)
        self._takers = takers

    def read(self, text: str | bytes) -> dict[str, object]:
        """Return the object that a JSON text holds; nothing is filled in.

        Strings that spell a number or a boolean are one, where the schema takes no string. NaN and infinities are no
        JSON.

        Raises:
            ValidationError: It is not JSON, not an object, or does not fit.
        """
        value = self._fitter.fitted(self._parsed(text))
        if not isinstance(value, dict):
            self._refuse({"type": "dict_type", "loc": (), "input": value})
        return cast("dict[str, object]", value)

    def read_object(self, value: JsonObject) -> dict[str, object]:
        """Return the values that a JSON object holds, as `read` does.

        Raises:
            ValidationError: It does not fit.
            ValueError: It holds something that has no JSON form.
        """
        return self.read(encode(value))

    def call(
        self, function: Callable[..., object], values: Mapping[str, object], context: object | None = None
    ) -> object:
        """Call `function` with a dict of the values, and return what it returns.

        Raises:
            Exception: Whatever the function raises.
        """
        given: dict[str, object] = {self._takers.arguments: dict(values)}
        if self._takers.context is not None:
            given[self._takers.context] = context
        placed = [given.pop(name, default) for name, default in self._takers.leading]
        return function(*placed, **given)

    def dump(self, values: Mapping[str, object]) -> dict[str, JsonValue]:
        """Return values as a JSON object that `read_object` takes; what has no JSON form becomes its `str()`.

        Raises:
            ValueError: A value holds itself, or is nested too deeply.
        """
        plain = to_jsonable_python(clean(dict(values)), inf_nan_mode="null", fallback=str)
        return cast("dict[str, JsonValue]", clean(plain))  # a dict with keys of str is one still

    def _parsed(self, text: str | bytes) -> JsonValue:
        try:
            return cast("JsonValue", from_json(text, allow_inf_nan=False))  # what a JSON parser gives
        except (ValueError, TypeError) as error:
            # A lone surrogate is no reason to ask again: the other parser takes it.
            try:
                return cast("JsonValue", from_json(encode(json.loads(text, parse_constant=_no_constant))))
            except (ValueError, RecursionError):
                self._refuse({"type": "json_invalid", "loc": (), "input": text, "ctx": {"error": str(error)}})

    def _refuse(self, detail: InitErrorDetails) -> NoReturn:
        raise ValidationError.from_exception_data(self._name, [detail])


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is no JSON"
    raise ValueError(message)


class ToldArguments:
    """Arguments that are checked against the JSON Schema that is told to the model, and read by the function's own.

    Args:
        told: By what the model is told.
        own: By the function's own annotations.
    """

    __slots__ = ("_own", "_told")

    def __init__(self, told: RawArguments, own: ToolArguments) -> None:
        self._told = told
        self._own = own

    @property
    def parameters(self) -> JsonObject:
        """The JSON Schema that is told; not to be changed."""
        return self._told.parameters

    def read(self, text: str | bytes) -> dict[str, object]:
        """Return the values that a JSON text holds, by the name of their parameter.

        Raises:
            ValidationError: It is not JSON, or does not fit both.
        """
        return self.read_object(cast("JsonObject", self._told.read(text)))

    def read_object(self, value: JsonObject) -> dict[str, object]:
        """Return the values that a JSON object holds, as `read` does.

        Raises:
            ValidationError: It does not fit both.
            ValueError: It holds something that has no JSON form.
        """
        return self._own.read_object(cast("JsonObject", self._told.read_object(value)))

    def call(
        self, function: Callable[..., object], values: Mapping[str, object], context: object | None = None
    ) -> object:
        """Call `function` with every value at its place, and return what it returns.

        Raises:
            Exception: Whatever the function raises.
        """
        return self._own.call(function, values, context)

    def dump(self, values: Mapping[str, object]) -> dict[str, JsonValue]:
        """Return values as a JSON object that `read_object` takes.

        Raises:
            ValueError: A value holds itself, or is nested too deeply.
        """
        return self._own.dump(values)
