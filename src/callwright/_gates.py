"""A gate: how many may be inside at the same time, in the whole process, whatever event loop or thread they are on."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from types import TracebackType
from typing import Self

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from callwright._concurrency import CallSoon, call_soon

__all__ = ["Gate", "Passage", "StrandedError", "is_inside"]


class StrandedError(RuntimeError):
    """Every place of a gate is taken by somebody who may never leave."""


class Gate:
    """Lets so many in at a time, first come, first served; the others wait outside, each on its own event loop.

    Args:
        capacity: How many may be inside, >= 1.

    Raises:
        ValueError: The capacity is below 1.
    """

    __slots__ = ("_capacity", "_free", "_lock", "_stranded", "_waiters")

    def __init__(self, capacity: int = 1) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be >= 1, got {capacity!r}")
        self._capacity = capacity
        self._free = capacity
        self._stranded = 0
        # The garbage collector may close a coroutine that is inside while this very thread holds the lock.
        self._lock = threading.RLock()
        self._waiters: deque[_Waiter] = deque()

    async def __aenter__(self) -> None:
        await self.enter()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.leave()

    async def enter(self) -> None:
        """Wait for a place, and take it.

        Raises:
            StrandedError: All places are taken by calls that were left running.
        """
        await checkpoint_if_cancelled()
        waiter = _Waiter(call_soon())
        with self._lock:
            if self._free:
                self._free -= 1
                return
            if self._stranded >= self._capacity:
                raise StrandedError
            self._waiters.append(waiter)
        try:
            await waiter.called.wait()
        except BaseException:
            self._give_up(waiter)
            raise
        if not waiter.is_let_in:
            raise StrandedError

    def leave(self) -> None:
        """Free a place; from any thread."""
        with self._lock:
            while self._waiters:
                waiter = self._waiters.popleft()
                waiter.is_let_in = True
                if waiter.call():
                    return
            self._free += 1

    def strand(self) -> Callable[[], None]:
        """Leave, but keep the place taken; return what frees it, from any thread, once."""
        with self._lock:
            self._stranded += 1
            if self._stranded >= self._capacity:
                while self._waiters:
                    self._waiters.popleft().call()
        return self._free_stranded

    def _free_stranded(self) -> None:
        with self._lock:
            self._stranded -= 1
        self.leave()

    def _give_up(self, waiter: _Waiter) -> None:
        with self._lock:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
                return
        # It was let in at the very moment when it was cancelled; the place goes to the next one.
        if waiter.is_let_in:
            self.leave()


class _Waiter:
    """Somebody outside, on one event loop."""

    __slots__ = ("_soon", "called", "is_let_in")

    def __init__(self, soon: CallSoon) -> None:
        self._soon = soon
        self.called = anyio.Event()
        self.is_let_in = False

    def call(self) -> bool:
        """Wake it; return False if its event loop has ended."""
        try:
            self._soon(self.called.set)
        except RuntimeError:
            return False
        return True


class _Kept:
    """The gate of a key, and how many are at it."""

    __slots__ = ("gate", "users")

    def __init__(self, capacity: int) -> None:
        self.gate = Gate(capacity)
        self.users = 0


_lock = threading.RLock()
_kept: dict[tuple[Hashable, int], _Kept] = {}
_inside: ContextVar[frozenset[Hashable]] = ContextVar("callwright_inside", default=frozenset())


def is_inside(key: Hashable) -> bool:
    """Return whether the caller, or whoever it works for, is inside the gate of `key`: it would wait for itself."""
    return key in _inside.get()


class Passage:
    """The way through the gate of a key, once; the gate is there as long as anybody is at it.

    Args:
        key: Which gate. An `id` will do while somebody inside keeps its object alive.
        capacity: How many may be inside, >= 1; another number is another gate.
    """

    __slots__ = ("_before", "_kept", "_key", "_place")

    def __init__(self, key: Hashable, capacity: int = 1) -> None:
        self._key = key
        self._place = (key, capacity)
        self._kept: _Kept | None = None

    async def __aenter__(self) -> Self:
        with _lock:
            kept = _kept.get(self._place)
            if kept is None:
                kept = _kept[self._place] = _Kept(self._place[1])
            kept.users += 1
        try:
            await kept.gate.enter()
        except BaseException:
            self._forget(kept)
            raise
        self._kept = kept
        self._before = _inside.get()
        _inside.set(self._before | {self._key})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _inside.set(self._before)
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.gate.leave()
            self._forget(kept)

    def strand(self) -> Callable[[], None]:
        """Keep the place taken beyond the end of the block; return what frees it, from any thread, once.

        Whoever would wait for places that are all kept so is refused instead: they may never be free again.
        """
        kept, self._kept = self._kept, None
        if kept is None:
            raise RuntimeError("a passage is stranded once, inside its block")
        free = kept.gate.strand()

        def leave() -> None:
            free()
            self._forget(kept)

        return leave

    def _forget(self, kept: _Kept) -> None:
        with _lock:
            kept.users -= 1
            if not kept.users and _kept.get(self._place) is kept:
                del _kept[self._place]


def _open_gates() -> None:
    # A forked child has the memory of those inside, but not their threads; the lock may have been held.
    global _lock, _kept  # noqa: PLW0603 - the gates belong to the process
    _lock = threading.RLock()
    _kept = {}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open_gates)
