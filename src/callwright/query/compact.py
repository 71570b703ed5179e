"""An ensemble in one line: its text form, and the two ensembles that most people want.

```
ensemble := members [ "->" members ] [ ";" fields ]      what writes -> what votes; the fields of its weight
members  := member { "," member }
member   := slug [ "(" fields ")" ] [ ":" mode ] { "@" weight | "x" count }
fields   := key "=" JSON { "," key "=" JSON }
mode     := "generate" | "select" | "thinking" | "logprobs" | "thinking+logprobs"
weight   := number | min "<" base "<" max
```

`x3` stands apart from the slug (`*3` need not). A word that is no mode is the slug's own, as in `author/model:free`; of
two words the last one is the mode: `author/model:thinking:generate` asks the slug `author/model:thinking`. Without a
mode, who stands before the arrow, or in a text without one, writes, and who stands behind it votes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NoReturn

from callwright._json import JsonValue, encode
from callwright.errors import ParameterError
from callwright.query.config import QueryLLM
from callwright.query.members import QueryModel
from callwright.query.rules import MOST_MEMBERS
from callwright.query.settings import Mode, StaticWeight, TrainingTableWeight

__all__ = ["ensemble", "jury", "self_consistency", "text_of"]

_WORDS: Mapping[str, Mode] = {
    "generate": "generate",
    "select": "select_non_thinking",
    "thinking": "select_thinking",
    "logprobs": "select_non_thinking_logprobs",
    "thinking+logprobs": "select_thinking_logprobs",
}
_WORD_OF = {mode: word for word, mode in _WORDS.items()}
_SLUG = re.compile(r"[^\s,;@()*<>]+?(?=->|[\s,;@()*<>]|$)")
_MODE = re.compile(r":([a-z+]+)")
_KEY = re.compile(r"\s*([A-Za-z_]+)\s*=\s*")
_NUMBER = r"[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?"
_WEIGHT = re.compile(rf"\s*@\s*({_NUMBER})(?:\s*<\s*({_NUMBER})\s*<\s*({_NUMBER}))?")
_COUNT = re.compile(r"(?:\s+[x\u00d7]\s*|\s*\*\s*)([0-9]+)")
_JSON = json.JSONDecoder()


def self_consistency(model: str | QueryLLM, n: int) -> QueryModel:
    """Return an ensemble that asks one model `n` times and takes the answer that came most often.

    Args:
        model: A slug, or a configuration that writes; its temperature should not be 0, or all answers are one.
        n: 1 to 128; most of the gain comes with the first 5 to 10.

    Raises:
        ParameterError: `n` is out of range, or the configuration votes.

    Source: Wang et al., Self-Consistency, arXiv 2203.11171.
    """
    llm = QueryLLM(model) if isinstance(model, str) else model
    if llm.is_selector:
        raise ParameterError(f"self_consistency: expected a model that generates; got the mode {llm.mode!r}")
    return QueryModel((llm,) * _count(n, "self_consistency"))


def jury(voters: str | Sequence[str | QueryLLM], *, mode: Mode = "select_non_thinking") -> QueryModel:
    """Return an ensemble of voters, for questions whose choices are given.

    Args:
        voters: Configurations and members in their text form; a text may name several.
        mode: Of those that name none.

    Raises:
        ParameterError: A text cannot be read, or there are not 1 to 128 voters.

    Source: Verga et al., PoLL, arXiv 2404.18796: small judges of several families.
    """
    members: list[QueryLLM] = []
    for voter in (voters,) if isinstance(voters, str) else voters:
        members += [voter] if isinstance(voter, QueryLLM) else _Reader(voter).members(mode)
    return QueryModel(tuple(members))


def ensemble(text: str) -> QueryModel:
    """Return the ensemble that a text says, such as `openai/gpt-4o-mini x3 -> google/gemini-2.5-flash:logprobs@2`.

    Raises:
        ParameterError: The text cannot be read; says where. Or what it says is out of range.
    """
    reader = _Reader(text)
    members = reader.members("generate", whole=False)
    if reader.skip("->"):
        members += reader.members("select_non_thinking", whole=False)
    weight: dict[str, JsonValue] = {"type": "static"}
    if reader.skip(";"):
        weight = {"type": "training_table", **reader.fields()}
    reader.end()
    return QueryModel.from_wire({"models": [llm.to_wire() for llm in members], "weight": weight})


def text_of(model: QueryModel) -> str:
    """Return the text form of an ensemble; `ensemble` gives the same back.

    Raises:
        ParameterError: It has none: a slug holds a blank or a mark of the form, or a key that is not known is no word.
    """
    sides = ([llm for llm in model.models if llm.is_generator], [llm for llm in model.models if llm.is_selector])
    # A text that begins with the arrow would say that nobody writes, which needs no arrow.
    text = " -> ".join(", ".join(_counted(side)) for side in sides if side)
    weight = {key: value for key, value in model.weight.to_wire().items() if key != "type"}
    text = f"{text}; {_fields_text(weight)}" if weight else text
    if ensemble(text) != model:
        raise ParameterError(f"text_of: expected slugs without blanks and marks of the text form; got {text!r}")
    return text


def _counted(members: Sequence[QueryLLM]) -> list[str]:
    groups = [(llm, len(list(same))) for llm, same in groupby(members)]
    return [_member_text(llm) + (f" x{count}" if count > 1 else "") for llm, count in groups]


def _member_text(llm: QueryLLM) -> str:
    fields = {key: value for key, value in llm.to_wire().items() if key not in {"id", "mode", "weight"}}
    inside = f"({_fields_text(fields)})" if fields else ""
    text = f"{llm.id}{inside}:{_WORD_OF[llm.mode]}"
    match llm.weight:
        case TrainingTableWeight(base_weight=base, min_weight=least, max_weight=most):
            return f"{text} @{least!r}<{base!r}<{most!r}"
        case StaticWeight(weight=weight):
            return text if weight == 1 else f"{text} @{weight!r}"


def _fields_text(fields: Mapping[str, JsonValue]) -> str:
    return ", ".join(f"{key}={encode(value).decode()}" for key, value in fields.items())


def _count(n: int, where: str) -> int:
    if isinstance(n, bool) or not 1 <= n <= MOST_MEMBERS:
        raise ParameterError(f"{where}: expected a number from 1 to {MOST_MEMBERS}; got {n!r}")
    return n


class _Reader:
    """Reads the text form, from left to right."""

    __slots__ = ("_at", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def members(self, mode: Mode, *, whole: bool = True) -> list[QueryLLM]:
        """Read members; those without a mode get `mode`. `whole`: nothing may follow."""
        members = self._member(mode)
        while self.skip(","):
            members += self._member(mode)
        if whole:
            self.end()
        return members

    def _member(self, mode: Mode) -> list[QueryLLM]:
        self._blanks()
        slug = self._match(_SLUG)
        if slug is None:
            self._refuse("a model's slug")
        name, _, last = slug[0].rpartition(":")
        is_mode = last in _WORDS and bool(name)
        wire: dict[str, JsonValue] = {
            "id": name if is_mode else slug[0],
            "mode": _WORDS[last] if is_mode else mode,
        }
        if self._starts("("):
            self._at += 1
            wire |= {"id": slug[0], "mode": mode, **self.fields()}
            self._expect(")")
            if word := self._match(_MODE):
                wire["mode"] = _WORDS.get(word[1]) or self._refuse(f"one of {', '.join(_WORDS)}")
        wire["weight"], count = self._tail()
        return [QueryLLM.from_wire(wire, path=str(wire["id"]))] * count

    def _tail(self) -> tuple[dict[str, JsonValue], int]:
        weight: dict[str, JsonValue] = {"type": "static", "weight": 1.0}
        count = 1
        while True:
            if found := self._match(_WEIGHT):
                least, *others = (float(number) for number in found.groups() if number is not None)
                weight = {"type": "static", "weight": least}
                if others:
                    base, most = others
                    names = ("base_weight", "min_weight", "max_weight")
                    weight = {"type": "training_table", **dict(zip(names, (base, least, most), strict=True))}
            elif found := self._match(_COUNT):
                count = _count(int(found[1]), "x")
            else:
                return weight, count

    def fields(self) -> dict[str, JsonValue]:
        """Read `key=JSON` pairs."""
        fields: dict[str, JsonValue] = {}
        while True:
            key = self._match(_KEY)
            if key is None:
                self._refuse("a field, such as temperature=0.5")
            if key[1] in fields or key[1] in {"id", "mode", "weight", "type"}:
                self._refuse(f"each field once, and no {key[1]} here")
            try:
                fields[key[1]], self._at = _JSON.raw_decode(self._text, self._at)
            except ValueError:
                self._refuse(f"a JSON value of {key[1]}")
            if not self.skip(","):
                return fields

    def skip(self, mark: str) -> bool:
        """Read `mark` if it is next, blanks before it apart."""
        self._blanks()
        is_next = self._starts(mark)
        self._at += len(mark) if is_next else 0
        return is_next

    def end(self) -> None:
        """Refuse what follows."""
        self._blanks()
        if self._at < len(self._text):
            self._refuse("',', '->', '@weight', 'x count' or the end")

    def _expect(self, mark: str) -> None:
        if not self.skip(mark):
            self._refuse(repr(mark))

    def _starts(self, mark: str) -> bool:
        return self._text.startswith(mark, self._at)

    def _blanks(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found

    def _refuse(self, expected: str) -> NoReturn:
        rest = self._text[self._at : self._at + 40]
        raise ParameterError(f"ensemble: at character {self._at} expected {expected}; got {rest!r}")
