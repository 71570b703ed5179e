"""Runs inside of runs, beside runs, and runs that Ctrl-C ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest

from callwright import Agent, ProviderError
from callwright.testing.scripted import FunctionModel, ScriptedModel, calls
from callwright.wire.chat import ChatRequest

pytestmark = pytest.mark.anyio

PATIENCE = 20.0
"""Seconds that a process may take to end."""


def inner() -> Agent[None, str]:
    return Agent(ScriptedModel("from inside"))


async def ask_async(question: str) -> str:
    """Ask another agent."""
    return (await inner().run(question)).output


def ask_sync(question: str) -> str:
    """Ask another agent."""
    return inner().run_sync(question).output


async def ask_badly(question: str) -> str:
    """Ask another agent, blocking the loop."""
    return inner().run_sync(question).output


def outer(*tools: Any) -> tuple[Agent[None, str], ScriptedModel]:
    turn = calls(tools[0], question="?")
    for tool in tools[1:]:
        turn += calls(tool, question="?")
    model = ScriptedModel(turn, "done")
    return Agent(model, tools=list(tools)), model


async def test_tools_of_both_kinds_may_run_other_agents() -> None:
    agent, model = outer(ask_async, ask_sync, ask_badly)

    await agent.run("?")

    assert [message.text for message in model.requests[1].messages[-3:]] == ["from inside"] * 3


def test_tools_of_both_kinds_may_run_other_agents_without_an_event_loop() -> None:
    agent, model = outer(ask_async, ask_sync)

    agent.run_sync("?")

    assert [message.text for message in model.requests[1].messages[-2:]] == ["from inside"] * 2


def test_an_async_tool_that_would_wait_for_its_own_loop_is_told_what_to_write() -> None:
    agent, model = outer(ask_badly)

    result = agent.run_sync("?")

    told = model.requests[1].messages[-1].text
    assert told.startswith("ask_badly failed: RuntimeError: a _sync function was called on the event loop's own thread")
    assert "await" in told
    assert result.output == "done"


async def test_the_failure_of_an_inner_run_is_an_error_of_the_tool() -> None:
    async def ask() -> str:
        """Ask another agent."""
        return (await Agent(ScriptedModel(ProviderError("down", status=502))).run("?")).output

    model = ScriptedModel(calls(ask), "done")

    result = await Agent(model, tools=[ask]).run("?")

    assert model.requests[1].messages[-1].text == "ask failed: ProviderError: down"
    assert result.output == "done"


def test_one_agent_runs_in_many_threads_and_event_loops_at_once() -> None:
    async def double(number: int) -> int:
        """Double."""
        await anyio.lowlevel.checkpoint()
        return 2 * number

    def halve(number: int) -> float:
        """Halve."""
        return number / 2

    def turn(request: ChatRequest) -> Any:
        said = [message.text for message in request.messages]
        number = int(said[0])
        return f"{said[-2]} {said[-1]}" if len(said) > 1 else calls(double, number=number) + calls(halve, number=number)

    agent = Agent(FunctionModel(turn), tools=[double, halve])

    async def own_loop(number: int) -> str:
        return (await agent.run(str(number))).output

    def ask(number: int) -> str:
        match number % 3:
            case 0:
                return agent.run_sync(str(number)).output
            case 1:
                return anyio.run(own_loop, number, backend="asyncio")
            case _:
                return anyio.run(own_loop, number, backend="trio")

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(60)))

    assert answers == [f"{2 * number} {number / 2}" for number in range(60)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("way", ["run_sync", "stream_sync"])
@pytest.mark.parametrize("tool", ["sync", "async", "both"])
def test_ctrl_c_ends_a_run_whatever_tool_is_running(tool: str, way: str) -> None:
    program = """
        import anyio, os, sys, threading
        from callwright import Agent
        from callwright.testing.scripted import ScriptedModel, calls

        def hang():
            '''Hang.'''
            os.write(1, b"started\\n")  # in one piece, unlike print
            threading.Event().wait()

        async def wait():
            '''Wait.'''
            try:
                os.write(1, b"started\\n")  # in one piece, unlike print
                await anyio.sleep_forever()
            finally:
                os.write(1, b"unwound\\n")

        turn = {"sync": calls(hang), "async": calls(wait), "both": calls(hang) + calls(wait)}[sys.argv[1]]
        agent = Agent(ScriptedModel(turn), tools=[hang, wait])
        try:
            if sys.argv[2] == "run_sync":
                agent.run_sync("?")
            else:
                with agent.stream_sync("?") as run:
                    for _ in run.events():
                        pass
        except KeyboardInterrupt:
            print("interrupted")
    """
    command = [sys.executable, "-c", textwrap.dedent(program), tool, way]
    tools = 2 if tool == "both" else 1
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            assert [process.stdout.readline() for _ in range(tools)] == ["started\n"] * tools

            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()

    assert output == ("" if tool == "sync" else "unwound\n") + "interrupted\n"
    assert process.returncode == 0
