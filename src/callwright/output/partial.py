"""A partial: the output that an answer holds so far, while its text grows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from callwright.output.form import MISSING, Form
from callwright.output.growing import GrowingJson

__all__ = ["JsonPartial", "Partial", "TextPartial"]

_BEGINNING = re.compile(r'\{\s*"|\[\s*[\[\]{"0-9tfn-]')
"""How an object or a list begins, rather than a bracket in prose."""
_HALF_BEGINNING = re.compile(r"[{\[]\s{0,1000}\Z")
_LONGEST_BEGINNING = 10_000
"""Characters within which a key or an element must have come."""


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


class JsonPartial:
    """A value as JSON, which may stand in prose or between fences.

    Args:
        form: What the value is to become.
    """

    __slots__ = ("_form", "_json", "_seen")

    def __init__(self, form: Form) -> None:
        self._form = form
        self._json: GrowingJson | None = None
        self._seen = ""

    def feed(self, piece: str) -> bool:
        """See `Partial`."""
        found = self._json
        if found is not None and found.is_sure:
            return found.feed(piece)
        self._seen += piece
        has_news = found is not None and found.feed(piece)
        while self._is_to_be_sought():
            begun = _BEGINNING.search(self._seen)
            if begun is None:
                half = _HALF_BEGINNING.search(self._seen)
                self._seen = "" if half is None else self._seen[half.start() :]
                return False
            self._seen = self._seen[begun.start() :]
            self._json = GrowingJson(self._form)
            has_news = self._json.feed(self._seen)
        return has_news

    def _is_to_be_sought(self) -> bool:
        """Whether no JSON was found yet, or what was found is something else."""
        found = self._json
        if found is None:
            return True
        if found.is_sure:
            self._seen = ""
        elif found.has_failed or len(self._seen) > _LONGEST_BEGINNING:
            self._json = None
            self._seen = self._seen[max(found.read, 1) :]
            return True
        return False

    def value(self, *, grows: bool) -> object:
        """See `Partial`."""
        found = self._json
        return found.value(grows=grows) if found is not None and found.is_sure else MISSING

    @property
    def weight(self) -> int:
        """See `Partial`."""
        return 0 if self._json is None else self._json.weight

    def finished(self, since: int) -> Sequence[object]:
        """See `Partial`."""
        held = None if self._json is None else self._json.items
        return () if held is None else held.elements[since : held.whole]
