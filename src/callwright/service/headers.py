"""Headers: what OpenRouter takes by header rather than in the body."""

from __future__ import annotations

from collections.abc import Sequence

from callwright.errors import ParameterError

__all__ = ["openrouter_headers"]

_LONGEST_TTL = 86_400
_LONGEST_SESSION = 256


def openrouter_headers(
    *,
    cache: bool | None = None,
    cache_ttl: int | None = None,
    cache_clear: bool = False,
    metadata: bool = False,
    session_id: str | None = None,
    anthropic_beta: Sequence[str] = (),
) -> dict[str, str]:
    """Return headers for `Client(headers=...)` or `client.complete(headers=...)`. What is not set is not sent.

    Args:
        cache: Whether the service may answer from its response cache. The answer then has a new id and costs nothing;
            only requests that are equal byte by byte meet.
        cache_ttl: How long an answer stays there, in seconds, 1 to 86,400. Service default: 300.
        cache_clear: Whether to forget the kept answer, and ask anew.
        metadata: Whether the answer holds `openrouter_metadata`: which endpoints were tried, and why.
        session_id: Groups requests, up to 256 characters; the parameter `session_id` wins.
        anthropic_beta: Such as `interleaved-thinking-2025-05-14`, for Anthropic's models.

    Raises:
        ParameterError: A value is out of range.

    Source: https://openrouter.ai/docs (response caching, router metadata, provider routing).
    """
    if cache_ttl is not None and not 1 <= cache_ttl <= _LONGEST_TTL:
        raise ParameterError(f"cache_ttl: expected seconds from 1 to {_LONGEST_TTL}; got {cache_ttl!r}")
    if session_id is not None and len(session_id) > _LONGEST_SESSION:
        raise ParameterError(f"session_id: expected at most {_LONGEST_SESSION} characters; got {len(session_id)}")
    wishes = {
        "x-openrouter-cache": None if cache is None else str(cache).lower(),
        "x-openrouter-cache-ttl": None if cache_ttl is None else str(cache_ttl),
        "x-openrouter-cache-clear": "true" if cache_clear else None,
        "x-openrouter-metadata": "enabled" if metadata else None,
        "x-session-id": session_id,
        "x-anthropic-beta": ",".join(anthropic_beta) or None,
    }
    return {name: value for name, value in wishes.items() if value is not None}
