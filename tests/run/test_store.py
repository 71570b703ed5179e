"""The store in memory."""

from __future__ import annotations

import pytest

from callwright.errors import RunConflictError, StoreError
from callwright.run.records import Prompted, Started
from callwright.run.store import MemoryStore
from callwright.wire.messages import UserMessage

pytestmark = pytest.mark.anyio
STARTED = Started("a", "print")
PROMPTED = Prompted((UserMessage("hi"),))


async def test_what_was_appended_comes_back_in_order() -> None:
    store = MemoryStore()
    await store.append("a", 0, STARTED)
    await store.append("a", 1, PROMPTED)

    assert list(await store.load("a")) == [STARTED, PROMPTED]
    assert list(await store.runs()) == ["a"]


async def test_a_place_that_is_taken_is_refused() -> None:
    store = MemoryStore()
    await store.append("a", 0, STARTED)

    with pytest.raises(RunConflictError, match="another process"):
        await store.append("a", 0, STARTED)


async def test_a_gap_is_refused() -> None:
    with pytest.raises(StoreError, match="expected record 0"):
        await MemoryStore().append("a", 1, STARTED)


async def test_a_deleted_run_is_gone() -> None:
    store = MemoryStore()
    await store.append("a", 0, STARTED)

    await store.delete("a")
    await store.delete("a")

    assert list(await store.load("a")) == []
    assert list(await store.runs()) == []
