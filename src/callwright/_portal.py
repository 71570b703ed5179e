"""The portal: one event loop on a daemon thread of the process, and the jobs that threads hand to it."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

import anyio
import sniffio
from anyio.abc import TaskGroup

from callwright._concurrency import CallSoon, call_soon

__all__ = ["SLICE", "Job", "result_of", "submit"]

T = TypeVar("T")

SLICE = 0.2
"""How long a thread waits at a stretch, in seconds: a signal that comes as it lies down does not wake it."""
_GRACE = 1.0
"""How long a coroutine may take to unwind after Ctrl-C, in seconds."""


class Job(Generic[T]):
    """One coroutine on the portal, and what came of it."""

    __slots__ = ("_call", "_is_cancelled", "_portal", "_scope", "is_begun", "is_left", "outcome")

    def __init__(self, call: Callable[[], Awaitable[T]]) -> None:
        self._call = call
        self._scope: anyio.CancelScope | None = None
        self._is_cancelled = False
        self._portal: _Portal | None = None
        self.is_begun = False
        self.is_left = False
        self.outcome: Future[T] = Future()

    def attach(self, portal: _Portal) -> None:
        self._portal = portal

    def call_soon(self, function: Callable[[], object]) -> None:
        """Have `function` called on the portal's thread.

        Raises:
            RuntimeError: The process was forked since the job was started.
        """
        if self._portal is None or self._portal.pid != os.getpid():
            raise RuntimeError("a sync context or iterator was opened in another process; open it after the fork")
        self._portal.call_soon(function)

    async def run(self) -> None:
        """Run to the outcome; nothing is raised, for it would end the portal with all its other jobs."""
        self.is_begun = True
        try:
            with anyio.CancelScope() as self._scope:
                if self._is_cancelled:
                    self._scope.cancel()
                self.outcome.set_result(await self._call())
            if not self.outcome.done():
                self.outcome.set_exception(RuntimeError("the call was cancelled"))
        except anyio.get_cancelled_exc_class() as cancelled:
            # No `except Exception` of a sync caller would catch it as itself.
            self.outcome.set_exception(RuntimeError(f"the call was cancelled from inside: {cancelled!r}"))
        except BaseException as error:  # noqa: BLE001 - the edge of user code; raised again on the waiting thread
            self.outcome.set_exception(error)

    def cancel(self) -> None:
        """Cancel, on the portal's thread."""
        self._is_cancelled = True
        if self._scope is not None:
            self._scope.cancel()

    def leave(self) -> None:
        """Cancel if it still runs, and give it `_GRACE` to unwind, once."""
        if self._portal is None or self._portal.pid != os.getpid() or self.outcome.done() or self.is_left:
            return
        self.is_left = True
        self._portal.call_soon(self.cancel)
        # The garbage collector may close a generator on the portal's own thread.
        if not self._portal.is_here():
            wait((self.outcome,), timeout=_GRACE)


class _Portal:
    """An event loop on a daemon thread, and the jobs on it."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._lock = threading.RLock()
        self._jobs: set[Job[Any]] = set()
        self._soon: CallSoon
        self._tasks: TaskGroup
        self._failure: BaseException | None = None
        self.is_closed = False
        self.pid = os.getpid()
        self._thread = threading.Thread(target=self._live, name="callwright portal", daemon=True)
        self._thread.start()

    def is_here(self) -> bool:
        """Return whether this is the portal's own thread."""
        return threading.get_ident() == self._thread.ident

    def start(self, job: Job[Any]) -> bool:
        """Start `job`; return False if the portal is closed."""
        self._ready.wait()
        with self._lock:
            if self.is_closed:
                return False
            job.attach(self)
            self._jobs.add(job)
        self.call_soon(partial(self._start, job))
        return True

    def call_soon(self, function: Callable[[], object]) -> None:
        # A loop that has ended has nothing left to be told; its jobs were failed.
        with suppress(RuntimeError):
            self._soon(function)

    def check(self) -> None:
        """Raise what kept the event loop from starting, if anything did."""
        if self._failure is not None:
            raise RuntimeError("the event loop of the _sync functions could not start") from self._failure

    def _start(self, job: Job[Any]) -> None:
        # The context is the caller's, where another async library may be named as the running one.
        sniffio.current_async_library_cvar.set(self._library)
        if not self.is_closed:
            self._tasks.start_soon(self._run, job)

    async def _run(self, job: Job[Any]) -> None:
        await job.run()
        with self._lock:
            self._jobs.discard(job)

    def _live(self) -> None:
        try:
            anyio.run(self._serve)
        except BaseException as error:  # noqa: BLE001 - e.g. a SystemExit that a child task of user code raised
            self._failure = None if self._ready.is_set() else error
        finally:
            with self._lock:
                self.is_closed = True
                jobs = tuple(self._jobs)
            self._ready.set()
            for job in jobs:
                _settle(job)

    async def _serve(self) -> None:
        self._library = sniffio.current_async_library()
        self._soon = call_soon()
        async with anyio.create_task_group() as self._tasks:
            threading.Thread(target=self._close_after_main, name="callwright portal's end", daemon=True).start()
            self._ready.set()
            try:
                await anyio.sleep_forever()
            finally:
                # The loop may be dying with no notice, of a SystemExit in some task; what comes now needs another one.
                self.is_closed = True

    def _close_after_main(self) -> None:
        """End the loop when nothing keeps the process alive but anyio's worker threads.

        Those that an async tool left idle are no daemons, and end only with the loop that made them.
        """
        main = threading.main_thread()
        main.join()
        while others := [thread for thread in threading.enumerate() if thread is not main and not thread.daemon]:
            users = [thread for thread in others if not type(thread).__module__.startswith("anyio.")]
            if not users:
                break
            # It may still call: the loop is not closed under it, for another one may not start any more.
            users[0].join()
        else:
            # Functions of `atexit` may still want the loop.
            return
        with self._lock:
            self.is_closed = True
        self.call_soon(self._tasks.cancel_scope.cancel)

    def leave_all(self) -> None:
        """Cancel every job that was not left before, and give them `_GRACE` to unwind."""
        with self._lock:
            jobs = [job for job in self._jobs if not job.is_left]
        for job in jobs:
            self.call_soon(job.cancel)
        wait([job.outcome for job in jobs], timeout=_GRACE)


_lock = threading.RLock()
_portal: _Portal | None = None


def submit(job: Job[Any], awaited: str = "async") -> None:
    """Start `job` on the process's portal; make one if there is none.

    Args:
        job: What to run.
        awaited: The name of what could be awaited instead, for the message.
    """
    global _portal  # noqa: PLW0603 - the portal belongs to the process
    is_started = False
    while not is_started:
        with _lock:
            if _portal is None or _portal.is_closed:
                _portal = _Portal()
            portal = _portal
        if portal.is_here():
            raise RuntimeError(
                f"a _sync function was called on the event loop's own thread, where it would wait for itself; "
                f"this code is async already, so use the async form: {awaited} (with await)"
            )
        is_started = portal.start(job)
        portal.check()


def result_of(future: Future[T]) -> T:
    """Wait, also for Ctrl-C."""
    while not future.done():
        with suppress(TimeoutError):
            # Unlike `result`, it returns the coroutine's own TimeoutError.
            future.exception(timeout=SLICE)
    return future.result()


def _settle(job: Job[Any]) -> None:
    """Give `job` an outcome after its loop ended, or another loop: nobody shall wait for ever."""
    if job.outcome.done():
        return
    ended = RuntimeError("the event loop of the _sync functions ended")
    try:
        if not job.is_begun:
            # It came when the loop was ending, for no fault of its own.
            submit(job)
            return
    except RuntimeError as error:
        ended = error
    job.outcome.set_exception(ended)


# The loop stays for other functions of `atexit`. See `_threads` for what a thread that is ended in a `print` does.
@atexit.register
def _leave_portal() -> None:
    if _portal is not None:
        _portal.leave_all()


def _forget_portal() -> None:
    # A forked child has the memory of the portal, but not its thread; the lock may have been held.
    global _lock, _portal  # noqa: PLW0603 - see `submit`
    _lock = threading.RLock()
    _portal = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_portal)
