"""Any configuration survives the wire, and has one name."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.query.compact import ensemble as ensemble_of
from callwright.query.compact import text_of
from callwright.query.config import QueryLLM
from callwright.query.members import QueryModel
from callwright.query.settings import (
    QueryProvider,
    QueryReasoning,
    StaticWeight,
    TrainingTableWeight,
    TrainingTableWeights,
)

texts = st.text(min_size=1, max_size=5)
lists = st.lists(texts, unique=True, max_size=3)
counts = st.integers(0, 2**31 - 1)
levels = st.sampled_from(["low", "medium", "high"])


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


weights = st.floats(0.001, 1000)
statics = st.builds(StaticWeight, weights)
tables = st.tuples(weights, weights, weights).map(sorted).map(lambda w: TrainingTableWeight(w[1], w[0], w[2]))
providers = st.builds(
    QueryProvider,
    order=maybe(lists),
    allow_fallbacks=maybe(st.booleans()),
    require_parameters=maybe(st.booleans()),
    data_collection=maybe(st.sampled_from(["allow", "deny"])),
    only=maybe(lists),
    ignore=maybe(lists),
    quantizations=maybe(lists),
    sort=maybe(texts),
)
reasonings = (
    st.builds(QueryReasoning, max_tokens=maybe(counts))
    | st.builds(QueryReasoning, effort=levels, enabled=st.none() | st.just(value=True))
    | st.builds(QueryReasoning, enabled=maybe(st.booleans()))
)


def llms(weight: st.SearchStrategy[Any]) -> st.SearchStrategy[QueryLLM]:
    modes = ["generate", "select_thinking", "select_non_thinking", "select_thinking_logprobs"]
    return st.builds(
        QueryLLM,
        st.sampled_from(["a/b", "c/d:free"]),
        st.sampled_from([*modes, "select_non_thinking_logprobs"]),
        select_top_logprobs=maybe(st.integers(0, 20)),
        frequency_penalty=maybe(st.floats(-2, 2)),
        logit_bias=maybe(
            st.dictionaries(st.integers(0, 99) | st.integers(0, 99).map(str), st.integers(-100, 100))
        ).filter(lambda bias: bias is None or len({str(token) for token in bias}) == len(bias)),
        max_completion_tokens=maybe(counts),
        presence_penalty=maybe(st.floats(-2, 2)),
        reasoning_effort=maybe(levels),
        stop=maybe(texts | lists),
        temperature=maybe(st.floats(0, 2)),
        top_p=maybe(st.floats(0, 1)),
        max_tokens=maybe(counts),
        min_p=maybe(st.floats(0, 1)),
        provider=maybe(providers),
        reasoning=maybe(reasonings),
        repetition_penalty=maybe(st.floats(0, 2)),
        top_a=maybe(st.floats(0, 1)),
        top_k=maybe(counts),
        verbosity=maybe(levels),
        models=st.lists(texts, unique=True, max_size=2),
        weight=weight,
        extra=st.dictionaries(st.sampled_from(["x", "y"]), st.integers()),
    )


ensembles = st.builds(QueryModel, st.lists(llms(statics), min_size=1, max_size=3).map(tuple)) | st.builds(
    QueryModel,
    st.lists(llms(tables), min_size=1, max_size=3).map(tuple),
    st.builds(TrainingTableWeights, texts, st.integers(1, 99)),
)


@settings(max_examples=60, deadline=None)
@given(llms(statics | tables))
def test_a_configuration_survives_the_wire_and_its_normal_form(llm: QueryLLM):
    assert QueryLLM.from_wire(llm.to_wire()) == llm
    assert llm.normalized().name == llm.name
    assert llm.normalized().normalized() == llm.normalized()
    assert llm.normalized().chat_params().keys() <= llm.chat_params().keys() | {"provider"}


@settings(max_examples=30, deadline=None)
@given(ensembles)
def test_an_ensemble_survives_the_wire(ensemble: QueryModel):
    assert QueryModel.from_wire(ensemble.to_wire()) == ensemble
    assert QueryModel(tuple(reversed(ensemble.models)), ensemble.weight).name == ensemble.name


@settings(max_examples=30, deadline=None)
@given(ensembles)
def test_an_ensemble_survives_its_text_form(ensemble: QueryModel):
    assert ensemble_of(text_of(ensemble)) == ensemble
