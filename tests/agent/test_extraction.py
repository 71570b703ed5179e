"""One line for one answer: extraction and forced calls."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from callwright import OutputError, ParameterError, RunContext, SystemMessage, extract, extract_sync, force, force_sync
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
