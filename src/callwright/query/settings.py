"""The settings inside of a configuration: weights, provider preferences and reasoning, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias, cast

from callwright._json import JsonValue

__all__ = [
    "LLMWeight",
    "Level",
    "Mode",
    "ModelWeights",
    "QueryProvider",
    "QueryReasoning",
    "StaticWeight",
    "StaticWeights",
    "TrainingTableWeight",
    "TrainingTableWeights",
    "ensemble_weight",
    "member_weight",
    "provider_of",
    "reasoning_of",
    "without_nulls",
]

Mode: TypeAlias = Literal[
    "generate",
    "select_thinking",
    "select_non_thinking",
    "select_thinking_logprobs",
    "select_non_thinking_logprobs",
]
"""What a member does: it writes candidates, or it votes for one; with reasons first or at once; with one key or with
the probabilities of all."""

Level: TypeAlias = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class StaticWeight:
    """A weight that does not change."""

    weight: float = 1.0
    """> 0; only ratios matter."""

    def to_wire(self) -> dict[str, JsonValue]:
        """Return it as an object of the wire."""
        return {"type": "static", "weight": _real(self.weight)}


@dataclass(frozen=True, slots=True)
class TrainingTableWeight:
    """A weight that follows how often the member was right about prompts like this one; see `dynamic_weight`.

    0 < `min_weight` <= `base_weight` <= `max_weight`.
    """

    base_weight: float
    """Where nothing is known."""
    min_weight: float
    """Of a member that was never right."""
    max_weight: float
    """Of a member that always was."""

    def to_wire(self) -> dict[str, JsonValue]:
        """Return it as an object of the wire."""
        return {
            "type": "training_table",
            "base_weight": _real(self.base_weight),
            "min_weight": _real(self.min_weight),
            "max_weight": _real(self.max_weight),
        }


LLMWeight: TypeAlias = StaticWeight | TrainingTableWeight
"""The weight of a member; its kind is that of the ensemble's `ModelWeights`."""


@dataclass(frozen=True, slots=True)
class StaticWeights:
    """The members of the ensemble have static weights."""

    def to_wire(self) -> dict[str, JsonValue]:
        """Return it as an object of the wire."""
        return {"type": "static"}


@dataclass(frozen=True, slots=True)
class TrainingTableWeights:
    """The members of the ensemble have weights by the training table."""

    embeddings_model: str
    """What turns prompts into vectors: a slug, or the name of a built-in embedder."""
    top: int = 10
    """How many of the nearest rows count, >= 1."""

    def to_wire(self) -> dict[str, JsonValue]:
        """Return it as an object of the wire."""
        return {"type": "training_table", "embeddings_model": self.embeddings_model, "top": self.top}


ModelWeights: TypeAlias = StaticWeights | TrainingTableWeights
"""How the members of an ensemble are weighted."""


@dataclass(frozen=True, slots=True)
class QueryProvider:
    """Who may serve a member. None is the service's default.

    Source: provider preferences of the configuration, https://openrouter.ai/docs/features/provider-routing.
    """

    order: tuple[str, ...] | None = None
    """Providers to try, the first one first."""
    allow_fallbacks: bool | None = None
    """Service default: true."""
    require_parameters: bool | None = None
    """Only endpoints that know every parameter. Service default: false."""
    data_collection: Literal["allow", "deny"] | None = None
    """Service default: allow."""
    only: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    quantizations: tuple[str, ...] | None = None
    sort: str | None = None
    """`price`, `throughput` or `latency`."""

    def __post_init__(self) -> None:
        for name in ("order", "only", "ignore", "quantizations"):
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))

    def to_wire(self) -> dict[str, JsonValue]:
        """Return it as an object of the wire."""
        return _wire_of(self)


@dataclass(frozen=True, slots=True)
class QueryReasoning:
    """How much a member reasons by itself. `effort` and `max_tokens` exclude each other."""

    max_tokens: int | None = None
    """The budget, in tokens, >= 0; 0 is none."""
    effort: Level | None = None
    enabled: bool | None = None
    """True is medium effort."""

    def to_wire(self) -> dict[str, JsonValue]:
        """Return it as an object of the wire."""
        return _wire_of(self)


def provider_of(wire: object) -> QueryProvider:
    """Return the preferences that a checked object of the wire says."""
    return QueryProvider(**cast("dict[str, Any]", wire))


def reasoning_of(wire: object) -> QueryReasoning:
    """Return the reasoning that a checked object of the wire says."""
    return QueryReasoning(**cast("dict[str, Any]", wire))


def member_weight(wire: object) -> LLMWeight:
    """Return the weight of a member that a checked object of the wire says."""
    given = cast("Mapping[str, float]", wire)
    if cast("Mapping[str, object]", wire)["type"] == "static":
        return StaticWeight(float(given["weight"]))
    return TrainingTableWeight(
        base_weight=float(given["base_weight"]),
        min_weight=float(given["min_weight"]),
        max_weight=float(given["max_weight"]),
    )


def ensemble_weight(wire: object) -> ModelWeights:
    """Return the weights of an ensemble that a checked object of the wire says."""
    match wire:
        case {"type": "training_table", "embeddings_model": str(embeddings), "top": int(top)}:
            return TrainingTableWeights(embeddings, top)
        case _:
            return StaticWeights()


def without_nulls(wire: object) -> object:
    """Return an object without the keys whose value is null: on this wire they say nothing."""
    if not isinstance(wire, Mapping):
        return wire
    return {key: value for key, value in cast("Mapping[object, object]", wire).items() if value is not None}


def _wire_of(settings: QueryProvider | QueryReasoning) -> dict[str, JsonValue]:
    values: dict[str, JsonValue] = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in values.items() if value is not None
    }


def _real(value: float) -> float:
    # Rules look at what was given: what is no number is told of by them, not by `float`.
    return float(value) if type(value) is int else value
