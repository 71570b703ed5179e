"""An ensemble's configuration: the Query LLMs that are its members, and how they are weighted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self, TypeAlias, cast

from callwright._json import JsonValue, encode
from callwright.query.config import QueryLLM
from callwright.query.ids import content_id
from callwright.query.rules import checked, ensemble_problems
from callwright.query.settings import (
    ModelWeights,
    StaticWeights,
    TrainingTableWeights,
    ensemble_weight,
    without_nulls,
)

__all__ = ["QueryModel", "Slot", "TableIdStyle"]

Slot: TypeAlias = int
"""The place of a member in its ensemble, from 0; two equal members have two places."""

TableIdStyle: TypeAlias = Literal["sorted", "score"]
"""In which order the members' `training_table_name` are hashed. `score`: in that of their names, as the engine of
November 2025 does, so that another weight may give another id. `sorted`: in their own, so that it does not."""


@dataclass(frozen=True)
class QueryModel:
    """An ensemble of Query LLMs. Members in the mode `generate` write candidates, the others vote for them.

    Members are put in the order of their names, so that one ensemble has one name, and its members the same slots,
    however it was written.

    Raises:
        ParameterError: There are not 1 to 128 members, or their weights are of another kind than `weight`; names all.
        ModuleNotFoundError: The extra `query` is not installed.
    """

    models: tuple[QueryLLM, ...]
    """The members; the place of each is its slot."""
    weight: ModelWeights = field(default=StaticWeights())

    def __post_init__(self) -> None:
        wire = {"models": [llm.to_wire() for llm in self.models], "weight": self.weight.to_wire()}
        checked(ensemble_problems(wire, type(self).__name__))
        object.__setattr__(self, "models", tuple(sorted(self.models, key=lambda llm: llm.name)))

    @classmethod
    def from_wire(cls, wire: Mapping[str, object]) -> Self:
        """Return the ensemble that an object of the wire says; see `QueryLLM.from_wire`.

        Raises:
            ParameterError: It is none; names all that is wrong, of every member.
        """
        given = {key: value for key, value in wire.items() if value is not None}
        members = given.get("models")
        if isinstance(members, list | tuple):
            given["models"] = [_plain(member) for member in cast("Sequence[object]", members)]
        checked(ensemble_problems(given, cls.__name__))
        llms = [QueryLLM.from_wire(member) for member in cast("list[Mapping[str, object]]", given["models"])]
        return cls(tuple(llms), ensemble_weight(given["weight"]))

    def to_wire(self) -> dict[str, JsonValue]:
        """Return the request body of this ensemble."""
        return {"models": [llm.to_wire() for llm in self.models], "weight": self.weight.to_wire()}

    @property
    def name(self) -> str:
        """The id of the ensemble: of its weight and of its members' names."""
        return content_id(encode(self.weight.to_wire()), *(llm.name for llm in self.models))

    @property
    def training_table_name(self) -> str | None:
        """The id under which its answers are remembered; None if its weights are static; see `table_name`."""
        return self.table_name()

    def table_name(self, *, style: TableIdStyle = "sorted") -> str | None:
        """Return the id under which its answers are remembered; None if its weights are static.

        Inferred: the model of the embeddings as JSON, then the `training_table_name` of each member.
        """
        if not isinstance(self.weight, TrainingTableWeights):
            return None
        names = self._table_names()
        ordered = sorted(names) if style == "sorted" else names
        return content_id(encode(self.weight.embeddings_model), *ordered)

    def training_table_index(self, slot: Slot) -> int | None:
        """Return the place of a member's `training_table_name` among all, equal ones counted once."""
        name = self.models[slot].training_table_name
        return None if name is None else sorted(set(self._table_names())).index(name)

    def _table_names(self) -> list[str]:
        return [name for llm in self.models if (name := llm.training_table_name) is not None]

    @property
    def generators(self) -> tuple[tuple[Slot, QueryLLM], ...]:
        """The members that write candidates."""
        return tuple((slot, llm) for slot, llm in enumerate(self.models) if llm.is_generator)

    @property
    def selectors(self) -> tuple[tuple[Slot, QueryLLM], ...]:
        """The members that vote."""
        return tuple((slot, llm) for slot, llm in enumerate(self.models) if llm.is_selector)


def _plain(member: object) -> object:
    if not isinstance(member, Mapping):
        return member
    given = cast("Mapping[str, object]", member)
    return {key: without_nulls(value) for key, value in given.items() if value is not None}
