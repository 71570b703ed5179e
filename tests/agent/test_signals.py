"""Signals: a process that is told to stop stops soon, and its run goes on elsewhere; one process each."""

from __future__ import annotations

import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from tests.agent import signalled
from tests.agent.signalled import made

from callwright import provide
from callwright.run.records import CallStarted

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")

PATIENCE = 20.0
"""Seconds; only a failing test waits so long."""
_slow = partial(pytest.param, marks=pytest.mark.slow)
POINTS = ["model", "async tool", "sync tool"]


def stopped(folder: Path, point: str, how: str, *, number: signal.Signals, again: bool = False) -> tuple[int, str]:
    """Return the exit code and the errors of a process that was sent a signal where it waited."""
    program = [sys.executable, "-X", "dev", signalled.__file__, str(folder), point, how]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            while again and process.poll() is None:
                # Until it is gone, as somebody does who is in a hurry.
                process.send_signal(number)
                again = _is_left(process)
            _, errors = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    return process.returncode, errors


def _is_left(process: subprocess.Popen[str]) -> bool:
    try:
        process.wait(0.05)
    except subprocess.TimeoutExpired:
        return True
    return False


def goes_on(folder: Path, point: str) -> None:
    """See that the run is resumed to its answer, and that everything was done once or is told to be in doubt."""
    agent = made(folder)
    result = agent.resume_sync("r")
    doubts = [pending.name for pending in result.pending]
    if result.pending:
        assert {pending.why for pending in result.pending} == {"in_doubt"}
        result = agent.resume_sync("r", *[provide(pending.id, "booked") for pending in result.pending])

    assert result.output == "Booked."
    assert doubts == {"async tool": ["call"], "sync tool": ["wire"]}.get(point, [])
    expected = ["train", "hotel"] if point == "model" else ["train"]
    assert (folder / "ledger").read_text().split() == expected
    assert sum(isinstance(record, CallStarted) for record in result.state.records) == 2


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("how", ["run_sync", _slow("stream_sync"), "asyncio", _slow("trio")])
def test_ctrl_c_ends_the_process_and_the_run_goes_on(how: str, point: str, tmp_path: Path) -> None:
    code, errors = stopped(tmp_path, point, how, number=signal.SIGINT)

    assert code == -signal.SIGINT
    assert "KeyboardInterrupt" in errors
    assert not any(word in errors for word in ("was destroyed", "never awaited", "never retrieved", "Fatal"))
    goes_on(tmp_path, point)


@pytest.mark.parametrize("how", ["run_sync", _slow("asyncio")])
def test_ctrl_c_again_and_again_does_no_harm(how: str, tmp_path: Path) -> None:
    code, _ = stopped(tmp_path, "sync tool", how, number=signal.SIGINT, again=True)

    assert code == -signal.SIGINT
    goes_on(tmp_path, "sync tool")


@pytest.mark.parametrize(
    ("how", "code"),
    [
        _slow("run_sync", -15),
        ("run_sync exit", 143),
        _slow("asyncio exit", 143),
        ("asyncio receiver", 0),
        _slow("trio receiver", 0),
    ],
)
def test_a_process_that_is_told_to_end_ends_and_the_run_goes_on(how: str, code: int, tmp_path: Path) -> None:
    """Whether nobody listens, a handler raises SystemExit, or the program stops in order."""
    ended, _ = stopped(tmp_path, "async tool", how, number=signal.SIGTERM)

    assert ended == code
    goes_on(tmp_path, "async tool")
