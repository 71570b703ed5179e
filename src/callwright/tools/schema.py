"""A schema: what a model is told of a function, and how the arguments it answers with reach that function."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import NamedTuple, cast
from weakref import WeakKeyDictionary

from pydantic_core import SchemaValidator, ValidationError, to_jsonable_python

from callwright._json import JsonObject, JsonValue, clean, decode, encode
from callwright.errors import SchemaError
from callwright.tools.docstrings import DocstringWarning, Documented, read_docstring
from callwright.tools.forms import form
from callwright.tools.signature import MISSING, Outline, Parameter, Signature, is_wire_name, outline, resolved

__all__ = ["Arguments", "FunctionDescription", "Shape", "describe", "shape"]

_NO_TEXTS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class FunctionDescription:
    """What a model is told of a function."""

    name: str
    """At most 64 of `A-Z a-z 0-9 _ -`."""
    description: str
    """Empty if there is nothing to say."""
    parameters: JsonObject
    """The JSON Schema of the object of arguments; not to be changed."""
    strict: bool | None = None
    """Whether the provider must hold the arguments to the schema; sent only if it is not None."""

    def wire(self) -> dict[str, JsonValue]:
        """Return the entry in a request's `tools`."""
        function: dict[str, JsonValue] = {"name": self.name}
        if self.description:
            function["description"] = self.description
        function["parameters"] = self.parameters
        if self.strict is not None:
            function["strict"] = self.strict
        return {"type": "function", "function": function}


class Arguments:
    """How the arguments of one function are described, validated and handed over.

    The schema and the validator are made when they are first asked for, and kept.

    Args:
        name: The function's name, for errors.
        signature: What the function takes.
        texts: What the docstring says of each parameter; a text in an annotation goes first.
    """

    __slots__ = ("_make_validator", "_name", "_parameters", "_signature", "_texts", "_validator")

    def __init__(self, name: str, signature: Signature, texts: Mapping[str, str]) -> None:
        self._name = name
        self._signature = signature
        self._texts = texts
        self._parameters: JsonObject | None = None
        self._make_validator: Callable[[], SchemaValidator] | None = None
        self._validator: SchemaValidator | None = None

    @property
    def parameters(self) -> JsonObject:
        """The JSON Schema of the object that holds the arguments; not to be changed.

        Raises:
            SchemaError: An annotation has no JSON Schema.
        """
        if self._parameters is None:
            self._parameters = self._described()
            self._texts = _NO_TEXTS  # they are in there now
        return self._parameters

    def read(self, text: str | bytes) -> dict[str, object]:
        """Return the values that a JSON text holds, by the name of their parameter; absent ones stay absent.

        Numbers may come as strings, and the like: pydantic's lax mode. NaN and infinities are no numbers.

        Raises:
            ValidationError: It is not JSON, not an object, or does not fit.
            SchemaError: An annotation has no JSON Schema.
        """
        if self._validator is None:
            make = self._make_validator or form(self._name, self._signature).validator
            self._validator = make()
        try:
            values = self._validator.validate_json(text)
        except ValidationError as error:
            # A lone surrogate is no reason to ask again.
            # Counted first: listing millions of problems costs gigabytes, and text that is no JSON is one problem.
            if error.error_count() > 1 or error.errors(include_url=False)[0]["type"] not in (
                "json_invalid",
                "string_unicode",
            ):
                raise
            try:
                value = decode(text)
            except ValueError:
                raise error from None
            values = self._validator.validate_json(encode(value))
        return self._checked(cast("dict[str, object]", values))

    def read_object(self, value: JsonObject) -> dict[str, object]:
        """Return the values that a JSON object holds, as `read` does.

        Raises:
            ValidationError: It does not fit.
            ValueError: It holds something that has no JSON form.
            SchemaError: An annotation has no JSON Schema.
        """
        return self.read(encode(value))

    def call(
        self, function: Callable[..., object], values: Mapping[str, object], context: object | None = None
    ) -> object:
        """Call `function` with every value at its place, and return what it returns.

        Args:
            function: The one that was described, or another with the same signature.
            values: As `read` gives them.
            context: What the parameter for the context gets, if there is one.

        Raises:
            TypeError: A value is missing, or there is no parameter for it.
            Exception: Whatever the function raises.
        """
        keywords = dict(values)
        if self._signature.context is not None:
            keywords[self._signature.context] = context
        return function(*self._placed(keywords), **keywords)

    def dump(self, values: Mapping[str, object]) -> dict[str, JsonValue]:
        """Return values, as `read` gives them, as a JSON object that `read_object` takes.

        What has no JSON form becomes its `str()`.

        Raises:
            ValueError: A value holds itself, is nested too deeply, or has bytes that are not UTF-8.
        """
        plain = to_jsonable_python(clean(dict(values)), inf_nan_mode="null", fallback=str)
        return cast("dict[str, JsonValue]", clean(plain))  # a dict with keys of str is one still

    def _placed(self, keywords: dict[str, object]) -> list[object]:
        """Take what must go by position out of `keywords`, and return it."""
        order = self._signature.order
        rest = next((name for name, place, _ in order if place == "rest"), None)
        behind = cast("Sequence[object]", keywords.pop(rest, ())) if rest is not None else ()
        placed: list[object] = []
        for name, place, default in order:
            # Whatever comes before a value of `*rest` goes by position, too.
            if place != "positional" and not (behind and place == "any"):
                break
            value = keywords.pop(name, default)
            if value is MISSING:
                break  # the call will say what is missing
            placed.append(value)
        return [*placed, *behind]

    def _checked(self, values: dict[str, object]) -> dict[str, object]:
        """Return the values if none of them would take the place of another through `**others`."""
        taken = sorted(values.keys() & self._signature.taken)
        if taken:
            raise ValidationError.from_exception_data(
                self._name, [{"type": "extra_forbidden", "loc": (name,), "input": values[name]} for name in taken]
            )
        return values

    def _described(self) -> JsonObject:
        """Return the schema of the form, with what is said of the parameters and their defaults."""
        made = form(self._name, self._signature)
        self._make_validator = made.validator
        schema = dict(made.schema)
        properties = cast("JsonObject", schema["properties"])
        pairs = zip(self._signature.parameters, properties.items(), strict=True)
        schema["properties"] = {
            name: self._property(parameter, cast("JsonObject", found)) for parameter, (name, found) in pairs
        }
        others = self._signature.others
        if others is not None:
            found = schema["additionalProperties"]
            said = self._property(others, found if isinstance(found, Mapping) else {})
            schema["additionalProperties"] = said or True
        return schema

    def _property(self, parameter: Parameter, found: JsonObject) -> JsonObject:
        text = parameter.text or self._texts.get(parameter.name)
        added: dict[str, JsonValue] = {"description": text} if text else {}
        if parameter.default is not MISSING and parameter.place != "rest":
            added |= _shown(parameter.default)
        return {**found, **added} if added else found


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
            signature = resolved(outline)
            said = _documented(outline, signature)
            arguments = Arguments(self.name, signature, said.parameters)
            self._rest = _Rest(said.description, said.returns, signature.context, arguments)
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
        SchemaError: It has no signature, or a parameter without an annotation.
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
    Field(description="text")]` or `Annotated[T, Doc("text")]`, else from the docstring, in any of its four styles.

    Args:
        function: See `shape`.
        name: What the model calls it. Default: its own name, other characters than `A-Z a-z 0-9 _ -` as `_`.
        description: What the model is told. Default: the docstring without its sections.

    Raises:
        SchemaError: The function cannot be described: a parameter has no annotation, or one without a JSON Schema.
    """
    if name is not None and not is_wire_name(name):
        raise SchemaError(f"a tool's name is 1 to 64 of A-Z a-z 0-9 _ -; got {name!r}")
    read = shape(function)
    told = read.description if description is None else description
    return FunctionDescription(name or read.name, told, read.arguments.parameters)


def _documented(outline: Outline, signature: Signature) -> Documented:
    """Return what the docstrings say, and warn of what no model will be told."""
    said = [read_docstring(text) for text in outline.docs]
    if not said:
        return Documented("", {})
    texts = {name: text for documented in reversed(said) for name, text in documented.parameters.items()}
    problems = [problem for documented in said for problem in documented.problems]
    # Behind `**others` any name may be a parameter; what a partial binds is documented for good reason.
    known = {name for name, _, _ in signature.order} | outline.bound | {"self", "cls"}
    lost = [] if signature.others else sorted(texts.keys() - known)
    if lost:
        names = ", ".join(name for name, _, _ in signature.order) or "none"
        problems.append(f"it documents {', '.join(lost)}; the parameters are: {names}")
    for problem in problems:
        _warn(outline, f"tool {outline.name!r}: the docstring says more than a model will be told: {problem}")
    return Documented(said[0].description, texts, said[0].returns)


def _warn(outline: Outline, message: str) -> None:
    """Warn at the place where the function is defined."""
    code = outline.code
    if code is None:
        warnings.warn(message, DocstringWarning, stacklevel=2)
    else:
        module = outline.scope.globals.get("__name__")
        warnings.warn_explicit(message, DocstringWarning, code.co_filename, code.co_firstlineno, module)


def _shown(default: object) -> dict[str, JsonValue]:
    """Return the schema's entry of a default; empty if that has no JSON form."""
    if default is None or type(default) in (str, int, bool):
        return {"default": clean(cast("JsonValue", default))}
    if isinstance(default, float) and not math.isfinite(default):
        return {}
    if isinstance(default, set | frozenset):
        # Its order changes from process to process, and with it would the request.
        default = sorted(cast("set[object]", default), key=repr)
    try:
        return {"default": cast("JsonValue", clean(to_jsonable_python(default)))}  # what JSON-able means
    except (ValueError, TypeError, RecursionError):
        return {}
