"""Results that are the run's output."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import BaseModel

from callwright import Agent, MemoryStore, OutputError, tool
from callwright.run.records import CallReturned
from callwright.testing.scripted import ScriptedModel, calls

pytestmark = pytest.mark.anyio


class Order(BaseModel):
    """An order."""

    number: int
    item: str


@tool(return_direct=True)
def receipt(number: int) -> str:
    """Write a receipt."""
    return f"Receipt {number}"


@tool(return_direct=True)
def order(item: str) -> Order:
    """Order something."""
    return Order(number=17, item=item)


def look(what: str) -> str:
    """Look something up."""
    return f"{what} found"


async def test_a_direct_result_is_the_output_and_the_model_is_not_asked_again() -> None:
    model = ScriptedModel(calls(receipt, number=3))

    result = await Agent(model, tools=[receipt]).run("?")

    assert result.output == "Receipt 3"
    assert result.status == "done"
    assert len(model.requests) == 1
    assert result.messages[-1].role == "tool"


async def test_a_direct_result_is_validated_as_the_output() -> None:
    result = await Agent(ScriptedModel(calls(order, item="tea")), tools=[order], output=Order).run("?")

    assert result.output == Order(number=17, item="tea")


async def test_a_direct_result_of_another_type_is_an_error_with_the_state() -> None:
    agent = Agent(ScriptedModel(calls(receipt, number=3)), tools=[receipt], output=Order)

    with pytest.raises(OutputError, match="return_direct") as caught:
        await agent.run("?")

    assert caught.value.state is not None


async def test_a_direct_tool_that_fails_is_told_to_the_model() -> None:
    @tool(return_direct=True)
    def broken() -> str:
        """Break."""
        raise ValueError("no")

    result = await Agent(ScriptedModel(calls(broken), "It broke."), tools=[broken]).run("?")

    assert result.output == "It broke."


async def test_siblings_of_a_direct_call_are_run_and_answered() -> None:
    model = ScriptedModel(calls("look", what="x") + calls(receipt, number=4) + calls(receipt, number=5))

    result = await Agent(model, tools=[look, receipt]).run("?")

    assert result.output == "Receipt 4"
    assert [message.text for message in result.messages[2:]] == ["x found", "Receipt 4", "Receipt 5"]


async def test_a_run_that_died_after_a_direct_result_needs_no_model_to_end() -> None:
    store = MemoryStore()
    whole = await Agent(ScriptedModel(calls(receipt, number=3)), tools=[receipt], store=store).run("?", run_id="r")
    cut = MemoryStore()
    for seq, record in enumerate(whole.state.records):
        await cut.append("r", seq, record)
        if isinstance(record, CallReturned):
            break

    result = await Agent(ScriptedModel(), tools=[receipt], store=cut).resume("r")

    assert result.output == "Receipt 3"


async def test_a_conversation_goes_on_after_a_direct_result() -> None:
    agent = Agent(ScriptedModel(calls(receipt, number=3), "You are welcome."), tools=[receipt], store=MemoryStore())
    await agent.run("?", run_id="r")

    result = await agent.run("Thanks", run_id="r")

    assert result.output == "You are welcome."


async def test_a_date_is_handed_over_as_the_text_that_it_is() -> None:
    @tool(return_direct=True)
    def today() -> date:
        """Tell the date."""
        return date(2026, 11, 21)

    result = await Agent(ScriptedModel(calls(today)), tools=[today], output=date).run("?")

    assert result.output == date(2026, 11, 21)
