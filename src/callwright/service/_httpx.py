"""Through httpx: its clients as a way to a service, and our connections as a transport of its clients.

The only file that uses httpx, and loaded only by those who bring a client or a transport of it.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Self, cast

import httpcore
import httpx

from callwright._secrets import Hidden
from callwright.service._address import Address, Head
from callwright.service._deadlines import Deadlines, Timeouts
from callwright.service._lease import Lease
from callwright.service._straight import Answer, leases_of

__all__ = ["LeasedTransport", "Through"]

_HTTPX_TIMEOUT = httpx.Timeout(5.0)
"""What a client of httpx has if its maker said nothing; no model answers in that."""


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
        way = None if proxy is None else Hidden(proxy)
        proxy = None
        self._leases = leases_of(max_connections, verify=verify, proxy=way, reconnect=reconnect)

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


class Through:
    """Sends through a client of httpx, with all that its owner gave it."""

    __slots__ = ("_base", "_client", "_headers", "_timeout", "timeouts")

    is_punctual = False
    """Transports of others may never have heard of timeouts."""

    @classmethod
    def of(
        cls,
        client: httpx.AsyncClient | None,
        transport: httpx.AsyncBaseTransport | None,
        address: Address,
        *,
        headers: Head,
        timeouts: Timeouts,
    ) -> Self:
        """Send through `client`, or through a client of our own over `transport`."""
        own = client or httpx.AsyncClient(transport=transport, trust_env=False)
        return cls(own, address, headers=headers, timeouts=timeouts)

    def __init__(self, client: httpx.AsyncClient, address: Address, *, headers: Head, timeouts: Timeouts) -> None:
        self._client = client
        self._base = f"{address.scheme}://{address.authority}{address.path}"
        self._headers = headers
        parts = ("connect", "read", "write", "pool")
        own = client.timeout
        if own != _HTTPX_TIMEOUT:
            timeouts = replace(timeouts, **{part: getattr(own, part) for part in parts})
        self.timeouts = timeouts
        self._timeout = httpx.Timeout(**{part: getattr(timeouts, part) for part in parts})

    async def send(
        self, method: str, target: str, *, body: bytes | None, headers: Head, deadlines: Deadlines
    ) -> Answer:
        del deadlines
        request = self._request(method, target, body, headers)
        return _Given(await self._client.send(request, stream=True, follow_redirects=False))

    def _request(self, method: str, target: str, body: bytes | None, headers: Head) -> httpx.Request:
        fields = (self._headers | headers).fields()
        return self._client.build_request(
            method, self._base + target, content=body, headers=fields, timeout=self._timeout
        )

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
        chunks = cast("AsyncGenerator[bytes] | None", self._chunks)
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()


@contextmanager
def _as_httpx() -> Generator[None]:
    """Raise errors of httpcore as those of httpx, which have the same names."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
        kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
        raise kind(str(error)) from error
