"""A table file: the rows of a training table in one SQLite database, as one thread at a time reads and writes it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Final, cast

from callwright.errors import StoreError
from callwright.query.tablerow import RowVote, TableRow

__all__ = ["Marked", "OpenTable", "TableFile"]

_APPLICATION: Final = 0x63777474
"""SQLite's field for whose file it is: "cwtt"."""
_VERSION: Final = 1
_TABLES: Final = (
    "CREATE TABLE setting (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    """
    CREATE TABLE entry (
        id INTEGER PRIMARY KEY, query TEXT NOT NULL UNIQUE, prompt TEXT NOT NULL, format TEXT NOT NULL,
        model TEXT NOT NULL, created REAL NOT NULL, candidates TEXT NOT NULL, correct TEXT, vector BLOB
    )
    """,
    """
    CREATE TABLE vote (
        id INTEGER PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry ON DELETE CASCADE,
        member TEXT NOT NULL, slot INTEGER NOT NULL, mode TEXT NOT NULL, UNIQUE (entry, member, slot)
    )
    """,
    """
    CREATE TABLE share (
        vote INTEGER NOT NULL REFERENCES vote ON DELETE CASCADE, class TEXT NOT NULL, share REAL NOT NULL,
        PRIMARY KEY (vote, class)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX entry_marked ON entry (format) WHERE correct IS NOT NULL",
    "CREATE INDEX vote_member ON vote (member, entry)",
)
_EMBEDDER = "embeddings_model"
_FIELDS = "query, prompt, format, model, created, candidates, correct, vector"
_MATCHED = (
    "SELECT entry.id, vote.member, avg(coalesce(share.share, 0)) FROM entry JOIN vote ON vote.entry = entry.id "
    "LEFT JOIN share ON share.vote = vote.id AND share.class = entry.correct "
    "WHERE entry.format = ? AND entry.correct IS NOT NULL AND vote.member IN (SELECT value FROM json_each(?)) "
    "GROUP BY entry.id, vote.member"
)


class Marked:
    """The marked rows that say something of some members.

    Args:
        vectors: Row -> its vector.
        matched: Member -> row -> the share that it gave the right answer.
    """

    __slots__ = ("matched", "vectors")

    def __init__(self, vectors: Mapping[int, bytes], matched: Mapping[str, Mapping[int, float]]) -> None:
        self.vectors = vectors
        self.matched = matched


class TableFile:
    """The file. It is open only while it is used, so that any thread, process or fork may use it.

    Args:
        path: Made if it is not there.
        timeout: How long to wait for others that write, in seconds.
    """

    __slots__ = ("_path", "_timeout")

    def __init__(self, path: str, *, timeout: float) -> None:
        self._path = path
        self._timeout = timeout

    @contextmanager
    def open(self, *, is_writing: bool = False) -> Generator[OpenTable, None, None]:
        """Give the rows while the block runs; what it writes is kept whole, or not at all.

        Raises:
            StoreError: It is no file of ours, or cannot be read or written.
        """
        try:
            with closing(sqlite3.connect(self._path, timeout=self._timeout, isolation_level=None)) as connection:
                connection.execute("PRAGMA foreign_keys = ON")
                # Of two that make the file, the second has to see what the first has made.
                connection.execute(
                    "BEGIN IMMEDIATE" if is_writing or _number(connection, "user_version") == 0 else "BEGIN"
                )
                try:
                    _prepare(connection)
                    yield OpenTable(connection)
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
        except sqlite3.Error as error:
            raise StoreError(f"table {self._path!r}: {error}") from error
        except StoreError as error:
            raise StoreError(f"table {self._path!r}: {error}") from error


class OpenTable:
    """The rows, in one transaction."""

    __slots__ = ("_sqlite",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sqlite = connection

    @property
    def embedder(self) -> str | None:
        """What makes the vectors; None as long as there is none."""
        row = self._sqlite.execute("SELECT value FROM setting WHERE key = ?", (_EMBEDDER,)).fetchone()
        return None if row is None else cast("str", row[0])

    def settle(self, embedder: str) -> None:
        """Have all vectors made by `embedder`, if nobody has said otherwise."""
        self._sqlite.execute("INSERT OR IGNORE INTO setting VALUES (?, ?)", (_EMBEDDER, embedder))

    def put(self, row: TableRow) -> None:
        """Keep a row. One of the same query is replaced; its mark and its vector stay, unless `row` has its own."""
        (key,) = self._sqlite.execute(
            f"INSERT INTO entry ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 - our own names
            "ON CONFLICT (query) DO UPDATE SET prompt = excluded.prompt, format = excluded.format, "
            "model = excluded.model, created = excluded.created, candidates = excluded.candidates, "
            "correct = coalesce(excluded.correct, correct), vector = coalesce(excluded.vector, vector) RETURNING id",
            (
                *(row.query, row.prompt, row.format, row.model, row.created),
                *(json.dumps(dict(row.candidates)), row.correct, row.vector),
            ),
        ).fetchone()
        self._sqlite.execute("DELETE FROM vote WHERE entry = ?", (key,))
        for vote in row.votes:
            values = (key, vote.member, vote.slot, vote.mode)
            cursor = self._sqlite.execute("INSERT INTO vote (entry, member, slot, mode) VALUES (?, ?, ?, ?)", values)
            shares = [(cursor.lastrowid, class_id, share) for class_id, share in vote.shares.items() if share > 0]
            self._sqlite.executemany("INSERT INTO share VALUES (?, ?, ?)", shares)

    def mark(self, query: str, correct: str | None, vector: bytes | None = None) -> None:
        """Say which class is right; None: nobody knows."""
        self._sqlite.execute(
            "UPDATE entry SET correct = ?, vector = coalesce(?, vector) WHERE query = ?", (correct, vector, query)
        )

    def delete(self, query: str) -> bool:
        """Forget a row; return whether there was one."""
        return self._sqlite.execute("DELETE FROM entry WHERE query = ?", (query,)).rowcount > 0

    def row(self, query: str) -> TableRow | None:
        """Return the row of a query; None if there is none."""
        return next(iter(self._rows("WHERE query = ?", (query,))), None)

    def rows(self, *, is_marked: bool | None = None) -> list[TableRow]:
        """Return all rows, the first that came first; only those that are marked, or are not, if that is said."""
        wanted = {None: "", True: "WHERE correct IS NOT NULL", False: "WHERE correct IS NULL"}
        return self._rows(wanted[is_marked])

    def has_marked(self, response_format: str) -> bool:
        """Whether any row of a format is marked."""
        query = "SELECT 1 FROM entry WHERE format = ? AND correct IS NOT NULL LIMIT 1"
        return self._sqlite.execute(query, (response_format,)).fetchone() is not None

    def marked(self, response_format: str, members: Iterable[str], *, size: int) -> Marked:
        """Return the marked rows of a format whose vectors have `size` bytes, and what members said there."""
        vectors = dict(
            self._sqlite.execute(
                "SELECT id, vector FROM entry "
                "WHERE format = ? AND correct IS NOT NULL AND length(vector) = ? ORDER BY id",
                (response_format, size),
            ).fetchall()
        )
        matched: dict[str, dict[int, float]] = {}
        for entry, member, share in self._sqlite.execute(_MATCHED, (response_format, json.dumps(list(members)))):
            if entry in vectors:
                matched.setdefault(member, {})[entry] = share
        return Marked(vectors, matched)

    def _rows(self, where: str, values: Sequence[object] = ()) -> list[TableRow]:
        found = self._sqlite.execute(f"SELECT id, {_FIELDS} FROM entry {where} ORDER BY id", values)  # noqa: S608 - ours
        rows: list[TableRow] = []
        for key, query, prompt, shape, model, created, candidates, correct, vector in found.fetchall():
            texts = cast("dict[str, str]", json.loads(candidates))
            votes = self._votes(key)
            rows.append(TableRow(query, prompt, shape, model, created, texts, votes, correct, vector))
        return rows

    def _votes(self, key: int) -> tuple[RowVote, ...]:
        found = self._sqlite.execute(
            "SELECT vote.id, member, slot, mode, class, share FROM vote JOIN share ON share.vote = vote.id "
            "WHERE entry = ? ORDER BY slot, vote.id, class",
            (key,),
        )
        votes: dict[int, tuple[str, int, str, dict[str, float]]] = {}
        for vote, member, slot, mode, class_id, share in found:
            votes.setdefault(vote, (member, slot, mode, {}))[3][class_id] = share
        return tuple([RowVote(*vote) for vote in votes.values()])


def _prepare(connection: sqlite3.Connection) -> None:
    """See whose file it is, and make the tables in a new one."""
    version = _number(connection, "user_version")
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version == 0 and tables == 0:
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        return
    if _number(connection, "application_id") != _APPLICATION:
        raise StoreError("it is a database of another program; name another file")
    if version > _VERSION:
        raise StoreError(f"it was written by a newer callwright, as version {version}")


def _number(connection: sqlite3.Connection, field: str) -> int:
    (number,) = connection.execute(f"PRAGMA {field}").fetchone()
    return cast("int", number)
