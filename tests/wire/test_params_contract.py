"""What the checks of the parameters accept, OpenRouter's document accepts; and every key of it has its type here."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.testing.openrouter_wire import SPEC, complaints

from callwright.errors import ParameterError
from callwright.wire import options, plugins
from callwright.wire.chat import ChatRequest, Encoded
from callwright.wire.messages import UserMessage
from callwright.wire.params import ChatParams, checked_params
from callwright.wire.parts import CacheControl
from callwright.wire.profile import OPENROUTER
from callwright.wire.rules import DEPRECATED, PLACED, RULES

pytestmark = pytest.mark.filterwarnings("ignore")

SCHEMAS = SPEC["components"]["schemas"]
NOT_IN_THE_DOCUMENT = {
    *("audio", "include_reasoning", "max_tool_calls", "preset", "structured_outputs", "transforms", "usage"),
    *("verbosity", "web_search_options", "x_search_filter"),
}
"""In the prose of the service only."""


def body_of(params: dict[str, Any]) -> Any:
    request = ChatRequest([UserMessage("Hello?")], params=Encoded(checked_params(params)))
    return json.loads(request.body(OPENROUTER, model="openai/gpt-4o-mini", stream=True))


# -- every key has its type


def test_every_key_of_a_request_is_a_parameter_or_has_a_place_of_its_own() -> None:
    keys = set(SCHEMAS["ChatRequest"]["properties"])

    assert keys - PLACED <= ChatParams.__annotations__.keys()
    assert set(ChatParams.__annotations__) - keys == NOT_IN_THE_DOCUMENT | {"extra_body"}
    assert RULES.keys() == ChatParams.__annotations__.keys()
    assert DEPRECATED.keys() <= RULES.keys()


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (options.ProviderPreferences, "ProviderPreferences"),
        (options.Sorting, "ProviderSortConfig"),
        (options.Percentiles, "PercentileLatencyCutoffs"),
        (options.Percentiles, "PercentileThroughputCutoffs"),
        (options.JsonSchema, "ChatJsonSchemaConfig"),
        (options.JsonSchemaFormat, "ChatFormatJsonSchemaConfig"),
        (options.GrammarFormat, "ChatFormatGrammarConfig"),
        (options.Prediction, "Prediction"),
        (options.CacheOptions, "PromptCacheOptions"),
        (options.Trace, "TraceConfig"),
        (options.Debug, "ChatDebugOptions"),
        (options.StreamOptions, "ChatStreamOptions"),
        (options.StepCount, "StopServerToolsWhenStepCountIs"),
        (options.HasToolCall, "StopServerToolsWhenHasToolCall"),
        (options.MaxTokensUsed, "StopServerToolsWhenMaxTokensUsed"),
        (options.MaxCost, "StopServerToolsWhenMaxCost"),
        (options.FinishReason, "StopServerToolsWhenFinishReasonIs"),
        (plugins.PdfOptions, "PDFParserOptions"),
        (plugins.UserLocation, "WebSearchUserLocation"),
        (CacheControl, "AnthropicCacheControlDirective"),
        *((plugin, None) for plugin in get_args(plugins.Plugin)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_key_of_an_object_is_typed(kind: Any, schema: str | None) -> None:
    if schema is None:
        (plugin,) = get_args(get_type_hints(kind)["id"])
        schema = next(
            name for name, found in SCHEMAS.items() if found.get("properties", {}).get("id", {}).get("enum") == [plugin]
        )

    assert set(kind.__annotations__) == set(SCHEMAS[schema]["properties"])


def test_every_key_of_nested_objects_is_typed() -> None:
    request = SCHEMAS["ChatRequest"]["properties"]

    assert set(request["reasoning"]["properties"]) <= options.Reasoning.__annotations__.keys()
    assert set(SCHEMAS["ProviderPreferences"]["properties"]["max_price"]["properties"]) == set(
        options.MaxPrice.__annotations__
    )


@pytest.mark.parametrize(
    ("kind", "key", "schema"),
    [
        (options.Reasoning, "effort", SCHEMAS["ChatRequest"]["properties"]["reasoning"]["properties"]["effort"]),
        (options.Reasoning, "summary", SCHEMAS["ChatReasoningSummaryVerbosityEnum"]),
        (options.ProviderPreferences, "quantizations", SCHEMAS["Quantization"]),
        (options.ProviderPreferences, "data_collection", {"enum": ["allow", "deny"]}),
        (options.Sorting, "by", SCHEMAS["ProviderSort"]),
        (plugins.WebPlugin, "mode", SCHEMAS["WebSearchMode"]),
        (plugins.WebPlugin, "engine", SCHEMAS["WebSearchEngine"]),
        (plugins.AutoRouterPlugin, "cost_tier", SCHEMAS["AutoRouterPlugin"]["properties"]["cost_tier"]),
        (plugins.FusionPlugin, "preset", SCHEMAS["FusionPlugin"]["properties"]["preset"]),
        (plugins.ParetoRouterPlugin, "price_source", SCHEMAS["ParetoRouterPlugin"]["properties"]["price_source"]),
        (ChatParams, "reasoning_effort", SCHEMAS["ChatRequest"]["properties"]["reasoning_effort"]),
        (ChatParams, "service_tier", SCHEMAS["ChatRequest"]["properties"]["service_tier"]),
        (ChatParams, "modalities", SCHEMAS["ChatRequest"]["properties"]["modalities"]["items"]),
        (ChatParams, "route", SCHEMAS["DeprecatedRoute"]),
        (CacheControl, "ttl", SCHEMAS["AnthropicCacheControlTtl"]),
    ],
    ids=lambda value: getattr(value, "__name__", value if isinstance(value, str) else ""),
)
def test_every_word_of_an_enumeration_is_typed(kind: type, key: str, schema: dict[str, Any]) -> None:
    assert words_of(get_type_hints(kind)[key]) == set(schema["enum"]) - {None}


def words_of(hint: Any) -> set[str]:
    inner = get_args(hint)
    return set(inner) if get_origin(hint) is Literal else set().union(*(words_of(one) for one in inner))


# -- what is accepted is valid


def instances(schema: dict[str, Any]) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one for each kind of schema
    """Return a strategy of what a schema of the document describes, numbers and strings small.

    All numbers are from 0 to 1, all integers from 1, all free strings digits: right for every range that prose adds.
    """
    match schema:
        case {"$ref": str(reference)}:
            return instances(SCHEMAS[reference.rpartition("/")[2]])
        case {"allOf": [first, *others]}:
            whole = SCHEMAS[first["$ref"].rpartition("/")[2]]
            return instances({**whole, "required": [key for other in others for key in other.get("required", ())]})
        case {"oneOf": choices} | {"anyOf": choices}:
            return st.one_of([instances(choice) for choice in choices])
        case {"enum": values}:
            return st.sampled_from(values)
        case {"type": list(kinds)}:
            return st.one_of([instances({**schema, "type": kind}) for kind in kinds])
        case {"type": str(kind)}:
            return KINDS[kind](schema)
        case _:
            return st.sampled_from([None, True, "x", 1.5, [1], {"a": 1}])


def objects(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    required = set(schema.get("required", ()))
    fields = {key: instances(inner) for key, inner in schema.get("properties", {}).items()}
    if not fields and isinstance(schema.get("additionalProperties"), dict):
        return st.dictionaries(DIGITS, instances(schema["additionalProperties"]), max_size=2)
    must = {key: strategy for key, strategy in fields.items() if key in required}
    may = {key: strategy for key, strategy in fields.items() if key not in required}
    return st.fixed_dictionaries(must, optional=may)


DIGITS = st.text("0123456789", min_size=1, max_size=5)
KINDS: dict[str, Any] = {
    "array": lambda schema: st.lists(
        instances(schema["items"]), min_size=schema.get("minItems", 0), max_size=min(3, schema.get("maxItems", 3))
    ),
    "boolean": lambda _: st.booleans(),
    "integer": lambda schema: st.integers(max(1, schema.get("minimum", 1)), min(10, schema.get("maximum", 10))),
    "null": lambda _: st.none(),
    "number": lambda _: st.floats(0, 1),
    "object": objects,
    "string": lambda _: DIGITS,
}
PROSE: dict[str, st.SearchStrategy[Any]] = {
    "audio": st.fixed_dictionaries({"voice": DIGITS, "format": DIGITS}),
    "include_reasoning": st.booleans(),
    "max_tool_calls": st.integers(0, 30),
    "preset": DIGITS,
    "structured_outputs": st.booleans(),
    "transforms": st.lists(st.just("middle-out"), max_size=1),
    "usage": st.fixed_dictionaries({}, optional={"include": st.booleans()}),
    "verbosity": st.sampled_from(["low", "max"]),
    "web_search_options": st.fixed_dictionaries({}, optional={"search_context_size": st.sampled_from(["low", "high"])}),
    "x_search_filter": st.dictionaries(DIGITS, DIGITS, max_size=1),
}
KEYS = {
    **{key: instances(schema) for key, schema in SCHEMAS["ChatRequest"]["properties"].items() if key not in PLACED},
    **PROSE,
}


@st.composite
def documented(draw: st.DrawFn) -> dict[str, Any]:
    """Draw parameters as the document describes them."""
    keys = draw(st.lists(st.sampled_from(sorted(KEYS)), max_size=6, unique=True))
    params: dict[str, Any] = {key: draw(KEYS[key]) for key in keys}
    if params.get("top_logprobs") is not None:
        params["logprobs"] = True
    if isinstance(params.get("reasoning"), dict):
        params.pop("reasoning_effort", None)
    if "json_schema" in params.get("response_format", ()):
        # Nobody asks for a schema without one, though the document lets it pass.
        params["response_format"]["json_schema"].setdefault("schema", {"type": "object"})
    return params


WILD = st.one_of(
    st.sampled_from([None, True, False, 0, -1, 1.5, 2**60, float("nan"), float("inf"), "", "x" * 600, [], {}]),
    st.sampled_from([Decimal("0.5"), [None], ["x"], {"a": 1}, {"type": "text"}, {"id": "web"}, "auto", "low", b"x"]),
)


@st.composite
def bent(draw: st.DrawFn) -> dict[str, Any]:
    """Draw parameters of which one value, somewhere, is another than the document describes, or one key more."""
    params = draw(documented())
    place: Any = params
    while True:
        inside = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from([*inside, "seed" if place is params else "type"]))
        if isinstance(place, list) and not isinstance(key, int):
            place.append(draw(WILD))
            return params
        inner = place.get(key) if isinstance(place, dict) else place[key]
        if not isinstance(inner, dict | list) or draw(st.booleans()):
            place[key] = draw(WILD)
            return params
        place = inner


@given(documented())
@settings(max_examples=300, deadline=None)
def test_what_the_document_describes_is_accepted_and_valid(params: dict[str, Any]) -> None:
    assert complaints(body_of(params), "ChatRequest") == []


@given(bent())
@settings(max_examples=600, deadline=None)
def test_what_is_accepted_is_valid(params: dict[str, Any]) -> None:
    try:
        body = body_of(params)
    except ParameterError:
        return

    assert complaints(body, "ChatRequest") == []


@pytest.mark.parametrize("key", sorted(KEYS))
def test_any_value_of_each_key_is_refused_or_valid(key: str) -> None:
    @given(st.one_of(WILD, KEYS[key]))
    @settings(max_examples=40, deadline=None)
    def holds(value: Any) -> None:
        try:
            body = body_of({key: value})
        except ParameterError:
            return

        assert complaints(body, "ChatRequest") == []

    holds()
