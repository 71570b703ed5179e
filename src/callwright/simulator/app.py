"""The application: the offline OpenRouter as one ASGI callable."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, cast

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.reply import Cut, Pause, Reply

__all__ = ["ABORT", "AbortedError", "application"]

ABORT = "callwright.abort"
"""The ASGI extension by which a server lets the application abort the connection: a callable without arguments."""

_Abort: TypeAlias = Callable[[], None]


class AbortedError(Exception):
    """An answer was cut short on purpose; raised to a server that has no other way to abort the connection."""


def application(service: OfflineOpenRouter) -> ASGIApp:
    """Return an ASGI application that answers as `service` does, with its pauses and its cuts."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(f"expected HTTP, got {scope['type']!r}")
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        path = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        reply = service.answer(request.method, path, dict(request.headers), body)
        if await _client_left(reply, receive, send):
            service.hung_up(reply)
        elif any(isinstance(piece, Cut) for piece in reply.pieces):
            _abort(scope)
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return app


async def _client_left(reply: Reply, receive: Receive, send: Send) -> bool:
    """Send the pieces of `reply` up to its cut; stop and return True if the client leaves meanwhile."""
    left = False

    async def watch() -> None:
        nonlocal left
        while (await receive())["type"] != "http.disconnect":
            pass
        left = True
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        await _send_pieces(reply, send)
        group.cancel_scope.cancel()
    return left


async def _send_pieces(reply: Reply, send: Send) -> None:
    begun = False
    for piece in reply.pieces:
        match piece:
            case Pause(seconds):
                await anyio.sleep(seconds)
            case Cut():
                return
            case bytes():
                if not begun:
                    begun = True
                    headers = [(name.encode(), value.encode()) for name, value in reply.headers]
                    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
                await send({"type": "http.response.body", "body": piece, "more_body": True})


def _abort(scope: Scope) -> None:
    abort = cast("_Abort | None", scope.get("extensions", {}).get(ABORT))
    if abort is None:
        raise AbortedError("this answer is cut short, as was asked for")
    abort()
