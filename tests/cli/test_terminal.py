"""Lines and streamed text on terminals of all kinds."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from callwright.cli.terminal import Flow, clear_text, line, open_console, shortened


def paper(*, width: int = 30, is_terminal: bool = False) -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    console = Console(file=written, width=width, color_system=None, force_terminal=is_terminal)
    return console, written


def test_a_long_line_goes_on_under_its_beginning():
    console, written = paper()

    line(console, "result", "one two three four five six")

    assert written.getvalue() == "result   one two three four\n         five six\n"


def test_a_line_of_nothing_keeps_its_label():
    console, written = paper()

    line(console, "result", "")

    assert written.getvalue().rstrip() == "result"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100], ids=lambda size: f"pieces of {size}")
def test_streamed_text_is_wrapped_alike_however_it_comes(size: int):
    console, written = paper()
    text = "one two three four five six\n\n  seven"
    flow = Flow(console, "answer")

    for start in range(0, len(text), size):
        flow.write(text[start : start + size])
    flow.end()

    assert written.getvalue() == "answer   one two three four\n         five six\n\n           seven\n"


def test_a_word_longer_than_the_line_stands_alone():
    console, written = paper(width=16)
    flow = Flow(console, "answer")

    flow.write("a incomprehensible b")
    flow.end()

    assert written.getvalue() == "answer   a\n         incomprehensible\n         b\n"


@pytest.mark.parametrize("text", ["a\tb  c ", "ends with a line\n", "\n\nbegins late"])
def test_text_without_a_label_is_written_as_it_comes(text: str):
    console, written = paper(width=5)
    flow = Flow(console)

    for character in text:
        flow.write(character)

    assert written.getvalue() == text


def test_the_end_of_a_flow_ends_its_line_once():
    console, written = paper()
    flow = Flow(console)

    flow.write("word")
    flow.end()
    flow.end()
    flow.write("line\n")
    flow.end()

    assert written.getvalue() == "word\nline\n"


def test_a_flow_to_which_nothing_came_leaves_no_trace():
    console, written = paper()

    for flow in (Flow(console), Flow(console, "answer")):
        flow.write("")
        flow.end()

    assert written.getvalue() == ""


def test_escapes_reach_a_pipe_but_no_terminal():
    pipe, piped = paper()
    terminal, shown = paper(is_terminal=True)

    Flow(pipe).write("\x1b[31mred")
    Flow(terminal).write("\x1b[31mred")

    assert piped.getvalue() == "\x1b[31mred"
    assert shown.getvalue() == r"\x1b[31mred"


def test_control_characters_are_spelled_out():
    assert clear_text("a\x1b]0;title\x07\r\nb\tc\x9b") == "a\\x1b]0;title\\x07\nb\tc\\x9b"


def test_a_long_text_is_shortened_and_says_so():
    assert shortened("one\n two " * 300, limit=11) == "one two one… (2,700 characters)"


@pytest.mark.parametrize(
    ("variables", "is_coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
    ids=["neither", "FORCE_COLOR", "NO_COLOR wins"],
)
def test_colours_without_a_terminal(variables: dict[str, str], is_coloured: bool, monkeypatch: pytest.MonkeyPatch):  # noqa: FBT001
    for name, value in {"TERM": "xterm-256color", **variables}.items():
        monkeypatch.setenv(name, value)

    assert (open_console().color_system is not None) == is_coloured
