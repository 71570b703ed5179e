"""The fake service: chat completions over loopback HTTP/1.1, stateless and cheap enough never to be the bottleneck.

The model name says what to do (`work.task_of`), the number of tool results in the request how far the run is.
`GET /stats` tells how many requests and connections came. Run as `python -m benchmarks.server`; it prints its port and
ends with its standard input, so that it cannot outlive the harness.
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
import sys
from typing import Any, NamedTuple, cast

from benchmarks.work import FINAL, Task, answer_text, object_pieces, task_of, text_pieces, tool_arguments

try:
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop

__all__ = ["Service", "serve"]

LATENCY = 0.05
"""Seconds from request to answer of `slow` tasks."""

PACE = 0.001
"""Seconds between two writes of `paced` tasks."""

EVENTS_PER_WRITE = 32
"""Server-sent events in one write of an unpaced stream; each is an HTTP chunk of its own, as servers send them."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TOOL_NAME = re.compile(rb'"tools".*?"name": ?"([^"]+)"', re.DOTALL)
_HEAD = b"HTTP/1.1 %s\r\nserver: loopback\r\ncontent-type: %s\r\nx-generation: gen-0123456789\r\n%s\r\n\r\n"
_IDENTITY = {"id": "gen-1763726400-AbCdEfGhIjKlMnOpQrSt", "provider": "Loopback", "model": "bench/model"}
_USAGE = {
    "prompt_tokens": 412,
    "completion_tokens": 36,
    "total_tokens": 448,
    "cost": 0.0001234,
    "is_byok": False,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "cost_details": {"upstream_inference_cost": None},
    "completion_tokens_details": {"reasoning_tokens": 0},
}


class Answer(NamedTuple):
    """Bytes to send back, and when."""

    writes: tuple[bytes, ...]
    delay: float = 0.0
    """Seconds before the first write."""

    pace: float = 0.0
    """Seconds between writes; 0 sends as fast as the socket takes them."""


class Counts:
    """What arrived since the start."""

    __slots__ = ("connections", "requests")

    def __init__(self) -> None:
        self.connections = 0
        self.requests = 0


def _whole(body: bytes, *, status: bytes = b"200 OK") -> bytes:
    return _HEAD % (status, b"application/json", b"content-length: %d" % len(body)) + body


def _refused(problem: str) -> Answer:
    body = json.dumps({"error": {"code": 400, "message": problem}}).encode()
    return Answer((_whole(body, status=b"400 Bad Request"),))


def _completion(message: dict[str, Any], finish: str) -> bytes:
    choice = {
        "logprobs": None,
        "finish_reason": finish,
        "native_finish_reason": finish,
        "index": 0,
        "message": {"role": "assistant", "refusal": None, "reasoning": None, **message},
    }
    return json.dumps(
        {**_IDENTITY, "object": "chat.completion", "created": 1763726400, "choices": [choice], "usage": _USAGE},
        separators=(",", ":"),
    ).encode()


def _call(step: int, place: int, name: str, arguments: str) -> dict[str, Any]:
    return {
        "index": place,
        "id": f"call_{step:04}_{place:02}_{name[:12]}",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


@functools.lru_cache(maxsize=4096)
def _steps(task: Task, results: int) -> Answer:
    step, rest = divmod(results, task.width)
    if rest or step > task.size:
        return _refused(f"{results} tool results do not fit {task}")
    if step == task.size:
        body = _completion({"content": FINAL}, "stop")
    else:
        calls = [_call(step, place, "get_weather", tool_arguments(step, place)) for place in range(task.width)]
        body = _completion({"content": None, "tool_calls": calls}, "tool_calls")
    return Answer((_whole(body),), delay=LATENCY if task.kind == "slow" else 0.0)


def _event(delta: dict[str, Any], finish: str | None = None, usage: dict[str, Any] | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "native_finish_reason": finish, "logprobs": None}
    chunk: dict[str, Any] = {**_IDENTITY, "object": "chat.completion.chunk", "created": 1763726400, "choices": [choice]}
    if usage is not None:
        chunk["usage"] = usage
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def _stream(events: list[bytes], *, per_write: int) -> tuple[bytes, ...]:
    writes = [_HEAD % (b"200 OK", b"text/event-stream", b"transfer-encoding: chunked")]
    parts = [b"%x\r\n%s\r\n" % (len(event), event) for event in events]
    writes += [b"".join(parts[first : first + per_write]) for first in range(0, len(parts), per_write)]
    writes.append(b"0\r\n\r\n")
    return tuple(writes)


def _events(pieces: list[str], tool: str | None) -> list[bytes]:
    """Return the events of one answer: as content, or as the arguments of a call of `tool`."""
    finish = {"role": "assistant", "content": ""}
    if tool is None:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": piece} for piece in pieces]
    else:
        deltas = [{"role": "assistant", "content": None, "tool_calls": [_call(0, 0, tool, "")]}]
        deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in pieces]
    events = [_event(delta) for delta in deltas]
    events.append(_event(finish, "stop" if tool is None else "tool_calls"))
    events.append(_event(finish, "stop" if tool is None else "tool_calls", _USAGE))
    events.append(b"data: [DONE]\n\n")
    return events


@functools.lru_cache(maxsize=64)
def _streamed(task: Task, tool: str | None) -> Answer:
    pieces = object_pieces(task.size) if task.kind == "object" else text_pieces(task.size)
    paced = task.kind == "paced"
    writes = _stream(_events(pieces, tool), per_write=1 if paced else EVENTS_PER_WRITE)
    return Answer(writes, pace=PACE if paced else 0.0)


@functools.lru_cache(maxsize=64)
def _structured(tool: str | None) -> Answer:
    if tool is None:
        return Answer((_whole(_completion({"content": answer_text()}, "stop")),))
    call = _call(0, 0, tool, answer_text())
    return Answer((_whole(_completion({"content": None, "tool_calls": [call]}, "tool_calls")),))


def answer_to(body: bytes) -> Answer:
    """Return the answer to one request body.

    Raises:
        ValueError: The model name asks for nothing that is known.
    """
    task = task_of(body)
    if task.kind in {"steps", "slow"}:
        return _steps(task, body.count(b'"tool_call_id"'))
    # A structured answer comes the way it was asked for: as text, or as the call of an output tool.
    named = _TOOL_NAME.search(body) if b'"response_format"' not in body else None
    tool = named[1].decode() if named is not None else None
    return _structured(tool) if task.kind == "answer" else _streamed(task, tool)


class Service(asyncio.Protocol):
    """One connection; knows as much of HTTP/1.1 as keep-alive clients on loopback need."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._buffer = b""
        self._waiting: list[bytes] = []
        self._pace = 0.0
        self._full = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, and count."""
        # No isinstance: uvloop's transports are not of asyncio's class.
        self._transport = cast("asyncio.Transport", transport)
        self._counts.connections += 1

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._buffer = self._buffer + data if self._buffer else data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._buffer, 0, end)
            total = end + 4 + (int(length[1]) if length is not None else 0)
            if len(self._buffer) < total:
                return
            request, self._buffer = self._buffer[:total], self._buffer[total:]
            self._answer(request, end + 4)

    def pause_writing(self) -> None:
        """Stop pumping: the client reads more slowly than we write."""
        self._full = True

    def resume_writing(self) -> None:
        """Go on pumping."""
        self._full = False
        self._pump()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was still to be sent."""
        del exc
        self._waiting.clear()

    def _answer(self, request: bytes, start: int) -> None:
        if request.startswith(b"GET"):
            counted = {"requests": self._counts.requests, "connections": self._counts.connections - 1}
            self._transport.write(_whole(json.dumps(counted).encode()))
            # The watcher's own connections do not count.
            self._counts.connections -= 1
            return
        self._counts.requests += 1
        try:
            answer = answer_to(request[start:])
        except ValueError as error:
            answer = _refused(str(error))
        if answer.delay:
            asyncio.get_running_loop().call_later(answer.delay, self._transport.write, answer.writes[0])
        elif len(answer.writes) == 1:
            self._transport.write(answer.writes[0])
        else:
            self._waiting = list(reversed(answer.writes))
            self._pace = answer.pace
            self._pump()

    def _pump(self) -> None:
        while self._waiting and not self._full:
            self._transport.write(self._waiting.pop())
            if self._pace:
                # From now, not from a schedule: two writes that bunch up would wake the client only once.
                asyncio.get_running_loop().call_later(self._pace, self._pump)
                return


async def serve() -> None:
    """Serve on a free loopback port until standard input ends."""
    counts = Counts()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Service(counts), "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve())
