"""A form: what the object of one function's arguments must look like, as a JSON Schema and as a validator."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import NoneType
from typing import TYPE_CHECKING, Any, Union, cast, get_args, get_origin

from pydantic_core import CoreConfig, CoreSchema, SchemaValidator, core_schema
from typing_extensions import TypedDict

from callwright._json import JsonObject, JsonValue
from callwright.errors import SchemaError
from callwright.tools.annotations import UNIONS
from callwright.tools.docstrings import DocstringWarning
from callwright.tools.leaftypes import Leaf, leaf
from callwright.tools.outline import MISSING
from callwright.tools.signature import Parameter, Signature
from callwright.tools.whole import core_of_whole, schema_of_whole, whole_parameter

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["Form", "form", "form_of_leaves", "form_of_types"]


@dataclass(frozen=True, slots=True)
class Form:
    """What the object of one function's arguments must look like."""

    schema: JsonObject
    """The JSON Schema; no titles, no defaults, no texts but those of the types themselves."""
    validator: Callable[[], SchemaValidator]
    """Makes what gives the values; absent arguments stay absent."""
    parameters: tuple[Parameter, ...]
    """What the properties are, in order; those of a function without those that no JSON can give."""
    whole: str | None = None
    """The parameter that takes the whole object; then the properties are its fields."""
    is_of_leaves: bool = False


def form(name: str, signature: Signature) -> Form:
    """Return the form of a function's arguments, without pydantic if that can be.

    Args:
        name: The function's, for errors.
        signature: What the function takes.

    Raises:
        SchemaError: An annotation has no JSON Schema.
    """
    return form_of_leaves(name, signature) or form_of_types(name, signature)


def form_of_leaves(name: str, signature: Signature) -> Form | None:
    """Return the form of arguments that are all leaves, in some 20 microseconds; None if one is not."""
    properties: dict[str, JsonValue] = {}
    for parameter in signature.parameters:
        found = leaf(parameter.annotation)
        if found is None:
            return None
        properties[parameter.name] = found.described
    others = leaf(signature.others.annotation) if signature.others else None
    if signature.others and others is None:
        return None
    required = [parameter.name for parameter in signature.parameters if parameter.default is MISSING]
    schema = _object(properties, required, (others.described or True) if others else False)
    # Made anew: kept, the leaves would be half of what a tool takes of memory, and most tools are never called.
    return Form(schema, lambda: _validator_of_leaves(name, signature), signature.parameters, is_of_leaves=True)


def _validator_of_leaves(name: str, signature: Signature) -> SchemaValidator:
    fields = {
        parameter.name: core_schema.typed_dict_field(
            cast("Leaf", leaf(parameter.annotation)).core, required=parameter.default is MISSING
        )
        for parameter in signature.parameters
    }
    others = leaf(signature.others.annotation) if signature.others else None
    core = core_schema.typed_dict_schema(
        fields,
        cls_name=name,
        extra_behavior="allow" if others else "forbid",
        extras_schema=others.core if others else None,
        config=CoreConfig(title=name, allow_inf_nan=False),
    )
    return SchemaValidator(core)


def form_of_types(name: str, signature: Signature) -> Form:
    """Return the form of arguments of any type that pydantic knows, in about a millisecond.

    Of a parameter's alternatives those count that JSON can give; if it has none, and a default, it is left out with a
    warning.

    Raises:
        SchemaError: An annotation has no JSON Schema.
    """
    # 60 ms, which only a tool with such types needs to pay.
    from callwright.tools.described import DescribedSchema  # noqa: PLC0415

    try:
        adapter = _adapter(name, signature)
        schema = adapter.json_schema(schema_generator=DescribedSchema)
    except Exception as error:  # noqa: BLE001 - annotations are the user's code
        # Kept, whatever it is of: made again, it would warn again.
        return replace(form(name, _knowable(name, signature, error)), is_of_leaves=False)
    tidy = cast("dict[str, Any]", _tidied(schema, _enums(schema)))  # a schema of an object stays one
    whole = _object(tidy.get("properties", {}), tidy.get("required", []), tidy["additionalProperties"])
    if definitions := tidy.get("$defs"):
        whole["$defs"] = definitions
    sole = whole_parameter(signature)
    flat = schema_of_whole(whole) if sole else None
    core = core_of_whole(adapter.core_schema, sole.name) if sole and flat else None
    if sole is not None and flat is not None and core is not None:
        return Form(flat, lambda: _validator_of_whole(name, core), signature.parameters, whole=sole.name)
    validator = lambda: cast("SchemaValidator", adapter.validator)  # noqa: E731 - or a plugin's that is used like it
    return Form(whole, validator, signature.parameters)


def _adapter(name: str, signature: Signature) -> TypeAdapter[object]:
    from pydantic import ConfigDict, TypeAdapter  # noqa: PLC0415 - as above

    fields = {parameter.name: parameter.annotation for parameter in signature.parameters}
    # PEP 728, and not pydantic's `extra="forbid"`, which typed dicts and dataclasses within would inherit.
    extras: dict[str, object] = {"extra_items": signature.others.annotation} if signature.others else {"closed": True}
    make = cast("Callable[..., Any]", TypedDict)  # type checkers want every key of it written down
    kind = make(name, fields, **extras)
    # Not by `Required[...]`: typing keeps those by equality, for which `Literal[1, 2]` and `Literal[2, 1]` are one.
    kind.__required_keys__ = frozenset(p.name for p in signature.parameters if p.default is MISSING)
    kind.__optional_keys__ = fields.keys() - kind.__required_keys__
    kind.__pydantic_config__ = ConfigDict(allow_inf_nan=False, validate_by_name=True, validate_by_alias=True)
    return TypeAdapter[object](kind)


def _validator_of_whole(name: str, core: CoreSchema) -> SchemaValidator:
    config = CoreConfig(title=name, allow_inf_nan=False)
    try:
        # A model's own validator, which would be taken in place of this one, lets misspelt keys through.
        return SchemaValidator(core, config, _use_prebuilt=False)
    except TypeError:  # before pydantic 2.13
        return SchemaValidator(core, config)


def _object(properties: JsonValue, required: JsonValue, others: JsonValue) -> dict[str, JsonValue]:
    whole: dict[str, JsonValue] = {"type": "object", "properties": properties}
    if required:
        whole["required"] = required
    return whole | {"additionalProperties": others}


def _knowable(name: str, signature: Signature, error: Exception) -> Signature:
    """Return a signature without the alternatives, and the parameters with a default, that JSON cannot give.

    Raises:
        SchemaError: A parameter is left without a type, or JSON can give all of them.
    """
    kept: list[Parameter] = []
    for parameter in signature.parameters:
        annotation = _given_by_json(parameter.annotation)
        if annotation is not None:
            kept.append(parameter if annotation is parameter.annotation else replace(parameter, annotation=annotation))
        elif parameter.default is MISSING:
            culprit = f"the annotation {parameter.annotation!r} of parameter {parameter.name!r}"
            message = f"tool {name!r}: {culprit} has no JSON Schema: {_first_line(error)}"
            raise SchemaError(f"{message}; bind it by functools.partial, or let a RunContext carry it") from error
    others = signature.others if signature.others and _given_by_json(signature.others.annotation) is not None else None
    if tuple(kept) == signature.parameters and others is signature.others:
        raise SchemaError(f"tool {name!r}: an annotation has no JSON Schema: {_first_line(error)}") from error
    lost = {parameter.name for parameter in signature.parameters} - {parameter.name for parameter in kept}
    if lost:
        words = f"tool {name!r}: no model will be told of {', '.join(sorted(lost))}, which no JSON can give"
        warnings.warn(words, DocstringWarning, stacklevel=2)
    return replace(signature, parameters=tuple(kept), others=others)


def _given_by_json(annotation: object) -> object | None:
    """Return the type without the alternatives that have no JSON Schema; None if nothing but None is left."""
    if _has_schema(annotation):
        return annotation
    members = [member for member in get_args(annotation) if get_origin(annotation) in UNIONS and _has_schema(member)]
    if all(member is NoneType for member in members):
        return None
    return cast("object", cast("Any", Union)[tuple(members)])


def _has_schema(annotation: object) -> bool:
    from pydantic import TypeAdapter  # noqa: PLC0415 - as above

    try:
        TypeAdapter[object](cast("Any", annotation)).json_schema()
    except Exception:  # noqa: BLE001 - annotations are the user's code
        return False
    return True


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


_SCALARS = ("string", "integer", "number", "boolean")
_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs"})
_VALUES = frozenset({"default", "const", "enum", "examples", "required", "discriminator"})


def _enums(schema: Mapping[str, Any]) -> dict[str, JsonObject]:
    """Return the definitions that hold no others, such as enums, by reference; they are plainer in place."""
    definitions: dict[str, dict[str, JsonValue]] = schema.get("$defs", {})
    return {
        f"#/$defs/{name}": found
        for name, found in definitions.items()
        if "enum" in found or "const" in found or found.get("type") in _SCALARS
    }


def _tidied(schema: JsonValue, enums: Mapping[str, JsonObject], made_up: str | None = None) -> JsonValue:
    """Return a schema with the enums in place, and without the titles that pydantic makes up.

    Args:
        schema: A schema, or a list of schemas.
        enums: The definitions to put in place of references.
        made_up: The title that pydantic makes up here; None if it is any.
    """
    if isinstance(schema, list):
        return [_tidied(item, enums) for item in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference in enums:
        inlined = {**enums[reference], **schema}
        schema = {key: value for key, value in inlined.items() if key not in ("$ref", "title")}
    tidy: dict[str, JsonValue] = {}
    for key, value in schema.items():
        if key in _MAPS and isinstance(value, dict):
            left = {name: item for name, item in value.items() if f"#/{key}/{name}" not in enums}
            tidy[key] = {name: _tidied(item, enums, _made_up(key, name, item)) for name, item in left.items()}
        elif key != "title" or (made_up is not None and value != made_up):
            tidy[key] = value if key in _VALUES else _tidied(value, enums)
    return tidy


def _made_up(key: str, name: str, schema: JsonValue) -> str:
    """Return the title that pydantic makes up for a property, or for a definition."""
    if key == "properties" or not isinstance(schema, dict):
        return name.title().replace("_", " ").strip()
    title = str(schema.get("title", ""))
    # Definitions are named after their class, `Box_int_` after `Box[int]`, and after its module if need be.
    return title if name.endswith(re.sub(r"[^A-Za-z0-9._-]", "_", title)) else ""
