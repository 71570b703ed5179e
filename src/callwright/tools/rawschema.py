"""A raw schema: a JSON Schema that somebody gives, and what of it holds for arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast
from urllib.parse import unquote

from callwright._json import JsonObject, JsonValue, decode, encode
from callwright.errors import SchemaError

__all__ = ["RawSchema"]

_KINDS = ("array", "boolean", "integer", "null", "number", "object", "string")
_ONE = ("additionalItems", "additionalProperties", "items")
_SEVERAL = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("$defs", "definitions", "patternProperties", "properties")
_AT_ONCE = ("allOf", "anyOf", "oneOf")
_COUNTS = ("maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties")
_BOUNDS = ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum")

_DEEPEST = 64
"""How many references and alternatives may stand for one value, one within the other."""


class RawSchema:
    """A JSON Schema of arguments, checked once: whoever reads by it may trust that its keywords are well-formed.

    Drafts 7 and 2020-12 and the dialect of OpenAPI 3.0 are known, as far as they are used for tools: `type` (one or
    several), `nullable`, `properties`, `required`, `additionalProperties`, `patternProperties`, `minProperties`,
    `maxProperties`, `items`, `prefixItems`, `additionalItems`, `minItems`, `maxItems`, `uniqueItems`, `enum`, `const`,
    `anyOf`, `oneOf`, `allOf`, `$ref` within the schema, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`
    (also as booleans), `multipleOf`, `minLength`, `maxLength`, `pattern`. All other keywords are told to the model and
    not looked at.

    Args:
        name: The tool's, for errors.
        parameters: The schema of an object; it is copied.

    Raises:
        SchemaError: It is no JSON, not the schema of an object, a keyword is malformed, or a reference leads nowhere.
    """

    __slots__ = ("_heights", "parameters", "targets")

    def __init__(self, name: str, parameters: object) -> None:
        self.parameters: JsonObject = {}
        """What the model is told; not to be changed."""
        self.targets: dict[str, JsonValue] = {}
        """Reference -> the schema that it stands for."""
        self._heights: dict[int, int] = {}
        try:
            self.parameters = _copied(parameters)
            self._check()
            self.parameters = self._whole()
        except _MalformedError as error:
            raise SchemaError(f"tool {name!r}: parameters{error}") from None
        self._heights.clear()

    def _check(self) -> None:
        """Walk once over all schemas in it, and over what is referred to."""
        anchors: dict[str, JsonValue] = {}
        references: list[tuple[str, str]] = []
        schemas: list[tuple[str, JsonObject]] = []
        seen: set[int] = set()
        self._visit([("", self.parameters)], seen, schemas)
        done = 0
        while done < len(schemas):
            path, schema = schemas[done]
            done += 1
            _check_keywords(path, schema)
            anchor, reference = schema.get("$anchor"), schema.get("$ref")
            if isinstance(anchor, str):
                anchors[f"#{anchor}"] = schema
            if reference is not None:
                references.append((path, _text(f"{path}.$ref", reference)))
            if done == len(schemas):
                # Only now are all anchors known; what stands outside of any schema is walked over, too.
                for place, found in references:
                    self.targets[found] = target = _target(place, found, self.parameters, anchors)
                    self._visit([(found, target)], seen, schemas)
                references.clear()
        for path, schema in schemas:
            self._height(path, schema, 0)

    def _visit(self, open_: list[tuple[str, JsonValue]], seen: set[int], schemas: list[tuple[str, JsonObject]]) -> None:
        """Add the schemas in `open_` and all within them to `schemas`."""
        while open_:
            path, schema = open_.pop()
            if isinstance(schema, bool) or id(schema) in seen:
                continue
            if not isinstance(schema, Mapping):
                raise _MalformedError(path, f"expected a schema; got {schema!r:.100}")
            seen.add(id(schema))
            schemas.append((path, schema))
            open_ += _within(path, schema)

    def _height(self, path: str, schema: JsonValue, depth: int) -> int:
        """Return how many schemas stand for one value below a schema.

        Raises:
            _MalformedError: Too many; endlessly many, as a rule, since a reference leads back to itself.
        """
        if not isinstance(schema, Mapping):
            return 0
        known = self._heights.get(id(schema))
        if known is None:
            if depth > _DEEPEST:
                raise _MalformedError(path, "it refers back to itself, or has too many schemas for one value")
            below = [item for key in _AT_ONCE for item in cast("Sequence[JsonValue]", schema.get(key, ()))]
            if "$ref" in schema:
                below.append(self.targets[cast("str", schema["$ref"])])
            known = 1 + max((self._height(path, item, depth + 1) for item in below), default=0)
            self._heights[id(schema)] = known
        if depth + known > _DEEPEST + 1:
            raise _MalformedError(path, "it refers back to itself, or has too many schemas for one value")
        return known

    def _whole(self) -> JsonObject:
        """Return the schema as services want it: with the type of an object, and properties, be they none."""
        schema = self.parameters
        kind: JsonValue = schema.get("type")
        is_composed = any(key in schema for key in ("$ref", *_AT_ONCE))
        target: JsonValue = schema
        while kind is None and isinstance(target, Mapping) and "$ref" in target:
            target = self.targets[cast("str", target["$ref"])]
            kind = target.get("type") if isinstance(target, Mapping) else "boolean"
        if kind not in (None, "object", ["object"]):
            raise _MalformedError(".type", f"the arguments of a tool are an object; got {kind!r}")
        whole = {"type": "object", **schema} if "$ref" not in schema else schema
        return whole if is_composed or "properties" in whole else {**whole, "properties": {}}


class _MalformedError(Exception):
    """A schema is malformed, at a path."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")


def _copied(parameters: object) -> JsonObject:
    """Return a copy of a schema as plain JSON values."""
    if not isinstance(parameters, Mapping):
        raise _MalformedError("", f"expected a JSON Schema, as a dict; got {parameters!r:.100}")
    try:
        return cast("JsonObject", decode(encode(cast("object", parameters))))  # a dict stays one
    except ValueError as error:
        raise _MalformedError("", f"expected a JSON Schema; {error}") from error


def _within(path: str, schema: JsonObject) -> Iterator[tuple[str, JsonValue]]:
    """Yield the schemas directly within a schema, with their paths.

    Raises:
        _MalformedError: Something else stands where schemas are due.
    """
    for key in _ONE:
        if key in schema:
            value = schema[key]
            # Several for `items` are draft 7's word for `prefixItems`.
            if isinstance(value, list) and key == "items":
                yield from ((f"{path}.{key}.{index}", item) for index, item in enumerate(value))
            else:
                yield f"{path}.{key}", value
    for key in _SEVERAL:
        if key in schema:
            value = schema[key]
            if not isinstance(value, list) or not value:
                raise _MalformedError(f"{path}.{key}", f"expected a list of schemas; got {value!r:.100}")
            yield from ((f"{path}.{key}.{index}", item) for index, item in enumerate(value))
    for key in _NAMED:
        if key in schema:
            value = schema[key]
            if not isinstance(value, Mapping):
                raise _MalformedError(f"{path}.{key}", f"expected an object of schemas; got {value!r:.100}")
            yield from ((f"{path}.{key}.{name}", item) for name, item in value.items())


def _check_keywords(path: str, schema: JsonObject) -> None:
    """Check the keywords of one schema that hold no schemas.

    Raises:
        _MalformedError: One of them is malformed.
    """
    kinds = schema.get("type", "object")
    for kind in kinds if isinstance(kinds, list) and kinds else [kinds]:
        if kind not in _KINDS:
            raise _MalformedError(f"{path}.type", f"expected one of {', '.join(_KINDS)}; got {kind!r:.100}")
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        raise _MalformedError(f"{path}.required", f"expected a list of names; got {required!r:.100}")
    if not isinstance(schema.get("enum", []), list):
        raise _MalformedError(f"{path}.enum", f"expected a list of values; got {schema['enum']!r:.100}")
    if "pattern" in schema:
        _text(f"{path}.pattern", schema["pattern"])
    _check_bounds(path, schema)


def _check_bounds(path: str, schema: JsonObject) -> None:
    for key in _COUNTS:
        count = schema.get(key, 0)
        if isinstance(count, bool) or not isinstance(count, int | float) or count < 0:
            raise _MalformedError(f"{path}.{key}", f"expected a whole number >= 0; got {count!r:.100}")
    for key in (*_BOUNDS, "multipleOf"):
        bound = schema.get(key, 1)
        is_flag = isinstance(bound, bool) and key.startswith("exclusive")  # as draft 4 and OpenAPI 3.0 have it
        if not is_flag and (isinstance(bound, bool) or not isinstance(bound, int | float)):
            raise _MalformedError(f"{path}.{key}", f"expected a number; got {bound!r:.100}")
    if not cast("float", schema.get("multipleOf", 1)) > 0:
        raise _MalformedError(f"{path}.multipleOf", f"expected a number > 0; got {schema['multipleOf']!r:.100}")


def _text(path: str, value: JsonValue) -> str:
    if not isinstance(value, str):
        raise _MalformedError(path, f"expected a string; got {value!r:.100}")
    return value


def _target(path: str, reference: str, root: JsonObject, anchors: Mapping[str, JsonValue]) -> JsonValue:
    """Return what a reference stands for.

    Raises:
        _MalformedError: There is nothing at its place, or it leads out of the schema.
    """
    if reference in anchors:
        return anchors[reference]
    found: JsonValue = root
    head, *steps = unquote(reference).split("/")
    if head != "#":
        raise _MalformedError(
            f"{path}.$ref", f"expected a reference within the schema, as '#/$defs/x'; got {reference!r}"
        )
    for step in steps:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            raise _MalformedError(f"{path}.$ref", f"there is nothing at {reference!r}")
    return found
