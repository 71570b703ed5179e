"""Forcing: a function's call is made by a model, validated, and left to the caller to run."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeAlias, cast, overload

from typing_extensions import TypeVar, Unpack

from callwright._sync import run_sync
from callwright._threads import run_in_thread
from callwright.agent import Agent
from callwright.errors import OutputError, ParameterError, RefusalError, TruncatedError
from callwright.model import Model, Service
from callwright.output.endings import is_out_of_room
from callwright.tools.calling import Ready, prepare
from callwright.tools.context import RunContext
from callwright.tools.tool import Tool
from callwright.tools.toolset import AnyTool, as_tool, chosen, offered
from callwright.wire.adapt import check_forced
from callwright.wire.chat import ChatRequest, Completion, Encoded
from callwright.wire.messages import Prompt, SystemMessage, ToolCall, prompt_messages
from callwright.wire.params import ChatParams, checked_params

__all__ = ["FORCE_KEYS", "ForceOptions", "ForcedCall", "force", "force_sync"]

R = TypeVar("R")
R1 = TypeVar("R1")
R2 = TypeVar("R2")
R3 = TypeVar("R3")
R4 = TypeVar("R4")
R_co = TypeVar("R_co", covariant=True)

_Later: TypeAlias = Callable[..., Awaitable[R]] | Tool[..., Awaitable[R]]
_Plain: TypeAlias = Callable[..., R] | Tool[..., R]


class ForceOptions(ChatParams, total=False):
    """What can be said of a forced call, beside the request parameters."""

    model: str | Model | None
    """A slug, a `Model`, or None for the account's default."""
    instructions: str | None
    """The system message. Default: none is sent."""
    client: Service | None
    """Gives the model of a slug. Default: the process's own."""


FORCE_KEYS = frozenset({"model", "instructions", "client"})
"""What is said beside the request parameters."""


class ForcedCall(Generic[R_co]):
    """A call that the model was forced to make: its arguments are valid, nothing has been run.

    Args:
        ready: The tool, and what it is to be called with.
        call: As the model wrote it.
        completion: The answer that holds the call.
    """

    __slots__ = ("_ready", "call", "completion")

    def __init__(self, ready: Ready, call: ToolCall, *, completion: Completion) -> None:
        self._ready = ready
        self.call = call
        self.completion = completion

    @property
    def name(self) -> str:
        """The name of the function that was called."""
        return self.call.name

    @property
    def function(self) -> Callable[..., object]:
        """The function that was called, or rather that is to be: one of those that were given."""
        function: Callable[..., object] = self._ready.tool.function
        return function

    @property
    def arguments(self) -> Mapping[str, object]:
        """Parameter name -> value, as Python values of the annotated types; what the model left out is not in it."""
        return self._ready.arguments

    @property
    def repairs(self) -> tuple[str, ...]:
        """What had to be repaired to read the arguments, in words."""
        return self._ready.repairs

    # Of several functions that were offered, an async one is known by what calling it returns.
    @overload
    async def run(self: ForcedCall[Awaitable[R]], *, deps: Any = None) -> R: ...  # noqa: ANN401 - see below
    @overload
    async def run(self: ForcedCall[R], *, deps: Any = None) -> R: ...  # noqa: ANN401 - see below
    async def run(self, *, deps: Any = None) -> Any:  # of the function's own RunContext
        """Call the function and return what it returns; a plain function runs on a thread.

        Args:
            deps: For its `RunContext`, if it has one.

        Raises:
            Exception: What the function raises, as it is.
        """
        context: RunContext[Any] = RunContext(deps, call_id=self.call.id)
        shape, function, arguments = self._ready.tool.shape, self._ready.tool.function, self._ready.arguments
        if shape.is_async:
            return await cast("Awaitable[object]", shape.arguments.call(function, arguments, context))
        value = await run_in_thread(lambda: shape.arguments.call(function, arguments, context))
        return await value if inspect.isawaitable(value) else value

    @overload
    def run_sync(self: ForcedCall[Awaitable[R]], *, deps: Any = None) -> R: ...  # noqa: ANN401 - see run
    @overload
    def run_sync(self: ForcedCall[R], *, deps: Any = None) -> R: ...  # noqa: ANN401 - see run
    def run_sync(self, *, deps: Any = None) -> Any:
        """See `run`."""
        call: ForcedCall[Any] = self

        async def run() -> Any:  # noqa: ANN401 - what the function returns
            return await call.run(deps=deps)

        return run_sync(run)

    def __repr__(self) -> str:
        return f"ForcedCall({self.name!r}, {dict(self.arguments)!r})"


# A tuple of functions keeps the type of each; of a list, type checkers join them.
@overload
async def force(function: _Later[R], prompt: Prompt, **options: Unpack[ForceOptions]) -> ForcedCall[R]: ...
@overload
async def force(function: _Plain[R], prompt: Prompt, **options: Unpack[ForceOptions]) -> ForcedCall[R]: ...
@overload
async def force(
    function: tuple[_Plain[R1], _Plain[R2]], prompt: Prompt, **options: Unpack[ForceOptions]
) -> ForcedCall[R1] | ForcedCall[R2]: ...
@overload
async def force(
    function: tuple[_Plain[R1], _Plain[R2], _Plain[R3]], prompt: Prompt, **options: Unpack[ForceOptions]
) -> ForcedCall[R1] | ForcedCall[R2] | ForcedCall[R3]: ...
@overload
async def force(
    function: tuple[_Plain[R1], _Plain[R2], _Plain[R3], _Plain[R4]], prompt: Prompt, **options: Unpack[ForceOptions]
) -> ForcedCall[R1] | ForcedCall[R2] | ForcedCall[R3] | ForcedCall[R4]: ...
@overload
async def force(function: Sequence[_Plain[R]], prompt: Prompt, **options: Unpack[ForceOptions]) -> ForcedCall[R]: ...
async def force(
    function: Callable[..., Any] | Sequence[Callable[..., Any]], prompt: Prompt, **options: Unpack[ForceOptions]
) -> ForcedCall[Any]:
    """Return the call of `function` that `prompt` asks for, validated; one request, nothing is run.

    Arguments that are not quite JSON, or not in the shape of the schema, are repaired where they can have meant one
    thing alone.

    Args:
        function: A documented function or a `Tool`; or several of them, of which the model calls one.
        prompt: A text, the parts of one user message, or messages.
        options: See `ForceOptions` and `ChatParams`.

    Raises:
        SchemaError: A function cannot be a tool, or two have the same name.
        ParameterError: An option or parameter is wrong, or there is no function; nothing was sent.
        RefusalError: The model, or a filter, refused.
        TruncatedError: The answer was cut.
        OutputError: The model called nothing, something else, or with invalid arguments.
        APIError: Asking the model failed.
    """
    tools = [as_tool(one) for one in _listed(function)]
    if not tools:
        raise ParameterError("force: expected a function, or several; got none")
    offer = offered(tools)
    instructions, messages = options.get("instructions"), prompt_messages(prompt)
    request = ChatRequest(
        messages if instructions is None else (SystemMessage(instructions), *messages),
        offer.encoded,
        "required" if len(tools) > 1 else chosen(tools[0].name, offer),
        Encoded(checked_params(_params(options))),
    )
    completion = await _asked(options).complete(request)
    return _forced({tool.name: tool for tool in tools}, request, completion)


@overload
def force_sync(function: _Later[R], prompt: Prompt, **options: Unpack[ForceOptions]) -> ForcedCall[R]: ...
@overload
def force_sync(function: _Plain[R], prompt: Prompt, **options: Unpack[ForceOptions]) -> ForcedCall[R]: ...
@overload
def force_sync(
    function: tuple[_Plain[R1], _Plain[R2]], prompt: Prompt, **options: Unpack[ForceOptions]
) -> ForcedCall[R1] | ForcedCall[R2]: ...
@overload
def force_sync(
    function: tuple[_Plain[R1], _Plain[R2], _Plain[R3]], prompt: Prompt, **options: Unpack[ForceOptions]
) -> ForcedCall[R1] | ForcedCall[R2] | ForcedCall[R3]: ...
@overload
def force_sync(
    function: tuple[_Plain[R1], _Plain[R2], _Plain[R3], _Plain[R4]], prompt: Prompt, **options: Unpack[ForceOptions]
) -> ForcedCall[R1] | ForcedCall[R2] | ForcedCall[R3] | ForcedCall[R4]: ...
@overload
def force_sync(function: Sequence[_Plain[R]], prompt: Prompt, **options: Unpack[ForceOptions]) -> ForcedCall[R]: ...
def force_sync(
    function: Callable[..., Any] | Sequence[Callable[..., Any]], prompt: Prompt, **options: Unpack[ForceOptions]
) -> ForcedCall[Any]:
    """See `force`."""

    async def run() -> ForcedCall[Any]:
        return await cast("Callable[..., Awaitable[ForcedCall[Any]]]", force)(function, prompt, **options)

    return run_sync(run)


def _forced(tools: Mapping[str, AnyTool], request: ChatRequest, completion: Completion) -> ForcedCall[Any]:
    """Return the first valid call of one of the tools.

    Raises:
        OutputError: There is none.
    """
    problem = check_forced(request, completion)
    calls = [call for call in completion.tool_calls if call.name in tools]
    if completion.is_cut or not calls:
        raise _unfit(problem or f"the model called none of {', '.join(tools)}", tools, completion)
    refusals: list[str] = []
    for call in calls:
        prepared = prepare(tools, call)
        if isinstance(prepared, Ready):
            return ForcedCall(prepared, call, completion=completion)
        refusals.append(f"{prepared.text} The model wrote: {call.arguments[:500]}")
    raise OutputError("; ".join(refusals))


def _unfit(problem: str, tools: Mapping[str, AnyTool], completion: Completion) -> OutputError:
    """Return why an answer holds no call."""
    wanted = f"expected a call of {' or '.join(map(repr, tools))}"
    text, refusal = completion.text, completion.message.refusal
    if completion.is_cut:
        kind = TruncatedError if is_out_of_room(completion) else OutputError
        return kind(f"{wanted}; the answer was cut ({completion.finish_reason})")
    if refusal is not None and not text:
        return RefusalError(f"{wanted}; the model refused: {refusal}")
    came = ", ".join(call.name for call in completion.tool_calls)
    if not came and not text:
        return OutputError(f"{problem}, and said nothing")
    return OutputError(f"{wanted}; the model gave {came or f'text: {text[:200]!r}'}")


def _listed(function: Callable[..., Any] | Sequence[Callable[..., Any]]) -> Sequence[Callable[..., Any]]:
    # What is neither cannot be a tool, which is told in better words there.
    several = isinstance(function, list | tuple)
    return cast("Sequence[Callable[..., Any]]", function if several else [function])


def _params(options: ForceOptions) -> ChatParams:
    return cast("ChatParams", {key: value for key, value in options.items() if key not in FORCE_KEYS})


def _asked(options: ForceOptions) -> Model:
    return Agent(options.get("model"), client=options.get("client")).model
