"""The folder of a sweep: what is in it, whose it is, and what of its runs is there.

sweep.json        the scenario's digest, the design, the version of mlplat: what the folder is for
runs/*.parquet    one file a run, named by the digest of its scenario and its replication
index.sqlite3     what each of them should be
traces/*/         traces that several runs have, mapped into memory by the workers
results.parquet   all runs in one table, once they are all there
lock              held by the driver; `unfinished` holds what is being written, and nothing once the sweep is complete
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from ...errors import IntegrityError
from .durable_files import UNFINISHED, sync_folder, write_whole
from .errors import OtherSweepError, SweepError
from .folder_lock import LOCK, FolderLock
from .planned import Run
from .run_files import RUNS, Finished, file_of, read_run
from .run_index import RunIndex
from .shared_traces import TRACES, check_trace_arrays

MANIFEST: Final = "sweep.json"
RESULTS: Final = "results.parquet"
_IDENTITY = (("format", "made by"), ("version", "the version of mlplat"), ("scenario", "the scenario"), ("design", "the design"))


class SweepFolder:
    """A sweep's folder while a driver has it. Use as a context: the lock is given back at the end.

    Raises OtherSweepError for a folder that is somebody else's, SweepInUseError for one where another driver is at work, SweepError
    where it cannot be written.
    """

    def __init__(self, folder: str | os.PathLike[str], manifest: Mapping[str, Any]) -> None:
        self.path = Path(folder).absolute()
        manifest = json.loads(json.dumps(manifest))
        self._lock: FolderLock | None = None
        try:
            self._begin(manifest)
        except OSError as error:
            self.close()
            raise SweepError(self.path, f"cannot be used: {error.strerror or error}") from None
        except BaseException:
            self.close()
            raise

    def _begin(self, manifest: Mapping[str, Any]) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise OtherSweepError(self.path, "is a file; expected a folder")
        if self.path.is_dir() and not (self.path / MANIFEST).exists():
            other = sorted({entry.name for entry in self.path.iterdir()} - {LOCK, UNFINISHED})
            if other:
                raise OtherSweepError(self.path, f"holds other things, such as {other[0]!r:.60}; expected an empty folder, or this sweep")
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = FolderLock(self.path)
        shutil.rmtree(self.path / UNFINISHED, ignore_errors=True)
        for name in (UNFINISHED, RUNS, TRACES):
            (self.path / name).mkdir(exist_ok=True)
        self._settle(manifest)
        for place in sorted((self.path / TRACES).iterdir()):
            try:
                check_trace_arrays(place)
            except IntegrityError:
                shutil.rmtree(place)
        self.index = RunIndex(self.path)

    def _settle(self, manifest: Mapping[str, Any]) -> None:
        """Write what the folder is for, or see that it is for this."""
        if (self.path / MANIFEST).exists():
            found = read_manifest(self.path)
            for key, what in _IDENTITY:
                if found.get(key) != manifest[key]:
                    raise OtherSweepError(self.path, _difference(key, what, found.get(key), manifest[key]))
            if isinstance(found.get("replications"), int) and found["replications"] > manifest["replications"]:
                raise OtherSweepError(
                    self.path,
                    f"holds a sweep of {found['replications']} replications, and this is one of {manifest['replications']}: "
                    "expected as many or more",
                )
            if found == manifest:
                return
            (self.path / RESULTS).unlink(missing_ok=True)  # of fewer replications
        content = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        write_whole(self.path, MANIFEST, lambda stream: stream.write(content.encode()))
        sync_folder(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the folder back."""
        if hasattr(self, "index"):
            self.index.close()
        if self._lock is not None:
            self._lock.release()

    def kept(self, runs: Iterable[Run]) -> dict[tuple[str, int], Finished]:
        """Which of these runs are there, whole. A file that nobody entered in the index is entered; a damaged one is taken away."""
        found, to_enter = {}, []
        for run in runs:
            row = self.index.known.get(run.key)
            path = file_of(self.path, run)
            if row is not None and _sha256(path) == row.sha256:
                found[run.key] = row
                continue
            read = read_run(self.path, run)
            if read is not None and row is None:
                found[run.key] = read
                to_enter.append(read)
            else:
                path.unlink(missing_ok=True)
        if to_enter:
            self.index.add(to_enter)
        return found

    def finish(self, runs: Sequence[Run], results: bytes) -> None:
        """All runs are there: write the table of them, and leave nothing that tells in which order they came."""
        path = self.path / RESULTS
        if not path.is_file() or path.read_bytes() != results:
            write_whole(self.path, RESULTS, lambda stream: stream.write(results))
        self.index.finish(self.index.known[key] for key in sorted(run.key for run in runs))
        sync_folder(self.path / RUNS)
        sync_folder(self.path)
        shutil.rmtree(self.path / UNFINISHED, ignore_errors=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a folder is for. Raises OtherSweepError where it is no sweep's."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise OtherSweepError(folder, f"holds no sweep: there is no {MANIFEST}") from None
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise OtherSweepError(folder, f"{MANIFEST} cannot be read; expected the folder of a sweep")
    return found


def _difference(key: str, what: str, found: object, wanted: object) -> str:
    def said(value: object) -> str:
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        return text[:12] if key == "scenario" else text if len(text) <= 160 else text[:157] + "..."

    return f"belongs to another sweep: {what} there is {said(found)}, here {said(wanted)}; expected another folder"


def _sha256(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
