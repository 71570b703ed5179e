"""The check of parameters: what is wrong with those that were given, and how they go on the wire."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Mapping
from typing import cast

from callwright._json import JsonObject, JsonValue, decode, encode
from callwright.errors import ParameterError
from callwright.wire.ranges import named, nearest, shown
from callwright.wire.rules import DEPRECATED, PLACED, RULES, conflicts

__all__ = ["checked"]

_VERBOSITIES = frozenset[object]({"low", "medium", "high", "xhigh", "max"})


def checked(params: Mapping[str, object], base: JsonObject) -> dict[str, JsonValue]:
    """Return the parameters as they go on the wire; see `checked_params`.

    Raises:
        ParameterError: See there.
    """
    given = {key: value for key, value in params.items() if key != "extra_body"}
    problems = [problem for key, value in params.items() for problem in _problems(key, value)]
    extra = _mapping(params.get("extra_body"))
    problems += _extra_problems(extra, given)
    below = _below(base, given)
    told = {"logprobs": extra["logprobs"]} if "logprobs" in extra else {}
    problems += conflicts({**below, **given, **told})
    if problems:
        raise ParameterError("; ".join(dict.fromkeys(problems)))
    _warn(given)
    sent = {key: RULES[key].sent(value) for key, value in given.items()}
    merged = {**below, **_plain({**sent, **extra})}
    return {key: merged[key] for key in sorted(merged)}


def _plain(params: object) -> dict[str, JsonValue]:
    try:
        return cast("dict[str, JsonValue]", decode(encode(params)))  # the rules let only objects come here
    except ValueError as error:
        raise ParameterError(f"parameters are JSON values; {error}") from error


def _problems(key: str, value: object) -> Iterable[str]:
    if key in RULES:
        return RULES[key].problems(value, key)
    near = nearest(key, RULES)
    if key in PLACED:
        hint = "it has a place of its own in the call"
    else:
        hint = f"did you mean {near!r}?" if near else "keys that only one provider knows go into extra_body="
    return (f"{named(key)}: no such parameter; {hint}",)


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value if isinstance(value, Mapping) else {})


def _below(base: JsonObject, given: Mapping[str, object]) -> dict[str, JsonValue]:
    """Return the parameters below those given, without those that say the same thing in another way."""
    kept = dict(base)
    reasoning = kept.get("reasoning")
    if "reasoning" in given:
        kept.pop("reasoning_effort", None)
    elif "reasoning_effort" in given and isinstance(reasoning, Mapping):
        kept["reasoning"] = {key: value for key, value in reasoning.items() if key not in ("effort", "max_tokens")}
        if not kept["reasoning"]:
            del kept["reasoning"]
    if "logprobs" in given and not given["logprobs"]:
        kept.pop("top_logprobs", None)
    return kept


def _extra_problems(extra: Mapping[str, object], given: Mapping[str, object]) -> list[str]:
    problems = [
        f"extra_body: {key!r} has a place of its own in the call; give it there" for key in PLACED & extra.keys()
    ]
    return sorted(problems) + [
        f"extra_body: {shown(key)} is given as a parameter, too; give it once" for key in extra if key in given
    ]


def _warn(params: Mapping[str, object]) -> None:
    for key in params.keys() & DEPRECATED.keys():
        _tell(f"{key} is older; it is sent, but {DEPRECATED[key]}", DeprecationWarning)
    verbosity = params.get("verbosity", "low")
    if verbosity not in _VERBOSITIES:
        _tell(f"verbosity: expected low, medium, high, xhigh or max; sent as it is: {shown(verbosity)}", UserWarning)


def _tell(message: str, kind: type[Warning]) -> None:
    """Warn at the line that called callwright."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "callwright":
        frame, level = frame.f_back, level + 1
    warnings.warn(message, kind, stacklevel=level)
