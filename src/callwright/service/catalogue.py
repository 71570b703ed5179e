"""A catalogue: what a service says of its models, their endpoints, a key, and what it generated, read leniently.

Each object is a view of what came: `raw` holds all of it, keys that this version does not know included.

Sources: OpenRouter's OpenAPI document of 2026-08-22 (`Model`, `GenerationResponse`), https://openrouter.ai/docs
(endpoints, key, credits); the lists of other servers as they answer `GET /models`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from callwright._json import JsonObject, JsonValue
from callwright.errors import NotFoundError
from callwright.service.views import (
    Read,
    View,
    claim,
    count,
    day,
    dollars,
    moment,
    number,
    object_of,
    objects,
    price,
    text,
    word,
    words,
)

__all__ = [
    "Credits",
    "Endpoint",
    "Generation",
    "KeyInfo",
    "ModelInfo",
    "Pricing",
    "base_slug",
    "listed",
    "models_of",
    "resolved",
    "unknown_model",
]

_ROUTING = frozenset({"batch", "exacto", "floor", "nitro", "online"})
"""Variants that say how to route to a model; any other, such as `:free`, is a model of its own."""


class Pricing(View):
    """What something costs: US dollars per token, request, image or search.

    None where no price is named, and where it is known only after routing (`-1`, as for `openrouter/auto`); 0 is free.
    """

    __slots__ = ()

    prompt = Read(price)
    """Per token of the prompt."""
    completion = Read(price)
    """Per token of the answer."""
    request = Read(price)
    image = Read(price)
    """Per image of the prompt."""
    web_search = Read(price)
    internal_reasoning = Read(price)
    """Per token of reasoning, where it differs from `completion`."""
    input_cache_read = Read(price)
    """Per token of the prompt that was read from a cache."""
    input_cache_write = Read(price)
    """Per token of the prompt that was written to a cache, for five minutes."""
    input_cache_write_1h = Read(price)
    """The same, for an hour."""
    audio = Read(price)
    """Per token of audio in the prompt."""
    overrides = Read(objects)
    """Prices under conditions, such as beyond so many tokens of prompt; later ones win."""

    @property
    def is_free(self) -> bool:
        """Whether neither prompt nor answer costs anything."""
        return self.prompt == 0 and self.completion == 0

    def __repr__(self) -> str:
        return f"Pricing(prompt={self.prompt!s}, completion={self.completion!s})"


def _pricing(value: JsonValue) -> Pricing:
    return Pricing(object_of(value))


class _Architecture(View):
    __slots__ = ()

    input_modalities = Read(words)
    output_modalities = Read(words)
    tokenizer = Read(word)


class ModelInfo(View):
    """What a service says of one model."""

    __slots__ = ()

    id = Read(text)
    """The slug, to be sent as `model`."""
    canonical_slug = Read(word)
    """The slug that never changes its meaning; answers may name it."""
    name = Read(word, "name", "display_name")
    created = Read(moment, "created", "created_at")
    description = Read(text)
    context_length = Read(count, "context_length", "max_model_len", "context_window", "max_context_length")
    """Tokens of prompt and answer together."""
    pricing = Read(_pricing)
    supported_parameters = Read(words)
    """Which parameters at least one endpoint takes, `tools` among them; None if the service did not say."""
    default_parameters = Read(object_of)
    """What the service uses for parameters that are not sent."""
    reasoning = Read(object_of)
    """`mandatory`, `supported_efforts`, `default_effort`, `default_enabled`, `supports_max_tokens`."""
    per_request_limits = Read(object_of)
    """`prompt_tokens` and `completion_tokens`, in tokens; empty if there are none."""
    expiration_date = Read(day)
    """The day after which the model may be gone; None if none is set."""
    knowledge_cutoff = Read(day)
    hugging_face_id = Read(word)
    owned_by = Read(word, "owned_by", "organization")

    @property
    def input_modalities(self) -> frozenset[str] | None:
        """What a prompt may hold: `text`, `image`, `file`, `audio`, `video`; None if the service did not say."""
        return self._architecture.input_modalities

    @property
    def output_modalities(self) -> frozenset[str] | None:
        """What an answer may hold: `text`, `image`, `audio`, `embeddings`, ...; None if the service did not say."""
        return self._architecture.output_modalities

    @property
    def tokenizer(self) -> str | None:
        """The family of its tokenizer."""
        return self._architecture.tokenizer

    @property
    def max_completion_tokens(self) -> int | None:
        """The longest answer of the provider that serves it first, in tokens."""
        top = object_of(self.raw.get("top_provider"))
        return count(top.get("max_completion_tokens", self.raw.get("max_completion_tokens")))

    @property
    def is_moderated(self) -> bool:
        """Whether the provider that serves it first refuses some content."""
        return object_of(self.raw.get("top_provider")).get("is_moderated") is True

    @property
    def alias_of(self) -> str | None:
        """The model that a slug such as `~author/family-latest` stands for now; None if it is no alias."""
        return word(object_of(self.raw.get("alias_target")).get("slug"))

    def supports(self, *parameters: str) -> bool:
        """Whether the model takes all of `parameters`; False if the service did not say."""
        supported = self.supported_parameters
        return supported is not None and supported.issuperset(parameters)

    @property
    def _architecture(self) -> _Architecture:
        return _Architecture(object_of(self.raw.get("architecture")))


class Endpoint(View):
    """A model as one provider serves it."""

    __slots__ = ()

    name = Read(text)
    model_name = Read(word)
    provider_name = Read(word)
    tag = Read(word)
    """The provider's slug, for `provider.order`, `only` and `ignore`."""
    quantization = Read(word)
    """The precision of the weights, such as `fp8`; None or `unknown` if the provider does not say."""
    context_length = Read(count)
    max_completion_tokens = Read(count)
    max_prompt_tokens = Read(count)
    pricing = Read(_pricing)
    status = Read(number)
    """0 if it serves; below if it is degraded or off."""
    uptime_last_5m = Read(number)
    """Per cent of requests that were answered."""
    uptime_last_30m = Read(number)
    uptime_last_1d = Read(number)
    latency_last_30m = Read(object_of)
    """Milliseconds to the first token, by `p50`, `p75`, `p90`, `p99`; told only to whoever sends a key."""
    throughput_last_30m = Read(object_of)
    """Tokens per second, by the same."""
    supported_parameters = Read(words)
    supports_implicit_caching = Read(claim)


class Generation(View):
    """The audit of one answer."""

    __slots__ = ()

    id = Read(text)
    upstream_id = Read(word)
    """The provider's own id."""
    request_id = Read(word)
    """Shared by all generations of one request."""
    session_id = Read(word)
    model = Read(word)
    provider_name = Read(word)
    router = Read(word)
    created_at = Read(moment)
    total_cost = Read(dollars)
    """US dollars that were billed."""
    usage = Read(dollars)
    """US dollars that were taken from the balance."""
    upstream_inference_cost = Read(dollars)
    """US dollars that the provider took, with a provider's key of your own."""
    cache_discount = Read(dollars)
    """US dollars that the prompt cache saved; below 0 if writing it cost more."""
    tokens_prompt = Read(count)
    tokens_completion = Read(count)
    native_tokens_prompt = Read(count)
    """As the model's own tokenizer counts, which is what is billed."""
    native_tokens_completion = Read(count)
    native_tokens_reasoning = Read(count)
    native_tokens_cached = Read(count)
    finish_reason = Read(word)
    native_finish_reason = Read(word)
    streamed = Read(claim)
    cancelled = Read(claim)
    is_byok = Read(claim)
    """Whether a provider's key of your own was used."""
    latency = Read(number)
    """Milliseconds to the first token."""
    generation_time = Read(number)
    """Milliseconds."""
    provider_responses = Read(objects)
    """What each provider that was tried said."""


class KeyInfo(View):
    """What a service says of the key that asks."""

    __slots__ = ()

    label = Read(text)
    """The key's name, or its first and last characters."""
    limit = Read(dollars)
    """US dollars that it may spend; None is no limit."""
    limit_remaining = Read(dollars)
    limit_reset = Read(word)
    """`daily`, `weekly`, `monthly`; None if the limit is never reset."""
    usage = Read(dollars)
    """US dollars that it spent, ever."""
    usage_daily = Read(dollars)
    usage_weekly = Read(dollars)
    usage_monthly = Read(dollars)
    byok_usage = Read(dollars)
    """US dollars spent with providers' keys of your own."""
    include_byok_in_limit = Read(claim)
    is_free_tier = Read(claim)
    """Whether the account never bought credits."""
    is_management_key = Read(claim, "is_management_key", "is_provisioning_key")
    expires_at = Read(moment)


class Credits(View):
    """The balance of an account, in US dollars."""

    __slots__ = ()

    total_credits = Read(dollars)
    """Bought, ever."""
    total_usage = Read(dollars)
    """Spent, ever."""

    @property
    def remaining(self) -> Decimal | None:
        """What is left; may be negative."""
        bought, spent = self.total_credits, self.total_usage
        return None if bought is None or spent is None else bought - spent

    def __repr__(self) -> str:
        return f"Credits(total_credits={self.total_credits!s}, total_usage={self.total_usage!s})"


def listed(raw: JsonValue) -> tuple[JsonObject, ...]:
    """Return the entries of a list as servers write it: bare, or under `data` or `models`."""
    if isinstance(raw, Mapping):
        raw = raw.get("data") if isinstance(raw.get("data"), list) else raw.get("models")
    return objects(raw)


def models_of(raw: JsonValue) -> tuple[ModelInfo, ...]:
    """Return the models of a list that name themselves, in its order."""
    return tuple(ModelInfo(entry) for entry in listed(raw) if isinstance(entry.get("id"), str))


def base_slug(slug: str) -> str:
    """Return `slug` without its preset and without a variant that says how to route: `:nitro`, `:floor`, ..."""
    named = slug.partition("@preset/")[0] if not slug.startswith("@") else slug
    base, colon, variant = named.rpartition(":")
    return base if colon and variant in _ROUTING else named


def resolved(slug: str, models: Iterable[ModelInfo]) -> ModelInfo | None:
    """Return the model that `slug` names: by id, by canonical slug, with a variant or a preset; None if none does.

    Args:
        slug: As it would be sent. A static variant such as `:free` is a model of its own and must be listed.
        models: The list. An alias, `~author/family-latest`, is in it under its own name.
    """
    by_id = {model.id: model for model in models}
    base = base_slug(slug)
    for name in (slug, base):
        if name in by_id:
            return by_id[name]
    stem, _, variant = base.partition(":")
    for model in by_id.values():
        # A free variant shares the canonical slug of the model that it is a variant of.
        if model.canonical_slug == stem and ":" not in model.id:
            return by_id.get(f"{model.id}:{variant}") if variant else model
    return None


def unknown_model(slug: str, models: Iterable[ModelInfo]) -> NotFoundError:
    """Return the error that there is no model `slug`; it names those whose names are near."""
    import difflib  # noqa: PLC0415 - only mistakes need it

    ids = [model.id for model in models]
    near = difflib.get_close_matches(base_slug(slug), ids, 3, 0.6)
    # Who writes a name without its author is as near as who mistypes it.
    stem = slug.rpartition("/")[2].partition(":")[0]
    near += [name for name in ids if stem and name.rpartition("/")[2].partition(":")[0] == stem and name not in near]
    hint = f"; did you mean {' or '.join(map(repr, near[:3]))}?" if near else ""
    return NotFoundError(f"the service lists no model {slug!r}{hint}", status=404, error_type="not_found")
