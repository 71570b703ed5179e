"""Modes: which is picked, what a refusal of one says, and how a run steps down from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel
from tests.output.played import Played, client_of

from callwright import (
    OPENROUTER,
    Agent,
    APIConnectionError,
    APIStatusError,
    BadRequestError,
    ChatRequest,
    MemoryStore,
    NotFoundError,
    RateLimitError,
    output_of,
)
from callwright.output.base import Conditions
from callwright.output.modes import Rung, forget, picked, refused_part
from callwright.service.profiles import ANTHROPIC, DEEPSEEK, GEMINI, OLLAMA, OPENAI
from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.reply import Reply, error_reply, json_reply
from callwright.testing.scenario import call, say
from callwright.testing.scenario import calls as called
from callwright.testing.scripted import ScriptedModel, calls
from callwright.wire.profile import COMPATIBLE

pytestmark = pytest.mark.anyio


class Point(BaseModel):
    x: int
    y: int


class Loose(BaseModel):
    x: int
    y: int = 0


CALL = calls("final_answer", x=1, y=2)
TEXT = '{"x": 1, "y": 2}'
EVERYTHING = frozenset({"tools", "tool_choice", "structured_outputs", "response_format"})


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> Iterator[None]:
    forget()
    yield
    forget()


def body(request: ChatRequest) -> Any:
    return json.loads(request.body(OPENROUTER, model="m", stream=False))


def lookup(number: int) -> str:
    """Look something up."""
    return str(number)


def not_found(message: str, **report: Any) -> APIStatusError:
    return NotFoundError(f"HTTP 404: {message}", status=404, **report)


def bad(message: str, status: int = 400) -> APIStatusError:
    return BadRequestError(f"HTTP {status}: {message}", status=status)


FILTERED = {"code": "constraint_filtered", "constraint": {"field": "require_parameters"}}
NO_SCHEMA = bad("This response_format type is unavailable now")
NO_CHOICE = not_found("No endpoints found that support the provided 'tool_choice' value.")
NO_TOOLS = not_found("No endpoints found that support tool use. To learn more about provider routing, visit: ...")
NO_JSON = bad("response_format: json_object is not supported by this model")


# -- picking


@pytest.mark.parametrize(
    ("conditions", "mode"),
    [
        (Conditions(OPENROUTER), "json_schema"),
        (Conditions(OPENROUTER, has_tools=True), "tool"),
        (Conditions(OPENROUTER, supported=EVERYTHING), "json_schema"),
        (Conditions(OPENROUTER, supported=EVERYTHING - {"structured_outputs"}), "tool"),
        (Conditions(OPENROUTER, supported=frozenset({"response_format", "tools"})), "json_object"),
        (Conditions(OPENROUTER, supported=frozenset({"response_format"})), "json_object"),
        (Conditions(OPENROUTER, supported=frozenset({"temperature"})), "prompt"),
        (Conditions(OPENROUTER, has_tools=True, supported=EVERYTHING), "tool"),
        (Conditions(OPENAI), "json_schema"),
        (Conditions(GEMINI), "json_schema"),
        (Conditions(OLLAMA), "json_schema"),
        (Conditions(DEEPSEEK), "tool"),
        (Conditions(DEEPSEEK, refused=frozenset({"forced"})), "json_object"),
        (Conditions(ANTHROPIC), "tool"),
        (Conditions(ANTHROPIC, refused=frozenset({"tool"})), "prompt"),
        (Conditions(COMPATIBLE, refused=frozenset({"json_schema"})), "tool"),
        (Conditions(COMPATIBLE, refused=frozenset({"json_schema", "tool"})), "json_object"),
        (Conditions(COMPATIBLE, refused=frozenset({"json_schema", "forced", "json_object"})), "prompt"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.profile.name,
)
def test_the_best_mode_is_picked_by_model_and_server(conditions: Conditions, mode: str) -> None:
    rung = picked(conditions)

    assert rung is not None
    assert rung.mode == mode


def test_beside_tools_there_is_no_other_mode_than_a_call() -> None:
    assert picked(Conditions(OPENROUTER, has_tools=True, refused=frozenset({"tool"}))) is None


def test_a_call_is_not_forced_where_that_is_refused_or_a_text_will_do() -> None:
    refused = picked(Conditions(OPENROUTER, has_tools=True, refused=frozenset({"forced"})))
    free = picked(Conditions(OPENROUTER), takes_text=True)

    assert refused == Rung("tool", is_forced=False)
    assert free == Rung("tool", is_forced=False)


async def test_the_model_says_what_it_takes() -> None:
    model = ScriptedModel(TEXT, name="plain/model")
    model.supported_parameters = frozenset({"response_format"})  # type: ignore[attr-defined]  # what any model may have

    result = await Agent(model, output=Point).run("?")

    assert body(model.requests[0])["response_format"] == {"type": "json_object"}
    assert result.requests[0].mode == "json_object"


async def test_the_list_of_models_says_what_a_model_takes_once_it_is_at_hand() -> None:
    class Poor(OfflineOpenRouter):
        """A service whose models know no schema."""

        def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
            if method == "GET":
                listed = {"id": "poor/model", "supported_parameters": ["response_format", "max_tokens"]}
                return json_reply({"data": [listed]})
            return super().answer(method, path, headers, body)

    client = client_of(Poor())
    agent = Agent("poor/model", output=Point, client=client)

    before = await agent.run("x is 1, y is 2")
    await client.models()
    after = await agent.run("x is 1, y is 2")

    assert [before.requests[0].mode, after.requests[0].mode] == ["json_schema", "json_object"]


# -- refusals


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (NO_SCHEMA, "json_schema"),
        (bad("'response_format.type' : value is not one of the allowed values ['text','json_object']"), "json_schema"),
        (
            bad("Invalid parameter: 'response_format' of type 'json_schema' is not supported"),
            "json_schema",
        ),
        (not_found("No endpoints found that can handle the requested parameters."), "json_schema"),
        (
            not_found(
                "No endpoints",
                availability={"code": "constraint_filtered", "constraint": {"field": "require_parameters"}},
            ),
            "json_schema",
        ),
        (bad("Unexpected fields in the request: {'response_format'}", 422), "json_schema"),
        (bad("Unable to generate parser for this template. JSON schema error at #: unrecognized type"), "json_schema"),
        (bad("Invalid schema for response_format 'Point': 'additionalProperties' is required"), "strict"),
        (bad("strict mode is not supported for json_schema"), "strict"),
        (not_found("No endpoints found matching your data policy. Enable prompt training here"), None),
        (not_found("No endpoints found that support image input"), None),
        (not_found("No endpoints available that match your guardrail restrictions and data policy"), None),
        (not_found("The model `x` does not exist"), None),
        (bad("messages: expected at least one"), None),
        (bad("max_tokens must be at least 16"), None),
        (RateLimitError("HTTP 429: response_format is not supported today", status=429), None),
        (APIConnectionError("refused"), None),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_of_a_response_format_is_refused(error: Any, part: str | None) -> None:
    assert refused_part(error, Rung("json_schema"), is_strict=True) == part


@pytest.mark.parametrize(
    ("error", "alone", "beside_tools"),
    [
        (NO_TOOLS, "tool", None),
        (NO_CHOICE, "forced", "forced"),
        (not_found("No endpoints found that can handle the requested parameters."), "forced", "forced"),
        (bad("deepseek-reasoner does not support this tool_choice"), "forced", "forced"),
        (bad("Invalid tool_choice: must be one of none, auto"), "forced", "forced"),
        (bad('"tools" is not supported by this model'), "tool", None),
        (bad("registry.ollama.ai/library/gemma does not support tools"), "tool", None),
        (bad("Function calling is not enabled for this model"), "tool", None),
        (bad("Invalid schema for function 'lookup': unknown format"), None, None),
        (bad("tools[0].function.name: invalid"), None, None),
        (bad("This model does not support temperature"), None, None),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_of_a_forced_call_is_refused(error: Any, alone: str | None, beside_tools: str | None) -> None:
    assert refused_part(error, Rung("tool")) == alone
    assert refused_part(error, Rung("tool"), has_tools=True) == beside_tools


# -- stepping down


async def test_a_refused_mode_is_stepped_down_from_and_the_result_says_so() -> None:
    model = ScriptedModel(NO_SCHEMA, CALL, name="steps/down")

    result = await Agent(model, output=Point).run("?")

    assert result.output == Point(x=1, y=2)
    assert [request.mode for request in result.requests] == ["json_schema", "tool"]
    assert result.requests[0].error == "BadRequestError: HTTP 400: This response_format type is unavailable now"
    assert "response_format" not in body(model.requests[1])
    assert body(model.requests[1])["tool_choice"] == {"type": "function", "function": {"name": "final_answer"}}


async def test_what_was_refused_is_remembered_for_the_model_alone() -> None:
    await Agent(ScriptedModel(NO_SCHEMA, CALL, name="this/one"), output=Point).run("?")
    again, other = ScriptedModel(CALL, name="this/one"), ScriptedModel(TEXT, name="that/one")

    first = await Agent(again, output=Point).run("?")
    second = await Agent(other, output=Point).run("?")

    assert [first.requests[0].mode, second.requests[0].mode] == ["tool", "json_schema"]


async def test_each_rung_is_tried_once_down_to_words_alone() -> None:
    model = ScriptedModel(NO_SCHEMA, NO_TOOLS, NO_JSON, f"Here you are:\n```json\n{TEXT}\n```", name="knows/nothing")

    result = await Agent(model, output=Point, instructions="Be exact.").run("?")

    assert result.output == Point(x=1, y=2)
    assert [request.mode for request in result.requests] == ["json_schema", "tool", "json_object", "prompt"]
    told = [body(request)["messages"][0]["content"] for request in model.requests]
    assert [text.startswith("Be exact.\n\nAnswer with one JSON object") for text in told] == [False, False, True, True]
    assert "response_format" not in body(model.requests[3])


async def test_an_error_about_something_else_ends_the_run() -> None:
    model = ScriptedModel(bad("messages.0: too many images"), name="other/trouble")

    with pytest.raises(BadRequestError):
        await Agent(model, output=Point).run("?")


async def test_words_alone_that_are_refused_are_an_error() -> None:
    model = ScriptedModel(NO_SCHEMA, NO_TOOLS, NO_JSON, NO_JSON, name="refuses/all")

    with pytest.raises(BadRequestError):
        await Agent(model, output=Point).run("?")


async def test_a_mode_that_was_chosen_is_kept_to() -> None:
    model = ScriptedModel(NO_SCHEMA, name="chosen/mode")

    with pytest.raises(BadRequestError):
        await Agent(model, output=output_of(Point, mode="json_schema")).run("?")


async def test_a_schema_that_cannot_be_strict_is_sent_without() -> None:
    refusal = bad("Invalid schema for response_format 'Point': In context=(), 'required' is required to be supplied")
    model = ScriptedModel(refusal, TEXT, name="not/strict")

    result = await Agent(model, output=output_of(Point, mode="json_schema")).run("?")

    assert result.output == Point(x=1, y=2)
    formats = [body(request)["response_format"]["json_schema"] for request in model.requests]
    assert [described.get("strict") for described in formats] == [True, None]


async def test_beside_tools_a_call_is_left_free_where_it_cannot_be_forced() -> None:
    model = ScriptedModel(NO_CHOICE, calls(lookup, number=1), CALL, name="no/forcing")

    result = await Agent(model, tools=[lookup], output=Point).run("?")

    assert result.output == Point(x=1, y=2)
    assert [request.tool_choice for request in result.requests] == ["required", None, None]
    assert "give it by calling final_answer" in body(model.requests[1])["messages"][0]["content"]


async def test_a_choice_of_the_user_that_is_refused_is_not_the_outputs() -> None:
    model = ScriptedModel(NO_CHOICE, name="users/choice")

    with pytest.raises(NotFoundError):
        await Agent(model, tools=[lookup], output=Point).run("?", tool_choice=lookup)


async def test_a_run_that_stepped_down_can_be_resumed_anywhere() -> None:
    """Another process knows nothing of the refusal; it meets it again, which costs nothing."""
    store = MemoryStore()
    agent = Agent(ScriptedModel(NO_SCHEMA, RuntimeError("killed"), name="crash/ed"), output=Point, store=store)
    with pytest.raises(RuntimeError):
        await agent.run("?", run_id="r")
    forget()
    model = ScriptedModel(NO_SCHEMA, CALL, name="crash/ed")

    result = await agent.resume("r", model=model)

    assert result.output == Point(x=1, y=2)
    assert [request.mode for request in result.requests][-2:] == ["json_schema", "tool"]


async def test_over_http_it_is_the_same() -> None:
    refusal = error_reply(404, "No endpoints found that can handle the requested parameters.")
    service = Played(refusal, called(call("final_answer", TEXT)), called(call("final_answer", TEXT)))
    agent = Agent("http/model", output=Point, client=client_of(service))

    first, second = await agent.run("?"), await agent.run("?")

    assert first.output == second.output == Point(x=1, y=2)
    assert [sorted({"response_format", "tools", "provider"} & sent.keys()) for sent in service.sent] == [
        ["provider", "response_format"],
        ["tools"],
        ["tools"],
    ]


# -- strictness and dialects


async def test_a_schema_is_held_strictly_on_request() -> None:
    model = ScriptedModel('{"x": 1, "y": null}')

    result = await Agent(model, output=output_of(Loose, mode="json_schema", strict=True)).run("?")

    described = body(model.requests[0])["response_format"]["json_schema"]
    assert result.output == Loose(x=1)
    assert (described["strict"], described["schema"]["required"]) == (True, ["x", "y"])
    assert (await Agent(model, output=Loose).resume(result.state, accept_changes=True)).output == Loose(x=1)


async def test_arguments_are_held_strictly_on_request() -> None:
    model = ScriptedModel(calls("final_answer", x=1, y=None))

    result = await Agent(model, output=output_of(Loose, mode="tool", strict=True)).run("?")

    function = body(model.requests[0])["tools"][0]["function"]
    assert (result.output, function["strict"]) == (Loose(x=1), True)
    assert function["parameters"]["required"] == ["x", "y"]


async def test_schemas_are_put_into_the_dialect_of_the_server() -> None:
    model = ScriptedModel("{}", profile=replace(OPENROUTER, schema="gemini"))
    agent = Agent(model, output=output_of(Point, mode="json_schema", attempts=1))

    with pytest.raises(Exception, match="Field required"):
        await agent.run("?")

    assert "additionalProperties" not in json.dumps(body(model.requests[0])["response_format"])


async def test_json_mode_is_told_that_the_answer_is_json() -> None:
    service = Played(say(TEXT))
    agent = Agent("json/mode", output=output_of(Point, mode="json_object"), client=client_of(service))

    await agent.run("Where?")

    assert "JSON" in str(service.sent[0]["messages"])
