"""The normal form of a configuration: what says the same is written the same, so that it has the same id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias, cast

from callwright._json import JsonObject, JsonValue, encode
from callwright.query.rules import MEMBER

__all__ = ["IdStyle", "canonical_json", "normal_form"]

IdStyle: TypeAlias = Literal["score", "sdk"]
"""How `reasoning` is hashed. `score`: as the engine of November 2025 does. `sdk`: as the SDK of October 2025 did, which
forgot `effort` and `enabled: true`; ids that it made for configurations with those are met only so."""

_DEFAULTS: Mapping[str, JsonValue] = {
    "frequency_penalty": 0,
    "logit_bias": {},
    "max_completion_tokens": 0,
    "presence_penalty": 0,
    "stop": [],
    "temperature": 1,
    "top_p": 1,
    "max_tokens": 0,
    "min_p": 0,
    "provider": {},
    "reasoning": {},
    "repetition_penalty": 1,
    "top_a": 0,
    "top_k": 0,
    "verbosity": "medium",
    "models": [],
}
_PROVIDER_DEFAULTS: Mapping[str, JsonValue] = {
    "allow_fallbacks": True,
    "require_parameters": False,
    "data_collection": "allow",
    "order": [],
    "only": [],
    "ignore": [],
    "quantizations": [],
}
_SORTED = frozenset({"only", "ignore", "quantizations"})
_REALS = frozenset(
    {"frequency_penalty", "presence_penalty", "temperature", "top_p", "min_p", "repetition_penalty", "top_a"}
)


def normal_form(wire: JsonObject) -> dict[str, JsonValue]:
    """Return a configuration without defaults, in the order in which it is hashed.

    Args:
        wire: As `QueryLLM.to_wire` gives it, without keys that are not known.
    """
    form: dict[str, JsonValue] = {}
    for key in MEMBER.fields:
        if key in wire:
            value = _NORMAL[key](wire[key]) if key in _NORMAL else _plain(key, wire[key])
            if key not in _DEFAULTS or value != _DEFAULTS[key]:
                form[key] = value
    if form.get("select_top_logprobs") == (20 if str(form["mode"]).endswith("_logprobs") else 0):
        del form["select_top_logprobs"]
    return form


def canonical_json(form: JsonObject, *, style: IdStyle = "score") -> str:
    """Return the text of a normal form that is hashed: no blanks, reals with a point.

    Source: reproduces ids of the SDK of 2025-09-25 and of logged answers byte for byte. Inferred: `logit_bias` is
    ordered by number, as the objects of JavaScript are by themselves.
    """
    reasoning = form.get("reasoning")
    if style == "sdk" and isinstance(reasoning, Mapping):
        kept = {key: value for key, value in reasoning.items() if key != "effort" and (key, value) != ("enabled", True)}
        form = {key: kept if key == "reasoning" else value for key, value in form.items() if key != "reasoning" or kept}
    return encode(form).decode()


def _plain(key: str, value: JsonValue) -> JsonValue:
    # 0.0 is added because -0.0 is another text, and the same number.
    return float(cast("float", value)) + 0.0 if key in _REALS else value


def _bias(value: JsonValue) -> JsonValue:
    bias = cast("Mapping[str, int]", value)
    return {token: bias[token] for token in sorted(bias, key=int)}


def _stop(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return value
    stops = sorted(cast("list[str]", value))
    return stops[0] if len(stops) == 1 else stops


def _provider(value: JsonValue) -> JsonValue:
    kept: dict[str, JsonValue] = {}
    for key, item in cast("JsonObject", value).items():
        if key not in _PROVIDER_DEFAULTS or item != _PROVIDER_DEFAULTS[key]:
            kept[key] = sorted(cast("list[str]", item)) if key in _SORTED else item
    return kept


def _reasoning(value: JsonValue) -> JsonValue:
    kept = {key: item for key, item in cast("JsonObject", value).items() if (key, item) != ("max_tokens", 0)}
    if kept.get("enabled") is any(key in kept for key in ("max_tokens", "effort")):
        # What the others imply.
        del kept["enabled"]
    return kept


_NORMAL: Mapping[str, Callable[[JsonValue], JsonValue]] = {
    "logit_bias": _bias,
    "stop": _stop,
    "provider": _provider,
    "reasoning": _reasoning,
}
