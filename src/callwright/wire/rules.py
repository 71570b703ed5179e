"""The rules of the request parameters: what each may be, which go together, and which have a successor.

Sources: OpenRouter's OpenAPI document of 2026-08-22 (types), https://openrouter.ai/docs/api-reference/parameters
(ranges); where they differ, the wider range is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from callwright.wire.ranges import (
    ANYTHING,
    BOOLEAN,
    OBJECT,
    PRICE,
    STRING,
    Range,
    Value,
    integer,
    number,
    one_of,
    shown,
    string,
)
from callwright.wire.shapes import STRINGS, Either, Fields, Items, Maybe, Pairs, Tagged

__all__ = ["DEPRECATED", "PLACED", "RULES", "conflicts"]

PLACED = frozenset[object]({"messages", "model", "stream", "tools", "tool_choice"})
"""Keys of the body that are no parameters: `messages` and `model` say what is asked and whom, `stream` whether somebody
listens, `tools` and `tool_choice` are made from functions. Twice in one object, each server would read another one."""

DEPRECATED: Mapping[str, str] = {
    "include_reasoning": 'give reasoning={} for true, reasoning={"exclude": True} for false',
    "route": 'give models=[...], and provider={"sort": {"by": ..., "partition": "model" or "none"}}',
    "stream_options": "leave it out: a stream always says what it used",
    "transforms": 'give plugins=[{"id": "context-compression"}], with "enabled": False for none',
    "usage": "leave it out: an answer always says what it used",
}
"""Older parameters, which are sent all the same, and what to do instead."""

_SAFE = 2**53 - 1
"""The largest integer that every reader of JSON takes as it is."""
_WHOLE, _COUNT, _AMOUNT, _SHARE = integer(), integer(1), number(0), number(0, 1)
_EFFORT = one_of("max", "xhigh", "high", "medium", "low", "minimal", "none")
_SORT = one_of("price", "throughput", "latency", "exacto")


def _fields(*required: str, **fields: Range) -> Fields:
    return Fields(fields, frozenset(required))


def _kinds(tag: str, kinds: Mapping[str, Fields], hint: str = "") -> Tagged:
    """Return the range of objects whose `tag` says which of `kinds` they are."""
    tagged = {
        kind: Fields({tag: one_of(kind), **fields.fields}, fields.required | {tag}) for kind, fields in kinds.items()
    }
    return Tagged(tag, tagged, hint)


_REASONING = _fields(
    effort=Maybe(_EFFORT),
    max_tokens=integer(0),
    exclude=BOOLEAN,
    enabled=BOOLEAN,
    summary=Maybe(one_of("auto", "concise", "detailed")),
    context=one_of("auto", "all_turns", "current_turn"),
    mode=one_of("standard", "pro"),
)

_QUANTIZATION = one_of(
    *("int4", "int8", "fp4", "mxfp4", "nvfp4", "fp6", "fp8", "mxfp8", "fp16", "bf16", "fp32", "unknown")
)
_PREFERRED = Maybe(Either((_AMOUNT, Fields({key: Maybe(_AMOUNT) for key in ("p50", "p75", "p90", "p99")}))))
_PROVIDER = _fields(
    order=Maybe(STRINGS),
    allow_fallbacks=Maybe(BOOLEAN),
    require_parameters=Maybe(BOOLEAN),
    data_collection=Maybe(one_of("allow", "deny")),
    zdr=Maybe(BOOLEAN),
    enforce_distillable_text=Maybe(BOOLEAN),
    only=Maybe(STRINGS),
    ignore=Maybe(STRINGS),
    quantizations=Maybe(Items(_QUANTIZATION, "precisions")),
    sort=Maybe(Either((_SORT, _fields(by=Maybe(_SORT), partition=Maybe(one_of("model", "none")))))),
    max_price=Fields(dict.fromkeys(("prompt", "completion", "request", "image", "audio"), PRICE)),
    preferred_min_throughput=_PREFERRED,
    preferred_max_latency=_PREFERRED,
)

_FORMAT = _kinds(
    "type",
    {
        "text": _fields(),
        "json_object": _fields(),
        "json_schema": _fields(
            "json_schema",
            json_schema=_fields(
                *("name", "schema"),
                name=string(64, pattern="[A-Za-z0-9_-]+"),
                schema=OBJECT,
                strict=Maybe(BOOLEAN),
                description=STRING,
            ),
        ),
        "grammar": _fields("grammar", grammar=STRING),
        "python": _fields(),
    },
)

_PATTERNS = Items(string(1024), "patterns", most=1024)
_AUTO_ROUTER: Mapping[str, Range] = {
    "enabled": BOOLEAN,
    "allowed_models": _PATTERNS,
    "excluded_models": _PATTERNS,
    "cost_tier": one_of("low", "medium", "high", "xhigh", "max"),
    "cost_quality_tradeoff": integer(0, 10),
}
_SCALAR = Maybe(Either((STRING, number(), BOOLEAN)))
_SETTING = Either((_SCALAR, Items(_SCALAR, "scalars"), Pairs(STRING, _SCALAR)))
_LOCATION = _fields(
    "type",
    type=one_of("approximate"),
    city=Maybe(STRING),
    region=Maybe(STRING),
    country=Maybe(STRING),
    timezone=Maybe(STRING),
)
_MODES = ("instant", "fast", "auto", "deep-lite", "deep", "deep-reasoning", "turbo", "basic", "advanced")
_PLUGIN = _kinds(
    "id",
    {
        "auto-router": Fields({**_AUTO_ROUTER, "pin_model": BOOLEAN}),
        "auto-beta-router": Fields(_AUTO_ROUTER),
        "moderation": _fields(),
        "web": _fields(
            enabled=BOOLEAN,
            engine=one_of("native", "exa", "firecrawl", "parallel", "perplexity"),
            mode=one_of(*_MODES),
            max_results=_COUNT,
            max_uses=_COUNT,
            search_prompt=STRING,
            include_domains=STRINGS,
            exclude_domains=STRINGS,
            user_location=Maybe(_LOCATION),
        ),
        "web-fetch": _fields(
            max_uses=_COUNT, max_content_tokens=_COUNT, allowed_domains=STRINGS, blocked_domains=STRINGS
        ),
        "file-parser": _fields(
            enabled=BOOLEAN, pdf=_fields(engine=one_of("mistral-ocr", "native", "cloudflare-ai", "pdf-text"))
        ),
        "response-healing": _fields(enabled=BOOLEAN),
        "context-compression": _fields(enabled=BOOLEAN, engine=one_of("middle-out")),
        "pareto-router": _fields(
            enabled=BOOLEAN,
            max_price=_AMOUNT,
            min_coding_score=_SHARE,
            price_source=one_of("prompt", "weighted_avg"),
        ),
        "fusion": _fields(
            enabled=BOOLEAN,
            preset=one_of("general-high", "general-budget", "general-fast"),
            analysis_models=Items(STRING, "slugs", most=8, least=1),
            model=STRING,
            max_tool_calls=integer(1, 16),
            tools=Items(_fields("type", type=STRING, parameters=Pairs(STRING, _SETTING)), "tools", most=8),
        ),
    },
    hint="; a plugin that is newer than this version goes into extra_body={'plugins': [...]}",
)

_STOP_CONDITION = _kinds(
    "type",
    {
        "step_count_is": _fields("step_count", step_count=_COUNT),
        "has_tool_call": _fields("tool_name", tool_name=string(shortest=1)),
        "max_tokens_used": _fields("max_tokens", max_tokens=_COUNT),
        "max_cost": _fields("max_cost_in_dollars", max_cost_in_dollars=_AMOUNT),
        "finish_reason_is": _fields("reason", reason=string(shortest=1)),
    },
)

_CACHE_CONTROL = _fields("type", type=one_of("ephemeral"), ttl=one_of("5m", "1h"))
_TEXT_PART = Fields(
    {
        "type": one_of("text"),
        "text": STRING,
        "cache_control": _CACHE_CONTROL,
        "prompt_cache_breakpoint": Maybe(_fields("mode", mode=one_of("explicit"))),
    },
    frozenset({"type", "text"}),
)
_TRACE_KEYS = ("trace_id", "trace_name", "span_name", "generation_name", "parent_span_id")
_TOKEN = Value("token ids", lambda key: isinstance(key, str) or integer(0, _SAFE).fits(key))
_SIZE = one_of("low", "medium", "high")

RULES: Mapping[str, Range] = {
    "temperature": Maybe(number(0, 2)),
    "top_p": Maybe(_SHARE),
    "top_k": Maybe(integer(0)),
    "min_p": Maybe(_SHARE),
    "top_a": Maybe(_SHARE),
    "frequency_penalty": Maybe(number(-2, 2)),
    "presence_penalty": Maybe(number(-2, 2)),
    "repetition_penalty": Maybe(number(0, 2)),
    "seed": Maybe(integer(-_SAFE, _SAFE)),
    "max_tokens": Maybe(_COUNT),
    "max_completion_tokens": Maybe(_COUNT),
    "logit_bias": Maybe(Pairs(_TOKEN, number(-100, 100), expected="an object of token id -> number from -100 to 100")),
    "logprobs": Maybe(BOOLEAN),
    "top_logprobs": Maybe(integer(0, 20)),
    "stop": Maybe(Either((STRING, Items(STRING, "strings", most=4)))),
    "response_format": _FORMAT,
    "structured_outputs": BOOLEAN,
    "verbosity": STRING,
    "reasoning": _REASONING,
    "reasoning_effort": Maybe(_EFFORT),
    "parallel_tool_calls": Maybe(BOOLEAN),
    "models": STRINGS,
    "provider": Maybe(_PROVIDER),
    "plugins": Items(_PLUGIN, "plugins"),
    "preset": STRING,
    "prediction": Maybe(
        _fields("type", "content", type=one_of("content"), content=Either((STRING, Items(_TEXT_PART, "text parts"))))
    ),
    "user": STRING,
    "session_id": string(256),
    "metadata": Pairs(string(64), string(512), most=16),
    "service_tier": Maybe(one_of("auto", "default", "fast", "flex", "priority", "scale")),
    "modalities": Items(one_of("text", "image", "audio"), "modalities"),
    "audio": Fields({"voice": STRING, "format": STRING}, frozenset({"voice", "format"}), is_open=True),
    "image_config": Pairs(STRING, Either((STRING, number(), Items(ANYTHING, "JSON values")))),
    "cache_control": _CACHE_CONTROL,
    "prompt_cache_key": Maybe(STRING),
    "prompt_cache_options": Maybe(_fields("mode", mode=one_of("explicit"), ttl=Maybe(STRING))),
    "web_search_options": _fields(search_context_size=_SIZE, user_location=Maybe(OBJECT)),
    "x_search_filter": OBJECT,
    "max_tool_calls": integer(0, 30),
    "stop_server_tools_when": Items(_STOP_CONDITION, "conditions", least=1),
    "trace": Fields(dict.fromkeys(_TRACE_KEYS, STRING), is_open=True),
    "debug": _fields(echo_upstream_body=BOOLEAN),
    "include_reasoning": BOOLEAN,
    "route": Maybe(one_of("fallback", "sort")),
    "stream_options": Maybe(_fields(include_usage=BOOLEAN)),
    "transforms": STRINGS,
    "usage": _fields(include=BOOLEAN),
    "extra_body": OBJECT,
}
"""Parameter -> what it may be."""


def conflicts(params: Mapping[str, object]) -> Iterator[str]:
    """Yield what is wrong with parameters that are right by themselves."""
    if params.get("top_logprobs") is not None and params.get("logprobs") is not True:
        yield f"top_logprobs: needs logprobs=True; got logprobs {shown(params.get('logprobs'))}"
    given = params.get("reasoning")
    reasoning = cast("Mapping[str, object]", given if isinstance(given, Mapping) else {})
    inner, outer = reasoning.get("effort"), params.get("reasoning_effort")
    if inner is not None and outer is not None and inner != outer:
        yield f"reasoning_effort: {shown(outer)} contradicts reasoning.effort {shown(inner)}; give one of them"
    if reasoning.get("max_tokens") is not None and (inner is not None or outer is not None):
        where = "reasoning" if inner is not None else "reasoning_effort"
        yield f"{where}: expected an effort or reasoning.max_tokens; got both"
