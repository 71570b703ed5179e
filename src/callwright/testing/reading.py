"""Reading: values that a JSON Schema asks for, picked from what can be pointed at in a text.

No meaning is involved. A text has marks: dates, addresses, quoted words, numbers, capitalised names. A value is the mark beside
a word of its property's name, or else the next mark of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from callwright._json import JsonValue
from callwright.testing.wireshape import Object

__all__ = ["Mark", "Reader", "Text", "facts", "resolved", "wanted_nouns", "words_of"]

_MARK = re.compile(
    r"""(?P<date>\b\d{4}-\d\d-\d\d(?:T[\d:.]+Z?)?\b)
      | (?P<email>\b[\w.+-]+@[\w-]+\.[\w.-]*\w)
      | (?P<url>https?://[^\s"'<>]+)
      | "(?P<quoted>[^"]+)" | “(?P<curled>[^”]+)” | (?<!\w)'(?P<single>[^']+)'(?!\w)
      | (?P<number>(?<![\w.])[-−]?\d+(?:\.\d+)?(?![\w]))
      | (?P<name>\b[^\W\d_a-zß-öø-ÿ][\w&-]*(?:\ [^\W\d_a-zß-öø-ÿ][\w&-]*)*)""",
    re.VERBOSE,
)
_KINDS = {"curled": "quoted", "single": "quoted"}
_OPENERS = frozenset(
    "a add an and answer ask book buy calculate call compare compute convert could count create did do does extract fetch find for get "
    "give had has have how i if in is it list look make may multiply my of on one open or order pay please put read refund say schedule "
    "search send set show sum take tell thank thanks that the then there these they this to turn use was we were what when where which "
    "who whose why will with would write you".split()
)
_LINK = re.compile(r"\s*(?:,|;|and|or|&|vs\.?|versus|,\s*and)(?:\s+\w+){0,2}\s*", re.IGNORECASE)
_OBJECT = re.compile(r"\b(?:in|for|of|at|to|from|about|on|near|named|called)\s+((?!the\b|a\b|an\b)[^\W\d_][\w-]*)")
_FREE = frozenset(
    "query question text prompt message expression search topic term content body q note title answer reason".split()
)
_SPOKEN = frozenset("answer summary text reply response output result message content explanation reason".split())
_PREPOSITIONS = {"origin": "from", "source": "from", "start": "from", "destination": "to", "target": "to", "end": "to"}
_VAGUE = frozenset({"id", "of", "the", "a", "an", "name", "key", "code", "number", "no", "is", "value"})


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text or of a name in any case, lower and without endings."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).lower()
    return frozenset(_stem(word) for word in re.findall(r"[^\W\d_]+|[+*]|(?<=\d )-(?= \d)", spaced))


def _stem(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    for ending in ("ing", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: -len(ending)].removesuffix("e")
    return word.removesuffix("e") if len(word) > 4 else word


@dataclass(frozen=True, slots=True)
class Mark:
    """Something in a text that one can point at."""

    kind: str
    value: str
    start: int
    end: int


class Text:
    """A text with its marks."""

    __slots__ = ("marks", "whole")

    def __init__(
        self, whole: str, *, ignored: frozenset[str] = frozenset(), marks: Sequence[Mark] | None = None
    ) -> None:
        """Find the marks of `whole`; words of `ignored` that open a sentence are no names."""
        self.whole = whole
        self.marks = tuple(marks if marks is not None else _marks(whole, ignored))

    @property
    def words(self) -> frozenset[str]:
        """Its words, without endings."""
        return words_of(self.whole)

    def after(self, words: frozenset[str], before: Iterable[frozenset[str]] = ()) -> Text:
        """Return the text with the marks first that follow the first mention of `words`, up to a mention of the others."""
        start = self._mention(words)
        ends = [place for other in before if (place := self._mention(other - words)) > start]
        end = min(ends, default=len(self.whole))
        inside = [mark for mark in self.marks if start <= mark.start < end]
        return Text(self.whole, marks=[*inside, *(mark for mark in self.marks if mark not in inside)])

    def _mention(self, words: frozenset[str]) -> int:
        found = (match.start() for match in re.finditer(r"[^\W\d_]+", self.whole) if _stem(match[0].lower()) in words)
        return next(found, 0)


def _marks(text: str, ignored: frozenset[str]) -> Iterator[Mark]:
    for match in _MARK.finditer(text):
        kind, value, start = str(match.lastgroup), match[str(match.lastgroup)], match.start()
        if kind == "name":
            pieces = value.split(" ")
            while pieces and (
                pieces[0].lower() in _OPENERS or (_opens(text, start) and _stem(pieces[0].lower()) in ignored)
            ):
                start += len(pieces.pop(0)) + 1
            value = " ".join(pieces)
        if value:
            yield Mark(_KINDS.get(kind, kind), value.replace("−", "-"), start, match.end())


def _opens(text: str, place: int) -> bool:
    return not text[:place].strip() or text[:place].rstrip()[-1] in ".!?:\n"


class Reader:
    """Reads the values of one object out of a text, each mark once."""

    def __init__(
        self,
        text: Text,
        known: Mapping[str, JsonValue],
        *,
        root: Object,
        spoken: str = "",
        suppliers: frozenset[str] = frozenset(),
    ) -> None:
        """Start at the first mark.

        Args:
            text: Where to look.
            known: Values by key that are known already.
            root: A JSON Schema of type object.
            spoken: What a property such as `answer` or `summary` gets.
            suppliers: Nouns whose ids others can find out, so that they are not guessed here.
        """
        self._text, self._known, self._root, self._spoken, self._suppliers = text, known, root, spoken, suppliers
        self._used: list[Mark] = []
        self._knew = False

    def argument_sets(self) -> list[Object]:
        """Return every object that the text holds whole: one, or one per member of an enumeration such as "Paris and Rome"."""
        first = self._object(self._root, forced=False)
        if first is None:
            return []
        sets = [first]
        while self._used:
            last, taken = max(self._used, key=lambda mark: mark.end), len(self._used)
            following = next((mark for mark in self._left(last.kind) if mark.start >= last.end), None)
            if following is None or not _LINK.fullmatch(self._text.whole[last.end : following.start].replace('"', "")):
                break
            more = self._object(self._root, forced=False)
            if more is None or len(self._used) == taken:
                break
            sets.append({**first, **more})
        return sets

    @property
    def knew(self) -> bool:
        """Whether something that was known already has been used."""
        return self._knew

    def forced(self) -> Object:
        """Return an object with all that is required, made up where the text does not say."""
        return self._object(self._root, forced=True) or {}

    def _object(self, schema: Object, *, forced: bool) -> Object | None:
        properties = cast("Mapping[str, Object]", schema.get("properties") or {})
        required = cast("Sequence[str]", schema.get("required") or ())
        inner = {name: resolved(one, self._root) for name, one in properties.items()}
        found = {name: self._certain(name, one) for name, one in inner.items()}
        for name in required:
            if found.get(name) is None and name in inner:
                value = self._likely(name, inner[name], forced=forced)
                if value is None:
                    return None
                found[name] = value
        return {name: value for name, value in found.items() if value is not None}

    def _certain(self, name: str, schema: Object) -> JsonValue:
        """Return a value that something other than its place speaks for; None if nothing does."""
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._member(cast("Sequence[JsonValue]", schema["enum"]))
        words = words_of(name) | {_PREPOSITIONS[name]} if name in _PREPOSITIONS else words_of(name)
        if schema.get("type") == "boolean" and words <= self._text.words:
            return not re.search(
                rf"\b(?:no|not|without)\W+(?:\w+\W+)?{re.escape(name[:4])}", self._text.whole, re.IGNORECASE
            )
        kinds = _kinds(name, schema)
        labelled = next(
            (mark for kind in kinds for mark in self._left(kind) if self._beside(mark, words - _VAGUE)), None
        )
        if labelled is None and kinds and kinds[0] in {"date", "email", "url", "currency"}:
            labelled = next(iter(self._left(kinds[0])), None)
        if labelled is not None and (value := _converted(labelled.value, schema)) is not None:
            self._used.append(labelled)
            return value
        return self._remembered(name, schema)

    def _remembered(self, name: str, schema: Object) -> JsonValue:
        value = self._known.get(name)
        fits = {"integer": int, "number": (int, float), "string": str, "boolean": bool, "array": list, "object": dict}
        if value is None or not isinstance(value, fits.get(str(schema.get("type")), object)):
            return None
        self._knew = True
        return value

    def _likely(self, name: str, schema: Object, *, forced: bool) -> JsonValue:
        """Return the next value of the right kind; None if there is none and none may be made up."""
        kind = schema.get("type")
        if kind == "array":
            items = resolved(cast("Object", schema.get("items") or {}), self._root)
            return self._items(name, items) or ([] if forced else None)
        if kind == "object":
            return self._object(schema, forced=forced)
        supplied = bool(wanted_nouns({"required": [name]}) & self._suppliers)
        for mark in () if supplied else (mark for one in _kinds(name, schema) for mark in self._left(one)):
            if (value := _converted(mark.value, schema)) is not None:
                self._used.append(mark)
                return value
        if kind == "string" and not supplied and "enum" not in schema and (words := self._words(name)):
            return words
        return self._made_up(name, schema) if forced else None

    def _words(self, name: str) -> str | None:
        if words_of(name) & _SPOKEN and self._spoken:
            return self._spoken
        if self._used and self._used[-1].kind != "words":
            return None
        if words_of(name) & {_stem(word) for word in _FREE}:
            found = re.search(
                r"(?:\b(?:for|about|search|look up|find)\s+|:\s*)(.+?)[.?!]*$", self._text.whole, re.DOTALL
            )
            return None if self._used else (found[1] if found else self._text.whole)
        found = None if self._used else _OBJECT.search(self._text.whole)
        if found is None:
            return None
        self._used.append(Mark("words", found[1], *found.span(1)))
        return found[1]

    def _items(self, name: str, items: Object) -> list[JsonValue]:
        members = cast("Sequence[JsonValue]", items.get("enum") or ())
        if members:
            return [one for one in members if self._said(one)]
        found: list[JsonValue] = []
        if items.get("type") == "object":
            while (one := self._object(items, forced=False)) and one not in found:
                found.append(one)
            return found
        for mark in [mark for kind in _kinds(name, items) for mark in self._left(kind)]:
            if (value := _converted(mark.value, items)) is not None:
                self._used.append(mark)
                found.append(value)
        return found

    def _made_up(self, name: str, schema: Object) -> JsonValue:
        members = cast("Sequence[JsonValue]", schema.get("enum") or ())
        lowest = schema.get("minimum", 0)
        made: Mapping[str, JsonValue] = {"string": "unknown", "integer": lowest, "number": lowest, "boolean": False}
        return members[0] if members else made.get(str(schema.get("type")), self._spoken or name)

    def _member(self, members: Sequence[JsonValue]) -> JsonValue:
        return next((one for one in members if self._said(one)), None)

    def _said(self, member: JsonValue) -> bool:
        spelt = re.escape(str(member).replace("_", " "))
        return member is not None and re.search(rf"(?<!\w){spelt}(?!\w)", self._text.whole, re.IGNORECASE) is not None

    def _left(self, kind: str) -> list[Mark]:
        if kind == "currency":
            return [mark for mark in self._left("name") if re.fullmatch("[A-Z]{3}", mark.value)]
        return [mark for mark in self._text.marks if mark.kind == kind and mark not in self._used]

    def _beside(self, mark: Mark, words: frozenset[str]) -> bool:
        """Tell whether one of `words` stands right before the mark, or next after it."""
        ends = [other.end for other in self._text.marks if other.end <= mark.start]
        before = re.findall(r"[^\W\d_]+", self._text.whole[max(ends, default=0) : mark.start])[-3:]
        after = re.findall(r"^\s+([^\W\d_]+)", self._text.whole[mark.end :]) if mark.kind == "number" else []
        return any(_stem(word.lower()) in words for word in [*before, *after])


def _kinds(name: str, schema: Object) -> tuple[str, ...]:
    """Return the kinds of marks that may be this property's value, the likeliest first."""
    kind, form, words = schema.get("type"), schema.get("format"), words_of(name)
    if kind in {"integer", "number"}:
        return ("number",)
    if kind != "string" or "enum" in schema:
        return ()
    if form in {"date", "date-time"} or words & {"date", "due", "day", "deadlin"}:
        return ("date",) if form in {"date", "date-time"} else ("date", "quoted", "name")
    if form in {"email", "uri"} or words & {"email", "url"}:
        return ("email" if form == "email" or "email" in words else "url",)
    if words & {"currency"}:
        return ("currency",)
    return ("number", "quoted", "name") if words & {"number", "no", "id", "code"} else ("quoted", "name")


def _converted(value: str, schema: Object) -> JsonValue:
    match schema.get("type"):
        case "integer":
            number = float(value)
            return int(number) if number.is_integer() and "." not in value else None
        case "number":
            return float(value) if "." in value else int(value)
        case _:
            return value


def resolved(schema: Object, root: Object) -> Object:
    """Return `schema` with its `$ref` followed and, of alternatives, the first that is not null."""
    if "$ref" in schema:
        place: JsonValue = root
        for key in str(schema["$ref"]).removeprefix("#/").split("/"):
            place = cast("Object", place).get(key, {})
        return resolved(cast("Object", place), root)
    for key in ("anyOf", "oneOf", "allOf"):
        for one in cast("Sequence[Object]", schema.get(key) or ()):
            if one.get("type") != "null":
                return resolved(one, root)
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return {**schema, "type": next((kind for kind in kinds if kind != "null"), "null")}
    return schema


def wanted_nouns(parameters: Object) -> frozenset[str]:
    """Return the nouns of the ids that are required: `customer` of `customer_id`."""
    required = [words_of(name) for name in cast("Sequence[str]", parameters.get("required") or ())]
    return frozenset().union(*(words - {"id"} for words in required if "id" in words))


def facts(value: JsonValue, key: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Yield the keys and the values of a result, those nearest to its root first; of a list the first member's."""
    match value:
        case Mapping():
            items = cast("Object", value).items()
            yield from items
            for inner, item in items:
                if isinstance(item, Mapping | list):
                    yield from facts(cast("JsonValue", item), inner)
        case list() if value:
            yield from facts(cast("JsonValue", value[0]), key)
        case _:
            yield key, value
