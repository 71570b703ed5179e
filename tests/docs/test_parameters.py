"""The page of the request parameters says what the code says; run this file to print its tables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "src/callwright/wire" / name for name in ("params.py", "options.py", "plugins.py")]
PAGE = ROOT / "docs/reference/parameters.md"
KINDS = {
    node.name: node
    for source in SOURCES
    for node in ast.parse(source.read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef)
}
"""The TypedDicts, by name."""


def rows(kind: str) -> Iterator[str]:
    """Yield a row for each key of a TypedDict: name, type, what its docstring says, and the service's default.

    The key that only says which kind of object it is has none: its section names it.
    """
    body = KINDS[kind].body
    for field, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and ast.unparse(field.target) not in ("id", "type"):
            text = following.value.value if isinstance(following, ast.Expr) else ""
            meaning, _, default = re.sub(r"\s+", " ", str(text)).partition("efault: ")
            meaning = re.sub(r"\s*(Service d|D)$", "", meaning) if default else meaning
            cells = (f"`{ast.unparse(field.target)}`", kind_of(field.annotation), meaning, default.rstrip("."))
            yield f"| {' | '.join(cells)} |".replace("  ", " ")


def kind_of(annotation: ast.expr) -> str:
    """Return a type as the table shows it: a bar would end the cell, and what is required is said by the text."""
    text = re.sub(r"^Required\[(.*)\]$", r"\1", ast.unparse(annotation)).replace("'", '"')
    return " or ".join(f"`{part}`" for part in text.split(" | "))


def table(kind: str) -> str:
    return "\n".join(["| key | type | meaning and range | service default |", "|---|---|---|---|", *rows(kind)])


def section(kind: str) -> str:
    """Return what the page says of a TypedDict but for the parameters themselves."""
    node = KINDS[kind]
    tags = re.findall(r"^(?:id|type): .*?Literal\[(.+?)\]", "\n".join(map(ast.unparse, node.body)), re.MULTILINE)
    heading = f"### `{kind}`" + "".join(f": `{tag}`" for tag in tags).replace("'", '"')
    whole = f"{heading}\n\n{ast.get_docstring(node)}".replace(". ", ".\n")
    return f"{whole}\n\n{table(kind)}" if list(rows(kind)) else whole


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_has_every_parameter_as_the_code_says_it(kind: str) -> None:
    told = table(kind) if kind == "ChatParams" else section(kind)

    assert f"{told}\n" in PAGE.read_text(encoding="utf-8"), f"print it anew: python {Path(__file__).relative_to(ROOT)}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_says_what_it_means(kind: str) -> None:
    assert [row for row in rows(kind) if row.split(" | ")[2].strip(" |") == ""] == []


if __name__ == "__main__":
    for kind in KINDS:
        print(table(kind) if kind == "ChatParams" else section(kind), end="\n\n")  # noqa: T201
