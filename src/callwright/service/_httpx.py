"""Under httpx: our connections as a transport of its clients. The only file that uses httpx."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, AsyncIterator, Generator
from contextlib import contextmanager
from typing import cast

import httpcore
import httpx

from callwright._secrets import Hidden
from callwright.service._lease import Lease
from callwright.service._straight import leases_of

__all__ = ["LeasedTransport"]


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


@contextmanager
def _as_httpx() -> Generator[None]:
    """Raise errors of httpcore as those of httpx, which have the same names."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
        kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
        raise kind(str(error)) from error
