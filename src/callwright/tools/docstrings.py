"""A docstring: what it says of the function, and of each of its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import cleandoc
from itertools import chain
from textwrap import dedent
from typing import TYPE_CHECKING, cast

from callwright.tools.doctypes import is_plain_type
from callwright.tools.entries import Entry, entries, entry_of, names_of, numpy_entry_of
from callwright.tools.sections import Kind, Section, split

if TYPE_CHECKING:
    from docstring_parser.common import DocstringParam

__all__ = ["DocstringWarning", "Documented", "read_docstring"]

# In characters. No model is told more, and the parser underneath is not linear.
_LONGEST = 50_000

# A paragraph that begins with a prompt shows how Python calls the function.
_DOCTEST = re.compile(r"(?<![^\n]\n)(?:^[^\n]{0,40}::\n[ \t]*\n)?^[ \t]*>>>.*(?:\n.+)*", re.MULTILINE)


class DocstringWarning(UserWarning):
    """A docstring says something that no model will be told, or does not say what a parameter is."""


@dataclass(frozen=True, slots=True)
class Documented:
    """What a docstring says."""

    description: str
    """Every paragraph about the function itself; empty if there is none."""
    parameters: Mapping[str, str]
    """Parameter name, without stars -> what is said of it; no text is empty. `...` are all that have no name."""
    returns: str | None = None
    problems: tuple[str, ...] = ()
    """What could not be read, half a sentence each."""
    types: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameter name -> its type, in the words of the docstring."""
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of a class: name of an attribute -> what is said of it."""


def read_docstring(text: str) -> Documented:
    """Return what a docstring says; Google, NumPy, reST and Epydoc sections are told apart by their heads.

    Args:
        text: As it stands in the source: any line ends, tabs and indentation, with or without a summary, with or
            without blank lines around the heads. What follows the first 50,000 characters is not read.

    Returns:
        The description holds neither parameters, returned values, exceptions nor examples. If the sections cannot be
        read at all, it is the whole text, and `problems` says so.
    """
    lines = cleandoc(text[:_LONGEST].replace("\r\n", "\n").replace("\r", "\n")).splitlines()
    problems = [f"it has {len(text):,} characters, of which {_LONGEST:,} are read"] if len(text) > _LONGEST else []
    prose, sections = split(lines)
    if not sections:
        return Documented(_paragraphs(prose), {}, problems=tuple(problems))
    unread: list[str] = []
    types: dict[str, str] = {}
    try:
        parameters = _texts(sections, "parameters", types, unread)
        attributes = _texts(sections, "attributes", types, unread=[])
    except Exception as error:  # noqa: BLE001 - the parser is not ours, and any text may reach it
        problems.append(f"its sections cannot be parsed ({type(error).__name__}: {error})")
        return Documented(_paragraphs(lines), {}, problems=tuple(problems))
    types |= {section.name.strip("*\\"): _text(section) for section in sections if section.kind == "types"}
    problems.extend(f"{line[:100]!r} names no parameter" for line in unread)
    returned = "\n".join(_text(section) for section in sections if section.kind == "returns")
    return Documented(_paragraphs(prose), parameters, returned or None, tuple(problems), types, attributes)


def _paragraphs(lines: Sequence[str]) -> str:
    """Return the lines as text, with at most one blank line between paragraphs, and without doctests."""
    text = "\n".join(line.rstrip() for line in lines)
    if ">>>" in text:
        text = _DOCTEST.sub("", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _text(section: Section) -> str:
    return _joined(section.first, section.lines)


def _joined(first: str, below: Sequence[str]) -> str:
    """Return what stands behind a head and below it as one text."""
    if not below:
        return first.strip()
    return "\n".join((first, dedent("\n".join(below)))).strip()


def _texts(sections: Sequence[Section], kind: Kind, types: dict[str, str], unread: list[str]) -> dict[str, str]:
    """Return what the sections of a kind say of each name; types go to `types`, lines that name none to `unread`."""
    texts: dict[str, str] = {}
    listed = [section for section in sections if section.kind == kind]
    if not listed:
        return texts
    for names, named_type, said in chain(_of_google(listed, unread), _of_others(listed, unread)):
        for name in names_of(names):
            if said:
                texts.setdefault(name, said)
            if named_type:
                types.setdefault(name, named_type)
    return texts


def _of_google(sections: Sequence[Section], unread: list[str]) -> Iterator[Entry]:
    """Yield each entry of Google sections, its text whole.

    docstring-parser raises at a line without a colon, takes minutes for a run of brackets and splits a type that holds
    a colon. Once a line is known to have none of these, nothing is left for it to do.
    """
    for section in sections:
        if section.style == "google":
            lines = [section.first, *section.lines] if section.first else section.lines
            for head, below in entries(lines, entry_of, unread):
                yield head._replace(text=_joined(head.text, below))


def _of_others(sections: Sequence[Section], unread: list[str]) -> Iterator[Entry]:
    """Yield each entry of NumPy sections, and each field, its text whole."""
    heads: list[Entry] = []
    numpy: list[str] = []
    for section in sections:
        if section.style == "field":
            # docstring-parser takes the blank lines between the paragraphs of a field away.
            yield Entry(section.name, section.type, _text(section))
        elif section.style == "numpy":
            for head, below in entries(section.lines, numpy_entry_of, unread):
                heads.append(head)
                numpy += [f"{head.names} : {head.type}" if head.type else head.names, *below]
    if not heads:
        return
    # 20 ms that only tools documented in this style need to pay.
    from docstring_parser.numpydoc import ParamSection  # noqa: PLC0415

    found = ParamSection("Parameters", "param").parse("\n".join(numpy))
    for head, entry in zip(heads, cast("Iterator[DocstringParam]", found), strict=True):
        # "cabin : the class of travel" holds no type, whatever the style demands.
        instead = "" if is_plain_type(head.type) else entry.type_name or ""
        yield head._replace(text=(entry.description or instead).strip())
