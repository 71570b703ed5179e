"""Outcomes: answers that were cut, refused or empty, attempts that failed, and examples that show the way."""

from __future__ import annotations

import json
import pickle
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from callwright import OPENROUTER, Agent, ChatRequest, MemoryStore, OutputError, ParameterError, extract, output_of
from callwright.errors import RefusalError, TruncatedError
from callwright.output.schema import Schema
from callwright.testing.scripted import ScriptedModel, calls
from callwright.wire.chat import Completion

pytestmark = pytest.mark.anyio


class Point(BaseModel):
    x: int
    y: int


class Span(NamedTuple):
    first: int
    last: int


GOOD = '{"x": 1, "y": 2}'


def body(request: ChatRequest) -> Any:
    return json.loads(request.body(OPENROUTER, model="m", stream=False))


def completion(finish: str, **message: Any) -> Completion:
    return Completion({"choices": [{"finish_reason": finish, "message": {"role": "assistant", **message}}]})


def cut(text: str = '{"x": 1, "y"', finish: str = "length") -> Completion:
    return completion(finish, content=text)


def cut_call(arguments: str, name: str = "final_answer") -> Completion:
    call = {"id": "a", "type": "function", "function": {"name": name, "arguments": arguments}}
    return completion("length", content=None, tool_calls=[call])


# -- truncation


async def test_a_cut_answer_is_an_error_that_holds_what_had_come() -> None:
    with pytest.raises(TruncatedError, match=r"cut \(length\) before it was whole; raise max_tokens") as caught:
        await Agent(ScriptedModel(cut()), output=Point).run("?")

    assert caught.value.partial == {"x": 1}
    assert caught.value.attempts[0].answer == '{"x": 1, "y"'


async def test_an_answer_that_was_cut_before_it_began_says_where_the_tokens_went() -> None:
    usage = {"completion_tokens": 90, "completion_tokens_details": {"reasoning_tokens": 90}}
    thought = Completion({**completion("length", content="").raw, "usage": usage})

    with pytest.raises(TruncatedError, match=r"before it began \(90 tokens went into reasoning\)"):
        await Agent(ScriptedModel(thought), output=Point).run("?")


@pytest.mark.parametrize("answer", [cut(), cut_call('{"x": 1, "y"')], ids=["text", "call"])
async def test_the_broken_text_is_never_sent_again(answer: Completion) -> None:
    mode: Any = "tool" if answer.tool_calls else "json_schema"
    model = ScriptedModel(answer, calls("final_answer", x=1, y=2) if mode == "tool" else GOOD)
    agent = Agent(model, output=output_of(Point, mode=mode))
    with pytest.raises(TruncatedError) as caught:
        await agent.run("?")

    result = await agent.resume(caught.value, model=model)

    assert result.output == Point(x=1, y=2)
    assert [message["role"] for message in body(model.requests[1])["messages"]] == ["user"]


async def test_the_cap_is_raised_once_on_request_and_the_result_says_so() -> None:
    model = ScriptedModel(cut(), GOOD)

    result = await Agent(model, output=output_of(Point, raise_cap=500)).run("?", max_tokens=10)

    assert result.output == Point(x=1, y=2)
    assert [body(request)["max_tokens"] for request in model.requests] == [10, 500]
    assert [request.implied.get("max_tokens") for request in result.requests] == [None, 500]
    assert str(result.requests[0].error).startswith("TruncatedError: the answer was cut")
    assert body(model.requests[1])["messages"] == body(model.requests[0])["messages"]


async def test_the_cap_that_is_set_is_the_one_that_is_raised() -> None:
    model = ScriptedModel(cut(), GOOD)

    await Agent(model, output=output_of(Point, raise_cap=500)).run("?", max_completion_tokens=10)

    assert "max_tokens" not in body(model.requests[1])
    assert body(model.requests[1])["max_completion_tokens"] == 500


@pytest.mark.parametrize(
    ("turns", "params"),
    [((cut(), cut()), {"max_tokens": 10}), ((cut(),), {"max_tokens": 500})],
    ids=["cut again", "not higher"],
)
async def test_a_cap_is_not_raised_twice_or_for_nothing(turns: tuple[Completion, ...], params: Any) -> None:
    model = ScriptedModel(*turns)

    with pytest.raises(TruncatedError):
        await Agent(model, output=output_of(Point, raise_cap=500)).run("?", **params)

    assert len(model.requests) == len(turns)


async def test_each_prompt_of_a_conversation_may_raise_the_cap() -> None:
    store, model = MemoryStore(), ScriptedModel(cut(), GOOD, cut(), GOOD)
    agent = Agent(model, output=output_of(Point, raise_cap=500), store=store)

    await agent.run("?", run_id="r")
    await agent.run("And?", run_id="r")

    assert [body(request).get("max_tokens") for request in model.requests] == [None, 500, None, 500]


async def test_a_run_that_died_after_a_cut_raises_the_cap_when_it_goes_on() -> None:
    store = MemoryStore()
    output = output_of(Point, raise_cap=500)
    dying = ScriptedModel(cut(), RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        await Agent(dying, output=output, store=store).run("?", run_id="r")
    model = ScriptedModel(GOOD)

    result = await Agent(model, output=output, store=store).resume("r", model=model)

    assert result.output == Point(x=1, y=2)
    assert body(model.requests[0])["max_tokens"] == 500


async def test_a_text_that_is_cut_may_be_asked_for_with_a_higher_cap_too() -> None:
    model = ScriptedModel(cut("a long st"), "a long story")

    assert (await Agent(model, output=output_of(str, raise_cap=500)).run("?")).output == "a long story"


async def test_finished_items_of_a_cut_list_are_kept_and_the_result_says_so() -> None:
    store = MemoryStore()
    agent = Agent(ScriptedModel(cut('{"value": [{"x": 1, "y": 2}, {"x": 3')), output=list[Point], store=store)

    result = await agent.run("?", run_id="r")

    assert (result.output, result.status) == ([Point(x=1, y=2)], "limited")
    assert result.reason == "length: the answer was cut; its 1 finished items are kept"
    assert (await agent.resume("r")).output == result.output


async def test_a_cut_list_whose_items_do_not_fit_is_an_error() -> None:
    with pytest.raises(TruncatedError):
        await Agent(ScriptedModel(cut('{"value": [{"x": "far"}, {"x": 3')), output=list[Point]).run("?")


async def test_the_cap_is_raised_before_items_are_kept() -> None:
    model = ScriptedModel(cut("[1, 2, 3"), cut("[1, 2, 3, 4, 5"))

    result = await Agent(model, output=output_of(list[int], raise_cap=99)).run("?")

    assert (result.output, result.status) == ([1, 2, 3, 4], "limited")


# -- refusals and other ends


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (completion("stop", content=None, refusal="I must not."), RefusalError, "the model refused: I must not."),
        (completion("content_filter", content="I"), RefusalError, r"a filter withheld the answer \(content_filter\)"),
        (completion("error", content=GOOD), OutputError, r"the provider broke the answer off \(error\)"),
    ],
    ids=["refusal", "filter", "broken"],
)
async def test_other_ends_have_words_of_their_own(answer: Completion, kind: type[OutputError], words: str) -> None:
    model = ScriptedModel(answer)

    with pytest.raises(kind, match=words) as caught:
        await Agent(model, output=Point).run("?")

    assert (len(model.requests), type(caught.value)) == (1, kind)


async def test_an_answer_beside_a_refusal_counts() -> None:
    answer = completion("stop", content=GOOD, refusal="not quite")

    assert (await Agent(ScriptedModel(answer), output=Point).run("?")).output == Point(x=1, y=2)


async def test_answers_that_stay_empty_say_so() -> None:
    with pytest.raises(OutputError, match="your answer was empty"):
        await Agent(ScriptedModel("", "", ""), output=output_of(Point, mode="json_object")).run("?")


# -- attempts


async def test_the_attempts_and_the_last_good_part_are_in_the_error() -> None:
    model = ScriptedModel('{"x": 1}', '{"x": 1, "y": "far"}', "No.")

    with pytest.raises(OutputError) as caught:
        await Agent(model, output=Point).run("?")

    attempts = caught.value.attempts
    assert [attempt.answer for attempt in attempts] == ['{"x": 1}', '{"x": 1, "y": "far"}', "No."]
    assert [attempt.ask for attempt in attempts] == [1, 2, 3]
    assert attempts[0].problems == ("y: Field required",)
    assert caught.value.partial == {"x": 1}
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.attempts, copy.partial, str(copy)) == (attempts, {"x": 1}, str(caught.value))


async def test_the_attempts_are_in_the_result_and_those_of_one_prompt_only() -> None:
    store, model = MemoryStore(), ScriptedModel("No.", GOOD, '{"x": 1}', GOOD)
    agent = Agent(model, output=Point, store=store)

    first = await agent.run("?", run_id="r")
    second = await agent.run("And?", run_id="r")

    assert [attempt.answer for attempt in first.attempts] == ["No."]
    assert [attempt.partial for attempt in second.attempts] == [{"x": 1}]


async def test_what_was_repaired_is_in_the_result_and_costs_no_request() -> None:
    store, model = MemoryStore(), ScriptedModel("Sure: {'x': 1, 'y': 2}")
    agent = Agent(model, output=Point, store=store)

    result = await agent.run("?", run_id="r")

    assert result.repairs == ("text around the object", "single quotes")
    assert (await agent.resume("r")).repairs == result.repairs


# -- examples


@pytest.mark.parametrize("mode", ["tool", "json_schema", "json_object", "prompt"])
async def test_examples_come_in_the_form_of_the_mode(mode: Any) -> None:
    model = ScriptedModel(calls("final_answer", x=1, y=2) if mode == "tool" else GOOD)
    examples = [("At three, four.", Point(x=3, y=4))]

    point = await extract(Point, "At one, two.", model=model, instructions="Read.", mode=mode, examples=examples)

    messages = body(model.requests[0])["messages"]
    shown = messages[2]
    assert point == Point(x=1, y=2)
    assert [message["role"] for message in messages if message["role"] != "tool"] == [
        *("system", "user", "assistant", "user"),
    ]
    assert [messages[1]["content"], messages[-1]["content"]] == ["At three, four.", "At one, two."]
    written = shown["tool_calls"][0]["function"]["arguments"] if mode == "tool" else shown["content"]
    assert json.loads(written) == {"x": 3, "y": 4}


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        (int, 3, '{"value":3}'),
        (list[int], [1], '{"value":[1]}'),
        (Span, Span(1, 2), '{"first":1,"last":2}'),
        (Point | Span, Span(1, 2), '{"first":1,"last":2}'),
        (Point | str, "neither", "neither"),
    ],
    ids=str,
)
async def test_examples_of_every_kind_are_shown(kind: Any, value: Any, written: str) -> None:
    model = ScriptedModel(RuntimeError("enough"))

    with pytest.raises(RuntimeError):
        await Agent(model, output=output_of(kind, mode="tool", examples=[("?", value)])).run("?")

    shown = body(model.requests[0])["messages"][1]
    assert (shown["content"] or shown["tool_calls"][0]["function"]["arguments"]) == written


async def test_examples_may_have_images() -> None:
    image: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    file: Any = {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}}
    sound: Any = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    model = ScriptedModel(GOOD)

    await extract(Point, [image, file, sound], model=model, examples=[([image], Point(x=1, y=2))])

    messages = body(model.requests[0])["messages"]
    assert [messages[0]["content"], messages[2]["content"]] == [[image], [image, file, sound]]


async def test_examples_are_no_part_of_the_conversation() -> None:
    result = await Agent(ScriptedModel(GOOD), output=output_of(Point, examples=[("a", Point(x=1, y=2))])).run("b")

    assert [message.text for message in result.messages] == ["b", GOOD]


def test_an_example_that_is_no_value_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"examples: .* is no Point"):
        output_of(Point, examples=[("a", {"x": "far"})])


# -- schemas and options


async def test_a_schema_gives_plain_objects() -> None:
    schema = {
        "title": "Count",
        "type": "object",
        "properties": {"n": {"type": "integer", "minimum": 1}},
        "required": ["n"],
    }
    model = ScriptedModel('{"n": 0}', '{"n": 3}')

    result = await Agent(model, output=Schema(schema)).run("?")

    assert result.output == {"n": 3}
    assert body(model.requests[0])["response_format"]["json_schema"]["name"] == "Count"
    assert "n:" in result.attempts[0].problems[0]


@pytest.mark.parametrize("option", [{"raise_cap": 0}, {"mood": "tool"}, {"attempts": 0}], ids=str)
def test_wrong_options_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="expected"):
        output_of(Point, **option)
