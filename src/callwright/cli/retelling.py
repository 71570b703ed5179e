"""A retelling: the transcript of a run, made from its records and from when they were kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from callwright._json import JsonObject
from callwright.cli.transcript import Call, Hold, Remark, Retry, RunTranscript, Said, Step
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
from callwright.run.summary import RunSummary
from callwright.wire.messages import AssistantMessage, Message

__all__ = ["transcript"]


def transcript(
    records: Sequence[Record], *, times: Sequence[float] = (), children: Mapping[CallId, RunTranscript] | None = None
) -> RunTranscript:
    """Return the transcript of a log; one that no run could have made is told as far as it makes sense.

    Args:
        records: The log, whole.
        times: When each record was kept, in seconds since 1970-01-01 UTC; empty if nobody knows.
        children: The transcripts of sub-agents, by the call that each answers.
    """
    reader = _Reader(children or {})
    summary = RunSummary("", 0.0, 0.0)
    for seq, record in enumerate(records):
        at = times[seq] if seq < len(times) else None
        reader.read(record, seq, at)
        summary = summary.after(record, at or 0.0)
    told = reader.told
    told.status, told.records, told.steps, told.requests = (
        *(summary.status, summary.records),
        *(summary.steps, summary.requests),
    )
    return told


class _Reader:
    """Reads a log, record by record."""

    def __init__(self, children: Mapping[CallId, RunTranscript]) -> None:
        self.told = RunTranscript("", "open")
        self._children = children
        self._step: Step | None = None
        self._calls: dict[CallId, Call] = {}
        self._steps = 0

    def read(self, record: Record, seq: int, at: float | None) -> None:
        """Take in the next record."""
        told = self.told
        if at is not None:
            told.begun, told.ended = at if told.begun is None else told.begun, at
        match record:
            case Started():
                told.run_id, told.agent = record.run_id, record.agent
                told.parent, told.forked = record.parent, record.forked
            case Prompted():
                self._prompt(record, seq, at)
            case Asked():
                step = Step(record.ask, record.model, seq, at, record.tool_choice, record.limited)
                self._step = step
                told.items.append(step)
            case Voted() | Failed() | Answered() | Rejected():
                self._answer(record, seq, at)
            case CallHeld() | CallDecided() | CallStarted() | CallReturned():
                self._call(record, at)
            case Steered():
                told.items.append(Remark("steered", record.reason, seq, at))
                self._say(record.messages, seq, at)
            case Compacted():
                text = f"from here on requests hold a shorter form of the first {record.keep_from} messages"
                told.usage += record.usage
                told.items.append(Remark("compacted", text, seq, at))
                self._say(record.messages, seq, at)
            case Stopped():
                told.reason, told.output = record.reason, record.output
            case _ as never:  # pragma: no cover
                assert_never(never)

    def _prompt(self, record: Prompted, seq: int, at: float | None) -> None:
        told = self.told
        told.reason, told.output = None, None
        if record.instructions is not None and record.instructions != told.instructions:
            told.instructions = record.instructions
            told.items.append(Said("system", record.instructions, (), seq, at))
        self._say(record.history, seq, at, is_history=True)
        told.items += [Remark("repaired", note, seq, at) for note in record.notes]
        self._say(record.messages, seq, at)

    def _say(self, messages: Sequence[Message], seq: int, at: float | None, *, is_history: bool = False) -> None:
        for message in messages:
            text, images = _content(message)
            text = "\n".join(filter(None, [text, _calls_in(message)]))
            self.told.items.append(Said(message.role, text, images, seq, at, is_history=is_history))

    def _answer(self, record: Voted | Failed | Answered | Rejected, seq: int, at: float | None) -> None:
        step = self._step
        if step is None or step.ask != record.ask:
            return
        match record:
            case Voted():
                step.votes += 1
            case Failed():
                self.told.usage += record.usage
                if record.again:
                    step.retries.append(Retry(record.error, record.usage, at))
                else:
                    step.error, step.usage, step.seconds = record.error, record.usage, _between(step.at, at)
            case Answered():
                self.told.usage += record.completion.usage
                self._steps += 1
                step.number, step.seconds = self._steps, _between(step.at, at)
                self._calls = _fill(step, record, self.told.run_id)
            case Rejected():
                step.problems += record.problems
                self._say(record.messages, seq, at)

    def _call(self, record: CallHeld | CallDecided | CallStarted | CallReturned, at: float | None) -> None:
        call = self._calls.get(record.call)
        if call is None:
            return
        call.child = self._children.get(call.id)
        match record:
            case CallHeld():
                call.holds.append(Hold(record.why, record.arguments, record.waiting, at))
            case CallDecided():
                if call.holds:
                    hold = call.holds[-1]
                    hold.decided, hold.seconds = record, _between(hold.at, at)
            case CallStarted():
                call.effect, call.repairs, call.begun = record.effect, record.repairs, at
            case CallReturned():
                self.told.usage += record.usage
                call.outcome, call.note, call.usage = record.outcome, record.note, record.usage
                call.seconds = None if call.effect is None else _between(call.begun, at)
                told, call.images = _content(record.message)
                call.is_told_in_part = record.rest is not None
                call.result = told if record.rest is None else record.rest


def _fill(step: Step, record: Answered, run_id: str) -> dict[CallId, Call]:
    """Tell of an answer; return its calls."""
    completion = record.completion
    step.usage = completion.usage
    step.answered_by = " by ".join([said for said in (completion.model, completion.provider) if said])
    step.reasoning, step.refusal = completion.message.reasoning, completion.message.refusal
    step.text, images = _content(completion.message)
    made = [url for image in completion.images if (url := _image_url(image)) is not None]
    step.images = (*images, *made)
    step.cut = completion.finish_reason if completion.is_cut else None
    step.calls = [
        Call(call_id(run_id, record.ask, index), call.name, call.arguments)
        for index, call in enumerate(completion.tool_calls)
    ]
    return {call.id: call for call in step.calls}


def _content(message: Message) -> tuple[str, tuple[str, ...]]:
    """Return the text of a message, with a word for each part that is none, and the addresses of its images."""
    content, lines, images = message.content, list[str](), list[str]()
    for part in content if isinstance(content, list | tuple) else ():
        if not isinstance(part, Mapping):
            continue
        kind, text, url = part.get("type"), part.get("text"), _image_url(part)
        if kind == "text" and isinstance(text, str):
            lines.append(text)
        elif url is not None:
            images.append(url)
            lines.append("[image]" if url.startswith("data:") else f"[image: {url}]")
        else:
            lines.append(f"[{_named(part)}]")
    return "\n".join(lines) if lines else message.text, tuple(images)


def _calls_in(message: Message) -> str:
    """Return the calls of a message that came from elsewhere, in words."""
    calls = message.tool_calls if isinstance(message, AssistantMessage) else ()
    return "\n".join([f"{call.name}({call.arguments})" for call in calls])


def _image_url(part: JsonObject) -> str | None:
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, Mapping) else image
    return url if isinstance(url, str) else None


def _named(part: JsonObject) -> str:
    """Return what to call a part that is no text: its kind and, if it is a file, its name."""
    kind = str(part.get("type")).removeprefix("input_")
    file = part.get("file")
    name = file.get("filename") if isinstance(file, Mapping) else None
    return f"{kind}: {name}" if isinstance(name, str) else kind


def _between(begun: float | None, ended: float | None) -> float | None:
    # A clock that was set back must not make a time negative.
    return None if begun is None or ended is None else max(0.0, ended - begun)
