"""Forms of values that hold others: lists, dicts and records, each shown while it grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias, cast

from callwright._json import decode
from callwright.output.form import HIDDEN, MISSING, Form, Held, TextForm, Validate

__all__ = ["ANY", "DictForm", "Fill", "ListForm", "RecordForm"]

_DEEPEST_BLANK = 4
"""Records that have not begun are shown down to this depth: a type may hold itself."""


class ListForm(Form):
    """A list, or what is written as one.

    Args:
        first: The forms of its first elements.
        rest: The form of all others.
        make: Makes it of its elements; None for a plain list.
        validate: See `Form`; None if every list of valid elements is valid.
    """

    __slots__ = ("_first", "_make", "_rest", "needs_text")
    is_shown = True

    def __init__(
        self,
        first: Sequence[Form],
        rest: Form,
        *,
        make: Callable[[list[object], bool], object] | None = None,
        validate: Validate | None = None,
    ) -> None:
        super().__init__(validate or decode)
        self.needs_text = validate is not None
        self._first = first
        self._rest = rest
        self._make = make

    def takes(self, mark: str) -> bool:
        """Whether it is a list."""
        return mark == "["

    def opened(self, mark: str) -> Form:
        """Return itself for a list."""
        return self if mark == "[" else HIDDEN

    def child(self, key: str | int) -> Form:
        """Return the form of the element at a position."""
        place = cast("int", key)  # as in any list
        return self._first[place] if place < len(self._first) else self._rest

    def part(self, held: Held, key: str, inner: object, *, grows: bool) -> object:
        """Return the elements that can be shown, the open one last."""
        del key
        shown = [*held.elements] if inner is MISSING or held.is_stalled else [*held.elements, inner]
        return shown if self._make is None else self._make(shown, grows)

    def blank(self, *, grows: bool, depth: int = 0) -> object:
        """Return an empty one."""
        del depth
        return [] if self._make is None else self._make([], grows)


class DictForm(Form):
    """A dict of any keys.

    Args:
        keys: The form of its keys.
        values: The form of its values.
        validate: See `ListForm`.
    """

    __slots__ = ("_keys", "_values", "needs_text")
    is_shown = True

    def __init__(self, keys: Form, values: Form, *, validate: Validate | None = None) -> None:
        super().__init__(validate or decode)
        self.needs_text = validate is not None
        self._keys = keys
        self._values = values

    def takes(self, mark: str) -> bool:
        """Whether it is an object."""
        return mark == "{"

    def opened(self, mark: str) -> Form:
        """Return itself for an object."""
        return self if mark == "{" else HIDDEN

    def child(self, key: str | int) -> Form:
        """Return the form of any value."""
        del key
        return self._values

    def part(self, held: Held, key: str, inner: object, *, grows: bool) -> object:
        """Return the members whose values can be shown."""
        del grows
        shown = held.fields if inner is MISSING else {**held.fields, key: inner}
        if type(self._keys) is TextForm:
            return {**shown}
        keyed = ((self._keys.whole_string(name), value) for name, value in shown.items())
        return {name: value for name, value in keyed if name is not MISSING}

    def blank(self, *, grows: bool, depth: int = 0) -> object:
        """Return an empty one."""
        del grows, depth
        return {}


Fill: TypeAlias = Callable[[Mapping[str, object], Mapping[str, object], Mapping[str, object]], object]
"""Makes a value of all its fields, of those among them that have come, and of the members that are no fields."""


class RecordForm(Form):
    """An object with named fields.

    Args:
        fields: Gives key -> name and form, when they are first needed. Several keys may stand for one name.
        fill: Makes the value while it is open.
        extra: The form of the members that are no fields.
        validate: See `Form`.
    """

    __slots__ = ("_extra", "_fill", "_find", "_found")
    is_shown = True

    def __init__(
        self, fields: Callable[[], Mapping[str, tuple[str, Form]]], fill: Fill, *, extra: Form, validate: Validate
    ) -> None:
        super().__init__(validate)
        self._find = fields
        self._found: Mapping[str, tuple[str, Form]] | None = None
        self._fill = fill
        self._extra = extra

    @property
    def _fields(self) -> Mapping[str, tuple[str, Form]]:
        if self._found is None:
            self._found = self._find()
        return self._found

    def takes(self, mark: str) -> bool:
        """Whether it is an object."""
        return mark == "{"

    def opened(self, mark: str) -> Form:
        """Return itself for an object."""
        return self if mark == "{" else HIDDEN

    def child(self, key: str | int) -> Form:
        """Return the form of a field."""
        field = self._fields.get(cast("str", key))  # as in any object
        return self._extra if field is None else field[1]

    def knows(self, key: str) -> bool:
        """Whether there is such a field, or may be any other member."""
        return key in self._fields or self._extra is not HIDDEN

    def part(self, held: Held, key: str, inner: object, *, grows: bool) -> object:
        """Return the value with the fields that can be shown; the others stand blank."""
        fields = self._fields
        came: dict[str, object] = {}
        extra: dict[str, object] = {}
        for each, value in held.fields.items():
            field = fields.get(each)
            if field is None:
                extra[each] = value
            else:
                came[field[0]] = value
        if inner is not MISSING:
            field = fields.get(key)
            if field is None:
                extra[key] = inner
            else:
                came[field[0]] = inner
        return self._filled(came, extra, grows=grows)

    def blank(self, *, grows: bool, depth: int = 0) -> object:
        """Return one without fields; None far inside of others, of which it may be one."""
        return None if depth > _DEEPEST_BLANK else self._filled({}, {}, grows=grows, depth=depth + 1)

    def _filled(self, came: dict[str, object], extra: dict[str, object], *, grows: bool, depth: int = 0) -> object:
        whole: dict[str, object] = {}
        for name, form in self._fields.values():
            whole[name] = came[name] if name in came else form.blank(grows=grows, depth=depth)
        return self._fill(whole, came, extra)


class _Any(Form):
    """Any JSON value, as it is."""

    __slots__ = ()
    is_text = True
    needs_text = False

    def opened(self, mark: str) -> Form:
        return _ANY_DICT if mark == "{" else _ANY_LIST

    def whole_string(self, text: str) -> object:
        return text


ANY: Final = _Any(decode)
"""Any JSON value, as it is."""
_ANY_DICT = DictForm(TextForm(), ANY)
_ANY_LIST = ListForm((), ANY)
