"""Cancelling a run at any moment: what was done is kept, it can be resumed, and nothing is left running."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import pytest
from anyio.lowlevel import checkpoint
from tests.service.fault_server import client_sockets, until

from callwright import Agent, Client, Delta, MemoryStore, RunResult, StoreError, provide, tool
from callwright._threads import abandoned
from callwright.run.records import Answered, CallReturned, CallStarted, Record
from callwright.run.sqlite import SQLiteStore
from callwright.run.state import RunState
from callwright.run.store import Store
from callwright.simulator.server import running
from callwright.testing.scripted import FunctionModel, Turn, calls
from callwright.wire.chat import ChatRequest
from callwright.wire.messages import AssistantMessage
from callwright.wire.profile import OPENROUTER

pytestmark = pytest.mark.anyio

APPENDS = 28
"""How many records the unbroken run keeps, its sub-agent's included."""
TURNS = 120
"""More turns of the event loop than the unbroken run takes."""


class World:
    """What models answer and tools do, and what of it was paid for and done, whoever runs the agent.

    Args:
        where: Whether the tools that write run on the event loop or on threads.
    """

    def __init__(self, where: str = "loop") -> None:
        self.paid: Counter[str] = Counter()
        self.done: Counter[str] = Counter()

        @tool(read_only=True)
        async def look(what: str) -> str:
            """Look something up."""
            await checkpoint()
            return f"{what} found"

        @tool(idempotent=True)
        async def note(what: str) -> str:
            """Write something down."""
            await checkpoint()
            return f"{what} noted"

        async def book(what: str) -> str:
            """Book something."""
            await checkpoint()
            self.done[what] += 1
            await checkpoint()
            return f"{what} booked"

        def book_on_thread(what: str) -> str:
            """Book something."""
            self.done[what] += 1
            return f"{what} booked"

        booking = tool(name="book")(book if where == "loop" else book_on_thread)
        inner = self._model("inner", [calls("book", what="taxi"), "The taxi is booked."])
        ask = Agent(inner, tools=[booking]).as_tool(name="ask", description="Ask somebody.")
        first = calls("look", what="train") + calls("book", what="train") + calls("note", what="train")
        self._outer = self._model(
            "outer", [first + calls(ask, prompt="a taxi"), calls("book", what="hotel"), "Booked."]
        )
        self._tools = [look, note, booking, ask]

    def agent(self, store: Store) -> Agent[None, str]:
        return Agent(self._outer, tools=self._tools, store=store)

    def _model(self, name: str, turns: Sequence[Turn]) -> FunctionModel:
        async def answer(request: ChatRequest) -> Turn:
            turn = sum(isinstance(message, AssistantMessage) for message in request.messages)
            await checkpoint()
            self.paid[f"{name} {turn}"] += 1
            return turns[turn]

        return FunctionModel(answer, name=name)


class Watched:
    """A store that tells when a record comes, and when it is kept.

    Args:
        store: Where records are kept.
        reached: Called with the number of the record, from 0, before and after it is kept.
    """

    def __init__(self, store: Store, reached: Callable[[str, int], Awaitable[None]]) -> None:
        self._store = store
        self._reached = reached
        self.count = 0

    async def append(self, run_id: str, seq: int, record: Record) -> None:
        number, self.count = self.count, self.count + 1
        await self._reached("before", number)
        await self._store.append(run_id, seq, record)
        await self._reached("after", number)

    async def load(self, run_id: str) -> Sequence[Record]:
        return await self._store.load(run_id)

    async def runs(self) -> Sequence[str]:
        return await self._store.runs()

    async def delete(self, run_id: str) -> None:
        await self._store.delete(run_id)


async def finish(world: World, store: Store) -> tuple[RunResult[str], list[str]]:
    """Go on until the run is done, as another process would; return also which calls were in doubt."""
    agent, doubts = world.agent(store), list[str]()
    try:
        result = await agent.resume("r")
    except StoreError:
        # It was cancelled before it had a prompt.
        result = await agent.run("Book it.", run_id="r")
    while result.status == "paused":
        assert {pending.why for pending in result.pending} == {"in_doubt"}
        doubts += [pending.arguments for pending in result.pending]
        result = await agent.resume("r", *[provide(pending.id, "it is booked") for pending in result.pending])
    return result, doubts


async def check(world: World, store: Store) -> None:
    """See that the run goes on to the same answer: nothing paid twice, nothing done twice or left out untold."""
    for run_id in await store.runs():
        RunState.of(await store.load(run_id))

    result, doubts = await finish(world, store)

    assert result.output == "Booked."
    assert world.paid == Counter({"outer 0": 1, "outer 1": 1, "outer 2": 1, "inner 0": 1, "inner 1": 1})
    for what in ("train", "taxi", "hotel"):
        assert world.done[what] <= 1
        assert world.done[what] == 1 or any(what in doubt for doubt in doubts)
    logs = [record for run_id in await store.runs() for record in await store.load(run_id)]
    assert sum(isinstance(record, Answered) for record in logs) == 5


@pytest.fixture(params=["memory", pytest.param("sqlite", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    with SQLiteStore(tmp_path / "runs.db") as opened:
        yield opened


async def test_the_unbroken_run_is_as_long_as_these_tests_think(store: Store) -> None:
    async def nothing(_: str, __: int) -> None:
        pass

    world, watched = World(), Watched(store, nothing)

    await world.agent(watched).run("Book it.", run_id="r")

    assert watched.count == APPENDS
    await check(world, store)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(APPENDS))
async def test_cancelled_at_a_record_it_goes_on_to_the_same_answer(number: int, when: str, store: Store) -> None:
    async def cancel(reached: str, count: int) -> None:
        if (reached, count) == (when, number):
            scope.cancel()
            # A store that was asked to keep a record may be slow to begin.
            if when == "before":
                await checkpoint()

    world = World()
    with anyio.CancelScope() as scope:
        await world.agent(Watched(store, cancel)).run("Book it.", run_id="r")

    assert scope.cancelled_caught or number == APPENDS - 1
    await check(world, store)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("number", range(APPENDS))
async def test_cancelled_by_asyncio_at_a_record_it_goes_on_to_the_same_answer(number: int, store: Store) -> None:
    """As `asyncio.timeout` and web servers cancel: once, and by no scope, so that nothing shields from it."""

    async def cancel(reached: str, count: int) -> None:
        if (reached, count) == ("before", number):
            task.cancel()

    world = World()
    task = asyncio.ensure_future(world.agent(Watched(store, cancel)).run("Book it.", run_id="r"))
    await asyncio.wait([task])

    assert task.cancelled() or number == APPENDS - 1
    await check(world, store)


@pytest.mark.parametrize("way", ["scope", "asyncio"])
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_cancelled_at_any_turn_of_the_event_loop_it_goes_on_to_the_same_answer(way: str) -> None:
    ended = 0
    for turns in range(TURNS):
        world, store = World(), MemoryStore()

        async def run(scope: anyio.CancelScope, world: World, store: Store) -> None:
            with scope:
                await world.agent(store).run("Book it.", run_id="r")

        scope = anyio.CancelScope()
        task = asyncio.ensure_future(run(scope, world, store))
        for _ in range(turns):
            await asyncio.sleep(0)
        ended += task.done()
        _ = scope.cancel() if way == "scope" else task.cancel()
        await asyncio.wait([task])
        await check(world, store)

    assert 0 < ended < TURNS


@pytest.mark.parametrize("number", range(APPENDS))
async def test_leaving_the_block_at_any_event_it_goes_on_to_the_same_answer(number: int) -> None:
    world, store = World(), MemoryStore()

    async with world.agent(store).stream("Book it.", run_id="r") as run:
        events = run.events()
        for _ in range(number):
            await anext(events)

    await check(world, store)


@pytest.mark.parametrize("number", range(0, APPENDS, 3))
def test_leaving_the_block_of_sync_code_it_goes_on_to_the_same_answer(number: int, tmp_path: Path) -> None:
    world = World("thread")
    with SQLiteStore(tmp_path / "runs.db") as store:
        with world.agent(store).stream_sync("Book it.", run_id="r") as run:
            events = run.events()
            for _ in range(number):
                next(events)

        anyio.run(nothing_abandoned)
        anyio.run(check, world, store)


async def nothing_abandoned() -> None:
    with anyio.fail_after(10):
        while abandoned():  # noqa: ASYNC110 - it falls on threads
            await anyio.sleep(0.001)


@pytest.mark.parametrize("number", range(APPENDS))
async def test_a_thread_that_is_left_ends_and_does_its_thing_once(number: int, store: Store) -> None:
    async def cancel(reached: str, count: int) -> None:
        if (reached, count) == ("after", number):
            scope.cancel()

    world = World("thread")
    with anyio.CancelScope() as scope:
        await world.agent(Watched(store, cancel)).run("Book it.", run_id="r")

    await nothing_abandoned()
    await check(world, store)


async def waiting(request: ChatRequest) -> Turn:
    await anyio.sleep_forever()
    return "never"


async def wait() -> str:
    """Wait."""
    await anyio.sleep_forever()
    return "never"


@pytest.mark.parametrize("where", ["model", "async tool", "sync tool"])
async def test_a_deadline_ends_a_run_wherever_it_waits_and_it_goes_on(where: str) -> None:
    release, store = threading.Event(), MemoryStore()

    @tool(name="wait", read_only=True)
    def block() -> str:
        """Wait."""
        release.wait(20)
        return "waited"

    turns = iter([calls("wait")])
    late = FunctionModel(waiting if where == "model" else lambda _: next(turns), name="m")
    tools = [block if where == "sync tool" else tool(read_only=True)(wait)]
    agent = Agent(late, tools=tools, store=store)

    with pytest.raises(TimeoutError):
        with anyio.fail_after(0.05):
            await agent.run("?", run_id="r")

    assert abandoned() == (where == "sync tool")
    release.set()
    await nothing_abandoned()
    kinds = [type(record) for record in await store.load("r")]
    assert (CallStarted in kinds, CallReturned in kinds) == (where != "model", False)


async def test_a_cancelled_sub_agent_leaves_two_logs_that_go_on() -> None:
    """The call of the sub-agent is begun again, and finds its own log."""

    async def cancel(reached: str, count: int) -> None:
        if reached == "after" and "r/1:3" in await store.runs():
            scope.cancel()

    world, store = World(), MemoryStore()
    with anyio.CancelScope() as scope:
        await world.agent(Watched(store, cancel)).run("Book it.", run_id="r")

    assert sorted(await store.runs()) == ["r", "r/1:3"]
    await check(world, store)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as base_url:
        yield base_url


@pytest.mark.skipif(sys.platform != "linux", reason="counts the sockets in /proc")
@pytest.mark.parametrize("way", ["leaving", "scope", "asyncio"])
async def test_a_run_cancelled_in_the_middle_of_an_answer_leaves_no_connection(
    way: str, url: str, anyio_backend: str
) -> None:
    if way == "asyncio" and anyio_backend == "trio":
        pytest.skip("there is no asyncio to cancel by")
    port = urlsplit(url).port or 0
    model = Client("sk-or-test", base_url=url, profile=OPENROUTER).chat("openai/gpt-4o-mini:fault-stalled")
    sockets = list[int]()
    scope = anyio.CancelScope()

    async def watch() -> None:
        async with Agent(model).stream("Tell me something.") as run:
            async for event in run.events():
                if isinstance(event, Delta):
                    sockets.append(client_sockets(port))
                    if way == "leaving":
                        return
                    _ = scope.cancel() if way == "scope" else task.cancel()

    if way == "asyncio":
        task = asyncio.ensure_future(watch())
        await asyncio.wait([task])
    else:
        with scope:
            await watch()

    assert sockets[0] == 1
    await until(lambda: client_sockets(port) == 0)
