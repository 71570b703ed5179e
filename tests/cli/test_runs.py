"""The commands `runs list`, `show`, `fork` and `rm`."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import ENVIRONMENT, Invoke, Screen, command

from callwright.agent import Agent
from callwright.errors import ProviderError
from callwright.run.sqlite import SQLiteStore
from callwright.testing.scripted import ScriptedModel, calls
from callwright.tools.tool import tool
from callwright.wire.chat import Completion


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool(needs_approval=True)
def pay(amount: int) -> str:
    """Pay."""
    return f"paid {amount}"


def billed(text: str) -> Completion:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 1200, "completion_tokens": 34, "total_tokens": 1234, "cost": 0.0125}
    return Completion({"id": "g", "model": "m", "choices": [choice], "usage": usage})  # type: ignore[dict-item]


class Told:
    """A clock: each record a second after the last."""

    def __init__(self) -> None:
        self._now = 1_700_000_000.0

    def wall(self) -> float:
        self._now += 1.0
        return self._now

    def monotonic(self) -> float:
        return self._now


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a store with a run of each kind."""
    path = tmp_path_factory.mktemp("made") / "runs.db"
    with SQLiteStore(path, clock=Told()) as store:  # type: ignore[arg-type] - all that a store asks of a clock
        inner = Agent(ScriptedModel(calls(add, a=1, b=2), "Three."), tools=[add])
        ask = inner.as_tool(name="ask", description="Ask.")
        Agent(ScriptedModel(calls(ask, prompt="add"), "Done."), tools=[ask], store=store).run_sync(
            "first", run_id="nested"
        )
        Agent(ScriptedModel(billed("Yes.")), store=store).run_sync("Is it\n\x1b[31mso?", run_id="billed")
        Agent(ScriptedModel(calls(pay, amount=3)), tools=[pay], store=store).run_sync("Pay.", run_id="held")
        with pytest.raises(ProviderError):
            Agent(ScriptedModel(ProviderError("down", status=502)), store=store).run_sync("x" * 200, run_id="failed")
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    """Return the file of a store that a test may change."""
    mine = tmp_path / "runs.db"
    mine.write_bytes(made.read_bytes())
    return mine


def test_runs_are_listed_the_newest_first_without_those_of_sub_agents(invoke: Invoke, made: Path):
    result = invoke("runs", "list", "--store", made)

    head, *rows = [line.split() for line in result.stdout.splitlines()]
    assert (result.exit_code, result.stderr) == (0, "")
    assert head == ["run", "status", "begun", "steps", "tokens", "cost", "prompt"]
    assert [row[0] for row in rows] == ["failed", "held", "billed", "nested"]
    assert rows[2][-6:] == ["1", "1,234", "$0.012500", "Is", "it", "\\u001b[31mso?"]
    assert rows[0][-1] == "x" * 59 + "…"
    assert rows[1][1:3] == ["paused", "(1)"]


def test_no_line_ends_in_blanks(invoke: Invoke, made: Path):
    for words in (["list"], ["show", "nested"]):
        lines = invoke("runs", *words, "--store", made).stdout.splitlines()
        assert lines == [line.rstrip() for line in lines]


def test_the_store_may_be_named_by_a_variable(invoke: Invoke, made: Path):
    result = invoke("runs", "list", env={"CALLWRIGHT_STORE": str(made)})

    assert "billed" in result.stdout


def test_runs_are_listed_for_programs(invoke: Invoke, made: Path):
    (row,) = json.loads(invoke("runs", "list", "--json", "--match", "BILL", "--store", made).stdout)

    assert row == {
        "run_id": "billed",
        "status": "done",
        "begun": row["begun"],
        "updated": row["updated"],
        "records": 5,
        "waiting": 0,
        "steps": 1,
        "requests": 1,
        "tokens": 1234,
        "cost": 0.0125,
        "parent": None,
        "prompt": "Is it \\u001b[31mso?",
    }
    assert row["begun"].startswith("2023-11-14T22:")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--status", "paused"], ["held"]),
        (["--status", "open", "--status", "paused"], ["failed", "held"]),
        (["--limit", "1"], ["failed"]),
        (["--limit", "0"], ["failed", "held", "billed", "nested"]),
        (["--since", "7d"], []),
        (["--since", "2023-11-01"], ["failed", "held", "billed", "nested"]),
        (["--children", "--match", "nested"], ["nested", "nested/1:0"]),
    ],
    ids=" ".join,
)
def test_runs_are_filtered(options: list[str], found: list[str], invoke: Invoke, made: Path):
    rows = json.loads(invoke("runs", "list", "--json", *options, "--store", made).stdout)

    assert [row["run_id"] for row in rows] == found


def test_no_runs_are_no_failure(invoke: Invoke, made: Path):
    result = invoke("runs", "list", "--match", "nothing", "--store", made)

    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no runs\n")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["list"], "which store? give --store runs.db, or set CALLWRIGHT_STORE"),
        (["list", "--store", "nowhere.db"], "there is no file 'nowhere.db'"),
        (["list", "--store", "{made}", "--status", "new"], "--status: expected one of open, paused, done, limited"),
        (
            ["list", "--store", "{made}", "--since", "soon"],
            "--since: expected a span such as 90m, 12h or 7d, or a date",
        ),
        (["show", "bill", "--store", "{made}"], "there is no run 'bill'; did you mean 'billed'?"),
        (["show", "?", "--store", "{made}"], "there is no run '?'; `callwright runs list` tells which there are"),
        (["fork", "bill", "--store", "{made}"], "there is no run 'bill'"),
        (["rm", "bill", "--yes", "--store", "{made}"], "there is no run 'bill'"),
        (["rm", "held", "--store", "{made}"], "rm: expected --yes, since nobody can be asked"),
        (["show", "held", "--html", "/nowhere/a.html", "--store", "{made}"], "'/nowhere/a.html' cannot be written"),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_said_in_one_line(words: list[str], complaint: str, invoke: Invoke, made: Path):
    result = invoke("runs", *[part.format(made=made) for part in words])

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"callwright: {complaint}")
    assert result.stderr.count("\n") == 1


def test_a_store_that_is_not_there_is_not_made(invoke: Invoke, tmp_path: Path):
    invoke("runs", "list", "--store", tmp_path / "typo.db")

    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_program_is_refused(invoke: Invoke, tmp_path: Path):
    other = tmp_path / "other.db"
    other.write_text("no database " * 100)

    result = invoke("runs", "list", "--store", other)

    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)


def test_a_run_is_shown_step_by_step_with_its_sub_agents_in_it(invoke: Invoke, made: Path):
    lines = invoke("runs", "show", "nested", "--store", made).stdout.splitlines()

    begun = next(line for line in lines if line.startswith("begun"))
    assert [line for line in lines if not line.startswith(("begun", "│ begun"))] == [
        "run       nested  done",
        "used      2 requests, 17.0 s",
        "user      first",
        "",
        "step 1    scripted · 1.0 s · #2",
        'call      ask({"prompt": "add"})',
        "│ run       nested/1:0  done",
        "│ used      2 requests, 8.0 s",
        "│ user      add",
        "│",
        "│ step 1    scripted · 1.0 s · #2",
        '│ call      add({"a": 1, "b": 2})',
        "│ result    3  (1.0 s)",
        "│",
        "│ step 2    scripted · 1.0 s · #6",
        "│ answer    Three.",
        "result    Three.  (10.0 s)",
        "",
        "step 2    scripted · 1.0 s · #6",
        "answer    Done.",
    ]
    assert begun.startswith("begun     2023-11-1")


def test_a_run_that_waits_says_for_what(invoke: Invoke, made: Path):
    lines = invoke("runs", "show", "held", "--store", made).stdout.splitlines()

    assert lines[-4:] == [
        'call      pay({"amount": 3})',
        "held      for approval",
        "",
        'waiting   held:1:0  approval  pay({"amount": 3})',
    ]


def test_a_run_that_failed_says_why(invoke: Invoke, made: Path):
    assert "failed    ProviderError: down" in invoke("runs", "show", "failed", "--store", made).stdout


def test_what_a_terminal_would_obey_is_written_out(invoke: Invoke, made: Path):
    shown = invoke("runs", "show", "billed", "--store", made).stdout

    assert "user      Is it\n          \\u001b[31mso?\n" in shown


def test_long_texts_are_cut_unless_they_are_asked_for(invoke: Invoke, tmp_path: Path):
    path = tmp_path / "runs.db"
    with SQLiteStore(path) as store:
        Agent(ScriptedModel("\n".join(map(str, range(40)))), store=store).run_sync("y" * 5000, run_id="long")

    brief = invoke("runs", "show", "long", "--store", path).stdout
    whole = invoke("runs", "show", "long", "--full", "--store", path).stdout

    assert "y… (5,000 characters; --full)" in brief
    assert "          11… (109 characters; --full)\n" in brief
    assert "y" * 5000 in whole
    assert whole.endswith("          39\n")


def test_a_run_is_shown_as_its_records(invoke: Invoke, made: Path):
    records = json.loads(invoke("runs", "show", "billed", "--json", "--store", made).stdout)

    assert [(record["seq"], record["kind"]) for record in records] == [
        *[(0, "Started"), (1, "Prompted"), (2, "Asked"), (3, "Answered"), (4, "Stopped")]
    ]
    assert records[0]["at"] < records[1]["at"]


def test_a_run_is_written_as_a_page(invoke: Invoke, made: Path, tmp_path: Path):
    page = tmp_path / "run.html"

    result = invoke("runs", "show", "nested", "--html", page, "--store", made)
    piped = invoke("runs", "show", "nested", "--html", "-", "--store", made)

    assert (result.exit_code, result.stdout) == (0, "")
    assert "written to" in result.stderr
    assert page.read_text(encoding="utf-8") == piped.stdout
    assert "Sub-agent" in piped.stdout


def test_a_fork_begins_as_the_other_run_did(invoke: Invoke, path: Path):
    result = invoke("runs", "fork", "billed", "--at", "2", "--to", "again", "--store", path)
    whole = invoke("runs", "fork", "billed", "--store", path)

    assert (result.exit_code, result.stdout) == (0, "again\n")
    assert "fork      of billed, at 2" in invoke("runs", "show", "again", "--store", path).stdout
    assert invoke("runs", "show", whole.stdout.strip(), "--store", path).exit_code == 0


@pytest.mark.parametrize("options", [["--at", "99"], ["--to", "held"]])
def test_a_fork_that_cannot_be_is_refused(options: list[str], invoke: Invoke, path: Path):
    result = invoke("runs", "fork", "billed", *options, "--store", path)

    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)


def test_a_run_is_deleted_with_those_of_its_sub_agents(invoke: Invoke, path: Path):
    result = invoke("runs", "rm", "nested", "held", "--yes", "--store", path)

    left = json.loads(invoke("runs", "list", "--json", "--children", "--store", path).stdout)
    assert (result.exit_code, result.stderr) == (0, "deleted 3 runs\n")
    assert [row["run_id"] for row in left] == ["failed", "billed"]


@pytest.mark.parametrize(("answer", "left"), [("y", 3), ("no", 4), ("", 4)])
def test_somebody_at_a_terminal_is_asked(
    answer: str, left: int, screen: Callable[..., Screen], path: Path, *, invoke: Invoke
):
    shown = screen("runs", "rm", "billed", "--store", path)
    shown.expect("Delete billed (done, 5 records)?")
    shown.expect("[y/N] ")

    shown.type(answer)

    assert shown.end() == (0 if left < 4 else 1)
    assert len(json.loads(invoke("runs", "list", "--json", "--store", path).stdout)) == left


def test_a_damaged_run_does_not_hide_the_others(invoke: Invoke, path: Path):
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE record SET body = x'00' WHERE run = 'billed' AND seq = 1")
    connection.close()

    listed = invoke("runs", "list", "--store", path)
    shown = invoke("runs", "show", "billed", "--store", path)

    assert listed.exit_code == 0
    assert "damaged" in next(line for line in listed.stdout.splitlines() if line.startswith("billed"))
    assert (shown.exit_code, shown.stderr.count("\n")) == (1, 1)


def test_a_narrow_terminal_never_cuts_an_id(screen: Callable[..., Screen], path: Path):
    shown = screen("runs", "list", "--store", path)
    shown.end()

    lines = [line.rstrip() for line in shown.seen.splitlines()]
    assert max(len(line) for line in lines if "\x1b" not in line) <= 80
    assert sum("billed" in line for line in lines) == 1


def test_nobody_who_reads_is_no_failure(made: Path):
    """`callwright runs show RUN --html - | head`, as a shell runs it."""
    with subprocess.Popen(
        command("runs", "show", "nested", "--html", "-", "--store", made),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()

    assert (process.returncode, said) == (141, b"")
