"""Candidates, and the classes of those that mean the same."""

from __future__ import annotations

import itertools

import pytest

from callwright.errors import ParameterError
from callwright.query.candidates import (
    REFUSAL,
    answer_candidate,
    call_candidate,
    candidate_of,
    choice_candidate,
    distinct,
    refusal_candidate,
)
from callwright.query.meaning import Meaning
from callwright.wire.messages import AssistantMessage, ToolCall

VERDICT = Meaning({"properties": {"why": {"_confidence": False}}})


def call(name: str, arguments: str) -> ToolCall:
    return ToolCall("id", name, arguments)


def test_two_reasons_for_one_verdict_are_one_class():
    one, other = (answer_candidate(f'{{"why":"{why}","is":true}}', VERDICT) for why in "ab")

    assert one.class_id == other.class_id
    assert one.generate_id != other.generate_id
    assert one.value == {"why": "a", "is": True}


def test_a_text_is_its_own_class():
    candidate = answer_candidate("Paris")

    assert candidate.class_id == candidate.generate_id != answer_candidate("Rome").class_id


def test_a_text_that_is_not_the_json_that_was_asked_for_is_its_own_class():
    candidate = answer_candidate("I think {", VERDICT)

    assert candidate.class_id == candidate.generate_id


def test_every_refusal_is_one_class():
    assert refusal_candidate("I cannot.").class_id == refusal_candidate("No.").class_id == REFUSAL


def test_choices_are_shown_as_they_are_and_values_as_json():
    assert choice_candidate("a").text == "a"
    assert choice_candidate({"b": 1.0, "a": None}).text == '{"b":1.0,"a":null}'
    assert choice_candidate(1).class_id == choice_candidate(1.0).class_id
    assert choice_candidate("1").class_id == choice_candidate(1).class_id, "voters could not tell them apart"


def test_a_turn_is_the_multiset_of_its_calls():
    one = call_candidate([call("a", '{"x":1,"y":2}'), call("b", "{}")], "Let me see.")
    other = call_candidate([call("b", "{ }"), call("a", '{"y":2.0,"x":1}')])

    assert one.class_id == other.class_id
    assert "Let me see." in one.text
    assert one.class_id != call_candidate([call("a", '{"x":1,"y":2}')]).class_id
    assert one.class_id != call_candidate([call("a", '{"x":1,"y":3}'), call("b", "{}")]).class_id


def test_arguments_that_do_not_count_are_no_difference():
    one, other = (
        call_candidate([call("a", f'{{"x":1,"why":"{why}"}}')], meanings={"a": VERDICT}) for why in ("p", "q")
    )

    assert one.class_id == other.class_id


def test_broken_arguments_are_compared_as_they_are():
    assert call_candidate([call("a", "{")]).class_id != call_candidate([call("a", "}")]).class_id


def test_a_message_is_its_calls_else_its_text_else_its_refusal_else_nothing():
    calls = candidate_of(AssistantMessage("x", tool_calls=[call("a", "{}")]))
    refused = candidate_of(AssistantMessage.of_raw({"role": "assistant", "content": None, "refusal": "No."}))
    said = candidate_of(AssistantMessage("Hi"))

    assert calls is not None
    assert '"name":"a"' in calls.text
    assert refused is not None
    assert refused.is_refusal
    assert said == answer_candidate("Hi")
    assert candidate_of(AssistantMessage(" \n")) is None


def test_which_candidate_stands_for_a_class_does_not_depend_on_who_came_first():
    candidates = [answer_candidate(f'{{"why":"{why}","is":{is_}}}', VERDICT) for why in "abc" for is_ in "12"]

    kept = [list(distinct(order).values()) for order in itertools.permutations(candidates, 6)]

    assert all(one == kept[0] for one in kept)
    assert len(kept[0]) == 2


def test_no_more_than_400_choices_are_put_to_the_vote():
    with pytest.raises(ParameterError, match="expected at most 400 that differ; got 401"):
        distinct(choice_candidate(number) for number in range(401))
