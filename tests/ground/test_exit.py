"""The process ends when its main thread does, whatever our threads do; each test is a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from textwrap import dedent

import pytest

PATIENCE = 20.0
"""After how many seconds a process counts as hung."""


def start(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", dedent(program)], stdout=subprocess.PIPE, text=True)


def output_of(program: str) -> str:
    """Return what `program` prints until it ends; it must end by itself, and well."""
    with start(program) as process:
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 0, output
    return output


def test_a_hung_tool_thread_does_not_block_the_exit(anyio_backend: str) -> None:
    program = f"""
        import anyio, threading
        from callwright._threads import abandoned, run_in_thread

        async def main():
            with anyio.move_on_after(0.01):
                await run_in_thread(threading.Event().wait)
            print(abandoned())

        anyio.run(main, backend={anyio_backend!r})
    """

    assert output_of(program) == "1\n"


def test_an_idle_portal_does_not_block_the_exit() -> None:
    program = """
        import anyio
        from callwright._sync import run_sync

        run_sync(anyio.sleep, 0)
        print("end")
    """

    assert output_of(program) == "end\n"


def test_threads_that_an_async_tool_left_idle_do_not_block_the_exit() -> None:
    """anyio's own worker threads are no daemons and end only with their loop."""
    program = """
        import anyio, anyio.to_thread
        from callwright._sync import run_sync

        run_sync(anyio.to_thread.run_sync, int)
        print("end")
    """

    assert output_of(program) == "end\n"


def test_a_thread_that_outlives_the_main_thread_keeps_its_portal() -> None:
    program = """
        import anyio, anyio.to_thread, threading
        from callwright._sync import run_sync

        def work():
            threading.main_thread().join()
            for number in range(3):
                run_sync(anyio.to_thread.run_sync, int)
                run_sync(anyio.sleep, 0.01)
                print(number)

        run_sync(anyio.to_thread.run_sync, int)
        threading.Thread(target=work).start()
    """

    assert output_of(program) == "0\n1\n2\n"


def test_functions_of_atexit_may_use_the_portal() -> None:
    program = """
        import anyio, atexit
        from callwright._sync import run_sync

        run_sync(anyio.sleep, 0)
        atexit.register(lambda: print(run_sync(anyio.sleep, 0)))
    """

    assert output_of(program) == "None\n"


def test_the_exit_waits_a_moment_for_a_call_that_is_about_to_return() -> None:
    """A thread that is ended in the middle of a `print` takes the lock of stdout with it, and Python aborts."""
    program = """
        import anyio, threading
        from callwright._threads import run_in_thread

        def outlive():
            threading.main_thread().join()
            print("late")

        async def main():
            with anyio.move_on_after(0.01):
                await run_in_thread(outlive)

        anyio.run(main)
    """

    assert output_of(program) == "late\n"


def test_the_exit_unwinds_what_a_daemon_thread_waits_for() -> None:
    program = """
        import anyio, threading
        from callwright._sync import run_sync

        started = threading.Event()

        async def wait():
            try:
                started.set()
                await anyio.sleep_forever()
            finally:
                print("unwound")

        threading.Thread(target=run_sync, args=[wait], daemon=True).start()
        started.wait()
    """

    assert output_of(program) == "unwound\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_gets_a_portal_and_threads_of_its_own() -> None:
    program = """
        import anyio, os, threading
        from callwright._sync import run_sync
        from callwright._threads import run_in_thread

        async def answer():
            return await run_in_thread(lambda: 42)

        run_sync(answer)
        child = os.fork()
        if child == 0:
            print("child", run_sync(answer), flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        print("parent", run_sync(answer))
    """

    assert output_of(program) == "child 42\nparent 42\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("await anyio.sleep_forever()", "unwound\n"),
        ("threading.Event().wait()", ""),
        ("await run_in_thread(threading.Event().wait)", "unwound\n"),
    ],
    ids=["waiting", "blocking the loop", "in a tool thread"],
)
def test_ctrl_c_unwinds_the_coroutine_and_ends_the_process(body: str, expected: str) -> None:
    program = f"""
        import anyio, threading
        from callwright._sync import run_sync
        from callwright._threads import run_in_thread

        async def main():
            try:
                print("started", flush=True)
                {body}
            finally:
                print("unwound", flush=True)

        try:
            run_sync(main)
        except KeyboardInterrupt:
            print("interrupted")
    """
    with start(program) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"

        process.send_signal(signal.SIGINT)
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()

    assert output == expected + "interrupted\n"
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_while_a_context_is_open_leaves_it() -> None:
    program = """
        import anyio, threading
        from contextlib import asynccontextmanager
        from callwright._sync import enter_sync, iterate_sync

        @asynccontextmanager
        async def numbers():
            async def count():
                yield 1
                await anyio.sleep_forever()
            try:
                yield count()
            finally:
                print("left", flush=True)

        try:
            with enter_sync(numbers()) as some:
                for number in iterate_sync(some):
                    print(number, flush=True)
        except KeyboardInterrupt:
            print("interrupted")
    """
    with start(program) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"

        process.send_signal(signal.SIGINT)
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()

    assert output == "left\ninterrupted\n"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("lines", range(1, 41))
def test_ctrl_c_at_any_moment_ends_the_process(lines: int) -> None:
    """The moment is wherever the program is after printing so many lines: calling, entering, reading, leaving."""
    program = """
        import anyio
        from contextlib import asynccontextmanager
        from callwright._concurrency import collapsed
        from callwright._sync import enter_sync, iterate_sync, run_sync
        from callwright._threads import run_in_thread

        @asynccontextmanager
        async def numbers():
            async def count():
                for number in range(3):
                    await run_in_thread(lambda: print(number, flush=True))
                    yield number
            async with collapsed() as tasks:
                tasks.start_soon(anyio.sleep_forever)
                yield count()
                tasks.cancel_scope.cancel()

        try:
            while True:
                print(run_sync(run_in_thread, int), flush=True)
                with enter_sync(numbers()) as some:
                    for number in iterate_sync(some):
                        print(number, flush=True)
        except KeyboardInterrupt:
            print("interrupted")
    """
    with start(program) as process:
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()

        process.send_signal(signal.SIGINT)
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()

    assert "interrupted" in output
    assert process.returncode == 0
