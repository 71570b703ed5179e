"""openai-agents with its chat-completions model; tracing is off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI

from benchmarks.subject import FirstText, Run, Shape, Tool
from benchmarks.work import PROMPT

__all__ = ["OpenAIAgents"]

set_tracing_disabled(True)


class OpenAIAgents:
    """`Runner.run` and `Runner.run_streamed`."""

    def __init__(self, base_url: str) -> None:
        self._client = AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0)

    def runner(self, model: str, tools: Sequence[Tool]) -> Run:
        """Return `Runner.run`, reduced to its output."""
        agent = Agent(name="bench", model=self._model(model), tools=[function_tool(tool) for tool in tools])

        async def run(prompt: str) -> str:
            return str((await Runner.run(agent, prompt, max_turns=1000)).final_output)

        return run

    async def read_text(self, model: str, first: FirstText) -> tuple[str, int]:
        """Read the raw text deltas among the events."""
        pieces: list[str] = []
        result = Runner.run_streamed(Agent(name="bench", model=self._model(model)), PROMPT)
        async for event in result.stream_events():
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                if not pieces:
                    first()
                pieces.append(event.data.delta)
        return "".join(pieces), len(pieces)

    async def answer(self, model: str, shape: Shape) -> dict[str, Any]:
        """Ask by an output type."""
        agent = Agent(name="bench", model=self._model(model), output_type=shape)
        value: dict[str, Any] = (await Runner.run(agent, PROMPT)).final_output.model_dump()
        return value

    def build(self, tools: Sequence[Tool]) -> object:
        """Define an agent with its tools."""
        return Agent(name="bench", model=self._model("bench/model"), tools=[function_tool(tool) for tool in tools])

    def schema(self, tool: Tool) -> dict[str, Any]:
        """Return the schema of a tool made of the function."""
        return function_tool(tool).params_json_schema

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.close()

    def _model(self, model: str) -> OpenAIChatCompletionsModel:
        return OpenAIChatCompletionsModel(model=model, openai_client=self._client)
