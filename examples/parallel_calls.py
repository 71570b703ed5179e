"""Several calls in one turn, run at the same time. Run `python examples/parallel_calls.py`."""

from __future__ import annotations

import anyio

from callwright import Agent

DEGREES = {"Oslo": 9, "Rome": 24, "Cairo": 31}


async def get_temperature(city: str) -> str:
    """Tell the temperature in a city, in degrees Celsius.

    Args:
        city: Its English name.
    """
    print(f"{city}: asked")
    await anyio.sleep(0.2)  # stands for a slow service
    print(f"{city}: answered")
    return f"{DEGREES[city]} degrees"


async def main() -> None:
    """Ask for three cities at once: that takes as long as asking for one."""
    agent = Agent("openai/gpt-4o-mini", tools=[get_temperature])
    result = await agent.run("Compare the temperature in Oslo, Rome and Cairo.")
    print(result.output)


anyio.run(main)
