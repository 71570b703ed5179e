"""Repair: arguments that are not quite what a schema asks for, and what alone they can have meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from callwright._json import JsonObject, JsonValue, clean
from callwright.tools.lenient import Number, Reading, UnreadableError, Value, read_objects, read_value, written

__all__ = ["REPAIR_LIMIT", "Repaired", "repaired"]

REPAIR_LIMIT = 1024 * 1024
"""The longest arguments that are repaired, in characters; longer ones are refused as they are."""

_NOTHING = frozenset(f"{quote}{word}{quote}" for quote in ("", '"', "'") for word in ("", "null", "None"))
_WRAPPERS = frozenset({"args", "arguments", "input", "kwargs", "parameters", "params"})
_SEPARATORS = re.compile(r"[,;\n|]")


@dataclass(frozen=True, slots=True)
class Repaired:
    """What arguments must have meant."""

    text: str
    """One JSON object, which fits the schema."""
    repairs: tuple[str, ...]
    """What was repaired, in words; never empty."""


def repaired(arguments: str, fits: Callable[[str], bool], parameters: JsonObject) -> Repaired | None:
    """Return the one object that arguments can have meant; None if there is none, or more than one.

    For arguments that were read strictly before, without success, of an answer that was not cut. Nothing that is
    missing is made up, but closing brackets at the very end. The time is in proportion to the length.

    Args:
        arguments: As the model wrote them; longer than `REPAIR_LIMIT`, they are not looked at.
        fits: Whether a JSON object is valid for the tool; asked a few times at most.
        parameters: The JSON Schema of the arguments.

    Raises:
        Exception: Whatever `fits` raises.
    """
    if len(arguments) > REPAIR_LIMIT:
        return None
    text = clean(arguments).strip("\ufeff \t\r\n")
    if text in _NOTHING:
        bare = not parameters.get("required") and fits("{}")
        return Repaired("{}", ("no arguments",)) if bare else None
    try:
        readings = read_objects(clean(arguments))
    except UnreadableError:
        return None
    if any(
        "the closing brackets" in reading.repairs and _is_movable(reading.value, parameters) for reading in readings
    ):
        return None
    for step in (_as_read, _shaped, _unwrapped, _unwrapped_and_shaped):
        candidates = [found for reading in readings if (found := step(reading, parameters)) is not None]
        texts = {written(found.value): found.repairs for found in candidates if found.repairs}
        fitting = [Repaired(text, repairs) for text, repairs in texts.items() if fits(text)]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None


def _is_movable(value: Value, parameters: JsonObject) -> bool:
    """Whether the bracket that is wrong may be an earlier one: then the last members belong further out."""
    properties = cast("Mapping[str, JsonValue]", parameters.get("properties", {}))
    is_open = parameters.get("additionalProperties", True) is not False
    if not is_open and isinstance(value, dict) and len(value) == 1 and not value.keys() <= properties.keys():
        return False  # it is wrapped: nothing else fits beside the wrapper
    known = {_folded(name) for name in properties}
    inner: list[dict[str, Value]] = []
    while isinstance(value, dict | list) and value:
        value = list(value.values())[-1] if isinstance(value, dict) else value[-1]
        inner += [value] if isinstance(value, dict) else []
    loose = [key for members in inner for key in list(members)[1:]]
    return bool(loose) and (is_open or len(inner) > 1 or any(_folded(key) in known for key in loose))


def _as_read(reading: Reading, _parameters: JsonObject) -> Reading | None:
    return reading if isinstance(reading.value, dict) else None


def _shaped(reading: Reading, parameters: JsonObject) -> Reading | None:
    """Return a reading in the shape of the schema; None if it is already, as far as can be told."""
    shaper = _Shaper(parameters)
    value = shaper.shaped(reading.value, parameters)
    return Reading(value, (*reading.repairs, *shaper.repairs)) if shaper.repairs else None


def _unwrapped(reading: Reading, parameters: JsonObject) -> Reading | None:
    """Return what stands under the one key that is no parameter, such as `arguments`; None if there is none."""
    if not isinstance(reading.value, dict) or len(reading.value) != 1:
        return None
    [(key, inner)] = reading.value.items()
    if key not in _WRAPPERS or key in cast("JsonObject", parameters.get("properties", {})):
        return None
    repairs = dict.fromkeys((*reading.repairs, f"an object inside {key!r}"))
    inner = _decoded(inner, dict, repairs)
    return Reading(inner, tuple(repairs)) if isinstance(inner, dict) else None


def _unwrapped_and_shaped(reading: Reading, parameters: JsonObject) -> Reading | None:
    inner = _unwrapped(reading, parameters)
    return None if inner is None else _shaped(inner, parameters)


class _Shaper:
    """Brings values into the shape that a schema asks for, and keeps what it changed.

    Args:
        root: The schema that holds the definitions.
    """

    __slots__ = ("_root", "repairs")

    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self.repairs: dict[str, None] = {}

    def shaped(self, value: Value, schema: JsonValue) -> Value:
        """Return `value` as `schema` has it, as far as only its shape is wrong."""
        due = self._due(schema)
        match due.get("type"):
            case "object":
                value = _decoded(value, dict, self.repairs)
                return self._members(value, due) if isinstance(value, dict) else value
            case "array":
                return self._items(_decoded(value, list, self.repairs), due.get("items"))
            case "integer":
                return self._option(value, due)
            case _:
                return value

    def _members(self, members: dict[str, Value], schema: JsonObject) -> dict[str, Value]:
        properties = cast("Mapping[str, JsonValue]", schema.get("properties", {}))
        names = self._names(members, properties)
        others = schema.get("additionalProperties")
        shaped = {names.get(key, key): value for key, value in members.items()}
        if len(shaped) < len(members):
            return members  # two keys for one parameter
        for key in names:
            self.repairs[f"the key {key[:40]!r} for {names[key]!r}"] = None
        return {key: self.shaped(value, properties.get(key, others)) for key, value in shaped.items()}

    def _names(self, members: Mapping[str, Value], properties: Mapping[str, JsonValue]) -> dict[str, str]:
        """Return the parameters that unknown keys stand for, where only case or underscores differ."""
        unknown = [key for key in members if key not in properties]
        if not unknown or not properties:
            return {}
        known: dict[str, list[str]] = {}
        for name in properties:
            known.setdefault(_folded(name), []).append(name)
        meant = {key: known.get(_folded(key), []) for key in unknown}
        return {key: names[0] for key, names in meant.items() if len(names) == 1}

    def _items(self, value: Value, schema: JsonValue) -> Value:
        if isinstance(value, list):
            return [self.shaped(item, schema) for item in value]
        # "Rome, Italy" may be one item or two, and "[Rome" is a broken list.
        if value is None or (isinstance(value, str) and (_SEPARATORS.search(value) or value.lstrip()[:1] in ("", "["))):
            return value
        self.repairs["one value where a list is due"] = None
        return [self.shaped(value, schema)]

    def _option(self, value: Value, schema: JsonObject) -> Value:
        """Return the integer that a string spells, if the schema lists it; others are read as integers anyway."""
        options = schema.get("enum", [schema.get("const")])
        if isinstance(value, str) and value in {str(option) for option in cast("Sequence[JsonValue]", options)}:
            self.repairs["a number in quotes"] = None
            return Number(value)
        return value

    def _due(self, schema: JsonValue) -> JsonObject:
        """Return the schema behind references, and behind `or null`; an empty one if there are several."""
        for _ in range(8):
            if not isinstance(schema, Mapping):
                break
            reference = schema.get("$ref")
            branches = cast("Sequence[JsonObject]", schema.get("anyOf", ()))
            if isinstance(reference, str):
                definitions = cast("Mapping[str, JsonValue]", self._root.get("$defs", {}))
                schema = definitions.get(reference.removeprefix("#/$defs/"))
            elif branches:
                real = [branch for branch in branches if branch.get("type") != "null"]
                schema = real[0] if len(real) == 1 else None
            else:
                return schema
        return {}


def _decoded(value: Value, kind: type[dict[str, Value] | list[Value]], repairs: dict[str, None]) -> Value:
    """Return the object or list that a string holds; anything else as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] != ("{" if kind is dict else "["):
        return value
    try:
        found = read_value(value)
    except UnreadableError:
        return value
    repairs |= dict.fromkeys(("an object or list inside a string", *found.repairs))
    return found.value


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()
