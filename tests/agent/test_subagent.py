"""Agents as tools: runs within a run."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from callwright import (
    Agent,
    Budget,
    Delta,
    MemoryStore,
    Nested,
    Progress,
    RunContext,
    StoreError,
    approve,
    deny,
    tool,
)
from callwright.run.records import Record, Started
from callwright.testing.scripted import FunctionModel, ScriptedModel, calls
from callwright.wire.chat import ChatRequest, Completion

pytestmark = pytest.mark.anyio


def paid(text: str, cost: float) -> Completion:
    message: Any = {"role": "assistant", "content": text}
    usage: Any = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "cost": cost}
    return Completion({"choices": [{"index": 0, "finish_reason": "stop", "message": message}], "usage": usage})


def boss(*turns: Any, expert: Agent[Any, Any], **options: Any) -> Agent[None, str]:
    helper = expert.as_tool(name="expert", description="Knows better.")
    return Agent(ScriptedModel(*turns), tools=[helper], **options)


ASK = calls("expert", prompt="How old is Rome?")


async def test_an_agent_answers_a_call_with_a_run_of_its_own() -> None:
    model = ScriptedModel("2,779 years.")

    result = await boss(ASK, "Old.", expert=Agent(model, instructions="Be exact.")).run("?")

    assert result.output == "Old."
    assert result.messages[2].text == "2,779 years."
    assert [message.text for message in model.requests[0].messages] == ["Be exact.", "How old is Rome?"]


async def test_what_the_model_is_told_of_it() -> None:
    told = Agent(ScriptedModel()).as_tool(name="expert", description="Knows better.").wire()

    function: Any = told["function"]
    assert (function["name"], function["description"]) == ("expert", "Knows better.")
    assert list(function["parameters"]["properties"]) == ["prompt"]


async def test_its_usage_and_cost_are_in_the_parents() -> None:
    expert = Agent(ScriptedModel(paid("Yes.", 0.25)))

    result = await boss(ASK, paid("Old.", 0.5), expert=expert).run("?")

    assert result.usage.total_tokens == 30
    assert str(result.cost) == "0.75"


async def test_its_usage_counts_also_when_it_fails() -> None:
    expert = Agent(ScriptedModel(paid("not a number", 0.25), paid("no", 0.25), paid("no", 0.25)), output=int)

    result = await boss(ASK, "It failed.", expert=expert).run("?")

    assert "expert failed: OutputError" in result.messages[2].text
    assert str(result.cost) == "0.75"


async def test_its_events_are_seen_in_the_parents_stream() -> None:
    async def tell(ctx: RunContext, what: str) -> str:
        """Tell."""
        await ctx.progress(what)
        return what

    expert = Agent(ScriptedModel(calls("tell", what="half"), "It is old."), tools=[tell])
    seen: list[Nested] = []
    texts: list[str] = []

    async with boss(ASK, "Old.", expert=expert).stream("?", run_id="r") as run:
        async for event in run.events():
            if isinstance(event, Nested):
                seen.append(event)
            elif isinstance(event, Delta):
                texts.append(event.text)

    assert {event.call for event in seen} == {"r:1:0"}
    assert "".join(texts) == "Old."
    inner = [event.event for event in seen]
    assert "".join(event.text for event in inner if isinstance(event, Delta)) == "It is old."
    assert [event.value for event in inner if isinstance(event, Progress)] == ["half"]
    assert any(isinstance(event, Started) and event.parent == ("r", "r:1:0") for event in inner)


async def test_a_typed_answer_reaches_the_model_as_json() -> None:
    class Age(BaseModel):
        years: int

    expert = Agent(ScriptedModel('{"years": 2779}'), output=Age)

    result = await boss(ASK, "Old.", expert=expert).run("?")

    assert result.messages[2].text == '{"years":2779}'


async def test_it_shares_the_dependencies() -> None:
    def secret(ctx: RunContext[str]) -> str:
        """Tell the secret."""
        return ctx.deps

    expert = Agent(ScriptedModel(calls(secret), "I know."), tools=[secret], deps_type=str)
    agent = Agent(ScriptedModel(ASK, "Good."), tools=[expert.as_tool(name="expert", description="x")], deps_type=str)

    result = await agent.run("?", deps="swordfish")

    assert result.output == "Good."


async def test_it_shares_the_budget() -> None:
    budget = Budget(requests=2)
    expert = Agent(ScriptedModel("One.", "Two."))

    result = boss(ASK, "Old.", expert=expert, budget=budget)
    with pytest.raises(Exception, match="budget is used up"):
        await result.run("?")

    assert budget.requests == 2


async def test_two_at_once_have_logs_of_their_own() -> None:
    store = MemoryStore()
    expert = Agent(FunctionModel(lambda request: f"about {request.messages[-1].text}"))
    turn = calls("expert", prompt="a") + calls("expert", prompt="b")

    result = await boss(turn, "Both.", expert=expert, store=store).run("?", run_id="r")

    assert [message.text for message in result.messages[2:4]] == ["about a", "about b"]
    assert sorted(await store.runs()) == ["r", "r/1:0", "r/1:1"]


class Effects:
    """A tool with an effect, and a store that dies after a record."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def send(self, text: str) -> str:
        """Send."""
        self.done.append(text)
        return "sent"


class Dying(MemoryStore):
    """A store whose process dies at a certain record."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    async def append(self, run_id: str, seq: int, record: Record) -> None:
        if self.left == 0:
            raise StoreError("the disk is gone")
        self.left -= 1
        await super().append(run_id, seq, record)


@pytest.mark.parametrize("records", range(1, 22))
async def test_a_run_cut_anywhere_goes_on_without_doing_anything_twice(records: int) -> None:
    effects, store = Effects(), Dying(records)
    answers = {1: calls("send", text="hello"), 3: "I sent it."}

    def expert_answers(request: ChatRequest) -> Any:
        return answers[len(request.messages)]

    def boss_answers(request: ChatRequest) -> Any:
        return ASK if len(request.messages) == 1 else "All done."

    expert = Agent(FunctionModel(expert_answers), tools=[tool(idempotent=False)(effects.send)])
    helper = expert.as_tool(name="expert", description="Sends.")
    agent = Agent(FunctionModel(boss_answers), tools=[helper], store=store)
    try:
        result = await agent.run("?", run_id="r")
    except StoreError:
        store.left = 1000
        if not await store.load("r") or len(await store.load("r")) == 1:
            result = await agent.run("?", run_id="r")
        else:
            result = await agent.resume("r")

    if result.status == "paused":
        # The effect may have happened: nobody but a human can tell.
        assert [pending.why for pending in result.pending] == ["in_doubt"]
        assert result.pending[0].name == "send"
    else:
        assert result.output == "All done."
        assert effects.done == ["hello"]


async def test_what_waits_within_is_pending_in_the_parent_and_is_decided_there() -> None:
    effects, store = Effects(), MemoryStore()
    expert = Agent(ScriptedModel(calls("send", text="x"), "Sent."), tools=[tool(needs_approval=True)(effects.send)])
    agent = boss(ASK, "Done.", expert=expert, store=store)

    paused = await agent.run("?", run_id="r")
    result = await agent.resume("r", approve("r/1:0:1:0"))

    assert paused.status == "paused"
    assert [(pending.id, pending.shown) for pending in paused.pending] == [("r/1:0:1:0", 'send({"text":"x"})')]
    assert result.output == "Done."
    assert effects.done == ["x"]


async def test_decisions_reach_two_levels_down_and_several_at_once() -> None:
    effects, store = Effects(), MemoryStore()
    turn = calls("send", text="x") + calls("send", text="y")
    inner = Agent(ScriptedModel(turn, "Sent."), tools=[tool(needs_approval=True)(effects.send)])
    middle = boss(ASK, "Asked.", expert=inner)
    agent = boss(ASK, "Done.", expert=middle, store=store)

    paused = await agent.run("?", run_id="r")
    first, second = [pending.id for pending in paused.pending]
    result = await agent.resume("r", approve(first), deny(second, "not that one"))

    assert first == "r/1:0/1:0:1:0"
    assert result.output == "Done."
    assert effects.done == ["x"]


async def test_who_decides_on_the_way_decides_also_within() -> None:
    effects = Effects()
    expert = Agent(ScriptedModel(calls("send", text="x"), "Sent."), tools=[tool(needs_approval=True)(effects.send)])

    result = await boss(ASK, "Done.", expert=expert).run("?", approve=lambda _: True)

    assert result.output == "Done."
    assert effects.done == ["x"]


async def test_without_a_store_nobody_can_decide_later() -> None:
    effects = Effects()
    expert = Agent(ScriptedModel(calls("send", text="x")), tools=[tool(needs_approval=True)(effects.send)])

    result = await boss(ASK, "It cannot.", expert=expert).run("?")

    assert "no store keeps it" in result.messages[2].text
    assert effects.done == []
