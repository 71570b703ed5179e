"""The pool of daemon threads on which sync tools run, so that one that never returns never blocks the exit."""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

import anyio
import sniffio
from anyio.lowlevel import checkpoint_if_cancelled

from callwright._concurrency import call_soon

__all__ = ["IDLE", "Bridge", "abandoned", "run_in_thread"]

T = TypeVar("T")

IDLE = 10.0
"""After how many seconds without work a thread ends."""
_LEFT = "nobody waits for this call any more: it was cancelled, took too long, or has returned"
_GRACE = 0.25
"""How long the interpreter's exit waits for calls that are about to return, in seconds."""


class Bridge:
    """The way from a call on a thread to the coroutine that waits for it; for one call.

    `run` and `is_left` are for the call, on its own thread or on others that it starts.
    """

    __slots__ = ("_asks", "_lock", "_work", "is_left")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asks: deque[_Ask[Any]] = deque()
        self._work: _Work[Any] | None = None
        self.is_left = False
        """Whether nobody waits for the call any more: it was cancelled, took too long, or has returned."""

    def run(self, function: Callable[[], Awaitable[T]]) -> T:
        """Return what `function()` gives when the waiting coroutine awaits it.

        Raises:
            BaseException: What it raised, as itself.
            RuntimeError: Nobody waits for the call any more.
        """
        ask = _Ask(function)
        with self._lock:
            work = None if self.is_left else self._work
            if work is not None:
                self._asks.append(ask)
        if work is None:
            raise RuntimeError(_LEFT)
        work.ring()
        return ask.outcome.result()

    @property
    def is_running(self) -> bool:
        """Whether the call runs, awaited or not."""
        return self._work is not None and not self._work.is_done

    def when_done(self, function: Callable[[], object]) -> None:
        """Have `function` called once the call has returned, on its thread; at once if it has already."""
        if self._work is None or not _pool.when_done(self._work, function):
            function()

    def attach(self, work: _Work[Any]) -> None:
        """Take `work` as the call."""
        self._work = work

    async def serve(self) -> None:
        """Do what was asked for so far."""
        while self._asks:
            await self._asks[0].answer()
            self._asks.popleft()

    def leave(self) -> None:
        """Answer nothing from now on."""
        with self._lock:
            self.is_left = True
            asks = tuple(self._asks)
            self._asks.clear()
        for ask in asks:
            ask.refuse()


async def run_in_thread(call: Callable[[], T], *, bridge: Bridge | None = None) -> T:
    """Return what `call` returns on a daemon thread, with a copy of the caller's context variables.

    Threads are reused, the one that was busy last first; there is no bound, so the caller limits how many calls run.
    When the caller is cancelled it leaves at once: the thread goes on, counted by `abandoned`, and its result is
    dropped.

    Args:
        call: What is run.
        bridge: A new one, by which `call` can have this coroutine do something.

    Raises:
        BaseException: What `call` raised, as itself; RuntimeError in place of StopIteration, which no coroutine can
            raise (PEP 479).
        RuntimeError: No thread could be started.
    """
    await checkpoint_if_cancelled()
    work = _Work(call)
    if bridge is not None:
        bridge.attach(work)
    _pool.give(work)
    try:
        while not work.is_told:
            await work.bell.wait()
            if bridge is not None and not work.is_told:
                work.bell = anyio.Event()
                await bridge.serve()
    finally:
        _pool.leave(work)
        if bridge is not None:
            bridge.leave()
    return work.result()


def abandoned() -> int:
    """Return how many threads still run a call that nobody waits for."""
    return _pool.abandoned


class _Ask(Generic[T]):
    """Something that a call wants done by the coroutine that waits for it."""

    __slots__ = ("_function", "outcome")

    def __init__(self, function: Callable[[], Awaitable[T]]) -> None:
        self._function = function
        self.outcome: Future[T] = Future()

    async def answer(self) -> None:
        try:
            self.outcome.set_result(await self._function())
        except Exception as error:  # noqa: BLE001 - raised again on the thread that asked
            self.outcome.set_exception(error)

    def refuse(self) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(RuntimeError(_LEFT))


class _Work(Generic[T]):
    """One call on its way to a thread and back."""

    __slots__ = (
        *("_call", "_context", "_error", "_soon", "_value"),
        *("bell", "ends", "is_abandoned", "is_done", "is_told"),
    )

    _value: T

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._context = copy_context()
        self._soon = call_soon()
        self._error: BaseException | None = None
        self.bell = anyio.Event()
        """Rings on the caller's event loop when there is something to do."""
        self.is_told = False
        """Whether the caller knows that the call has returned."""
        self.is_done = False
        self.is_abandoned = False
        self.ends: list[Callable[[], object]] = []

    def run(self) -> None:
        """Call, and keep what came of it."""
        # Else a tool that starts an event loop of its own is told that one runs already.
        self._context.run(sniffio.current_async_library_cvar.set, None)
        try:
            self._value = self._context.run(self._call)
        except BaseException as error:  # noqa: BLE001 - the edge of user code; raised again where it is awaited
            self._error = error

    def tell(self) -> None:
        """Wake the caller for the result."""
        # The loop may be gone, and with it the caller.
        with suppress(RuntimeError):
            self._soon(self._told)

    def ring(self) -> None:
        """Wake the caller for something else.

        Raises:
            RuntimeError: Its event loop has ended.
        """
        self._soon(self._ring)

    def _ring(self) -> None:
        self.bell.set()

    def _told(self) -> None:
        self.is_told = True
        self.bell.set()

    def result(self) -> T:
        error = self._error
        if error is None:
            return self._value
        try:
            raise error
        finally:
            # The error's traceback holds this frame, which must not hold the error.
            del error, self


class _Worker:
    """One daemon thread."""

    __slots__ = ("inbox",)

    def __init__(self, pool: _Pool, first: _Work[Any]) -> None:
        self.inbox: SimpleQueue[_Work[Any]] = SimpleQueue()
        threading.Thread(target=self._live, args=(pool, first), name="callwright tool", daemon=True).start()

    def _live(self, pool: _Pool, work: _Work[Any] | None) -> None:
        while work is not None:
            work.run()
            # Idle before the caller wakes: its next call finds this thread.
            if not pool.take_back(self, work):
                work.tell()
            # An idle thread must not keep the last call's arguments alive.
            del work
            work = self._next(pool)

    def _next(self, pool: _Pool) -> _Work[Any] | None:
        """Wait for work; None if none came in time."""
        try:
            return self.inbox.get(timeout=IDLE)
        except Empty:
            # If the pool no longer has this thread as idle, work is on its way.
            return None if pool.dismiss(self) else self.inbox.get()


class _Pool:
    """The idle threads, the last one used on top."""

    __slots__ = ("_busy", "_changed", "_idle", "abandoned")

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._idle: list[_Worker] = []
        self._busy = 0
        self.abandoned = 0

    def give(self, work: _Work[Any]) -> None:
        with self._changed:
            worker = self._idle.pop() if self._idle else None
            self._busy += 1
        if worker is not None:
            worker.inbox.put(work)
            return
        try:
            _Worker(self, work)
        except RuntimeError:
            with self._changed:
                self._busy -= 1
            raise

    def take_back(self, worker: _Worker, work: _Work[Any]) -> bool:
        """Return whether nobody waits for `work`, which is done."""
        with self._changed:
            self._idle.append(worker)
            self._busy -= 1
            self._changed.notify_all()
            work.is_done = True
            self.abandoned -= work.is_abandoned
        for end in work.ends:
            end()
        return work.is_abandoned

    def when_done(self, work: _Work[Any], function: Callable[[], object]) -> bool:
        """Have `function` called once `work` is done; return False if it is."""
        with self._changed:
            if not work.is_done:
                work.ends.append(function)
            return not work.is_done

    def leave(self, work: _Work[Any]) -> None:
        """Count the thread of `work` as abandoned, unless it is done."""
        with self._changed:
            if not work.is_done:
                work.is_abandoned = True
                self.abandoned += 1

    def dismiss(self, worker: _Worker) -> bool:
        """Return whether `worker` was idle, and forget it."""
        with self._changed:
            if worker not in self._idle:
                return False
            self._idle.remove(worker)
            return True

    def wait_until_idle(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._busy, timeout=seconds)


_pool = _Pool()


# A thread that the exit ends in the middle of a `print` takes the lock of stdout with it, and Python aborts.
@atexit.register
def _wait_for_threads() -> None:
    _pool.wait_until_idle(_GRACE)


def _forget_threads() -> None:
    # A forked child has the memory of its parent's threads, but not the threads; the lock may have been held.
    global _pool  # noqa: PLW0603 - the pool belongs to the process
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
