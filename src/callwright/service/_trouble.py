"""Trouble: what a failed request means, in words that help and hold no secret."""

from __future__ import annotations

import errno
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import anyio
import httpcore

from callwright._secrets import masked
from callwright.errors import APIConnectionError, APITimeoutError, Deadline
from callwright.service._deadlines import Timeouts

__all__ = ["explained", "failures"]

_FAILURES: tuple[type[Exception], ...] = (
    *(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError),
    *(anyio.BrokenResourceError, anyio.BusyResourceError, anyio.ClosedResourceError, anyio.EndOfStream, OSError),
)

_LONGEST = 300
_HOLDERS = ("httpx", "aiohttp")
"""Whose errors hold the request."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What one class of error means."""

    message: str
    """With `{where}` for host and port, and `{said}` for the error's own words."""
    late: Deadline | None = None
    """The deadline that passed, if one did."""
    is_retryable: bool = True
    is_sent: bool = False
    """Whether the service may have got the request."""


# By name: httpx, httpx2 and httpcore call the same things by the same names, aiohttp by its own.
_CUT = _Meaning("the answer of {where} is cut or no HTTP: {said}; ask again", is_sent=True)
_SILENT = _Meaning("{where} went silent: {said}; stream, or raise Timeouts.read", late="read", is_sent=True)
_FAR = _Meaning(
    "cannot connect to {where}: {said}; check base_url and the network, or raise Timeouts.connect", late="connect"
)
_UNREACHED = _Meaning("cannot connect to {where}: {said}; check base_url and the network")
_MEANINGS = {
    "ConnectionTimeoutError": _FAR,
    "SocketTimeoutError": _SILENT,
    "ServerDisconnectedError": _CUT,
    "ClientPayloadError": _CUT,
    "ClientResponseError": _CUT,
    "ClientConnectorError": _UNREACHED,
    "PoolTimeout": _Meaning(
        "no connection to {where} became free: {said}; ask for less at once, or raise max_connections or Timeouts.pool",
        late="pool",
    ),
    "ConnectTimeout": _FAR,
    "ReadTimeout": _SILENT,
    "WriteTimeout": _Meaning(
        "{where} stopped taking the request: {said}; check the network, or raise Timeouts.write", late="write"
    ),
    "TimeoutException": _Meaning("{where} was too slow: {said}; raise Timeouts", late="read", is_sent=True),
    "ConnectError": _UNREACHED,
    "ProxyError": _Meaning(
        "the proxy refused to connect to {where}: {said}; check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY",
        is_retryable=False,
    ),
    # Their own words show what was to be sent, which may be the key.
    "LocalProtocolError": _Meaning(
        "the request to {where} is no valid HTTP and was not sent; check its path and headers", is_retryable=False
    ),
    "UnsupportedProtocol": _Meaning("{where} is reached by no known protocol; check base_url", is_retryable=False),
    "InvalidURL": _Meaning("the request to {where} has no valid URL; check base_url and path", is_retryable=False),
    "RemoteProtocolError": _CUT,
    "TimeoutError": _Meaning(
        "the connection to {where} was too slow: {said}; check the network", late="read", is_sent=True
    ),
    "Exception": _Meaning("the connection to {where} broke: {said}; check the network and ask again", is_sent=True),
}
_UNTRUSTED = _Meaning(
    "the certificate of {where} is not trusted: {said}; give a context that trusts it as verify=, or set SSL_CERT_FILE",
    is_retryable=False,
)
_TOO_MANY_FILES = _Meaning("cannot connect to {where}: {said}; raise `ulimit -n`, or lower max_connections")


def failures() -> tuple[type[Exception], ...]:
    """Return what a failed request raises: errors of httpcore, of what lies below it, and of others that are there.

    Those of httpx, httpx2 and aiohttp come from a client or transport that somebody gave, and from libraries that mock
    httpcore.
    """
    raised = _FAILURES
    for library in ("httpx", "httpx2"):
        module = sys.modules.get(library)
        if module is not None:
            raised = (*raised, module.HTTPError, module.StreamError, module.InvalidURL)
    aiohttp = sys.modules.get("aiohttp")
    return raised if aiohttp is None else (*raised, aiohttp.ClientError)


def explained(error: Exception, where: str, timeouts: Timeouts) -> APIConnectionError:
    """Return the error to raise instead of `error`.

    Args:
        error: Of httpx, httpcore, anyio, ssl or the system.
        where: Host and port.
        timeouts: That held.

    Returns:
        An `APITimeoutError` if it came too late, else an `APIConnectionError`. Its cause is what lies below httpx:
        the errors of httpx hold the request, and with it the key. So do the functions that the cause came through:
        it has no traceback.
    """
    chain = list(_chain(error))
    # httpx-aiohttp calls a service that hung up one that could not be reached in time.
    telling = next((below for below in chain if type(below).__module__.startswith("aiohttp.")), error)
    names = [kind.__name__ for kind in type(telling).__mro__]
    meaning = next(meaning for name, meaning in _MEANINGS.items() if name in names)
    said = str(error)
    for below in chain:
        if isinstance(below, ssl.SSLCertVerificationError):
            meaning, said = _UNTRUSTED, below.verify_message
        elif isinstance(below, OSError) and below.errno in {errno.EMFILE, errno.ENFILE}:
            meaning = _TOO_MANY_FILES
    said = masked(said[:_LONGEST]) or names[0]
    message = meaning.message.format(where=where, said=said)
    explanation: APIConnectionError
    if meaning.late is None:
        explanation = APIConnectionError(message, retryable=meaning.is_retryable, maybe_billed=meaning.is_sent)
    else:
        explanation = APITimeoutError(
            message,
            which=meaning.late,
            seconds=getattr(timeouts, meaning.late),
            retryable=True,
            maybe_billed=meaning.is_sent,
        )
    for below in chain:
        below.__traceback__ = None
    explanation.__cause__ = next((below for below in chain if not type(below).__module__.startswith(_HOLDERS)), None)
    return explanation


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give `error` and what it was raised from, outermost first."""
    below: BaseException | None = error
    while below is not None:
        yield below
        below = below.__cause__ or below.__context__
