"""The cost of a vote: what an ensemble costs a client beyond the requests that it sends.

Run as `python -m benchmarks.votes`. Rounds of plain requests and of queries alternate; the figures are CPU time of this
process, the median of all rounds.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import sys
from collections.abc import Awaitable, Callable

from benchmarks.rounds import serving
from benchmarks.work import FINAL, PROMPT
from callwright import ChatRequest, Client, UserMessage
from callwright.query import generate, jury, score, self_consistency
from callwright.testing import FunctionModel

__all__ = ["main"]

ROUNDS = 15
VOTERS = 16
CHOICES = ["billing", "shipping", "returns", "other"]
MODEL = "bench/steps-0"


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _timed(once: Callable[[], Awaitable[object]], repeat: int) -> float:
    """Return the CPU microseconds of one request."""
    started = _cpu()
    for _ in range(repeat):
        await once()
    return (_cpu() - started) / (repeat * VOTERS) * 1e6


def _key(request: ChatRequest) -> str:
    """Vote for whatever stands under the first key."""
    match request.params.raw:
        case {"response_format": {"json_schema": {"schema": {"properties": {"response_key": {"enum": [key, *_]}}}}}}:
            return f'{{"response_key": "{key}"}}'
        case other:
            raise AssertionError(f"expected a ballot, came {other!r}")


async def _http(base_url: str) -> tuple[float, float]:
    """Return what a plain request costs, and one of an ensemble that writes, over HTTP."""
    async with Client(base_url=base_url, api_key="none") as client:
        ensemble = self_consistency(MODEL, VOTERS)

        async def plain() -> None:
            await asyncio.gather(*(client.complete(PROMPT, model=MODEL) for _ in range(VOTERS)))

        async def voted() -> None:
            result = await generate(PROMPT, ensemble, client=client)
            assert (result.answer, result.confidence, result.requests) == (FINAL, 1, VOTERS)

        return await _pair(plain, voted, repeat=20)


async def _in_process() -> tuple[float, float]:
    """Return what an ask of a function costs, and a vote of it on a ballot."""
    model, said = FunctionModel(_key), FunctionModel(lambda _: FINAL)
    voters = jury([f"{MODEL} x{VOTERS}"])
    request = ChatRequest([UserMessage(PROMPT)])

    async def plain() -> None:
        await asyncio.gather(*(said.complete(request) for _ in range(VOTERS)))

    async def voted() -> None:
        result = await score(PROMPT, voters, choices=CHOICES, client={MODEL: model}, stop="none")
        assert len(result.votes) == VOTERS

    return await _pair(plain, voted, repeat=40)


async def _pair(
    plain: Callable[[], Awaitable[None]], voted: Callable[[], Awaitable[None]], *, repeat: int
) -> tuple[float, float]:
    """Return the medians of rounds that alternate."""
    await plain()
    await voted()
    pairs = [(await _timed(plain, repeat), await _timed(voted, repeat)) for _ in range(ROUNDS)]
    return statistics.median(one for one, _ in pairs), statistics.median(other for _, other in pairs)


def main() -> int:
    """Measure, and print the table."""
    with serving() as service:
        written = asyncio.run(_http(service.url))
    rows = {
        f"candidate of {VOTERS}, over HTTP": written,
        f"vote of {VOTERS} on {len(CHOICES)} choices, no HTTP": asyncio.run(_in_process()),
    }
    print("| CPU us | plain request | in an ensemble | more |", "|---|---:|---:|---:|", sep="\n")
    for title, (plain, voted) in rows.items():
        print(f"| {title} | {plain:.0f} | {voted:.0f} | {voted - plain:.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
