"""What a store in a file does when the disk, the file or the neighbours are not as they should be."""

from __future__ import annotations

import os
import random
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from callwright.errors import RunConflictError, StoreError
from callwright.run.database import Database
from callwright.run.filelock import FileLock
from callwright.run.records import Asked, Prompted, Record, Started
from callwright.run.sqlite import SQLiteStore
from callwright.wire.messages import UserMessage

pytestmark = pytest.mark.anyio
NOBODY = 65_534
PATIENCE = 30
STARTED = Started("a", "print")
SEED = 20_260_101


def log_of(run_id: str, length: int) -> list[Record]:
    """Return a log; every third record is larger than a page."""
    texts = [f"{run_id} {number} " * (400 if number % 3 == 0 else 1) for number in range(length - 1)]
    return [Started(run_id, "print"), *(Prompted((UserMessage(text),)) for text in texts)]


LOGS = {run_id: log_of(run_id, length) for run_id, length in [("a", 12), ("b", 3), ("a/1:0", 5), ("c", 1), ("d", 9)]}


async def keep(store: SQLiteStore, run_id: str, log: Sequence[Record]) -> None:
    for seq, record in enumerate(log):
        await store.append(run_id, seq, record)


@pytest.fixture
async def written(tmp_path: Path) -> bytes:
    """Return what is in the file of a store with several runs."""
    path = tmp_path / "written.db"
    with SQLiteStore(path) as store:
        for run_id, log in LOGS.items():
            await keep(store, run_id, log)
    return read(path)


def read(path: Path) -> bytes:
    return path.read_bytes()


@contextmanager
def opened(content: bytes | bytearray, ahead: bytes | bytearray = b"") -> Iterator[SQLiteStore]:
    """Open a store that finds this in its file, and in the log beside it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "runs.db")
        path.write_bytes(content)
        if ahead:
            path.with_name("runs.db-wal").write_bytes(ahead)
        with SQLiteStore(path) as store:
            yield store


async def expect_truth(store: SQLiteStore) -> int:
    """Ask for all there is; return how often the truth came, and not an error that says that there is none."""
    told = 0
    for run_id, log in [*LOGS.items(), ("nobody", [])]:
        try:
            assert list(await store.load(run_id)) == log
            assert len(await store.times(run_id)) == len(log)
            told += 1
        except StoreError:
            pass
    try:
        summaries = {summary.run_id: summary.records for summary in await store.summaries()}
        assert summaries == {run_id: len(log) for run_id, log in LOGS.items()}
        told += 1
    except StoreError:
        pass
    return told


# -- a damaged file


async def flip_bits(whole: bytes, count: int, seed: int) -> list[int]:
    """Flip one bit at a time, anywhere in the file; return how often the truth came each time."""
    dice, told = random.Random(seed), []
    for _ in range(count):
        place, bit = dice.randrange(len(whole)), 1 << dice.randrange(8)
        damaged = bytearray(whole)
        damaged[place] ^= bit
        with opened(damaged) as store:
            told.append(await expect_truth(store))
            await expect_safe_append(store)
    return told


async def expect_safe_append(store: SQLiteStore) -> None:
    """Go on with a run whose log can be read; what is then read is that log and the new record, or an error."""
    try:
        log = list(await store.load("a"))
        await store.append("a", len(log), Asked(1, "m", "t"))
        assert list(await store.load("a")) == [*LOGS["a"], Asked(1, "m", "t")]
    except StoreError:
        pass


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_flipped_bit_is_never_told_as_truth(written: bytes) -> None:
    told = await flip_bits(written, 150, SEED)

    assert min(told) < len(LOGS) + 2, "no flip was noticed"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_no_flipped_bit_of_thousands_is_told_as_truth(written: bytes) -> None:
    await flip_bits(written, 4_000, SEED + 1)


@pytest.mark.parametrize("text", [b"a 5 ", b'"Prompted"', b'"content"'], ids=["text", "kind", "key"])
async def test_a_flipped_bit_in_a_record_is_an_error_that_names_it(written: bytes, text: bytes) -> None:
    place = written.index(text, written.index(b"a 5 ") - 60)
    damaged = written[:place] + bytes([written[place] ^ 1]) + written[place + 1 :]

    with opened(damaged) as store:
        with pytest.raises(StoreError, match=r"run 'a', record 6: .*checksum"):
            await store.load("a")
        assert list(await store.load("b")) == LOGS["b"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_file_that_was_cut_is_never_told_as_truth(written: bytes) -> None:
    dice = random.Random(SEED)
    sizes = [*range(4096, len(written), 4096), *(dice.randrange(1, len(written)) for _ in range(30))]

    for size in sizes:
        with opened(written[:size]) as store:
            await expect_truth(store)
            await expect_safe_append(store)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_page_that_was_not_written_is_never_told_as_truth(written: bytes) -> None:
    """Each page once as nothing, once as the half of another: what a torn write leaves."""
    for place in range(0, len(written), 4096):
        other = (place + 4096) % len(written)
        for page in (bytes(4096), written[other : other + 2048] + written[place + 2048 : place + 4096]):
            with opened(written[:place] + page + written[place + 4096 :]) as store:
                await expect_truth(store)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_damaged_write_ahead_log_gives_the_beginning_of_each_run(tmp_path: Path) -> None:
    """As after a power failure: what had not reached the disk is gone, and nothing else is wrong."""
    path, dice = tmp_path / "runs.db", random.Random(SEED)
    with SQLiteStore(path) as store:
        for run_id, log in LOGS.items():
            await keep(store, run_id, log)
        main, ahead = read(path), read(path.with_name("runs.db-wal"))

    for _ in range(60):
        damaged = bytearray(ahead)
        if dice.random() < 0.5:
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        else:
            del damaged[dice.randrange(len(damaged)) :]
        with opened(main, damaged) as store:
            for run_id, log in LOGS.items():
                found = list(await store.load(run_id))
                assert found == log[: len(found)]


async def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"These are my notes. " * 500)

    with SQLiteStore(path) as store, pytest.raises(StoreError, match=r"notes.txt.*not a database"):
        await store.append("a", 0, STARTED)

    assert path.read_bytes() == b"These are my notes. " * 500


async def test_the_database_of_another_program_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE record (x)")
    theirs.close()
    before = path.read_bytes()

    with SQLiteStore(path) as store, pytest.raises(StoreError, match="another program"):
        await store.append("a", 0, STARTED)

    assert path.read_bytes() == before


async def test_a_file_that_was_deleted_is_not_written_to(tmp_path: Path) -> None:
    """What is written to it would be lost without a word."""
    path = tmp_path / "runs.db"
    with SQLiteStore(path) as store:
        await keep(store, "a", LOGS["a"])
        path.unlink()

        with pytest.raises(StoreError, match="expected record 0"):
            await store.append("a", len(LOGS["a"]), STARTED)


async def test_a_file_that_was_put_back_from_a_copy_is_the_one_that_counts(tmp_path: Path) -> None:
    path, copy = tmp_path / "runs.db", tmp_path / "copy.db"
    with SQLiteStore(path) as store:
        await keep(store, "b", LOGS["b"])
    shutil.copy(path, copy)
    with SQLiteStore(path) as store:
        await keep(store, "d", LOGS["d"])
        for beside in ("wal", "shm"):
            path.with_name(f"runs.db-{beside}").unlink()
        copy.replace(path)

        assert list(await store.runs()) == ["b"]
        assert list(await store.load("b")) == LOGS["b"]


# -- no room, no right


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let this process write no file beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def keep_what_fits(store: SQLiteStore, log: Sequence[Record]) -> int:
    """Append until there is no room; return how many records were kept."""
    for seq, record in enumerate(log):
        try:
            await store.append("a", seq, record)
        except StoreError:
            return seq
    return len(log)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_run_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    """Wherever the room ended: in opening, in a record, in a checkpoint."""
    log = log_of("a", 60)
    kept: set[int] = set()
    for size in range(0, 300_000, 9_973):
        with SQLiteStore(tmp_path / f"{size}.db") as store:
            with largest_file(size):
                count = await keep_what_fits(store, log)
                kept.add(count)
            assert list(await store.load("a")) == log[:count]

            for seq in range(count, len(log)):
                await store.append("a", seq, log[seq])
            assert list(await store.load("a")) == log

    assert len(kept) > 10


async def test_a_record_that_does_not_fit_does_no_harm_to_others(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    large = Prompted((UserMessage("x" * 400_000),))
    errors: list[str] = []

    async def append(run_id: str, seq: int, record: Record) -> None:
        try:
            await store.append(run_id, seq, record)
        except StoreError as error:
            errors.append(str(error))

    with SQLiteStore(path) as store, largest_file(200_000):
        await store.append("large", 0, STARTED)
        async with anyio.create_task_group() as group:
            for run_id in ("a", "b", "c"):
                group.start_soon(append, run_id, 0, STARTED)
            group.start_soon(append, "large", 1, large)

        assert sorted(await store.runs()) == ["a", "b", "c", "large"]
    assert len(errors) == 1
    assert str(path) in errors[0]


def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "runs.db"), timeout=1.0)
    database._sqlite.execute("PRAGMA max_page_count = 12")

    with pytest.raises(sqlite3.OperationalError, match="full"), database.locked(), database.writing(lasting=True):
        database.append("a", 0, STARTED, body=b"x" * 100_000, at=1.0)

    assert database.rows("a") == []
    database.close()


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """Give a folder that others can reach; pytest's own are for the user alone."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


@contextmanager
def without_rights() -> Iterator[None]:
    """Be nobody for a while, if this is root, whom no right of a file holds off."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.mark.parametrize("what", ["file", "folder"])
async def test_what_may_not_be_written_is_an_error(what: str, shared_folder: Path) -> None:
    path = shared_folder / "runs.db"
    with SQLiteStore(path) as store:
        await store.append("a", 0, STARTED)
    before = path.read_bytes()
    path.with_name("runs.db-lock").chmod(0o666)
    (path if what == "file" else shared_folder).chmod(0o444 if what == "file" else 0o555)

    with without_rights(), SQLiteStore(path) as store, pytest.raises(StoreError, match=r"runs\.db"):
        await store.append("a", 1, STARTED)

    assert path.read_bytes() == before


@pytest.mark.parametrize("path", ["nowhere/runs.db", "."], ids=["no folder", "a folder"])
async def test_a_path_that_can_be_no_file_is_an_error(path: str, tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / path) as store, pytest.raises(StoreError, match="store '"):
        await store.load("a")


# -- neighbours


async def test_who_waits_too_long_for_others_is_told(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "runs.db", timeout=0.05) as store:
        await store.append("a", 0, STARTED)
        lock = FileLock(f"{tmp_path / 'runs.db'}-lock")
        assert lock.acquire(PATIENCE)

        with pytest.raises(StoreError, match=r"others have been writing to it for 0\.05 s"):
            await store.append("a", 1, STARTED)
        assert list(await store.load("a")) == [STARTED], "who reads does not wait"

        lock.release()
        await store.append("a", 1, STARTED)
        lock.close()


async def test_a_program_that_keeps_the_file_to_itself_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with SQLiteStore(path, timeout=0.05) as store:
        await store.append("a", 0, STARTED)
        theirs = sqlite3.connect(path, isolation_level=None)
        theirs.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreError, match=r"locked \(SQLITE_BUSY\)"):
            await store.append("a", 1, STARTED)

        theirs.execute("ROLLBACK")
        theirs.close()
        await store.append("a", 1, STARTED)
        with pytest.raises(RunConflictError):
            await store.append("a", 1, STARTED)
