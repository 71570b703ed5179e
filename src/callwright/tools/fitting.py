"""A fitting: a JSON value held against a raw schema, and what of it does not fit."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from types import NoneType
from typing import NamedTuple, TypeAlias, cast

from pydantic_core import InitErrorDetails, PydanticCustomError, SchemaError, SchemaValidator, ValidationError
from pydantic_core.core_schema import str_schema

from callwright._json import JsonObject, JsonValue
from callwright.tools.bounds import BOUNDS, identity, shown
from callwright.tools.rawschema import RawSchema

__all__ = ["Fitter"]

_MOST = 1_000
"""Problems beyond these are not kept; nobody reads them."""

_MOST_SHOWN = 20
_NUMBER = re.compile(r"-?\d{1,300}(\.\d{1,300})?([eE][+-]?\d{1,3})?", re.ASCII)

_Path: TypeAlias = tuple[str | int, ...]
_Known: TypeAlias = "dict[tuple[int, int, bool], tuple[JsonValue, JsonValue, list[_Problem]]]"

_NAMES: Mapping[type, str] = {
    NoneType: "null",
    bool: "boolean",
    dict: "object",
    float: "number",
    int: "integer",
    list: "array",
    str: "string",
}
_WORDS: Mapping[str, str] = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}
_MISFIT = object()


class _Problem(NamedTuple):
    """One thing that does not fit."""

    kind: str
    path: _Path
    expected: str
    value: JsonValue

    def detail(self) -> InitErrorDetails:
        """Return it as pydantic has it; two kinds go by their own name, as they do for arguments of functions."""
        if self.kind in ("missing", "extra_forbidden"):
            return {"type": self.kind, "loc": self.path, "input": self.value}
        words = {"expected": self.expected, "keyword": self.kind}
        error = PydanticCustomError("schema", "Input should be {expected}", words)
        return {"type": error, "loc": self.path, "input": self.value}


class Fitter:
    """Holds values against one schema; nothing is filled in.

    Args:
        schema: What they must fit.
        title: What is called wrong if they do not.
    """

    __slots__ = ("_enums", "_patterns", "_schema", "_title")

    def __init__(self, schema: RawSchema, title: str) -> None:
        self._schema = schema
        self._title = title
        self._enums: dict[int, frozenset[object]] = {}
        self._patterns: dict[str, SchemaValidator | None] = {}

    def fitted(self, value: JsonValue, *, lax: bool = True) -> JsonValue:
        """Return `value` as the schema has it, in a time in proportion to the size of both, multiplied at most.

        Args:
            value: What a JSON text holds, in dicts and lists; it is not changed.
            lax: Whether strings that spell a number or a boolean are one where only those fit.

        Raises:
            ValidationError: It does not fit, or is nested too deeply.
        """
        fitting = _Fitting(self, {}, lax=lax)
        try:
            found = fitting.fitted(value, self._schema.parameters, ())
        except RecursionError:
            fitting.problems = [_Problem("recursion", (), "less deeply nested", value)]
            found = value
        if fitting.problems:
            raise ValidationError.from_exception_data(self._title, [problem.detail() for problem in fitting.problems])
        return found

    def target(self, reference: JsonValue) -> JsonValue:
        """Return the schema that a reference stands for."""
        return self._schema.targets[cast("str", reference)]

    def is_listed(self, value: JsonValue, options: Sequence[JsonValue]) -> bool:
        """Whether a value is one of the schema's `options`, as JSON has it: 1 is 1.0, and not true."""
        listed = self._enums.get(id(options))
        if listed is None:
            listed = self._enums[id(options)] = frozenset(map(identity, options))
        return identity(value) in listed

    def is_matched(self, text: str, pattern: str) -> bool:
        """Whether a pattern is found in a text; what the engine, which takes linear time, does not know matches all."""
        if pattern not in self._patterns:
            engine: SchemaValidator | None = None
            with suppress(SchemaError):
                engine = SchemaValidator(str_schema(pattern=pattern))
            self._patterns[pattern] = engine
        found = self._patterns[pattern]
        return found is None or found.isinstance_python(text)


class _Fitting:
    """Holds one value, in one way to read it, against a schema.

    Args:
        fitter: Whose schema it is.
        known: What came of values at references, by target, value and mode; shared by all fittings of one value. The
            values are kept in it, since their ids stand for them.
        lax: See `Fitter.fitted`.
    """

    __slots__ = ("_fitter", "_known", "_lax", "problems")

    def __init__(self, fitter: Fitter, known: _Known, *, lax: bool) -> None:
        self._fitter = fitter
        self._known = known
        self._lax = lax
        self.problems: list[_Problem] = []

    def fitted(self, value: JsonValue, schema: JsonValue, path: _Path) -> JsonValue:
        """Return `value` as `schema` has it; what does not fit is added to the problems."""
        if schema is True:
            return value
        if not isinstance(schema, dict):
            return self._wrong("extra_forbidden", path, "left out", value)
        if value is None and schema.get("nullable") is True:
            return value
        kinds = schema.get("type")
        if kinds is not None:
            found = _typed(value, (kinds,) if isinstance(kinds, str) else cast("Sequence[str]", kinds), lax=self._lax)
            if found is _MISFIT:
                return self._wrong("type", path, _worded(kinds), value)
            value = cast("JsonValue", found)
        for keyword, given in schema.items():
            rule = _RULES.get(keyword)
            if rule is not None:
                value = rule(self, value, schema, path)
            elif (limit := BOUNDS.get(keyword)) is not None:
                expected = limit(value, given, schema)
                if expected is not None:
                    self._wrong(keyword, path, expected, value)
        return value

    def add(self, problems: Iterable[_Problem]) -> None:
        """Add problems, as long as there is room."""
        self.problems += list(problems)[: _MOST - len(self.problems)]

    def _wrong(self, kind: str, path: _Path, expected: str, value: JsonValue) -> JsonValue:
        self.add([_Problem(kind, path, expected, value)])
        return value

    # -- rules: what one keyword asks for, of values of the kind that it speaks of

    def refer(self, value: JsonValue, schema: JsonObject, path: _Path) -> JsonValue:
        """Apply what a reference stands for: once per value, or alternatives could take exponential time."""
        target = self._fitter.target(schema["$ref"])
        if not isinstance(value, dict | list):
            return self.fitted(value, target, path)
        key = (id(target), id(value), self._lax)
        if key not in self._known:
            trial = _Fitting(self._fitter, self._known, lax=self._lax)
            found = trial.fitted(value, target, path)
            self._known[key] = (value, found, trial.problems)
        _, found, problems = self._known[key]
        self.add(problems)
        return found

    def all_of(self, value: JsonValue, schema: JsonObject, path: _Path) -> JsonValue:
        for branch in _list(schema, "allOf"):
            value = self.fitted(value, branch, path)
        return value

    def any_of(self, value: JsonValue, schema: JsonObject, path: _Path) -> JsonValue:
        return self._one(value, _list(schema, "anyOf"), path)[0]

    def one_of(self, value: JsonValue, schema: JsonObject, path: _Path) -> JsonValue:
        found, fits = self._one(value, _list(schema, "oneOf"), path)
        if len(fits) > 1:
            both = f"{fits[0] + 1} and {fits[1] + 1}"
            self._wrong("oneOf", path, f"what only one of the alternatives takes; numbers {both} do", value)
        return found

    def _one(self, value: JsonValue, branches: Sequence[JsonValue], path: _Path) -> tuple[JsonValue, list[int]]:
        """Return the value as the first alternative has it that takes it, as it is if any does; and which ones do."""
        trials: list[_Fitting] = []
        for lax in (False, True) if self._lax else (False,):
            trials = [_Fitting(self._fitter, self._known, lax=lax) for _ in branches]
            found = [trial.fitted(value, branch, path) for trial, branch in zip(trials, branches, strict=True)]
            fits = [index for index, trial in enumerate(trials) if not trial.problems]
            if fits:
                # A string that several could read as theirs is none of the schema's contradictions.
                return found[fits[0]], fits[:1] if lax else fits
        self._tell_nearest(trials, value, path)
        return value, []

    def _tell_nearest(self, trials: Sequence[_Fitting], value: JsonValue, path: _Path) -> None:
        """Add the problems of the alternative that the value comes nearest to."""
        near = [trial for trial in trials if not any(p.kind == "type" and p.path == path for p in trial.problems)]
        if near:
            self.add(min(near, key=lambda trial: len(trial.problems)).problems)
            return
        expected = dict.fromkeys(p.expected for trial in trials for p in trial.problems if p.path == path)
        self._wrong("type", path, " or ".join(list(expected)[:_MOST_SHOWN]), value)

    def enum(self, value: JsonValue, schema: JsonObject, path: _Path) -> JsonValue:
        options = _list(schema, "enum")
        if self._fitter.is_listed(value, options):
            return value
        listed = ", ".join(map(shown, options[:_MOST_SHOWN]))
        more = f", ... ({len(options)} in all)" if len(options) > _MOST_SHOWN else ""
        return self._wrong("enum", path, f"one of {listed}{more}", value)

    def pattern(self, value: JsonValue, schema: JsonObject, path: _Path) -> JsonValue:
        pattern = cast("str", schema["pattern"])
        if isinstance(value, str) and not self._fitter.is_matched(value, pattern):
            return self._wrong("pattern", path, f"a string that matches {pattern[:200]}", value)
        return value

    def required(self, value: JsonValue, schema: JsonObject, path: _Path) -> JsonValue:
        if isinstance(value, dict):
            missing = [name for name in _list(schema, "required") if name not in value]
            self.add(_Problem("missing", (*path, cast("str", name)), "given", value) for name in missing)
        return value

    def properties(self, value: JsonValue, schema: JsonObject, path: _Path) -> JsonValue:
        own = cast("JsonObject", schema["properties"])
        return self._members(value, lambda name: own.get(name, True), path)

    def patterns(self, value: JsonValue, schema: JsonObject, path: _Path) -> JsonValue:
        for pattern, due in cast("JsonObject", schema["patternProperties"]).items():
            named = (
                {name for name in value if self._fitter.is_matched(name, pattern)} if isinstance(value, dict) else ()
            )
            value = self._members(value, dict.fromkeys(named, due).get, path)
        return value

    def others(self, value: JsonValue, schema: JsonObject, path: _Path) -> JsonValue:
        patterns = tuple(cast("JsonObject", schema.get("patternProperties", {})))
        own = cast("JsonObject", schema.get("properties", {}))
        due = schema["additionalProperties"]

        def find(name: str) -> JsonValue:
            is_known = name in own or any(self._fitter.is_matched(name, pattern) for pattern in patterns)
            return True if is_known else due

        return value if due is True else self._members(value, find, path)

    def _members(self, value: JsonValue, find: Callable[[str], JsonValue], path: _Path) -> JsonValue:
        """Return an object with each member as the schema has it that `find` gives; None is any."""
        if not isinstance(value, dict):
            return value
        changed: dict[str, JsonValue] = {}
        for name, item in value.items():
            due = find(name)
            found = item if due is None else self.fitted(item, due, (*path, name))
            if found is not item:
                changed[name] = found
        return {**value, **changed} if changed else value

    def prefix(self, value: JsonValue, schema: JsonObject, path: _Path) -> JsonValue:
        return self._elements(value, 0, _list(schema, "prefixItems"), path)

    def items(self, value: JsonValue, schema: JsonObject, path: _Path) -> JsonValue:
        due = schema["items"]
        if isinstance(due, list):  # as draft 7 has it
            return self._elements(value, 0, due, path)
        return self._rest(value, len(_list(schema, "prefixItems")), due, path)

    def more_items(self, value: JsonValue, schema: JsonObject, path: _Path) -> JsonValue:
        before = schema.get("items")
        return self._rest(value, len(before), schema["additionalItems"], path) if isinstance(before, list) else value

    def _rest(self, value: JsonValue, start: int, due: JsonValue, path: _Path) -> JsonValue:
        count = len(value) - start if isinstance(value, list) and due is not True else 0
        return self._elements(value, start, [due] * count, path) if count > 0 else value

    def _elements(self, value: JsonValue, start: int, dues: Sequence[JsonValue], path: _Path) -> JsonValue:
        """Return a list with its elements, from `start` on, as the schemas `dues` have them."""
        if not isinstance(value, list):
            return value
        changed: dict[int, JsonValue] = {}
        for index, due in enumerate(dues[: len(value) - start], start):
            found = self.fitted(value[index], due, (*path, index))
            if found is not value[index]:
                changed[index] = found
        return [changed.get(index, item) for index, item in enumerate(value)] if changed else value


_RULES: Mapping[str, Callable[[_Fitting, JsonValue, JsonObject, _Path], JsonValue]] = {
    "$ref": _Fitting.refer,
    "additionalItems": _Fitting.more_items,
    "additionalProperties": _Fitting.others,
    "allOf": _Fitting.all_of,
    "anyOf": _Fitting.any_of,
    "enum": _Fitting.enum,
    "items": _Fitting.items,
    "oneOf": _Fitting.one_of,
    "pattern": _Fitting.pattern,
    "patternProperties": _Fitting.patterns,
    "prefixItems": _Fitting.prefix,
    "properties": _Fitting.properties,
    "required": _Fitting.required,
}


def _list(schema: JsonObject, keyword: str) -> Sequence[JsonValue]:
    return cast("Sequence[JsonValue]", schema.get(keyword, ()))


def _typed(value: JsonValue, kinds: Sequence[str], *, lax: bool) -> object:
    """Return a value of one of `kinds`; `_MISFIT` if it is none."""
    if isinstance(value, float) and not math.isfinite(value):
        return _MISFIT
    kind = _NAMES[type(value)]
    if kind in kinds or (kind == "integer" and "number" in kinds):
        return value
    if isinstance(value, float) and "integer" in kinds and value.is_integer():
        return int(value)
    return _spelled(value.strip(), kinds) if lax and isinstance(value, str) else _MISFIT


def _spelled(text: str, kinds: Sequence[str]) -> object:
    """Return the number or boolean that a string spells, if one is due; `_MISFIT` if it spells none."""
    if "boolean" in kinds and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _NUMBER.fullmatch(text) and ("integer" in kinds or "number" in kinds):
        return _typed(int(text) if text.lstrip("-").isdecimal() else float(text), kinds, lax=False)
    return _MISFIT


def _worded(kinds: JsonValue) -> str:
    names = [kinds] if isinstance(kinds, str) else cast("Sequence[str]", kinds)
    return " or ".join(_WORDS[name] for name in names)
