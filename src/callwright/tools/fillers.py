"""A filler: a null that strict mode makes a model send in place of nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from callwright._json import JsonObject, JsonValue
from callwright.tools.subschemas import admits_null, alternatives, as_list, constants_of, properties_of, required_of

__all__ = ["given"]


def given(values: JsonObject, parameters: JsonObject) -> JsonObject:
    """Return the arguments without the nulls that only say "not given" in strict mode.

    A null is left out where the property is optional and its own schema does not admit null.

    Args:
        values: What a model sent under `strict(parameters)`.
        parameters: The schema from which the strict one was made.

    Returns:
        What `parameters` describes; always a copy.
    """
    return _of_object(values, [parameters], parameters)


def _of(value: JsonValue, schemas: Sequence[JsonValue], root: JsonObject) -> JsonValue:
    """Return a value without fillers, at any depth.

    Args:
        value: Any part of the arguments.
        schemas: All that may describe it.
        root: Where references lead.
    """
    if not isinstance(value, Mapping | list | tuple):
        return value
    found = [one for schema in schemas for one in alternatives(schema, root)]
    if isinstance(value, Mapping):
        return _of_object(value, _fitting(value, found, root), root)
    rest = [one["items"] for one in found if "items" in one]
    fixed = [as_list(one.get("prefixItems")) for one in found]
    return [
        _of(item, [*(one[index] for one in fixed if index < len(one)), *rest], root) for index, item in enumerate(value)
    ]


def _of_object(value: JsonObject, schemas: Sequence[JsonObject], root: JsonObject) -> JsonObject:
    found = [one for schema in schemas for one in alternatives(schema, root)]
    kept: dict[str, JsonValue] = {}
    for key, item in value.items():
        known = [one for one in found if key in properties_of(one)]
        if item is not None or not known or not all(_is_filler(key, one, root) for one in known):
            kept[key] = _of(item, [properties_of(one)[key] for one in known], root)
    return kept


def _is_filler(key: str, schema: JsonObject, root: JsonObject) -> bool:
    """Whether null at a key can only mean that it was not given."""
    return key not in required_of(schema) and not admits_null(properties_of(schema)[key], root)


def _fitting(value: JsonObject, schemas: Sequence[JsonObject], root: JsonObject) -> list[JsonObject]:
    """Return which objects of a union the value may be: those with its very keys, as strict mode has it, if any."""
    found = [one for one in schemas if "properties" in one]
    if len(found) <= 1:
        return found
    same = [one for one in found if properties_of(one).keys() == value.keys()] or found
    return [one for one in same if not _is_excluded(value, one, root)] or same


def _is_excluded(value: JsonObject, schema: JsonObject, root: JsonObject) -> bool:
    """Whether a constant, which tells the members of a union apart, is another one."""
    for key, described in properties_of(schema).items():
        if value.get(key) is None:
            continue
        for one in alternatives(described, root):
            known = constants_of(one)
            if known and value[key] not in known:
                return True
    return False
