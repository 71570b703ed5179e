"""Straight: requests to one address over connections of our own, past httpx."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from functools import cache
from typing import Any, Protocol

import httpcore

from callwright._clock import SYSTEM_CLOCK, Clock
from callwright._secrets import Hidden
from callwright.service._address import Address, Head, proxy_at
from callwright.service._deadlines import Deadlines, Timeouts
from callwright.service._lease import Leases

__all__ = ["Answer", "HttpClient", "HttpTransport", "Sender", "Straight", "leases_of"]

_KEEP_ALIVE = 50.0
"""Seconds that an idle connection is kept: load balancers commonly hang up after 60."""


class Answer(Protocol):
    """A response whose body is still to be read, by iterating, and which must be closed."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """As they came."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """Give up what was not read."""
        ...


class Sender(Protocol):
    """A way to send requests to one address."""

    @property
    def timeouts(self) -> Timeouts:
        """How long its requests may take."""
        ...

    @property
    def is_punctual(self) -> bool:
        """Whether it heeds the deadlines by itself; whoever sends by another has to."""
        ...

    async def send(
        self, method: str, target: str, *, body: bytes | None, headers: Head, deadlines: Deadlines
    ) -> Answer:
        """Send one request and return its answer, the body still to be read.

        Args:
            method: `GET`, `POST`.
            target: Path and query, escaped; appended to the address.
            body: None for none.
            headers: They win over those of all requests.
            deadlines: Of the attempt.
        """
        ...

    def close(self) -> None:
        """Close what lies idle in the running event loop."""
        ...


class HttpClient(Protocol):
    """An `AsyncClient` of httpx, or of a library with its API, such as httpx2."""

    @property
    def timeout(self) -> Any:  # noqa: ANN401 - of whichever library
        """How long its requests may take."""
        ...

    @property
    def build_request(self) -> Callable[..., Any]:
        """Makes a request of the client's own headers and what is given."""
        ...

    @property
    def send(self) -> Callable[..., Awaitable[Any]]:
        """Sends a request."""
        ...


class HttpTransport(Protocol):
    """An async transport of httpx, or of a library with its API, such as httpx2."""

    @property
    def handle_async_request(self) -> Callable[..., Awaitable[Any]]:
        """Takes a request and gives a response."""
        ...


class Straight:
    """A sender without httpx, whose URL, header and request objects take a third of a request's CPU time.

    Args:
        leases: The connections.
        address: Where all requests go.
        headers: Of all requests.
        timeouts: See `Timeouts`.
    """

    __slots__ = ("_address", "_head", "_leases", "timeouts")

    is_punctual = True

    def __init__(self, leases: Leases, address: Address, *, headers: Head, timeouts: Timeouts) -> None:
        self._leases = leases
        self._address = address
        self._head = Head({"host": address.authority}) | headers
        self.timeouts = timeouts

    async def send(
        self, method: str, target: str, *, body: bytes | None, headers: Head, deadlines: Deadlines
    ) -> Answer:
        """See `Sender.send`; raises what `Leases.send` raises."""
        # httpcore asks these for each timeout as it would ask a dict.
        extensions: MutableMapping[str, object] = {"timeout": deadlines}
        request = self._request(method, target, body, headers, extensions)
        return await self._leases.send(request, is_replayable=True)

    def _request(  # noqa: PLR0917 - one caller, above
        self, method: str, target: str, body: bytes | None, headers: Head, extensions: MutableMapping[str, object]
    ) -> httpcore.Request:
        # In a function of its own, which has ended when something goes wrong: tracebacks show what is local.
        address = self._address
        head = self._head.encoded | headers.encoded
        if body is not None:
            head[b"content-length"] = b"%d" % len(body)
        url = httpcore.URL(scheme=address.scheme, host=address.host, port=address.port, target=address.path + target)
        return httpcore.Request(method, url, headers=list(head.items()), content=body, extensions=extensions)

    def close(self) -> None:
        """See `Leases.close`."""
        self._leases.close()


def leases_of(
    limit: int,
    *,
    verify: ssl.SSLContext | None,
    proxy: Hidden[str] | None,
    reconnect: bool,
    clock: Clock = SYSTEM_CLOCK,
) -> Leases:
    """Return the connections of one client, see `Leases`.

    Raises:
        ParameterError: The proxy's address cannot be used.
    """

    def tls() -> ssl.SSLContext:
        return verify or _default_tls()

    way = None if proxy is None else proxy_at(proxy)
    if way is not None and way.url.scheme == b"https":
        way.ssl_context = tls()
    return Leases(limit=limit, expiry=_KEEP_ALIVE, tls=tls, proxy=way, reconnect=reconnect, clock=clock)


@cache
def _default_tls() -> ssl.SSLContext:
    """Return the context of all clients that brought none; made when first needed, since it takes 20 ms."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    is_told = bool(file or folder)
    context = ssl.create_default_context(cafile=file, capath=folder) if is_told else httpcore.default_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
