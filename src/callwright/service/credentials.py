"""Credentials: the headers that say who asks, in boxes: no traceback shows what is in them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from callwright._secrets import Hidden, remember
from callwright.errors import ParameterError
from callwright.service._address import Head, checked_headers

__all__ = ["head_of", "remember_headers"]

_SECRET_HEADERS = re.compile("auth|key|token|secret|cookie|password", re.IGNORECASE)


def head_of(
    key: Hidden[str] | None, headers: Hidden[Mapping[str, str]], *, app_url: str | None, app_title: str | None
) -> Head:
    """Return the headers of all requests of a client; those of the user win.

    Args:
        key: Hidden from now on wherever text is shown.
        headers: The user's own; what is a key by its name is hidden as well.
        app_url: The user's site.
        app_title: The user's app.

    Raises:
        ParameterError: One of them cannot be sent as a header; nothing of it is shown.
    """
    remember_headers(headers.value)
    if key is not None and not _is_key(key.value):
        raise ParameterError("api_key: expected printable ASCII without blanks; got something else (not shown)")
    who = {} if app_url is None else {"http-referer": app_url}
    if app_title is not None:
        who |= {"x-openrouter-title": app_title, "x-title": app_title}
    return _authorization(key) | checked_headers(who) | checked_headers(headers)


def remember_headers(headers: Mapping[str, str]) -> None:
    """Hide from now on what is a key by the name of its header."""
    for name, value in headers.items():
        if _SECRET_HEADERS.search(name):
            remember(value.strip().rpartition(" ")[2])


def _is_key(key: str) -> bool:
    stripped = key.strip()
    return bool(stripped) and stripped.isascii() and stripped.isprintable() and " " not in stripped


def _authorization(key: Hidden[str] | None) -> Head:
    if key is None:
        return Head({})
    remember(key.value.strip())
    return Head({"authorization": f"Bearer {key.value.strip()}"})
