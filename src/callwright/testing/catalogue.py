"""The catalogue: what the offline service says of its models, of the key, and of what it generated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from callwright._json import JsonValue
from callwright.testing.wireshape import COMPLETION_PRICE, PROMPT_PRICE, Asked, Turn, usage_of

__all__ = ["account", "endpoints", "generation", "key_status", "model", "models", "provider_of"]

_PROVIDERS: Mapping[str, str] = {
    "anthropic": "Anthropic",
    "deepseek": "DeepSeek",
    "google": "Google",
    "meta-llama": "Together",
    "mistralai": "Mistral",
    "openai": "OpenAI",
    "x-ai": "xAI",
}
_STAND_INS = ("anthropic/claude-sonnet-4.5", "google/gemini-2.5-flash", "openai/gpt-4o-mini", "offline/stand-in")
_SUPPORTED = (
    "include_reasoning",
    "max_tokens",
    "parallel_tool_calls",
    "reasoning",
    "response_format",
    "seed",
    "stop",
    "structured_outputs",
    "temperature",
    "tool_choice",
    "tools",
    "top_p",
)
_CREATED = 1_755_000_000
_CREDITS = 100.0


def provider_of(slug: str) -> str:
    """Return the display name of who serves `slug`."""
    return _PROVIDERS.get(slug.partition("/")[0].removeprefix("~"), "Offline")


def models(scripted: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return the list of models: some names for the stand-in, and every scenario.

    Args:
        scripted: Name of a scenario -> what it shows.
    """
    listed = [*_STAND_INS, *(f"scripted/{name}" for name in scripted)]
    described = [model(slug, scripted) for slug in listed]
    return {"data": described, "total_count": len(described), "links": {"next": None}}


def model(slug: str, scripted: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return what is known of one model."""
    about = scripted.get(slug.removeprefix("scripted/"))
    return {
        "id": slug,
        "canonical_slug": slug,
        "name": f"{provider_of(slug)}: {slug.partition('/')[2]} (offline)",
        "created": _CREATED,
        "description": f"Scripted: {about}" if about is not None else "A few rules; no language model.",
        "context_length": 131_072,
        "architecture": {
            "modality": "text->text",
            "input_modalities": ["text"],
            "output_modalities": ["text"],
            "tokenizer": "Other",
            "instruct_type": None,
        },
        "pricing": {"prompt": f"{PROMPT_PRICE:.8f}", "completion": f"{COMPLETION_PRICE:.8f}", "request": "0"},
        "top_provider": {"context_length": 131_072, "max_completion_tokens": 16_384, "is_moderated": False},
        "per_request_limits": None,
        "supported_parameters": list(_SUPPORTED),
        "default_parameters": None,
        "supported_voices": None,
        "knowledge_cutoff": None,
        "expiration_date": None,
        "hugging_face_id": None,
        "links": {"details": f"/api/v1/models/{slug}/endpoints"},
    }


def endpoints(slug: str, scripted: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return who serves a model: one provider."""
    described = model(slug, scripted)
    provider = provider_of(slug)
    endpoint: dict[str, JsonValue] = {
        "name": f"{provider} | {slug}",
        "model_id": slug,
        "model_name": described["name"],
        "provider_name": provider,
        "tag": provider.lower().replace(" ", "-"),
        "quantization": "unknown",
        "context_length": described["context_length"],
        "max_completion_tokens": 16_384,
        "max_prompt_tokens": None,
        "pricing": described["pricing"],
        "status": 0,
        **dict.fromkeys(("uptime_last_5m", "uptime_last_30m", "uptime_last_1d"), 100.0),
        "latency_last_30m": None,
        "throughput_last_30m": None,
        "supported_parameters": list(_SUPPORTED),
        "supports_implicit_caching": False,
    }
    kept = {key: described[key] for key in ("id", "name", "created", "description", "architecture")}
    return {**kept, "endpoints": [endpoint]}


def account(spent: float) -> dict[str, JsonValue]:
    """Return the balance of the account.

    Args:
        spent: US dollars.
    """
    return {"data": {"total_credits": _CREDITS, "total_usage": round(spent, 12)}}


def key_status(spent: float) -> dict[str, JsonValue]:
    """Return what is known of the key.

    Args:
        spent: US dollars.
    """
    periods: Iterable[str] = ("usage", "usage_daily", "usage_weekly", "usage_monthly")
    return {
        "data": {
            "label": "sk-or-v1-off...ine",
            "limit": None,
            "limit_remaining": None,
            "limit_reset": None,
            **dict.fromkeys(periods, round(spent, 12)),
            "include_byok_in_limit": False,
            "is_free_tier": False,
            "is_management_key": False,
            "expires_at": None,
        }
    }


def generation(turn: Turn, asked: Asked, headers: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return the audit of one answer, as GET /generation tells it."""
    usage = usage_of(turn, asked)
    read, written, cost = usage["prompt_tokens"], usage["completion_tokens"], usage["cost"]
    unknown = (
        "app_id",
        "cache_discount",
        "external_user",
        "latency",
        "moderation_latency",
        "native_tokens_completion_images",
        "num_fetches",
        "num_input_audio_prompt",
        "num_media_completion",
        "num_media_prompt",
        "num_search_results",
        "preset_id",
        "provider_responses",
        "router",
        "service_tier",
        "upstream_inference_cost",
        "web_search_engine",
        "workspace_id",
    )
    return {
        **dict.fromkeys(unknown),
        "id": asked.id,
        "upstream_id": f"chatcmpl-{asked.id[-20:]}",
        "model": asked.model,
        "provider_name": asked.provider,
        "created_at": datetime.fromtimestamp(asked.created, UTC).isoformat(),
        "api_type": "completions",
        "streamed": asked.stream,
        "cancelled": False,
        "finish_reason": turn.finish_reason,
        "native_finish_reason": asked.native(turn),
        "generation_time": 0,
        "tokens_prompt": read,
        "tokens_completion": written,
        "native_tokens_prompt": read,
        "native_tokens_completion": written,
        "native_tokens_reasoning": 0,
        "native_tokens_cached": 0,
        "total_cost": cost,
        "usage": cost,
        "is_byok": False,
        "origin": "",
        "data_region": "global",
        "user_agent": headers.get("user-agent"),
        "http_referer": headers.get("http-referer"),
    }
