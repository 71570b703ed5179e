"""Compaction: when a conversation has grown long, requests hold a shorter view of it; the log stays whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callwright.errors import ParameterError
from callwright.model import Model, Scope
from callwright.run.records import Compacted
from callwright.run.state import RunState
from callwright.wire.chat import NO_USAGE, ChatRequest, Encoded, Usage
from callwright.wire.messages import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage

__all__ = ["Compaction", "compacted", "cut"]

_BYTES_PER_TOKEN = 4
_LONGEST_MESSAGE = 20_000
"""Of a message in the transcript that is summarised, in characters."""


@dataclass(frozen=True, slots=True)
class Compaction:
    """When the conversation that is sent is made shorter, and how.

    Cuts are made between turns: a call and its result stay together, and so does the newest prompt.

    Raises:
        ParameterError: A number is out of range.
    """

    tokens: int
    """The longest conversation, in tokens as the service counts them, > 0; a longer one is cut before it is sent."""
    keep: int = 8
    """How many of the newest turns stay as they are, >= 1: an assistant message with its results, or a user's."""
    model: Model | None = None
    """Summarises what is cut off; None: it is left out, and the model is told so."""
    instructions: str = (
        "Summarise this conversation between a user and an assistant with tools, for the assistant to go on from: the "
        "user's aims and constraints, what was found out (names, numbers, ids, word for word), what was done with what "
        "result, what is still open. No preamble."
    )
    """What the summarising model is told."""

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise ParameterError(f"Compaction.tokens: expected > 0; got {self.tokens!r}")
        if self.keep < 1:
            raise ParameterError(f"Compaction.keep: expected >= 1; got {self.keep!r}")

    def is_due(self, state: RunState) -> bool:
        """Whether the conversation is longer than it may be."""
        return (state.context_tokens or _estimated(state.request_messages)) > self.tokens


def cut(messages: Sequence[Message], *, keep: int) -> int:
    """Return where the last `keep` turns begin; never between a call and its result.

    Args:
        messages: The conversation.
        keep: How many turns.
    """
    starts = [index for index, message in enumerate(messages) if not isinstance(message, ToolMessage)]
    return starts[-keep] if len(starts) > keep else 0


async def compacted(compaction: Compaction, state: RunState, scope: Scope) -> Compacted | None:
    """Return the record that makes the conversation shorter; None if nothing more can be cut off.

    Args:
        compaction: How.
        state: Where the run stands; no call is open.
        scope: For the model that summarises.

    Raises:
        APIError: Asking for the summary failed.
    """
    keep_from = cut(state.messages, keep=compaction.keep)
    if keep_from <= state.kept_from:
        return None
    gone = state.request_messages[: len(state.request_messages) - (len(state.messages) - keep_from)]
    gone = [message for message in gone if not isinstance(message, SystemMessage)]
    prompt = () if state.prompt is None else state.prompt.messages
    # The task itself stays word for word, wherever the cut falls.
    lost = [message for message in prompt if any(message is other for other in state.messages[:keep_from])]
    text, usage = await _summary(compaction, gone, scope)
    return Compacted(keep_from, (UserMessage(text), *lost), usage)


async def _summary(compaction: Compaction, gone: Sequence[Message], scope: Scope) -> tuple[str, Usage]:
    if compaction.model is None:
        return "(The beginning of this conversation was left out, because it was too long.)", NO_USAGE
    transcript = "\n\n".join([_line(message) for message in gone])
    messages = (SystemMessage(compaction.instructions), UserMessage(transcript))
    completion = await compaction.model.complete(ChatRequest(messages, Encoded([]), None, Encoded({})), scope)
    return f"Summary of the conversation so far:\n{completion.text}", completion.usage


def _line(message: Message) -> str:
    calls = message.tool_calls if isinstance(message, AssistantMessage) else ()
    said = [message.text, *(f"calls {call.name}({call.arguments})" for call in calls)]
    return f"{message.role}: {' '.join(filter(None, said))[:_LONGEST_MESSAGE]}"


def _estimated(messages: Sequence[Message]) -> int:
    """Return about how many tokens the messages have, for services that do not say."""
    sizes = (len(_line(message)) for message in messages)
    return sum(sizes) // _BYTES_PER_TOKEN
