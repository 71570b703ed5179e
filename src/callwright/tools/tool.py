"""A tool: a function with what a model and a run need to know about it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, Generic, Literal, Self, cast, overload

from typing_extensions import ParamSpec, TypeVar, Unpack

from callwright._json import JsonObject, JsonValue
from callwright.errors import ParameterError
from callwright.tools.context import RunContext
from callwright.tools.description import FunctionDescription
from callwright.tools.options import RESULT_LIMIT, CallOptions, NeedsApproval, OnError, ToolOptions, check_options
from callwright.tools.shapes import ToolShape
from callwright.tools.wrapping import Around, Invocation, Proceed, surrounded

__all__ = [
    "RESULT_LIMIT",
    "Around",
    "CallOptions",
    "Invocation",
    "NeedsApproval",
    "OnError",
    "Tool",
    "ToolOptions",
    "tool",
]

P = ParamSpec("P")
NewP = ParamSpec("NewP")
Bound = ParamSpec("Bound")
R = TypeVar("R")


class Tool(Generic[P, R]):
    """A function that a model may call. Calling the tool calls the function.

    Args:
        function: What is run; plain or async, a bound method, any callable with annotated parameters.
        options: See `ToolOptions`.

    Raises:
        SchemaError: The function cannot be a tool: it has no signature, say; or a name or schema that was
            given cannot be one.
        ParameterError: An option is unknown or out of range.
    """

    def __init__(self, function: Callable[P, R], **options: Unpack[ToolOptions]) -> None:
        self._set(function, options)

    @classmethod
    def of_schema(
        cls,
        function: Callable[P, R],
        parameters: Mapping[str, object],
        *,
        name: str | None = None,
        description: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Tool[P, R]:
        """Return the tool of a function that takes all arguments as one dict, described by a JSON Schema.

        Arguments are checked against the schema before the function is called, and reach it as JSON values; nothing is
        filled in. Of the schema, what `RawSchema` lists is looked at.

        Args:
            function: Takes the dict, and the context if it has a parameter annotated `RunContext[...]`; plain or async.
            parameters: The schema of an object, as servers of tools describe theirs.
            name: What the model calls it. Default: the function's own name.
            description: What the model is told. Default: the docstring's.
            options: See `CallOptions`.

        Raises:
            SchemaError: The schema is malformed, or the name is none.
            ParameterError: An option is unknown or out of range.

        >>> def add(arguments): return arguments["a"] + arguments["b"]
        >>> number = {"type": "number"}
        >>> schema = {"type": "object", "properties": {"a": number, "b": number}, "required": ["a", "b"]}
        >>> Tool.of_schema(add, schema, description="Add two numbers.")
        Tool('add')
        """
        made = cls.__new__(cls)
        given: ToolOptions = {**options, "name": name, "description": description, "parameters": parameters}
        made._set(function, given, is_whole=True)  # noqa: SLF001 - our own
        return made

    def _set(
        self,
        function: Callable[P, R],
        options: ToolOptions,
        *,
        is_whole: bool | None = None,
        arounds: tuple[Around, ...] = (),
        shape: ToolShape | None = None,
    ) -> None:
        """Fill in a new tool.

        Args:
            function: See the class.
            options: See `ToolOptions`.
            is_whole: See `RawShape`.
            arounds: What is wrapped around the function, the outermost first.
            shape: The function's, if it is known.
        """
        check_options(options)
        self.function = function
        self._options = options
        self._is_whole = is_whole
        self._arounds = arounds
        self._strict: tuple[JsonObject, bool | None] | None = None
        # A method decorated in its class has a `self` that binding will take away; only then has it a shape.
        self._shape = shape if shape is not None or _is_unbound_method(function) else self._shaped()
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__doc__ = function.__doc__

    @property
    def name(self) -> str:
        """What the model calls it."""
        return self._options.get("name") or self.shape.name

    @property
    def options(self) -> ToolOptions:
        """The options that were given; a copy."""
        return {**self._options}

    @property
    def shape(self) -> ToolShape:
        """What was read off the function.

        Raises:
            SchemaError: It is a method without its object.
        """
        if self._shape is None:
            self._shape = self._shaped()
        return self._shape

    @property
    def description(self) -> FunctionDescription:
        """What the model is told.

        Raises:
            SchemaError: It must be strict, and cannot.
        """
        text = self._options.get("description")
        parameters, said = self._said(self.shape.arguments.parameters)
        return FunctionDescription(self.name, self.shape.description if text is None else text, parameters, said)

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
        """Return the tool entry of a request.

        Raises:
            SchemaError: It must be strict, and cannot; or an annotation has no JSON Schema.
        """
        return self.description.wire()

    def replace(self, **options: Unpack[ToolOptions]) -> Tool[P, R]:
        """Return a tool that differs in `options`; what is not given stays.

        Raises:
            SchemaError: A name or schema that is given cannot be one.
            ParameterError: An option is unknown or out of range.
        """
        is_same = not options.keys() & {"parameters", "strict"}
        return self._copy(self.function, {**self._options, **options}, shape=self._shape if is_same else None)

    def wrap(self, around: Around) -> Tool[P, R]:
        """Return a tool of the same function with `around` run in its place, around what was wrapped before.

        `around` is given the context and the invocation. It may call the function (`await invocation.proceed()`), with
        other arguments, more than once, or not at all; what it returns is the result. What it raises is as if the
        function had; `ToolError` chooses the words. It is not run where the tool is called by hand.

        Args:
            around: An async function; it runs in the event loop, also for a function that runs on a thread.

        Raises:
            ParameterError: It is no function.

        >>> async def loud(ctx: RunContext[Any], invocation: Invocation) -> object:
        ...     return str(await invocation.proceed()).upper()
        >>> def greet(name: str) -> str: return f"Hello {name}"
        >>> Tool(greet).wrap(loud)
        Tool('greet')
        """
        if not callable(around):
            raise ParameterError(f"around: expected an async function of context and invocation; got {around!r}")
        return self._copy(self.function, self._options, arounds=(around, *self._arounds), shape=self._shape)

    async def invoke(
        self,
        arguments: Mapping[str, object],
        context: RunContext[Any],
        *,
        run: Proceed,
    ) -> object:
        """Return what comes of a call: what `run` returns, behind all that is wrapped around the function.

        Args:
            arguments: Validated.
            context: Of the call.
            run: Calls the function, in whatever way suits it.

        Raises:
            Exception: Whatever the function, or what is wrapped around it, raises.
        """
        if not self._arounds:
            return await run(arguments)
        return await surrounded(self._arounds, context, Invocation(self.name, self._options, arguments, proceed=run))

    def is_same(self, other: Tool[..., Any]) -> bool:
        """Whether the other has the same function, options and wrappings, so that one of the two is enough."""
        mine, its = self.function, cast("object", other.function)
        # Each access to a method makes another object of it; those are equal.
        is_same = mine is its or (inspect.ismethod(mine) and mine == its)
        return is_same and self._options == other._options and self._arounds == other._arounds

    def _shaped(self) -> ToolShape:
        from callwright.tools.schema import shape  # noqa: PLC0415 - what reads functions comes with the first one

        given = self._options.get("parameters")
        own = shape(self.function) if given is None else _raw(self.function, given, is_whole=self._is_whole)
        return _strict(own) if self._options.get("strict") else own

    def _said(self, parameters: JsonObject) -> tuple[JsonObject, bool | None]:
        """Return the schema that the model is told, and what is said of being held to it."""
        said = self._options.get("strict")
        if not said:
            return parameters, said
        if self._strict is None:
            # Most tools never need it.
            from callwright.tools.strict import strict, strict_or_none  # noqa: PLC0415

            made = strict_or_none(parameters) if said == "auto" else strict(parameters, name=self.name)
            self._strict = (parameters, None) if made is None else (made, True)
        return self._strict

    def _copy(
        self,
        function: Callable[NewP, R],
        options: ToolOptions,
        *,
        arounds: tuple[Around, ...] | None = None,
        shape: ToolShape | None = None,
    ) -> Tool[NewP, R]:
        kind = cast("type[Tool[NewP, R]]", type(self))
        made = kind.__new__(kind)
        arounds = self._arounds if arounds is None else arounds
        made._set(function, options, is_whole=self._is_whole, arounds=arounds, shape=shape)  # noqa: SLF001 - our own
        return made

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
        return self if instance is None or bind is None else self._copy(bind(instance, owner), self._options)

    def __repr__(self) -> str:
        return f"Tool({self._options.get('name') or self.__name__!r})"


def _raw(function: Callable[..., object], parameters: Mapping[str, object], *, is_whole: bool | None) -> ToolShape:
    from callwright.tools.rawshape import RawShape  # noqa: PLC0415 - most tools never need it

    return RawShape(function, parameters, is_whole=is_whole)


def _strict(own: ToolShape) -> ToolShape:
    from callwright.tools.strictshape import StrictShape  # noqa: PLC0415 - most tools never need it

    return StrictShape(own)


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
