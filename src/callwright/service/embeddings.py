"""Embeddings: texts in, vectors out."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, cast

from typing_extensions import TypedDict

from callwright._json import JsonObject, JsonValue, encode
from callwright.errors import ParameterError, ProviderError
from callwright.service.views import objects
from callwright.wire.chat import Usage
from callwright.wire.options import ProviderPreferences

__all__ = ["EmbeddingInput", "EmbeddingParams", "Embeddings", "batches_of", "embedding_body", "embeddings_of"]

EmbeddingInput: TypeAlias = str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]] | Sequence[JsonObject]
"""A text, several texts, the tokens of one or of several, or objects with content parts for models that see."""

_EMPTY = "inputs: an empty text has no vector; leave it out"


class EmbeddingParams(TypedDict, total=False):
    """Every parameter of an embeddings request. What is not set is not sent."""

    dimensions: int
    """The length of the vectors, >= 1, for models that can shorten them. Service default: the model's."""
    encoding_format: Literal["float", "base64"]
    """How vectors are sent; both are read. `base64` is a quarter of the size. Service default: float."""
    input_type: str
    """What the vectors are for, such as `search_query` or `search_document`, for models that tell them apart."""
    user: str
    """Your id of the end user."""
    provider: ProviderPreferences
    """Who may serve, see `ProviderPreferences`."""
    extra_body: JsonObject
    """Keys that only one provider knows; merged into the body as they are."""


class Embeddings:
    """The vectors of some inputs, in the order of the inputs; a sequence of them.

    Args:
        vectors: One per input, each a list of floats.
        usage: Of all requests together.
        model: Which model answered.
        raws: The bodies that came, one per request.
    """

    __slots__ = ("model", "raws", "usage", "vectors")

    def __init__(
        self, vectors: Sequence[list[float]], *, usage: Usage, model: str | None, raws: Sequence[JsonObject]
    ) -> None:
        self.vectors = tuple(vectors)
        self.usage = usage
        self.model = model
        self.raws = tuple(raws)

    def __len__(self) -> int:
        return len(self.vectors)

    def __getitem__(self, index: int) -> list[float]:
        return self.vectors[index]

    def __add__(self, other: Embeddings) -> Embeddings:
        return Embeddings(
            (*self.vectors, *other.vectors),
            usage=self.usage + other.usage,
            model=self.model or other.model,
            raws=(*self.raws, *other.raws),
        )

    def __repr__(self) -> str:
        length = len(self.vectors[0]) if self.vectors else 0
        return f"Embeddings({len(self.vectors)} vectors of {length}, model={self.model!r})"


def batches_of(inputs: EmbeddingInput, size: int) -> list[tuple[EmbeddingInput, int]]:
    """Return the inputs in parts of at most `size`, each with the number of vectors that it asks for.

    Args:
        inputs: A text, or tokens of one, are one part as they are.
        size: >= 1.

    Raises:
        ParameterError: There is no input, one of them is empty, or `size` is below 1.
    """
    if size < 1:
        raise ParameterError(f"batch_size: expected >= 1; got {size!r}")
    if isinstance(inputs, str):
        if not inputs:
            raise ParameterError(_EMPTY)
        return [(inputs, 1)]
    items: list[object] = list(inputs)
    if not items:
        raise ParameterError("inputs: expected a text, or a list that is not empty")
    if all(isinstance(item, int) for item in items):
        return [(inputs, 1)]
    if not all(items):
        raise ParameterError(_EMPTY)
    kinds = {_kind(item) for item in items}
    if len(kinds) > 1 or None in kinds:
        raise ParameterError("inputs: expected texts only, lists of token ids only, or objects only")
    parts = [items[start : start + size] for start in range(0, len(items), size)]
    return [(cast("EmbeddingInput", part), len(part)) for part in parts]


def embedding_body(inputs: EmbeddingInput, *, model: str, params: EmbeddingParams) -> bytes:
    """Return the body of one request.

    Raises:
        ParameterError: A parameter is unknown or out of range.
    """
    known = EmbeddingParams.__annotations__
    if unknown := params.keys() - known:
        raise ParameterError(f"embeddings: expected some of {', '.join(known)}; got {', '.join(sorted(unknown))}")
    dimensions: object = params.get("dimensions", 1)
    if not isinstance(dimensions, int) or isinstance(dimensions, bool) or dimensions < 1:
        raise ParameterError(f"dimensions: expected an integer >= 1; got {dimensions!r}")
    encoding: object = params.get("encoding_format", "float")
    if encoding not in ("float", "base64"):
        raise ParameterError(f"encoding_format: expected 'float' or 'base64'; got {encoding!r}")
    sent = {key: value for key, value in sorted(params.items()) if key != "extra_body"}
    try:
        return encode({"model": model, "input": inputs, **sent, **params.get("extra_body", {})})
    except ValueError as error:
        raise ParameterError(f"embeddings: inputs and parameters are JSON values; {error}") from error


def embeddings_of(raw: JsonObject, expected: int) -> Embeddings:
    """Return the vectors of an answer, in the order of the inputs.

    Args:
        raw: The body.
        expected: How many were asked for.

    Raises:
        ProviderError: Vectors are missing, doubled, or no vectors.
    """
    entries = objects(raw.get("data"))
    vectors: dict[int, list[float]] = {}
    for position, entry in enumerate(entries):
        index = entry.get("index", position)
        vector = _vector(entry.get("embedding"))
        if vector is not None and isinstance(index, int) and 0 <= index < expected:
            vectors[index] = vector
    if len(vectors) != expected or len(entries) != expected:
        raise ProviderError(
            f"the answer holds {len(vectors)} readable vectors in {len(entries)} entries; asked for {expected}",
            status=502,
            body={key: value for key, value in raw.items() if key != "data"},
        )
    model = raw.get("model")
    return Embeddings(
        [vectors[index] for index in range(expected)],
        usage=Usage.of_raw(raw.get("usage")),
        model=model if isinstance(model, str) else None,
        raws=(raw,),
    )


def _vector(value: JsonValue) -> list[float] | None:
    """Return the numbers of a vector, plain or as little-endian 32-bit floats in base64; None if it is no vector."""
    if isinstance(value, str):
        try:
            packed = base64.b64decode(value, validate=True)
            return list(struct.unpack(f"<{len(packed) // 4}f", packed))
        except (binascii.Error, struct.error, ValueError):
            return None
    if not isinstance(value, list | tuple):
        return None
    kinds = set(map(type, value))
    if not kinds <= {float, int}:
        return None
    return cast("list[float]", value) if kinds == {float} else [float(cast("float", item)) for item in value]


def _kind(item: object) -> str | None:
    match item:
        case str():
            return "text"
        case Mapping():
            return "object"
        case list() | tuple():
            return "tokens" if all(isinstance(token, int) for token in cast("Sequence[object]", item)) else None
        case _:
            return None
