"""A docstring: what it says of the function, and of each of its parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import cleandoc
from itertools import chain
from textwrap import dedent
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, cast

if TYPE_CHECKING:
    from docstring_parser.common import DocstringParam

__all__ = ["DocstringWarning", "Documented", "read_docstring"]

# In characters. No model is told more, and the parser underneath is not linear.
_LONGEST = 20_000

_Kind: TypeAlias = Literal["parameters", "returns", "dropped"]
_Style: TypeAlias = Literal["google", "numpy", "field"]
H = TypeVar("H")

# Titles that are not here (Note, Warning, Usage, whatever people invent) stay in the description: they tell something.
_TITLES: dict[str, _Kind] = {
    **dict.fromkeys(("args", "arg", "arguments", "parameters", "parameter", "params", "param"), "parameters"),
    **dict.fromkeys(("keyword args", "keyword arguments", "keyword parameters", "kwargs", "receives"), "parameters"),
    **dict.fromkeys(("other args", "other arguments", "other parameters", "other params"), "parameters"),
    **dict.fromkeys(("returns", "return", "yields", "yield"), "returns"),
    **dict.fromkeys(("raises", "raise", "exceptions", "except", "throws", "warns"), "dropped"),
    **dict.fromkeys(("example", "examples", "attributes", "methods", "references", "see also", "todo"), "dropped"),
}
_FIELDS: dict[str, _Kind] = {
    **dict.fromkeys(("param", "parameter", "arg", "argument", "key", "keyword", "kwarg"), "parameters"),
    **dict.fromkeys(("return", "returns", "yield", "yields"), "returns"),
    **dict.fromkeys(("raise", "raises", "except", "exception", "throws", "type", "rtype", "ytype"), "dropped"),
    **dict.fromkeys(("var", "ivar", "cvar", "meta"), "dropped"),
}

# `:param str city: The city` is reST, `@param city: The city` Epydoc, and so without the second colon Javadoc.
_FIELD = re.compile(r":(\w{1,20})(?:[ \t]+([^:\n]{1,300}))?:(?:[ \t]+(.*)|$)")
_TAG = re.compile(r"@(\w{1,20})[ \t]*(:?)[ \t]*(.*)")
_TAGGED = re.compile(r"([\\*]*\w+)[ \t]*(?::[ \t]*|[ \t]|$)(.*)")
_UNDERLINE = re.compile(r"\s*[-=~]{3,}\s*$")
_BULLET = re.compile(r"[-*+•][ \t]+")
_NAME = r"(?:\\?\*){0,2}[^\W\d]\w*"
_NAMES = re.compile(rf"[`'\"]{{0,2}}({_NAME}(?:[ \t]*,[ \t]*{_NAME})*)[`'\"]{{0,2}}[ \t]*")
_SEPARATOR = re.compile(r"(?::|-{1,2}(?=[ \t])|[\u2013\u2014])[ \t]*")
_NO_PARAMETERS = frozenset({"none", "n/a", "nothing", "no parameters"})


class DocstringWarning(UserWarning):
    """A docstring says something that no model will be told."""


@dataclass(frozen=True, slots=True)
class Documented:
    """What a docstring says."""

    description: str
    """Every paragraph about the function itself; empty if there is none."""
    parameters: Mapping[str, str]
    """Parameter name, without stars -> what is said of it; no text is empty."""
    returns: str | None = None
    problems: tuple[str, ...] = ()
    """What could not be read, half a sentence each."""


@dataclass(frozen=True, slots=True)
class _Section:
    """What stands under one head, or in one field."""

    kind: _Kind
    style: _Style
    first: str = ""
    """What stands behind the head, on its line."""
    name: str = ""
    """The parameter that a field is about."""
    lines: list[str] = field(default_factory=list[str])
    """What stands below."""


def read_docstring(text: str) -> Documented:
    """Return what a docstring says; Google, NumPy, reST and Epydoc sections are told apart by their heads.

    Args:
        text: As it stands in the source: any line ends, tabs and indentation, with or without a summary, with or
            without blank lines around the heads. What follows the first 20,000 characters is not read.

    Returns:
        The description holds neither parameters, returned values, exceptions nor examples. If the sections cannot be
        read at all, it is the whole text, and `problems` says so.
    """
    lines = cleandoc(text[:_LONGEST].replace("\r\n", "\n").replace("\r", "\n")).splitlines()
    problems = [f"it has {len(text):,} characters, of which {_LONGEST:,} are read"] if len(text) > _LONGEST else []
    prose, sections = _split(lines)
    unread: list[str] = []
    try:
        parameters = _parameters(sections, unread)
    except Exception as error:  # noqa: BLE001 - the parser is not ours, and any text may reach it
        problems.append(f"its sections cannot be parsed ({type(error).__name__}: {error})")
        return Documented(_paragraphs(lines), {}, problems=tuple(problems))
    problems.extend(f"{line!r} names no parameter" for line in unread)
    returned = "\n".join(_text(section.first, section.lines) for section in sections if section.kind == "returns")
    return Documented(_paragraphs(prose), parameters, returned or None, tuple(problems))


def _paragraphs(lines: Sequence[str]) -> str:
    """Return the lines as text, with at most one blank line between paragraphs."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()


def _text(first: str, below: Sequence[str]) -> str:
    """Return what stands behind a head and below it as one text."""
    if not below:
        return first.strip()
    return "\n".join((first, dedent("\n".join(below)))).strip()


def _split(lines: Sequence[str]) -> tuple[list[str], list[_Section]]:
    """Return the lines that belong to no section, and the sections."""
    prose: list[str] = []
    sections: list[_Section] = []
    at = 0
    while at < len(lines):
        section = _head(lines, at)
        if section is None:
            # The title above an underline tells something, the underline does not.
            if not (prose and prose[-1].strip() and _UNDERLINE.match(lines[at])):
                prose.append(lines[at])
            at += 1
            continue
        body, end = _extent(lines, at, section)
        section.lines.extend(lines[body:end])
        sections.append(section)
        prose.append("")  # what stood above and below are two paragraphs
        at = end
    return prose, sections


def _head(lines: Sequence[str], at: int) -> _Section | None:
    """Return the section, still without its body, whose head is line `at`; None if that is prose."""
    line = lines[at].strip()
    if line[:1] in (":", "@"):
        return _rest_field(line) if line[0] == ":" else _tag_field(line)
    title, colon, rest = line.partition(":")
    kind = _TITLES.get(title.rstrip().lower())
    if kind is None:
        return None
    if not rest and at + 1 < len(lines) and _UNDERLINE.match(lines[at + 1]):
        return _Section(kind, "numpy")
    # `"""Returns: the time."""` is all that its author had to say; further down it is a section.
    is_prose = rest and (at == 0 or (kind == "parameters" and _entry(rest.strip()) is None))
    return None if is_prose or not colon else _Section(kind, "google", rest.strip())


def _rest_field(line: str) -> _Section | None:
    match = _FIELD.match(line)
    kind = _FIELDS.get(match[1]) if match else None
    if match is None or kind is None or (kind == "parameters" and not match[2]):
        return None
    # The name is the last word of `:param list[str] names:`.
    return _Section(kind, "field", match[3] or "", match[2].split()[-1] if kind == "parameters" else "")


def _tag_field(line: str) -> _Section | None:
    match = _TAG.match(line)
    kind = _FIELDS.get(match[1]) if match else None
    if match is None or kind is None:
        return None
    if kind != "parameters":
        return _Section(kind, "field", match[3])
    named = None if match[2] else _TAGGED.match(match[3])
    return None if named is None else _Section(kind, "field", named[2], named[1])


def _extent(lines: Sequence[str], at: int, section: _Section) -> tuple[int, int]:
    """Return where the body of the section with head `at` begins and ends."""
    match section.style:
        case "google":
            return at + 1, _end_of_google(lines, at, section)
        case "numpy":
            return at + 2, _end_of_numpy(lines, at + 2)
        case "field":
            return at + 1, _end_of_field(lines, at)


def _end_of_google(lines: Sequence[str], at: int, section: _Section) -> int:
    """Return where the section ends: where its indentation does."""
    depth, body = _indent(lines[at]), at + 1
    first = next((index for index in range(body, len(lines)) if lines[index].strip()), len(lines))
    if first == len(lines) or _indent(lines[first]) > depth:
        for index in range(first, len(lines)):
            text = lines[index].lstrip()
            if text and len(lines[index]) - len(text) <= depth:
                return index
        return len(lines)
    # The body is not indented, or there is none: it must look like one, and ends at a blank line. Below a head that
    # is the docstring's first line, the dedent has taken the indentation, and the body ends at the next head.
    if section.first or not (at == 0 or _looks_right(section, lines[first].strip(), is_next=first == body)):
        return body
    inside = range(first, len(lines))
    return next((i for i in inside if (at > 0 and not lines[i].strip()) or _head(lines, i)), len(lines))


def _looks_right(section: _Section, text: str, *, is_next: bool) -> bool:
    """Whether a line that is not indented may be the first one below the head."""
    if section.kind != "parameters":
        return is_next
    return _entry(text) is not None or text.rstrip(".").lower() in _NO_PARAMETERS


def _end_of_numpy(lines: Sequence[str], body: int) -> int:
    """Return where the section ends: at the next underlined line."""
    inside = range(body, len(lines) - 1)
    return next((i for i in inside if lines[i].strip() and _UNDERLINE.match(lines[i + 1])), len(lines))


def _end_of_field(lines: Sequence[str], at: int) -> int:
    """Return where the field ends: at the next head, or at a blank line that no indented one follows."""
    depth, end = _indent(lines[at]), at + 1
    for index in range(at + 1, len(lines)):
        if not lines[index].strip():
            continue
        is_apart = end < index
        if _head(lines, index) is not None or (is_apart and _indent(lines[index]) <= depth):
            break
        end = index + 1
    return end


def _parameters(sections: Sequence[_Section], unread: list[str]) -> dict[str, str]:
    """Return what is said of each parameter; lines that name none go to `unread`."""
    texts: dict[str, str] = {}
    listed = [section for section in sections if section.kind == "parameters"]
    for names, said in chain(_of_google(listed, unread), _of_others(listed, unread)):
        for name in names.split(","):
            texts.setdefault(name.strip(" \t*\\"), said)
    return {name: said for name, said in texts.items() if said}


def _of_google(sections: Sequence[_Section], unread: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the names and the text of each entry of Google sections.

    docstring-parser raises at a line without a colon, takes minutes for a run of brackets and splits a type that holds
    a colon. Once a line is known to have none of these, nothing is left for it to do.
    """
    for section in sections:
        if section.style == "google":
            lines = [section.first, *section.lines] if section.first else section.lines
            for (names, first), below in _entries(lines, _entry, unread):
                yield names, _text(first, below)


def _of_others(sections: Sequence[_Section], unread: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the names and the text of each entry of NumPy sections, and of each field."""
    numpy: list[str] = []
    fields: list[str] = []
    for section in sections:
        if section.style == "numpy":
            for head, below in _entries(section.lines, _numpy_head, unread):
                numpy += [head, *below]
        elif section.style == "field":
            fields += [f":param {section.name}: {section.first}", *(f"    {line}" for line in section.lines)]
    if not numpy and not fields:
        return
    # 20 ms that only tools documented in these styles need to pay.
    from docstring_parser.numpydoc import ParamSection  # noqa: PLC0415
    from docstring_parser.rest import parse  # noqa: PLC0415

    found = [*ParamSection("Parameters", "param").parse("\n".join(numpy)), *parse("\n" + "\n".join(fields)).params]
    for entry in cast("Sequence[DocstringParam]", found):
        # "city : the name of a city" holds no type, whatever the style demands.
        instead = entry.type_name if " " in (entry.type_name or "") else None
        yield entry.arg_name, (entry.description or instead or "").strip()


def _entries(
    lines: Sequence[str], head: Callable[[str], H | None], unread: list[str]
) -> Iterator[tuple[H, Sequence[str]]]:
    """Yield the head and the lines below it of each entry in a list of parameters.

    Args:
        lines: The list.
        head: Reads a line as a head; None if it is none.
        unread: Gets the lines above the first entry.
    """
    depth: int | None = None
    entry: tuple[H, list[str]] | None = None
    for line in lines:
        text = line.lstrip()
        indent = len(line) - len(text)
        depth = indent if depth is None and text else depth
        found = head(text) if depth is not None and text and indent <= depth else None
        if found is not None:
            if entry is not None:
                yield entry
            entry = found, []
        elif entry is not None:
            # A line that was wrapped without being indented goes on with the text above it.
            entry[1].append(line[depth:] if depth is not None and indent > depth else text and f"    {text}")
        elif text and text.rstrip(".").lower() not in _NO_PARAMETERS:
            unread.append(text)
    if entry is not None:
        yield entry


def _numpy_head(text: str) -> str | None:
    match = _NAMES.match(text)
    if match is None or text.rstrip(".").lower() in _NO_PARAMETERS:
        return None
    rest = text[match.end() :]
    if not rest:
        return match[1]
    return f"{match[1]} : {rest.lstrip(': ')}" if rest[0] in ":(" else None


def _entry(text: str) -> tuple[str, str] | None:
    """Return the names and the text of `name (type): text`, `- name: text` or `name - text`; None for other lines."""
    bullet = _BULLET.match(text)
    match = _NAMES.match(text, bullet.end() if bullet else 0)
    if match is None:
        return None
    end = _past_brackets(text, match.end())
    separator = _SEPARATOR.match(text, end)
    return None if separator is None else (match[1], text[separator.end() :])


def _past_brackets(text: str, start: int) -> int:
    """Return the place behind the bracketed type that begins at `start`; `start` if none does."""
    depth = 0
    for index in range(start, len(text)):
        depth += (text[index] in "([{") - (text[index] in ")]}")
        if depth == 0:
            return start if index == start else index + 1 + len(text[index + 1 :]) - len(text[index + 1 :].lstrip())
    return start


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
