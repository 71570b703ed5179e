"""The request parameters: every one with its range, unit, documented service default (never sent) and rule.

Sources: OpenRouter's OpenAPI document of 2026-08-22 (types), https://openrouter.ai/docs/api-reference/parameters
(ranges); where they differ, the wider range is accepted.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, TypeAlias, cast

from typing_extensions import TypedDict

from callwright._json import JsonObject, JsonValue, decode, encode
from callwright._secrets import masked
from callwright.errors import ParameterError
from callwright.wire.profile import Profile

__all__ = ["IMPLIED", "ChatParams", "ProviderPreferences", "Reasoning", "checked_params", "implied"]


class Reasoning(TypedDict, total=False):
    """How much a model reasons. `effort` and `max_tokens` exclude each other."""

    effort: Literal["max", "xhigh", "high", "medium", "low", "minimal", "none"] | None
    """A share of the tokens: .95 .95 .80 .50 .20 .10; `none` turns reasoning off."""
    max_tokens: int
    """The exact budget, in tokens."""
    exclude: bool
    """Reason, but do not return the reasoning. Service default: false."""
    enabled: bool
    """True is medium effort."""
    summary: Literal["auto", "concise", "detailed"] | None
    """How long a summary of the reasoning comes instead of all of it."""


class ProviderPreferences(TypedDict, total=False):
    """Which providers may serve a request, and in which order."""

    order: Sequence[str] | None
    """Provider slugs, tried in this order."""
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
    quantizations: Sequence[str] | None
    """Only these precisions of the weights, such as `fp8` or `bf16`."""
    sort: str | JsonObject | None
    """`price`, `throughput`, `latency` or `exacto`; turns load balancing off."""
    max_price: Mapping[str, str]
    """US dollars per million tokens, as decimal strings, by `prompt`, `completion`, `request`, `image`."""
    preferred_min_throughput: float | JsonObject | None
    """Tokens per second below which an endpoint comes last; a number, or one per percentile."""
    preferred_max_latency: float | JsonObject | None
    """Seconds to the first token above which an endpoint comes last; a number, or one per percentile."""


class ChatParams(TypedDict, total=False):
    """Every request parameter. What is not set is not sent; the service's defaults below are its own.

    `messages`, `model`, `stream`, `tools` and `tool_choice` are no parameters: they have places of their own.
    """

    temperature: float | None
    """Randomness, 0 to 2. Service default: 1."""
    top_p: float | None
    """Share of probability mass to sample from, 0 to 1. Service default: 1."""
    top_k: int | None
    """Number of tokens to sample from, >= 0; 0 is off. Service default: 0."""
    min_p: float | None
    """Least probability relative to the likeliest token, 0 to 1. Service default: 0."""
    top_a: float | None
    """Like `min_p`, by the square of the likeliest, 0 to 1. Service default: 0."""
    frequency_penalty: float | None
    """-2 to 2. Service default: 0."""
    presence_penalty: float | None
    """-2 to 2. Service default: 0."""
    repetition_penalty: float | None
    """0 to 2. Service default: 1."""
    seed: int | None
    """Same seed, same answer, where the provider can."""
    max_tokens: int | None
    """Most tokens of the answer, >= 1. Service default: the model's own limit."""
    max_completion_tokens: int | None
    """As `max_tokens`, reasoning included."""
    logit_bias: Mapping[str, float] | None
    """Token id -> bias, -100 to 100."""
    logprobs: bool | None
    """Return the log probability of each token. Service default: false."""
    top_logprobs: int | None
    """How many alternatives a token, 0 to 20; needs `logprobs`."""
    stop: str | Sequence[str] | None
    """Up to four strings that end the answer."""
    response_format: JsonObject
    """`{"type": "json_object"}`, `{"type": "json_schema", "json_schema": {...}}`, ..."""
    structured_outputs: bool
    """Answers keep to the schema of `response_format`, where the model can."""
    verbosity: str
    """`low`, `medium`, `high`, `xhigh` or `max`. Service default: medium."""
    reasoning: Reasoning
    """How much to reason, see `Reasoning`."""
    reasoning_effort: str | None
    """Short for `reasoning={"effort": ...}`."""
    parallel_tool_calls: bool | None
    """Whether one turn may hold several calls; False also makes a run execute them one by one. Default: true."""
    models: Sequence[str]
    """Models to fall back to, in order."""
    provider: ProviderPreferences
    """Who may serve, see `ProviderPreferences`."""
    plugins: Sequence[JsonObject]
    """What the service does besides: `{"id": "web"}`, `{"id": "response-healing"}`, ..."""
    prediction: JsonObject
    """Text that the answer will mostly repeat: `{"type": "content", "content": ...}`."""
    user: str
    """Your id of the end user."""
    session_id: str
    """Groups requests, up to 256 characters."""
    metadata: Mapping[str, str]
    """Up to 16 pairs; keys up to 64 characters, values up to 512."""
    service_tier: str | None
    """`auto`, `default`, `flex`, `priority`, ...: how fast at which price."""
    modalities: Sequence[str]
    """What the answer may hold: `text`, `image`, `audio`. Service default: text."""
    cache_control: JsonObject
    """`{"type": "ephemeral"}`: cache the prompt up to its last cacheable block."""
    prompt_cache_key: str | None
    """Requests with the same key go where their prompt is cached."""
    web_search_options: JsonObject
    """`{"search_context_size": "low"}`, `medium` or `high`, for models that search."""
    trace: JsonObject
    """Names for your observability: `trace_id`, `trace_name`, `span_name`, ..."""
    debug: JsonObject
    """`{"echo_upstream_body": true}`: the first chunk of a stream shows what the provider was sent."""
    image_config: JsonObject
    """For models that draw, such as `{"aspect_ratio": "16:9"}`."""
    extra_body: JsonObject
    """Keys that only one provider knows; merged into the body as they are."""


_Rule: TypeAlias = Callable[[object], bool]


def _number(low: float, high: float) -> tuple[str, _Rule]:
    def rule(value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

    return f"a number from {low:g} to {high:g}", rule


def _integer(low: float = float("-inf"), high: float = float("inf")) -> tuple[str, _Rule]:
    def rule(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    bounds = "" if low == float("-inf") else f" >= {low:g}" if high == float("inf") else f" from {low:g} to {high:g}"
    return f"an integer{bounds}", rule


def _string(longest: int | None = None) -> tuple[str, _Rule]:
    def rule(value: object) -> bool:
        return isinstance(value, str) and (longest is None or len(value) <= longest)

    return "a string" if longest is None else f"a string of at most {longest} characters", rule


def _strings(most: int | None = None) -> tuple[str, _Rule]:
    def rule(value: object) -> bool:
        if isinstance(value, str) or not isinstance(value, Sequence):
            return False
        items = cast("Sequence[object]", value)
        return all(isinstance(item, str) for item in items) and (most is None or len(items) <= most)

    return "a list of strings" if most is None else f"a list of at most {most} strings", rule


def _bias(value: object) -> bool:
    inside = _number(-100, 100)[1]
    return isinstance(value, Mapping) and all(inside(bias) for bias in cast("Mapping[object, object]", value).values())


def _pairs(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    pairs = cast("Mapping[object, object]", value)
    most, short, long = 16, _string(64)[1], _string(512)[1]
    return len(pairs) <= most and all(short(key) and long(text) for key, text in pairs.items())


_BOOLEAN: tuple[str, _Rule] = ("true or false", lambda value: isinstance(value, bool))
_OBJECT: tuple[str, _Rule] = ("an object", lambda value: isinstance(value, Mapping))
_OBJECTS: tuple[str, _Rule] = (
    "a list of objects",
    lambda value: (
        isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in cast("Sequence[object]", value))
    ),
)
_STOP: tuple[str, _Rule] = (
    "a string or at most 4 strings",
    lambda value: isinstance(value, str) or _strings(4)[1](value),
)

_RULES: Mapping[str, tuple[str, _Rule]] = {
    "temperature": _number(0, 2),
    "top_p": _number(0, 1),
    "top_k": _integer(0),
    "min_p": _number(0, 1),
    "top_a": _number(0, 1),
    "frequency_penalty": _number(-2, 2),
    "presence_penalty": _number(-2, 2),
    "repetition_penalty": _number(0, 2),
    "seed": _integer(),
    "max_tokens": _integer(1),
    "max_completion_tokens": _integer(1),
    "logit_bias": ("an object of token id -> number from -100 to 100", _bias),
    "logprobs": _BOOLEAN,
    "top_logprobs": _integer(0, 20),
    "stop": _STOP,
    "response_format": _OBJECT,
    "structured_outputs": _BOOLEAN,
    "verbosity": _string(),
    "reasoning": _OBJECT,
    "reasoning_effort": _string(),
    "parallel_tool_calls": _BOOLEAN,
    "models": _strings(),
    "provider": _OBJECT,
    "plugins": _OBJECTS,
    "prediction": _OBJECT,
    "user": _string(),
    "session_id": _string(256),
    "metadata": ("at most 16 pairs of strings, keys up to 64 and values up to 512 characters", _pairs),
    "service_tier": _string(),
    "modalities": _strings(),
    "cache_control": _OBJECT,
    "prompt_cache_key": _string(),
    "web_search_options": _OBJECT,
    "trace": _OBJECT,
    "debug": _OBJECT,
    "image_config": _OBJECT,
    "extra_body": _OBJECT,
}

_PLACED: frozenset[object] = frozenset({"messages", "model", "stream", "tools", "tool_choice"})
"""Keys of the body that are no parameters: twice in one object, each server would read another one."""

_NULLABLE = frozenset(
    {
        *("temperature", "top_p", "top_k", "min_p", "top_a", "frequency_penalty", "presence_penalty", "seed"),
        *("repetition_penalty", "max_tokens", "max_completion_tokens", "logit_bias", "logprobs", "top_logprobs"),
        *("stop", "reasoning_effort", "parallel_tool_calls", "service_tier", "prompt_cache_key"),
    }
)

IMPLIED: Mapping[tuple[str, str], JsonObject] = {
    ("structured output", "require_parameters"): {"provider": {"require_parameters": True}},
    ("stream", "include_usage"): {"stream_options": {"include_usage": True}},
}
"""What a feature that the user asked for implies on the wire: (feature, switch of the profile) -> parameters.

The one table of parameters that are sent although nobody set them; a value that the user set wins.
"""


def implied(params: JsonObject, *, features: Iterable[str], profile: Profile) -> dict[str, JsonValue]:
    """Return the parameters that `features` add to `params` on a server of `profile`.

    Args:
        params: As the user set them; a key that is set stays as it is. Objects are completed key by key:
            `provider.order` of the user and an implied `provider.require_parameters` both stand.
        features: Which rows of `IMPLIED` apply.
        profile: Whose switches decide.
    """
    added: dict[str, JsonValue] = {}
    for (feature, switch), wishes in IMPLIED.items():
        if feature not in features or not getattr(profile, switch):
            continue
        for key, value in wishes.items():
            present = params.get(key)
            if key not in params:
                added[key] = value
            elif isinstance(present, Mapping) and isinstance(value, Mapping):
                missing = {inner: wish for inner, wish in value.items() if inner not in present}
                if missing:
                    added[key] = {**present, **missing}
    return added


def checked_params(params: Mapping[str, object]) -> dict[str, JsonValue]:
    """Return the parameters as they go on the wire, in one order, `extra_body` merged.

    Args:
        params: As `ChatParams`. A key that is set is sent, `False` and `0` included.

    Raises:
        ParameterError: A key is unknown, or a value is out of range or of the wrong kind; names all of them.
    """
    if not params:
        return {}
    problems = [problem for key, value in params.items() if (problem := _problem(key, value))]
    problems += _conflicts(params)
    if problems:
        raise ParameterError("; ".join(problems))
    plain = _plain({key: params[key] for key in sorted(params) if key != "extra_body"})
    return {**plain, **_plain(params.get("extra_body", {}))}


def _plain(params: object) -> dict[str, JsonValue]:
    try:
        return cast("dict[str, JsonValue]", decode(encode(params)))  # the rules let only objects come here
    except ValueError as error:
        raise ParameterError(f"parameters are JSON values; {error}") from error


def _problem(key: str, value: object) -> str | None:
    if key not in _RULES:
        near = difflib.get_close_matches(key, _RULES, 1)
        hint = f"did you mean {near[0]!r}?" if near else "keys that only one provider knows go into extra_body="
        return f"{key}: no such parameter; {hint}"
    expected, fits = _RULES[key]
    if fits(value) or (value is None and key in _NULLABLE):
        return None
    return f"{key}: expected {expected}; got {masked(repr(value))[:200]}"


def _conflicts(params: Mapping[str, object]) -> list[str]:
    """Return what is wrong with parameters that are right by themselves."""
    extra = params.get("extra_body")
    taken = _PLACED & cast("Mapping[object, object]", extra).keys() if isinstance(extra, Mapping) else ()
    problems = [f"extra_body: {key!r} has a place of its own in the call; give it there" for key in taken]
    if params.get("top_logprobs") is not None and not params.get("logprobs"):
        problems.append("top_logprobs: needs logprobs=True")
    reasoning = params.get("reasoning")
    if isinstance(reasoning, Mapping):
        wishes = cast("Mapping[str, object]", reasoning)
        if wishes.get("effort") is not None and wishes.get("max_tokens") is not None:
            problems.append("reasoning: expected effort or max_tokens; got both")
        effort = params.get("reasoning_effort")
        if effort is not None and wishes.get("effort") not in (None, effort):
            problems.append(f"reasoning_effort: {effort!r} contradicts reasoning.effort {wishes.get('effort')!r}")
    return problems
