"""A file lock: lets one at a time in, of all threads and processes of a machine."""

from __future__ import annotations

import os
import sys
import time

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["FileLock"]

_SHORTEST, _LONGEST = 0.0002, 0.01
"""How long to sleep between two tries, in seconds: twice as long each time, from one to the other."""


class FileLock:
    """The lock on one file, which holds nothing and stays when the lock is closed: who removes it may let two in.

    Two locks on one file exclude each other also within a process. The system frees the lock of a process that dies.

    Args:
        path: Made if it is not there.

    Raises:
        OSError: It cannot be made or opened.
    """

    __slots__ = ("_file",)

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)

    def acquire(self, seconds: float) -> bool:
        """Take the lock; return whether it was to be had within `seconds` (>= 0).

        Raises:
            OSError: The file system has no locks.
        """
        deadline, pause = time.monotonic() + seconds, _SHORTEST
        while not _is_taken(self._file):
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST)
        return True

    def release(self) -> None:
        """Let the next one in."""
        if sys.platform == "win32":
            os.lseek(self._file, 0, os.SEEK_SET)
            msvcrt.locking(self._file, msvcrt.LK_UNLCK, 1)
        else:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file, which frees the lock."""
        os.close(self._file)


def _is_taken(file: int) -> bool:
    """Try to take the lock; return whether that succeeded."""
    try:
        if sys.platform == "win32":
            os.lseek(file, 0, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
