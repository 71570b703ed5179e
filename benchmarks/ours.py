"""callwright, through nothing but its public face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typing_extensions import TypedDict

from benchmarks.subject import Call, FirstText, Run, Shape, Tool
from benchmarks.work import PROMPT
from callwright import Agent, Client, Limits, RunContext, ToolCall, describe, extract
from callwright import tool as make_tool
from callwright.tools.calling import Refused, perform, prepare

__all__ = ["Callwright"]


class Entry(TypedDict):
    """One of the objects in what is repaired."""

    name: str
    is_open: bool
    height: int


@make_tool
def _keep(entries: list[Entry]) -> None:
    """Keep entries."""


_KEEP = _keep


class Callwright:
    """An agent on the default client."""

    def __init__(self, base_url: str) -> None:
        self._client = Client(base_url=base_url, api_key="none")

    def runner(self, model: str, tools: Sequence[Tool]) -> Run:
        """Return `Agent.run`, reduced to its output."""
        agent = Agent(model, tools=tools, client=self._client, limits=Limits(steps=1000))

        async def run(prompt: str) -> str:
            return (await agent.run(prompt)).output

        return run

    async def read_text(self, model: str, first: FirstText) -> tuple[str, int]:
        """Read through `run.text()`, as a terminal would."""
        pieces: list[str] = []
        async with Agent(model, client=self._client).stream(PROMPT) as run:
            async for piece in run.text():
                if not pieces:
                    first()
                pieces.append(piece)
        return "".join(pieces), len(pieces)

    async def read_object(self, model: str, shape: Shape) -> tuple[dict[str, Any], int]:
        """Read through `run.partials()`, as a form that fills itself would."""
        count = 0
        async with Agent(model, output=shape, client=self._client).stream(PROMPT) as run:
            async for _ in run.partials():
                count += 1
        return run.result.output.model_dump(), count

    async def answer(self, model: str, shape: Shape) -> dict[str, Any]:
        """Ask by `extract`."""
        return (await extract(shape, PROMPT, model=model, client=self._client)).model_dump()

    def build(self, tools: Sequence[Tool]) -> object:
        """Define an agent; it makes the schemas of its tools."""
        return Agent("bench/model", tools=tools, client=self._client)

    def schema(self, tool: Tool) -> dict[str, Any]:
        """Return what `describe` gives."""
        return dict(describe(tool).parameters)

    def caller(self, tool: Tool) -> Call:
        """Prepare and perform a call, as the loop does."""
        tools = {"tool": make_tool(tool)}

        async def call(arguments: str) -> object:
            ready = prepare(tools, ToolCall("c", "tool", arguments))
            if isinstance(ready, Refused):
                raise TypeError(ready.text)
            return (await perform(ready, RunContext(None))).content

        return call

    def repair(self, text: str) -> object:
        """Prepare a call whose arguments are no JSON."""
        ready = prepare({"keep": _keep}, ToolCall("c", "keep", text))
        if isinstance(ready, Refused):
            raise TypeError(ready.text)
        return ready.arguments

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.aclose()
