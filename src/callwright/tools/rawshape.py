"""A raw shape: what a function is as a tool whose parameters are given as a JSON Schema."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial, update_wrapper
from types import FunctionType, MethodType
from typing import cast, get_origin

from callwright._json import JsonObject
from callwright.errors import SchemaError
from callwright.tools.docstrings import read_docstring
from callwright.tools.rawarguments import RawArguments, Takers, ToldArguments
from callwright.tools.rawschema import RawSchema
from callwright.tools.schema import Shape
from callwright.tools.shapes import ToolArguments
from callwright.tools.signature import MISSING, outline, resolved

__all__ = ["RawShape"]


class RawShape:
    """A function as a tool whose parameters are given as a JSON Schema.

    Its parameters need no annotation: what has none takes what comes.

    Args:
        function: See `shape`.
        parameters: Told to the model.
        is_whole: Whether the function takes all arguments as one dict. None: it does if its only parameter beside the
            context takes a dict, and none of the arguments has that parameter's name.

    Raises:
        SchemaError: The function has no signature, or the schema is malformed.
    """

    __slots__ = ("_arguments", "_is_whole", "_outline", "_schema")

    def __init__(self, function: Callable[..., object], parameters: object, *, is_whole: bool | None = None) -> None:
        self._outline = outline(_annotated(function))
        self._schema = RawSchema(self._outline.name, parameters)
        self._is_whole = is_whole
        self._arguments: ToolArguments | None = None

    @property
    def name(self) -> str:
        """Its name in the charset of the wire."""
        return self._outline.name

    @property
    def description(self) -> str:
        """What its docstring says; empty if nothing."""
        return read_docstring(self._outline.docs[0]).description if self._outline.docs else ""

    @property
    def returns(self) -> str | None:
        """What the docstring says of the value it returns."""
        return read_docstring(self._outline.docs[0]).returns if self._outline.docs else None

    @property
    def is_async(self) -> bool:
        """Whether calling it gives an awaitable."""
        return self._outline.is_async

    @property
    def is_generator(self) -> bool:
        """Whether it is a `def` with a `yield`."""
        return self._outline.is_generator

    @property
    def is_async_generator(self) -> bool:
        """Whether it is an `async def` with a `yield`."""
        return self._outline.is_async_generator

    @property
    def context_parameter(self) -> str | None:
        """The parameter that takes the run's context."""
        return next((p.name for p in self._outline.parameters if self._is_context(p)), None)

    @property
    def arguments(self) -> ToolArguments:
        """How its arguments are described, validated and handed over.

        Raises:
            SchemaError: The function cannot take what the schema describes.
        """
        if self._arguments is None:
            self._arguments = self._made()
        return self._arguments

    def _made(self) -> ToolArguments:
        others = [p for p in self._outline.parameters if p.name != self.context_parameter]
        is_whole = self._takes_dict(others) if self._is_whole is None else self._is_whole
        raw = RawArguments(self.name, self._schema, self._takers(others) if is_whole else Takers("", None, ()))
        return raw if is_whole else self._told(raw)

    def _takes_dict(self, others: list[inspect.Parameter]) -> bool:
        """Whether the function can only mean to take all arguments as one dict."""
        if len(others) != 1 or others[0].kind not in _SINGLE or others[0].name in self._names():
            return False
        try:
            annotation = self._annotation(others[0])
        except SchemaError:
            return True  # whatever it is, there is no argument for it
        kind = get_origin(annotation) or annotation
        return annotation is object or (isinstance(kind, type) and issubclass(kind, Mapping))

    def _takers(self, others: list[inspect.Parameter]) -> Takers:
        """Return which parameters get the arguments and the context."""
        needed = [p.name for p in others[1:] if p.default is MISSING and p.kind in _SINGLE]
        if not others or others[0].kind not in _SINGLE or needed:
            raise SchemaError(
                f"tool {self.name!r}: its function takes all arguments as one dict, and needs one parameter for that; "
                f"it has {', '.join(p.name for p in others) or 'none'}"
            )
        context = self.context_parameter
        leading = [p for p in self._outline.parameters if p.kind is inspect.Parameter.POSITIONAL_ONLY]
        while leading and leading[-1].name not in (others[0].name, context):
            leading.pop()
        return Takers(others[0].name, context, tuple((p.name, p.default) for p in leading))

    def _told(self, raw: RawArguments) -> ToldArguments:
        """Return arguments that the function's own annotations read.

        Raises:
            SchemaError: The model is told of a parameter that there is not, or not of one that there must be.
        """
        own = Shape(self._outline).arguments
        names, properties = self._names(), cast("JsonObject", own.parameters["properties"])
        if own.whole in names:
            # A lone model stands for its fields unless it is told of by name, which is read as well.
            return ToldArguments(raw, own)
        required = cast("list[str]", own.parameters.get("required", []))
        # By reference or by alternatives more may be told than is seen here.
        is_plain = not {"$ref", "allOf", "anyOf", "oneOf"} & self._schema.parameters.keys()
        lost = [] if own.parameters.get("additionalProperties") else sorted(names - properties.keys())
        missing = [name for name in required if name not in names]
        if is_plain and lost:
            raise SchemaError(f"tool {self.name!r}: parameters tells of {', '.join(lost)}, which the function has not")
        if is_plain and missing:
            raise SchemaError(
                f"tool {self.name!r}: parameters does not tell of {', '.join(missing)}, which must be given"
            )
        return ToldArguments(raw, own)

    def _names(self) -> set[str]:
        """Return the names of the arguments; none if they are said by reference or by alternatives."""
        return set(cast("JsonObject", self._schema.parameters.get("properties", {})))

    def _annotation(self, parameter: inspect.Parameter) -> object:
        found = resolved(replace(self._outline, parameters=(parameter,)))
        return found.parameters[0].annotation if found.parameters else None

    def _is_context(self, parameter: inspect.Parameter) -> bool:
        try:
            return resolved(replace(self._outline, parameters=(parameter,))).context is not None
        except SchemaError:
            return False  # a name that means nothing here: no matter, if the value is not read by it

    def __repr__(self) -> str:
        return f"RawShape({self.name!r})"


_SINGLE = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)


def _annotated(function: Callable[..., object]) -> Callable[..., object]:
    """Return a function that looks like `function`, with `object` wherever it has no annotation; not to be called."""
    if isinstance(function, MethodType):
        return MethodType(_annotated(function.__func__), function.__self__)
    if isinstance(function, partial):
        bound = cast("partial[object]", function)
        return partial(_annotated(bound.func), *bound.args, **bound.keywords)
    is_plain = isinstance(function, FunctionType) and not hasattr(function, "__wrapped__")
    return _filled(cast("FunctionType", function)) if is_plain else function


def _filled(function: FunctionType) -> FunctionType:
    found = inspect.signature(function).parameters.values()
    if all(parameter.annotation is not MISSING for parameter in found):
        return function
    code, names = function.__code__, function.__globals__
    copy = FunctionType(code, names, function.__name__, function.__defaults__, function.__closure__)
    update_wrapper(copy, function)
    vars(copy).pop("__wrapped__")
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__annotations__ = {p.name: object if p.annotation is MISSING else p.annotation for p in found}
    return copy
