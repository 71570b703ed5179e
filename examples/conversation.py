"""A conversation: what was said goes back in as history. Run `python examples/conversation.py`."""

from __future__ import annotations

from collections.abc import Sequence

from callwright import Agent, Message

STOCK = {"tea": 12, "coffee": 0, "cocoa": 3}


def count_stock(article: str) -> int:
    """Count the stock of an article.

    Args:
        article: Its name, such as cocoa.
    """
    return STOCK[article]


agent = Agent("openai/gpt-4o-mini", tools=[count_stock], instructions="Answer in one sentence.")
history: Sequence[Message] = ()
for prompt in ("How large is the stock of tea?", "And how large is the stock of cocoa?"):
    result = agent.run_sync(prompt, history=history)
    history = result.messages
for message in history:
    print(f"{message.role}: {message.text or 'calls'}")
