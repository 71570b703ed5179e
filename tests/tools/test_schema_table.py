"""A table of documented functions and what a model is told of each: the styles of docstrings.

A case is a name, a signature, a docstring, what is told of the function, and what is told of each parameter. Docstrings
are written as they stand in a file: indented, with and without blank lines.
"""

# ruff: noqa: E501 - a case to a line

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from callwright.tools.schema import describe

INT: dict[str, Any] = {"type": "integer"}
NUM: dict[str, Any] = {"type": "number"}
STR: dict[str, Any] = {"type": "string"}
BOOL: dict[str, Any] = {"type": "boolean"}
STRS: dict[str, Any] = {"type": "array", "items": STR}


def said(text: str, kind: Mapping[str, Any] = INT, **more: object) -> dict[str, Any]:
    """Return the schema of a parameter of which something is said."""
    return {**kind, "description": text, **more}


X = {"x": said("The x.")}
XY = {"x": said("The x."), "y": said("The y.")}

GOOGLE = [
    ("plain", "x: int", "Do.\n\n    Args:\n        x: The x.\n    ", "Do.", X),
    ("one line", "x: int", "Do.", "Do.", {"x": INT}),
    ("no blank line", "x: int", "Do.\n    Args:\n        x: The x.\n    Returns:\n        It.\n    ", "Do.", X),
    ("no summary", "x: int", "Args:\n        x: The x.\n    ", "", X),
    ("no summary, on a line of its own", "x: int", "\n    Args:\n        x: The x.\n    ", "", X),
    ("types", "x: int, y: int", "Do.\n\n    Args:\n        x (int): The x.\n        y (int, optional): The y.", "Do.", XY),
    ("type with brackets", "x: int", "Do.\n\n    Args:\n        x (Dict[str, Tuple[int, ...]]): The x.", "Do.", X),
    ("type in a role", "x: int", "Do.\n\n    Args:\n        x (:obj:`int`, optional): The x.", "Do.", X),
    ("type with a colon", "x: int", 'Do.\n\n    Args:\n        x (Dict[str, "a:b"]): The x.', "Do.", X),
    ("type without its bracket", "x: int", "Do.\n\n    Args:\n        x (Union[int, List[str]): The x.", "Do.", X),
    ("type in ticks", "x: int", "Do.\n\n    Args:\n        x (`int`, *optional*):\n            The x.", "Do.", X),
    ("two names", "x: int, y: int", "Do.\n\n    Args:\n        x, y: Both.", "Do.", {"x": said("Both."), "y": said("Both.")}),
    ("two names with a type", "x: int, y: int", "Do.\n\n    Args:\n        x, y (int): Both.", "Do.", {"x": said("Both."), "y": said("Both.")}),
    ("wrapped", "x: int", "Do.\n\n    Args:\n        x: The x,\n            which is long.", "Do.", {"x": said("The x,\nwhich is long.")}),
    ("wrapped flush", "x: int", "Do.\n\n    Args:\n        x: The x,\n        which is long.", "Do.", {"x": said("The x,\nwhich is long.")}),
    ("below the name", "x: int", "Do.\n\n    Args:\n        x:\n            The x.", "Do.", X),
    ("nested list", "x: int", "Do.\n\n    Args:\n        x: One of\n            - 1: low\n            - 2: high", "Do.", {"x": said("One of\n- 1: low\n- 2: high")}),
    ("two paragraphs", "x: int, y: int", "Do.\n\n    Args:\n        x: The x.\n\n            More.\n        y: The y.", "Do.", {"x": said("The x.\n\nMore."), "y": said("The y.")}),
    ("note in the text", "x: int", "Do.\n\n    Args:\n        x: The x.\n            Note: not the y.\n            Returns: no.", "Do.", {"x": said("The x.\nNote: not the y.\nReturns: no.")}),
    ("colon in the text", "x: int", "Do.\n\n    Args:\n        x: The x: 12:30, or http://a.b:8", "Do.", {"x": said("The x: 12:30, or http://a.b:8")}),
    ("none", "x: int", "Do.\n\n    Args:\n        None\n\n    Returns:\n        It.", "Do.", {"x": INT}),
    ("none with a full stop", "", "Do.\n\n    Args:\n        None.", "Do.", {}),
    ("dashes", "x: int, y: int", "Do.\n\n    Args:\n        x - The x.\n        y -- The y.", "Do.", XY),
    ("bullets", "x: int, y: int", "Do.\n\n    Args:\n        * x: The x.\n        - `y`: The y.", "Do.", XY),
    ("stars", "*x: int, **y: int", "Do.\n\n    Args:\n        *x: The x.\n        **y: The y.", "Do.", {"x": {"type": "array", "items": INT, "description": "The x."}}),
    ("default in the name", "x: int = 3", "Do.\n\n    Args:\n        x=3: The x.", "Do.", {"x": said("The x.", default=3)}),
    ("keyword arguments", "x: int, *, y: int", "Do.\n\n    Args:\n        x: The x.\n\n    Keyword Args:\n        y: The y.", "Do.", XY),
    ("other titles", "x: int, *, y: int", "Do.\n\n    Parameters:\n        x: The x.\n\n    Other Parameters:\n        y: The y.", "Do.", XY),
    ("a title with a word more", "x: int, *, y: int = 0", "Do.\n\n    Required args:\n        x: The x.\n\n    Optional args:\n        y: The y.", "Do.", {"x": said("The x."), "y": said("The y.", default=0)}),
    ("lower case", "x: int", "Do.\n\n    args:\n        x: The x.", "Do.", X),
    ("not indented", "x: int, y: int", "Do.\n\n    Args:\n    x: The x.\n    y: The y.\n\n    More.", "Do.\n\nMore.", XY),
    ("tabs", "x: int, y: int", "Do.\n\n\tArgs:\n\t\tx: The x.\n\t\ty: The y.\n\n\tReturns:\n\t\tIt.", "Do.", XY),
    ("CRLF", "x: int", "Do.\r\n\r\n    Args:\r\n        x: The x.\r\n\r\n    Returns:\r\n        It.\r\n", "Do.", X),
    ("CR", "x: int", "Do.\r\r    Args:\r        x: The x.\r", "Do.", X),
    ("two spaces", "x: int, y: int", "Do.\n  Args:\n    x: The x.\n    y: The y.\n  Raises:\n    ValueError: Never.", "Do.", XY),
    ("returns and raises", "x: int", "Do.\n\n    Args:\n        x: The x.\n\n    Returns:\n        It.\n\n    Raises:\n        ValueError: Never.", "Do.", X),
    ("yields and examples", "x: int", "Do.\n\n    Args:\n        x: The x.\n\n    Yields:\n        It.\n\n    Examples:\n        >>> do(1)\n        2", "Do.", X),
    ("references", "x: int", "Do.\n\n    Args:\n        x: The x.\n\n    References:\n        [1] A book.\n\n    See Also:\n        undo", "Do.", X),
    ("notes and warnings stay", "x: int", "Do.\n\n    Args:\n        x: The x.\n\n    Note:\n        Slow.\n\n    Warning:\n        Loud.", "Do.\n\nNote:\n    Slow.\n\nWarning:\n    Loud.", X),
    ("returns before args", "x: int", "Do.\n\n    Returns:\n        It.\n\n    Args:\n        x: The x.", "Do.", X),
    ("prose behind the sections", "x: int", "Do.\n\n    Args:\n        x: The x.\n\n    And undo.", "Do.\n\nAnd undo.", X),
    ("paragraphs", "x: int", "Do.\n\n    One.\n\n    Two,\n    three.\n\n    Args:\n        x: The x.", "Do.\n\nOne.\n\nTwo,\nthree.", X),
    ("a title in a sentence", "x: int", "Do.\n\n    Parameters: those of do.\n\n    Args:\n        x: The x.", "Do.\n\nParameters: those of do.", X),
    ("a doctest", "x: int", "Do.\n\n    >>> do(1)\n    2\n\n    Args:\n        x: The x.", "Do.", X),
    ("not ASCII", "größe: int", "Tu es.\n\n    Args:\n        größe: Die Größe - in cm.", "Tu es.", {"größe": said("Die Größe - in cm.")}),
    ("names like titles", "args: int, returns: int", "Do.\n\n    Args:\n        args: The x.\n        returns: The y.", "Do.", {"args": said("The x."), "returns": said("The y.")}),
]  # fmt: skip

NUMPY = [
    ("plain", "x: int", "Do.\n\n    Parameters\n    ----------\n    x : int\n        The x.\n    ", "Do.", X),
    ("no blank line", "x: int", "Do.\n    Parameters\n    ----------\n    x : int\n        The x.\n    Returns\n    -------\n    int\n        It.", "Do.", X),
    ("no summary", "x: int", "\n    Parameters\n    ----------\n    x : int\n        The x.\n    ", "", X),
    ("no type", "x: int, y: int", "Do.\n\n    Parameters\n    ----------\n    x\n        The x.\n    y :\n        The y.", "Do.", XY),
    ("no space", "x: int", "Do.\n\n    Parameters\n    ----------\n    x: int\n        The x.", "Do.", X),
    ("two names", "x: int, y: int", "Do.\n\n    Parameters\n    ----------\n    x, y : int\n        Both.", "Do.", {"x": said("Both."), "y": said("Both.")}),
    ("choices without a text", "x: str", "Do.\n\n    Parameters\n    ----------\n    x : {'a', 'b'}", "Do.", {"x": said("{'a', 'b'}", STR)}),
    ("a sentence for a type", "x: int", "Do.\n\n    Parameters\n    ----------\n    x : the x of it", "Do.", {"x": said("the x of it")}),
    ("a plain type is no text", "x: int", "Do.\n\n    Parameters\n    ----------\n    x : int, optional", "Do.", {"x": INT}),
    ("optional and default", "x: int = 1, y: int = 2", "Do.\n\n    Parameters\n    ----------\n    x : int, optional\n        The x.\n    y : int, default 2\n        The y.", "Do.", {"x": said("The x.", default=1), "y": said("The y.", default=2)}),
    ("a remark without a type", "x: int = 1", "Do.\n\n    Parameters\n    ----------\n    x, default 1\n        The x.", "Do.", {"x": said("The x.", default=1)}),
    ("type with brackets", "x: int", "Do.\n\n    Parameters\n    ----------\n    x : ndarray of shape (n, m), dtype={'f', 'd'}\n        The x.", "Do.", X),
    ("stars", "*x: int", "Do.\n\n    Parameters\n    ----------\n    *x : int\n        The x.", "Do.", {"x": {"type": "array", "items": INT, "description": "The x."}}),
    ("escaped stars", "*x: int", "Do.\n\n    Parameters\n    ----------\n    \\*x : int\n        The x.", "Do.", {"x": {"type": "array", "items": INT, "description": "The x."}}),
    ("ticks", "x: int", "Do.\n\n    Parameters\n    ----------\n    `x` : int\n        The x.", "Do.", X),
    ("paragraphs and a list", "x: int, y: int", "Do.\n\n    Parameters\n    ----------\n    x : int\n        One of:\n\n        * 1: low\n        * 2: high\n\n        Not 3.\n    y : int\n        The y.", "Do.", {"x": said("One of:\n\n* 1: low\n* 2: high\n\nNot 3."), "y": said("The y.")}),
    ("blank lines between", "x: int, y: int", "Do.\n\n    Parameters\n    ----------\n\n    x : int\n        The x.\n\n    y : int\n        The y.\n", "Do.", XY),
    ("other parameters", "x: int, y: int", "Do.\n\n    Parameters\n    ----------\n    x : int\n        The x.\n\n    Other Parameters\n    ----------------\n    y : int\n        The y.", "Do.", XY),
    ("short underline", "x: int", "Do.\n\n    Parameters\n    ---\n    x : int\n        The x.", "Do.", X),
    ("colon behind the title", "x: int", "Do.\n\n    Parameters:\n    -----------\n    x : int\n        The x.", "Do.", X),
    ("indented entries", "x: int, y: int", "Do.\n\n    Parameters\n    ----------\n        x : int\n            The x.\n        y : int\n            The y.", "Do.", XY),
    ("prose below the list", "x: int", "Do.\n\n    Parameters\n    ----------\n    x : int\n        The x.\n\n    Slow: mind the time.\n    Really.", "Do.\n\nSlow: mind the time.\nReally.", X),
    ("returns, raises, see also", "x: int", "Do.\n\n    Parameters\n    ----------\n    x : int\n        The x.\n\n    Returns\n    -------\n    int\n        It.\n\n    Raises\n    ------\n    ValueError\n        Never.\n\n    See Also\n    --------\n    undo : The reverse.\n", "Do.", X),
    ("examples and references", "x: int", "Do.\n\n    Parameters\n    ----------\n    x : int\n        The x.\n\n    References\n    ----------\n    .. [1] A book.\n\n    Examples\n    --------\n    >>> do(1)\n    2\n", "Do.", X),
    ("notes stay", "x: int", "Do.\n\n    Parameters\n    ----------\n    x : int\n        The x.\n\n    Notes\n    -----\n    Slow.\n\n    Examples\n    --------\n    >>> do(1)\n", "Do.\n\nNotes\nSlow.", X),
    ("receives and yields", "x: int", "Do.\n\n    Parameters\n    ----------\n    x : int\n        The x.\n\n    Yields\n    ------\n    int\n        It.", "Do.", X),
    ("directives", "x: int", "Do.\n\n    .. versionadded:: 1.2\n\n    Parameters\n    ----------\n    x : int\n        The x.\n\n    .. seealso:: undo\n", "Do.", X),
    ("none", "", "Do.\n\n    Parameters\n    ----------\n    None\n", "Do.", {}),
    ("tabs", "x: int", "Do.\n\n\tParameters\n\t----------\n\tx : int\n\t\tThe x.\n", "Do.", X),
    ("CRLF", "x: int", "Do.\r\n\r\n    Parameters\r\n    ----------\r\n    x : int\r\n        The x.\r\n", "Do.", X),
    ("a title without an underline behind it", "x: int", "Do.\n\n    Parameters\n    ----------\n    x : int\n        The x.\n\n    Returns:\n        It.", "Do.", X),
    ("an ellipsis", "*x: int", "Do.\n\n    Parameters\n    ----------\n    x1, x2, ... : int\n        All.", "Do.", {"x": {"type": "array", "items": INT, "description": "All."}}),
]  # fmt: skip

REST = [
    ("plain", "x: int", "Do.\n\n    :param x: The x.\n    ", "Do.", X),
    ("no blank line", "x: int", "Do.\n    :param x: The x.\n    :return: It.", "Do.", X),
    ("no summary", "x: int", ":param x: The x.", "", X),
    ("types", "x: int, y: int", "Do.\n\n    :param int x: The x.\n    :param y: The y.\n    :type y: int", "Do.", XY),
    ("type before its text", "x: int", "Do.\n\n    :type x: int\n    :param x: The x.\n    :rtype: int", "Do.", X),
    ("type of several words", "x: int", "Do.\n\n    :param list of str x: The x.", "Do.", X),
    ("wrapped", "x: int, y: int", "Do.\n\n    :param x: The x,\n        which is long.\n    :param y: The y.", "Do.", {"x": said("The x,\nwhich is long."), "y": said("The y.")}),
    ("wrapped flush", "x: int, y: int", "Do.\n\n    :param x: The x,\n    which is long.\n    :param y: The y.", "Do.", {"x": said("The x,\nwhich is long."), "y": said("The y.")}),
    ("below the name", "x: int", "Do.\n\n    :param x:\n        The x.\n", "Do.", X),
    ("paragraphs", "x: int", "Do.\n\n    :param x: The x.\n\n        More.\n\n    :returns: It.", "Do.", {"x": said("The x.\n\nMore.")}),
    ("blank lines between", "x: int, y: int", "Do.\n\n    :param x: The x.\n\n    :param y: The y.\n\n    :raises ValueError: Never.", "Do.", XY),
    ("other words", "x: int, y: int", "Do.\n\n    :arg x: The x.\n    :keyword y: The y.", "Do.", XY),
    ("roles in the text", "x: int", "Do, see :func:`undo`.\n\n    :param x: The :class:`int` of it.", "Do, see :func:`undo`.", {"x": said("The :class:`int` of it.")}),
    ("role at the start of a line", "x: int", "Do.\n\n    :func:`undo` undoes it.\n\n    :param x: The x.", "Do.\n\n:func:`undo` undoes it.", X),
    ("prose behind the fields", "x: int", "Do.\n\n    :param x: The x.\n\n    And undo.", "Do.\n\nAnd undo.", X),
    ("escaped", "type_: int", "Do.\n\n    :param type\\_: The x.", "Do.", {"type_": said("The x.")}),
    ("default in the name", "x: int = 3", "Do.\n\n    :param x=3: The x.", "Do.", {"x": said("The x.", default=3)}),
    ("misspelt", "x: int, y: int", "Do.\n\n    :params x: The x.\n    :param y The y.", "Do.", XY),
    ("no space", "x: int, y: int", "Do.\n\n    :type x:int\n    :param x:The x.\n    :param y: The y.", "Do.", XY),
    ("see also", "x: int", "Do.\n\n    :param x: The x.\n\n    .. seealso::\n\n        undo - the reverse.", "Do.", X),
    ("a code block in the text", "x: int", "Do.\n\n    :param x: The x::\n\n            do(1)\n\n        Once.\n    :return: It.", "Do.", {"x": said("The x::\n\n    do(1)\n\nOnce.")}),
    ("a title in the text", "x: int", "Do.\n\n    :param x: The x.\n        Example: 3.", "Do.", {"x": said("The x.\nExample: 3.")}),
    ("CRLF", "x: int", "Do.\r\n\r\n    :param x: The x.\r\n    :return: It.\r\n", "Do.", X),
    ("tabs", "x: int", "Do.\n\n\t:param x: The x,\n\t\tlong.\n", "Do.", {"x": said("The x,\nlong.")}),
]  # fmt: skip

EPYDOC = [
    ("plain", "x: int", "Do.\n\n    @param x: The x.\n    ", "Do.", X),
    ("types", "x: int, y: int", "Do.\n\n    @param x: The x.\n    @type x: C{int}\n    @param y: The y.\n    @type y: L{int}\n    @return: It.\n    @rtype: int", "Do.", XY),
    ("no blank line", "x: int", "Do.\n    @param x: The x.\n    @raise ValueError: Never.", "Do.", X),
    ("wrapped", "x: int, y: int", "Do.\n\n    @param x: The x,\n        which is long.\n    @param y: The y.", "Do.", {"x": said("The x,\nwhich is long."), "y": said("The y.")}),
    ("keyword", "x: int, y: int", "Do.\n\n    @param x: The x.\n    @keyword y: The y.", "Do.", XY),
    ("no colon", "x: int, y: int", "Do.\n\n    @param x The x.\n    @param y The y.\n    @return It.", "Do.", XY),
    ("no summary", "x: int", "@param x: The x.\n    @return: It.", "", X),
    ("an address", "x: int", "Write to me@home: do.\n\n    @param x: The x.", "Write to me@home: do.", X),
    ("CRLF", "x: int", "Do.\r\n\r\n    @param x: The x.\r\n    @return: It.\r\n", "Do.", X),
]  # fmt: skip

MIXED = [
    ("two styles", "x: int, y: int", "Do.\n\n    Args:\n        x: The x.\n\n    :param y: The y.", "Do.", XY),
    ("Markdown", "x: int, y: int", "Do.\n\n    ## Parameters\n    - `x` (int): The x.\n    - **y** - The y.\n\n    ## Returns\n    It.", "Do.", XY),
    ("Markdown in bold", "x: int", "Do.\n\n    **Args:**\n\n    * **x** - The x.\n\n    **Returns:** it.", "Do.", X),
    ("prose only", "x: int", "Do this,\n    then that.\n\n    It helps.", "Do this,\nthen that.\n\nIt helps.", {"x": INT}),
    ("nothing", "x: int", "", "", {"x": INT}),
    ("a list of its own", "x: int", "Do:\n\n    - one: first\n    - two: second", "Do:\n\n- one: first\n- two: second", {"x": INT}),
]  # fmt: skip

CASES = [
    pytest.param(*case[1:], id=f"{style}: {case[0]}")
    for style, cases in (("google", GOOGLE), ("numpy", NUMPY), ("rest", REST), ("epydoc", EPYDOC), ("mixed", MIXED))
    for case in cases
]


def function_of(signature: str, docstring: str, **names: object) -> Callable[..., Any]:
    """Return a function as it would stand in a module that has these names."""
    namespace: dict[str, Any] = {"__name__": "made", **names}
    exec(f"def do({signature}): return locals()", namespace)
    function: Callable[..., Any] = namespace["do"]
    function.__doc__ = docstring
    return function


@pytest.mark.parametrize(("signature", "docstring", "description", "properties"), CASES)
def test_each_parameter_is_told_what_its_author_said_of_it(
    signature: str, docstring: str, description: str, properties: Mapping[str, Any]
) -> None:
    function = function_of(signature, docstring)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        described = describe(function)

    assert (described.description, described.parameters["properties"]) == (description, properties)


def test_the_table_is_long_enough() -> None:
    assert len(CASES) >= 110
