"""A leaf type: one of the commonest annotations, made into a schema without pydantic, which takes 40 times as long."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from enum import Enum, Flag
from inspect import cleandoc
from types import MethodType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, Union, cast, get_args, get_origin

from pydantic_core import CoreSchema, core_schema
from typing_extensions import Doc

from callwright._json import JsonObject, JsonValue

__all__ = ["Leaf", "leaf"]


class Leaf(NamedTuple):
    """What validates a value, and how it is described: what pydantic makes of the same type, without titles."""

    core: CoreSchema
    described: JsonObject


_Maker: TypeAlias = Callable[[tuple[object, ...]], Leaf | None]

_ANY = Leaf(core_schema.any_schema(), {})
_NONE = Leaf(core_schema.none_schema(), {"type": "null"})
_ATOMS: Mapping[object, Leaf] = {
    str: Leaf(core_schema.str_schema(), {"type": "string"}),
    int: Leaf(core_schema.int_schema(), {"type": "integer"}),
    float: Leaf(core_schema.float_schema(), {"type": "number"}),
    bool: Leaf(core_schema.bool_schema(), {"type": "boolean"}),
    type(None): _NONE,
    None: _NONE,
    Any: _ANY,
    object: _ANY,
}
_WORDS: Mapping[type, str] = {str: "string", int: "integer", bool: "boolean", type(None): "null"}


def leaf(annotation: object) -> Leaf | None:
    """Return the leaf of a type; None if it is not one, and pydantic must say.

    Leaves are str, int, float, bool, None and Any; literals of str, int, bool and None; enums whose values are all
    str or all int; lists and str-keyed dicts of leaves, by any of their abstract names; unions of leaves; all of
    these `Annotated` with texts.

    Args:
        annotation: A type in which every name is resolved.
    """
    try:
        atom = _ATOMS.get(annotation)
    except TypeError:  # not hashable, so nothing that is known here
        return None
    if atom is not None:
        return atom
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _enum(annotation)
    make = _MAKERS.get(cast("object", get_origin(annotation) or annotation))
    return None if make is None else make(get_args(annotation))


def _list(arguments: tuple[object, ...]) -> Leaf | None:
    items = leaf(arguments[0]) if arguments else _ANY
    return items and Leaf(core_schema.list_schema(items.core), {"type": "array", "items": items.described})


def _dict(arguments: tuple[object, ...]) -> Leaf | None:
    keys, values = arguments or (Any, Any)
    leaf_of_values = leaf(values) if keys is str or not arguments else None
    if leaf_of_values is None:
        return None
    core = core_schema.dict_schema(_ATOMS[keys].core, leaf_of_values.core)
    return Leaf(core, {"type": "object", "additionalProperties": leaf_of_values.described or True})


def _union(arguments: tuple[object, ...]) -> Leaf | None:
    found = [leaf(argument) for argument in arguments]
    members = [member for member in found if member is not None and member is not _NONE]
    if None in found or any("anyOf" in member.described for member in members):
        return None  # a union inside `Annotated` stays one member of this one
    core = members[0].core
    if len(members) > 1:
        core = core_schema.union_schema([member.core for member in members])
    described = [member.described for member in members]
    if _NONE in found:
        core = core_schema.nullable_schema(core)
        described.append(_NONE.described)
    different = [schema for index, schema in enumerate(described) if schema not in described[:index]]
    return Leaf(core, {"anyOf": different}) if len(different) > 1 else None


def _literal(arguments: tuple[object, ...]) -> Leaf | None:
    kinds = {type(value) for value in arguments}
    if not kinds <= _WORDS.keys():
        return None
    described: dict[str, JsonValue] = {"type": _WORDS[kinds.pop()]} if len(kinds) == 1 else {}
    values = cast("tuple[JsonValue, ...]", arguments)  # of a kind that has a word
    described |= {"const": values[0]} if len(values) == 1 else {"enum": list(values)}
    return Leaf(core_schema.literal_schema(list(arguments)), described)


def _enum(kind: type[Enum]) -> Leaf | None:
    members = list(kind.__members__.values())
    values: list[str | int] = [member.value for member in members]
    # Aliases, flags and enums that take other values than their own follow rules that are pydantic's to know.
    is_plain = {type(value) for value in values} in ({str}, {int}) and len(set(values)) == len(values)
    finds_others = cast("MethodType", kind._missing_).__func__ is not cast("MethodType", Enum._missing_).__func__
    if not is_plain or finds_others or issubclass(kind, Flag) or hasattr(kind, "__get_pydantic_core_schema__"):
        return None
    sub_type: Literal["str", "int"] | None = (
        "str" if issubclass(kind, str) else "int" if issubclass(kind, int) else None
    )
    described: dict[str, JsonValue] = {"type": _WORDS[type(values[0])], "enum": list(values)}
    if kind.__doc__ and kind.__doc__ != "An enumeration.":  # what Python 3.11 says of an enum that says nothing
        described["description"] = cleandoc(kind.__doc__)
    return Leaf(core_schema.enum_schema(kind, members, sub_type=sub_type), described)


def _annotated(arguments: tuple[object, ...]) -> Leaf | None:
    is_described = all(isinstance(extra, str | Doc) for extra in arguments[1:])
    return leaf(arguments[0]) if is_described else None


_MAKERS: Mapping[object, _Maker] = {
    list: _list,
    Sequence: _list,
    MutableSequence: _list,
    dict: _dict,
    Mapping: _dict,
    MutableMapping: _dict,
    Union: _union,
    UnionType: _union,
    Literal: _literal,
    Annotated: _annotated,
}
