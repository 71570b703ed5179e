"""The floor: the loop that one writes by hand over httpx (or httpx2), without a framework, validation or retries."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from benchmarks.subject import FirstText, Run, Shape, Tool
from benchmarks.work import PROMPT

__all__ = ["BytesFloor", "Floor", "Floor2"]

WEATHER_SCHEMA = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Look up the forecast of one day.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Name of the city."},
                "day": {"type": "integer", "description": "Days from today, 0 to 14."},
            },
            "required": ["city", "day"],
            "additionalProperties": False,
        },
    },
}
_ROW = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "amount": {"type": "integer"}, "note": {"type": "string"}},
    "required": ["name", "amount", "note"],
    "additionalProperties": False,
}
REPORT_FORMAT = {
    "type": "json_schema",
    "json_schema": {
        "name": "Report",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "rows": {"type": "array", "items": _ROW},
                "summary": {"type": "string"},
            },
            "required": ["title", "rows", "summary"],
            "additionalProperties": False,
        },
    },
}


class Floor:
    """httpx with sniffio beside it; streams read by lines, as most people write it."""

    LIBRARY = "httpx"

    def __init__(self, base_url: str) -> None:
        httpx = importlib.import_module(self.LIBRARY)
        self._url = f"{base_url}/chat/completions"
        self._http = httpx.AsyncClient(
            headers={"Authorization": "Bearer none"},
            timeout=httpx.Timeout(600.0),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
        )

    def runner(self, model: str, tools: Sequence[Tool]) -> Run:
        """Return the loop: ask, call, append, ask again."""
        named = {tool.__name__: tool for tool in tools}

        async def result_of(call: dict[str, Any]) -> dict[str, Any]:
            content = await named[call["function"]["name"]](**json.loads(call["function"]["arguments"]))
            return {"role": "tool", "tool_call_id": call["id"], "content": content}

        async def run(prompt: str) -> str:
            messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
            while True:
                payload = {"model": model, "messages": messages, "tools": [WEATHER_SCHEMA]}
                message = await self._ask(payload)
                messages.append(message)
                calls = message.get("tool_calls")
                if not calls:
                    return str(message["content"])
                if len(calls) == 1:
                    messages.append(await result_of(calls[0]))
                else:
                    messages.extend(await asyncio.gather(*map(result_of, calls)))

        return run

    async def read_text(self, model: str, first: FirstText) -> tuple[str, int]:
        """Print-as-it-comes: the loop over the deltas, with the text joined at the end."""
        return await self._read({"model": model, "messages": _ask_for(PROMPT), "stream": True}, first)

    async def read_object(self, model: str, shape: Shape) -> tuple[dict[str, Any], int]:
        """Without partial objects: a hand-written loop parses once, at the end."""
        del shape
        payload = {"model": model, "messages": _ask_for(PROMPT), "stream": True, "response_format": REPORT_FORMAT}
        text, _ = await self._read(payload, _nothing)
        return json.loads(text), 1

    async def answer(self, model: str, shape: Shape) -> dict[str, Any]:
        """Parse, without validating."""
        del shape
        payload = {"model": model, "messages": _ask_for(PROMPT), "response_format": REPORT_FORMAT}
        value: dict[str, Any] = json.loads((await self._ask(payload))["content"])
        return value

    async def aclose(self) -> None:
        """Close the client."""
        await self._http.aclose()

    async def _ask(self, payload: dict[str, Any]) -> dict[str, Any]:
        response = await self._http.post(self._url, json=payload)
        response.raise_for_status()
        message: dict[str, Any] = response.json()["choices"][0]["message"]
        return message

    async def _read(self, payload: dict[str, Any], first: FirstText) -> tuple[str, int]:
        pieces: list[str] = []
        async with self._http.stream("POST", self._url, json=payload) as response:
            response.raise_for_status()
            async for event in self._events(response):
                piece = json.loads(event)["choices"][0]["delta"].get("content")
                if piece:
                    if not pieces:
                        first()
                    pieces.append(piece)
        return "".join(pieces), len(pieces)

    async def _events(self, response: Any) -> AsyncIterator[str | bytes]:  # noqa: ANN401 -- of httpx or of httpx2
        async for line in response.aiter_lines():
            if line.startswith("data: ") and line != "data: [DONE]":
                yield line[6:]


class BytesFloor(Floor):
    """httpx with streams split on bytes, by somebody who has measured."""

    async def _events(self, response: Any) -> AsyncIterator[str | bytes]:  # noqa: ANN401 -- of httpx or of httpx2
        buffer = b""
        async for part in response.aiter_raw():
            *events, buffer = (buffer + part).split(b"\n\n")
            for event in events:
                if event.startswith(b"data: ") and event != b"data: [DONE]":
                    yield event[6:]


class Floor2(Floor):
    """httpx2, the successor of httpx with a repaired connection pool."""

    LIBRARY = "httpx2"


def _ask_for(prompt: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": prompt}]


def _nothing() -> None:
    pass
