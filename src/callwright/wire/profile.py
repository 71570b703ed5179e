"""A profile: the switches in which servers of the chat-completions API differ."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["COMPATIBLE", "OPENROUTER", "Profile"]


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """How one server differs from the others; applied at the edge, never in the loop.

    Two profiles are equal only if they are the same object: messages keep their bytes per profile.
    """

    name: str = "compatible"
    """Shown in errors and logs."""

    echo: frozenset[str] = frozenset({"role", "content", "name", "tool_calls", "reasoning_content"})
    """The keys of an assistant message that the server takes back; the others stay in the record."""

    include_usage: bool = True
    """Whether a stream carries usage only when `stream_options.include_usage` asks for it."""

    json_schema: bool = True
    """Whether `response_format` of type `json_schema` is understood."""

    require_parameters: bool = False
    """Whether `provider.require_parameters` exists: routing may land on an endpoint that ignores a parameter."""


OPENROUTER = Profile(
    name="openrouter",
    echo=frozenset(
        {
            "annotations",
            "audio",
            "content",
            "images",
            "name",
            "reasoning",
            "reasoning_details",
            "refusal",
            "role",
            "tool_calls",
        }
    ),
    include_usage=False,
    require_parameters=True,
)
"""openrouter.ai. Source: https://openrouter.ai/docs (chat completions), OpenAPI document of 2026-08-22."""

COMPATIBLE = Profile()
"""What every server of the API takes: for addresses that no profile is known for."""
