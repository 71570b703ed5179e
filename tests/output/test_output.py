"""Typed answers: how they are asked for, read, rejected and asked for again."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, Field, computed_field

from callwright import Agent, AssistantMessage, Limits, MemoryStore, OutputError, ParameterError, SchemaError, output_of
from callwright.testing.scripted import ScriptedModel, calls
from callwright.wire.chat import ChatRequest, Completion
from callwright.wire.profile import COMPATIBLE, OPENROUTER, Profile

pytestmark = pytest.mark.anyio


class Line(BaseModel):
    """One line of an invoice."""

    what: str
    amount: float = Field(gt=0)


class Invoice(BaseModel):
    number: int
    lines: list[Line]


@dataclass
class Point:
    x: int
    y: int


GOOD = {"number": 7, "lines": [{"what": "tea", "amount": 2.5}]}
INVOICE = Invoice(number=7, lines=[Line(what="tea", amount=2.5)])


def body(request: ChatRequest) -> Any:
    return json.loads(request.body(OPENROUTER, model="m", stream=False))


def lookup(number: int) -> str:
    """Look an invoice up."""
    return f"invoice {number}"


async def test_without_tools_a_schema_is_asked_for() -> None:
    model = ScriptedModel(json.dumps(GOOD))

    result = await Agent(model, output=Invoice).run("?")

    sent = body(model.requests[0])
    assert result.output == INVOICE
    assert sent["response_format"]["type"] == "json_schema"
    assert sent["response_format"]["json_schema"]["name"] == "Invoice"
    assert sent["response_format"]["json_schema"]["strict"] is True
    assert "tools" not in sent


async def test_what_the_feature_implies_is_sent_and_shown() -> None:
    model = ScriptedModel(json.dumps(GOOD))

    result = await Agent(model, output=Invoice).run("?", provider={"order": ["x"]})

    assert body(model.requests[0])["provider"] == {"order": ["x"], "require_parameters": True}
    assert result.requests[0].implied == {"provider": {"order": ["x"], "require_parameters": True}}


async def test_what_the_user_set_wins_over_what_is_implied() -> None:
    model = ScriptedModel(json.dumps(GOOD))

    await Agent(model, output=Invoice).run("?", provider={"require_parameters": False})

    assert body(model.requests[0])["provider"] == {"require_parameters": False}


async def test_beside_tools_a_call_is_the_answer() -> None:
    model = ScriptedModel(calls(lookup, number=7), calls("final_answer", **GOOD))

    result = await Agent(model, tools=[lookup], output=Invoice).run("?")

    assert result.output == INVOICE
    assert [entry["function"]["name"] for entry in body(model.requests[0])["tools"]] == ["lookup", "final_answer"]
    assert [body(request)["tool_choice"] for request in model.requests] == ["required", "required"]
    assert result.messages[-1].text == "Accepted."


async def test_a_server_without_schemas_is_asked_for_a_call() -> None:
    plain = Profile(name="plain", json_schema=False)
    model = ScriptedModel(calls("final_answer", **GOOD), profile=plain)

    assert (await Agent(model, output=Invoice).run("?")).output == INVOICE
    assert body(model.requests[0])["tool_choice"] == {"type": "function", "function": {"name": "final_answer"}}


async def test_tools_called_beside_the_answer_are_run_before_it_is_taken() -> None:
    ran: list[int] = []

    def note(number: int) -> None:
        """Note something."""
        ran.append(number)

    model = ScriptedModel(calls("final_answer", **GOOD) + calls(note, number=1))
    result = await Agent(model, tools=[note], output=Invoice).run("?")

    assert (result.output, ran) == (INVOICE, [1])
    assert [message.text for message in result.messages[-2:]] == ["Accepted.", "null"]


async def test_of_two_answers_in_one_turn_the_first_valid_one_counts() -> None:
    bad = calls("final_answer", number="x", lines=[])
    model = ScriptedModel(bad + calls("final_answer", **GOOD) + calls("final_answer", number=8, lines=[]))

    result = await Agent(model, output=output_of(Invoice, mode="tool")).run("?")

    assert result.output == INVOICE
    assert [message.text.split(":")[0] for message in result.messages[-3:]] == [
        "Your answer is not valid",
        "Accepted.",
        "Not read",
    ]


@pytest.mark.parametrize("mode", ["tool", "json_schema", "json_object"])
async def test_an_invalid_answer_is_asked_for_again_with_what_is_wrong(mode: Any) -> None:
    bad: dict[str, Any] = {"number": 7, "lines": [{"what": "tea", "amount": -1}]}
    turns = (
        (calls("final_answer", **bad), calls("final_answer", **GOOD))
        if mode == "tool"
        else (json.dumps(bad), json.dumps(GOOD))
    )
    model = ScriptedModel(*turns)

    result = await Agent(model, output=output_of(Invoice, mode=mode)).run("?")

    told = model.requests[1].messages[-1].text
    assert result.output == INVOICE
    assert "lines.0.amount: Input should be greater than 0; got '-1'" in told


async def test_after_a_rejection_only_the_output_is_offered() -> None:
    model = ScriptedModel("I would rather talk.", calls("final_answer", **GOOD))

    await Agent(model, tools=[lookup], output=Invoice).run("?")

    second = body(model.requests[1])
    assert [entry["function"]["name"] for entry in second["tools"]] == ["final_answer"]
    assert second["tool_choice"] == {"type": "function", "function": {"name": "final_answer"}}


async def test_at_the_step_limit_only_the_output_is_offered() -> None:
    model = ScriptedModel(calls(lookup, number=7), calls("final_answer", **GOOD))

    result = await Agent(model, tools=[lookup], output=Invoice, limits=Limits(steps=2)).run("?")

    assert (result.output, result.status) == (INVOICE, "limited")
    assert [entry["function"]["name"] for entry in body(model.requests[1])["tools"]] == ["final_answer"]


async def test_an_answer_that_never_becomes_valid_is_an_error_with_its_state() -> None:
    model = ScriptedModel(*["{}"] * 3)

    with pytest.raises(OutputError, match="number: Field required") as caught:
        await Agent(model, output=Invoice).run("?")

    assert len(model.requests) == 3
    assert caught.value.state is not None


@pytest.mark.parametrize(
    ("finish", "message", "problem"),
    [
        ("length", {"content": '{"number": 7'}, "was cut"),
        ("stop", {"content": None, "refusal": "I must not."}, "refused: I must not."),
    ],
    ids=["cut", "refused"],
)
async def test_a_cut_or_refused_answer_is_not_asked_for_again(
    finish: str, message: dict[str, Any], problem: str
) -> None:
    raw = {"choices": [{"finish_reason": finish, "message": {"role": "assistant", **message}}]}
    model = ScriptedModel(Completion(raw))

    with pytest.raises(OutputError, match=problem):
        await Agent(model, output=Invoice).run("?")

    assert len(model.requests) == 1


async def test_the_schema_is_told_in_words_where_the_format_has_none() -> None:
    model = ScriptedModel(json.dumps(GOOD))

    await Agent(model, output=output_of(Invoice, mode="json_object"), instructions="Be exact.").run("?")

    sent = body(model.requests[0])
    assert sent["response_format"] == {"type": "json_object"}
    assert sent["messages"][0]["content"].startswith("Be exact.\n\nAnswer with one JSON object")
    assert '"lines"' in sent["messages"][0]["content"]


@pytest.mark.parametrize(
    ("kind", "answer", "value"),
    [
        (Invoice, GOOD, INVOICE),
        (Point, {"x": 1, "y": 2}, Point(1, 2)),
        (int, {"value": 3}, 3),
        (list[int], {"value": [1, 2]}, [1, 2]),
        (Literal["a", "b"], {"value": "b"}, "b"),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (int | None, {"value": None}, None),
    ],
    ids=str,
)
@pytest.mark.parametrize("mode", ["tool", "json_schema"])
async def test_types_of_every_kind_are_outputs(mode: Any, kind: Any, answer: dict[str, Any], value: Any) -> None:
    turn = calls("final_answer", raw_arguments=json.dumps(answer)) if mode == "tool" else json.dumps(answer)
    agent = Agent(ScriptedModel(turn), output=output_of(kind, mode=mode))

    result = await agent.run("?")

    assert result.output == value
    assert (await agent.resume(result.state)).output == value


async def test_the_schema_of_an_output_is_an_object_and_closed() -> None:
    model = ScriptedModel('{"value": [{"x": 1, "y": 2}]}')

    await Agent(model, output=list[Point]).run("?")

    schema = body(model.requests[0])["response_format"]["json_schema"]["schema"]
    assert schema["type"] == "object"
    assert schema["$defs"]["Point"]["additionalProperties"] is False


async def test_a_schema_with_optional_keys_is_not_called_strict() -> None:
    class Loose(BaseModel):
        name: str = "unknown"

    model = ScriptedModel("{}")
    await Agent(model, output=Loose).run("?")

    assert "strict" not in body(model.requests[0])["response_format"]["json_schema"]


async def test_a_tool_with_the_name_of_the_output_is_refused() -> None:
    def final_answer(text: str) -> str:
        """Answer."""
        return text

    with pytest.raises(SchemaError, match="taken by the output"):
        Agent(ScriptedModel(), tools=[final_answer], output=output_of(Invoice, mode="tool"))


@pytest.mark.parametrize("wrong", [{"mode": "yaml"}, {"attempts": 0}], ids=str)
def test_wrong_options_of_an_output_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="expected"):
        output_of(Invoice, **wrong)


class Named(BaseModel):
    total: int = Field(alias="Total", gt=0)

    @computed_field
    def half(self) -> float:
        return self.total / 2


async def test_a_stored_output_is_the_same_value_again() -> None:
    agent = Agent(ScriptedModel('{"Total": 6}'), output=Named, store=MemoryStore())
    first = await agent.run("?", run_id="r")

    assert (await agent.resume("r")).output == first.output == Named(Total=6)


async def test_a_stored_output_of_a_type_that_has_changed_is_a_typed_error() -> None:
    store = MemoryStore()
    await Agent(ScriptedModel('{"Total": 6}'), output=Named, store=store).run("?", run_id="r")

    with pytest.raises(OutputError, match="not valid any more") as caught:
        await Agent(ScriptedModel(), output=Point, store=store).resume("r")

    assert caught.value.state is not None


async def test_a_value_without_a_json_form_is_returned_and_recorded_as_text() -> None:
    pattern = Annotated[Any, AfterValidator(re.compile)]
    result = await Agent(ScriptedModel('{"value": "a+"}'), output=pattern).run("?")

    assert result.output == re.compile("a+")


async def test_a_validator_of_the_output_that_raises_anything_is_told() -> None:
    broken = Annotated[int, AfterValidator(lambda number: {7: "seven"}[number])]
    model = ScriptedModel('{"value": 1}', '{"value": 7}')

    result = await Agent(model, output=broken).run("?")

    assert result.output == "seven"
    assert "KeyError: 1" in model.requests[1].messages[-1].text


async def test_without_tools_of_the_user_the_output_is_still_called() -> None:
    """`tool_choice="none"` is about the user's tools; the call of the output is forced separately."""
    model = ScriptedModel(calls("final_answer", x=1, y=2))

    result = await Agent(model, tools=[lookup], output=Point).run("?", tool_choice="none")

    assert result.output == Point(1, 2)
    assert [tool["function"]["name"] for tool in body(model.requests[0])["tools"]] == ["final_answer"]


@pytest.mark.parametrize("mode", ["tool", "json_schema", "json_object"])
async def test_an_output_follows_a_history_of_another_output(mode: Any) -> None:
    answer = calls("final_answer", x=1, y=2) if mode == "tool" else '{"x": 1, "y": 2}'
    before = await Agent(ScriptedModel(calls("lookup", number=1), "seen"), tools=[lookup]).run("?")
    model = ScriptedModel(answer, answer)
    agent = Agent(model, output=output_of(Point, mode=mode))

    first = await agent.run("?", history=before.messages)
    second = await agent.run("?", history=first.messages)

    assert first.output == second.output == Point(1, 2)
    said = [message for message in second.messages if isinstance(message, AssistantMessage)]
    asked = [call.id for message in said for call in message.tool_calls]
    assert [message.raw["tool_call_id"] for message in second.messages if message.role == "tool"] == asked


def test_what_pydantic_cannot_validate_is_refused() -> None:
    class Opaque:
        pass

    with pytest.raises(ParameterError, match="pydantic cannot validate it"):
        output_of(Opaque)


async def test_implied_parameters_follow_the_profile() -> None:
    model = ScriptedModel(json.dumps(GOOD), profile=COMPATIBLE)

    await Agent(model, output=Invoice).run("?")

    assert "provider" not in body(model.requests[0])
