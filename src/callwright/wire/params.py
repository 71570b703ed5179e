"""The request parameters: every one with its range, unit, documented service default (never sent) and rule.

Sources: OpenRouter's OpenAPI document of 2026-08-22; of `audio`, `include_reasoning`, `max_tool_calls`, `preset`,
`structured_outputs`, `transforms`, `usage`, `verbosity`, `web_search_options` and `x_search_filter`, which it does not
name, https://openrouter.ai/docs; of the ranges, https://openrouter.ai/docs/api-reference/parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from typing_extensions import TypedDict

from callwright._json import JsonObject, JsonValue
from callwright.wire.content import CacheControl
from callwright.wire.messages import Message
from callwright.wire.options import (
    AudioOutput,
    CacheOptions,
    Debug,
    Effort,
    Prediction,
    ProviderPreferences,
    Reasoning,
    ResponseFormat,
    StopCondition,
    StreamOptions,
    Trace,
    UsageOptions,
    WebSearchOptions,
)
from callwright.wire.plugins import Plugin
from callwright.wire.profile import Profile

__all__ = ["IMPLIED", "ChatParams", "checked_params", "implied", "json_mode_warning"]


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
    """Against tokens by how often they came, -2 to 2. Service default: 0."""
    presence_penalty: float | None
    """Against tokens that came at all, -2 to 2. Service default: 0."""
    repetition_penalty: float | None
    """Against tokens of prompt and answer, by a factor, 0 to 2; some providers refuse 0. Service default: 1."""
    seed: int | None
    """Same seed, same answer, where the provider can; within 2**53."""
    max_tokens: int | None
    """Most tokens of the answer, >= 1; some providers want 16. Service default: the model's own limit."""
    max_completion_tokens: int | None
    """As `max_tokens`, reasoning included, >= 1."""
    logit_bias: Mapping[str, float] | Mapping[int, float] | None
    """Token id -> bias, -100 to 100; ids may be numbers, and are sent as strings."""
    logprobs: bool | None
    """Return the log probability of each token. Service default: false."""
    top_logprobs: int | None
    """How many alternatives a token, 0 to 20; needs `logprobs`."""
    stop: str | Sequence[str] | None
    """Up to four strings that end the answer."""
    response_format: ResponseFormat
    """`{"type": "json_object"}`, `{"type": "json_schema", "json_schema": {...}}`, ... Service default: text."""
    structured_outputs: bool
    """Answers keep to the schema of `response_format`, where the model can."""
    verbosity: str
    """`low`, `medium`, `high`, `xhigh` or `max`; others are sent with a warning. Service default: medium."""
    reasoning: Reasoning
    """How much to reason, see `Reasoning`."""
    reasoning_effort: Effort | None
    """Short for `reasoning={"effort": ...}`."""
    parallel_tool_calls: bool | None
    """Whether a turn may hold several calls; False makes a run execute them one by one, too. Service default: true."""
    models: Sequence[str]
    """Models to fall back to, in order."""
    provider: ProviderPreferences | None
    """Who may serve, see `ProviderPreferences`."""
    plugins: Sequence[Plugin]
    """What the service does besides: `{"id": "web"}`, `{"id": "response-healing"}`, ..., see `Plugin`."""
    preset: str
    """The slug of settings that are saved at the account."""
    prediction: Prediction | None
    """Text that the answer will mostly repeat: `{"type": "content", "content": ...}`."""
    user: str
    """Your id of the end user."""
    session_id: str
    """Groups requests, which then go to one provider for its cache; up to 256 characters."""
    metadata: Mapping[str, str]
    """Up to 16 pairs; keys up to 64 characters, values up to 512."""
    service_tier: Literal["auto", "default", "fast", "flex", "priority", "scale"] | None
    """How fast at which price; `fast` is another name of `priority`."""
    modalities: Sequence[Literal["text", "image", "audio"]]
    """What the answer may hold. Service default: text."""
    audio: AudioOutput
    """How an answer sounds, see `AudioOutput`."""
    image_config: JsonObject
    """For models that draw, such as `{"aspect_ratio": "16:9"}`: strings, numbers, lists."""
    cache_control: CacheControl
    """`{"type": "ephemeral"}`: cache the prompt up to its last cacheable block."""
    prompt_cache_key: str | None
    """Requests with the same key go where their prompt is cached."""
    prompt_cache_options: CacheOptions | None
    """How the prompt is cached, see `CacheOptions`."""
    web_search_options: WebSearchOptions
    """For models that search by themselves, see `WebSearchOptions`."""
    x_search_filter: JsonObject
    """What xAI's models search on X."""
    max_tool_calls: int
    """Steps that the service makes with its own tools, 0 to 30. Service default: 30."""
    stop_server_tools_when: Sequence[StopCondition]
    """When the service stops calling its own tools; the first condition that holds; overrides `max_tool_calls`."""
    trace: Trace | JsonObject
    """Names for your observability, see `Trace`."""
    debug: Debug
    """What the service shows of its own work, see `Debug`; streams only."""
    include_reasoning: bool
    """Older: use `reasoning`."""
    route: Literal["fallback", "sort"] | None
    """Older: use `models`, and `partition` of `provider.sort`."""
    stream_options: StreamOptions | None
    """Older: without effect on OpenRouter; other servers get it by their profile."""
    transforms: Sequence[str]
    """Older: use the plugin `context-compression`."""
    usage: UsageOptions
    """Older: without effect."""
    extra_body: JsonObject
    """Keys that only one provider knows, or values out of the ranges here; merged into the body unchecked."""


IMPLIED: Mapping[tuple[str, str], JsonObject] = {
    ("structured output", "require_parameters"): {"provider": {"require_parameters": True}},
    ("stream", "include_usage"): {"stream_options": {"include_usage": True}},
    ("cost limit", "name"): {"max_tokens": "$max_tokens"},
    ("cost limit", "max_price"): {"provider": {"max_price": "$max_price"}},
}
"""What a feature that the user asked for implies on the wire: (feature, switch of the profile) -> parameters.

The one table of parameters that are sent although nobody set them; a value that the user set wins. `$max_tokens` and
`$max_price` stand for what the limit leaves room for, and for the model's price.
"""


def implied(
    params: JsonObject, *, features: Iterable[str], profile: Profile, values: JsonObject | None = None
) -> dict[str, JsonValue]:
    """Return the parameters that `features` add to `params` on a server of `profile`.

    Args:
        params: As the user set them; a key that is set stays as it is. Objects are completed key by key:
            `provider.order` of the user and an implied `provider.require_parameters` both stand.
        features: Which rows of `IMPLIED` apply.
        profile: Whose switches decide.
        values: What stands for the names that begin with `$`.
    """
    added: dict[str, JsonValue] = {}
    for (feature, switch), wishes in IMPLIED.items():
        if feature not in features or not getattr(profile, switch):
            continue
        for key, wish in wishes.items():
            if key == "max_tokens" and params.get("max_completion_tokens") is not None:
                continue
            value, present = _filled(wish, values or {}), params.get(key, added.get(key))
            if key not in params and key not in added:
                added[key] = value
            elif isinstance(present, Mapping) and isinstance(value, Mapping):
                missing = {inner: part for inner, part in value.items() if inner not in present}
                if missing:
                    added[key] = {**present, **missing}
    return added


def _filled(wish: JsonValue, values: JsonObject) -> JsonValue:
    """Return a wish with its names replaced by their values."""
    if isinstance(wish, str) and wish.startswith("$"):
        return values[wish[1:]]
    return {key: _filled(part, values) for key, part in wish.items()} if isinstance(wish, Mapping) else wish


def checked_params(params: Mapping[str, object], *, base: JsonObject | None = None) -> dict[str, JsonValue]:
    """Return the parameters as they go on the wire, in one order, `extra_body` merged.

    Args:
        params: As `ChatParams`. A key that is set is sent, `False` and `0` included.
        base: Checked parameters under these, such as an agent's under those of a run; what goes together is looked for
            in both. Default: none.

    Raises:
        ParameterError: A key is unknown, or a value is out of range or of the wrong kind; names all of them.
    """
    if not params:
        return dict(base or {})
    from callwright.wire.checking import checked  # noqa: PLC0415 - the rules come with the first parameter

    return checked(params, base or {})


def json_mode_warning(params: JsonObject, messages: Iterable[Message]) -> str | None:
    """Return why `response_format` of type `json_object` may be refused; None if it will not be.

    Args:
        params: Checked parameters.
        messages: All that are sent, instructions included.

    Source: https://platform.openai.com/docs/guides/structured-outputs (JSON mode): the word must be in some message.
    """
    wanted = params.get("response_format")
    if not isinstance(wanted, Mapping) or wanted.get("type") != "json_object":
        return None
    if any("json" in message.text.lower() for message in messages):
        return None
    return (
        "response_format json_object: no message has the word JSON; providers refuse that, or models write blanks for "
        "ever: say in a message that the answer is JSON"
    )
