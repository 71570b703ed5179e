"""The store in memory, and the suite that every store is put to."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest

from callwright.run.records import Record, Started
from callwright.run.store import MemoryStore, Store
from callwright.testing.stores import StoreConformance

pytestmark = pytest.mark.anyio


class TestMemoryStore(StoreConformance):
    async def make_store(self) -> Store:
        return MemoryStore()


class ForgetfulStore(MemoryStore):
    """Loses the last record of a log."""

    async def load(self, run_id: str) -> Sequence[Record]:
        return list(await super().load(run_id))[:-1]


class TrustfulStore(MemoryStore):
    """Takes a record at any place."""

    async def append(self, run_id: str, seq: int, record: Record) -> None:
        await super().append(run_id, len(await self.load(run_id)), record)


class HastyStore(MemoryStore):
    """Says that it was cancelled when the record is kept."""

    async def append(self, run_id: str, seq: int, record: Record) -> None:
        await super().append(run_id, seq, record)
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("broken", [ForgetfulStore, TrustfulStore, HastyStore])
async def test_the_suite_finds_a_store_that_breaks_a_promise(broken: type[MemoryStore]) -> None:
    class Conformance(StoreConformance):
        async def make_store(self) -> Store:
            return broken()

    with pytest.raises(AssertionError):
        await Conformance().check()


async def test_the_suite_needs_no_pytest() -> None:
    await TestMemoryStore().check()


async def test_a_refused_record_leaves_no_run_behind() -> None:
    store = MemoryStore()

    with pytest.raises(Exception, match="expected record 0"):
        await store.append("a", 1, Started("a", "print"))

    assert list(await store.runs()) == []
