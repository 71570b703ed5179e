"""A kind: what values are, as JSON; described, read and written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, cast

from pydantic_core import ValidationError, from_json
from typing_extensions import TypedDict, TypeForm, TypeVar

from callwright._json import JsonObject, JsonValue, decode, encode
from callwright.errors import ParameterError
from callwright.output.described import closed, described, wire_name, wrapped
from callwright.output.form import Form
from callwright.output.forms import ANY
from callwright.output.jsonpartial import JsonPartial
from callwright.output.partial import Partial
from callwright.tools.rawarguments import RawArguments, Takers
from callwright.tools.rawschema import RawSchema
from callwright.tools.shapes import ToolArguments

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["ArgumentsKind", "Kind", "SchemaKind", "TypeKind"]

T = TypeVar("T")

_SYNTAX = frozenset({"json_invalid", "string_unicode"})


class Kind(ABC, Generic[T]):
    """What the values of an output are, as JSON.

    Args:
        name: Of 1 to 64 of `A-Z a-z 0-9 _ -`.
        schema: Of the object that the model writes.
        is_wrapped: Whether the value is not that object, but stands under its one key `value`.
    """

    __slots__ = ("is_wrapped", "name", "schema")

    def __init__(self, name: str, schema: JsonObject, *, is_wrapped: bool) -> None:
        self.name = name
        self.schema = schema
        self.is_wrapped = is_wrapped

    @property
    def value_schema(self) -> JsonObject:
        """The schema of the value itself, without its definitions."""
        if not self.is_wrapped:
            return self.schema
        return cast("Mapping[str, JsonObject]", self.schema["properties"])["value"]

    @property
    def is_list(self) -> bool:
        """Whether the value is a list of any length."""
        schema = self.value_schema
        return schema.get("type") == "array" and "prefixItems" not in schema

    @abstractmethod
    def read(self, text: str, deps: object = None) -> T:
        """Return the value in the JSON text of an object.

        Raises:
            ValueError: It is no JSON, or does not fit; a `ValidationError` where that says more.
            Exception: Whatever a validator of the type's own raises.
        """

    def partial(self) -> Partial | None:
        """Return what reads such a value while it grows; None if nothing can be said of it before its end."""
        return None

    @abstractmethod
    def dump(self, value: T) -> JsonValue:
        """Return the value as JSON, in the form that it is read from; what has none is written as its `str()`."""

    @abstractmethod
    def load(self, value: JsonValue, deps: object = None) -> T:
        """Return the value that is written as this JSON, not wrapped.

        Raises:
            ValueError: It is none.
        """


class TypeKind(Kind[T]):
    """The values of a type that pydantic can validate.

    Args:
        kind: The type.

    Raises:
        ParameterError: Pydantic cannot validate it, or it has no JSON Schema.
    """

    __slots__ = ("_form", "_inner", "_outer")

    def __init__(self, kind: TypeForm[T]) -> None:
        # The larger half of our import time; text needs none of it.
        from pydantic import TypeAdapter  # noqa: PLC0415
        from pydantic.errors import PydanticUserError  # noqa: PLC0415

        try:
            self._inner: TypeAdapter[T] = TypeAdapter(kind)
        except PydanticUserError as error:
            raise ParameterError(f"output {kind!r}: pydantic cannot validate it: {error.message}") from error
        schema = described(self._inner, kind)
        is_wrapped = schema.get("type") != "object"
        self._outer: TypeAdapter[Any] = self._inner
        if is_wrapped:
            answer = cast("Any", TypedDict)("Answer", {"value": kind})
            answer.__pydantic_config__ = {"allow_inf_nan": False}
            self._outer = TypeAdapter(answer)
            schema = wrapped(schema)
        title = schema.get("title")
        name = wire_name(title if isinstance(title, str) else "" if is_wrapped else kind, "answer")
        super().__init__(name, cast("JsonObject", closed(schema)), is_wrapped=is_wrapped)
        self._form: Form | None = None

    def read(self, text: str, deps: object = None) -> T:
        """Return the value in the JSON text of an object; `deps` is the context of validators.

        Raises:
            ValueError: See `Kind.read`.
        """
        if "NaN" in text or "Infinity" in text:
            # Pydantic takes them for numbers; they are no JSON, and no answer.
            from_json(text, allow_inf_nan=False)
        try:
            value: Any = self._outer.validate_json(text, context=deps)
        except ValidationError as error:
            # A lone surrogate is no reason to ask again.
            if error.error_count() > 1 or error.errors(include_url=False)[0]["type"] not in _SYNTAX:
                raise
            try:
                whole = encode(decode(text))
            except ValueError:
                raise error from None
            value = self._outer.validate_json(whole, context=deps)
        return cast("T", value["value"] if self.is_wrapped else value)

    def dump(self, value: T) -> JsonValue:
        """Return the value as JSON; see `Kind.dump`."""
        made = decode(self._inner.dump_json(value, by_alias=True, round_trip=True, fallback=str, warnings=False))
        names = cast("tuple[str, ...]", getattr(type(value), "_fields", ()))
        if isinstance(made, list) and not self.is_wrapped and len(names) == len(made):
            # A named tuple, which is asked for by its names.
            return dict(zip(names, made, strict=True))
        return made

    def load(self, value: JsonValue, deps: object = None) -> T:
        """Return the value that is written as this JSON.

        Raises:
            ValueError: It is none.
        """
        return self._inner.validate_json(encode(value), context=deps)

    def partial(self) -> Partial:
        """Return what reads such a value while it grows."""
        if self._form is None:
            from callwright.output.forming import form_of  # noqa: PLC0415 - only who watches needs it

            self._form = form_of(self._inner.core_schema, is_wrapped=self.is_wrapped)
        return JsonPartial(self._form)

    def is_own(self, value: object) -> bool:
        """Whether a value is of the type already."""
        try:
            return self._inner.validate_python(value, strict=True) == value
        except Exception:  # noqa: BLE001 - the edge of user code: a validator, or a comparison, of the type's own
            return False


class ArgumentsKind(Kind[dict[str, object]]):
    """The arguments of a function, by the names of its parameters.

    Args:
        name: The function's.
        arguments: How they are described and read.
    """

    __slots__ = ("_arguments",)

    def __init__(self, name: str, arguments: ToolArguments) -> None:
        self._arguments = arguments
        super().__init__(name, arguments.parameters, is_wrapped=False)

    def read(self, text: str, deps: object = None) -> dict[str, object]:
        """Return the arguments in a JSON text.

        Raises:
            ValueError: See `Kind.read`.
        """
        del deps
        return self._arguments.read(text)

    def dump(self, value: dict[str, object]) -> JsonValue:
        """Return arguments as JSON."""
        return self._arguments.dump(value)

    def load(self, value: JsonValue, deps: object = None) -> dict[str, object]:
        """Return the arguments that are written as this JSON.

        Raises:
            ValueError: They do not fit.
        """
        return self.read(encode(value).decode(), deps)


class SchemaKind(Kind[dict[str, Any]]):
    """The objects that a JSON Schema describes.

    Args:
        schema: Of an object; what `RawSchema` lists of it is looked at.
        name: As a response format has it.

    Raises:
        SchemaError: It is malformed, or not that of an object.
    """

    __slots__ = ("_reader",)

    def __init__(self, schema: Mapping[str, object], name: str) -> None:
        raw = RawSchema(name, schema)
        self._reader = RawArguments(name, raw, Takers("", None, ()))
        super().__init__(name, raw.parameters, is_wrapped=False)

    def partial(self) -> Partial:
        """Return what reads such an object while it grows."""
        return JsonPartial(ANY)

    def read(self, text: str, deps: object = None) -> dict[str, Any]:
        """Return the object in a JSON text.

        Raises:
            ValueError: See `Kind.read`.
        """
        del deps
        return self._reader.read(text)

    def dump(self, value: dict[str, Any]) -> JsonValue:
        """Return the object."""
        return value

    def load(self, value: JsonValue, deps: object = None) -> dict[str, Any]:
        """Return the object that is written as this JSON.

        Raises:
            ValueError: It does not fit.
        """
        return self.read(encode(value).decode(), deps)
