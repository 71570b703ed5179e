"""Schemas in the words of the service."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from callwright import Agent, Client, extract
from callwright.service import profiles
from callwright.service.dialects import spoken
from callwright.service.profiles import GEMINI
from callwright.tools.dialect import DIALECTS
from callwright.wire.chat import ChatRequest, Encoded
from callwright.wire.messages import UserMessage
from callwright.wire.profile import OPENROUTER, Profile

pytestmark = pytest.mark.anyio


class Place(BaseModel):
    name: str
    zip: int | None = None


def visit(place: Place, back: Place) -> str:
    """Visit two places."""
    return f"{place.name} and {back.name}"


class Recorded:
    """A service that answers and remembers."""

    def __init__(self, content: str) -> None:
        self.content = content
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(json.loads(request.content))
        message = {"role": "assistant", "content": self.content}
        return httpx.Response(200, json={"choices": [{"index": 0, "finish_reason": "stop", "message": message}]})

    def client(self, profile: Profile) -> Client:
        url = "https://service.example/v1"
        return Client("key", base_url=url, profile=profile, transport=httpx.MockTransport(self))


async def test_a_service_without_references_is_told_schemas_without_them() -> None:
    service = Recorded("Done.")

    await Agent("m", tools=[visit], client=service.client(GEMINI)).run("?")

    text = json.dumps(service.bodies[0]["tools"])
    assert "$ref" not in text
    assert "$defs" not in text
    assert text.count('"zip"') == 2


async def test_a_response_format_is_told_in_the_same_words() -> None:
    service = Recorded('{"place": {"name": "Rome", "zip": null}, "back": {"name": "Pisa", "zip": 1}}')

    class Trip(BaseModel):
        place: Place
        back: Place

    trip = await extract(
        Trip, "?", model="m", client=service.client(replace(GEMINI, json_schema=True)), mode="json_schema"
    )

    assert trip.back.name == "Pisa"
    assert "$ref" not in json.dumps(service.bodies[0]["response_format"])


async def test_openrouter_is_told_schemas_as_they_are() -> None:
    service = Recorded("Done.")

    await Agent("m", tools=[visit], client=service.client(OPENROUTER)).run("?")

    assert "$ref" in json.dumps(service.bodies[0]["tools"])


def test_a_request_that_needs_nothing_is_the_same_object() -> None:
    request = ChatRequest((UserMessage("?"),), Encoded([]), None, Encoded({}))

    assert spoken(request, OPENROUTER) is request


def test_every_known_server_speaks_a_known_dialect() -> None:
    known = [value for value in vars(profiles).values() if isinstance(value, Profile)]

    assert len(known) > 10
    assert {profile.schema for profile in known} <= DIALECTS.keys()
