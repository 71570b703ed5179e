"""The pool of daemon threads for sync tools."""

from __future__ import annotations

import gc
import threading
import weakref
from contextvars import ContextVar

import anyio
import pytest

from callwright import _threads
from callwright._threads import Bridge, abandoned, run_in_thread

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


async def test_a_call_has_its_caller_do_something_on_the_event_loop() -> None:
    bridge, loop = Bridge(), threading.get_ident()

    async def where() -> int:
        await anyio.lowlevel.checkpoint()
        return threading.get_ident()

    def call() -> tuple[int, int]:
        return bridge.run(where), threading.get_ident()

    asked, ran = await run_in_thread(call, bridge=bridge)

    assert asked == loop != ran


async def test_what_the_caller_raises_is_raised_where_it_was_asked() -> None:
    bridge = Bridge()

    async def fail() -> None:
        raise KeyError("x")

    def call() -> str:
        with pytest.raises(KeyError):
            bridge.run(fail)
        return "went on"

    assert await run_in_thread(call, bridge=bridge) == "went on"


async def test_many_threads_may_ask_at_once() -> None:
    bridge = Bridge()

    async def answer() -> int:
        await anyio.lowlevel.checkpoint()
        return 1

    def call() -> int:
        answers: list[int] = []
        threads = [threading.Thread(target=lambda: answers.append(bridge.run(answer))) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(answers)

    assert await run_in_thread(call, bridge=bridge) == 10


async def test_nobody_answers_once_the_caller_left_or_the_call_returned() -> None:
    bridge, asked, outcomes = Bridge(), anyio.Event(), list[str]()

    async def never() -> None:
        asked.set()
        await anyio.sleep_forever()

    def call() -> None:
        for _ in range(2):
            with pytest.raises(RuntimeError, match="nobody waits for this call any more"):
                bridge.run(never)
            outcomes.append("refused")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: run_in_thread(call, bridge=bridge))
        await asked.wait()
        tasks.cancel_scope.cancel()
    with anyio.fail_after(10):
        while abandoned():
            await anyio.lowlevel.checkpoint()
    late = Bridge()
    await run_in_thread(lambda: None, bridge=late)

    assert outcomes == ["refused", "refused"]
    assert (bridge.is_left, late.is_left, late.is_running) == (True, True, False)
    with pytest.raises(RuntimeError, match="nobody waits"):
        late.run(never)


async def test_the_end_of_an_abandoned_call_is_told() -> None:
    bridge, release, ended = Bridge(), threading.Event(), list[str]()

    with anyio.move_on_after(0.001):
        await run_in_thread(lambda: release.wait(10), bridge=bridge)
    bridge.when_done(lambda: ended.append("later"))
    is_running = bridge.is_running
    release.set()
    with anyio.fail_after(10):
        while not ended:
            await anyio.lowlevel.checkpoint()
    bridge.when_done(lambda: ended.append("at once"))

    assert is_running
    assert ended == ["later", "at once"]


def test_a_bridge_leads_nowhere_before_its_call() -> None:
    bridge = Bridge()

    assert (bridge.is_left, bridge.is_running) == (False, False)
    with pytest.raises(RuntimeError, match="nobody waits"):
        bridge.run(anyio.lowlevel.checkpoint)
