"""A described type: the JSON Schema that pydantic makes of a type, with what its classes say of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from inspect import cleandoc
from typing import Annotated, Any, cast

from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema
from typing_extensions import get_type_hints

from callwright._json import JsonObject
from callwright.tools.annotations import texts_placed
from callwright.tools.fieldtexts import ClassTexts, class_texts

__all__ = ["DescribedSchema"]

_MADE_HERE = "callwright.tools.forms"


class DescribedSchema(GenerateJsonSchema):
    """Makes a JSON Schema in which every field of a class is described that its class says something of.

    `Field(description=...)` goes first, then texts in the annotation, then what `class_texts` finds.
    """

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Describe a pydantic model."""
        return _described(super().model_schema(schema), schema)

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """Describe a dataclass."""
        return _described(super().dataclass_schema(schema), schema)

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        """Describe a typed dict."""
        return _described(super().typed_dict_schema(schema), schema)

    def named_tuple_schema(self, schema: core_schema.NamedTupleSchema) -> JsonSchemaValue:
        """Describe a named tuple."""
        return _described_items(super().named_tuple_schema(schema), schema["cls"])

    def call_schema(self, schema: core_schema.CallSchema) -> JsonSchemaValue:
        """Describe a named tuple, as pydantic had it before 2.14."""
        return _described_items(super().call_schema(schema), schema["function"])


def _described_items(found: JsonSchemaValue, kind: object) -> JsonSchemaValue:
    """Return the schema of a named tuple with a text at each item."""
    items = found.get("prefixItems")
    if not isinstance(kind, type) or not isinstance(items, list):
        return found
    said, hints = class_texts(kind), _annotations(kind)
    names: tuple[str, ...] = getattr(kind, "_fields", ())
    pairs = zip(names, cast("list[JsonObject]", items), strict=False)
    return {**found, "prefixItems": [_field(name, item, hints, said) for name, item in pairs]}


def _described(found: JsonSchemaValue, schema: Mapping[str, Any]) -> JsonSchemaValue:
    """Return the schema of a class with a text at each field."""
    kind = schema.get("cls")
    properties = found.get("properties")
    if not isinstance(kind, type) or kind.__module__ == _MADE_HERE or not isinstance(properties, dict):
        return found
    said, hints = class_texts(kind), _annotations(kind)
    names = _names(schema)
    described = {
        key: _field(names.get(key, key), cast("JsonObject", item), hints, said)
        for key, item in cast("dict[str, object]", properties).items()
    }
    whole = {**found, "properties": described}
    # pydantic tells the whole docstring, with the list of fields in it.
    if said.description is not None and whole.get("description") == cleandoc(kind.__doc__ or ""):
        whole["description"] = said.description
        if not said.description:
            del whole["description"]
    return whole


def _field(name: str, found: JsonObject, hints: Mapping[str, object], said: ClassTexts) -> JsonObject:
    own = found.get("description")
    placed = texts_placed(hints[name], found) if name in hints else found
    text = own or placed.get("description") or said.fields.get(name)
    return {**placed, "description": text} if text else placed


def _annotations(kind: type) -> Mapping[str, object]:
    """Return the annotations of the fields of a class, with the texts in them; empty if a name has no meaning."""
    infos: object = kind.__dict__.get("__pydantic_fields__")
    if isinstance(infos, dict):
        fields = cast("dict[str, FieldInfo]", infos)
        return {name: _annotation(info) for name, info in fields.items()}
    with suppress(Exception):  # annotations are the user's code
        return get_type_hints(kind, include_extras=True)
    return {}


def _annotation(info: FieldInfo) -> object:
    extras = [extra for extra in info.metadata if isinstance(extra, str) or hasattr(extra, "documentation")]
    return Annotated[(info.annotation, *extras)] if extras else info.annotation


def _names(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return property -> field for fields with another name on the wire."""
    while "fields" not in schema or not isinstance(schema["fields"], dict | list) or schema.get("type") == "dataclass":
        inner = schema.get("schema")
        if not isinstance(inner, dict):
            return {}
        schema = cast("dict[str, Any]", inner)
    found = cast("dict[str, dict[str, Any]] | list[dict[str, Any]]", schema["fields"])
    fields = found if isinstance(found, dict) else {str(item["name"]): item for item in found}
    return {_alias(item.get("validation_alias")) or name: name for name, item in fields.items()}


def _alias(alias: object) -> str | None:
    """Return the property that an alias names: itself, or the first of its paths that is one step long."""
    if isinstance(alias, str):
        return alias
    paths = cast("list[object]", alias) if isinstance(alias, list) else []
    steps = [cast("list[object]", path if isinstance(path, list) else [path]) for path in paths]
    return next((str(path[0]) for path in steps if len(path) == 1), None)
