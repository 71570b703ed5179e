"""Forming: the form of a type, read off the core schema by which pydantic validates it.

Source: https://docs.pydantic.dev/latest/api/pydantic_core_schema/. What is not known here is shown once it is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeAlias, cast

from pydantic_core import SchemaValidator

from callwright.output.form import HIDDEN, Form, TextForm, Validate
from callwright.output.forms import ANY, DictForm, Fill, ListForm, RecordForm
from callwright.output.variants import AfterForm, RootForm, TaggedForm, UnionForm, WrappedForm

__all__ = ["form_of"]

_Schema: TypeAlias = Mapping[str, Any]

_NO_STRINGS = frozenset({"int", "float", "bool", "none"})
"""Types of which no string is, unless nothing else fits."""
_SCALARS = _NO_STRINGS | {
    *("str", "literal", "enum", "bytes", "date", "time", "datetime", "timedelta", "decimal", "complex", "url"),
    *("multi-host-url", "uuid", "missing-sentinel"),
}
_PLAIN = frozenset({"type", "ref", "metadata", "serialization"})
"""Keys of a schema that say nothing of which values are valid."""
_REWRITING = ("strip_whitespace", "to_lower", "to_upper")
_REWRITING_CONFIG = ("str_strip_whitespace", "str_to_lower", "str_to_upper")


def form_of(schema: object, *, is_wrapped: bool = False) -> Form:
    """Return the form of a type.

    Args:
        schema: Its core schema, as a `TypeAdapter` has it.
        is_wrapped: Whether it is asked for as an object with the one member `value`.
    """
    form = _Forming(cast("_Schema", schema)).form
    return WrappedForm(form) if is_wrapped else form


class _Forming:
    """Makes the forms of one schema, each when it is first needed: types may hold themselves."""

    def __init__(self, schema: _Schema) -> None:
        self._definitions: dict[str, _Schema] = {}
        self._made: dict[str, Form] = {}
        self.form = self._of(schema, {})

    def _of(self, schema: _Schema, config: _Schema) -> Form:
        """Return the form of a schema within a model of that configuration."""
        make = self._MAKERS.get(schema["type"])
        if make is not None:
            return make(self, schema, config)
        return Form(self._validate(schema, config), is_scalar=schema["type"] in _SCALARS)

    def _definitions_of(self, schema: _Schema, config: _Schema) -> Form:
        self._definitions.update({each["ref"]: each for each in schema["definitions"]})
        return self._of(schema["schema"], config)

    def _reference(self, schema: _Schema, config: _Schema) -> Form:
        del config
        return self._defined(schema["schema_ref"])

    def _inner(self, schema: _Schema, config: _Schema) -> Form:
        return self._of(schema["schema"], config)

    def _json(self, schema: _Schema, config: _Schema) -> Form:
        return self._of(schema["json_schema"], config)

    def _any(self, schema: _Schema, config: _Schema) -> Form:
        del schema, config
        return ANY

    def _nullable(self, schema: _Schema, config: _Schema) -> Form:
        inner = self._of(schema["schema"], config)
        return AfterForm(inner, self._validate(schema, config), is_text=inner.is_text, is_nullable=True)

    def _after(self, schema: _Schema, config: _Schema) -> Form:
        return AfterForm(self._of(schema["schema"], config), self._validate(schema, config))

    def _defined(self, ref: str) -> Form:
        if ref not in self._made:
            # A type that holds itself without a record between is shown once it is whole.
            self._made[ref] = Form(self._validate({"type": "definition-ref", "schema_ref": ref}, {}))
            self._made[ref] = self._of(self._definitions[ref], {})
        return self._made[ref]

    def _validate(self, schema: _Schema, config: _Schema) -> Validate:
        """Return what validates a part of the schema; made when it is first called."""
        made: list[Validate] = []

        def validate(text: bytes | str) -> object:
            if not made:
                definitions = list(self._definitions.values())
                ref = schema.get("ref")
                part = {"type": "definition-ref", "schema_ref": ref} if ref in self._definitions else schema
                whole = {"type": "definitions", "schema": part, "definitions": definitions} if definitions else schema
                made.append(SchemaValidator(cast("Any", whole), cast("Any", config)).validate_json)
            return made[0](text)

        return validate

    def _text(self, schema: _Schema, config: _Schema) -> Form:
        is_rewritten = any(map(schema.get, _REWRITING)) or any(map(config.get, _REWRITING_CONFIG))
        if is_rewritten:
            return Form(self._validate(schema, config), is_scalar=True)
        is_free = _PLAIN.issuperset(schema) and not any(str(key).startswith("str_") for key in config)
        return TextForm(None if is_free else self._validate(schema, config))

    def _list(self, schema: _Schema, config: _Schema) -> Form:
        is_free = _PLAIN.issuperset(schema.keys() - {"items_schema"})
        item = schema.get("items_schema")
        rest = ANY if item is None else self._of(item, config)
        return ListForm((), rest, validate=None if is_free else self._validate(schema, config))

    def _tuple(self, schema: _Schema, config: _Schema) -> Form:
        items: Sequence[_Schema] = schema["items_schema"]
        variadic, validate = schema.get("variadic_item_index"), self._validate(schema, config)
        if variadic is not None and variadic != len(items) - 1:
            return Form(validate)
        forms = [self._of(item, config) for item in items]
        first, rest = (forms, ANY) if variadic is None else (forms[:-1], forms[-1])
        return ListForm(first, rest, make=_tuple, validate=validate)

    def _dict(self, schema: _Schema, config: _Schema) -> Form:
        keys, values = schema.get("keys_schema", {"type": "str"}), schema.get("values_schema", {"type": "any"})
        is_free = _PLAIN.issuperset(schema.keys() - {"keys_schema", "values_schema"})
        validate = None if is_free else self._validate(schema, config)
        return DictForm(self._of(keys, config), self._of(values, config), validate=validate)

    def _union(self, schema: _Schema, config: _Schema) -> Form:
        schemas: list[_Schema] = [each[0] if isinstance(each, tuple) else each for each in schema["choices"]]
        choices = [self._of(each, config) for each in schemas]
        others = [each["type"] for each in schemas if each["type"] not in _NO_STRINGS and not _is_container(each)]
        is_text = others == ["str"] and any(choice.is_text for choice in choices)
        return UnionForm(choices, self._validate(schema, config), is_text=is_text)

    def _tagged(self, schema: _Schema, config: _Schema) -> Form:
        key = schema["discriminator"]
        if not isinstance(key, str):
            return Form(self._validate(schema, config))
        choices = {tag: self._of(each, config) for tag, each in schema["choices"].items() if isinstance(tag, str)}
        return TaggedForm(key, choices, self._validate(schema, config))

    # -- records

    def _typed_dict(self, schema: _Schema, config: _Schema) -> Form:
        fields = partial(self._fields, tuple(schema["fields"].items()), schema.get("config") or config)
        return RecordForm(fields, _came, extra=HIDDEN, validate=self._validate(schema, config))

    def _dataclass(self, schema: _Schema, config: _Schema) -> Form:
        inner, validate = schema["schema"], self._validate(schema, config)
        if inner["type"] != "dataclass-args":
            return Form(validate)
        named = tuple((each["name"], each) for each in inner["fields"] if each.get("init", True))
        fields = partial(self._fields, named, schema.get("config") or config)
        return RecordForm(fields, _dataclass_filler(schema["cls"]), extra=HIDDEN, validate=validate)

    def _model(self, schema: _Schema, config: _Schema) -> Form:
        inner: _Schema = schema["schema"]
        validate, own = self._validate(schema, config), schema.get("config") or config
        has_extra = (inner.get("extra_behavior") or own.get("extra_fields_behavior")) == "allow"
        fill = _model_filler(schema["cls"], has_extra=has_extra)
        if schema.get("root_model"):
            return RootForm(self._of(inner, own), validate, lambda value: fill({"root": value}, {"root": value}, {}))
        if inner["type"] != "model-fields":
            return Form(validate)
        fields = partial(self._fields, tuple(inner["fields"].items()), own)
        return RecordForm(fields, fill, extra=ANY if has_extra else HIDDEN, validate=validate)

    def _named_tuple(self, schema: _Schema, config: _Schema) -> Form:
        """Return the form of a named tuple, which may be written as an object or as a list."""
        cls, validate = schema["cls"], self._validate(schema, config)
        forms = [self._of(field["schema"], config) for field in schema["fields"]]
        names = [field["name"] for field in schema["fields"]]
        fields = {name: (name, form) for name, form in zip(names, forms, strict=True)}

        def make(elements: list[object], grows: bool) -> object:  # noqa: FBT001 - see ListForm
            return cls(*elements, *(form.blank(grows=grows) for form in forms[len(elements) :]))

        record = RecordForm(lambda: fields, lambda whole, _, __: cls(**whole), extra=HIDDEN, validate=validate)
        return UnionForm([record, ListForm(forms, ANY, make=make, validate=validate)], validate)

    def _fields(self, named: Sequence[tuple[str, _Schema]], config: _Schema) -> dict[str, tuple[str, Form]]:
        fields: dict[str, tuple[str, Form]] = {}
        by_name = config.get("validate_by_name") or config.get("populate_by_name")
        by_alias = config.get("validate_by_alias", True)
        for name, field in named:
            form = self._of(field["schema"], config)
            alias = field.get("validation_alias")
            for key in [name] if alias is None else _keys(alias) if by_alias else []:
                fields[key] = (name, form)
            if by_name:
                fields.setdefault(name, (name, form))
        return fields

    _MAKERS: ClassVar[Mapping[str, Callable[[Any, _Schema, _Schema], Form]]] = {
        "any": _any,
        "dataclass": _dataclass,
        "default": _inner,
        "definition-ref": _reference,
        "definitions": _definitions_of,
        "dict": _dict,
        "function-after": _after,
        "json-or-python": _json,
        "list": _list,
        "model": _model,
        "named-tuple": _named_tuple,
        "nullable": _nullable,
        "str": _text,
        "tagged-union": _tagged,
        "tuple": _tuple,
        "typed-dict": _typed_dict,
        "union": _union,
    }


def _keys(alias: str | list[Any]) -> Iterator[str]:
    """Yield the keys that an alias means; one that reaches into other values is none."""
    paths = [[alias]] if isinstance(alias, str) else alias if isinstance(alias[0], list) else [alias]
    yield from (path[0] for path in paths if len(path) == 1)


def _is_container(schema: _Schema) -> bool:
    return schema["type"] in {"model", "dataclass", "typed-dict", "list", "dict", "tuple"}


def _tuple(elements: list[object], _: bool) -> object:  # noqa: FBT001 - see ListForm
    return tuple(elements)


def _came(whole: Mapping[str, object], came: Mapping[str, object], extra: Mapping[str, object]) -> object:
    """Return what has come, where a key that has not may be missing."""
    del whole, extra
    return came


def _model_filler(cls: Any, *, has_extra: bool) -> Fill:  # noqa: ANN401 - a class of the user's
    """Return what makes a model of the fields that have come; no validator runs."""
    new, assign = cls.__new__, object.__setattr__

    def fill(whole: Mapping[str, object], came: Mapping[str, object], extra: Mapping[str, object]) -> object:
        model: object = new(cls)
        assign(model, "__dict__", whole)
        assign(model, "__pydantic_fields_set__", {*came, *extra})
        assign(model, "__pydantic_extra__", extra if has_extra else None)
        attributes = cls.__private_attributes__
        private = {name: each.get_default() for name, each in attributes.items()} if attributes else None
        assign(model, "__pydantic_private__", private)
        return model

    return fill


def _dataclass_filler(cls: Any) -> Fill:  # noqa: ANN401 - a class of the user's
    """Return what makes a dataclass of the fields that have come; `__post_init__` does not run."""

    def fill(whole: Mapping[str, object], came: Mapping[str, object], extra: Mapping[str, object]) -> object:
        del came, extra
        made: object = cls.__new__(cls)
        for name, value in whole.items():
            object.__setattr__(made, name, value)
        return made

    return fill
