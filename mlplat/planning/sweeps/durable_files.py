"""Writing files so that they are there as a whole or not at all, whatever is killed meanwhile, and outlast a power failure."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

UNFINISHED = "unfinished"
"""The folder inside a sweep's folder for what is not yet complete: nothing in it counts."""


def write_whole(folder: Path, name: str, write: Callable[[BinaryIO], object]) -> Path:
    """Write the file `name` (which may have a folder before it) in a sweep's folder: aside, to the disk, then under its name.

    The entry in the folder reaches the disk with `sync_folder`.
    """
    target = folder / name
    aside = folder / UNFINISHED / f"{target.name}.{secrets.token_hex(4)}"
    with aside.open("wb") as stream:
        write(stream)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(target)
    return target


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if os.name == "nt":  # the names are in the journal of the file system; a folder cannot be opened
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
