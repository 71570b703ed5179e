"""A policy: the options of a query, and the rules by which it is decided that they amount to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self, TypeAlias, cast

from typing_extensions import TypedDict

from callwright._clock import SYSTEM_CLOCK, Clock
from callwright._json import JsonObject
from callwright.errors import ParameterError
from callwright.model import Ledger, Memo, Model, Service
from callwright.query.ballot import Channel
from callwright.query.members import QueryModel
from callwright.query.replies import Ambiguous
from callwright.query.result import QueryResult
from callwright.query.stopping import Never, StopRule, stop_rule
from callwright.query.tally import QUORUM
from callwright.tools.toolset import AnyTool
from callwright.wire.messages import Message

__all__ = ["Policy", "QueryOptions", "Split", "Table", "VoteOptions"]

Split: TypeAlias = Literal["shared", "objectiveai"]


class Table(Protocol):
    """Gives members the weights that they have earned; a training table is one."""

    async def weights(
        self, model: QueryModel, messages: Sequence[Message], response_format: JsonObject | None
    ) -> Sequence[float]:
        """Return a weight for each member, by slot."""
        ...

    async def remember(self, result: QueryResult) -> None:
        """Keep what came of a query, so that it can be marked later."""
        ...


class VoteOptions(TypedDict, total=False):
    """How it is decided."""

    n: int
    """Candidates that each member in the mode `generate` writes, >= 1. Default: 1. All of one member's weigh as much
    as one."""
    seed: int
    """Sent to the models, counted up for each request; another one gives other ballots, too."""
    stop: str
    """When enough votes are in: `none`, `exact`, `beta:0.95`, `confidence:0.9`. Default: `exact`, which stops when no
    vote that is missing can change the winner."""
    waves: bool
    """Whether only as many members are asked at a time as could decide, rather than all at once. Default: true; costs
    time and saves requests."""
    quorum: float
    """The least part of the weight that was asked that must have said something that counts, 0 to 1. Default: 0.5."""
    partial_ok: bool
    """Whether a result without quorum is a result."""
    replicates: int
    """Ballots for each voter, >= 1, keys and places drawn anew; its vote is their mean. Default: 1."""
    exclude_self: bool
    """Whether a voter is not shown the candidates that the same configuration wrote, as long as two others are left."""
    channel: Channel
    """How votes are asked for. Default: what the server understands, the strictest first."""
    ambiguous: Ambiguous
    """What becomes of a reply that names several keys. Default: `refuse`."""
    salt: str
    """A secret that keys are drawn with, if candidates come from who may want to guess them."""
    most_chars: int
    """How much of each candidate voters see, in characters. Default: all of it."""
    split: Split
    """What several candidates of one member weigh. `objectiveai`: each has its full weight. Default: `shared`."""
    concurrency: int
    """Requests under way at the same time, >= 1. Default: 16."""
    clock: Clock
    """Says what time it is. Default: the machine's."""


class QueryOptions(VoteOptions, total=False):
    """What can be said of a query beyond its prompt and its ensemble."""

    client: Service | Mapping[str, Model]
    """Gives the members' models by slug: a `Client`, or a mapping. Default: the process-wide client."""
    response_format: JsonObject | type[Any]
    """What the candidates are to be: as on the wire, or a type. Its schema may hold `_confidence` and
    `_preserveOrder`, which decide when two answers are the same, and are never sent. Voters do not see it."""
    select_deterministic: bool
    """Whether every value that `response_format` allows is a candidate, so that nobody need write any."""
    tools: Sequence[Callable[..., object] | AnyTool | Mapping[str, object]]
    """What candidates may call; nothing is called. First it is decided which tools, then with which arguments."""
    seconds: float
    """After so many the result is made of what has come, > 0. Default: no limit."""
    budget: Ledger
    """Pays for all requests; when it is used up, the result is made of what has come."""
    memo: Memo
    """Remembers paid replies: the same query, asked again, asks only for what is missing."""
    table: Table
    """Gives the weights of members whose weight is dynamic. Default: their base weight."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules by which a query is decided; see `VoteOptions`."""

    stop: StopRule = field(default_factory=Never)
    stop_name: str = "none"
    waves: bool = True
    quorum: float = QUORUM
    partial_ok: bool = False
    n: int = 1
    replicates: int = 1
    exclude_self: bool = False
    channel: Channel | None = None
    ambiguous: Ambiguous = "refuse"
    salt: str = ""
    most_chars: int | None = None
    split: Split = "shared"
    concurrency: int = 16
    seed: int | None = None
    by_shape: bool = False
    """Whether it is first decided which tools are called, then with which arguments."""
    clock: Clock = SYSTEM_CLOCK

    @classmethod
    def of(cls, options: VoteOptions, *, by_shape: bool, stop: str = "exact") -> Self:
        """Return the rules that options say.

        Raises:
            ParameterError: One of them is out of range; names all.
        """
        _check(options)
        name = options.get("stop", stop)
        own = {"stop", "channel", "most_chars", "seed"}
        known = {key: value for key, value in options.items() if key in cls.__dataclass_fields__ and key not in own}
        return cls(
            stop=stop_rule(name),
            stop_name=name,
            channel=options.get("channel"),
            most_chars=options.get("most_chars"),
            seed=options.get("seed"),
            by_shape=by_shape,
            **cast("dict[str, Any]", known),
        )


_LEAST: Mapping[str, int] = {"n": 1, "replicates": 1, "concurrency": 1, "most_chars": 1}


def _check(options: VoteOptions) -> None:
    """Refuse options that are unknown or out of range.

    Raises:
        ParameterError: Some are; names all.
    """
    problems = [
        f"{key}: expected one of {', '.join(QueryOptions.__annotations__)}"
        for key in options
        if key not in QueryOptions.__annotations__
    ]
    values = cast("Mapping[str, object]", options)
    for key, least in _LEAST.items():
        value = values.get(key, least)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            problems.append(f"{key}: expected an integer >= {least}; got {value!r}")
    quorum, seconds = values.get("quorum", QUORUM), values.get("seconds", 1.0)
    if not isinstance(quorum, int | float) or not 0 <= quorum <= 1:
        problems.append(f"quorum: expected 0 to 1; got {quorum!r}")
    if not isinstance(seconds, int | float) or not seconds > 0:
        problems.append(f"seconds: expected > 0; got {seconds!r}")
    if problems:
        raise ParameterError(f"query: {'; '.join(problems)}")
