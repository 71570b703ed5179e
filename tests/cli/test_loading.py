"""Tools out of the user's own code."""

from __future__ import annotations

from pathlib import Path

import pytest

from callwright.cli.exits import CommandError
from callwright.cli.loading import is_several, load_tools, name_of
from callwright.errors import SchemaError
from callwright.tools.tool import tool


def names(place: object) -> list[str]:
    return [name_of(one) for one in load_tools(str(place))]


def written(folder: Path, text: str, *, name: str = "tools_of_a_test") -> Path:
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_gives_its_public_documented_functions_in_order(toolbox: Path):
    assert names(toolbox) == ["get_weather", "wait_long", "add"]


def test_a_file_does_not_give_what_it_imported(tmp_path: Path):
    path = written(tmp_path, 'from inspect import getsource\n\ndef own(a: int) -> int:\n    """Do."""\n    return a\n')

    assert names(path) == ["own"]


def test_a_file_gives_decorated_tools_once(tmp_path: Path):
    text = (
        "from callwright import tool\n\n@tool(name='other', read_only=True)\n"
        'def own(a: int) -> int:\n    """Do."""\n    return a\n\nalias = own\n'
    )

    assert names(written(tmp_path, text)) == ["other"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("add", ["add"]),
        ("undocumented", ["undocumented"]),
        ("_hidden", ["_hidden"]),
        ("SOME", ["get_weather", "openrouter:web_search"]),
    ],
)
def test_a_name_in_a_file_gives_what_it_stands_for(name: str, found: list[str], toolbox: Path):
    assert names(f"{toolbox}:{name}") == found


def test_two_names_of_one_file_import_it_once(tmp_path: Path):
    """What it holds is the same for all of them: a connection, a counter."""
    path = written(tmp_path, "STATE = [lambda: 0]\n\ndef first(a: int) -> int: return id(STATE)\n\nsecond = first\n")

    (first,), (second,) = load_tools(f"{path}:first"), load_tools(f"{path}:second")

    assert first.function is second.function


def test_a_module_of_the_current_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    written(tmp_path, 'def own(a: int) -> int:\n    """Do."""\n    return a\n', name="module_of_a_test")
    monkeypatch.chdir(tmp_path)

    assert names("module_of_a_test:own") == ["own"]
    assert names("module_of_a_test") == ["own"]


def test_a_file_may_import_its_neighbours(tmp_path: Path):
    written(tmp_path, "NUMBER = 7\n", name="neighbour_of_a_test")
    path = written(
        tmp_path,
        'from neighbour_of_a_test import NUMBER\n\ndef own(a: int = NUMBER) -> int:\n    """Do."""\n    return a\n',
    )

    assert names(path) == ["own"]


def test_a_file_may_have_the_name_of_a_loaded_module(tmp_path: Path):
    path = written(tmp_path, 'def own(a: int) -> int:\n    """Do."""\n    return a\n', name="json")

    assert names(path) == ["own"]


def test_a_method_is_found_by_its_dotted_name(tmp_path: Path):
    path = written(
        tmp_path,
        'class Shop:\n    def buy(self, a: int) -> int:\n        """Buy."""\n        return a\n\n\nshop = Shop()\n',
    )

    assert names(f"{path}:shop.buy") == ["buy"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("{box}:get_wether", "has no 'get_wether'; did you mean 'get_weather'?"),
        ("{box}:NUMBER", "expected a function, a tool, or a list of these; got 7"),
        ("{box}:", "expected module:function"),
        (":add", "expected module:function"),
        ("", "expected module:function"),
        ("{box}.py", "there is no file"),
        ("no_such_module_anywhere:f", "importing no_such_module_anywhere failed: ModuleNotFoundError"),
        ("some/folder:f", "expected the name of a module, or the path of a file that ends in .py"),
        ("json.decoder:scanner.NUMBER_RE", "expected a function"),
        ("errno", "defines none"),
    ],
)
def test_what_cannot_be_loaded_is_said(place: str, said: str, toolbox: Path):
    with pytest.raises(CommandError) as caught:
        load_tools(place.format(box=toolbox))

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("def f(:\n", "SyntaxError"),
        ("import no_such_module_anywhere", "No module named"),
    ],
    ids=["raises", "exits", "no Python", "misses a module"],
)
def test_a_file_that_cannot_be_imported_is_said_with_its_place(text: str, said: str, tmp_path: Path):
    path = written(tmp_path, text)

    with pytest.raises(CommandError) as caught:
        load_tools(str(path))

    assert said in str(caught.value)
    assert path.name in str(caught.value)


def test_a_file_that_fails_inside_of_our_code_is_said_with_its_own_line(tmp_path: Path):
    path = written(tmp_path, "import callwright\n\ncallwright.describe(7)\n")

    with pytest.raises(CommandError, match=r"tools_of_a_test\.py, line 3\)$"):
        load_tools(str(path))


def test_a_function_that_cannot_be_a_tool_is_refused_when_loaded(tmp_path: Path):
    path = written(tmp_path, 'def own(*args, **kwargs) -> int:\n    """Do."""\n    return 1\n')

    with pytest.raises(SchemaError):
        load_tools(str(path))


def test_what_a_file_prints_stays_out_of_the_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = written(tmp_path, 'print("hello")\n\ndef own(a: int) -> int:\n    """Do."""\n    return a\n')

    load_tools(str(path))

    assert capsys.readouterr() == ("", "hello\n")


def test_a_whole_file_may_hold_several_tools():
    assert is_several("tools.py")
    assert is_several("tools")
    assert not is_several("tools:add")
    assert not is_several("tools.py:add")


def test_a_tool_is_called_by_its_own_name():
    @tool(name="other")
    def own(a: int) -> int:
        """Do."""
        return a

    assert name_of(own) == "other"
