"""Histories from elsewhere: read, checked, repaired."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.testing.openrouter_wire import complaints

from callwright.errors import ParameterError
from callwright.testing.contract import problem_of
from callwright.wire.chat import ChatRequest
from callwright.wire.history import NOT_RUN, checked_history, history_of, repaired_history
from callwright.wire.messages import Message
from callwright.wire.profile import OPENROUTER

USER = {"role": "user", "content": "?"}
SAID = {"role": "assistant", "content": "Yes."}


def call(call_id: Any = "a", name: Any = "f") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": "{}"}}


def calling(*calls: Any, content: Any = None) -> dict[str, Any]:
    return {"role": "assistant", "content": content, "tool_calls": list(calls)}


def result(call_id: Any = "a", content: Any = "sunny") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def body_of(messages: tuple[Message, ...]) -> Any:
    return json.loads(ChatRequest(messages).body(OPENROUTER, model=None, stream=False))


GOOD: dict[str, list[Any]] = {
    "nothing": [],
    "a question": [USER],
    "an answer at the end": [USER, SAID],
    "an answered call": [USER, calling(call()), result(), SAID],
    "two calls answered in another order": [USER, calling(call("a"), call("b")), result("b"), result("a")],
    "the same id in each turn": [
        USER,
        calling(call()),
        result(),
        calling(call()),
        result(),
        USER,
        calling(call()),
        result(),
    ],
    "words beside a call": [USER, calling(call(), content="Let me see."), result()],
    "instructions of both names": [{"role": "system", "content": "x"}, {"role": "developer", "content": "y"}, USER],
    "nulls of an SDK": [USER, {**SAID, "tool_calls": None, "function_call": None, "refusal": None, "audio": None}],
    "a refusal": [USER, {"role": "assistant", "content": None, "refusal": "No."}],
    "an image for a result": [
        USER,
        calling(call()),
        result(content=[{"type": "image_url", "image_url": {"url": "https://x"}}]),
    ],
}

BAD: dict[str, tuple[list[Any], list[str]]] = {
    "a result of no call": ([USER, result()], ["history[1]: a result of a call that no message"]),
    "a result of another call": (
        [USER, calling(call()), result("z")],
        ["history[1]: call 'a' of 'f' has no result", "history[2]: a result of a call that no"],
    ),
    "a second result": (
        [USER, calling(call()), result(), result()],
        ["history[3]: a second result of a call of history[1]"],
    ),
    "a second result in a later turn": (
        [USER, calling(call()), result(), SAID, result()],
        ["history[4]: a second result of a call of history[1]"],
    ),
    "no result": ([USER, calling(call("a"), call("b")), result("a")], ["history[1]: call 'b' of 'f' has no result"]),
    "a result too late": (
        [USER, calling(call()), USER, result()],
        ["history[3]: a result separated from its call 'a'"],
    ),
    "a result too early": (
        [USER, result(), calling(call())],
        ["history[1]: a result before its call 'a' in history[2]"],
    ),
    "nothing said": (
        [USER, {"role": "assistant", "content": " "}],
        ["history[1]: an assistant message that says nothing"],
    ),
    "only reasoning": (
        [USER, {"role": "assistant", "content": None, "reasoning": "hm"}],
        ["history[1]: an assistant message that says nothing"],
    ),
    "an unknown role": (
        [USER, {"role": "robot", "content": "x"}],
        ["history[1]: message role: expected one of system"],
    ),
    "no message at all": ([USER, 3], ["history[1]: expected a message, or a dict with a role; got 3"]),
    "a result without id": (
        [USER, {"role": "tool", "content": "x"}],
        ["history[1]: a tool message needs tool_call_id"],
    ),
    "a call without id": ([USER, calling(call(None)), result("")], ["history[1]: call of 'f' has no id"]),
    "a call without name": ([USER, calling(call(name="")), result()], ["history[1]: call 'a' has no name"]),
    "an id twice in a turn": (
        [USER, calling(call(), call()), result(), result()],
        ["history[1]: two calls of the id 'a' in one message"],
    ),
    "calls that are none": ([USER, calling("f")], ["history[1]: expected calls with a function"]),
    "calls that are no list": (
        [USER, {**SAID, "tool_calls": {"id": "a"}}],
        ["history[1]: expected tool_calls to be a list"],
    ),
    "a part of no kind": (
        [{"role": "user", "content": [{"type": "image"}]}],
        ["history[0]: user content[0].type: expected one of text", "did you mean 'image_url'"],
    ),
    "several at once": (
        [result(), USER, calling(call("b")), USER, {"role": "x"}, {"role": "assistant"}],
        ["history[0]", "history[2]", "history[4]", "history[5]"],
    ),
}


@pytest.mark.parametrize("messages", GOOD.values(), ids=GOOD)
def test_a_good_history_passes(messages: list[Any]) -> None:
    checked_history(messages)


@pytest.mark.parametrize(("messages", "problems"), BAD.values(), ids=BAD)
def test_a_bad_history_is_refused_with_every_place(messages: list[Any], problems: list[str]) -> None:
    with pytest.raises(ParameterError) as caught:
        checked_history(messages)

    assert all(problem in str(caught.value) for problem in problems), str(caught.value)


def test_problems_are_told_in_the_order_of_the_messages() -> None:
    with pytest.raises(ParameterError) as caught:
        checked_history([result(), *([USER] * 10), calling(call("b"))])

    assert str(caught.value).index("history[0]") < str(caught.value).index("history[11]")


@pytest.mark.parametrize("messages", GOOD.values(), ids=GOOD)
def test_a_good_history_is_repaired_by_leaving_it_alone(messages: list[Any]) -> None:
    history = history_of(messages)

    repaired, notes = repaired_history(history)

    assert notes == ()
    assert all(new is old for new, old in zip(repaired, history, strict=True))


REPAIRED: dict[str, tuple[list[Any], list[Any], list[str]]] = {
    "a call without a result": (
        [USER, calling(call("a"), call("b")), result("b"), USER],
        [USER, calling(call("a"), call("b")), result("a", NOT_RUN), result("b"), USER],
        ["history[1]: call 'a' of 'f' had no result and got one"],
    ),
    "a result too late": (
        [USER, calling(call("a"), call("b")), result("b"), USER, result("a")],
        [USER, calling(call("a"), call("b")), result("a"), result("b"), USER],
        ["history[4]: a result went behind its call in history[1]"],
    ),
    "a result too early": (
        [result(), USER, calling(call())],
        [USER, calling(call()), result()],
        ["history[0]: a result went behind its call in history[2]"],
    ),
    "second results": (
        [USER, calling(call()), result(content="one"), result(content="two")],
        [USER, calling(call()), result(content="one")],
        ["history[3]: a second result of a call is left out"],
    ),
    "a result of no call": ([result(), USER], [USER], ["history[0]: a result of a call that is not there is left out"]),
    "an id of two turns": (
        [USER, calling(call()), calling(call()), result(content="second"), USER, SAID],
        [USER, calling(call()), result(content=NOT_RUN), calling(call()), result(content="second"), USER, SAID],
        ["history[1]: call 'a' of 'f' had no result and got one"],
    ),
    "an id twice in a turn": (
        [USER, calling(call(), call()), result(content="one"), result(content="two")],
        [USER, calling(call(), call("call_1_1")), result(content="one"), result("call_1_1", "two")],
        ["history[1]: calls without a name or an id of their own got one"],
    ),
    "no ids at all": (
        [USER, calling({"function": {"name": "f", "arguments": {"x": 1}}}), {"role": "tool", "content": {"y": 2}}],
        [USER, calling({**call("call_1_0")}), result("call_1_0", '{"y":2}')],
        [
            "history[1]: calls without a name or an id of their own got one",
            "history[2]: a result that is no text is told as one",
        ],
    ),
    "messages that say nothing": (
        [USER, {"role": "assistant", "content": ""}, calling(call()), {"role": "assistant"}, result()],
        [USER, calling(call()), result()],
        [
            "history[1]: an assistant message that says nothing is left out",
            "history[3]: an assistant message that says nothing is left out",
        ],
    ),
    "calls that are none": (
        [USER, calling("f", content="Hm."), calling(3)],
        [USER, {"role": "assistant", "content": "Hm."}],
        [
            "history[1]: calls that are none are left out",
            "history[2]: calls that are none are left out",
            "history[2]: an assistant message that says nothing is left out",
        ],
    ),
}


@pytest.mark.parametrize(("messages", "fitting", "told"), REPAIRED.values(), ids=REPAIRED)
def test_a_bad_history_is_repaired_with_a_note(messages: list[Any], fitting: list[Any], told: list[str]) -> None:
    repaired, notes = repaired_history(messages)

    assert body_of(repaired)["messages"] == body_of(history_of(fitting))["messages"]
    assert list(notes) == told
    checked_history(repaired)


def test_what_is_no_message_cannot_be_repaired() -> None:
    with pytest.raises(ParameterError, match=r"history\[1\]: message role: .*; history\[2\]: expected a message"):
        repaired_history([USER, {"role": "robot", "content": "x"}, "hi"])  # type: ignore[list-item]


IDS = st.sampled_from(["a", "b", ""])
CALLS = st.one_of(
    st.builds(call, st.sampled_from(["a", "b", "", None]), st.sampled_from(["f", "", None])),
    st.sampled_from(["f", {}, {"function": {"name": "f"}}, None]),
)
MESSAGES = st.one_of(
    st.just(USER),
    st.builds(result, IDS, st.sampled_from(["x", None, {"y": 1}])),
    st.builds(calling, CALLS, content=st.sampled_from([None, "", "Hm."])),
    st.builds(calling, CALLS, CALLS),
    st.sampled_from(
        [SAID, {"role": "assistant"}, {"role": "assistant", "tool_calls": 5}, {"role": "tool", "content": "x"}]
    ),
)


@given(st.lists(MESSAGES, max_size=8))
@settings(max_examples=400, deadline=None)
def test_what_is_repaired_is_good_and_stays_as_it_is(messages: list[Any]) -> None:
    repaired, _ = repaired_history(messages)

    again, notes = repaired_history(repaired)
    checked_history(repaired)
    assert notes == ()
    assert all(new is old for new, old in zip(again, repaired, strict=True))


@given(st.lists(MESSAGES, max_size=8))
@settings(max_examples=200, deadline=None)
def test_what_is_repaired_is_taken_by_the_service(messages: list[Any]) -> None:
    repaired, _ = repaired_history([USER, *messages])
    body = body_of(repaired)
    body["tools"] = [{"type": "function", "function": {"name": "f"}}]

    assert problem_of(body) is None
    assert complaints(body, "ChatRequest") == []


@given(st.lists(MESSAGES, max_size=8))
@settings(max_examples=200, deadline=None)
def test_a_history_passes_or_its_repair_has_something_to_tell(messages: list[Any]) -> None:
    try:
        checked_history(messages)
    except ParameterError:
        assert repaired_history(messages)[1] != ()
    else:
        assert repaired_history(messages)[1] == ()


# -- an assistant message at the end


@pytest.mark.parametrize(
    "model",
    [
        *("anthropic/claude-opus-4.6", "anthropic/claude-sonnet-4-6", "anthropic/claude-4.6-opus-20260101"),
        *("anthropic/claude-opus-5", "~anthropic/claude-sonnet-latest", "us.anthropic.claude-opus-4-7-v1:0"),
    ],
)
def test_newer_claudes_do_not_go_on_with_a_message_of_their_own(model: str) -> None:
    with pytest.raises(
        ParameterError, match=rf"history\[1\]: the last message is the assistant's, and {model} does not"
    ):
        checked_history([USER, SAID], model=model)


@pytest.mark.parametrize(
    "model",
    [
        *("anthropic/claude-3.5-sonnet", "anthropic/claude-sonnet-4", "claude-sonnet-4-20250514", None),
        *("anthropic/claude-haiku-4.5", "anthropic/claude-3-7-sonnet-20250219", "mistralai/mistral-large-2512"),
    ],
)
def test_other_models_may_go_on_with_the_last_message(model: str | None) -> None:
    checked_history([USER, SAID], model=model)
