"""The store in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from callwright.run.sqlite import SQLiteStore
from callwright.run.store import Store
from callwright.testing.stores import StoreConformance

pytestmark = pytest.mark.anyio


class TestSQLiteStore(StoreConformance):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "runs.db"

    async def make_store(self) -> Store:
        return SQLiteStore(self.path)

    async def another(self, store: Store) -> Store:
        return SQLiteStore(self.path)

    async def drop_store(self, store: Store) -> None:
        assert isinstance(store, SQLiteStore)
        store.close()
