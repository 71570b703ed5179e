"""Tests of what the words for a type in a docstring mean."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callwright.tools.doctypes import documented_type, is_plain_type


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("int", int),
        ("str, optional", str),
        ("string (optional)", str),
        ("a string", str),
        ("boolean", bool),
        ("bool, default: False", bool),
        ("float, default=1.0", float),
        ("float in [0, 1]", float),
        ("non-negative int", int),
        ("an integer >= 1", int),
        ("number", float),
        ("int or None", int | None),
        ("int | None", int | None),
        ("int/str", int | str),
        ("int, RandomState instance or None, default=None", int | None),
        ("str, path object or file-like object", str),
        ("Optional[Dict[str, int]]", dict[str, int] | None),
        ("typing.Union[str, List[str]]", str | list[str]),
        ("list", list),
        ("list[str]", list[str]),
        ("list of str", list[str]),
        ("list of lists of ints", list[list[int]]),
        ("List[Any]", list),
        ("sequence of Thing", list),
        ("array-like of shape (n_samples, n_features)", list),
        ("int, tuple of ints, or None", int | tuple[int, ...] | None),
        ("tuple of (int, int)", tuple[int, int]),
        ("(int, str)", tuple[int, str]),
        ("Tuple[int, ...]", tuple[int, ...]),
        ("set of str", set[str]),
        ("dict", dict),
        ("dict of str to int", dict[str, int]),
        ("dict {str: float}", dict[str, float]),
        ("Mapping[int, str]", dict),
        ("{'a', 'b'}, default 'a'", Literal["a", "b"]),
        ("{\u2018a\u2019, \u2018b\u2019}", Literal["a", "b"]),
        ("{'l1', 'l2', None}", Literal["l1", "l2"] | None),
        ("{1, 2}", Literal[1, 2]),
        ("'auto' or float", float | Literal["auto"]),
        ("{'auto', int}", int | Literal["auto"]),
        ("str or 'auto'", str),
        ("Literal['a', 1]", Literal["a", 1]),
        ("True or int", int | Literal[True]),
        (":class:`str`", str),
        (":obj:`list` of :obj:`str`, optional", list[str]),
        ("`int`, *optional*, defaults to `None`", int),
        ("C{list} of C{str}", list[str]),
        ("datetime.datetime", dt.datetime),
        ("pathlib.Path", Path),
        ("path", str),
        ("object", Any),
        ("None", type(None)),
    ],
)
def test_words_mean_a_type(text: str, meant: object) -> None:
    assert documented_type(text) == meant


@pytest.mark.parametrize(
    "text",
    ["", "callable", "Thing", "Thing or None", "number of items", "the class of travel", "-", "{", "(", "None of it"],
)  # fmt: skip
def test_words_that_mean_nothing_for_sure_mean_nothing(text: str) -> None:
    assert documented_type(text) is None


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        ("int, optional", True),
        ("list of str", True),
        ("int or None", True),
        ("", True),
        ("{'a', 'b'}", False),
        ("float in range", False),
        ("array_like, with any dtype", False),
    ],
)
def test_words_are_plain_if_the_type_says_it_all(text: str, *, is_plain: bool) -> None:
    assert is_plain_type(text) is is_plain


PIECES = [
    "int",
    "str",
    "list of ",
    "dict",
    "Optional[",
    "Union[",
    "]",
    "[",
    "{",
    "}",
    "(",
    ")",
    ",",
    " or ",
    "'a'",
    "'",
    "1",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=60))
@example("(" * 300)
@example("list of " * 100)
@example("optional[" * 100)
@example("'" * 300)
@example("0" * 5_000)
def test_no_words_are_too_strange(text: str) -> None:
    documented_type(text)
    is_plain_type(text)
