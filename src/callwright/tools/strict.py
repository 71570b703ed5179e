"""Strict mode: the schema that a provider holds a model to, and means what the one it was made from means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from callwright._json import JsonObject, JsonValue
from callwright.errors import SchemaError
from callwright.tools.subschemas import (
    NOTHING,
    NULL,
    Child,
    admits_null,
    are_apart,
    as_list,
    as_object,
    check_depth,
    in_words,
    kind_of,
    kinds_of,
    pointed_at,
    properties_of,
    required_of,
    split,
    told,
)

__all__ = ["Obstacle", "obstacles", "strict", "strict_or_none"]

# Source: developers.openai.com/api/docs/guides/structured-outputs, "Supported schemas" (2026). It refuses the lengths
# of strings, `default`, `oneOf`, and whatever stands beside a `$ref`.
_SPOKEN = ("title", "description")
_KEPT = frozenset(
    {"exclusiveMaximum", "exclusiveMinimum", "maxItems", "maximum", "minItems", "minimum", "multipleOf", "pattern"}
)
_FORMATS = ("date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid")
_SCALARS = frozenset({"boolean", "integer", "number", "string"})
_KINDS = _SCALARS | {"array", "null", "object"}
_MOST_PROPERTIES = 5_000
_MOST_OBJECTS = 10
"""One within the other."""
_MOST_CHARACTERS = 120_000
"""Of names of properties and definitions, and of values of enum and const, all together."""
_MOST_VALUES = 1_000
"""Of all enums together."""
_MANY_VALUES, _MOST_CHARACTERS_OF_MANY = 250, 15_000
"""An enum with more values than that is held to fewer characters."""

_TOLD = ("format", "contentEncoding", "contentMediaType", "example", "examples", "deprecated")
_SILENT = frozenset({"$comment", "$id", "$schema", "default", "discriminator", "nullable", "readOnly", "writeOnly"})
_READ = frozenset(
    {
        "$ref",
        "additionalProperties",
        "anyOf",
        "const",
        "enum",
        "items",
        "maxProperties",
        "minProperties",
        "oneOf",
        "prefixItems",
        "properties",
        "required",
        "type",
        "unevaluatedProperties",
    }
)
_DEFINITIONS = frozenset({"$defs", "definitions"})
_KNOWN = _KEPT | _READ | _SILENT | _DEFINITIONS | {*_SPOKEN, *_TOLD}
_EMPTY: Mapping[str, JsonValue] = {
    "allOf": [],
    "dependentRequired": {},
    "dependentSchemas": {},
    "minLength": 0,
    "patternProperties": {},
    "uniqueItems": False,
}
"""Keywords that strict mode refuses, and the value with which they say nothing."""
_LOOK_AROUND = re.compile(r"(?<!\\)(?:\\\\)*\(\?<?[=!]")
_SAME_PATTERNS = {
    # What pydantic writes for Decimal; that there is a digit is all that it looks ahead for.
    r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$": r"^[+-]?(\d+\.?\d*|\.\d+)$",
}
_MOST_MEMBERS = 200
"""Of a `oneOf` that is looked at pair by pair."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why strict mode cannot hold a schema without losing something."""

    path: str
    """Such as `parameters.orders[].id`."""
    message: str
    """What stands there, and what to do."""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def strict(parameters: JsonObject, *, name: str | None = None) -> JsonObject:
    """Return the schema that means the same in strict mode.

    Every object is closed and every property required; what was optional may be null instead, and `given` takes such
    nulls out of the arguments again. Defaults and annotations that strict mode refuses move into the description.

    Args:
        parameters: The JSON Schema of a function's arguments; it is not changed.
        name: The tool's, for the error.

    Raises:
        SchemaError: Something would be lost; it names the path and what to do.

    Source: https://developers.openai.com/api/docs/guides/structured-outputs, "Supported schemas".
    """
    made, found = _written(parameters)
    if not found:
        return made
    tool = f"tool {name!r}: " if name else ""
    others = f" (and {len(found) - 1} more, at {', '.join(one.path for one in found[1:4])})" if found[1:] else ""
    raise SchemaError(f"{tool}strict mode cannot hold {found[0]}, or leave strict mode off{others}")


def strict_or_none(parameters: JsonObject) -> JsonObject | None:
    """Return the schema that means the same in strict mode; None if something would be lost."""
    made, found = _written(parameters)
    return None if found else made


def obstacles(parameters: JsonObject) -> list[Obstacle]:
    """Return what strict mode cannot hold, in the order of the schema; empty if it holds everything."""
    return _written(parameters)[1]


def _written(parameters: JsonObject) -> tuple[JsonObject, list[Obstacle]]:
    try:
        check_depth(parameters)
    except SchemaError as error:
        return {}, [Obstacle("parameters", str(error))]
    writer = _Writer(parameters)
    return writer.write(), writer.obstacles


class _Writer:
    """Writes one schema anew for strict mode, and notes what cannot be written.

    Args:
        root: The whole schema, in which references are looked up.
    """

    def __init__(self, root: JsonObject) -> None:
        target = as_object(pointed_at(root.get("$ref"), root)) or {}
        merged: dict[str, JsonValue] = {"type": "object", "properties": NOTHING, **target, **root}
        # What a reference at the root leads to is the root; strict mode takes none there.
        merged.pop("$ref", None)
        self._root: JsonObject = merged
        self.obstacles: list[Obstacle] = []
        self._wanted: list[str] = []
        self._properties = self._values = self._characters = 0

    def write(self) -> JsonObject:
        """Return the strict schema; it is of use only if there are no obstacles."""
        root = self._root
        wrong = [key for key in ("anyOf", "oneOf", "allOf", "enum", "const", "not") if key in root]
        if wrong or root["type"] != "object":
            what = f"{', '.join(wrong)} at the root" if wrong else f"the type {root['type']!r} at the root"
            self._refuse("parameters", f"{what}; describe one object with named arguments")
            return {}
        made = self._schema(root, "parameters", 0)
        definitions: dict[str, JsonValue] = {}
        for name in self._wanted:  # which grows while it is read
            self._characters += len(name)
            definitions[name] = self._schema(self._definition(name), f"$defs.{name}", 0)
        if definitions:
            made["$defs"] = definitions
        self._check_size()
        return made

    def _refuse(self, path: str, what: str) -> None:
        self.obstacles.append(Obstacle(path, what))

    def _check_size(self) -> None:
        for count, most, what in (
            (self._properties, _MOST_PROPERTIES, "properties"),
            (self._values, _MOST_VALUES, "values of enums"),
            (self._characters, _MOST_CHARACTERS, "characters in names and values"),
        ):
            if count > most:
                self._refuse(
                    "parameters", f"{count:,} {what} where strict mode takes {most:,}; make several tools of it"
                )

    def _definition(self, name: str) -> JsonValue:
        homes = [as_object(self._root.get(home)) or {} for home in sorted(_DEFINITIONS)]
        return next((home[name] for home in homes if name in home), None)

    def _schema(self, value: JsonValue, path: str, level: int) -> dict[str, JsonValue]:
        """Return one schema for strict mode.

        Args:
            value: The schema.
            path: Where it stands.
            level: How many objects it stands in.
        """
        schema = as_object(value)
        if schema is None:
            self._refuse(path, "a value of any type; name one")
            return {}
        schema = _merged(schema)
        self._check_keywords(schema, path)
        words = [in_words(key, schema[key]) for key in _TOLD if key in schema and schema[key] not in _FORMATS]
        spoken = told({key: schema[key] for key in _SPOKEN if key in schema}, words)
        if "$ref" in schema:
            made = self._reference(schema, path)
            # Strict mode takes no keyword beside a reference, but a description beside a union.
            made = {"anyOf": [made]} if spoken else made
        elif "anyOf" in schema or "oneOf" in schema:
            made = self._union(schema, path, level)
        else:
            made = self._typed(schema, path, level)
        if schema.get("nullable") is True and not admits_null(made, self._root):
            made = _nullable(made)
        return {**spoken, **made}

    def _check_keywords(self, schema: JsonObject, path: str) -> None:
        for keyword, value in schema.items():
            is_known = keyword in _KNOWN or keyword.startswith("x-")
            if not is_known and (keyword not in _EMPTY or value != _EMPTY[keyword]):
                self._refuse(path, f"the keyword {keyword}; say it in the description instead")
            if isinstance(value, bool) and keyword.startswith("exclusive"):
                self._refuse(path, f"{keyword} as draft 4 has it; give the bound itself")
        pattern = schema.get("pattern")
        if isinstance(pattern, str) and _LOOK_AROUND.search(_SAME_PATTERNS.get(pattern, pattern)):
            self._refuse(path, f"a pattern that looks around, {pattern!r}; write it without (?= (?! (?<= (?<!")

    def _reference(self, schema: JsonObject, path: str) -> dict[str, JsonValue]:
        beside = [key for key in schema if key in (_KEPT | _READ) - {"$ref"}]
        if beside:
            self._refuse(path, f"{', '.join(beside)} beside a $ref; move it into the definition")
        reference = str(schema["$ref"])
        if reference == "#":
            return {"$ref": "#"}
        home, _, last = reference.rpartition("/")
        name = last.replace("~1", "/").replace("~0", "~")
        if home not in ("#/$defs", "#/definitions") or self._definition(name) is None:
            self._refuse(path, f"a reference to {reference!r}; expected one to an entry of $defs")
        elif name not in self._wanted:
            self._wanted.append(name)
        return {"$ref": f"#/$defs/{last}"}

    def _union(self, schema: JsonObject, path: str, level: int) -> dict[str, JsonValue]:
        keyword = "anyOf" if "anyOf" in schema else "oneOf"
        beside = [key for key in schema if key in (_KEPT | _READ) - {keyword, "type"}]
        if beside:
            self._refuse(path, f"{keyword} beside {', '.join(beside)}; move these into its members")
        common: dict[str, JsonValue] = {"type": schema["type"]} if "type" in schema else {}
        members = [
            {**common, **member} if isinstance(member, Mapping) else member for member in as_list(schema[keyword])
        ]
        if not members:
            self._refuse(path, f"an empty {keyword}; name what it may be")
        if keyword == "oneOf" and not self._are_disjoint(members):
            self._refuse(path, "oneOf with members that may overlap; use anyOf, or give each a constant of its own")
        places = [Child(keyword, index, member) for index, member in enumerate(members)]
        return {"anyOf": [self._schema(one.schema, one.place(path), level) for one in places]}

    def _are_disjoint(self, members: Sequence[JsonValue]) -> bool:
        found = [as_object(member) or {} for member in members]
        found = [as_object(pointed_at(one["$ref"], self._root)) or {} if "$ref" in one else one for one in found]
        return len(found) <= _MOST_MEMBERS and all(are_apart(one, other) for one, other in combinations(found, 2))

    def _typed(self, schema: JsonObject, path: str, level: int) -> dict[str, JsonValue]:
        kinds = kinds_of(schema)
        unknown = [kind for kind in kinds if kind not in _KINDS]
        if unknown or not kinds:
            self._refuse(path, f"the type {unknown[0]!r}" if unknown else "a value of any type; name one")
            return {}
        made: dict[str, JsonValue] = {"type": kinds[0] if len(kinds) == 1 else kinds}
        made |= {key: schema[key] for key in _KEPT if key in schema}
        made |= {"format": schema["format"]} if schema.get("format") in _FORMATS else {}
        if "pattern" in schema:
            made["pattern"] = _SAME_PATTERNS.get(str(schema["pattern"]), schema["pattern"])
        if "enum" in schema or "const" in schema:
            made |= self._listed(schema, path)
            return {"anyOf": split(made, kinds)} if len(kinds) > 1 else made
        if "object" in kinds:
            made |= self._object(schema, path, level + 1)
        if "array" in kinds:
            made |= self._array(schema, path, level)
        return made

    def _listed(self, schema: JsonObject, path: str) -> dict[str, JsonValue]:
        """Return the values that a schema lists, and count them."""
        values = as_list(schema["enum"]) if "enum" in schema else [schema["const"]]
        if any(kind_of(value) in ("array", "object") for value in values):
            self._refuse(path, "a list or an object as a value; describe it by its properties")
        characters = sum(len(value) for value in values if isinstance(value, str))
        self._characters += characters
        self._values += len(values) if "enum" in schema else 0
        if len(values) > _MANY_VALUES and characters > _MOST_CHARACTERS_OF_MANY:
            count = f"{len(values):,} values of {characters:,} characters where"
            self._refuse(path, f"{count} {_MOST_CHARACTERS_OF_MANY:,} fit; take a text and check it in the function")
        return {key: schema[key] for key in ("enum", "const") if key in schema}

    def _object(self, schema: JsonObject, path: str, level: int) -> dict[str, JsonValue]:
        properties = properties_of(schema)
        required = required_of(schema)
        others = schema.get("additionalProperties", schema.get("unevaluatedProperties"))
        if others not in (None, False) or (others is None and "properties" not in schema):
            self._refuse(path, "a dict with free keys; make it a list of pairs, or a class with the keys as fields")
        if lost := [key for key in required if key not in properties]:
            self._refuse(path, f"{', '.join(lost)} as required, which no property describes; describe it")
        least, most = schema.get("minProperties", 0), schema.get("maxProperties", len(properties))
        if not (isinstance(least, int) and isinstance(most, int) and least <= len(required) <= len(properties) <= most):
            self._refuse(path, "a count of properties; say it in the description instead")
        if level > _MOST_OBJECTS:
            self._refuse(
                path, f"{level} objects within each other where strict mode takes {_MOST_OBJECTS}; flatten them"
            )
        self._properties += len(properties)
        self._characters += sum(map(len, properties))
        made = {
            key: self._property(item, f"{path}.{key}", level, is_required=key in required)
            for key, item in properties.items()
        }
        return {"properties": made, "required": list(made), "additionalProperties": False}

    def _property(self, value: JsonValue, path: str, level: int, *, is_required: bool) -> JsonValue:
        made = self._schema(value, path, level)
        schema = as_object(value) or {}
        default = schema.get("default")
        said = in_words("default", default) if default is not None else ""
        if is_required:
            return told(made, [said])
        if "const" in schema and schema["const"] == default is not None:
            return made  # Given or not, it is the same.
        if not admits_null(value, self._root):
            null = said.replace("Default: ", "null means the default, ") or "null means not given."
            return told(_nullable(made), [null])
        if "default" not in schema:
            self._refuse(path, "null, when not given may mean something else; give it a default")
        return told(made, [said])

    def _array(self, schema: JsonObject, path: str, level: int) -> dict[str, JsonValue]:
        items = schema.get("items")
        fixed = as_list(schema.get("prefixItems")) or as_list(items)
        if not fixed:
            if not isinstance(items, Mapping) or not items:
                self._refuse(path, "a list of anything; name the type of its items, as list[str]")
                return {}
            return {"items": self._schema(items, f"{path}[]", level)}
        is_closed = schema.get("maxItems") == len(fixed) or items is False
        if not is_closed or schema.get("minItems") != len(fixed) or any(one != fixed[0] for one in fixed):
            self._refuse(path, "a tuple of several types; make it a class with a field for each")
            return {}
        return {"items": self._schema(fixed[0], f"{path}[]", level), "minItems": len(fixed), "maxItems": len(fixed)}


def _merged(schema: JsonObject) -> JsonObject:
    """Return a schema without an `allOf` of one member that can stand in its place."""
    members = as_list(schema.get("allOf"))
    member = as_object(members[0]) if len(members) == 1 else None
    beside = {key: value for key, value in schema.items() if key != "allOf"}
    if member is None or member.keys() & beside.keys() - {*_SPOKEN, "default"}:
        return schema
    return {**member, **beside}


def _nullable(schema: JsonObject) -> dict[str, JsonValue]:
    """Return a schema that admits null as well."""
    spoken = {key: schema[key] for key in _SPOKEN if key in schema}
    rest = {key: value for key, value in schema.items() if key not in spoken}
    kinds = kinds_of(rest)
    if rest.keys() == {"anyOf"}:
        return {**spoken, "anyOf": [*as_list(rest["anyOf"]), NULL]}
    if kinds and _SCALARS.issuperset(kinds) and "enum" not in rest and "const" not in rest:
        return {**spoken, **rest, "type": [*kinds, "null"]}
    return {**spoken, "anyOf": [rest, NULL]}
