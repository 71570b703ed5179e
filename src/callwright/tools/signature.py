"""A signature: what a function takes, every annotation resolved and its context parameter found."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from keyword import iskeyword
from pathlib import Path
from types import GenericAlias
from typing import Annotated, Any, NotRequired, Required, Union, Unpack, cast, get_args, get_origin

import typing_extensions
from typing_extensions import ReadOnly, get_type_hints, is_typeddict

from callwright.errors import SchemaError
from callwright.tools.annotations import admits_none, is_context, is_field, resolve, without_text
from callwright.tools.doctypes import documented_type
from callwright.tools.guarded import is_guarded
from callwright.tools.outline import MISSING, NOTHING_BOUND, PLACES, Outline, Place, is_wire_name, outline

__all__ = ["ABSENT", "MISSING", "Outline", "Parameter", "Place", "Signature", "is_wire_name", "outline", "resolved"]

ABSENT: object = object()
"""The default of a parameter that may be left out and has none: a key of the typed dict behind `**options`."""

# Their defaults tell of the type of a parameter that has no annotation.
_TELLING = (bool, int, float, str, list, tuple, dict, set, frozenset, bytes, dt.date, dt.datetime, dt.timedelta, Path)
_UNPACK = (Unpack, typing_extensions.Unpack)
_QUALIFIERS: Mapping[object, bool | None] = {
    Required: True,
    typing_extensions.Required: True,
    NotRequired: False,
    typing_extensions.NotRequired: False,
    ReadOnly: None,
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function."""

    name: str
    place: Place
    annotation: object
    """The type of its value; of `*rest: T` that is `list[T]`, of `**others: T` it is `T`."""
    default: object = MISSING
    text: str | None = None
    """What its annotation says of it, as in `Annotated[str, "the city"]`."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes."""

    parameters: tuple[Parameter, ...]
    """What the model gives, in order, without `**others`."""
    others: Parameter | None
    """`**others`: what the model may give under names of its own."""
    context: str | None
    """The parameter that takes the run's context."""
    taken: frozenset[str]
    """Names that `**others` cannot have: of the context, of bound arguments, of `self`."""
    order: tuple[Parameter, ...]
    """Each parameter in the order of the definition, the context included."""
    untyped: tuple[str, ...] = ()
    """Parameters of which nobody says what they are; they take anything."""
    options: type | None = None
    """The typed dict behind `**options: Unpack[...]`, whose keys are parameters."""


def resolved(outline: Outline, types: Mapping[str, str] | None = None) -> Signature:
    """Return the signature with every name in its annotations resolved.

    A parameter without an annotation has the type that the docstring names, else that of its default, else any.
    `*rest` and `**others` without one are left out.

    Args:
        outline: What was read at the definition.
        types: Parameter name -> its type in the words of the docstring.

    Raises:
        SchemaError: A name is not defined, or more than one parameter takes the context.
    """
    read = _Reading(outline, types or {})
    for parameter in outline.parameters:
        read.take(parameter)
    return read.signature()


class _Reading:
    """Reads one parameter after the other."""

    def __init__(self, outline: Outline, types: Mapping[str, str]) -> None:
        self._outline = outline
        self._types = types
        self._given: list[Parameter] = []
        self._order: list[Parameter] = []
        self._contexts: list[str] = []
        self._untyped: list[str] = []
        self._others: Parameter | None = None
        self._options: type | None = None

    def take(self, parameter: inspect.Parameter) -> None:
        """Take the next parameter."""
        place = PLACES[parameter.kind]
        annotation = self._annotation(parameter, place)
        if annotation is MISSING:
            return
        if is_context(annotation):
            self._contexts.append(parameter.name)
            self._order.append(Parameter(parameter.name, place, annotation, parameter.default))
        elif place == "others" and get_origin(annotation) in _UNPACK:
            self._take_options(parameter.name, get_args(annotation)[0])
        else:
            self._take(_parameter(self._taken_as(parameter.name), place, annotation, parameter.default))

    def signature(self) -> Signature:
        """Return what was read.

        Raises:
            SchemaError: More than one parameter takes the context, or two have one name.
        """
        contexts, names = self._contexts, [parameter.name for parameter in self._given]
        if len(contexts) > 1:
            raise self._error(f"one parameter takes the context; got {' and '.join(contexts)}")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise self._error(f"{twice[0]!r} is a parameter, and a key of {self._options} again; rename one")
        parameters = tuple(self._given)
        return Signature(
            parameters=parameters,
            others=self._others,
            context=contexts[0] if contexts else None,
            # Shared, if nothing is taken, and if nothing else is in the order: of every tool one is kept.
            taken=self._outline.bound.union(contexts) or NOTHING_BOUND,
            order=parameters if self._order == self._given else tuple(self._order),
            untyped=tuple(self._untyped),
            options=self._options,
        )

    def _take(self, parameter: Parameter) -> None:
        self._order.append(parameter)
        if parameter.place == "others":
            self._others = parameter
        else:
            self._given.append(parameter)

    def _taken_as(self, name: str) -> str:
        """Return the name by which a value is given; models take some by names that no signature can hold."""
        infos: object = getattr(self._outline.kind, "__pydantic_fields__", None)
        info = cast("dict[str, object]", infos).get(name) if isinstance(infos, dict) else None
        alias = getattr(info, "validation_alias", None)
        is_lost = isinstance(alias, str) and (iskeyword(alias) or not alias.isidentifier())
        return cast("str", alias) if is_lost else name

    def _take_options(self, name: str, kind: object) -> None:
        """Take the keys of the typed dict behind `**options` as parameters."""
        owner = get_origin(kind) or kind
        if not isinstance(owner, type) or not is_typeddict(owner):
            raise self._error(f"Unpack[...] of parameter {name!r} takes a TypedDict; got {kind!r}")
        try:
            hints = get_type_hints(owner, include_extras=True)
        except Exception as error:  # annotations are the user's code
            raise self._error(f"the keys of {owner.__name__}, behind {name!r}, cannot be resolved ({error})") from error
        needed: frozenset[str] = getattr(owner, "__required_keys__", frozenset())
        for key, hint in hints.items():
            annotation, is_required = _unqualified(hint)
            is_required = key in needed if is_required is None else is_required
            self._take(_parameter(key, "keyword", annotation, MISSING if is_required else ABSENT))
        self._options = owner

    def _annotation(self, parameter: inspect.Parameter, place: Place) -> object:
        """Return the annotation of a parameter, or what stands for it; MISSING if it is to be left out."""
        annotation = parameter.annotation
        if annotation is MISSING:
            return MISSING if place in ("rest", "others") else self._guessed(parameter)
        if type(annotation) is type:
            return cast("object", annotation)
        try:
            return resolve(annotation, self._outline.scope)
        except Exception as error:  # annotations are the user's code
            if self._is_hidden(str(annotation), error):
                return MISSING if place in ("rest", "others") else self._guessed(parameter)
            raise self._error(
                f"the annotation {annotation!r} of parameter {parameter.name!r} cannot be resolved "
                f"({error}); its names must be defined in the function's module when the tool is first used"
            ) from error

    def _is_hidden(self, annotation: str, error: Exception) -> bool:
        """Whether what an annotation lacks is hidden from everybody but type checkers."""
        module: str = self._outline.scope.globals.get("__name__", "")
        if not isinstance(error, NameError):
            return is_guarded(module, annotation)
        return is_guarded(module, str(error.name)) or str(error.name) not in annotation

    def _guessed(self, parameter: inspect.Parameter) -> object:
        """Return the type that the docstring names, else that of the default, else any, which is noted."""
        named = documented_type(self._types.get(parameter.name, ""))
        if named is None:
            named = _type_of(parameter.default)
        if named is None and parameter.name == "ctx" and parameter.default is MISSING:
            raise self._error("parameter 'ctx' has no annotation; RunContext[...] if the run gives it")
        if named is None:
            self._untyped.append(parameter.name)
        return Any if named is None else named

    def _error(self, problem: str) -> SchemaError:
        return SchemaError(f"tool {self._outline.name!r}: {problem}")


def _type_of(default: object) -> object | None:
    """Return the type that a default tells of; None if it tells of none."""
    kind = type(default)
    return kind if kind in _TELLING or isinstance(default, Enum) else None


def _unqualified(annotation: object) -> tuple[object, bool | None]:
    """Return the type of a typed dict's key, and whether it says that the key is required."""
    is_required: bool | None = None
    while (origin := get_origin(annotation)) in _QUALIFIERS:
        said = _QUALIFIERS[origin]
        is_required = said if said is not None else is_required
        annotation = get_args(annotation)[0]
    if origin is Annotated:
        kind, *extras = get_args(annotation)
        kind, said = _unqualified(kind)
        return Annotated[(kind, *extras)], is_required if said is None else said
    return annotation, is_required


def _parameter(name: str, place: Place, annotation: object, default: object) -> Parameter:
    if is_field(default):
        # `x: int = Field(3)` is what people write in models, and means `x: Annotated[int, Field(3)]`.
        annotation, default = Annotated[annotation, default], MISSING
    annotation, text = (annotation, None) if type(annotation) is type else without_text(annotation)
    if default is None and not admits_none(annotation):
        annotation = Union[annotation, None]  # noqa: UP007 - a forward reference knows no `|`
    if place == "rest":
        annotation, default = GenericAlias(list, (annotation,)), ()
    return Parameter(name, place, annotation, default, text)
