"""Straight: requests to one address over connections of our own, past httpx."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Protocol

import httpcore

from callwright.service._address import Address, proxy_at
from callwright.service._lease import Leases

__all__ = ["Answer", "Sender", "Straight", "Timeouts", "leases_of"]

_KEEP_ALIVE = 50.0
"""Seconds that an idle connection is kept: load balancers commonly hang up after 60."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each part of a request may take, in seconds; None is no limit."""

    connect: float | None = 10.0
    """Looking up the name and connecting, and as much again for the TLS handshake."""
    read: float | None = 600.0
    """Before the first piece of an answer, and between two of them: models think for minutes."""
    write: float | None = 60.0
    """Between two pieces of the request that the service takes."""
    pool: float | None = 600.0
    """Waiting in line while all connections are busy."""


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

    async def send(self, method: str, target: str, *, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send one request and return its answer, the body still to be read.

        Args:
            method: `GET`, `POST`.
            target: Path and query, escaped; appended to the address.
            body: None for none.
            headers: By lower-case name; they win over those of all requests.
        """
        ...

    def close(self) -> None:
        """Close what lies idle in the running event loop."""
        ...


class Straight:
    """A sender without httpx, whose URL, header and request objects take a third of a request's CPU time.

    Args:
        leases: The connections.
        address: Where all requests go.
        headers: Of all requests, by lower-case name.
        timeouts: See `Timeouts`.
    """

    __slots__ = ("_address", "_extensions", "_head", "_leases")

    def __init__(self, leases: Leases, address: Address, *, headers: Mapping[str, str], timeouts: Timeouts) -> None:
        self._leases = leases
        self._address = address
        self._head = _encoded({"host": address.authority, **headers})
        self._extensions = {"timeout": asdict(timeouts)}

    async def send(self, method: str, target: str, *, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """See `Sender.send`; raises what `Leases.send` raises."""
        address = self._address
        head = self._head | _encoded(headers)
        if body is not None:
            head[b"content-length"] = b"%d" % len(body)
        url = httpcore.URL(scheme=address.scheme, host=address.host, port=address.port, target=address.path + target)
        request = httpcore.Request(method, url, headers=list(head.items()), content=body, extensions=self._extensions)
        return await self._leases.send(request, is_replayable=True)

    def close(self) -> None:
        """See `Leases.close`."""
        self._leases.close()


def _encoded(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    return {name.encode("ascii"): value.encode("ascii") for name, value in headers.items()}


def leases_of(limit: int, *, verify: ssl.SSLContext | None, proxy: str | None, reconnect: bool) -> Leases:
    """Return the connections of one client, see `Leases`.

    Raises:
        ParameterError: The proxy's address cannot be used.
    """

    def tls() -> ssl.SSLContext:
        return verify or _default_tls()

    way = None if proxy is None else proxy_at(proxy)
    if way is not None and way.url.scheme == b"https":
        way.ssl_context = tls()
    return Leases(limit=limit, expiry=_KEEP_ALIVE, tls=tls, proxy=way, reconnect=reconnect)


@cache
def _default_tls() -> ssl.SSLContext:
    """Return the context of all clients that brought none; made when first needed, since it takes 20 ms."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    is_told = bool(file or folder)
    context = ssl.create_default_context(cafile=file, capath=folder) if is_told else httpcore.default_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
