"""Request parameters: what may be sent, what is refused and in which words, and what a feature implies."""

from __future__ import annotations

import warnings
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest

from callwright.errors import ParameterError
from callwright.wire.messages import SystemMessage, UserMessage
from callwright.wire.params import ChatParams, checked_params, implied, json_mode_warning
from callwright.wire.profile import COMPATIBLE, OPENROUTER
from callwright.wire.rules import DEPRECATED

SCHEMA = {"type": "object", "properties": {"z": {"type": "integer"}, "a": {"type": "integer"}}}


@pytest.mark.parametrize(
    "params",
    [
        {"temperature": 0},
        {"temperature": 2.0, "top_p": 0, "top_k": 0, "min_p": 1, "repetition_penalty": 0},
        {"stop": "END"},
        {"stop": ["a", "b", "c", "d"]},
        {"seed": None, "max_tokens": 1},
        {"logprobs": True, "top_logprobs": 20},
        {"logprobs": False, "structured_outputs": False, "max_tool_calls": 0},
        {"parallel_tool_calls": False},
        {"provider": {"order": ["anthropic"], "allow_fallbacks": False}},
        {"provider": {"sort": {"by": "price", "partition": "none"}, "preferred_max_latency": {"p50": 1, "p99": None}}},
        {"provider": None, "prediction": None, "prompt_cache_options": None},
        {"metadata": {"a": "b"}},
        {"reasoning": {"effort": "low"}, "reasoning_effort": "low"},
        {"reasoning": {"max_tokens": 0, "exclude": False, "context": "auto", "mode": "pro"}},
        {"response_format": {"type": "grammar", "grammar": "root ::= 'x'"}},
        {"plugins": [{"id": "web", "max_results": 3}, {"id": "fusion", "tools": []}]},
        {"prediction": {"type": "content", "content": [{"type": "text", "text": "x"}]}},
        {"trace": {"trace_id": "a", "yours": {"b": [1, None]}}},
        {"stop_server_tools_when": [{"type": "max_cost", "max_cost_in_dollars": 0.5}]},
    ],
    ids=str,
)
def test_what_is_set_is_sent_as_it_is(params: dict[str, Any]) -> None:
    assert checked_params(params) == params


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"temprature": 1}, "temprature: no such parameter; did you mean 'temperature'"),
        ({"safe_prompt": True}, "safe_prompt: no such parameter; keys .* extra_body"),
        ({"model": "x"}, "model: no such parameter; it has a place of its own"),
        ({"temperature": 2.1}, "temperature: expected a number from 0 to 2; got 2.1"),
        ({"temperature": True}, "a number from 0 to 2; got True"),
        ({"temperature": float("nan")}, "got nan"),
        ({"temperature": float("inf")}, "got inf"),
        ({"temperature": Decimal("0.5")}, "a number from 0 to 2; got Decimal"),
        ({"temperature": "0.5"}, "a number from 0 to 2; got '0.5'"),
        ({"top_k": -1}, "top_k: expected an integer >= 0; got -1"),
        ({"top_k": 1.5}, "top_k: expected an integer"),
        ({"seed": 2**53}, "seed: expected an integer from -9007199254740991 to 9007199254740991"),
        ({"max_tokens": 0}, "max_tokens: expected an integer >= 1; got 0"),
        ({"frequency_penalty": -3}, "from -2 to 2; got -3"),
        ({"logit_bias": {"1": 101}}, "logit_bias.1: expected a number from -100 to 100; got 101"),
        ({"logit_bias": {-1: 1}}, "logit_bias: expected keys that are token ids; got -1"),
        ({"logit_bias": {1: 1, "1": 2}}, "logit_bias: expected each key once"),
        ({"stop": ["a"] * 5}, "stop: expected a list of at most 4 strings; got 5"),
        ({"stop": ["a", 1]}, r"stop\[1\]: expected a string; got 1"),
        ({"top_logprobs": 3}, "needs logprobs=True"),
        ({"top_logprobs": 0, "logprobs": False}, "needs logprobs=True; got logprobs False"),
        ({"session_id": "x" * 257}, "a string of at most 256 characters"),
        ({"metadata": {str(number): "" for number in range(17)}}, "at most 16 pairs; got 17"),
        ({"metadata": {"k": "v" * 513}}, "metadata.k: expected a string of at most 512"),
        ({"metadata": {"k" * 65: "v"}}, "keys that are a string of at most 64 characters"),
        ({"response_format": "json"}, "response_format: expected an object; got 'json'"),
        ({"response_format": {"type": "json"}}, r"response_format.type: expected one of text, .*; got 'json'"),
        (
            {"response_format": {"type": "json_schema"}},
            "response_format.json_schema: expected an object; it is missing",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a b", "schema": {}}}},
            r"json_schema.name: expected a string of at most 64 characters",
        ),
        ({"user": None}, "user: expected a string; got None"),
        ({"models": "one"}, "models: expected a list of strings; got 'one'"),
        ({"models": {"one"}}, "models: expected a list of strings"),
        ({"reasoning": {"effort": "low", "max_tokens": 5}}, "effort or reasoning.max_tokens; got both"),
        ({"reasoning": {"max_tokens": 5}, "reasoning_effort": "low"}, "reasoning_effort: .* got both"),
        ({"reasoning": {"effort": "low"}, "reasoning_effort": "high"}, "'high' contradicts reasoning.effort 'low'"),
        ({"reasoning": {"efort": "low"}}, "reasoning.efort: no such key; did you mean 'effort'"),
        ({"reasoning_effort": "huge"}, "reasoning_effort: expected max, xhigh, .* or none; got 'huge'"),
        ({"service_tier": "ultrafast"}, "service_tier: expected auto, .*; got 'ultrafast'"),
        ({"provider": {"ordr": ["x"]}}, "provider.ordr: no such key; did you mean 'order'"),
        ({"provider": {"max_price": {"prompt": "cheap"}}}, "provider.max_price.prompt: expected a decimal string"),
        ({"provider": {"max_price": {"prompt": Decimal("sNaN")}}}, "provider.max_price.prompt"),
        ({"provider": {"max_price": {"prompt": -1}}}, "a number >= 0; got -1"),
        ({"provider": {"max_price": {"prompt": True}}}, "got True"),
        ({"provider": {"quantizations": ["fp7"]}}, r"provider.quantizations\[0\]: expected int4"),
        ({"provider": {"preferred_max_latency": {"p51": 1}}}, "preferred_max_latency.p51: no such key"),
        ({"plugins": [{"id": "webb"}]}, r"plugins\[0\].id: .* did you mean 'web'"),
        ({"plugins": [{"id": "web", "max_results": 0}]}, r"plugins\[0\].max_results: expected an integer >= 1"),
        ({"plugins": [{"id": "fusion", "max_tool_calls": 17}]}, "from 1 to 16; got 17"),
        ({"modalities": ["smell"]}, r"modalities\[0\]: expected text, image or audio"),
        ({"cache_control": {"type": "ephemeral", "ttl": "2h"}}, "cache_control.ttl: expected 5m or 1h"),
        ({"image_config": {"a": True}}, "image_config.a: expected a string or a number or a list"),
        ({"trace": {"trace_id": 3}}, "trace.trace_id: expected a string"),
        ({"trace": {"x": float("nan")}}, "trace.x: expected a finite number; got nan"),
        ({"extra_body": {"x": [1, float("inf")]}}, r"extra_body.x\[1\]: expected a finite number"),
        ({"extra_body": {"top_k": 1}, "top_k": 1}, "extra_body: 'top_k' is given as a parameter, too"),
        ({"stop_server_tools_when": []}, "at least 1 conditions; got 0"),
        ({"debug": {"echo": True}}, "debug.echo: no such key; expected some of echo_upstream_body"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_wrong_is_named(params: dict[str, Any], problem: str) -> None:
    with pytest.raises(ParameterError, match=problem):
        checked_params(params)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(ParameterError) as caught:
        checked_params(
            {
                "temperature": 9,
                "tmperature": 1,
                "provider": {"zdr": 1, "sort": "x"},
                "plugins": [{"id": "x"}, {"id": "web", "engine": "y"}],
                "top_logprobs": 2,
                "extra_body": {"model": "x"},
            }
        )

    paths = ("temperature", "tmperature", "provider.zdr", "provider.sort", "plugins[0].id", "plugins[1].engine")
    assert all(f"{path}: " in str(caught.value) for path in (*paths, "top_logprobs", "extra_body"))


def test_every_parameter_has_a_rule() -> None:
    for key in ChatParams.__annotations__:
        with pytest.raises(ParameterError, match=f"^{key}: expected"):
            checked_params({key: object()})


def test_token_ids_become_strings() -> None:
    assert checked_params({"logit_bias": {50256: -100, "7": 1}}) == {"logit_bias": {"50256": -100, "7": 1}}


@pytest.mark.parametrize(
    ("price", "sent"),
    [("0.5", "0.5"), (1, "1"), (0, "0"), (-0.0, "0.0"), (2.5, "2.5"), (1e-7, "0.0000001"), (Decimal("1E+2"), "100")],
    ids=str,
)
def test_prices_are_sent_as_decimal_strings(price: Any, sent: str) -> None:
    params = checked_params({"provider": {"max_price": {"prompt": price}}})

    assert params == {"provider": {"max_price": {"prompt": sent}}}


def test_members_of_enumerations_of_strings_are_their_strings() -> None:
    class Effort(StrEnum):
        LOW = "low"

    assert checked_params({"reasoning_effort": Effort.LOW}) == {"reasoning_effort": "low"}


def test_the_order_of_keys_is_always_the_same_where_it_means_nothing() -> None:
    one = {"top_p": 1, "provider": {"zdr": True, "order": ["b", "a"]}, "extra_body": {"y": 1, "x": 2}}
    other = {"extra_body": {"x": 2, "y": 1}, "provider": {"order": ["b", "a"], "zdr": True}, "top_p": 1}

    assert str(checked_params(one)) == str(checked_params(other))


def test_the_order_of_properties_in_a_schema_stays_since_models_write_in_it() -> None:
    sent: Any = checked_params(
        {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA, "name": "x"}}}
    )

    assert list(sent["response_format"]["json_schema"]["schema"]["properties"]) == ["z", "a"]


@pytest.mark.parametrize("key", ["messages", "model", "stream", "tools", "tool_choice"])
def test_extra_body_takes_no_key_that_has_a_place_of_its_own(key: str) -> None:
    with pytest.raises(ParameterError, match=f"extra_body: '{key}' has a place of its own"):
        checked_params({"extra_body": {key: 1, "top_k": 5}})


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ParameterError, match="JSON values"):
        checked_params({"extra_body": {"x": object()}})


def test_what_holds_itself_is_refused_soon() -> None:
    knot: dict[str, Any] = {}
    knot["a"] = knot["b"] = knot

    with pytest.raises(ParameterError, match="holds itself"):
        checked_params({"extra_body": knot})


def test_a_value_that_cannot_be_shown_is_refused_all_the_same() -> None:
    class Shy:
        def __repr__(self) -> str:
            raise RuntimeError

    with pytest.raises(
        ParameterError, match=r"temperature: .* got a value of type int; seed: .* got a value of type Shy"
    ):
        checked_params({"temperature": 10**5000, "seed": Shy()})


def test_a_wrong_value_is_shown_without_its_secrets_and_cut() -> None:
    with pytest.raises(ParameterError) as caught:
        checked_params({"temperature": "sk-or-v1-abcdef0123" + "x" * 9_000})

    assert "abcdef" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_extra_body_is_merged_into_the_body_unchecked() -> None:
    assert checked_params({"extra_body": {"safe_prompt": True, "temperature": 5}}) == {
        "safe_prompt": True,
        "temperature": 5,
    }


def test_what_is_checked_does_not_change_with_what_was_given() -> None:
    order = ["a"]
    sent: Any = checked_params({"provider": {"order": order}})

    order.append("b")

    assert sent == {"provider": {"order": ["a"]}}


# -- over the parameters of an agent


def test_parameters_lie_over_those_below() -> None:
    assert checked_params({"seed": 1}, base={"seed": 2, "top_p": 1}) == {"seed": 1, "top_p": 1}
    assert checked_params({}, base={"seed": 2}) == {"seed": 2}


def test_what_goes_together_may_come_from_both() -> None:
    assert checked_params({"top_logprobs": 3}, base={"logprobs": True}) == {"logprobs": True, "top_logprobs": 3}


@pytest.mark.parametrize(
    ("params", "base", "sent"),
    [
        ({"reasoning": {"max_tokens": 9}}, {"reasoning_effort": "low"}, {"reasoning": {"max_tokens": 9}}),
        ({"reasoning_effort": "low"}, {"reasoning": {"max_tokens": 9}}, {"reasoning_effort": "low"}),
        (
            {"reasoning_effort": "low"},
            {"reasoning": {"effort": "high", "exclude": True}},
            {"reasoning": {"exclude": True}, "reasoning_effort": "low"},
        ),
        ({"logprobs": False}, {"logprobs": True, "top_logprobs": 2}, {"logprobs": False}),
    ],
    ids=str,
)
def test_what_is_given_wins_over_what_says_the_same_below(params: Any, base: Any, sent: Any) -> None:
    assert checked_params(params, base=base) == sent


# -- warnings


OLDER: dict[str, Any] = {
    "include_reasoning": False,
    "route": "fallback",
    "stream_options": {"include_usage": True},
    "transforms": ["middle-out"],
    "usage": {"include": True},
}


@pytest.mark.parametrize("key", DEPRECATED)
def test_an_older_parameter_is_sent_with_a_word_about_its_successor(key: str) -> None:
    with pytest.warns(DeprecationWarning, match=f"{key} is older; it is sent, but (give|leave)") as caught:
        sent = checked_params({key: OLDER[key]})

    assert sent == {key: OLDER[key]}
    assert caught[0].filename == __file__


def test_a_refused_older_parameter_gives_no_warning() -> None:
    with warnings.catch_warnings(), pytest.raises(ParameterError, match="route: expected fallback or sort"):
        warnings.simplefilter("error")
        checked_params({"route": "x"})


def test_an_unknown_verbosity_is_sent_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="verbosity: expected low, .* 'chatty'"):
        assert checked_params({"verbosity": "chatty"}) == {"verbosity": "chatty"}


def test_an_object_is_asked_for_by_the_word_json() -> None:
    params = checked_params({"response_format": {"type": "json_object"}})

    assert "no message has the word JSON" in (json_mode_warning(params, [UserMessage("A list, please.")]) or "")
    assert json_mode_warning(params, [SystemMessage("Answer in Json."), UserMessage("A list.")]) is None
    assert json_mode_warning(params, [UserMessage([{"type": "text", "text": "as JSON"}])]) is None
    assert json_mode_warning({}, [UserMessage("A list, please.")]) is None


# -- what is implied


def test_a_feature_implies_what_the_server_needs_for_it() -> None:
    features = ["structured output", "stream"]

    assert implied({}, features=features, profile=OPENROUTER) == {"provider": {"require_parameters": True}}
    assert implied({}, features=features, profile=COMPATIBLE) == {"stream_options": {"include_usage": True}}
    assert implied({}, features=[], profile=OPENROUTER) == {}


@pytest.mark.parametrize("provider", [None, {"order": ["x"], "require_parameters": False}], ids=str)
def test_what_the_user_set_wins_over_what_is_implied(provider: Any) -> None:
    assert implied({"provider": provider}, features=["structured output"], profile=OPENROUTER) == {}


def test_objects_are_completed_key_by_key() -> None:
    added = implied({"provider": {"order": ["x"]}}, features=["structured output"], profile=OPENROUTER)

    assert added == {"provider": {"order": ["x"], "require_parameters": True}}
