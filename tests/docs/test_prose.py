"""The pages keep the house style, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^```.*?^```$|<!--.*?-->", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SECOND_SENTENCE = re.compile(r"[a-z`)\]][.?!] [A-Z`]")
EMPTY_WORDS = re.compile(r"\b(simply|just|powerful|easily|seamless\w*|blazing\w*|robust|elegant)\b", re.IGNORECASE)

each_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())


def prose(path: Path) -> str:
    return FENCED.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """Return the names under which a page's headings can be linked to, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_links_lead_to_files_and_headings_that_exist(path: Path) -> None:
    for target in LINK.findall(prose(path)):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        place = (path.parent / name).resolve() if name else path
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target


@each_page
def test_every_page_is_reached_from_the_map(path: Path) -> None:
    start = ROOT / "docs/index.md"
    reached = {(start.parent / target.partition("#")[0]).resolve() for target in LINK.findall(prose(start))}

    assert path in reached | {start}


@each_page
def test_a_line_is_one_sentence(path: Path) -> None:
    lines = [line for line in prose(path).splitlines() if not line.startswith("|")]

    assert [line for line in lines if SECOND_SENTENCE.search(line)] == []


@each_page
def test_no_word_is_empty(path: Path) -> None:
    assert EMPTY_WORDS.findall(prose(path)) == []


def test_the_readme_fits_on_a_few_screens() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 230
