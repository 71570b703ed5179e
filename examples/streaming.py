"""A run shown in the terminal while it goes on: calls, results, text. Run `python examples/streaming.py`."""

from __future__ import annotations

from callwright import Agent, Delta
from callwright.run.records import CallReturned

POEMS = {"autumn": "Leaves on the river, each with a hurry of its own.", "winter": "Snow asks the house for silence."}


def find_poem(season: str) -> str:
    """Find a poem about a season.

    Args:
        season: Such as autumn.
    """
    return POEMS[season]


agent = Agent("openai/gpt-4o-mini", tools=[find_poem])
with agent.stream_sync("Find a poem about autumn.") as run:
    for event in run.events():
        match event:
            case Delta():
                print(event.text, end="", flush=True)
                for piece in event.calls:
                    print(piece.name or "", piece.arguments, sep="", end="", flush=True)
            case CallReturned():
                print(" ->", event.message.text)
            case _:
                pass  # the other records of the run
print(f"\n{run.result.steps} steps, {run.result.usage.total_tokens} tokens")
