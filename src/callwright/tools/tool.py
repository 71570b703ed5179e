"""A tool: a function with what a model and a run need to know about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Concatenate, Generic, Literal, Self, TypeAlias, cast, overload

from typing_extensions import ParamSpec, TypedDict, TypeVar, Unpack

from callwright._json import JsonValue
from callwright.errors import ParameterError
from callwright.tools.context import RunContext
from callwright.tools.schema import FunctionDescription, Shape, shape

__all__ = ["RESULT_LIMIT", "CallOptions", "NeedsApproval", "OnError", "Tool", "ToolOptions", "tool"]

P = ParamSpec("P")
Bound = ParamSpec("Bound")
R = TypeVar("R")

RESULT_LIMIT = 256 * 1024
"""The longest result that the model is told unless a tool says otherwise, in characters."""

OnError: TypeAlias = Literal["tell", "hide", "raise"]
"""What the model is told when a tool raises: type and message, only that it failed, or nothing: the run ends."""

NeedsApproval: TypeAlias = bool | Callable[[RunContext[Any], Mapping[str, Any]], bool | Awaitable[bool]]
"""Whether somebody must allow a call: always, never, or as a function of context and validated arguments says."""


class CallOptions(TypedDict, total=False):
    """What can be said of how a tool is called."""

    read_only: bool
    """Running it changes nothing: it may be run again after a crash, and ahead of time. Default: False."""
    idempotent: bool
    """Twice with the same `ctx.call_id` does the thing once: it may be run again after a crash. Default: False."""
    timeout: float | None
    """Seconds, > 0; None is no limit. An async tool is cancelled; a sync one is left behind on its thread."""
    on_error: OnError
    """What the model is told when it raises. Default: `tell`."""
    retries: int
    """How often it is run again when it raises anything but a `ToolError`, >= 0. Default: 0."""
    lock: str | None
    """Calls of tools with the same key never overlap, in the whole process. Default: none."""
    concurrency: int | None
    """How many calls of it run at the same time in the whole process, >= 1. Default: no limit but the run's."""
    needs_approval: NeedsApproval
    """Whether a call waits for somebody to allow it. Default: False."""
    external: bool
    """Every call waits for its result from outside the process; the function is never run. Default: False."""
    return_direct: bool
    """What it returns is the run's output; the model is not asked again. Default: False."""
    polls: bool
    """The same call with the same result, again and again, is how it is used: no sign of a circle. Default: False."""
    result_limit: int
    """The longest result that the model is told, in characters, >= 1. Default: 256 KiB."""


class ToolOptions(CallOptions, total=False):
    """What can be said of a tool beyond its function."""

    name: str | None
    """What the model calls it. Default: the function's own name."""
    description: str | None
    """What the model is told. Default: the docstring's."""
    strict: bool | None
    """Ask the provider to hold arguments to the schema; sent only if set."""


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
        _check(options)
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

    @property
    def retries(self) -> int:
        """How often it is run again when it raises."""
        return self._options.get("retries", 0)

    @property
    def lock(self) -> str | None:
        """The key under which no two calls overlap."""
        return self._options.get("lock")

    @property
    def concurrency(self) -> int | None:
        """How many calls of it run at the same time; None is no limit."""
        return self._options.get("concurrency")

    @property
    def needs_approval(self) -> NeedsApproval:
        """Whether a call waits for somebody to allow it."""
        return self._options.get("needs_approval", False)

    @property
    def is_external(self) -> bool:
        """Whether results come from outside the process."""
        return self._options.get("external", False)

    @property
    def returns_directly(self) -> bool:
        """Whether what it returns is the run's output."""
        return self._options.get("return_direct", False)

    @property
    def polls(self) -> bool:
        """Whether the same call with the same result is no sign of a circle."""
        return self._options.get("polls", False)

    @property
    def result_limit(self) -> int:
        """The longest result that the model is told, in characters."""
        return self._options.get("result_limit", RESULT_LIMIT)

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


def _check(options: ToolOptions) -> None:
    """Refuse options out of range.

    Raises:
        ParameterError: See there.
    """
    timeout, on_error = options.get("timeout"), options.get("on_error", "tell")
    if timeout is not None and not timeout > 0:
        raise ParameterError(f"tool timeout: expected seconds > 0, or None; got {timeout!r}")
    if on_error not in ("tell", "hide", "raise"):
        raise ParameterError(f"tool on_error: expected 'tell', 'hide' or 'raise'; got {on_error!r}")
    for name, least in (("retries", 0), ("concurrency", 1), ("result_limit", 1)):
        number = cast("Mapping[str, object]", options).get(name)
        if number is not None and not (isinstance(number, int) and number >= least):
            raise ParameterError(f"tool {name}: expected a whole number >= {least}; got {number!r}")
    asks = options.get("needs_approval", False)
    if not isinstance(asks, bool) and not callable(asks):
        raise ParameterError(f"tool needs_approval: expected a bool or a function; got {asks!r}")


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
