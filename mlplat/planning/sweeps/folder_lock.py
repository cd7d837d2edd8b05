"""A folder used by one driver at a time. The system takes the lock back when the process ends, however it ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from .errors import SweepInUseError

LOCK = "lock"


class FolderLock:
    """The lock of a sweep's folder, an empty file. Raises SweepInUseError where somebody holds it; `release` gives it back."""

    def __init__(self, folder: Path) -> None:
        self._number: int | None = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(self._number)
        except OSError:
            self.release()
            raise SweepInUseError(folder, "another sweep runs in this folder; wait for it, or stop it") from None

    def release(self) -> None:
        """Let others have the folder."""
        if self._number is not None:
            number, self._number = self._number, None
            with suppress(OSError):
                os.close(number)


if sys.platform == "win32":
    import msvcrt

    def _lock(number: int) -> None:
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
