"""Tests of what is read out of docstrings."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from callwright.tools.docstrings import Documented, read_docstring

GOOGLE = """
    Find a flight.

    Only direct ones.

    Args:
        origin (str): Where from.
        to (Dict[str, "a:b"], optional): Where to,
            which may be wrapped.

              - even nested
        day: A day (ISO): 2026-01-01. Defaults to today.

    Returns:
        list: Those that were found.

    Raises:
        ValueError: There is no such day.
    """
GOOGLE_WITHOUT_BLANK_LINES = """Find a flight.
    Args:
        origin: Where from.
    Returns:
        Those that were found.
    Raises: ValueError
    """
NUMPY = """
    Find a flight.

    Parameters
    ----------
    origin, to : str, optional
        Airports.

        Two of them.
    *days : list of str, default None
        When.
    seats : {1, 2}
    cabin : the class of travel

    Returns
    -------
    list
        Those that were found.

    Notes
    -----
    It is slow.
    """
REST = """
    Find a flight.

    :param str origin: Where from.
    :type to: str
    :param to: Where to,
        which may be wrapped.
    :keyword day: When.
    :raises ValueError: There is no such day.
    :returns: Those that were found.
    :rtype: list

    It is slow, says :func:`time`.
    """
EPYDOC = """
    Find a flight.

    @param origin: Where from.
    @type origin: str
    @param to: Where to,
        which may be wrapped.
    @return: Those that were found.
    @raise ValueError: There is no such day.
    """


def test_google() -> None:
    found = read_docstring(GOOGLE)

    assert found == Documented(
        description="Find a flight.\n\nOnly direct ones.",
        parameters={
            "origin": "Where from.",
            "to": "Where to,\nwhich may be wrapped.\n\n  - even nested",
            "day": "A day (ISO): 2026-01-01. Defaults to today.",
        },
        returns="list: Those that were found.",
        types={"origin": "str", "to": 'Dict[str, "a:b"], optional'},
    )


def test_google_without_blank_lines() -> None:
    found = read_docstring(GOOGLE_WITHOUT_BLANK_LINES)

    assert found == Documented("Find a flight.", {"origin": "Where from."}, "Those that were found.")


def test_numpy() -> None:
    found = read_docstring(NUMPY)

    assert found == Documented(
        description="Find a flight.\n\nNotes\nIt is slow.",
        parameters={
            "origin": "Airports.\n\nTwo of them.",
            "to": "Airports.\n\nTwo of them.",
            "days": "When.",
            "seats": "{1, 2}",
            "cabin": "the class of travel",
        },
        returns="list\n    Those that were found.",
        types={
            "origin": "str, optional",
            "to": "str, optional",
            "days": "list of str, default None",
            "seats": "{1, 2}",
            "cabin": "the class of travel",
        },
    )


def test_rest() -> None:
    found = read_docstring(REST)

    assert found == Documented(
        description="Find a flight.\n\nIt is slow, says :func:`time`.",
        parameters={"origin": "Where from.", "to": "Where to,\nwhich may be wrapped.", "day": "When."},
        returns="Those that were found.",
        types={"origin": "str", "to": "str"},
    )


def test_epydoc() -> None:
    found = read_docstring(EPYDOC)

    assert found == Documented(
        description="Find a flight.",
        parameters={"origin": "Where from.", "to": "Where to,\nwhich may be wrapped."},
        returns="Those that were found.",
        types={"origin": "str"},
    )


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        pytest.param("Args:\n    x: a\n    y: b", {"x": "a", "y": "b"}, id="no summary"),
        pytest.param("\n    Args:\n        x: a\n\n        y: b\n    ", {"x": "a", "y": "b"}, id="blank line between"),
        pytest.param(
            "Args:\n        x: a\n\n        y: b\n\n    Returns:\n        c", {"x": "a", "y": "b"}, id="first line"
        ),
        pytest.param("S.\n\nArgs:\n\n    x: a", {"x": "a"}, id="blank line below the head"),
        pytest.param("S.\nArgs:\nx: a\ny: b\n\nText: so.", {"x": "a", "y": "b"}, id="body not indented"),
        pytest.param("S.\n\n\tArgs:\n\t\tx: a\n\t\ty: b", {"x": "a", "y": "b"}, id="tabs"),
        pytest.param("S.\r\n\r\nArgs:\r\n    x: a\r\n    y: b\r\n", {"x": "a", "y": "b"}, id="CRLF"),
        pytest.param("S.\n\nArgs:\n    x - a\n    y -- b\n    z \u2013 c", {"x": "a", "y": "b", "z": "c"}, id="dashes"),
        pytest.param("S.\n\nArgs:\n    - x: a\n    * `y`: b", {"x": "a", "y": "b"}, id="bullets"),
        pytest.param("S.\n\nArgs:\n    x, y: a", {"x": "a", "y": "a"}, id="two names"),
        pytest.param("S.\n\nArgs:\n    *xs: a\n    **ys (int): b", {"xs": "a", "ys": "b"}, id="stars"),
        pytest.param(
            "S.\n\nArgs:\n    x: a\n    wrapped\n    y: b", {"x": "a\nwrapped", "y": "b"}, id="wrapped, flush"
        ),
        pytest.param("S.\n\nArgs:\n    x (Callable[[int], str]): a", {"x": "a"}, id="nested brackets"),
        pytest.param("S.\n\nArgs:\n    x:\n        a\n    y:\n", {"x": "a"}, id="text below the name, or none"),
        pytest.param("S.\n\nArgs:\n    größe: a", {"größe": "a"}, id="not ASCII"),
        pytest.param("S.\n\nArgs: x: a", {"x": "a"}, id="on the line of the head"),
        pytest.param("S.\n\nargs:\n    x: a", {"x": "a"}, id="lower case"),
        pytest.param("S.\n\nArgs:\n    x: a\n\nKeyword Args:\n    y: b", {"x": "a", "y": "b"}, id="two sections"),
        pytest.param("S.\nKeyword Args:\n    y: b", {"y": "b"}, id="keyword arguments below the summary"),
        pytest.param("S.\n\nArgs:\n    None", {}, id="none"),
        pytest.param("Args:\n    None.\n", {}, id="none below a first line"),
        pytest.param("S.\n\nParameters\n---\nx: int\n  a\ny\n  b", {"x": "a", "y": "b"}, id="numpy, sloppy"),
        pytest.param("S.\n\nParameters:\n-----------\nx : int\n    a", {"x": "a"}, id="numpy with a colon"),
        pytest.param(
            "S.\n\n    Parameters\n    ----------\n        x : int\n            a", {"x": "a"}, id="numpy, indented"
        ),
        pytest.param(
            "S.\n\nParameters\n----------\nx : int\n    a\nwrapped here.", {"x": "a\nwrapped here."}, id="numpy, flush"
        ),
        pytest.param("S.\n\nParameters\n----------\nx (int)\n    a", {"x": "a"}, id="numpy, type in brackets"),
        pytest.param("S.\n\nParameters\n----------\nNone\n", {}, id="numpy, none"),
        pytest.param(":param x: a\n:param y: b", {"x": "a", "y": "b"}, id="rest without a summary"),
        pytest.param("S.\n:param list[str] x: a: b", {"x": "a: b"}, id="rest with a type and a colon"),
        pytest.param("S.\n:param \\*x: a\n:param y:\n    b\n", {"x": "a", "y": "b"}, id="rest with stars"),
        pytest.param("S.\n:param x: a\nwrapped flush", {"x": "a\nwrapped flush"}, id="rest, flush"),
        pytest.param("S.\n@param x a\n@param y b", {"x": "a", "y": "b"}, id="javadoc"),
        pytest.param("S.\n@param x:a", {"x": "a"}, id="epydoc without a space"),
        pytest.param("S.\n\nArgs:\n    x: a\n\n:param y: b", {"x": "a", "y": "b"}, id="two styles"),
    ],
)
def test_parameters_are_read_as_their_author_meant_them(text: str, parameters: dict[str, str]) -> None:
    found = read_docstring(text)

    assert found.parameters == parameters
    assert found.problems == ()
    assert found.description in ("", "S.", "S.\n\nText: so.")


@pytest.mark.parametrize(
    ("text", "description"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("One.\n\nTwo:\nthree.", "One.\n\nTwo:\nthree.", id="no sections"),
        pytest.param("One.\n\n\n\nTwo.   ", "One.\n\nTwo.", id="blank lines"),
        pytest.param("Returns: the time.", "Returns: the time.", id="a section for a summary"),
        pytest.param("One.\n\nNote:\n    Two.", "One.\n\nNote:\n    Two.", id="note"),
        pytest.param("One.\n\nArgs:\n    x: a\n\nTwo.", "One.\n\nTwo.", id="a paragraph below"),
        pytest.param("One.\n\nParameters: see below.", "One.\n\nParameters: see below.", id="a title in a sentence"),
        pytest.param("One.\n\nExample:\n    >>> one()\n    1\n\nSee Also:\n    two", "One.", id="examples"),
        pytest.param("One.\n\nExamples\n--------\n>>> one()\n1", "One.", id="examples of numpy"),
        pytest.param("One.\n:raises ValueError: never\n:rtype: int", "One.", id="fields"),
        pytest.param("One.\n\nYields:\nints\n\nTwo.", "One.\n\nTwo.", id="not indented"),
        pytest.param(
            "One.\n\nSend it @home: now.\n@tool is fine.", "One.\n\nSend it @home: now.\n@tool is fine.", id="at"
        ),
        pytest.param("One.\n\nTitle\n=====\nTwo.", "One.\n\nTitle\nTwo.", id="title"),
        pytest.param(":param: nothing", ":param: nothing", id="a field without a name"),
        pytest.param("@param: nothing", "@param: nothing", id="a tag without a name"),
    ],
)
def test_the_description_keeps_what_is_not_said_elsewhere(text: str, description: str) -> None:
    assert read_docstring(text).description == description


def test_a_list_in_which_nothing_names_a_parameter_is_a_problem() -> None:
    found = read_docstring("S.\n\nArgs:\n    What you like.")

    assert found.problems == ("'What you like.' names no parameter",)


def test_only_the_beginning_of_a_very_long_docstring_is_read() -> None:
    found = read_docstring("x" * 50_001)

    assert len(found.description) == 50_000
    assert found.problems == ("it has 50,001 characters, of which 50,000 are read",)


HEADS = ["Args:", "Returns:", "Parameters", "----------", "Raises: ", ":param x:", ":param", "@param y", "@return"]
BODIES = [
    "x",
    "x: a",
    "x (int): a",
    "x (",
    "((((",
    "))",
    "- ",
    "**",
    "x, y : int, optional",
    "default ",
    "None",
    ":",
    "é",
]
WORDS = st.sampled_from([*HEADS, *BODIES])
INDENTS = st.integers(0, 9).map(lambda width: " " * width)
LINES = st.tuples(INDENTS, st.lists(WORDS | st.text(max_size=5), max_size=4).map("".join)).map("".join)
TEXTS = st.lists(LINES, max_size=14).map("\n".join) | st.text(max_size=200)


def _is_well_formed(found: Documented) -> bool:
    names_are_plain = all(name and "*" not in name and name == name.strip() for name in found.parameters)
    return names_are_plain and all(found.parameters.values()) and found.description == found.description.strip()


@given(TEXTS)
@example("Args:\n x " + "(" * 10_000)
@example("Args:\n x" + " " * 10_000 + "y")
@example("Parameters\n---\nx" + " " * 10_000 + "y : " + ", default" * 1_000)
@example("@param " + "a" * 19_000)
@example(":param " + "a " * 9_000)
@example(":param x: " + "defaults to " * 1_500)
@example("Returns:\n" * 2_000)
@example("\n\n\n\n:param x: y" * 1_500)
@settings(deadline=None, max_examples=500)
def test_no_text_is_too_strange(text: str) -> None:
    found = read_docstring(text)

    assert _is_well_formed(found)
    assert not any("cannot be parsed" in problem for problem in found.problems)


@pytest.mark.slow
@pytest.mark.timeout(600)
@given(TEXTS)
@settings(deadline=None, max_examples=20_000)
def test_none_of_20000_texts_is_too_strange(text: str) -> None:
    assert _is_well_formed(read_docstring(text))


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, REST, EPYDOC], ids=["google", "numpy", "rest", "epydoc"])
def test_indentation_line_ends_and_tabs_make_no_difference(text: str) -> None:
    plain = read_docstring(dedent(text))

    assert read_docstring(text) == plain
    assert read_docstring(text.replace("\n", "\r\n")) == plain
    assert read_docstring(dedent(text).replace("    ", "\t")).description == plain.description
