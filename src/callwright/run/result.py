"""The result of a run: its output, its conversation and what it used, all read off its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Literal, TypeAlias, cast

from typing_extensions import TypeVar

from callwright._json import JsonObject
from callwright.attempts import Attempt
from callwright.errors import OutputError, RunPausedError, TruncatedError
from callwright.run.pending import Pending, pending_of
from callwright.run.records import Answered, Asked, CallReturned, Failed, Prompted, Rejected
from callwright.run.state import RunState
from callwright.wire.answer import confidence_of
from callwright.wire.chat import Completion, ToolChoice, Usage
from callwright.wire.messages import Message

__all__ = ["NOTHING", "RequestInfo", "RunResult", "Status", "attempts_of", "said_in"]

T = TypeVar("T")

Status: TypeAlias = Literal["done", "paused", "limited"]

_UNFIT = (f"{OutputError.__name__}: ", f"{TruncatedError.__name__}: ")
"""Begins why an answer came that was not taken into the conversation."""


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """What was asked of the model once, and what came of it."""

    ask: int
    """Counts from 1 within the run."""
    model: str
    tool_choice: ToolChoice | None
    implied: JsonObject
    """Parameters that were sent although nobody set them, because a feature needs them."""
    completion: Completion | None
    """None if the request failed, or the process died before the answer came."""
    error: str | None
    first_token: float | None = None
    """Seconds to the first token; None if the answer came at once."""
    seconds: float | None = None
    """Seconds to the end of the answer."""
    mode: str | None = None
    """How the model was made to answer in the form of the output, see `Mode`; None for text."""


class _Nothing:
    """Stands where there is no output."""


NOTHING = _Nothing()


class RunResult(Generic[T]):
    """What a run came to.

    Args:
        state: The run's state.
        output: The output; `NOTHING` if there is none.
    """

    __slots__ = ("_output", "state")

    def __init__(self, state: RunState, output: T | _Nothing = NOTHING) -> None:
        self.state = state
        self._output = output

    @property
    def output(self) -> T:
        """The answer, typed.

        Raises:
            RunPausedError: The run waits for decisions, see `pending`.
            OutputError: A limit ended the run before there was any.
        """
        if self._output is not NOTHING:
            return cast("T", self._output)
        if self.status == "paused":
            calls = ", ".join(f"{call.id} ({call.name}: {call.why})" for call in self.pending)
            raise RunPausedError(f"run {self.run_id!r} waits for decisions on {calls}; resume it", state=self.state)
        raise OutputError(f"run {self.run_id!r} has no output: {self.reason}", state=self.state)

    @property
    def status(self) -> Status:
        """`done`; `paused` if calls wait for decisions; `limited` if a limit cut the run or its answer short."""
        return "paused" if self.state.stopped is None else self.state.stopped.status

    @property
    def reason(self) -> str | None:
        """Which limit, if the status is `limited`."""
        return None if self.state.stopped is None else self.state.stopped.reason

    @property
    def pending(self) -> tuple[Pending, ...]:
        """The calls that wait for decisions."""
        return tuple([pending for call in self.state.calls.values() for pending in pending_of(call)])

    @property
    def messages(self) -> tuple[Message, ...]:
        """The whole conversation without the instructions; pass it as `history=` to go on elsewhere."""
        return tuple(self.state.messages)

    @property
    def new_messages(self) -> tuple[Message, ...]:
        """What the run added to the history that it was given."""
        return tuple(self.state.messages[self.state.history_length :])

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be repaired in the history that the newest prompt came with."""
        return () if self.state.prompt is None else self.state.prompt.notes

    @property
    def usage(self) -> Usage:
        """What all requests of the run used, failed ones and sub-agents included."""
        return self.state.usage

    @property
    def cost(self) -> Decimal | None:
        """In US dollars, as billed; None if the service did not say."""
        return self.state.usage.cost

    @property
    def model_seconds(self) -> float:
        """How long the model was waited for in all, in seconds; answers whose time is not known count as 0."""
        return sum(record.seconds or 0.0 for record in self.state.records if isinstance(record, Answered))

    @property
    def steps(self) -> int:
        """Committed assistant turns."""
        return self.state.steps

    @property
    def requests(self) -> tuple[RequestInfo, ...]:
        """What was asked of the model, in order."""
        answers = {record.ask: record for record in self.state.records if isinstance(record, Answered | Failed)}
        return tuple(
            [_request(asked, answers.get(asked.ask)) for asked in self.state.records if isinstance(asked, Asked)]
        )

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The answers to the newest prompt that were no valid output, in order."""
        return attempts_of(self.state)

    @property
    def repairs(self) -> tuple[str, ...]:
        """What had to be repaired to read the output, in words."""
        return () if self.state.stopped is None else self.state.stopped.repairs

    @property
    def confidence(self) -> float | None:
        """The least share of votes by which an ensemble chose in this run, in (0, 1]; None if nothing was voted on."""
        answers = [record.completion.raw for record in self.state.records if isinstance(record, Answered)]
        return min([share for raw in answers if (share := confidence_of(raw)) is not None], default=None)

    @property
    def field_probabilities(self) -> Mapping[str, float]:
        """How probable the model's own tokens were that make each leaf of the output: `items.0.price` -> [0, 1].

        Asked for with `logprobs=True`; empty without, and where the service tells none, as most do of calls: then ask
        in the mode `json_schema`. See `callwright.output.probabilities`.
        """
        answered: Answered | None = None
        said: str | None = None
        for record in self.state.records:
            if isinstance(record, Answered):
                answered, said = record, None
            elif isinstance(record, CallReturned) and record.outcome == "output" and answered is not None:
                said = answered.completion.tool_calls[int(record.call.rpartition(":")[2])].arguments
        if answered is None or answered.completion.logprobs is None or self.state.stopped is None:
            return {}
        from callwright.output.probabilities import field_probabilities  # noqa: PLC0415 - few ask for it

        text = answered.completion.text if said is None else said
        return field_probabilities(answered.completion, text, self.state.stopped.output)

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.state.run_id

    def __repr__(self) -> str:
        shown = "" if self._output is NOTHING else f", output={str(self._output)[:60]!r}"
        return f"RunResult(run_id={self.run_id!r}, status={self.status!r}, steps={self.steps}{shown})"


def _request(asked: Asked, came: Answered | Failed | None) -> RequestInfo:
    return RequestInfo(
        ask=asked.ask,
        model=asked.model,
        tool_choice=asked.tool_choice,
        implied=asked.implied,
        completion=came.completion if isinstance(came, Answered) else None,
        error=came.error if isinstance(came, Failed) else None,
        first_token=came.first_token if isinstance(came, Answered) else None,
        seconds=came.seconds if isinstance(came, Answered) else None,
        mode=asked.mode,
    )


def attempts_of(state: RunState) -> tuple[Attempt, ...]:
    """Return the answers to the newest prompt of a run that were no valid output, in order."""
    records = state.records
    first = next((at for at in range(len(records) - 1, -1, -1) if isinstance(records[at], Prompted)), 0)
    answers: dict[int, Completion] = {}
    attempts: list[Attempt] = []
    for record in records[first:]:
        if isinstance(record, Answered):
            answers[record.ask] = record.completion
        elif isinstance(record, Rejected):
            answer = answers.get(record.ask)
            attempts.append(Attempt(record.ask, said_in(answer), record.problems, record.salvaged))
        elif isinstance(record, Failed) and record.error.startswith(_UNFIT):
            problem = record.error.partition(": ")[2]
            attempts.append(Attempt(record.ask, said_in(record.partial), (problem,)))
    return tuple(attempts)


def said_in(completion: Completion | None) -> str:
    """Return what a model wrote: the text of an answer, and the arguments of its calls."""
    if completion is None:
        return ""
    return "\n".join(filter(None, [completion.text, *(call.arguments for call in completion.tool_calls)]))
