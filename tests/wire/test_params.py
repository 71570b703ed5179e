"""Request parameters: what may be sent, and what a feature implies."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.errors import ParameterError
from callwright.wire.params import ChatParams, checked_params, implied
from callwright.wire.profile import COMPATIBLE, OPENROUTER


@pytest.mark.parametrize(
    "params",
    [
        {"temperature": 0},
        {"temperature": 2.0, "top_p": 0, "top_k": 0, "min_p": 1, "repetition_penalty": 0},
        {"stop": "END"},
        {"stop": ["a", "b", "c", "d"]},
        {"seed": None, "max_tokens": 1},
        {"logprobs": True, "top_logprobs": 20},
        {"parallel_tool_calls": False},
        {"provider": {"order": ["anthropic"], "allow_fallbacks": False}},
        {"metadata": {"a": "b"}},
        {"reasoning": {"effort": "low"}, "reasoning_effort": "low"},
    ],
    ids=str,
)
def test_what_is_set_is_sent_as_it_is(params: dict[str, Any]) -> None:
    assert checked_params(params) == params


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"temprature": 1}, "did you mean 'temperature'"),
        ({"safe_prompt": True}, "extra_body"),
        ({"temperature": 2.1}, "from 0 to 2; got 2.1"),
        ({"temperature": True}, "a number from 0 to 2; got True"),
        ({"top_k": -1}, "top_k: expected an integer >= 0"),
        ({"top_k": 1.5}, "top_k: expected an integer"),
        ({"max_tokens": 0}, "max_tokens: expected an integer >= 1"),
        ({"frequency_penalty": -3}, "from -2 to 2"),
        ({"logit_bias": {"1": 101}}, "from -100 to 100"),
        ({"stop": ["a"] * 5}, "at most 4 strings"),
        ({"top_logprobs": 3}, "needs logprobs=True"),
        ({"session_id": "x" * 257}, "at most 256 characters"),
        ({"metadata": {str(number): "" for number in range(17)}}, "at most 16 pairs"),
        ({"metadata": {"k": "v" * 513}}, "512"),
        ({"response_format": "json"}, "an object"),
        ({"user": None}, "a string; got None"),
        ({"models": "one"}, "a list of strings"),
        ({"reasoning": {"effort": "low", "max_tokens": 5}}, "effort or max_tokens"),
        ({"reasoning": {"effort": "low"}, "reasoning_effort": "high"}, "contradicts"),
        ({"temperature": float("nan")}, "got nan"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(params: dict[str, Any], problem: str) -> None:
    with pytest.raises(ParameterError, match=problem):
        checked_params(params)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(ParameterError) as caught:
        checked_params({"temperature": 9, "top_p": 9, "tmperature": 1})

    assert all(name in str(caught.value) for name in ("temperature: ", "top_p: ", "tmperature: "))


def test_every_parameter_has_a_rule() -> None:
    for key in ChatParams.__annotations__:
        with pytest.raises(ParameterError, match=f"^{key}: expected"):
            checked_params({key: object()})


def test_integer_keys_of_logit_bias_become_strings() -> None:
    assert checked_params({"logit_bias": {50256: -100}}) == {"logit_bias": {"50256": -100}}


def test_the_order_of_keys_is_always_the_same() -> None:
    assert list(checked_params({"top_p": 1, "seed": 2})) == list(checked_params({"seed": 2, "top_p": 1}))


@pytest.mark.parametrize("key", ["messages", "model", "stream", "tools", "tool_choice"])
def test_extra_body_takes_no_key_that_has_a_place_of_its_own(key: str) -> None:
    with pytest.raises(ParameterError, match=f"extra_body: '{key}' has a place of its own"):
        checked_params({"extra_body": {key: 1, "top_k": 5}})


@pytest.mark.parametrize(
    "params", [{"extra_body": {"x": object()}}, {"provider": {"order": [object()]}}], ids=["extra", "own"]
)
def test_what_is_no_json_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="JSON values"):
        checked_params(params)


def test_a_wrong_value_is_shown_without_its_secrets_and_cut() -> None:
    with pytest.raises(ParameterError) as caught:
        checked_params({"temperature": "sk-or-v1-abcdef0123" + "x" * 9_000})

    assert "abcdef" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_extra_body_is_merged_into_the_body() -> None:
    assert checked_params({"extra_body": {"safe_prompt": True}}) == {"safe_prompt": True}


def test_a_feature_implies_what_the_server_needs_for_it() -> None:
    features = ["structured output", "stream"]

    assert implied({}, features=features, profile=OPENROUTER) == {"provider": {"require_parameters": True}}
    assert implied({}, features=features, profile=COMPATIBLE) == {"stream_options": {"include_usage": True}}
    assert implied({}, features=[], profile=OPENROUTER) == {}


def test_what_the_user_set_wins_over_what_is_implied() -> None:
    params = {"provider": {"order": ["x"], "require_parameters": False}}

    assert implied(params, features=["structured output"], profile=OPENROUTER) == {}


def test_objects_are_completed_key_by_key() -> None:
    added = implied({"provider": {"order": ["x"]}}, features=["structured output"], profile=OPENROUTER)

    assert added == {"provider": {"order": ["x"], "require_parameters": True}}
