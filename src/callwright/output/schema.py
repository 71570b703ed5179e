"""A schema as output: an object that is described by a JSON Schema instead of a type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import Unpack

from callwright.output.choice import Choice
from callwright.output.described import wire_name
from callwright.output.kinds import SchemaKind
from callwright.output.options import OutputOptions
from callwright.output.typed import TypedOutput

__all__ = ["Schema"]


class Schema(TypedOutput[dict[str, Any]]):
    """An object that a JSON Schema describes, as a plain dict.

    Args:
        schema: Of an object; `RawSchema` lists what of it is looked at, the rest is told to the model alone.
        name: Said to the service. Default: the schema's title, else `answer`.
        options: See `OutputOptions`.

    Raises:
        SchemaError: It is malformed, or not the schema of an object.
        ParameterError: An option is out of range.

    >>> Schema({"type": "object", "properties": {"n": {"type": "integer"}}}, name="counted").kind.name
    'counted'
    """

    __slots__ = ()

    def __init__(
        self, schema: Mapping[str, object], *, name: str = "", **options: Unpack[OutputOptions[dict[str, Any]]]
    ) -> None:
        title = schema.get("title")
        kind = SchemaKind(schema, wire_name(name or (title if isinstance(title, str) else ""), "answer"))
        super().__init__(kind, Choice(kind), options)
