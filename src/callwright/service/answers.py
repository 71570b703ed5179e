"""Answers: the completion that a reply of the service brings, read within its deadlines and caps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import anyio
import anyio.lowlevel

from callwright._json import JsonValue, decode
from callwright._secrets import masked
from callwright.errors import APIConnectionError, APIError, APIStatusError, APITimeoutError, StreamError
from callwright.model import Listener, Restarted, Retried
from callwright.service._body import Caps
from callwright.service._deadlines import Deadlines
from callwright.service._http import Reply, StreamReply
from callwright.service.failures import shown_id, status_error, stream_error
from callwright.service.whole import tell_whole
from callwright.wire.assembler import Assembler
from callwright.wire.chat import Completion, Delta
from callwright.wire.sse import SSEDecoder

__all__ = ["Delivered", "completion_of", "streamed"]

_OK = 200
_DONE = b"[DONE]"
_BOM = b"\xef\xbb\xbf"
_EVENTS = "text/event-stream"
_DRAIN = 0.25
"""Seconds that a stream may take to end after its `[DONE]`, so that its connection can be used again."""


def completion_of(reply: Reply, *, now: float) -> Completion:
    """Return the completion that a reply brings.

    Args:
        reply: Its body may begin with blanks that kept the connection alive.
        now: Seconds since 1970, for a `Retry-After` that is a date.

    Raises:
        StreamError: It streams though it was not asked to, and the stream is cut or reports an error.
        APIStatusError: The status is no 200, the body reports an error, or it holds no answer: 200 alone is no
            success. What came beside an error is its `.partial`.
    """
    # Whatever the body holds, a key that the service shows back included, is in no variable here.
    read = _read(reply.status, reply.headers, reply.body, now)
    if isinstance(read, Completion):
        return read
    raise read


def _read(
    status: int, headers: Mapping[str, str], body: bytes, now: float
) -> Completion | APIStatusError | StreamError:
    if status != _OK:
        return status_error(status, headers, body, now=now)
    try:
        # RFC 8259 forbids the mark and lets readers ignore it.
        raw = decode(body.removeprefix(_BOM))
    except ValueError:
        raw = None
        if headers.get("content-type", "").startswith(_EVENTS):
            return _assembled(headers, body, now)
    partial = None
    if isinstance(raw, dict):
        nested = raw.get("provider")
        if isinstance(nested, dict) and not raw.get("choices"):
            # Seen of OpenRouter: the whole answer stands where the name of the provider should.
            raw = nested
        choices = raw.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            first = choices[0]
            if not raw.get("error") and not first.get("error") and first.get("finish_reason") != "error":
                return Completion(raw)
            partial = Completion(raw) if "message" in first else None
    return status_error(status, headers, body, now=now, raw=raw, partial=partial)


def _assembled(headers: Mapping[str, str], body: bytes, now: float) -> Completion | StreamError:
    """Return the answer of a server that streams whatever it is asked for."""
    decoder, assembler = SSEDecoder(), Assembler()
    chunk: JsonValue = None
    try:
        for payload in [*decoder.feed(body), *decoder.end()]:
            if payload == _DONE:
                break
            chunk = decode(payload)
            assembler.push(chunk if isinstance(chunk, dict) else {})
            chunk = None
        return assembler.finish()
    except StreamError as error:
        if isinstance(chunk, dict):
            return stream_error(chunk, headers, now=now, partial=error.partial)
        return error.with_traceback(None)
    except ValueError:
        return StreamError("an event of the answer is no JSON", partial=assembler.partial(), maybe_billed=True)


class Delivered:
    """Hands deltas to a listener, and knows what it handed on.

    Args:
        listen: None if nobody listens.
    """

    __slots__ = ("anything", "failure", "listen", "text")

    def __init__(self, listen: Listener | None) -> None:
        self.listen = listen
        self.anything = False
        """Whether a delta was heard."""
        self.text = False
        """Whether one with text was."""
        self.failure: APIError | None = None
        """What the listener itself raised: a model that it asks may fail too."""

    async def __call__(self, delta: Delta) -> None:
        """Hand on what a chunk added, if it added what can be heard."""
        if self.listen is None or not (delta.text or delta.calls or delta.reasoning or delta.finish_reason):
            return
        is_first = not self.anything
        self.anything = True
        self.text = self.text or bool(delta.text)
        try:
            await self.listen(delta)
        except APIError as error:
            self.failure = error
            raise
        if is_first:
            # Whoever watches sees the first delta before all that came together with it is read.
            await anyio.lowlevel.checkpoint()

    async def whole(self, completion: Completion) -> None:
        """Hand on an answer that came at once as one delta."""
        await tell_whole(completion, self._hear)

    async def _hear(self, event: Delta | Retried | Restarted) -> None:
        if isinstance(event, Delta):
            await self(event)


async def streamed(
    reply: StreamReply, delivered: Delivered, deadlines: Deadlines, *, caps: Caps, now: float
) -> Completion:
    """Assemble a stream, handing on what each chunk adds.

    Args:
        reply: A stream of events.
        delivered: Takes the deltas.
        deadlines: Of the attempt; told when the answer grows.
        caps: How much of it is read.
        now: Seconds since 1970.

    Raises:
        StreamError: The stream broke, was cut, is too large or reported an error; `.partial` holds what had come.
        APITimeoutError: It did not go on in time; as well.
    """
    return await _Reading(reply, delivered, deadlines, caps=caps, now=now).completion()


class _Reading:
    """One stream while it is read."""

    __slots__ = (
        *("_adds", "_assembler", "_caps", "_deadlines", "_decoder", "_delivered", "_events", "_failure", "_headers"),
        *("_is_done", "_is_finished", "_is_over", "_lines", "_now", "_pieces", "_size"),
    )

    def __init__(
        self, reply: StreamReply, delivered: Delivered, deadlines: Deadlines, *, caps: Caps, now: float
    ) -> None:
        self._pieces = reply.chunks()
        self._headers = reply.headers
        self._delivered = delivered
        self._deadlines = deadlines
        self._caps = caps
        self._now = now
        self._decoder, self._assembler = SSEDecoder(limit=caps.event), Assembler()
        self._events = self._lines = self._size = 0
        self._adds = self._is_done = self._is_finished = self._is_over = False
        self._failure: StreamError | None = None

    async def completion(self) -> Completion:
        while not self._is_over:
            # What came is in no variable here, nor in one of a function that raises: it may show a key back.
            await self._hand_on(self._read(await self._piece()))
        return self._finished()

    async def _piece(self) -> bytes | None:
        """Return the next bytes; None at the end, and when nothing that may follow can change the answer."""
        try:
            return await self._pieces.__anext__()
        except StopAsyncIteration:
            return None
        except APIConnectionError as error:
            partial = self._assembler.partial()
            if self._is_finished and _is_whole(partial):
                self._decoder.end()
                return None
            if isinstance(error, APITimeoutError):
                error.partial = partial
                raise
            broken = StreamError(
                f"the stream broke: {error.message}", retryable=error.retryable, partial=partial, maybe_billed=True
            )
            raise self._said(broken) from error

    def _read(self, piece: bytes | None) -> Iterator[Delta]:
        """Give what the events add that `piece` completes; the failure, if there was one, is told afterwards."""
        try:
            payloads = self._decoder.end() if piece is None else self._decoder.feed(piece)
        except StreamError as error:
            self._failure = error
            return
        self._is_over = piece is None
        self._count(piece or b"", payloads)
        grows = False
        for payload in payloads if self._failure is None else ():
            if payload == _DONE:
                self._is_over = self._is_done = True
                break
            delta = self._pushed(payload)
            if delta is None:
                break
            if self._adds:
                grows = True
                if self._deadlines.first is None:
                    self._deadlines.progress()
            yield delta
        if grows:
            self._deadlines.progress()

    def _count(self, piece: bytes, payloads: Sequence[bytes]) -> None:
        caps = self._caps
        self._size += len(piece)
        self._events += len(payloads)
        self._lines = 0 if payloads else self._lines + piece.count(b"\n") + piece.count(b"\r")
        too_much = (
            (f"longer than {caps.stream} bytes, see Caps.stream" if self._size > caps.stream else "")
            or (f"of more than {caps.events} events, see Caps.events" if self._events > caps.events else "")
            or (f"without an event for {caps.lines} lines, see Caps.lines" if self._lines > caps.lines else "")
        )
        if too_much:
            self._failure = StreamError(f"the stream is {too_much}", retryable=False, maybe_billed=True)

    def _pushed(self, payload: bytes) -> Delta | None:
        """Return what an event adds; None if it is the end of all."""
        try:
            chunk = decode(payload)
        except ValueError:
            shown = masked(payload[:1000].decode(errors="replace"))[:100]
            self._failure = StreamError(f"an event of the stream is no JSON: {shown!r}", maybe_billed=True)
            return None
        self._adds = False
        if not isinstance(chunk, dict):
            return Delta()
        is_error = "choices" not in chunk and "error" in (chunk.get("object"), chunk.get("type"))
        try:
            delta = None if is_error else self._assembler.push(chunk)
        except StreamError:
            delta = None
        if delta is None:
            partial = self._assembler.partial()
            self._failure = stream_error(chunk, self._headers, now=self._now, partial=partial)
            return None
        self._is_finished = self._is_finished or delta.finish_reason is not None
        self._adds = bool(delta.text or delta.calls or delta.reasoning or delta.finish_reason) or _adds(chunk)
        return delta

    async def _hand_on(self, deltas: Iterator[Delta]) -> None:
        """Give the listener what came; then raise what went wrong.

        Raises:
            StreamError: Something did.
        """
        for delta in deltas:
            await self._delivered(delta)
        if self._failure is not None:
            raise self._said(self._failure)
        if self._is_finished:
            self._deadlines.finished()
        if self._is_done:
            await self._drain()

    async def _drain(self) -> None:
        with anyio.move_on_after(_DRAIN):
            try:
                async for _ in self._pieces:
                    pass
            except APIConnectionError:
                # All was said; that the connection cannot be used again is seen to elsewhere.
                pass

    def _finished(self) -> Completion:
        try:
            completion = self._assembler.finish()
        except StreamError as error:
            self._failure = error
        else:
            if completion.finish_reason != "error":
                return completion
            self._failure = stream_error(completion.raw, self._headers, now=self._now, partial=completion)
        raise self._said(self._failure)

    def _said(self, error: StreamError) -> StreamError:
        """Return the error with what is known of the stream."""
        partial = error.partial if isinstance(error.partial, Completion) else self._assembler.partial()
        has_begun = self._deadlines.first is not None or partial.raw.get("usage") is not None
        error.partial = partial if has_begun else None
        error.maybe_billed = error.maybe_billed or has_begun
        error.provider = error.provider or partial.provider
        error.generation_id = error.generation_id or shown_id(partial.id or self._headers.get("x-generation-id"))
        error.request_id = error.request_id or shown_id(self._headers.get("x-request-id")) or error.generation_id
        # The functions that it came through hold what was read.
        return error.with_traceback(None)


def _adds(chunk: Mapping[str, JsonValue]) -> bool:
    """Return whether a chunk without text adds something else: a sound, an image, usage."""
    if chunk.get("usage"):
        return True
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if isinstance(delta, dict) and any(value for key, value in delta.items() if key not in {"role", "p"}):
            return True
    return False


def _is_whole(partial: Completion) -> bool:
    """Return whether every choice has its finish: what could still come is the usage."""
    choices = partial.raw.get("choices")
    return isinstance(choices, list) and all(
        isinstance(choice, dict) and choice.get("finish_reason") for choice in choices
    )
