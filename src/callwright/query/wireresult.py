"""The wire form of a result: the choices of a query completion, and the usage object.

Source: https://github.com/ObjectiveAI/objective_ai_js, types of `POST /query/completions` as of October 2025.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from callwright._json import JsonObject, JsonValue, decode
from callwright.query.ballot import THINK_FIELD
from callwright.query.candidates import Candidate
from callwright.query.outcomes import CastVote, Failure, Written
from callwright.query.tally import Tally
from callwright.wire.chat import Completion, Usage

__all__ = ["usage_wire", "wire_choices"]

_KEPT = ("id", "created", "model", "service_tier", "system_fingerprint", "usage", "provider")


def wire_choices(
    tally: Tally,
    candidates: Mapping[str, Candidate],
    *,
    written: Sequence[Written],
    votes: Sequence[CastVote],
    failures: Sequence[Failure],
) -> list[JsonValue]:
    """Return the choices of a result: candidates, the winner first, then votes, then failures."""
    place = {class_id: at for at, class_id in enumerate(tally.ranking)}
    said = {one.candidate.class_id for one in written}
    shown = [(place[one.candidate.class_id], one.slot, one.draw, _written(one, tally)) for one in written]
    # What no member wrote was given: it has a choice of its own.
    shown += [
        (place[class_id], -1, 0, _given(candidates[class_id], tally))
        for class_id in tally.ranking
        if class_id not in said
    ]
    choices = [choice for *_, choice in sorted(shown, key=lambda entry: entry[:3])]
    choices += [_vote(cast, tally) for cast in votes]
    choices += [_failure(failure) for failure in failures]
    return [{"index": index, **choice} for index, choice in enumerate(choices)]


def usage_wire(usage: Usage) -> dict[str, JsonValue]:
    """Return usage as an object of the wire; `Usage.of_raw` reads the same back."""
    wire: dict[str, JsonValue] = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }
    return wire if usage.cost is None else {**wire, "cost": float(usage.cost)}


def _written(one: Written, tally: Tally) -> dict[str, JsonValue]:
    completion = one.completion
    return {
        "message": completion.message.raw,
        "finish_reason": completion.finish_reason or "stop",
        "logprobs": completion.logprobs,
        "generate_id": one.candidate.generate_id,
        "confidence_id": one.candidate.class_id,
        "confidence_weight": one.weight,
        "confidence": tally.shares[one.candidate.class_id],
        "model": one.name,
        "model_index": one.slot,
        "completion_metadata": _metadata((completion,)),
    }


def _given(candidate: Candidate, tally: Tally) -> dict[str, JsonValue]:
    """Return the choice of a candidate that no member wrote."""
    return {
        "message": {"role": "assistant", "content": candidate.text, "refusal": None},
        "finish_reason": "stop",
        "logprobs": None,
        "generate_id": candidate.generate_id,
        "confidence_id": candidate.class_id,
        "confidence_weight": 0.0,
        "confidence": tally.shares[candidate.class_id],
        "model": None,
        "model_index": None,
        "completion_metadata": None,
    }


def _vote(cast: CastVote, tally: Tally) -> dict[str, JsonValue]:
    first, shares = cast.completions[0], cast.vote.shares
    named = max(shares, key=lambda class_id: (shares[class_id], class_id))
    spread: dict[str, JsonValue] = dict(shares)
    return {
        "message": _thought(first.message.raw),
        "finish_reason": first.finish_reason or "stop",
        "logprobs": first.logprobs,
        "generate_id": None,
        "confidence_id": spread if cast.vote.method == "logprobs" or shares[named] < 1 else named,
        "confidence_weight": cast.weight,
        "confidence": tally.confidence_of(shares),
        "model": cast.name,
        "model_index": cast.slot,
        "completion_metadata": _metadata(cast.completions),
    }


def _failure(failure: Failure) -> dict[str, JsonValue]:
    came = failure.completions
    message: JsonValue = came[0].message.raw if came else {"role": "assistant", "content": None, "refusal": None}
    return {
        "message": message,
        "finish_reason": "error",
        "logprobs": came[0].logprobs if came else None,
        "generate_id": None,
        "confidence_id": None,
        "confidence_weight": failure.weight,
        "confidence": None,
        "error": {"code": failure.code, "message": failure.reason},
        "model": failure.name,
        "model_index": failure.slot,
        "completion_metadata": _metadata(came),
    }


def _metadata(completions: Sequence[Completion]) -> JsonValue:
    """Return what the service said of the requests behind a choice."""
    if not completions:
        return None
    raw, used = completions[0].raw, sum([completion.usage for completion in completions], Usage())
    kept: dict[str, JsonValue] = {key: raw.get(key) for key in _KEPT}
    return {**kept, "usage": usage_wire(used)}


def _thought(message: JsonObject) -> JsonValue:
    """Return the message of a vote with the reasons that were asked for where reasons stand on the wire."""
    content = message.get("content")
    if not isinstance(content, str) or THINK_FIELD not in content:
        return message
    try:
        value = decode(content)
    except ValueError:
        return message
    thought = value.get(THINK_FIELD) if isinstance(value, Mapping) else None
    return {**message, "reasoning": thought} if isinstance(thought, str) else message
