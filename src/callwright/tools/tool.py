"""A tool: a function with what a model and a run need to know about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, Generic, Literal, Self, TypeAlias, overload

from typing_extensions import ParamSpec, TypedDict, TypeVar, Unpack

from callwright._json import JsonValue
from callwright.errors import ParameterError
from callwright.tools.schema import FunctionDescription, Shape, shape

__all__ = ["OnError", "Tool", "ToolOptions", "tool"]

P = ParamSpec("P")
Bound = ParamSpec("Bound")
R = TypeVar("R")

OnError: TypeAlias = Literal["tell", "hide", "raise"]
"""What the model is told when a tool raises: type and message, only that it failed, or nothing: the run ends."""


class ToolOptions(TypedDict, total=False):
    """What can be said of a tool beyond its function."""

    name: str | None
    """What the model calls it. Default: the function's own name."""
    description: str | None
    """What the model is told. Default: the docstring's."""
    strict: bool | None
    """Ask the provider to hold arguments to the schema; sent only if set."""
    read_only: bool
    """Running it changes nothing: it may be run again after a crash, and ahead of time. Default: False."""
    idempotent: bool
    """Twice with the same `ctx.call_id` does the thing once: it may be run again after a crash. Default: False."""
    timeout: float | None
    """Seconds, > 0; None is no limit. An async tool is cancelled; a sync one is left behind on its thread."""
    on_error: OnError
    """What the model is told when it raises. Default: `tell`."""


class Tool(Generic[P, R]):
    """A function that a model may call. Calling the tool calls the function.

    Args:
        function: What is run; plain or async, a bound method, any callable with annotated parameters.
        options: See `ToolOptions`.

    Raises:
        SchemaError: The function cannot be a tool: a parameter without annotation, say.
        ParameterError: An option is unknown or out of range.
    """

    def __init__(self, function: Callable[P, R], **options: Unpack[ToolOptions]) -> None:
        unknown = options.keys() - ToolOptions.__annotations__.keys()
        if unknown:
            known = ", ".join(ToolOptions.__annotations__)
            raise ParameterError(f"tool options: expected some of {known}; got {', '.join(sorted(unknown))}")
        timeout, on_error = options.get("timeout"), options.get("on_error", "tell")
        if timeout is not None and not timeout > 0:
            raise ParameterError(f"tool timeout: expected seconds > 0, or None; got {timeout!r}")
        if on_error not in ("tell", "hide", "raise"):
            raise ParameterError(f"tool on_error: expected 'tell', 'hide' or 'raise'; got {on_error!r}")
        self.function = function
        self._options = options
        # A method decorated in its class has a `self` that binding will take away; only then has it a shape.
        self._shape = None if _is_unbound_method(function) else shape(function)
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__doc__ = function.__doc__

    @property
    def name(self) -> str:
        """What the model calls it."""
        return self._options.get("name") or self.shape.name

    @property
    def shape(self) -> Shape:
        """What was read off the function.

        Raises:
            SchemaError: It is a method without its object.
        """
        if self._shape is None:
            self._shape = shape(self.function)
        return self._shape

    @property
    def description(self) -> FunctionDescription:
        """What the model is told."""
        text = self._options.get("description")
        parameters = self.shape.arguments.parameters
        told = self.shape.description if text is None else text
        return FunctionDescription(self.name, told, parameters, self._options.get("strict"))

    @property
    def effect(self) -> Literal["read", "idempotent", "write"]:
        """What running a call again would do: nothing, the same, or the thing twice."""
        if self._options.get("read_only"):
            return "read"
        return "idempotent" if self._options.get("idempotent") else "write"

    @property
    def timeout(self) -> float | None:
        """Seconds; None is no limit."""
        return self._options.get("timeout")

    @property
    def on_error(self) -> OnError:
        """What the model is told when it raises."""
        return self._options.get("on_error", "tell")

    def wire(self) -> dict[str, JsonValue]:
        """Return the tool entry of a request."""
        return self.description.wire()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function."""
        return self.function(*args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(
        self: Tool[Concatenate[Any, Bound], R], instance: object, owner: type | None = None
    ) -> Tool[Bound, R]: ...
    def __get__(self, instance: object, owner: type | None = None) -> Tool[..., Any]:
        """Return the tool of a bound method."""
        bind = getattr(self.function, "__get__", None)
        return self if instance is None or bind is None else Tool(bind(instance, owner), **self._options)

    def __repr__(self) -> str:
        return f"Tool({self._options.get('name') or self.__name__!r})"


def _is_unbound_method(function: Callable[..., object]) -> bool:
    scope = getattr(function, "__qualname__", "").rpartition(".")[0]
    return bool(scope) and not scope.endswith("<locals>") and not hasattr(function, "__self__")


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...


@overload
def tool(**options: Unpack[ToolOptions]) -> Callable[[Callable[P, R]], Tool[P, R]]: ...


def tool(
    function: Callable[P, R] | None = None, /, **options: Unpack[ToolOptions]
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Make a function a tool, with options; the decorated function can still be called.

    Plain documented functions are tools without it.

    Args:
        function: When used without options.
        options: See `ToolOptions`.

    Raises:
        SchemaError: The function cannot be a tool.
        ParameterError: An option is unknown or out of range.
    """
    if function is not None:
        return Tool(function, **options)
    return lambda function: Tool(function, **options)
