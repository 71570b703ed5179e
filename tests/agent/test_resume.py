"""Going on: after a failure, a crash, a doubt, or with another prompt."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from callwright import (
    Agent,
    Budget,
    BudgetError,
    Limits,
    MemoryStore,
    ProviderError,
    RunConflictError,
    RunPausedError,
    RunState,
    StoreError,
    approve,
    deny,
    provide,
    rerun,
    tool,
)
from callwright.run.records import CallStarted, Record, Started
from callwright.testing.scripted import ScriptedModel, Turn, calls

pytestmark = pytest.mark.anyio


def down() -> ProviderError:
    return ProviderError("upstream is down", status=502, retryable=True)


class Ledger:
    """Tools with effects, and what they did."""

    def __init__(self) -> None:
        self.effects: list[str] = []

    def look(self, what: str) -> str:
        """Look something up."""
        self.effects.append(f"look {what}")
        return f"{what} found"

    def book(self, what: str) -> str:
        """Book something."""
        self.effects.append(f"book {what}")
        return f"{what} booked"

    def agent(self, *turns: Turn, store: MemoryStore | None = None, **options: Any) -> Agent[None, str]:
        tools = [tool(read_only=True)(self.look), self.book]
        return Agent(ScriptedModel(*turns), tools=tools, store=store, params={"parallel_tool_calls": False}, **options)


TURNS = (calls("look", what="train") + calls("book", what="train"), calls("book", what="hotel"), "All booked.")


async def cut(store: MemoryStore, keep: int, run_id: str = "r") -> MemoryStore:
    """Return the store as it would be if the process had died after `keep` records."""
    left = MemoryStore()
    for seq, record in enumerate((await store.load(run_id))[:keep]):
        await left.append(run_id, seq, record)
    return left


async def whole() -> tuple[MemoryStore, Sequence[Record]]:
    store = MemoryStore()
    await Ledger().agent(*TURNS, store=store).run("Book it", run_id="r")
    return store, await store.load("r")


def remaining(records: Sequence[Record]) -> tuple[Turn, ...]:
    """Return the turns that were not answered yet: what was answered is not asked again."""
    return TURNS[sum(type(record).__name__ == "Answered" for record in records) :]


@pytest.mark.parametrize("keep", range(2, 15))
async def test_a_run_cut_after_any_record_ends_the_same_and_does_nothing_twice(keep: int) -> None:
    """Whatever was on disk when the process died: answers are not paid again, effects are not doubled."""
    store, records = await whole()
    assert len(records) == 15
    kept, ledger = records[:keep], Ledger()

    agent = ledger.agent(*remaining(kept), store=await cut(store, keep))
    result = await agent.resume("r")
    for pending in result.pending:
        assert (pending.name, pending.why) == ("book", "in_doubt")
        result = await agent.resume("r", provide(pending.id, "it was booked before"))

    assert result.output == "All booked."
    done_before = [record.call for record in kept if type(record).__name__ == "CallReturned"]
    in_doubt = [record.call for record in kept if isinstance(record, CallStarted) and record.effect == "write"]
    assert len(ledger.effects) == 3 - len(set(done_before) | set(in_doubt))


async def test_a_failed_request_keeps_the_state_and_can_be_resumed_from_it() -> None:
    ledger = Ledger()
    agent = ledger.agent(TURNS[0], down(), *TURNS[1:])

    with pytest.raises(ProviderError) as caught:
        await agent.run("Book it")
    result = await agent.resume(caught.value)

    assert result.output == "All booked."
    assert ledger.effects == ["look train", "book train", "book hotel"]
    assert [request.error for request in result.requests] == [None, "ProviderError: upstream is down", None, None]


async def test_the_state_of_an_error_is_not_changed_by_resuming_it() -> None:
    agent = Ledger().agent(down(), "ok", "ok again")
    with pytest.raises(ProviderError) as caught:
        await agent.run("?")
    state = caught.value.state
    assert isinstance(state, RunState)
    before = len(state.records)

    first, second = await agent.resume(state), await agent.resume(state)

    assert (first.output, second.output, len(state.records)) == ("ok", "ok again", before)


async def test_a_finished_run_is_not_asked_again() -> None:
    store, _ = await whole()

    result = await Ledger().agent(store=store).resume("r")

    assert (result.output, result.status, result.steps) == ("All booked.", "done", 3)


async def in_doubt() -> MemoryStore:
    """Return the log of a run that died while it was booking a train."""
    store, records = await whole()
    starts = [index for index, record in enumerate(records) if isinstance(record, CallStarted)]
    return await cut(store, starts[1] + 1)


async def test_a_call_in_doubt_pauses_the_run_and_says_so() -> None:
    ledger = Ledger()

    result = await ledger.agent(*TURNS[1:], store=await in_doubt()).resume("r")

    assert (result.status, ledger.effects) == ("paused", [])
    assert [(pending.id, pending.name, pending.why) for pending in result.pending] == [("r:1:1", "book", "in_doubt")]
    with pytest.raises(RunPausedError, match=r"r:1:1 \(book: in_doubt\)"):
        _ = result.output


@pytest.mark.parametrize(
    ("decision", "effects", "told"),
    [
        (rerun("r:1:1"), ["book train", "book hotel"], "train booked"),
        (provide("r:1:1", "seat 7"), ["book hotel"], "seat 7"),
        (deny("r:1:1", "too dear"), ["book hotel"], "Not run: it was not allowed. too dear"),
    ],
    ids=["rerun", "provide", "deny"],
)
async def test_a_call_in_doubt_is_settled_by_a_decision(decision: Any, effects: list[str], told: str) -> None:
    ledger = Ledger()
    agent = ledger.agent(*TURNS[1:], store=await in_doubt())
    await agent.resume("r")

    result = await agent.resume("r", decision)

    assert (result.output, ledger.effects) == ("All booked.", effects)
    assert told in [message.text for message in result.messages]


async def test_a_call_in_doubt_cannot_be_approved_as_if_it_had_not_run() -> None:
    ledger = Ledger()
    agent = ledger.agent(*TURNS[1:], store=await in_doubt())
    await agent.resume("r")

    with pytest.raises(StoreError, match="may have run already; decide by rerun, provide or deny"):
        await agent.resume("r", approve("r:1:1"))

    assert ledger.effects == []


async def test_a_decision_about_a_call_that_is_not_held_is_refused() -> None:
    store = await in_doubt()

    with pytest.raises(StoreError, match="not open"):
        await Ledger().agent(store=store).resume("r", deny("r:9:9"))
    with pytest.raises(StoreError, match="nothing was asked"):
        await Ledger().agent(store=(await whole())[0]).resume("r", deny("r:1:0"))


async def test_a_decision_that_is_refused_leaves_the_log_as_it_was() -> None:
    store = await in_doubt()
    before = await store.load("r")

    with pytest.raises(StoreError):
        await Ledger().agent(store=store).resume("r", deny("r:9:9"))

    assert await store.load("r") == before
    assert (await Ledger().agent(store=store).resume("r")).status == "paused"


async def test_a_run_that_nobody_knows_cannot_be_resumed() -> None:
    with pytest.raises(StoreError, match="no record of it"):
        await Ledger().agent(store=MemoryStore()).resume("nope")
    with pytest.raises(StoreError, match="no store"):
        await Ledger().agent().resume("nope")


async def test_a_conversation_goes_on_in_its_log() -> None:
    store = MemoryStore()
    await Ledger().agent("I am Ann.", store=store).run("Who are you?", run_id="talk")
    agent = Ledger().agent("Ann, I said.", store=store)

    result = await agent.run("Who?", run_id="talk")

    assert [message.text for message in result.messages] == ["Who are you?", "I am Ann.", "Who?", "Ann, I said."]
    assert [type(record) for record in await store.load("talk")].count(Started) == 1


async def test_a_run_that_has_not_ended_takes_no_new_prompt() -> None:
    store = await in_doubt()

    with pytest.raises(RunConflictError, match="has not ended"):
        await Ledger().agent(store=store).run("Something else", run_id="r")


async def test_two_processes_cannot_both_go_on() -> None:
    class Late(MemoryStore):
        async def append(self, run_id: str, seq: int, record: Record) -> None:
            if seq == 4:
                await super().append(run_id, seq, record)  # the other process was here just before
            await super().append(run_id, seq, record)

    with pytest.raises(RunConflictError):
        await Ledger().agent(*TURNS, store=Late()).run("?", run_id="r")


async def test_a_result_is_recorded_even_if_the_run_is_cancelled_in_that_moment() -> None:
    class Slow(MemoryStore):
        async def append(self, run_id: str, seq: int, record: Record) -> None:
            if type(record).__name__ == "CallReturned":
                group.cancel_scope.cancel()
                await anyio.lowlevel.checkpoint()
            await super().append(run_id, seq, record)

    store, ledger = Slow(), Ledger()
    async with anyio.create_task_group() as group:
        await ledger.agent(calls("book", what="train"), store=store).run("?", run_id="r")

    assert ledger.effects == ["book train"]
    assert type((await store.load("r"))[-1]).__name__ == "CallReturned"


@pytest.mark.parametrize(
    "limits", [Limits(requests=1), Limits(tokens=0), Limits(seconds=0)], ids=["requests", "tokens", "seconds"]
)
async def test_a_limit_ends_the_run_with_a_state_that_a_wider_one_goes_on_from(limits: Limits) -> None:
    ledger = Ledger()
    agent = ledger.agent(*TURNS, limits=limits)

    with pytest.raises(BudgetError, match="limit is reached") as caught:
        await agent.run("?")

    assert (await agent.replace(limits=Limits()).resume(caught.value)).output == "All booked."


async def test_a_resumed_run_can_be_watched_by_nobody_and_its_ids_stay() -> None:
    store, records = await whole()
    result = await Ledger().agent(*TURNS[1:], store=await cut(store, 9)).resume("r")

    assert result.run_id == "r"
    assert result.state.records[:9] == list(records[:9])


def test_resuming_works_without_an_event_loop() -> None:
    agent = Ledger().agent(down(), "ok")
    with pytest.raises(ProviderError) as caught:
        agent.run_sync("?")

    assert agent.resume_sync(caught.value).output == "ok"


def test_an_error_that_ended_no_run_cannot_be_resumed() -> None:
    with pytest.raises(StoreError, match="did not end a run"):
        Ledger().agent().resume_sync(down())


async def test_runs_share_a_budget_whatever_model_they_ask() -> None:
    budget = Budget(requests=2)
    agent = Ledger().agent("one", down(), budget=budget)
    await agent.run("?")
    with pytest.raises(ProviderError):
        await agent.run("?")

    with pytest.raises(BudgetError, match="used up") as caught:
        await agent.run("?")

    assert caught.value.state is not None
    assert budget.requests == 2


def test_a_budget_shows_what_it_has_booked() -> None:
    assert repr(Budget(cost=1.0)) == "Budget(requests=0, tokens=0, cost=None)"


async def test_an_error_that_is_raised_again_carries_the_state_of_the_newer_run() -> None:
    error = down()
    for run_id in ("first", "second"):
        with pytest.raises(ProviderError):
            await Ledger().agent(error).run("?", run_id=run_id)

    assert error.state is not None
    assert error.state.run_id == "second"


async def test_an_error_and_its_state_survive_pickling() -> None:
    with pytest.raises(ProviderError) as caught:
        await Ledger().agent(calls("look", what="train"), down()).run("?", run_id="r")

    copy = pickle.loads(pickle.dumps(caught.value))

    assert (type(copy), str(copy), copy.status, copy.retryable) == (ProviderError, "upstream is down", 502, True)
    assert copy.state == caught.value.state
