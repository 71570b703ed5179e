"""Embedding: the vectors of the offline service; texts that share words are near each other."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import struct
from collections.abc import Mapping, Sequence

from callwright._json import JsonValue, encode
from callwright.testing.reply import Object
from callwright.testing.wireshape import PROMPT_PRICE

__all__ = ["embedded"]

_LENGTH = 64
_LONGEST = 4096
_WORD = re.compile(r"\w+")


def embedded(request: JsonValue) -> dict[str, JsonValue]:
    """Return the answer to a request for vectors, of length 64 unless it says otherwise.

    Raises:
        ValueError: The request is not valid.
    """
    body: Object = request if isinstance(request, Mapping) else {}
    model, inputs = body.get("model"), _inputs(body.get("input"))
    if not isinstance(model, str):
        raise ValueError("model: expected a string")  # noqa: TRY004 - told to the client as a 400 like the others
    length = body.get("dimensions", _LENGTH)
    if not isinstance(length, int) or not 1 <= length <= _LONGEST:
        raise ValueError(f"dimensions: expected an integer from 1 to {_LONGEST}")
    form = body.get("encoding_format", "float")
    if form not in ("float", "base64"):
        raise ValueError("encoding_format: expected 'float' or 'base64'")
    vectors = [_vector(text, length) for text in inputs]
    tokens = sum(max(1, len(text) // 4) for text in inputs)
    return {
        "object": "list",
        "model": model,
        "data": [
            {"object": "embedding", "index": index, "embedding": _packed(vector) if form == "base64" else vector}
            for index, vector in enumerate(vectors)
        ],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens, "cost": round(tokens * PROMPT_PRICE, 12)},
    }


def _inputs(value: JsonValue) -> list[str]:
    """Return each input as a text."""
    if isinstance(value, str) and value:
        return [value]
    items: Sequence[JsonValue] = value if isinstance(value, list) else ()
    if not items or any(item in ("", [], {}) for item in items):
        raise ValueError("input: expected texts or tokens that are not empty")
    if all(isinstance(item, int) for item in items):
        return [" ".join(map(str, items))]
    return [item if isinstance(item, str) else encode(item).decode() for item in items]


def _vector(text: str, length: int) -> list[float]:
    """Return the sum of a direction for each word, of length 1."""
    sums = [0.0] * length
    for word in _WORD.findall(text.lower()) or [text]:
        seed = hashlib.sha256(word.encode()).digest()
        for start in range(0, length, len(seed)):
            block = hashlib.sha256(seed + start.to_bytes(4, "big")).digest()
            for offset, byte in enumerate(block[: length - start]):
                sums[start + offset] += byte - 127.5
    norm = math.sqrt(sum(value * value for value in sums))
    return [value / norm for value in sums]


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
