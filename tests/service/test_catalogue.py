"""The catalogue: whatever a service says of its models is read, and never makes reading fail."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.service.catalogue import (
    Credits,
    Endpoint,
    Generation,
    KeyInfo,
    ModelInfo,
    base_slug,
    models_of,
    resolved,
    unknown_model,
)
from callwright.service.views import Read, View

SONNET = {
    "id": "anthropic/claude-sonnet-4.5",
    "canonical_slug": "anthropic/claude-4.5-sonnet-20250929",
    "name": "Anthropic: Claude Sonnet 4.5",
    "created": 1_759_161_676,
    "description": "A model.",
    "context_length": 1_000_000,
    "architecture": {
        "modality": "text+image->text",
        "input_modalities": ["text", "image", "file"],
        "output_modalities": ["text"],
        "tokenizer": "Claude",
    },
    "pricing": {"prompt": "0.000003", "completion": "0.000015", "request": "0", "input_cache_read": "0.0000003"},
    "top_provider": {"context_length": 1_000_000, "max_completion_tokens": 64_000, "is_moderated": True},
    "per_request_limits": None,
    "supported_parameters": ["tools", "tool_choice", "temperature", "structured_outputs"],
    "default_parameters": {"temperature": 1, "top_p": None},
    "reasoning": {"mandatory": False, "supports_max_tokens": True},
    "expiration_date": "2027-03-01",
    "knowledge_cutoff": None,
    "a_new_key": {"since": "tomorrow"},
}
LIST = models_of(
    {
        "data": [
            SONNET,
            {"id": "deepseek/deepseek-r1:free", "canonical_slug": "deepseek/deepseek-r1"},
            {"id": "deepseek/deepseek-r1", "canonical_slug": "deepseek/deepseek-r1"},
            {"id": "~anthropic/claude-sonnet-latest", "alias_target": {"slug": SONNET["id"], "name": "Sonnet"}},
            {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}},
        ]
    }
)


def test_a_model_is_read() -> None:
    info = ModelInfo(SONNET)

    assert (info.id, info.context_length, info.max_completion_tokens) == (SONNET["id"], 1_000_000, 64_000)
    assert info.created == datetime.fromtimestamp(1_759_161_676, UTC)
    assert info.expiration_date == date(2027, 3, 1)
    assert info.knowledge_cutoff is None
    assert info.input_modalities == {"text", "image", "file"}
    assert (info.tokenizer, info.is_moderated, info.alias_of) == ("Claude", True, None)
    assert info.supports("tools", "temperature")
    assert not info.supports("tools", "seed")
    assert info.default_parameters["temperature"] == 1


def test_prices_are_exact_to_the_digit() -> None:
    pricing = ModelInfo(SONNET).pricing

    assert pricing.prompt == Decimal("0.000003")
    assert str(pricing.input_cache_read) == "3E-7"
    assert pricing.web_search is None
    assert not pricing.is_free


@pytest.mark.parametrize(
    ("said", "price"),
    [
        ("-1", None),
        ("0", Decimal(0)),
        (0.0000015, Decimal("0.0000015")),
        ("NaN", None),
        ("Infinity", None),
        ("free", None),
        (True, None),
        (None, None),
    ],
    ids=repr,
)
def test_a_price_is_a_decimal_or_unknown(said, price) -> None:
    assert ModelInfo({"pricing": {"prompt": said}}).pricing.prompt == price


def test_what_this_version_does_not_know_is_kept() -> None:
    assert ModelInfo(SONNET).raw["a_new_key"] == {"since": "tomorrow"}


@pytest.mark.parametrize(
    ("raw", "ids"),
    [
        ({"object": "list", "data": [{"id": "gpt-4o", "object": "model", "owned_by": "openai"}]}, ["gpt-4o"]),
        ({"object": "list", "data": [{"id": "Qwen/Qwen3-8B", "max_model_len": 4096}]}, ["Qwen/Qwen3-8B"]),
        ({"models": [{"name": "a"}], "data": [{"id": "model.gguf", "meta": {"n_params": 8}}]}, ["model.gguf"]),
        ([{"id": "meta-llama/Llama-3", "type": "chat", "display_name": "Llama"}], ["meta-llama/Llama-3"]),
        ({"data": None}, []),
        ({"data": [{"id": 3}, None, "x", {"id": "good"}]}, ["good"]),
        ({"models": [{"id": "only-here"}]}, ["only-here"]),
        ("nonsense", []),
    ],
    ids=["OpenAI, Ollama", "vLLM", "llama.cpp", "Together", "null", "rubbish", "models", "text"],
)
def test_the_lists_of_other_servers_are_read(raw, ids) -> None:
    assert [model.id for model in models_of(raw)] == ids


def test_what_other_servers_call_otherwise_is_found() -> None:
    assert ModelInfo({"id": "a", "max_model_len": 4096}).context_length == 4096
    assert ModelInfo({"id": "a", "context_window": 8192, "max_completion_tokens": 100}).max_completion_tokens == 100
    assert ModelInfo({"id": "a", "display_name": "A"}).name == "A"
    assert ModelInfo({"id": "a"}).supported_parameters is None


@pytest.mark.parametrize(
    ("slug", "found"),
    [
        ("anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4.5"),
        ("anthropic/claude-4.5-sonnet-20250929", "anthropic/claude-sonnet-4.5"),
        ("anthropic/claude-sonnet-4.5:nitro", "anthropic/claude-sonnet-4.5"),
        ("anthropic/claude-4.5-sonnet-20250929:floor", "anthropic/claude-sonnet-4.5"),
        ("anthropic/claude-sonnet-4.5@preset/mine", "anthropic/claude-sonnet-4.5"),
        ("anthropic/claude-sonnet-4.5:online@preset/mine", "anthropic/claude-sonnet-4.5"),
        ("~anthropic/claude-sonnet-latest", "~anthropic/claude-sonnet-latest"),
        ("deepseek/deepseek-r1", "deepseek/deepseek-r1"),
        ("deepseek/deepseek-r1:free", "deepseek/deepseek-r1:free"),
        ("anthropic/claude-sonnet-4.5:free", None),
        ("anthropic/claude-sonnet", None),
        ("@preset/mine", None),
        ("", None),
    ],
)
def test_a_slug_names_a_model_in_several_ways(slug, found) -> None:
    info = resolved(slug, LIST)

    assert (None if info is None else info.id) == found


def test_an_alias_says_what_it_stands_for() -> None:
    info = resolved("~anthropic/claude-sonnet-latest", LIST)

    assert info is not None
    assert info.alias_of == "anthropic/claude-sonnet-4.5"


@pytest.mark.parametrize(
    ("slug", "base"),
    [
        ("a/b:nitro", "a/b"),
        ("a/b:free", "a/b:free"),
        ("a/b:free:nitro", "a/b:free"),
        ("a/b@preset/x", "a/b"),
        ("@preset/x", "@preset/x"),
        ("b:7b", "b:7b"),
    ],
)
def test_a_routing_variant_is_no_model_of_its_own(slug, base) -> None:
    assert base_slug(slug) == base


@pytest.mark.parametrize(
    ("slug", "named"),
    [
        ("anthropic/claude-sonet-4.5", "anthropic/claude-sonnet-4.5"),
        ("claude-sonnet-4.5", "anthropic/claude-sonnet-4.5"),
        ("antropic/claude-sonnet-4.5:nitro", "anthropic/claude-sonnet-4.5"),
    ],
)
def test_an_unknown_model_is_told_its_neighbours(slug, named) -> None:
    error = unknown_model(slug, LIST)

    assert named in error.message
    assert error.status == 404


def test_an_unknown_model_far_from_all_has_no_neighbours() -> None:
    assert "did you mean" not in unknown_model("zzz", LIST).message


def test_an_endpoint_is_read() -> None:
    endpoint = Endpoint({"tag": "deepinfra/fp8", "quantization": "fp8", "status": -2, "latency_last_30m": {"p50": 25}})

    assert (endpoint.tag, endpoint.quantization, endpoint.status) == ("deepinfra/fp8", "fp8", -2)
    assert endpoint.latency_last_30m == {"p50": 25}
    assert endpoint.pricing.prompt is None


def test_a_generation_is_read() -> None:
    generation = Generation(
        {
            "id": "gen-1",
            "total_cost": 0.0015,
            "cache_discount": -0.0003,
            "created_at": "2026-08-22T12:00:00.000Z",
            "native_tokens_prompt": 10,
            "streamed": True,
            "provider_responses": [{"provider_name": "OpenAI", "status": 200}],
        }
    )

    assert generation.total_cost == Decimal("0.0015")
    assert generation.cache_discount == Decimal("-0.0003")
    assert generation.created_at == datetime(2026, 8, 22, 12, tzinfo=UTC)
    assert generation.provider_responses[0]["status"] == 200


def test_a_key_without_a_limit_has_none() -> None:
    key = KeyInfo({"label": "sk-or-v1-abc...xyz", "limit": None, "limit_remaining": None, "usage": 1.5})

    assert (key.limit, key.limit_remaining, key.usage) == (None, None, Decimal("1.5"))


def test_the_balance_is_what_is_left() -> None:
    assert Credits({"total_credits": 10.5, "total_usage": 10.75}).remaining == Decimal("-0.25")
    assert Credits({"total_credits": 10.5}).remaining is None


def test_views_are_equal_if_what_came_is() -> None:
    assert ModelInfo(SONNET) == ModelInfo(dict(SONNET))
    assert ModelInfo(SONNET) != Endpoint(SONNET)
    assert repr(ModelInfo(SONNET)) == "ModelInfo(id='anthropic/claude-sonnet-4.5')"
    assert len({ModelInfo(SONNET), ModelInfo(dict(SONNET))}) == 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("2026-13-45"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(_JSON, st.data())
def test_no_value_makes_reading_fail(value, data) -> None:
    kind = data.draw(st.sampled_from([ModelInfo, Endpoint, Generation, KeyInfo, Credits]))
    names = [name for name, member in vars(kind).items() if isinstance(member, Read | property)]
    keys = [*names, "architecture", "pricing", "top_provider", "alias_target"]

    view = kind(dict.fromkeys(keys, value))

    assert isinstance(view, View)
    for name in names:
        getattr(view, name)
    assert repr(view)
    assert view == view  # noqa: PLR0124 - must not raise
    assert isinstance(hash(view), int)
