"""One call: what it returns, its attempts and its time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from tests.tools.one_call import QuickClock, called, until

from callwright import RunContext, RunError, Tool, ToolError, tool
from callwright._threads import abandoned
from callwright.tools.calling import Performed, Ready, perform, prepare
from callwright.tools.results import ToolResult
from callwright.wire.chat import Usage
from callwright.wire.messages import ToolCall

pytestmark = pytest.mark.anyio


def failing(times: int, error: BaseException, **options: Any) -> Callable[[str], Tool[..., Any]]:
    """Return what makes a tool, sync or async, that raises so often and then returns."""
    left = [error] * times

    def make(kind: str) -> Tool[..., Any]:
        def fail() -> str:
            """Fail."""
            if left:
                raise left.pop()
            return "done"

        async def fail_async() -> str:
            """Fail."""
            return fail()

        return Tool(fail if kind == "sync" else fail_async, name="fail", **options)

    return make


both = pytest.mark.parametrize("kind", ["sync", "async"])


async def test_the_value_and_the_artifact_are_kept_beside_what_the_model_reads() -> None:
    @tool
    def find() -> ToolResult:
        """Find."""
        return ToolResult([1, 2], artifact={"all": (1, 2, 3)})

    performed = await called(find)

    assert (performed.content, performed.value, performed.artifact) == ("[1,2]", [1, 2], {"all": (1, 2, 3)})


async def test_a_result_is_cut_where_its_tool_says() -> None:
    @tool(result_limit=4)
    def long() -> str:
        """Be long."""
        return "0123456789"

    performed = await called(long, RunContext(None, call_id="r:1:0", find_result=lambda _: None))

    assert performed.content == (
        '0123\n(cut: the result has 10 characters; go on with read_result(call_id="r:1:0", start=4))'
    )
    assert performed.rest == "0123456789"


@both
async def test_what_a_tool_books_is_counted_over_all_attempts(kind: str) -> None:
    @tool(retries=1, name="ask")
    def ask(ctx: RunContext[None]) -> str:
        """Ask."""
        ctx.book(Usage(total_tokens=5, cost=Decimal("0.1")))
        raise ValueError("no")

    @tool(retries=1, name="ask")
    async def ask_async(ctx: RunContext[None]) -> str:
        """Ask."""
        ctx.book(Usage(total_tokens=5, cost=Decimal("0.1")))
        raise ValueError("no")

    performed = await called(ask if kind == "sync" else ask_async)

    assert performed.usage == Usage(total_tokens=10, cost=Decimal("0.2"))


async def test_only_usage_can_be_booked() -> None:
    with pytest.raises(TypeError, match="expected a Usage; got 3"):
        RunContext(None).book(3)  # type: ignore[arg-type]


async def test_a_forgotten_await_is_made_up_for() -> None:
    async def answer() -> str:
        return "awaited"

    @tool
    async def forget() -> Any:
        """Forget."""
        return answer()

    assert (await called(forget)).content == "awaited"


@both
async def test_a_tool_is_run_again_as_often_as_it_says(kind: str) -> None:
    clock = QuickClock()

    performed = await called(failing(2, ValueError("busy"), retries=2)(kind), RunContext(None, clock=clock))

    assert (performed.content, performed.is_error) == ("done", False)
    assert performed.note == "attempt 1 of 3: ValueError: busy\nattempt 2 of 3: ValueError: busy"
    assert 0.05 <= clock.slept[0] <= 0.1 <= clock.slept[1] <= 0.2


@both
async def test_the_last_failure_is_told_and_every_attempt_noted(kind: str) -> None:
    performed = await called(failing(9, ValueError("busy"), retries=1)(kind))

    assert (performed.content, performed.is_error) == ("fail failed: ValueError: busy", True)
    note = str(performed.note)
    assert note.startswith("attempt 1 of 2: ValueError: busy\nTraceback (most recent call last):")


@both
@pytest.mark.parametrize("on_error", ["hide", "raise"])
async def test_hiding_and_raising_wait_for_the_last_attempt(kind: str, on_error: str) -> None:
    make = failing(1, ValueError("busy"), retries=1, on_error=on_error)

    assert (await called(make(kind))).content == "done"


@both
async def test_an_error_chosen_for_the_model_is_no_reason_to_run_again(kind: str) -> None:
    clock = QuickClock()

    performed = await called(failing(9, ToolError("No such city."), retries=3)(kind), RunContext(None, clock=clock))

    assert (performed.content, performed.is_error, clock.slept) == ("No such city.", True, [])


async def test_the_pauses_grow_up_to_two_seconds() -> None:
    clock = QuickClock()

    await called(failing(99, ValueError("x"), retries=8)("async"), RunContext(None, clock=clock))

    assert all(
        0.5 <= slept / most <= 1 for slept, most in zip(clock.slept, (0.1, 0.2, 0.4, 0.8, 1.6, 2, 2, 2), strict=True)
    )


async def test_each_attempt_gets_the_arguments_as_they_came() -> None:
    seen: list[list[int]] = []

    @tool(retries=2)
    def spoil(numbers: list[int]) -> None:
        """Spoil."""
        seen.append(list(numbers))
        numbers.clear()
        raise ValueError("no")

    ready = prepare({"spoil": spoil}, ToolCall("1", "spoil", '{"numbers":[1,2]}'))
    assert isinstance(ready, Ready)
    await perform(ready, RunContext(None, clock=QuickClock()))

    assert seen == [[1, 2]] * 3


async def test_a_cancelled_call_is_not_run_again() -> None:
    runs = 0

    @tool(retries=5)
    async def wait() -> None:
        """Wait."""
        nonlocal runs
        runs += 1
        await anyio.sleep_forever()

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(called, wait)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()

    assert runs == 1


@both
async def test_a_timeout_is_a_failure_like_any_other(kind: str) -> None:
    release = threading.Event()

    @tool(timeout=0.01, retries=1, name="hang")
    def hang() -> None:
        """Hang."""
        release.wait(10)

    @tool(timeout=0.01, retries=1, name="hang")
    async def hang_async() -> None:
        """Hang."""
        await anyio.sleep_forever()

    performed = await called(hang if kind == "sync" else hang_async)
    release.set()
    await until(lambda: abandoned() == 0)

    assert (performed.content, performed.is_error) == ("hang did not return within 0.01 seconds.", True)
    note = str(performed.note)
    assert note.startswith("attempt 1 of 2: TimeoutError: did not return within 0.01 seconds\nit did not return")
    assert ("its thread was left running, one of 2" in note) is (kind == "sync")


@both
async def test_a_timeout_of_the_tools_own_is_told_as_its_error(kind: str) -> None:
    performed = await called(failing(1, TimeoutError("upstream"), timeout=60)(kind))

    assert performed.content == "fail failed: TimeoutError: upstream"


@both
async def test_a_timeout_of_a_tool_that_raises_ends_the_run(kind: str) -> None:
    release = threading.Event()

    @tool(timeout=0.01, on_error="raise", name="hang")
    def hang() -> None:
        """Hang."""
        release.wait(10)

    @tool(timeout=0.01, on_error="raise", name="hang")
    async def hang_async() -> None:
        """Hang."""
        await anyio.sleep_forever()

    with pytest.raises(RunError, match="tool 'hang' raised TimeoutError: did not return within"):
        await called(hang if kind == "sync" else hang_async)
    release.set()
    await until(lambda: abandoned() == 0)


async def test_an_async_tool_that_answers_although_it_was_stopped_is_heard() -> None:
    @tool(timeout=0.01)
    async def stubborn() -> str:
        """Be stubborn."""
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            return "late, but here"
        return "never"

    assert (await called(stubborn)).content == "late, but here"


async def test_time_spent_waiting_for_a_lock_is_not_the_tools_time() -> None:
    entered, release = anyio.Event(), anyio.Event()

    @tool(lock="slow")
    async def hold() -> None:
        """Hold."""
        entered.set()
        await release.wait()

    @tool(lock="slow", timeout=0.05)
    async def quick() -> str:
        """Be quick."""
        return "in time"

    found: list[Performed] = []

    async def call_quick() -> None:
        found.append(await called(quick))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(called, hold)
        await entered.wait()
        tasks.start_soon(call_quick)
        await anyio.sleep(0.1)
        release.set()

    assert found[0].content == "in time"
