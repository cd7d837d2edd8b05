"""The real `git`, kept apart from the user's and the machine's settings; tests that need it are skipped where it is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import zlib
from collections.abc import Iterable
from pathlib import Path

import pytest

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="the git program is not installed")


class Git:
    """A bare repository in a folder, and the program on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
        }

    def init(self) -> Git:
        """Make the repository."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self("init", "-q", "--bare", "--initial-branch=main", ".")
        return self

    def run(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run it, however it ends."""
        return subprocess.run(["git", *arguments], cwd=self.folder, env=self.environment, input=given, capture_output=True, check=False)

    def __call__(self, *arguments: str, given: bytes = b"") -> bytes:
        """What it says; it must succeed and complain of nothing."""
        done = self.run(*arguments, given=given)
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return done.stdout

    def write(self, frames: Iterable[tuple[str, bytes]]) -> None:
        """Put framed objects there under their ids, as loose objects."""
        for number, frame in frames:
            place = self.folder / "objects" / number[:2] / number[2:]
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(zlib.compress(frame, 1))

    def check(self) -> None:
        """`git fsck --strict` finds nothing wrong."""
        done = self.run("fsck", "--strict", "--no-dangling", "--full")
        complaints = [line for line in (done.stdout + done.stderr).decode().splitlines() if not line.startswith(("notice:", "Checking"))]
        assert done.returncode == 0, complaints
        assert complaints == []
