"""The command `schema`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Invoke

ADD = {
    "name": "add",
    "description": "Add two numbers.",
    "parameters": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
}


def test_one_function_is_one_object(invoke: Invoke, toolbox: Path):
    result = invoke("schema", f"{toolbox}:add")

    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == ADD


def test_several_functions_are_a_list_in_their_order(invoke: Invoke, toolbox: Path):
    result = invoke("schema", f"{toolbox}:add", f"{toolbox}:get_weather")

    assert [one["name"] for one in json.loads(result.stdout)] == ["add", "get_weather"]


def test_a_file_is_a_list_even_if_it_holds_one_function(invoke: Invoke, tmp_path: Path):
    """A program that reads it need not know how many there are."""
    path = tmp_path / "single.py"
    path.write_text('def only(a: int) -> int:\n    """Do."""\n    return a\n', encoding="utf-8")

    result = invoke("schema", path)

    assert [one["name"] for one in json.loads(result.stdout)] == ["only"]


def test_compact_is_one_line_without_blanks(invoke: Invoke, toolbox: Path):
    result = invoke("schema", "--compact", f"{toolbox}:add")

    assert result.stdout == json.dumps(ADD, separators=(",", ":")) + "\n"


def test_entries_stand_as_in_a_request(invoke: Invoke, toolbox: Path):
    result = invoke("schema", "--entries", f"{toolbox}:add")

    assert json.loads(result.stdout) == {"type": "function", "function": ADD}


def test_colours_do_not_change_the_text(invoke: Invoke, toolbox: Path):
    plain = invoke("schema", f"{toolbox}:add").stdout

    coloured = invoke(
        "schema", f"{toolbox}:add", env={"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "20"}
    ).stdout

    assert "\x1b[" in coloured
    assert "".join(part.partition("m")[2] for part in f"m{coloured}".split("\x1b[")) == plain


@pytest.mark.parametrize("name", ["NUMBER", "SOME", "nothing"])
def test_what_is_no_function_is_refused(name: str, invoke: Invoke, toolbox: Path):
    result = invoke("schema", f"{toolbox}:{name}")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("callwright: ")
    assert result.stderr.count("\n") == 1
