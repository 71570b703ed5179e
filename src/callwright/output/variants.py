"""Variants of forms: a value that is one of several, or becomes something else once it is whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from callwright._json import decode
from callwright.output.form import HIDDEN, MISSING, Form, Held, TextForm, Validate

__all__ = ["AfterForm", "RootForm", "TaggedForm", "UnionForm", "WrappedForm"]

_TAG: Final = TextForm()


class WrappedForm(Form):
    """An object whose one member is what is meant.

    Args:
        inner: The form of what is meant.
    """

    __slots__ = ("inner",)
    is_shown = True
    is_wrapping = True
    needs_text = False

    def __init__(self, inner: Form) -> None:
        super().__init__(decode)
        self.inner = inner

    def takes(self, mark: str) -> bool:
        """Whether it is an object, or what is meant is a list."""
        return mark == "{" or self.inner.takes(mark)

    def opened(self, mark: str) -> Form:
        """Return itself for an object, and what is meant for a list: a model may leave the object out."""
        return self if mark == "{" else self.inner.opened(mark)

    def child(self, key: str | int) -> Form:
        """Return what is meant for its key."""
        return self.inner if key == "value" else HIDDEN

    def knows(self, key: str) -> bool:
        """Whether it is the key."""
        return key == "value"

    def part(self, held: Held, key: str, inner: object, *, grows: bool) -> object:
        """Return what can be shown of what is meant."""
        del key, grows
        return held.fields.get("value", inner)


class AfterForm(Form):
    """A form whose value something is done with once it is whole: it may be None instead, or is checked.

    Args:
        inner: The form until then.
        validate: See `Form`.
        is_text: See `Form`.
        is_nullable: Whether it may be None instead.
    """

    __slots__ = ("_inner", "_is_nullable", "is_text", "needs_text")

    def __init__(self, inner: Form, validate: Validate, *, is_text: bool = False, is_nullable: bool = False) -> None:
        super().__init__(validate)
        self._inner = inner
        self._is_nullable = is_nullable
        self.is_text = is_text
        self.needs_text = inner.needs_text or not is_nullable

    def takes(self, mark: str) -> bool:
        """See `Form`."""
        return self._inner.takes(mark)

    def opened(self, mark: str) -> Form:
        """See `Form`."""
        return self._inner.opened(mark)

    def knows(self, key: str) -> bool:
        """See `Form`."""
        return self._inner.knows(key)

    def blank(self, *, grows: bool, depth: int = 0) -> object:
        """See `Form`."""
        return None if self._is_nullable or self._inner.is_text else self._inner.blank(grows=grows, depth=depth)


class RootForm(AfterForm):
    """A model that is written as the one value in it.

    Args:
        inner: The form of that value.
        validate: See `Form`.
        wrap: Makes the model of what is shown of the value.
    """

    __slots__ = ("_wrap",)

    def __init__(self, inner: Form, validate: Validate, wrap: Callable[[object], object]) -> None:
        super().__init__(inner, validate)
        self._wrap = wrap

    def opened(self, mark: str) -> Form:
        """See `Form`."""
        inner = self._inner.opened(mark)
        return inner if inner is HIDDEN else _OpenRoot(inner, self._wrap)

    def blank(self, *, grows: bool, depth: int = 0) -> object:
        """Return one around what stands for the value."""
        return self._wrap(self._inner.blank(grows=grows, depth=depth))


class _OpenRoot(Form):
    """A root model whose value is open."""

    __slots__ = ("_inner", "_wrap")
    is_shown = True

    def __init__(self, inner: Form, wrap: Callable[[object], object]) -> None:
        super().__init__(decode)
        self._inner = inner
        self._wrap = wrap

    def child(self, key: str | int) -> Form:
        return self._inner.child(key)

    def knows(self, key: str) -> bool:
        return self._inner.knows(key)

    def put(self, held: Held, key: str | None, value: object, *, is_whole: bool) -> Form:
        self._inner = self._inner.put(held, key, value, is_whole=is_whole)
        return self

    def part(self, held: Held, key: str, inner: object, *, grows: bool) -> object:
        shown = self._inner.part(held, key, inner, grows=grows)
        return shown if shown is MISSING else self._wrap(shown)


class UnionForm(Form):
    """One of several forms; shown before its end if no other can be meant.

    Args:
        choices: The forms.
        validate: See `Form`.
        is_text: See `Form`.
    """

    __slots__ = ("_choices", "is_text")

    def __init__(self, choices: Sequence[Form], validate: Validate, *, is_text: bool = False) -> None:
        super().__init__(validate)
        self._choices = choices
        self.is_text = is_text

    def takes(self, mark: str) -> bool:
        """Whether any of them does."""
        return any(choice.takes(mark) for choice in self._choices)

    def opened(self, mark: str) -> Form:
        """Return the one that can be meant."""
        able = [choice for choice in self._choices if choice.takes(mark)]
        return able[0].opened(mark) if len(able) == 1 else HIDDEN

    def knows(self, key: str) -> bool:
        """Whether any of them that is an object does."""
        return any(choice.takes("{") and choice.knows(key) for choice in self._choices)


class TaggedForm(Form):
    """One of several forms, told apart by one member.

    Args:
        key: Of that member.
        choices: Its value -> the form.
        validate: See `Form`.
    """

    __slots__ = ("_choices", "_key")

    def __init__(self, key: str, choices: Mapping[str, Form], validate: Validate) -> None:
        super().__init__(validate)
        self._key = key
        self._choices = choices

    def takes(self, mark: str) -> bool:
        """Whether it is an object."""
        return mark == "{"

    def opened(self, mark: str) -> Form:
        """Return itself for an object."""
        return self if mark == "{" else HIDDEN

    def child(self, key: str | int) -> Form:
        """Return the form of the tag; nothing else can be shown before it is known."""
        return _TAG if key == self._key else HIDDEN

    def knows(self, key: str) -> bool:
        """Whether it is the tag, or any of them does."""
        return key == self._key or any(choice.knows(key) for choice in self._choices.values())

    def put(self, held: Held, key: str | None, value: object, *, is_whole: bool) -> Form:
        """Return the chosen form once the tag has come."""
        choice = self._choices.get(value) if key == self._key and isinstance(value, str) else None
        if choice is None:
            held.count += 1
            return self
        chosen = choice.opened("{")
        tag = chosen.child(self._key).whole_string(cast("str", value))
        return chosen.put(held, key, tag, is_whole=is_whole)
