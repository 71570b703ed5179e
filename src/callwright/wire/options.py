"""The objects that some request parameters are, each key with its meaning, range and documented service default.

Sources: OpenRouter's OpenAPI document of 2026-08-22; what it does not name, https://openrouter.ai/docs (guides to
reasoning tokens, provider routing, web search and multimodal output). Defaults are the service's own and never sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, Required, TypeAlias

from typing_extensions import TypedDict

from callwright._json import JsonObject
from callwright.wire.content import TextPart

__all__ = [
    "AudioOutput",
    "CacheOptions",
    "Debug",
    "Effort",
    "FinishReason",
    "GrammarFormat",
    "HasToolCall",
    "JsonObjectFormat",
    "JsonSchema",
    "JsonSchemaFormat",
    "MaxCost",
    "MaxPrice",
    "MaxTokensUsed",
    "Percentiles",
    "Prediction",
    "ProviderPreferences",
    "PythonFormat",
    "Quantization",
    "Reasoning",
    "ResponseFormat",
    "Sorting",
    "StepCount",
    "StopCondition",
    "StreamOptions",
    "TextFormat",
    "Trace",
    "UsageOptions",
    "WebSearchOptions",
]

Effort: TypeAlias = Literal["max", "xhigh", "high", "medium", "low", "minimal", "none"]
"""How hard a model thinks: .95 .95 .80 .50 .20 .10 of its tokens; `none` not at all."""


Quantization: TypeAlias = Literal[
    "int4", "int8", "fp4", "mxfp4", "nvfp4", "fp6", "fp8", "mxfp8", "fp16", "bf16", "fp32", "unknown"
]
"""How precise the weights of an endpoint are."""


class Reasoning(TypedDict, total=False):
    """How much a model reasons. `effort` and `max_tokens` exclude each other."""

    effort: Effort | None
    """A share of the tokens: .95 .95 .80 .50 .20 .10; `none` turns reasoning off."""
    max_tokens: int
    """The exact budget, in tokens, >= 0."""
    exclude: bool
    """Reason, but do not return the reasoning. Service default: false."""
    enabled: bool
    """True is medium effort."""
    summary: Literal["auto", "concise", "detailed"] | None
    """How long a summary of the reasoning comes instead of all of it."""
    context: Literal["auto", "all_turns", "current_turn"]
    """From which turns the model sees its own reasoning; GPT-5.6 and newer."""
    mode: Literal["standard", "pro"]
    """How the model reasons; GPT-5.6 and newer."""


class Sorting(TypedDict, total=False):
    """By what endpoints are sorted, and whether each model's endpoints stay together."""

    by: Literal["price", "throughput", "latency", "exacto"] | None
    """What is best comes first; `exacto` is the quality of tool calls."""
    partition: Literal["model", "none"] | None
    """`none` sorts the endpoints of all `models` together. Service default: model."""


class Percentiles(TypedDict, total=False):
    """A limit for each percentile of an endpoint's recent requests, >= 0; all of them must hold."""

    p50: float | None
    """For half of the requests."""
    p75: float | None
    """For 75 % of them."""
    p90: float | None
    """For 90 % of them."""
    p99: float | None
    """For 99 % of them."""


class MaxPrice(TypedDict, total=False):
    """The most that may be paid, in US dollars; decimal strings, or numbers >= 0, which are sent as strings."""

    prompt: str | float | Decimal
    """Per million tokens of the prompt."""
    completion: str | float | Decimal
    """Per million tokens of the answer."""
    request: str | float | Decimal
    """Per request."""
    image: str | float | Decimal
    """Per image."""
    audio: str | float | Decimal
    """Per unit of audio."""


class ProviderPreferences(TypedDict, total=False):
    """Which providers may serve a request, and in which order."""

    order: Sequence[str] | None
    """Provider slugs, tried in this order; turns load balancing off."""
    allow_fallbacks: bool | None
    """Whether others may serve when those of `order` fail. Service default: true."""
    require_parameters: bool | None
    """Only endpoints that support every parameter sent. Service default: false."""
    data_collection: Literal["allow", "deny"] | None
    """Whether providers that may keep prompts can serve. Service default: allow."""
    zdr: bool | None
    """Only endpoints that retain nothing."""
    enforce_distillable_text: bool | None
    """Only models whose terms allow training on their text."""
    only: Sequence[str] | None
    """Provider slugs; no others may serve."""
    ignore: Sequence[str] | None
    """Provider slugs that may not serve."""
    quantizations: Sequence[Quantization] | None
    """Only these precisions of the weights."""
    sort: Literal["price", "throughput", "latency", "exacto"] | Sorting | None
    """What is best comes first; turns load balancing off."""
    max_price: MaxPrice
    """The most that may be paid; dearer endpoints may not serve."""
    preferred_min_throughput: float | Percentiles | None
    """Tokens per second, >= 0, below which an endpoint comes last; a number (the median), or one per percentile."""
    preferred_max_latency: float | Percentiles | None
    """Seconds, >= 0, above which an endpoint comes last; a number (the median), or one per percentile."""


class TextFormat(TypedDict):
    """Plain text."""

    type: Literal["text"]
    """Which form."""


class JsonObjectFormat(TypedDict):
    """Any JSON object; a message must ask for JSON by that word."""

    type: Literal["json_object"]
    """Which form."""


class PythonFormat(TypedDict):
    """Python code."""

    type: Literal["python"]
    """Which form."""


class GrammarFormat(TypedDict):
    """Text of a grammar."""

    type: Literal["grammar"]
    """Which form."""
    grammar: str
    """In the notation that the provider reads."""


class JsonSchema(TypedDict, total=False):
    """A schema that an answer keeps to."""

    name: Required[str]
    """Up to 64 of letters, digits, `_` and `-`."""
    schema: Required[JsonObject]
    """The JSON Schema; `strict` servers want every object closed and every key required."""
    strict: bool | None
    """Whether the answer can be nothing else. Service default: false."""
    description: str
    """What it is for, for the model."""


class JsonSchemaFormat(TypedDict):
    """A JSON object of a schema."""

    type: Literal["json_schema"]
    """Which form."""
    json_schema: JsonSchema
    """The schema and its name."""


ResponseFormat: TypeAlias = TextFormat | JsonObjectFormat | JsonSchemaFormat | GrammarFormat | PythonFormat
"""The form of an answer, by `type`."""


class Prediction(TypedDict):
    """Text that the answer will mostly repeat."""

    type: Literal["content"]
    """The only kind there is."""
    content: str | Sequence[TextPart]
    """The text, or text parts."""


class AudioOutput(TypedDict, total=False):
    """How an answer sounds, if `modalities` has `audio`; needs a stream."""

    voice: Required[str]
    """Such as `alloy`; the model's page lists its voices."""
    format: Required[str]
    """Such as `wav`, `mp3`, `pcm16`; streams of most models need `pcm16`."""


class CacheOptions(TypedDict, total=False):
    """How OpenAI's GPT-5.6 and newer cache the prompt."""

    mode: Required[Literal["explicit"]]
    """Only at the parts that are marked with `prompt_cache_breakpoint`."""
    ttl: str | None
    """How long it is kept."""


class WebSearchOptions(TypedDict, total=False):
    """How a model that searches by itself does it."""

    search_context_size: Literal["low", "medium", "high"]
    """How much of what was found the model reads. Service default: medium."""
    user_location: JsonObject | None
    """Where the user is, roughly: `{"type": "approximate", "approximate": {"country": "CH"}}`."""


class Trace(TypedDict, total=False):
    """Names for your observability; further keys of any JSON are passed on as they are."""

    trace_id: str
    """Groups requests into one trace."""
    trace_name: str
    """Names the trace."""
    span_name: str
    """Names a step between trace and generation."""
    generation_name: str
    """Names this request."""
    parent_span_id: str
    """The span of yours that this request belongs to."""


class Debug(TypedDict, total=False):
    """What the service shows of its own work."""

    echo_upstream_body: bool
    """The first chunk of a stream shows what the provider was sent. Service default: false."""


class StreamOptions(TypedDict, total=False):
    """Older: what a stream carries."""

    include_usage: bool
    """Has no effect on OpenRouter; other servers get it by their profile."""


class UsageOptions(TypedDict, total=False):
    """Older: whether an answer says what it cost."""

    include: bool
    """Has no effect: it always does."""


class StepCount(TypedDict):
    """After so many steps."""

    type: Literal["step_count_is"]
    """Which condition."""
    step_count: int
    """How many, >= 1."""


class HasToolCall(TypedDict):
    """After a tool of this name was called."""

    type: Literal["has_tool_call"]
    """Which condition."""
    tool_name: str
    """Not empty."""


class MaxTokensUsed(TypedDict):
    """When all steps together used more tokens."""

    type: Literal["max_tokens_used"]
    """Which condition."""
    max_tokens: int
    """How many, >= 1."""


class MaxCost(TypedDict):
    """When all steps together cost more, in US dollars."""

    type: Literal["max_cost"]
    """Which condition."""
    max_cost_in_dollars: float
    """>= 0."""


class FinishReason(TypedDict):
    """When the model ends for this reason, such as `length`."""

    type: Literal["finish_reason_is"]
    """Which condition."""
    reason: str
    """Not empty."""


StopCondition: TypeAlias = StepCount | HasToolCall | MaxTokensUsed | MaxCost | FinishReason
"""When the service stops calling its own tools, by `type`."""
