"""A signature: what a function takes, its types resolved and its context parameter found."""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, is_dataclass
from types import CodeType, GenericAlias, MethodType, NoneType, SimpleNamespace, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ForwardRef,
    Literal,
    NamedTuple,
    TypeAlias,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from typing_extensions import Doc

from callwright.errors import SchemaError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = ["MISSING", "Outline", "Parameter", "Place", "Scope", "Signature", "is_wire_name", "outline", "resolved"]

Place: TypeAlias = Literal["positional", "any", "rest", "keyword", "others"]
"""Where a value goes: before the `/`, anywhere, into `*rest`, behind the `*`, into `**others`."""

MISSING: object = inspect.Parameter.empty
"""The default of a parameter that has none."""

_LONGEST_NAME = 64
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")

_SPECIAL = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR | inspect.CO_COROUTINE
_UNIONS = (Union, UnionType)
_PLACES: Mapping[object, Place] = {
    inspect.Parameter.POSITIONAL_ONLY: "positional",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "any",
    inspect.Parameter.VAR_POSITIONAL: "rest",
    inspect.Parameter.KEYWORD_ONLY: "keyword",
    inspect.Parameter.VAR_KEYWORD: "others",
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
    order: tuple[tuple[str, Place, object], ...]
    """Name, place and default of each parameter in the order of the definition, the context included."""


class Scope(NamedTuple):
    """Where the names in annotations are looked up."""

    globals: dict[str, Any]
    enclosed: Mapping[str, Any]
    """The variables of enclosing functions that the function uses, and its type parameters; they come first."""
    owner: Mapping[str, Any]
    """The namespace of the class of a method; it comes last."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What can be read off a function before the names in its annotations have a meaning."""

    name: str
    """Its name in the charset of the wire."""
    is_async: bool
    is_generator: bool
    """Whether it is a `def` with a `yield`, or wraps one."""
    is_async_generator: bool
    """Whether it is an `async def` with a `yield`, or wraps one."""
    docs: tuple[str, ...]
    """Its docstring; of a class also the one of `__init__`."""
    code: CodeType | None
    """Where it is defined."""
    parameters: tuple[inspect.Parameter, ...]
    bound: frozenset[str]
    """Names of parameters that have their value already."""
    scope: Scope


def outline(function: Callable[..., object]) -> Outline:
    """Return what can be read off a function at its definition.

    Args:
        function: A function, a method, a class, a `functools.partial` (what it binds is hidden from the model), or
            an object with `__call__`.

    Raises:
        SchemaError: It has no signature, or a parameter without an annotation.
    """
    if not callable(function):
        raise SchemaError(f"a tool is a function, or something else that can be called; got {function!r}")
    target, docs = _target(function)
    name = _wire_name(function, target)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError, NameError) as error:
        raise SchemaError(f"tool {name!r}: its signature cannot be read: {error}") from error
    bound = frozenset(_bound_names(function))
    parameters = tuple(p for p in signature.parameters.values() if p.name not in bound)
    for parameter in parameters:
        if parameter.annotation is MISSING:
            raise SchemaError(
                f"tool {name!r}: parameter {parameter.name!r} has no annotation; "
                "annotate it, or bind its value by functools.partial"
            )
    is_async = _is_async(function)
    is_generator, is_async_generator = (False, False) if is_async else _yields(function)
    return Outline(
        name=name,
        is_async=is_async,
        is_generator=is_generator,
        is_async_generator=is_async_generator,
        docs=docs,
        code=getattr(target, "__code__", None),
        parameters=parameters,
        bound=bound,
        scope=_scope(function, target),
    )


def resolved(outline: Outline) -> Signature:
    """Return the signature with every name in its annotations resolved.

    Raises:
        SchemaError: A name is not defined, or more than one parameter takes the context.
    """
    parameters: list[Parameter] = []
    order: list[tuple[str, Place, object]] = []
    contexts: list[str] = []
    for parameter in outline.parameters:
        order.append((parameter.name, _PLACES[parameter.kind], parameter.default))
        annotation = _resolve(parameter, outline)
        if _is_context(annotation):
            contexts.append(parameter.name)
        else:
            parameters.append(_parameter(parameter, annotation))
    if len(contexts) > 1:
        raise SchemaError(f"tool {outline.name!r}: one parameter takes the context; got {' and '.join(contexts)}")
    others = parameters.pop() if parameters and parameters[-1].place == "others" else None
    return Signature(
        parameters=tuple(parameters),
        others=others,
        context=contexts[0] if contexts else None,
        taken=outline.bound.union(contexts),
        order=tuple(order),
    )


def is_wire_name(name: str) -> bool:
    """Whether services take it for the name of a function: 1 to 64 of `A-Z a-z 0-9 _ -`."""
    return 0 < len(name) <= _LONGEST_NAME and _NOT_IN_NAMES.search(name) is None


def _is_async(function: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _yields(function: object) -> tuple[bool, bool]:
    """Return whether a function, or else what it wraps, is a generator and an async generator function."""
    while True:
        while isinstance(function, functools.partial | MethodType):
            bound = cast("functools.partial[object] | MethodType", function)
            function = bound.func if isinstance(bound, functools.partial) else bound.__func__
        code = getattr(function, "__code__", None)
        wrapped = getattr(function, "__wrapped__", None)
        if code is None and wrapped is None:
            code = getattr(inspect.unwrap(type(function).__call__), "__code__", None)
        flags = code.co_flags if isinstance(code, CodeType) else 0
        if flags & _SPECIAL or wrapped is None:
            return bool(flags & inspect.CO_GENERATOR), bool(flags & inspect.CO_ASYNC_GENERATOR)
        function = wrapped


def _bound_names(function: object) -> Iterator[str]:
    """Yield the names of parameters that have their value already, and yet could be given by keyword."""
    if isinstance(function, functools.partial):
        partial = cast("functools.partial[object]", function)
        yield from partial.keywords
        yield from tuple(inspect.signature(partial.func).parameters)[: len(partial.args)]
        yield from _bound_names(partial.func)
    elif isinstance(function, MethodType):
        code: CodeType | None = getattr(function.__func__, "__code__", None)
        if code is not None and code.co_argcount > code.co_posonlyargcount:
            yield code.co_varnames[0]


def _target(function: Callable[..., object]) -> tuple[object, tuple[str, ...]]:
    """Return the function or class that was written down, and its docstrings."""
    while isinstance(function, functools.partial):
        function = cast("functools.partial[object]", function).func
    function = inspect.unwrap(function)
    if isinstance(function, MethodType):
        function = inspect.unwrap(function.__func__)
    if isinstance(function, type):
        written = cast("type[object]", function)
        # What a dataclass says of itself unasked repeats its signature.
        is_made_up = is_dataclass(written) and (written.__doc__ or "").startswith(f"{written.__name__}(")
        return written, _docs(None if is_made_up else written, vars(written).get("__init__"))
    call = type(function).__call__
    if hasattr(function, "__code__") or not hasattr(call, "__code__"):
        return function, _docs(function)
    return call, _docs(call) or _docs(type(function))


def _docs(*written: object) -> tuple[str, ...]:
    return tuple(item.__doc__ for item in written if item is not None and item.__doc__)


def _scope(function: object, target: object) -> Scope:
    module = sys.modules.get(getattr(target, "__module__", ""))
    names: dict[str, Any] = getattr(target, "__globals__", None) or (vars(module) if module else {})
    enclosed = {parameter.__name__: parameter for parameter in getattr(target, "__type_params__", ())}
    code, cells = getattr(target, "__code__", None), getattr(target, "__closure__", None)
    for name, cell in zip(code.co_freevars, cells, strict=True) if code and cells else ():
        with suppress(ValueError):  # not assigned yet
            enclosed[name] = cell.cell_contents
    instance = getattr(function, "__self__", None)
    owner = instance if isinstance(instance, type) else type(instance)
    return Scope(names, enclosed, {} if instance is None else vars(owner))


def _resolve(parameter: inspect.Parameter, outline: Outline) -> object:
    annotation = parameter.annotation
    if type(annotation) is type:
        return annotation
    try:
        return _evaluated(annotation, outline.scope)
    except Exception as error:  # annotations are the user's code
        context = _named_context(annotation, outline.scope)
        if context is not None:
            return context
        raise SchemaError(
            f"tool {outline.name!r}: the annotation {annotation!r} of parameter {parameter.name!r} cannot be resolved "
            f"({error}); its names must be defined in the function's module when the tool is first used"
        ) from error


def _evaluated(annotation: object, scope: Scope) -> object:
    """Return an annotation in which every name is resolved."""
    if isinstance(annotation, str):
        code = _compiled(annotation)
        try:
            annotation = eval(code, scope.globals, scope.enclosed)  # noqa: S307 - as the interpreter would have done
        except NameError:
            annotation = eval(code, scope.globals, {**scope.owner, **scope.enclosed})  # noqa: S307
    if not _has_names(annotation):
        return NoneType if annotation is None else annotation
    holder = SimpleNamespace(__annotations__={"_": annotation})
    return get_type_hints(holder, scope.globals, {**scope.owner, **scope.enclosed}, include_extras=True)["_"]


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
            if _is_context(found):
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


def _is_context(annotation: object) -> bool:
    # Most annotations are plain classes, and `get_origin` takes its time.
    origin = None if type(annotation) is type else get_origin(annotation)
    if origin is Annotated or origin in _UNIONS:
        return any(_is_context(argument) for argument in get_args(annotation))
    kind = origin or annotation
    return isinstance(kind, type) and getattr(kind, "__callwright_context__", False) is True


def _parameter(parameter: inspect.Parameter, annotation: object) -> Parameter:
    place, default = _PLACES[parameter.kind], parameter.default
    if _is_field(default):
        # `x: int = Field(3)` is what people write in models, and means `x: Annotated[int, Field(3)]`.
        annotation, default = Annotated[annotation, default], MISSING
    annotation, text = (annotation, None) if type(annotation) is type else _without_text(annotation)
    if default is None and not _admits_none(annotation):
        annotation = Union[annotation, None]  # noqa: UP007 - a forward reference knows no `|`
    if place == "rest":
        annotation, default = GenericAlias(list, (annotation,)), ()
    return Parameter(parameter.name, place, annotation, default, text)


def _without_text(annotation: object) -> tuple[object, str | None]:
    """Return an annotation without the texts that describe it, and the first of them."""
    if get_origin(annotation) in _UNIONS:
        found = (_without_text(argument)[1] for argument in get_args(annotation))
        return annotation, next(filter(None, found), None)
    if get_origin(annotation) is not Annotated:
        return annotation, None
    kind, *extras = get_args(annotation)
    text: str | None = None
    kept: list[object] = []
    for extra in extras:
        said, is_all = _said(extra)
        text = text or said
        if not is_all:
            kept.append(extra)
    return (Annotated[(kind, *kept)] if kept else kind), text


def _said(extra: object) -> tuple[str | None, bool]:
    """Return what an annotation's extra says of the parameter, and whether that is all it says."""
    match extra:
        case str():
            return inspect.cleandoc(extra), True
        case Doc():
            return inspect.cleandoc(extra.documentation), True
        case _ if _is_field(extra):
            return _said_by_field(cast("FieldInfo", extra))
        case _:
            return None, False


def _said_by_field(field: FieldInfo) -> tuple[str | None, bool]:
    said = {name for name, _ in field.__repr_args__()}
    return field.description, said <= {"annotation", "required", "description"}


def _is_field(value: object) -> bool:
    """Whether a value is a pydantic `Field(...)`; told by name, since pydantic need not be loaded."""
    kind = type(value)
    return kind.__name__ == "FieldInfo" and kind.__module__ == "pydantic.fields"


def _admits_none(annotation: object) -> bool:
    if annotation in (None, NoneType, Any, object):
        return True
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _admits_none(arguments[0])
    return (origin is Literal and None in arguments) or (origin in _UNIONS and any(map(_admits_none, arguments)))


def _wire_name(function: object, target: object) -> str:
    name: str = getattr(target, "__name__", "__call__")
    if name == "__call__":  # of an object that can be called
        name = type(function).__name__
    return _NOT_IN_NAMES.sub("_", name)[:_LONGEST_NAME]
