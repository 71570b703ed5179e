"""A pending call: what somebody outside the process decides about."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from callwright.run.decision import PendingCall
from callwright.run.records import CallId

__all__ = ["Pending", "Why", "is_hidden", "pending_of", "visible"]

Why: TypeAlias = Literal["approval", "external", "in_doubt"]
"""Somebody must allow it; somebody must bring its result; or it may have run already."""

_HIDDEN = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
"""Unicode categories of what a terminal obeys or does not show, such as U+202E, which turns text around."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A call that waits for a decision; pass one to `Agent.resume`."""

    id: CallId
    name: str
    arguments: str
    """As JSON: as the tool would get them, or as the model wrote them if that is not known."""
    why: Why

    @property
    def shown(self) -> str:
        """The call in one line for people, control and invisible characters written out."""
        return f"{visible(self.name)}({visible(self.arguments)})"


def pending_of(call: PendingCall) -> tuple[Pending, ...]:
    """Return what is to be decided about a held call: itself, or what waits within the sub-agent that it runs."""
    held = call.held
    if held is None:
        return ()
    if held.why == "child":
        return tuple([Pending(call_id, name, text, cast("Why", why)) for call_id, name, text, why in held.waiting])
    return (Pending(call.id, call.call.name, held.arguments or call.arguments or call.call.arguments, held.why),)


def is_hidden(sign: str) -> bool:
    """Whether a character is one that a terminal obeys or does not show."""
    return unicodedata.category(sign) in _HIDDEN


def visible(text: str, *, keep: str = "") -> str:
    r"""Return a text with hidden characters written out, as `\u202e`.

    Args:
        text: Any.
        keep: Hidden characters that stay, such as newlines.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join([f"\\u{ord(sign):04x}" if is_hidden(sign) and sign not in keep else sign for sign in text])
