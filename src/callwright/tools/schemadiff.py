"""A change: how a schema of arguments differs from an earlier one, and whether that breaks what was sent under it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from callwright._json import JsonObject, JsonValue, encode
from callwright.tools.subschemas import (
    ANNOTATIONS,
    NOTHING,
    NULL,
    as_list,
    as_object,
    constants_of,
    kinds_of,
    pointed_at,
    properties_of,
    required_of,
    split,
)

__all__ = ["Change", "changes"]

_KINDS = ("array", "boolean", "null", "number", "object", "string")
"""All there are; every integer is a number."""
_LEAST = ("minLength", "minItems", "minProperties")
_MOST = ("maxLength", "maxItems", "maxProperties")
_WHOLE = (
    *("additionalItems", "allOf", "contains", "contentEncoding", "contentMediaType", "contentSchema", "dependencies"),
    *("dependentRequired", "dependentSchemas", "else", "format", "if", "maxContains", "minContains", "not", "oneOf"),
    *(
        "pattern",
        "patternProperties",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems",
    ),
)
"""Keywords that are the same, or another rule."""
_MAPS = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
_MOST_CHARACTERS, _MOST_LISTED = 60, 8


@dataclass(frozen=True, slots=True)
class Change:
    """One way in which a tool differs from what it was."""

    tool: str
    path: str
    """Such as `parameters.orders[].id`; empty if it is about the whole tool."""
    kind: str
    """By which it can be looked for, such as `parameter-removed`."""
    is_breaking: bool
    """Whether arguments that were taken are refused now, or mean something else."""
    message: str


def changes(tool: str, old: JsonObject, new: JsonObject) -> list[Change]:
    """Return how one schema of arguments differs from an earlier one; empty if in nothing that matters.

    What cannot be compared, such as two regular expressions, breaks if it is not equal.

    Args:
        tool: The tool's name.
        old: The schema as it was.
        new: The schema now.
    """
    return list(dict.fromkeys(_Differ(tool, old, new).between(old, new, "parameters")))


class _Differ:
    """Compares two schemas, place by place."""

    def __init__(self, tool: str, old: JsonObject, new: JsonObject) -> None:
        self._tool = tool
        self._old, self._new = old, new
        self._has_same_definitions = all(
            (as_object(new.get(home)) or NOTHING).get(name) == definition
            for home in ("$defs", "definitions")
            for name, definition in (as_object(old.get(home)) or NOTHING).items()
        )
        # With the schemas themselves, or another might get the address of one that is gone.
        self._known: dict[tuple[int, int], tuple[JsonValue, JsonValue, list[Change]]] = {}

    def between(self, old: JsonValue, new: JsonValue, path: str) -> list[Change]:
        """Return how two schemas differ, which stand at the same place."""
        if old == new and (self._has_same_definitions or "$ref" not in str(old)):
            return []
        said = [*self._said(as_object(old) or NOTHING, as_object(new) or NOTHING, path)]
        old, new = _home(old, self._old), _home(new, self._new)
        key = (id(old), id(new))
        if key not in self._known:
            self._known[key] = (old, new, [])  # In a recursion, it is the same until shown otherwise.
            found = [*self._meant(_branches(old, self._old), _branches(new, self._new), path)]
            self._known[key] = (old, new, found)
        return [*said, *self._known[key][2]]

    def _change(self, path: str, kind: str, message: str, *, is_breaking: bool = True) -> Change:
        return Change(self._tool, path, kind, is_breaking, message)

    def _said(self, old: JsonObject, new: JsonObject, path: str) -> Iterator[Change]:
        if old.get("description") != new.get("description"):
            yield self._change(path, "description", "described in other words", is_breaking=False)
        if "default" in old and "default" in new and old["default"] != new["default"]:
            message = f"not given, it is {_shown(new['default'])}; it was {_shown(old['default'])}"
            yield self._change(path, "default", message, is_breaking=False)

    def _meant(self, olds: Sequence[JsonObject], news: Sequence[JsonObject], path: str) -> Iterator[Change]:
        """Yield the changes between two unions: each old member must find itself in a new one."""
        lost: list[str] = []
        chosen: set[int] = set()
        for old in olds:
            kind = old["type"]
            fitting = [index for index, new in enumerate(news) if _takes(new["type"], kind)]
            if not fitting:
                lost.append(str(kind))
                continue
            found = {index: [*self._flat(old, news[index], path)] for index in fitting}
            best = min(fitting, key=lambda index: (sum(one.is_breaking for one in found[index]), len(found[index])))
            chosen.add(best)
            yield from found[best]
        if lost:
            message = f"no longer takes {_listed(lost)}, but {_listed(str(new['type']) for new in news)}"
            yield self._change(path, "type-narrowed", message)
        added = [str(new["type"]) for index, new in enumerate(news) if index not in chosen]
        if added and not lost:
            yield self._change(path, "type-widened", f"takes {_listed(added)} as well", is_breaking=False)

    def _flat(self, old: JsonObject, new: JsonObject, path: str) -> Iterator[Change]:
        """Yield the changes between two schemas of one type each, without unions or references."""
        yield from self._values(old, new, path)
        yield from self._bounds(old, new, path)
        for keyword in _WHOLE:
            was, now = _rule(old, keyword), _rule(new, keyword)
            if was is None and now is None:
                continue
            is_same = _bare(was) == _bare(now) and (self._has_same_definitions or "$ref" not in str(now))
            if now is None:
                yield self._change(path, "loosened", f"{keyword} is gone", is_breaking=False)
            elif not is_same:
                was_it = f", and was {_shown(was)}" if was is not None else ", and was not there"
                yield self._change(path, "tightened", f"{keyword} is {_shown(now)}{was_it}")
        if old["type"] == "array":
            yield from self._items(old, new, path)
        if old["type"] == "object":
            yield from self._properties(old, new, path)

    def _values(self, old: JsonObject, new: JsonObject, path: str) -> Iterator[Change]:
        was, now = constants_of(old), constants_of(new)
        if "enum" not in new and "const" not in new:
            if was:
                yield self._change(path, "value-added", "takes any value now", is_breaking=False)
        elif "enum" not in old and "const" not in old:
            yield self._change(path, "value-removed", f"takes only {_listed(map(_shown, now))} now; it took any value")
        else:
            if gone := _missing(was, now):
                yield self._change(path, "value-removed", f"no longer takes {_listed(map(_shown, gone))}")
            if added := _missing(now, was):
                message = f"takes {_listed(map(_shown, added))} as well"
                yield self._change(path, "value-added", message, is_breaking=False)

    def _bounds(self, old: JsonObject, new: JsonObject, path: str) -> Iterator[Change]:
        is_whole = old["type"] == "integer"
        pairs = [
            ("at least", _lowest(old, is_whole=is_whole), _lowest(new, is_whole=is_whole), -1),
            ("at most", _highest(old, is_whole=is_whole), _highest(new, is_whole=is_whole), 1),
            *[(name, _bound(old, name), _bound(new, name), -1) for name in _LEAST],
            *[(name, _bound(old, name), _bound(new, name), 1) for name in _MOST],
        ]
        for name, was, now, sign in pairs:
            if was == now or (sign < 0 and name in _LEAST and {was, now} == {None, (0, 0)}):
                continue
            is_tighter = now is not None and (was is None or _order(now, sign) < _order(was, sign))
            message = f"{name} {_side(now)}, and was {_side(was)}"
            yield self._change(path, "tightened" if is_tighter else "loosened", message, is_breaking=is_tighter)
        was_step, now_step = old.get("multipleOf"), new.get("multipleOf")
        if was_step != now_step:
            is_finer = now_step is None or _divides(now_step, was_step if was_step is not None or not is_whole else 1)
            message = f"a multiple of {_shown(now_step)}, and was of {_shown(was_step)}"
            yield self._change(path, "loosened" if is_finer else "tightened", message, is_breaking=not is_finer)

    def _items(self, old: JsonObject, new: JsonObject, path: str) -> Iterator[Change]:
        was, now = as_list(old.get("prefixItems")), as_list(new.get("prefixItems"))
        was_rest, now_rest = old.get("items", True), new.get("items", True)
        most = old.get("maxItems")
        for index in range(max(len(was), len(now))):
            if not isinstance(most, int) or index < most:
                old_item = was[index] if index < len(was) else was_rest
                yield from self.between(old_item, now[index] if index < len(now) else now_rest, f"{path}[{index}]")
        if not isinstance(most, int) or most > max(len(was), len(now)):
            yield from self.between(was_rest, now_rest, f"{path}[]")

    def _properties(self, old: JsonObject, new: JsonObject, path: str) -> Iterator[Change]:
        was, now = properties_of(old), properties_of(new)
        was_required, now_required = set(required_of(old)), set(required_of(new))
        was_others, now_others = old.get("additionalProperties", True), new.get("additionalProperties", True)
        for name, item in was.items():
            if name in now:
                yield from self.between(item, now[name], f"{path}.{name}")
            else:
                yield self._change(f"{path}.{name}", "parameter-removed", "it is not there any more")
        for name in [name for name in now if name not in was and name not in now_required]:
            yield self._change(f"{path}.{name}", "parameter-added", "it may be given", is_breaking=False)
            if isinstance(was_others, Mapping):
                yield from self.between(was_others, now[name], f"{path}.{name}")
        for name in sorted(now_required - was_required):
            kind = "parameter-required" if name in was else "parameter-added"
            why = "it must be given, and could be left out" if name in was else "it is new, and must be given"
            yield self._change(f"{path}.{name}", kind, f"{why}; give it a default")
        for name in sorted((was_required - now_required) & now.keys()):
            yield self._change(f"{path}.{name}", "parameter-optional", "it may be left out", is_breaking=False)
        yield from self._others(was_others, now_others, path)

    def _others(self, old: JsonValue, new: JsonValue, path: str) -> Iterator[Change]:
        if old is not False and new is False:
            yield self._change(path, "closed", "no longer takes other keys than those it names")
        elif old is False and new is not False:
            yield self._change(path, "opened", "takes other keys as well", is_breaking=False)
        elif old is not False:
            yield from self.between(old, new, f"{path}.*")


def _home(schema: JsonValue, root: JsonObject) -> JsonValue:
    """Return the definition that a schema is no more than a reference to, or else the schema."""
    seen: set[str] = set()
    while isinstance(schema, Mapping) and not schema.keys() - ANNOTATIONS - {"$ref"} and "$ref" in schema:
        reference = str(schema["$ref"])
        target = pointed_at(reference, root)
        if target is None or reference in seen:
            break
        seen.add(reference)
        schema = target
    return schema


def _branches(schema: JsonValue, root: JsonObject) -> list[JsonObject]:
    """Return a schema as a union of schemas of one type each; values of one type that are only listed go together."""
    listed: dict[str, dict[str, JsonValue]] = {}
    found: list[JsonObject] = []
    for one in _expanded(schema, root, frozenset()):
        kinds = kinds_of(one)
        if "type" not in one and "enum" not in one and "const" not in one:
            kinds = [*_KINDS]  # `properties` without a type speak of objects and allow all else
        for part in split(one, kinds):
            if _is_listed(part):
                group = listed.setdefault(str(part["type"]), {"type": part["type"], "enum": []})
                values = as_list(group["enum"])
                group["enum"] = [*values, *_missing(constants_of(part), values)]
            elif part not in found:
                found.append(part)
    free = [one["type"] for one in found if len(one) == 1]
    return [*found, *(group for kind, group in listed.items() if kind not in free)]


def _is_listed(schema: JsonObject) -> bool:
    return len(schema) > 1 and not schema.keys() - {"type", "enum", "const"}


def _missing(values: Sequence[JsonValue], others: Sequence[JsonValue]) -> list[JsonValue]:
    """Return which values are not among others; 1 is 1.0, and no true."""
    known = set(map(_key, others))
    return [value for value in values if _key(value) not in known]


def _key(value: JsonValue) -> tuple[str, object]:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return ("number", value) if is_number else ("text", encode(value))


def _expanded(schema: JsonValue, root: JsonObject, seen: frozenset[str]) -> Iterator[JsonObject]:
    """Yield the members of a union, with references followed."""
    if not isinstance(schema, Mapping):
        if schema is not False:
            yield NOTHING
        return
    beside = {key: value for key, value in schema.items() if key not in ANNOTATIONS | {"nullable", "discriminator"}}
    if schema.get("nullable") is True:
        yield NULL
    reference = beside.pop("$ref", None)
    if reference is not None:
        target = pointed_at(reference, root)
        if str(reference) in seen or target is None:
            yield {**beside, "not": {"$ref": reference}}  # It leads nowhere, and is compared by its words.
            return
        members = [*_expanded(target, root, seen | {str(reference)})]
    elif "anyOf" in beside or "oneOf" in beside:
        union = as_list(beside.pop("anyOf" if "anyOf" in beside else "oneOf"))
        members = [one for member in union for one in _expanded(member, root, seen)]
    else:
        yield beside
        return
    for member in members:
        yield _both(beside, member)


def _both(one: JsonObject, other: JsonObject) -> JsonObject:
    """Return what holds a value to both schemas."""
    if not one or not other or (len(one) == 1 and "type" in one and one["type"] == other.get("type")):
        return {**one, **other}
    kept = {key: value for key, value in one.items() if key != "allOf"}
    return {**kept, "allOf": [*as_list(one.get("allOf")), other]}


def _rule(schema: JsonObject, keyword: str) -> JsonValue:
    """Return what a keyword demands; None if it is not there, or demands nothing."""
    value = schema.get(keyword)
    return value if value or keyword in ("contains", "if", "not") else None


def _takes(new: JsonValue, old: JsonValue) -> bool:
    return new == old or (new == "number" and old == "integer")


def _bound(schema: JsonObject, keyword: str) -> tuple[float, int] | None:
    value = schema.get(keyword)
    return (value, 0) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _lowest(schema: JsonObject, *, is_whole: bool) -> tuple[float, int] | None:
    """Return the lower bound of numbers, and 1 if it is not taken itself; 0 comes before it."""
    return _tightest(schema, "minimum", "exclusiveMinimum", 1 if is_whole else 0)


def _highest(schema: JsonObject, *, is_whole: bool) -> tuple[float, int] | None:
    return _tightest(schema, "maximum", "exclusiveMaximum", -1 if is_whole else 0)


def _tightest(schema: JsonObject, closed: str, opened: str, step: int) -> tuple[float, int] | None:
    found = _bound(schema, closed)
    outside = _bound(schema, opened)
    if outside is not None:
        is_integral = step and float(outside[0]).is_integer()
        outside = (outside[0] + step, 0) if is_integral else (outside[0], 1)
    both = [one for one in (found, outside) if one is not None]
    if not both:
        return None
    return max(both) if opened == "exclusiveMinimum" else min(both, key=lambda one: (one[0], -one[1]))


def _order(bound: tuple[float, int], sign: int) -> tuple[float, int]:
    """Return what is smaller for the tighter of two bounds.

    Args:
        bound: See `_lowest`.
        sign: 1 for upper bounds, -1 for lower ones.
    """
    return (bound[0] * sign, -bound[1])


def _divides(step: JsonValue, other: JsonValue) -> bool:
    if not isinstance(step, int | float) or not isinstance(other, int | float) or not step:
        return False
    return float(other / step).is_integer()


def _side(bound: tuple[float, int] | None) -> str:
    if bound is None:
        return "anything"
    return f"{bound[0]:g} (not taken itself)" if bound[1] else f"{bound[0]:g}"


def _bare(value: JsonValue) -> JsonValue:
    """Return a schema without what it says about itself."""
    if isinstance(value, Mapping):
        return {
            key: {name: _bare(one) for name, one in (as_object(item) or {}).items()} if key in _MAPS else _bare(item)
            for key, item in value.items()
            if key not in ANNOTATIONS
        }
    return [_bare(item) for item in value] if isinstance(value, list | tuple) else value


def _shown(value: JsonValue) -> str:
    text = "none" if value is None else encode(value).decode()
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"


def _listed(words: Iterable[str]) -> str:
    different = list(dict.fromkeys(words))
    few = different[:_MOST_LISTED]
    few += [f"{len(different) - len(few)} more"] if len(different) > len(few) else []
    return ", ".join(few) or "nothing"
