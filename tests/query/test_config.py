"""Configurations of Query LLMs: their ids, what they refuse, and their way over the wire."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import pytest

from callwright.errors import ParameterError
from callwright.query.config import QueryLLM
from callwright.query.ids import content_id, draw, is_content_id
from callwright.query.members import QueryModel
from callwright.query.settings import (
    QueryProvider,
    QueryReasoning,
    StaticWeight,
    StaticWeights,
    TrainingTableWeight,
    TrainingTableWeights,
)

GENERATOR = QueryLLM("openai/gpt-4o-mini")
SELECTOR = QueryLLM(
    "openai/gpt-4o-mini",
    "select_non_thinking_logprobs",
    select_top_logprobs=5,
    temperature=0.0,
    weight=StaticWeight(1.5),
)
TABLE = TrainingTableWeight(base_weight=1, min_weight=0.5, max_weight=2)

GOLDEN = {
    "generator": (
        GENERATOR,
        '{"id":"openai/gpt-4o-mini","mode":"generate","weight":{"type":"static","weight":1.0}}',
        "3ILPmYwxjVJc3Ohdpk8JAy",
    ),
    "selector": (
        SELECTOR,
        (
            '{"id":"openai/gpt-4o-mini","mode":"select_non_thinking_logprobs","select_top_logprobs":5,'
            '"temperature":0.0,"weight":{"type":"static","weight":1.5}}'
        ),
        "1ccqd3DXrFCCTsQ1ZvJRPa",
    ),
}


@pytest.mark.parametrize(("llm", "text", "name"), GOLDEN.values(), ids=GOLDEN)
def test_the_ids_of_the_service_are_met(llm: QueryLLM, text: str, name: str):
    assert (llm.canonical_json(), llm.name) == (text, name)


def test_the_id_of_the_ensemble_is_met_in_any_order_of_its_members():
    names = {QueryModel((GENERATOR, SELECTOR)).name, QueryModel((SELECTOR, GENERATOR)).name}

    assert names == {"4DQZSLCYHHkK0mXxqT4adD"}


def test_the_id_of_a_logged_configuration_is_met():
    """Of the successor's time, when the fields were others."""
    text = (
        '{"model":"meta-llama/llama-3.3-70b-instruct","weight":{"type":"static","weight":1.0},'
        '"output_mode":"instruction","top_logprobs":20,"provider":{"only":["Crusoe"]}}'
    )

    assert content_id(text) == "0JyvT82ZzjnF6BQFnaICFO"


def test_an_id_is_filled_up_to_22_letters_and_digits():
    ids = [content_id(str(number)) for number in range(200)]

    assert all(is_content_id(name) for name in ids)
    assert any(name.startswith("0") for name in ids)
    assert not is_content_id("x" * 21)
    assert not is_content_id("-" * 22)


def test_who_lacks_the_extra_is_told_which_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "xxhash", None)

    with pytest.raises(ModuleNotFoundError, match=r"pip install 'callwright\[query\]'"):
        content_id("x")


EQUAL = {
    "defaults": {
        "frequency_penalty": 0,
        "logit_bias": {},
        "max_completion_tokens": 0,
        "presence_penalty": -0.0,
        "stop": [],
        "temperature": 1,
        "top_p": 1.0,
        "max_tokens": 0,
        "min_p": 0,
        "repetition_penalty": 1,
        "top_a": 0,
        "top_k": 0,
        "verbosity": "medium",
        "models": [],
    },
    "nulls": {"temperature": None, "provider": None, "models": None, "logit_bias": None},
    "provider": {
        "provider": {
            "allow_fallbacks": True,
            "require_parameters": False,
            "data_collection": "allow",
            "order": [],
            "only": [],
            "ignore": None,
            "quantizations": [],
        }
    },
    "no reasoning": {"reasoning": {"max_tokens": 0, "enabled": False}},
    "no alternatives": {"select_top_logprobs": 0},
    "an answer": {"name": "x", "training_table_name": "y", "index": 3, "training_table_index": 0},
    "statistics": {"user_id": "u", "created": "2025-10-10T00:00:00Z", "requests": 5},
}


@pytest.mark.parametrize("fields", EQUAL.values(), ids=EQUAL)
def test_what_repeats_a_default_has_the_name_of_what_does_not(fields: Mapping[str, object]):
    weight = {"type": "static", "weight": 1}

    llm = QueryLLM.from_wire({**fields, "id": "openai/gpt-4o-mini", "mode": "generate", "weight": weight})

    assert llm.name == GENERATOR.name
    assert llm.chat_params() == {}


NORMAL: dict[str, tuple[dict[str, Any], str]] = {
    "one stop": ({"stop": ["x"]}, '"stop":"x"'),
    "stops": ({"stop": ["z", "é", "a"]}, '"stop":["a","z","é"]'),
    "bias": ({"logit_bias": {"100": 1, 9: -100}}, '"logit_bias":{"9":-100,"100":1}'),
    "order is kept": (
        {"provider": {"order": ["b", "a"], "only": ["b", "a"], "sort": "price"}},
        '"provider":{"order":["b","a"],"only":["a","b"],"sort":"price"}',
    ),
    "effort": ({"reasoning": {"effort": "low", "enabled": True}}, '"reasoning":{"effort":"low"}'),
    "reasoning": ({"reasoning": {"enabled": True}}, '"reasoning":{"enabled":true}'),
    "an integer": ({"temperature": 2, "top_k": 7}, '"temperature":2.0,"top_k":7'),
    "a small number": ({"min_p": 1e-5, "top_a": 1e-7}, '"min_p":0.00001,"top_a":1e-7'),
    "fallbacks": ({"models": ["z/z", "a/a"]}, '"models":["z/z","a/a"]'),
}


@pytest.mark.parametrize(("fields", "text"), NORMAL.values(), ids=NORMAL)
def test_the_normal_form_says_the_same_in_one_way(fields: dict[str, Any], text: str):
    llm = QueryLLM("a/b", **fields)

    assert llm.canonical_json() == (
        f'{{"id":"a/b","mode":"generate",{text},"weight":{{"type":"static","weight":1.0}}}}'
    )
    assert llm.normalized().canonical_json() == llm.canonical_json()


def test_all_alternatives_are_the_default_of_the_modes_with_logprobs():
    plain = QueryLLM("a/b", "select_thinking_logprobs")

    assert QueryLLM("a/b", "select_thinking_logprobs", select_top_logprobs=20).name == plain.name
    assert QueryLLM("a/b", "select_thinking_logprobs", select_top_logprobs=0).name != plain.name
    assert plain.top_logprobs == plain.width == 20


def test_the_ids_of_the_sdk_forget_the_effort():
    llm = QueryLLM("a/b", reasoning=QueryReasoning(effort="low"))

    assert llm.canonical_json(style="sdk") == QueryLLM("a/b").canonical_json()
    assert '"reasoning":{"max_tokens":5}' in QueryLLM("a/b", reasoning=QueryReasoning(5)).canonical_json(style="sdk")


def test_the_history_stays_when_the_weight_changes():
    one = QueryLLM("a/b", weight=TABLE)
    other = QueryLLM("a/b", weight=TrainingTableWeight(2, 1, 3))
    ensembles = [QueryModel((llm, QueryLLM("c/d", weight=TABLE)), TrainingTableWeights("e/f")) for llm in (one, other)]

    assert one.training_table_name == other.training_table_name == QueryLLM("a/b").name
    assert one.name != other.name
    assert QueryLLM("a/b").training_table_name is None
    assert len({ensemble.training_table_name for ensemble in ensembles}) == 1
    assert len({ensemble.name for ensemble in ensembles}) == 2


def test_members_that_vote_otherwise_write_alike():
    voter = QueryLLM("a/b", "select_thinking_logprobs", select_top_logprobs=3, weight=TABLE)

    assert voter.generator_name == QueryLLM("a/b").generator_name == QueryLLM("a/b").name


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "mode": ({"mode": "vote"}, "QueryLLM.mode: expected generate, select_thinking"),
    "alternatives": ({"select_top_logprobs": 21}, "select_top_logprobs: expected an integer from 0 to 20; got 21"),
    "true": ({"temperature": True}, "temperature: expected a number from 0 to 2; got True"),
    "not a number": ({"top_p": float("nan")}, "top_p: expected a number from 0 to 1; got nan"),
    "a real": ({"top_k": 1.0}, "top_k: expected an integer from 0 to 2147483647; got 1.0"),
    "too many": ({"max_tokens": 2**31}, "max_tokens: expected an integer from 0 to 2147483647"),
    "penalty": ({"frequency_penalty": -2.1}, "frequency_penalty: expected a number from -2 to 2"),
    "a token": ({"logit_bias": {"01": 1}}, "logit_bias: expected keys that are decimal token ids"),
    "a bias": ({"logit_bias": {"1": 101}}, "logit_bias.1: expected an integer from -100 to 100"),
    "half a bias": ({"logit_bias": {"1": 0.5}}, "logit_bias.1: expected an integer"),
    "no stop": ({"stop": ""}, "stop: expected a string that is not empty"),
    "stop twice": ({"stop": ["a", "a"]}, "stop[1]: expected each string once; got 'a' again"),
    "effort": ({"reasoning_effort": "most"}, "reasoning_effort: expected low, medium or high"),
    "two budgets": ({"reasoning": {"max_tokens": 5, "effort": "low"}}, "reasoning: expected max_tokens or effort"),
    "off and on": ({"reasoning": {"effort": "low", "enabled": False}}, "reasoning.enabled: expected true"),
    "collection": ({"provider": {"data_collection": "no"}}, "provider.data_collection: expected allow or deny"),
    "provider key": ({"provider": {"onyl": ["a"]}}, "provider.onyl: no such key; did you mean 'only'?"),
    "itself": ({"models": ["x/y", "a/b"]}, "models: expected models to fall back to; got the id itself"),
    "no weight": ({"weight": {"type": "static", "weight": 0}}, "weight.weight: expected a number > 0; got 0"),
    "an order": (
        {"weight": {"type": "training_table", "base_weight": 1, "min_weight": 2, "max_weight": 3}},
        "weight: expected min_weight <= base_weight <= max_weight; got 2, 1, 3",
    ),
    "half a weight": ({"weight": {"type": "training_table", "base_weight": 1}}, "weight.max_weight: expected a number"),
    "kind": ({"weight": {"type": "dynamic"}}, "weight.type: expected one of static, training_table"),
}


@pytest.mark.parametrize(("fields", "told"), WRONG.values(), ids=WRONG)
def test_what_is_out_of_range_is_told_with_its_path(fields: dict[str, Any], told: str):
    wire = {"id": "a/b", "mode": "generate", "weight": {"type": "static", "weight": 1}, **fields}

    with pytest.raises(ParameterError) as caught:
        QueryLLM.from_wire(wire)

    assert told in str(caught.value)


def test_all_problems_of_all_members_are_told_at_once():
    wire = {
        "models": [
            {"id": "", "mode": "generate", "temperature": 3, "weight": {"type": "static", "weight": -1}},
            {"mode": "x"},
            "a/b",
        ],
        "weight": {"type": "training_table", "top": 0},
    }

    with pytest.raises(ParameterError) as caught:
        QueryModel.from_wire(wire)

    for path in (
        *("models[0].id", "models[0].temperature", "models[0].weight.weight", "models[0].weight.type"),
        *("models[1].id", "models[1].mode", "models[1].weight", "models[2]"),
        *("weight.embeddings_model", "weight.top"),
    ):
        assert f"QueryModel.{path}: expected" in str(caught.value)


@pytest.mark.parametrize("count", [0, 129])
def test_an_ensemble_has_1_to_128_members(count: int):
    with pytest.raises(ParameterError, match=f"models: expected a list of at least 1 and at most 128.*got {count}"):
        QueryModel((GENERATOR,) * count)


def test_the_kinds_of_weight_do_not_mix():
    with pytest.raises(ParameterError, match=r"models\[1\]\.weight\.type: expected static, .*got 'training_table'"):
        QueryModel((GENERATOR, QueryLLM("a/b", weight=TABLE)), StaticWeights())


def test_equal_members_have_slots_of_their_own():
    ensemble = QueryModel((GENERATOR, SELECTOR, GENERATOR))

    assert [slot for slot, _ in ensemble.generators] == [1, 2]
    assert [slot for slot, _ in ensemble.selectors] == [0]


def test_members_share_an_index_in_the_table_if_they_share_its_name():
    light, heavy = (QueryLLM("a/b", weight=TrainingTableWeight(1, 1, most)) for most in (2, 3))
    ensemble = QueryModel((light, heavy, QueryLLM("c/d", weight=TABLE)), TrainingTableWeights("e/f"))

    by_id = {(llm.id, ensemble.training_table_index(slot)) for slot, llm in enumerate(ensemble.models)}

    assert len(by_id) == 2
    assert {index for _, index in by_id} == {0, 1}


def test_unknown_keys_are_kept_and_change_no_name():
    llm = QueryLLM.from_wire({**GENERATOR.to_wire(), "requests": 7, "verbosity": None, "name": "x"})

    assert llm.extra == {"requests": 7}
    assert llm.name == GENERATOR.name
    assert llm.to_wire()["requests"] == 7


def test_a_known_key_is_no_extra():
    with pytest.raises(ParameterError, match=r"extra\.temperature: expected keys that are not known"):
        QueryLLM("a/b", extra={"temperature": 1})


def test_a_request_for_logprobs_goes_where_they_are_given():
    llm = QueryLLM("a/b", "select_non_thinking_logprobs", provider=QueryProvider(order=("x",)), max_tokens=0)

    assert llm.chat_params() == {
        "logprobs": True,
        "top_logprobs": 20,
        "provider": {"order": ["x"], "require_parameters": True},
    }


def test_an_explicit_wish_wins_over_what_logprobs_imply():
    llm = QueryLLM("a/b", "select_non_thinking_logprobs", provider=QueryProvider(require_parameters=False))

    assert "provider" not in llm.chat_params()


def test_no_request_says_two_efforts():
    llm = QueryLLM("a/b", reasoning_effort="low", reasoning=QueryReasoning(effort="high"))

    assert llm.chat_params() == {"reasoning": {"effort": "high"}}


def test_configurations_can_be_keys():
    assert len({GENERATOR, QueryLLM("openai/gpt-4o-mini", logit_bias={"1": 1}), GENERATOR}) == 2
    assert QueryLLM("a/b", temperature=1) == QueryLLM("a/b", temperature=1.0)


def test_a_draw_depends_on_the_items_and_not_on_where_they_stood():
    items = [str(number) for number in range(20)]

    drawn = draw("seed", items)

    assert drawn == draw("seed", reversed(items))
    assert sorted(drawn) == sorted(items)
    assert drawn != draw("other", items)


def test_every_order_is_drawn_as_often():
    orders = [tuple(draw(str(seed), "abc")) for seed in range(1200)]

    assert len(set(orders)) == 6
    assert all(150 < orders.count(order) < 250 for order in set(orders))
