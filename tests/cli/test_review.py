"""The options `--lint`, `--check` and `--lock` of the command `schema`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Invoke, Screen

SHOP = '''
"""Tools of a shop."""

from typing import Literal

from callwright import tool


def order(customer: str, how: Literal["post", "van"] = "post") -> str:
    """Order something.

    Args:
        customer: The customer's number.
        how: It is sent.
    """
    return customer


@tool(strict=True)
def cancel(number: str, why: str | None = None, now: bool = False) -> str:
    """Take an order back.

    Args:
        number: As `order` gave it.
        why: A few words for the shop.
        now: Or with the next van.
    """
    return number


ENTRIES = [
    cancel,
    {"type": "openrouter:web_search"},
    {"type": "function", "function": {"name": "look", "description": "Look it up.", "parameters": {"type": "object"}}},
    {"type": "function", "function": {"name": "now"}},
]


class Later:
    async def tools(self, ctx):
        return []


LATER = [Later()]
'''


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.py"
    path.write_text(SHOP, encoding="utf-8")
    return path


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the shop with a change."""

    def changed(old: str, new: str) -> Path:
        assert old in SHOP
        path = tmp_path / "changed.py"
        path.write_text(SHOP.replace(old, new), encoding="utf-8")
        return path

    return changed


def test_findings_stand_below_their_tool_and_its_size(invoke: Invoke, changed: Callable[..., Path]):
    path = changed("        how: It is sent.\n", "")

    result = invoke("schema", path, "--lint")

    assert (result.exit_code, result.stderr) == (0, "")
    assert re.sub(r"\d+ (bytes|tokens)", r"N \1", result.stdout) == (
        "order  N bytes, about N tokens\n"
        "warning  parameters.how: no description; add it to the docstring's Args, or as Annotated[..., 'text'] "
        "[no-description]\n"
        "cancel  N bytes, about N tokens\n"
        "2 tools, N bytes, about N tokens: 0 errors, 1 warning, 0 notes\n"
    )


def test_warnings_fail_only_if_that_is_wanted(invoke: Invoke, changed: Callable[..., Path]):
    path = changed("        how: It is sent.\n", "")

    result = invoke("schema", path, "--lint", "--strict")

    assert (result.exit_code, result.stderr) == (1, "callwright: 1 warning\n")
    assert result.stdout.endswith(": 0 errors, 1 warning, 0 notes\n")


def test_errors_always_fail(invoke: Invoke, shop: Path):
    result = invoke("schema", f"{shop}:order", f"{shop}:order", "--lint")

    assert (result.exit_code, result.stderr) == (1, "callwright: 1 error\n")
    assert "error    another tool is named 'order'; give one another name [duplicate-name]\n" in result.stdout


def test_entries_of_functions_are_looked_at_and_others_are_named(invoke: Invoke, shop: Path):
    result = invoke("schema", f"{shop}:ENTRIES", "--lint", "--dialect", "gemini")

    assert result.exit_code == 0
    assert [line for line in result.stdout.splitlines() if line.startswith(("cancel", "look", "now"))] != []
    assert "note     left out, since the service describes them: openrouter:web_search\n" in result.stdout


def test_notes_can_be_about_one_service(invoke: Invoke, changed: Callable[..., Path]):
    path = changed("customer: str", "customer: tuple[int, str]")

    every = invoke("schema", path, "--lint").stdout
    one = invoke("schema", path, "--lint", "--dialect", "moonshot").stdout

    assert ("[dialect-gemini]" in every, "[dialect-moonshot]" in every) == (True, True)
    assert ("[dialect-gemini]" in one, "[dialect-moonshot]" in one) == (False, True)


def test_a_lock_that_was_written_is_met(invoke: Invoke, shop: Path, tmp_path: Path):
    lock = tmp_path / "tools.lock.json"

    written = invoke("schema", shop, "--lock", lock)
    checked = invoke("schema", shop, "--check", lock)

    assert (written.exit_code, written.stdout) == (0, f"locked   2 tools in {lock}\n")
    assert (checked.exit_code, checked.stdout, checked.stderr) == (0, f"2 tools as locked in {lock}\n", "")
    assert list(json.loads(lock.read_text(encoding="utf-8"))["tools"]) == ["cancel", "order"]
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".new")] == []


def test_a_breaking_change_fails_and_says_how_to_go_on(
    invoke: Invoke, shop: Path, changed: Callable[..., Path], tmp_path: Path
):
    lock = tmp_path / "tools.lock.json"
    invoke("schema", shop, "--lock", lock)
    path = changed('how: Literal["post", "van"] = "post"', 'how: Literal["post"] = "post", express: bool = False')

    result = invoke("schema", path, "--check", lock)

    assert result.exit_code == 1
    assert result.stdout == (
        'breaks   order parameters.how: no longer takes "van" [value-removed]\n'
        "change   order parameters.express: it may be given [parameter-added]\n"
    )
    assert result.stderr == (
        f"callwright: 1 change breaks what {lock} holds; if meant, lock anew: callwright schema {path} --lock {lock}\n"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Order something.", "Order something now."),
        ("@tool(strict=True)\n", ""),
        ('"van"]', '"van", "bike"]'),
        ("def order(", "def extra(a: int) -> None:\n    '''Add.'''\n\n\ndef order("),
    ],
    ids=["description", "strict no more", "value added", "tool added"],
)
def test_what_breaks_nothing_passes(old: str, new: str, invoke: Invoke, changed: Callable[..., Path]):
    path = changed(old, old)
    lock = path.with_name("tools.lock.json")
    invoke("schema", path, "--lock", lock)

    result = invoke("schema", changed(old, new), "--check", lock)

    assert (result.exit_code, result.stderr) == (0, "")


def test_a_failing_check_and_findings_are_told_together_and_lock_nothing(invoke: Invoke, shop: Path, tmp_path: Path):
    lock = tmp_path / "tools.lock.json"
    invoke("schema", shop, "--lock", lock)

    checked = invoke("schema", f"{shop}:order", f"{shop}:order", "--lint", "--lock", tmp_path / "other.json")
    both = invoke("schema", f"{shop}:order", "--lint", "--check", lock)

    assert checked.exit_code == 1
    assert not (tmp_path / "other.json").exists()
    assert (both.exit_code, both.stdout.splitlines()[-1]) == (
        1,
        "breaks   cancel: it is not there any more [tool-removed]",
    )


BROKEN = [
    pytest.param(None, "there is no lock", id="missing"),
    pytest.param(b"", "expected JSON as --lock writes it", id="empty"),
    pytest.param(b'{"version": 1,', "expected JSON as --lock writes it", id="cut"),
    pytest.param(b"\xff\xfe", "expected JSON as --lock writes it", id="no text"),
    pytest.param(b"[]", "expected an object as --lock writes it", id="list"),
    pytest.param(b'{"version": 2, "tools": {}}', "expected one of version 1; got version 2", id="version"),
    pytest.param(b'{"version": 1, "tools": {"order": 3}}', "expected parameters of the tool 'order'; got 3", id="tool"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_a_lock_that_cannot_be_used_is_told_in_one_line(
    content: bytes | None, message: str, invoke: Invoke, shop: Path
):
    lock = shop.with_name("tools.lock.json")
    if content is not None:
        lock.write_bytes(content)

    result = invoke("schema", shop, "--check", lock)

    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert message in result.stderr
    assert result.stderr.endswith(f"callwright schema {shop} --lock {lock}\n")


@pytest.mark.parametrize("option", ["--check", "--lock"])
def test_a_folder_is_no_lock(option: str, invoke: Invoke, shop: Path, tmp_path: Path):
    result = invoke("schema", shop, option, tmp_path)

    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"callwright: the lock {str(tmp_path)!r} cannot be ")


@pytest.mark.parametrize("place", ["missing/tools.lock.json", "shop.py/tools.lock.json"])
def test_a_lock_without_a_folder_is_not_written(place: str, invoke: Invoke, shop: Path, tmp_path: Path):
    result = invoke("schema", shop, "--lock", tmp_path / place)

    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


OPTIONS = [
    (["--strict"], "--strict and --dialect: expected with --lint"),
    (["--dialect", "gemini"], "--strict and --dialect: expected with --lint"),
    (["--lint", "--dialect", "gemin"], "dialect: expected one of full,"),
    (["--lint", "--compact"], "--compact and --entries: expected alone"),
    (["--lock", "a", "--check", "b"], "--check and --lock: expected one of them"),
]


@pytest.mark.parametrize(
    ("options", "message"), OPTIONS, ids=["strict", "dialect", "unknown dialect", "compact", "both"]
)
def test_options_that_do_not_go_together_are_refused(options: list[str], message: str, invoke: Invoke, shop: Path):
    result = invoke("schema", shop, *options)

    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_what_cannot_be_described_now_is_refused(invoke: Invoke, shop: Path):
    result = invoke("schema", f"{shop}:LATER", "--lint")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "callwright: Later: expected functions; a toolset has its tools only in a run\n"


def test_a_lock_is_plain_text_in_any_locale(invoke: Invoke, changed: Callable[..., Path], tmp_path: Path):
    path, lock = changed("Order something.", "Bestelle Größeres. \\ud800"), tmp_path / "tools.lock.json"

    invoke("schema", path, "--lock", lock)

    assert invoke("schema", path, "--check", lock).exit_code == 0
    assert "Größeres" in lock.read_text(encoding="utf-8")


def test_long_findings_are_folded_on_a_terminal(screen: Callable[..., Screen], changed: Callable[..., Path]):
    path = changed("        how: It is sent.\n", "")

    window = screen("schema", path, "--lint", "--strict", env={"NO_COLOR": "1"})

    assert window.end() == 1
    assert (
        "warning  parameters.how: no description; add it to the docstring's Args, or as\n         Annota" in window.seen
    )
