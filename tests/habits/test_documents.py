"""Every code block of the documentation runs: none may escape by the name of its language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

FENCE = re.compile(r"^ *```([^\s`]*)", re.MULTILINE)
NOT_RUN = {"", "bash", "console", "json", "mermaid", "sh", "text", "toml", "yaml"}
"""Commands, their output, and what is sent; Python is `python`."""


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_python_blocks_are_named_python(path: Path) -> None:
    languages = FENCE.findall(path.read_text(encoding="utf-8"))

    assert {language for language in languages if language not in NOT_RUN} <= {"python"}
