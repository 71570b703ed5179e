"""The vectors by which prompts are compared."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import pytest

from callwright.errors import ParameterError
from callwright.query import vectors
from callwright.query.vectors import HASHED, hashed_vector, nearest, packed, unpacked, vectors_of
from callwright.service.embeddings import Embeddings
from callwright.wire.chat import NO_USAGE

pytestmark = pytest.mark.anyio


class Service:
    """Makes vectors of two numbers."""

    def __init__(self) -> None:
        self.asked: list[tuple[Sequence[str], str]] = []

    async def embeddings(self, inputs: Sequence[str], *, model: str) -> Embeddings:
        self.asked.append((inputs, model))
        made = [[float(len(text)), 0.0] if text != "zero" else [0.0, 0.0] for text in inputs]
        return Embeddings(made, usage=NO_USAGE, model=model, raws=())


def cosine(one: str, other: str) -> float:
    first, second = hashed_vector(one), hashed_vector(other)
    assert first is not None
    assert second is not None
    return math.fsum(a * b for a, b in zip(first, second, strict=True))


def test_a_hashed_vector_has_length_1():
    assert math.sqrt(math.fsum(value**2 for value in hashed_vector("a prompt") or ())) == pytest.approx(1)


def test_the_same_words_are_the_same_vector_whatever_their_case_and_blanks():
    assert hashed_vector("Where is\n my  PARCEL?") == hashed_vector("where is my parcel?")


def test_texts_that_share_words_are_nearer_than_those_that_do_not():
    question = "My parcel has not arrived yet"

    assert cosine(question, "the parcel did not arrive") > 0.3 > cosine(question, "Reset the password of my login")


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_a_text_that_says_nothing_has_no_vector(text: str):
    assert hashed_vector(text) is None


@pytest.mark.parametrize("text", ["a", "é", "\ud800", "漢字", "🦊"])
def test_any_text_has_one(text: str):
    assert hashed_vector(text) is not None


def test_hashed_vectors_do_not_change_between_versions():
    """Tables keep them."""
    places = [place for place, value in enumerate(hashed_vector("ab") or ()) if value]

    assert (places, len(hashed_vector("ab") or ())) == ([488, 1376, 2264], 4096)


def test_packing_keeps_32_bits():
    assert unpacked(packed([0.5, -1.0, 0.1])) == pytest.approx([0.5, -1.0, 0.1])
    assert packed([1.0]) == b"\x00\x00\x80\x3f"


def test_the_nearest_row_comes_first_and_of_equal_ones_the_later():
    rows = [packed([1.0, 0.0]), packed([0.0, 1.0]), packed([-1.0, 0.0]), packed([1.0, 0.0])]

    assert nearest(rows, [1.0, 0.0], top=3) == [(3, 1.0), (0, 1.0), (1, 0.0)]
    assert nearest([], [1.0, 0.0], top=3) == []


async def test_a_model_makes_the_vectors_of_texts_that_say_something():
    service = Service()

    made = await vectors_of(["abc", " ", "zero", "d"], "author/embedder", service)

    assert made == [[1.0, 0.0], None, None, [1.0, 0.0]]
    assert service.asked == [(["abc", "zero", "d"], "author/embedder")]


async def test_nobody_is_asked_for_hashed_vectors_nor_for_nothing():
    service = Service()

    assert await vectors_of(["", "a"], HASHED, service) == [None, hashed_vector("a")]
    assert await vectors_of(["", " "], "author/embedder", service) == [None, None]
    assert service.asked == []


async def test_without_a_service_a_model_cannot_be_asked():
    with pytest.raises(ParameterError, match="client: expected one that makes the vectors of 'author/embedder'"):
        await vectors_of(["a"], "author/embedder", None)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "numpy", None)

    with pytest.raises(ModuleNotFoundError, match=r"install it with: pip install 'callwright\[query\]'"):
        vectors.nearest([packed([1.0])], [1.0], top=1)
