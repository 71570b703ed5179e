"""Gates: how many are inside, who is next, and what cancellation, other loops and stranded calls do to that."""

from __future__ import annotations

import threading
from collections.abc import Callable

import anyio
import anyio.lowlevel
import pytest

from callwright import _gates
from callwright._gates import Gate, Passage, StrandedError, is_inside

pytestmark = pytest.mark.anyio


async def settled() -> None:
    """Let every task come to its next wait."""
    await anyio.wait_all_tasks_blocked()


@pytest.mark.parametrize("capacity", [1, 2, 5])
async def test_no_more_are_inside_than_there_is_room(capacity: int) -> None:
    gate, inside, most = Gate(capacity), 0, 0

    async def visit() -> None:
        nonlocal inside, most
        async with gate:
            inside += 1
            most = max(most, inside)
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            inside -= 1

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(visit)

    assert (inside, most) == (0, capacity)


def test_a_gate_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity must be >= 1, got 0"):
        Gate(0)


async def test_who_came_first_is_let_in_first() -> None:
    gate, order = Gate(), list[int]()

    async def visit(number: int) -> None:
        async with gate:
            order.append(number)

    async with anyio.create_task_group() as tasks, gate:
        for number in range(10):
            tasks.start_soon(visit, number)
            await settled()

    assert order == list(range(10))


async def test_nobody_overtakes_those_who_wait() -> None:
    """Whoever leaves gives the place to the first in the queue, so that coming back at once does not help."""
    gate, order = Gate(), list[str]()

    async def visit() -> None:
        async with gate:
            order.append("waiting")

    async with anyio.create_task_group() as tasks:
        async with gate:
            tasks.start_soon(visit)
            await settled()
        async with gate:
            order.append("back again")

    assert order == ["waiting", "back again"]


async def test_a_cancelled_waiter_leaves_no_hole() -> None:
    gate, order = Gate(), list[str]()

    async def visit(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            async with gate:
                order.append(name)

    scopes = [anyio.CancelScope() for _ in range(3)]
    async with anyio.create_task_group() as tasks, gate:
        for name, scope in zip("abc", scopes, strict=True):
            tasks.start_soon(visit, name, scope)
            await settled()
        scopes[1].cancel()
        await settled()
    async with gate:
        order.append("last")

    assert order == ["a", "c", "last"]


async def test_one_let_in_while_being_cancelled_passes_the_place_on() -> None:
    gate, order, scope = Gate(), list[str](), anyio.CancelScope()

    async def visit(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            async with gate:
                order.append(name)

    async with anyio.create_task_group() as tasks, gate:
        tasks.start_soon(visit, "cancelled", scope)
        await settled()
        tasks.start_soon(visit, "next", anyio.CancelScope())
        await settled()
        scope.cancel()
    with anyio.fail_after(5):
        async with gate:
            order.append("last")

    assert order in (["next", "last"], ["cancelled", "next", "last"])


async def test_one_inside_who_is_cancelled_frees_the_place() -> None:
    gate = Gate()

    with anyio.CancelScope() as scope:
        async with gate:
            scope.cancel()
            await anyio.sleep_forever()

    with anyio.fail_after(5):
        async with gate:
            pass


def in_threads(count: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


def test_one_gate_serves_asyncio_and_trio_in_several_threads() -> None:
    inside, seen = 0, list[int]()

    async def visit_often() -> None:
        nonlocal inside
        for _ in range(20):
            async with Passage("shared"):
                inside += 1
                seen.append(inside)
                await anyio.lowlevel.checkpoint()
                inside -= 1

    async def visit_together() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(visit_often)

    in_threads(6, lambda number: anyio.run(visit_together, backend=("asyncio", "trio")[number % 2]))

    assert (len(seen), max(seen)) == (600, 1)
    assert _gates._kept == {}


def test_a_loop_that_ended_while_waiting_is_skipped(anyio_backend: str) -> None:
    gate = Gate()
    ended = anyio_backend

    async def wait_a_moment() -> None:
        with anyio.move_on_after(0):
            await gate.enter()

    async def main() -> None:
        async with gate:
            in_threads(2, lambda _: anyio.run(wait_a_moment, backend=ended))
        with anyio.fail_after(5):
            async with gate:
                pass

    anyio.run(main, backend=anyio_backend)


async def test_a_waiter_of_a_dead_loop_is_passed_over() -> None:
    gate = Gate()

    def is_dead(_: object) -> None:
        raise RuntimeError("the loop is closed")

    async with gate:
        gate._waiters.append(_gates._Waiter(is_dead))

    with anyio.fail_after(5):
        async with gate:
            pass


async def test_a_stranded_place_refuses_those_who_wait_and_those_who_come() -> None:
    gate, refused = Gate(), list[str]()

    async def visit(name: str) -> None:
        with pytest.raises(StrandedError):
            await gate.enter()
        refused.append(name)

    async with anyio.create_task_group() as tasks:
        await gate.enter()
        tasks.start_soon(visit, "waiting")
        await settled()
        free = gate.strand()
        await settled()
        tasks.start_soon(visit, "coming")
    free()

    assert refused == ["waiting", "coming"]
    with anyio.fail_after(5):
        async with gate:
            pass


async def test_while_one_place_is_not_stranded_there_is_something_to_wait_for() -> None:
    gate, order = Gate(2), list[str]()

    async def visit() -> None:
        async with gate:
            order.append("in")

    async with anyio.create_task_group() as tasks:
        await gate.enter()
        free = gate.strand()
        async with gate:
            tasks.start_soon(visit)
            await settled()
            order.append("out")
    free()

    assert order == ["out", "in"]


async def test_gates_are_kept_while_somebody_is_at_them() -> None:
    async with Passage("a"), Passage("b", 2):
        kept = set(_gates._kept)

    assert kept == {("a", 1), ("b", 2)}
    assert _gates._kept == {}


async def test_a_stranded_passage_keeps_its_gate_until_it_is_freed() -> None:
    async with Passage("a") as passage:
        free = passage.strand()
    with pytest.raises(StrandedError):
        await Passage("a").__aenter__()
    free()

    assert _gates._kept == {}
    async with Passage("a"):
        pass


async def test_those_who_work_for_somebody_inside_are_inside() -> None:
    found: dict[str, bool] = {}

    async def look(name: str) -> None:
        found[name] = is_inside("a")

    async with Passage("a"):
        await look("itself")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(look, "child")
    await look("after")

    assert found == {"itself": True, "child": True, "after": False}
