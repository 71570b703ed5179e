"""A chat model: one model of a service, asked over HTTP; the only place that retries."""

from __future__ import annotations

import logging
from collections.abc import Callable

import anyio
import anyio.lowlevel

from callwright._clock import SYSTEM_CLOCK, Clock
from callwright._json import JsonValue, decode
from callwright.errors import APIConnectionError, APIError, AuthenticationError, StreamError
from callwright.model import NO_SCOPE, Listener, Retried, Scope
from callwright.service._http import Http, StreamReply
from callwright.service.failures import completion_of, status_error
from callwright.service.retry import Retry
from callwright.wire.assembler import Assembler
from callwright.wire.chat import CallDelta, ChatRequest, Completion, Delta
from callwright.wire.profile import Profile
from callwright.wire.sse import SSEDecoder

__all__ = ["ChatModel"]

_PATH = "/chat/completions"
_OK = 200
_DRAIN = 0.25
"""Seconds that a stream may take to end after its `[DONE]`, so that its connection can be used again."""
_log = logging.getLogger("callwright")


class ChatModel:
    """One model of a service. Made by `Client.chat`.

    Args:
        http: The way to the service.
        slug: The model, such as `openai/gpt-4o-mini`; None for the account's default.
        profile: The service's profile.
        retry: When to ask again.
        clock: Waits between retries.
        problem: Why nothing can be asked; raised at the first request.
        check: Sees each request before it is sent; may warn, or refuse it with a `ParameterError`.
    """

    __slots__ = ("_check", "_clock", "_http", "_problem", "_retry", "_slug", "profile")

    def __init__(
        self,
        http: Http,
        slug: str | None,
        *,
        profile: Profile,
        retry: Retry,
        clock: Clock = SYSTEM_CLOCK,
        problem: str | None = None,
        check: Callable[[ChatRequest], None] | None = None,
    ) -> None:
        self._http = http
        self._slug = slug
        self.profile = profile
        self._retry = retry
        self._clock = clock
        self._problem = problem
        self._check = check

    @property
    def name(self) -> str:
        """The slug; `default` for the account's default model."""
        return self._slug or "default"

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        """Return the answer to `request`; streams if somebody listens.

        A failed request is sent again as the retry policy says, but never after a delta was delivered.

        Raises:
            APIError: Asking failed.
            ParameterError: The check refused the request; nothing was sent.
        """
        if self._problem is not None:
            raise AuthenticationError(self._problem, status=401)
        if self._check is not None:
            self._check(request)
        body = request.body(self.profile, model=self._slug, stream=scope.listen is not None)
        started, attempt = self._clock.monotonic(), 0
        while True:
            attempt += 1
            delivered = _Delivered(scope.listen)
            try:
                completion = await self._once(body, request, delivered)
            except APIError as error:
                elapsed = self._clock.monotonic() - started
                wait = None if delivered.anything else self._retry.wait(error, attempt=attempt, elapsed=elapsed)
                self._log_failure(error, attempt, wait)
                if wait is None:
                    raise
                failure = error
            else:
                self._log_answer(completion, self._clock.monotonic() - started)
                return completion
            if scope.listen is not None:
                await scope.listen(Retried(attempt, wait, failure))
            await self._clock.sleep(wait)

    async def _once(self, body: bytes, request: ChatRequest, delivered: _Delivered) -> Completion:
        if delivered.listen is None:
            reply = await self._http.post(_PATH, body, request.headers)
            if reply.status == _OK:
                return completion_of(reply.headers, reply.body, now=self._clock.wall())
            raise status_error(reply.status, reply.headers, reply.body, now=self._clock.wall())
        async with self._http.stream(_PATH, body, request.headers) as stream:
            if stream.status != _OK:
                raise status_error(stream.status, stream.headers, await stream.read(), now=self._clock.wall())
            if not stream.headers.get("content-type", "").startswith("text/event-stream"):
                # Asked for a stream, some servers answer at once, and errors come as plain JSON anyway.
                completion = completion_of(stream.headers, await stream.read(), now=self._clock.wall())
                await delivered(_whole(completion))
                return completion
            return await _streamed(stream, delivered)

    def _log_answer(self, completion: Completion, seconds: float) -> None:
        if _log.isEnabledFor(logging.INFO):
            usage = completion.usage
            _log.info(
                "%s answered in %.2f s: %s, %d + %d tokens, id %s",
                *(self.name, seconds, completion.finish_reason, usage.prompt_tokens, usage.completion_tokens),
                completion.id,
            )

    def _log_failure(self, error: APIError, attempt: int, wait: float | None) -> None:
        after = "giving up" if wait is None else f"again in {wait:.2f} s"
        _log.info("%s failed (attempt %d): %s; %s", self.name, attempt, type(error).__name__, after)

    def __repr__(self) -> str:
        return f"ChatModel({self.name!r}, profile={self.profile.name!r})"


class _Delivered:
    """Hands deltas to a listener and knows whether it did."""

    __slots__ = ("anything", "listen")

    def __init__(self, listen: Listener | None) -> None:
        self.listen = listen
        self.anything = False

    async def __call__(self, delta: Delta) -> None:
        if self.listen is not None and (delta.text or delta.calls or delta.reasoning or delta.finish_reason):
            await self.listen(delta)
            if not self.anything:
                # Whoever watches sees the first delta before all that came together with it is read.
                self.anything = True
                await anyio.lowlevel.checkpoint()


async def _streamed(reply: StreamReply, delivered: _Delivered) -> Completion:
    """Assemble a stream, handing on what each chunk adds.

    Raises:
        StreamError: The stream broke, was cut, or reported an error; `.partial` holds what had come.
    """
    decoder, assembler = SSEDecoder(), Assembler()
    pieces = reply.chunks()
    try:
        async for piece in pieces:
            for payload in decoder.feed(piece):
                if payload == b"[DONE]":
                    completion = assembler.finish()
                    with anyio.move_on_after(_DRAIN):
                        async for _ in pieces:
                            pass
                    return completion
                await delivered(assembler.push(_chunk(payload, assembler)))
    except APIConnectionError as error:
        raise StreamError(
            f"the stream broke: {error.message}", partial=assembler.partial(), retryable=error.retryable
        ) from error
    for payload in decoder.end():
        if payload != b"[DONE]":
            await delivered(assembler.push(_chunk(payload, assembler)))
    return assembler.finish()


def _chunk(payload: bytes, assembler: Assembler) -> dict[str, JsonValue]:
    try:
        chunk = decode(payload)
    except ValueError as error:
        raise StreamError(
            f"an event of the stream is no JSON: {payload[:100]!r}", partial=assembler.partial()
        ) from error
    return chunk if isinstance(chunk, dict) else {}


def _whole(completion: Completion) -> Delta:
    """Return an answer that came at once as one delta."""
    calls = tuple(
        CallDelta(index, call.name, call.arguments, id=call.id) for index, call in enumerate(completion.tool_calls)
    )
    message = completion.message
    return Delta(completion.text, message.reasoning, calls=calls, finish_reason=completion.finish_reason)
