"""A cassette: a model's answers in a file, recorded once, replayed ever after."""

from __future__ import annotations

import os
import threading
from functools import partial
from pathlib import Path

from callwright._json import JsonObject, decode, encode
from callwright._secrets import masked
from callwright._threads import run_in_thread
from callwright.errors import StoreError
from callwright.model import NO_SCOPE, Model, Scope
from callwright.models.cache import canonical, digest
from callwright.service.views import object_of, objects
from callwright.service.whole import tell_whole
from callwright.wire.chat import ChatRequest, Completion
from callwright.wire.profile import Profile

__all__ = ["Cassette"]


class Cassette:
    """Records what a model answers if there is no file yet; else replays the file and asks nobody.

    A request that was recorded several times gets its answers in their order. The file has one JSON object per line, to
    be read and kept beside tests: what was asked, and the answer as it came. Headers are not in it, and known keys are
    masked. Errors are not recorded.

    Args:
        model: What is asked while recording. While replaying only its name and profile count.
        path: The file; delete it to record anew.

    Raises:
        StoreError: The file is there and cannot be read.
    """

    __slots__ = ("_lock", "_model", "_path", "_tape")

    def __init__(self, model: Model, path: str | os.PathLike[str]) -> None:
        self._model = model
        self._path = Path(path)
        self._lock = threading.Lock()
        self._tape: dict[str, list[JsonObject]] | None = _loaded(self._path) if self._path.exists() else None

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    @property
    def profile(self) -> Profile:
        """The model's."""
        return self._model.profile

    @property
    def is_replaying(self) -> bool:
        """Whether answers come from the file."""
        return self._tape is not None

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        """Return the next recorded answer, or the model's.

        Raises:
            StoreError: The request was not recorded, or not so often; or an answer cannot be recorded.
            APIError: Asking failed, while recording.
        """
        # Masked here too, so that what is asked meets what stands in the file.
        asked = object_of(decode(masked(encode(canonical(request, self._model)).decode())))
        if self._tape is None:
            completion = await self._model.complete(request, scope)
            await run_in_thread(partial(self._record, asked, completion.raw))
            return completion
        completion = Completion(self._next(self._tape, asked))
        await tell_whole(completion, scope.listen)
        return completion

    def _next(self, tape: dict[str, list[JsonObject]], asked: JsonObject) -> JsonObject:
        with self._lock:
            answers = tape.get(digest(asked))
            if answers:
                return answers.pop(0)
        seldom = "was recorded less often than it is asked" if answers is not None else "was not recorded"
        last = objects(asked.get("messages"))[-1:]
        raise StoreError(
            f"{self._path}: a request {seldom}; delete the file to record it anew. "
            f"Its last message: {encode(last).decode()[:300]}"
        )

    def _record(self, asked: JsonObject, answer: JsonObject) -> None:
        line = masked(encode({"asked": asked, "answer": answer}).decode())
        try:
            with self._lock, self._path.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
        except OSError as error:
            raise StoreError(f"the answer cannot be recorded: {error}") from error

    def __repr__(self) -> str:
        return f"Cassette({self._model!r}, {str(self._path)!r})"


def _loaded(path: Path) -> dict[str, list[JsonObject]]:
    """Return the recorded answers by the digests of what was asked."""
    tape: dict[str, list[JsonObject]] = {}
    try:
        # No splitlines: it would tear a line at any of the separators that a text may hold.
        for line in filter(None, path.read_text(encoding="utf-8").split("\n")):
            entry = object_of(decode(line))
            tape.setdefault(digest(object_of(entry.get("asked"))), []).append(object_of(entry.get("answer")))
    except (OSError, ValueError) as error:
        raise StoreError(f"the cassette {path} cannot be read: {error}; delete it to record it anew") from error
    return tape
