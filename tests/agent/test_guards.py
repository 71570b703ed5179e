"""Exact guards of what makes runs cheap: they count, they do not time."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from callwright import Agent, Limits
from callwright.simulator.transport import SimulatorTransport
from callwright.testing.scripted import FunctionModel, ScriptedModel, Turn, calls
from callwright.wire import messages as wire_messages
from callwright.wire.chat import ChatRequest

DEFINE_AN_AGENT = """
import sys
before = set(sys.modules)
from callwright import Agent
def weather(city: str, days: int = 1) -> str:
    '''Tell the weather.

    Args:
        city: Where.
        days: For how long.
    '''
    return city
Agent("openai/gpt-4o-mini", tools=[weather], instructions="Be brief.")
print(" ".join(set(sys.modules) - before))
"""


def imported(program: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_defining_an_agent_loads_no_http_client_and_no_large_library() -> None:
    modules = imported(DEFINE_AN_AGENT)

    heavy = {"httpx", "httpcore", "pydantic", "asyncio", "ssl", "openai", "trio", "rich", "typer", "starlette"}
    assert not modules & heavy
    assert len(modules) <= 160
    assert len([name for name in modules if name.startswith("callwright")]) <= 70


def test_importing_a_client_loads_no_more_than_it_must() -> None:
    program = "import sys; from callwright import Agent, Client; print(' '.join(sys.modules))"

    modules = imported(program)

    assert "httpx" not in modules
    assert "concurrent.futures" not in modules
    assert len([name for name in modules if name.startswith("callwright")]) <= 90


def test_importing_the_package_loads_almost_nothing() -> None:
    program = "import sys; before = set(sys.modules); import callwright; print(' '.join(set(sys.modules) - before))"

    modules = imported(program)

    assert {name for name in modules if name.startswith("callwright")} == {"callwright"}


async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def steps(count: int) -> Any:
    def turn(request: ChatRequest) -> Turn:
        done = sum(message.role == "tool" for message in request.messages)
        # What a service sends over the wire is what costs: encode the body as a service's model would.
        request.body(model.profile, model="m", stream=False)
        return calls(add, a=done, b=1) if done < count else "done"

    model = FunctionModel(turn)
    return model


@pytest.mark.anyio
async def test_the_bytes_encoded_per_step_do_not_grow_with_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real = wire_messages.encode

    def counting(value: object) -> bytes:
        sizes.append(len(real(value)))
        return real(value)

    monkeypatch.setattr(wire_messages, "encode", counting)
    await Agent(steps(30), tools=[add], limits=Limits(steps=40)).run("Count.")

    assert len(sizes) == 1 + 2 * 30  # the prompt, then a call and its result per step; the answer is never sent back
    assert max(sizes[31:]) <= max(sizes[:31]) + 4  # numbers grow by a digit or two


async def tasks_made(agent: Agent[None, str], *, streamed: bool = False) -> int:
    made = 0

    def factory(loop: Any, coroutine: Any, **options: Any) -> Any:
        nonlocal made
        made += 1
        return asyncio.Task(coroutine, loop=loop, **options)

    loop = asyncio.get_running_loop()
    loop.set_task_factory(factory)
    try:
        if streamed:
            async with agent.stream("?") as run:
                async for _ in run.text():
                    pass
        else:
            await agent.run("?")
    finally:
        loop.set_task_factory(None)
    return made


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_run_makes_no_task_but_for_calls_that_run_together() -> None:
    one = Agent(ScriptedModel(calls(add, a=1, b=2), calls(add, a=1, b=2), "done"), tools=[add])
    three = Agent(
        ScriptedModel(calls(add, a=1, b=2) + calls(add, a=1, b=3) + calls(add, a=1, b=4), "done"), tools=[add]
    )

    assert (await tasks_made(one), await tasks_made(three)) == (0, 3)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_watching_a_run_makes_one_task_however_long_it_is() -> None:
    long = Agent(ScriptedModel("word " * 1_000))

    assert await tasks_made(long, streamed=True) == 1


def test_the_simulator_in_process_needs_no_socket() -> None:
    assert SimulatorTransport().service.journal == []
