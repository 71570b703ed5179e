"""The text form of ensembles, and those that most people want."""

from __future__ import annotations

import pytest

from callwright.errors import ParameterError
from callwright.query.compact import ensemble, jury, self_consistency, text_of
from callwright.query.config import QueryLLM
from callwright.query.members import QueryModel
from callwright.query.settings import StaticWeight, TrainingTableWeight, TrainingTableWeights

TEXTS = {
    "counted": ("a/b x3", QueryModel((QueryLLM("a/b"),) * 3)),
    "by a star": ("a/b*2", QueryModel((QueryLLM("a/b"),) * 2)),
    "a slug that looks counted": ("a/grok-x3", QueryModel((QueryLLM("a/grok-x3"),))),
    "a variant": ("a/b:free", QueryModel((QueryLLM("a/b:free"),))),
    "a variant and a mode": ("a/b:free:select", QueryModel((QueryLLM("a/b:free", "select_non_thinking"),))),
    "a variant that is a mode": ("a/b:thinking:generate", QueryModel((QueryLLM("a/b:thinking"),))),
    "a weight": ("a/b@2.5", QueryModel((QueryLLM("a/b", weight=StaticWeight(2.5)),))),
    "two members": (
        "openai/gpt-4o-mini x3, anthropic/claude-sonnet-4:thinking@2",
        QueryModel(
            (
                *(QueryLLM("openai/gpt-4o-mini"),) * 3,
                QueryLLM("anthropic/claude-sonnet-4", "select_thinking", weight=StaticWeight(2)),
            )
        ),
    ),
    "two sides": (
        "a/b->c/d, e/f:logprobs, g/h:thinking+logprobs",
        QueryModel(
            (
                QueryLLM("a/b"),
                QueryLLM("c/d", "select_non_thinking"),
                QueryLLM("e/f", "select_non_thinking_logprobs"),
                QueryLLM("g/h", "select_thinking_logprobs"),
            )
        ),
    ),
    "fields": (
        'a/b(temperature=0.5, stop=[")", ","], provider={"only": ["x"]}):select @2 x2',
        QueryModel(
            (
                QueryLLM.from_wire(
                    {
                        "id": "a/b",
                        "mode": "select_non_thinking",
                        "temperature": 0.5,
                        "stop": [")", ","],
                        "provider": {"only": ["x"]},
                        "weight": {"type": "static", "weight": 2},
                    }
                ),
            )
            * 2
        ),
    ),
    "a table": (
        'a/b @0.5<1<2; embeddings_model="c/d", top=5',
        QueryModel((QueryLLM("a/b", weight=TrainingTableWeight(1, 0.5, 2)),), TrainingTableWeights("c/d", 5)),
    ),
}


@pytest.mark.parametrize(("text", "meant"), TEXTS.values(), ids=TEXTS)
def test_a_text_says_an_ensemble(text: str, meant: QueryModel):
    assert ensemble(text) == meant
    assert ensemble(text_of(meant)) == meant


WRONG = {
    "nothing": ("", "at character 0 expected a model's slug"),
    "no second member": ("a/b,", "at character 4 expected a model's slug"),
    "two slugs": ("a/b c/d", "at character 4 expected ','"),
    "two arrows": ("a -> b -> c", "at character 7 expected"),
    "open fields": ("a/b(temperature=1", "expected '\\)'"),
    "no field": ("a/b()", "expected a field"),
    "no JSON": ("a/b(temperature=low)", "expected a JSON value of temperature"),
    "a field twice": ("a/b(top_k=1, top_k=2)", "expected each field once"),
    "a field with a place of its own": ("a/b(weight=1)", "expected each field once, and no weight here"),
    "out of range": ("a/b(temperature=3)", "a/b.temperature: expected a number from 0 to 2; got 3"),
    "too many": ("a/b x129", "expected a number from 1 to 128; got 129"),
    "none": ("a/b x0", "expected a number from 1 to 128; got 0"),
    "no mode": ("a/b(top_k=1):vote", "expected one of generate"),
    "kinds": ("a/b @1<2<3", "weight.type: expected static"),
}


@pytest.mark.parametrize(("text", "told"), WRONG.values(), ids=WRONG)
def test_a_text_that_says_none_is_told_where(text: str, told: str):
    with pytest.raises(ParameterError, match=told):
        ensemble(text)


def test_an_ensemble_of_odd_slugs_has_no_text():
    with pytest.raises(ParameterError):
        text_of(QueryModel((QueryLLM("a b"),)))


def test_self_consistency_asks_one_model_n_times():
    model = self_consistency("a/b", 5)

    assert model == ensemble("a/b x5")
    assert len(model.generators) == 5


@pytest.mark.parametrize("n", [0, 129, True])
def test_self_consistency_asks_1_to_128_times(n: int):
    with pytest.raises(ParameterError, match="expected a number from 1 to 128"):
        self_consistency("a/b", n)


def test_self_consistency_needs_a_model_that_writes():
    with pytest.raises(ParameterError, match="expected a model that generates"):
        self_consistency(QueryLLM("a/b", "select_thinking"), 3)


def test_a_jury_votes():
    model = jury(["a/b x2", QueryLLM("c/d", "select_thinking"), "e/f:logprobs"])

    assert model == ensemble("a/b:select x2, c/d:thinking, e/f:logprobs")
    assert jury("a/b, c/d", mode="select_thinking") == ensemble("a/b:thinking, c/d:thinking")


def test_a_jury_has_voters():
    with pytest.raises(ParameterError, match="at least 1"):
        jury([])
