"""A finite schema: one of whose values there are so many only, so that all of them can be put to the vote."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, combinations_with_replacement, islice, permutations, product
from typing import cast

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError

from callwright._json import JsonObject, JsonValue
from callwright.errors import ParameterError
from callwright.query.meaning import Meaning, resolved

__all__ = ["MOST_OUTPUTS", "outputs", "outputs_of"]

MOST_OUTPUTS = 400
"""Two levels of keys of 20 letters each."""

_DEEPEST = 32
_ORDER = ("_preserveOrder", "_preserve_order")


def outputs(schema: JsonObject, *, most: int = MOST_OUTPUTS) -> tuple[JsonValue, ...]:
    """Return every value that the schema allows, each once, in the order in which the schema names them.

    Objects are taken as closed: a key that is not named is in none. An array whose items have no order by the schema's
    extensions comes once for each set of items.

    Args:
        schema: With `enum`, `const`, booleans, null, integers between bounds, objects and arrays of those, `anyOf`,
            `oneOf` and local `$ref`.
        most: How many there may be.

    Raises:
        ParameterError: There is no end of values, or more than `most`, or none; says where.
    """
    found: dict[str, JsonValue] = {}
    meaning = Meaning(schema)
    for value in _Finite(schema).values(schema, "$", 0):
        found.setdefault(meaning.text(value), value)
        if len(found) > most:
            raise ParameterError(f"select_deterministic: expected a schema of at most {most} values; this one has more")
    if not found:
        raise ParameterError("select_deterministic: expected a schema that some value fits; this one allows none")
    return tuple(found.values())


def outputs_of(kind: object, *, most: int = MOST_OUTPUTS) -> tuple[JsonValue, ...]:
    """Return every value, as JSON, of a type: `bool`, a `Literal`, an enumeration, a model of those.

    Raises:
        ParameterError: The type has no JSON Schema, or see `outputs`.
    """
    try:
        schema = cast("JsonObject", TypeAdapter[object](cast("type[object]", kind)).json_schema())
    except PydanticUserError as error:
        raise ParameterError(f"select_deterministic: expected a type with a JSON Schema; got {kind!r}") from error
    return outputs(schema, most=most)


class _Finite:
    """Yields the values of schemas of one document."""

    __slots__ = ("_root",)

    def __init__(self, root: JsonObject) -> None:
        self._root = root

    def values(self, schema: JsonValue, path: str, depth: int) -> Iterator[JsonValue]:
        """Yield the values of `schema`, some of them maybe twice."""
        if depth > _DEEPEST:
            raise _endless(path, "a schema that does not hold itself")
        branches = self._branches(schema)
        match schema:
            case {"enum": [*items]} | {"enum": (*items,)}:
                yield from cast("list[JsonValue]", items)
            case {"const": value}:
                yield cast("JsonValue", value)
            case _ if branches is not None:
                reference = cast("JsonObject", schema).get("$ref")
                where = f"{path} ({reference})" if reference else path
                for branch in branches:
                    yield from self.values(branch, where, depth + 1)
            case {"type": str(kind)} if kind in _KINDS:
                yield from _KINDS[kind](self, cast("JsonObject", schema), path, depth)
            case _:
                raise _endless(path, "an enum, a const, a boolean, null, or an object or array of those")

    def _branches(self, schema: JsonValue) -> Sequence[JsonValue] | None:
        """Return the schemas of which any may hold; None if there is only the schema itself."""
        match schema:
            case {"$ref": str(reference)}:
                return (resolved(self._root, reference),)
            case {"anyOf": [*branches]} | {"oneOf": [*branches]}:
                return cast("list[JsonValue]", branches)
            case {"allOf": [only]}:
                return (cast("JsonValue", only),)
            case {"type": [*kinds]}:
                return [{**cast("JsonObject", schema), "type": cast("JsonValue", kind)} for kind in kinds]
            case _:
                return None

    def booleans(self, _schema: JsonObject, _path: str, _depth: int) -> Iterator[JsonValue]:
        """Yield true and false."""
        yield from (True, False)

    def nulls(self, _schema: JsonObject, _path: str, _depth: int) -> Iterator[JsonValue]:
        """Yield null."""
        yield None

    def integers(self, schema: JsonObject, path: str, _depth: int) -> Iterator[JsonValue]:
        """Yield the integers between bounds."""
        least = _bound(schema, "minimum", "exclusiveMinimum", 1)
        most = _bound(schema, "maximum", "exclusiveMaximum", -1)
        if least is None or most is None:
            raise _endless(path, "an integer with minimum and maximum")
        step = schema.get("multipleOf")
        by = step if isinstance(step, int) and step > 0 else 1
        yield from range(least + -least % by, most + 1, by)

    def objects(self, schema: JsonObject, path: str, depth: int) -> Iterator[JsonValue]:
        """Yield the objects with and without each key that is not required."""
        properties = schema.get("properties")
        if not isinstance(properties, Mapping):
            raise _endless(path, "an object with properties")
        required = schema.get("required")
        needed = required if isinstance(required, list | tuple) else ()
        choices: list[list[tuple[tuple[str, JsonValue], ...]]] = []
        for key, inner in properties.items():
            if _counts(inner):
                every = self._some(inner, f"{path}.{key}", depth + 1)
                pairs: list[tuple[tuple[str, JsonValue], ...]] = [((key, value),) for value in every]
                choices.append(pairs if key in needed else [*pairs, ()])
            elif key in needed:
                # One is as good as any other, but there must be one.
                values = islice(self.values(inner, f"{path}.{key}", depth + 1), 1)
                choices.append([((key, value),) for value in values])
        for chosen in product(*choices):
            yield dict(pair for pairs in chosen for pair in pairs)

    def arrays(self, schema: JsonObject, path: str, depth: int) -> Iterator[JsonValue]:
        """Yield the arrays of each length; sets, if the order means nothing."""
        prefix = schema.get("prefixItems")
        if isinstance(prefix, list | tuple):
            parts = [self._some(item, f"{path}[{place}]", depth + 1) for place, item in enumerate(prefix)]
            yield from (list(chosen) for chosen in product(*parts))
            return
        items = self._some(schema.get("items"), f"{path}[]", depth + 1)
        is_set, has_order = schema.get("uniqueItems") is True, any(schema.get(key) is True for key in _ORDER)
        least, most = schema.get("minItems", 0), schema.get("maxItems", len(items) if is_set else None)
        if not isinstance(least, int) or not isinstance(most, int):
            raise _endless(path, "an array with maxItems, or uniqueItems")
        for length in range(least, min(most, MOST_OUTPUTS) + 1):
            for chosen in _chosen(items, length, is_set=is_set, has_order=has_order):
                yield list(chosen)

    def _some(self, schema: JsonValue, path: str, depth: int) -> list[JsonValue]:
        """Return the values of a part: more of them than a whole may have are too many."""
        return list(islice(self.values(schema, path, depth), MOST_OUTPUTS + 1))


_KINDS: Mapping[str, Callable[[_Finite, JsonObject, str, int], Iterator[JsonValue]]] = {
    "boolean": _Finite.booleans,
    "null": _Finite.nulls,
    "integer": _Finite.integers,
    "object": _Finite.objects,
    "array": _Finite.arrays,
}


def _chosen(
    items: Sequence[JsonValue], length: int, *, is_set: bool, has_order: bool
) -> Iterator[tuple[JsonValue, ...]]:
    if has_order:
        return permutations(items, length) if is_set else product(items, repeat=length)
    return combinations(items, length) if is_set else combinations_with_replacement(items, length)


def _counts(schema: JsonValue) -> bool:
    return not isinstance(schema, Mapping) or schema.get("_confidence") is not False


def _bound(schema: JsonObject, closed: str, opened: str, step: int) -> int | None:
    value, edge = schema.get(closed), schema.get(opened)
    if isinstance(edge, int) and not isinstance(edge, bool):
        return edge + step
    return (
        int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value) else None
    )


def _endless(path: str, expected: str) -> ParameterError:
    return ParameterError(f"select_deterministic: {path}: expected {expected}, so that all values can be put to a vote")
