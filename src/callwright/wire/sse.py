"""The decoder of server-sent events: bytes in, payloads out."""

from __future__ import annotations

from callwright._json import decode, encode
from callwright.errors import StreamError

__all__ = ["DONE", "SSEDecoder"]

_BOM = b"\xef\xbb\xbf"
DONE = b"[DONE]"
"""The payload that ends a stream."""
_ERROR_EVENT = b"event:error"
_PREFIX = b"data: "
_PREFIX_LENGTH = len(_PREFIX)


class SSEDecoder:
    """Cuts a stream of bytes into the payloads of its events, wherever the network cut the bytes.

    Lines may end in LF, CRLF or CR; comments and fields other than `data` are skipped; several `data` lines of one
    event are joined by LF. Only CR and LF end a line: U+2028 and its like are text.

    Args:
        limit: The largest event accepted, in bytes; an image comes whole in one event.

    Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
    """

    __slots__ = ("_begun", "_limit", "_rest", "_swallow_lf")

    def __init__(self, *, limit: int = 32 << 20) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._swallow_lf = False
        self._begun = False

    def feed(self, received: bytes) -> list[bytes]:
        """Return the payloads of the events that `received` completes.

        Raises:
            StreamError: An event is larger than the limit.
        """
        if self._swallow_lf or b"\r" in received:
            received = self._unified(received)
        rest = self._rest
        # Only the seam has to be looked at again, else a byte-wise stream costs the square of an event's length.
        seam = max(0, len(rest) - 1)
        if not rest:
            end = received.rfind(b"\n\n")
            block = received[: max(end, 0)]
            rest += received[end + 2 :] if end >= 0 else received
        else:
            rest += received
            end = rest.rfind(b"\n\n", seam)
            block = bytes(rest[: max(end, 0)])
            if end >= 0:
                del rest[: end + 2]
        if len(rest) > self._limit:
            raise StreamError(
                f"an event of the stream is larger than {self._limit} bytes; expected chunks of a chat completion",
                retryable=False,
            )
        return self._payloads(block) if block else []

    def end(self) -> list[bytes]:
        """Return the payload of an event that the stream's end completes; at most one."""
        block = bytes(self._rest)
        self._rest.clear()
        return self._payloads(block)

    def _unified(self, received: bytes) -> bytes:
        """Return `received` with every line end as LF, also where CR and LF came in different pieces."""
        if self._swallow_lf and received:
            received = received.removeprefix(b"\n")
            self._swallow_lf = False
        self._swallow_lf = self._swallow_lf or received.endswith(b"\r")
        return received.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _payloads(self, block: bytes) -> list[bytes]:
        if not self._begun and block:
            block = block.removeprefix(_BOM)
            self._begun = True
        payloads: list[bytes] = []
        for event in block.split(b"\n\n"):
            if event.startswith(_PREFIX) and b"\n" not in event:
                payloads.append(event[_PREFIX_LENGTH:])
            else:
                payloads += _payloads_of(event)
        if payloads and payloads[-1].strip() == DONE:
            payloads[-1] = DONE
        return payloads


def _payloads_of(event: bytes) -> list[bytes]:
    """Return the payload of one event; nothing if it has none (a comment, a keep-alive).

    What servers do that no standard allows is read for what it says: events without a blank line between them, an
    error that stands in the stream without a field, or in a field of an event named `error`.
    """
    lines = event.split(b"\n")
    found = [line[5:].removeprefix(b" ") for line in lines if line.startswith(b"data:") or line == b"data"]
    if not found:
        bare = event.strip()
        if not bare.startswith(b"{"):
            return []
        return bare.split(b"\n") if all(map(_is_whole, bare.split(b"\n"))) else [bare]
    if len(found) > 1 and all(map(_is_whole, found)):
        return found
    whole = b"\n".join(found)
    return [_as_error(whole) if _ERROR_EVENT in [line.replace(b" ", b"") for line in lines] else whole]


def _is_whole(line: bytes) -> bool:
    """Whether a line is a payload by itself: two objects under each other are no JSON, so nothing else is meant."""
    line = line.strip()
    return line == DONE or (line.startswith(b"{") and line.endswith(b"}"))


def _as_error(payload: bytes) -> bytes:
    """Return the payload of an event named `error` as a chunk that reports one."""
    try:
        said = decode(payload)
    except ValueError:
        said = payload.decode(errors="replace")
    return payload if isinstance(said, dict) and said.get("error") else encode({"error": said or "no words"})
