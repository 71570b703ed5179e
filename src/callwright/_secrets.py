"""Secrets: what must never be shown, and the one function that hides it."""

from __future__ import annotations

import re
from typing import Generic, TypeVar

__all__ = ["Hidden", "masked", "remember"]

T = TypeVar("T")

_SHORTEST = 8
_KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{6,}")
_known: set[str] = set()


class Hidden(Generic[T]):
    """A box around a secret: a traceback that shows what is local to a function shows the box.

    Args:
        value: The secret.
    """

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "Hidden(***)"


def remember(secret: str) -> None:
    """Hide `secret` from now on wherever text is `masked`.

    Args:
        secret: A key, a password. Shorter ones than 8 characters are not hidden: they would hide half of any text.
    """
    if len(secret) >= _SHORTEST:
        _known.add(secret)


def masked(text: str) -> str:
    """Return `text` with every known secret, and whatever looks like an API key, replaced by `***`."""
    # A copy: another thread may be adding one. The longest first: one key may begin with another.
    for secret in sorted(_known, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, "***")
    return _KEY.sub("sk-***", text) if "sk-" in text else text
