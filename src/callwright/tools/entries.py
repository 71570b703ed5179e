"""An entry: what a list of parameters in a docstring says of one of them, or of several at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

__all__ = ["ELLIPSIS", "NOTHING", "Entry", "entries", "entry_of", "names_of", "numpy_entry_of"]

ELLIPSIS = "..."
"""Stands for the names that `x1, x2, ... : int` leaves out: what is said is said of `*rest`, too."""

NOTHING = frozenset({"none", "n/a", "nothing", "no parameters"})
"""What people write into a list that is empty."""

_NAME = r"[`'\"]{0,2}(?:\\?\*){0,2}[^\W\d][\w\\]*\*{0,2}(?:=[^\s:,()]{1,40})?[`'\"]{0,2}"
_DOTS = r"(?:\.{2,3}|…)"
# `x, default 1` is one name, `x, default : int` are two.
_NO_REMARK = r"(?!(?:default|optional)\b(?![ \t]*[:,]))"
_NAMES = re.compile(rf"({_NAME}(?:[ \t]*,[ \t]*(?:{_DOTS}[ \t]*(?:{_NAME})?|{_NO_REMARK}{_NAME}))*)[ \t]*")
_SIMPLE = re.compile(r"([^\W\d]\w*)(?:[ \t]*\(([^()\n]*)\))?:[ \t]+(.*)")
_PLAIN_NAME = re.compile(r"[^\W\d]\w*")
_BULLET = re.compile(r"[-*+•][ \t]+")
_SEPARATOR = re.compile(r"(?::(?!:|//)|-{1,2}(?=[ \t])|[\u2013\u2014])[ \t]*")
_IN_COLONS = re.compile(r":(\w+):(?:[ \t]+(.*)|$)")
_REMARK = re.compile(r",[ \t]*(?:optional|default)\b")


class Entry(NamedTuple):
    """The first line of an entry, taken apart."""

    names: str
    """As they stand there; see `names_of`."""
    type: str
    """Empty if it names none."""
    text: str


def names_of(names: str) -> list[str]:
    """Return the plain names in a list of them, with `ELLIPSIS` for dots."""
    if names.isidentifier():
        return [names]
    found: list[str] = []
    for part in names.replace("\\", "").replace("…", ELLIPSIS).split(","):
        if ELLIPSIS in part or part.strip() == "..":
            found.append(ELLIPSIS)
        match = _PLAIN_NAME.search(part)
        if match is not None:
            found.append(match[0])
    return found


def entry_of(text: str) -> Entry | None:
    """Read `name (type): text`, `- name: text`, `name - text` or `:name: text`; None for other lines."""
    simple = _SIMPLE.match(text)
    if simple is not None:
        return Entry(simple[1], simple[2] or "", simple[3])
    if text[:1] == ":":
        match = _IN_COLONS.match(text)
        return Entry(match[1], "", match[2] or "") if match else None
    bullet = _BULLET.match(text)
    match = _NAMES.match(text, bullet.end() if bullet else 0)
    if match is None:
        return None
    end = _past_brackets(text, match.end())
    separator = _SEPARATOR.match(text, end)
    if separator is None:
        return None
    return Entry(match[1], text[match.end() : end].strip()[1:-1], text[separator.end() :])


def numpy_entry_of(text: str) -> Entry | None:
    """Read `name : type`, `name (type)` or `name`; None for other lines."""
    match = _NAMES.match(text)
    if match is None or text.rstrip(".").lower() in NOTHING:
        return None
    rest = text[match.end() :]
    if not rest or rest[0] in ":(":
        return Entry(match[1], rest.lstrip(": "), "")
    return Entry(match[1], rest.lstrip(", "), "") if _REMARK.match(rest) else None


def entries(
    lines: Sequence[str], head: Callable[[str], Entry | None], unread: list[str]
) -> Iterator[tuple[Entry, Sequence[str]]]:
    """Yield the head and the lines below it of each entry in a list of parameters.

    Args:
        lines: The list.
        head: Reads a line as a head; None if it is none.
        unread: Gets the lines above the first entry.
    """
    depth: int | None = None
    entry: tuple[Entry, list[str]] | None = None
    for line in lines:
        text = line.lstrip()
        indent = len(line) - len(text)
        depth = indent if depth is None and text else depth
        found = head(text) if depth is not None and text and indent <= depth else None
        if found is not None:
            if entry is not None:
                yield entry
            entry = found, []
        elif entry is not None:
            # A line that was wrapped without being indented goes on with the text above it.
            entry[1].append(line[depth:] if depth is not None and indent > depth else text and f"    {text}")
        elif text and text.rstrip(".").lower() not in NOTHING:
            unread.append(text)
    if entry is not None:
        yield entry


def _past_brackets(text: str, start: int) -> int:
    """Return the place behind the bracketed type that begins at `start`; `start` if none does."""
    if text[start : start + 1] not in ("(", "[", "{"):
        return start
    depth = 0
    for index in range(start, len(text)):
        depth += (text[index] in "([{") - (text[index] in ")]}")
        if depth == 0:
            return index + 1 + len(text[index + 1 :]) - len(text[index + 1 :].lstrip())
    # One bracket too few: the last one in front of a colon closes it.
    end = text.find("):", start)
    return start if end < 0 else end + 1
