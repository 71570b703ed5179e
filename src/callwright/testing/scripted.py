"""Models for tests: one that says what it is told to, one that is a function. Neither touches a network."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from callwright._json import JsonValue, encode
from callwright.model import NO_SCOPE, Scope
from callwright.tools.tool import Tool
from callwright.wire.chat import CallDelta, ChatRequest, Completion, Delta
from callwright.wire.messages import ToolCall
from callwright.wire.profile import OPENROUTER, Profile

__all__ = ["Calls", "FunctionModel", "ScriptedModel", "Turn", "calls"]


@dataclass(frozen=True, slots=True)
class Calls:
    """A turn of calls; `+` puts several into one turn."""

    calls: tuple[tuple[str, str], ...]
    """Names and arguments, the arguments as the model would write them."""
    text: str | None = None
    """Said beside the calls."""

    def __add__(self, other: Calls) -> Calls:
        return Calls(self.calls + other.calls, self.text or other.text)


Turn: TypeAlias = str | Calls | Completion | Exception | Mapping[str, JsonValue]
"""What a model may do: say a text, call, give a whole completion, fail, or give an assistant message as a wire dict."""


def calls(function: Callable[..., object] | str, /, **arguments: object) -> Calls:
    """Return the turn in which a model calls `function` with `arguments`.

    Args:
        function: A function, a tool, or any name.
        arguments: As JSON, unless the one argument `raw_arguments` holds the text itself.
    """
    name = function if isinstance(function, str) else _name(function)
    raw = arguments.get("raw_arguments")
    is_raw = isinstance(raw, str) and len(arguments) == 1
    return Calls(((name, raw if is_raw and isinstance(raw, str) else encode(arguments).decode()),))


class FunctionModel:
    """A model that is a function of the request.

    Args:
        function: Gives a turn for each request; plain or async.
        name: Shown in records.
        profile: How messages are put on the wire.
    """

    def __init__(
        self,
        function: Callable[[ChatRequest], Turn | Awaitable[Turn]],
        *,
        name: str = "function",
        profile: Profile = OPENROUTER,
    ) -> None:
        self._function = function
        self.name = name
        self.profile = profile
        self.requests: list[ChatRequest] = []
        """What was asked, in order."""

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        """Return the completion of the turn that the function gives.

        Raises:
            Exception: The turn, if it is one.
        """
        self.requests.append(request)
        turn = self._function(request)
        completion = _completion(await turn if inspect.isawaitable(turn) else turn, number=len(self.requests))
        if scope.listen is not None:
            for delta in _deltas(completion):
                await scope.listen(delta)
        return completion


class ScriptedModel(FunctionModel):
    """A model that takes one turn after the other.

    Args:
        turns: What it does, request by request.
        name: Shown in records.
        profile: How messages are put on the wire.
    """

    def __init__(self, *turns: Turn, name: str = "scripted", profile: Profile = OPENROUTER) -> None:
        super().__init__(self._next, name=name, profile=profile)
        self._turns = turns

    def _next(self, request: ChatRequest) -> Turn:
        del request
        if len(self.requests) > len(self._turns):
            raise AssertionError(
                f"the script has {len(self._turns)} turns; the model was asked for turn {len(self.requests)}"
            )
        return self._turns[len(self.requests) - 1]


def _name(function: Callable[..., object]) -> str:
    return function.name if isinstance(function, Tool) else str(getattr(function, "__name__", function))


def _completion(turn: Turn, *, number: int) -> Completion:
    if isinstance(turn, Completion):
        return turn
    if isinstance(turn, Exception):
        raise turn
    message: dict[str, JsonValue] = {"role": "assistant", "content": None}
    finish = "stop"
    if isinstance(turn, str):
        message["content"] = turn
    elif isinstance(turn, Calls):
        finish = "tool_calls"
        message |= {"content": turn.text, "tool_calls": _entries(turn.calls, number)}
    else:
        message |= turn
        finish = "tool_calls" if message.get("tool_calls") else "stop"
    choice: dict[str, JsonValue] = {"index": 0, "finish_reason": finish, "message": message}
    return Completion({"id": f"scripted-{number}", "model": "scripted", "choices": [choice]})


def _entries(pairs: Sequence[tuple[str, str]], number: int) -> list[JsonValue]:
    return [
        {"id": f"call_{number}_{index}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for index, (name, arguments) in enumerate(pairs)
    ]


def _deltas(completion: Completion) -> list[Delta]:
    """Return the deltas in which a service might have streamed the completion: word by word, call by call."""
    deltas = [Delta(word) for word in re.findall(r"\S+\s*|\s+", completion.text)]
    whole: tuple[tuple[int, ToolCall], ...] = ()
    for index, call in enumerate(completion.tool_calls):
        # A call is known to be whole when the next one begins, or at the finish.
        deltas.append(Delta(calls=(CallDelta(index, call.name, call.arguments, id=call.id),), ready=whole))
        whole = ((index, call),)
    return [*deltas, Delta(finish_reason=completion.finish_reason, ready=() if completion.is_cut else whole)]
