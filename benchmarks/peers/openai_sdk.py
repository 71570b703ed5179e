"""The OpenAI SDK alone, in the loop that its documentation shows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from openai import AsyncOpenAI

from benchmarks.floor import WEATHER_SCHEMA
from benchmarks.subject import FirstText, Run, Shape, Tool
from benchmarks.work import PROMPT

__all__ = ["OpenAISDK"]


class OpenAISDK:
    """`chat.completions.create` in a loop."""

    def __init__(self, base_url: str) -> None:
        self._client = AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0)

    def runner(self, model: str, tools: Sequence[Tool]) -> Run:
        """Return the loop, with the SDK's own message objects appended."""
        named = {tool.__name__: tool for tool in tools}

        async def result_of(call: Any) -> dict[str, Any]:  # noqa: ANN401 -- an SDK type
            content = await named[call.function.name](**json.loads(call.function.arguments))
            return {"role": "tool", "tool_call_id": call.id, "content": content}

        async def run(prompt: str) -> str:
            messages: list[Any] = [{"role": "user", "content": prompt}]
            while True:
                completion = await self._client.chat.completions.create(
                    model=model, messages=messages, tools=[WEATHER_SCHEMA]
                )
                message = completion.choices[0].message
                messages.append(message)
                if not message.tool_calls:
                    return message.content or ""
                messages.extend(await asyncio.gather(*map(result_of, message.tool_calls)))

        return run

    async def read_text(self, model: str, first: FirstText) -> tuple[str, int]:
        """Read the deltas."""
        pieces: list[str] = []
        prompt = [{"role": "user", "content": PROMPT}]
        async for chunk in await self._client.chat.completions.create(model=model, messages=prompt, stream=True):
            piece = chunk.choices[0].delta.content if chunk.choices else None
            if piece:
                if not pieces:
                    first()
                pieces.append(piece)
        return "".join(pieces), len(pieces)

    async def read_object(self, model: str, shape: Shape) -> tuple[dict[str, Any], int]:
        """Read the snapshots that the SDK parses at each chunk."""
        seen = 0
        prompt = [{"role": "user", "content": PROMPT}]
        async with self._client.chat.completions.stream(model=model, messages=prompt, response_format=shape) as stream:
            async for event in stream:
                if event.type == "content.delta" and event.parsed is not None:
                    seen += 1
            completion = await stream.get_final_completion()
        return completion.choices[0].message.parsed.model_dump(), seen

    async def answer(self, model: str, shape: Shape) -> dict[str, Any]:
        """Ask by `parse`."""
        prompt = [{"role": "user", "content": PROMPT}]
        completion = await self._client.chat.completions.parse(model=model, messages=prompt, response_format=shape)
        return completion.choices[0].message.parsed.model_dump()

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.close()
