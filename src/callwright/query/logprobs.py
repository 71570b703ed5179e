"""The log probabilities of a vote: how a voter's mass spreads over the keys, read off the tokens that spell its key.

Source: the distribution rule of ObjectiveAI's engine, which reproduces its logged votes; what is refused here was seen
from providers: lists that are empty, probabilities that are all 1, and -9999.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from callwright._json import JsonObject, JsonValue
from callwright.query.keys import KeyTree

__all__ = ["Branches", "Spelled", "Spread", "spread"]

Branches: TypeAlias = Literal["spread", "sampled"]
"""What the choices of branches get whose second letters were never weighed: `spread`, an even part of their branch's
mass; `sampled`, nothing, as in ObjectiveAI's engine."""

_NONE = -9999.0
_MOST_MASS = 1.05
_MARKS = "`\"' \t\r\n\u0120\u2581\u010a"
"""What may stand around a letter in a token; the last three are blanks as some tokenizers spell them."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """A key as it stands in a reply."""

    key: str
    text: str
    """With its ticks or quotes, if it has some."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How the mass of a voter spreads over the choices."""

    shares: Mapping[str, float]
    """Class id -> share; they sum to 1."""
    coverage: float
    """How much of the mass was on legal letters before it was made to sum to 1, 0 to 1."""
    is_approximate: bool
    """Whether some shares are an even part of what was read."""


@dataclass(frozen=True, slots=True)
class _Token:
    text: bytes
    logprob: float | None
    top: JsonValue
    """The alternatives as they came: of all tokens, only those of the key are looked at."""

    @property
    def others(self) -> list[tuple[bytes, float]]:
        """The alternatives, each with its log probability."""
        pairs = [(_bytes(other), _logprob(other)) for other in _objects(self.top)]
        return [(text, logprob) for text, logprob in pairs if logprob is not None]

    @property
    def masses(self) -> dict[bytes, float]:
        """What could have stood here -> its probability; the token itself too, if the list leaves it out."""
        masses = {text: math.exp(min(logprob, 0.0)) for text, logprob in self.others}
        if self.logprob is not None and self.logprob > _NONE:
            masses.setdefault(self.text, math.exp(min(self.logprob, 0.0)))
        return masses


def spread(
    logprobs: JsonObject | None, spelled: Spelled, tree: KeyTree, *, branches: Branches = "spread", floor: float = 0.0
) -> Spread | str:
    """Return how the mass spreads over the choices; a text that says why that cannot be known, if it cannot.

    Args:
        logprobs: Of the reply's choice, as the wire has them.
        spelled: The key that was read, as it was spelled.
        tree: The keys of the ballot.
        branches: See `Branches`.
        floor: The least mass that a legal letter gets.
    """
    tokens = list(_tokens((logprobs or {}).get("content")))
    if not tokens:
        return "no logprobs came"
    if len(tokens) > 1 and all(token.logprob == 0 for token in tokens):
        return "all logprobs are 0"
    places = _places(tokens, spelled, tree.depth)
    if places is None:
        return "the tokens do not spell the key"
    levels: list[dict[str, float]] = []
    coverage = 1.0
    for level, (token, offset) in enumerate(places):
        masses = _letters(token, offset, tree.letters(spelled.key[:level]), is_last=level == tree.depth - 1)
        if isinstance(masses, str):
            return masses
        if not masses.get(spelled.key[level]):
            return "the key itself has no mass"
        coverage = min(coverage, math.fsum(masses.values()))
        levels.append({letter: max(masses.get(letter, 0.0), floor) for letter in tree.letters(spelled.key[:level])})
    shares = _shares(levels, spelled.key, tree, branches)
    return Spread(shares, coverage, is_approximate=tree.depth > 1)


def _tokens(content: JsonValue) -> Iterator[_Token]:
    for item in content if isinstance(content, list | tuple) else ():
        if isinstance(item, Mapping):
            yield _Token(_bytes(item), _logprob(item), item.get("top_logprobs"))


def _bytes(item: JsonObject) -> bytes:
    """Return a token's bytes: its text is not its own where a character is split over tokens."""
    raw, text = item.get("bytes"), item.get("token")
    if isinstance(raw, list | tuple) and raw:
        values = [value for value in raw if isinstance(value, int) and 0 <= value <= 0xFF]  # noqa: PLR2004 - a byte
        if len(values) == len(raw):
            return bytes(values)
    return text.encode(errors="replace") if isinstance(text, str) else b""


def _logprob(item: JsonObject) -> float | None:
    value = item.get("logprob")
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return float(value)


def _objects(value: JsonValue) -> list[JsonObject]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def _places(tokens: Sequence[_Token], spelled: Spelled, depth: int) -> list[tuple[_Token, int]] | None:
    """Return each letter's token, and where in it the letter stands; where the key is spelled last."""
    whole = b"".join(token.text for token in tokens)
    literal = re.escape(spelled.text.encode())
    pattern = literal if spelled.text[:1] in _MARKS else rb"(?<![A-Za-z0-9])" + literal + rb"(?![A-Za-z0-9])"
    found = list(re.finditer(pattern, whole))
    if not found:
        return None
    letters = [found[-1].start() + place for place, char in enumerate(spelled.text) if char.isalpha()]
    return [_at(tokens, place) for place in letters] if len(letters) == depth else None


def _at(tokens: Sequence[_Token], place: int) -> tuple[_Token, int]:
    start = 0
    for token in tokens:
        if place < start + len(token.text):
            return token, place - start
        start += len(token.text)
    raise AssertionError  # a place in the text of the tokens is in one of them


def _letters(token: _Token, offset: int, legal: frozenset[str], *, is_last: bool) -> dict[str, float] | str:
    """Return the mass on each legal letter at `offset` of a token."""
    if not token.others:
        return "no alternatives came"
    if token.logprob is not None and (token.logprob <= _NONE or token.logprob > 0.01):  # noqa: PLR2004 - rounding
        return f"the logprob {token.logprob:g} is none"
    alternatives = token.masses
    if math.fsum(alternatives.values()) > _MOST_MASS:
        return "the probabilities sum to more than 1"
    before = _bare(token.text[:offset])
    is_lower = token.text[offset : offset + 1].islower()
    masses: dict[str, float] = {}
    for text, mass in alternatives.items():
        letter = _letter_after(text.decode(errors="replace"), before, is_last=is_last)
        letter = letter.upper() if is_lower else letter
        if letter in legal:
            masses[letter] = masses.get(letter, 0.0) + mass
    return masses


def _bare(text: bytes) -> str:
    return "".join(char for char in text.decode(errors="replace") if char not in _MARKS)


def _letter_after(text: str, before: str, *, is_last: bool) -> str:
    """Return the letter that stands after `before`, marks apart; nothing if it begins a word."""
    rest = before
    for place, char in enumerate(text):
        if char in _MARKS:
            continue
        if rest:
            if char != rest[0]:
                return ""
            rest = rest[1:]
            continue
        after = text[place + 1 : place + 2]
        begins_word = after.isalnum() and (is_last or not after.isupper())
        return "" if begins_word else char
    return ""


def _shares(levels: Sequence[Mapping[str, float]], key: str, tree: KeyTree, branches: Branches) -> dict[str, float]:
    shares = dict.fromkeys(tree.leaves.values(), 0.0)
    left = 1.0
    for level, masses in enumerate(levels):
        total = math.fsum(masses.values())
        is_last = level == len(levels) - 1
        for letter, mass in masses.items():
            if letter == key[level] and not is_last:
                continue
            part = left * mass / total if is_last or branches == "spread" else 0.0
            below = list(tree.below(key[:level] + letter))
            for class_id in below:
                shares[class_id] += part / len(below)
        if not is_last and branches == "spread":
            left *= masses[key[level]] / total
    total = math.fsum(shares.values())
    return {class_id: share / total for class_id, share in shares.items()}
