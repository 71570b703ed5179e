"""A fault server: a loopback HTTP server that answers, stalls, cuts and lies as its script says."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
import socket
import ssl
import stat
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio

__all__ = [
    "Fault",
    "FaultServer",
    "Request",
    "Step",
    "chunk",
    "client_sockets",
    "descriptors",
    "head",
    "running",
    "until",
    "whole",
]


class Fault(enum.Enum):
    """What a server may do besides sending bytes and waiting."""

    CLOSE = "hang up"
    RESET = "hang up with a reset"
    HANG = "say nothing more"
    TUNNEL = "connect to where the request says, and pass bytes both ways"


Step = bytes | float | Fault
"""Bytes are sent, a number is waited for in seconds, a fault ends the connection."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int
    """Of how many connections it came on the latest, counted from 1."""

    @property
    def path(self) -> str:
        return self.line.split(" ")[1]


@dataclass(slots=True)
class FaultServer:
    """What the server does, and what it has seen."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    """How many were ever accepted."""
    closed: int = 0
    """How many of them are closed on the server's side."""
    silent: int = 0
    """How many answers wait right now, because their script says so."""
    _scripts: dict[str, list[Sequence[Step]]] = field(default_factory=dict)

    def script(self, path: str, *answers: Sequence[Step]) -> None:
        """Answer requests for `path` with these, one after another; the last one stays."""
        self._scripts[path] = list(answers)

    def url(self, path: str = "", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = self.connections
        try:
            # A client that hangs up in the middle is what most tests are about.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    request = await _request(reader, connection)
                    self.requests.append(request)
                    if not await self._play(self._next(request.path), request, reader, writer):
                        break
        except asyncio.CancelledError:
            # The test is over: say no goodbyes.
            writer.transport.abort()
            raise
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            self.closed += 1

    def _next(self, path: str) -> Sequence[Step]:
        answers = self._scripts.get(path, [[whole(b"{}")]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def _play(
        self, steps: Sequence[Step], request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Return whether the connection can take another request."""
        for step in steps:
            match step:
                case bytes():
                    writer.write(step)
                    await writer.drain()
                case float():
                    with self._silence():
                        await asyncio.sleep(step)
                case Fault.CLOSE:
                    return False
                case Fault.RESET:
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    return False
                case Fault.HANG:
                    with self._silence():
                        await reader.read()
                    return False
                case Fault.TUNNEL:
                    await _tunnel(request, reader, writer)
                    return False
        return True

    @contextlib.contextmanager
    def _silence(self) -> Iterator[None]:
        self.silent += 1
        try:
            yield
        finally:
            self.silent -= 1


async def _request(reader: asyncio.StreamReader, connection: int) -> Request:
    line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (entry.partition(":") for entry in fields)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(line, headers, body, connection)


async def _tunnel(request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    host, _, port = request.path.rpartition(":")
    beyond_reader, beyond_writer = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
    try:
        await asyncio.gather(_pass(reader, beyond_writer), _pass(beyond_reader, writer))
    finally:
        beyond_writer.transport.abort()


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        sink.write(data)
    sink.close()


def head(*fields: str, status: str = "200 OK") -> bytes:
    """Return the head of an answer."""
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode("latin-1")


def whole(body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    """Return an answer with its right length."""
    return head(f"Content-Length: {len(body)}", *fields, status=status) + body


def chunk(data: bytes) -> bytes:
    """Return a piece of a chunked body; the empty one ends it."""
    return b"%x\r\n%b\r\n" % (len(data), data)


@contextlib.contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[FaultServer]:
    """Serve on a thread with an event loop of its own, whatever loop the test runs on."""
    server = FaultServer()
    is_up, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def main() -> None:
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls, backlog=1024)
        server.port = listener.sockets[0].getsockname()[1]
        is_up.set()
        await stop.wait()
        listener.close()
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        # Transports close their sockets one turn later.
        await asyncio.sleep(0)

    def run() -> None:
        # Half-done handshakes of clients that left are no news.
        loop.set_exception_handler(lambda *_: None)
        loop.run_until_complete(main())
        loop.close()

    thread = threading.Thread(target=run, name="fault server", daemon=True)
    thread.start()
    assert is_up.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def client_sockets(port: int) -> int:
    """Return how many sockets of this process are connected to `port`; Linux only.

    The table of the kernel is no good for that: while sockets come and go it shows some of them twice.
    """
    return sum(_peer_port(descriptor) == port for descriptor in descriptors())


def descriptors() -> list[int]:
    """Return the open file descriptors of this process; Linux only."""
    return [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]


def _peer_port(descriptor: int) -> int | None:
    with contextlib.suppress(OSError):
        # Not connected, or closed by another thread meanwhile.
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            with socket.socket(fileno=os.dup(descriptor)) as same:
                return same.getpeername()[1] if same.family == socket.AF_INET else None
    return None


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the other side does in its own time, for at most five seconds."""
    with anyio.fail_after(5):
        while not condition():  # noqa: ASYNC110 - the other side sets no event here
            await anyio.sleep(0.001)
