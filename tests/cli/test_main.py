"""The program as a whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import ENVIRONMENT, PATIENCE, Invoke, command

Execute = Callable[..., "subprocess.CompletedProcess[str]"]


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_without_the_extra_one_line_says_what_to_install(package: str):
    code = f"import sys; sys.modules[{package!r}] = None; from callwright.cli.main import main; main()"

    ended = python(code, "schema", "json:dumps")

    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "its extra 'cli'" in ended.stderr


def test_without_the_server_the_demo_says_what_to_install():
    ended = python("import sys; sys.modules['uvicorn'] = None; from callwright.cli.main import main; main()", "demo")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "its extra 'cli'" in ended.stderr


def test_help_loads_neither_the_core_nor_the_server():
    code = "import sys, callwright, callwright.cli.app; print(sorted(set(sys.modules) & {names}))"
    names = {"callwright.agent", "httpx", "pydantic", "starlette", "uvicorn"}

    assert python(code.replace("{names}", repr(names))).stdout == "[]\n"


def test_importing_callwright_does_not_load_the_command_line():
    assert python("import sys, callwright; print('callwright.cli' in sys.modules)").stdout == "False\n"


def test_the_module_is_the_program(execute: Execute, toolbox: Path):
    ended = execute("schema", "--compact", f"{toolbox}:add")

    assert ended.returncode == 0
    assert ended.stdout.startswith('{"name":"add"')
    assert ended.stderr == ""


@pytest.mark.parametrize("arguments", [("schema", "{toolbox}"), ("demo",)], ids=["schema", "demo"])
def test_nobody_who_reads_ends_it_quietly(arguments: tuple[str, ...], toolbox: Path):
    """As `callwright demo | head -1`."""
    ours, theirs = os.pipe()
    os.close(ours)
    given = [argument.format(toolbox=toolbox) for argument in arguments]
    try:
        ended = subprocess.run(
            command(*given), env=ENVIRONMENT, stdout=theirs, stderr=subprocess.PIPE, timeout=PATIENCE, check=False
        )
    finally:
        os.close(theirs)

    assert (ended.returncode, ended.stderr) == (141, b"")


def test_a_terminal_without_unicode_does_not_end_it(execute: Execute, tmp_path: Path):
    path = tmp_path / "german.py"
    path.write_text('def f(a: int) -> int:\n    """Grüße, 東京."""\n    return a\n', encoding="utf-8")

    ended = execute("schema", path, env={"PYTHONIOENCODING": "ascii"})

    assert ended.returncode == 0
    assert r"Gr\xfc\xdfe, \u6771\u4eac." in ended.stdout


def test_bytes_that_are_no_text_do_not_end_it(execute: Execute):
    ended = execute("chat", "--offline", env={"PYTHONIOENCODING": "ascii"}, text="ü")

    assert ended.returncode == 0
    assert ended.stdout.endswith("I can do nothing with: \\xc3\\xbc\n")


@pytest.mark.parametrize(
    "arguments", [(), ("shema",), ("schema",), ("schema", "--nonsense", "x"), ("simulate", "--port", "x")]
)
def test_a_command_that_is_not_understood_ends_with_2(arguments: tuple[str, ...], invoke: Invoke):
    assert invoke(*arguments).exit_code == 2


def test_the_version_is_told(invoke: Invoke):
    result = invoke("--version")

    assert result.exit_code == 0
    assert result.stdout.startswith("callwright 0.")


def test_shells_can_complete_commands():
    ended = subprocess.run(
        command(),
        env={**ENVIRONMENT, "_CALLWRIGHT_COMPLETE": "complete_bash", "COMP_WORDS": "callwright s", "COMP_CWORD": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )

    assert set(ended.stdout.split()) == {"schema", "simulate"}
