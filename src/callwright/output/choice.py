"""A choice: the functions of which a model calls one with its answer, and which of them a stored answer belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from callwright._json import JsonValue
from callwright.output.base import OUTPUT_TOOL, Conditions
from callwright.output.kinds import Kind, TypeKind
from callwright.output.modes import Rung, picked
from callwright.output.unions import Members
from callwright.tools.description import FunctionDescription

__all__ = ["Choice"]

_TEXT = "text"
_TOLD = "Give the final answer; call this once, at the end."
_MARKS = frozenset({"type", "value"})


class Choice:
    """What of an answer is called by what name.

    Args:
        whole: All that the answer may be.
        members: The members of a union; None if there is nothing to choose between.
        function: The description of the one function that is called, if it is the user's own.
        needs_call: Whether the answer must be a call.
    """

    __slots__ = ("_function", "_kinds", "_members", "_needs_call", "_whole", "names", "takes_text")

    def __init__(
        self,
        whole: Kind[Any],
        members: Members | None = None,
        *,
        function: FunctionDescription | None = None,
        needs_call: bool = False,
    ) -> None:
        self._whole = whole
        self._members = members
        self._function = function
        self._needs_call = needs_call
        self._kinds: dict[str, Kind[Any]] = {}
        if members is None:
            self._kinds[OUTPUT_TOOL if function is None else function.name] = whole
        self.names: frozenset[str] = frozenset(self._kinds if members is None else members.kinds)
        """Of the functions."""
        self.takes_text = members is not None and members.takes_text
        """Whether a plain text is an answer, too."""

    def picked(self, conditions: Conditions) -> Rung | None:
        """Return the best mode under these conditions."""
        is_own = self._function is not None
        return picked(conditions, takes_text=self.takes_text, prefers_call=is_own, needs_call=self._needs_call)

    def kind(self, name: str) -> Kind[Any]:
        """Return what the arguments of a function are."""
        if name not in self._kinds and self._members is not None:
            self._kinds[name] = TypeKind(cast("Any", self._members.kinds[name]))
        return self._kinds[name]

    def described(self) -> tuple[FunctionDescription, ...]:
        """Return what the model is told of the functions."""
        if self._function is not None:
            return (self._function,)
        names = self._kinds if self._members is None else self._members.kinds
        return tuple([_described(name, self.kind(name)) for name in names])

    def name_of(self, value: object) -> str:
        """Return the name of the function that takes a value; empty if it cannot be told."""
        if self._members is None:
            return min(self.names)
        for name in self._members.kinds:
            kind = self.kind(name)
            if isinstance(kind, TypeKind) and kind.is_own(value):
                return name
        return ""

    def marked(self, name: str | None, raw: JsonValue) -> JsonValue:
        """Return an answer for the record: of a union, together with the member that it is.

        Args:
            name: Of the function; empty if it is not known, None for a text.
            raw: The answer as JSON.
        """
        return raw if self._members is None else {"type": _TEXT if name is None else name, "value": raw}

    def unmarked(self, stored: JsonValue) -> tuple[str | None, JsonValue]:
        """Return the name and the answer that `marked` put together; for anything else no name, and itself."""
        if self._members is None or not isinstance(stored, Mapping) or stored.keys() ^ _MARKS:
            return "", stored
        name, raw = stored["type"], stored["value"]
        if name == _TEXT and self.takes_text:
            return None, raw
        return (name, raw) if isinstance(name, str) and (name in self.names or not name) else ("", stored)


def _described(name: str, kind: Kind[Any]) -> FunctionDescription:
    said = kind.schema.get("description")
    schema = {key: value for key, value in kind.schema.items() if key not in ("title", "description")}
    return FunctionDescription(name, said if isinstance(said, str) else _TOLD, schema)
