"""One call: its lock and its places, on one event loop or several."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from tests.tools.one_call import called, until

from callwright import Tool, tool
from callwright._threads import abandoned

pytestmark = pytest.mark.anyio


both = pytest.mark.parametrize("kind", ["sync", "async"])


class Meter:
    """Tools that count how many of them run at the same time."""

    def __init__(self) -> None:
        self.running = 0
        self.most = 0
        self.count = threading.Lock()

    def enter(self) -> None:
        with self.count:
            self.running += 1
            self.most = max(self.most, self.running)

    def leave(self) -> None:
        with self.count:
            self.running -= 1

    def tools(self, **options: Any) -> list[Tool[..., Any]]:
        def plain() -> None:
            """Work."""
            self.enter()
            threading.Event().wait(0.001)
            self.leave()

        async def waiting() -> None:
            """Work."""
            self.enter()
            await anyio.lowlevel.checkpoint()
            self.leave()

        return [Tool(plain, **options), Tool(waiting, **options)]


async def together(count: int, call: Callable[[], Awaitable[object]]) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(call)


async def test_calls_with_one_lock_never_overlap() -> None:
    meter = Meter()
    plain, waiting = meter.tools(lock="db")

    async def both_kinds() -> None:
        await called(plain)
        await called(waiting)

    await together(8, both_kinds)

    assert (meter.most, meter.running) == (1, 0)


async def test_calls_with_different_locks_do() -> None:
    barrier = threading.Barrier(2)

    def meet() -> None:
        """Meet."""
        barrier.wait(10)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(called, Tool(meet, lock="a"))
        tasks.start_soon(called, Tool(meet, lock="b"))

    assert not barrier.broken


@pytest.mark.parametrize("most", [1, 3])
async def test_no_more_calls_of_a_tool_run_than_it_says(most: int) -> None:
    meter = Meter()
    plain, _ = meter.tools(concurrency=most)

    await together(12, lambda: called(plain))

    assert meter.running == 0
    assert meter.most <= most


def test_a_lock_holds_over_event_loops_in_several_threads() -> None:
    meter = Meter()
    plain, waiting = meter.tools(lock="db")

    async def often() -> None:
        for _ in range(10):
            await called(plain)
            await called(waiting)

    threads = [
        threading.Thread(target=lambda name=name: anyio.run(often, backend=name), daemon=True)
        for name in ("asyncio", "trio") * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert (meter.most, meter.running) == (1, 0)


async def test_the_same_method_of_two_objects_has_places_of_its_own() -> None:
    barrier = threading.Barrier(2)

    class Database:
        @tool(concurrency=1)
        def query(self) -> None:
            """Query."""
            barrier.wait(10)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(called, Database().query)
        tasks.start_soon(called, Database().query)

    assert not barrier.broken


async def test_an_abandoned_call_keeps_its_lock_and_others_are_told() -> None:
    release, overlaps = threading.Event(), list[str]()

    @tool(lock="stuck", timeout=0.01)
    def hang() -> None:
        """Hang."""
        release.wait(10)

    @tool(lock="stuck")
    def other() -> str:
        """Be another."""
        overlaps.extend([] if release.is_set() else ["overlap"])
        return "ran"

    await called(hang)
    refused = await called(other)
    release.set()
    await until(lambda: abandoned() == 0)
    ran = await called(other)

    assert str(refused.content) == (
        "other failed: StrandedError: calls that took too long are still running, and hold the lock 'stuck'"
    )
    assert (ran.content, overlaps) == ("ran", [])


async def test_a_lock_that_is_held_further_out_is_refused_rather_than_waited_for() -> None:
    @tool(lock="db")
    async def inner() -> str:
        """Be within."""
        return "ran"

    @tool(lock="db")
    async def outer() -> str:
        """Be outside."""
        return str((await called(inner)).content)

    performed = await called(outer)

    assert performed.content == (
        "inner failed: RuntimeError: it is called from inside a call that holds the lock 'db', which it needs too"
    )


@both
async def test_a_tool_that_calls_itself_takes_no_second_place(kind: str) -> None:
    @tool(concurrency=1)
    async def nest(depth: int) -> str:
        """Nest."""
        if not depth:
            return "bottom"
        call = called(nest, arguments={"depth": depth - 1})
        return str((await call).content)

    @tool(concurrency=1)
    def nest_sync(depth: int) -> str:
        """Nest."""
        return str(anyio.run(called, nest_sync, None, {"depth": depth - 1}).content) if depth else "bottom"

    with anyio.fail_after(10):
        performed = await called(nest if kind == "async" else nest_sync, arguments={"depth": 3})

    assert performed.content == "bottom"
