"""The page of the request parameters says what `wire.params` says; run this file to print its tables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/callwright/wire/params.py"
PAGE = ROOT / "docs/reference/parameters.md"
KINDS = ("ChatParams", "Reasoning", "ProviderPreferences")


def rows(kind: str) -> Iterator[str]:
    """Yield a row for each key of a TypedDict: name, type, what its docstring says, and the service's default."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind)
    for field, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign):
            text = following.value.value if isinstance(following, ast.Expr) else ""
            meaning, _, default = re.sub(r"\s+", " ", str(text)).partition("efault: ")
            meaning = re.sub(r"\s*(Service d|D)$", "", meaning) if default else meaning
            cells = (f"`{ast.unparse(field.target)}`", kind_of(field.annotation), meaning, default.rstrip("."))
            yield f"| {' | '.join(cells)} |".replace("  ", " ")


def kind_of(annotation: ast.expr) -> str:
    """Return a type as the table shows it: a bar would end the cell."""
    return " or ".join(f"`{part}`" for part in ast.unparse(annotation).split(" | "))


def table(kind: str) -> str:
    return "\n".join(["| key | type | meaning and range | service default |", "|---|---|---|---|", *rows(kind)])


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_has_every_parameter_as_the_code_says_it(kind: str) -> None:
    assert table(kind) in PAGE.read_text(encoding="utf-8"), f"print it anew: python {Path(__file__).relative_to(ROOT)}"


if __name__ == "__main__":
    for kind in KINDS:
        print(f"{kind}\n\n{table(kind)}\n")  # noqa: T201
