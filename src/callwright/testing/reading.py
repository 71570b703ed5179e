"""Reading: the values that a JSON Schema asks for, picked from what can be pointed at in a text.

No meaning is involved. A text has marks: dates, addresses, quoted words, numbers, capitalised names. A value is the
mark beside a word of its property's name, or else the next mark of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from callwright._json import JsonValue
from callwright.testing.reply import Object

__all__ = ["Mark", "Reader", "Text", "facts", "nouns_of_ids", "resolved", "words_of"]

_MARK = re.compile(
    r"""(?P<date>\b\d{4}-\d\d-\d\d(?:T[\d:.]+Z?)?\b)
      | (?P<email>\b[\w.+-]+@[\w-]+\.[\w.-]*\w)
      | (?P<url>https?://[^\s"'<>]+)
      | "(?P<quoted>[^"]+)" | “(?P<curled>[^”]+)” | (?<!\w)'(?P<single>[^']+)'(?!\w)
      | (?P<number>(?<![\w.])-?\d+(?:\.\d+)?(?!\w))
      | (?P<name>\b[^\W\d_a-zß-öø-ÿ][\w&-]*(?:\ [^\W\d_a-zß-öø-ÿ][\w&-]*)*)""",
    re.VERBOSE,
)
_KINDS = {"curled": "quoted", "single": "quoted"}
_WORD = re.compile(r"[^\W\d_]+|[+*]")
_OPENERS = frozenset(
    re.findall(
        r"\w+",
        """a add an and answer ask book buy calculate call compare compute convert could count create did do
        does extract fetch find for get give had has have hello hey hi how i if in is it list look make may
        multiply my of on one open or order pay please put read refund say schedule search send set show sum
        take tell thank thanks that the then there these they this to turn use was we were what when where
        which who whose why will with would write you""",
    )
)
"""Words that open a sentence or a name with a capital letter and are none."""
_AND = re.compile(r"\s*(?:,\s*and|,|;|and|or|&|vs\.?|versus)(?:\s+[^\W\d_]+){0,2}\s*", re.IGNORECASE)
_OBJECT = re.compile(r"\b(?:in|for|of|at|to|from|about|on|near|named|called)\s+((?!the\b|a\b|an\b)[^\W\d_][\w-]*)")
_TOPIC = re.compile(r"(?:\b(?:for|about|find|look up)\s+|\bsearch\s+(?!for\b|about\b)|:\s*)(.+?)[.?!]*$", re.DOTALL)
_ENDINGS = ("ing", "ed", "s")
_SHORTEST = 3
_TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text, or of a name in any case, in lower case and without endings."""
    return frozenset(_stem(word) for word in _WORD.findall(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).lower()))


def _stem(word: str) -> str:
    if word.endswith("ies") and len(word) > _SHORTEST + 1:
        return f"{word[:-3]}y"
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST and not word.endswith("ss"):
            return word.removesuffix(ending).removesuffix("e")
    return word.removesuffix("e") if len(word) > _SHORTEST else word


_TOPICS = words_of("query question text prompt message expression search topic term content body note answer reason")
_SPOKEN = words_of("answer summary text reply response output result message content explanation reason")
_VAGUE = words_of("id of the a an name key code number no is value")
_NUMBERS = words_of("id number no code")
_DAYS = words_of("date due day deadline")
_SIDES = {"origin": "from", "source": "from", "start": "from", "destination": "to", "target": "to", "end": "to"}


@dataclass(frozen=True, slots=True)
class Mark:
    """Something in a text that one can point at."""

    kind: str
    """date, email, url, quoted, number, name, or words."""
    value: str
    start: int
    end: int


class Text:
    """A text with its marks, in the order in which they are to be read."""

    __slots__ = ("end", "marks", "whole")

    def __init__(self, whole: str, *, known: frozenset[str] = frozenset(), marks: Sequence[Mark] | None = None) -> None:
        """Find the marks.

        Args:
            whole: The text.
            known: Words that are no names where they open a sentence.
            marks: Instead of those that are found.
        """
        self.whole = whole
        self.end = len(whole)
        """Where a list of things ends at the latest."""
        self.marks = tuple(_marks(whole, known) if marks is None else marks)

    @property
    def words(self) -> frozenset[str]:
        """Its words, without endings."""
        return words_of(self.whole)

    def about(self, words: frozenset[str], others: Sequence[frozenset[str]] = ()) -> Text:
        """Return the text with the marks first that follow a mention of `words`, up to one of the `others`."""
        start = self.place(words)
        following = [place for other in others if (place := self.place(other - words)) > start]
        end = min(following, default=len(self.whole))
        inside = [mark for mark in self.marks if start <= mark.start < end]
        text = Text(self.whole, marks=[*inside, *(mark for mark in self.marks if mark not in inside)])
        text.end = end if inside else text.end
        return text

    def place(self, words: frozenset[str]) -> int:
        """Return where one of `words` stands first; 0 if none does."""
        found = (match.start() for match in _WORD.finditer(self.whole) if _stem(match[0].lower()) in words)
        return next(found, 0)


def _marks(text: str, known: frozenset[str]) -> Iterator[Mark]:
    for match in _MARK.finditer(text):
        kind = str(match.lastgroup)
        value, start = match[kind], match.start()
        if kind == "name":
            opens = not text[:start].strip() or text[:start].rstrip()[-1] in ".!?:"
            # "Invoice 17" at the start of a sentence says what the number is; it names nobody.
            labels = opens and re.match(r"\s+#?\d", text[match.end() :]) is not None
            words = [] if labels else value.split(" ")
            while words and (words[0].lower() in _OPENERS or (opens and _stem(words[0].lower()) in known)):
                start += len(words.pop(0)) + 1
            value = " ".join(words)
        if value:
            yield Mark(_KINDS.get(kind, kind), value, start, match.end())


class Reader:
    """Reads the values of an object out of a text, each mark once."""

    def __init__(
        self,
        text: Text,
        schema: Object,
        *,
        known: Mapping[frozenset[str], JsonValue] | None = None,
        spoken: str = "",
        elsewhere: frozenset[str] = frozenset(),
    ) -> None:
        """Start at the first mark.

        Args:
            text: Where to look.
            schema: A JSON Schema of type object.
            known: Values that are known already, by the words of their keys.
            spoken: What a property such as `answer` gets.
            elsewhere: Nouns whose ids can be found out elsewhere, so that they are not guessed here.
        """
        self._text, self._schema, self._known = text, schema, known or {}
        self._spoken, self._elsewhere = spoken, elsewhere
        self._used: list[Mark] = []
        self.has_remembered = False
        """Whether something that was known already has been used."""

    def objects(self) -> list[Object]:
        """Return every object that the text holds whole: one, or several where it says "Paris and Rome"."""
        first = self._object(self._schema, forced=False)
        found = [] if first is None else [first]
        while first is not None and self._used:
            last, count = self._used[-1], len(self._used)
            following = next((mark for mark in self._left(last.kind) if last.end <= mark.start < self._text.end), None)
            if following is None or not _AND.fullmatch(self._text.whole[last.end : following.start].replace('"', "")):
                break
            another = self._object(self._schema, forced=False)
            if another is None or len(self._used) == count:
                break
            found.append({**first, **another})
        return found

    def forced(self) -> Object:
        """Return an object with all that is required, made up where the text does not say."""
        return self._object(self._schema, forced=True) or {}

    def _object(self, schema: Object, *, forced: bool) -> Object | None:
        properties = cast("Mapping[str, Object]", schema.get("properties") or {})
        inner = {name: resolved(one, self._schema) for name, one in properties.items()}
        found = {name: self._certain(name, one) for name, one in inner.items()}
        required = [name for name in cast("Sequence[str]", schema.get("required") or ()) if name in inner]
        for name in required:
            if found[name] is None:
                found[name] = self._likely(name, inner[name])
            if found[name] is None and not forced:
                return None
            if found[name] is None and inner[name] == properties[name]:
                found[name] = self._made_up(name, inner[name])
        return {name: value for name, value in found.items() if value is not None or name in required}

    def _certain(self, name: str, schema: Object) -> JsonValue:
        """Return a value that more than its place speaks for; None if there is none."""
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return next((one for one in cast("Sequence[JsonValue]", schema["enum"]) if self._says(one)), None)
        words = words_of(name) | {_SIDES.get(name, name)}
        if schema.get("type") == "boolean" and words_of(name) <= self._text.words:
            denied = rf"\b(?:no|not|without)\W+(?:\w+\W+)?{re.escape(name[:4])}"
            return not re.search(denied, self._text.whole, re.IGNORECASE)
        for kind in _kinds_of(name, schema):
            for mark in self._left(kind):
                if kind in {"date", "email", "url", "currency"} or self._is_beside(
                    mark, (words - _VAGUE or words) - {"a"}
                ):
                    value = _converted(mark.value, schema)
                    if value is not None:
                        self._used.append(mark)
                        return value
        return self._remembered(name, schema)

    def _remembered(self, name: str, schema: Object) -> JsonValue:
        value = self._known.get(words_of(name))
        if value is None or not isinstance(value, _TYPES.get(str(schema.get("type")), object)):
            return None
        self.has_remembered = True
        return value

    def _likely(self, name: str, schema: Object) -> JsonValue:
        """Return the next value of the right kind; None if there is none."""
        if schema.get("type") == "object":
            return self._object(schema, forced=False)
        if schema.get("type") == "array":
            return self._items(name, resolved(cast("Object", schema.get("items") or {}), self._schema)) or None
        if "enum" in schema or nouns_of_ids([name]) & self._elsewhere:
            return None
        for mark in [mark for kind in _kinds_of(name, schema) for mark in self._left(kind)]:
            value = _converted(mark.value, schema)
            if value is not None:
                self._used.append(mark)
                return value
        return self._words(name) if schema.get("type") == "string" else None

    def _items(self, name: str, schema: Object) -> list[JsonValue]:
        if "enum" in schema:
            return [one for one in cast("Sequence[JsonValue]", schema["enum"]) if self._says(one)]
        found: list[JsonValue] = []
        while (one := self._likely(name, schema)) is not None and one not in found:
            found.append(one)
        return found

    def _words(self, name: str) -> str | None:
        """Return words that are no mark: what is to be said, what is searched for, what follows a preposition."""
        if words_of(name) & _SPOKEN and self._spoken:
            return self._spoken
        if self._used and self._used[-1].kind != "quoted":
            return None
        is_topic = bool(words_of(name) & _TOPICS)
        found = (_TOPIC if is_topic else _OBJECT).search(self._text.whole)
        if found is None:
            return self._text.whole if is_topic else None
        self._used.append(Mark("words", found[1], *found.span(1)))
        return found[1]

    def _made_up(self, name: str, schema: Object) -> JsonValue:
        lowest = schema.get("minimum", 0)
        made: Object = {"integer": lowest, "number": lowest, "boolean": False, "array": [], "string": "unknown"}
        if schema.get("type") == "object":
            return self._object(schema, forced=True)
        return next(
            iter(cast("Sequence[JsonValue]", schema.get("enum") or ())), made.get(str(schema.get("type")), name)
        )

    def _says(self, member: JsonValue) -> bool:
        spelt = re.escape(str(member).replace("_", " "))
        return member is not None and re.search(rf"(?<!\w){spelt}(?!\w)", self._text.whole, re.IGNORECASE) is not None

    def _left(self, kind: str) -> list[Mark]:
        if kind == "currency":
            return [mark for mark in self._left("name") if re.fullmatch("[A-Z]{3}", mark.value)]
        return [mark for mark in self._text.marks if mark.kind in kind.split() and mark not in self._used]

    def _is_beside(self, mark: Mark, words: frozenset[str]) -> bool:
        """Tell whether one of `words` stands shortly before the mark, or next after a number."""
        free_from = max((other.end for other in self._text.marks if other.end <= mark.start), default=0)
        beside = _WORD.findall(self._text.whole[free_from : mark.start])[-3:]
        after = re.match(r"\s+([^\W\d_]+)", self._text.whole[mark.end :]) if mark.kind == "number" else None
        return any(_stem(word.lower()) in words for word in [*beside, *(after.groups() if after else ())])


def _kinds_of(name: str, schema: Object) -> tuple[str, ...]:
    """Return the kinds of marks that may be this property's value, the likeliest first; "quoted name" is either."""
    form, words = str(schema.get("format")), words_of(name)
    match schema.get("type"):
        case "integer" | "number":
            return ("number",)
        case "string" if form in {"date", "date-time"} or words & _DAYS:
            return ("date",) if form != "None" else ("date", "quoted name")
        case "string" if form in {"email", "uri"} or words & {"email", "url", "currency"}:
            return ("email" if "email" in {form, *words} else "currency" if "currency" in words else "url",)
        case "string" if words & _TOPICS:
            return ("quoted",)
        case "string":
            return ("number", "quoted name") if words & _NUMBERS else ("quoted name",)
        case _:
            return ()


def _converted(value: str, schema: Object) -> JsonValue:
    match schema.get("type"):
        case "integer":
            return None if "." in value else int(value)
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


def nouns_of_ids(names: Sequence[str]) -> frozenset[str]:
    """Return the nouns whose ids are named: `customer` of `customer_id`."""
    return frozenset(word for name in names if "id" in words_of(name) for word in words_of(name) - {"id"})


def facts(value: JsonValue, key: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Yield the keys and values of a result, those nearest to its root first; of a list those of its first member."""
    match value:
        case Mapping():
            yield from value.items()
            for inner, item in value.items():
                if isinstance(item, Mapping | list):
                    yield from facts(item, inner)
        case list() if value:
            yield from facts(value[0], key)
        case _:
            yield key, value
