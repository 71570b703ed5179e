"""An annotation: its names resolved, and the texts in it told from the type."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Mapping
from contextlib import suppress
from types import CodeType, GenericAlias, NoneType, SimpleNamespace, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ForwardRef,
    Literal,
    NamedTuple,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from typing_extensions import Doc

from callwright._json import JsonObject, JsonValue
from callwright.tools.guarded import guarded_names

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = [
    "UNIONS",
    "Scope",
    "admits_none",
    "is_context",
    "is_field",
    "resolve",
    "text_of",
    "texts_placed",
    "without_text",
]

UNIONS = (Union, UnionType)


class Scope(NamedTuple):
    """Where the names in annotations are looked up."""

    globals: dict[str, Any]
    enclosed: Mapping[str, Any]
    """The variables of enclosing functions that the function uses, and its type parameters; they come first."""
    owner: Mapping[str, Any]
    """The namespace of the class of a method; it comes last."""


def resolve(annotation: object, scope: Scope) -> object:
    """Return an annotation in which every name is resolved.

    Raises:
        Exception: A name is not defined, or the annotation cannot be evaluated.
    """
    try:
        return _evaluated(annotation, scope)
    except Exception as error:  # annotations are the user's code
        context = _named_context(annotation, scope)
        if context is not None:
            return context
        if not isinstance(error, NameError):
            raise
    names = guarded_names(scope.globals.get("__name__", ""), str(annotation))
    more = scope._replace(owner={**scope.owner, **names})
    try:
        return _evaluated(annotation, more)
    except NameError as error:
        known = _known_part(annotation, more, error)
        if known is None:
            raise
        return known


def _known_part(annotation: object, scope: Scope, error: NameError) -> object | None:
    """Return as much of what an annotation means as is known; None if nothing is.

    A type that another module gives a name to may hold names that are known there only, if at all: of a union of such
    types those that are known count. What is written in the annotation itself must be known.
    """
    if not isinstance(annotation, str) or re.search(rf"\b{error.name}\b", annotation):
        return None
    members: list[object] = []
    for member in get_args(_written(annotation, scope)):
        with suppress(Exception):  # annotations are the user's code
            members.append(_evaluated(member, scope))
    is_some = any(member is not NoneType for member in members)
    return cast("object", cast("Any", Union)[tuple(members)]) if is_some else None


def _evaluated(annotation: object, scope: Scope) -> object:
    """Return an annotation in which every name is resolved."""
    annotation = _written(annotation, scope) if isinstance(annotation, str) else annotation
    if type(annotation).__name__ == "InitVar":  # of a dataclass
        return _evaluated(cast("Any", annotation).type, scope)
    if not _has_names(annotation):
        return NoneType if annotation is None else annotation
    holder = SimpleNamespace(__annotations__={"_": annotation})
    return get_type_hints(holder, scope.globals, {**scope.owner, **scope.enclosed}, include_extras=True)["_"]


def _written(annotation: str, scope: Scope) -> object:
    """Return what an annotation stands for that is written as a text; names within it may be texts still."""
    code = _compiled(annotation)
    try:
        return eval(code, scope.globals, scope.enclosed)  # noqa: S307 - as the interpreter would have done
    except NameError:
        return eval(code, scope.globals, {**scope.owner, **scope.enclosed})  # noqa: S307


@functools.lru_cache(maxsize=1024)
def _compiled(text: str) -> CodeType:
    return compile(text.strip(), "<annotation>", "eval")


def _named_context(annotation: object, scope: Scope) -> object:
    """Return the context that an annotation names which cannot be resolved; None if it names none.

    In `RunContext[Database]`, `Database` is often imported for type checkers only, and nobody here needs it.
    """
    for name in re.findall(r"[^\W\d][\w.]*", annotation) if isinstance(annotation, str) else ():
        with suppress(Exception):  # annotations are the user's code
            found = _evaluated(name, scope)
            if is_context(found):
                return found
    return None


def _has_names(annotation: object) -> bool:
    """Whether a text somewhere in an annotation stands for a type."""
    if isinstance(annotation, str | ForwardRef):
        return True
    origin = get_origin(annotation)
    if origin is None or origin is Literal:
        return False
    arguments = get_args(annotation)
    return any(_has_names(item) for item in (arguments[:1] if origin is Annotated else arguments))


def is_context(annotation: object) -> bool:
    """Whether a parameter with this annotation takes the run's context."""
    # Most annotations are plain classes, and `get_origin` takes its time.
    origin = None if type(annotation) is type else get_origin(annotation)
    if origin is Annotated or origin in UNIONS:
        return any(is_context(argument) for argument in get_args(annotation))
    kind = origin or annotation
    return isinstance(kind, type) and getattr(kind, "__callwright_context__", False) is True


def without_text(annotation: object) -> tuple[object, str | None]:
    """Return an annotation without the text that describes all of it, and that text."""
    if type(annotation) is type or type(annotation) is GenericAlias:
        return annotation, None
    if get_origin(annotation) is not Annotated:
        return annotation, text_of(annotation)
    kind, *extras = get_args(annotation)
    kept = [extra for extra in extras if not _said(extra)[1]]
    return (Annotated[(kind, *kept)] if kept else kind), text_of(annotation)


def text_of(annotation: object) -> str | None:
    """Return the text that describes all of a type: its first one, or the only one in a union or behind a name."""
    if type(annotation) is type or type(annotation) is GenericAlias:
        return None
    origin = get_origin(annotation)
    if origin is Annotated:
        kind, *extras = get_args(annotation)
        return next(filter(None, (_said(extra)[0] for extra in extras)), None) or text_of(kind)
    if origin in UNIONS:
        texts = {text for text in map(text_of, get_args(annotation)) if text}
        return texts.pop() if len(texts) == 1 else None
    if type(annotation).__name__ == "TypeAliasType":  # of typing or of typing_extensions
        with suppress(Exception):  # its value is the user's code
            return text_of(cast("Any", annotation).__value__)
    return None


def texts_placed(annotation: object, schema: JsonObject) -> JsonObject:
    """Return the schema of a type with every text in the type at its place.

    Args:
        annotation: Resolved; of `list[Annotated[str, "a city"]]` the items get a description.
        schema: What was made of it, without the texts; not changed.
    """
    if _is_bare(annotation):
        return schema
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        schema = texts_placed(arguments[0], schema)
    elif origin in UNIONS:
        schema = _placed_in_union(arguments, schema)
    elif isinstance(origin, type):
        schema = _placed_in_items(origin, arguments, schema)
    text = text_of(annotation)
    return {**schema, "description": text} if text else schema


def _is_bare(annotation: object) -> bool:
    """Whether there can be no text in a type, as far as can be told at once."""
    if isinstance(annotation, GenericAlias | UnionType):
        return all(map(_is_bare, annotation.__args__))
    return type(annotation) is type or annotation is Ellipsis or get_origin(annotation) is Literal


def _placed_in_union(arguments: tuple[object, ...], schema: JsonObject) -> JsonObject:
    members = schema.get("anyOf")
    kinds = sorted(arguments, key=lambda kind: kind is NoneType)  # null comes last, wherever None stands
    if not isinstance(members, list) or len(members) != len(kinds):
        return schema
    is_shared = len({text for text in map(text_of, kinds) if text}) == 1
    placed: list[JsonValue] = []
    for kind, member in zip(kinds, cast("list[JsonObject]", members), strict=True):
        found = texts_placed(without_text(kind)[0] if is_shared else kind, member)
        placed.append(found)
    return {**schema, "anyOf": placed} if placed != members else schema


def _placed_in_items(origin: type, arguments: tuple[object, ...], schema: JsonObject) -> JsonObject:
    """Return the schema of a list, tuple or dict with the texts in its arguments."""
    if issubclass(origin, tuple) and arguments[-1:] != (...,):
        items = schema.get("prefixItems")
        if not isinstance(items, list) or len(items) != len(arguments):
            return schema
        pairs = zip(arguments, cast("list[JsonObject]", items), strict=True)
        return {**schema, "prefixItems": [texts_placed(kind, item) for kind, item in pairs]}
    key = "additionalProperties" if issubclass(origin, Mapping) else "items"
    if not arguments or key not in schema:
        return schema
    found = schema[key]
    held: JsonObject = found if isinstance(found, Mapping) else {}
    placed = texts_placed(arguments[-1] if key != "items" else arguments[0], held)
    return {**schema, key: placed} if placed != held else schema


def _said(extra: object) -> tuple[str | None, bool]:
    """Return what an annotation's extra says of the parameter, and whether that is all it says."""
    match extra:
        case str():
            return inspect.cleandoc(extra), True
        case Doc():
            return inspect.cleandoc(extra.documentation), True
        case _ if is_field(extra):
            return _said_by_field(cast("FieldInfo", extra))
        case _:
            return None, False


def _said_by_field(field: FieldInfo) -> tuple[str | None, bool]:
    said = {name for name, _ in field.__repr_args__()}
    return field.description, said <= {"annotation", "required", "description"}


def is_field(value: object) -> bool:
    """Whether a value is a pydantic `Field(...)`; told by name, since pydantic need not be loaded."""
    kind = type(value)
    return kind.__name__ == "FieldInfo" and kind.__module__ == "pydantic.fields"


def admits_none(annotation: object) -> bool:
    """Whether None is a value of the type."""
    if annotation in (None, NoneType, Any, object):
        return True
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return admits_none(arguments[0])
    return (origin is Literal and None in arguments) or (origin in UNIONS and any(map(admits_none, arguments)))
