"""Circles: whether the newest turns of a run repeat themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from callwright._json import JsonValue, encode
from callwright.run.decision import PendingCall

__all__ = ["Rounds"]

_LONGEST_CYCLE = 3
"""In turns."""
_LONGEST_SHOWN = 200


class _Round(NamedTuple):
    """The calls of one turn."""

    mark: int
    """Equal for turns with the same calls and the same results."""
    names: frozenset[str]
    shown: str


class Rounds:
    """The turns of one prompt in which tools were called."""

    __slots__ = ("_rounds",)

    def __init__(self) -> None:
        self._rounds: list[_Round] = []

    def __len__(self) -> int:
        return len(self._rounds)

    def __repr__(self) -> str:
        return f"Rounds({self._rounds!r})"

    def add(self, calls: Iterable[PendingCall]) -> None:
        """Add a turn whose calls have all returned."""
        listed = list(calls)
        mark = hash(tuple([(call.call.name, _bare(call.call.arguments), _result(call)) for call in listed]))
        shown = ", ".join([f"{call.call.name}({call.call.arguments})" for call in listed[:_LONGEST_CYCLE]])
        self._rounds.append(_Round(mark, frozenset([call.call.name for call in listed]), shown[:_LONGEST_SHOWN]))

    def circle(self, repeats: int, *, exempt: frozenset[str]) -> str | None:
        """Return what repeats itself at the end, in words; None if nothing does.

        Args:
            repeats: How often the same must have happened in a row, >= 2.
            exempt: Names of tools that are called again and again on purpose.
        """
        for period in range(1, _LONGEST_CYCLE + 1):
            span = period * repeats
            if len(self._rounds) < span:
                return None
            last = self._rounds[-span:]
            is_same = all(one.mark == other.mark for one, other in zip(last, last[period:], strict=False))
            if is_same and not any(exempt & one.names for one in last):
                return " then ".join([one.shown for one in last[:period]])
        return None


def _bare(arguments: str) -> str:
    """Return the arguments without their blanks: models space the same call differently."""
    return "".join(arguments.split())


def _result(call: PendingCall) -> object:
    content: JsonValue = None if call.returned is None else call.returned.message.content
    return content if isinstance(content, str) else encode(content)
