"""A Query LLM: one model with all its settings, whose name is the hash of what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from typing import Any, Self, cast

from callwright._json import JsonValue
from callwright.query.ids import content_id
from callwright.query.normal import IdStyle, canonical_json, normal_form
from callwright.query.rules import MEMBER, checked, member_problems
from callwright.query.settings import (
    Level,
    LLMWeight,
    Mode,
    QueryProvider,
    QueryReasoning,
    StaticWeight,
    TrainingTableWeight,
    member_weight,
    provider_of,
    reasoning_of,
    without_nulls,
)

__all__ = ["QueryLLM"]

_MOST_LOGPROBS = 20
_COMPUTED = frozenset({"name", "training_table_name", "index", "training_table_index"})
"""Keys of an answer that follow from the others."""
_NOT_SENT = frozenset({"id", "mode", "select_top_logprobs", "models", "weight"})
"""What the configuration says of the vote, not of the request."""


@dataclass(frozen=True, repr=False)
class QueryLLM:
    """One member of an ensemble: a model, what it does there, and how it is asked.

    None is the service's default; a field that says the default is as good as one that says nothing: both have the same
    `name`, and both send the same request.

    Raises:
        ParameterError: Fields are out of range or exclude each other; names all of them.

    Source: https://api.objective-ai.io `POST /query_llms`, as of October 2025; the fields are in the order of its hash.
    """

    id: str
    """The model's slug, such as `openai/gpt-4o-mini`."""
    mode: Mode = "generate"
    select_top_logprobs: int | None = field(default=None, kw_only=True)
    """Alternatives a token, 0 to 20, and the most choices that one branch of a ballot holds. Default: 20 in the modes
    with logprobs, 0 in the others."""
    frequency_penalty: float | None = field(default=None, kw_only=True)
    """-2 to 2."""
    logit_bias: Mapping[str, int] | None = field(default=None, kw_only=True, hash=False)
    """Token id, decimal without leading zeros -> -100 to 100."""
    max_completion_tokens: int | None = field(default=None, kw_only=True)
    """0 is no limit."""
    presence_penalty: float | None = field(default=None, kw_only=True)
    """-2 to 2."""
    reasoning_effort: Level | None = field(default=None, kw_only=True)
    """Short for `reasoning.effort`, but another name of the configuration."""
    stop: str | tuple[str, ...] | None = field(default=None, kw_only=True)
    """Strings that end the answer, each once."""
    temperature: float | None = field(default=None, kw_only=True)
    """0 to 2."""
    top_p: float | None = field(default=None, kw_only=True)
    """0 to 1."""
    max_tokens: int | None = field(default=None, kw_only=True)
    """0 is no limit."""
    min_p: float | None = field(default=None, kw_only=True)
    """0 to 1."""
    provider: QueryProvider | None = field(default=None, kw_only=True)
    reasoning: QueryReasoning | None = field(default=None, kw_only=True)
    repetition_penalty: float | None = field(default=None, kw_only=True)
    """0 to 2."""
    top_a: float | None = field(default=None, kw_only=True)
    """0 to 1."""
    top_k: int | None = field(default=None, kw_only=True)
    """0 is off."""
    verbosity: Level | None = field(default=None, kw_only=True)
    models: tuple[str, ...] = field(default=(), kw_only=True)
    """Models to ask when this one fails, in order."""
    weight: LLMWeight = field(default=StaticWeight(), kw_only=True)
    extra: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue], kw_only=True, hash=False)
    """Keys of the wire that are not known here; kept, but no part of the name, nor sent to models."""

    def __post_init__(self) -> None:
        given = self._given()
        checked(chain(member_problems(given, type(self).__name__), self._extra_problems()))
        for key, value in given.items():
            if key in _FORMS:
                object.__setattr__(self, key, _FORMS[key](value))
        object.__setattr__(self, "models", tuple(self.models))
        object.__setattr__(self, "extra", {key: value for key, value in self.extra.items() if value is not None})

    def _extra_problems(self) -> Iterator[str]:
        for key in self.extra:
            if key in MEMBER.fields or key in _COMPUTED:
                yield f"{type(self).__name__}.extra.{key}: expected keys that are not known; give it as a field"

    def _given(self) -> dict[str, object]:
        """Return what was given, right or wrong, as the wire has it."""
        values = {key: getattr(self, key) for key in MEMBER.fields}
        return {
            key: _wire_of(value) for key, value in values.items() if value is not None and (key != "models" or value)
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, object], *, path: str = "QueryLLM") -> Self:
        """Return the configuration that an object of the wire says.

        Keys that are not known are kept in `extra`, null is as if the key were not there; the name and the index that
        an answer holds are computed anew.

        Args:
            wire: A request body, or an answer.
            path: How errors call it.

        Raises:
            ParameterError: It is none; names all that is wrong.
        """
        given = {key: without_nulls(value) for key, value in wire.items() if value is not None}
        checked(member_problems(given, path))
        known = cast("dict[str, Any]", {key: value for key, value in given.items() if key in MEMBER.fields})
        extra = {key: value for key, value in given.items() if key not in known and key not in _COMPUTED}
        return cls(**known, extra=cast("Mapping[str, JsonValue]", extra))

    def to_wire(self) -> dict[str, JsonValue]:
        """Return the request body of this configuration, as it was written; `from_wire` gives the same back."""
        return {**cast("dict[str, JsonValue]", self._given()), **self.extra}

    def normalized(self) -> Self:
        """Return the configuration without what only repeats a default, lists sorted whose order means nothing."""
        return type(self).from_wire({**self._form(), **self.extra})

    def canonical_json(self, *, style: IdStyle = "score") -> str:
        """Return the text whose hash is the name."""
        return canonical_json(self._form(), style=style)

    def _form(self) -> dict[str, JsonValue]:
        return normal_form(cast("dict[str, JsonValue]", self._given()))

    def __repr__(self) -> str:
        rest = {key: value for key, value in self.to_wire().items() if key not in {"id", "mode"}}
        return f"QueryLLM({self.id!r}, {self.mode!r}{''.join(f', {key}={value!r}' for key, value in rest.items())})"

    @property
    def name(self) -> str:
        """The id of the configuration: 22 letters and digits that follow from all of its fields.

        Raises:
            ModuleNotFoundError: The extra `query` is not installed.
        """
        return _name(self)

    @property
    def training_table_name(self) -> str | None:
        """The id under which its answers are remembered: of all fields but the weight; None if that is static.

        Inferred: as the engine of November 2025 does, the weight is hashed as a static 1.0.
        """
        return _name(self._unweighted()) if isinstance(self.weight, TrainingTableWeight) else None

    @property
    def generator_name(self) -> str:
        """The id of how it writes candidates: two members that differ only in how they vote share it."""
        return _name(replace(self._unweighted(), mode="generate", select_top_logprobs=None))

    def _unweighted(self) -> Self:
        return replace(self, weight=StaticWeight())

    @property
    def model(self) -> str:
        """The model's slug: another word for `id`."""
        return self.id

    @property
    def slugs(self) -> tuple[str, ...]:
        """The models to ask: the first one, then those to fall back to."""
        return (self.id, *self.models)

    @property
    def family(self) -> str:
        """Whose model it is: what stands before the slash of the slug."""
        return self.id.partition("/")[0]

    @property
    def is_generator(self) -> bool:
        """Whether it writes candidates."""
        return self.mode == "generate"

    @property
    def is_selector(self) -> bool:
        """Whether it votes."""
        return not self.is_generator

    @property
    def thinks(self) -> bool:
        """Whether it gives reasons before it votes."""
        return self.mode in {"select_thinking", "select_thinking_logprobs"}

    @property
    def top_logprobs(self) -> int:
        """How many alternatives a token to ask for, 0 to 20."""
        if not self.mode.endswith("_logprobs"):
            return 0
        return _MOST_LOGPROBS if self.select_top_logprobs is None else self.select_top_logprobs

    @property
    def wants_logprobs(self) -> bool:
        """Whether its vote is a distribution, where the provider gives one."""
        return self.top_logprobs > 0

    @property
    def width(self) -> int:
        """How many choices one branch of its ballots holds, 2 to 20: one alternative each."""
        asked = self.select_top_logprobs or 0
        return asked if asked > 1 else _MOST_LOGPROBS

    def chat_params(self) -> dict[str, JsonValue]:
        """Return the request parameters, checked as `ChatParams` are; the models to fall back to are not among them.

        What only repeats a default is left out. A member that wants log probabilities is served by providers that give
        them, unless `provider.require_parameters` says otherwise. Of `reasoning_effort` and what `reasoning` says of
        the same, `reasoning` counts.
        """
        params = {key: value for key, value in self._form().items() if key not in _NOT_SENT}
        reasoning = self.reasoning or QueryReasoning()
        if reasoning.effort is not None or reasoning.max_tokens:
            params.pop("reasoning_effort", None)
        if self.wants_logprobs:
            params |= {"logprobs": True, "top_logprobs": self.top_logprobs}
            provider = self.provider or QueryProvider()
            if provider.require_parameters is None:
                wishes = cast("Mapping[str, JsonValue]", params.get("provider", {}))
                params["provider"] = {**wishes, "require_parameters": True}
        return params


def _bias(value: object) -> dict[str, int]:
    return {str(token): bias for token, bias in cast("Mapping[object, int]", value).items()}


def _texts(value: object) -> object:
    return value if isinstance(value, str) else tuple(cast("Sequence[str]", value))


def _real(value: object) -> float:
    return float(cast("float", value))


_FORMS: Mapping[str, Callable[[object], object]] = {
    "frequency_penalty": _real,
    "logit_bias": _bias,
    "presence_penalty": _real,
    "stop": _texts,
    "temperature": _real,
    "top_p": _real,
    "min_p": _real,
    "provider": provider_of,
    "reasoning": reasoning_of,
    "repetition_penalty": _real,
    "top_a": _real,
    "models": _texts,
    "weight": member_weight,
}
"""Field -> the one form in which it is kept, made of what the wire may say."""


def _wire_of(value: object) -> object:
    match value:
        case QueryProvider() | QueryReasoning() | StaticWeight() | TrainingTableWeight():
            return value.to_wire()
        case tuple():
            return list(cast("tuple[object, ...]", value))
        case Mapping():
            return dict(cast("Mapping[object, object]", value))
        case _:
            return value


@lru_cache(maxsize=1024)
def _name(llm: QueryLLM) -> str:
    return content_id(llm.canonical_json())
