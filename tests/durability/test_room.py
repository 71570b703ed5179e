"""A run whose disk is full stops with a typed error, and goes on when there is room again."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from callwright import Agent, Limits, StoreError, ToolMessage, provide, rerun
from callwright.run.pending import Pending
from callwright.run.records import CallDecided
from callwright.run.sqlite import SQLiteStore
from callwright.testing.scripted import FunctionModel, Turn, calls
from callwright.wire.chat import ChatRequest

pytestmark = pytest.mark.anyio
STEPS = 8


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let this process write no file beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class World:
    """A model that has each of some steps' calls made, and what the tools did."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.model = FunctionModel(self.turn)

    def turn(self, request: ChatRequest) -> Turn:
        step = sum(isinstance(message, ToolMessage) for message in request.messages)
        return calls("charge", number=step) if step < STEPS else f"charged {step} times"

    def charge(self, number: int) -> str:
        """Charge."""
        self.done.append(number)
        return f"{number} is charged" + " and noted" * 300

    def agent(self, store: SQLiteStore) -> Agent:
        return Agent(self.model, tools=[self.charge], store=store, limits=Limits(steps=STEPS + 2))

    def decide(self, pending: Pending) -> CallDecided:
        assert pending.why == "in_doubt"
        number = json.loads(pending.arguments)["number"]
        return provide(pending.id, f"{number} is charged") if number in self.done else rerun(pending.id)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_run_stops_when_there_is_no_room_and_goes_on_when_there_is(tmp_path: Path) -> None:
    stopped = 0
    for size in range(0, 260_000, 9_973):
        world = World()
        with SQLiteStore(tmp_path / f"{size}.db") as store:
            agent = world.agent(store)
            with largest_file(size):
                try:
                    await agent.run("Charge.", run_id="a")
                except StoreError:
                    stopped += 1

            kept = await store.load("a")
            result = await (agent.resume("a") if len(kept) > 1 else agent.run("Charge.", run_id="a"))
            while result.status == "paused":
                result = await agent.resume("a", *[world.decide(pending) for pending in result.pending])

        assert result.output == f"charged {STEPS} times"
        assert sorted(world.done) == list(range(STEPS)), "each once, whether its result could be kept or not"
    assert stopped > 10
