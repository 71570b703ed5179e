"""Runs that begin as another did."""

from __future__ import annotations

import pytest

from callwright import Agent, MemoryStore, RunState, StoreError, approve, tool
from callwright.run.forking import forked
from callwright.run.records import Started
from callwright.testing.scripted import FunctionModel, ScriptedModel, calls

pytestmark = pytest.mark.anyio


@tool(read_only=True)
def look(what: str) -> str:
    """Look something up."""
    return f"{what} found"


@tool(needs_approval=True)
def pay(amount: int) -> str:
    """Pay."""
    return f"paid {amount}"


async def test_a_fork_goes_its_own_way_and_the_first_run_stays() -> None:
    store = MemoryStore()
    agent = Agent(ScriptedModel("One.", "Two.", "Three."), store=store)
    await agent.run("First?", run_id="a")
    before = await store.load("a")

    state = await agent.fork("a", run_id="b")
    other = await agent.run("Second?", run_id="b")

    assert state.run_id == "b"
    assert [message.text for message in other.messages] == ["First?", "One.", "Second?", "Two."]
    assert await store.load("a") == before


async def test_a_fork_says_where_it_comes_from() -> None:
    store = MemoryStore()
    agent = Agent(ScriptedModel("One."), store=store)
    await agent.run("?", run_id="a")

    state = await agent.fork("a", at=2)

    assert isinstance(state.records[0], Started)
    assert state.records[0].forked == ("a", 2)
    assert state.run_id.startswith("run_")


async def test_a_run_forked_at_any_record_can_be_resumed() -> None:
    store = MemoryStore()

    def answer(request: object) -> object:
        return calls(look, what="a") + calls(look, what="b") if len(request.messages) == 1 else "Done."  # type: ignore[attr-defined]

    agent = Agent(FunctionModel(answer), tools=[look], store=store)  # type: ignore[arg-type]
    whole = await agent.run("?", run_id="a")

    for at in range(2, len(whole.state.records) + 1):
        state = await agent.fork("a", at=at, run_id=f"fork-{at}")
        result = await agent.resume(state.run_id)
        assert result.output == "Done."
        assert [message.text for message in result.messages] == [message.text for message in whole.messages]


async def test_a_waiting_call_waits_in_the_fork_too_under_its_own_id() -> None:
    store = MemoryStore()
    agent = Agent(ScriptedModel(calls(pay, amount=3), "Paid."), tools=[pay], store=store)
    await agent.run("?", run_id="a")
    await agent.fork("a", run_id="b")

    result = await agent.resume("b", approve("b:1:0"))

    assert result.output == "Paid."
    assert RunState.of(await store.load("a")).is_paused


async def test_a_sub_agent_that_waits_is_forked_with_the_run() -> None:
    store = MemoryStore()
    expert = Agent(ScriptedModel(calls(pay, amount=3), "Paid."), tools=[pay])
    helper = expert.as_tool(name="expert", description="Pays.")
    agent = Agent(ScriptedModel(calls("expert", prompt="pay"), "Done."), tools=[helper], store=store)
    await agent.run("?", run_id="a")
    await agent.fork("a", run_id="b")

    result = await agent.resume("b", approve("b/1:0:1:0"))

    assert result.output == "Done."
    assert RunState.of(await store.load("a/1:0")).is_paused


@pytest.mark.parametrize("at", [0, 99])
async def test_a_position_outside_the_log_is_refused(at: int) -> None:
    agent = Agent(ScriptedModel("One."), store=MemoryStore())
    await agent.run("?", run_id="a")

    with pytest.raises(StoreError, match="expected a position from 1 to"):
        await agent.fork("a", at=at)


async def test_what_is_not_there_cannot_be_forked() -> None:
    with pytest.raises(StoreError, match="fork"):
        await Agent(ScriptedModel(), store=MemoryStore()).fork("a")
    with pytest.raises(StoreError, match="no store"):
        await Agent(ScriptedModel()).fork("a")
    with pytest.raises(StoreError):
        forked([], at=None, run_id="b")


async def test_an_id_that_is_taken_is_refused() -> None:
    agent = Agent(ScriptedModel("One.", "Two."), store=MemoryStore())
    await agent.run("?", run_id="a")
    await agent.run("?", run_id="b")

    with pytest.raises(StoreError):
        await agent.fork("a", run_id="b")


def test_forking_works_without_a_loop() -> None:
    agent = Agent(ScriptedModel("One."), store=MemoryStore())
    agent.run_sync("?", run_id="a")

    assert agent.fork_sync("a", run_id="b").run_id == "b"
