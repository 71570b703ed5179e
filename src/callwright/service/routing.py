"""Routing: which provider is not asked again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from callwright._json import JsonObject, JsonValue

__all__ = ["ignoring"]


def ignoring(params: JsonObject, provider: str) -> dict[str, JsonValue] | None:
    """Return parameters that lead past a provider; None if the user's own leave no other way.

    Args:
        params: As they were sent. What they say of providers stays as it is, but for one more in `provider.ignore`.
        provider: Its name as the service gave it; the service takes names and slugs alike.

    Source: https://openrouter.ai/docs/features/provider-routing
    """
    held = params.get("provider")
    wishes: JsonObject = held if isinstance(held, Mapping) else {}
    ignored = _words(wishes.get("ignore"))
    chosen = _words(wishes.get("only"))
    if wishes.get("allow_fallbacks") is False:
        chosen = chosen or _words(wishes.get("order"))
        if not chosen:
            return None
    if provider in ignored or (chosen and len(ignored) + 1 >= len(chosen)):
        return None
    return {**params, "provider": {**wishes, "ignore": [*ignored, provider]}}


def _words(value: JsonValue) -> Sequence[JsonValue]:
    return cast("Sequence[JsonValue]", value) if isinstance(value, list | tuple) else ()
