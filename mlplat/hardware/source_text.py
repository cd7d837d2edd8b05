"""The text of a file that a user named, or an InputError that says why there is none."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError, shown

MAX_BYTES = 256 * 2**20


def read_source(path: str | os.PathLike[str]) -> str:
    """The UTF-8 text of a file of at most 256 MiB. Raises InputError where it is missing, unreadable, too large or not text."""
    try:
        size = Path(path).stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"the file has {size:,} bytes", path=path, expected=f"at most {MAX_BYTES:,}")
        raw = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=shown(path)) from None
    except ValueError:  # a NUL byte in the name
        raise InputError("is not the name of a file", path=shown(path)) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"byte {error.start} is not UTF-8", path=path, expected="a text file") from None
    if "\0" in text:
        raise InputError("has NUL bytes", path=path, expected="a text file")
    return text
