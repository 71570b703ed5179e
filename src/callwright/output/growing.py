"""Growing JSON: its text in pieces, and the value so far."""

from __future__ import annotations

import json
import re
from bisect import bisect_right

from callwright._json import clean
from callwright.output.form import MISSING, Form, Held

__all__ = ["GrowingJson"]

_TOKEN = re.compile(r'[ \t\n\r]*(?:(["{}\[\],:])|([^ \t\n\r"{}\[\],:]+))')
_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null|NaN|-?Infinity")
# Characters and whole escapes.
_RUN = re.compile(r'[^"\\]*(?:\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])[^"\\]*)*')
_HIGH = re.compile(r"(?<!\\)(?:\\\\)*\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
"""The first half of a surrogate pair, which is nothing without the other one."""
_HALF = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?")
"""An escape that goes on in the next piece."""
_ESCAPE = len("\\ud83d")
_LONGEST_SCALAR = 5_000
"""Longer ones are no numbers; Python reads no integer of more than 4,300 digits."""
_DEEPEST = 200
"""As pydantic-core."""
_CHARACTERS_PER_ITEM = 256
"""Characters whose copying costs as much as that of one item."""


class _Frame:
    """A container that is open."""

    __slots__ = ("form", "held", "is_object", "key", "start", "wants")

    def __init__(self, form: Form, start: int, *, is_object: bool) -> None:
        self.form = form
        self.start = start
        self.is_object = is_object
        self.key = ""
        self.held = Held()
        self.wants = "key" if is_object else "value"


class GrowingJson:
    """Reads one JSON object or list as it is written; the work is linear in the length of the text.

    Args:
        form: What the value is to become.
    """

    __slots__ = (
        *("_base", "_frames", "_is_key", "_length", "_pieces", "_root", "_root_form", "_run", "_starts", "_tail"),
        *("has_failed", "is_done", "is_sure", "items", "read"),
    )

    def __init__(self, form: Form) -> None:
        self.is_done = False
        """Whether the value has ended; what follows it is not read."""
        self.is_sure = False
        """Whether it is what was expected, by its first key or element."""
        self.has_failed = False
        """Whether the text is no JSON, or not what was expected, from some point on, which is not read."""
        self.read = 0
        """Characters up to where it ended, failed, or waits for more."""
        self.items: Held | None = None
        """The elements so far, if the value is a list."""
        self._root_form = form
        self._root: object = MISSING
        self._frames: list[_Frame] = []
        self._tail = ""
        self._base = 0
        self._run: list[str] | None = None
        self._is_key = False
        # The text, by pieces, out of which whole values are cut to be validated.
        self._pieces: list[str] = []
        self._starts: list[int] = []
        self._length = 0

    def feed(self, piece: str) -> bool:
        """Take the next piece of text; return whether the value so far became another one."""
        if self.is_done or self.has_failed or not piece:
            return False
        self._starts.append(self._length)
        self._pieces.append(piece)
        text = self._tail + piece
        self._base = self._length - len(self._tail)
        self._length += len(piece)
        self._tail = ""
        at, has_news = 0, False
        while at < len(text) and not (self.is_done or self.has_failed):
            if self._run is not None:
                at, is_news = self._in_string(text, at, self._run)
            else:
                at, is_news = self._token(text, at)
            has_news = has_news or is_news
        self.read = self._base + at
        return has_news

    def value(self, *, grows: bool) -> object:
        """Return the value so far; `MISSING` if nothing can be said of it.

        Args:
            grows: Whether a string is shown before its end.
        """
        if not self._frames:
            return self._root
        frame = self._frames[-1]
        inner: object = MISSING
        if self._run is not None and not self._is_key:
            inner = self._open_string(self._child(frame), grows=grows)
        for frame in reversed(self._frames):
            inner = frame.form.part(frame.held, frame.key, inner, grows=grows)
        return inner

    @property
    def weight(self) -> int:
        """What `value` costs: about as many items as it copies."""
        string = 0 if self._run is None else sum(map(len, self._run)) // _CHARACTERS_PER_ITEM
        return string + sum([frame.held.size for frame in self._frames])

    # -- tokens

    def _token(self, text: str, at: int) -> tuple[int, bool]:
        match = _TOKEN.match(text, at)
        if match is None:
            return len(text), False  # blanks
        mark = match[1]
        if mark is None:
            if match.end() < len(text):
                return match.end(), self._scalar(match[2])
            # A number may go on in the next piece.
            self._tail = match[2]
            self.has_failed = len(self._tail) > _LONGEST_SCALAR
            return len(text), False
        has_news = self._mark(mark, self._base + match.start(1))
        return match.start(1) if self.has_failed else match.end(), has_news

    def _mark(self, mark: str, place: int) -> bool:
        frame = self._frames[-1] if self._frames else None
        if mark in "{[" and (frame is None or frame.wants == "value") and len(self._frames) < _DEEPEST:
            return self._open(mark, frame, place)
        if frame is None:
            return self._fail()
        wants = frame.wants
        if mark == '"' and wants in ("key", "value"):
            self._is_key = wants == "key"
            self._run = []
        elif mark == ":" and wants == "colon":
            frame.wants = "value"
        elif mark == "," and wants == "comma":
            frame.wants = "key" if frame.is_object else "value"
        elif mark == ("}" if frame.is_object else "]") and self._may_close(frame):
            return self._close_frame(frame, place + 1)
        else:
            return self._fail()
        return False

    @staticmethod
    def _may_close(frame: _Frame) -> bool:
        # A comma before the end is forgiven, as by many who write JSON.
        return frame.wants in ("comma", "key") if frame.is_object else frame.wants in ("comma", "value")

    def _open(self, mark: str, frame: _Frame | None, place: int) -> bool:
        meant = self._root_form if frame is None else self._child(frame)
        if frame is None and not meant.takes(mark):
            return self._fail()
        form = meant.opened(mark)
        opened = _Frame(form, place, is_object=mark == "{")
        if mark == "[" and (frame is None or (frame.form.is_wrapping and frame.form is self._root_form)):
            self.items = opened.held
        self._frames.append(opened)
        return form.is_shown

    def _close_frame(self, frame: _Frame, end: int) -> bool:
        self._frames.pop()
        form = frame.form
        value: object = MISSING
        is_whole = False
        outer = self._root_form if not self._frames else self._child(self._frames[-1])
        if outer.needs_text:
            value = outer.whole(self._cut(frame.start, end))
            is_whole = value is not MISSING
        if not is_whole:
            value = form.part(frame.held, "", MISSING, grows=True)
            is_whole = not outer.needs_text and frame.held.is_whole
        return self._put(value, is_whole=is_whole)

    def _scalar(self, text: str) -> bool:
        frame = self._frames[-1] if self._frames else None
        if frame is None or frame.wants != "value" or _SCALAR.fullmatch(text) is None:
            return self._fail()
        value = self._child(frame).whole(text)
        return self._put(value, is_whole=value is not MISSING)

    def _in_string(self, text: str, at: int, run: list[str]) -> tuple[int, bool]:
        match = _RUN.match(text, at)
        end = at if match is None else match.end()
        is_closed = text[end : end + 1] == '"'
        if not is_closed:
            self.has_failed = end < len(text) and _HALF.fullmatch(text, end) is None
            if text.startswith("\\u", end - _ESCAPE) and _HIGH.search(text, at, end):
                end -= _ESCAPE
            self._tail = text[end:]
        if end > at:
            came = text[at:end]
            run.append(clean(json.loads(f'"{came}"', strict=False)) if "\\" in came else came)
        if is_closed:
            self._run = None
            return end + 1, self._string("".join(run))
        return len(text), end > at and not self._is_key

    def _string(self, text: str) -> bool:
        frame = self._frames[-1]
        if not self._is_key:
            value = self._child(frame).whole_string(text)
            return self._put(value, is_whole=value is not MISSING)
        if not self.is_sure and not frame.form.knows(text):
            return self._fail()
        was_sure, self.is_sure = self.is_sure, True
        frame.key = text
        frame.wants = "colon"
        return not was_sure

    # -- values

    @staticmethod
    def _child(frame: _Frame) -> Form:
        return frame.form.child(frame.key if frame.is_object else frame.held.count)

    def _put(self, value: object, *, is_whole: bool) -> bool:
        """Place a value that has ended; return whether it is seen."""
        if not self._frames:
            self._root = value
            self.is_done = self.is_sure = True
            return value is not MISSING
        self.is_sure = True
        frame = self._frames[-1]
        frame.form = frame.form.put(frame.held, frame.key if frame.is_object else None, value, is_whole=is_whole)
        frame.wants = "comma"
        return value is not MISSING and frame.form.is_shown

    def _open_string(self, form: Form, *, grows: bool) -> object:
        run = self._run
        if not grows or not form.is_text or run is None:
            return MISSING
        # Joined once, so that a long string is not joined anew each time.
        run[:] = ["".join(run)]
        return run[0]

    def _cut(self, start: int, end: int) -> str:
        first, last = bisect_right(self._starts, start) - 1, bisect_right(self._starts, end - 1) - 1
        if first == last:
            return self._pieces[first][start - self._starts[first] : end - self._starts[first]]
        parts = [self._pieces[first][start - self._starts[first] :], *self._pieces[first + 1 : last]]
        return "".join([*parts, self._pieces[last][: end - self._starts[last]]])

    def _fail(self) -> bool:
        self.has_failed = True
        return False
