"""An attempt: an answer that was no valid output, and why."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Attempt"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """An answer that was no valid output."""

    ask: int
    """Which request of the run it came to, from 1."""
    answer: str
    """What the model wrote: the text, or the arguments of the call."""
    problems: tuple[str, ...]
    """What was wrong with it."""
    partial: object = None
    """The part of it that was valid, as JSON; None if there was none."""
