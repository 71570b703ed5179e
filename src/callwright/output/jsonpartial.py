"""A partial of JSON: the value that a text holds so far, which may stand in prose or between fences."""

from __future__ import annotations

import re
from collections.abc import Sequence

from callwright.output.form import MISSING, Form
from callwright.output.growing import GrowingJson

__all__ = ["JsonPartial"]

_BEGINNING = re.compile(r'\{\s*"|\[\s*[\[\]{"0-9tfn-]')
"""How an object or a list begins, rather than a bracket in prose."""
_HALF_BEGINNING = re.compile(r"[{\[]\s{0,1000}\Z")
_LONGEST_BEGINNING = 10_000
"""Characters within which a key or an element must have come."""


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
