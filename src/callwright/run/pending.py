"""A pending call: what somebody outside the process decides about."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from callwright.run.decision import PendingCall
from callwright.run.records import CallId

__all__ = ["Pending", "Why", "pending_of"]

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
        return f"{_visible(self.name)}({_visible(self.arguments)})"


def pending_of(call: PendingCall) -> tuple[Pending, ...]:
    """Return what is to be decided about a held call: itself, or what waits within the sub-agent that it runs."""
    held = call.held
    if held is None:
        return ()
    if held.why == "child":
        return tuple([Pending(call_id, name, text, cast("Why", why)) for call_id, name, text, why in held.waiting])
    return (Pending(call.id, call.call.name, held.arguments or call.call.arguments, held.why),)


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join([f"\\u{ord(sign):04x}" if unicodedata.category(sign) in _HIDDEN else sign for sign in text])
