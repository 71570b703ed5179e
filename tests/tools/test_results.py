"""Results: whatever a tool returns is told in words, in linear time, and nothing it does can break that."""

from __future__ import annotations

import collections
import enum
import itertools
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from ipaddress import ip_address
from numbers import Integral, Real
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr, field_serializer

from callwright.tools.results import ToolResult, told


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 1


class Mood(enum.StrEnum):
    GOOD = "good"


class Spot(NamedTuple):
    x: int
    tags: set[str]


@dataclass
class Point:
    x: int
    tags: set[str] = field(default_factory=lambda: {"b", "a"})


class Order(BaseModel):
    item: str
    price: Decimal = Decimal("1.50")
    tags: frozenset[str] = frozenset({"b", "a", "c"})
    other: Any = None


class Aliased(BaseModel):
    first: int = Field(1, serialization_alias="FIRST")


class Broken(BaseModel):
    item: str

    @field_serializer("item")
    def refuse(self, value: str) -> str:
        raise ValueError(value)


class Frame:
    shape = (2, 1)

    def keys(self) -> list[str]:
        return ["a"]

    def __getitem__(self, key: str) -> list[int]:
        return [1, 2]

    def __str__(self) -> str:
        return "   a\n0  1\n1  2"


class Scalar:
    """A number that is no `int`."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __int__(self) -> int:
        return int(self.value)

    def __float__(self) -> float:
        return float(self.value)


class Whole(Scalar):
    pass


class Broad(Scalar):
    pass


Integral.register(Whole)
Real.register(Broad)


class EndlessList(list[int]):
    def __iter__(self) -> Iterator[int]:
        return itertools.count()


def row() -> sqlite3.Row:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    try:
        found: sqlite3.Row = connection.execute("select 1 as id, 'Ann' as name").fetchone()
        return found
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("", "", id="empty"),
        pytest.param('"quoted"', '"quoted"', id="str"),
        pytest.param("a\ud800b", "a\ufffdb", id="lone surrogate"),
        pytest.param("\ud83d\ude00", "\U0001f600", id="two halves of one character"),
        pytest.param(True, "true", id="bool"),
        pytest.param(None, "null", id="None"),
        pytest.param(10**30, "1" + "0" * 30, id="large int"),
        pytest.param(float("nan"), "null", id="NaN"),
        pytest.param([1.5, float("inf"), float("nan")], "[1.5,null,null]", id="infinity"),
        pytest.param(b"caf\xc3\xa9", "café", id="bytes"),
        pytest.param(bytearray(b"abc"), "abc", id="bytearray"),
        pytest.param(date(2026, 11, 21), "2026-11-21", id="date"),
        pytest.param(datetime(2026, 11, 21, 8, tzinfo=UTC), "2026-11-21T08:00:00Z", id="datetime"),
        pytest.param(timedelta(minutes=90), "PT1H30M", id="timedelta"),
        pytest.param([date(2026, 11, 21)], '["2026-11-21"]', id="date within"),
        pytest.param(Decimal("0.10"), "0.10", id="Decimal"),
        pytest.param(UUID(int=1), "00000000-0000-0000-0000-000000000001", id="UUID"),
        pytest.param(PurePosixPath("/tmp/x"), "/tmp/x", id="Path"),
        pytest.param(ip_address("::1"), "::1", id="IP address"),
        pytest.param(Fraction(1, 3), "1/3", id="Fraction"),
        pytest.param(Colour.RED, "red", id="Enum"),
        pytest.param([Size.SMALL, Mood.GOOD, Colour.RED], '[1,"good","red"]', id="Enums within"),
        pytest.param({Colour.RED: 1, Mood.GOOD: 2, Size.SMALL: 3}, '{"red":1,"good":2,"1":3}', id="Enums as keys"),
        pytest.param({3, 1, 2}, "[1,2,3]", id="set"),
        pytest.param({"b", "a", 1, (2,)}, '[1,"a","b",[2]]', id="mixed set"),
        pytest.param({"deep": [{"b", "a"}]}, '{"deep":[["a","b"]]}', id="set within"),
        pytest.param({None: 1, (1, 2): 2, 1.5: 3}, '{"null":1,"[1,2]":2,"1.5":3}', id="keys"),
        pytest.param(Spot(1, {"b", "a"}), '{"x":1,"tags":["a","b"]}', id="NamedTuple"),
        pytest.param(Point(1), '{"x":1,"tags":["a","b"]}', id="dataclass"),
        pytest.param([Point(1)], '[{"x":1,"tags":["a","b"]}]', id="dataclass within"),
        pytest.param(
            Order(item="tea"), '{"item":"tea","price":"1.50","tags":["a","b","c"],"other":null}', id="model with a set"
        ),
        pytest.param(Aliased(), '{"FIRST":1}', id="model with an alias"),
        pytest.param({"key": SecretStr("x")}, '{"key":"**********"}', id="secret"),
        pytest.param(collections.OrderedDict(a=1), '{"a":1}', id="OrderedDict"),
        pytest.param(collections.Counter("aab"), '{"a":2,"b":1}', id="Counter"),
        pytest.param(collections.deque([1]), "[1]", id="deque"),
        pytest.param(collections.UserString("abc"), "abc", id="UserString"),
        pytest.param({"a": 1}.keys(), '["a"]', id="keys view"),
        pytest.param(range(3), "[0,1,2]", id="range"),
        pytest.param(map(str, [1, 2]), '["1","2"]', id="map"),
        pytest.param((number for number in (1, 2)), "[1,2]", id="generator expression"),
        pytest.param({"rows": iter([1])}, '{"rows":[1]}', id="iterator within"),
        pytest.param(ValueError("no"), "ValueError: no", id="exception"),
        pytest.param([Whole(3), Broad(0.5)], "[3,0.5]", id="numbers of others"),
        pytest.param(Frame(), "   a\n0  1\n1  2", id="table"),
        pytest.param(row(), '{"id":1,"name":"Ann"}', id="row of a database"),
        pytest.param(ToolResult([1]), "[1]", id="ToolResult"),
    ],
)
def test_results_are_told_in_words(value: object, text: str) -> None:
    assert told(value).content == text


def test_a_set_reads_the_same_in_every_process() -> None:
    """Else a recorded run would not meet its requests again; the order of strings in a set changes by process."""
    code = (
        "from callwright.tools.results import told; from tests.tools.test_results import Order, Point;"
        "print(told([{'b', 'a', 'c'}, Order(item='x'), Point(1)]).content)"
    )

    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[2],
        ).stdout
        for seed in ("1", "2")
    }

    assert len(texts) == 1


@pytest.mark.parametrize(
    ("value", "note"),
    [
        pytest.param(b"\xff\x00", "bytes that are not UTF-8 (2 in all) are written in base64", id="bytes"),
        pytest.param(object(), "a value of type object is written as its str(): it has no JSON form", id="object"),
        pytest.param([len], "a value of type builtin_function_or_method is written", id="within"),
        pytest.param(Broken(item="x"), "the Broken could not write itself as JSON: ", id="serializer raises"),
        pytest.param(EndlessList(), "cut: it is too large", id="endless list"),
        pytest.param(itertools.count(), "cut: at most 100000 values are taken from a count", id="endless"),
    ],
)
def test_people_are_told_what_was_lost(value: object, note: str) -> None:
    found = told(value).note

    assert found is not None
    assert note in found


def test_the_fields_of_a_model_that_cannot_write_itself_are_told() -> None:
    assert told(Broken(item="tea")).content == '{"item":"tea"}'


class Mute:
    def __str__(self) -> str:
        raise MemoryError

    __repr__ = __str__


class Deep:
    def __str__(self) -> str:
        raise RecursionError

    __repr__ = __str__


class Rude:
    def __str__(self) -> str:
        raise GeneratorExit


class Liar:
    @property
    def __class__(self) -> Any:  # type: ignore[override]
        raise RecursionError


class Number:
    def __str__(self) -> Any:
        return 3  # noqa: PLE0307 - on purpose


class RaisingDict(dict[str, int]):
    def items(self) -> Any:
        raise ZeroDivisionError


class Image:
    def _repr_png_(self) -> bytes:
        raise OSError("no pixels")


class Meta(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise ValueError("nameless")


class Nameless(metaclass=Meta):
    pass


@dataclass
class Raising:
    good: int = 1

    def __getattribute__(self, name: str) -> Any:
        raise KeyError(name)


def deep(count: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(count):
        made = [made]
    return made


def bomb() -> list[Any]:
    made: list[Any] = ["boom"]
    for _ in range(12):
        made = [made] * 10
    return made


def ring() -> dict[str, Any]:
    made: dict[str, Any] = {"a": 1}
    made["self"] = [made]
    return made


def model_ring() -> Order:
    order = Order(item="x")
    order.other = [order]
    return order


def interrupted() -> Iterator[int]:
    yield 1
    raise ValueError("half way")


async def answer() -> int:
    return 1


@pytest.mark.parametrize(
    "make",
    [
        *(Mute, Deep, Rude, Liar, Number, Image, Raising, ring, model_ring, bomb, interrupted, answer),
        pytest.param(Nameless, id="Nameless"),
        pytest.param(lambda: RaisingDict(a=1), id="RaisingDict"),
        pytest.param(lambda: {Mute(): 1}, id="key"),
        pytest.param(lambda: {("\ud800", 1): "\udfff"}, id="surrogate in a key"),
        pytest.param(lambda: {frozenset({Mute()}): 1}, id="set as key"),
        pytest.param(lambda: deep(100_000), id="deep"),
        pytest.param(lambda: 10**5_000, id="int"),
        pytest.param(lambda: Order.model_construct(item=b"\xff"), id="bytes in a model"),
        pytest.param(lambda: Order.model_construct(item="\ud800"), id="surrogate in a model"),
        pytest.param(lambda: type, id="type"),
        pytest.param(lambda: sys, id="module"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"a": (value,)}], ids=["bare", "within"])
def test_no_result_can_break_a_run(make: Callable[[], object], wrap: Callable[[object], object]) -> None:
    made = told(wrap(make()))

    assert isinstance(made.content, str)
    assert made.content.encode()
    assert (made.note or "").encode() is not None
    assert len(made.content) < 300_000


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_only_what_ends_the_program_leaves(error: type[BaseException]) -> None:
    class Ending:
        def __str__(self) -> str:
            raise error

    with pytest.raises(error):
        told([Ending()])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=30,
    ).filter(lambda value: not isinstance(value, str))
)
@settings(max_examples=100, deadline=None)
def test_json_comes_through_as_it_is(value: object) -> None:
    made = told(value)

    if isinstance(made.content, str):
        assert json.loads(made.content) == value
        assert made.note is None


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda n: "x" * n * 40, id="text"),
        pytest.param(lambda n: list(range(n * 4)), id="numbers"),
        pytest.param(lambda n: [{"a": 1, "b": "x"} for _ in range(n)], id="dicts"),
        pytest.param(lambda n: {f"k{key}": [key] for key in range(n)}, id="lists in a dict"),
        pytest.param(lambda n: [Order(item="x") for _ in range(n // 10)], id="models"),
        pytest.param(lambda n: {f"{key}" for key in range(n)}, id="set"),
    ],
)
def test_the_time_is_linear(make: Callable[[int], object]) -> None:
    """Eight times as much may take forty times as long, on a busy machine; quadratic would be sixty-four."""

    def seconds(value: object) -> float:
        best = float("inf")
        for _ in range(3):
            started = time.thread_time()
            told(value)
            best = min(best, time.thread_time() - started)
        return best

    small, large = seconds(make(4_000)), seconds(make(32_000))

    assert large < 40 * small + 0.01
