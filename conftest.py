"""The code blocks of README.md and docs/ as tests, offline: they talk to the simulator on loopback."""

from __future__ import annotations

import ast
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import anyio
import pytest
from sybil import Example, Sybil
from sybil.evaluators.python import pad
from sybil.parsers.markdown import CodeBlockParser, SkipParser


def pytest_configure() -> None:
    """Forget the proxies of the shell: whatever the tests ask is on loopback, where no proxy finds it."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]


def run_block(example: Example) -> None:
    """Run a block after the blocks before it; one that awaits outside of a function runs as in a notebook."""
    source = pad(example.parsed, example.line + example.parsed.line_offset)
    code = compile(source, example.path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    outcome = eval(code, module_of(example.path).__dict__)  # noqa: S307 - our own documentation
    if inspect.iscoroutine(outcome):

        async def wait() -> None:
            await outcome

        anyio.run(wait)


def module_of(path: str) -> ModuleType:
    """Return the module that a document is: dataclasses and pydantic look their names up in it."""
    return sys.modules.setdefault(path, ModuleType(path))


pytest_collect_file: Callable[..., pytest.Collector | None] = Sybil(
    parsers=[CodeBlockParser("python", run_block), SkipParser()],
    patterns=["README.md", "docs/*.md", "docs/*/*.md"],
    fixtures=["offline"],
).pytest()


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    """Serve the offline OpenRouter while the tests run, and give its base URL."""
    # Only documents need the server's packages.
    from callwright.simulator.server import running  # noqa: PLC0415

    with running() as url:
        yield url


@pytest.fixture(scope="module")
def offline(simulator_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let a document's programs find the simulator where they look for the service, and an empty folder to write to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("document"))
        patch.setenv("CALLWRIGHT_BASE_URL", simulator_url)
        patch.setenv("OPENROUTER_API_KEY", "sk-or-offline")
        # Another test may have made the process's client already, without a key.
        patch.setattr("callwright.service.client._default", None)
        yield
