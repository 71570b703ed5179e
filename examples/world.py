"""The data set of `assistant.py`: the countries of the United Nations, their currencies and land borders, in SQLite."""

from __future__ import annotations

import csv
import sqlite3
from pathlib import Path

__all__ = ["open_world"]

_FOLDER = Path(__file__).parent / "data"
_TABLES = """
    CREATE TABLE currencies (id PRIMARY KEY, name);
    CREATE TABLE countries (id PRIMARY KEY, name, capital, continent, currency_id REFERENCES currencies);
    CREATE TABLE borders (country_id REFERENCES countries, neighbour_id REFERENCES countries);
"""
_FILES = {
    "currencies.csv": "INSERT INTO currencies VALUES (?, ?)",
    "countries.csv": "INSERT INTO countries VALUES (?, ?, ?, ?, ?)",
    "borders.csv": "INSERT INTO borders VALUES (?, ?)",
}


def open_world() -> sqlite3.Connection:
    """Return a database in memory, filled from the files in `data/`; any thread may read it."""
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.executescript(_TABLES)
    for name, insert in _FILES.items():
        with (_FOLDER / name).open(encoding="utf-8", newline="") as file:
            _, *rows = csv.reader(file)
        database.executemany(insert, rows)
    database.execute("INSERT INTO borders SELECT neighbour_id, country_id FROM borders")
    return database
