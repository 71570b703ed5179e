"""Where a cache keeps its answers: in memory or in a file."""

from __future__ import annotations

import stat

import anyio
import pytest

from callwright import ChatRequest, ParameterError, StoreError, UserMessage
from callwright.models.answers import MemoryAnswers, SQLiteAnswers
from callwright.models.cache import Cache
from callwright.testing import ScriptedModel

pytestmark = pytest.mark.anyio


async def test_a_file_outlives_its_cache(tmp_path) -> None:
    request, path = ChatRequest([UserMessage("Hi")]), tmp_path / "a.db"
    await Cache(ScriptedModel("ok"), SQLiteAnswers(path)).complete(request)

    again = await Cache(ScriptedModel(), SQLiteAnswers(path)).complete(request)

    assert again.text == "ok"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_memory_forgets_what_was_not_used_for_longest() -> None:
    store = MemoryAnswers(2)
    for key in "ab":
        await store.put(key, b"1")

    await store.get("a")
    await store.put("c", b"1")

    assert [await store.get(key) for key in "abc"] == [b"1", None, b"1"]


async def test_a_file_can_be_cleared(tmp_path) -> None:
    store = SQLiteAnswers(tmp_path / "a.db")
    await store.put("a", b"1")

    await store.clear()

    assert await store.get("a") is None


async def test_a_file_that_is_no_database_is_a_store_error(tmp_path) -> None:
    (tmp_path / "a.db").write_text("this is no database, but it is long enough to be taken for one\n" * 50)

    with pytest.raises(StoreError, match=r"a\.db"):
        await SQLiteAnswers(tmp_path / "a.db").get("a")
    with pytest.raises(StoreError):
        await SQLiteAnswers(tmp_path / "no folder" / "a.db").put("a", b"1")


async def test_many_tasks_share_a_file(tmp_path) -> None:
    stores = [SQLiteAnswers(tmp_path / "a.db") for _ in range(8)]

    async with anyio.create_task_group() as group:
        for number, store in enumerate(stores):
            group.start_soon(store.put, str(number), b"1")

    assert [await stores[0].get(str(number)) for number in range(8)] == [b"1"] * 8


def test_memory_is_bounded_and_a_file_is_a_file() -> None:
    with pytest.raises(ParameterError):
        MemoryAnswers(0)
    with pytest.raises(ParameterError):
        SQLiteAnswers(":memory:")
