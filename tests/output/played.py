"""A service that plays turns, request by request, as OpenRouter does over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping

from callwright import Client, Retry
from callwright.simulator.transport import SimulatorTransport
from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.reply import Reply
from callwright.testing.scenario import Scenario, Step

__all__ = ["Played", "client_of"]


class Played(OfflineOpenRouter):
    """The offline OpenRouter, whose n-th answer is the n-th step."""

    def __init__(self, *steps: Step) -> None:
        super().__init__({f"step{at}": Scenario("One step.", (step,)) for at, step in enumerate(steps)})
        self.sent: list[dict[str, object]] = []

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        sent = json.loads(body)
        self.sent.append(sent)
        played = json.dumps({**sent, "model": f"scripted/step{len(self.sent) - 1}"}).encode()
        return super().answer(method, path, headers, played)


def client_of(service: OfflineOpenRouter) -> Client:
    """Return a client of the service, in process, that asks once."""
    return Client("sk-or-played", transport=SimulatorTransport(service), retry=Retry(attempts=1))
