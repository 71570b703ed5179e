"""The keys of a ballot: a letter for each choice, or two where there are more choices than one letter can tell apart.

Source: letters A to T, as many as a service gives alternatives to a token; trees of them as in ObjectiveAI's engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from callwright.errors import ParameterError
from callwright.query.ids import draw

__all__ = ["LETTERS", "MOST_WIDTH", "KeyTree", "key_tree"]

LETTERS = "BCDEFGHJKLMNOPQRSTAI"
"""`A` and `I` come last: they are words, so that they are only taken when all others are."""
MOST_WIDTH = len(LETTERS)
_LEAST_WIDTH = 2


@dataclass(frozen=True, slots=True)
class KeyTree:
    """The keys of one ballot."""

    leaves: Mapping[str, str]
    """Key -> class id of the choice, in the order in which they are shown; all keys have `depth` letters."""
    depth: int
    """Letters of a key, >= 1."""

    def letters(self, prefix: str) -> frozenset[str]:
        """Return the letters that may follow `prefix`."""
        return frozenset(key[len(prefix)] for key in self.leaves if key.startswith(prefix) and key != prefix)

    def below(self, prefix: str) -> Iterator[str]:
        """Yield the class ids whose keys begin with `prefix`."""
        return (class_id for key, class_id in self.leaves.items() if key.startswith(prefix))

    def known(self, letters: str) -> str | None:
        """Return the key that `letters` are, in either case; None if they are none."""
        key = letters.upper() if letters.isascii() else letters
        return key if key in self.leaves else None


def key_tree(order: Sequence[str], seed: str, *, width: int = MOST_WIDTH) -> KeyTree:
    """Return keys for choices, drawn by `seed`.

    Args:
        order: The class ids, each once, as they are shown.
        seed: Decides which letter stands for which choice.
        width: How many choices a branch holds, 2 to 20: as many alternatives a token are asked for.

    Raises:
        ParameterError: `width` is out of range, or there is no choice.
    """
    if not _LEAST_WIDTH <= width <= MOST_WIDTH or not order:
        raise ParameterError(f"keys: expected choices, and a width from 2 to {MOST_WIDTH}; got {len(order)}, {width}")
    depth = 1
    while width**depth < len(order):
        depth += 1
    return KeyTree(dict(_branch(order, seed, prefix="", depth=depth, width=width)), depth)


def _branch(order: Sequence[str], seed: str, *, prefix: str, depth: int, width: int) -> Iterator[tuple[str, str]]:
    count = len(order) if depth == 1 else -(-len(order) // width ** (depth - 1))
    letters = draw(f"{seed}/{prefix}", LETTERS[: max(count, MOST_WIDTH - 2)])[:count]
    for place, letter in enumerate(letters):
        first, last = (len(order) * edge // count for edge in (place, place + 1))
        if depth == 1:
            yield prefix + letter, order[place]
        else:
            yield from _branch(order[first:last], seed, prefix=prefix + letter, depth=depth - 1, width=width)
