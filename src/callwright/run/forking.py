"""Forking: another run that begins as an existing one did, up to one of its records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from callwright.errors import StoreError
from callwright.run.records import CallDecided, CallHeld, CallReturned, CallStarted, Record, Started, child_run_id
from callwright.run.state import RunState
from callwright.run.store import Store

__all__ = ["fork", "forked"]


def forked(records: Sequence[Record], *, at: int | None, run_id: str) -> list[Record]:
    """Return the records of a run that begins as another did; the ids of its calls are its own.

    Args:
        records: Of the other run.
        at: How many of them; None for all.
        run_id: The new run's.

    Raises:
        StoreError: There is no such run, or it has fewer records.
    """
    size = len(records) if at is None else at
    started = records[0] if records else None
    if not isinstance(started, Started) or not 1 <= size <= len(records):
        raise StoreError(f"fork: expected a position from 1 to {len(records)} in the run's log; got {at!r}")
    old = started.run_id
    first = replace(started, run_id=run_id, forked=(old, size))
    return [first, *(_renamed(record, old, run_id) for record in records[1:size])]


async def fork(store: Store, run_id: str, *, at: int | None, to: str) -> RunState:
    """Keep a fork of a stored run under another id, with the sub-agents of its open calls; return its state.

    Raises:
        StoreError: There is no such run, it has fewer records, or the other id is taken.
    """
    records = forked(await store.load(run_id), at=at, run_id=to)
    for seq, record in enumerate(records):
        await store.append(to, seq, record)
    state = RunState.of(records)
    for place in [pending.id for pending in state.calls.values() if pending.started and not pending.returned]:
        child = child_run_id(f"{run_id}{place.removeprefix(to)}")
        if await store.load(child):
            await fork(store, child, at=None, to=child_run_id(place))
    return state


def _renamed(record: Record, old: str, new: str) -> Record:
    if isinstance(record, CallHeld):
        waiting = tuple([(_moved(place, old, new), name, text, why) for place, name, text, why in record.waiting])
        return replace(record, call=_moved(record.call, old, new), waiting=waiting)
    if isinstance(record, CallDecided | CallStarted | CallReturned):
        return replace(record, call=_moved(record.call, old, new))
    return record


def _moved(call: str, old: str, new: str) -> str:
    return f"{new}{call.removeprefix(old)}"
