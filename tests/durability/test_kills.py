"""Whatever kills a run, wherever: nothing that was paid for or done is lost, and nothing is done twice unasked."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import TypeAlias

import pytest
from tests.durability.killing import ATTEMPTS, Case, Ended, Service, Zygote, unbroken

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a life is a fork")

KILLS = int(os.environ.get("CALLWRIGHT_KILLS", "300"))
WORKERS = 2
SEED = int(os.environ.get("CALLWRIGHT_SEED", "20260101"))

Plan: TypeAlias = Callable[[Case, Zygote, Ended], None]
"""What is done to one run."""


def until_done(case: Case, zygote: Zygote, ended: Ended) -> None:
    """Live without being killed, and compare."""
    outcome = case.lived(zygote)
    ended.expect(case, outcome)


def killed_at(*points: str) -> Plan:
    """Return the plan to kill one life after the other, each at its point."""

    def carry_out(case: Case, zygote: Zygote, ended: Ended) -> None:
        for number, point in enumerate(points):
            outcome = case.lived(zygote, kill_at=point, backend=("asyncio", "trio")[number % 2])
            if "died" not in outcome:
                ended.expect(case, outcome)
                return
        until_done(case, zygote, ended)

    return carry_out


def killed_anytime(seed: float, kills: int) -> Plan:
    """Return the plan to kill so many lives, each at a random moment."""

    def carry_out(case: Case, zygote: Zygote, ended: Ended) -> None:
        dice = random.Random(seed)
        for _ in range(ATTEMPTS):
            if case.deaths == kills:
                break
            backend = dice.choice(("asyncio", "trio"))
            outcome = case.lived(zygote, kill_after=dice.uniform(0.0, ended.seconds), backend=backend)
            if "died" not in outcome:
                ended.expect(case, outcome)
                return
        until_done(case, zygote, ended)

    return carry_out


def points_of(ended: Ended) -> list[str]:
    """Return every named point that an unbroken run passes."""
    records = [f"{when} record {number}" for number in range(1, ended.records + 1) for when in ("before", "after")]
    effects = [f"{when} effect {number}" for number in range(1, ended.effects + 1) for when in ("before", "after")]
    return records + effects


class Killer:
    """Carries out plans, as many side by side as there are workers."""

    def __init__(self) -> None:
        self.kills = 0
        self.doubtful = 0
        self._number = 0
        self._zygotes: SimpleQueue[Zygote] = SimpleQueue()
        self._open = [Zygote() for _ in range(WORKERS)]
        for zygote in self._open:
            self._zygotes.put(zygote)

    def close(self) -> None:
        for zygote in self._open:
            zygote.__exit__()

    def measure(self) -> Ended:
        service = Service()
        with service.serving() as url:
            return unbroken(service, url, self._open[0])

    def carry_out(self, plans: list[Plan], ended: Ended) -> None:
        """Carry out plans, each on a run of its own; the service forgets after a hundred."""
        for first in range(0, len(plans), 100):
            service = Service()
            with service.serving() as url, ThreadPoolExecutor(WORKERS) as pool:
                for case in pool.map(partial(self._one, service=service, url=url, ended=ended), plans[first:][:100]):
                    self.kills += case.deaths
                    self.doubtful += case.doubtful

    def _one(self, plan: Plan, *, service: Service, url: str, ended: Ended) -> Case:
        self._number += 1
        zygote = self._zygotes.get()
        try:
            with TemporaryDirectory() as folder:
                case = Case(f"case-{self._number}-{id(plan):x}", service, url, Path(folder))
                plan(case, zygote, ended)
                return case
        finally:
            self._zygotes.put(zygote)


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    killer = Killer()
    yield killer
    killer.close()


@pytest.fixture(scope="module")
def ended(killer: Killer) -> Ended:
    return killer.measure()


def chains_of(ended: Ended) -> list[tuple[str, ...]]:
    """Return ways to die again while somebody decides about a call that was cut short, and while it is run again."""
    chains: list[tuple[str, ...]] = []
    for number in range(1, ended.effects + 1):
        chains += [(f"before effect {number}", f"after record {record}") for record in range(1, 6)]
        chains.append((f"before effect {number}", "after effect 1", "before effect 1"))
    return chains


def test_a_run_of_twelve_steps_survives_a_few_kills(killer: Killer, ended: Ended) -> None:
    dice = random.Random(SEED)
    named = [dice.sample(points_of(ended), 2) for _ in range(2)]
    chained = [("before effect 1", "after effect 1"), *dice.sample(chains_of(ended), 2)]
    plans = [killed_at(*points) for points in (*named, *chained)]

    killer.carry_out([*plans, *(killed_anytime(dice.random(), 3) for _ in range(2))], ended)

    assert killer.kills >= 10


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_survives_a_kill_at_every_named_point(killer: Killer, ended: Ended) -> None:
    """Before and after each record and each effect."""
    before = killer.kills
    points = points_of(ended)

    killer.carry_out([killed_at(point) for point in points], ended)

    assert killer.kills - before == len(points)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_survives_kills_at_several_named_points(killer: Killer, ended: Ended) -> None:
    """All but the first while it is resumed."""
    dice = random.Random(SEED)
    chains = [*chains_of(ended), *(tuple(dice.sample(points_of(ended), 4)) for _ in range(20))]

    killer.carry_out([killed_at(*chain) for chain in chains], ended)

    assert killer.doubtful > 0


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_run_survives_kills_at_random_moments(killer: Killer, ended: Ended) -> None:
    """As many as CALLWRIGHT_KILLS says; up to five in a row, so that resuming is killed too."""
    dice = random.Random(SEED)
    before = killer.kills

    while killer.kills - before < KILLS:
        killer.carry_out([killed_anytime(dice.random(), dice.randint(1, 5)) for _ in range(20)], ended)
