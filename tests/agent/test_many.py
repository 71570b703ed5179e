"""Many runs of one agent."""

from __future__ import annotations

import anyio
import pytest

from callwright import Agent, Budget, BudgetError, ChatRequest, MemoryStore, ParameterError, ProviderError
from callwright.testing.scripted import FunctionModel, Turn

pytestmark = pytest.mark.anyio


def echo(request: ChatRequest) -> Turn:
    return f"about {request.messages[-1].text}"


async def test_every_prompt_has_its_result() -> None:
    agent = Agent(FunctionModel(echo))

    async with agent.run_many([f"p{number}" for number in range(30)], concurrency=4, ordered=True) as runs:
        outputs = [finished.get().output async for finished in runs]

    assert outputs == [f"about p{number}" for number in range(30)]


async def test_the_error_of_one_is_a_value_and_the_others_go_on() -> None:
    def answer(request: ChatRequest) -> Turn:
        return ProviderError("down", status=502) if request.messages[-1].text == "b" else "fine"

    async with Agent(FunctionModel(answer)).run_many(["a", "b", "c"], ordered=True) as runs:
        finished = [item async for item in runs]

    assert [type(item.error).__name__ for item in finished] == ["NoneType", "ProviderError", "NoneType"]


async def test_they_share_a_budget() -> None:
    budget = Budget(requests=5)

    async with Agent(FunctionModel(echo), budget=budget).run_many("abcdefgh", concurrency=1) as runs:
        errors = [type(item.error) async for item in runs if item.error]

    assert errors == [BudgetError] * 3


async def test_a_job_that_is_started_again_pays_for_nothing_twice() -> None:
    store, model = MemoryStore(), FunctionModel(echo)
    agent = Agent(model, store=store)
    async with agent.run_many("abcdef", job="letters", concurrency=2) as runs:
        async for _ in runs:
            if runs.finished == 3:
                break
    paid = len(model.requests)

    async with agent.run_many("abcdef", job="letters", ordered=True) as runs:
        outputs = [finished.get().output async for finished in runs]

    assert outputs == [f"about {letter}" for letter in "abcdef"]
    assert 3 <= paid <= 6
    # One run may have been cut while its answer was on the way.
    assert len(model.requests) <= 6 + 2


async def test_a_job_needs_a_store() -> None:
    async with Agent(FunctionModel(echo)).run_many(["a"], job="j") as runs:
        finished = await anext(runs)

    assert isinstance(finished.error, ParameterError)


async def test_a_thousand_runs_hold_a_bounded_number_of_results() -> None:
    alive, most = 0, 0

    async def answer(request: ChatRequest) -> Turn:
        nonlocal alive, most
        alive += 1
        most = max(most, alive)
        await anyio.lowlevel.checkpoint()
        alive -= 1
        return echo(request)

    count = 0
    async with Agent(FunctionModel(answer)).run_many((str(n) for n in range(1000)), concurrency=50) as runs:
        async for finished in runs:
            count += len(finished.get().output) > 0

    assert count == 1000
    assert most <= 50


def test_they_can_be_run_without_a_loop() -> None:
    outputs = [item.get().output for item in Agent(FunctionModel(echo)).run_many_sync(["a", "b"], ordered=True)]

    assert outputs == ["about a", "about b"]


def test_none_at_a_time_is_refused() -> None:
    with pytest.raises(ParameterError, match="concurrency"):
        Agent(FunctionModel(echo)).run_many(["a"], concurrency=0)


async def test_the_same_prompt_twice_in_a_job_is_asked_once() -> None:
    model = FunctionModel(echo)
    agent = Agent(model, store=MemoryStore())

    async with agent.run_many(["a", "b", "a", "a"], job="letters", concurrency=4, ordered=True) as runs:
        outputs = [finished.get().output async for finished in runs]

    assert outputs == ["about a", "about b", "about a", "about a"]
    assert len(model.requests) == 2
