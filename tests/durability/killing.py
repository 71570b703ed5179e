"""Killing: what a test needs to kill a run again and again, and to say whether anything was lost or doubled."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, cast

from tests.durability.victim import Life, as_line, lines_of

from callwright._sync import run_sync
from callwright.run.records import Answered, CallReturned, Record
from callwright.run.sqlite import SQLiteStore
from callwright.simulator.server import running
from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.scenario import Scenario, call, calls, say

ORDER = Scenario(
    "Twelve steps, with calls of every kind.",
    (
        calls(call("look", {"item": "a1"})),
        calls(call("look", {"item": "a2"}), call("look", {"item": "a3"})),
        calls(call("charge", {"item": "b1"})),
        calls(call("reserve", {"item": "c1"}), call("reserve", {"item": "c2"})),
        calls(
            call("charge", {"item": "d1"}),
            call("look", {"item": "d2"}),
            call("reserve", {"item": "d3"}),
            call("charge", {"item": "d4"}),
        ),
        calls(call("ask_helper", {"prompt": "Help with e."})),
        calls(call("charge", {"item": "f1"}), call("charge", {"item": "f2"}), call("charge", {"item": "f3"})),
        calls(call("refund", {"item": "g1"}), call("look", {"item": "g2"})),
        calls(call("ask_helper", {"prompt": "Help with h."}), call("charge", {"item": "h0"})),
        calls(call("charge", {"article": "none"}), call("reserve", {"item": "i1"})),
        calls(call("look", {"item": "j1"}), content="Let me see."),
        say("The order is seen to."),
    ),
)
HELPER = Scenario(
    "Three steps of a sub-agent.",
    (
        calls(call("charge", {"item": "x1"})),
        calls(call("charge", {"item": "x2"}), call("reserve", {"item": "x3"})),
        say("I helped."),
    ),
)
STEPS = len(ORDER.steps)
ATTEMPTS = 40
"""After how many lives a run counts as one that does not end."""


class Zygote:
    """The process of `victim.py`; one life at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "tests.durability.victim"]
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def begin(self, life: Life) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(as_line(life))
        self._process.stdin.flush()

    def end(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return cast("dict[str, Any]", json.loads(self._process.stdout.readline()))

    def lived(self, life: Life) -> dict[str, Any]:
        self.begin(life)
        return self.end()


class Service:
    """The offline OpenRouter on loopback, and who asked it what."""

    def __init__(self) -> None:
        self._openrouter = OfflineOpenRouter({"order": ORDER, "helper": HELPER})
        self._lock = threading.Lock()
        self._seen = 0
        self._requests: dict[str, list[tuple[str, int]]] = {}

    @contextmanager
    def serving(self) -> Generator[str, None, None]:
        with running(self._openrouter) as url:
            yield url

    def requests_of(self, title: str) -> list[tuple[str, int]]:
        """Return what was asked under a title: the model and prompt, and how many turns the conversation had."""
        with self._lock:
            journal = self._openrouter.journal
            assert len(journal) < 10_000, "the journal forgets from here on: make another service"
            for entry in journal[self._seen :]:
                body = cast("Mapping[str, Any]", entry.body)
                turns = sum(message["role"] == "assistant" for message in body["messages"])
                asked = f"{body['model']}: {body['messages'][0]['content']}"
                self._requests.setdefault(entry.headers["x-title"], []).append((asked, turns))
            self._seen = len(journal)
            return list(self._requests.get(title, ()))


@dataclass
class Known:
    """What a run's logs said at some moment."""

    answered: dict[str, int] = field(default_factory=dict)
    """How many answers each conversation has, by model and prompt."""
    returned: set[str] = field(default_factory=set)
    """The calls that have returned."""


class Case:
    """One run and all its lives; each is checked when it is over.

    Args:
        name: The run's id, and the case's in the journal.
        service: Which it asks, and where.
        folder: Of its files.
    """

    def __init__(self, name: str, service: Service, url: str, folder: Path) -> None:
        self.name = name
        self.deaths = 0
        self.doubtful = 0
        self._lives = 0
        self._asked: list[tuple[Known, list[str]]] = []
        self._service = service
        self._folder = folder
        self._life = Life(url, str(folder / "runs.db"), str(folder / "ledger"), name, name)

    @property
    def ledger(self) -> list[str]:
        """What was done, as the tools wrote it; the run's id is left out, so that runs can be compared."""
        return [line.replace(self.name, "run") for line in lines_of(self._folder / "ledger")]

    def life(self, **told: Any) -> Life:
        """Return the next life. Each asks under a title of its own: what it sent last may arrive when it is dead."""
        self._lives += 1
        return Life(**{**vars(self._life), "title": f"{self.name}, life {self._lives}", **told})

    def lived(self, zygote: Zygote, **told: Any) -> dict[str, Any]:
        """Live once more, and check that nothing was paid or done again that was known at the beginning."""
        known, done, life = self.known(), len(self.ledger), self.life(**told)
        outcome = zygote.lived(life)
        assert "error" not in outcome, outcome
        self.deaths += "died" in outcome
        self.doubtful += len(outcome.get("doubtful", ()))
        self._check_done(known, done)
        self._asked.append((known, [life.title]))
        return outcome

    def raced(self, first: Zygote, second: Zygote) -> list[dict[str, Any]]:
        """Let two lives go on at the same moment, and check as if they were one."""
        known, done, line = self.known(), len(self.ledger), self._folder / "line"
        line.mkdir()
        lives = [self.life(race=(str(line), 2), backend=backend) for backend in ("asyncio", "trio")]
        first.begin(lives[0])
        second.begin(lives[1])
        outcomes = [first.end(), second.end()]
        assert not any("error" in outcome or "died" in outcome for outcome in outcomes), outcomes
        self._check_done(known, done)
        self._asked.append((known, [life.title for life in lives]))
        return outcomes

    def check_paid(self) -> None:
        """Check what all lives asked: nothing twice, and nothing that was answered when they began."""
        for known, titles in self._asked:
            requests = [request for title in titles for request in self._service.requests_of(title)]
            assert len(set(requests)) == len(requests), f"paid twice: {requests}"
            again = [(said, turns) for said, turns in requests if turns < known.answered.get(said, 0)]
            assert again == [], f"paid again although the answer was kept: {again}"

    def asked(self) -> set[tuple[str, int]]:
        """Return what was asked in all lives."""
        titles = [title for _, titles in self._asked for title in titles]
        return {request for title in titles for request in self._service.requests_of(title)}

    def _check_done(self, known: Known, done: int) -> None:
        """Check what was done since the ledger had so many lines."""
        calls = {line.split(" ", 1)[0] for line in self.ledger[done:]}
        assert calls & known.returned == set(), f"done again although it had returned: {calls & known.returned}"

    def counts(self) -> list[int]:
        """Return how many records each log has."""
        return [len(log) for log in self._logs().values()]

    def known(self) -> Known:
        """Return what the logs say."""
        known = Known()
        for run_id, log in self._logs().items():
            self._note(known, run_id, log)
        return known

    def _logs(self) -> dict[str, Sequence[Record]]:
        """Read the logs off a copy of the files, so that the next life finds them as the last one left them."""
        with TemporaryDirectory() as copy:
            for path in self._folder.glob("runs.db*"):
                if not path.name.endswith("-shm"):
                    shutil.copy(path, copy)
            with SQLiteStore(Path(copy, "runs.db")) as store:
                return {run_id: run_sync(store.load, run_id) for run_id in run_sync(store.runs)}

    def _note(self, known: Known, run_id: str, log: Sequence[Record]) -> None:
        answered = sum(isinstance(record, Answered) for record in log)
        for record in log:
            if hasattr(record, "messages") and run_id not in known.answered:
                model = "scripted/order" if run_id == self.name else "scripted/helper"
                known.answered[f"{model}: {record.messages[0].text}"] = answered
                break
        known.returned |= {record.call.replace(self.name, "run") for record in log if isinstance(record, CallReturned)}


@dataclass(frozen=True)
class Ended:
    """How an unbroken run ended: what every other one is compared with."""

    outcome: Mapping[str, Any]
    ledger: Counter[str]
    records: int
    effects: int
    seconds: float

    def expect(self, case: Case, outcome: Mapping[str, Any]) -> None:
        """Compare a run that was killed on the way."""
        case.check_paid()
        assert outcome.get("output") == self.outcome["output"]
        assert outcome["messages"] == self.outcome["messages"]
        done = Counter(case.ledger)
        # An answer that was lost with its life is asked for under another number, and so are the ids of its calls.
        different = effects_of(done) ^ effects_of(self.ledger)
        assert different == set(), f"lost, or done by another call as well: {different}"
        twice = [line for line, count in done.items() if count > 1 and " reserve " not in line]
        assert twice == [], f"done twice without being declared safe: {twice}"


def effects_of(ledger: Iterable[str]) -> set[tuple[str, int]]:
    """Return what was done, and by how many calls."""
    return set(Counter(line.split(" ", 1)[1] for line in set(ledger)).items())


def unbroken(service: Service, url: str, zygote: Zygote) -> Ended:
    """Let a run be, twice: the first one is slower."""
    for name in ("warm", "unbroken"):
        with TemporaryDirectory() as folder:
            case = Case(name, service, url, Path(folder))
            began = time.monotonic()
            outcome = case.lived(zygote)
            seconds = time.monotonic() - began
            assert len({turns for said, turns in case.asked() if "order" in said}) == STEPS
            records = sum(case.counts())
            ended = Ended(outcome, Counter(case.ledger), records, len(case.ledger), seconds)
    return ended
