"""A function as output: its arguments are the answer, what it returns is the output."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast, get_type_hints

from typing_extensions import TypeVar

from callwright._json import JsonValue, decode, encode
from callwright.errors import CallwrightError, ParameterError
from callwright.output.around import Around
from callwright.output.choice import Choice
from callwright.output.kinds import ArgumentsKind, TypeKind
from callwright.output.options import OutputOptions
from callwright.output.typed import TypedOutput
from callwright.tools.plain import plain
from callwright.tools.toolset import AnyTool, as_tool

__all__ = ["FunctionOutput"]

R = TypeVar("R")


class FunctionOutput(Around[R]):
    """What a function returns that is called with the answer.

    What `read` takes are the arguments; who finishes the run calls the function.

    Args:
        function: A documented function or a `Tool`; plain or async, with a `RunContext` if it wants one.
        options: See `OutputOptions`; the values of examples are mappings of arguments.

    Raises:
        SchemaError: The function cannot be a tool.
        ParameterError: An option is out of range, or does not go with a tool that waits for somebody.
    """

    __slots__ = ("_kept", "_tool")

    def __init__(self, function: Callable[..., Any], options: OutputOptions[Any]) -> None:
        tool = as_tool(function)
        waits = bool(tool.needs_approval) or tool.is_external
        if waits and options.get("mode", "auto") not in ("auto", "tool"):
            raise ParameterError(f"output {tool.name!r}: only a call can wait for somebody; leave mode= out")
        # Its result is the run's output, so that a run that was cut short goes on behind the call.
        self._tool = tool.replace(return_direct=True)
        kind = ArgumentsKind(tool.name, tool.shape.arguments)
        choice = Choice(kind, function=tool.description, needs_call=waits)
        super().__init__(TypedOutput(kind, choice, options))
        self._kept: list[TypeKind[Any] | None] = []

    @property
    def function(self) -> AnyTool:
        """What is called with the answer."""
        return self._tool

    def partial(self, name: str | None) -> None:
        """Return nothing: what the function returns is not known before it is called."""
        del name

    def dump(self, value: R) -> JsonValue:
        """Return what the function returned as JSON; what has no JSON form is written as its `str()`."""
        kind = self._returned()
        if kind is not None and kind.is_own(value):
            return kind.dump(value)
        return decode(encode(plain(value).value))

    def load(self, value: JsonValue, *, deps: object = None) -> R:
        """Return what the function returned, as far as its annotation says what that is; else its JSON.

        Raises:
            ValueError: It is no value of that type.
        """
        kind = self._returned()
        return cast("R", value if kind is None else kind.load(value, deps))

    def of_result(self, text: str, *, deps: object = None) -> R:
        """Return what the function returned, from what a model reads of it: JSON, or a text.

        Raises:
            ValueError: It is no value of the type that the function's annotation says.
        """
        with suppress(ValueError):
            return self.load(decode(text), deps=deps)
        return self.load(text, deps=deps)

    def _returned(self) -> TypeKind[Any] | None:
        """Return what the function's annotation says of what it returns; None if that cannot be read back."""
        if not self._kept:
            self._kept.append(_kind_of_result(self._tool.function))
        return self._kept[0]


def _kind_of_result(function: Callable[..., Any]) -> TypeKind[Any] | None:
    told = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004 - its hints
    try:
        annotation: object = get_type_hints(inspect.unwrap(told), include_extras=True).get("return", Any)
        return None if annotation is Any else TypeKind(cast("Any", annotation))
    except (NameError, TypeError, CallwrightError):
        return None
