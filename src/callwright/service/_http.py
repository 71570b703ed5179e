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
from contextlib import AbstractAsyncContextManager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from callwright.errors import APIConnectionError
from callwright.service._address import Address, checked_headers, environment_proxy, escaped
from callwright.service._body import decoded, joined
from callwright.service._straight import Answer, Sender, Straight, Timeouts, leases_of
from callwright.service._trouble import explained, failures

if TYPE_CHECKING:
    import httpx

__all__ = ["Http", "Reply", "StreamReply", "Timeouts"]

_BODY_LIMIT = 32 * 2**20
_HEADERS = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "callwright"}
_JSON = {"content-type": "application/json"}


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
        http_client: The user's own; used as it is, and never closed here.
        transport: Taken by httpx instead of our connections, such as `httpx.MockTransport`; not closed either.
        max_connections: How many may be open at once in one event loop, >= 1; further requests wait in line, first
            come, first served. Each takes a file descriptor: mind `ulimit -n`.
        verify: For https; the default trusts what httpx trusts, `SSL_CERT_FILE` and `SSL_CERT_DIR` included.
        body_limit: The longest body that is read as a whole, decompressed, in bytes.
        reconnect: See `Leases`.

    Raises:
        ParameterError: `base_url`, a header, or the address of a proxy cannot be used.
    """

    __slots__ = ("_limit", "_sender", "_where")

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        timeouts: Timeouts | None = None,
        http_client: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        max_connections: int = 1000,
        verify: ssl.SSLContext | None = None,
        body_limit: int = _BODY_LIMIT,
        reconnect: bool = True,
    ) -> None:
        address = Address.of(base_url)
        sent = _HEADERS | checked_headers(headers)
        waits = timeouts or Timeouts()
        self._limit = body_limit
        self._where = address.where
        self._sender: Sender
        if http_client is not None or transport is not None:
            # httpx is loaded by those who bring something of it: it is the larger half of what a client imports.
            from callwright.service._httpx import Through  # noqa: PLC0415

            self._sender = Through.of(http_client, transport, address, headers=sent, timeouts=waits)
            return
        proxy = environment_proxy(address)
        if proxy is not None:
            self._where += " by the proxy of the environment"
        leases = leases_of(max_connections, verify=verify, proxy=proxy, reconnect=reconnect)
        self._sender = Straight(leases, address, headers=sent, timeouts=waits)

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        """Send `body` to `path` and return the answer, whatever its status.

        Args:
            path: Appended to the base URL; any character that a path cannot hold is escaped, `?` and `#` included.
            body: JSON, as bytes.
            headers: Of this request only; they win over the others.

        Raises:
            ParameterError: A header cannot be sent.
            APITimeoutError: No answer came in time.
            APIConnectionError: No answer came, or it was cut, broken or too long.
        """
        return await self._whole("POST", escaped(path), body=body, headers=_json(headers))

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Reply:
        """Return what is at `path`; see `post`."""
        target = f"{escaped(path)}?{urlencode(query)}" if query else escaped(path)
        return await self._whole("GET", target, body=None, headers={"accept-encoding": "gzip"})

    def stream(
        self, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[StreamReply]:
        """Send `body` to `path` and give the answer as it comes; see `post`. Leaving the block ends the request."""
        send = partial(self._sender.send, "POST", escaped(path), body=body, headers=_json(headers))
        return _Exchange(send, self._where, limit=self._limit)

    async def aclose(self) -> None:
        """Close the idle connections of the running event loop; those in use are closed when their answers are read.

        A later request opens new ones.
        """
        self._sender.close()

    async def _whole(self, method: str, target: str, *, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        send = partial(self._sender.send, method, target, body=body, headers=headers)
        async with _Exchange(send, self._where, limit=self._limit) as reply:
            return Reply(reply.status, reply.headers, await reply.read())

    def __repr__(self) -> str:
        return f"Http({self._where!r})"


class _Exchange(AbstractAsyncContextManager[StreamReply]):
    """One request, from sending it to closing its answer, with whatever goes wrong put into our words."""

    __slots__ = ("_answer", "_limit", "_send", "_where")

    def __init__(self, send: Callable[[], Awaitable[Answer]], where: str, *, limit: int) -> None:
        self._send = send
        self._where = where
        self._limit = limit

    async def __aenter__(self) -> StreamReply:
        try:
            answer = self._answer = await self._send()
        except failures() as error:
            failure = explained(error, self._where)
        else:
            headers = _by_name(answer.headers)
            try:
                chunks = decoded(_Explaining(aiter(answer), self._where), headers.get("content-encoding", ""))
            except APIConnectionError:
                await answer.aclose()
                raise
            return StreamReply(answer.status, headers, chunks, self._limit)
        # Outside of the handler, so that the error of httpx, which holds the request and its key, is not attached.
        raise failure

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._answer.aclose()


class _Explaining:
    """The chunks of a body, with whatever goes wrong put into our words."""

    __slots__ = ("_next", "_where")

    def __init__(self, chunks: AsyncIterator[bytes], where: str) -> None:
        self._next = chunks.__anext__
        self._where = where

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self._next()
        except failures() as error:
            failure = explained(error, self._where)
        raise failure


def _json(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    return _JSON if not headers else _JSON | checked_headers(headers)


def _by_name(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    named: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        named[name] = f"{named[name]}, {value}" if name in named else value
    return named
