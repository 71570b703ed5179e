"""A cache: equal requests are asked once."""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import threading
from collections.abc import Mapping

from callwright._clock import SYSTEM_CLOCK, Clock
from callwright._gates import Gate
from callwright._json import JsonObject, JsonValue, decode, encode
from callwright.errors import APIError, APITimeoutError, StoreError
from callwright.model import NO_SCOPE, Model, Scope
from callwright.models.answers import Answers, MemoryAnswers
from callwright.service.views import number, object_of
from callwright.service.whole import tell_whole
from callwright.wire.chat import ChatRequest, Completion
from callwright.wire.profile import Profile

__all__ = ["Cache", "canonical", "digest", "is_cached"]

_MARK = "callwright_cached"
_NOTHING: JsonObject = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "cost": 0}
_HALF = frozenset({None, "content_filter", "error"})
"""Finishes of answers that may be better the next time."""
_UNSAID = frozenset({"metadata", "prompt_cache_key", "session_id", "stream_options", "trace"})
"""Parameters that say how a request is sent, counted or filed, not what is asked."""

_log = logging.getLogger("callwright")


class Cache:
    """Answers a request that was asked before from what is kept, and asks the model for every other.

    Requests are equal if model, messages, tools and parameters are, in whatever order their keys stand; headers, and
    what only files a request (`session_id`, `metadata`, `trace`, `prompt_cache_key`), do not count. So the answer to a
    request that samples (`temperature`) is drawn once: to draw several, set another `seed` for each, or put the cache
    around only one of the askers. An ensemble that asks the same thing several times must not share one.

    A kept answer costs nothing: its usage is zero, and `is_cached` tells it. Who streams gets it in one delta. Equal
    requests that are under way at the same time, in any event loop, are asked once; if that fails, all of them do.
    Errors, cut streams, filtered and empty answers are not kept.

    Args:
        model: What is asked.
        store: Where answers are kept. Default: the thousand that were used last, in memory.
        max_age: How old an answer may be, in seconds; None is any age.
        space: Answers of different spaces do not meet, for stores that serve several services or users.
        clock: Says how old an answer is.
    """

    __slots__ = ("_clock", "_flights", "_lock", "_max_age", "_model", "_space", "_store")

    def __init__(
        self,
        model: Model,
        store: Answers | None = None,
        *,
        max_age: float | None = None,
        space: str = "",
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._model = model
        self._store = MemoryAnswers() if store is None else store
        self._max_age = max_age
        self._space = space
        self._clock = clock
        self._flights: dict[str, _Flight] = {}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    @property
    def profile(self) -> Profile:
        """The model's."""
        return self._model.profile

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        """Return the kept answer, or the model's.

        Raises:
            StoreError: Kept answers cannot be read; nothing was sent. One that cannot be kept is only logged.
            APIError: Asking failed, here or for an equal request under way.
        """
        key = digest(canonical(request, self._model), self._space)
        flight = self._board(key)
        try:
            async with flight.gate:
                found = flight.answer
                if found is None:
                    if flight.error is not None:
                        raise copy.copy(flight.error)
                    found = await self._kept(key)
                if found is None:
                    return await self._asked(key, flight, request, scope)
        finally:
            self._leave(key, flight)
        await tell_whole(found, scope.listen)
        return found

    async def _asked(self, key: str, flight: _Flight, request: ChatRequest, scope: Scope) -> Completion:
        try:
            completion = await self._model.complete(request, scope)
        except APIError as error:
            # The deadline of one run is nothing to the others.
            if not (isinstance(error, APITimeoutError) and error.which == "run"):
                flight.error = copy.copy(error)
                # Booked by who asked, and by nobody else.
                flight.error.partial, flight.error.maybe_billed = None, False
                self._land(key, flight)
            raise
        if _is_worth_keeping(completion):
            flight.answer = _marked(completion.raw, at=self._clock.wall())
            # Until it is kept, whoever comes finds the answer here.
            await self._keep(key, completion.raw)
            self._land(key, flight)
        return completion

    async def _kept(self, key: str) -> Completion | None:
        kept = await self._store.get(key)
        try:
            entry = object_of(None if kept is None else decode(kept))
        except ValueError:
            return None
        raw, at = entry.get("answer"), number(entry.get("at"))
        if not isinstance(raw, Mapping) or at is None:
            return None
        if self._max_age is not None and self._clock.wall() - at > self._max_age:
            return None
        return _marked(raw, at=at)

    async def _keep(self, key: str, raw: JsonObject) -> None:
        try:
            await self._store.put(key, encode({"at": self._clock.wall(), "answer": raw}))
        except StoreError as error:
            # The answer was paid for: whoever asked gets it.
            _log.warning("%s: an answer could not be kept: %s", self.name, error)

    def _board(self, key: str) -> _Flight:
        """Return the flight of equal requests that is under way, or a new one."""
        with self._lock:
            flight = self._flights.setdefault(key, _Flight())
            flight.travellers += 1
            return flight

    def _land(self, key: str, flight: _Flight) -> None:
        """Let nobody board any more: what came of it is for those who were there."""
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]

    def _leave(self, key: str, flight: _Flight) -> None:
        with self._lock:
            flight.travellers -= 1
            if not flight.travellers and self._flights.get(key) is flight:
                del self._flights[key]

    def __repr__(self) -> str:
        return f"Cache({self._model!r}, {self._store!r})"


class _Flight:
    """Equal requests at the same time: one asks, the others wait for what comes of it."""

    __slots__ = ("answer", "error", "gate", "travellers")

    def __init__(self) -> None:
        self.gate = Gate()
        self.travellers = 0
        self.answer: Completion | None = None
        self.error: APIError | None = None


def _is_worth_keeping(completion: Completion) -> bool:
    said = completion.message.raw
    has_said = any(said.get(key) for key in ("content", "tool_calls", "images", "audio"))
    return has_said and completion.finish_reason not in _HALF


def is_cached(completion: Completion) -> bool:
    """Whether an answer came from a `Cache`; its `raw["callwright_cached"]` holds when it was given and its usage."""
    return _MARK in completion.raw


def canonical(request: ChatRequest, model: Model) -> dict[str, JsonValue]:
    """Return what a request asks of a model, as an object: equal requests give equal objects."""
    body = object_of(decode(request.body(model.profile, model=model.name, stream=False)))
    return {key: value for key, value in body.items() if key not in _UNSAID}


def digest(asked: JsonObject, space: str = "") -> str:
    """Return 64 hexadecimal digits that stand for a canonical request."""
    text = json.dumps([space, asked], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _marked(raw: JsonObject, *, at: float) -> Completion:
    return Completion({**raw, "usage": _NOTHING, _MARK: {"at": at, "usage": raw.get("usage")}})
