"""A profile: the switches in which servers of the chat-completions API differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from callwright._json import JsonObject, JsonValue

__all__ = ["COMPATIBLE", "OPENROUTER", "OPENROUTER_ONLY", "Forcing", "Profile"]

Forcing: TypeAlias = Literal["named", "required", "ignored"]
"""What a server makes of a forced call: obeys `required` and a name, obeys `required` alone, obeys nothing."""

OPENROUTER_ONLY = frozenset(
    {
        *("cache_control", "debug", "image_config", "include_reasoning", "models", "plugins", "preset", "provider"),
        *("route", "session_id", "stop_server_tools_when", "structured_outputs", "top_a", "trace", "transforms"),
        *("usage", "x_search_filter"),
    }
)
"""Parameters that mean something to OpenRouter alone.

Strict servers answer 422 to them.  Source: `transformers serve` 5.23, seen; Mistral's API, issue threads.
"""

_ECHO = frozenset({"role", "content", "name", "tool_calls", "reasoning_content"})


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """How one server differs from the others; applied at the edge, never in the loop.

    The defaults are what every server of the API takes. Two profiles are equal only if they are the same object:
    messages keep their bytes per profile. For a server that differs a little from a known one:
    `dataclasses.replace(profiles.VLLM, forcing="required")`.
    """

    name: str = "compatible"
    """Shown in errors and logs."""

    # -- parameters

    refuses: frozenset[str] = OPENROUTER_ONLY
    """Parameters that are never sent, since the server does not know them: setting one is a `ParameterError`.

    What is not named here is sent if the user set it; a server that dislikes it says so itself.
    """

    ignores: frozenset[str] = frozenset()
    """Parameters that the server takes and does not heed."""

    renames: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameter -> the name that it has here, such as `max_tokens` -> `max_completion_tokens`."""

    reasoning_object: bool = False
    """Whether `reasoning={...}` exists; if not, its effort is sent as `reasoning_effort`, all else is refused."""

    forced_params: JsonObject = field(default_factory=dict[str, JsonValue])
    """What a forced call needs besides; a value that the user set wins."""

    include_usage: bool = True
    """Whether a stream carries usage only when `stream_options.include_usage` asks for it."""

    max_price: bool = False
    """Whether `provider.max_price` exists."""

    require_parameters: bool = False
    """Whether `provider.require_parameters` exists: routing may land on an endpoint that ignores a parameter."""

    json_schema: bool = True
    """Whether `response_format` of type `json_schema` is understood."""

    # -- tools

    schema: str = "full"
    """The dialect of JSON Schema that parameters of tools are put in, by name."""

    strict: bool = True
    """Whether `strict` may stand in a tool; if not, it is left out: arguments are validated here anyway."""

    tool_types: frozenset[str] | None = frozenset({"function"})
    """Types of entries that `tools` may hold; None is any."""

    forcing: Forcing = "named"
    """What is made of a forced call. Where a name is not obeyed, only that tool is sent, with `required`."""

    # -- messages

    echo: frozenset[str] = _ECHO
    """The keys of an assistant message that the server takes back; the others stay in the record."""

    call_echo: frozenset[str] | None = None
    """The keys of a call beside id, type and function that the server takes back; None is all of them."""

    reasoning_key: str | None = None
    """The key under which the reasoning goes back; None is as it came."""

    object_arguments: bool = False
    """Whether arguments go back as an object instead of text."""

    null_content: bool = True
    """Whether content may be null beside calls; if not, it is an empty text."""

    call_id: str | None = None
    """The pattern of ids that the server takes, as a regular expression; others are replaced, None takes all."""

    developer_role: bool = True
    """Whether the role `developer` is known; if not, it is sent as `system`."""

    message_names: bool = True
    """Whether a message may carry `name`; if not, it is left out."""

    cache_marks: bool = False
    """Whether parts and tools may carry `cache_control`; if not, it is left out."""

    tool_media: bool = False
    """Whether a tool message may hold images and files; if not, they follow in a user message."""

    user_after_tool: bool = True
    """Whether a user message may follow a tool message; if not, a short assistant message stands between."""


OPENROUTER = Profile(
    name="openrouter",
    refuses=frozenset(),
    reasoning_object=True,
    include_usage=False,
    require_parameters=True,
    max_price=True,
    tool_types=None,
    echo=frozenset(
        {
            *("annotations", "audio", "content", "images", "name", "reasoning", "reasoning_details", "refusal"),
            *("reasoning_content", "role", "tool_calls"),
        }
    ),
    reasoning_key="reasoning",
    cache_marks=True,
    tool_media=True,
)
"""openrouter.ai. Source: https://openrouter.ai/docs (chat completions), OpenAPI document of 2026-08-22."""

COMPATIBLE = Profile()
"""What every server of the API takes: for addresses that no profile is known for."""
