"""Addresses and headers are checked when a client is made; what may hold a secret is never shown."""

from __future__ import annotations

import pytest

from callwright.errors import ParameterError
from callwright.service._address import Address, checked_headers, escaped
from callwright.service._http import Http

GOOD = {
    "https://openrouter.ai/api/v1": ("https", "openrouter.ai", 443, "/api/v1", "openrouter.ai"),
    "https://openrouter.ai/api/v1/": ("https", "openrouter.ai", 443, "/api/v1", "openrouter.ai"),
    " http://localhost:8000 ": ("http", "localhost", 8000, "", "localhost:8000"),
    "HTTP://LocalHost:80/": ("http", "localhost", 80, "", "localhost"),
    "http://[::1]:8000/v1": ("http", "::1", 8000, "/v1", "[::1]:8000"),
    "https://[0:0::1]": ("https", "::1", 443, "", "[::1]"),
    "https://münchen.example/ü": ("https", "xn--mnchen-3ya.example", 443, "/%C3%BC", "xn--mnchen-3ya.example"),
    "http://127.0.0.1:1/a%20b": ("http", "127.0.0.1", 1, "/a%20b", "127.0.0.1:1"),
    "http://my_host-1.": ("http", "my_host-1.", 80, "", "my_host-1."),
}


@pytest.mark.parametrize("url", GOOD)
def test_an_address_is_taken_apart(url: str) -> None:
    address = Address.of(url)

    assert (address.scheme, address.host, address.port, address.path, address.authority) == GOOD[url]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "openrouter.ai/api/v1",
        "ftp://openrouter.ai",
        "file:///etc/passwd",
        "https://",
        "https:///v1",
        "https://a b/v1",
        "https://a\\b",
        "https://a:0",
        "https://a:65536",
        "https://a:port",
        "https://[::1",
        "https://[1::2::3]",
        "https://a..b",
        "https://" + "a" * 70 + ".example",
        "https://a?key=1",
        "https://a#b",
        "https://a\r\nHost: b",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ParameterError, match="base_url"):
        Http(url, {})


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pass-word@host/v1",
        "https://pass-word@host",
        "https://:pass-word@host",
        "http://user:pass-word@host:port",
        "user:pass-word@host",
        "ftp://user:pass-word@host",
        "https://user:pass-word@",
        "https://user:pass-word@[::1",
        "https://a/?key=pass-word",
    ],
)
def test_credentials_in_an_address_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ParameterError, match="base_url") as caught:
        Http(url, {})

    shown = caught.value
    while shown is not None:
        assert "pass-word" not in str(shown)
        shown = shown.__cause__ or shown.__context__  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", "pass-word\r\nHost: b"),
        ("x", "pass-word\x00"),
        ("x", "päss-word"),
        ("x y", "pass-word"),
        ("", "pass-word"),
        ("x:", "pass-word"),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused_and_its_value_not_repeated(name: str, value: str) -> None:
    with pytest.raises(ParameterError, match="headers") as caught:
        Http("https://a.example", {name: value})

    assert "word" not in str(caught.value)


def test_headers_are_taken_by_lower_case_name_without_blanks_around() -> None:
    assert checked_headers({"X-One": " a b "}).fields() == {"x-one": "a b"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/chat/completions", "/chat/completions"),
        ("models", "/models"),
        ("/models/a/b:free/endpoints", "/models/a/b:free/endpoints"),
        ("/a?b#c d", "/a%3Fb%23c%20d"),
        ("/a\r\nHost: b", "/a%0D%0AHost:%20b"),
        ("/é", "/%C3%A9"),
        ("", ""),
    ],
)
def test_a_path_is_escaped(path: str, expected: str) -> None:
    assert escaped(path) == expected


def test_the_repr_shows_where_and_nothing_else() -> None:
    http = Http("https://openrouter.ai/api/v1", {"authorization": "Bearer sk-or-secret"})

    assert repr(http) == "Http('openrouter.ai:443')"
