"""A lenient reading: the objects that a text spells in almost JSON, and what in it was not JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from callwright._json import clean

__all__ = ["Number", "Reading", "UnreadableError", "Value", "read_objects", "read_value", "written"]


class Number(NamedTuple):
    """A number as it was written: no digit of it is lost on the way."""

    text: str


Value: TypeAlias = "dict[str, Value] | list[Value] | str | Number | bool | None"


class Reading(NamedTuple):
    """What a text says, and what was repaired to read it so."""

    value: Value
    repairs: tuple[str, ...]


class UnreadableError(ValueError):
    """The text is no JSON, or could mean more than one thing."""


_DEPTH = 64
_OBJECTS = 16
_quoted = json.JSONEncoder(ensure_ascii=False).encode

_SPACE = re.compile(r"[ \t\n\r]*+")
# No possessive group here: Python 3.11.2, which Debian 12 has, matches those with branches wrongly (gh-106052).
_COMMENT = re.compile(r"//[^\n]*+|#[^\n]*+|/\*(?s:.*?)\*/")
_TAIL = re.compile(r"[\s}\])]*+\Z")
_NAME = re.compile(r"[^\W\d][\w$-]*+|[0-9]++")
_WORD = re.compile(r"[\w.+-]++")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_LOOSE_NUMBER = re.compile(r"([+-]?)(0|[1-9][0-9]*+|)(?:(\.)([0-9]*+))?((?:[eE][+-]?[0-9]++)?)")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f]")
_FENCE = re.compile(r"```[\w-]*+")
_NO_PROSE = re.compile(r'["“”{}\[\]:=]')

_ESCAPED = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "'": "'"}
_WORDS: Mapping[str, bool | None] = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
}


def _until(closers: str) -> re.Pattern[str]:
    return re.compile(rf"([^{closers}\\]*+(?:\\.[^{closers}\\]*+)*+)[{closers}]", re.DOTALL)


_AROUND, _SINGLE, _SMART = "text around the object", "single quotes", "smart quotes"
_STRINGS = {
    '"': (_until('"'), None),
    "'": (_until("'"), _SINGLE),
    **dict.fromkeys("“”„‟", (_until("“”‟"), _SMART)),
    **dict.fromkeys("‘’‚‛", (_until("‘’‛"), _SMART)),  # noqa: RUF001 - these quotes are meant
}


def read_objects(text: str) -> list[Reading]:
    """Return the objects that stand in `text`, with nothing but prose or fences around them; at least one.

    The closing brackets at the end may be missing or wrong; whatever else is missing is not made up.

    Args:
        text: As a model wrote it; the reading takes time in proportion to its length.

    Raises:
        UnreadableError: No object is there, one is broken, or something beside them may belong to them.
    """
    head = _Reader(text)
    head.skip()
    if text.startswith(tuple(_STRINGS), head.at):
        return [_with(found, "an object inside a string") for found in read_objects(head.inner_text())]
    if text.startswith("[", head.at):
        return [_only(read_value(text))]
    first = text.find("{", head.at)
    if first < 0:
        raise UnreadableError("there is no object")
    if text[first + 1 :].lstrip().startswith("\\"):
        return [_with(found, "escaped quotes") for found in read_objects(_unescaped(_whole_body(text)))]
    return _all_objects(text, first, head)


def read_value(text: str) -> Reading:
    """Return the one value that `text` is; no bracket may be missing.

    Raises:
        UnreadableError: It is none.
    """
    reader = _Reader(text, closable=False)
    reader.skip()
    value = reader.value(0)
    reader.skip()
    if reader.at < len(text):
        raise UnreadableError("something stands behind the value")
    return Reading(value, tuple(reader.repairs))


def written(value: Value) -> str:
    """Return `value` as compact JSON; numbers as they were written."""
    match value:
        case Number():
            return value.text
        case str():
            return _quoted(value)
        case dict():
            return "{" + ",".join(f"{_quoted(key)}:{written(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ",".join(map(written, value)) + "]"
        case _:
            return {True: "true", False: "false", None: "null"}[value]


def _all_objects(text: str, first: int, head: _Reader) -> list[Reading]:
    """Return the object at `first` and those behind it; `head` has read what stands before the text."""
    fence = text.find("```", head.at, first)
    last = text.rfind("```") if fence >= 0 else len(text)
    closed = last > first
    body = text[:last] if closed else text
    notes = dict(head.repairs)
    _note_gap(text[head.at : first], notes, behind=False, before=True)
    found: list[Reading] = []
    at = first
    while at >= 0:
        if len(found) == _OBJECTS:
            raise UnreadableError(f"there are more than {_OBJECTS} objects")
        reader = _Reader(body, at=at, closable=closed)
        value = reader.value(0)
        reader.skip()
        at = body.find("{", reader.at)
        gap = text[reader.at : at] if at >= 0 else text[reader.at :]
        _note_gap(gap, notes, behind=True, before=at >= 0)
        found.append(Reading(value, tuple(reader.repairs)))
    if len(found) > 1:
        notes["several objects, of which one fits"] = None
    return [Reading(value, (*notes, *(repair for repair in own if repair not in notes))) for value, own in found]


def _note_gap(gap: str, notes: dict[str, None], *, behind: bool, before: bool) -> None:
    """Note what stands before, between or behind objects.

    Raises:
        UnreadableError: It might belong to an object: `, "b": 2}` behind one that was closed too early.
    """
    words = gap.strip()
    if "```" in words:
        notes["a code fence"] = None
        words = _FENCE.sub(" ", words).strip()
    if behind and not before:
        rest = words.lstrip(")]}; \t\r\n")
        closing = words[: len(words) - len(rest)]
        if closing:
            notes["the closing brackets" if "}" in closing or "]" in closing else _AROUND] = None
        words = rest
    if not words or (words == "," and behind and before):
        return
    said = words.rstrip(":=( \t\n") if before else words
    if not (words[0].isalpha() or words[0] == "<") or said.endswith(",") or _NO_PROSE.search(said):
        raise UnreadableError("what stands around the object might belong to it")
    notes[_AROUND] = None


def _whole_body(text: str) -> str:
    """Return `text` if it can be the body of a string: no quote in it goes without its backslash."""
    body = text.strip()
    if _STRINGS['"'][0].fullmatch(f'{body}"') is None:
        raise UnreadableError("some quotes are escaped, and some are not")
    return body


def _with(found: Reading, repair: str) -> Reading:
    return Reading(found.value, (repair, *found.repairs))


def _only(found: Reading) -> Reading:
    """Return the one object of a list."""
    if not isinstance(found.value, list) or len(found.value) != 1 or not isinstance(found.value[0], dict):
        raise UnreadableError("a list is no object")
    return _with(Reading(found.value[0], found.repairs), "an object inside a list")


def _unescaped(body: str) -> str:
    r"""Return what the body of a string says.

    Raises:
        UnreadableError: It holds an escape that JSON does not know: `\d` may mean a `d` or a backslash and a `d`.
    """
    if "\\" not in body:
        return body
    return clean(_ESCAPE.sub(_character, body))


def _character(escape: re.Match[str]) -> str:
    code, letter = escape.groups()
    if code is not None:
        return chr(int(code, 16))
    if letter not in _ESCAPED:
        raise UnreadableError(f"\\{letter} is no escape")
    return _ESCAPED[letter]


class _Reader:
    """Reads one value off a text, and keeps what it had to repair.

    Args:
        text: The whole text.
        at: Where to begin.
        closable: Whether closing brackets that are missing at the end may be added.
    """

    __slots__ = ("_closable", "_dangled", "_number_end", "_text", "at", "repairs")

    def __init__(self, text: str, *, at: int = 0, closable: bool = True) -> None:
        self._text = text
        self._closable = closable
        self._dangled = False  # whether a comma stood before the last closing bracket
        self._number_end = -1
        self.at = at
        self.repairs: dict[str, None] = {}

    def skip(self) -> None:
        """Go past blanks and comments."""
        text = self._text
        while True:
            blank = _SPACE.match(text, self.at)
            self.at = blank.end() if blank else self.at
            char = text[self.at : self.at + 1]
            comment = _COMMENT.match(text, self.at) if char in ("/", "#") else None
            if comment is not None:
                self.at = comment.end()
                self.repairs["a comment"] = None
                # A comment without its line's end may have swallowed members.
                self._closable = self._closable and comment[0].startswith("/*")
            elif char == "\ufeff" or char.isspace():
                self.at += 1
                self.repairs["blanks that JSON does not know"] = None
            else:
                return

    def value(self, depth: int) -> Value:
        """Read the value that begins here.

        Raises:
            UnreadableError: None does.
        """
        char = self._text[self.at : self.at + 1]
        if char in _STRINGS:
            return self._string()
        if char not in ("{", "[", "("):
            return self._word()
        if depth >= _DEPTH:
            raise UnreadableError(f"it is nested more than {_DEPTH} deep")
        self.at += 1
        self.skip()
        if char == "{":
            return self._members(depth + 1)
        return self._items("]", depth + 1) if char == "[" else self._tuple(depth + 1)

    def inner_text(self) -> str:
        """Read the string that begins here, and that all of the text is.

        Raises:
            UnreadableError: Something stands behind it.
        """
        inner = self._string()
        self.skip()
        if self.at < len(self._text):
            raise UnreadableError("something stands behind the string")
        return inner

    def _members(self, depth: int) -> dict[str, Value]:
        members: dict[str, Value] = {}
        if self._take("}"):
            return members
        while True:
            key = self._key()
            self.skip()
            if not self._take(":"):
                raise UnreadableError(f"the key {key[:40]!r} has no value")
            self.skip()
            value = self.value(depth)
            if key in members:
                self.repairs["a key twice with one value"] = None
                if members[key] != value:
                    raise UnreadableError(f"the key {key[:40]!r} stands there twice, with different values")
            members[key] = value
            if self._ends("}"):
                return members

    def _items(self, closer: str, depth: int) -> list[Value]:
        items: list[Value] = []
        if self._take(closer):
            return items
        while True:
            items.append(self.value(depth))
            if self._ends(closer):
                return items

    def _tuple(self, depth: int) -> list[Value]:
        self.repairs["Python literals"] = None
        items = self._items(")", depth)
        # `(1)` is no tuple, and needs no guess: no model writes it for a list.
        if len(items) == 1 and not self._dangled:
            raise UnreadableError("brackets around one value")
        return items

    def _ends(self, closer: str) -> bool:
        """Go on behind a value, to the next one or past the end of what holds it; whether it was the end."""
        self.skip()
        self._dangled = False
        if self._take(closer):
            return True
        if self._take(","):
            self.skip()
            self._dangled = self._take(closer)
            if self._dangled:
                self.repairs["a trailing comma"] = None
            return self._dangled
        # A number that ends with the text may have had more digits.
        if not self._closable or self._number_end == len(self._text) or not _TAIL.match(self._text, self.at):
            raise UnreadableError(f"a comma or {closer} is due at character {self.at}")
        self.repairs["the closing brackets"] = None
        self.at = len(self._text)
        return True

    def _key(self) -> str:
        if self._text[self.at : self.at + 1] in _STRINGS:
            return self._string()
        name = _NAME.match(self._text, self.at)
        if name is None or name[0] in _WORDS:
            raise UnreadableError(f"a key is due at character {self.at}")
        self.at = name.end()
        self.repairs["an unquoted key"] = None
        return name[0]

    def _string(self) -> str:
        pattern, repair = _STRINGS[self._text[self.at]]
        found = pattern.match(self._text, self.at + 1)
        if found is None:
            raise UnreadableError("a string is not closed")
        body = found[1]
        if repair is not None:
            # “a", "b” is one string only if nobody mixed the quotes up.
            if repair is _SMART and '"' in body:
                raise UnreadableError("straight quotes between smart ones")
            self.repairs[repair] = None
        if _CONTROL.search(body):
            self.repairs["raw control characters in a string"] = None
        if repair is None and "\\'" in body.replace("\\\\", ""):
            self.repairs["an escaped single quote"] = None
        self.at = found.end()
        return _unescaped(body)

    def _word(self) -> bool | Number | None:
        found = _WORD.match(self._text, self.at)
        word = found[0] if found else ""
        self.at += len(word)
        if _NUMBER.fullmatch(word):
            self._number_end = self.at
            return Number(word)
        if word in _WORDS:
            if word[0].isupper():
                self.repairs["Python literals"] = None
            return _WORDS[word]
        loose = _LOOSE_NUMBER.fullmatch(word)
        if loose is None or not (loose[2] or loose[4]):
            raise UnreadableError(f"a value is due at character {self.at - len(word)}")
        sign, whole, point, fraction, exponent = loose.groups(default="")
        self._number_end = self.at
        self.repairs["a number not as JSON writes it"] = None
        tail = f".{fraction or '0'}" if point else ""
        return Number(f"{'-' if sign == '-' else ''}{whole or '0'}{tail}{exponent}")

    def _take(self, char: str) -> bool:
        taken = self._text.startswith(char, self.at)
        self.at += taken
        return taken
