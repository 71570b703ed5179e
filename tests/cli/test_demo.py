"""The command `demo`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Invoke, Screen
from typer.testing import CliRunner

from callwright.cli.app import app

CAPTURE = Path(__file__).parents[2] / "docs" / "demo.txt"
PORT = re.compile(r"127\.0\.0\.1:\d+")


@pytest.fixture(scope="module")
def said() -> str:
    """Return what the demo says where there is no terminal."""
    result = CliRunner().invoke(app, ["demo"])
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_the_demo_shows_what_the_documentation_shows(said: str):
    """After a change of the demo: `python -m callwright.cli demo > docs/demo.txt`."""
    captured = CAPTURE.read_text(encoding="utf-8")

    # A longer port may move a line's end, and of two tools that run together either may be the first.
    assert sorted(PORT.sub("PORT", said).split()) == sorted(PORT.sub("PORT", captured).split())


def test_the_capture_fits_into_a_page():
    lines = CAPTURE.read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 60
    assert max(map(len, lines)) <= 80


def test_the_demo_says_that_no_language_model_answers(said: str):
    assert "a rule-based program and no language model" in " ".join(said.split())


def test_every_step_of_the_three_programs_is_seen(said: str):
    for step in (
        'call     find_customer(name="Ann Lee")',
        "result   find_customer: 7",
        "call     list_orders(customer_id=7)",
        "output   Invoice(number='A-117', customer='Bo Berg', total=129.5,",
        "tool_choice: split_bill",
        "call     split_bill(total=86.0, people=4)",
        "output   call.run_sync() gives 21.5",
        "total    5 requests",
    ):
        assert step in said


def test_on_a_terminal_the_demo_is_coloured(screen: Callable[..., Screen]):
    terminal = screen("demo")

    assert terminal.end() == 0
    assert "\x1b[36mcall" in terminal.seen


def test_a_terminal_that_wants_no_colours_gets_no_escapes(screen: Callable[..., Screen]):
    terminal = screen("demo", env={"NO_COLOR": "1"})

    assert terminal.end() == 0
    assert "\x1b" not in terminal.seen
    assert "call     find_customer" in terminal.seen


def test_ctrl_c_ends_the_demo(screen: Callable[..., Screen]):
    terminal = screen("demo")
    terminal.expect("1. An assistant")

    terminal.interrupt()

    assert terminal.end() == 130
    assert "Traceback" not in terminal.seen


def test_live_without_a_key_is_refused(invoke: Invoke):
    result = invoke("demo", "--live")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "OPENROUTER_API_KEY" in result.stderr
    assert result.stderr.count("\n") == 1


def test_live_asks_the_model_that_is_named(invoke: Invoke, url: str):
    env = {"OPENROUTER_API_KEY": "sk-or-v1-secret", "CALLWRIGHT_BASE_URL": url}

    result = invoke("demo", "--live", "--model", "anthropic/claude-sonnet-4.5", env=env)

    assert result.exit_code == 0
    assert f"with the model anthropic/claude-sonnet-4.5 at {url}" in " ".join(result.stdout.split())
    assert "secret" not in result.output


def test_live_with_a_wrong_key_ends_with_the_words_of_the_service(invoke: Invoke, url: str):
    env = {"OPENROUTER_API_KEY": "sk-or-wrong", "CALLWRIGHT_BASE_URL": url}

    result = invoke("demo", "--live", env=env)

    assert result.exit_code == 4
    assert "HTTP 401: User not found. (AuthenticationError)" in result.stderr
    assert "sk-or-wrong" not in result.output
