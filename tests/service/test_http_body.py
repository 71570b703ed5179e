"""Bodies are decompressed in small pieces, whatever the pieces they come in, and never beyond the cap."""

from __future__ import annotations

import gzip
import random
import tracemalloc
from collections.abc import Iterable
from typing import Self

import pytest

from callwright.errors import APIConnectionError
from callwright.service._body import decoded, joined

pytestmark = pytest.mark.anyio


class Given:
    """Pieces as they come; no generator, since some are left in the middle."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


def cut(data: bytes, seed: int) -> list[bytes]:
    places = sorted(random.Random(seed).sample(range(len(data)), 5))
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
async def test_what_is_not_compressed_comes_as_it_is(encoding: str) -> None:
    assert [piece async for piece in decoded(Given([b"a", b"b"]), encoding)] == [b"a", b"b"]


@pytest.mark.parametrize("seed", range(8))
async def test_gzip_is_decompressed_wherever_it_was_cut(seed: int) -> None:
    text = bytes(random.Random(seed).choices(b"abc ", k=200_000))

    body = await joined(decoded(Given(cut(gzip.compress(text), seed)), "gzip"), 10**6)

    assert body == text


@pytest.mark.parametrize("seed", range(8))
async def test_gzip_of_several_members_is_one_body(seed: int) -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two ") + gzip.compress(b"three")

    assert await joined(decoded(Given(cut(packed, seed)), "x-gzip"), 100) == b"one two three"


async def test_pieces_of_gzip_are_small() -> None:
    packed = gzip.compress(bytes(10**7))

    assert max([len(piece) async for piece in decoded(Given([packed]), "gzip")]) <= 65_536


async def test_a_bomb_is_given_up_before_it_takes_memory() -> None:
    packed = gzip.compress(bytes(10**8))
    tracemalloc.start()

    with pytest.raises(APIConnectionError, match="longer than 1000000 bytes"):
        await joined(decoded(Given([packed]), "gzip"), 10**6)

    assert tracemalloc.get_traced_memory()[1] < 3 * 10**6
    tracemalloc.stop()


async def test_an_empty_body_is_empty() -> None:
    assert await joined(decoded(Given([]), ""), 10) == b""
