"""An address: where a service is, by which proxy, and what may stand in a request's head. No I/O."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from urllib.parse import SplitResult, quote, unquote, urlsplit

import httpcore

from callwright._secrets import Hidden, masked
from callwright.errors import ParameterError

__all__ = ["Address", "Head", "checked_headers", "environment_proxy", "escaped", "proxy_at"]

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name. Source: RFC 9110, section 5.6.2."""
_VALUE = re.compile(r"[\t -~]*")
_SAFE = "/:@!$&'()*+,;=~%"
"""What may stand in a path besides letters and digits. Source: RFC 3986, section 3.3."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where requests go."""

    scheme: str
    host: str
    """In ASCII; an IPv6 address without brackets."""
    port: int
    path: str
    """What every path starts with; empty, or with a slash at its start and none at its end."""

    @classmethod
    def of(cls, base_url: str | Hidden[str]) -> Address:
        """Return what `base_url` says.

        Raises:
            ParameterError: It is no http or https URL, or holds credentials, a query or a fragment.
        """
        hidden = base_url if isinstance(base_url, Hidden) else Hidden(base_url)
        base_url = ""
        read = _address_in(hidden.value)
        if isinstance(read, str):
            raise ParameterError(read)
        return read

    @property
    def authority(self) -> str:
        """Host and port as they stand in a URL: without the port that the scheme implies."""
        return self.where if self.port != _PORTS[self.scheme] else self.where.rpartition(":")[0]

    @property
    def where(self) -> str:
        """Host and port, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _address_in(base_url: str) -> Address | str:
    """Return the address, or what is wrong with it: raising would show in tracebacks what must not be shown."""
    # Whatever is wrong with it, an address with an @ may hold a password and is not shown.
    shown = "an address with an @ (not shown)" if "@" in base_url else repr(masked(base_url[:200]))
    try:
        parts = urlsplit(base_url.strip())
    except ValueError:
        return f"base_url: expected an IPv6 address between '[' and ']'; got {shown}"
    if "@" in parts.netloc:
        return "base_url holds credentials; give them as api_key= or headers=, never in an address"
    if parts.scheme not in {"http", "https"}:
        return f"base_url: expected 'https://...' or 'http://...'; got {shown}"
    if parts.query or parts.fragment:
        return "base_url: expected an address without '?' and '#'; give parameters with each request"
    host, port = _host_and_port(parts)
    if host is None or port is None:
        return f"base_url: expected a host, and a port from 1 to 65535 if any; got {shown}"
    return Address(parts.scheme, host, port, escaped(parts.path).rstrip("/"))


def escaped(path: str) -> str:
    """Return `path` with a slash at its start and all escaped that a path cannot hold, `?` and `#` included."""
    return quote(path if path.startswith("/") or not path else f"/{path}", safe=_SAFE)


class Head:
    """Headers by lower-case name. Nothing shows their values, which may be keys: no `repr`, no traceback.

    Args:
        fields: Checked already.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    @cached_property
    def encoded(self) -> dict[bytes, bytes]:
        """Names and values as they are sent."""
        return {name.encode("ascii"): value.encode("ascii") for name, value in self._fields.items()}

    def fields(self) -> dict[str, str]:
        """Return names and values."""
        return dict(self._fields)

    def __or__(self, other: Head) -> Head:
        return Head({**self._fields, **other._fields})

    def __repr__(self) -> str:
        return f"Head({', '.join(self._fields)})"


def checked_headers(headers: Mapping[str, str] | Hidden[Mapping[str, str]]) -> Head:
    """Return `headers` ready to be sent.

    Raises:
        ParameterError: A name or a value cannot be sent; the value is not shown, since it may be a key.
    """
    hidden = headers if isinstance(headers, Hidden) else Hidden(headers)
    headers = {}
    problem = _problem(hidden.value)
    if problem is not None:
        raise ParameterError(problem)
    return Head({name.lower(): value.strip() for name, value in hidden.value.items()})


def _problem(headers: Mapping[str, str]) -> str | None:
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            return f"headers: {masked(name[:80])!r} is no name of a header; use letters, digits and '-'"
        if not _VALUE.fullmatch(value.strip()):
            return f"headers: the value of {name!r} (not shown) has characters that are no printable ASCII"
    return None


def environment_proxy(address: Address) -> Hidden[str] | None:
    """Return the URL of the proxy that the environment names for `address`; None for the straight way.

    Source: the variables of curl, as `urllib.request` reads them; on macOS and Windows also the system's settings.
    """
    if sys.platform not in ("darwin", "win32") and not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    # The module brings a mail parser and an HTTP client of its own: a third of what a client would import.
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415

    proxies = getproxies()
    named = proxies.get(address.scheme) or proxies.get("all")
    if not named or proxy_bypass(address.host) or proxy_bypass(f"{address.host}:{address.port}"):
        return None
    return Hidden(named if "://" in named else f"http://{named}")


def proxy_at(url: Hidden[str]) -> httpcore.Proxy:
    """Return the proxy at `url`, which may hold a name and a password.

    Raises:
        ParameterError: It is no http, https or socks5 URL, or SOCKS is not installed.
    """
    problem = _proxy_problem(url.value)
    if problem is not None:
        raise ParameterError(problem)
    parts = urlsplit(url.value)
    host, port = _host_and_port(parts)
    auth = None
    if parts.username is not None:
        auth = unquote(parts.username).encode(), unquote(parts.password or "").encode()
    return httpcore.Proxy(httpcore.URL(scheme=parts.scheme, host=host or "", port=port, target="/"), auth=auth)


def _proxy_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in _PORTS or None in _host_and_port(parts):
        return (
            "the proxy (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY): expected 'http://host:port', https or socks5; got "
            "something else (not shown, it may hold a password)"
        )
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        return "the proxy speaks SOCKS, which needs the package 'socksio': install 'httpx[socks]'"
    return None


def _host_and_port(parts: SplitResult) -> tuple[str | None, int | None]:
    """Return both as far as they are valid."""
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None, None
    if ":" in host:
        try:
            host = ipaddress.IPv6Address(host).compressed
        except ValueError:
            return None, None
    else:
        try:
            # A name in other letters goes over the wire in ASCII.
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None, None
        if not _HOST.fullmatch(host):
            return None, None
    return host, _PORTS.get(parts.scheme) if port is None else port or None
