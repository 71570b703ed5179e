"""The service of a command: whom it asks, by its options and the environment."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from callwright.cli.exits import CommandError
from callwright.cli.simulate import beside
from callwright.service.client import Client
from callwright.wire.profile import OPENROUTER

__all__ = ["Address", "client_of"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a command was told to ask."""

    base_url: str | None = None
    """None is OpenRouter."""
    api_key_env: str | None = None
    """The variable that holds the key of `base_url`."""
    is_offline: bool = False
    """Ask the simulator."""


@contextmanager
def client_of(address: Address) -> Generator[Client, None, None]:
    """Give the client of a command while the block runs.

    Raises:
        CommandError: The address makes no sense, or there is no key.
    """
    if address.is_offline:
        if address.base_url is not None:
            raise CommandError("expected --offline or --base-url; got both")
        with beside() as url:
            yield Client("sk-or-offline", base_url=url, profile=OPENROUTER)
        return
    variable = address.api_key_env or "OPENROUTER_API_KEY"
    key = os.environ.get(variable)
    if not key and (address.api_key_env is not None or address.base_url is None):
        raise CommandError(f"no API key: set the variable {variable}; or try --offline, which needs none")
    yield Client(key if address.api_key_env is not None else None, base_url=address.base_url)
