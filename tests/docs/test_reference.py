"""The reference pages name all there is, and nothing that is not."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

import callwright
from callwright import errors
from callwright._json import encode
from callwright.run.records import Record
from callwright.wire.params import IMPLIED

DOCS = Path(__file__).parents[2] / "docs"
CELLS = re.compile(r"^\| `(\w+)` \|(.*)\|$", re.MULTILINE)
"""Rows of tables whose first cell is a name."""


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def names_in(text: str) -> list[str]:
    return [name for name, _ in CELLS.findall(text)]


def test_the_page_of_names_lists_each_public_name_once() -> None:
    assert sorted(names_in(page("reference/api.md"))) == sorted(callwright.__all__)


def test_the_page_of_errors_tells_of_each() -> None:
    branches = {"CallwrightError", "APIError", "APIStatusError", "ReportedError", "ToolError"}

    assert set(names_in(page("reference/errors.md"))) == set(errors.__all__) - branches - {
        "Deadline",
        "Report",
        "Unfinished",
    }
    assert all(f"`{name}`" in page("reference/errors.md") for name in branches)


@pytest.mark.parametrize("kind", get_args(Record), ids=lambda kind: kind.__name__)
def test_the_page_of_records_lists_the_fields_of_each(kind: type) -> None:
    cells = dict(CELLS.findall(page("reference/records.md")))

    assert re.findall(r"`(\w+)`", cells[kind.__name__].split("|")[0]) == [field.name for field in fields(kind)]


def test_the_page_of_the_wire_has_every_implied_parameter() -> None:
    rows = [
        f"| {feature} | `{switch}` ({{}}) | `{encode(params).decode()}` |".replace('":', '": ')
        for (feature, switch), params in IMPLIED.items()
    ]
    told = re.sub(r"\([^|]*\) \|", "({}) |", page("reference/wire.md"))

    assert len(rows) == told.count("({}) |")
    assert all(row in told for row in rows)


def test_the_page_of_the_command_line_names_every_command_and_option() -> None:
    typer = pytest.importorskip("typer.main")
    app = pytest.importorskip("callwright.cli.app").app
    told = page("how-to/cli.md")

    for name, command in typer.get_command(app).commands.items():
        assert f"callwright {name}" in told
        for parameter in command.params:
            for option in parameter.opts:
                assert option in told or not option.startswith("-"), f"{name} {option}"
