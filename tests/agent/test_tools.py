"""What tools may do to a run: return anything, raise anything, take their time."""

from __future__ import annotations

import contextvars
import sys
import threading
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import anyio
import pytest
from pydantic import AfterValidator

import callwright.tools.calling as module
from callwright import Agent, RunError, ToolError, tool
from callwright.run.records import CallReturned
from callwright.run.result import RunResult
from callwright.testing.scripted import ScriptedModel, calls
from callwright.tools.calling import result_text
from callwright.tools.tool import RESULT_LIMIT

pytestmark = pytest.mark.anyio


async def ran(function: Any) -> tuple[str, str, RunResult[str]]:
    """Run an agent whose model calls `function` beside a sibling; return both answers and the result."""

    def sibling() -> str:
        """Stand by."""
        return "sibling done"

    model = ScriptedModel(calls(function) + calls(sibling), "ok")
    result = await Agent(model, tools=[function, sibling]).run("?")
    first, second = (message.text for message in model.requests[1].messages[-2:])
    return first, second, result


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def raises(error: BaseException) -> Any:
    def fail() -> str:
        """Fail."""
        raise error

    return fail


def raises_async(error: BaseException) -> Any:
    async def fail() -> str:
        """Fail."""
        raise error

    return fail


class SpeechlessToolError(ToolError, UnspeakableError):
    pass


async def test_a_validator_of_a_tool_that_raises_anything_answers_the_model() -> None:
    def fail(x: Annotated[int, AfterValidator(lambda number: {}[number])]) -> int:
        """Fail."""
        return x

    model = ScriptedModel(calls(fail, x=1), "ok")

    await Agent(model, tools=[fail]).run("?")

    assert model.requests[1].messages[-1].text == (
        "The arguments of fail are not valid (KeyError: 1); call it again with valid ones."
    )


@pytest.mark.parametrize("made", [raises, raises_async], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(ValueError("no such city"), "fail failed: ValueError: no such city", id="exception"),
        pytest.param(ToolError("Ask for the country first."), "Ask for the country first.", id="ToolError"),
        pytest.param(ExceptionGroup("many", [ValueError("a")]), "fail failed: ExceptionGroup: many", id="group"),
        pytest.param(RecursionError("deep"), "fail failed: RecursionError: deep", id="RecursionError"),
        pytest.param(
            UnspeakableError(), "fail failed: UnspeakableError: (its message could not be read)", id="str raises"
        ),
        pytest.param(SpeechlessToolError(), "(its message could not be read)", id="ToolError, str raises"),
        pytest.param(ValueError("a\ud800b"), "fail failed: ValueError: a\ufffdb", id="surrogate"),
        pytest.param(ValueError("key sk-or-v1-fedcba9876543210"), "fail failed: ValueError: key sk-***", id="a key"),
        pytest.param(TimeoutError("upstream"), "fail failed: TimeoutError: upstream", id="a timeout of its own"),
    ],
)
async def test_a_tool_that_raises_answers_the_model_and_its_sibling_is_kept(
    made: Any, error: Exception, told: str
) -> None:
    first, second, result = await ran(made(error))

    assert (first.split(" (1 sub")[0], second, result.output) == (told, "sibling done", "ok")


async def test_the_traceback_stays_in_the_record() -> None:
    *_, result = await ran(raises(ValueError("no")))

    (record,) = [
        entry for entry in result.state.records if isinstance(entry, CallReturned) and entry.outcome == "error"
    ]
    assert "Traceback" in (record.note or "")
    assert "Traceback" not in record.message.text


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # on trio nobody can make a cancellation by hand
async def test_a_cancellation_that_a_tool_raised_itself_is_an_error_of_the_tool() -> None:
    first, second, result = await ran(raises_async(anyio.get_cancelled_exc_class()()))

    assert (first, second, result.output) == ("fail failed: CancelledError: ", "sibling done", "ok")


@pytest.mark.parametrize("made", [raises, raises_async], ids=["sync", "async"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit], ids=str)
async def test_leaving_errors_leave(made: Any, error: type[BaseException]) -> None:
    function = made(error())

    with pytest.raises(error):
        await Agent(ScriptedModel(calls(function)), tools=[function]).run("?")


async def test_a_real_cancellation_reaches_a_running_tool_and_leaves() -> None:
    started, cancelled = anyio.Event(), anyio.Event()

    async def wait() -> None:
        """Wait for ever."""
        started.set()
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()

    async with anyio.create_task_group() as group:

        async def run() -> None:
            await Agent(ScriptedModel(calls(wait)), tools=[wait]).run("?")
            raise AssertionError("the run went on")

        group.start_soon(run)
        await started.wait()
        group.cancel_scope.cancel()

    assert cancelled.is_set()


async def test_hiding_tells_the_model_only_that_it_failed() -> None:
    @tool(on_error="hide")
    def secret() -> str:
        """Fail in secret."""
        raise ValueError("the password is swordfish")

    first, *_ = await ran(secret)

    assert first == "secret failed."


async def test_raising_ends_the_run_and_keeps_the_siblings_result() -> None:
    @tool(on_error="raise")
    def fatal() -> str:
        """Fail."""
        raise ValueError("gone")

    with pytest.raises(RunError, match="tool 'fatal' raised ValueError: gone") as caught:
        await ran(fatal)

    state: Any = caught.value.state
    assert isinstance(caught.value.__cause__, ValueError)
    assert [record.message.text for record in state.records if isinstance(record, CallReturned)] == ["sibling done"]


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_a_tool_that_takes_too_long_is_left(kind: str) -> None:
    release = threading.Event()

    @tool(timeout=0.01)
    def hang() -> None:
        """Hang."""
        release.wait(10)

    @tool(timeout=0.01, name="hang")
    async def hang_async() -> None:
        """Hang."""
        await anyio.sleep_forever()

    first, second, result = await ran(hang if kind == "sync" else hang_async)
    release.set()

    assert (first, second, result.output) == ("hang did not return within 0.01 seconds.", "sibling done", "ok")


@dataclass
class Point:
    x: int
    day: date


class Opaque:
    def __str__(self) -> str:
        return "an opaque thing"


class Mute:
    def __str__(self) -> str:
        raise ValueError("mute")

    __repr__ = __str__


CYCLE: dict[str, Any] = {}
CYCLE["self"] = CYCLE


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        ("a\ud800b", "a\ufffdb"),
        (None, "null"),
        (3, "3"),
        (float("nan"), "null"),
        ([1, "b"], '[1,"b"]'),
        ({"a": (1, 2)}, '{"a":[1,2]}'),
        ({1}, "[1]"),
        (Point(1, date(2026, 11, 21)), '{"x":1,"day":"2026-11-21"}'),
        (Decimal("0.10"), "0.10"),
        (b"bytes", "bytes"),
        (Opaque(), "an opaque thing"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_results_are_put_into_words(value: object, text: str) -> None:
    assert result_text(value)[0] == text


@pytest.mark.parametrize(
    "value", [Mute(), CYCLE, [["\ud800"]], {"deep": CYCLE}, object(), b"\xff"], ids=lambda value: type(value).__name__
)
def test_no_result_can_break_a_run(value: object) -> None:
    text, note = result_text(value)

    assert text.encode()
    assert note is None or type(value).__name__ in note


def test_a_huge_result_is_cut_and_says_so() -> None:
    text, note = result_text("x" * (RESULT_LIMIT + 5))

    assert len(text) < RESULT_LIMIT + 100
    assert text.endswith(f"(cut: the result has {RESULT_LIMIT + 5} characters)")
    assert note is not None


async def test_a_sync_function_that_returns_an_awaitable_is_awaited() -> None:
    async def answer() -> str:
        return "awaited"

    def indirect() -> Any:
        """Return a coroutine."""
        return answer()

    assert (await ran(indirect))[0] == "awaited"


async def test_sync_tools_run_beside_the_event_loop_with_its_context_variables() -> None:
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("set")

    def where() -> str:
        """Tell where it runs."""
        return f"{variable.get()}, {threading.current_thread() is threading.main_thread()}"

    assert (await ran(where))[0] == "set, False"


def test_asyncio_is_not_needed_to_tell_a_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lookup of asyncio must not fail where nobody has imported it."""
    monkeypatch.setattr(module, "sys", type(sys)("sys"))
    module.sys.modules = {}  # type: ignore[attr-defined]

    async def leave() -> None:
        with pytest.raises(ValueError, match="again"):
            await module._leave_if_cancelled(ValueError("again"))

    anyio.run(leave, backend="trio")
