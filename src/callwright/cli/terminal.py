"""The terminal: where lines and streamed text go, coloured if it can show colours, plain if not."""

from __future__ import annotations

import os
import re
import sys

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

__all__ = ["LABEL_WIDTH", "STYLES", "Flow", "clear_text", "line", "open_console", "shortened"]

LABEL_WIDTH = 9
"""Columns before the text of a labelled line."""

STYLES = {
    "answer": "bold",
    "breaks": "red",
    "call": "cyan",
    "change": "dim",
    "error": "red",
    "limit": "yellow",
    "locked": "green",
    "note": "yellow",
    "output": "bold green",
    "progress": "dim",
    "request": "blue",
    "result": "green",
    "retry": "yellow",
    "thought": "dim",
    "usage": "dim",
    "waiting": "yellow",
    "warning": "magenta",
}
"""Label -> style of rich."""
# All but tab and newline: an escape could recolour, retitle or clear the terminal.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PARTS = re.compile(r"\n|[^\S\n]+|\S+")
_DUMB = {"dumb", "unknown"}


def open_console(*, stderr: bool = False) -> Console:
    """Return stdout or stderr as a console: plain with `NO_COLOR`, `TERM=dumb` or without a terminal.

    `FORCE_COLOR` makes it coloured without a terminal, as well.
    """
    stream = sys.stderr if stderr else sys.stdout
    is_forced = bool(os.environ.get("FORCE_COLOR"))
    is_plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") in _DUMB
    is_plain = is_plain or not (stream.isatty() or is_forced)
    return _HonestConsole(
        stderr=stderr, color_system=None if is_plain else "auto", highlight=False, markup=False, emoji=False
    )


class _HonestConsole(Console):
    """A console that leaves to the command what is to be done when nobody reads any more."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def clear_text(text: str) -> str:
    r"""Return `text` with control characters spelled out, as `\x1b`: it comes from models and tools."""
    return _CONTROLS.sub(lambda match: ascii(match[0])[1:-1], text.replace("\r\n", "\n"))


def shortened(text: str, limit: int = 400) -> str:
    """Return `text` in one line of at most about `limit` characters, saying how long it was if it was longer."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else f"{flat[:limit]}… ({len(text):,} characters)"


def line(console: Console, label: str, said: str | Text) -> None:
    """Print a labelled line, continued under its own beginning if it is long."""
    text = said if isinstance(said, Text) else Text(clear_text(said))
    head = (label.ljust(LABEL_WIDTH), STYLES.get(label, ""))
    width = max(console.width - LABEL_WIDTH, 20)
    for row in text.wrap(console, width) or [Text()]:
        row.rstrip()
        console.print(Text.assemble(head, row), soft_wrap=True)
        head = (" " * LABEL_WIDTH, "")


class Flow:
    """Text that comes in pieces and is written as it comes.

    Args:
        console: Where to.
        label: Stands before the text, which is then wrapped beside it, word by word; empty: the pieces as they are.
    """

    __slots__ = ("_column", "_console", "_gap", "_label", "_lead", "_word", "is_open")

    def __init__(self, console: Console, label: str = "") -> None:
        self._console = console
        self._label = label
        self._word = ""
        self._begin()

    def _begin(self) -> None:
        self.is_open = False
        """Whether something was written and its line not yet ended."""
        self._lead = self._label.ljust(LABEL_WIDTH)
        self._column, self._gap = LABEL_WIDTH, ""

    def write(self, piece: str) -> None:
        """Write a piece; beside a label, its last word may wait for the next one."""
        text = clear_text(piece) if self._console.is_terminal else piece
        if self._label:
            for part in _PARTS.findall(text):
                self._take(part)
        elif text:
            self._out(text)
            self.is_open = not text.endswith("\n")

    def end(self) -> None:
        """End the line, if one is open."""
        self._put_word()
        if self.is_open:
            self._out("\n")
        self._begin()

    def _take(self, part: str) -> None:
        if not part.isspace():
            self._word += part
            return
        self._put_word()
        if part == "\n":
            self._break()
        else:
            self._gap += part

    def _put_word(self) -> None:
        word, self._word = self._word, ""
        if not word:
            return
        if self._column > LABEL_WIDTH and self._column + cell_len(self._gap + word) > self._console.width:
            self._break()
        if self._lead:
            style = "" if self.is_open else STYLES.get(self._label, "")
            self._console.out(self._lead, style=style or None, end="")
        # Blanks at the beginning of a line stay: they may indent a list. Those where a line was broken are gone.
        self._out(self._gap + word)
        self._column += cell_len(self._gap + word)
        self._lead = self._gap = ""
        self.is_open = True

    def _break(self) -> None:
        if self.is_open:
            self._out("\n")
            self._lead = " " * LABEL_WIDTH
            self._column, self._gap = LABEL_WIDTH, ""

    def _out(self, text: str) -> None:
        # Not by the console, which would expand tabs.
        self._console.file.write(text)
        self._console.file.flush()
