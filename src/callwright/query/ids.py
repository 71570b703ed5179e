"""A content id: 22 characters that say what was hashed, and the draws that are made from such a text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import TypeVar

__all__ = ["content_id", "draw", "is_content_id"]

T = TypeVar("T")

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH = 22
"""As many letters of 62 as 128 bits may need."""


def content_id(*parts: str | bytes) -> str:
    """Return the id of `parts`, hashed as one text: XXH3-128, seed 0, in base 62, filled up with zeros.

    Two contents share an id by accident only; who wants to make two that do, can: it is no signature.

    Raises:
        ModuleNotFoundError: The extra `query` is not installed.

    Source: ids of ObjectiveAI's SDK of 2025-09-25 and of logged answers, which are the same byte for byte.
    """
    try:
        import xxhash  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        message = "ids of Query LLMs need xxhash; install it with: pip install 'callwright[query]'"
        raise ModuleNotFoundError(message, name=error.name) from error
    hasher = xxhash.xxh3_128()
    for part in parts:
        hasher.update(part if isinstance(part, bytes) else part.encode(errors="replace"))
    number = hasher.intdigest()
    digits = ""
    while number:
        number, digit = divmod(number, len(_LETTERS))
        digits = _LETTERS[digit] + digits
    return digits.rjust(_LENGTH, _LETTERS[0])


def is_content_id(text: object) -> bool:
    """Whether `text` has the form of an id."""
    return isinstance(text, str) and len(text) == _LENGTH and set(text) <= set(_LETTERS)


def draw(seed: str, items: Iterable[T], *, key: Callable[[T], str] = str) -> list[T]:
    """Return the items in the order that `seed` draws: any order is as likely as any other.

    The order depends on the seed and on what the items are, not on where they stood, nor on the version of Python.

    Args:
        seed: Any text; another one gives another order.
        items: What is put in order.
        key: Names an item; equal names stay in the order they came.
    """
    salt = hashlib.blake2b(seed.encode(errors="replace"), digest_size=16).digest()
    return sorted(
        items,
        key=lambda item: hashlib.blake2b(key(item).encode(errors="replace"), digest_size=16, salt=salt).digest(),
    )
