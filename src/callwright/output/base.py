"""An output: what a run is asked for, how the model is told, and how its answer becomes a value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias

from typing_extensions import TypeVar

from callwright._json import JsonObject, JsonValue, decode
from callwright.errors import ParameterError
from callwright.output.partial import Partial, TextPartial
from callwright.tools.context import RunContext
from callwright.tools.description import FunctionDescription
from callwright.tools.toolset import AnyTool
from callwright.wire.chat import Completion
from callwright.wire.messages import Message, ToolCall
from callwright.wire.profile import Profile

__all__ = [
    "OUTPUT_TOOL",
    "Conditions",
    "Flaw",
    "Mode",
    "Output",
    "Problems",
    "Refusable",
    "SettledMode",
    "Taken",
    "TextOutput",
]

T = TypeVar("T")

SettledMode: TypeAlias = Literal["tool", "json_schema", "json_object", "prompt"]
"""How a model is made to answer in a form: by a call, by a response format with the schema or without one, or by words
alone."""

Mode: TypeAlias = Literal["auto"] | SettledMode
"""A mode, or the choice of the one that suits the model, the server and the agent."""

Refusable: TypeAlias = Literal["strict", "json_schema", "tool", "forced", "json_object"]
"""What a service may refuse of a mode: the strictness of a schema, the schema, calls, that they are forced, JSON."""

Flaw: TypeAlias = Literal["invalid", "empty", "refused", "cut", "broken"]
"""What is wrong with an answer: it does not fit, says nothing, the model or a filter refused, `max_tokens` cut it, or
the provider broke it off."""

OUTPUT_TOOL = "final_answer"
"""The name of the function whose call is the output; of unions, how the names begin."""


@dataclass(frozen=True, slots=True)
class Taken(Generic[T]):
    """The answer holds a valid output."""

    value: T
    stored: JsonValue
    """What is recorded of it; `Output.load` gives the value again."""
    repairs: tuple[str, ...] = ()
    """What had to be repaired to read it."""
    reason: str | None = None
    """Why it is not all of it; None if it is."""


@dataclass(frozen=True, slots=True)
class Problems:
    """The answer holds no valid output, and why; told to the model."""

    problems: tuple[str, ...]
    flaw: Flaw = "invalid"
    salvaged: JsonValue = None
    """The part of the answer that is valid, as JSON; None if there is none."""

    @property
    def is_final(self) -> bool:
        """Whether asking again is pointless."""
        return self.flaw in ("refused", "cut", "broken")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What decides how an output is asked for."""

    profile: Profile
    has_tools: bool = False
    """Whether the agent offers tools of its own."""
    supported: frozenset[str] | None = None
    """The parameters that the model takes, as its service lists them; None if that is not known."""
    refused: frozenset[Refusable] = frozenset()
    """What the service has refused for the model."""


class Output(ABC, Generic[T]):
    """How one kind of output is asked for and read.

    Args:
        attempts: How often an answer may be no valid output before the run fails, >= 1.
        raise_cap: To how many tokens the cap of an answer is raised, once, if the answer was cut, >= 1; None for not.

    Raises:
        ParameterError: One of them is out of range.
    """

    __slots__ = ("attempts", "raise_cap")

    def __init__(self, *, attempts: int = 3, raise_cap: int | None = None) -> None:
        if attempts < 1:
            raise ParameterError(f"attempts: expected >= 1; got {attempts}")
        if raise_cap is not None and raise_cap < 1:
            raise ParameterError(f"raise_cap: expected >= 1; got {raise_cap}")
        self.attempts = attempts
        self.raise_cap = raise_cap

    @property
    def mode(self) -> Mode | None:
        """How the model is made to answer in the form; None for text."""
        return None

    @property
    def tools(self) -> Sequence[FunctionDescription]:
        """The functions whose call is the output."""
        return ()

    @property
    def is_forced(self) -> bool:
        """Whether one of `tools` must be called, rather than may be."""
        return True

    @property
    def names(self) -> frozenset[str]:
        """The names that its calls have in any mode."""
        return frozenset()

    @property
    def function(self) -> AnyTool | None:
        """What is called with the answer, and gives the output; None if the answer is the output."""
        return None

    @property
    def response_format(self) -> JsonObject | None:
        """Sent with each request, if there is one."""
        return None

    @property
    def schema(self) -> JsonObject | None:
        """The JSON Schema of the object that the model writes; None for text."""
        return None

    @property
    def instructions(self) -> str | None:
        """Added to the system message, if there are any."""
        return None

    @property
    def preamble(self) -> Sequence[Message]:
        """Examples, sent before the conversation."""
        return ()

    def settled(self, conditions: Conditions) -> Output[T]:
        """Return the output as it is asked for under these conditions."""
        del conditions
        return self

    @abstractmethod
    def read(
        self, completion: Completion, call: ToolCall | None, *, rejections: int, deps: object = None
    ) -> Taken[T] | Problems:
        """Return the output that an answer holds, or why it holds none.

        Args:
            completion: The answer.
            call: The call of one of `tools` in it; None if there is none.
            rejections: How many answers were rejected before.
            deps: For validators.
        """

    def partial(self, name: str | None) -> Partial | None:
        """Return what reads the output while an answer grows; None if nothing can be said of it before its end.

        Args:
            name: Of the function whose arguments are read; None for the text.
        """
        del name
        return None

    async def settle(self, taken: Taken[T], context: Callable[[], RunContext[Any]]) -> Taken[T] | Problems:
        """Return what was read after the last look at it; here, as it is.

        Raises:
            Exception: Whatever a check of the user's raises that is not about the value.
        """
        del context
        return taken

    @abstractmethod
    def dump(self, value: T) -> JsonValue:
        """Return the value as JSON, for the record."""

    @abstractmethod
    def load(self, value: JsonValue, *, deps: object = None) -> T:
        """Return the value of `Taken.stored`, or of what `dump` wrote.

        Raises:
            ValueError: It is no value of the type, which may have changed since.
        """

    def of_result(self, text: str, *, deps: object = None) -> T:
        """Return the value that the result of a tool is: JSON, or a text that stands for itself, such as a date.

        Raises:
            ValueError: It is none.
        """
        with suppress(ValueError):
            return self.load(decode(text), deps=deps)
        return self.load(text, deps=deps)


class TextOutput(Output[str]):
    """The answer's text."""

    __slots__ = ()

    def read(
        self, completion: Completion, call: ToolCall | None, *, rejections: int, deps: object = None
    ) -> Taken[str] | Problems:
        """Take any text; an empty answer is asked for once more and then taken as it is.

        Models end with nothing after a tool has done all there was to do, and providers do when they start cold.
        """
        del call, deps
        text = completion.text or completion.message.refusal or ""
        reason = completion.finish_reason if completion.is_cut else None
        if text.strip() or rejections or completion.is_cut:
            return Taken(text, text, reason=reason)
        problem = "your answer was empty; answer the question, or say that there is nothing to add"
        return Problems((problem,), "empty")

    def partial(self, name: str | None) -> Partial | None:
        """Return what reads the text."""
        return TextPartial() if name is None else None

    def dump(self, value: str) -> JsonValue:
        """Return the text."""
        return value

    def load(self, value: JsonValue, *, deps: object = None) -> str:
        """Return the text."""
        del deps
        return str(value)

    def of_result(self, text: str, *, deps: object = None) -> str:
        """Return the text."""
        del deps
        return text
