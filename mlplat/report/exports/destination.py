"""Files and folders that exports are written to: nothing stands under its name before it is whole."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from ...errors import InputError, shown

Target = str | os.PathLike[str]


@contextmanager
def text_file(path: Target) -> Iterator[IO[str]]:
    """A text file, UTF-8 with line feeds, to be written bit by bit; packed by gzip where its name ends in `.gz`.

    The file replaces what stood under the name when it is whole, and not before. The same text gives the same bytes.
    Raises InputError where it cannot be written.
    """
    target = Path(path)
    try:
        if target.is_dir():
            raise InputError("cannot be written: it is a folder", path=shown(target))
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".unfinished-")
        aside = Path(name)
        try:
            with os.fdopen(handle, "wb") as raw, _packed(raw, target) as binary:
                text = io.TextIOWrapper(binary, encoding="utf-8", newline="\n", errors="replace", write_through=False)
                yield text
                text.flush()
                text.detach()
            aside.chmod(0o666 & ~_mask())
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be written: {getattr(error, 'strerror', None) or error}", path=shown(target)) from None


@contextmanager
def _packed(raw: BinaryIO, target: Path) -> Iterator[IO[bytes]]:
    if target.suffix.lower() != ".gz":
        yield raw
        return
    with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed:
        yield cast("IO[bytes]", packed)


def _mask() -> int:
    """The permissions that new files are not given."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


@contextmanager
def folder_of_files(path: Target) -> Iterator[Path]:
    """A folder for files that appear in `path` together, when all are written. Raises InputError where that cannot be done."""
    target = Path(path)
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".unfinished-") as name:
            yield Path(name)
            files = sorted(Path(name).iterdir())
            blocked = next((target / file.name for file in files if (target / file.name).is_dir()), None)
            if blocked is not None:
                raise InputError("cannot be written: it is a folder", path=shown(blocked))
            for file in files:
                file.replace(target / file.name)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be written: {getattr(error, 'strerror', None) or error}", path=shown(target)) from None
