"""The capture of the demo in the README shows what the demo shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


def test_every_line_of_the_capture_is_one_of_the_demo() -> None:
    """It is shortened, and calls of one turn may return in any order; hence lines and not the whole."""
    pytest.importorskip("rich")
    found = re.search(r"<!-- demo -->\n+```text\n(.*?)```\n+<!-- /demo -->", README.read_text("utf-8"), re.DOTALL)
    plain = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}

    demo = subprocess.run(
        [sys.executable, "-m", "callwright.cli", "demo"], env=plain, capture_output=True, check=True, encoding="utf-8"
    )

    assert found is not None
    assert [line for line in found[1].splitlines() if line != "..." and line not in demo.stdout.splitlines()] == []
