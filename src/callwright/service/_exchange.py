"""An exchange: requests and responses, one after another, on one HTTP/1.1 connection."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from typing import Self, cast

import h11
import httpcore

from callwright.service._socket import Dialer

__all__ = ["Exchange", "extensions_of", "timeouts_of"]

_CHUNK = 65_536
_HEAD_LIMIT = 65_536
"""The longest response head that is read, in bytes; those of real services are a tenth of it."""
_INTERIM_LIMIT = 20
"""How many 1xx answers may come before the real one."""
_SWITCHED = 101


class Exchange:
    """One connection straight to a service: a leaner `httpcore.AsyncHTTPConnection`.

    A lease has its connection to itself, so the three locks that httpcore takes for each request guard against nothing;
    with them, its traces and its nested generators a request takes twice the CPU time. HTTP itself is h11's in both.

    Args:
        origin: Where it leads.
        tls: For https; None for http.
        dialer: Opens the socket and owns it.
    """

    __slots__ = ("_dialer", "_is_idle", "_is_sent", "_next", "_origin", "_state", "_stream", "_timeouts", "_tls")

    def __init__(self, origin: httpcore.Origin, tls: ssl.SSLContext | None, dialer: Dialer) -> None:
        self._origin = origin
        self._tls = tls
        self._dialer = dialer
        self._stream: httpcore.AsyncNetworkStream | None = None
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_LIMIT)
        self._next: h11.Event | h11.RemoteProtocolError | None = None
        """What was read beyond the data that was handed out."""
        self._is_idle = False
        self._is_sent = False
        self._timeouts: Mapping[str, float | None] = {}
        """Of the request; asked anew before each wait, since they may have grown shorter."""

    def is_idle(self) -> bool:
        """Return whether the last response was read to its end and the connection can take a request."""
        return self._is_idle

    def has_expired(self) -> bool:
        """Return whether the service has hung up, or sent what nobody asked for."""
        return self._stream is None or bool(self._stream.get_extra_info("is_readable"))

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send `request` and return its response, the body still to be read.

        The timeouts are those of `request.extensions["timeout"]`, as in httpcore, asked before each wait.

        Raises:
            httpcore.NetworkError: The connection could not be made, or broke.
            httpcore.TimeoutException: Not in time.
            httpcore.ProtocolError: The request cannot be sent as HTTP, or the answer is none.
        """
        self._is_idle = self._is_sent = False
        self._timeouts = timeouts_of(request)
        stream = self._stream
        if stream is None:
            stream = self._stream = await self._connect()
        try:
            await self._send(stream, request)
            self._is_sent = True
        except httpcore.WriteError:
            # A service that refuses a long request answers and hangs up before all of it was sent: read the answer.
            pass
        head = await self._head()
        return httpcore.Response(
            head.status_code,
            headers=head.headers.raw_items(),
            content=_Body(self),
            extensions={
                "http_version": b"HTTP/" + head.http_version,
                "reason_phrase": head.reason,
                "network_stream": stream,
            },
        )

    async def _head(self) -> h11.Response:
        for _ in range(_INTERIM_LIMIT):
            event = await self.receive()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse) or event.status_code == _SWITCHED:
                break
        raise httpcore.RemoteProtocolError("expected an answer; the service sent only interim ones")

    async def _connect(self) -> httpcore.AsyncNetworkStream:
        host, timeouts = self._origin.host.decode("ascii"), self._timeouts
        stream = await self._dialer.connect_tcp(host, self._origin.port, timeouts.get("connect"))
        if self._tls is None:
            return stream
        return await stream.start_tls(self._tls, host, timeouts.get("connect"))

    async def _send(self, stream: httpcore.AsyncNetworkStream, request: httpcore.Request) -> None:
        state = self._state
        chunks = aiter(cast("AsyncIterable[bytes]", request.stream))
        unsent = _Unsent(state)
        try:
            # Head and body leave together: one packet, and the service wakes up once.
            unsent.add(h11.Request(method=request.method, target=request.url.target, headers=request.headers))
            async for chunk in chunks:
                unsent.add(h11.Data(data=chunk))
                if unsent.size > _CHUNK:
                    await stream.write(unsent.take(), self._timeouts.get("write"))
            unsent.add(h11.EndOfMessage())
        except h11.LocalProtocolError as error:
            raise httpcore.LocalProtocolError(str(error)) from error
        finally:
            # A generator that is left in the middle would be reported when it is collected.
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()
        await stream.write(unsent.take(), self._timeouts.get("write"))

    async def receive(self) -> h11.Event:
        """Return the next event of the response that is being read.

        Raises:
            httpcore.NetworkError: The connection broke.
            httpcore.ReadTimeout: Nothing came in time.
            httpcore.RemoteProtocolError: What came is no HTTP, or ended too early.
        """
        state = self._state
        while True:
            event, self._next = self._next or _event(state), None
            if isinstance(event, h11.RemoteProtocolError):
                raise httpcore.RemoteProtocolError(str(event)) from event
            if isinstance(event, h11.Event):
                return event
            if event is h11.PAUSED or self._stream is None:
                raise httpcore.RemoteProtocolError("the service switched to another protocol")
            received = await self._stream.read(_CHUNK, self._timeouts.get("read"))
            if not received and state.their_state is h11.SEND_RESPONSE:
                raise httpcore.RemoteProtocolError("the service hung up without an answer")
            state.receive_data(received)

    def joined(self, first: bytes) -> bytes:
        """Return `first` and all data behind it that has come already: a service sends many small chunks at once."""
        pieces = [first]
        while isinstance(event := _event(self._state), h11.Data):
            pieces.append(event.data)
        if isinstance(event, h11.Event | h11.RemoteProtocolError):
            # The end, or an error: it comes after the data before it.
            self._next = event
        return b"".join(pieces)

    def finish(self) -> None:
        """Make ready for the next request, if this one left the connection as it should be."""
        state = self._state
        is_done = state.our_state is h11.DONE and state.their_state is h11.DONE
        # Bytes behind the end would be taken for the answer to the next request.
        if is_done and self._is_sent and not state.trailing_data[0]:
            state.start_next_cycle()
            self._is_idle = True


class _Unsent:
    """What is to be sent next, key included: in no variable of a function that may fail, where tracebacks show it."""

    __slots__ = ("_pieces", "_state", "size")

    def __init__(self, state: h11.Connection) -> None:
        self._state = state
        self._pieces: list[bytes] = []
        self.size = 0
        """In bytes."""

    def add(self, event: h11.Event) -> None:
        """Add what h11 makes of an event.

        Raises:
            h11.LocalProtocolError: It cannot be sent as HTTP.
        """
        piece = self._state.send(event)
        if piece:
            self._pieces.append(piece)
            self.size += len(piece)

    def take(self) -> bytes:
        """Return all of it, and begin anew."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        # Typed as what httpcore's streams take; theirs make a view of it as well.
        return cast("bytes", memoryview(taken))


class _Body:
    """The body of one response, read piece by piece; no generator, so leaving it early leaves nothing to clean up."""

    __slots__ = ("_exchange", "_is_over")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        # Once it is over the connection belongs to the next request, whose answer must not be read here.
        self._is_over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._is_over:
            raise StopAsyncIteration
        event = await self._exchange.receive()
        if isinstance(event, h11.Data):
            return self._exchange.joined(event.data)
        self._is_over = True
        self._exchange.finish()
        raise StopAsyncIteration


def _event(state: h11.Connection) -> type[h11.NEED_DATA | h11.PAUSED] | h11.Event | h11.RemoteProtocolError:
    try:
        return state.next_event()
    except h11.RemoteProtocolError as error:
        return error


def extensions_of(message: httpcore.Request | httpcore.Response) -> Mapping[str, object]:
    """Return what httpcore lets travel with a message besides HTTP."""
    return cast("Mapping[str, object]", message.extensions)  # pyright: ignore[reportUnknownMemberType]


def timeouts_of(request: httpcore.Request) -> Mapping[str, float | None]:
    """Return `connect`, `read`, `write` and `pool` in seconds, as far as `request` says."""
    return cast("Mapping[str, float | None]", extensions_of(request).get("timeout") or {})
