"""A vector: what a prompt is compared by; made by a service, or here from the prompt's own letters."""

from __future__ import annotations

import importlib
import math
import sys
import zlib
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from callwright.errors import ParameterError
from callwright.service.embeddings import Embeddings

__all__ = ["HASHED", "EmbeddingService", "Vector", "hashed_vector", "nearest", "packed", "unpacked", "vectors_of"]

Vector: TypeAlias = Sequence[float]

HASHED = "callwright/hashed-ngrams"
"""The name of the built-in embedder: no service is asked, nothing is paid."""

_LENGTH = 4096
_SIZES = (3, 4, 5)
_MOST_CHARS = 20_000
"""More of a prompt is not looked at: n-grams of a whole book say little, and take a second."""


class EmbeddingService(Protocol):
    """Turns texts into vectors; a `Client` does."""

    async def embeddings(self, inputs: Sequence[str], *, model: str) -> Embeddings:
        """Return a vector for each text."""
        ...


async def vectors_of(
    texts: Sequence[str], embedder: str, service: EmbeddingService | None
) -> list[Sequence[float] | None]:
    """Return a vector of length 1 for each text; None for one that says nothing.

    Args:
        texts: The prompts.
        embedder: `HASHED`, or the slug of a model.
        service: Who is asked for a model's vectors.

    Raises:
        ParameterError: A model is named, and there is nobody to ask.
        APIError: Asking failed.
    """
    if embedder == HASHED:
        return [hashed_vector(text) for text in texts]
    said = [text for text in texts if text.strip()]
    if not said:
        return [None] * len(texts)
    if service is None:
        raise ParameterError(f"client: expected one that makes the vectors of {embedder!r}; got None")
    made = iter((await service.embeddings(said, model=embedder)).vectors)
    return [_unit(next(made)) if text.strip() else None for text in texts]


def hashed_vector(text: str) -> Sequence[float] | None:
    """Return how often each run of 3 to 5 letters comes in a text, hashed into 4,096 places; None for an empty one.

    Case, and how much white space there is, do not count. The same text has the same vector on every machine.

    Source: feature hashing with signs, Weinberger et al. (2009).
    """
    words = " ".join(text[:_MOST_CHARS].casefold().split())
    if not words:
        return None
    letters = f" {words} "
    counts = Counter(
        letters[start : start + size] for size in _SIZES for start in range(max(len(letters) - size + 1, 1))
    )
    places = [0.0] * _LENGTH
    for gram, times in counts.items():
        place = zlib.crc32(gram.encode(errors="replace"))
        # Two runs that share a place cancel as often as they add up.
        places[place % _LENGTH] += (1.0 if place & 0x8000_0000 else -1.0) * math.log1p(times)
    return _unit(places)


def nearest(rows: Sequence[bytes], vector: Vector, *, top: int) -> list[tuple[int, float]]:
    """Return the places of the rows whose vectors are the most similar, and their cosines; the nearest first.

    Of equally near ones the later rows come first.

    Args:
        rows: From `packed`, all as long as `vector`.
        vector: Of length 1.
        top: How many at most.

    Raises:
        ModuleNotFoundError: The extra `query` is not installed.
    """
    if not rows:
        return []
    numpy = _numpy()
    table = numpy.frombuffer(b"".join(rows), dtype="<f4").reshape(len(rows), -1)
    cosines: list[float] = (table @ numpy.asarray(vector, dtype="<f4")).tolist()
    order = sorted(range(len(rows)), key=lambda row: (-cosines[row], -row))[:top]
    return [(row, min(max(cosines[row], -1.0), 1.0)) for row in order]


def packed(vector: Vector) -> bytes:
    """Return a vector as 32-bit floats, the least byte first."""
    numbers = array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def unpacked(kept: bytes) -> list[float]:
    """Return the vector that was packed."""
    numbers = array("f", kept)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


def _unit(vector: Vector) -> list[float] | None:
    """Return a vector with length 1; None for one that has none."""
    norm = math.sqrt(math.fsum(value * value for value in vector))
    return [value / norm for value in vector] if 0 < norm < math.inf else None


def _numpy() -> Any:  # noqa: ANN401 - an extra; its types are not there without it
    try:
        return importlib.import_module("numpy")
    except ModuleNotFoundError as error:
        message = "the training table needs numpy; install it with: pip install 'callwright[query]'"
        raise ModuleNotFoundError(message, name=error.name) from error
