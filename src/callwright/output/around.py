"""An output around another: asked for as that one is, taken in a way of its own."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, Self

from typing_extensions import TypeVar

from callwright._json import JsonObject, JsonValue
from callwright.output.base import Conditions, Mode, Output, Problems, Taken
from callwright.output.partial import Partial
from callwright.tools.context import RunContext
from callwright.tools.description import FunctionDescription
from callwright.tools.toolset import AnyTool
from callwright.wire.chat import Completion
from callwright.wire.messages import Message, ToolCall

__all__ = ["Around"]

T = TypeVar("T")


class Around(Output[T]):
    """An output that leaves to another how it is asked for.

    Args:
        inner: The other one; what it gives may be of another type.
    """

    __slots__ = ("inner",)

    def __init__(self, inner: Output[Any]) -> None:
        super().__init__(attempts=inner.attempts, raise_cap=inner.raise_cap)
        self.inner = inner
        """How it is asked for."""

    @property
    def mode(self) -> Mode | None:
        """How the model is made to answer in the form; None for text."""
        return self.inner.mode

    @property
    def tools(self) -> Sequence[FunctionDescription]:
        """The functions whose call is the output."""
        return self.inner.tools

    @property
    def is_forced(self) -> bool:
        """Whether one of `tools` must be called, rather than may be."""
        return self.inner.is_forced

    @property
    def names(self) -> frozenset[str]:
        """The names that its calls have in any mode."""
        return self.inner.names

    @property
    def function(self) -> AnyTool | None:
        """What is called with the answer; None if the answer is the output."""
        return self.inner.function

    @property
    def response_format(self) -> JsonObject | None:
        """Sent with each request, if there is one."""
        return self.inner.response_format

    @property
    def schema(self) -> JsonObject | None:
        """The JSON Schema of the object that the model writes; None for text."""
        return self.inner.schema

    @property
    def instructions(self) -> str | None:
        """Added to the system message, if there are any."""
        return self.inner.instructions

    @property
    def preamble(self) -> Sequence[Message]:
        """Examples, sent before the conversation."""
        return self.inner.preamble

    def settled(self, conditions: Conditions) -> Self:
        """Return the output as it is asked for under these conditions."""
        inner = self.inner.settled(conditions)
        if inner is self.inner:
            return self
        made = copy.copy(self)
        made.inner = inner
        return made

    def read(
        self, completion: Completion, call: ToolCall | None, *, rejections: int, deps: object = None
    ) -> Taken[T] | Problems:
        """Read what the other one reads."""
        return self.inner.read(completion, call, rejections=rejections, deps=deps)

    def partial(self, name: str | None) -> Partial | None:
        """Return what the other one does."""
        return self.inner.partial(name)

    async def settle(self, taken: Taken[T], context: Callable[[], RunContext[Any]]) -> Taken[T] | Problems:
        """Leave the last look to the other one."""
        return await self.inner.settle(taken, context)

    def dump(self, value: T) -> JsonValue:
        """Return the value as JSON, for the record."""
        return self.inner.dump(value)

    def load(self, value: JsonValue, *, deps: object = None) -> T:
        """Return the value that was stored.

        Raises:
            ValueError: It is no value of the type, which may have changed since.
        """
        loaded: T = self.inner.load(value, deps=deps)
        return loaded

    def of_result(self, text: str, *, deps: object = None) -> T:
        """Return the value that the result of a tool is.

        Raises:
            ValueError: It is none.
        """
        found: T = self.inner.of_result(text, deps=deps)
        return found
