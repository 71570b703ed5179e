"""The command `chat`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Invoke, Screen


def test_a_question_out_of_a_pipe_is_answered_on_stdout(invoke: Invoke, toolbox: Path):
    result = invoke("chat", "--offline", "--tools", toolbox, text="What is the weather in Oslo?\n")

    assert result.exit_code == 0
    assert result.stdout == "get_weather for Oslo says: rain in Oslo.\n"
    assert 'call     get_weather(city="Oslo")\nresult   get_weather: rain in Oslo\nusage    2 req' in result.stderr


def test_a_question_may_have_several_lines(invoke: Invoke, url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOME_KEY", "sk-some")

    result = invoke("chat", "offline/stand-in", "--base-url", url, "--api-key-env", "SOME_KEY", text="one\ntwo\n")

    assert result.stdout.endswith("I can do nothing with: one\ntwo\n")


def test_tools_come_from_several_places(invoke: Invoke, toolbox: Path):
    arguments = ("chat", "--offline", "--tools", f"{toolbox}:get_weather", "--tools", f"{toolbox}:add")

    result = invoke(*arguments, text="Add 2 and 3, and tell the weather of Rome.")

    assert "add(a=2, b=3)" in result.stderr
    assert 'get_weather(city="Rome")' in result.stderr


def test_the_instructions_are_sent(invoke: Invoke, tmp_path: Path):
    path = tmp_path / "seeing.py"
    path.write_text(
        "from callwright import RunContext\n\n"
        'def count(ctx: RunContext) -> int:\n    """Count the messages."""\n    return len(ctx.messages)\n'
    )

    with_system = invoke("chat", "--offline", "--system", "Be brief.", "--tools", path, text="Count the messages.")

    assert with_system.exit_code == 0
    assert "result   count: " in with_system.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "no API key: set the variable OPENROUTER_API_KEY"),
        (("--base-url", "http://x", "--api-key-env", "NO_SUCH"), 2, "set the variable NO_SUCH"),
        (("--base-url", "ftp://x"), 2, "ftp://x"),
        (("--base-url", "http://x", "--offline"), 2, "expected --offline or --base-url"),
        (("--offline", "--tools", "nowhere.py"), 2, "there is no file"),
        (("nonsense", "--offline"), 4, "nonsense is not a valid model ID"),
        (("scripted/always-402", "--offline"), 4, "requires more credits"),
        (("--base-url", "http://127.0.0.1:1/v1"), 4, "127.0.0.1:1"),
    ],
    ids=["no key", "no other key", "no HTTP", "both", "no file", "no model", "no credits", "nobody there"],
)
def test_what_goes_wrong_is_told_in_one_line(arguments: tuple[str, ...], code: int, said: str, invoke: Invoke):
    result = invoke("chat", *arguments, text="hello")

    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_an_empty_pipe_asks_nothing(invoke: Invoke):
    result = invoke("chat", "--offline", text="  \n")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "nothing to ask" in result.stderr


def test_an_answer_that_is_cut_short_ends_with_the_code_of_limits(invoke: Invoke):
    result = invoke("chat", "scripted/cut-text", "--offline", text="hello")

    assert result.exit_code == 3
    assert result.stdout == "Once upon a\n"
    assert "limit    the answer is not whole: length" in result.stderr


def test_reasoning_stays_out_of_a_pipe(invoke: Invoke):
    result = invoke("chat", "scripted/plain-reasoning", "--offline", text="hello")

    assert result.stdout == "Four.\n"
    assert "Two and two" not in result.output


def test_a_conversation_on_a_terminal(screen: Callable[..., Screen], toolbox: Path):
    """It remembers, goes on after errors and cancelled answers, and ends at Ctrl-D."""
    terminal = screen("chat", "--offline", "--tools", toolbox, env={"NO_COLOR": "1"})
    terminal.expect("no language model\nTools: get_weather, wait_long, add\n")
    terminal.expect("you> ")

    terminal.type("What is the weather in Oslo?")
    first = terminal.expect("you> ")
    terminal.type("Wait for 3 hours.")
    terminal.expect("call     wait_long(hours=3)")
    terminal.interrupt()
    cancelled = terminal.expect("you> ")
    terminal.type("/quiet")
    unknown = terminal.expect("you> ")
    terminal.type("and the weather in Rome?")
    second = terminal.expect("you> ")
    terminal.type("\x04")
    code = terminal.end()

    assert "result   get_weather: rain in Oslo\nget_weather for Oslo says: rain in Oslo.\nusage    2 requests" in first
    assert "note     cancelled" in cancelled
    assert "error    there is no command '/quiet'" in unknown
    assert "get_weather for Rome says: rain in Rome." in second
    assert code == 0
    assert "Traceback" not in terminal.seen


def test_a_failed_answer_does_not_end_the_conversation(screen: Callable[..., Screen]):
    terminal = screen("chat", "scripted/429-after-a-call", "--offline", env={"TERM": "dumb"})
    terminal.expect("you> ")

    terminal.type("hello")
    answer = terminal.expect("you> ")
    terminal.type("/quit")

    assert "error    " in answer
    assert terminal.end() == 0


def test_ctrl_c_at_the_prompt_ends_the_conversation(screen: Callable[..., Screen]):
    terminal = screen("chat", "--offline")
    terminal.expect("you> ")

    terminal.interrupt_prompt()

    assert terminal.end() == 130
    assert "Traceback" not in terminal.seen
