"""Bodies: an answer's bytes, decompressed, and how many of them are read."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from typing import Self

from callwright.errors import APIConnectionError, ParameterError

__all__ = ["Caps", "decoded", "joined"]

_PIECE = 65_536
_GZIP = 16 + zlib.MAX_WBITS
"""What tells zlib to expect a gzip header."""


@dataclass(frozen=True, slots=True)
class Caps:
    """How much of an answer is read. What is larger ends in a typed error, not in a full memory.

    Not to be widened: a head of 64 KiB, 20 interim answers before the real one, JSON that is nested 200 deep.

    Raises:
        ParameterError: One of them is below 1.
    """

    body: int = 32 << 20
    """The longest body of an answer that comes at once, decompressed, in bytes."""
    event: int = 32 << 20
    """The largest event of a stream, in bytes; a drawn image comes whole in one event."""
    stream: int = 256 << 20
    """The longest stream, in bytes."""
    events: int = 1_000_000
    """The most events of a stream; each adds a few characters, as a rule."""
    lines: int = 100_000
    """The most lines between two events: comments and empty lines, by which a service says that it is alive."""

    def __post_init__(self) -> None:
        for cap in fields(self):
            if getattr(self, cap.name) < 1:
                raise ParameterError(f"Caps.{cap.name}: expected >= 1; got {getattr(self, cap.name)!r}")


def decoded(chunks: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    """Return the pieces of a body without its compression, each of at most 64 KiB if there was one.

    Only gzip is taken, since only that is asked for; each further coding is a further way to send a bomb.

    Args:
        chunks: The body as it came.
        encoding: The header `Content-Encoding`; empty if there was none.

    Raises:
        APIConnectionError: The coding is another one. While iterating: the body is no gzip, or ended too early.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return chunks
        case "gzip" | "x-gzip":
            return _Inflated(chunks)
        case other:
            raise APIConnectionError(
                f"the answer is compressed as {other[:40]!r}; only gzip and identity were asked for"
            )


async def joined(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    """Return all chunks as one.

    Args:
        chunks: Decoded already.
        limit: In bytes.

    Raises:
        APIConnectionError: There is more than `limit`.
    """
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise APIConnectionError(
                f"the answer is longer than {limit} bytes, see Caps.body; nothing of it was used", maybe_billed=True
            )
        parts.append(chunk)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class _Inflated:
    """Decompresses as it is read, so that a bomb never lies in memory."""

    __slots__ = ("_chunks", "_rest", "_zlib")

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._zlib = zlib.decompressobj(_GZIP)
        # Compressed bytes that came, but whose turn has not.
        self._rest = b""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while True:
            # Without new input too: what did not fit into the last piece waits inside of zlib.
            piece = self._inflate()
            if piece:
                return piece
            if self._rest:
                continue
            try:
                self._rest = await anext(self._chunks)
            except StopAsyncIteration:
                if not self._zlib.eof:
                    raise APIConnectionError(
                        "the gzip body ended too early", retryable=True, maybe_billed=True
                    ) from None
                raise

    def _inflate(self) -> bytes:
        if self._zlib.eof and self._rest:
            # One member of a gzip file may follow another.
            self._zlib = zlib.decompressobj(_GZIP)
        try:
            piece = self._zlib.decompress(self._rest, _PIECE)
        except zlib.error as error:
            raise APIConnectionError(
                f"the body is no gzip, though it says so: {error}", retryable=True, maybe_billed=True
            ) from error
        self._rest = self._zlib.unconsumed_tail or self._zlib.unused_data
        return piece
