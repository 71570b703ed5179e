"""The result: what ObjectiveAI's clients read, and what stands in it besides."""

from __future__ import annotations

import json

import pytest
from tests.query.juries import said, vote, voter, with_logprobs, writer

from callwright import ProviderError, Usage
from callwright.query import generate, jury, query, score
from callwright.query.ids import is_content_id
from callwright.query.wireresult import usage_wire
from callwright.testing import FunctionModel

pytestmark = pytest.mark.anyio

FIELDS = {
    *("index", "message", "finish_reason", "logprobs", "generate_id", "confidence_id", "confidence_weight"),
    *("confidence", "model", "model_index", "completion_metadata"),
}


def failing(error):
    def fail(_):
        raise error

    return FunctionModel(fail)


async def asked(**options):
    client = {
        "x/a": writer(said("red", cost=0.01)),
        "x/b": writer(said("blue", cost=0.01)),
        "x/c": FunctionModel(lambda request: with_logprobs(request, {"blue": 0.75, "red": 0.25})),
        "x/d": failing(ProviderError("down", status=503)),
        "x/e": voter("blue"),
    }
    return await query("?", "x/a, x/b -> x/c:logprobs@2, x/d, x/e", client=client, stop="none", **options)


async def test_the_wire_form_is_that_of_the_service():
    result = await asked()

    wire = result.to_dict()
    choices = wire["choices"]
    assert json.loads(json.dumps(wire)) == wire
    assert list(wire) == ["id", "object", "created", "model", "choices", "usage"]
    assert (wire["object"], wire["model"], wire["usage"]["cost"]) == ("chat.completion", result.model.name, 0.02)
    assert all(set(choice) - {"error"} == FIELDS for choice in choices)
    assert [choice["index"] for choice in choices] == list(range(5))


async def test_the_first_choice_is_the_winner():
    result = await asked()

    first, second = result.to_dict()["choices"][:2]
    assert (first["message"]["content"], second["message"]["content"]) == ("blue", "red")
    assert first["confidence"] == result.confidence == pytest.approx((1 + 1.5 + 1) / 5)
    assert first["confidence_id"] == first["generate_id"] == result.winner.class_id
    assert is_content_id(first["model"])
    assert result.model.models[first["model_index"]].name == first["model"]
    assert first["completion_metadata"]["usage"]["total_tokens"] == 11
    assert first["completion_metadata"]["id"] == "gen-1"


async def test_a_vote_names_its_choice_or_the_share_of_each():
    result = await asked()

    votes = [choice for choice in result.to_dict()["choices"] if choice["generate_id"] is None][:2]
    by_kind = {isinstance(choice["confidence_id"], str): choice for choice in votes}
    red, blue = (
        next(one for one in result.candidates.values() if one.text == text).class_id for text in ("red", "blue")
    )
    assert by_kind[True]["confidence_id"] == blue
    assert by_kind[True]["confidence"] == pytest.approx(result.confidence)
    assert by_kind[False]["confidence_id"] == pytest.approx({blue: 0.75, red: 0.25})
    assert by_kind[False]["confidence"] == pytest.approx(0.75 * 0.7 + 0.25 * 0.3)
    assert by_kind[False]["confidence_weight"] == 2


async def test_a_failure_is_a_choice_with_an_error():
    last = (await asked()).to_dict()["choices"][-1]

    assert (last["finish_reason"], last["error"]) == (
        "error",
        {"code": 503, "message": "x/d: ProviderError: down"},
    )
    assert last["message"] == {"role": "assistant", "content": None, "refusal": None}


async def test_given_choices_are_of_no_model():
    result = await score("?", jury(["x/a"]), choices=["a", "b"], client={"x/a": voter("b")})

    first, second, _ = result.to_dict()["choices"]
    assert (first["message"]["content"], second["message"]["content"]) == ("b", "a")
    assert first["model"] is first["model_index"] is first["completion_metadata"] is None


async def test_usage_is_read_back_as_it_was():
    usage = Usage(
        10, 5, 15, cached_tokens=3, cache_write_tokens=2, reasoning_tokens=4, cost=said("", cost=0.1).usage.cost
    )

    assert Usage.of_raw(usage_wire(usage)) == usage


async def test_ranking_shares_and_entropy():
    result = await asked()

    assert [(ranked.candidate.text, pytest.approx(ranked.confidence)) for ranked in result.ranking] == [
        ("blue", 0.7),
        ("red", 0.3),
    ]
    assert result.margin == pytest.approx(0.4)
    assert result.entropy == pytest.approx(0.8813, abs=1e-4)
    assert result.valid_weight_fraction == pytest.approx(5 / 6)
    assert sum(result.shares.values()) == pytest.approx(1)
    assert "confidence=0.700" in repr(result)


async def test_stopped_early_the_share_is_between_bounds():
    result = await score("?", jury(["x/a x8"]), choices=["a", "b"], client={"x/a": voter("a")})
    whole = await score("?", jury(["x/a x8"]), choices=["a", "b"], client={"x/a": voter("a")}, stop="none")

    assert result.confidence_bounds == (5 / 8, 1)
    assert whole.confidence_bounds == (1, 1)


async def test_the_id_is_that_of_the_request():
    first, again, other = [
        await generate(prompt, "x/a", client={"x/a": writer("x")}) for prompt in ("one", "one", "two")
    ]

    assert first.id == again.id != other.id


async def test_a_choice_comes_back_as_it_was_given():
    choices = [{"size": 1, "of": ["a"]}, None, 2.0, True, "two"]

    for choice in choices:
        text = choice if isinstance(choice, str) else json.dumps(choice, separators=(",", ":"))
        model = FunctionModel(lambda request, text=text: vote(request, text))
        result = await score("?", jury(["x/a"]), choices=choices, client={"x/a": model}, channel="plain")

        assert (result.answer, type(result.answer)) == (choice, type(choice))
