"""An outline: what can be read off a function before the names in its annotations have a meaning."""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, is_dataclass
from types import CodeType, MethodType
from typing import Any, Literal, TypeAlias, cast

from callwright.errors import SchemaError
from callwright.tools.annotations import Scope

__all__ = ["MISSING", "NOTHING_BOUND", "PLACES", "Outline", "Place", "is_wire_name", "outline"]

Place: TypeAlias = Literal["positional", "any", "rest", "keyword", "others"]
"""Where a value goes: before the `/`, anywhere, into `*rest`, behind the `*`, into `**others`."""

MISSING: object = inspect.Parameter.empty
"""The default of a parameter that has none, and its annotation."""

PLACES: Mapping[object, Place] = {
    inspect.Parameter.POSITIONAL_ONLY: "positional",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "any",
    inspect.Parameter.VAR_POSITIONAL: "rest",
    inspect.Parameter.KEYWORD_ONLY: "keyword",
    inspect.Parameter.VAR_KEYWORD: "others",
}

NOTHING_BOUND: frozenset[str] = frozenset()
"""Of a function whose parameters are all to be given."""

_LONGEST_NAME = 64
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_SPECIAL = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR | inspect.CO_COROUTINE


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
    kind: type | None = None
    """The class, if it is one."""


def outline(function: Callable[..., object]) -> Outline:
    """Return what can be read off a function at its definition.

    Args:
        function: A function, a method, a class, a `functools.partial` (what it binds is hidden from the model), or
            an object with `__call__`.

    Raises:
        SchemaError: It has no signature, or one that tells nothing: `(*args, **kwargs)`.
    """
    if not callable(function):
        raise SchemaError(f"a tool is a function, or something else that can be called; got {function!r}")
    target, docs = _target(function)
    name = _wire_name(function, target)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError, NameError) as error:
        raise SchemaError(f"tool {name!r}: its signature cannot be read: {error}") from error
    bound = frozenset(_bound_names(function)) or NOTHING_BOUND
    parameters = tuple(p for p in signature.parameters.values() if p.name not in bound)
    if parameters and parameters[0].name in ("self", "cls") and parameters[0].annotation is MISSING:
        raise SchemaError(
            f"tool {name!r}: parameter {parameters[0].name!r} has no annotation; give the method of an object, not of "
            "its class"
        )
    if _tells_nothing(parameters):
        raise SchemaError(
            f"tool {name!r}: nobody can tell what (*args, **kwargs) takes; "
            "annotate its parameters, or use functools.wraps where it is decorated"
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
        kind=target if isinstance(target, type) else None,
    )


def is_wire_name(name: str) -> bool:
    """Whether services take it for the name of a function: 1 to 64 of `A-Z a-z 0-9 _ -`."""
    return 0 < len(name) <= _LONGEST_NAME and _NOT_IN_NAMES.search(name) is None


def _tells_nothing(parameters: tuple[inspect.Parameter, ...]) -> bool:
    """Whether this is the signature of what wraps a function and does not say so."""
    bare = [parameter.kind for parameter in parameters if parameter.annotation is MISSING]
    return len(parameters) == len(bare) and bare == [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]


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
    outer = function
    function = inspect.unwrap(function)
    if isinstance(function, MethodType):
        function = inspect.unwrap(function.__func__)
    if isinstance(function, type):
        return function, _docs_of_class(function)
    call = type(function).__call__
    if hasattr(function, "__code__") or not hasattr(call, "__code__"):
        # What decorates a function may have added to its words; a method that has none inherits them.
        return function, _docs(outer) or _docs(function) or _inherited_docs(outer)
    return inspect.unwrap(call), _docs(call) or _docs(type(function))


def _docs(*written: object) -> tuple[str, ...]:
    return tuple(
        text for text in (getattr(item, "__doc__", None) for item in written) if isinstance(text, str) and text
    )


def _inherited_docs(function: object) -> tuple[str, ...]:
    text = inspect.getdoc(function) if isinstance(function, MethodType) else None
    return (text,) if text else ()


def _docs_of_class(kind: type) -> tuple[str, ...]:
    """Return the docstrings of a class and of what makes its instances, inherited or not."""
    makers = [base for base in kind.__mro__[:-1] if "__init__" in vars(base) or "__new__" in vars(base)]
    maker = next((base for base in makers if not base.__module__.startswith(("pydantic.", "builtins"))), kind)
    written = [base for base in dict.fromkeys((kind, maker)) if not _is_made_up(base)]
    made_up = [base for base in (kind, maker) if _is_made_up(base)]
    own = () if made_up else (vars(maker).get("__init__"), getattr(vars(maker).get("__new__"), "__func__", None))
    return _docs(*written, *own)


def _is_made_up(kind: type[object]) -> bool:
    """Whether the docstring is what a dataclass or a named tuple says unasked: it repeats the signature."""
    text: object = kind.__doc__
    is_signature = isinstance(text, str) and text.startswith(f"{kind.__name__}(")
    return is_signature and (is_dataclass(kind) or hasattr(kind, "_fields"))


def _scope(function: object, target: object) -> Scope:
    module = sys.modules.get(getattr(target, "__module__", ""))
    maker = getattr(target, "__init__", None) if isinstance(target, type) else target
    names: dict[str, Any] = getattr(maker, "__globals__", None) or (vars(module) if module else {})
    enclosed = {parameter.__name__: parameter for parameter in getattr(target, "__type_params__", ())}
    code, cells = getattr(maker, "__code__", None), getattr(maker, "__closure__", None)
    for name, cell in zip(code.co_freevars, cells, strict=True) if code and cells else ():
        with suppress(ValueError):  # not assigned yet
            enclosed[name] = cell.cell_contents
    return Scope(names, enclosed, _owner(function, target))


def _owner(function: object, target: object) -> Mapping[str, Any]:
    """Return the names that are known in the class of a method, or where a class and its bases are defined."""
    if isinstance(target, type):
        modules = [sys.modules.get(base.__module__) for base in target.__mro__[:-1]]
        return ChainMap(*(vars(base) for base in target.__mro__[:-1]), *(vars(found) for found in modules if found))  # type: ignore[arg-type] # only read
    instance = getattr(function, "__self__", None)
    if instance is None:
        return {}
    kind = instance if isinstance(instance, type) else type(instance)
    return ChainMap(*(vars(base) for base in kind.__mro__[:-1]))  # type: ignore[arg-type] # only read


def _wire_name(function: object, target: object) -> str:
    name: str = getattr(target, "__name__", "__call__")
    if name == "__call__":  # of an object that can be called
        name = type(function).__name__
    return _NOT_IN_NAMES.sub("_", name)[:_LONGEST_NAME]
