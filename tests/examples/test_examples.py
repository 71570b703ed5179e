"""Every example runs as its first line says, over real HTTP against the offline OpenRouter, and says what it should."""

from __future__ import annotations

import ast
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from callwright.simulator.server import running
from callwright.testing.openrouter import OfflineOpenRouter

EXAMPLES = Path(__file__).parents[2] / "examples"
MOST_LINES = 39
MODULES = {"world.py"}
"""Imported by examples; they show nothing when they are run."""

SAID = {
    "assistant.py": ["China; Russia.", "Bhutanese ngultrum.", "Benin; Côte d'Ivoire; Ghana; Mali; Niger; Togo."],
    "conversation.py": ["stock of tea?", "tool: 12", "stock of cocoa?", "tool: 3"],
    "dependencies.py": ["waits for payment"],
    "extraction.py": ["129.50 EUR to Fisher by 31 January 2027", "urgent"],
    "forced_call.py": ["book_table {'day': datetime.date(2027, 6, 19)", "A table for 4 outside, on 19 June 2027."],
    "parallel_calls.py": ["9 degrees", "24 degrees", "31 degrees"],
    "plain_request.py": ["openai/gpt-4o-mini by OpenAI", "US dollars"],
    "streaming.py": ['find_poem{"season":"autumn"} -> Leaves on the river', "2 steps"],
    "typed_answer.py": ["Oslo: 9.5 degrees, 30 km/h"],
}
"""What each prints, in this order."""


@pytest.fixture
def service() -> OfflineOpenRouter:
    return OfflineOpenRouter()


@pytest.fixture
def base_url(service: OfflineOpenRouter) -> Iterator[str]:
    with running(service) as url:
        yield url


def run(name: str, base_url: str, folder: Path) -> str:
    """Return what an example prints, started from a folder that is not its own."""
    settings = {"CALLWRIGHT_BASE_URL": base_url, "OPENROUTER_API_KEY": "sk-or-offline", "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name)],
        env={**os.environ, **settings, "PYTHONUTF8": "1"},
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("name", SAID)
def test_an_example_says_what_it_should(name: str, base_url: str, tmp_path: Path) -> None:
    printed = run(name, base_url, tmp_path)

    places = [printed.find(said) for said in SAID[name]]
    assert -1 not in places, printed
    assert places == sorted(places)


def test_every_example_is_run() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} - MODULES == set(SAID)


@pytest.mark.parametrize("name", sorted({*SAID, *MODULES}))
def test_an_example_is_short(name: str) -> None:
    assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("name", SAID)
def test_an_example_says_how_to_run_it(name: str) -> None:
    docstring = ast.get_docstring(ast.parse((EXAMPLES / name).read_text(encoding="utf-8")))

    assert docstring is not None
    assert docstring.endswith(f"Run `python examples/{name}`.")


def test_the_list_of_examples_names_each() -> None:
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")

    assert [name for name in SAID if f"({name})" not in listed] == []


def calls_in(request: Any) -> list[tuple[str, dict[str, Any], str]]:
    """Return each call that a request looks back on: name, arguments, and what came of it."""
    results = {
        message["tool_call_id"]: message["content"] for message in request["messages"] if "tool_call_id" in message
    }
    made = [call for message in request["messages"] for call in message.get("tool_calls") or ()]
    return [(call["function"]["name"], json.loads(call["function"]["arguments"]), results[call["id"]]) for call in made]


def test_the_assistant_needs_what_one_query_gave_for_the_next(
    service: OfflineOpenRouter, base_url: str, tmp_path: Path
) -> None:
    """Of three questions, each second call takes an argument that stands in the first one's result and nowhere else."""
    run("assistant.py", base_url, tmp_path)

    finished: list[Any] = [request for request in service.requests if len(calls_in(request)) == 2]
    assert len(finished) == 3
    assert len(service.requests) == 9
    for request in finished:
        question = request["messages"][0]["content"]
        (first, _, found), (second, used, _) = calls_in(request)
        assert first == "find_country"
        assert second in {"list_neighbours", "get_currency"}
        assert used["country_id"] == json.loads(found)["id"]
        assert used["country_id"] not in question


def test_the_parallel_calls_run_at_the_same_time(base_url: str, tmp_path: Path) -> None:
    asked_and_answered = run("parallel_calls.py", base_url, tmp_path).splitlines()[:6]

    assert [line.rpartition(" ")[2] for line in asked_and_answered] == ["asked"] * 3 + ["answered"] * 3


def test_the_conversation_sends_what_was_said_before(service: OfflineOpenRouter, base_url: str, tmp_path: Path) -> None:
    run("conversation.py", base_url, tmp_path)

    last: Any = service.requests[-1]
    roles = [message["role"] for message in last["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "user", "assistant", "tool"]


def test_the_dependencies_are_never_sent(service: OfflineOpenRouter, base_url: str, tmp_path: Path) -> None:
    run("dependencies.py", base_url, tmp_path)

    tools = json.dumps(service.requests[0])
    assert "ctx" not in tools
    assert "sent on Monday" not in tools


def test_the_plain_request_names_the_app(service: OfflineOpenRouter, base_url: str, tmp_path: Path) -> None:
    run("plain_request.py", base_url, tmp_path)

    (received,) = service.journal
    assert received.headers["http-referer"] == "https://example.org"
    assert received.headers["x-title"] == "Examples"


def test_the_data_set_is_whole() -> None:
    with closing(runpy.run_path(str(EXAMPLES / "world.py"))["open_world"]()) as world:
        counts = [world.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("countries", "currencies")]
        lost = world.execute("PRAGMA foreign_key_check").fetchall()
        unused = world.execute(
            "SELECT id FROM currencies WHERE id NOT IN (SELECT currency_id FROM countries)"
        ).fetchall()
        borders = world.execute("SELECT country_id, neighbour_id FROM borders").fetchall()

    assert counts == [193, 142]
    assert (lost, unused) == ([], [])
    assert len(set(borders)) == len(borders) == 618
    assert all(country != neighbour for country, neighbour in borders)
