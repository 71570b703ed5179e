"""The channel: order, bound, end, and what happens when one side leaves."""

from __future__ import annotations

import anyio
import pytest

from callwright._concurrency import Channel

pytestmark = pytest.mark.anyio


async def test_items_arrive_in_order_and_end_at_close() -> None:
    channel: Channel[int] = Channel()
    for number in range(5):
        await channel.send(number)
    channel.close()

    received = [item async for item in channel]

    assert received == [0, 1, 2, 3, 4]


async def test_send_does_not_suspend_while_there_is_room() -> None:
    channel: Channel[int] = Channel(3)
    coroutines = [channel.send(number) for number in range(3)]

    for coroutine in coroutines:
        with pytest.raises(StopIteration):
            coroutine.send(None)


@pytest.mark.parametrize("limit", [1, 2, 3, 256])
async def test_a_producer_that_never_suspends_is_at_most_the_limit_ahead(limit: int) -> None:
    channel: Channel[int] = Channel(limit)
    sent = 0
    received: list[int] = []
    ahead: list[int] = []

    async def produce() -> None:
        nonlocal sent
        for number in range(1000):
            await channel.send(number)
            sent += 1
        channel.close()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(produce)
        async for item in channel:
            received.append(item)
            ahead.append(sent - item)

    assert received == list(range(1000))
    assert max(ahead) <= limit


async def test_a_slow_consumer_gets_everything() -> None:
    channel: Channel[int] = Channel(4)
    received: list[int] = []

    async def produce() -> None:
        for number in range(50):
            await channel.send(number)
        channel.close()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(produce)
        async for item in channel:
            await anyio.lowlevel.checkpoint()
            received.append(item)

    assert received == list(range(50))


async def test_a_waiting_consumer_wakes_at_close() -> None:
    channel: Channel[int] = Channel()
    received: list[int] = []

    async def consume() -> None:
        received.extend([item async for item in channel])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(consume)
        await anyio.wait_all_tasks_blocked()
        channel.close()

    assert received == []


async def test_the_error_of_close_comes_after_the_items_and_once() -> None:
    channel: Channel[int] = Channel()
    error = ValueError("lost")
    await channel.send(1)
    channel.close(error)
    channel.close()
    received: list[int] = []

    with pytest.raises(ValueError, match="lost") as caught:
        async for item in channel:
            received.append(item)  # noqa: PERF401 - a comprehension would lose the item

    assert caught.value is error
    assert received == [1]
    assert [item async for item in channel] == []


async def test_send_after_close_is_an_error() -> None:
    channel: Channel[int] = Channel()
    channel.close()

    with pytest.raises(anyio.ClosedResourceError):
        await channel.send(1)


async def test_abandoning_frees_a_waiting_producer() -> None:
    channel: Channel[int] = Channel(1)
    sent: list[int] = []

    async def produce() -> None:
        for number in range(10):
            await channel.send(number)
            sent.append(number)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(produce)
        await anyio.wait_all_tasks_blocked()
        assert sent == [0]
        channel.abandon()

    assert sent == list(range(10))
    assert [item async for item in channel] == []


async def test_a_producer_whose_consumer_left_can_be_cancelled() -> None:
    channel: Channel[int] = Channel()
    channel.abandon()

    with anyio.CancelScope() as scope:
        scope.cancel()
        while True:
            await channel.send(1)

    assert scope.cancelled_caught


async def test_a_cancelled_consumer_loses_nothing() -> None:
    channel: Channel[int] = Channel()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await anext(channel)

    await channel.send(1)

    assert await anext(channel) == 1


async def test_a_cancelled_producer_leaves_the_channel_usable() -> None:
    channel: Channel[int] = Channel(1)
    await channel.send(1)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await channel.send(2)

    assert await anext(channel) == 1
    await channel.send(3)

    assert await anext(channel) == 3


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match=f"got {limit}"):
        Channel(limit)
