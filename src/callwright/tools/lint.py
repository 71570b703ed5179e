"""A finding: what is wrong, or could be better, in what models are told of tools."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from callwright._json import JsonObject, JsonValue, encode
from callwright.errors import SchemaError
from callwright.tools.dialect import DIALECTS, dialect_named, losses
from callwright.tools.schema import FunctionDescription
from callwright.tools.signature import is_wire_name
from callwright.tools.strict import obstacles
from callwright.tools.subschemas import (
    as_list,
    as_object,
    check_depth,
    children,
    constants_of,
    kinds_of,
    pointed_at,
    properties_of,
    required_of,
)

__all__ = ["Finding", "Severity", "Size", "linted", "size_of"]

Severity: TypeAlias = Literal["error", "warning", "note"]
"""A service refuses it; a model will do worse; worth knowing."""

_MOST_TOOLS, _MANY_TOOLS = 128, 20
"""What services take, and what models choose well from. Source: OpenAI's guide to function calling."""
_LONGEST_DESCRIPTION = 1_024
"""Characters of a tool's description; OpenAI has refused longer ones."""
_MANY_BYTES = 8_192
"""Of one tool; all tools are read, and paid for, in every request."""
_MANY_PARAMETERS, _MANY_PROPERTIES = 20, 100
_MANY_VALUES = 100
_MANY_LEVELS = 5
"""Objects within each other."""
_BYTES_PER_TOKEN = 4
"""About; tokenisers differ by a third."""

_VAGUE = frozenset(
    {
        *("a", "arg", "args", "arr", "b", "bar", "c", "d", "data", "dict", "e", "f", "flag"),
        *("foo", "i", "info", "input", "j", "k", "kwargs", "m", "misc", "n"),
        *("num", "o", "obj", "object", "opt", "opts", "other", "p", "param", "params", "payload"),
        *("q", "r", "s", "spec", "str", "string", "stuff", "t", "temp", "thing", "things", "tmp", "u"),
        *("v", "val", "value", "values", "var", "w", "x", "y", "z"),
    }
)
_LEAKED = re.compile(
    r"^[ \t]*(?:(?:Args|Arguments|Parameters|Returns|Raises|Yields)[ \t]*:?[ \t]*$|[:@](?:param|return|raise|type)\b)",
    re.MULTILINE,
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_PLURAL = re.compile(r"\w\w[^s]s$")
_KINDS = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at."""

    tool: str
    """The tool's name; empty if it is about all of them."""
    path: str
    """Such as `parameters.orders[].id`; empty if it is about the whole tool."""
    rule: str
    """By which it can be looked for, such as `no-description`."""
    severity: Severity
    message: str
    """What it is, and what to do."""


class Size(NamedTuple):
    """How much of a request a tool takes."""

    bytes: int
    tokens: int
    """About."""


def size_of(description: FunctionDescription) -> Size:
    """Return how much of every request a tool takes."""
    count = len(encode(description.wire()))
    return Size(count, -(-count // _BYTES_PER_TOKEN))


def linted(descriptions: Sequence[FunctionDescription], *, dialects: Iterable[str] | None = None) -> list[Finding]:
    """Return what is wrong with tools, or could be better; by tool, in their order.

    Args:
        descriptions: The tools that are offered together.
        dialects: The services to think of, by names of `DIALECTS`. Default: all.

    Raises:
        SchemaError: A dialect is unknown.
    """
    names = [dialect_named(name).name for name in (DIALECTS if dialects is None else dialects)]
    together = [*_of_all(descriptions)]
    found = [finding for finding in together if not finding.tool]
    for description in descriptions:
        found += [finding for finding in together if finding.tool == description.name and finding not in found]
        found += _of_tool(description)
        found += _of_schema(description, names)
    return found


# -- tools together


def _of_all(descriptions: Sequence[FunctionDescription]) -> Iterator[Finding]:
    count = len(descriptions)
    if count > _MOST_TOOLS:
        yield Finding(
            "", "", "too-many-tools", "error", f"{count} tools; services take {_MOST_TOOLS}: offer fewer a step"
        )
    elif count > _MANY_TOOLS:
        text = f"{count} tools; models choose well among {_MANY_TOOLS}: offer fewer, by a toolset"
        yield Finding("", "", "too-many-tools", "note", text)
    yield from _alike(descriptions, "name", "duplicate-name")
    yield from _alike(descriptions, "text", "same-description")
    yield from _alike(descriptions, "words", "similar-name")


def _alike(descriptions: Sequence[FunctionDescription], by: str, rule: str) -> Iterator[Finding]:
    """Yield what is said of tools that a model cannot well tell apart, at the second of them and later ones."""
    groups: defaultdict[object, list[str]] = defaultdict(list)
    for one in descriptions:
        key = {"name": one.name, "text": _flat(one.description), "words": frozenset(_words(one.name))}[by]
        if key:
            groups[key].append(one.name)
    for names in groups.values():
        first, *others = names if by == "name" else dict.fromkeys(names)
        for name in others:
            severity, text = {
                "name": ("error", f"another tool is named {first!r}; give one another name"),
                "text": ("warning", f"described in the same words as {first!r}; say in which they differ"),
                "words": ("warning", f"a model may take it for {first!r}; give one another name"),
            }[by]
            yield Finding(name, "", rule, "error" if severity == "error" else "warning", text)


def _words(name: str) -> Iterator[str]:
    """Yield the words of a name, without what is easily overlooked: case, order, plurals."""
    for word in _WORD.findall(name):
        plain = word.lower()
        yield plain[:-1] if _PLURAL.search(plain) else plain


def _flat(text: str) -> str:
    return " ".join(text.lower().split()).rstrip(".")


# -- one tool


def _of_tool(description: FunctionDescription) -> Iterator[Finding]:
    name, text = description.name, description.description

    def finding(rule: str, severity: Severity, message: str) -> Finding:
        return Finding(name, "", rule, severity, message)

    if not is_wire_name(name):
        yield finding("bad-name", "error", f"{name!r} is no name on the wire; use 1 to 64 of A-Z a-z 0-9 _ -")
    elif not (name[0].isalpha() or name[0] == "_"):
        yield finding("bad-name", "warning", f"gemini wants names that begin with a letter or _; {name!r} does not")
    if not text.strip():
        yield finding("no-description", "warning", "no description, by which models choose; write a docstring")
    elif set(_words(text)) <= set(_words(name)) | {"the", "a", "an"}:
        yield finding("empty-description", "note", "the description says what the name says; say when to use it")
    if len(text) > _LONGEST_DESCRIPTION:
        long = f"a description of {len(text):,} characters; some services refuse more than {_LONGEST_DESCRIPTION:,}"
        yield finding("long-description", "warning", f"{long}: say it shorter, or in the instructions")
    if leak := _LEAKED.search(text):
        leaked = leak[0].strip()
        yield finding(
            "docstring-section", "warning", f"the description holds {leaked!r}; the section was not understood"
        )


# -- schemas


def _of_schema(description: FunctionDescription, dialects: Sequence[str]) -> Iterator[Finding]:
    name, root = description.name, description.parameters
    try:
        check_depth(root, "parameters")
    except SchemaError as error:
        yield Finding(name, "parameters", "too-deep", "error", str(error))
        return
    try:
        size = size_of(description)
    except ValueError as error:
        yield Finding(name, "parameters", "bad-schema", "error", f"no JSON can hold it: {error}")
        return
    if size.bytes > _MANY_BYTES:
        many = f"{size.bytes:,} bytes, about {size.tokens:,} tokens, in every request"
        yield Finding(name, "", "size", "warning", f"{many}; shorten texts and enums, or make several tools of it")
    if kinds_of(root) != ["object"]:
        text = "services want one object of named arguments; give it type 'object' and properties"
        yield Finding(name, "parameters", "no-object", "error", text)
    yield from _of_counts(name, root)
    yield from _of_texts(name, root)
    for place in _places(root):
        yield from _of_place(name, place, root)
    if description.strict is not True and (blocks := obstacles(root)):
        yield Finding(name, blocks[0].path, "not-strict", "note", f"strict mode cannot hold {blocks[0].message}")
    for dialect in dialects:
        if lost := losses(root, DIALECTS[dialect]):
            some = "; ".join(one.what if one.path == lost[0].path else str(one) for one in lost[:3])
            more = f"; and {len(lost) - 3} more" if lost[3:] else ""
            yield Finding(name, lost[0].path, f"dialect-{dialect}", "note", f"{dialect} cannot be told: {some}{more}")


class _Place(NamedTuple):
    """One schema, and where it stands."""

    path: str
    schema: JsonObject
    name: str | None
    """The property's, if it is one."""
    level: int
    """Objects around it."""
    is_definition: bool


def _places(root: JsonObject) -> Iterator[_Place]:
    """Yield every schema in the order of its path, each definition once."""
    open_ones = [_Place("parameters", root, None, 0, is_definition=False)]
    while open_ones:
        place = open_ones.pop()
        yield place
        level = place.level + ("properties" in place.schema)
        below: list[_Place] = []
        for child in children(place.schema):
            schema, is_definition = as_object(child.schema), child.keyword in ("$defs", "definitions")
            if schema is not None:
                name = child.key if child.keyword == "properties" and isinstance(child.key, str) else None
                level_here = 0 if is_definition else level
                below.append(_Place(child.place(place.path), schema, name, level_here, is_definition=is_definition))
        open_ones += reversed(below)


def _of_counts(tool: str, root: JsonObject) -> Iterator[Finding]:
    own = len(properties_of(root))
    every = sum(len(properties_of(place.schema)) for place in _places(root))
    if own > _MANY_PARAMETERS or every > _MANY_PROPERTIES:
        text = f"{own} parameters, {every} properties in all; make several tools of it"
        yield Finding(tool, "parameters", "too-many-properties", "warning", text)
    deepest = max(_places(root), key=lambda place: place.level + ("properties" in place.schema))
    levels = deepest.level + ("properties" in deepest.schema)
    if levels > _MANY_LEVELS:
        text = f"{levels} objects within each other; models lose themselves there: flatten it, or refer by ids"
        yield Finding(tool, deepest.path, "too-deep", "warning", text)


def _of_texts(tool: str, root: JsonObject) -> Iterator[Finding]:
    """Yield which parameters are described by the same words."""
    seen: dict[str, str] = {}
    for name, item in properties_of(root).items():
        text = _flat(str((as_object(item) or {}).get("description", "")))
        first = seen.setdefault(text, name) if text else name
        if first != name:
            message = f"described in the same words as {first!r}; say in which they differ"
            yield Finding(tool, f"parameters.{name}", "same-description", "warning", message)


def _of_place(tool: str, place: _Place, root: JsonObject) -> Iterator[Finding]:
    schema = place.schema
    if place.name is not None:
        yield from _of_name(tool, place, root)
    for rule, severity, message in (*_malformed(schema, root), *_loose(schema, is_item=place.path.endswith("[]"))):
        yield Finding(tool, place.path, rule, severity, message)


def _of_name(tool: str, place: _Place, root: JsonObject) -> Iterator[Finding]:
    target = as_object(pointed_at(place.schema["$ref"], root)) if "$ref" in place.schema else None
    if place.schema.get("description") or (target or {}).get("description") or "const" in place.schema:
        return
    is_vague = str(place.name).lower().rstrip("0123456789_") in _VAGUE
    if is_vague:
        message = f"{place.name!r} says nothing, and neither does a description; write one, or name it better"
        yield Finding(tool, place.path, "vague-name", "warning", message)
    elif place.path.count(".") == 1 and place.path.startswith("parameters."):
        message = "no description; add it to the docstring's Args, or as Annotated[..., 'text']"
        yield Finding(tool, place.path, "no-description", "warning", message)
    else:
        message = "no description; add it to the docstring of its class, or as Field(description=...)"
        yield Finding(tool, place.path, "no-description", "note", message)


_Remark: TypeAlias = tuple[str, Severity, str]


def _malformed(schema: JsonObject, root: JsonObject) -> Iterator[_Remark]:
    named = schema.get("type", [])
    unknown = [kind for kind in ([named] if isinstance(named, str) else as_list(named)) if kind not in (*_KINDS,)]
    if unknown:
        yield "bad-schema", "error", f"there is no type {unknown[0]!r}; expected one of {', '.join(sorted(_KINDS))}"
    if lost := sorted(set(required_of(schema)) - properties_of(schema).keys()):
        if "properties" in schema and schema.get("additionalProperties") is False:
            yield "bad-schema", "error", f"{', '.join(lost)} is required and may not be given; describe it"
        elif not {"anyOf", "oneOf", "allOf", "$ref"} & schema.keys():
            yield "bad-schema", "warning", f"{', '.join(lost)} is required and not described; describe it"
    reference = schema.get("$ref")
    if reference is not None and not _is_there(reference, root):
        text = "no service looks elsewhere" if str(reference).partition("#")[0] else "there is nothing of that name"
        yield "bad-schema", "error", f"a reference to {reference!r}, but {text}; put it under $defs"


def _is_there(reference: JsonValue, root: JsonObject) -> bool:
    return isinstance(pointed_at(reference, root), bool | Mapping)


def _loose(schema: JsonObject, *, is_item: bool) -> Iterator[_Remark]:
    values = constants_of(schema)
    if len(values) > _MANY_VALUES:
        yield "large-enum", "warning", f"{len(values):,} values; offer a search for them as a tool instead"
    others = schema.get("additionalProperties")
    has_names = bool(properties_of(schema) or schema.get("patternProperties"))
    if kinds_of(schema) == ["object"] and not has_names and others is not False:
        if as_object(others):
            yield "free-dict", "note", "a dict with free keys; say in the description which keys are meant"
        elif "properties" not in schema or others is True:
            yield "free-dict", "warning", "a dict of anything; name its keys, by a class or a TypedDict"
    if kinds_of(schema) == ["array"] and not schema.get("items") and "prefixItems" not in schema:
        yield "any", "warning", "a list of anything; name the type of its items, as list[str]"
    if not schema.keys() - {"description", "title", "default", "examples"} and not is_item:
        yield "any", "warning", "anything is allowed; name its type"
