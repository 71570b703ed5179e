"""Calls that wait: for somebody's word, or for a result from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from callwright import (
    Agent,
    MemoryStore,
    Pending,
    RunContext,
    RunError,
    RunPausedError,
    approve,
    deny,
    edit,
    provide,
    tool,
)
from callwright.run.records import CallDecided
from callwright.testing.scripted import ScriptedModel, Turn, calls

pytestmark = pytest.mark.anyio


class Desk:
    """Tools with effects, and what they did."""

    def __init__(self) -> None:
        self.done: list[str] = []

    @tool(needs_approval=True)
    def refund(self, order: int, reason: str = "none") -> str:
        """Give money back."""
        self.done.append(f"refund {order} {reason}")
        return f"refunded {order}"

    def look(self, order: int) -> str:
        """Look an order up."""
        self.done.append(f"look {order}")
        return f"order {order}"

    def agent(self, *turns: Turn, **options: Any) -> Agent[None, str]:
        return Agent(ScriptedModel(*turns), tools=[self.refund, self.look], **options)


TURN = calls("look", order=1) + calls("refund", order="17")


async def test_a_call_that_needs_approval_pauses_the_run_after_its_siblings() -> None:
    desk = Desk()

    result = await desk.agent(TURN).run("?", run_id="r")

    assert result.status == "paused"
    assert result.pending == (Pending("r:1:1", "refund", '{"order":17}', "approval"),)
    assert desk.done == ["look 1"]
    with pytest.raises(RunPausedError, match="r:1:1"):
        _ = result.output


async def test_an_approved_call_runs_and_its_sibling_does_not_run_again() -> None:
    desk = Desk()
    agent = desk.agent(TURN, "Done.", store=MemoryStore())
    await agent.run("?", run_id="r")

    result = await agent.resume("r", approve("r:1:1", by="anna"))

    assert result.output == "Done."
    assert desk.done == ["look 1", "refund 17 none"]


async def test_a_denied_call_is_answered_with_the_reason() -> None:
    desk = Desk()
    paused = await desk.agent(TURN).run("?")
    agent = desk.agent("As you wish.")

    result = await agent.resume(paused, deny(paused.pending[0].id, "too much"))

    assert "too much" in result.messages[3].text
    assert desk.done == ["look 1"]


async def test_an_edited_call_runs_with_other_arguments() -> None:
    desk = Desk()
    paused = await desk.agent(TURN).run("?")

    await desk.agent("Done.").resume(paused, edit(paused.pending[0].id, {"order": 18, "reason": "typo"}))

    assert desk.done == ["look 1", "refund 18 typo"]


async def test_edited_arguments_are_validated_like_any_others() -> None:
    desk = Desk()
    paused = await desk.agent(TURN).run("?")

    result = await desk.agent("Hm.").resume(paused, edit(paused.pending[0].id, {"order": "many"}))

    assert desk.done == ["look 1"]
    assert "order" in result.messages[3].text


async def test_who_is_there_can_decide_while_the_run_goes_on() -> None:
    desk, asked = Desk(), []

    def decide(pending: Pending) -> bool:
        asked.append(pending.shown)
        return True

    result = await desk.agent(TURN, "Done.").run("?", approve=decide)

    assert result.output == "Done."
    assert asked == ['refund({"order":17})']
    assert desk.done == ["look 1", "refund 17 none"]


async def test_an_async_approver_may_say_no_or_more() -> None:
    desk = Desk()

    async def decide(pending: Pending) -> CallDecided | bool:
        return provide(pending.id, "done by hand") if "17" in pending.arguments else False

    turn = calls("refund", order=17) + calls("refund", order=18)
    result = await desk.agent(turn, "Done.").run("?", approve=decide)

    assert desk.done == []
    assert [message.text for message in result.messages[2:4]] == ["done by hand", "Not run: it was not allowed."]


async def test_an_approver_that_leaves_it_to_others_pauses_the_run() -> None:
    desk = Desk()

    result = await desk.agent(TURN).run("?", approve=lambda _: None)

    assert result.status == "paused"


async def test_an_approver_that_raises_ends_the_run_resumably() -> None:
    desk = Desk()

    def decide(pending: Pending) -> bool:
        raise KeyError(pending.id)

    with pytest.raises(RunError, match="approve= raised KeyError") as caught:
        await desk.agent(TURN).run("?", approve=decide)

    resumed = await desk.agent("Done.").resume(caught.value, approve(caught.value.state.run_id + ":1:1"))  # type: ignore[union-attr]
    assert resumed.output == "Done."


async def test_an_approver_cannot_decide_about_another_call() -> None:
    desk = Desk()

    with pytest.raises(RunError, match="decided about 'x:1:1'"):
        await desk.agent(TURN).run("?", approve=lambda _: approve("x:1:1"))


async def test_a_predicate_sees_the_validated_arguments_and_the_context() -> None:
    seen: list[tuple[Any, Mapping[str, Any]]] = []

    def is_large(ctx: RunContext[str], arguments: Mapping[str, Any]) -> bool:
        seen.append((ctx.deps, dict(arguments)))
        return bool(arguments["amount"] > 100)

    @tool(needs_approval=is_large)
    def pay(amount: int) -> str:
        """Pay."""
        return f"paid {amount}"

    agent = Agent(ScriptedModel(calls(pay, amount="5") + calls(pay, amount=500)), tools=[pay], deps_type=str)
    result = await agent.run("?", deps="d")

    assert [pending.arguments for pending in result.pending] == ['{"amount":500}']
    assert seen == [("d", {"amount": 5}), ("d", {"amount": 500})]


async def test_a_predicate_may_be_async_and_one_that_raises_holds_the_call() -> None:
    async def never(ctx: RunContext[Any], arguments: Mapping[str, Any]) -> bool:
        del ctx, arguments
        return False

    def broken(ctx: RunContext[Any], arguments: Mapping[str, Any]) -> bool:
        raise ValueError(arguments)

    @tool(needs_approval=never)
    def free() -> str:
        """Do."""
        return "done"

    @tool(needs_approval=broken)
    def careful() -> str:
        """Do."""
        return "done"

    result = await Agent(ScriptedModel(calls(free) + calls(careful)), tools=[free, careful]).run("?")

    assert [pending.name for pending in result.pending] == ["careful"]


async def test_an_external_call_waits_for_its_result() -> None:
    @tool(external=True)
    def ask_human(question: str) -> str:
        """Ask a human."""
        raise AssertionError(question)

    store = MemoryStore()
    agent = Agent(ScriptedModel(calls(ask_human, question="How old?"), "42."), tools=[ask_human], store=store)
    paused = await agent.run("?", run_id="r")

    result = await agent.resume("r", provide("r:1:0", {"age": 42}))

    assert [pending.why for pending in paused.pending] == ["external"]
    assert result.messages[2].text == '{"age":42}'


async def test_what_a_terminal_obeys_is_written_out() -> None:
    pending = Pending("r:1:0", "pay", '{"to":"a\u202eb\x1b[2J\u200b"}', "approval")

    assert pending.shown == 'pay({"to":"a\\u202eb\\u001b[2J\\u200b"})'


async def test_decisions_come_in_any_order_and_one_at_a_time() -> None:
    desk = Desk()
    turn = calls("refund", order=1) + calls("refund", order=2)
    agent = desk.agent(turn, "Done.", store=MemoryStore())
    await agent.run("?", run_id="r")

    still = await agent.resume("r", approve("r:1:1"))
    done = await agent.resume("r", deny("r:1:0", "no"))

    assert [pending.id for pending in still.pending] == ["r:1:0"]
    assert done.output == "Done."
    assert desk.done == ["refund 2 none"]
    assert [message.raw["tool_call_id"] for message in done.messages[2:4]] == ["call_1_0", "call_1_1"]
