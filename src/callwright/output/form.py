"""A form: what a JSON value becomes when it is whole, and what is shown of it as long as it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from callwright._json import decode, encode

__all__ = ["HIDDEN", "MISSING", "Form", "Held", "TextForm", "Validate"]


class _Missing:
    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Stands where nothing can be shown yet."""

Validate: TypeAlias = Callable[[bytes | str], object]
"""Gives the value that a JSON text is, or raises."""


class Held:
    """What a container holds so far."""

    __slots__ = ("count", "elements", "fields", "is_stalled", "is_whole", "whole")

    def __init__(self) -> None:
        self.fields: dict[str, object] = {}
        """What can be shown of an object's members, by their keys."""
        self.elements: list[object] = []
        """What can be shown of a list."""
        self.count = 0
        """Members or elements that have ended, shown or not."""
        self.whole = 0
        """How many elements of a list, from the first, are valid: as they will be in the end."""
        self.is_whole = True
        """Whether all that have ended are valid."""
        self.is_stalled = False
        """Whether an element of a list cannot be shown, and so none after it."""

    @property
    def size(self) -> int:
        """How many values it shows."""
        return len(self.fields) + len(self.elements)


class Form:
    """A value that is shown only once it is whole, whatever it is.

    Args:
        validate: Gives the value of its JSON text.
        is_scalar: Whether it can be no object and no list.
    """

    __slots__ = ("_is_scalar", "_validate")

    is_text = False
    """Whether a string is shown before its end."""
    is_shown = False
    """Whether a container of this form is shown before its end."""
    needs_text = True
    """Whether a container that has ended becomes a value out of its text, rather than of the values in it."""
    is_wrapping = False
    """Whether it is not shown itself, but the one value in it."""

    def __init__(self, validate: Validate, *, is_scalar: bool = False) -> None:
        self._validate = validate
        self._is_scalar = is_scalar

    def takes(self, mark: str) -> bool:
        """Whether it can be an object, for `{`, or a list, for `[`."""
        del mark
        return not self._is_scalar

    def opened(self, mark: str) -> Form:
        """Return the form of a container of this form while it is open."""
        del mark
        return HIDDEN

    def child(self, key: str | int) -> Form:
        """Return the form of a member, or of an element by its position."""
        del key
        return HIDDEN

    def knows(self, key: str) -> bool:
        """Whether an object of this form may begin with that key."""
        del key
        return True

    def put(self, held: Held, key: str | None, value: object, *, is_whole: bool) -> Form:
        """Keep a value that has ended; return the form, which may be known better by then.

        Args:
            held: Where to.
            key: None in a list.
            value: `MISSING` if it cannot be shown.
            is_whole: Whether it is valid.
        """
        held.count += 1
        held.is_whole = held.is_whole and is_whole
        if key is not None:
            if value is not MISSING:
                held.fields[key] = value
            return self
        if value is MISSING:
            held.is_stalled = True
        elif not held.is_stalled:
            held.elements.append(value)
            held.whole += is_whole and held.whole == held.count - 1
        return self

    def part(self, held: Held, key: str, inner: object, *, grows: bool) -> object:
        """Return what can be shown of an open container.

        Args:
            held: The values in it that have ended.
            key: Of the one that has not, in an object.
            inner: What can be shown of that one; `MISSING` for nothing.
            grows: Whether strings are shown before their end.
        """
        del held, key, inner, grows
        return MISSING

    def blank(self, *, grows: bool, depth: int = 0) -> object:
        """Return what stands for a value that has not begun: what grows is empty, anything else None.

        Args:
            grows: See `part`.
            depth: How many records that have not begun are around it.
        """
        del grows, depth
        return None

    def whole(self, text: bytes | str) -> object:
        """Return the value that a JSON text is; `MISSING` if it is no valid one."""
        try:
            return self._validate(text)
        except Exception:  # noqa: BLE001 - the edge of user code: a validator of the type's own
            return MISSING

    def whole_string(self, text: str) -> object:
        """Return the value that a string is; `MISSING` if it is no valid one."""
        return self.whole(encode(text))


class _Hidden(Form):
    """Something of which nothing is ever shown."""

    __slots__ = ()
    needs_text = False

    def put(self, held: Held, key: str | None, value: object, *, is_whole: bool) -> Form:
        del key, value, is_whole
        held.count += 1
        return self

    def whole(self, text: bytes | str) -> object:
        del text
        return MISSING

    def whole_string(self, text: str) -> object:
        del text
        return MISSING


class TextForm(Form):
    """A string that becomes nothing but itself.

    Args:
        validate: See `Form`; None if any string is valid.
    """

    __slots__ = ("_is_free",)
    is_text = True

    def __init__(self, validate: Validate | None = None) -> None:
        super().__init__(validate or decode, is_scalar=True)
        self._is_free = validate is None

    def whole(self, text: bytes | str) -> object:
        """Return `MISSING` for what is no string."""
        value = super().whole(text)
        return value if isinstance(value, str) else MISSING

    def whole_string(self, text: str) -> object:
        """Return the string."""
        return text if self._is_free else super().whole_string(text)

    def blank(self, *, grows: bool, depth: int = 0) -> object:
        """Return the empty string."""
        del depth
        return "" if grows else None


HIDDEN: Final = _Hidden(decode)
"""Of what is skipped."""
