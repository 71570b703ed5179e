"""A decision about a call of a sub-agent stands in two logs; a process may die when it stands in one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callwright import Agent, MemoryStore, StoreError, approve, deny, tool
from callwright.run.records import CallDecided, CallId, Record
from callwright.testing.scripted import FunctionModel, Turn, calls
from callwright.wire.chat import ChatRequest
from callwright.wire.messages import ToolMessage

pytestmark = pytest.mark.anyio


class Unplugged(MemoryStore):
    """Fails once, when a decision is to be kept in the log of one run."""

    def __init__(self) -> None:
        super().__init__()
        self.fails_in: str | None = None

    async def append(self, run_id: str, seq: int, record: Record) -> None:
        if isinstance(record, CallDecided) and run_id == self.fails_in:
            self.fails_in = None
            raise StoreError("the power went")
        await super().append(run_id, seq, record)


class Shop:
    """An agent that asks another one, so many levels down, to have something paid."""

    def __init__(self, levels: int) -> None:
        self.paid = 0
        self.store = Unplugged()
        agent = Agent(FunctionModel(self.paying), tools=[tool(self.pay, needs_approval=True)])
        for _ in range(levels):
            agent = Agent(FunctionModel(self.asking), tools=[agent.as_tool(name="ask", description="Ask.")])
        self.agent = agent.replace(store=self.store)

    def pay(self) -> str:
        """Pay."""
        self.paid += 1
        return "paid"

    def paying(self, request: ChatRequest) -> Turn:
        return told(request) or calls("pay")

    def asking(self, request: ChatRequest) -> Turn:
        return told(request) or calls("ask", prompt="Pay.")


def told(request: ChatRequest) -> str | None:
    last = request.messages[-1]
    return f"told: {last.text}" if isinstance(last, ToolMessage) else None


@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize(("first", "then", "paid"), [(approve, approve, 1), (approve, deny, 0), (deny, approve, 1)])
async def test_what_is_said_last_counts(
    first: Callable[[CallId], CallDecided], then: Callable[[CallId], CallDecided], *, paid: int, levels: int
) -> None:
    shop = Shop(levels)
    paused = await shop.agent.run("Pay.", run_id="a")
    shop.store.fails_in = "a"
    with pytest.raises(StoreError, match="the power went"):
        await shop.agent.resume("a", first(paused.pending[0].id))

    again = await shop.agent.resume("a")
    assert [pending.id for pending in again.pending] == [pending.id for pending in paused.pending]
    done = await shop.agent.resume("a", then(again.pending[0].id))

    assert done.status == "done"
    assert shop.paid == paid
    assert ("not allowed" in done.output) is (paid == 0)


async def test_a_call_that_is_over_is_not_decided_again() -> None:
    shop = Shop(1)
    paused = await shop.agent.run("Pay.", run_id="a")
    await shop.agent.resume("a", approve(paused.pending[0].id))

    with pytest.raises(StoreError):
        await shop.agent.resume("a", deny(paused.pending[0].id))

    assert shop.paid == 1
