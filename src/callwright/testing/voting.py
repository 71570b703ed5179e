"""A model for tests that votes: it reads the ballots that an ensemble's members are shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

from callwright._json import JsonObject, decode
from callwright.query.ballot import KEY_FIELD, TOOL_NAME
from callwright.testing.scripted import FunctionModel, Turn, calls
from callwright.wire.chat import ChatRequest
from callwright.wire.profile import OPENROUTER, Profile

__all__ = ["Preference", "VotingModel"]

Preference: TypeAlias = str | Callable[[Sequence[str]], str]
"""The choice to vote for, whole or a part of its text; or a function of all choices that gives it."""

_BALLOT = re.compile(r"These are the choices, one JSON object.*?\n(\{\n.*?\n\})\n", re.DOTALL)


class VotingModel(FunctionModel):
    """A member of an ensemble that always prefers the same.

    Args:
        preference: What it votes for.
        says: What it does when it is asked to write. Default: it says its preference.
        name: Shown in records.
        profile: How messages are put on the wire.
    """

    def __init__(
        self,
        preference: Preference,
        says: Turn | None = None,
        *,
        name: str = "voting",
        profile: Profile = OPENROUTER,
    ) -> None:
        super().__init__(self._answer, name=name, profile=profile)
        self._preference = preference
        self._says = says
        self.ballots: list[dict[str, str]] = []
        """The choices of each ballot, key -> text, in the order in which they were shown."""

    def _answer(self, request: ChatRequest) -> Turn:
        choices = _choices_in(request)
        if choices is None:
            return str(self._preference) if self._says is None else self._says
        self.ballots.append(choices)
        wanted = self._preference if isinstance(self._preference, str) else self._preference([*choices.values()])
        named = [key for key, text in choices.items() if text == wanted]
        named += [key for key, text in choices.items() if wanted in text]
        if not named:
            raise AssertionError(f"expected {wanted!r} among the choices; got {', '.join(choices.values())}")
        return _reply(request, named[0])


def _choices_in(request: ChatRequest) -> dict[str, str] | None:
    """Return the choices of a request for a vote; None if it is none."""
    for message in reversed(request.messages):
        found = _BALLOT.search(message.text)
        if found is not None:
            return cast("dict[str, str]", decode(found[1]))
    return None


def _reply(request: ChatRequest, key: str) -> Turn:
    """Return the vote for a key, in the form that is asked for."""
    params = cast("JsonObject", request.params.raw)
    bare = key.replace("`", "")
    if "response_format" in params:
        return json.dumps({KEY_FIELD: bare})
    if isinstance(request.tool_choice, dict):
        return calls(TOOL_NAME, **{KEY_FIELD: bare})
    return key
