"""HTTP: requests to one service and their answers as bytes."""

from __future__ import annotations

import ssl
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from functools import partial
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from callwright._clock import SYSTEM_CLOCK, Clock
from callwright._secrets import Hidden
from callwright.errors import APIConnectionError, APITimeoutError
from callwright.service._address import Address, Head, checked_headers, environment_proxy, escaped
from callwright.service._body import Caps, decoded, joined
from callwright.service._deadlines import Deadlines, Timeouts
from callwright.service._straight import Answer, HttpClient, HttpTransport, Sender, Straight, leases_of
from callwright.service._trouble import explained, failures

__all__ = ["Http", "Reply", "StreamReply", "Timeouts"]

_HEADERS = Head({"accept": "*/*", "accept-encoding": "identity", "user-agent": "callwright"})
_JSON = Head({"content-type": "application/json"})
_NO_SCOPE = nullcontext()
_GZIP = Head({"accept-encoding": "gzip"})


class Reply:
    """What a plain request brought."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        """By lower-case name; the values of a name that came twice are joined by a comma."""
        self.body = body

    def __repr__(self) -> str:
        return f"Reply({self.status}, {len(self.body)} bytes)"


class StreamReply:
    """What a request brings, while it comes; made by `Http.stream`."""

    __slots__ = ("_chunks", "_limit", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], chunks: AsyncIterator[bytes], limit: int) -> None:
        self.status = status
        self.headers = headers
        """See `Reply.headers`."""
        self._chunks = chunks
        self._limit = limit

    def chunks(self) -> AsyncIterator[bytes]:
        """Give the body as it comes, decompressed; a further call goes on where the last one was left.

        A connection is used again only if its body was read to the end. Over our own connections a piece has at most
        64 KiB; all together have no limit, since a stream may be as long as its reader likes.

        Raises:
            APITimeoutError: Nothing came in time.
            APIConnectionError: The connection broke, or the body ended too early.
        """
        return self._chunks

    async def read(self) -> bytes:
        """Return the rest of the body.

        Raises:
            APITimeoutError: Nothing came in time.
            APIConnectionError: The connection broke, or the body ended too early, or is too long.
        """
        return await joined(self._chunks, self._limit)

    def __repr__(self) -> str:
        return f"StreamReply({self.status})"


class Http:
    """The way to one service: where it is, what every request carries, and the connections.

    Serves any number of event loops and threads. A redirect is an answer like any other: to follow it would take the
    key elsewhere. Plain requests and streams ask for no compression, which would only delay them; `get` asks for gzip.
    Without `http_client` and `transport` the proxies of the environment hold (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`,
    `NO_PROXY`), as they are now.

    Args:
        base_url: What the paths are appended to; http or https, without credentials, query and fragment.
        headers: Sent with every request.
        timeouts: See `Timeouts`. A given `http_client` keeps its own if it has any but httpx's default.
        http_client: The user's own, of httpx or httpx2; used as it is, and never closed here.
        transport: Taken instead of our connections, such as `httpx.MockTransport`; not closed either.
        max_connections: How many may be open at once in one event loop, >= 1; further requests wait in line, first
            come, first served. Each takes a file descriptor: mind `ulimit -n`.
        verify: For https; the default trusts what httpx trusts, `SSL_CERT_FILE` and `SSL_CERT_DIR` included.
        caps: How much of an answer is read.
        reconnect: See `Leases`.
        clock: By which timeouts count.

    Raises:
        ParameterError: `base_url`, a header, or the address of a proxy cannot be used.
    """

    __slots__ = ("_clock", "_sender", "caps", "where")

    def __init__(
        self,
        base_url: str | Hidden[str],
        headers: Mapping[str, str] | Head,
        *,
        timeouts: Timeouts | None = None,
        http_client: HttpClient | None = None,
        transport: HttpTransport | None = None,
        max_connections: int = 1000,
        verify: ssl.SSLContext | None = None,
        caps: Caps | None = None,
        reconnect: bool = True,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        url = base_url if isinstance(base_url, Hidden) else Hidden(base_url)
        fields = headers if isinstance(headers, Head) else Hidden(headers)
        # From here on something may fail, and a traceback shows what is local to this.
        base_url, headers = "", {}
        sent = _HEADERS | (fields if isinstance(fields, Head) else checked_headers(fields))
        address = Address.of(url)
        waits = timeouts or Timeouts()
        self._clock = clock
        self.caps = caps or Caps()
        """How much of an answer is read."""
        self.where = address.where
        """Host and port, for messages."""
        self._sender: Sender
        if http_client is not None or transport is not None:
            from callwright.service._through import Through  # noqa: PLC0415 - few bring a client of their own

            self._sender = Through.of(http_client, transport, address, headers=sent, timeouts=waits)
            return
        proxy = environment_proxy(address)
        if proxy is not None:
            self.where += " by the proxy of the environment"
        leases = leases_of(max_connections, verify=verify, proxy=proxy, reconnect=reconnect, clock=clock)
        self._sender = Straight(leases, address, headers=sent, timeouts=waits)

    def deadlines(self, *, began: float | None = None, run: float | None = None, is_stream: bool = False) -> Deadlines:
        """Return the deadlines of an attempt that begins now; see `Deadlines`."""
        return Deadlines(self._sender.timeouts, self._clock, began=began, run=run, is_stream=is_stream)

    async def post(
        self,
        path: str,
        body: bytes,
        headers: Mapping[str, str] | Head | None = None,
        *,
        query: Mapping[str, str] | None = None,
        deadlines: Deadlines | None = None,
    ) -> Reply:
        """Send `body` to `path` and return the answer, whatever its status.

        Args:
            path: Appended to the base URL; any character that a path cannot hold is escaped, `?` and `#` included.
            body: JSON, as bytes.
            headers: Of this request only; they win over the others.
            query: What stands behind the path.
            deadlines: Of the attempt that this request is; by default those of an attempt that begins now.

        Raises:
            ParameterError: A header cannot be sent.
            APITimeoutError: No answer came in time.
            APIConnectionError: No answer came, or it was cut, broken or too long.
        """
        return await self._whole("POST", _target(path, query), body=body, headers=_json(headers), deadlines=deadlines)

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Reply:
        """Return what is at `path`; see `post`."""
        return await self._whole("GET", _target(path, query), body=None, headers=_GZIP)

    async def delete(self, path: str) -> Reply:
        """Have what is at `path` deleted, and return the answer; see `post`."""
        return await self._whole("DELETE", escaped(path), body=None, headers=_GZIP)

    def stream(
        self,
        path: str,
        body: bytes,
        headers: Mapping[str, str] | Head | None = None,
        *,
        deadlines: Deadlines | None = None,
    ) -> AbstractAsyncContextManager[StreamReply]:
        """Send `body` to `path` and give the answer as it comes; see `post`. Leaving the block ends the request."""
        return self._exchange("POST", escaped(path), body=body, headers=_json(headers), deadlines=deadlines)

    async def aclose(self) -> None:
        """Close the idle connections of the running event loop; those in use are closed when their answers are read.

        A later request opens new ones.
        """
        self._sender.close()

    async def _whole(
        self, method: str, target: str, *, body: bytes | None, headers: Head, deadlines: Deadlines | None = None
    ) -> Reply:
        async with self._exchange(method, target, body=body, headers=headers, deadlines=deadlines) as reply:
            return Reply(reply.status, reply.headers, await reply.read())

    def _exchange(
        self, method: str, target: str, *, body: bytes | None, headers: Head, deadlines: Deadlines | None
    ) -> _Exchange:
        deadlines = deadlines or self.deadlines()
        send = partial(self._sender.send, method, target, body=body, headers=headers, deadlines=deadlines)
        return _Exchange(send, _Trial(self.where, deadlines, self._sender), limit=self.caps.body)

    def __repr__(self) -> str:
        # A traceback may show one that could not be made.
        return f"Http({getattr(self, 'where', None)!r})"


class _Trial:
    """What goes wrong with one request, put into our words, and when it is too late."""

    __slots__ = ("_is_punctual", "_timeouts", "deadlines", "where")

    def __init__(self, where: str, deadlines: Deadlines, sender: Sender) -> None:
        self.where = where
        self.deadlines = deadlines
        self._timeouts = sender.timeouts
        self._is_punctual = sender.is_punctual

    def scope(self, part: str) -> AbstractContextManager[object]:
        """Return what ends a wait in time, unless the sender sees to that: a scope costs as much as all else here."""
        return _NO_SCOPE if self._is_punctual else self.deadlines.scope(part)

    def failure(self, error: Exception) -> APIConnectionError:
        """Return the error to raise instead of `error`."""
        failure = explained(error, self.where, self._timeouts)
        # What another's transport found too long, it found by a time of its own.
        is_ours = self._is_punctual and self.deadlines.is_due and isinstance(failure, APITimeoutError)
        return self.deadlines.missed(self.where) if is_ours else failure


class _Exchange(AbstractAsyncContextManager[StreamReply]):
    """One request, from sending it to closing its answer."""

    __slots__ = ("_answer", "_limit", "_send", "_trial")

    def __init__(self, send: Callable[[], Awaitable[Answer]], trial: _Trial, *, limit: int) -> None:
        self._send = send
        self._trial = trial
        self._limit = limit
        self._answer: Answer | None = None

    async def __aenter__(self) -> StreamReply:
        trial = self._trial
        try:
            with trial.scope("all"):
                answer = self._answer = await self._send()
                return await self._reply(answer)
        except failures() as error:
            failure = trial.failure(error)
        else:
            failure = trial.deadlines.missed(trial.where)
        # Outside of the handler, so that the error of httpx, which holds the request and its key, is not attached.
        raise failure

    async def _reply(self, answer: Answer) -> StreamReply:
        headers = _by_name(answer.headers)
        try:
            chunks = decoded(_Pieces(aiter(answer), self._trial), headers.get("content-encoding", ""))
        except APIConnectionError:
            await answer.aclose()
            raise
        return StreamReply(answer.status, headers, chunks, self._limit)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._answer is not None:
            await self._answer.aclose()


class _Pieces:
    """The pieces of a body, each in time."""

    __slots__ = ("_next", "_trial")

    def __init__(self, pieces: AsyncIterator[bytes], trial: _Trial) -> None:
        self._next = pieces.__anext__
        self._trial = trial

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        trial = self._trial
        try:
            with trial.scope("read"):
                piece = await self._next()
                trial.deadlines.check(trial.where)
                return piece
        except failures() as error:
            failure = trial.failure(error)
        else:
            failure = trial.deadlines.missed(trial.where)
        raise failure


def _target(path: str, query: Mapping[str, str] | None) -> str:
    return f"{escaped(path)}?{urlencode(query)}" if query else escaped(path)


def _json(headers: Mapping[str, str] | Head | None) -> Head:
    if not headers:
        return _JSON
    return _JSON | (headers if isinstance(headers, Head) else checked_headers(headers))


def _by_name(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    named: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        named[name] = f"{named[name]}, {value}" if name in named else value
    return named
