"""The portal: async code from sync code."""

from __future__ import annotations

import gc
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar

import anyio
import pytest

from callwright import _sync
from callwright._sync import enter_sync, iterate_sync, run_sync

PLACE: ContextVar[str] = ContextVar("place")


async def double(number: int) -> int:
    await anyio.lowlevel.checkpoint()
    return number * 2


async def count(end: int) -> AsyncIterator[int]:
    for number in range(end):
        yield number


def test_run_sync_returns_what_the_coroutine_returns() -> None:
    assert run_sync(double, 21) == 42


def test_the_portal_is_one_daemon_thread() -> None:
    async def where() -> threading.Thread:
        return threading.current_thread()

    thread = run_sync(where)

    assert thread.daemon
    assert run_sync(where) is thread


def test_many_threads_share_the_portal() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda number: run_sync(double, number), range(100))) == list(range(0, 200, 2))


@pytest.mark.anyio
async def test_run_sync_works_inside_a_running_loop() -> None:
    assert run_sync(double, 4) == 8


def test_context_variables_are_copied_in_and_not_out() -> None:
    async def visit() -> str:
        seen = PLACE.get()
        PLACE.set("Rome")
        return seen

    PLACE.set("Paris")

    assert run_sync(visit) == "Paris"
    assert PLACE.get() == "Paris"


@pytest.mark.parametrize("error", [KeyError("x"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_an_error_arrives_as_itself_with_its_traceback(error: BaseException) -> None:
    async def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        run_sync(fail)

    assert caught.value is error
    assert caught.traceback[-1].name == "fail"
    assert run_sync(double, 1) == 2


def test_a_system_exit_in_a_child_task_costs_this_loop_and_not_the_next() -> None:
    """Event loops let SystemExit through; whoever waits must hear of it, and the next call gets a new loop."""

    async def leave() -> None:
        raise SystemExit(3)

    async def start() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(leave)

    with pytest.raises((SystemExit, BaseExceptionGroup, RuntimeError)):
        run_sync(start)

    assert run_sync(double, 1) == 2


def test_a_cancellation_from_inside_is_an_ordinary_error() -> None:
    async def cancel_itself() -> None:
        raise anyio.get_cancelled_exc_class()

    with pytest.raises(RuntimeError, match="cancelled"):
        run_sync(cancel_itself)


def test_on_the_portals_own_thread_the_message_names_the_async_form() -> None:
    async def tool() -> int:
        return run_sync(double, 1)

    with pytest.raises(RuntimeError, match="use the async form: double"):
        run_sync(tool)


def test_iterate_sync_yields_everything_in_order() -> None:
    assert list(iterate_sync(count(1000))) == list(range(1000))


def test_iterate_sync_raises_after_the_items() -> None:
    async def fail_at_two() -> AsyncIterator[int]:
        yield 1
        raise KeyError("x")

    iterator = iterate_sync(fail_at_two())

    assert next(iterator) == 1
    with pytest.raises(KeyError):
        next(iterator)


def test_iterate_sync_runs_a_bounded_number_ahead() -> None:
    produced = 0

    async def produce() -> AsyncIterator[int]:
        nonlocal produced
        for number in range(1000):
            produced += 1
            yield number

    ahead = [produced - number for number in iterate_sync(produce())]

    assert max(ahead) <= _sync.AHEAD + 1


def test_leaving_an_iteration_early_unwinds_the_iterator() -> None:
    left = threading.Event()

    async def wait_for_ever() -> AsyncIterator[int]:
        try:
            yield 1
            await anyio.sleep_forever()
        finally:
            left.set()

    for _ in iterate_sync(wait_for_ever()):
        break
    gc.collect()

    assert left.wait(10)


def test_enter_sync_enters_and_leaves_in_one_task() -> None:
    """A cancel scope refuses to be left by another task than the one that entered it."""
    tasks: list[int] = []

    @asynccontextmanager
    async def scope() -> AsyncIterator[str]:
        tasks.append(anyio.get_current_task().id)
        with anyio.CancelScope():
            yield "inside"
        tasks.append(anyio.get_current_task().id)

    with enter_sync(scope()) as value:
        assert value == "inside"

    assert len(set(tasks)) == 1


@asynccontextmanager
async def noting(notes: list[object], *, is_swallowing: bool = False) -> AsyncIterator[None]:
    try:
        yield
    except BaseException as error:
        notes.append(error)
        if not is_swallowing:
            raise
    else:
        notes.append(None)


@pytest.mark.parametrize("error", [KeyError("x"), StopIteration(1), KeyboardInterrupt()], ids=repr)
def test_the_manager_sees_the_error_of_the_block_and_the_caller_gets_it_back(error: BaseException) -> None:
    notes: list[object] = []

    with pytest.raises(type(error)) as caught, enter_sync(noting(notes)):
        raise error

    assert caught.value is error
    assert notes == [error]
    assert [entry.name for entry in caught.traceback] == [
        "test_the_manager_sees_the_error_of_the_block_and_the_caller_gets_it_back"
    ]


def test_a_manager_may_swallow_the_error_of_the_block() -> None:
    notes: list[object] = []

    with enter_sync(noting(notes, is_swallowing=True)):
        raise KeyError("x")

    assert len(notes) == 1


def test_an_error_on_entering_arrives() -> None:
    @asynccontextmanager
    async def locked() -> AsyncIterator[None]:
        raise PermissionError("locked")
        yield

    with pytest.raises(PermissionError, match="locked"), enter_sync(locked()):
        pass


def test_an_error_on_leaving_arrives() -> None:
    @asynccontextmanager
    async def stuck() -> AsyncIterator[None]:
        yield
        raise OSError("stuck")

    with pytest.raises(OSError, match="stuck"), enter_sync(stuck()):
        pass


def test_iterating_inside_of_a_context_shares_the_loop() -> None:
    send, receive = anyio.create_memory_object_stream[int](10)

    @asynccontextmanager
    async def producing() -> AsyncIterator[AsyncIterator[int]]:
        async def produce() -> None:
            async with send:
                for number in range(100):
                    await send.send(number)

        async with anyio.create_task_group() as tasks, receive:
            tasks.start_soon(produce)
            yield receive

    with enter_sync(producing()) as numbers:
        assert list(iterate_sync(numbers)) == list(range(100))
