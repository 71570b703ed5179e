"""Runs that may cost only so much."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from callwright import (
    Agent,
    Budget,
    BudgetError,
    ChatRequest,
    Client,
    Completion,
    Limits,
    MemoryStore,
    ParameterError,
    Price,
    ProviderError,
    tool,
)
from callwright.run.records import Asked
from callwright.simulator.transport import SimulatorTransport
from callwright.testing.scripted import FunctionModel, ScriptedModel, Turn
from callwright.wire.profile import COMPATIBLE

pytestmark = pytest.mark.anyio

PRICE = Price(prompt=Decimal("0.000001"), completion=Decimal("0.00001"))


def paid(text: str | None, cost: str | None, *, prompt: int = 10, answer: int = 5, call: bool = False) -> Completion:
    entry: Any = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    message: Any = {"role": "assistant", "content": text, **({"tool_calls": [entry]} if call else {})}
    usage: Any = {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
    if cost is not None:
        usage["cost"] = float(cost)
    finish = "tool_calls" if call else "stop"
    return Completion({"choices": [{"index": 0, "finish_reason": finish, "message": message}], "usage": usage})


@tool(polls=True)
def look() -> str:
    """Look."""
    return "seen"


class Priced(ScriptedModel):
    """A model that knows its price."""

    async def price(self) -> Price | None:
        return PRICE


def asked(model: FunctionModel, number: int) -> dict[str, Any]:
    return dict(model.requests[number].params.raw)  # type: ignore[arg-type]


async def test_a_limit_in_money_implies_max_tokens_and_a_highest_price() -> None:
    model = Priced("Hello.")

    result = await Agent(model, limits=Limits(cost=1)).run("?")

    assert asked(model, 0) == {
        "max_tokens": 8192,
        "provider": {"max_price": {"completion": "10", "prompt": "1"}},
    }
    assert result.requests[0].implied == asked(model, 0)


async def test_what_the_user_set_wins() -> None:
    model = Priced("Hello.")

    await Agent(model, limits=Limits(cost=1)).run("?", max_tokens=100, provider={"max_price": {"prompt": 2}})

    assert asked(model, 0)["max_tokens"] == 100
    assert set(asked(model, 0)["provider"]["max_price"]) == {"prompt"}


async def test_another_server_is_not_told_of_prices() -> None:
    model = ScriptedModel("Hello.", profile=COMPATIBLE)

    await Agent(model, limits=Limits(cost=1, price=PRICE)).run("?", max_completion_tokens=50)

    assert asked(model, 0) == {"max_completion_tokens": 50}


async def test_a_price_that_nobody_knows_is_an_error_before_anything_is_sent() -> None:
    model = ScriptedModel("Hello.")

    with pytest.raises(ParameterError, match="price of 'scripted'"):
        await Agent(model, limits=Limits(cost=1)).run("?")

    assert model.requests == []


async def test_the_worst_case_is_set_aside_and_recorded() -> None:
    budget = Budget(cost=1)
    seen: list[Decimal | None] = []

    def answer(request: ChatRequest) -> Turn:
        seen.append(budget.remaining)
        return paid("Hello.", "0.001")

    agent = Agent(FunctionModel(answer), budget=budget, limits=Limits(price=PRICE))
    result = await agent.run("?", max_tokens=1000)

    reserved = next(record.reserved for record in result.state.records if isinstance(record, Asked))
    assert reserved is not None
    # 1,000 tokens of answer, and a token for each byte of the prompt.
    assert Decimal("0.01") < reserved < Decimal("0.0101")
    assert seen == [1 - reserved]
    assert budget.remaining == Decimal("0.999")


async def test_when_the_worst_case_does_not_fit_one_final_answer_is_asked_for() -> None:
    model = Priced(paid(None, "0.05", call=True), "What I have.")

    result = await Agent(model, tools=[look], limits=Limits(cost=0.09)).run("?")

    assert result.status == "limited"
    assert result.reason == "cost"
    assert result.output == "What I have."
    assert model.requests[1].tool_choice == "none"
    assert asked(model, 1)["max_tokens"] < 8192


async def test_when_not_even_that_fits_the_run_ends_resumably() -> None:
    model = Priced(paid(None, "0.0999", call=True))

    with pytest.raises(BudgetError, match="cost") as caught:
        await Agent(model, tools=[look], limits=Limits(cost=0.1)).run("?")

    assert caught.value.state is not None
    wider = Agent(Priced("Done."), tools=[look], limits=Limits(cost=1))
    assert (await wider.resume(caught.value)).output == "Done."


async def test_without_a_bill_the_tokens_are_counted_at_the_price() -> None:
    budget = Budget(cost=1)
    agent = Agent(Priced(paid("Hello.", None, prompt=1000, answer=100)), budget=budget)

    await agent.run("?")

    assert budget.remaining == 1 - Decimal("0.002")


async def test_without_any_usage_what_was_set_aside_counts() -> None:
    budget = Budget(cost=1)

    await Agent(Priced("Hello."), budget=budget).run("?", max_tokens=1000)

    assert budget.remaining is not None
    assert Decimal("0.98") < budget.remaining < Decimal("0.99")


async def test_what_the_service_counted_bounds_the_next_prompt() -> None:
    model = Priced(paid(None, "0.001", prompt=100, answer=10, call=True), "Done.")

    result = await Agent(model, tools=[look], limits=Limits(cost=1)).run("x" * 50_000, max_tokens=10)

    first, second = [record.reserved for record in result.state.records if isinstance(record, Asked)]
    assert first is not None
    assert second is not None
    assert first > Decimal("0.05")
    assert second < Decimal("0.001")


async def test_a_failed_request_gives_back_what_was_set_aside() -> None:
    budget = Budget(cost=1)

    with pytest.raises(ProviderError):
        await Agent(Priced(ProviderError("down", status=502)), budget=budget, limits=Limits(price=PRICE)).run("?")

    assert budget.remaining == 1


async def test_a_request_that_may_have_been_billed_counts_in_full() -> None:
    budget = Budget(cost=1)
    error = ProviderError("cut", status=502, maybe_billed=True)

    with pytest.raises(ProviderError):
        await Agent(Priced(error), budget=budget).run("?", max_tokens=1000)

    assert budget.remaining is not None
    assert budget.remaining < Decimal("0.991")


async def test_two_hundred_runs_on_one_budget_never_go_over() -> None:
    budget = Budget(cost=0.5)

    def answer(request: ChatRequest) -> Turn:
        return paid("Hello.", "0.01")

    agent = Agent(FunctionModel(answer), budget=budget, limits=Limits(price=PRICE))
    async with agent.run_many([str(number) for number in range(200)], concurrency=50, max_tokens=1000) as runs:
        outcomes = [finished async for finished in runs]

    done = [finished for finished in outcomes if finished.error is None]
    assert budget.usage.cost is not None
    assert budget.usage.cost <= Decimal("0.5")
    assert len(done) >= 40
    assert {type(finished.error) for finished in outcomes} <= {type(None), BudgetError}


async def test_a_sub_agent_spends_from_the_same_budget() -> None:
    budget = Budget(cost=1)
    expert = Agent(Priced(paid("Yes.", "0.25")))
    ask: Any = {"id": "c", "type": "function", "function": {"name": "expert", "arguments": '{"prompt":"?"}'}}
    turn = {"content": None, "tool_calls": [ask]}
    agent = Agent(
        Priced(turn, paid("Old.", "0.25")), tools=[expert.as_tool(name="expert", description="x")], budget=budget
    )

    await agent.run("?")

    assert budget.remaining is not None
    assert budget.remaining <= Decimal("0.5")


async def test_the_service_itself_is_asked_for_the_price() -> None:
    client = Client("sk-or-v1-test", transport=SimulatorTransport())

    result = await Agent("openai/gpt-4o-mini", client=client, limits=Limits(cost=1)).run("Hello")

    reserved = next(record.reserved for record in result.state.records if isinstance(record, Asked))
    assert reserved is not None
    assert reserved > 0
    assert "max_price" in str(result.requests[0].implied)


async def test_how_long_the_model_took_is_in_the_result_and_survives_a_store() -> None:
    client = Client("sk-or-v1-test", transport=SimulatorTransport())
    store = MemoryStore()

    result = await Agent("openai/gpt-4o-mini", client=client, store=store).run("Hello", run_id="r")

    assert result.requests[0].seconds is not None
    assert result.model_seconds == result.requests[0].seconds
    assert (await Agent("openai/gpt-4o-mini", client=client, store=store).resume("r")).model_seconds > 0
