"""`fetch`: download a known trace once, check what came, and keep it in a folder."""

from __future__ import annotations

import hashlib
import importlib
import os
import tempfile
from pathlib import Path
from typing import Any

from ..errors import FetchError, InputError, MissingExtraError, UnknownNameError, shown
from .registry import KNOWN_TRACES, KnownTrace
from .source_bytes import read_source


def fetch(name: str, folder: str | os.PathLike[str] | None = None) -> Path:
    """The file of a trace in `KNOWN_TRACES`, downloaded into `folder` (default: the user's cache) unless it is there already.

    The content must have the digest in the table; a file that has another is never returned nor left behind. Nothing is written outside
    the folder. A file that was put there by hand counts as downloaded.

    Raises UnknownNameError for another name, MissingExtraError without pooch, and FetchError, with the address to download from by hand,
    where the download fails or gives something else.

    >>> fetch("openb", folder="traces/").name  # doctest: +SKIP
    'openb_pod_list_default.csv'
    >>> fetch("openc")
    Traceback (most recent call last):
    ...
    mlplat.errors.UnknownNameError: ...
    """
    if not isinstance(name, str) or name not in KNOWN_TRACES:
        raise UnknownNameError("trace", name, KNOWN_TRACES)
    known = KNOWN_TRACES[name]
    home = Path(_pooch().os_cache("mlplat")) if folder is None else Path(folder)
    target = home / known.file
    if target.is_file() and _digest(target) == known.sha256:
        return target
    if not known.url:
        raise FetchError(f"{name!r} cannot be downloaded from here. {_by_hand(known, target)}")
    downloader = _pooch().HTTPDownloader(progressbar=False)
    part = None
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=home, prefix=f".{known.file}.", delete=False) as stream:
            part = Path(stream.name)
        downloader(known.url, str(part), None)
        if (found := _digest(part)) != known.sha256:
            raise FetchError(f"what {known.url} serves is not the known file: its digest is {found}. {_by_hand(known, target)}")
        part.replace(target)
    except (OSError, ValueError) as error:  # the errors of requests are OSErrors
        raise FetchError(f"{known.url} could not be downloaded into {shown(home)}: {shown(error)}. {_by_hand(known, target)}") from None
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return target


def _pooch() -> Any:
    try:
        return importlib.import_module("pooch")
    except ImportError:
        raise MissingExtraError("downloading traces", "traces") from None


def _digest(path: Path) -> str:
    """SHA-256 of what is in the file, decompressed; empty for what cannot be read."""
    try:
        return hashlib.sha256(read_source(path).data).hexdigest()
    except InputError:
        return ""


def _by_hand(known: KnownTrace, target: Path) -> str:
    place = known.url or f"{known.file} from {known.page}"
    return f"Download {place} by hand and put it at {shown(target)}; its content has the SHA-256 {known.sha256}"
