"""Sockets: TCP and TLS streams that belong to one connection and close without waiting."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, zip_longest
from typing import TypeVar, cast

import anyio
import httpcore

from callwright._clock import SYSTEM_CLOCK, Clock, move_on_after

__all__ = ["Dialer"]

_T = TypeVar("_T")
_Address = tuple[int, int, int, tuple[object, ...]]
"""Family, kind, protocol and address of a socket, as `getaddrinfo` gives them."""

_CHUNK = 65_536
_STAGGER = 0.25
"""Seconds that one address has to itself before the next one is tried beside it. Source: RFC 8305, section 5."""
_PENDING = {errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR}

_OPTIONS: tuple[httpcore.SOCKET_OPTION, ...] = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    # A model may think for minutes without a byte; probes keep the path open and notice a peer that is gone.
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5))
        if hasattr(socket, name)
    ),
)


class Dialer(httpcore.AsyncNetworkBackend):
    """Opens the sockets of one connection and owns them: after `close` none is left, however the opening ended.

    The streams of httpcore's own backends close by waiting, and a task that is cancelled twice does not wait: that is
    how sockets leak in the middle of a TLS handshake. Here closing is a plain call.

    Args:
        clock: By which timeouts count.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self.clock = clock
        self.heard = False
        """Whether a byte of an answer came since this was last set to False."""
        self._sockets: list[socket.socket] = []

    async def connect_tcp(  # noqa: PLR0917 - the signature is httpcore's
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return a stream to the first address of `host` that answers.

        Args:
            host: A name or an IP address.
            port: 1 to 65535.
            timeout: For all addresses together, in seconds; None is no limit.
            local_address: Where to connect from; None leaves it to the system.
            socket_options: Set besides our own: no delay, and keep-alive probes.

        Raises:
            httpcore.ConnectError: The name is unknown, or no address took the connection.
            httpcore.ConnectTimeout: Not in time.
        """
        options = [*_OPTIONS, *(socket_options or ())]
        try:
            with move_on_after(self.clock, timeout):
                addresses = await _addresses(host, port)
                return _TcpStream(await self._first(addresses, options=options, local=local_address), self)
        except TimeoutError as error:
            # The system's own, which is shorter.
            raise httpcore.ConnectTimeout(str(error)) from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        raise httpcore.ConnectTimeout(f"no connection within {timeout} s")

    def close(self) -> None:
        """Close every socket that was ever opened here; may be called twice, and from any thread."""
        while self._sockets:
            self._sockets.pop().close()

    async def _first(
        self, addresses: Sequence[_Address], *, options: Iterable[httpcore.SOCKET_OPTION], local: str | None
    ) -> socket.socket:
        """Return a socket to the first address that answers; the next one joins the race after `_STAGGER`."""
        if len(addresses) == 1:
            return await self._open(addresses[0], options=options, local=local)
        won: list[socket.socket] = []
        errors: list[OSError] = []

        async def attempt(address: _Address, over: anyio.Event) -> None:
            try:
                opened = await self._open(address, options=options, local=local)
            except OSError as error:
                errors.append(error)
                over.set()
            else:
                won.append(opened)
                race.cancel_scope.cancel()

        async with anyio.create_task_group() as race:
            for address in addresses:
                over = anyio.Event()
                race.start_soon(attempt, address, over)
                with anyio.move_on_after(_STAGGER):
                    await over.wait()
        for late in self._sockets:
            if late not in won[:1]:
                late.close()
        self._sockets = won[:1]
        if not won:
            raise errors[0]
        return won[0]

    async def _open(
        self, address: _Address, *, options: Iterable[httpcore.SOCKET_OPTION], local: str | None
    ) -> socket.socket:
        family, kind, protocol, where = address
        opening = _QuietSocket(family, kind, protocol)
        self._sockets.append(opening)
        opening.settimeout(0)
        for option in options:
            opening.setsockopt(*cast("tuple[int, int, int]", option))
        if local is not None:
            opening.bind((local, 0))
        failure = opening.connect_ex(where)
        if failure in _PENDING:
            await anyio.wait_writable(opening)
            failure = opening.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            raise OSError(failure, os.strerror(failure))
        return opening


class _QuietSocket(socket.socket):
    """A socket that closes without a word when it is forgotten.

    An idle connection of a client that nobody closed is no leak worth a `ResourceWarning`; a response that nobody
    closed is, and says so by itself.
    """

    __slots__ = ()

    def __del__(self) -> None:
        # One that could not be made, for want of descriptors, has nothing to close.
        with suppress(AttributeError):
            self.close()


class _TcpStream(httpcore.AsyncNetworkStream):
    """The bytes of one TCP connection."""

    def __init__(self, opened: socket.socket, dialer: Dialer) -> None:
        self._socket = opened
        self._dialer = dialer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Return what came, at most `max_bytes`; nothing at the end.

        Raises:
            httpcore.ReadError: The connection broke.
            httpcore.ReadTimeout: Nothing came for `timeout` seconds.
        """
        chunk = await self.receive(max_bytes, timeout)
        if chunk:
            self._dialer.heard = True
        return chunk

    async def receive(self, max_bytes: int, seconds: float | None) -> bytes:
        """Do as `read`, but unheard: these may be bytes of TLS that carry nothing of an answer."""
        while True:
            # Asking the loop first costs little and lets others run, however fast the service sends.
            await self._ready(anyio.wait_readable, seconds, httpcore.ReadTimeout)
            try:
                return self._socket.recv(max_bytes)
            except BlockingIOError:
                continue
            except OSError as error:
                raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send all of `buffer`.

        Raises:
            httpcore.WriteError: The connection broke.
            httpcore.WriteTimeout: Nothing was taken for `timeout` seconds.
        """
        left, buffer = memoryview(buffer), b""
        while left:
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                await self._ready(anyio.wait_writable, timeout, httpcore.WriteTimeout)
            except OSError as error:
                raise httpcore.WriteError(str(error)) from error

    async def _ready(
        self,
        wait: Callable[[socket.socket], Awaitable[None]],
        seconds: float | None,
        too_late: type[httpcore.TimeoutException],
    ) -> None:
        if self._socket.fileno() < 0:
            raise httpcore.ReadError("the connection is closed")
        if seconds is None:
            await wait(self._socket)
            return
        with move_on_after(self._dialer.clock, seconds):
            await wait(self._socket)
            return
        raise too_late(f"nothing for {seconds} s")

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """Return the same connection under TLS, after the handshake; see `_TlsStream.shake`."""
        return await _TlsStream(self, self._dialer, ssl_context, server_hostname).shake(timeout)

    async def aclose(self) -> None:
        """Close the connection's sockets, at once."""
        self._dialer.close()

    def get_extra_info(self, info: str) -> object:
        """Return what httpcore may ask for: `socket`, `is_readable`, `client_addr`, `server_addr`; else None."""
        match info:
            case "socket":
                return self._socket
            case "is_readable":
                return self._is_readable()
            case "client_addr":
                return self._socket.getsockname()
            case "server_addr":
                return self._socket.getpeername()
            case _:
                return None

    def _is_readable(self) -> bool:
        """Return whether a read would not wait: bytes are there, or the connection has ended."""
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


class _TlsStream(httpcore.AsyncNetworkStream):
    """The bytes inside a TLS session, over TCP or over another session (a proxy that is itself reached by TLS)."""

    def __init__(
        self, below: _TcpStream | _TlsStream, dialer: Dialer, context: ssl.SSLContext, hostname: str | None
    ) -> None:
        self._below = below
        self._dialer = dialer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._incoming, self._outgoing, server_hostname=hostname)

    async def shake(self, seconds: float | None) -> _TlsStream:
        """Do the handshake.

        Args:
            seconds: For the whole handshake; None is no limit.

        Raises:
            httpcore.ConnectError: The certificate does not hold, or the connection broke.
            httpcore.ConnectTimeout: Not in time.
        """
        with _failing(httpcore.ConnectError), move_on_after(self._dialer.clock, seconds):
            await self._step(self._session.do_handshake, None)
            return self
        raise httpcore.ConnectTimeout(f"no TLS handshake within {seconds} s")

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """See `_TcpStream.read`."""
        chunk = await self.receive(max_bytes, timeout)
        if chunk:
            self._dialer.heard = True
        return chunk

    async def receive(self, max_bytes: int, seconds: float | None) -> bytes:
        """See `_TcpStream.receive`."""
        with _failing(httpcore.ReadError):
            try:
                return await self._step(lambda: self._session.read(max_bytes), seconds)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                # Many servers leave without a goodbye; whether the body is whole is for HTTP to say.
                return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """See `_TcpStream.write`."""
        with _failing(httpcore.WriteError):
            left, buffer = memoryview(buffer), b""
            while left:
                piece = left[:_CHUNK]
                left = left[await self._step(lambda: self._session.write(piece), timeout) :]  # noqa: B023 - called here

    async def _step(self, step: Callable[[], _T], seconds: float | None) -> _T:
        """Return what `step` returns, exchanging bytes with the peer for as long as it asks for them."""
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                await self._flush(seconds)
                received = await self._below.receive(_CHUNK, seconds)
                if received:
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
            else:
                await self._flush(seconds)
                return done

    async def _flush(self, seconds: float | None) -> None:
        if self._outgoing.pending:
            await self._below.write(self._outgoing.read(), seconds)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """See `_TcpStream.start_tls`."""
        return await _TlsStream(self, self._dialer, ssl_context, server_hostname).shake(timeout)

    async def aclose(self) -> None:
        """Close the connection's sockets, at once."""
        self._dialer.close()

    def get_extra_info(self, info: str) -> object:
        """See `_TcpStream.get_extra_info`; also `ssl_object`."""
        if info == "ssl_object":
            return self._session
        if info == "is_readable" and (self._session.pending() or self._incoming.pending):
            return True
        return self._below.get_extra_info(info)


@contextmanager
def _failing(kind: type[httpcore.NetworkError]) -> Generator[None]:
    """Turn errors of TLS, and of the streams below it, into `kind`."""
    try:
        yield
    except (ssl.SSLError, httpcore.ReadError, httpcore.WriteError) as error:
        raise kind(str(error)) from error


async def _addresses(host: str, port: int) -> Sequence[_Address]:
    """Return the addresses of `host`, the two families in turns, the system's favourite first.

    Source: RFC 8305, section 4.
    """
    found: Sequence[tuple[int, int, int, str, tuple[object, ...]]]
    try:
        # A numeric address needs no thread.
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    favoured = [entry for entry in found if entry[0] == found[0][0]]
    others = [entry for entry in found if entry[0] != found[0][0]]
    turns = chain.from_iterable(zip_longest(favoured, others))
    return [(family, kind, protocol, where) for family, kind, protocol, _, where in filter(None, turns)]
