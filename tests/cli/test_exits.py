"""Exit codes, and the one line that is said."""

from __future__ import annotations

import pytest

from callwright._secrets import remember
from callwright.cli.exits import CommandError, missing_extra, one_line, reporting
from callwright.errors import (
    APITimeoutError,
    AuthenticationError,
    BudgetError,
    CallwrightError,
    OutputError,
    ParameterError,
    SchemaError,
    StoreError,
    StreamError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OutputError("no valid output"), 1),
        (StoreError("no such run"), 1),
        (CommandError("the port is taken", code=1), 1),
        (CommandError("no such file"), 2),
        (ParameterError("temperature"), 2),
        (SchemaError("no annotation"), 2),
        (BudgetError("used up"), 3),
        (AuthenticationError("no key", status=401), 4),
        (APITimeoutError("too late"), 4),
        (StreamError("cut"), 4),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 141),
        (ModuleNotFoundError("No module named 'uvicorn'", name="uvicorn"), 2),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_ends_a_command_becomes_its_exit_code(error: BaseException, code: int):
    with pytest.raises(SystemExit) as caught, reporting():
        raise error

    assert caught.value.code == code


def test_a_bug_is_not_hidden():
    with pytest.raises(ZeroDivisionError), reporting():
        raise ZeroDivisionError


def test_a_missing_package_that_is_not_ours_is_not_hidden():
    with pytest.raises(ModuleNotFoundError), reporting():
        raise ModuleNotFoundError("No module named 'shop'", name="shop")


def test_an_error_is_told_in_one_line_on_stderr(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit), reporting():
        raise CallwrightError("first\n  second")

    assert capsys.readouterr() == ("", "callwright: first second\n")


def test_a_key_is_never_shown():
    remember("sk-or-v1-very-secret")

    assert "secret" not in one_line(StreamError("upstream said: bad key sk-or-v1-very-secret"))


def test_an_error_of_the_service_is_named_by_its_type():
    assert one_line(AuthenticationError("HTTP 401: no key", status=401)) == "HTTP 401: no key (AuthenticationError)"


def test_a_very_long_error_is_cut():
    assert len(one_line(CallwrightError("word " * 1000))) < 700


def test_an_error_without_words_is_told_by_its_type():
    assert one_line(ValueError()) == "ValueError"
    assert one_line(CallwrightError()) == "CallwrightError"


def test_a_part_of_a_missing_package_asks_for_the_extra():
    error = ModuleNotFoundError("No module named 'rich.console'", name="rich.console")

    assert "its extra 'cli'" in str(missing_extra(error))
