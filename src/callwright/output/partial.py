"""A partial: the output that an answer holds so far, while its text grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from callwright.output.form import MISSING

__all__ = ["Partial", "TextPartial"]


class Partial(Protocol):
    """Reads the text of one answer."""

    def feed(self, piece: str) -> bool:
        """Take the next piece; return whether the output so far became another one."""
        ...

    def value(self, *, grows: bool) -> object:
        """Return the output so far; `MISSING` if nothing can be said of it.

        Args:
            grows: Whether a string is shown before its end.
        """
        ...

    @property
    def weight(self) -> int:
        """What `value` costs: about as many items as it copies."""
        ...

    def finished(self, since: int) -> Sequence[object]:
        """Return the elements from a position on that are finished and valid, if the output is a list."""
        ...


class TextPartial:
    """The text itself."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def feed(self, piece: str) -> bool:
        """See `Partial`."""
        self._pieces.append(piece)
        return bool(piece)

    def value(self, *, grows: bool) -> object:
        """See `Partial`."""
        if not grows:
            return MISSING
        self._pieces[:] = ["".join(self._pieces)]
        return self._pieces[0]

    @property
    def weight(self) -> int:
        """See `Partial`."""
        return sum(map(len, self._pieces)) // 256

    def finished(self, since: int) -> Sequence[object]:
        """See `Partial`."""
        del since
        return ()
