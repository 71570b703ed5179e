"""The server: the offline OpenRouter on a loopback port, for programs in any language."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from callwright.simulator.app import ABORT, application
from callwright.testing.openrouter import OfflineOpenRouter

__all__ = ["base_url", "listening", "running", "serve"]

_START = 10.0


def listening(port: int = 0, *, host: str = "127.0.0.1") -> socket.socket:
    """Return a socket that listens already, so that its address is known before the server runs.

    Args:
        port: 0 takes a free one.
        host: An address of this machine.

    Raises:
        OSError: The port is taken, or not allowed.
    """
    listener = socket.create_server((host, port), backlog=2048)
    # Accepted sockets inherit it; without it a second small write waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def base_url(listener: socket.socket) -> str:
    """Return the base URL of the service behind `listener`."""
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}/api/v1"


def serve(listener: socket.socket, service: OfflineOpenRouter | None = None) -> None:
    """Serve until the process is interrupted; prints nothing.

    Args:
        listener: From `listening`; closed at the end.
        service: None: a new one.

    Raises:
        KeyboardInterrupt: Ctrl-C, after the connections were closed.
    """
    server = _server(service if service is not None else OfflineOpenRouter())
    with listener:
        server.run(sockets=[listener])


@contextmanager
def running(service: OfflineOpenRouter | None = None, *, port: int = 0) -> Generator[str, None, None]:
    """Serve from a daemon thread on loopback while the block runs; gives the base URL.

    Args:
        service: None: a new one. Keep it to read its journal.
        port: 0 takes a free one.

    Raises:
        OSError: The port is taken, or not allowed.
        RuntimeError: The server did not start within 10 seconds.
    """
    with listening(port) as listener:
        server = _server(service if service is not None else OfflineOpenRouter())
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="callwright-simulator", daemon=True
        )
        thread.start()
        if not server.ready.wait(_START):
            raise RuntimeError(f"the simulator did not start within {_START:g} s")
        try:
            yield base_url(listener)
        finally:
            server.should_exit = server.force_exit = True
            thread.join(_START)


class _ReadyServer(Server):
    """A server that says when it is there."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


class _AbortableProtocol(H11Protocol):
    """A connection that the application can abort."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - the event loop's own type; none is named here
        super().connection_made(transport)
        self.app: Any = _abortable(self.app, transport.abort)


def _abortable(app: ASGIApp, abort: Callable[[], None]) -> ASGIApp:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "extensions": {**scope.get("extensions", {}), ABORT: abort}}, receive, send)

    return wrapped


def _server(service: OfflineOpenRouter) -> _ReadyServer:
    return _ReadyServer(
        Config(
            application(service),
            http=_AbortableProtocol,
            ws="none",
            lifespan="off",
            log_level="critical",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
