"""An ending: how an answer ended that holds no output, and must not be asked for again as it is."""

from __future__ import annotations

from pydantic_core import from_json

from callwright._json import JsonValue
from callwright.output.base import Problems
from callwright.wire.chat import Completion

__all__ = ["ending", "is_out_of_room"]

_OUT_OF_ROOM = frozenset({"length", "model_length", "max_tokens", "MAX_TOKENS"})
_FILTERED = frozenset({"content_filter", "SAFETY", "sensitive"})


def is_out_of_room(completion: Completion) -> bool:
    """Whether an answer was cut because it had no more tokens."""
    return completion.finish_reason in _OUT_OF_ROOM


def ending(completion: Completion, said: str) -> Problems | None:
    """Return why an answer holds no output however it is read; None if it may hold one.

    Args:
        completion: The answer.
        said: What of it would be the output: its text, or the arguments of its call; empty if nothing.
    """
    refusal, finish = completion.message.refusal, completion.finish_reason
    if refusal is not None and not said.strip():
        return Problems((f"the model refused: {refusal}",), "refused")
    if not completion.is_cut:
        return None
    if finish in _FILTERED:
        return Problems((f"a filter withheld the answer ({finish})",), "refused")
    if finish not in _OUT_OF_ROOM:
        return Problems((f"the provider broke the answer off ({finish})",), "broken")
    if said.strip():
        problem = f"the answer was cut ({finish}) before it was whole; raise max_tokens"
        return Problems((problem,), "cut", _beginning(said))
    usage = completion.usage
    spent = f" ({usage.reasoning_tokens} tokens went into reasoning)" if usage.reasoning_tokens else ""
    return Problems((f"the answer was cut ({finish}) before it began{spent}; raise max_tokens",), "cut")


def _beginning(text: str) -> JsonValue:
    """Return what of the one JSON object in a cut text has come; None if nothing can be told."""
    start = text.find("{")
    try:
        found: JsonValue = from_json(text[start:], allow_partial=True) if start >= 0 else None
    except ValueError:
        return None
    return found or None
