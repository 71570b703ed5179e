"""Reading: what a text can have meant, and what is said of it if it means nothing."""

from __future__ import annotations

import datetime as dt
import time
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from callwright.output.base import Problems
from callwright.output.kinds import TypeKind
from callwright.output.reading import Found, finished_items, read_text


class Point(BaseModel):
    x: int
    y: int = 0


class Shelf(BaseModel):
    name: str
    points: list[Point]
    note: str | None = None


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Point, '{"x": 1}', Point(x=1)),
        (Point, '{"x": "1"}', Point(x=1)),
        (Point, '```json\n{"x": 1}\n```', Point(x=1)),
        (Point, 'Here: {"x": 1}', Point(x=1)),
        (Point, "{'x': 1,}", Point(x=1)),
        (Point, '<think>{"x": 2}?</think>{"x": 1}', Point(x=1)),
        (Point, 'It might be {"x": 2}.\n</think>\n{"x": 1}', Point(x=1)),
        (Point, '[{"x": 1}]', Point(x=1)),
        (Point, '"{\\"x\\": 1}"', Point(x=1)),
        (Point, '{"point": {"x": 1}}', Point(x=1)),
        (Point, '{"x": 1}\n{"x": 1}', Point(x=1)),
        (int, "42", 42),
        (int, '{"value": 42.0}', 42),
        (int, '{"value": "42"}', 42),
        (list[int], "[1, 2]", [1, 2]),
        (list[int], "Here they are:\n```json\n[1, 2,]\n```\nDone.", [1, 2]),
        (list[int], '{"numbers": [1, 2]}', [1, 2]),
        (list[Point], '{"value": {"x": 1}}', [Point(x=1)]),
        (list[Point], '[{"x": 1}, {"x": 2}]', [Point(x=1), Point(x=2)]),
        (Point | None, '{"x": 1}', Point(x=1)),
        (Point | None, "null", None),
        (Literal["yes", "no"], "yes", "yes"),
        (Literal["yes", "no"], "**No.**", "no"),
        (Literal["yes", "no"], '{"value": "YES"}', "yes"),
        (bool, "yes", True),
        (dt.date, "2024-01-02", dt.date(2024, 1, 2)),
        (Annotated[str, Field(pattern="^[A-Z]{3}$")], "USD", "USD"),
        (str | None, '{"value": "\\ud800"}', "\ufffd"),
    ],
    ids=str,
)
def test_a_text_is_read_for_the_one_thing_that_it_means(kind: Any, text: str, value: Any) -> None:
    found = read_text(TypeKind(kind), text)

    assert isinstance(found, Found)
    assert (found.value, type(found.value)) == (value, type(value))
    assert TypeKind(kind).read(found.text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Point, '{"x": 1}{"x": 2}'),
        (Point, '{"x": 1'),
        (Point, "x = 1"),
        (Point, '{"error": {"x": 1}}'),
        (Point, '{"x": NaN}'),
        (Point, "I cannot do that."),
        (int, "The answer is 42"),
        (int, "4.5"),
        (int, '{"value": true, "value": 3}x'),
        (list[int], "I found nothing, see [3]."),
        (list[int], "1, 2, 3"),
        (list[str], '{"notes": ["I found nothing"]}'),
        (list[str], "nothing"),
        (Literal["yes", "no"], "yes or no"),
        (Literal["yes", "no"], "no, because it rains"),
        (Literal["a", "A"], '{"value": "á"}'),
        (float, "NaN"),
        (float, '{"value": "NaN"}'),
        (float, '{"value": Infinity}'),
        (float, '{"value": 1e400}'),
        (float, '{"value": 1' + "0" * 400 + ".5}"),
        (list[float], '{"value": [1, NaN]}'),
        (str | None, "I do not know"),
        (bool, "I think so"),
        (dt.date, "today"),
    ],
    ids=str,
)
def test_what_may_mean_something_else_is_not_read(kind: Any, text: str) -> None:
    assert isinstance(read_text(TypeKind(kind), text), Problems)


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_a_text_of_nothing_is_empty(text: str) -> None:
    found = read_text(TypeKind(Point), text)

    assert isinstance(found, Problems)
    assert (found.problems, found.flaw) == (("your answer was empty",), "empty")


def test_what_was_repaired_is_said() -> None:
    found = read_text(TypeKind(list[Point]), "<think>hm</think>Sure:\n```json\n{'value': [{'x': 1,}]}\n```")

    assert isinstance(found, Found)
    assert found.repairs == (
        "thoughts before the answer",
        "a code fence",
        "text around the object",
        "single quotes",
        "a trailing comma",
    )


@pytest.mark.parametrize(
    ("text", "problems", "salvaged"),
    [
        (
            '{"name": "a", "points": [{"x": 1}, {"x": "far"}, {"y": 2}, {"x": 4}]}',
            (
                "points.1.x: Input should be a valid integer, unable to parse string as an integer; got 'far'",
                "points.2.x: Field required",
            ),
            {"name": "a", "points": [{"x": 1}, {"x": 4}]},
        ),
        ('{"points": []}', ("name: Field required",), {"points": []}),
        ('{"name": {"deep": 1}, "points": 5, "other": 1}', None, None),
        (
            '```json\n{"name": \'a\', "points": null}\n```',
            ("points: Input should be a valid array; got 'None'",),
            {"name": "a"},
        ),
    ],
    ids=["items", "missing", "nothing right", "fenced"],
)
def test_problems_name_path_value_and_reason_and_what_is_valid_is_kept(
    text: str, problems: tuple[str, ...] | None, salvaged: Any
) -> None:
    found = read_text(TypeKind(Shelf), text)

    assert isinstance(found, Problems)
    assert found.salvaged == salvaged
    assert problems is None or found.problems == problems


def test_many_problems_are_counted() -> None:
    bad = '{"value": [' + ",".join(['"x"'] * 50) + "]}"

    found = read_text(TypeKind(list[int]), bad)

    assert isinstance(found, Problems)
    assert (len(found.problems), found.problems[-1]) == (21, "and 30 more")


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ('{"value": [{"x": 1}, {"x": 2', [{"x": 1}]),
        ('{"value": [{"x": 1}, {"x": 2}', [{"x": 1}, {"x": 2}]),
        ("[1, 22, 3", [1, 22]),
        ("[1, 22, 3,", [1, 22, 3]),
        ('```json\n["a\\"b", "c', ['a"b']),
        ('<think>[9]</think>["a", "b"', ["a", "b"]),
        ('{"value": [', []),
        ('{"value": [1, NaN, 3', [1]),
        ('{"other": [1, 2, 3', []),
        ("Here: [1, 2, 3", []),
        ("", []),
        ("[[[1], [2]], [[3", [[[1], [2]]]),
    ],
    ids=str,
)
def test_only_whole_items_of_a_cut_list_are_finished(text: str, items: list[Any]) -> None:
    assert finished_items(text) == items


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "{" * 200_000,
        "```\n" * 50_000,
        "```" + " " * 200_000,
        '{"value": [' + '"a",' * 100_000,
        "<think>" * 30_000,
        "9" * 200_000,
        '{"value": "' + "\\" * 200_001,
    ],
    ids=["brackets", "braces", "fences", "blanks", "items", "thoughts", "digits", "backslashes"],
)
def test_hostile_texts_are_read_in_no_time(text: str) -> None:
    started = time.process_time()

    read_text(TypeKind(list[str]), text)
    finished_items(text)

    assert time.process_time() - started < 2
