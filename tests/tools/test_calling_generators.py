"""Tools that are generators: each value is told as it comes, all are the result, and they are always closed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from tests.tools.one_call import QuickClock, called, until

from callwright import RunContext, Tool, ToolError, tool
from callwright._threads import abandoned
from callwright.tools.calling import Performed
from callwright.tools.context import Progress
from callwright.tools.results import ToolResult

pytestmark = pytest.mark.anyio

both = pytest.mark.parametrize("kind", ["sync", "async"])


class Watcher:
    """Listens to the progress of one call."""

    def __init__(self) -> None:
        self.seen: list[Progress] = []
        self.context: RunContext[None] = RunContext(None, call_id="r:1:0", report=self._report, clock=QuickClock())

    async def _report(self, progress: Progress) -> None:
        await anyio.lowlevel.checkpoint()
        self.seen.append(progress)

    @property
    def values(self) -> list[object]:
        return [progress.value for progress in self.seen]


def generator(kind: str, *values: object, error: BaseException | None = None, **options: Any) -> Tool[..., Any]:
    def plain() -> Iterator[object]:
        """Yield."""
        yield from values
        if error is not None:
            raise error

    async def waiting() -> AsyncIterator[object]:
        """Yield."""
        for value in values:
            yield value
        if error is not None:
            raise error

    return Tool(plain if kind == "sync" else waiting, name="give", **options)


@both
async def test_every_value_is_told_and_together_they_are_the_result(kind: str) -> None:
    watcher = Watcher()

    performed = await called(generator(kind, 1, "two", 3), watcher.context)

    assert watcher.seen == [Progress("r:1:0", value) for value in (1, "two", 3)]
    assert (performed.content, performed.value) == ('[1,"two",3]', [1, "two", 3])


@both
async def test_nobody_needs_to_listen(kind: str) -> None:
    assert (await called(generator(kind, 1, 2))).content == "[1,2]"


@both
async def test_nothing_is_a_result_too(kind: str) -> None:
    assert (await called(generator(kind))).content == "[]"


@both
async def test_a_tool_result_that_comes_last_is_the_result_alone(kind: str) -> None:
    performed = await called(generator(kind, "half", ToolResult("whole", artifact=1)))

    assert (performed.content, performed.value, performed.artifact) == ("whole", "whole", 1)


async def test_what_a_generator_returns_is_the_result_alone() -> None:
    @tool
    def count() -> Iterator[Any]:
        """Count."""
        yield 1
        return "counted"

    watcher = Watcher()

    performed = await called(count, watcher.context)

    assert (performed.content, watcher.values) == ("counted", [1])


@both
async def test_an_error_after_some_values_is_the_tools_error(kind: str) -> None:
    watcher = Watcher()

    performed = await called(generator(kind, 1, error=ValueError("half way")), watcher.context)

    assert (performed.content, watcher.values) == ("give failed: ValueError: half way", [1])


@both
async def test_an_error_chosen_for_the_model_is_told_as_it_is(kind: str) -> None:
    assert (await called(generator(kind, 1, error=ToolError("Try Rome.")))).content == "Try Rome."


async def test_a_sync_generator_stays_on_one_thread() -> None:
    """Connections of sqlite3 must be used on the thread that made them, and closed there."""
    threads: list[int] = []

    @tool
    def visit() -> Iterator[int]:
        """Visit."""
        try:
            for number in range(3):
                threads.append(threading.get_ident())
                yield number
        finally:
            threads.append(threading.get_ident())

    await called(visit, Watcher().context)

    assert len(threads) == 4
    assert set(threads) != {threading.get_ident()}
    assert len(set(threads)) == 1


@both
async def test_a_generator_that_never_ends_is_closed_and_its_values_kept(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callwright.tools.yielding.MOST_DRAWN", 100)
    closed: list[str] = []

    @tool(name="count", result_limit=20)
    def count() -> Iterator[int]:
        """Count."""
        try:
            yield from itertools.count()
        finally:
            closed.append("sync")

    @tool(name="count", result_limit=20)
    async def count_async() -> AsyncIterator[int]:
        """Count."""
        try:
            for number in itertools.count():
                yield number
        finally:
            closed.append("async")

    performed = await called(count if kind == "sync" else count_async)

    assert closed == [kind]
    assert str(performed.content).startswith("[0,1,2,3,")
    assert "cut: the generator was closed after 100 values" in str(performed.note)


@both
async def test_a_generator_that_takes_too_long_is_closed(kind: str) -> None:
    release, closed = threading.Event(), threading.Event()

    @tool(name="wait", timeout=0.01)
    def wait() -> Iterator[int]:
        """Wait."""
        try:
            yield 1
            release.wait(10)
            yield 2
        finally:
            closed.set()

    @tool(name="wait", timeout=0.01)
    async def wait_async() -> AsyncIterator[int]:
        """Wait."""
        try:
            yield 1
            await anyio.sleep_forever()
        finally:
            closed.set()

    performed = await called(wait if kind == "sync" else wait_async, Watcher().context)
    release.set()
    await until(lambda: closed.is_set() and not abandoned())

    assert performed.content == "wait did not return within 0.01 seconds."


@both
async def test_a_generator_is_closed_when_its_call_is_cancelled_while_telling(kind: str) -> None:
    closed, telling = threading.Event(), anyio.Event()

    @tool
    def give() -> Iterator[int]:
        """Give."""
        try:
            yield 1
        finally:
            closed.set()

    @tool
    async def give_async() -> AsyncIterator[int]:
        """Give."""
        try:
            yield 1
        finally:
            closed.set()

    async def never_told(progress: Progress) -> None:
        telling.set()
        await anyio.sleep_forever()

    context: RunContext[None] = RunContext(None, report=never_told)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(called, give if kind == "sync" else give_async, context)
        await telling.wait()
        tasks.cancel_scope.cancel()
    await until(lambda: closed.is_set() and not abandoned())

    assert closed.is_set()


async def test_an_async_generator_that_will_not_close_is_left_after_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callwright.tools.yielding._CLOSING", 0.01)
    monkeypatch.setattr("callwright.tools.yielding.MOST_DRAWN", 3)

    @tool
    async def cling() -> AsyncIterator[int]:
        """Cling."""
        try:
            for number in itertools.count():
                yield number
        finally:
            await anyio.sleep_forever()

    performed = await called(cling)

    assert performed.content == "[0,1,2]"


async def test_a_sync_generator_that_will_not_close_fails() -> None:
    @tool
    def cling() -> Iterator[int]:
        """Cling."""
        while True:
            try:
                yield 1
            except GeneratorExit:
                yield 2

    performed = await called(cling)

    assert performed.content == "cling failed: RuntimeError: generator ignored GeneratorExit"


async def test_functions_that_return_generators_are_generators() -> None:
    async def numbers() -> AsyncIterator[int]:
        yield 1
        yield 2

    @tool
    def plain() -> Any:
        """Return an async generator."""
        return numbers()

    @tool
    async def waiting() -> Any:
        """Return an async generator."""
        return numbers()

    watcher = Watcher()

    performed = [await called(plain, watcher.context), await called(waiting, watcher.context)]

    assert [one.content for one in performed] == ["[1,2]", "[1,2]"]
    assert watcher.values == [1, 2, 1, 2]


async def progressed(function: Any, context: RunContext[Any]) -> Performed:
    return await called(Tool(function), context)


async def test_a_plain_function_tells_its_progress() -> None:
    def work(ctx: RunContext[None]) -> str:
        """Work."""
        ctx.progress_sync("half")
        ctx.progress_sync({"done": 1})
        return "done"

    watcher = Watcher()

    performed = await progressed(work, watcher.context)

    assert (performed.content, watcher.values) == ("done", ["half", {"done": 1}])


async def test_threads_that_a_tool_starts_tell_progress_too() -> None:
    def work(ctx: RunContext[None]) -> str:
        """Work."""
        threads = [threading.Thread(target=ctx.progress_sync, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return "done"

    watcher = Watcher()

    performed = await progressed(work, watcher.context)

    assert performed.content == "done"
    assert sorted(map(str, watcher.values)) == list("01234567")


async def test_progress_is_nothing_where_nobody_listens() -> None:
    def work(ctx: RunContext[None]) -> bool:
        """Work."""
        ctx.progress_sync("half")
        return ctx.is_cancelled

    RunContext(None).progress_sync("by hand")

    assert (await progressed(work, RunContext(None))).content == "false"


async def test_what_listening_raises_is_raised_where_progress_was_told() -> None:
    def work(ctx: RunContext[None]) -> str:
        """Work."""
        with pytest.raises(ValueError, match="deaf"):
            ctx.progress_sync("half")
        return "done"

    async def deaf(progress: Progress) -> None:
        raise ValueError("deaf")

    assert (await progressed(work, RunContext(None, report=deaf))).content == "done"


async def test_an_async_tool_is_told_to_await_its_progress() -> None:
    async def work(ctx: RunContext[None]) -> None:
        """Work."""
        ctx.progress_sync("half")

    performed = await progressed(work, Watcher().context)

    assert "use: await ctx.progress(...)" in str(performed.content)


async def test_a_cancelled_function_learns_of_it_at_its_next_progress() -> None:
    started, release, told = anyio.Event(), threading.Event(), list[object]()

    def work(ctx: RunContext[None]) -> None:
        """Work."""
        ctx.progress_sync("begun")
        release.wait(10)
        told.append(ctx.is_cancelled)
        try:
            ctx.progress_sync("half")
        except RuntimeError as error:
            told.append(str(error)[:40])

    async def report(progress: Progress) -> None:
        started.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(progressed, work, RunContext(None, report=report))
        await started.wait()
        tasks.cancel_scope.cancel()
    release.set()
    await until(lambda: not abandoned())

    assert told == [True, "nobody waits for this call any more: it "]
