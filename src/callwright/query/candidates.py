"""A candidate: an answer that can be voted for, and the class of answers that mean the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from callwright._json import JsonValue, clean, decode, encode
from callwright.errors import ParameterError
from callwright.query.finite import MOST_OUTPUTS
from callwright.query.ids import content_id
from callwright.query.meaning import Meaning, canonical_text
from callwright.wire.messages import AssistantMessage, ToolCall

__all__ = [
    "REFUSAL",
    "Candidate",
    "answer_candidate",
    "call_candidate",
    "candidate_of",
    "choice_candidate",
    "distinct",
    "refusal_candidate",
]

REFUSAL = "refusal"
"""The class of every refusal, in whatever words: no content id, so that no answer is in it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer that can be voted for."""

    generate_id: str
    """The id of its words."""
    class_id: str
    """The id of its meaning: answers with the same one are one choice. The wire calls it `confidence_id`."""
    text: str
    """What voters see of it."""
    value: JsonValue = None
    """The answer as JSON, if it is that; the name and arguments of each call, if it calls."""
    is_refusal: bool = False


def answer_candidate(text: str, meaning: Meaning | None = None) -> Candidate:
    """Return the candidate that an answer is.

    Args:
        text: The answer.
        meaning: What counts of it, if a JSON Schema was asked for. Without one, or if the text is not JSON, two answers
            are the same if their texts are.

    Source: classes as in ObjectiveAI's documentation of response formats, October 2025.
    """
    generate_id = content_id(text)
    if meaning is None:
        return Candidate(generate_id, generate_id, text)
    try:
        value = decode(text)
        return Candidate(generate_id, content_id(meaning.text(value)), text, value)
    except ValueError:
        return Candidate(generate_id, generate_id, text)


def choice_candidate(choice: JsonValue, meaning: Meaning | None = None) -> Candidate:
    """Return the candidate that a given choice is: a text as it is, any other value by its JSON."""
    if isinstance(choice, str) and meaning is None:
        return answer_candidate(choice)
    text = encode(choice).decode()
    return Candidate(content_id(text), content_id((meaning or Meaning()).text(choice)), text, choice)


def refusal_candidate(text: str) -> Candidate:
    """Return the candidate that a refusal is; all of them are one class."""
    return Candidate(content_id(text), REFUSAL, text, is_refusal=True)


def call_candidate(
    calls: Sequence[ToolCall], text: str = "", *, meanings: Mapping[str, Meaning] | None = None
) -> Candidate:
    """Return the candidate that a turn with calls is.

    Two turns are the same if they call the same tools with the same arguments, in whatever order, and whatever they say
    besides.

    Args:
        calls: At least one.
        text: What was said besides.
        meanings: Tool -> what counts of its arguments; all but the order of keys, if it is not named.
    """
    said: list[JsonValue] = []
    meant: list[str] = []
    for call in calls:
        arguments = _arguments(call)
        meaning = (meanings or {}).get(call.name)
        said.append({"name": call.name, "arguments": arguments})
        meant.append(f"{canonical_text(call.name)}{canonical_text(meaning.of(arguments) if meaning else arguments)}")
    shown = "\n\n".join(part for part in (text, encode(said).decode()) if part)
    return Candidate(content_id(shown), content_id("calls:", *sorted(meant)), shown, said)


def candidate_of(
    message: AssistantMessage, meaning: Meaning | None = None, *, meanings: Mapping[str, Meaning] | None = None
) -> Candidate | None:
    """Return the candidate that a message is; None if it says nothing that can be voted for.

    Args:
        message: What a generator answered.
        meaning: See `answer_candidate`.
        meanings: See `call_candidate`.
    """
    if message.tool_calls:
        return call_candidate(message.tool_calls, message.text, meanings=meanings)
    if message.text.strip():
        return answer_candidate(message.text, meaning)
    return refusal_candidate(message.refusal) if message.refusal else None


def distinct(candidates: Iterable[Candidate], *, most: int = MOST_OUTPUTS) -> dict[str, Candidate]:
    """Return one candidate of each class, in an order that does not depend on which came first.

    Raises:
        ParameterError: There are more classes than `most`: no ballot holds them.
    """
    classes: dict[str, Candidate] = {}
    for candidate in sorted(candidates, key=lambda candidate: (candidate.class_id, candidate.generate_id)):
        classes.setdefault(candidate.class_id, candidate)
    if len(classes) > most:
        raise ParameterError(f"choices: expected at most {most} that differ; got {len(classes)}")
    return classes


def _arguments(call: ToolCall) -> JsonValue:
    try:
        return decode(call.arguments)
    except ValueError:
        return clean(call.arguments)
