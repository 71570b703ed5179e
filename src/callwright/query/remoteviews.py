"""Remote views: what ObjectiveAI's service says of a configuration or an ensemble, and of its use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from callwright._json import JsonObject, JsonValue
from callwright.errors import ParameterError
from callwright.query.config import QueryLLM
from callwright.query.ids import content_id, is_content_id
from callwright.query.members import QueryModel
from callwright.service.views import Read, View, count, dollars, moment, objects, word

__all__ = [
    "PATHS",
    "QueryLLMInfo",
    "QueryModelInfo",
    "RemoteInfo",
    "RemotePaths",
    "UseStatistics",
    "moment_of",
    "names_of",
    "rfc3339",
    "whole",
]


@dataclass(frozen=True, slots=True)
class RemotePaths:
    """Where things are on a service."""

    llms: str = "/query_llms"
    models: str = "/query_models"
    completions: str = "/query/completions"


PATHS: Final[Mapping[str, RemotePaths]] = {
    "query": RemotePaths(),
    "score": RemotePaths("/score/llms", "/score/models", "/score/completions"),
    # Inferred: only the first one was seen.
    "ensemble": RemotePaths("/ensemble_llms", "/ensembles", "/vector/completions"),
}
"""Preset -> paths."""

_Asked: TypeAlias = QueryLLM | QueryModel | str


class UseStatistics(View):
    """How much something was used, in the window that was asked for; None where the service does not say."""

    __slots__ = ()

    user_id = Read(word)
    """Who used it first."""
    created = Read(moment)
    """When it was first seen."""
    requests = Read(count)
    chat_completion_tokens = Read(count)
    chat_prompt_tokens = Read(count)
    chat_cost = Read(dollars)
    """In credits, to the digit; 1 credit is 1 US dollar."""
    embedding_completion_tokens = Read(count)
    embedding_prompt_tokens = Read(count)
    embedding_cost = Read(dollars)


_STATISTICS = {name for name, value in vars(UseStatistics).items() if isinstance(value, Read)}


class RemoteInfo(View):
    """What the service says of something that has an id.

    Args:
        raw: What came.
        asked: What was sent, or the id.
    """

    __slots__ = ("_asked",)

    training_table_name = Read(word)
    """The id under which answers are remembered; None if the weight is static."""

    def __init__(self, raw: JsonObject, asked: _Asked) -> None:
        super().__init__(raw)
        self._asked = asked

    @property
    def name(self) -> str | None:
        """The id that the service gives it; None if it says none."""
        for key in ("name", "id"):
            value = self.raw.get(key)
            # `id` is the model's slug where `name` is the id, and the id in later versions.
            if isinstance(value, str) and (key == "name" or is_content_id(value)):
                return value
        return None

    @property
    def statistics(self) -> UseStatistics | None:
        """How much it was used; None if that was not asked for."""
        said = {key: self.raw[key] for key in _STATISTICS if key in self.raw}
        return UseStatistics(said) if said else None

    @property
    def expected(self) -> str:
        """The id that it should have: by what was sent, or asked for."""
        return self._asked if isinstance(self._asked, str) else self._asked.name

    @property
    def hash_matches(self) -> bool | None:
        """Whether the service's id is the one that follows from the content; None if it says none."""
        return (
            None if self.name is None else self.name == self.expected and self.name in (self._hashes() or {self.name})
        )

    def _hashes(self) -> set[str]:
        """Return the ids that follow from what came; none if it cannot be read."""
        return set()


class QueryLLMInfo(RemoteInfo):
    """What the service says of a configuration; see `RemoteInfo`."""

    __slots__ = ()

    @property
    def llm(self) -> QueryLLM | None:
        """The configuration as the service has it; None if that is none that we know."""
        wire = {key: value for key, value in self.raw.items() if key not in _STATISTICS}
        try:
            return QueryLLM.from_wire(wire)
        except ParameterError:
            return None

    @property
    def expected(self) -> str:
        """See `RemoteInfo.expected`; of the two ways to hash `reasoning` the one that the service chose."""
        if isinstance(self._asked, QueryLLM) and self.name == _sdk_name(self._asked):
            return _sdk_name(self._asked)
        return super().expected

    def _hashes(self) -> set[str]:
        llm = self.llm
        return set() if llm is None else {llm.name, _sdk_name(llm)}


class QueryModelInfo(RemoteInfo):
    """What the service says of an ensemble; see `RemoteInfo`."""

    __slots__ = ()

    @property
    def model(self) -> QueryModel | None:
        """The ensemble as the service has it; None if that is none that we know."""
        try:
            return QueryModel.from_wire({key: self.raw[key] for key in ("models", "weight") if key in self.raw})
        except ParameterError:
            return None

    def _hashes(self) -> set[str]:
        model = self.model
        return set() if model is None else {model.name}


def names_of(raw: JsonValue) -> tuple[str, ...]:
    """Return the ids of a list, which may be wrapped in `data`, and hold texts or objects."""
    inner = raw.get("data") if isinstance(raw, Mapping) else raw
    items = inner if isinstance(inner, list | tuple) else ()
    plain = tuple(item for item in items if isinstance(item, str))
    return plain or tuple(name for entry in objects(inner) if (name := RemoteInfo(entry, "").name) is not None)


def _sdk_name(llm: QueryLLM) -> str:
    return content_id(llm.canonical_json(style="sdk"))


def moment_of(name: str, value: object) -> datetime:
    """Return a moment in UTC.

    Raises:
        ParameterError: It is none, or has no time zone.
    """
    what = f"{'from_' if name == 'from' else name}: expected a moment with its time zone, or one in RFC 3339"
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ParameterError(f"{what}; got {value!r}") from None
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise ParameterError(f"{what}; got {value!r}")
    return moment.astimezone(UTC)


def rfc3339(moment: datetime) -> str:
    """Return a moment in UTC as RFC 3339 has it."""
    return moment.isoformat().replace("+00:00", "Z")


def whole(name: str, value: object, least: int) -> int:
    """Return a whole number.

    Raises:
        ParameterError: It is none, or less than `least`.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ParameterError(f"{name}: expected an integer >= {least}; got {value!r}")
    return value
