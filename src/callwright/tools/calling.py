"""A call: from the arguments that the model wrote to the message that it reads."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import anyio
import anyio.lowlevel
from pydantic_core import ValidationError, to_json

from callwright._json import JsonValue, clean
from callwright._secrets import masked
from callwright._threads import run_in_thread
from callwright.errors import RunError, ToolError
from callwright.tools.context import RunContext
from callwright.tools.repair import repaired
from callwright.tools.tool import RESULT_LIMIT
from callwright.tools.toolset import AnyTool
from callwright.wire.chat import NO_USAGE, Usage
from callwright.wire.messages import Part, ToolCall

__all__ = ["MOST_LISTED", "Performed", "Ready", "Refused", "perform", "prepare", "result_text"]

MOST_LISTED = 1_000
"""Problems beyond these are only counted: pydantic lists all or none, and millions cost seconds and gigabytes."""

_ERROR_LIMIT = 2_000
_NOTE_LIMIT = 8_000


@dataclass(frozen=True, slots=True)
class Ready:
    """A call whose tool exists and whose arguments are valid."""

    tool: AnyTool
    arguments: Mapping[str, object]
    repairs: tuple[str, ...] = ()


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
        return Refused(f"There is no tool named {_capped(repr(call.name), 100)}. The tools are: {offered}.")
    try:
        return Ready(tool, tool.shape.arguments.read(call.arguments))
    except ValidationError as error:
        told = f"The arguments of {call.name} are not valid; call it again with valid ones."
        if error.error_count() > MOST_LISTED:
            return Refused(f"{told}\n- {error.error_count()} values in them do not fit the schema")
        problems = "\n".join(_problem(detail) for detail in error.errors(include_url=False)[:20])
        refused = Refused(f"{told}\n{problems}")
    except ValueError as error:
        refused = Refused(f"The arguments of {call.name} are not one JSON object: {error}. Call it again.")
    except Exception as error:  # noqa: BLE001 - the edge of user code: a validator of the tool's own
        words = f"{type(error).__name__}: {_words(error)}"
        return Refused(f"The arguments of {call.name} are not valid ({words}); call it again with valid ones.")
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
    return None if found is None else Ready(tool, arguments.read(found.text), found.repairs)


async def perform(ready: Ready, context: RunContext[Any]) -> Performed:
    """Run the tool of a call and put what it returns into words.

    Whatever the tool raises becomes an answer to the model; only cancellation, `KeyboardInterrupt`, `SystemExit` and
    their like leave, and the errors of tools that were declared `on_error="raise"`.

    Raises:
        RunError: The tool raised and was declared `on_error="raise"`.
    """
    tool = ready.tool
    try:
        value = await _run(ready, context) if tool.timeout is None else await _run_in_time(ready, context, tool.timeout)
    except ToolError as error:
        return Performed(_words(error, RESULT_LIMIT), is_error=True)
    except anyio.get_cancelled_exc_class() as error:
        # A tool may raise it by itself (a cancelled future inside it); then nobody cancelled us, and it is an error.
        await _leave_if_cancelled(error)
        return _failed(ready, error)
    except Exception as error:  # noqa: BLE001 - the edge of user code: the model is told, the run goes on
        return _failed(ready, error)
    text, note = result_text(value)
    return Performed(text, note=note)


async def _run_in_time(ready: Ready, context: RunContext[Any], seconds: float) -> object:
    with anyio.fail_after(seconds):
        return await _run(ready, context)


async def _run(ready: Ready, context: RunContext[Any]) -> object:
    tool, arguments = ready.tool, ready.tool.shape.arguments
    if tool.shape.is_async:
        return await cast("Awaitable[object]", arguments.call(tool.function, ready.arguments, context))
    value = await run_in_thread(lambda: arguments.call(tool.function, ready.arguments, context))
    return await cast("Awaitable[object]", value) if inspect.isawaitable(value) else value


async def _leave_if_cancelled(error: BaseException) -> None:
    """Raise `error` again if it is a real cancellation: of a scope around us, or of our task.

    On trio nobody can make a cancellation by hand. On asyncio anybody can, and only the task knows whether it was asked
    to end; asyncio is looked up rather than imported, so that trio runs without it.
    """
    await anyio.lowlevel.checkpoint_if_cancelled()
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or not isinstance(error, asyncio.CancelledError):
        raise error
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise error


def _failed(ready: Ready, error: BaseException) -> Performed:
    tool = ready.tool
    if tool.on_error == "raise":
        raise RunError(f"tool {tool.name!r} raised {type(error).__name__}: {_words(error)}") from error
    note = _capped(masked(clean("".join(_trace(error)))), _NOTE_LIMIT)
    if tool.on_error == "hide":
        return Performed(f"{tool.name} failed.", is_error=True, note=note)
    if isinstance(error, TimeoutError) and tool.timeout is not None:
        return Performed(f"{tool.name} did not return within {tool.timeout:g} seconds.", is_error=True, note=note)
    return Performed(f"{tool.name} failed: {type(error).__name__}: {_words(error)}", is_error=True, note=note)


def _words(error: BaseException, limit: int = _ERROR_LIMIT) -> str:
    try:
        return _capped(masked(clean(str(error))), limit)
    except Exception:  # noqa: BLE001 - an error whose own words raise
        return "(its message could not be read)"


def _trace(error: BaseException) -> list[str]:
    try:
        return traceback.format_exception(error, limit=20)
    except Exception:  # noqa: BLE001 - an error whose own words raise
        return [f"{type(error).__name__} (its traceback could not be written)"]


def result_text(value: object) -> tuple[str, str | None]:
    """Return what the model reads of a result, and a note for people if something was lost. Never raises.

    Strings stay as they are, everything else becomes JSON; what has no JSON form is written as its `str()`.
    """
    if isinstance(value, str):
        return _limited(clean(value), None)
    try:
        return _limited(to_json(value, inf_nan_mode="null").decode(), None)
    except Exception as error:  # noqa: BLE001 - any object of the user may stand here, with any __str__
        reason = f"a result of type {type(value).__name__} has no JSON form: {_words(error)}"
    try:
        return _limited(to_json(value, inf_nan_mode="null", serialize_unknown=True).decode(), reason)
    except Exception:  # noqa: BLE001 - cyclic, or too deep
        return _limited(_plain(value), reason)


def _plain(value: object) -> str:
    try:
        return clean(str(value))
    except Exception:  # noqa: BLE001 - a __str__ that raises
        return f"(a {type(value).__name__} that cannot be shown)"


def _limited(text: str, note: str | None) -> tuple[str, str | None]:
    if len(text) <= RESULT_LIMIT:
        return text, note
    cut = f"{text[:RESULT_LIMIT]}\n(cut: the result has {len(text)} characters)"
    return cut, f"{note + '; ' if note else ''}cut from {len(text)} to {RESULT_LIMIT} characters"


def _capped(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}..."


def _problem(detail: Mapping[str, Any]) -> str:
    path = ".".join(str(step) for step in detail["loc"]) or "arguments"
    given = "" if detail["type"] == "missing" else f"; got {_capped(repr(detail['input']), 100)}"
    return f"- {path}: {detail['msg']}{given}"
