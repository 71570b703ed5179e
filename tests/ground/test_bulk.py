"""The same job for many items."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import anyio
import pytest

from callwright._bulk import Bulk

pytestmark = pytest.mark.anyio


class Jobs:
    """Counts how many run at the same time."""

    def __init__(self) -> None:
        self.running = self.most = 0
        self.cancelled = 0

    async def double(self, number: int) -> int:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            for _ in range(40 + number % 5):
                await anyio.lowlevel.checkpoint()
            if number % 7 == 3:
                raise ValueError(number)
        except anyio.get_cancelled_exc_class():
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        return number * 2


@pytest.mark.parametrize("ordered", [False, True])
async def test_every_item_comes_to_one_outcome_and_errors_are_values(*, ordered: bool) -> None:
    jobs = Jobs()

    async with Bulk(jobs.double, range(100), concurrency=7, ordered=ordered) as bulk:
        outcomes = [finished async for finished in bulk]

    assert sorted(finished.index for finished in outcomes) == list(range(100))
    assert all(finished.item == finished.index for finished in outcomes)
    assert {finished.index for finished in outcomes if finished.error} == set(range(3, 100, 7))
    assert all(finished.get() == finished.item * 2 for finished in outcomes if not finished.error)
    assert jobs.most == 7
    assert (bulk.started, bulk.finished, bulk.failed) == (100, 100, 14)
    if ordered:
        assert [finished.index for finished in outcomes] == list(range(100))


async def test_an_error_is_raised_again_on_request() -> None:
    async with Bulk(Jobs().double, [3]) as bulk:
        finished = await anext(bulk)

    with pytest.raises(ValueError, match="3"):
        finished.get()


async def test_items_are_taken_only_when_there_is_room() -> None:
    taken = 0

    def endless() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield 0

    async with Bulk(Jobs().double, endless(), concurrency=3) as bulk:
        for _ in range(10):
            await anext(bulk)
        await anyio.wait_all_tasks_blocked()

    assert taken <= 10 + 2 * 3 + 1


async def test_items_may_come_from_an_async_generator() -> None:
    async def numbers() -> AsyncIterator[int]:
        for number in (1, 2, 4):
            await anyio.lowlevel.checkpoint()
            yield number

    async with Bulk(Jobs().double, numbers(), ordered=True) as bulk:
        assert [finished.get() async for finished in bulk] == [2, 4, 8]


async def test_leaving_early_cancels_what_runs() -> None:
    begun, ended = anyio.Event(), anyio.Event()

    async def forever(number: int) -> int:
        if number == 0:
            return 0
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()
        return 1

    async with Bulk(forever, range(5)) as bulk:
        await anext(bulk)
        await begun.wait()

    assert ended.is_set()


async def test_items_that_cannot_be_given_end_the_bulk() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("the file is gone")

    with pytest.raises(OSError, match="the file is gone"):
        async with Bulk(Jobs().double, broken()) as bulk:
            async for _ in bulk:
                pass


async def test_nothing_comes_of_nothing() -> None:
    async with Bulk(Jobs().double, []) as bulk:
        assert [finished async for finished in bulk] == []


async def test_it_is_used_inside_of_its_block_and_once() -> None:
    bulk = Bulk(Jobs().double, [1])
    with pytest.raises(RuntimeError, match="async with"):
        await anext(bulk)

    async with bulk:
        pass

    with pytest.raises(RuntimeError, match="once"):
        await bulk.__aenter__()


def test_none_at_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="concurrency"):
        Bulk(Jobs().double, [1], concurrency=0)
