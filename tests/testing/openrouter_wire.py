"""What the tests of the offline OpenRouter share: a request, the events of a stream, and OpenRouter's own schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.reply import Reply
from callwright.testing.scenarios import TOOLS

SPEC = json.loads((Path(__file__).parents[1] / "data" / "openrouter.schemas.json").read_text())
KEY = {"Authorization": "Bearer sk-or-v1-test"}
CHAT = "/api/v1/chat/completions"
WEATHER = TOOLS[0]


def complaints(value: Any, schema: str) -> list[str]:
    """Return what OpenRouter's document has against `value`."""
    validator = Draft202012Validator({"$ref": f"#/components/schemas/{schema}", **SPEC})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def ask(
    service: OfflineOpenRouter, model: str, *messages: Any, headers: dict[str, str] | None = None, **params: Any
) -> Reply:
    """Return the answer of `model`; without messages, to a short question with the scenarios' tools."""
    body = {"model": model, "messages": list(messages) or [{"role": "user", "content": "Hello?"}], **params}
    if not messages:
        body = {"tools": list(TOOLS), **body}
    return service.answer("POST", CHAT, {**KEY, **(headers or {})}, json.dumps(body).encode())


def chunks_of(reply: Reply) -> list[Any]:
    """Return the decoded chunks of a stream."""
    lines = reply.body.decode().replace("\r\n", "\n").split("\n")
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ") and line != "data: [DONE]"]


def deltas_of(reply: Reply) -> list[Any]:
    """Return the deltas of a stream."""
    return [choice["delta"] for chunk in chunks_of(reply) for choice in chunk.get("choices") or ()]


def answered(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return an assistant's message and an answer to each of its calls."""
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "sunny"} for call in message["tool_calls"]]
    return [message, *results]
