"""The training table: what members said to earlier prompts, and which of it was right; their weights follow from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from callwright._json import JsonObject, JsonValue, encode
from callwright._sync import run_sync
from callwright._threads import run_in_thread
from callwright.errors import ParameterError
from callwright.query.ids import content_id
from callwright.query.members import QueryModel
from callwright.query.result import QueryResult
from callwright.query.settings import StaticWeight, TrainingTableWeights
from callwright.query.tablefile import OpenTable, TableFile
from callwright.query.tablerow import TableRow, checked_rows, class_of, decoded_line, embedder_in, member_name, row_of
from callwright.query.vectors import HASHED, EmbeddingService, nearest, packed, unpacked, vectors_of
from callwright.query.weights import PRIOR, Neighbour, dynamic_weight
from callwright.wire.messages import Message

__all__ = ["TrainingTable"]

T = TypeVar("T")

_TOP = 10
_WIRE_PREFIX = "qrycpl-"


@dataclass(slots=True)
class _Asked:
    """What the query of a task was asked."""

    prompt: str
    format: str
    vector: bytes | None = None


# A result does not hold what was asked; the engine asks for weights and gives the result in one task.
_asked: ContextVar[_Asked | None] = ContextVar("callwright_query_asked", default=None)


class TrainingTable:
    """Keeps results in a file, has right answers marked, and gives members the weights that they have earned.

    Give it to `query(..., table=...)`: each result is kept, with the prompt's text. Once some are marked, the weight of
    each member follows how often it was right about the `top` most similar prompts with the same response format; see
    `dynamic_weight`. Members are known by all of their fields but the weight, in whatever ensemble they voted.

    A table knows what makes its vectors: the `embeddings_model` of the first ensemble that asks it, if it was not said.
    Vectors of two models are never compared. Any threads, event loops and processes of a machine may use one file.

    Args:
        path: Of the file; made if it is not there.
        embeddings_model: What makes vectors of prompts: `HASHED`, or the slug of a model.
        client: Makes the vectors of a model; not needed for `HASHED`.
        prior: See `dynamic_weight`; 0 is strict.
        timeout: How long to wait for others that write, in seconds, > 0.

    Raises:
        ParameterError: The path is empty or `:memory:`, or a number is out of range.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        embeddings_model: str | None = None,
        client: EmbeddingService | None = None,
        prior: float = PRIOR,
        timeout: float = 10.0,
    ) -> None:
        name = os.fspath(path)
        if not name or name == ":memory:":
            raise ParameterError(f"path: expected that of a file; got {name!r}")
        if not prior >= 0 or not timeout > 0:
            raise ParameterError(f"TrainingTable: expected prior >= 0 and timeout > 0; got {prior!r} and {timeout!r}")
        self._file = TableFile(os.path.realpath(name), timeout=timeout)
        self._path = name
        self._embedder = embeddings_model
        self._client = client
        self._prior = prior

    # -- what the engine asks

    async def weights(
        self, model: QueryModel, messages: Sequence[Message], response_format: JsonObject | None
    ) -> tuple[float, ...]:
        """Return the weight of each member for a prompt, by slot.

        Nothing is embedded, and nobody asked, as long as no row of this format is marked.

        Raises:
            ParameterError: The ensemble's vectors are made by another model than the table's.
            APIError: The vector of the prompt could not be had.
            StoreError: The file cannot be read.
            ModuleNotFoundError: The extra `query` is not installed.
        """
        asked = _Asked(_prompt_text(messages), "" if response_format is None else content_id(encode(response_format)))
        _asked.set(asked)
        wanted = model.weight if isinstance(model.weight, TrainingTableWeights) else None
        if wanted is None:
            return tuple([llm.weight.weight for llm in model.models if isinstance(llm.weight, StaticWeight)])
        embedder = await self._settled(wanted.embeddings_model)
        near: Mapping[str, Sequence[Neighbour]] = {}
        if await self._in(lambda table: table.has_marked(asked.format)):
            asked.vector = (await self._vectors([asked.prompt], embedder))[0]
            names = {member_name(llm) for llm in model.models}
            near = await run_in_thread(partial(self._near, asked, names, wanted.top))
        return tuple(
            [
                llm.weight.weight
                if isinstance(llm.weight, StaticWeight)
                else dynamic_weight(llm.weight, near.get(member_name(llm), ()), top=wanted.top, prior=self._prior)
                for llm in model.models
            ]
        )

    async def remember(self, result: QueryResult) -> None:
        """Keep what came of the query whose weights were asked for last in this task.

        The same request, asked again, replaces what was kept; its mark stays.

        Raises:
            StoreError: The file cannot be written.
        """
        asked = _asked.get()
        if asked is None:
            return
        _asked.set(None)
        row = row_of(result, prompt=asked.prompt, response_format=asked.format, vector=asked.vector)
        await self._in(lambda table: table.put(row), is_writing=True)

    # -- what people do

    async def mark(self, query: QueryResult | str, correct: JsonValue, *, is_new: bool = False) -> str:
        """Say which answer of a query was right; a further mark replaces it.

        Args:
            query: A result, or its id.
            correct: The class id of a candidate, its text, or its value.
            is_new: Whether it may be an answer that was not among the candidates: all were wrong then.

        Returns:
            The class id of the right answer.

        Raises:
            ParameterError: The table does not know the query, the answer is no candidate, or its vectors are made by
                another model than this was told.
            APIError: The vector of the prompt could not be had; nothing was marked.
            StoreError: The file cannot be written.
        """
        row = await self._known(query)
        class_id = class_of(row, correct, is_new=is_new)
        embedder = await self._settled(None)
        vector = (await self._vectors([row.prompt], embedder))[0] if row.vector is None else None
        await self._in(lambda table: table.mark(row.query, class_id, vector), is_writing=True)
        return class_id

    def mark_sync(self, query: QueryResult | str, correct: JsonValue, *, is_new: bool = False) -> str:
        """See `mark`."""
        return run_sync(partial(self.mark, query, correct, is_new=is_new))

    async def unmark(self, query: QueryResult | str) -> None:
        """Take back what was said of the answer to a query.

        Raises:
            ParameterError: The table does not know the query.
            StoreError: The file cannot be written.
        """
        row = await self._known(query)
        await self._in(lambda table: table.mark(row.query, None), is_writing=True)

    def unmark_sync(self, query: QueryResult | str) -> None:
        """See `unmark`."""
        run_sync(self.unmark, query)

    async def forget(self, query: QueryResult | str) -> bool:
        """Delete the row of a query; return whether there was one.

        Raises:
            StoreError: The file cannot be written.
        """
        return await self._in(lambda table: table.delete(_id_of(query)), is_writing=True)

    def forget_sync(self, query: QueryResult | str) -> bool:
        """See `forget`."""
        return run_sync(self.forget, query)

    async def rows(self, *, is_marked: bool | None = None) -> tuple[TableRow, ...]:
        """Return the rows, the first that came first.

        Args:
            is_marked: Only those that are marked, or that are not. Default: all.

        Raises:
            StoreError: The file cannot be read.
        """
        return tuple(await self._in(lambda table: table.rows(is_marked=is_marked)))

    def rows_sync(self, *, is_marked: bool | None = None) -> tuple[TableRow, ...]:
        """See `rows`."""
        return run_sync(partial(self.rows, is_marked=is_marked))

    async def export_rows(self, path: str | os.PathLike[str], *, is_marked: bool | None = None) -> int:
        """Write the rows to a file, a line of JSON each; return how many. It is replaced if it is there.

        Raises:
            StoreError: The table cannot be read.
            OSError: The file cannot be written.
        """
        embedder, rows = await self._in(lambda table: (table.embedder, table.rows(is_marked=is_marked)))
        lines = b"".join([encode(row.to_wire(embedder)) + b"\n" for row in rows])
        await run_in_thread(partial(Path(path).write_bytes, lines))
        return len(rows)

    def export_rows_sync(self, path: str | os.PathLike[str], *, is_marked: bool | None = None) -> int:
        """See `export_rows`."""
        return run_sync(partial(self.export_rows, path, is_marked=is_marked))

    async def import_rows(self, source: str | os.PathLike[str] | Iterable[Mapping[str, JsonValue]]) -> int:
        """Take rows as `export_rows` writes them; all, or none if one of them is wrong. Return how many.

        A row replaces one of the same query. Marked ones without a vector are embedded.

        Args:
            source: The path of a file with a line of JSON for each, or the objects themselves. Of one, `query` and
                `prompt` must be there, `votes` and `correct` should.

        Raises:
            ParameterError: A row is none, or its vector was made by another model; names all.
            APIError: Vectors could not be had; nothing was taken.
            StoreError: The file cannot be written.
            OSError: The source cannot be read.
        """
        if isinstance(source, str | os.PathLike):
            text = await run_in_thread(Path(source).read_bytes)
            lines = [(number, line) for number, line in enumerate(text.split(b"\n"), 1) if line.strip()]
            wires = [(f"line {number}", decoded_line(line)) for number, line in lines]
        else:
            wires = [(f"row {number}", wire) for number, wire in enumerate(source, 1)]
        embedder = await self._settled(embedder_in([wire for _, wire in wires]))
        rows = await self._embedded(checked_rows(wires, embedder), embedder)

        def put(table: OpenTable) -> None:
            for row in rows:
                table.put(row)

        await self._in(put, is_writing=True)
        return len(rows)

    def import_rows_sync(self, source: str | os.PathLike[str] | Iterable[Mapping[str, JsonValue]]) -> int:
        """See `import_rows`."""
        return run_sync(self.import_rows, source)

    # -- inside

    async def _in(self, work: Callable[[OpenTable], T], *, is_writing: bool = False) -> T:
        def done() -> T:
            with self._file.open(is_writing=is_writing) as table:
                return work(table)

        return await run_in_thread(done)

    async def _known(self, query: QueryResult | str) -> TableRow:
        row = await self._in(lambda table: table.row(_id_of(query)))
        if row is None:
            raise ParameterError(f"query: expected the id of a result that was kept; got {_id_of(query)!r}")
        return row

    async def _settled(self, wanted: str | None) -> str:
        """Return what makes the vectors of this table.

        Args:
            wanted: What is to make them; None is whatever does.

        Raises:
            ParameterError: It is something else.
        """
        chosen = self._embedder or wanted or HASHED
        known = await self._in(lambda table: table.embedder)
        if known is None:

            def settle(table: OpenTable) -> str | None:
                table.settle(chosen)
                return table.embedder

            known = await self._in(settle, is_writing=True)
        others = {name for name in (self._embedder, wanted) if name is not None and name != known}
        if others or known is None:
            said = ", ".join(map(repr, sorted(others)))
            raise ParameterError(
                f"embeddings_model: the vectors of the table {self._path!r} are made by {known!r}; got {said}: vectors "
                "of two models cannot be compared; name another file, or import the rows without their vectors"
            )
        return known

    async def _vectors(self, texts: Sequence[str], embedder: str) -> list[bytes | None]:
        made = await vectors_of(texts, embedder, self._client)
        return [None if vector is None else packed(vector) for vector in made]

    async def _embedded(self, rows: Sequence[TableRow], embedder: str) -> list[TableRow]:
        """Return rows with vectors where they are marked."""
        bare = [row for row in rows if row.correct is not None and row.vector is None]
        made = dict(
            zip([row.query for row in bare], await self._vectors([row.prompt for row in bare], embedder), strict=True)
        )
        return [
            replace(row, vector=made[row.query]) if row.query in made and row.vector is None else row for row in rows
        ]

    def _near(self, asked: _Asked, names: Iterable[str], top: int) -> dict[str, list[Neighbour]]:
        """Return the rows nearest to a prompt among those where each member voted."""
        if asked.vector is None:
            return {}
        with self._file.open() as table:
            marked = table.marked(asked.format, names, size=len(asked.vector))
        keys = list(marked.vectors)
        order = nearest([marked.vectors[key] for key in keys], unpacked(asked.vector), top=len(keys))
        near: dict[str, list[Neighbour]] = {}
        for member, matched in marked.matched.items():
            voted = [Neighbour(cosine, matched[keys[at]]) for at, cosine in order if keys[at] in matched]
            near[member] = voted[:top]
        return near


def _prompt_text(messages: Sequence[Message]) -> str:
    """Return what a conversation says, its text alone."""
    return "\n\n".join([text for message in messages if (text := message.text.strip())])


def _id_of(query: QueryResult | str) -> str:
    if isinstance(query, QueryResult):
        return query.id
    # As the wire form of a result names it.
    return query.removeprefix(_WIRE_PREFIX).partition("-")[0] if query.startswith(_WIRE_PREFIX) else query
