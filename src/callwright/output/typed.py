"""A typed output: a value that the answer holds as JSON, in whatever mode it was asked for."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self, cast

from typing_extensions import TypeVar

from callwright._json import JsonObject, JsonValue, decode, encode
from callwright.errors import ParameterError
from callwright.output.base import Conditions, Mode, Output, Problems, SettledMode, Taken
from callwright.output.choice import Choice
from callwright.output.endings import ending, is_out_of_room
from callwright.output.kinds import Kind
from callwright.output.manner import Manner, Subject, manner_of
from callwright.output.modes import Rung
from callwright.output.options import MODES, OutputOptions
from callwright.output.partial import Partial
from callwright.output.reading import EMPTY, Found, finished_items, read_text
from callwright.tools.description import FunctionDescription
from callwright.wire.chat import Completion
from callwright.wire.messages import AssistantMessage, Message, ToolCall, ToolMessage, prompt_messages
from callwright.wire.profile import COMPATIBLE, Profile

__all__ = ["TypedOutput"]

T = TypeVar("T")


class TypedOutput(Output[T]):
    """A value as JSON: as the arguments of a call, or as text.

    Reads answers of every mode, since a run may be resumed where another one suits.

    Args:
        kind: What the value is, whole.
        choice: The functions of which one is called with it.
        options: See `OutputOptions`.

    Raises:
        ParameterError: An option is out of range, or an example is no value of the kind.
        SchemaError: It must be strict, and cannot.
    """

    __slots__ = ("_choice", "_examples", "_is_held", "_kind", "_manner", "_mode", "_preamble", "_settled", "_subject")

    def __init__(self, kind: Kind[T], choice: Choice, options: OutputOptions[T]) -> None:
        super().__init__(attempts=options.get("attempts", 3), raise_cap=options.get("raise_cap"))
        mode = options.get("mode", "auto")
        if mode not in MODES:
            raise ParameterError(f"mode: expected one of {', '.join(MODES)}; got {mode!r}")
        self._kind = kind
        self._choice = choice
        self._mode: Mode = mode
        self._is_held = options.get("strict")
        self._examples = tuple(options.get("examples") or ())
        self._preamble: tuple[Message, ...] = ()
        self._settled: dict[tuple[Rung, str], Self] = {}
        self._subject: Subject | None = None
        self._manner: Manner | None = None
        if mode != "auto":
            self._manner = manner_of(self.subject, Rung(mode, not choice.takes_text), COMPATIBLE, is_held=self._is_held)
        elif self._is_held:
            manner_of(self.subject, Rung("json_schema"), COMPATIBLE, is_held=True)
        if self._examples:
            self._preamble = self._shown(mode if mode != "auto" else "prompt")

    @property
    def kind(self) -> Kind[T]:
        """What the value is, as JSON."""
        return self._kind

    @property
    def subject(self) -> Subject:
        """What is asked for, in any mode."""
        if self._subject is None:
            self._subject = Subject(
                self._kind.name, self._kind.schema, self._choice.described(), self._choice.takes_text
            )
        return self._subject

    @property
    def mode(self) -> Mode:
        """How the model is made to answer in the form."""
        return self._mode if self._manner is None else self._manner.mode

    @property
    def tools(self) -> Sequence[FunctionDescription]:
        """The functions of which one is called with the value; none if the mode is another, or not settled."""
        return () if self._manner is None else self._manner.tools

    @property
    def is_forced(self) -> bool:
        """Whether one of `tools` must be called."""
        return self._manner is None or self._manner.is_forced

    @property
    def names(self) -> frozenset[str]:
        """The names of these functions in any mode."""
        return self._choice.names

    @property
    def response_format(self) -> JsonObject | None:
        """What is sent as such; None if the mode is another, or not settled."""
        return None if self._manner is None else self._manner.response_format

    @property
    def schema(self) -> JsonObject:
        """The JSON Schema of the object that the model writes."""
        return self._kind.schema

    @property
    def instructions(self) -> str | None:
        """Added to the system message, if the mode needs words."""
        return None if self._manner is None else self._manner.instructions

    @property
    def preamble(self) -> Sequence[Message]:
        """The examples, in the form of the mode."""
        return self._preamble

    def settled(self, conditions: Conditions) -> Self:
        """Return the output in the best mode; in the given one, if one was given."""
        rung = self._rung(conditions)
        if rung is None:
            return self
        key = (rung, conditions.profile.schema)
        if key not in self._settled:
            made = copy.copy(self)
            made._set(rung, conditions.profile)  # noqa: SLF001 - our own
            self._settled[key] = made
        return self._settled[key]

    def _set(self, rung: Rung, profile: Profile) -> None:
        """Ask in this mode from now on."""
        self._manner = manner_of(self.subject, rung, profile, is_held=self._is_held)
        if self._examples:
            self._preamble = self._shown(rung.mode)

    def _rung(self, conditions: Conditions) -> Rung | None:
        if self._mode == "auto":
            return self._choice.picked(conditions)
        is_forced = not self._choice.takes_text and "forced" not in conditions.refused
        return Rung(self._mode, is_forced, "strict" not in conditions.refused)

    def read(
        self, completion: Completion, call: ToolCall | None, *, rejections: int, deps: object = None
    ) -> Taken[T] | Problems:
        """Read the arguments of the call; without one, the text."""
        del rejections
        call = call or next((one for one in completion.tool_calls if one.name in self.names), None)
        said = completion.text if call is None else call.arguments
        ended = ending(completion, said)
        if ended is not None:
            return self._kept(completion, said, deps) or ended
        if call is not None:
            has_fillers = self._manner is not None and self._manner.has_fillers
            kind = self._choice.kind(call.name)
            found = read_text(kind, said, deps=deps, has_fillers=has_fillers)
            return found if isinstance(found, Problems) else self._taken(call.name, kind, found)
        return self._of_text(said, deps)

    def _of_text(self, text: str, deps: object) -> Taken[T] | Problems:
        is_called = self.mode == "tool"
        if is_called and self._choice.takes_text:
            value = cast("T", text)  # str is one of the types that the answer may be of
            return Taken(value, self._choice.marked(None, text)) if text.strip() else EMPTY
        has_fillers = self._manner is not None and self._manner.has_fillers
        found = read_text(self._kind, text, deps=deps, has_fillers=has_fillers)
        if isinstance(found, Found):
            notes = ("text in place of a call",) if is_called else ()
            return self._taken(self._choice.name_of(found.value), self._kind, found, *notes)
        if is_called:
            names = " or ".join(one.name for one in self.tools)
            wish = f"give the answer as a call of {names}, not as text"
            told = found.problems if found.salvaged is not None else ()
            return Problems((wish, *told), found.flaw, found.salvaged)
        return found

    def _taken(self, name: str, kind: Kind[Any], found: Found[Any], *notes: str) -> Taken[T]:
        raw = decode(found.text)
        if kind.is_wrapped:
            raw = cast("JsonObject", raw)["value"]
        return Taken(found.value, self._choice.marked(name, raw), (*notes, *found.repairs))

    def _kept(self, completion: Completion, said: str, deps: object) -> Taken[T] | None:
        """Return the whole items of a list that was cut; None if there are none, or it is no list."""
        if not is_out_of_room(completion) or not self._kind.is_list:
            return None
        items = finished_items(said)
        found = read_text(self._kind, encode({"value": items}).decode(), deps=deps) if items else None
        if not isinstance(found, Found):
            return None
        reason = f"{completion.finish_reason}: the answer was cut; its {len(items)} finished items are kept"
        return Taken(found.value, cast("JsonValue", items), reason=reason)

    def partial(self, name: str | None) -> Partial | None:
        """Return what reads the value while it grows; of a text that may be the answer itself, nothing can be said."""
        if name is None:
            return None if self._choice.takes_text and self._mode in ("auto", "tool") else self._kind.partial()
        return self._choice.kind(name).partial()

    def dump(self, value: T) -> JsonValue:
        """Return the value as JSON, in the form that it is read from; what has none is written as its `str()`."""
        if isinstance(value, str) and self._choice.takes_text:
            return self._choice.marked(None, value)
        name = self._choice.name_of(value)
        kind = self._choice.kind(name) if name else self._kind
        return self._choice.marked(name, kind.dump(value))

    def load(self, value: JsonValue, *, deps: object = None) -> T:
        """Return the value of what was stored, or of its plain JSON.

        Raises:
            ValueError: It is no value of the type, which may have changed since.
        """
        name, raw = self._choice.unmarked(value)
        if name is None:
            return cast("T", str(raw))  # see `_of_text`
        kind = self._choice.kind(name) if name else self._kind
        return cast("T", kind.load(raw, deps))

    def of_result(self, text: str, *, deps: object = None) -> T:
        """Return the value that the result of a tool is: of its JSON, or of the text itself.

        Raises:
            ValueError: It is none.
        """
        with suppress(ValueError):
            return self._kind.load(decode(text), deps)
        return cast("T", text) if self._choice.takes_text else self._kind.load(text, deps)

    def _shown(self, mode: SettledMode) -> tuple[Message, ...]:
        """Return the examples as a conversation in which the answers came in a mode.

        Raises:
            ParameterError: One of them is no value of the kind.
        """
        messages: list[Message] = []
        for number, (prompt, value) in enumerate(self._examples, 1):
            messages += prompt_messages(prompt)
            if isinstance(value, str) and self._choice.takes_text and mode == "tool":
                messages.append(AssistantMessage(value))
                continue
            name = self._choice.name_of(value)
            is_call = mode == "tool"
            kind: Kind[Any] = self._choice.kind(name or min(self.names)) if is_call else self._kind
            text = _written(kind, value)
            if not is_call:
                messages.append(AssistantMessage(text))
                continue
            call = ToolCall(f"example_{number}", name or min(self.names), text)
            messages += (
                AssistantMessage(tool_calls=[call]),
                ToolMessage("Accepted.", tool_call_id=call.id),
            )
        return tuple(messages)


def _written(kind: Kind[Any], value: object) -> str:
    try:
        raw = kind.dump(value)
        text = encode({"value": raw} if kind.is_wrapped else raw).decode()
        kind.read(text)
    except Exception as error:  # the edge of user code: a serializer or a validator of the type's own
        raise ParameterError(f"examples: {value!r:.200} is no {kind.name}: {error}") from error
    return text
