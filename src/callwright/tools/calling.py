"""A call: from the arguments that the model wrote to the message that it reads."""

from __future__ import annotations

import random
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import anyio
import anyio.lowlevel
from pydantic_core import ValidationError

from callwright._gates import Passage, StrandedError, is_inside
from callwright._json import JsonValue, clean
from callwright._secrets import masked
from callwright._threads import Bridge, abandoned, run_in_thread
from callwright.errors import RunError, ToolError
from callwright.tools.context import RunContext
from callwright.tools.plain import capped, kind_of, words
from callwright.tools.repair import repaired
from callwright.tools.results import Told, ToolResult, result_text
from callwright.tools.results import told as result
from callwright.tools.toolset import AnyTool
from callwright.tools.yielding import drained, driven
from callwright.wire.chat import NO_USAGE, Usage
from callwright.wire.messages import Part, ToolCall

__all__ = ["MOST_LISTED", "Performed", "Ready", "Refused", "perform", "prepare", "result_text"]

MOST_LISTED = 1_000
"""Problems beyond these are only counted: pydantic lists all or none, and millions cost seconds and gigabytes."""

_NOTE_LIMIT = 8_000
_MOST_FRAMES = 20
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_CANCELLATIONS = ("CancelledError", "Cancelled")
"""What asyncio and trio call a cancellation; on a thread, a tool may run the other one."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A call whose tool exists and whose arguments are valid."""

    tool: AnyTool
    arguments: Mapping[str, object]
    repairs: tuple[str, ...] = ()
    text: str | None = None
    """The JSON that the arguments were read from, to read them anew."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that cannot be run, in words that tell the model what to do better."""

    text: str


@dataclass(frozen=True, slots=True)
class Performed:
    """What came of a call."""

    content: str | tuple[Part, ...]
    """What the model reads."""
    is_error: bool = False
    note: str | None = None
    """For people: a traceback, or what could not be serialised."""
    artifact: JsonValue = None
    """For the app, beside what the model reads."""
    rest: str | None = None
    """The whole text, if the model is told only its beginning."""
    usage: Usage = NO_USAGE
    """What the tool booked."""
    value: object = None
    """What the tool returned; not stored."""


def prepare(tools: Mapping[str, AnyTool], call: ToolCall) -> Ready | Refused:
    """Find the tool of a call and validate its arguments; nothing is run.

    Args:
        tools: The tools on offer, by name.
        call: As the model wrote it.
    """
    tool = tools.get(call.name)
    if tool is None:
        offered = ", ".join(tools) or "none"
        return Refused(f"There is no tool named {capped(repr(call.name), 100)}. The tools are: {offered}.")
    try:
        return Ready(tool, tool.shape.arguments.read(call.arguments), text=call.arguments)
    except ValidationError as error:
        told = f"The arguments of {call.name} are not valid; call it again with valid ones."
        if error.error_count() > MOST_LISTED:
            return Refused(f"{told}\n- {error.error_count()} values in them do not fit the schema")
        problems = "\n".join(_problem(detail) for detail in error.errors(include_url=False)[:20])
        refused = Refused(f"{told}\n{problems}")
    except ValueError as error:
        refused = Refused(f"The arguments of {call.name} are not one JSON object: {error}. Call it again.")
    except Exception as error:  # noqa: BLE001 - the edge of user code: a validator of the tool's own
        return Refused(f"The arguments of {call.name} are not valid ({_said(error)}); call it again with valid ones.")
    return _repaired(tool, call) or refused


def _repaired(tool: AnyTool, call: ToolCall) -> Ready | None:
    arguments = tool.shape.arguments

    def fits(text: str) -> bool:
        try:
            arguments.read(text)
        except Exception:  # noqa: BLE001 - the edge of user code: a validator of the tool's own
            return False
        return True

    found = repaired(call.arguments, fits, arguments.parameters)
    return None if found is None else Ready(tool, arguments.read(found.text), found.repairs, text=found.text)


async def perform(ready: Ready, context: RunContext[Any]) -> Performed:
    """Run the tool of a call and put what it returns into words.

    Whatever the tool raises becomes an answer to the model, a cancellation that it made by itself included; only real
    cancellation, `KeyboardInterrupt`, `SystemExit` and exceptions of the user that are no `Exception` leave, and the
    errors of tools that were declared `on_error="raise"`. A tool with `retries` is run again for all but a `ToolError`.

    Raises:
        RunError: The tool raised and was declared `on_error="raise"`.
    """
    tool, failures = ready.tool, list[str]()
    while True:
        try:
            returned = await _attempt(ready, context)
        except ToolError as error:
            told = Told(words(error, tool.result_limit))
            return _performed(told, failures, context, is_error=True)
        except Exception as error:  # noqa: BLE001 - the edge of user code: the model is told, the run goes on
            failure: BaseException = error
        except BaseException as error:  # noqa: BLE001 - see `_leave_unless_own`
            await _leave_unless_own(error)
            failure = error
        else:
            return _performed(returned.told, failures, context, value=returned.value)
        if len(failures) >= tool.retries:
            return _failed(tool, failure, failures, context)
        failures.append(f"attempt {len(failures) + 1} of {tool.retries + 1}: {_said(failure)}")
        # Its traceback holds this frame.
        del failure
        await context.clock.sleep(_pause(len(failures)))
        ready = _again(ready)


def _performed(
    told: Told, failures: list[str], context: RunContext[Any], *, is_error: bool = False, value: object = None
) -> Performed:
    note = "\n".join([*failures, *filter(None, [told.note])]) or None
    return Performed(told.content, is_error, note, told.artifact, told.rest, context.booked, value)


def _failed(tool: AnyTool, error: BaseException, failures: list[str], context: RunContext[Any]) -> Performed:
    if tool.on_error == "raise":
        raise RunError(f"tool {tool.name!r} raised {_said(error)}") from error
    if isinstance(error, _TooLateError):
        text, note = f"{tool.name} {words(error)}.", error.note
    else:
        text, note = f"{tool.name} failed: {_said(error)}", _trace(error)
    if tool.on_error == "hide":
        text = f"{tool.name} failed."
    return _performed(Told(text, note), failures, context, is_error=True)


def _again(ready: Ready) -> Ready:
    """Return the call with its arguments as they were: the attempt before may have changed them."""
    return ready if ready.text is None else replace(ready, arguments=ready.tool.shape.arguments.read(ready.text))


def _pause(failures: int) -> float:
    """Return how long to wait after so many failures, in seconds."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (failures - 1)) * random.uniform(0.5, 1)  # noqa: S311 - no secret


@dataclass(frozen=True, slots=True)
class _Returned:
    """What a tool returned, and what the model reads of it."""

    value: object
    told: Told


class _TooLateError(TimeoutError):
    """A tool took longer than it may; its own `TimeoutError` is an error like any other."""

    def __init__(self, seconds: float, note: str) -> None:
        super().__init__(f"did not return within {seconds:g} seconds")
        self.note = note


async def _attempt(ready: Ready, context: RunContext[Any]) -> _Returned:
    """Run the tool once, when its lock and its concurrency let it."""
    bridges: list[Bridge] = []
    passages = _passages(ready.tool)
    if not passages:
        return await _in_time(ready, context, bridges)
    async with AsyncExitStack() as stack:
        for name, passage in passages.items():
            try:
                await stack.enter_async_context(passage)
            except StrandedError:
                raise StrandedError(f"calls that took too long are still running, and hold {name}") from None
        try:
            return await _in_time(ready, context, bridges)
        finally:
            running = [bridge for bridge in bridges if bridge.is_running]
            for passage in passages.values() if running else ():
                _when_done(running, passage.strand())


def _when_done(bridges: Sequence[Bridge], function: Callable[[], object]) -> None:
    """Have `function` called once, when the calls of all bridges have returned."""
    for bridge in bridges:
        function = partial(bridge.when_done, function)
    function()


def _passages(tool: AnyTool) -> dict[str, Passage]:
    """Return what the tool must pass to run, always in this order, so that no two calls wait for each other."""
    passages: dict[str, Passage] = {}
    if tool.concurrency is not None:
        function = tool.function
        owner, plain = getattr(function, "__self__", None), getattr(function, "__func__", function)
        place = ("tool", id(owner), id(plain))
        # Called by a call of its own, an agent's say, it would wait for that one to end.
        if not is_inside(place):
            passages["all its places"] = Passage(place, tool.concurrency)
    if tool.lock is not None:
        lock = ("lock", tool.lock)
        if is_inside(lock):
            raise RuntimeError(f"it is called from inside a call that holds the lock {tool.lock!r}, which it needs too")
        passages[f"the lock {tool.lock!r}"] = Passage(lock)
    return passages


async def _in_time(ready: Ready, context: RunContext[Any], bridges: list[Bridge]) -> _Returned:
    seconds = ready.tool.timeout
    if seconds is None:
        return await _run(ready, context, bridges)
    with anyio.move_on_after(seconds):
        return await _run(ready, context, bridges)
    is_running = any(bridge.is_running for bridge in bridges)
    left = f"; its thread was left running, one of {abandoned()}" if is_running else ""
    raise _TooLateError(seconds, f"it did not return within {seconds:g} seconds{left}")


async def _run(ready: Ready, context: RunContext[Any], bridges: list[Bridge]) -> _Returned:
    """Run the function behind what is wrapped around it; what that passes on is put into words once.

    Args:
        ready: The call.
        context: The tool's.
        bridges: Gets a bridge for each time that the function is run on a thread.
    """
    latest: list[_Returned] = []

    async def run(arguments: Mapping[str, object]) -> object:
        call = ready if arguments is ready.arguments else replace(ready, arguments=arguments)
        latest[:] = [await _run_function(call, context, bridges)]
        return latest[0].value

    value = await ready.tool.invoke(ready.arguments, context, run=run)
    return latest[0] if latest and value is latest[0].value else _returned(value, ready.tool, context)


async def _run_function(ready: Ready, context: RunContext[Any], bridges: list[Bridge]) -> _Returned:
    tool, shape = ready.tool, ready.tool.shape
    if shape.is_async or shape.is_async_generator:
        value: Any = shape.arguments.call(tool.function, ready.arguments, context)
        return await _settled(await value if shape.is_async else value, tool, context)
    # Put into words there, too: what it returns may be of use on its own thread only, as a database's rows are.
    bridge = Bridge()
    bridges.append(bridge)
    call = partial(_run_here, ready, context.on_thread(bridge))
    returned = await run_in_thread(call, bridge=bridge)
    return returned if isinstance(returned, _Returned) else await _settled(returned.value, tool, context)


@dataclass(frozen=True, slots=True)
class _Later:
    """What a plain function returned for the event loop to wait for."""

    value: object


def _run_here(ready: Ready, context: RunContext[Any]) -> _Returned | _Later:
    """Run a plain function, on the thread that it is to run on."""
    value = ready.tool.shape.arguments.call(ready.tool.function, ready.arguments, context)
    # The type is asked, not the value, which may say anything.
    if issubclass(type(value), Awaitable | AsyncIterator):
        return _Later(value)
    if issubclass(type(value), Generator):
        value, note = driven(cast("Generator[object, Any, object]", value), context)
        return _returned(value, ready.tool, context, note)
    return _returned(value, ready.tool, context)


async def _settled(value: object, tool: AnyTool, context: RunContext[Any]) -> _Returned:
    """Wait for what an async function gives; also where it forgot to."""
    if issubclass(type(value), Awaitable):
        value = await cast("Awaitable[object]", value)
    if issubclass(type(value), AsyncIterator):
        value, note = await drained(cast("AsyncIterator[object]", value), context)
        return _returned(value, tool, context, note)
    return _returned(value, tool, context)


def _returned(value: object, tool: AnyTool, context: RunContext[Any], note: str | None = None) -> _Returned:
    told = result(value, limit=tool.result_limit, call_id=context.call_id, can_read_on=context.find_result is not None)
    if note is not None:
        told = replace(told, note="; ".join(filter(None, [note, told.note])))
    return _Returned(value.content if isinstance(value, ToolResult) else value, told)


async def _leave_unless_own(error: BaseException) -> None:
    """Raise `error` again unless it is one that the tool made by itself and that ends nothing but the tool."""
    trace = error.__traceback__
    if isinstance(error, GeneratorExit) and (trace is None or trace.tb_next is None):
        # It came from nowhere deeper: our own coroutine is being closed, and must not wait any more.
        raise error
    found = list(_leaves(error))
    if not all(isinstance(leaf, Exception | GeneratorExit) or type(leaf).__name__ in _CANCELLATIONS for leaf in found):
        raise error
    if any(isinstance(leaf, anyio.get_cancelled_exc_class()) for leaf in found):
        await _leave_if_cancelled(error)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors in a group, however deep; an error that is no group is its own."""
    found = [error]
    while found:
        leaf = found.pop()
        if isinstance(leaf, BaseExceptionGroup):
            found += cast("BaseExceptionGroup[BaseException]", leaf).exceptions
        else:
            yield leaf


async def _leave_if_cancelled(error: BaseException) -> None:
    """Raise `error` again if it is a real cancellation: of a scope around us, or of our task.

    On trio nobody can make a cancellation by hand. On asyncio anybody can, and only the task knows whether it was asked
    to end; asyncio is looked up rather than imported, so that trio runs without it.
    """
    await anyio.lowlevel.checkpoint_if_cancelled()
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or anyio.get_cancelled_exc_class() is not asyncio.CancelledError:
        raise error
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise error


def _said(error: BaseException) -> str:
    kind = TimeoutError.__name__ if isinstance(error, _TooLateError) else kind_of(error)
    return f"{kind}: {words(error)}"


def _trace(error: BaseException) -> str:
    """Return the traceback without secrets, cut in its middle: the ends say most."""
    try:
        text = masked(clean("".join(traceback.format_exception(error, limit=-_MOST_FRAMES))))
    except Exception:  # noqa: BLE001 - an error whose own words raise
        return f"{kind_of(error)} (its traceback could not be written)"
    half = _NOTE_LIMIT // 2
    return text if len(text) <= _NOTE_LIMIT else f"{text[:half]}\n...\n{text[-half:]}"


def _problem(detail: Mapping[str, Any]) -> str:
    path = ".".join(str(step) for step in detail["loc"]) or "arguments"
    given = "" if detail["type"] == "missing" else f"; got {capped(repr(detail['input']), 100)}"
    return f"- {path}: {detail['msg']}{given}"
