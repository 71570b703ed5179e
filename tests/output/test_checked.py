"""Checks and validators: what they see, what they may change, and what the model is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, ValidationInfo, field_validator

from callwright import Agent, MemoryStore, OutputError, ParameterError, RunContext, ToolError, extract, output_of
from callwright.output.checked import Checked
from callwright.testing.scripted import ScriptedModel, calls

pytestmark = pytest.mark.anyio


class Order(BaseModel):
    item: str
    count: int

    @field_validator("item")
    @classmethod
    def _is_known(cls, item: str, info: ValidationInfo) -> str:
        if info.context is not None and item not in info.context:
            raise ValueError(f"expected one of {sorted(info.context)}")
        return item


TEA = '{"item": "tea", "count": 2}'
GOLD = '{"item": "gold", "count": 2}'


def few(order: Order) -> Order:
    if order.count > 5:
        raise ValueError("at most 5 can be ordered")
    return order


@pytest.mark.parametrize("error", [ValueError, AssertionError, ToolError], ids=lambda kind: kind.__name__)
async def test_what_a_check_says_is_told_and_asked_for_again(error: Any) -> None:
    def check(number: int) -> int:
        if number > 5:
            raise error("at most 5")
        return number

    model = ScriptedModel('{"value": 9}', '{"value": 3}')

    result = await Agent(model, output=Checked(int, check)).run("?")

    assert result.output == 3
    assert "- at most 5" in model.requests[1].messages[-1].text
    assert (result.attempts[0].problems, result.attempts[0].partial) == (("at most 5",), 9)


async def test_a_check_without_words_is_told_of_by_its_kind() -> None:
    def check(number: int) -> None:
        assert number < 5

    with pytest.raises(OutputError) as caught:
        await Agent(ScriptedModel('{"value": 9}'), output=Checked(int, check, attempts=1)).run("?")

    assert "AssertionError" in str(caught.value) or "assert" in str(caught.value)


async def test_a_check_may_wait_and_see_the_run() -> None:
    async def check(order: Order, ctx: RunContext[set[str]]) -> Order:
        if order.item not in ctx.deps:
            raise ValueError(f"{order.item} is not sold here")
        return order

    model = ScriptedModel(GOLD, TEA)
    agent = Agent(model, output=Checked(Order, check), deps_type=set[str])

    # A validator that knows `tea` alone would reject gold before the check sees it.
    result = await agent.run("?", deps={"tea", "salt"})

    assert result.output.item == "tea"


async def test_what_a_check_returns_is_the_output_and_stored() -> None:
    store = MemoryStore()
    agent = Agent(
        ScriptedModel(TEA), output=Checked(Order, lambda order: order.model_copy(update={"count": 99})), store=store
    )

    first = await agent.run("?", run_id="r")

    assert first.output.count == 99
    assert (await agent.resume("r")).output.count == 99


async def test_a_value_that_a_check_changes_in_place_is_stored_as_it_is_then() -> None:
    def check(order: Order) -> None:
        order.count += 1

    store = MemoryStore()
    agent = Agent(ScriptedModel(TEA), output=Checked(Order, check), store=store)
    first = await agent.run("?", run_id="r")

    assert first.output.count == (await agent.resume("r")).output.count == 3


async def test_an_error_of_the_check_itself_leaves_as_it_is() -> None:
    def check(number: int) -> int:
        return {1: 2}[number]

    with pytest.raises(KeyError):
        await Agent(ScriptedModel('{"value": 9}'), output=Checked(int, check)).run("?")


async def test_checks_stand_around_checks_and_any_output() -> None:
    def even(number: int) -> int:
        if number % 2:
            raise ValueError("even, please")
        return number

    output = Checked(Checked(output_of(int, mode="tool"), even), lambda number: number * 10)
    model = ScriptedModel(calls("final_answer", value=3), calls("final_answer", value=4))

    assert (await Agent(model, output=output).run("?")).output == 40


async def test_a_text_can_be_checked() -> None:
    def short(text: str) -> str:
        if len(text) > 10:
            raise ValueError("shorter, please")
        return text

    model = ScriptedModel("a long, long answer", "short")

    assert (await Agent(model, output=Checked(str, short)).run("?")).output == "short"


async def test_union_answers_are_checked_whatever_member_they_are() -> None:
    def check(answer: Order | str) -> Order | str:
        if answer == "no":
            raise ValueError("say why")
        return answer

    model = ScriptedModel("no", "there is none")

    assert (await Agent(model, output=Checked(Order | str, check)).run("?")).output == "there is none"


@pytest.mark.parametrize("check", ["text", lambda: None, lambda a, b, c: a], ids=["text", "none", "three"])
def test_what_cannot_check_is_refused(check: Any) -> None:
    with pytest.raises(ParameterError, match="check: expected a function"):
        Checked(int, check)


def test_options_belong_to_the_output_that_is_checked() -> None:
    with pytest.raises(ParameterError, match="give attempts to the output itself"):
        Checked(output_of(int), lambda number: number, attempts=1)  # type: ignore[call-overload]


# -- validators


async def test_dependencies_are_the_context_of_validators() -> None:
    model = ScriptedModel(GOLD, TEA)

    result = await Agent(model, output=Order, deps_type=set[str]).run("?", deps={"tea"})

    assert result.output == Order(item="tea", count=2)
    assert "expected one of ['tea']; got 'gold'" in model.requests[1].messages[-1].text


async def test_dependencies_reach_validators_of_a_call_and_of_a_stored_output() -> None:
    store = MemoryStore()
    model = ScriptedModel(calls("final_answer", **json.loads(GOLD)), calls("final_answer", **json.loads(TEA)))
    agent = Agent(model, output=output_of(Order, mode="tool"), deps_type=set[str], store=store)

    await agent.run("?", deps={"tea"}, run_id="r")

    assert (await agent.resume("r", deps={"tea"})).output.item == "tea"
    with pytest.raises(OutputError, match="not valid any more"):
        await agent.resume("r", deps={"salt"})


async def test_extraction_takes_dependencies() -> None:
    model = ScriptedModel(GOLD, TEA)

    assert (await extract(Order, "?", model=model, deps={"tea"})).item == "tea"


async def test_a_validator_that_changes_values_is_not_run_on_what_it_made() -> None:
    """What is stored is what the model wrote: a validator that adds one adds it once."""

    class Counted(BaseModel):
        count: int

        @field_validator("count")
        @classmethod
        def _more(cls, count: int) -> int:
            return count + 1

    store = MemoryStore()
    agent = Agent(ScriptedModel('{"count": 1}'), output=Counted, store=store)

    first = await agent.run("?", run_id="r")

    assert first.output.count == (await agent.resume("r")).output.count == 2
