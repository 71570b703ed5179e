"""The command line in this process, in a process of its own, and on a terminal."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from callwright.cli.app import app
from callwright.simulator.server import running

ENVIRONMENT = {
    key: value
    for key, value in os.environ.items()
    if key not in {"CALLWRIGHT_BASE_URL", "COLUMNS", "FORCE_COLOR", "NO_COLOR", "OPENROUTER_API_KEY"}
} | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", "PYTHON_BASIC_REPL": "1", "INPUTRC": os.devnull}
PATIENCE = 30.0
"""Seconds; only a failing test waits so long."""

TOOLS = '''
"""Tools for tests."""

import anyio


def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"rain in {city}"


async def wait_long(hours: int) -> str:
    """Wait for some hours."""
    await anyio.sleep_forever()
    return "never"


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def undocumented(a: int) -> int:
    return a


def _hidden(a: int) -> int:
    """Not for models."""
    return a


SOME = [get_weather, {"type": "openrouter:web_search"}]
NUMBER = 7
'''

Invoke = Callable[..., Result]


@pytest.fixture
def toolbox(tmp_path: Path) -> Path:
    """Return a file with tools."""
    path = tmp_path / "toolbox.py"
    path.write_text(TOOLS, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of the developer's shell reach a command, nor the folder of a test's tools the next test."""
    for name in set(os.environ) - set(ENVIRONMENT):
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.fixture
def invoke() -> Invoke:
    """Return a function that runs a command in this process; its standard input is a pipe."""
    runner = CliRunner()

    def invoke(*arguments: object, text: str | None = None, env: Mapping[str, str] | None = None) -> Result:
        return runner.invoke(
            app, [str(argument) for argument in arguments], input=text, env=env, prog_name="callwright"
        )

    return invoke


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Serve the offline OpenRouter, and give its base URL."""
    with running() as base_url:
        yield base_url


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "callwright.cli", *map(str, arguments)]


@pytest.fixture
def execute() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs a command in a process of its own, without a terminal."""

    def execute(
        *arguments: object, env: Mapping[str, str] | None = None, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments),
            input=text,
            env={**ENVIRONMENT, **(env or {})},
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )

    return execute


class Screen:
    """A command on a terminal of 80 columns."""

    def __init__(self, *arguments: object, env: Mapping[str, str] | None = None) -> None:
        termios = pytest.importorskip("termios")
        self._ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (24, 80))
        self._process = subprocess.Popen(
            command(*arguments),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**ENVIRONMENT, **(env or {})},
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""
        """All that was written so far."""
        self._read = 0

    def expect(self, text: str) -> str:
        """Return what came up to `text`, which is waited for."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen[self._read :]:
            assert select.select([self._ours], [], [], deadline - time.monotonic())[0], self.seen
            assert self._fill(), self.seen
        end = self.seen.index(text, self._read) + len(text)
        came, self._read = self.seen[self._read : end], end
        return came

    def type(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def interrupt_prompt(self) -> None:
        """Press Ctrl-C until something is written: one that comes just before `input` waits is not seen by readline."""
        while not select.select([self._ours], [], [], 0)[0]:
            self.interrupt()
            select.select([self._ours], [], [], 1.0)

    def end(self) -> int:
        """Return the exit code, once the command has ended by itself."""
        while self._fill():
            pass
        return self._process.wait(PATIENCE)

    def _fill(self) -> bool:
        try:
            came = os.read(self._ours, 65536)
        except OSError:  # Linux says EIO when the other side is closed.
            return False
        self.seen += came.decode().replace("\r\n", "\n")
        return bool(came)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._ours)


@pytest.fixture
def screen() -> Iterator[Callable[..., Screen]]:
    """Return a function that runs a command on a terminal."""
    screens: list[Screen] = []

    def screen(*arguments: object, env: Mapping[str, str] | None = None) -> Screen:
        screens.append(Screen(*arguments, env=env))
        return screens[-1]

    yield screen
    for one in screens:
        one.close()
