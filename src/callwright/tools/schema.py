"""A schema: what a model is told of a function, and how the arguments it answers with reach that function."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType, MethodType
from typing import NamedTuple, cast
from weakref import WeakKeyDictionary

from callwright.errors import SchemaError
from callwright.tools.arguments import Arguments
from callwright.tools.description import FunctionDescription
from callwright.tools.docstrings import DocstringWarning, Documented, read_docstring
from callwright.tools.entries import ELLIPSIS
from callwright.tools.fieldtexts import class_texts
from callwright.tools.outline import Outline, is_wire_name, outline
from callwright.tools.signature import Signature, resolved
from callwright.tools.whole import field_names, whole_parameter

__all__ = ["Arguments", "FunctionDescription", "Shape", "describe", "shape"]


class Shape:
    """All that is read off a function: what can be at its definition, the rest when it is first asked for.

    Then every name in its annotations must be defined: until then, they may come later in their module.

    `is_async`, `is_generator` (a `def` with a `yield`) and `is_async_generator` (an `async def` with one) are what the
    function is, and at most one of them is true. A plain function that wraps a generator function, as by
    `functools.wraps`, counts as one: what the call returns may still be something else.

    Args:
        outline: What could be read at the definition.
    """

    __slots__ = ("__weakref__", "_outline", "_rest", "is_async", "is_async_generator", "is_generator", "name")

    def __init__(self, outline: Outline) -> None:
        self._outline: Outline | None = outline
        self._rest: _Rest | None = None
        self.name = outline.name
        self.is_async = outline.is_async
        self.is_generator = outline.is_generator
        self.is_async_generator = outline.is_async_generator

    @property
    def description(self) -> str:
        """What the docstring says of the function; empty if nothing.

        Raises:
            SchemaError: A name in an annotation is not defined, or two parameters take the context.
        """
        return self._read().description

    @property
    def returns(self) -> str | None:
        """What the docstring says of the value it returns.

        Raises:
            SchemaError: See `description`.
        """
        return self._read().returns

    @property
    def context_parameter(self) -> str | None:
        """The parameter that takes the run's context, which no model sees.

        Raises:
            SchemaError: See `description`.
        """
        return self._read().context_parameter

    @property
    def arguments(self) -> Arguments:
        """How its arguments are described, validated and handed over.

        Raises:
            SchemaError: See `description`.
        """
        return self._read().arguments

    def _read(self) -> _Rest:
        if self._rest is None:
            outline = cast("Outline", self._outline)
            said = [read_docstring(text) for text in outline.docs]
            types = {name: words for documented in reversed(said) for name, words in documented.types.items()}
            signature = resolved(outline, types)
            told = _documented(outline, signature, said)
            arguments = Arguments(self.name, signature, told.parameters)
            self._rest = _Rest(told.description, told.returns, signature.context, arguments)
            # It holds namespaces that may be large, and may hold the function: a cached shape must not.
            self._outline = None
        return self._rest

    def __repr__(self) -> str:
        return f"Shape({self.name!r})"


class _Rest(NamedTuple):
    """What is read off a function when it is first asked for."""

    description: str
    returns: str | None
    context_parameter: str | None
    arguments: Arguments


_SHAPES: WeakKeyDictionary[FunctionType, Shape] = WeakKeyDictionary()
_METHOD_SHAPES: WeakKeyDictionary[FunctionType, Shape] = WeakKeyDictionary()


def shape(function: Callable[..., object]) -> Shape:
    """Return what can be read off a function.

    The shapes of functions and methods at the top of a module or class are kept as long as these are; that of a
    function defined inside another is not, since its types may hold on to it: make that one a tool once.

    Args:
        function: A function, a bound method, a class, a `functools.partial` (what it binds is hidden from the model),
            or an object with `__call__`; plain or async.

    Raises:
        SchemaError: It has no signature, or one that tells nothing.
    """
    kept = _METHOD_SHAPES if isinstance(function, MethodType) else _SHAPES
    key = function.__func__ if isinstance(function, MethodType) else function
    if not isinstance(key, FunctionType) or "<locals>" in key.__qualname__:
        return Shape(outline(function))
    found = kept.get(key)
    if found is None:
        found = kept[key] = Shape(outline(function))
    return found


def describe(
    function: Callable[..., object], *, name: str | None = None, description: str | None = None
) -> FunctionDescription:
    """Return what a model is told of a function: its docstring and its annotations, as JSON Schema.

    A parameter annotated `RunContext[...]` is hidden. Texts come from `Annotated[T, "text"]`, `Annotated[T,
    Field(description="text")]` or `Annotated[T, Doc("text")]`, anywhere in a type, else from the docstring, in any of
    its four styles. Fields of models, dataclasses and typed dicts also have the text underneath them.

    - If the only parameter, the context apart, is a pydantic model, a dataclass or a typed dict, and required, its
      fields stand for it; the function gets the object. Not so for root models, unions, optional types and types with
      further rules, where something would be lost.
    - The keys of `**options: Unpack[...]` are parameters.
    - A parameter without an annotation has the type that the docstring names, else that of its default, else any, with
      a `DocstringWarning`; `*rest` and `**others` without one are left out.
    - Of a parameter's alternatives those count that JSON can give; if it has none, and a default, it is left out, with
      a `DocstringWarning`.

    Args:
        function: See `shape`.
        name: What the model calls it. Default: its own name, other characters than `A-Z a-z 0-9 _ -` as `_`.
        description: What the model is told. Default: the docstring without its sections.

    Raises:
        SchemaError: The function cannot be described: its signature tells nothing, or a required parameter has no JSON
            Schema.
    """
    if name is not None and not is_wire_name(name):
        raise SchemaError(f"a tool's name is 1 to 64 of A-Z a-z 0-9 _ -; got {name!r}")
    read = shape(function)
    told = read.description if description is None else description
    return FunctionDescription(name or read.name, told, read.arguments.parameters)


def _documented(outline: Outline, signature: Signature, said: Sequence[Documented]) -> Documented:
    """Return what the docstrings say, and warn of what no model will be told, or nobody says."""
    texts: dict[str, str] = {}
    for kind in (outline.kind, signature.options):
        texts |= class_texts(kind).fields if kind is not None else {}
    for documented in reversed(said):
        texts |= documented.parameters
    problems = [problem for documented in said for problem in documented.problems]
    problems += [f"it documents {names}" for names in _lost(outline, signature, said)]
    for problem in problems:
        _warn(outline, f"tool {outline.name!r}: the docstring says more than a model will be told: {problem}")
    if signature.untyped:
        names = ", ".join(signature.untyped)
        _warn(outline, f"tool {outline.name!r}: nothing says what {names} may be; annotate it, or it takes any value")
    description = next((documented.description for documented in said if documented.description), "")
    return Documented(description, texts, next((documented.returns for documented in said if documented.returns), None))


def _lost(outline: Outline, signature: Signature, said: Sequence[Documented]) -> Iterator[str]:
    """Yield the documented names that are no parameters, with the names of those."""
    names = {name for documented in said for name in documented.parameters}
    # Behind `**others` any name may be a parameter; what a partial binds is documented for good reason; an ellipsis
    # and the names around it are `*rest`.
    if not names or any(p.kind is p.VAR_KEYWORD for p in outline.parameters) or ELLIPSIS in names:
        return
    known = {parameter.name for parameter in outline.parameters} | outline.bound | {"self", "cls"}
    known |= {parameter.name for parameter in signature.parameters}
    whole = whole_parameter(signature)
    known |= (field_names(whole.annotation) or frozenset()) if whole else frozenset()
    if lost := sorted(names - known):
        yield f"{', '.join(lost)}; the parameters are: {', '.join(p.name for p in outline.parameters) or 'none'}"


def _warn(outline: Outline, message: str) -> None:
    """Warn at the place where the function is defined."""
    code = outline.code
    if code is None:
        warnings.warn(message, DocstringWarning, stacklevel=2)
    else:
        module = outline.scope.globals.get("__name__")
        warnings.warn_explicit(message, DocstringWarning, code.co_filename, code.co_firstlineno, module)
