"""A history: messages from elsewhere, checked for what servers refuse, and repaired where that can be done.

Servers want each call answered by one tool message, directly after the message that calls, before anything else. Ids
need to be unique in one turn only: some models count anew in each.

Source: OpenRouter's guide to tool calling, the errors of OpenAI and Mistral, and for ids Moonshot's.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from callwright._json import JsonObject, JsonValue, encode
from callwright.errors import ParameterError
from callwright.wire.calls import UNNAMED
from callwright.wire.messages import AssistantMessage, Message, ToolMessage, message_of
from callwright.wire.ranges import shown
from callwright.wire.readings import read_message, wire_form

__all__ = ["NOT_RUN", "History", "checked_history", "history_of", "repaired_history"]

History: TypeAlias = Iterable[Message | Mapping[str, object]]
"""Messages, or dicts of any form that `callwright.wire.readings` reads."""

NOT_RUN = "This call was not run: the conversation has no result of it."
"""Stands for the result of a call that has none, in a repaired history."""

_NO_PREFILL = (4, 6)
"""The first version of Claude that refuses to go on with a message of its own."""
_VERSION = re.compile(r"(?<!\d)(\d{1,2})(?:[.-](\d{1,2}))?(?!\d)")


def history_of(messages: History) -> tuple[Message, ...]:
    """Return the messages that a history holds, in its order; those that are messages come back as they are.

    Raises:
        ParameterError: Some are no messages; names all of them.
    """
    problems: list[str] = []
    read = [message for _, message in _read(messages, problems)]
    _refuse(problems)
    return tuple(read)


def checked_history(messages: History, *, model: str | None = None) -> None:
    """Check that a history is one that servers take.

    Args:
        messages: In order.
        model: The slug that is asked with just these messages: some do not go on with an assistant message at the end.
            Default: more follows, or it is not known who is asked.

    Raises:
        ParameterError: It is not; names all that is wrong, each with its place.
    """
    problems: list[str] = []
    entries = list(_read(messages, problems))
    _refuse(_sorted([*problems, *_problems(_Talk(entries)), *_prefill_problems(entries, model)]))


def repaired_history(messages: History) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """Return a history as servers take it, and what was done to it; a good history comes back as it is.

    Calls without a result get one that says so, results go behind the message that calls them, second results and
    results of no call are left out, as are messages that say nothing; ids and names that are missing are made up.

    Raises:
        ParameterError: Some are no messages; names all of them.
    """
    problems: list[str] = []
    notes: list[str] = []
    entries = list(_read(messages, problems, notes))
    _refuse(problems)
    kept = [
        (place, fitting)
        for place, message in entries
        if (fitting := _with_calls(place, message, notes) if isinstance(message, AssistantMessage) else message)
    ]
    repaired = tuple(_Talk(kept).repaired(notes))
    return repaired, tuple(_sorted(notes))


# -- reading


def _read(messages: History, problems: list[str], notes: list[str] | None = None) -> Iterator[tuple[int, Message]]:
    """Yield each message with its place; with `notes`, results without id or content are taken as well."""
    for place, raw in enumerate(messages):
        try:
            yield place, (read_message(raw) if notes is None else _mended(raw, place, notes))
        except ParameterError as error:
            problems.append(f"history[{place}]: {error}")


def _mended(raw: Message | Mapping[str, object], place: int, notes: list[str]) -> Message:
    if isinstance(raw, Message):
        return raw
    wire = wire_form(raw)
    if wire.get("role") != "tool":
        return message_of(wire)
    content, wire_id = wire.get("content"), wire.get("tool_call_id")
    fitting = content if isinstance(content, str | list) else "" if content is None else encode(content).decode()
    if fitting is not content:
        notes.append(f"history[{place}]: a result that is no text is told as one")
    return message_of({**wire, "content": fitting, "tool_call_id": wire_id if isinstance(wire_id, str) else ""})


def _with_calls(place: int, message: AssistantMessage, notes: list[str]) -> AssistantMessage | None:
    """Return a message whose calls are calls; None if nothing is left of it."""
    calls, entries = message.raw.get("tool_calls"), _entries(message)
    if calls and (not isinstance(calls, list | tuple) or len(entries) < len(calls)):
        notes.append(f"history[{place}]: calls that are none are left out")
        message = AssistantMessage.of_raw({**message.raw, "tool_calls": entries})
    if message.is_empty:
        notes.append(f"history[{place}]: an assistant message that says nothing is left out")
        return None
    if any(_call_problems(place, message)):
        notes.append(f"history[{place}]: calls without a name or an id of their own got one")
    return message


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise ParameterError("; ".join(problems))


def _sorted(problems: Iterable[str]) -> list[str]:
    """Return what is said of places in the order of the places."""
    return sorted(problems, key=lambda problem: int(problem.partition("[")[2].partition("]")[0]))


# -- who answers what


@dataclass(slots=True)
class _Call:
    """One call of a turn and the place of its result."""

    was: str
    """Its id as it came; empty if it had none."""
    id: str
    """Its id in the repaired turn."""
    name: str
    answer: int | None = None
    is_in_place: bool = True


@dataclass(slots=True)
class _Turn:
    """An assistant message that calls."""

    place: int
    message: AssistantMessage
    calls: list[_Call] = field(default_factory=list[_Call])

    def open(self, wire_id: str) -> _Call | None:
        """Return the first call of that id that has no result."""
        return next((call for call in self.calls if call.was == wire_id and call.answer is None), None)


class _Talk:
    """A conversation in which each result is joined to its call."""

    def __init__(self, entries: Sequence[tuple[int, Message]]) -> None:
        self.entries = entries
        self.turns: dict[int, _Turn] = {}
        self.second: dict[int, int] = {}
        """Place of a result that comes after another of the same call -> place of the call."""
        self.orphans: list[int] = []
        self._callers: dict[str, list[_Turn]] = {}
        """Id -> the turns that call by it, in order."""
        self._results = {place: message for place, message in entries if isinstance(message, ToolMessage)}
        self._join()

    def _join(self) -> None:
        loose: list[int] = []
        current: _Turn | None = None
        for place, message in self.entries:
            if isinstance(message, ToolMessage):
                call = current.open(message.tool_call_id) if current else None
                if call is None:
                    loose.append(place)
                else:
                    call.answer = place
            else:
                current = _turn(place, message)
                if current is not None:
                    self.turns[place] = current
                    for wire_id in {call.was for call in current.calls}:
                        self._callers.setdefault(wire_id, []).append(current)
        for place in loose:
            self._join_loose(place)

    def _join_loose(self, place: int) -> None:
        """Join a result that does not stand behind its call: to the last such call before it, else to the next one."""
        wire_id = self._results[place].tool_call_id
        turns = self._callers.get(wire_id, [])
        first_after = bisect(turns, place, key=lambda turn: turn.place)
        after = (turn for turn in turns[first_after:] if turn.open(wire_id))
        turn = turns[first_after - 1] if first_after else next(after, None)
        call = turn.open(wire_id) if turn else None
        if call is not None:
            call.answer, call.is_in_place = place, False
        elif turn is not None:
            self.second[place] = turn.place
        else:
            self.orphans.append(place)

    def repaired(self, notes: list[str]) -> Iterator[Message]:
        """Yield the conversation as servers take it; add to `notes` what was done."""
        notes += [f"history[{place}]: a second result of a call is left out" for place in self.second]
        notes += [f"history[{place}]: a result of a call that is not there is left out" for place in self.orphans]
        for place, message in self.entries:
            turn = self.turns.get(place)
            if turn is not None:
                yield _with_ids(turn)
                yield from self._answers(turn, notes)
            elif not isinstance(message, ToolMessage):
                yield message

    def _answers(self, turn: _Turn, notes: list[str]) -> Iterator[Message]:
        calls = turn.calls
        if all(call.answer is not None and call.is_in_place for call in calls):
            # In the order in which they came: servers take any, and the bytes before a cache's breakpoint must stay.
            calls = sorted(calls, key=lambda call: call.answer or 0)
        for call in calls:
            if call.answer is None:
                notes.append(f"history[{turn.place}]: call {call.id!r} of {call.name!r} had no result and got one")
                yield ToolMessage(NOT_RUN, tool_call_id=call.id)
                continue
            if not call.is_in_place:
                notes.append(f"history[{call.answer}]: a result went behind its call in history[{turn.place}]")
            result = self._results[call.answer]
            if result.tool_call_id != call.id:
                result = ToolMessage.of_raw({**result.raw, "tool_call_id": call.id})
            yield result


def _turn(place: int, message: Message) -> _Turn | None:
    if not isinstance(message, AssistantMessage):
        return None
    turn = _Turn(place, message)
    taken = {_id(call) for call in _entries(message)}
    seen: set[str] = set()
    for number, call in enumerate(_entries(message)):
        was = _id(call)
        own = was if was and was not in seen else _new_id(f"call_{place}_{number}", taken)
        seen.add(own)
        taken.add(own)
        turn.calls.append(_Call(was, own, _name(call) or UNNAMED))
    return turn if turn.calls else None


def _new_id(wish: str, taken: set[str]) -> str:
    while wish in taken:
        wish += "_"
    return wish


def _entries(message: AssistantMessage) -> list[JsonObject]:
    """Return the entries of a message's calls that are calls."""
    calls = message.raw.get("tool_calls")
    entries = calls if isinstance(calls, list | tuple) else ()
    return [call for call in entries if isinstance(call, Mapping) and isinstance(call.get("function"), Mapping)]


def _id(call: JsonObject) -> str:
    value = call.get("id")
    return value if isinstance(value, str) else ""


def _name(call: JsonObject) -> str:
    function = call.get("function")
    name = function.get("name") if isinstance(function, Mapping) else None
    return name if isinstance(name, str) else ""


def _with_ids(turn: _Turn) -> AssistantMessage:
    """Return the message of a turn with the ids and names that its calls got; the same one if they had them."""
    if not any(_call_problems(turn.place, turn.message)):
        return turn.message
    calls: list[JsonValue] = []
    for raw, call in zip(_entries(turn.message), turn.calls, strict=True):
        function = raw.get("function")
        named = {**function, "name": call.name} if isinstance(function, Mapping) else {}
        calls.append({**raw, "id": call.id, "type": "function", "function": named})
    return AssistantMessage.of_raw({**turn.message.raw, "tool_calls": calls})


# -- problems


def _problems(talk: _Talk) -> Iterator[str]:
    for place, message in talk.entries:
        if isinstance(message, AssistantMessage):
            yield from _call_problems(place, message)
            if message.is_empty:
                yield f"history[{place}]: an assistant message that says nothing and calls nothing; leave it out"
    for turn in talk.turns.values():
        for call in turn.calls:
            if call.answer is None:
                yield (
                    f"history[{turn.place}]: call {call.was!r} of {call.name!r} has no result; each call needs one "
                    "tool message, directly after"
                )
            elif not call.is_in_place:
                where = "before" if call.answer < turn.place else "separated from"
                yield f"history[{call.answer}]: a result {where} its call {call.was!r} in history[{turn.place}]"
    for place, turn_place in talk.second.items():
        yield f"history[{place}]: a second result of a call of history[{turn_place}]; each call has one"
    for place in talk.orphans:
        yield f"history[{place}]: a result of a call that no message before it makes"


def _call_problems(place: int, message: AssistantMessage) -> Iterator[str]:
    calls = message.raw.get("tool_calls")
    if calls is None or calls == []:
        return
    if not isinstance(calls, list | tuple):
        yield f"history[{place}]: expected tool_calls to be a list; got {shown(calls)}"
        return
    if len(_entries(message)) < len(calls):
        yield f"history[{place}]: expected calls with a function; got {shown(calls)}"
    seen: set[str] = set()
    for call in _entries(message):
        wire_id = _id(call)
        if not wire_id:
            yield f"history[{place}]: call of {_name(call)!r} has no id"
        elif wire_id in seen:
            yield f"history[{place}]: two calls of the id {wire_id!r} in one message"
        seen.add(wire_id)
        if not _name(call):
            yield f"history[{place}]: call {wire_id!r} has no name"


def _prefill_problems(entries: Sequence[tuple[int, Message]], model: str | None) -> Iterator[str]:
    if entries and isinstance(entries[-1][1], AssistantMessage) and not _goes_on(model):
        yield (
            f"history[{entries[-1][0]}]: the last message is the assistant's, and {model} does not go on with it; "
            "end with a user message"
        )


def _goes_on(model: str | None) -> bool:
    """Whether a model continues an assistant message at the end (prefill), as far as is known.

    Source: Claude 4.6 and newer answer 400 "This model does not support assistant message prefill".
    """
    name = (model or "").rpartition("claude")[2] if "claude" in (model or "") else ""
    version = _VERSION.search(name)
    if version is None:
        return not name.endswith("latest")
    return (int(version[1]), int(version[2] or 0)) < _NO_PREFILL
