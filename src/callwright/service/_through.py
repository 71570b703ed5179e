"""Through a client of somebody else: httpx, httpx2, or whatever has their API, as a way to a service.

Loaded only by those who bring a client or a transport, and imports neither library by itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from typing import Any, Protocol, Self, cast

import anyio

from callwright.errors import ParameterError
from callwright.service._address import Address, Head
from callwright.service._deadlines import Deadlines, Timeouts
from callwright.service._straight import Answer, HttpClient, HttpTransport
from callwright.service._trouble import failures

__all__ = ["Through"]

_LIBRARIES = ("httpx", "httpx2")
_BUFFERED = 131_072
"""How many bytes may have come that nobody read."""
_PARTS = ("connect", "read", "write", "pool")
_UNSAID = 5.0
"""The timeouts of a client whose maker said nothing, in seconds; no model answers in that."""


class _Response(Protocol):
    """What httpx and its likes give."""

    status_code: int
    headers: Any
    stream: Any
    is_stream_consumed: bool

    def aiter_bytes(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None: ...


class Through:
    """Sends through a client of somebody else, with all that its owner gave it."""

    __slots__ = ("_base", "_client", "_headers", "_timeout", "timeouts")

    is_punctual = False
    """Transports of others may never have heard of timeouts."""

    @classmethod
    def of(
        cls,
        client: HttpClient | None,
        transport: HttpTransport | None,
        address: Address,
        *,
        headers: Head,
        timeouts: Timeouts,
    ) -> Self:
        """Send through `client`, or through a client of our own over `transport`.

        Raises:
            ParameterError: The transport is of no library that is known.
        """
        own = client if client is not None else _client_over(transport)
        return cls(own, address, headers=headers, timeouts=timeouts)

    def __init__(self, client: HttpClient, address: Address, *, headers: Head, timeouts: Timeouts) -> None:
        self._client = client
        self._base = f"{address.scheme}://{address.authority}{address.path}"
        self._headers = headers
        own = client.timeout
        if own != type(own)(_UNSAID):
            timeouts = replace(timeouts, **{part: getattr(own, part) for part in _PARTS})
        self.timeouts = timeouts
        self._timeout = type(own)(**{part: getattr(timeouts, part) for part in _PARTS})

    async def send(
        self, method: str, target: str, *, body: bytes | None, headers: Head, deadlines: Deadlines
    ) -> Answer:
        """See `Sender.send`; raises what the client raises."""
        del deadlines
        request = self._request(method, target, body, headers)
        return _Given(await self._client.send(request, stream=True, follow_redirects=False))

    def _request(self, method: str, target: str, body: bytes | None, headers: Head) -> object:
        fields = (self._headers | headers).fields()
        return self._client.build_request(
            method, self._base + target, content=body, headers=fields, timeout=self._timeout
        )

    def close(self) -> None:
        """Do nothing: the client is not ours."""


def _client_over(transport: HttpTransport | None) -> HttpClient:
    """Return a client of the library that the transport is of, or is made for."""
    for base in type(transport).__mro__:
        library = base.__module__.partition(".")[0]
        if library in _LIBRARIES:
            made: HttpClient = import_module(library).AsyncClient(transport=transport, trust_env=False)
            return made
    raise ParameterError(
        f"transport: expected an AsyncBaseTransport of httpx or httpx2; got {type(transport).__qualname__}"
    )


class _Given:
    """An answer of somebody else's client."""

    __slots__ = ("_chunks", "_response")

    def __init__(self, response: _Response) -> None:
        self._response = response
        self._chunks: AsyncIterator[bytes] | None = None

    @property
    def status(self) -> int:
        return self._response.status_code

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        raw = cast("list[tuple[bytes, bytes]]", self._response.headers.raw)
        # A response that was made from bytes, as those of mocks are, has already been read and decompressed.
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
        chunks = cast("AsyncGenerator[bytes] | None", self._chunks)
        if isinstance(chunks, AsyncGenerator):
            # They read by generators within generators. To close the outermost leaves the others to the collector,
            # which trio reports; an error at the bottom ends all of them, and a read that is cancelled is one.
            with anyio.CancelScope() as scope, suppress(StopAsyncIteration, *failures()):
                scope.cancel()
                left = _BUFFERED
                while left > 0:
                    left -= len(await anext(chunks)) or 1
            await chunks.aclose()
