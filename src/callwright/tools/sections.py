"""A section: a part of a docstring with a head of its own, in whatever style it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from callwright.tools.doctypes import is_plain_type
from callwright.tools.entries import NOTHING, entry_of, numpy_entry_of

__all__ = ["Kind", "Section", "split"]

Kind: TypeAlias = Literal["parameters", "attributes", "types", "returns", "dropped"]
_Style: TypeAlias = Literal["google", "numpy", "field", "directive"]

# Titles that are not here (Note, Warning, Usage, whatever people invent) stay in the description: they tell something.
_TITLES: dict[str, Kind] = {
    **dict.fromkeys(("args", "arg", "arguments", "parameters", "parameter", "params", "param"), "parameters"),
    **dict.fromkeys(("keyword args", "keyword arguments", "keyword parameters", "kwargs", "receives"), "parameters"),
    **dict.fromkeys(("other args", "other arguments", "other parameters", "other params"), "parameters"),
    **dict.fromkeys(("attributes", "attribute"), "attributes"),
    **dict.fromkeys(("returns", "return", "yields", "yield"), "returns"),
    **dict.fromkeys(("raises", "raise", "exceptions", "except", "throws", "warns"), "dropped"),
    **dict.fromkeys(("example", "examples", "methods", "references", "see also", "todo"), "dropped"),
}
_FIELDS: dict[str, Kind] = {
    **dict.fromkeys(("param", "params", "parameter", "arg", "argument", "key", "keyword", "kwarg"), "parameters"),
    **dict.fromkeys(("ivar", "var", "cvar"), "attributes"),
    **dict.fromkeys(("type", "kwtype"), "types"),
    **dict.fromkeys(("return", "returns", "yield", "yields"), "returns"),
    **dict.fromkeys(("raise", "raises", "except", "exception", "throws"), "dropped"),
    **dict.fromkeys(("rtype", "ytype", "vartype", "meta"), "dropped"),
}
_NAMELESS = ("returns", "dropped")
_LISTED = ("parameters", "attributes")
_MOST_WORDS = 3
_LONGEST_TITLE = 40

# `:param str city: The city` is reST, `@param city: The city` Epydoc, and so without the second colon Javadoc.
_FIELD = re.compile(r":(\w{1,20})(?:[ \t]+([^:\n]{1,300}))?:(?!`)[ \t]*(.*)")
_UNCLOSED = re.compile(r":param[ \t]+(\w+)[ \t]+([^:\n]+)$")
_TAG = re.compile(r"@(\w{1,20})[ \t]*(:?)[ \t]*(.*)")
_TAGGED = re.compile(r"([\\*]*\w+)[ \t]*(?::[ \t]*|[ \t]|$)(.*)")
_UNDERLINE = re.compile(r"\s*[-=~]{3,}\s*$")
_MARK = re.compile(r"#|[*_](?!\s)")
# They point elsewhere, or tell of the past.
_DIRECTIVE = re.compile(r"\.\.[ \t]+(?:seealso|versionadded|versionchanged|index)::")


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one head, or in one field."""

    kind: Kind
    style: _Style
    first: str = ""
    """What stands behind the head, on its line."""
    name: str = ""
    """The parameter that a field is about."""
    type: str = ""
    """What a field says of its type."""
    lines: list[str] = field(default_factory=list[str])
    """What stands below."""


def split(lines: Sequence[str]) -> tuple[list[str], list[Section]]:
    """Return the lines of a docstring that belong to no section, and the sections.

    Args:
        lines: Dedented; see `inspect.cleandoc`.
    """
    prose: list[str] = []
    sections: list[Section] = []
    at = 0
    while at < len(lines):
        section = _head(lines, at) or _pointer(lines[at])
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


def _head(lines: Sequence[str], at: int) -> Section | None:
    """Return the section, still without its body, whose head is line `at`; None if that is prose."""
    line = lines[at].strip()
    if line[:1] in (":", "@"):
        return _rest_field(line) if line[0] == ":" else _tag_field(line)
    title, colon, rest = _marked(line) if _MARK.match(line) else line.partition(":")
    if len(title) > _LONGEST_TITLE or not title:
        return None
    is_underlined = not rest and at + 1 < len(lines) and _UNDERLINE.match(lines[at + 1]) is not None
    kind = _TITLES.get(title.rstrip().lower())
    if kind is None and not rest and (colon or is_underlined):
        kind = _kind_of(title, lines, at + 1 + is_underlined)
    if kind is None or is_underlined:
        return None if kind is None else Section(kind, "numpy")
    # `"""Returns: the time."""` is all that its author had to say; further down it is a section. And a sentence may
    # begin with `Parameters: those of` or with ``parameter :math:`x` ``.
    is_listed = kind in _LISTED
    is_prose = rest and (at == 0 or (is_listed and (not rest[0].isspace() or entry_of(rest.strip()) is None)))
    return None if is_prose or not colon else Section(kind, "google", rest.strip())


def _marked(line: str) -> tuple[str, str, str]:
    """Return title, colon and rest of `## Parameters`, `**Parameters**: rest` or `*Parameters:*`."""
    title, colon, rest = line.partition(":")
    # A line with a mark of Markdown is a title without a colon, too.
    return title.strip("*#_ "), colon or ":", rest.removeprefix("*").removeprefix("*")


def _kind_of(title: str, lines: Sequence[str], body: int) -> Kind | None:
    """Return the kind of a section with a title like `Optional parameters`, if it looks like a list of them."""
    words = title.lower().split()
    kind = _TITLES.get(words[-1]) if 1 < len(words) <= _MOST_WORDS else None
    if kind not in _LISTED:
        return None
    first = next((line.strip() for line in lines[body : body + 2] if line.strip()), "")
    return kind if (entry_of(first) or numpy_entry_of(first)) is not None else None


def _pointer(line: str) -> Section | None:
    """Return the section of a directive that no model needs to read."""
    text = line.lstrip()
    return Section("dropped", "directive") if text[:2] == ".." and _DIRECTIVE.match(text) else None


def _rest_field(line: str) -> Section | None:
    match = _FIELD.match(line)
    kind = _FIELDS.get(match[1]) if match else None
    if match is None or kind is None:
        unclosed = _UNCLOSED.match(line)
        return Section("parameters", "field", unclosed[2], unclosed[1]) if unclosed else None
    if kind in _NAMELESS:
        return Section(kind, "field", match[3])
    # The name is the last word of `:param list[str] names:`.
    kind_of_value, _, name = (match[2] or "").strip().rpartition(" ")
    return Section(kind, "field", match[3], name, kind_of_value) if name else None


def _tag_field(line: str) -> Section | None:
    match = _TAG.match(line)
    kind = _FIELDS.get(match[1]) if match else None
    if match is None or kind is None:
        return None
    if kind in _NAMELESS:
        return Section(kind, "field", match[3])
    named = None if match[2] else _TAGGED.match(match[3])
    return None if named is None else Section(kind, "field", named[2], named[1])


def _extent(lines: Sequence[str], at: int, section: Section) -> tuple[int, int]:
    """Return where the body of the section with head `at` begins and ends."""
    match section.style:
        case "google":
            return at + 1, _end_of_google(lines, at, section)
        case "numpy":
            return at + 2, _end_of_numpy(lines, at + 2, section)
        case "field":
            return at + 1, _end_of_field(lines, at)
        case "directive":
            return at + 1, _end_of_directive(lines, at)


def _end_of_google(lines: Sequence[str], at: int, section: Section) -> int:
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


def _looks_right(section: Section, text: str, *, is_next: bool) -> bool:
    """Whether a line that is not indented may be the first one below the head."""
    if section.kind not in _LISTED:
        return is_next
    return entry_of(text) is not None or text.rstrip(".").lower() in NOTHING


def _end_of_numpy(lines: Sequence[str], body: int, section: Section) -> int:
    """Return where the section ends: at the next head, or where prose that is not indented goes on below it."""
    depth: int | None = None
    for index in range(body, len(lines)):
        text = lines[index].lstrip()
        if not text:
            continue
        indent = len(lines[index]) - len(text)
        if index + 1 < len(lines) and _UNDERLINE.match(lines[index + 1]):
            return index
        if depth is None:
            depth = indent
        elif indent <= depth and not lines[index - 1].strip():
            if _head(lines, index) is not None:
                return index
            if section.kind == "parameters" and _is_prose(text, lines[index + 1 : index + 2], indent):
                return index
    return len(lines)


def _is_prose(text: str, below: Sequence[str], indent: int) -> bool:
    """Whether a line behind a blank one is none of a list's entries, such as `Slow: it takes its time`."""
    entry = numpy_entry_of(text)
    if entry is None:
        return entry_of(text) is None
    is_bare = not below or _indent(below[0]) <= indent or not below[0].strip()
    is_sentence = len(entry.type.split()) >= _MOST_WORDS and not is_plain_type(entry.type)
    return is_bare and is_sentence and f"{entry.names}:" in text


def _end_of_field(lines: Sequence[str], at: int) -> int:
    """Return where the field ends: at the next head, or at a blank line that no indented one follows."""
    depth, end = _indent(lines[at]), at + 1
    for index in range(at + 1, len(lines)):
        if not lines[index].strip():
            continue
        is_deeper = _indent(lines[index]) > depth
        head = _head(lines, index)
        if (not is_deeper and end < index) or (head is not None and (head.style == "field" or not is_deeper)):
            break
        end = index + 1
    return end


def _end_of_directive(lines: Sequence[str], at: int) -> int:
    """Return where the directive ends: where its indentation does, or at the next head."""
    depth, end = _indent(lines[at]), at + 1
    for index in range(at + 1, len(lines)):
        if lines[index].strip():
            if _indent(lines[index]) <= depth or _head(lines, index) is not None:
                break
            end = index + 1
        elif "seealso" not in lines[at]:
            break
    return end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
