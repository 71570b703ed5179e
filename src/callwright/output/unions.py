"""A union: the kinds of answers that one type leaves open, each of which can be a function of its own to call."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, Union, cast, get_args, get_origin

from callwright.output.base import OUTPUT_TOOL
from callwright.output.described import wire_name

__all__ = ["Members", "members_of"]

_LONGEST_NAME = 64
_LEAVES = (bool, bytes, complex, float, int, str)
_UNIONS = (Union, types.UnionType)


class Members(NamedTuple):
    """What an answer may be."""

    kinds: dict[str, object]
    """The name of its function -> each type; at least one."""
    takes_text: bool
    """Whether a plain text is an answer, too."""


def members_of(kind: object) -> Members | None:
    """Return the members of a union, nested ones among them; None if it is none, or has nothing to choose between.

    Plain values (numbers, literals, enums, None) are one member together: a function for each would say nothing. A
    single member beside None is no choice; that one is asked for as a value that may be null.
    """
    found = list(_flat(kind))
    if len(found) == 1:
        return None
    takes_text = str in found
    rest = [member for member in found if member is not str]
    objects = [member for member in rest if not _is_leaf(member)]
    leaves = [member for member in rest if _is_leaf(member)]
    if not objects and (not takes_text or leaves == [type(None)]):
        return None
    if leaves == [type(None)] and len(objects) == 1:
        # One kind, which may be missing.
        objects, leaves = [_union([*objects, None])], []
    kinds = [*objects, *([_union(leaves)] if leaves else [])]
    if len(kinds) == 1 and not takes_text:
        return None
    return Members(_named(kinds), takes_text)


def _flat(kind: object) -> Iterator[object]:
    """Yield the members of a union in order, each once; a type that is none is its own."""
    seen: list[object] = []
    open_ = [kind]
    while open_:
        member = open_.pop(0)
        # Of two classes: `type X = ...` makes the one, typing_extensions has another of its own.
        if type(member).__name__ == "TypeAliasType":
            open_.insert(0, getattr(member, "__value__", None))
        elif get_origin(member) in _UNIONS:
            open_[:0] = get_args(member)
        elif get_origin(member) is Annotated and _is_only_said(member):
            open_.insert(0, get_args(member)[0])
        elif member not in seen:
            seen.append(member)
            yield member


def _is_only_said(member: object) -> bool:
    """Whether the annotations of a union or a tagged member hold no rule for its values."""
    inner, *notes = get_args(member)
    is_union = get_origin(inner) in _UNIONS
    from pydantic import Discriminator, Tag  # noqa: PLC0415 - the larger half of our import time
    from pydantic.fields import FieldInfo  # noqa: PLC0415

    for note in notes:
        is_plain = isinstance(note, FieldInfo) and not note.metadata and note.is_required()
        if not (isinstance(note, Discriminator | Tag | str) or (is_union and is_plain)):
            return False
    return True


def _is_leaf(kind: object) -> bool:
    if get_origin(kind) is Annotated:
        return _is_leaf(get_args(kind)[0])
    if kind is None or kind is type(None) or get_origin(kind) is Literal:
        return True
    return isinstance(kind, type) and (kind in _LEAVES or issubclass(kind, Enum))


def _union(kinds: Sequence[object]) -> object:
    return cast("Any", Union)[tuple(kinds)]  # made at run time


def _named(kinds: list[object]) -> dict[str, object]:
    """Return the kinds by the names of their functions, which differ."""
    if len(kinds) == 1:
        return {OUTPUT_TOOL: kinds[0]}
    named: dict[str, object] = {}
    for kind in kinds:
        base = f"{OUTPUT_TOOL}_{wire_name(_class_of(kind), 'value')}"[:_LONGEST_NAME]
        name, number = base, 1
        while name in named:
            number += 1
            name = f"{base[: _LONGEST_NAME - 4]}_{number}"
        named[name] = kind
    return named


def _class_of(kind: object) -> object:
    """Return what names a kind: a class, or the word for a list of one."""
    if get_origin(kind) is Annotated:
        return _class_of(get_args(kind)[0])
    if kind is type(None):
        return "None"
    arguments = get_args(kind)
    if get_origin(kind) in _UNIONS or get_origin(kind) is Literal:
        return "value"
    outer, inner = get_origin(kind), [_class_of(argument) for argument in arguments]
    if outer is None:
        return kind
    words = [getattr(outer, "__name__", "value"), *(getattr(one, "__name__", str(one)) for one in inner)]
    return "_".join(words)
