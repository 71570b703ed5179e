"""The command `extract`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Invoke, Screen

SCHEMA = '''
from typing import Literal

from pydantic import BaseModel

from callwright import output_of


class Invoice(BaseModel):
    """What an invoice says."""

    number: str
    total: float


READ = output_of(Invoice, mode="tool")
'''
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489")


@pytest.fixture
def schema(tmp_path: Path) -> str:
    path = tmp_path / "kinds.py"
    path.write_text(SCHEMA, encoding="utf-8")
    return f"{path}:Invoice"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.txt" for number in range(1, 6)]
    for path in paths:
        path.write_text(f"Invoice A-{path.stem}. The total is {path.stem}.50.", encoding="utf-8")
    return paths


def rows(text: str) -> dict[str, Any]:
    lines = [json.loads(line) for line in text.splitlines()]
    return {Path(row.pop("input")).name: row for row in lines}


def test_each_file_gives_a_row(invoke: Invoke, schema: str, files: list[Path]):
    result = invoke("extract", schema, *files, "--offline")

    assert result.exit_code == 0
    assert rows(result.stdout) == {
        path.name: {"output": {"number": f"A-{path.stem}", "total": float(path.stem) + 0.5}} for path in files
    }
    assert "usage    5 done, " in result.stderr


def test_a_text_may_come_through_a_pipe(invoke: Invoke, schema: str):
    result = invoke("extract", schema, "--offline", text="Invoice B-7. The total is 7.")

    assert rows(result.stdout) == {"-": {"output": {"number": "B-7", "total": 7.0}}}


def test_rows_that_are_there_are_not_made_again(invoke: Invoke, schema: str, files: list[Path], tmp_path: Path):
    out = tmp_path / "out.jsonl"
    first = invoke("extract", schema, *files[:3], "-o", out, "--offline")
    before = out.read_text()

    second = invoke("extract", schema, *files, "-o", out, "--offline")
    third = invoke("extract", schema, *files, "-o", out)

    assert (first.exit_code, second.exit_code, third.exit_code) == (0, 0, 0)
    assert first.stdout == second.stdout == ""
    assert out.read_text().startswith(before)
    assert len(out.read_text().splitlines()) == 5
    assert "2 done, 3 done before" in second.stderr
    assert "0 done, 5 done before" in third.stderr


def test_what_failed_or_was_cut_is_done_again(invoke: Invoke, schema: str, files: list[Path], tmp_path: Path):
    out = tmp_path / "out.jsonl"
    kept = f'{{"input":"{files[0]}","output":{{"number":"mine","total":0}}}}\n'
    failed, cut = f'{{"input":"{files[1]}","error":"x"}}\n', f'{{"input":"{files[2]}","outp'
    out.write_text(kept + failed + cut)

    result = invoke("extract", schema, *files[:3], "-o", out, "--offline")

    assert result.exit_code == 0
    assert out.read_text().startswith(kept)
    found = rows(out.read_text())
    assert [found[f"{number}.txt"]["output"]["number"] for number in (1, 2, 3)] == ["mine", "A-2", "A-3"]
    assert not list(tmp_path.glob("*.part"))


def test_a_file_that_cannot_be_read_fails_alone(invoke: Invoke, schema: str, files: list[Path], tmp_path: Path):
    (tmp_path / "none.txt").write_text("\n")
    (tmp_path / "noise.bin").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "null.txt").write_bytes(b"a\0b")

    result = invoke("extract", schema, files[0], *tmp_path.glob("n*.*"), "--offline")

    found = rows(result.stdout)
    assert result.exit_code == 1
    assert found["1.txt"]["output"]["number"] == "A-1"
    assert "expected text; got none" in found["none.txt"]["error"]
    assert "expected text in UTF-8" in found["noise.bin"]["error"]
    assert "bytes that are none" in found["null.txt"]["error"]
    assert "1 done, 3 failed" in result.stderr


def test_images_and_documents_are_sent_as_such(invoke: Invoke, schema: str, tmp_path: Path):
    (tmp_path / "a.png").write_bytes(PIXEL)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4\n%%EOF")
    store = tmp_path / "runs.db"

    invoke("extract", schema, tmp_path / "a.png", tmp_path / "a.pdf", "--offline", "--store", store)

    listed = json.loads(invoke("runs", "list", "--store", store, "--json").stdout)
    shown = "".join(invoke("runs", "show", run["run_id"], "--store", store, "--json").stdout for run in listed)
    assert '"image_url"' in shown
    assert '"filename":"a.pdf"' in shown.replace('": "', '":"')


def test_a_file_may_hold_several(invoke: Invoke, schema: str, files: list[Path]):
    result = invoke("extract", schema, files[0], "--list", "--offline")

    assert rows(result.stdout)["1.txt"]["output"] == [{"number": "A-1", "total": 1.5}]


def test_an_output_and_a_schema_are_types_too(invoke: Invoke, schema: str, files: list[Path], tmp_path: Path):
    described = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
    (tmp_path / "total.json").write_text(json.dumps(described))

    by_output = invoke("extract", schema.replace(":Invoice", ":READ"), files[0], "--offline")
    by_schema = invoke("extract", tmp_path / "total.json", files[0], "--offline")

    assert rows(by_output.stdout)["1.txt"]["output"]["total"] == 1.5
    assert rows(by_schema.stdout)["1.txt"]["output"] == {"total": 1.5}


def test_what_was_paid_for_is_read_from_a_store(invoke: Invoke, schema: str, files: list[Path], tmp_path: Path):
    store = tmp_path / "runs.db"
    arguments = ("extract", schema, *files, "--offline", "--store", store)

    first, second = invoke(*arguments), invoke(*arguments)

    assert rows(first.stdout) == rows(second.stdout)
    assert len(json.loads(invoke("runs", "list", "--store", store, "--json").stdout)) == 5


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("TYPE", "FILE"), 2, "no API key: set the variable OPENROUTER_API_KEY"),
        (("TYPE", "nowhere.txt", "--offline"), 2, "'nowhere.txt' is no file"),
        (("TYPE", "FOLDER", "--offline"), 2, "is a folder"),
        (("nowhere.py:Invoice", "FILE", "--offline"), 2, "there is no file"),
        (("TYPES", "FILE", "--offline"), 2, "did you mean 'Invoice'"),
        (("nowhere.json", "FILE", "--offline"), 2, "expected a file with a JSON Schema"),
        (("READ", "FILE", "--offline", "--mode", "tool"), 2, "expected a type with --mode"),
        (("READ", "FILE", "--offline", "--list"), 2, "expected a type with --list"),
        (("TYPE", "FILE", "--offline", "--mode", "yaml"), 2, "mode: expected one of"),
        (("TYPE", "FILE", "--offline", "-o", "FILE"), 2, "expected another file for the rows"),
        (("TYPE", "FILE", "--offline", "-o", "FILES"), 2, "expected a row of an extraction"),
        (("TYPE", "FILE", "--offline", "-o", "/nowhere/out.jsonl"), 1, "cannot write '/nowhere/out.jsonl'"),
        (("TYPE", "FILE", "FILES", "--offline", "--model", "scripted/always-402"), 4, "requires more credits"),
        (("TYPE", "FILE", "--offline", "--model", "nonsense"), 4, "nonsense is not a valid model ID"),
        (("TYPE", "FILE", "--offline", "--budget", "0"), 3, "budget"),
    ],
)
def test_what_goes_wrong_is_said_in_a_line_and_a_code(
    invoke: Invoke, schema: str, files: list[Path], *, arguments: tuple[str, ...], code: int, said: str
):
    named = {
        "TYPE": schema,
        "TYPES": schema.replace("Invoice", "Invoce"),
        "READ": schema.replace("Invoice", "READ"),
        "FILE": str(files[0]),
        "FILES": str(files[1]),
        "FOLDER": str(files[0].parent),
    }
    before = [path.read_bytes() for path in files]

    result = invoke("extract", *[named.get(argument, argument) for argument in arguments])

    assert said in " ".join(result.stderr.split())
    assert result.exit_code == code
    assert "Traceback" not in result.stderr
    assert [path.read_bytes() for path in files] == before


def test_a_bar_is_shown_on_a_terminal(screen: Callable[..., Screen], schema: str, files: list[Path], tmp_path: Path):
    out = tmp_path / "out.jsonl"
    seen = screen("extract", schema, *files[:4], "-o", out, "--offline")

    seen.expect("4/4")
    seen.expect("4 done")

    assert seen.end() == 0
    assert len(out.read_text().splitlines()) == 4
