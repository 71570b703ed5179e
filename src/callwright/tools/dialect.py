"""A dialect: how far a service understands JSON Schema, and the schemas of tools put into its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from callwright._json import JsonObject, JsonValue
from callwright.errors import SchemaError
from callwright.tools.nulls import Nullable, admitting_null
from callwright.tools.subschemas import (
    ANNOTATIONS,
    NOTHING,
    as_list,
    as_object,
    check_depth,
    children,
    in_words,
    kinds_of,
    pointed_at,
    properties_of,
    required_of,
    split,
    told,
)

__all__ = ["DIALECTS", "Dialect", "Loss", "cleaned", "dialect_named", "losses"]

_RECURSIONS = 2
"""How often a definition may stand within itself before it is cut, where references are put in place."""
_MOST_INLINED = 2_000
"""Schemas that references may become, all together: definitions that use each other grow without bound."""
_NAMELESS = frozenset({"$schema", "$id", "$comment", "$vocabulary", "discriminator", "readOnly", "writeOnly"})
_APPLICATORS = frozenset(
    {
        *("contains", "contentSchema", "dependentRequired", "dependentSchemas", "else", "if", "maxContains"),
        *("minContains", "not", "patternProperties", "propertyNames", "then", "unevaluatedItems"),
        *("unevaluatedProperties", "dependencies", "additionalItems"),
    }
)
_SPOKEN = frozenset({"contentEncoding", "contentMediaType", "contentSchema", "format"})
_OPEN_OR_CLOSED = frozenset({"additionalItems", "additionalProperties", "unevaluatedItems", "unevaluatedProperties"})
# Within these, a schema that takes more makes one that takes less.
_AS_THEY_ARE = frozenset({"not", "if", "contains"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """How far a service understands JSON Schema; the defaults are all of it."""

    name: str
    """By which `Profile.schema` names it."""

    inline_refs: bool = False
    """Whether definitions are put in place of references; one that holds itself is cut after two rounds."""

    drop: frozenset[str] = frozenset()
    """Keywords that are left out, and said in the description where that is short."""

    nullable: Nullable = "as_is"
    """How null is admitted."""

    formats: frozenset[str] | None = None
    """The formats that are known, the others being dropped; None is any."""

    text_enums: bool = False
    """Whether only texts may stand in an enum; other values are said in the description."""

    plain_root: bool = False
    """Whether the root must be one object with `properties`: without anyOf, oneOf, allOf, not, enum, $ref."""

    types_in_members: bool = False
    """Whether `type` may not stand beside `anyOf`, but in each of its members."""

    open_objects: bool = False
    """Whether an object with free keys must say so, since `additionalProperties` is false if not set."""


DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect("full"),
        # "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level".
        Dialect("openai", plain_root=True),
        # "input_schema does not support oneOf, allOf, or anyOf at the top level"; so do Bedrock and Vertex.
        # Source: anthropics/claude-code#5319, DeusData/codebase-memory-mcp#1524.
        Dialect("anthropic", plain_root=True),
        # OpenAPI 3.0 in part; an unknown keyword is an error of the whole request. Source: ai.google.dev/api/caching
        # (Schema); pydantic-ai#3617, brainlid/langchain#599, zendev-sh/goai#39, decolua/9router#3018.
        Dialect(
            "gemini",
            inline_refs=True,
            drop=_NAMELESS
            | _APPLICATORS
            | {
                *("additionalProperties", "allOf", "const", "contentEncoding", "contentMediaType", "default"),
                *("deprecated", "example", "examples", "exclusiveMaximum", "exclusiveMinimum", "multipleOf", "oneOf"),
                *("prefixItems", "uniqueItems"),
            },
            nullable="nullable",
            formats=frozenset({"date-time", "double", "float", "int32", "int64"}),
            text_enums=True,
            plain_root=True,
        ),
        # What it does not know it skips without a word. Source: grammars/README.md of ggml-org/llama.cpp.
        Dialect("llama.cpp", drop=_NAMELESS, open_objects=True),
        # "When using anyOf, type should be defined in anyOf items"; "when using $ref, type should be ...".
        # Source: MoonshotAI/kimi-code#2661, anomalyco/opencode#39995 ($ref, and lists as `items`).
        Dialect("moonshot", inline_refs=True, drop=_NAMELESS | {"prefixItems"}, plain_root=True, types_in_members=True),
    )
}
"""Name -> dialect; `full` changes nothing."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What a model is not held to, because its service does not understand it."""

    path: str
    """Such as `parameters.orders[].id`."""
    what: str
    """The keyword, or a few words."""

    def __str__(self) -> str:
        return f"{self.what} at {self.path}"


def dialect_named(name: str) -> Dialect:
    """Return a dialect by its name.

    Raises:
        SchemaError: There is none.
    """
    if name not in DIALECTS:
        raise SchemaError(f"dialect: expected one of {', '.join(DIALECTS)}; got {name!r}")
    return DIALECTS[name]


def cleaned(parameters: JsonObject, dialect: Dialect) -> JsonObject:
    """Return the schema of a function's arguments as a service understands it.

    It takes whatever the given one takes, and more where the dialect has no word for a rule: arguments are to be
    validated against the given one in any case. Cleaning twice changes nothing more.

    Args:
        parameters: The JSON Schema; it is not changed, and comes back as it is if the dialect is `full`.
        dialect: One of `DIALECTS`, or your own.

    Raises:
        SchemaError: Schemas are nested too deeply.
    """
    return parameters if dialect == Dialect(dialect.name) else _clean(parameters, dialect).root


def losses(parameters: JsonObject, dialect: Dialect) -> list[Loss]:
    """Return what `cleaned` leaves out that would hold arguments back; empty if nothing.

    Raises:
        SchemaError: Schemas are nested too deeply.
    """
    return _clean(parameters, dialect).losses


def _clean(parameters: JsonObject, dialect: Dialect) -> _Cleaner:
    check_depth(parameters, "parameters")
    cleaner = _Cleaner(parameters, dialect)
    cleaner.clean()
    return cleaner


class _Cleaner:
    """Puts one schema into a dialect.

    Args:
        root: The whole schema.
        dialect: The dialect.
    """

    def __init__(self, root: JsonObject, dialect: Dialect) -> None:
        self.root: JsonObject = root
        self.losses: list[Loss] = []
        self._dialect = dialect
        self._inlined = 0

    def clean(self) -> None:
        root = self.root
        if self._dialect.plain_root:
            root = self._plain(root)
        made = self._schema(root, "parameters", ())
        self.root = as_object(made) or {}

    def _lose(self, path: str, what: str) -> None:
        loss = Loss(path, what)
        if loss not in self.losses[-20:]:
            self.losses.append(loss)

    def _plain(self, root: JsonObject) -> JsonObject:
        """Return the root as one object, with all properties that its alternatives know."""
        made: dict[str, JsonValue] = dict(self._followed(root))
        made["type"] = "object"
        properties = dict(properties_of(made))
        required = set(required_of(made))
        for keyword in ("allOf", "anyOf", "oneOf"):
            members = [self._followed(as_object(one) or {}) for one in as_list(made.pop(keyword, ()))]
            if members:
                self._lose("parameters", keyword)
                made.setdefault("additionalProperties", True)
                sure = [set(required_of(member)) for member in members]
                required |= sure[0].union(*sure) if keyword == "allOf" else sure[0].intersection(*sure)
            for name, item in [pair for member in members for pair in properties_of(member).items()]:
                known = properties.get(name, item)
                properties[name] = known if known == item else {"anyOf": [known, item]}
        for keyword in ("not", "enum", "const", "if", "then", "else"):
            if keyword in made:
                self._lose("parameters", keyword)
                del made[keyword]
        made["properties"] = properties
        if required:
            made["required"] = [name for name in properties if name in required] + sorted(required - properties.keys())
        return made

    def _followed(self, schema: JsonObject) -> JsonObject:
        seen: set[str] = set()
        while isinstance(reference := schema.get("$ref"), str) and reference not in seen:
            seen.add(reference)
            target = as_object(pointed_at(reference, self.root)) or {}
            schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
        return schema

    def _schema(self, value: JsonValue, path: str, trail: tuple[str, ...]) -> JsonValue:
        """Return one schema in the dialect.

        Args:
            value: The schema.
            path: Where it stands.
            trail: The references that led here.
        """
        if not isinstance(value, Mapping):
            return value
        schema: JsonObject = value
        self._inlined += bool(trail)
        schema = self._united(schema, path)
        while self._dialect.inline_refs and "$ref" in schema:
            schema, trail = self._inline(schema, path, trail)
            schema = self._united(schema, path)
        made = self._rewritten(schema, path)
        made = self._kept(made, path)
        made = self._descended(made, path, trail)
        return self._typed_inside(admitting_null(made, self._dialect.nullable))

    def _typed_inside(self, schema: JsonObject) -> JsonObject:
        """Return a schema without a type beside `anyOf`, if none may stand there."""
        if not self._dialect.types_in_members or not {"anyOf", "type"} <= schema.keys():
            return schema
        own: JsonObject = {"type": schema["type"]}
        members = [
            {**own, **member} if isinstance(member, Mapping) and member.keys().isdisjoint({"$ref", "anyOf"}) else member
            for member in as_list(schema["anyOf"])
        ]
        return {**{key: value for key, value in schema.items() if key != "type"}, "anyOf": members}

    def _inline(self, schema: JsonObject, path: str, trail: tuple[str, ...]) -> tuple[JsonObject, tuple[str, ...]]:
        reference = str(schema["$ref"])
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        target = pointed_at(reference, self.root)
        if not isinstance(target, Mapping):
            if target is not True:
                self._lose(path, f"a reference to {reference!r}")
            return beside, trail
        if trail.count(reference) >= _RECURSIONS or self._inlined > _MOST_INLINED:
            self._lose(path, "what stands deeper than a recursion is followed")
            kinds = kinds_of(target)
            return ({"type": kinds[0]} if len(kinds) == 1 else {}) | beside, trail
        return self._joined(target, beside, path), (*trail, reference)

    def _joined(self, first: JsonObject, second: JsonObject, path: str) -> dict[str, JsonValue]:
        """Return a schema that holds back no more than both do; what the second says of itself goes first."""
        made = dict(first)
        is_odd = not _APPLICATORS.isdisjoint(first)
        for key, value in second.items():
            if key == "properties" and key in made:
                made[key] = {**properties_of(second), **properties_of(first)}
            elif key == "required" and key in made:
                made[key] = list(dict.fromkeys([*required_of(first), *required_of(second)]))
            elif key in ANNOTATIONS or (key not in made and not (is_odd and key in _APPLICATORS)):
                made[key] = value
            elif made.get(key) != value:
                self._lose(path, key)
        return made

    def _united(self, schema: JsonObject, path: str) -> JsonObject:
        """Return a schema without `allOf`, if it may not stand there or has one member only."""
        members = [as_object(member) for member in as_list(schema.get("allOf"))]
        is_needless = (
            len(members) == 1 and members[0] is not None and not members[0].keys() & schema.keys() - ANNOTATIONS
        )
        if "allOf" not in schema or not (is_needless or "allOf" in self._dialect.drop):
            return schema
        made: JsonObject = {}
        for member in members:
            made = self._joined(made, self._united(member or {}, path), path)
        return self._joined(made, {key: value for key, value in schema.items() if key != "allOf"}, path)

    def _rewritten(self, schema: JsonObject, path: str) -> dict[str, JsonValue]:
        """Return a schema that says the same, or nearly so, without the keywords that are to be dropped."""
        made, drop = dict(schema), self._dialect.drop
        if "oneOf" in drop and "oneOf" in made and "anyOf" not in made:
            made["anyOf"] = made.pop("oneOf")
        if "const" in drop and "const" in made:
            made.setdefault("enum", [made["const"]])
            del made["const"]
        kinds = kinds_of(made)
        if len(kinds) > 1 and self._dialect.nullable in ("any_of", "nullable"):
            spoken = {key: value for key, value in made.items() if key in ANNOTATIONS}
            return {**spoken, "anyOf": split(made, kinds)}
        if len(kinds) == 1:
            made.setdefault("type", kinds[0])
        if "prefixItems" in drop and "array" in kinds:
            made = self._without_tuple(made, path)
        for keyword, plain, step in (("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)):
            bound = made.get(keyword)
            if keyword in drop and kinds == ["integer"] and type(bound) is int and plain not in made:
                made[plain] = bound + step
                del made[keyword]
        return made

    def _without_tuple(self, schema: dict[str, JsonValue], path: str) -> dict[str, JsonValue]:
        """Return an array whose items may be at each place what they might be at any."""
        items = schema.get("items")
        fixed = [*(as_list(schema.pop("prefixItems", ())) or as_list(items))]
        if not fixed:
            return {**schema, "items": NOTHING if items is None else items}
        rest = schema.pop("additionalItems", None) if isinstance(items, list | tuple) else items
        most = schema.get("maxItems")
        if rest is False:
            most = min(most, len(fixed)) if isinstance(most, int) else len(fixed)
        is_closed = isinstance(most, int) and most <= len(fixed)
        found = fixed if is_closed else [*fixed, NOTHING if rest is None else rest]
        different = [one for index, one in enumerate(found) if one not in found[:index]]
        if len(different) > 1:
            self._lose(path, "which item has which type")
        made = {**schema, "items": different[0] if len(different) == 1 else {"anyOf": different}}
        return {**made, "maxItems": most} if is_closed else made

    def _kept(self, schema: JsonObject, path: str) -> dict[str, JsonValue]:
        """Return what of a schema the dialect has a word for, with the rest in the description."""
        drop, formats = self._dialect.drop, self._dialect.formats
        gone = [key for key in schema if key in drop or key.startswith("x-")]
        if formats is not None and "format" in schema and schema["format"] not in (*formats,):
            gone.append("format")
        values = as_list(schema.get("enum"))
        if self._dialect.text_enums and not all(value is None or isinstance(value, str) for value in values):
            gone.append("enum")
        if "patternProperties" in gone and schema["patternProperties"]:
            # These would be refused with the others then.
            gone += [key for key in ("additionalProperties", "unevaluatedProperties") if key in schema]
        for key in dict.fromkeys(gone):
            is_idle = key in ANNOTATIONS | _NAMELESS | _SPOKEN or key.startswith("x-")
            if not is_idle and not (key in _OPEN_OR_CLOSED and isinstance(schema[key], bool)):
                self._lose(path, key)
        words = [in_words(key, schema[key]) for key in dict.fromkeys(gone)]
        return told({key: value for key, value in schema.items() if key not in gone}, words)

    def _descended(self, schema: JsonObject, path: str, trail: tuple[str, ...]) -> dict[str, JsonValue]:
        """Return a schema with all schemas in it in the dialect."""
        is_bare = self._dialect.inline_refs
        made = {key: value for key, value in schema.items() if not (is_bare and key in ("$defs", "definitions"))}
        gone: set[str] = set()
        maps: dict[str, dict[str, JsonValue]] = {}
        lists: dict[str, list[JsonValue]] = {}
        for child in children(made):
            if child.keyword in _AS_THEY_ARE:
                if is_bare and "$ref" in str(child.schema):
                    self._lose(path, child.keyword)
                    gone.add(child.keyword)
                continue
            is_anything = child.schema is True and child.keyword not in _OPEN_OR_CLOSED
            item = NOTHING if is_anything else self._schema(child.schema, child.place(path), trail)
            if isinstance(child.key, str):
                maps.setdefault(child.keyword, {})[child.key] = item
            elif child.key is None:
                maps.setdefault("", {})[child.keyword] = item
            else:
                keyword = child.keyword if child.keyword in made else "items"
                lists.setdefault(keyword, []).append(item)
        was = made.get("oneOf")
        made = {key: value for key, value in made.items() if key not in gone} | maps.pop("", {}) | maps | lists
        if made.get("oneOf") != was and "anyOf" not in made:
            made["anyOf"] = made.pop("oneOf")  # What were apart may no longer be.
        if self._dialect.open_objects and kinds_of(made) == ["object"] and not properties_of(made):
            made.setdefault("additionalProperties", True)
        return made
