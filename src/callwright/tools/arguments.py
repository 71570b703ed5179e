"""Arguments: how what a model gives to one function is described, read, and handed over."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from pydantic_core import SchemaValidator, ValidationError, to_jsonable_python

from callwright._json import JsonObject, JsonValue, clean, decode, encode
from callwright.tools.annotations import texts_placed
from callwright.tools.entries import ELLIPSIS
from callwright.tools.forms import Form, form
from callwright.tools.outline import MISSING
from callwright.tools.signature import Parameter, Signature

__all__ = ["Arguments"]

_NO_TEXTS: Mapping[str, str] = {}
_LONGEST_DEFAULT = 100
_FEW = 1_000


class Arguments:
    """How the arguments of one function are described, validated and handed over.

    The schema and the validator are made when they are first asked for, and kept.

    Args:
        name: The function's name, for errors.
        signature: What the function takes.
        texts: What the docstring says of each parameter; a text in an annotation goes first.
    """

    __slots__ = ("_make_validator", "_name", "_parameters", "_signature", "_texts", "_validator", "_whole")

    def __init__(self, name: str, signature: Signature, texts: Mapping[str, str]) -> None:
        self._name = name
        self._signature = signature
        self._texts = texts
        self._parameters: JsonObject | None = None
        self._make_validator: Callable[[], SchemaValidator] | None = None
        self._validator: SchemaValidator | None = None
        self._whole: str | None = None

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

    @property
    def whole(self) -> str | None:
        """The parameter whose fields stand for it in `parameters`; None if each parameter stands for itself.

        Raises:
            SchemaError: See `parameters`.
        """
        return self._whole if self.parameters else None

    def read(self, text: str | bytes) -> dict[str, object]:
        """Return the values that a JSON text holds, by the name of their parameter; absent ones stay absent.

        Numbers may come as strings, and the like: pydantic's lax mode. NaN and infinities are no numbers.

        Raises:
            ValidationError: It is not JSON, not an object, or does not fit.
            SchemaError: An annotation has no JSON Schema.
        """
        if self._validator is None:
            make = self._make_validator
            if make is None:
                made = form(self._name, self._signature)
                make, self._whole = made.validator, made.whole
            self._validator, self._make_validator = make(), None
        try:
            values = self._validator.validate_json(text, by_alias=True, by_name=True)
        except ValidationError as error:
            values = self._read_again(self._validator, text, error)
        return self._checked(cast("dict[str, object]", values)) if self._whole is None else {self._whole: values}

    def _read_again(self, validator: SchemaValidator, text: str | bytes, error: ValidationError) -> object:
        """Return the values of a text that is wrong only in what does not matter.

        A lone surrogate is no reason to ask again; nor is the name of the whole around it, if it is no field of it.
        """
        # Counted first: listing millions of problems costs gigabytes, and text that is no JSON is one problem.
        problems = error.errors(include_url=False) if error.error_count() < _FEW else []
        kinds = {problem["type"] for problem in problems}
        is_unreadable = kinds <= {"json_invalid", "string_unicode"}
        if not kinds or not (is_unreadable or self._whole is not None):
            raise error
        try:
            value = decode(text)
        except ValueError:
            raise error from None
        whole = value.get(self._whole) if isinstance(value, Mapping) and len(value) == 1 and self._whole else None
        if isinstance(whole, Mapping) and self._whole not in cast("JsonObject", self.parameters["properties"]):
            value = whole
        elif not is_unreadable:
            raise error
        return validator.validate_json(encode(value), by_alias=True, by_name=True)

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
        if self._whole is not None and isinstance(plain.get(self._whole), dict):
            plain = plain[self._whole]
        return cast("dict[str, JsonValue]", clean(plain))  # a dict with keys of str is one still

    def _placed(self, keywords: dict[str, object]) -> list[object]:
        """Take what must go by position out of `keywords`, and return it."""
        order = self._signature.order
        rest = next((parameter.name for parameter in order if parameter.place == "rest"), None)
        behind = cast("Sequence[object]", keywords.pop(rest, ())) if rest is not None else ()
        placed: list[object] = []
        for parameter in order:
            # Whatever comes before a value of `*rest` goes by position, too.
            if parameter.place != "positional" and not (behind and parameter.place == "any"):
                break
            value = keywords.pop(parameter.name, parameter.default)
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

    def _keep(self, made: Form) -> None:
        # Of leaves it can be made again in no time, and most tools are never called.
        self._make_validator = None if made.is_of_leaves else made.validator
        self._whole = made.whole

    def _described(self) -> JsonObject:
        """Return the schema of the form, with what is said of the parameters and their defaults."""
        made = form(self._name, self._signature)
        self._keep(made)
        schema = dict(made.schema)
        properties = cast("Mapping[str, JsonObject]", schema["properties"])
        if made.whole is not None:
            return self._described_whole(schema, made.parameters[0])
        pairs = zip(made.parameters, properties.items(), strict=True)
        schema["properties"] = {name: self._property(parameter, found) for parameter, (name, found) in pairs}
        others = self._signature.others
        if others is not None and schema["additionalProperties"] is not False:
            found = schema["additionalProperties"]
            said = self._property(others, found if isinstance(found, Mapping) else {})
            schema["additionalProperties"] = said or True
        return schema

    def _described_whole(self, schema: dict[str, JsonValue], whole: Parameter) -> JsonObject:
        """Return the schema of the fields of a whole, with what the function says of them and of the whole."""
        properties = cast("Mapping[str, JsonObject]", schema["properties"])
        texts = {name: self._texts[name] for name in properties.keys() & self._texts.keys()}
        schema["properties"] = {
            name: {**found, "description": texts[name]} if name in texts and "description" not in found else found
            for name, found in properties.items()
        }
        said = (whole.text or self._texts.get(whole.name), schema.get("description"))
        text = "\n\n".join(str(part) for part in said if part)
        return {**schema, "description": text} if text else schema

    def _property(self, parameter: Parameter, found: JsonObject) -> JsonObject:
        placed = texts_placed(parameter.annotation, found)
        text = parameter.text or self._texts.get(parameter.name)
        if text is None and parameter.place == "rest":
            text = self._texts.get(ELLIPSIS)
        added: dict[str, JsonValue] = {"description": text} if text else {}
        if parameter.default is not MISSING and parameter.place != "rest":
            added |= _shown(parameter.default, added.get("description") or placed.get("description"))
        return {**placed, **added} if added else placed


def _shown(default: object, text: JsonValue) -> dict[str, JsonValue]:
    """Return the schema's entry of a default; if that has no JSON form, a description that tells it.

    Args:
        default: Of the parameter.
        text: What is said of the parameter.
    """
    if default is None or type(default) in (str, int, bool):
        return {"default": clean(cast("JsonValue", default))}
    if isinstance(default, set | frozenset):
        # Its order changes from process to process, and with it would the request.
        default = sorted(cast("set[object]", default), key=repr)
    try:
        if isinstance(default, float) and not math.isfinite(default):
            return _told(default, text)
        return {"default": cast("JsonValue", clean(to_jsonable_python(default)))}  # what JSON-able means
    except (ValueError, TypeError, RecursionError):
        return _told(default, text)


def _told(default: object, text: JsonValue) -> dict[str, JsonValue]:
    """Return a description that ends in the default, if that has words of its own and is not told yet."""
    try:
        words = repr(default)
    except Exception:  # noqa: BLE001 - a __repr__ of the user
        return {}
    # `<object object at 0x7f...>` tells nothing, and is another one in the next process.
    if words.startswith("<") or " at 0x" in words or len(words) > _LONGEST_DEFAULT or "default" in str(text).lower():
        return {}
    return {"description": clean(f"{text}\n\nDefault: {words}" if text else f"Default: {words}")}
