"""The pool of daemon threads for sync tools."""

from __future__ import annotations

import gc
import threading
import weakref
from contextvars import ContextVar

import anyio
import pytest

from callwright import _threads
from callwright._threads import abandoned, run_in_thread

pytestmark = pytest.mark.anyio

PLACE: ContextVar[str] = ContextVar("place")


async def test_the_result_comes_from_another_daemon_thread() -> None:
    thread = await run_in_thread(threading.current_thread)

    assert thread is not threading.current_thread()
    assert thread.daemon


async def test_the_thread_used_last_is_used_next() -> None:
    first = await run_in_thread(threading.get_ident)
    second = await run_in_thread(threading.get_ident)

    assert first == second


async def test_calls_run_together() -> None:
    """A barrier of eight opens only if eight threads wait at it."""
    barrier = threading.Barrier(8)
    places: list[int] = []

    async def meet() -> None:
        places.append(await run_in_thread(lambda: barrier.wait(10)))

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(meet)

    assert sorted(places) == list(range(8))


async def test_context_variables_are_copied_in_and_not_out() -> None:
    PLACE.set("Paris")

    def visit() -> str:
        seen = PLACE.get()
        PLACE.set("Rome")
        return seen

    assert await run_in_thread(visit) == "Paris"
    assert PLACE.get() == "Paris"


@pytest.mark.parametrize("error", [KeyError("x"), SystemExit(3), KeyboardInterrupt()], ids=repr)
async def test_an_error_arrives_as_itself(error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        await run_in_thread(fail)

    assert caught.value is error
    assert caught.traceback[-1].name == "fail"


async def test_a_stop_iteration_arrives_as_the_cause_of_a_runtime_error() -> None:
    with pytest.raises(RuntimeError) as caught:
        await run_in_thread(lambda: next(iter(())))

    assert isinstance(caught.value.__cause__, StopIteration)


async def test_a_call_may_run_an_event_loop_of_its_own() -> None:
    async def answer() -> int:
        return 42

    assert await run_in_thread(lambda: anyio.run(answer)) == 42


async def test_a_cancelled_caller_leaves_at_once_and_the_thread_is_counted_until_it_returns() -> None:
    started, release, returned = anyio.Event(), threading.Event(), threading.Event()
    token = anyio.lowlevel.current_token()

    def hang() -> None:
        anyio.from_thread.run_sync(started.set, token=token)
        release.wait(10)
        returned.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_in_thread, hang)
        await started.wait()
        tasks.cancel_scope.cancel()
    count = abandoned()
    release.set()
    await run_in_thread(lambda: returned.wait(10))
    with anyio.fail_after(10):
        while abandoned():
            await anyio.lowlevel.checkpoint()

    assert count == 1


async def test_a_call_under_a_cancelled_scope_does_not_start() -> None:
    called: list[int] = []

    with anyio.CancelScope() as scope:
        scope.cancel()
        await run_in_thread(lambda: called.append(1))

    assert called == []


async def test_an_idle_thread_keeps_neither_call_nor_result() -> None:
    class Big:
        def measure(self) -> Big:
            return self

    big = Big()
    seen = weakref.ref(big)
    await run_in_thread(big.measure)

    del big
    with anyio.fail_after(10):
        while seen() is not None:
            gc.collect()
            await anyio.lowlevel.checkpoint()

    assert seen() is None


async def test_an_idle_thread_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_threads, "IDLE", 0.0)
    monkeypatch.setattr(_threads, "_pool", _threads._Pool())
    thread = await run_in_thread(threading.current_thread)

    await anyio.to_thread.run_sync(thread.join, 10)

    assert not thread.is_alive()
    assert await run_in_thread(lambda: 1) == 1


def test_a_loop_that_ended_before_its_thread_does_not_disturb_the_next(anyio_backend: str) -> None:
    release = threading.Event()

    async def leave() -> None:
        with anyio.move_on_after(0):
            await run_in_thread(lambda: release.wait(10))

    async def answer() -> int:
        return await run_in_thread(lambda: 1)

    anyio.run(leave, backend=anyio_backend)
    release.set()

    assert anyio.run(answer, backend=anyio_backend) == 1
