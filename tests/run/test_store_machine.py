"""Any history of appends, crashes and re-openings: the store in a file holds what the one in memory holds."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import anyio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.run.test_state_fold import derived, next_records

from callwright.errors import RunConflictError, StoreError
from callwright.run.records import Prompted, Record, Started, Stopped
from callwright.run.sqlite import SQLiteStore
from callwright.run.state import RunState
from callwright.run.store import MemoryStore, Store
from callwright.wire.messages import UserMessage

RUN_IDS = ("a", "a/1:0", "b")


async def outcome_of(store: Store, run_id: str, seq: int, record: Record) -> str:
    try:
        await store.append(run_id, seq, record)
    except RunConflictError:
        return "conflict"
    except StoreError:
        return "gap"
    return "kept"


class Histories(RuleBasedStateMachine):
    """Does the same to both stores."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(mkdtemp())
        self.number = 0
        self.path.parent.mkdir()
        self.memory = MemoryStore()
        self.file = SQLiteStore(self.path)
        self.states = {run_id: RunState() for run_id in RUN_IDS}

    @property
    def path(self) -> Path:
        return self.folder / str(self.number) / "runs.db"

    def teardown(self) -> None:
        self.file.close()
        shutil.rmtree(self.folder)

    def append(self, run_id: str, seq: int, record: Record) -> str:
        outcomes = {anyio.run(outcome_of, store, run_id, seq, record) for store in (self.memory, self.file)}
        assert len(outcomes) == 1
        return outcomes.pop()

    @rule(run_id=st.sampled_from(RUN_IDS), data=st.data())
    def go_on(self, run_id: str, data: Any) -> None:
        """Keep what the loop may write next, one record or several."""
        state = self.states[run_id]
        if not state.records:
            records: list[Record] = [Started(run_id, "print"), Prompted((UserMessage("?"),))]
        else:
            records = next_records(data.draw, state)
        for record in records:
            assert self.append(run_id, len(state.records), record) == "kept"
            state.apply(record)

    @rule(run_id=st.sampled_from(RUN_IDS), back=st.integers(1, 3))
    def come_too_late(self, run_id: str, back: int) -> None:
        length = len(self.states[run_id].records)
        if length >= back:
            assert self.append(run_id, length - back, Stopped("done")) == "conflict"

    @rule(run_id=st.sampled_from(RUN_IDS), ahead=st.integers(1, 3))
    def leave_a_gap(self, run_id: str, ahead: int) -> None:
        assert self.append(run_id, len(self.states[run_id].records) + ahead, Stopped("done")) == "gap"

    @rule(run_id=st.sampled_from(RUN_IDS))
    def delete(self, run_id: str) -> None:
        for store in (self.memory, self.file):
            anyio.run(store.delete, run_id)
        self.states[run_id] = RunState()

    @rule()
    def close(self) -> None:
        self.file.close()

    @rule()
    def open_beside(self) -> None:
        """Go on through another store, as another process would; the first one stays open."""
        self.file = SQLiteStore(self.path)

    @precondition(lambda self: self.path.exists())
    @rule()
    def crash(self) -> None:
        """Go on with the files as they are on the disk at this moment, without anybody having closed them."""
        before = self.path
        self.number += 1
        self.path.parent.mkdir()
        for name in ("runs.db", "runs.db-wal"):
            if before.with_name(name).exists():
                shutil.copy(before.with_name(name), self.path.with_name(name))
        self.file = SQLiteStore(self.path)

    @invariant()
    def both_hold_the_same(self) -> None:
        for run_id, state in self.states.items():
            kept = [list(anyio.run(store.load, run_id)) for store in (self.memory, self.file)]
            assert kept == [state.records] * 2
            assert repr(derived(RunState.of(kept[1]))) == repr(derived(state))
        begun = sorted(run_id for run_id, state in self.states.items() if state.records)
        assert sorted(anyio.run(self.memory.runs)) == sorted(anyio.run(self.file.runs)) == begun

    @invariant()
    def the_summaries_are_those_of_the_states(self) -> None:
        for summary in anyio.run(self.file.summaries):
            state = self.states[summary.run_id]
            told = (summary.records, summary.steps, summary.requests, summary.tokens, summary.cost)
            used = state.usage
            assert told == (len(state.records), state.steps, state.requests, used.total_tokens, used.cost)
            waiting = sum(call.is_waiting for call in state.calls.values())
            open_or_paused = "paused" if waiting else "open"
            assert summary.status == (open_or_paused if state.stopped is None else state.stopped.status)
            assert summary.waiting == waiting


Histories.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestHistories = Histories.TestCase
