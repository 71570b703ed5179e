"""A description: what a model is told of a function."""

from __future__ import annotations

from dataclasses import dataclass

from callwright._json import JsonObject, JsonValue

__all__ = ["FunctionDescription"]


@dataclass(frozen=True, slots=True)
class FunctionDescription:
    """What a model is told of a function."""

    name: str
    """At most 64 of `A-Z a-z 0-9 _ -`."""
    description: str
    """Empty if there is nothing to say."""
    parameters: JsonObject
    """The JSON Schema of the object of arguments; not to be changed."""
    strict: bool | None = None
    """Whether the provider must hold the arguments to the schema; sent only if it is not None."""

    def wire(self) -> dict[str, JsonValue]:
        """Return the entry in a request's `tools`."""
        function: dict[str, JsonValue] = {"name": self.name}
        if self.description:
            function["description"] = self.description
        function["parameters"] = self.parameters
        if self.strict is not None:
            function["strict"] = self.strict
        return {"type": "function", "function": function}
