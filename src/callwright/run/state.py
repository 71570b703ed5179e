"""The state of a run: a fold of its records, and the pure decision what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from callwright._json import JsonObject
from callwright.errors import StoreError
from callwright.run.circles import Rounds
from callwright.run.decision import (
    Act,
    Ask,
    Decision,
    Done,
    Exhausted,
    Finish,
    HandOver,
    Live,
    Order,
    PendingCall,
    Steer,
    Stuck,
    Wait,
)
from callwright.run.limits import Limits
from callwright.run.records import (
    Answered,
    Asked,
    CallDecided,
    CallHeld,
    CallId,
    CallReturned,
    CallStarted,
    Compacted,
    Failed,
    Prompted,
    Record,
    Rejected,
    Started,
    Steered,
    Stopped,
    Voted,
    call_id,
)
from callwright.wire.chat import NO_USAGE, Completion, ToolChoice, Usage
from callwright.wire.messages import Message, SystemMessage

__all__ = ["RunState"]


_CIRCLE = "circle: "
"""Begins the reason why tools are withheld from a model that goes in circles."""


class RunState:
    """What the records of a run amount to. Only `apply` changes it."""

    __slots__ = (
        "_circling_at",
        "_keep_from",
        "_open_ask",
        "_preface",
        "_rounds",
        "_steered_at",
        "_unreturned",
        "_view",
        "asks",
        "calls",
        "completion",
        "context_tokens",
        "direct",
        "history_length",
        "limited",
        "messages",
        "prompt",
        "records",
        "rejections",
        "requests",
        "run_id",
        "steps",
        "stopped",
        "turns",
        "usage",
        "votes",
    )

    def __init__(self) -> None:
        self.records: list[Record] = []
        """The log; `seq` of a record is its position."""
        self.run_id = ""
        self.messages: list[Message] = []
        """The conversation without the instructions; whole turns only."""
        self.history_length = 0
        """How many of `messages` were history."""
        self.prompt: Prompted | None = None
        """The newest prompt."""
        self.asks = 0
        self.steps = 0
        self.turns = 0
        """Steps since the newest prompt: each prompt of a conversation has the whole limit."""
        self.requests = 0
        self.usage: Usage = NO_USAGE
        self.context_tokens = 0
        """Tokens of the newest request and its answer, as the service counted them; 0 if it did not say, or since the
        conversation was cut."""
        self.completion: Completion | None = None
        """The newest answer, until something follows it."""
        self.calls: dict[CallId, PendingCall] = {}
        """The calls of the newest answer, in order, until all have returned."""
        self.votes: dict[str, Completion] = {}
        """The paid parts of the open ask."""
        self.rejections = 0
        """How often the newest prompt's output was rejected."""
        self.limited: str | None = None
        """The limit because of which the newest ask offered no tools."""
        self.direct: CallReturned | None = None
        """The result that is the output, until the run has stopped with it."""
        self.stopped: Stopped | None = None
        self._open_ask: int | None = None
        self._unreturned = 0
        self._preface: list[Message] = []
        self._view: tuple[Message, ...] = ()
        self._keep_from = 0
        self._rounds = Rounds()
        self._steered_at: int | None = None
        self._circling_at: int | None = None

    @classmethod
    def of(cls, records: Iterable[Record]) -> RunState:
        """Fold records.

        Raises:
            StoreError: A record is impossible where it stands.
        """
        state = cls()
        for record in records:
            state.apply(record)
        return state

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunState) and self.records == other.records

    __hash__ = None  # type: ignore[assignment]  # grows

    def __repr__(self) -> str:
        return f"RunState(run_id={self.run_id!r}, records={len(self.records)}, steps={self.steps})"

    @property
    def request_messages(self) -> list[Message]:
        """What a request holds: the instructions, then the conversation or its compacted view."""
        if self._keep_from:
            return [*self._preface, *self._view, *self.messages[self._keep_from :]]
        return self._preface + self.messages

    @property
    def kept_from(self) -> int:
        """Where in `messages` the part begins that requests hold as it is."""
        return self._keep_from

    @property
    def tool_choice(self) -> ToolChoice | None:
        """What the user asked for: holds for the first request after a prompt, a forced choice is released then."""
        chosen = self.prompt.tool_choice if self.prompt else None
        if chosen is None or chosen in ("auto", "none") or self.turns == 0:
            return chosen
        return "auto"

    @property
    def params(self) -> JsonObject:
        """The parameters of the newest prompt."""
        return self.prompt.params if self.prompt else {}

    @property
    def is_paused(self) -> bool:
        """Whether calls are held that nobody has decided about."""
        return any(pending.is_waiting for pending in self.calls.values())

    def decide(self, limits: Limits, live: Live) -> Decision:
        """Return what comes next; a pure function of the state and its arguments."""
        if self.stopped is not None:
            return Done(self.stopped)
        if self.calls:
            return self._decide_calls(limits, live)
        if self.direct is not None:
            return HandOver(self.direct)
        return self._decide_ask(limits, live) if self.completion is None else Finish(self.completion)

    def _decide_ask(self, limits: Limits, live: Live) -> Decision:
        """Return whether the model can be asked once more, and how."""
        spent = limits.spent(requests=self.requests, usage=self.usage, elapsed=live.elapsed)
        if spent is None and self.turns >= limits.steps:
            spent = f"steps: {self.turns} of {limits.steps}"
        if spent is not None:
            return Exhausted(spent)
        if limits.repeats is not None and (repeated := self._decide_circle(limits.repeats, live)) is not None:
            return repeated
        is_last = live.has_tools and self.turns == limits.steps - 1
        return Ask(f"steps: {limits.steps}" if is_last else None)

    def _decide_circle(self, repeats: int, live: Live) -> Decision | None:
        """Return what to do about a circle: say so once, then withhold tools, then give up; None if there is none."""
        if self._circling_at is not None:
            circle = str(self.limited).removeprefix(_CIRCLE)
            return Stuck(circle) if len(self._rounds) > self._circling_at else Ask(_CIRCLE + circle)
        found = self._rounds.circle(repeats, exempt=live.polling | live.output_tools)
        if found is None or self._steered_at == len(self._rounds):
            return None
        return Steer(found) if self._steered_at is None else Ask(_CIRCLE + found)

    def _decide_calls(self, limits: Limits, live: Live) -> Decision:
        outputs = [pending for pending in self.calls.values() if pending.call.name in live.output_tools]
        orders: list[tuple[PendingCall, Order]] = []
        for index, pending in enumerate(self.calls.values()):
            if pending.returned is not None or pending.call.name in live.output_tools:
                continue
            if not pending.is_waiting:
                orders.append((pending, self._order(pending, limits, index)))
        if orders:
            return Act(tuple(orders))
        waiting = tuple(pending for pending in self.calls.values() if pending.is_waiting)
        if waiting:
            return Wait(waiting)
        if self.completion is None:  # pragma: no cover - calls stand only beside the answer that holds them
            raise StoreError("calls without an answer")
        unread = [pending for pending in outputs if pending.returned is None]
        return Finish(self.completion, unread[0] if unread else None)

    def _order(self, pending: PendingCall, limits: Limits, index: int) -> Order:
        if self.completion is not None and self.completion.is_cut:
            return "cut"
        if self.limited is not None:
            return "withheld"
        if pending.decided is not None and pending.decided.verdict == "deny":
            return "deny"
        if pending.decided is not None and pending.decided.verdict == "result":
            return "answer"
        if index >= limits.tool_calls_per_turn:
            return "excess"
        is_doubtful = pending.started is not None and pending.started.effect == "write"
        is_allowed = pending.decided is not None and pending.decided.verdict == "rerun"
        return "hold" if is_doubtful and not is_allowed else "run"

    def check(self, record: Record) -> None:
        """Do nothing if the record can be applied now.

        Raises:
            StoreError: It is impossible here.
        """
        problem = self._impossible(record)
        if problem is not None:
            raise StoreError(f"{type(record).__name__} at {len(self.records)} of run {self.run_id!r}: {problem}")

    def apply(self, record: Record) -> None:  # noqa: C901 - one arm per kind of record
        """Add a record.

        Raises:
            StoreError: The record is impossible here; nothing has changed.
        """
        self.check(record)
        match record:
            case Started():
                self.run_id = record.run_id
            case Prompted():
                self._apply_prompted(record)
            case Asked():
                # Asked once more because the process died: what was paid for before is not paid again.
                self.votes = {} if self._open_ask is None else self.votes
                self.asks, self._open_ask, self.limited = record.ask, record.ask, record.limited
                is_circling = record.limited is not None and record.limited.startswith(_CIRCLE)
                self._circling_at = len(self._rounds) if is_circling else None
            case Voted():
                self.votes[record.key] = record.completion
            case Failed():
                self._open_ask = record.ask if record.again else None
                self.requests += 1
                self.usage += record.usage
            case Answered():
                self._apply_answered(record)
            case CallHeld() | CallDecided() | CallStarted() | CallReturned():
                self._apply_call(record)
            case Rejected():
                self.rejections += 1
                self._follow(record.messages)
            case Steered():
                self._steered_at = len(self._rounds)
                self._follow(record.messages)
            case Compacted():
                self._view, self._keep_from, self.context_tokens = record.messages, record.keep_from, 0
                self.usage += record.usage
            case Stopped():
                self.stopped = record
                self.completion = self.direct = None
            case _ as never:  # pragma: no cover
                assert_never(never)
        self.records.append(record)

    def _apply_prompted(self, record: Prompted) -> None:
        if not self.messages:
            self.history_length = len(record.history)
        self.messages += record.history
        self.messages += record.messages
        self._preface = [] if record.instructions is None else [SystemMessage(record.instructions)]
        self.prompt, self.stopped, self.limited = record, None, None
        self.turns = self.rejections = 0
        self._rounds = Rounds()
        self._steered_at = self._circling_at = self.direct = None

    def _apply_answered(self, record: Answered) -> None:
        self._open_ask, self.completion, self.votes = None, record.completion, {}
        self.steps += 1
        self.turns += 1
        self.requests += 1
        self.usage += record.completion.usage
        # An ensemble asks many for one answer, of which only one is part of the conversation.
        context = record.completion.extra.get("context_tokens")
        self.context_tokens = context if isinstance(context, int) else record.completion.usage.total_tokens
        calls = record.completion.tool_calls
        ids = [call_id(self.run_id, record.ask, index) for index in range(len(calls))]
        self.calls = {place: PendingCall(place, call) for place, call in zip(ids, calls, strict=True)}
        self._unreturned = len(self.calls)
        # An empty turn says nothing, and most providers refuse it in a history.
        if calls or record.completion.message.content:
            self.messages.append(record.completion.message)

    def _apply_call(self, record: CallHeld | CallDecided | CallStarted | CallReturned) -> None:
        pending = self.calls[record.call]
        match record:
            case CallHeld():
                pending.held, pending.decided = record, None
            case CallDecided():
                pending.held, pending.decided = None, record
                pending.arguments = pending.arguments if record.arguments is None else record.arguments
            case CallStarted():
                # What was decided holds for one start: if that is cut short too, somebody has to look again.
                pending.started, pending.decided = record, None
            case CallReturned():
                pending.returned = record
                self.usage += record.usage
                self._close_turn()

    def _close_turn(self) -> None:
        """Once every call has its message, put the messages into the conversation in the order of the calls.

        Tools return in any order; a request that depended on it would never meet its cassette again.
        """
        self._unreturned -= 1
        if not self._unreturned:
            returned = [pending.returned for pending in self.calls.values() if pending.returned is not None]
            self.messages += [record.message for record in returned]
            self._rounds.add(self.calls.values())
            self.direct = next((record for record in returned if record.direct), None)
            self.calls = {}
            # An answer whose output was taken is read once more if the process dies before it is recorded.
            if all(record.outcome != "output" for record in returned):
                self.completion = None

    def _follow(self, messages: Sequence[Message]) -> None:
        self.messages += messages
        self.completion = None

    def _impossible(self, record: Record) -> str | None:  # noqa: C901, PLR0911 - one arm per kind of record
        """Return why the record cannot stand here; None if it can."""
        if isinstance(record, Started):
            return "a run starts once" if self.records else None
        if not self.records:
            return "a run begins with Started"
        match record:
            case Prompted():
                fits = (self.stopped is not None or self.prompt is None) and not self.calls
                return None if fits else "the last prompt is not answered yet"
            case Compacted():
                return None if 0 <= record.keep_from <= len(self.messages) else "keep_from is outside the conversation"
            case _ if self.prompt is None or self.stopped is not None:
                return "nothing was asked"
            case Asked():
                if self.calls or self.completion is not None:
                    return "the last answer is not seen to"
                return None if record.ask == self.asks + 1 else f"expected ask {self.asks + 1}"
            case Voted() | Failed() | Answered():
                return None if record.ask == self._open_ask else f"ask {record.ask} is not open"
            case CallHeld() | CallDecided() | CallStarted() | CallReturned():
                return self._impossible_call(record)
            case Rejected() | Steered() | Stopped():
                return "calls are open" if self.calls or self._open_ask is not None else None

    def _impossible_call(self, record: CallHeld | CallDecided | CallStarted | CallReturned) -> str | None:
        pending = self.calls.get(record.call)
        if pending is None:
            return f"call {record.call!r} is not open; open are {list(self.calls)}"
        if pending.returned is not None:
            return f"call {record.call!r} has returned"
        if isinstance(record, CallDecided) and pending.held is None:
            return f"call {record.call!r} is not held"
        is_doubtful = pending.held is not None and pending.held.why == "in_doubt"
        if isinstance(record, CallDecided) and record.verdict == "approve" and is_doubtful:
            return f"call {record.call!r} may have run already; decide by rerun, provide or deny"
        return None
