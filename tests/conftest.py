"""The fixtures of all tests: each async test runs on asyncio and on trio."""

from __future__ import annotations

import signal

import pytest


def pytest_configure() -> None:
    """Undo what a shell does that starts the tests in the background: programs they start would ignore Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Return the name of the event loop to test on."""
    backend: str = request.param
    return backend
