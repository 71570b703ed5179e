"""One line for one answer: extraction and forced calls."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from callwright import (
    Agent,
    MemoryStore,
    OutputError,
    ParameterError,
    RunContext,
    SchemaError,
    SystemMessage,
    extract,
    extract_sync,
    force,
    force_sync,
)
from callwright.errors import RefusalError, TruncatedError
from callwright.testing.scripted import ScriptedModel, calls
from callwright.wire.chat import ChatRequest, Completion
from callwright.wire.profile import OPENROUTER

pytestmark = pytest.mark.anyio


class City(BaseModel):
    name: str
    people: int


def measure(city: str, unit: str = "km") -> str:
    """Measure a city."""
    return f"{city} in {unit}"


async def measure_later(city: str, ctx: RunContext[int]) -> int:
    """Measure a city."""
    return len(city) * ctx.deps


def body(request: ChatRequest) -> Any:
    return json.loads(request.body(OPENROUTER, model="m", stream=False))


async def test_a_value_is_extracted_in_one_line() -> None:
    model = ScriptedModel('{"name": "Rome", "people": 2800000}')

    city = await extract(City, "Rome has 2.8 million people.", model=model, instructions="Read.", temperature=0)

    assert city == City(name="Rome", people=2_800_000)
    assert body(model.requests[0])["temperature"] == 0
    assert model.requests[0].messages[0] == SystemMessage("Read.")


def test_a_value_is_extracted_without_an_event_loop() -> None:
    assert extract_sync(list[int], "1 2", model=ScriptedModel('{"value": [1, 2]}')) == [1, 2]


async def test_the_mode_and_attempts_can_be_chosen() -> None:
    model = ScriptedModel(calls("final_answer", name="Rome"))

    with pytest.raises(OutputError, match="people: Field required"):
        await extract(City, "Rome", model=model, mode="tool", attempts=1)


async def test_a_typo_is_refused_before_anything_is_sent() -> None:
    model = ScriptedModel()

    with pytest.raises(ParameterError, match="did you mean 'temperature'"):
        await extract(City, "Rome", model=model, temprature=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def test_a_forced_call_is_validated_and_not_run() -> None:
    model = ScriptedModel(calls(measure, city="Rome"))

    call = await force(measure, "How large is Rome?", model=model, instructions="Measure.")

    assert (call.name, dict(call.arguments)) == ("measure", {"city": "Rome"})
    assert body(model.requests[0])["tool_choice"] == {"type": "function", "function": {"name": "measure"}}
    assert await call.run() == "Rome in km"


async def test_a_forced_call_of_an_async_function_is_awaited_with_its_dependencies() -> None:
    call = await force(measure_later, "Rome?", model=ScriptedModel(calls(measure_later, city="Rome")))

    assert await call.run(deps=10) == 40


def test_a_forced_call_works_without_an_event_loop() -> None:
    call = force_sync(measure, "Rome?", model=ScriptedModel(calls(measure, city="Rome", unit="miles")))

    assert call.run_sync() == "Rome in miles"
    assert repr(call) == "ForcedCall('measure', {'city': 'Rome', 'unit': 'miles'})"


CUT = Completion(
    {
        "choices": [
            {
                "finish_reason": "length",
                "message": {
                    "role": "assistant",
                    "tool_calls": [
                        {"id": "a", "type": "function", "function": {"name": "measure", "arguments": '{"city":"R"}'}}
                    ],
                },
            }
        ]
    }
)


@pytest.mark.parametrize(
    ("turn", "problem"),
    [
        ("It is large.", "the model gave text: 'It is large.'"),
        (calls("other", city="Rome"), "the model gave other"),
        (calls(measure, unit="km"), "city: Field required"),
        (CUT, "the answer was cut"),
    ],
    ids=["text", "another function", "invalid", "cut"],
)
async def test_a_server_that_ignores_forcing_is_caught(turn: Any, problem: str) -> None:
    with pytest.raises(OutputError, match=problem):
        await force(measure, "Rome?", model=ScriptedModel(turn))


@pytest.mark.parametrize(
    ("turn", "kind", "words"),
    [
        (CUT, TruncatedError, r"cut \(length\)"),
        ({"content": None, "refusal": "I must not."}, RefusalError, "the model refused: I must not"),
        ("", OutputError, "and said nothing"),
    ],
    ids=["cut", "refused", "empty"],
)
async def test_how_a_forced_call_failed_has_words_of_its_own(turn: Any, kind: type[OutputError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        await force(measure, "Rome?", model=ScriptedModel(turn))

    assert type(caught.value) is kind


async def test_arguments_are_repaired_and_it_is_said() -> None:
    model = ScriptedModel(calls(measure, raw_arguments="{'city': 'Rome',}"))

    call = await force(measure, "Rome?", model=model)

    assert (dict(call.arguments), call.repairs) == ({"city": "Rome"}, ("single quotes", "a trailing comma"))


async def test_of_several_functions_the_one_that_was_called_is_known() -> None:
    model = ScriptedModel(calls(measure_later, city="Rome"))

    call = await force((measure, measure_later), "Rome?", model=model)

    assert (call.name, call.function, await call.run(deps=10)) == ("measure_later", measure_later, 40)
    assert body(model.requests[0])["tool_choice"] == "required"
    assert [tool["function"]["name"] for tool in body(model.requests[0])["tools"]] == ["measure", "measure_later"]


async def test_of_several_functions_in_a_list_the_first_valid_call_is_taken() -> None:
    model = ScriptedModel(calls(measure, unit="km") + calls(measure, city="Rome"))

    assert dict((await force([measure, measure_later], "Rome?", model=model)).arguments) == {"city": "Rome"}


async def test_of_several_functions_none_was_called() -> None:
    with pytest.raises(OutputError, match="expected a call of 'measure' or 'measure_later'; the model gave other"):
        await force((measure, measure_later), "Rome?", model=ScriptedModel(calls("other", city="Rome")))


@pytest.mark.parametrize(("wrong", "kind"), [([], ParameterError), ("measure", SchemaError), (5, SchemaError)], ids=str)
async def test_what_cannot_be_forced_is_refused(wrong: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        await force(wrong, "Rome?", model=ScriptedModel())


# -- forced calls of a run


NAMED = {"type": "function", "function": {"name": "measure"}}


def add(a: int, b: int) -> int:
    """Add two numbers."""
    raise AssertionError("it was not to be called")


@pytest.mark.parametrize("ignored", [calls(add, a=1, b=2), "It is large."], ids=["another call", "text"])
async def test_a_run_asks_once_more_for_a_forced_call_that_was_not_heeded(ignored: Any) -> None:
    """llama.cpp takes a forced name for `auto`: then nothing else is offered, and a call is required."""
    model = ScriptedModel(ignored, calls(measure, city="Rome"), "Large.")

    result = await Agent(model, tools=[add, measure]).run("?", tool_choice=measure)

    assert (result.output, result.steps) == ("Large.", 2)
    assert str(result.requests[0].error).startswith("OutputError: expected a call of 'measure'; the model made")
    assert [request.tool_choice for request in result.requests] == [NAMED, "required", "auto"]
    offered = [[tool["function"]["name"] for tool in body(request)["tools"]] for request in model.requests]
    assert offered == [["add", "measure"], ["measure"], ["add", "measure"]]
    assert [message["role"] for message in body(model.requests[1])["messages"]] == ["user"]


async def test_a_forced_call_that_is_not_heeded_twice_is_an_error() -> None:
    model = ScriptedModel(calls(add, a=1, b=2), "No.")

    with pytest.raises(OutputError, match="expected a call of 'measure'; the model made no call") as caught:
        await Agent(model, tools=[add, measure]).run("?", tool_choice=measure)

    assert [attempt.ask for attempt in caught.value.attempts] == [1, 2]
    assert caught.value.state is not None


async def test_a_required_call_that_is_not_made_is_asked_for_once_more() -> None:
    model = ScriptedModel("No.", calls(measure, city="Rome"), "Large.")

    result = await Agent(model, tools=[measure]).run("?", tool_choice="required")

    assert (result.output, len(result.requests)) == ("Large.", 3)


async def test_what_the_service_calls_by_itself_counts_as_a_call() -> None:
    model = ScriptedModel("Found it.")
    search = {"type": "openrouter:web_search"}

    assert (await Agent(model, tools=[measure, search]).run("?", tool_choice="required")).output == "Found it."


async def test_a_run_that_died_after_an_ignored_call_presses_when_it_goes_on() -> None:
    store = MemoryStore()
    agent = Agent(ScriptedModel(calls(add, a=1, b=2), RuntimeError("killed")), tools=[add, measure], store=store)
    with pytest.raises(RuntimeError):
        await agent.run("?", tool_choice=measure, run_id="r")
    model = ScriptedModel(calls(measure, city="Rome"), "Large.")

    result = await agent.resume("r", model=model)

    assert result.output == "Large."
    assert [tool["function"]["name"] for tool in body(model.requests[0])["tools"]] == ["measure"]
