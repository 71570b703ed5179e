"""Going in circles: told once, then without tools, then over."""

from __future__ import annotations

from itertools import count

import pytest

from callwright import Agent, Limits, ParameterError, RunResult, StuckError, tool
from callwright.run.records import Asked, Steered
from callwright.testing.scripted import Calls, FunctionModel, ScriptedModel, calls
from callwright.wire.chat import ChatRequest

pytestmark = pytest.mark.anyio


def look(what: str) -> str:
    """Look something up."""
    return f"{what}: nothing"


def steered(result: RunResult[str]) -> list[str]:
    return [record.messages[0].text for record in result.state.records if isinstance(record, Steered)]


AGAIN = calls("look", what="a")
OTHER = calls("look", what="b")
THIRD = calls("look", what="c")


async def test_a_model_that_repeats_itself_three_times_is_told_once() -> None:
    model = ScriptedModel(AGAIN, AGAIN, AGAIN, "I give up.")

    result = await Agent(model, tools=[look]).run("?")

    assert result.output == "I give up."
    assert result.status == "done"
    assert len(steered(result)) == 1
    assert 'look({"what":"a"})' in steered(result)[0]
    assert model.requests[3].messages[-1].role == "user"


async def test_who_goes_on_after_being_told_loses_the_tools() -> None:
    model = ScriptedModel(AGAIN, AGAIN, AGAIN, AGAIN, "Then not.")

    result = await Agent(model, tools=[look]).run("?")

    assert result.output == "Then not."
    assert result.status == "limited"
    assert str(result.reason).startswith("circle: look(")
    assert model.requests[4].tool_choice == "none"
    assert len(steered(result)) == 1


async def test_who_calls_without_tools_ends_the_run() -> None:
    model = ScriptedModel(AGAIN, AGAIN, AGAIN, AGAIN, AGAIN)

    with pytest.raises(StuckError, match=r"in circles: look\(") as caught:
        await Agent(model, tools=[look]).run("?")

    assert caught.value.state is not None
    assert len(model.requests) == 5


async def test_a_stuck_run_that_is_resumed_is_still_stuck() -> None:
    agent = Agent(ScriptedModel(AGAIN, AGAIN, AGAIN, AGAIN, AGAIN), tools=[look])
    with pytest.raises(StuckError) as caught:
        await agent.run("?")

    with pytest.raises(StuckError):
        await agent.resume(caught.value)


@pytest.mark.parametrize("cycle", [(AGAIN, OTHER), (AGAIN, OTHER, THIRD)], ids=["of two", "of three"])
async def test_a_cycle_is_a_circle(cycle: tuple[Calls, ...]) -> None:
    model = ScriptedModel(*cycle * 3, "Enough.")

    result = await Agent(model, tools=[look]).run("?")

    assert len(steered(result)) == 1
    assert " then " in steered(result)[0]


async def test_a_cycle_of_four_is_none() -> None:
    cycle = (AGAIN, OTHER, THIRD, calls("look", what="d"))

    result = await Agent(ScriptedModel(*cycle * 3, "Enough."), tools=[look]).run("?")

    assert steered(result) == []


async def test_blanks_in_arguments_make_no_difference() -> None:
    texts = ('{"what":"a"}', '{"what": "a"}', '{ "what" : "a" }')

    result = await Agent(
        ScriptedModel(*[calls("look", raw_arguments=text) for text in texts], "Enough."), tools=[look]
    ).run("?")

    assert len(steered(result)) == 1


async def test_the_same_call_with_other_results_is_no_circle() -> None:
    numbers = count()

    def tick() -> int:
        """Tick."""
        return next(numbers)

    result = await Agent(ScriptedModel(*[calls(tick)] * 6, "Enough."), tools=[tick]).run("?")

    assert steered(result) == []
    assert result.status == "done"


async def test_tools_that_poll_are_exempt() -> None:
    waiting = tool(polls=True)(look)

    result = await Agent(ScriptedModel(*[AGAIN] * 6, "Ready."), tools=[waiting]).run("?")

    assert steered(result) == []
    assert result.status == "done"


async def test_calls_that_are_refused_again_and_again_are_a_circle() -> None:
    result = await Agent(ScriptedModel(*[calls("nothing")] * 3, "Sorry."), tools=[look]).run("?")

    assert len(steered(result)) == 1


async def test_it_can_be_switched_off() -> None:
    agent = Agent(ScriptedModel(*[AGAIN] * 8, "Done."), tools=[look], limits=Limits(repeats=None))

    result = await agent.run("?")

    assert result.output == "Done."
    assert steered(result) == []


async def test_how_often_can_be_said() -> None:
    result = await Agent(ScriptedModel(AGAIN, AGAIN, "Done."), tools=[look], limits=Limits(repeats=2)).run("?")

    assert len(steered(result)) == 1


def test_once_is_no_repetition() -> None:
    with pytest.raises(ParameterError, match=r"Limits.repeats: expected >= 2"):
        Limits(repeats=1)


async def test_the_next_prompt_begins_anew() -> None:
    agent = Agent(ScriptedModel(AGAIN, AGAIN, "One.", AGAIN, AGAIN, "Two."), tools=[look])
    first = await agent.run("?")

    second = await agent.run("And now?", history=first.messages)

    assert steered(second) == []


async def test_a_circle_with_a_typed_output_leaves_only_the_output_tool() -> None:
    def answer(request: ChatRequest) -> Calls:
        return AGAIN if b'"look"' in request.tools.json else calls("final_answer", value=7)

    result = await Agent(FunctionModel(answer), tools=[look], output=int).run("?")

    assert result.output == 7
    assert result.status == "limited"
    assert [bool(asked.limited) for asked in result.state.records if isinstance(asked, Asked)] == [
        *[False] * 4,
        True,
    ]
