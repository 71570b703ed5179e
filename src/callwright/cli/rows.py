"""Rows: the lines of JSON that an extraction writes, one for each input, and those that it finds written."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from callwright._json import decode, encode
from callwright.cli.exits import FAILED, CommandError

__all__ = ["Rows"]

_BEGINNING = b'{"input":"'


class Rows:
    """The rows of a file, to be added to in a `with` block; without a file, of standard output.

    A row of an input that failed is dropped when the file is opened again, since that input is tried again; so is a
    last row that was cut.

    Args:
        path: Of the file; None for standard output.

    Raises:
        CommandError: It cannot be read, or holds something else.
    """

    __slots__ = ("_file", "_kept", "_path", "_whole", "done")

    def __init__(self, path: Path | None) -> None:
        self.done: set[str] = set()
        """The inputs of the rows that are there."""
        self._path = path
        self._file: BinaryIO | None = None
        self._whole = True
        self._kept: list[bytes] = []
        if path is not None and path.exists():
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            lines = path.read_bytes().splitlines(keepends=True)
        except OSError as error:
            raise CommandError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            row = _row(line)
            # Only what begins as a row can be one that was cut: the file may be somebody's own.
            is_cut = number == len(lines) and line[: len(_BEGINNING)] == _BEGINNING[: len(line)]
            if row is None and not is_cut:
                raise CommandError(
                    f"{str(path)!r}, line {number}: expected a row of an extraction; give another file with -o"
                )
            if row is not None and "output" in row and line.endswith(b"\n"):
                self.done.add(str(row["input"]))
                self._kept.append(line)
            else:
                self._whole = False

    def add(self, name: str, **found: object) -> None:
        """Write the row of an input; it is in the file when this returns.

        Args:
            name: The input.
            found: `output`, or `error`.

        Raises:
            CommandError: It cannot be written.
        """
        row = encode({"input": name, **found}) + b"\n"
        if self._file is None:
            sys.stdout.write(row.decode())
            sys.stdout.flush()
            return
        try:
            self._file.write(row)
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from error

    def __enter__(self) -> Self:
        path = self._path
        if path is None:
            return self
        try:
            if not self._whole:
                beside = path.with_name(f"{path.name}.part")
                beside.write_bytes(b"".join(self._kept))
                beside.replace(path)
            self._file = path.open("ab")
        except OSError as error:
            raise self._failed(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def _failed(self, error: OSError) -> CommandError:
        return CommandError(f"cannot write {str(self._path)!r}: {error.strerror or error}", code=FAILED)


def _row(line: bytes) -> Mapping[str, object] | None:
    try:
        row = decode(line)
    except ValueError:
        return None
    return row if isinstance(row, Mapping) and isinstance(row.get("input"), str) else None
