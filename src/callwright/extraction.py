"""One line for one answer: a typed value out of a text, or a function's call forced from it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, Generic, cast, overload

from typing_extensions import TypeForm, TypeVar, Unpack

from callwright._sync import run_sync
from callwright._threads import run_in_thread
from callwright.agent import Agent
from callwright.errors import OutputError
from callwright.model import Model, Service
from callwright.output.base import Mode, Output
from callwright.output.output import output_of
from callwright.tools.calling import Refused, prepare
from callwright.tools.context import RunContext
from callwright.tools.tool import Tool
from callwright.tools.toolset import AnyTool, as_tool, chosen, offered
from callwright.wire.chat import ChatRequest, Completion, Encoded, ToolChoice
from callwright.wire.messages import Prompt, SystemMessage, ToolCall, prompt_messages
from callwright.wire.params import ChatParams, checked_params

__all__ = ["ExtractOptions", "ForceOptions", "ForcedCall", "extract", "extract_sync", "force", "force_sync"]

R = TypeVar("R")
T = TypeVar("T")


class ForceOptions(ChatParams, total=False):
    """What can be said of a forced call, beside the request parameters."""

    model: str | Model | None
    """A slug, a `Model`, or None for the account's default."""
    instructions: str | None
    """The system message. Default: none is sent."""
    client: Service | None
    """Gives the model of a slug. Default: the process's own."""


class ExtractOptions(ForceOptions, total=False):
    """What can be said of an extraction, beside the request parameters."""

    mode: Mode
    """How the model is made to answer in the form. Default: `auto`, by server."""
    attempts: int
    """How often an answer may be invalid before the extraction fails, >= 1. Default: 3."""


_OPTION_KEYS = frozenset({"model", "instructions", "client", "mode", "attempts"})


# pyright makes no `TypeForm[T]` of a `type[T]`, so that both are said.
@overload
async def extract(kind: type[T], prompt: Prompt, **options: Unpack[ExtractOptions]) -> T: ...
@overload
async def extract(kind: TypeForm[T], prompt: Prompt, **options: Unpack[ExtractOptions]) -> T: ...
async def extract(kind: TypeForm[T], prompt: Prompt, **options: Unpack[ExtractOptions]) -> T:
    """Return what `prompt` says, as a validated value of type `kind`.

    An answer that is not valid is shown to the model with what is wrong, and asked for again.

    Args:
        kind: Anything that pydantic can validate: a model, a dataclass, a TypedDict, `list[T]`, a union, an enum.
        prompt: A text, the parts of one user message, or messages.
        options: See `ExtractOptions` and `ChatParams`.

    Raises:
        ParameterError: An option or parameter is wrong; nothing was sent.
        OutputError: No valid answer came; `.state` holds the attempts.
        APIError: Asking the model failed.
    """
    output = _output(kind, options.get("mode", "auto"), options.get("attempts", 3))
    params: ChatParams = _params(options)
    agent = Agent(
        options.get("model"), output=output, instructions=options.get("instructions"), client=options.get("client")
    )
    return (await agent.run(prompt, **params)).output


@overload
def extract_sync(kind: type[T], prompt: Prompt, **options: Unpack[ExtractOptions]) -> T: ...
@overload
def extract_sync(kind: TypeForm[T], prompt: Prompt, **options: Unpack[ExtractOptions]) -> T: ...
def extract_sync(kind: TypeForm[T], prompt: Prompt, **options: Unpack[ExtractOptions]) -> T:
    """See `extract`."""

    async def run() -> T:
        return await extract(kind, prompt, **options)

    return run_sync(run)


class ForcedCall(Generic[R]):
    """A call that the model was forced to make: its arguments are valid, nothing has been run.

    Args:
        tool: What was forced.
        call: As the model wrote it.
        arguments: Validated.
        completion: The answer that holds the call.
    """

    __slots__ = ("_tool", "arguments", "call", "completion")

    def __init__(
        self, tool: AnyTool, call: ToolCall, *, arguments: Mapping[str, object], completion: Completion
    ) -> None:
        self._tool = tool
        self.call = call
        self.arguments = arguments
        """Parameter name -> value, as Python values of the annotated types; what the model left out is not in it."""
        self.completion = completion

    @property
    def name(self) -> str:
        """The name of the function that was called."""
        return self.call.name

    async def run(self, *, deps: Any = None) -> R:  # noqa: ANN401 - of the function's own RunContext
        """Call the function and return what it returns; a plain function runs on a thread.

        Args:
            deps: For its `RunContext`, if it has one.

        Raises:
            Exception: What the function raises, as it is.
        """
        context: RunContext[Any] = RunContext(deps, call_id=self.call.id)
        shape, function = self._tool.shape, self._tool.function
        if shape.is_async:
            return await cast("Awaitable[R]", shape.arguments.call(function, self.arguments, context))
        value = await run_in_thread(lambda: shape.arguments.call(function, self.arguments, context))
        return cast("R", await value if inspect.isawaitable(value) else value)

    def run_sync(self, *, deps: Any = None) -> R:  # noqa: ANN401 - see run
        """See `run`."""

        async def run() -> R:
            return await self.run(deps=deps)

        return run_sync(run)

    def __repr__(self) -> str:
        return f"ForcedCall({self.name!r}, {dict(self.arguments)!r})"


@overload
async def force(
    function: Callable[..., Awaitable[R]] | Tool[..., Awaitable[R]], prompt: Prompt, **options: Unpack[ForceOptions]
) -> ForcedCall[R]: ...
@overload
async def force(
    function: Callable[..., R] | Tool[..., R], prompt: Prompt, **options: Unpack[ForceOptions]
) -> ForcedCall[R]: ...
async def force(function: Callable[..., Any], prompt: Prompt, **options: Unpack[ForceOptions]) -> ForcedCall[Any]:
    """Return the call of `function` that `prompt` asks for, validated; one request, nothing is run.

    Args:
        function: A documented function or a `Tool`.
        prompt: A text, the parts of one user message, or messages.
        options: See `ForceOptions` and `ChatParams`.

    Raises:
        SchemaError: The function cannot be a tool.
        ParameterError: An option or parameter is wrong; nothing was sent.
        OutputError: The model called nothing, something else, or with invalid arguments.
        APIError: Asking the model failed.
    """
    tool = as_tool(function)
    offer = offered([tool])
    instructions = options.get("instructions")
    messages = prompt_messages(prompt)
    request = ChatRequest(
        messages if instructions is None else (SystemMessage(instructions), *messages),
        offer.encoded,
        cast("ToolChoice", chosen(tool.name, offer)),
        Encoded(checked_params(_params(options))),
    )
    completion = await _asked(options).complete(request)
    return _forced(tool, completion)


@overload
def force_sync(
    function: Callable[..., Awaitable[R]] | Tool[..., Awaitable[R]], prompt: Prompt, **options: Unpack[ForceOptions]
) -> ForcedCall[R]: ...
@overload
def force_sync(
    function: Callable[..., R] | Tool[..., R], prompt: Prompt, **options: Unpack[ForceOptions]
) -> ForcedCall[R]: ...
def force_sync(function: Callable[..., Any], prompt: Prompt, **options: Unpack[ForceOptions]) -> ForcedCall[Any]:
    """See `force`."""

    async def run() -> ForcedCall[Any]:
        return await force(function, prompt, **options)

    return run_sync(run)


def _forced(tool: AnyTool, completion: Completion) -> ForcedCall[Any]:
    calls = completion.tool_calls
    call = next((call for call in calls if call.name == tool.name), None)
    if call is None or completion.is_cut:
        came = ", ".join(call.name for call in calls) or f"text: {completion.text[:200]!r}"
        why = f"the answer was cut ({completion.finish_reason})" if completion.is_cut else f"the model gave {came}"
        raise OutputError(f"expected a call of {tool.name!r}; {why}")
    prepared = prepare({tool.name: tool}, call)
    if isinstance(prepared, Refused):
        raise OutputError(f"{prepared.text} The model wrote: {call.arguments[:500]}")
    return ForcedCall(tool, call, arguments=prepared.arguments, completion=completion)


def _params(options: ForceOptions) -> ChatParams:
    return cast("ChatParams", {key: value for key, value in options.items() if key not in _OPTION_KEYS})


def _asked(options: ForceOptions) -> Model:
    return Agent(options.get("model"), client=options.get("client")).model


@functools.lru_cache(maxsize=256)
def _cached_output(kind: Any, mode: Mode, attempts: int) -> Output[Any]:  # noqa: ANN401 - any type form
    return output_of(kind, mode=mode, attempts=attempts)


def _output(kind: TypeForm[T], mode: Mode, attempts: int) -> Output[T]:
    """Return the output of a type; building one costs more than asking, so they are kept."""
    try:
        return cast("Output[T]", _cached_output(cast("Hashable", kind), mode, attempts))
    except TypeError:  # an annotation that holds something unhashable
        return output_of(kind, mode=mode, attempts=attempts)
