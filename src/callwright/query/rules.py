"""The rules of a configuration: what each field of a Query LLM and of an ensemble may be, and what excludes what.

Source: the validation of ObjectiveAI's engine of 2025-11-04; `select_top_logprobs` and the modes, of its SDK of
2025-10-08.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from callwright.errors import ParameterError
from callwright.wire.ranges import (
    BOOLEAN,
    OBJECT,
    Problems,
    Range,
    Value,
    integer,
    number,
    one_of,
    shown,
    string,
    wrong,
)
from callwright.wire.shapes import Either, Fields, Items, Pairs, Tagged

__all__ = ["MEMBER", "MODES", "MOST_MEMBERS", "checked", "ensemble_problems", "member_problems"]

MODES = (
    "generate",
    "select_thinking",
    "select_non_thinking",
    "select_thinking_logprobs",
    "select_non_thinking_logprobs",
)
MOST_MEMBERS = 128

_INT32 = 2**31 - 1
_TOKEN_ID = re.compile(r"0|[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class _Distinct:
    """A list of texts that are not empty, each of them once."""

    inner: Items

    @property
    def expected(self) -> str:
        return self.inner.expected

    def takes(self, value: object) -> bool:
        return self.inner.takes(value)

    def problems(self, value: object, path: str) -> Problems:
        yield from self.inner.problems(value, path)
        if self.takes(value):
            items = list(cast("Sequence[object]", value))
            for place, item in enumerate(items):
                if item in items[:place]:
                    yield f"{path}[{place}]: expected each string once; got {shown(item)} again"

    def sent(self, value: object) -> object:
        return self.inner.sent(value)


def _is_token(key: object) -> bool:
    if isinstance(key, int) and not isinstance(key, bool):
        return key >= 0
    return isinstance(key, str) and _TOKEN_ID.fullmatch(key) is not None


def _is_positive(value: object) -> bool:
    return number(0).fits(value) and value != 0


_TEXT = string(shortest=1)
_TEXTS = _Distinct(Items(_TEXT, "strings that are not empty"))
_COUNT = integer(0, _INT32)
_POSITIVE = Value("a number > 0", _is_positive)
_LEVEL = one_of("low", "medium", "high")

_PROVIDER = Fields(
    {
        "order": _TEXTS,
        "allow_fallbacks": BOOLEAN,
        "require_parameters": BOOLEAN,
        "data_collection": one_of("allow", "deny"),
        "only": _TEXTS,
        "ignore": _TEXTS,
        "quantizations": _TEXTS,
        "sort": _TEXT,
    }
)
_REASONING = Fields({"max_tokens": _COUNT, "effort": _LEVEL, "enabled": BOOLEAN})

_MEMBER_WEIGHTS: Mapping[str, Mapping[str, Range]] = {
    "static": {"weight": _POSITIVE},
    "training_table": {"base_weight": _POSITIVE, "min_weight": _POSITIVE, "max_weight": _POSITIVE},
}
_ENSEMBLE_WEIGHTS: Mapping[str, Mapping[str, Range]] = {
    "static": {},
    "training_table": {"embeddings_model": _TEXT, "top": integer(1, _INT32)},
}


def _weights(kinds: Mapping[str, Mapping[str, Range]]) -> Tagged:
    fields = {kind: {"type": one_of(kind), **ranges} for kind, ranges in kinds.items()}
    return Tagged("type", {kind: Fields(ranges, frozenset(ranges)) for kind, ranges in fields.items()})


MEMBER = Fields(
    {
        "id": _TEXT,
        "mode": one_of(*MODES),
        "select_top_logprobs": integer(0, 20),
        "frequency_penalty": number(-2, 2),
        "logit_bias": Pairs(Value("decimal token ids without leading zeros", _is_token), integer(-100, 100)),
        "max_completion_tokens": _COUNT,
        "presence_penalty": number(-2, 2),
        "reasoning_effort": _LEVEL,
        "stop": Either((_TEXT, _TEXTS)),
        "temperature": number(0, 2),
        "top_p": number(0, 1),
        "max_tokens": _COUNT,
        "min_p": number(0, 1),
        "provider": _PROVIDER,
        "reasoning": _REASONING,
        "repetition_penalty": number(0, 2),
        "top_a": number(0, 1),
        "top_k": _COUNT,
        "verbosity": _LEVEL,
        "models": _TEXTS,
        "weight": _weights(_MEMBER_WEIGHTS),
    },
    frozenset({"id", "mode", "weight"}),
    is_open=True,
)
"""What a Query LLM may be; the order of the fields is the one in which they are hashed."""

_MEMBERS = Items(OBJECT, "Query LLMs", most=MOST_MEMBERS, least=1)
_ENSEMBLE = Fields({"models": _MEMBERS, "weight": _weights(_ENSEMBLE_WEIGHTS)}, frozenset({"models", "weight"}))


def checked(problems: Iterator[str]) -> None:
    """Refuse a configuration that has problems.

    Raises:
        ParameterError: There are some; names all of them.
    """
    found = list(dict.fromkeys(problems))
    if found:
        raise ParameterError("; ".join(found))


def member_problems(wire: Mapping[str, object], path: str) -> Problems:
    """Yield all that is wrong with a Query LLM; a key that is not known is none of it."""
    yield from MEMBER.problems({key: value for key, value in wire.items() if key in MEMBER.fields}, path)
    if wire.get("id") in _items(wire.get("models")):
        yield f"{path}.models: expected models to fall back to; got the id itself, {shown(wire.get('id'))}"
    reasoning = _object(wire.get("reasoning"))
    # 0 is no budget, as if it were not there.
    given = [key for key in ("max_tokens", "effort") if reasoning.get(key)]
    if len(given) > 1:
        yield f"{path}.reasoning: expected max_tokens or effort; got both"
    if reasoning.get("enabled") is False and given:
        yield f"{path}.reasoning.enabled: expected true, or no {given[0]}; got False"
    yield from _order(_object(wire.get("weight")), f"{path}.weight")


def ensemble_problems(wire: Mapping[str, object], path: str) -> Problems:
    """Yield all that is wrong with an ensemble and its members; a key that is not known is none of it."""
    yield from _ENSEMBLE.problems({key: value for key, value in wire.items() if key in _ENSEMBLE.fields}, path)
    kind = _object(wire.get("weight")).get("type")
    for place, member in enumerate(_items(wire.get("models"))):
        yield from member_problems(_object(member), f"{path}.models[{place}]")
        mine = _object(_object(member).get("weight")).get("type")
        if mine != kind and mine in _MEMBER_WEIGHTS and kind in _MEMBER_WEIGHTS:
            yield wrong(f"{path}.models[{place}].weight.type", f"{kind}, as the weight of the ensemble", mine)


def _order(weight: Mapping[str, object], path: str) -> Problems:
    least, base, most = (weight.get(f"{name}_weight") for name in ("min", "base", "max"))
    if weight.get("type") != "training_table" or not all(_is_positive(value) for value in (least, base, most)):
        return
    low, middle, high = cast("tuple[float, float, float]", (least, base, most))
    if not low <= middle <= high:
        yield f"{path}: expected min_weight <= base_weight <= max_weight; got {low!r}, {middle!r}, {high!r}"


def _object(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def _items(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()
