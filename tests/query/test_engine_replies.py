"""Replies: a vote is had from a member in whatever way it can give one, and never read out of prose."""

from __future__ import annotations

import json
import math

import pytest
from tests.query.juries import options_in, said, vote, voter, with_logprobs, writer

from callwright import (
    BadRequestError,
    Completion,
    ContextLengthError,
    NotFoundError,
    ProviderError,
    StreamError,
)
from callwright.query import NoQuorumError, QueryLLM, QueryModel, QueryProvider, QueryReasoning, jury, query, score
from callwright.service.profiles import GROQ
from callwright.testing import FunctionModel, ScriptedModel

pytestmark = pytest.mark.anyio

DOWN = ProviderError("HTTP 503: down", status=503)
CHOICES = ["tea", "coffee"]


def first_then(*turns, choice="tea"):
    """Return a member that gives turns (or what functions of the request give), then votes."""

    def answer(request):
        number = len(model.requests) - 1
        turn = turns[number] if number < len(turns) else vote(request, choice)
        turn = turn(request) if callable(turn) else turn
        if isinstance(turn, Exception):
            raise turn
        return turn

    model = FunctionModel(answer)
    return model


def select(mode="select_non_thinking", **fields):
    return QueryModel((QueryLLM("x/a", mode, **fields),))


async def ask(model, jurors=None, **options):
    return await score("?", jurors or jury(["x/a"]), choices=CHOICES, client={"x/a": model}, **options)


async def test_a_reply_that_is_no_vote_is_asked_for_once_more():
    model = first_then("Based on the choices, I would say that it depends.")

    result = await ask(model)

    assert result.answer == "tea"
    assert [message.role for message in model.requests[1].messages] == ["user", "user", "assistant", "user"]
    assert model.requests[1].messages[-1].text.startswith("That named none of the keys")
    assert "the first reply was no vote (no_key)" in result.votes[0].note
    assert len(result.votes[0].completions) == 1
    assert result.requests == 2


async def test_a_second_such_reply_is_no_vote():
    client = {"x/a": writer("B is a fine letter, A too"), "x/b": voter("tea"), "x/c": voter("tea")}

    result = await score("?", jury(["x/a", "x/b", "x/c"]), choices=CHOICES, client=client, stop="none")

    assert result.failures[0].reason.startswith("no_key: ")
    assert (result.failures[0].code, len(client["x/a"].requests)) == (400, 2)
    assert (result.confidence, result.valid_weight_fraction) == (1, pytest.approx(2 / 3))


@pytest.mark.parametrize(
    ("message", "finish", "reason"),
    [
        ({"content": None, "refusal": "I will not."}, "stop", "refused"),
        ({"content": "The best"}, "content_filter", "filtered"),
        ({"content": "Let me think about A and"}, "length", "cut"),
    ],
)
async def test_refusals_filters_and_cuts_are_final(message, finish, reason):
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}
    model = writer(Completion({"choices": [choice]}))

    with pytest.raises(NoQuorumError, match=reason):
        await ask(model)

    assert len(model.requests) == 1


async def test_log_probabilities_are_votes_in_parts():
    model = FunctionModel(lambda request: with_logprobs(request, {"tea": 0.6, "coffee": 0.3}))

    result = await ask(model, select("select_non_thinking_logprobs", select_top_logprobs=5))

    params = model.requests[0].params.raw
    assert result.shares == pytest.approx({"tea": 2 / 3, "coffee": 1 / 3})
    assert (params["logprobs"], params["top_logprobs"], params["provider"]) == (True, 5, {"require_parameters": True})
    assert result.votes[0].vote.method == "logprobs"
    assert result.votes[0].vote.coverage == pytest.approx(0.9)


async def test_a_voter_without_log_probabilities_votes_for_one():
    result = await ask(voter("tea"), select("select_non_thinking_logprobs"))

    assert (result.votes[0].vote.method, result.confidence) == ("onehot", 1)
    assert result.votes[0].note


async def test_where_no_provider_gives_log_probabilities_the_voter_is_asked_without():
    def answer(request):
        if "logprobs" in request.params.raw:
            raise NotFoundError("No endpoints found that support the request", status=404)
        return vote(request, "tea")

    model = FunctionModel(answer)

    result = await ask(
        model, select("select_non_thinking_logprobs", provider=QueryProvider(only=("Azure",))), replicates=2
    )

    assert (result.answer, result.votes[0].note) == ("tea", "no provider gives log probabilities of this model")
    assert model.requests[-1].params.raw["provider"] == {"only": ["Azure"]}
    forms = ["response_format" in request.params.raw for request in model.requests]
    assert forms.count(True) <= 2


async def test_a_server_without_structured_outputs_is_asked_for_a_call_then_for_text():
    def answer(request):
        if "response_format" in request.params.raw:
            raise BadRequestError("response_format: not supported", status=400)
        if request.tools.raw:
            raise NotFoundError("No endpoints found that support tool use", status=404)
        return vote(request, "tea")

    model = FunctionModel(answer)

    result = await ask(model)

    assert (result.answer, result.votes[0].note, len(model.requests)) == ("tea", None, 3)


async def test_a_profile_without_structured_outputs_is_not_asked_for_them():
    model = FunctionModel(
        lambda request: {
            "tool_calls": [
                {
                    "id": "1",
                    "type": "function",
                    "function": {"name": "choose", "arguments": json.dumps({"response_key": min(options_in(request))})},
                }
            ]
        },
        profile=GROQ,
    )

    result = await ask(model, channel="tool")

    assert result.confidence == 1
    assert model.requests[0].tool_choice == {"type": "function", "function": {"name": "choose"}}


async def test_the_channel_can_be_chosen():
    model = voter("tea")

    await ask(model, channel="plain")

    assert "response_format" not in model.requests[0].params.raw
    assert "backticks" in model.requests[0].messages[-1].text


async def test_who_votes_after_thinking_gives_reasons_first():
    model = FunctionModel(
        lambda request: json.dumps(
            {"_think": "Tea is warm.", "response_key": json.loads(vote(request, "tea"))["response_key"]}
        )
    )

    result = await ask(model, select("select_thinking"))

    schema = model.requests[0].params.raw["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["_think", "response_key"]
    assert result.to_dict()["choices"][2]["message"]["reasoning"] == "Tea is warm."


async def test_a_model_that_reasons_by_itself_is_not_asked_for_reasons():
    model = voter("tea")

    await ask(model, select("select_thinking", reasoning=QueryReasoning(effort="low")))

    schema = model.requests[0].params.raw["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["response_key"]
    assert model.requests[0].params.raw["reasoning"] == {"effort": "low"}


async def test_the_next_model_of_a_member_votes_when_the_first_fails():
    client = {"x/a": ScriptedModel(DOWN), "x/b": voter("tea")}
    model = QueryModel((QueryLLM("x/a", "select_non_thinking", models=("x/b",)),))

    result = await score("?", model, choices=CHOICES, client=client)

    assert (result.answer, result.votes[0].note) == ("tea", "x/a: ProviderError: HTTP 503: down")


async def test_the_next_model_of_a_member_writes_when_the_first_fails():
    client = {"x/a": ScriptedModel(DOWN), "x/b": writer("hello")}

    result = await query("?", QueryModel((QueryLLM("x/a", models=("x/b",)),)), client=client)

    assert (result.answer, result.written[0].note) == ("hello", "x/a: ProviderError: HTTP 503: down")


async def test_a_context_that_is_too_long_is_so_in_any_form():
    model = ScriptedModel(ContextLengthError("too long", status=400))

    with pytest.raises(NoQuorumError, match="too long"):
        await ask(model)

    assert len(model.requests) == 1


def broken(text):
    return StreamError("cut", partial=said(text))


async def test_a_whole_key_in_a_broken_reply_counts():
    model = first_then(lambda request: broken(vote(request, "coffee")))

    result = await ask(model)

    assert (result.answer, len(model.requests)) == ("coffee", 1)
    assert result.votes[0].note.startswith("broken off")


async def test_a_broken_reply_without_a_key_is_asked_for_once_more():
    model = first_then(lambda _: broken('{"response_'))

    result = await ask(model)

    assert (result.answer, len(model.requests)) == ("tea", 2)


async def test_a_reply_that_breaks_twice_is_none():
    model = first_then(lambda _: broken('{"resp'), lambda _: broken('{"resp'))

    with pytest.raises(NoQuorumError, match="cut"):
        await ask(model)

    assert len(model.requests) == 2


async def test_log_probabilities_that_say_nothing_are_none():
    """DeepSeek has answered 0 and -9999 for all alternatives."""

    def answer(request):
        completion = with_logprobs(request, {"tea": 0.9, "coffee": 0.1})
        for token in completion.raw["choices"][0]["logprobs"]["content"]:
            token["logprob"] = -9999.0
            for other in token["top_logprobs"]:
                other["logprob"] = -9999.0
        return completion

    result = await ask(FunctionModel(answer), select("select_non_thinking_logprobs"))

    assert (result.confidence, result.votes[0].vote.method) == (1, "onehot")
    assert result.votes[0].note


async def test_shares_of_a_distribution_sum_to_one():
    model = FunctionModel(lambda request: with_logprobs(request, {"tea": 0.2, "coffee": 0.1}))

    result = await ask(model, select("select_non_thinking_logprobs"), replicates=3)

    assert math.fsum(result.shares.values()) == pytest.approx(1)
