"""Two processes that resume one run at the same moment: one goes on, the other is told so before it does a thing."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.durability.killing import Case, Ended, Service, Zygote, unbroken

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a life is a fork")
SEED = 20_260_101


@pytest.fixture(scope="module")
def zygotes() -> Iterator[tuple[Zygote, Zygote]]:
    with Zygote() as first, Zygote() as second:
        yield first, second


@pytest.fixture(scope="module")
def ended(zygotes: tuple[Zygote, Zygote]) -> Ended:
    service = Service()
    with service.serving() as url:
        return unbroken(service, url, zygotes[0])


def race(case: Case, zygotes: tuple[Zygote, Zygote], ended: Ended, point: str) -> None:
    """Cut a run short, then let two processes go on with it."""
    assert "died" in case.lived(zygotes[0], kill_at=point)

    outcomes = case.raced(*zygotes)

    conflicts = [outcome for outcome in outcomes if "conflict" in outcome]
    winners = [outcome for outcome in outcomes if "output" in outcome]
    assert (len(winners), len(conflicts)) == (1, 1)
    ended.expect(case, winners[0])


def races(count: int, zygotes: tuple[Zygote, Zygote], ended: Ended) -> None:
    dice = random.Random(SEED)
    # From the third record on a run can be resumed, and before the last there is something left to do.
    points = [f"after record {dice.randrange(2, ended.records)}" for _ in range(count)]
    for first in range(0, count, 100):
        service = Service()
        with service.serving() as url:
            for number, point in enumerate(points[first:][:100]):
                with TemporaryDirectory() as folder:
                    race(Case(f"race-{first + number}", service, url, Path(folder)), zygotes, ended, point)


def test_one_of_two_processes_goes_on_with_a_run(zygotes: tuple[Zygote, Zygote], ended: Ended) -> None:
    races(4, zygotes, ended)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_one_of_two_processes_goes_on_with_each_of_200_runs(zygotes: tuple[Zygote, Zygote], ended: Ended) -> None:
    races(200, zygotes, ended)
