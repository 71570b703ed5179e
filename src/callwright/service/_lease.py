"""Leases: connections that one request at a time has to itself, bounded and fair in each event loop."""

from __future__ import annotations

import ssl
import time
import warnings
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from contextlib import suppress
from typing import Protocol, cast

import anyio
import anyio.lowlevel
import httpcore

from callwright._clock import SYSTEM_CLOCK, Clock, move_on_after
from callwright.service._exchange import Exchange, extensions_of, timeouts_of
from callwright.service._socket import Dialer

__all__ = ["Lease", "Leases"]

_Key = tuple[bytes, bytes, int]
"""Scheme, host and port."""

_DEAD = (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError)
"""What a connection raises that the service had closed while nobody looked."""


class Leases:
    """The connections of one client: lent to one request each, kept for the next one, thrown away after any trouble.

    httpx and httpcore share connections through a pool that counts all of them at each request and loses slots when
    requests are cancelled; here a request takes a slot from a semaphore, then the connection that was used last.

    Args:
        limit: How many may be open at once in one event loop, >= 1; further requests wait in line.
        expiry: Seconds that a connection may lie idle and be used again, >= 0.
        tls: Gives the context for https; called when the first such connection is opened.
        proxy: Stands between; None is the straight way.
        reconnect: Whether a request is sent once more, at once, when a kept connection turns out to be dead and no byte
            of an answer came. The service may then have seen it twice, if it died just after reading.
        clock: By which timeouts count.
    """

    __slots__ = ("_clock", "_expiry", "_limit", "_pools", "_proxy", "_reconnect", "_tls")

    def __init__(
        self,
        *,
        limit: int,
        expiry: float,
        tls: Callable[[], ssl.SSLContext],
        proxy: httpcore.Proxy | None = None,
        reconnect: bool = True,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._clock = clock
        self._limit = limit
        self._expiry = expiry
        self._tls = tls
        self._proxy = proxy
        self._reconnect = reconnect
        # By event loop. An anyio `RunVar` would keep the sockets of a forgotten client as long as the loop runs.
        self._pools: dict[object, tuple[_Pool, AsyncGenerator[None, None]]] = {}

    async def send(self, request: httpcore.Request, *, is_replayable: bool) -> Lease:
        """Send `request` on a connection of its own and return its response.

        Args:
            request: Its `extensions["timeout"]` may hold `connect`, `read`, `write` and `pool`, in seconds.
            is_replayable: Whether the body can be sent twice: it is bytes, not a generator.

        Raises:
            httpcore.PoolTimeout: All connections were busy for too long.
            httpcore.NetworkError: The connection could not be made, or broke.
            httpcore.TimeoutException: Not in time.
            httpcore.ProtocolError: Not HTTP.
            httpcore.ProxyError: The proxy refused.
        """
        pool = await self._pool()
        origin = request.url.origin
        # Whoever replaced httpcore's connection class wants to see our requests.
        is_plain = _is_genuine() and extensions_of(request).keys() <= {"timeout"}
        await pool.enter(timeouts_of(request).get("pool"))
        connection = pool.take(_key(origin)) if is_plain else None
        is_used = connection is not None
        try:
            connection = connection or self._connect(origin, is_plain=is_plain)
            try:
                response = await connection.http.handle_async_request(request)
            except _DEAD:
                if connection.dialer.heard or not (is_used and is_replayable and self._reconnect):
                    raise
                connection.dialer.close()
                connection = self._connect(origin, is_plain=is_plain)
                response = await connection.http.handle_async_request(request)
        except BaseException:
            # The connection of a failed or cancelled request is never kept.
            if connection is not None:
                connection.dialer.close()
            pool.leave()
            raise
        return Lease(response, connection, pool)

    def close(self) -> None:
        """Close what lies idle in the running event loop; what is lent is closed when it comes back.

        The next request opens new connections. Other event loops close theirs when they end.
        """
        self._forget(anyio.lowlevel.current_token().native_token)

    def __del__(self) -> None:
        for loop in list(self._pools):
            self._forget(loop)

    async def _pool(self) -> _Pool:
        loop = anyio.lowlevel.current_token().native_token
        entry = self._pools.get(loop)
        if entry is None or entry[0].is_closed:
            self._forget_dead_loops()
            pool = _Pool(self._limit, self._expiry, loop, self._clock)
            entry = self._pools[loop] = (pool, _janitor(pool))
            # An event loop that ends also ends the generators that were begun in it.
            await anext(entry[1])
        return entry[0]

    def _forget_dead_loops(self) -> None:
        for loop, (pool, _) in list(self._pools.items()):
            is_dead = getattr(loop, "is_closed", None)
            if pool.is_closed or (is_dead is not None and is_dead()):
                self._forget(loop)

    def _forget(self, loop: object) -> None:
        entry = self._pools.pop(loop, None)
        if entry is not None:
            # The janitor does not wait, so it can be ended without an event loop, by one step.
            with suppress(StopIteration):
                entry[1].aclose().send(None)

    def _connect(self, origin: httpcore.Origin, *, is_plain: bool) -> _Connection:
        dialer = Dialer(self._clock)
        tls = self._tls() if origin.scheme == b"https" else None
        if is_plain and self._proxy is None:
            return _Connection(_key(origin), dialer, Exchange(origin, tls, dialer))
        # Only as a factory: it knows which connection goes with which proxy.
        factory = httpcore.AsyncConnectionPool(ssl_context=tls, proxy=self._proxy, network_backend=dialer)
        return _Connection(_key(origin), dialer, factory.create_connection(origin))


class Lease:
    """A response whose connection is ours until `aclose`; iterate over it for the body."""

    __slots__ = ("_connection", "_pool", "_response")

    def __init__(self, response: httpcore.Response, connection: _Connection, pool: _Pool) -> None:
        self._response = response
        self._connection: _Connection | None = connection
        self._pool = pool

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """As they came."""
        return self._response.headers

    @property
    def extensions(self) -> dict[str, object]:
        """See httpcore: `http_version`, `reason_phrase`, `network_stream`."""
        return dict(extensions_of(self._response))

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the body, as it comes, still compressed if the service compressed it.

        Raises:
            httpcore.NetworkError: The connection broke.
            httpcore.ReadTimeout: Nothing came in time.
            httpcore.RemoteProtocolError: The body ended too early, or is no HTTP.
        """
        return aiter(cast("AsyncIterable[bytes]", self._response.stream))

    async def aclose(self) -> None:
        """Give the connection back: kept if the body was read to its end, else closed. Further calls do nothing."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            # Our own bodies need no closing, and a task that is being torn down can only be left without waiting.
            if not connection.http.is_idle() and not isinstance(connection.http, Exchange):
                await self._response.aclose()
        finally:
            self._pool.put(connection)
            self._pool.leave()

    def __del__(self) -> None:
        connection, self._connection = getattr(self, "_connection", None), None
        if connection is not None:
            message = f"a response of {connection} was never closed; use `async with`, or call `aclose`"
            warnings.warn(message, ResourceWarning, stacklevel=2, source=self)
            connection.dialer.close()
            self._pool.leave_soon()


async def _janitor(pool: _Pool) -> AsyncGenerator[None, None]:
    """Close `pool` when this is ended."""
    try:
        yield
    finally:
        pool.close()


def _is_genuine() -> bool:
    """Return whether httpcore's connection class is as httpcore made it: test libraries replace its method."""
    send = httpcore.AsyncHTTPConnection.handle_async_request
    return send.__module__.startswith("httpcore.") and not hasattr(send, "__wrapped__")


def _key(origin: httpcore.Origin) -> _Key:
    return origin.scheme, origin.host, origin.port


class _Http(Protocol):
    """What a connection does; httpcore's do it, and `Exchange`."""

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response: ...

    def is_idle(self) -> bool: ...

    def has_expired(self) -> bool: ...


class _Connection:
    """One connection with the dialer that owns its sockets."""

    __slots__ = ("dialer", "http", "key", "returned_at")

    def __init__(self, key: _Key, dialer: Dialer, http: _Http) -> None:
        self.key = key
        self.dialer = dialer
        self.http = http
        self.returned_at = 0.0
        """On the monotonic clock, in seconds."""

    def __str__(self) -> str:
        scheme, host, port = self.key
        return f"{scheme.decode()}://{host.decode()}:{port}"


class _Pool:
    """The connections of one event loop, which alone may touch them."""

    __slots__ = ("_busy", "_clock", "_expiry", "_gate", "_idle", "_limit", "_loop", "is_closed")

    def __init__(self, limit: int, expiry: float, loop: object, clock: Clock) -> None:
        self._clock = clock
        self._limit = limit
        self._expiry = expiry
        self._loop = loop
        self._gate = anyio.Semaphore(limit)
        self._busy = 0
        # By origin; each with the one that was used last at its right end.
        self._idle: dict[_Key, deque[_Connection]] = {}
        self.is_closed = False

    async def enter(self, seconds: float | None) -> None:
        """Take a slot, first come, first served.

        Raises:
            httpcore.PoolTimeout: None was free for `seconds`.
        """
        if self._gate.value:
            # The semaphore hands freed slots to those who wait, so nobody is overtaken here.
            self._gate.acquire_nowait()
        else:
            with move_on_after(self._clock, seconds) as waiting:
                await self._gate.acquire()
            if waiting.cancelled_caught:
                raise httpcore.PoolTimeout(f"all {self._limit} connections were busy for {seconds} s")
        self._busy += 1

    def leave(self) -> None:
        """Give the slot to whoever waits longest."""
        self._busy -= 1
        self._gate.release()

    def leave_soon(self) -> None:
        """Do as `leave`, from any thread and any place in the program, such as the garbage collector."""
        # asyncio's name for taking calls from elsewhere, then trio's.
        name = "call_soon_threadsafe" if hasattr(self._loop, "call_soon_threadsafe") else "run_sync_soon"
        # A loop that has ended has no line any more.
        with suppress(RuntimeError):
            getattr(self._loop, name)(self.leave)

    def take(self, key: _Key) -> _Connection | None:
        """Return the connection to `key` that was used last and still lives; None if there is none.

        Makes room for a new one in that case.
        """
        kept = self._idle.get(key)
        oldest = time.monotonic() - self._expiry
        while kept:
            connection = kept.pop()
            if connection.returned_at >= oldest and not connection.http.has_expired():
                connection.dialer.heard = False
                return connection
            connection.dialer.close()
        while self._busy + sum(map(len, self._idle.values())) > self._limit:
            self._evict()
        return None

    def put(self, connection: _Connection) -> None:
        """Keep a connection that can be used again, close any other; sweep those that lay too long."""
        if self.is_closed or not connection.http.is_idle():
            connection.dialer.close()
            return
        now = connection.returned_at = time.monotonic()
        self._idle.setdefault(connection.key, deque()).append(connection)
        for key, kept in list(self._idle.items()):
            while kept and kept[0].returned_at < now - self._expiry:
                kept.popleft().dialer.close()
            if not kept:
                del self._idle[key]

    def _evict(self) -> None:
        """Close the connection that has been idle longest."""
        kept = min((kept for kept in self._idle.values() if kept), key=lambda kept: kept[0].returned_at)
        kept.popleft().dialer.close()

    def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back."""
        self.is_closed = True
        while self._idle:
            for connection in self._idle.popitem()[1]:
                connection.dialer.close()
