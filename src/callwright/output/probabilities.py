"""Probabilities of fields: how sure a model was of each value in its answer, by the tokens that it wrote it with."""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TypeAlias, cast

from callwright._json import JsonValue
from callwright.wire.chat import Completion

__all__ = ["field_probabilities"]

_Path: TypeAlias = tuple[str | int, ...]
_Span: TypeAlias = tuple[int, int]

# Of text in which each character stands for one byte, so that places are places of bytes.
_TOKEN = re.compile(r'[ \t\n\r]*("[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^ \t\n\r"{}\[\],:]+)', re.DOTALL)
_BRACKETS = re.compile(r"[{\[]")
_DECODER = json.JSONDecoder(strict=False)


def field_probabilities(completion: Completion, said: str, output: JsonValue) -> dict[str, float]:
    """Return how probable each leaf of an answer was: its path -> a probability in [0, 1].

    That is the product of the probabilities of the tokens in which the leaf's JSON stands, the quotes of a text
    included: that it is this value, and ends where it ends, given what was written before. A token that reaches beyond
    the leaf counts as a whole. Empty objects and lists are leaves.

    Args:
        completion: The answer, with `logprobs`.
        said: The text in it, or the arguments of a call, that the output was read from.
        output: What was read, as JSON; tells the object that was asked for around a value from one that is meant.

    Returns:
        Keys and positions from the outermost in, joined by dots, such as `items.0.price`; an output that is a single
        value has the path `""`. Empty if the tokens are not told, or are not those of the text, as with servers that
        tell them of texts but not of calls.
    """
    pieces, logs = _tokens(completion)
    whole = b"".join(pieces)
    found = _json_in(said)
    start = -1 if found is None else whole.find(found[0].encode())
    if found is None or start < 0:
        return {}
    text, value = found
    ends = list(accumulate(map(len, pieces)))
    is_wrapped = _is_wrapped(value, output)
    told: dict[str, float] = {}
    for path, (first, last) in _leaves(text.encode().decode("latin-1")):
        of_leaf = logs[bisect_right(ends, start + first) : bisect_left(ends, start + last) + 1]
        if of_leaf and None not in of_leaf:
            name = ".".join(map(str, path[is_wrapped:]))
            told[name] = min(1.0, math.exp(math.fsum(cast("list[float]", of_leaf))))
    return told


def _tokens(completion: Completion) -> tuple[list[bytes], list[float | None]]:
    """Return the tokens of an answer and the logarithms of their probabilities; None for one that is not told."""
    content = (completion.logprobs or {}).get("content")
    pieces: list[bytes] = []
    logs: list[float | None] = []
    for entry in content if isinstance(content, Sequence) and not isinstance(content, str) else ():
        if isinstance(entry, Mapping):
            pieces.append(_bytes(entry))
            log = entry.get("logprob")
            logs.append(log if isinstance(log, float | int) and not isinstance(log, bool) and log == log else None)  # noqa: PLR0124 - no NaN
    return pieces, logs


def _bytes(entry: Mapping[str, JsonValue]) -> bytes:
    """Return a token's bytes: half of a character, it may be, of which the text shows a replacement."""
    told, token = entry.get("bytes"), entry.get("token")
    if isinstance(told, list | tuple):
        try:
            return bytes(cast("Sequence[int]", told))
        except (TypeError, ValueError):
            pass
    return token.encode(errors="replace") if isinstance(token, str) else b""


def _json_in(said: str) -> tuple[str, JsonValue] | None:
    """Return the longest object or list in a text, as it stands there, and its value; None if there is none."""
    longest: tuple[str, JsonValue] | None = None
    place = 0
    while (bracket := _BRACKETS.search(said, place)) is not None:
        place = bracket.end()
        try:
            value, end = cast("tuple[JsonValue, int]", _DECODER.raw_decode(said, bracket.start()))
        except (ValueError, RecursionError):
            continue
        if longest is None or end - bracket.start() > len(longest[0]):
            longest = (said[bracket.start() : end], value)
        place = end
    return longest


def _is_wrapped(value: JsonValue, output: JsonValue) -> bool:
    """Whether a value was asked for as the one member, `value`, of an object."""
    if not isinstance(value, Mapping) or set(value) != {"value"}:
        return False
    meant = [output]
    if isinstance(output, Mapping) and set(output) == {"type", "value"}:
        # As a member of a union is recorded.
        meant.append(output["value"])
    is_itself = any(isinstance(each, Mapping) and set(each) == {"value"} for each in meant)
    return value["value"] in meant or not is_itself


def _leaves(text: str) -> Iterator[tuple[_Path, _Span]]:
    """Yield the path and the place of each leaf of a JSON text that is known to be one."""
    path: list[str | int] = []
    opened, is_key, before = 0, False, ""
    for match in _TOKEN.finditer(text):
        mark, (start, end) = match[1], match.span(1)
        if mark in "{[":
            path.append(0 if mark == "[" else "")
            opened, is_key = start, mark == "{"
        elif mark in "}]":
            path.pop()
            if before in "{[" and before:
                yield tuple(path), (opened, end)
        elif mark == ",":
            last = path[-1]
            is_key = isinstance(last, str)
            path[-1] = "" if isinstance(last, str) else last + 1
        elif is_key:
            path[-1] = str(_DECODER.decode(mark.encode("latin-1").decode()))
            is_key = False
        elif mark != ":":
            yield tuple(path), (start, end)
        before = mark
