"""A documented type: what a docstring's words for the type of a parameter mean, as far as JSON can hold it."""

from __future__ import annotations

import ast
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import GenericAlias, NoneType
from typing import Any, Literal, Union, cast, get_args, get_origin

__all__ = ["documented_type", "is_plain_type"]

# In characters; longer than any type that somebody wrote for people.
_LONGEST = 300
_DEEPEST = 6

# A number is like an array, unless the shape or the items of that are told.
_ARRAY_LIKE: object = list[Any] | int | float
_KINDS: Mapping[object, str] = {
    str: "str string text unicode basestring char character url filename path path-like path_like pathlike",
    int: "int integer long int32 int64",
    float: "float double number numeric real scalar float32 float64",
    bool: "bool boolean bool_",
    list: "list sequence iterable array collection vector ndarray list-like list_like",
    _ARRAY_LIKE: "array-like array_like arraylike",
    dict: "dict dictionary mapping mutablemapping dict-like dict_like",
    tuple: "tuple",
    set: "set",
    frozenset: "frozenset",
    NoneType: "none nonetype null",
    Any: "any object anything",
    bytes: "bytes",
    dt.datetime: "datetime",
    dt.date: "date",
    dt.timedelta: "timedelta",
}
_HOLDERS: tuple[object, ...] = (list, tuple, set, frozenset, dict)
_WORDS = {word: kind for kind, words in _KINDS.items() for word in words.split()}

# `:class:`str``, `~str`, `*optional*`; Epydoc's `C{str}`.
_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
_MARKUP = re.compile(r":[\w:]{1,20}:(?=`)|[`~\\]|(?<!\w)\*{1,2}|\*{1,2}(?!\w)")
_EPYDOC = re.compile(r"[A-Z]\{([^{}]*)\}")
_ARTICLE = re.compile(
    r"(?:(?:an?|the|python|numpy|plain|single|native|strictly|positive|negative|non-?negative|non-?empty|json|optional"
    r"|\(optional\)|1-?d|2-?d)[ \t]+)+",
    re.IGNORECASE,
)
# What is no alternative, but a remark on them.
_REMARK = re.compile(
    r"\(?(?:optional\b(?!\[)|required|deprecated|ignored|keyword|positional|defaults?\b|by default)|[<>=]|$"
)
_HEAD = re.compile(r"[A-Za-z_][\w.]*(?:-like)?")
_REST = re.compile(
    r"(?:instances?|objects?|values?)?[ \t]*(?:$|(?:in|between|with|of (?:shape|length|size|dtype))\b|[<>=(])"
)
_PLAIN = re.compile(r"(?!.*\b(?:in|between|with|shape|length|size)\b)[\w.,| \[\]-]{0,300}")
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


def documented_type(text: str) -> object | None:
    """Return the type that a docstring's words mean; None if they mean none that JSON can hold.

    Of several alternatives those count that JSON can hold: of `int, RandomState instance or None` an int and None.

    Args:
        text: Such as `int`, `list of str, optional`, `{'a', 'b'}, default 'a'`, `Optional[Dict[str, int]]`. What
            follows the first 300 characters is not read.
    """
    return _meant(text[:_LONGEST])


def is_plain_type(text: str) -> bool:
    """Whether words mean a type and nothing else; a choice of values is more than that."""
    return _PLAIN.fullmatch(text) is not None and all(
        _one(part, 0) is not None or _REMARK.match(part) for part in _alternatives(text)
    )


@lru_cache(maxsize=512)
def _meant(text: str) -> object | None:
    return _union(_MARKUP.sub("", _EPYDOC.sub(r"\1", text.translate(_QUOTES))).strip(" \t."), 0)


def _union(text: str, depth: int) -> object | None:
    """Return the type of alternatives, of which those that are known count."""
    if depth > _DEEPEST:
        return None
    parts = [part for part in _alternatives(text) if not _REMARK.match(part.lower())]
    known = [kind for kind in (_one(part, depth) for part in parts) if kind is not None]
    if Any in known:
        return Any
    kinds = [kind for kind in known if get_origin(kind) is not Literal]
    values = [value for kind in known if get_origin(kind) is Literal for value in get_args(kind)]
    if values and not (str in kinds and all(isinstance(value, str) for value in values)):
        kinds.append(_literal(values))
    # Of `Foo or None` nothing is known that is of use.
    if not kinds or (kinds == [NoneType] and len(parts) > 1):
        return None
    return cast("object", cast("Any", Union)[tuple(kinds)])


def _alternatives(text: str) -> Iterator[str]:
    """Yield the parts between `,`, `|`, `/` and `or` that stand in no brackets and no quotes."""
    depth, start, quote = 0, 0, ""
    index = 0
    while index < len(text):
        char = text[index]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char if text.find(char, index + 1) > 0 else ""
        depth = depth if quote else max(0, depth + (char in _OPENING) - (char in _CLOSING))
        width = 0 if depth or quote else _width_of_or(text, index)
        if width:
            yield text[start:index].strip()
            start = index + width
        index += width or 1
    yield text[start:].strip()


def _width_of_or(text: str, index: int) -> int:
    """Return how many characters the separator has that stands here; 0 if none does."""
    if text[index] in ",|/;":
        return 1
    return 4 if text[index : index + 4] == " or " else 3 if text.startswith("or ", index) and index == 0 else 0


def _one(text: str, depth: int) -> object | None:
    """Return the type that one alternative means."""
    text = _ARTICLE.sub("", text, count=1) if _ARTICLE.match(text) else text
    if text[:1] in ("'", '"', "-") or text[:1].isdigit():
        return _value(text)
    if text[:1] in _OPENING:
        return _bracketed(text, depth)
    match = _HEAD.match(text)
    return None if match is None else _named(match[0], text[match.end() :].strip(), depth)


def _bracketed(text: str, depth: int) -> object | None:
    """Return the type of `{'a', 'b'}`, `{str: int}`, `(int, int)`, `(int or str)` or `[str]`."""
    end = text.rfind({"{": "}", "(": ")", "[": "]"}[text[0]])
    inner = text[1:end]
    if end < 0 or depth > _DEEPEST:
        return None
    if text[0] == "{":
        keys, colon, values = inner.partition(":")
        return _mapping(_union(keys, depth + 1), _union(values, depth + 1)) if colon else _union(inner, depth + 1)
    parts = [part for part in inner.split(",") if part.strip()]
    if text[0] == "(" and len(parts) > 1:
        found = [_union(part, depth + 1) for part in parts]
        return tuple if None in found else GenericAlias(tuple, tuple(found))
    item = _union(inner, depth + 1)
    return item if text[0] == "(" else _holding(list, item)


def _value(text: str) -> object | None:
    """Return the literal type of a value that is written down."""
    with suppress(ValueError, SyntaxError, MemoryError):
        value: object = ast.literal_eval(text)
        if isinstance(value, str | int):
            return _literal([value])
    return None


def _literal(values: list[object]) -> object:
    distinct = dict.fromkeys((type(value), value) for value in values)
    return cast("object", cast("Any", Literal)[tuple(value for _, value in distinct)])


def _named(head: str, rest: str, depth: int) -> object | None:
    """Return the type that a name and what stands behind it mean."""
    name = head.rpartition(".")[2].lower()
    if rest[:1] == "[":
        return _subscripted(name, rest, depth)
    if name in ("true", "false"):
        return _literal([name == "true"])
    kind = Path if name == "path" and "P" in head else _kind_of(name)
    words = rest.split(maxsplit=2)
    if kind == _ARRAY_LIKE and words[:1] == ["of"]:
        kind = list
    if kind is dict and rest[:1] == "{":
        return _bracketed(rest, depth + 1)
    if kind in _HOLDERS and len(words) > 1 and words[0] in ("of", "containing"):
        return _of(kind, rest[len(words[0]) :].strip(), depth)
    return kind if kind is not None and _REST.match(rest) and not (kind is NoneType and rest) else None


def _kind_of(word: str) -> object | None:
    singular = f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")
    return _WORDS.get(word) or _WORDS.get(singular)


def _of(kind: object, text: str, depth: int) -> object | None:
    """Return the type of `list of int` or `dict of str to int`, given what stands behind the `of`."""
    if text[:1] in ("(", "{"):
        found = _bracketed(text, depth + 1)
        return found if get_origin(found) is kind else _holding(kind, found)
    if kind is dict:
        keys, _, values = text.partition(" to ")
        return _mapping(_union(keys, depth + 1), _union(values, depth + 1))
    return _holding(kind, _union(text, depth + 1))


def _holding(kind: object, item: object | None) -> object:
    if item is None or item is Any:
        return kind
    return GenericAlias(cast("type", kind), (item, ...) if kind is tuple else (item,))


def _mapping(key: object | None, value: object | None) -> object:
    return GenericAlias(dict, (str, value)) if key is str and value is not None else dict


def _subscripted(name: str, rest: str, depth: int) -> object | None:
    """Return the type of `name[...]`."""
    end = rest.rfind("]")
    if end < 0:
        return None
    parts = list(_alternatives(rest[1:end]))
    match name:
        case "optional":
            inner = _union(rest[1:end], depth + 1)
            return None if inner is None else cast("Any", inner) | None
        case "union" | "literal":
            return _union(rest[1:end], depth + 1)
        case "tuple" if "..." not in parts:
            found = [_union(part, depth + 1) for part in parts]
            return tuple if None in found else GenericAlias(tuple, tuple(found))
        case _:
            kind = _WORDS.get(name)
    if kind is dict and len(parts) == 2:  # noqa: PLR2004 - keys and values
        return _mapping(_union(parts[0], depth + 1), _union(parts[1], depth + 1))
    return _holding(kind, _union(parts[0], depth + 1)) if kind in _HOLDERS and kind is not dict else kind
