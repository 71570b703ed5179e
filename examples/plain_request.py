"""One request and its answer, without an agent. Run `python examples/plain_request.py`."""

from __future__ import annotations

from callwright import Client

client = Client(app_url="https://example.org", app_title="Examples")
answer = client.complete_sync(
    [
        {"role": "system", "content": "Answer in one sentence."},
        {"role": "user", "content": "Why is the sky blue?"},
    ],
    model="openai/gpt-4o-mini",
    temperature=0,
    max_tokens=100,
)
print(answer.text)
print(f"{answer.model} by {answer.provider}: {answer.usage.total_tokens} tokens for {answer.usage.cost} US dollars")
