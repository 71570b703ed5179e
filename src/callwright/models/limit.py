"""A limit: one model that is asked so often and no oftener, wherever in the process."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import AbstractAsyncContextManager, nullcontext

from callwright._clock import SYSTEM_CLOCK, Clock
from callwright._gates import Gate
from callwright.errors import APIError, APITimeoutError, ParameterError
from callwright.model import NO_SCOPE, Model, Scope
from callwright.service.views import count, object_of, objects
from callwright.wire.chat import ChatRequest, Completion
from callwright.wire.messages import AssistantMessage, Message
from callwright.wire.profile import Profile

__all__ = ["Limit"]

_MINUTE = 60.0
_NEARLY = 1e-6
"""Seconds by which a clock that slept may be early, being a float."""
_LETTERS = 4
"""Of a token, more or less."""
_MEDIA = 1000
"""Tokens that an image or a file is taken for until the answer says what it was."""


class Limit:
    """Lets requests through as fast as a service allows: first come, first served, in all event loops and threads.

    In any 60 seconds no more than `requests_per_minute` begin. The tokens of a request are guessed before it begins (a
    token for four characters, and `max_tokens`) and replaced by what the answer says. Retries that a model does by
    itself are not seen: for a strict limit give its client `Retry(attempts=1)`.

    Args:
        model: What is asked.
        requests_per_minute: >= 1; None is no limit.
        tokens_per_minute: >= 1; None is no limit. A request that is larger begins when no other's tokens count.
        concurrency: How many requests may be under way at the same time, >= 1; None is no limit.
        clock: Says when, and waits.

    Raises:
        ParameterError: A limit is below 1, or there is none at all.
    """

    __slots__ = ("_clock", "_line", "_model", "_room", "_window")

    def __init__(
        self,
        model: Model,
        *,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        concurrency: int | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        limits = {
            "requests_per_minute": requests_per_minute,
            "tokens_per_minute": tokens_per_minute,
            "concurrency": concurrency,
        }
        for name, limit in limits.items():
            if limit is not None and limit < 1:
                raise ParameterError(f"Limit: {name}: expected >= 1, or None; got {limit!r}")
        if all(limit is None for limit in limits.values()):
            raise ParameterError(f"Limit: expected at least one of {', '.join(limits)}; got none")
        self._model = model
        self._clock = clock
        self._room: AbstractAsyncContextManager[None] = nullcontext() if concurrency is None else Gate(concurrency)
        has_rate = requests_per_minute is not None or tokens_per_minute is not None
        self._window = _Window(requests_per_minute, tokens_per_minute) if has_rate else None
        # Only who stands first in line waits for its turn; who leaves the line holds nobody up.
        self._line = Gate()

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    @property
    def profile(self) -> Profile:
        """The model's."""
        return self._model.profile

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        """Return the model's answer, asked for when it is this request's turn.

        Raises:
            APITimeoutError: The turn would come after the run's deadline; nothing was sent.
            APIError: Asking failed.
        """
        async with self._room:
            if self._window is None:
                return await self._model.complete(request, scope)
            place = await self._turn(self._window, request, scope)
            try:
                completion = await self._model.complete(request, scope)
            except APIError as error:
                said = error.partial.usage.total_tokens if isinstance(error.partial, Completion) else 0
                if said or not error.maybe_billed:
                    self._window.settle(place, said)
                raise
            if completion.usage.total_tokens:
                self._window.settle(place, completion.usage.total_tokens)
            return completion

    async def _turn(self, window: _Window, request: ChatRequest, scope: Scope) -> _Place:
        tokens = _guessed(request) if window.has_tokens else 0
        async with self._line:
            while True:
                now = self._clock.monotonic()
                wait = window.wait(now, tokens)
                if wait <= 0:
                    return window.enter(now, tokens)
                if scope.deadline is not None and now + wait > scope.deadline:
                    raise APITimeoutError(
                        f"{self.name}: its limit lets the request through in {wait:.1f} s, after the run's deadline",
                        which="run",
                    )
                await self._clock.sleep(wait)

    def __repr__(self) -> str:
        return f"Limit({self._model!r})"


class _Place:
    """One request within the last minute."""

    __slots__ = ("began", "is_counted", "tokens")

    def __init__(self, began: float, tokens: int) -> None:
        self.began = began
        self.tokens = tokens
        self.is_counted = True


class _Window:
    """The requests of the last minute and their tokens; from any thread."""

    __slots__ = ("_lock", "_places", "_requests", "_tokens", "_used")

    def __init__(self, requests: int | None, tokens: int | None) -> None:
        self._requests = requests
        self._tokens = tokens
        self._places: deque[_Place] = deque()
        self._used = 0
        self._lock = threading.Lock()

    @property
    def has_tokens(self) -> bool:
        return self._tokens is not None

    def wait(self, now: float, tokens: int) -> float:
        """Return the seconds until a request of so many tokens may begin; <= 0 if it may now."""
        with self._lock:
            places = self._places
            while places and places[0].began + _MINUTE - _NEARLY <= now:
                self._used -= places[0].tokens
                places.popleft().is_counted = False
            begins = now
            if self._requests is not None and len(places) >= self._requests:
                begins = places[len(places) - self._requests].began + _MINUTE
            if self._tokens is not None:
                begins = max(begins, self._room_at(self._used + min(tokens, self._tokens) - self._tokens, now))
            return begins - now

    def _room_at(self, excess: int, now: float) -> float:
        """Return when the oldest requests that hold `excess` tokens together no longer count."""
        freed, moment = 0, now
        for place in self._places:
            if freed >= excess:
                break
            freed += place.tokens
            moment = place.began + _MINUTE
        return moment

    def enter(self, now: float, tokens: int) -> _Place:
        place = _Place(now, tokens)
        with self._lock:
            self._places.append(place)
            self._used += tokens
        return place

    def settle(self, place: _Place, tokens: int) -> None:
        """Replace the guess of a request's tokens."""
        with self._lock:
            if place.is_counted:
                self._used += tokens - place.tokens
            place.tokens = tokens


def _guessed(request: ChatRequest) -> int:
    """Return how many tokens a request may use, by its length and by the longest answer that it allows."""
    params = object_of(request.params.raw)
    longest = count(params.get("max_tokens")) or count(params.get("max_completion_tokens")) or 0
    size = sum(map(_size, request.messages)) + (len(request.tools.json) if request.tools.raw else 0)
    return size // _LETTERS + longest


def _size(message: Message) -> int:
    """Return the length of a message in letters, its images and files by a rule of thumb."""
    calls = message.tool_calls if isinstance(message, AssistantMessage) else ()
    media = [part for part in objects(message.content) if part.get("type") != "text"]
    return len(message.text) + sum(len(call.arguments) for call in calls) + len(media) * _MEDIA * _LETTERS
