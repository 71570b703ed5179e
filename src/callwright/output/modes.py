"""A mode: which one suits a model, what of it a service has refused, and what is remembered of that."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import NamedTuple, cast

from callwright.errors import APIError, APIStatusError
from callwright.output.base import Conditions, Refusable, SettledMode

__all__ = ["Rung", "forget", "picked", "refusals", "refused_part", "remember"]

_REMEMBERED = 256
_REQUEST = frozenset({400, 404, 415, 422, 501})
"""Statuses of a request that will not be taken; llama.cpp answers 500 to some, see `refused_part`."""
_NO_ENDPOINTS = re.compile(r"no endpoints? (?:found|available)", re.IGNORECASE)
_OTHER_FILTERS = re.compile(
    r"data policy|privacy|guardrail|moderation|zdr|zero data|image|audio|modalit", re.IGNORECASE
)
"""Filters that leave no endpoint whatever the mode is."""
_UNABLE = re.compile(
    r"not? (?:be )?(?:support|allow|permit|available|implement|accept|enabled|compatible)|unsupported|unavailable"
    r"|unrecogni[sz]ed|unknown|unexpected|unable|invalid|extra (?:inputs|fields)|not been enabled|cannot|can't"
    r"|not one of|must be|should be|expected|only|requires?\b|incompatible",
    re.IGNORECASE,
)
_SCHEMA = re.compile(r"json.?schema|structured.?output|response.?schema|guided|grammar", re.IGNORECASE)
_FORMAT = re.compile(
    r"response.?format|json.?(?:object|mode|schema)|structured.?output|response.?schema", re.IGNORECASE
)
_STRICT = re.compile(
    r"\bstrict\b|invalid schema for response_format|additionalproperties|'?required'? is required to be", re.IGNORECASE
)
_CHOICE = re.compile(r"tool.?choice|function.?call(?:ing)? mode|forced? (?:tool|function)", re.IGNORECASE)
_TOOLS = re.compile(r"\btools?\b|tool.?(?:use|calls?|calling)|function.?call|\bfunctions?\b", re.IGNORECASE)
_OWN_TOOL = re.compile(r"invalid schema for function|tools\[\d+\]|tools\.\d+", re.IGNORECASE)
"""About one of the tools, not about tools."""
_CONSTRAINTS: Mapping[str, str] = {
    "require_parameters": "",
    "supported_parameters": "",
    "response_format": "response_format",
    "structured_outputs": "json_schema",
    "tools": "tools",
    "tool_choice": "tool_choice",
}


class Rung(NamedTuple):
    """A mode, and how hard it holds the model."""

    mode: SettledMode
    is_forced: bool = True
    """For `tool`: whether a call must be made."""
    may_be_strict: bool = True
    """For `json_schema`: whether the schema may be sent as strict."""


def picked(
    conditions: Conditions, *, takes_text: bool = False, prefers_call: bool = False, needs_call: bool = False
) -> Rung | None:
    """Return the best mode under these conditions; None if every one was refused.

    Args:
        conditions: What is known of the model, its server, and the agent.
        takes_text: Whether the answer may be plain text instead, which only `tool` tells apart by itself.
        prefers_call: Whether a call is the best answer, whatever the model can do.
        needs_call: Whether the answer must be a call.
    """
    refused = conditions.refused
    # Beside tools, a response format would keep the model from calling them.
    only_call = conditions.has_tools or needs_call
    modes = _modes(conditions, takes_text=takes_text, prefers_call=prefers_call)
    calls: tuple[SettledMode, ...] = ("tool",)
    for mode in calls if only_call else modes:
        if mode == "prompt" or mode not in refused:
            is_forced = not takes_text and "forced" not in refused and _takes(conditions, "tool_choice")
            return Rung(mode, is_forced, "strict" not in refused)
    return None


def _modes(conditions: Conditions, *, takes_text: bool, prefers_call: bool) -> Iterator[SettledMode]:
    """Yield the modes that there are, the best first."""
    profile = conditions.profile
    can_force = "forced" not in conditions.refused and _takes(conditions, "tool_choice")
    can_call = _takes(conditions, "tools") and (takes_text or can_force)
    has_format = "response_format" not in profile.ignores | profile.refuses
    if can_call and (takes_text or prefers_call):
        yield "tool"
    if profile.json_schema and has_format and _takes(conditions, "structured_outputs"):
        yield "json_schema"
    if can_call:
        yield "tool"
    if has_format and _takes(conditions, "response_format"):
        yield "json_object"
    yield "prompt"


def _takes(conditions: Conditions, parameter: str) -> bool:
    return conditions.supported is None or parameter in conditions.supported


def refused_part(error: APIError, rung: Rung, *, has_tools: bool = False, is_strict: bool = False) -> Refusable | None:
    """Return what of a mode an error refuses; None if it is about something else.

    Args:
        error: Why the request failed.
        rung: As the output was asked for.
        has_tools: Whether tools of the agent's own were in the request.
        is_strict: Whether a schema was sent as strict.

    Source: recorded errors and issue threads: OpenRouterTeam/ai-sdk-provider#483, lmstudio-bug-tracker#670,
    TradingAgents#678, `transformers serve` 5.23 and llama.cpp b11549 as seen.
    """
    if not isinstance(error, APIStatusError):
        return None
    said, about = error.message, _of_endpoints(error)
    is_request = error.status in _REQUEST or "json schema" in said.lower()
    if not is_request or rung.mode == "prompt" or (about is None and not _UNABLE.search(said)):
        return None
    said = said if about is None else about
    if rung.mode == "tool":
        return _refused_call(said, rung, has_tools=has_tools, is_about_any=about == "")
    if about != "" and not _FORMAT.search(said) and not _SCHEMA.search(said):
        return None
    return "strict" if is_strict and _STRICT.search(said) else rung.mode


def _of_endpoints(error: APIStatusError) -> str | None:
    """Return what no endpoint supports, in words; empty if that is not said, None if it is no such error."""
    constraint = error.availability.get("constraint")
    if isinstance(constraint, Mapping) and error.availability.get("code") == "constraint_filtered":
        return _CONSTRAINTS.get(str(cast("Mapping[str, object]", constraint).get("field")))
    said = error.message
    if not _NO_ENDPOINTS.search(said) or _OTHER_FILTERS.search(said):
        return None
    is_named = _CHOICE.search(said) or _TOOLS.search(said) or _FORMAT.search(said)
    return said if is_named else "" if re.search("parameter|support", said, re.IGNORECASE) else None


def _refused_call(said: str, rung: Rung, *, has_tools: bool, is_about_any: bool) -> Refusable | None:
    if _OWN_TOOL.search(said):
        return None
    if rung.is_forced and (_CHOICE.search(said) or is_about_any):
        return "forced"
    return "tool" if not has_tools and (_TOOLS.search(said) or is_about_any) else None


_known: OrderedDict[tuple[str, str], frozenset[Refusable]] = OrderedDict()
_lock = Lock()


def refusals(model: str, profile: str) -> frozenset[Refusable]:
    """Return what the service refused for a model in this process.

    Args:
        model: Its name.
        profile: The name of the server's profile.
    """
    return _known.get((model, profile), frozenset())


def remember(model: str, profile: str, part: Refusable) -> None:
    """Keep what the service refused for a model; the models of the last 256 refusals are known."""
    with _lock:
        _known[model, profile] = frozenset[Refusable]({*refusals(model, profile), part})
        _known.move_to_end((model, profile))
        if len(_known) > _REMEMBERED:
            _known.popitem(last=False)


def forget() -> None:
    """Forget all refusals: each mode is tried again."""
    with _lock:
        _known.clear()
