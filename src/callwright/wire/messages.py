"""A message: one entry of a conversation, as the wire has it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, TypeAlias, cast

from callwright._json import JsonObject, JsonValue, clean, decode, encode
from callwright.errors import ParameterError
from callwright.wire.content import Part
from callwright.wire.echo import echoed, family_of, is_blank, omitted
from callwright.wire.fitting import fitted
from callwright.wire.profile import OPENROUTER, Profile

__all__ = [
    "AssistantMessage",
    "DeveloperMessage",
    "Message",
    "Part",
    "Prompt",
    "SystemMessage",
    "ToolCall",
    "ToolMessage",
    "UserMessage",
    "message_of",
    "prompt_messages",
    "wired",
    "wrapped",
]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asked for."""

    id: str
    """The id on the wire; some servers repeat ids, so runs number calls by themselves."""
    name: str
    arguments: str
    """The arguments as the model wrote them: JSON text, not validated; `"{}"` if it wrote none."""


class Message:
    """One entry of a conversation: a slotted object over the wire's own dict.

    Equal messages put the same object on OpenRouter's wire.
    """

    __slots__ = ("_kept", "raw", "whole")

    role: ClassVar[str] = ""

    raw: JsonObject
    """The message as it came or was made, whole and never changed."""

    @classmethod
    def of_raw(cls, raw: JsonObject) -> Self:
        """Wrap a wire dict, unchecked; strings in it must be free of lone surrogates."""
        message = cls.__new__(cls)
        message.raw = raw
        message._kept = message.whole = None  # noqa: SLF001 - our own
        return message

    def wire(self, profile: Profile, *, without: tuple[int, ...] | None = None) -> bytes:
        """Return the message as JSON for servers of `profile`; made once.

        Args:
            profile: Of the server.
            without: Places of the `reasoning_details` that do not go back. Default: those that are refused whatever was
                said before, see `omitted`.
        """
        # All at once: another thread may send the same message to a server of another profile.
        kept = self._kept
        if kept is None or kept[0] is not profile or kept[1] != without:
            kept = self._kept = (profile, without, encode(fitted(self._sent(profile, without), profile)))
        return kept[2]

    @property
    def content(self) -> JsonValue:
        """The content as on the wire: text, a list of parts, or None."""
        return self.raw.get("content")

    @property
    def text(self) -> str:
        """The text of the content, its text parts joined; empty if there is none."""
        return _text(self.raw.get("content"))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return self is other or self._sent(OPENROUTER, ()) == other._sent(OPENROUTER, ())

    def __hash__(self) -> int:
        return hash((self.role, self.text))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text[:60]!r})"

    _kept: tuple[Profile, tuple[int, ...] | None, bytes] | None
    """For which profile and without which blocks of reasoning, and the bytes."""
    whole: tuple[Profile, bytes] | None
    """For which profile, and the bytes, if they are the same in every conversation."""

    def _sent(self, profile: Profile, without: tuple[int, ...] | None) -> JsonObject:
        del profile, without  # Only assistant messages differ between servers.
        return self.raw


class _WrittenMessage(Message):
    """A message that people write: a role, content and perhaps a name."""

    __slots__ = ()

    def __init__(self, content: str | Sequence[Part], *, name: str | None = None) -> None:
        raw = _written(self.role, content)
        self.raw = raw if name is None else {**raw, "name": clean(name)}
        self._kept = self.whole = None


class SystemMessage(_WrittenMessage):
    """The instructions of a conversation."""

    __slots__ = ()
    role = "system"


class DeveloperMessage(_WrittenMessage):
    """Instructions under the name that newer OpenAI models use."""

    __slots__ = ()
    role = "developer"


class UserMessage(_WrittenMessage):
    """What the user said: text, or parts with images, sounds, files."""

    __slots__ = ()
    role = "user"


class AssistantMessage(Message):
    """What the model said: text, calls, or both.

    Args:
        content: The text, or parts; None beside calls.
        tool_calls: The calls, in order.
        name: Tells several assistants apart; where models know no names, OpenRouter puts it before the text.
    """

    __slots__ = ("_calls",)
    role = "assistant"

    _calls: tuple[ToolCall, ...]

    def __init__(
        self,
        content: str | Sequence[Part] | None = None,
        *,
        tool_calls: Sequence[ToolCall] = (),
        name: str | None = None,
    ) -> None:
        raw: dict[str, JsonValue] = {"role": "assistant", "content": None if content is None else _content(content)}
        if name is not None:
            raw["name"] = clean(name)
        if tool_calls:
            raw["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in tool_calls
            ]
        self.raw = raw
        self._kept = self.whole = None

    @property
    def is_empty(self) -> bool:
        """Whether it says and asks for nothing, so that most servers would refuse it."""
        raw, content = self.raw, self.raw.get("content")
        if raw.get("tool_calls") or raw.get("refusal") or raw.get("images") or raw.get("audio"):
            return False
        return is_blank(content)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls of the message, in order."""
        try:
            return self._calls
        except AttributeError:
            self._calls = tuple(_calls(self.raw.get("tool_calls")))
            return self._calls

    @property
    def reasoning(self) -> str:
        """The model's reasoning as text; empty if it showed none."""
        for key in ("reasoning", "reasoning_content"):
            value = self.raw.get(key)
            if isinstance(value, str) and value:
                return value
        return ""

    @property
    def refusal(self) -> str | None:
        """Why the model refused; None if it did not."""
        value = self.raw.get("refusal")
        return value if isinstance(value, str) and value else None

    def _sent(self, profile: Profile, without: tuple[int, ...] | None) -> JsonObject:
        return echoed(self.raw, profile, without=without)


class ToolMessage(Message):
    """The result of a call, for the model.

    Args:
        content: The text, or parts.
        tool_call_id: The wire id of the call that it answers.
    """

    __slots__ = ()
    role = "tool"

    def __init__(self, content: str | Sequence[Part], *, tool_call_id: str) -> None:
        self.raw = {**_written("tool", content), "tool_call_id": tool_call_id}
        self._kept = self.whole = None

    @property
    def tool_call_id(self) -> str:
        """The wire id of the call that this message answers."""
        return str(self.raw.get("tool_call_id"))


Prompt: TypeAlias = str | Sequence[Part] | Sequence[Message | Mapping[str, object]]
"""What a model can be asked: a text, the parts of one user message, or messages, as objects or wire dicts."""

_KINDS: Mapping[str, type[Message]] = {
    kind.role: kind for kind in (SystemMessage, DeveloperMessage, UserMessage, AssistantMessage, ToolMessage)
}


def message_of(raw: Mapping[str, object] | Message) -> Message:
    """Return the message that a wire dict describes; a message comes back as it is.

    Raises:
        ParameterError: The role is unknown, a key that the role needs is missing, or the content is malformed.
    """
    if isinstance(raw, Message):
        return raw
    message = wrapped(_plain(raw))
    if not isinstance(message, AssistantMessage):
        _check_content(message.role, message.raw.get("content"))
    elif not isinstance(message.content, str | list | None):
        from callwright.wire.ranges import shown  # noqa: PLC0415 - only mistakes need it

        raise ParameterError(f"assistant content: expected a string, parts or null; got {shown(message.content)}")
    return message


def wired(messages: Sequence[Message], profile: Profile, *, model: str | None = None) -> list[bytes]:
    """Return each message as JSON, as servers of `profile` take the conversation whole.

    Assistant messages that say nothing are left out, and of their reasoning what would be refused, see `omitted`.

    Args:
        messages: In order.
        profile: Of the server.
        model: The slug that is asked; None if it is not known.
    """
    seen, family = set[Hashable](), family_of(model)
    echoes_details = "reasoning_details" in profile.echo
    sent: list[bytes] = []
    for message in messages:
        whole = message.whole  # every step of a run comes by here with all messages
        if whole is not None and whole[0] is profile:
            sent.append(whole[1])
        elif not isinstance(message, AssistantMessage):
            sent.append(message.wire(profile))
            message.whole = (profile, sent[-1])
        elif not message.is_empty:
            details = message.raw.get("reasoning_details") if echoes_details else None
            sent.append(message.wire(profile, without=omitted(details, seen, family=family) if details else ()))
            message.whole = None if details else (profile, sent[-1])
    return sent


def _is_list(prompt: object) -> bool:
    return isinstance(prompt, Iterable) and not isinstance(prompt, Mapping | bytes)


def prompt_messages(prompt: Prompt) -> tuple[Message, ...]:
    """Return the messages of a prompt.

    Raises:
        ParameterError: It is empty, mixes parts and messages, or holds a malformed message.
    """
    if isinstance(prompt, str):
        return (UserMessage(prompt),)
    if not _is_list(prompt):
        raise ParameterError(f"prompt: expected a text, or a list of parts or messages; got a {type(prompt).__name__}")
    entries = tuple(prompt)
    if not entries:
        raise ParameterError("prompt: expected a text, parts or messages; got an empty sequence")
    are_parts = [isinstance(entry, Mapping) and "type" in entry and "role" not in entry for entry in entries]
    if all(are_parts):
        return (UserMessage([cast("Part", entry) for entry in entries]),)
    if any(are_parts):
        raise ParameterError("prompt: expected the parts of one message, or messages; got both in one sequence")
    return tuple([message_of(entry) for entry in entries])


def wrapped(raw: JsonObject) -> Message:
    """Return the message around a wire dict that is plain JSON and nobody else will change.

    Raises:
        ParameterError: See `message_of`.
    """
    role = raw.get("role")
    kind = _KINDS.get(role) if isinstance(role, str) else None
    if kind is None:
        raise ParameterError(f"message role: expected one of {', '.join(_KINDS)}; got {role!r}")
    if kind is not AssistantMessage and raw.get("content") is None:
        raise ParameterError(f"a {role} message needs content; got none, with the keys {', '.join(raw)}")
    if kind is ToolMessage and not isinstance(raw.get("tool_call_id"), str):
        raise ParameterError("a tool message needs tool_call_id, the id of the call that it answers; got none")
    return kind.of_raw(raw)


def _plain(raw: Mapping[str, object]) -> JsonObject:
    """Return `raw` as plain JSON values, so that nobody else can change it later."""
    try:
        value = decode(encode(raw))
    except ValueError as error:
        raise ParameterError(f"a message is a JSON object; {error}") from error
    if not isinstance(value, Mapping):
        from callwright.wire.ranges import shown  # noqa: PLC0415 - only mistakes need it

        raise ParameterError(f"a message is an object; got {shown(raw)}")
    return value


def _written(role: str, content: str | Sequence[Part]) -> dict[str, JsonValue]:
    _check_content(role, content)
    return {"role": role, "content": _content(content)}


def _content(content: str | Sequence[Part]) -> JsonValue:
    return clean(content) if isinstance(content, str) else [_plain(part) for part in content]


def _check_content(role: str, content: object) -> None:
    if isinstance(content, str):
        return
    from callwright.wire.parts import content_problems  # noqa: PLC0415 - most messages are texts

    problems = list(content_problems(content, f"{role} content", only_text=role in ("system", "developer")))
    if problems:
        raise ParameterError("; ".join(problems))


def _text(content: JsonValue) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return ""
    texts = (part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") == "text")
    return "".join(text for text in texts if isinstance(text, str))


def _calls(raw: JsonValue) -> list[ToolCall]:
    calls: list[ToolCall] = []
    for call in raw if isinstance(raw, list | tuple) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(call, dict) and isinstance(function, dict):
            arguments = function.get("arguments")
            calls.append(
                ToolCall(
                    str(call.get("id")),
                    str(function.get("name")),
                    arguments if isinstance(arguments, str) else encode(arguments or {}).decode(),
                )
            )
    return calls
