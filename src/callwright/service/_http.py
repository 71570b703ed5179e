"""HTTP: requests to one service and their answers as bytes; the only file that names httpx."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import asdict
from functools import cache, partial
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlencode

import anyio
import httpcore
import httpx

from callwright.errors import APIConnectionError
from callwright.service._address import Address, checked_headers, environment_proxy, escaped, proxy_at
from callwright.service._body import decoded, joined
from callwright.service._lease import Lease, Leases
from callwright.service._straight import Answer, Sender, Straight, Timeouts
from callwright.service._trouble import explained

__all__ = ["Http", "LeasedTransport", "Reply", "StreamReply", "Timeouts"]

_KEEP_ALIVE = 50.0
"""Seconds that an idle connection is kept: load balancers commonly hang up after 60."""
_BODY_LIMIT = 32 * 2**20
_HEADERS = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "callwright"}
_JSON = {"content-type": "application/json"}
_HTTPX_TIMEOUT = httpx.Timeout(5.0)
"""What a client of httpx has if its maker said nothing; no model answers in that."""
_FAILURES = (
    *(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError),
    *(httpx.HTTPError, httpx.StreamError, httpx.InvalidURL),
    *(anyio.BrokenResourceError, anyio.BusyResourceError, anyio.ClosedResourceError, anyio.EndOfStream, OSError),
)
"""What a failed request raises: ours by httpcore, a given client's by httpx, and what lies below both."""


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
            client = http_client or httpx.AsyncClient(transport=transport, trust_env=False)
            self._sender = _Through(client, address, headers=sent, timeouts=waits)
            return
        proxy = environment_proxy(address)
        if proxy is not None:
            self._where += " by the proxy of the environment"
        leases = _leases(max_connections, verify=verify, proxy=proxy, reconnect=reconnect)
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


class LeasedTransport(httpx.AsyncBaseTransport):
    """Our connections under a client of httpx: `httpx.AsyncClient(transport=LeasedTransport())`.

    For those who need hooks, authentication or cookies of httpx; `Http` by itself goes past it. HTTP/1.1 only.

    Args:
        max_connections: See `Http`.
        verify: See `Http`.
        proxy: `http://host:port`, https or socks5; a client with a transport does not look into the environment.
        reconnect: See `Http`.

    Raises:
        ParameterError: `proxy` cannot be used.
    """

    def __init__(
        self,
        *,
        max_connections: int = 1000,
        verify: ssl.SSLContext | None = None,
        proxy: str | None = None,
        reconnect: bool = True,
    ) -> None:
        self._leases = _leases(max_connections, verify=verify, proxy=proxy, reconnect=reconnect)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`, as httpx asks its transports to.

        Raises:
            httpx.TransportError: It failed.
        """
        url = request.url
        sent = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=cast("AsyncIterable[bytes]", request.stream),
            extensions=request.extensions,
        )
        with _as_httpx():
            lease = await self._leases.send(sent, is_replayable=isinstance(request.stream, httpx.ByteStream))
        return httpx.Response(
            lease.status, headers=lease.headers, stream=_LeasedBody(lease), extensions=lease.extensions
        )

    async def aclose(self) -> None:
        """See `Http.aclose`."""
        self._leases.close()


class _LeasedBody(httpx.AsyncByteStream):
    """A lease, as httpx reads bodies."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._next = aiter(lease).__anext__

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        with _as_httpx():
            return await self._next()

    async def aclose(self) -> None:
        await self._lease.aclose()


class _Through:
    """Sends through a client of httpx, with all that its owner gave it."""

    __slots__ = ("_base", "_client", "_headers", "_timeout")

    def __init__(
        self, client: httpx.AsyncClient, address: Address, *, headers: Mapping[str, str], timeouts: Timeouts
    ) -> None:
        self._client = client
        self._base = f"{address.scheme}://{address.authority}{address.path}"
        self._headers = headers
        self._timeout = client.timeout if client.timeout != _HTTPX_TIMEOUT else httpx.Timeout(**asdict(timeouts))

    async def send(self, method: str, target: str, *, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        request = self._client.build_request(
            method, self._base + target, content=body, headers={**self._headers, **headers}, timeout=self._timeout
        )
        return _Given(await self._client.send(request, stream=True, follow_redirects=False))

    def close(self) -> None:
        """Do nothing: the client is not ours."""


class _Given:
    """An answer of httpx."""

    __slots__ = ("_chunks", "_response")

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._chunks: AsyncIterator[bytes] | None = None

    @property
    def status(self) -> int:
        return self._response.status_code

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        raw = self._response.headers.raw
        # A response that was made from bytes, as those of mocks are, has already been read and decompressed by httpx.
        return [header for header in raw if header[0].lower() != b"content-encoding"] if self._is_read else raw

    @property
    def _is_read(self) -> bool:
        return self._response.is_stream_consumed

    def __aiter__(self) -> AsyncIterator[bytes]:
        # Not `aiter_raw`: it is a generator around this one, and closing the outer does not close the inner.
        self._chunks = self._response.aiter_bytes() if self._is_read else aiter(self._as_stream)
        return self._chunks

    @property
    def _as_stream(self) -> AsyncIterable[bytes]:
        return cast("AsyncIterable[bytes]", self._response.stream)

    async def aclose(self) -> None:
        await self._response.aclose()
        # httpx reads by generators; one that is left in the middle would be reported when it is collected.
        if isinstance(self._chunks, AsyncGenerator):
            await self._chunks.aclose()


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
        except _FAILURES as error:
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
        except _FAILURES as error:
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


def _leases(limit: int, *, verify: ssl.SSLContext | None, proxy: str | None, reconnect: bool) -> Leases:
    def tls() -> ssl.SSLContext:
        return verify or _default_tls()

    way = None if proxy is None else proxy_at(proxy)
    if way is not None and way.url.scheme == b"https":
        way.ssl_context = tls()
    return Leases(limit=limit, expiry=_KEEP_ALIVE, tls=tls, proxy=way, reconnect=reconnect)


@cache
def _default_tls() -> ssl.SSLContext:
    """Return the context of all clients that brought none; it takes 20 ms to make, so it is made when first needed."""
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


@contextmanager
def _as_httpx() -> Generator[None]:
    """Raise errors of httpcore as those of httpx, which have the same names."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
        kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
        raise kind(str(error)) from error
