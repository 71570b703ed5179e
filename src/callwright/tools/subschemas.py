"""A subschema: one place in a JSON Schema, what it refers to, and what it says in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias, cast
from urllib.parse import unquote

from callwright._json import JsonObject, JsonValue, encode
from callwright.errors import SchemaError

__all__ = [
    "ANNOTATIONS",
    "MOST_LEVELS",
    "NOTHING",
    "NULL",
    "Child",
    "Places",
    "admits_null",
    "alternatives",
    "are_apart",
    "as_list",
    "as_object",
    "check_depth",
    "children",
    "constants_of",
    "in_words",
    "kind_of",
    "kinds_of",
    "pointed_at",
    "properties_of",
    "required_of",
    "split",
    "told",
]

MOST_LEVELS = 64
"""How deep schemas may stand within each other; what people write stays below 20."""

_MOST_IN_A_LEVEL = 200_000  # Shared Python objects may stand for more schemas than there are atoms.

NOTHING: JsonObject = {}
"""The schema of anything."""

NULL: JsonObject = {"type": "null"}

ANNOTATIONS = frozenset(
    {"title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment"}
)
"""Keywords that say something and hold nothing back."""

_MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SINGLES = frozenset(
    {
        "additionalItems",
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_PLACES: Mapping[str, str] = {
    "$defs": "$defs.{key}",
    "additionalProperties": "{path}.*",
    "definitions": "$defs.{key}",
    "items": "{path}[]",
    "prefixItems": "{path}[{key}]",
    "properties": "{path}.{key}",
}
_KIND_WORDS: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
# Which keywords speak of values of one kind alone; all others speak of any.
_OF_STRINGS = frozenset({"minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"})
_OF_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_OF_ARRAYS = frozenset(
    {
        "items",
        "prefixItems",
        "additionalItems",
        "minItems",
        "maxItems",
        "uniqueItems",
        "contains",
        "minContains",
        "maxContains",
        "unevaluatedItems",
    }
)
_OF_OBJECTS = frozenset(
    {
        "properties",
        "patternProperties",
        "additionalProperties",
        "required",
        "minProperties",
        "maxProperties",
        "propertyNames",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedProperties",
    }
)
_OF_KIND: Mapping[str, frozenset[str]] = {
    "string": _OF_STRINGS,
    "integer": _OF_NUMBERS,
    "number": _OF_NUMBERS,
    "array": _OF_ARRAYS,
    "object": _OF_OBJECTS,
}
_OF_ONE_KIND = _OF_STRINGS | _OF_NUMBERS | _OF_ARRAYS | _OF_OBJECTS

_WORDS: Mapping[str, str] = {
    "const": "Always {}.",
    "contentEncoding": "Encoded as {}.",
    "contentMediaType": "Holds {}.",
    "default": "Default: {}.",
    "enum": "One of {}.",
    "example": "Example: {}.",
    "examples": "Examples: {}.",
    "exclusiveMaximum": "Less than {}.",
    "exclusiveMinimum": "More than {}.",
    "format": "Format: {}.",
    "maxItems": "At most {} items.",
    "maxLength": "At most {} characters.",
    "maxProperties": "At most {} keys.",
    "maximum": "At most {}.",
    "minItems": "At least {} items.",
    "minLength": "At least {} characters.",
    "minProperties": "At least {} keys.",
    "minimum": "At least {}.",
    "multipleOf": "A multiple of {}.",
    "pattern": "Matches the regular expression {}.",
}
_BARE = frozenset({"contentEncoding", "contentMediaType", "format", "pattern"})
_LONGEST_WORDS = 200
"""In characters; a longer value is a schema rather than a text."""


class Child(NamedTuple):
    """A schema directly within another."""

    keyword: str
    key: str | int | None
    """Its name or position under the keyword; None if it stands there alone."""
    schema: JsonValue

    def place(self, path: str) -> str:
        """Return how people would write the place, as `parameters.orders[].id`."""
        form = _PLACES.get(self.keyword, "{path}({keyword})" if self.key is None else "{path}({keyword} {key})")
        return form.format(path=path, keyword=self.keyword, key=self.key)


Places: TypeAlias = Iterator[Child]


def children(schema: JsonObject) -> Places:
    """Yield the schemas directly within a schema, whatever keyword holds them."""
    for keyword, value in schema.items():
        if keyword in _MAPS:
            yield from (Child(keyword, name, item) for name, item in (as_object(value) or {}).items())
        elif keyword in _LISTS or (keyword == "items" and isinstance(value, list | tuple)):
            kind = "prefixItems" if keyword == "items" else keyword
            yield from (Child(kind, index, item) for index, item in enumerate(as_list(value)))
        elif keyword in _SINGLES:
            yield Child(keyword, None, value)


def check_depth(schema: JsonValue, what: str = "a schema") -> None:
    """Refuse a schema that no recursive function should walk.

    Raises:
        SchemaError: It is nested too deeply, or holds itself.
    """
    level = [schema]
    for _ in range(MOST_LEVELS):
        level = [child.schema for one in level if isinstance(one, Mapping) for child in children(one)]
        if not level:
            return
        if len(level) > _MOST_IN_A_LEVEL:
            break
    raise SchemaError(f"{what}: expected schemas at most {MOST_LEVELS} deep within each other; these are deeper")


def as_object(value: object) -> JsonObject | None:
    """Return `value` if it is a JSON object."""
    return cast("JsonObject", value) if isinstance(value, Mapping) else None


def as_list(value: object) -> Sequence[JsonValue]:
    """Return `value` if it is a JSON array; else an empty one."""
    return cast("Sequence[JsonValue]", value) if isinstance(value, list | tuple) else ()


def properties_of(schema: JsonObject) -> JsonObject:
    """Return the named properties that a schema describes."""
    return as_object(schema.get("properties")) or {}


def required_of(schema: JsonObject) -> list[str]:
    """Return the names of the properties that must be there."""
    return [name for name in as_list(schema.get("required")) if isinstance(name, str)]


def kind_of(value: JsonValue) -> str:
    """Return the JSON Schema type of a value, the narrowest."""
    if isinstance(value, Mapping):
        return "object"
    return _KIND_WORDS.get(type(value), "array")


def kinds_of(schema: JsonObject) -> list[str]:
    """Return the types that a schema names, lists values of, or has the shape of; empty if it leaves them open."""
    named = schema.get("type")
    if isinstance(named, str):
        return [named]
    if isinstance(named, list | tuple):
        return [kind for kind in as_list(named) if isinstance(kind, str)]
    if "const" in schema:
        return [kind_of(schema["const"])]
    if "enum" in schema:
        return list(dict.fromkeys(kind_of(value) for value in as_list(schema["enum"])))
    if "properties" in schema:
        return ["object"]
    return ["array"] if "items" in schema or "prefixItems" in schema else []


def are_apart(one: JsonObject, other: JsonObject) -> bool:
    """Whether no value fits both schemas, as far as types and constants say."""
    if not _share_a_kind(kinds_of(one), kinds_of(other)):
        return True
    values, others = constants_of(one), constants_of(other)
    if values and others:
        return not any(value in others for value in values)
    theirs = properties_of(other)
    return any(
        _tells(one, key) and _tells(other, key) and are_apart(as_object(item) or {}, as_object(theirs[key]) or {})
        for key, item in properties_of(one).items()
        if key in theirs
    )


def _share_a_kind(kinds: Sequence[str], others: Sequence[str]) -> bool:
    same = {"number" if kind == "integer" else kind for kind in kinds}
    return not kinds or not others or any(("number" if kind == "integer" else kind) in same for kind in others)


def constants_of(schema: JsonObject) -> Sequence[JsonValue]:
    """Return the values that a schema lists; empty if it lists none."""
    return [schema["const"]] if "const" in schema else as_list(schema.get("enum"))


def _tells(schema: JsonObject, key: str) -> bool:
    """Whether a property is always there, or the same when it is not."""
    item = as_object(properties_of(schema)[key]) or {}
    return key in required_of(schema) or ("const" in item and item.get("default") == item["const"])


def split(schema: JsonObject, kinds: Sequence[str]) -> list[JsonObject]:
    """Return one schema for each type, with the keywords that speak of it; annotations are left out.

    Args:
        schema: One that admits several types.
        kinds: These types, in the order wanted.
    """
    parts: list[JsonObject] = []
    for kind in kinds:
        part: dict[str, JsonValue] = {"type": kind}
        for keyword, value in schema.items():
            if keyword == "enum":
                fitting = [item for item in as_list(value) if _fits(item, kind)]
                part[keyword] = fitting
            elif keyword == "type" or keyword in ANNOTATIONS:
                continue
            elif keyword not in _OF_ONE_KIND or keyword in _OF_KIND.get(kind, ()):
                part[keyword] = value
        if part.get("enum") != [] and ("const" not in part or _fits(part["const"], kind)):
            # Of null there is one value only.
            parts.append(NULL if kind == "null" else part)
    return parts


def _fits(value: JsonValue, kind: str) -> bool:
    own = kind_of(value)
    return own == kind or (own == "integer" and kind == "number")


def pointed_at(reference: JsonValue, root: JsonObject) -> JsonValue:
    """Return what a `$ref` names within the same document; None if it names nothing there."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found: JsonValue = root
    steps = [unquote(step).replace("~1", "/").replace("~0", "~") for step in reference[1:].split("/")]
    if steps[0]:
        return None  # an anchor
    for step in steps[1:]:
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list | tuple) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def alternatives(schema: JsonValue, root: JsonObject) -> list[JsonObject]:
    """Return what a value may be: references followed, unions taken apart; each is a schema of its own."""
    found: list[JsonObject] = []
    seen: set[str] = set()
    open_ones = [schema]
    while open_ones:
        one = as_object(open_ones.pop())
        if one is None:
            continue
        reference = one.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            open_ones.append(pointed_at(reference, root))
        open_ones += [child.schema for child in children(one) if child.keyword in ("anyOf", "oneOf", "allOf")]
        found.append(one)
    return found


def admits_null(schema: JsonValue, root: JsonObject) -> bool:
    """Whether null is a value of a schema."""
    return _admits_null(schema, root, frozenset())


def _admits_null(schema: JsonValue, root: JsonObject, seen: frozenset[str]) -> bool:
    if not isinstance(schema, Mapping):
        return schema is not False
    if schema.get("nullable") is True:  # OpenAPI 3.0
        return True
    kinds = kinds_of(schema)
    if kinds and "null" not in kinds:
        return False
    if ("enum" in schema and None not in as_list(schema["enum"])) or schema.get("const") is not None:
        return False
    reference = schema.get("$ref")
    if isinstance(reference, str) and (
        reference in seen or not _admits_null(pointed_at(reference, root), root, seen | {reference})
    ):
        return False
    return _members_admit_null(schema, lambda member: _admits_null(member, root, seen))


def _members_admit_null(schema: JsonObject, admits: Callable[[JsonValue], bool]) -> bool:
    unions = [as_list(schema[keyword]) for keyword in ("anyOf", "oneOf") if keyword in schema]
    return all(any(map(admits, union)) for union in unions) and all(map(admits, as_list(schema.get("allOf"))))


def in_words(keyword: str, value: JsonValue) -> str:
    """Return what a keyword says, as a sentence for a description; empty if it is too long or says nothing."""
    if keyword in {"deprecated", "uniqueItems"}:
        return ("Deprecated." if keyword == "deprecated" else "No item twice.") if value is True else ""
    form = _WORDS.get(keyword)
    if form is None:
        return ""
    try:
        values = [encode(item).decode() for item in (as_list(value) if keyword in ("enum", "examples") else [value])]
    except ValueError:
        return ""
    said = str(value) if keyword in _BARE else ", ".join(values)
    return form.format(said) if said and len(said) <= _LONGEST_WORDS else ""


def told(schema: JsonObject, sentences: Sequence[str]) -> dict[str, JsonValue]:
    """Return a schema with sentences behind its description."""
    added = [sentence for sentence in sentences if sentence]
    made = dict(schema)
    if added:
        text = made.pop("description", "")
        made["description"] = " ".join([*([str(text)] if text else []), *added])
    return made
