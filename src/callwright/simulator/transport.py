"""The transport: the offline OpenRouter inside an httpx client, without a socket."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import anyio
import anyio.lowlevel
import httpx

from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.reply import Cut, Pause, Reply

__all__ = ["SimulatorTransport"]


class SimulatorTransport(httpx.AsyncBaseTransport):
    """Answers every request of a client, whatever its host, as the service does; on asyncio and trio."""

    def __init__(self, service: OfflineOpenRouter | None = None) -> None:
        """Answer as `service` does; None: as a new one."""
        self.service = service if service is not None else OfflineOpenRouter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer to `request`, its body still to come.

        Raises:
            httpx.RemoteProtocolError: The scenario cuts the connection before the answer.
            httpx.ReadTimeout: The pause before the answer is longer than the client waits.
        """
        content = await request.aread()
        path = request.url.raw_path.decode("ascii")
        reply = self.service.answer(request.method, path, dict(request.headers), content)
        patience = request.extensions.get("timeout", {}).get("read")
        body = _Body(reply, patience, self.service)
        await body.begin()
        return httpx.Response(reply.status, headers=list(reply.headers), stream=body, request=request)


class _Body(httpx.AsyncByteStream):
    """The pieces of a reply, as they come."""

    def __init__(self, reply: Reply, patience: float | None, service: OfflineOpenRouter) -> None:
        self._reply = reply
        self._patience = patience
        self._service = service
        self._pieces = iter(reply.pieces)
        self._whole = False

    async def begin(self) -> None:
        """Wait for the first bytes, with which the head comes."""
        first = await self._next("Server disconnected without sending a response.")
        if first is not None:
            self._pieces = itertools.chain([first], self._pieces)

    # No generator: one that is left in the middle would be closed by the garbage collector, which trio forbids.
    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        await anyio.lowlevel.checkpoint()
        piece = await self._next(
            "peer closed connection without sending complete message body (incomplete chunked read)"
        )
        if piece is None:
            self._whole = True
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Tell the service if the client leaves early."""
        if not self._whole:
            self._service.hung_up(self._reply)

    async def _next(self, cut: str) -> bytes | None:
        """Return the next bytes, after the pauses before them; None at the end."""
        for piece in self._pieces:
            match piece:
                case bytes():
                    return piece
                case Pause(seconds):
                    await self._wait(seconds)
                case Cut():
                    raise httpx.RemoteProtocolError(cut)
        return None

    async def _wait(self, seconds: float) -> None:
        if self._patience is None or seconds < self._patience:
            await anyio.sleep(seconds)
            return
        await anyio.sleep(self._patience)
        raise httpx.ReadTimeout(f"no bytes for {self._patience:g} s")
