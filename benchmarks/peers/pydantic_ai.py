"""pydantic-ai with its OpenAI-compatible model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openai import AsyncOpenAI
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.tools import Tool as PydanticTool
from pydantic_ai.usage import UsageLimits

from benchmarks.subject import FirstText, Run, Shape, Tool
from benchmarks.work import PROMPT

__all__ = ["PydanticAI"]

_NO_LIMITS = UsageLimits(request_limit=None)


class PydanticAI:
    """`Agent.run` and `Agent.run_stream`."""

    def __init__(self, base_url: str) -> None:
        self._client = AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0)
        self._provider = OpenAIProvider(openai_client=self._client)

    def runner(self, model: str, tools: Sequence[Tool]) -> Run:
        """Return `Agent.run`, reduced to its output."""
        agent = Agent(self._model(model), tools=list(tools))

        async def run(prompt: str) -> str:
            return (await agent.run(prompt, usage_limits=_NO_LIMITS)).output

        return run

    async def read_text(self, model: str, first: FirstText) -> tuple[str, int]:
        """Read `stream_text` without its default grouping over 0.1 s: each piece is seen when it comes."""
        pieces: list[str] = []
        async with Agent(self._model(model)).run_stream(PROMPT, usage_limits=_NO_LIMITS) as result:
            async for piece in result.stream_text(delta=True, debounce_by=None):
                if not pieces:
                    first()
                pieces.append(piece)
        return "".join(pieces), len(pieces)

    async def read_object(self, model: str, shape: Shape) -> tuple[dict[str, Any], int]:
        """Read `stream_output` without grouping."""
        seen, last = 0, None
        agent = Agent(self._model(model), output_type=NativeOutput(shape))
        async with agent.run_stream(PROMPT, usage_limits=_NO_LIMITS) as result:
            async for last in result.stream_output(debounce_by=None):  # noqa: B007 -- the last one is the result
                seen += 1
        assert last is not None
        return last.model_dump(), seen

    async def answer(self, model: str, shape: Shape) -> dict[str, Any]:
        """Ask for a native structured output."""
        agent = Agent(self._model(model), output_type=NativeOutput(shape))
        return (await agent.run(PROMPT)).output.model_dump()

    def build(self, tools: Sequence[Tool]) -> object:
        """Define an agent; it makes the schemas of its tools."""
        return Agent(self._model("bench/model"), tools=list(tools))

    def schema(self, tool: Tool) -> dict[str, Any]:
        """Return the schema of a tool made of the function."""
        return PydanticTool(tool).tool_def.parameters_json_schema

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.close()

    def _model(self, model: str) -> OpenAIChatModel:
        return OpenAIChatModel(model, provider=self._provider)
