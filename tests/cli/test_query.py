"""The command `query`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Invoke

from callwright.cli.exits import missing_extra
from callwright.query.compact import ensemble

ASK = ("query", "Which colour?", "--choices", "red, green,blue", "--offline", "--seed", "1")
JURY = "openai/gpt-4o-mini x3, google/gemini-2.5-flash:logprobs@2"
NAME = "3ILPmYwxjVJc3Ohdpk8JAy"


def test_a_vote_is_drawn_as_bars(invoke: Invoke):
    result = invoke(*ASK, "--jury", JURY)

    rows = [re.split(r"\s{2,}", line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert {row[0] for row in rows[:3]} == {"red", "green", "blue"}
    assert sum(float(row[-1].rstrip("%")) for row in rows[:3]) == pytest.approx(100, abs=0.2)
    assert [len(row[1]) for row in rows[:3]] == sorted((len(row[1]) for row in rows[:3]), reverse=True)
    assert "margin" in rows[3][0]


def test_who_votes_for_what_is_told_beside_it(invoke: Invoke):
    result = invoke(*ASK, "--jury", JURY)

    assert re.search(r"^vote +openai/gpt-4o-mini \[\d\]: (red|green|blue)$", result.stderr, re.MULTILINE)
    assert re.search(r"^usage +4 requests, ", result.stderr, re.MULTILINE)


def test_the_same_seed_gives_the_same_ballots(invoke: Invoke):
    assert invoke(*ASK, "--jury", JURY).stdout == invoke(*ASK, "--jury", JURY).stdout


def test_json_is_the_whole_result(invoke: Invoke):
    result = invoke(*ASK, "--jury", JURY, "--json")

    told = json.loads(result.stdout)
    assert told["answer"] == told["ranking"][0]["text"]
    assert told["confidence"] == told["ranking"][0]["share"]
    assert sum(one["share"] for one in told["ranking"]) == pytest.approx(1)
    assert told["completion"]["object"] == "chat.completion"


def test_choices_may_be_json_values(invoke: Invoke):
    result = invoke("query", "Is it?", "--choices", '["yes, it is", true]', "--offline", "--json")

    assert {one["text"] for one in json.loads(result.stdout)["ranking"]} == {"yes, it is", "true"}


def test_without_choices_the_members_write(invoke: Invoke):
    result = invoke("query", "Hello", "--offline", "--jury", "openai/gpt-4o-mini x2", "--stop", "none", "--json")

    told = json.loads(result.stdout)
    assert (result.exit_code, told["confidence"], told["requests"]) == (0, 1.0, 2)
    assert "offline stand-in" in told["answer"]


def test_a_question_may_come_through_a_pipe(invoke: Invoke):
    result = invoke("query", "-", "--choices", "a,b", "--offline", "--json", text="Which one?\n")

    assert json.loads(result.stdout)["answer"] in {"a", "b"}


def test_a_long_choice_and_one_with_control_characters_are_shown_tamely(invoke: Invoke):
    result = invoke("query", "Which?", "--choices", json.dumps(["x" * 500, "\x1b[31mred"]), "--offline")

    assert "\x1b" not in result.stdout
    assert max(map(len, result.stdout.splitlines()[:2])) <= 80


def test_a_terminal_without_blocks_gets_plain_bars(execute: Callable[..., object]):
    result = execute(*ASK, env={"PYTHONIOENCODING": "ascii"})

    assert "###" in result.stdout
    assert "\\u" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["What", "colour"], "expected one QUESTION, in quotes, or: id FILE; got also 'colour'"),
        (["Which?", "--choices", "a,a", "--offline"], "--choices: expected at least two that differ; got 'a,a'"),
        (["Which?", "--choices", "[1,", "--offline"], "--choices: expected A,B,C or a JSON list"),
        (["Which?", "--choices", "a,b", "--jury", "a/b(", "--offline"], "at character 4 expected a field"),
        (["Which?", "--choices", "a,b", "--stop", "soon", "--offline"], "soon"),
        (["Which?", "--choices", "a,b"], "no API key"),
        (["id", "no-such.json"], "cannot read 'no-such.json': No such file"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(invoke: Invoke, arguments: list[str], why: str):
    result = invoke("query", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("callwright: ")
    assert result.stderr.count("\n") == 1
    assert why in result.stderr


def test_a_budget_that_is_too_small_is_a_limit(invoke: Invoke):
    result = invoke(*ASK, "--max-cost", "0")

    assert (result.exit_code, result.stdout) == (3, "")


def test_the_id_of_a_configuration_and_its_normal_form(invoke: Invoke, tmp_path: Path):
    path = tmp_path / "config.json"
    wire = {"weight": {"type": "static", "weight": 1}, "mode": "generate", "id": "openai/gpt-4o-mini", "top_p": 1}
    path.write_text(json.dumps(wire), encoding="utf-8")

    result = invoke("query", "id", path)

    name, _, normal = result.stdout.partition("\n")
    assert name == NAME
    assert json.loads(normal) == {
        "id": "openai/gpt-4o-mini",
        "mode": "generate",
        "weight": {"type": "static", "weight": 1.0},
    }


def test_the_id_of_an_ensemble_out_of_a_pipe_as_json(invoke: Invoke):
    model = ensemble("openai/gpt-4o-mini x2 -> openai/gpt-4o")

    result = invoke("query", "id", "-", "--json", text=json.dumps(model.to_wire()))

    told = json.loads(result.stdout)
    assert (told["name"], len(told["normalized"]["models"])) == (model.name, 3)


def test_a_training_table_name_is_told_as_json(invoke: Invoke):
    weight = {"type": "training_table", "base_weight": 1, "min_weight": 0.5, "max_weight": 2}

    result = invoke("query", "id", "-", "--json", text=json.dumps({"id": "a/b", "mode": "generate", "weight": weight}))

    assert set(json.loads(result.stdout)) == {"name", "training_table_name", "normalized"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no JSON", "expected JSON"),
        ("[1]", "expected an object"),
        ('{"id": "", "mode": "x", "top_p": 2}', "QueryLLM.mode"),
    ],
)
def test_what_is_no_configuration_is_said_in_one_line(invoke: Invoke, text: str, why: str):
    result = invoke("query", "id", "-", text=text)

    assert (result.exit_code, result.stdout) == (2, "")
    assert why in result.stderr


@pytest.mark.parametrize("package", ["xxhash", "numpy"])
def test_a_missing_package_of_the_extra_is_named_with_it(package: str):
    error = ModuleNotFoundError(f"No module named {package!r}", name=package)

    assert "its extra 'query'" in str(missing_extra(error))
