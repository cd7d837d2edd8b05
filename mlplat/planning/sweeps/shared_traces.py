"""Traces on disk that the workers of a sweep map into memory, so that there is one copy of each however many workers there are.

A trace is a folder: each column a `.npy` file, the rest `trace.json`. No pickle is written or read: names of jobs are text of fixed width,
or JSON where that would take too much room.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import IntegrityError, shown
from ...resources import ResourceRequest
from .durable_files import UNFINISHED, sync_folder

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...workload import JobTrace

TRACES = "traces"
COLUMNS = ("submit", "duration", "estimate", "request", "replicas", "last_request", "priority", "group")
_AMOUNTS = ("cpu_milli", "memory_mib", "disk_mib", "gpus", "gpu_milli", "mig")
WIDEST_NAME = 64
"""Characters of a job's name up to which names are kept as text of fixed width, 4 bytes each."""


def shared_trace(folder: Path, name: str, make: Callable[[], JobTrace]) -> JobTrace:
    """The trace called `name` in a sweep's folder, mapped into memory; made and kept first if it is not there."""
    place = folder / TRACES / name
    if not place.is_dir():
        with _one_at_a_time(folder / UNFINISHED, name):
            if not place.is_dir():
                write_trace_arrays(folder, name, make())
    return open_trace_arrays(place)


def write_trace_arrays(folder: Path, name: str, trace: JobTrace) -> None:
    """Keep a trace in a sweep's folder; whole, or not at all."""
    aside = folder / UNFINISHED / f"trace-{name}.{secrets.token_hex(4)}"
    aside.mkdir()
    for column in COLUMNS:
        _write_array(aside / f"{column}.npy", getattr(trace, column))
    about: dict[str, Any] = {
        "jobs": len(trace),
        "requests": [[*(getattr(r, amount) for amount in _AMOUNTS), list(r.models)] for r in trace.requests],
        "groups": list(trace.groups),
        "origin": trace.origin,
        "source": trace.source,
        "split": trace.split,
        "dropped": dict(trace.dropped),
        "header": list(trace.header),
        "ids": _write_ids(aside, trace.job_id),
    }
    (aside / "trace.json").write_text(json.dumps(about, sort_keys=True), encoding="utf-8")
    (aside / "digest").write_text(_digest(aside), encoding="ascii")
    for path in sorted(aside.iterdir()):
        with path.open("rb+") as stream:
            os.fsync(stream.fileno())
    sync_folder(aside)
    try:
        aside.rename(folder / TRACES / name)
    except OSError:  # another has put it there meanwhile
        shutil.rmtree(aside, ignore_errors=True)
        if not (folder / TRACES / name).is_dir():
            raise
    sync_folder(folder / TRACES)


def open_trace_arrays(place: Path) -> JobTrace:
    """A trace that was kept: its columns are read-only views of the files."""
    from ...workload import JobTrace

    about = json.loads((place / "trace.json").read_text(encoding="utf-8"))
    columns: dict[str, Any] = {column: _mapped(place / f"{column}.npy") for column in COLUMNS}
    if about["ids"] == "text":
        ids: Any = np.array(json.loads((place / "job_id.json").read_text(encoding="utf-8")), dtype=object)
    else:
        ids = None if about["ids"] is None else _mapped(place / "job_id.npy")
    requests = tuple(
        ResourceRequest(cpu_milli=cpu, memory_mib=memory, disk_mib=disk, gpus=gpus, gpu_milli=milli, mig=mig, models=tuple(models))
        for cpu, memory, disk, gpus, milli, mig, models in about["requests"]
    )
    return JobTrace(
        **columns,
        requests=requests,
        groups=tuple(about["groups"]),
        job_id=ids,
        origin=about["origin"],
        source=about["source"],
        split=about["split"],
        dropped=about["dropped"],
        header=tuple(about["header"]),
    )


def check_trace_arrays(place: Path) -> None:
    """Raises IntegrityError where the files are not those that were written."""
    try:
        expected, found = (place / "digest").read_text(encoding="ascii"), _digest(place)
    except (OSError, ValueError):
        expected, found = "", "nothing that can be read"
    if expected != found:
        raise IntegrityError(expected, found, shown(place))


def mapped_bytes(place: Path) -> int:
    """Bytes of the files that workers map."""
    return sum(path.stat().st_size for path in place.glob("*.npy"))


def _digest(place: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(place.iterdir()):
        if path.name != "digest":
            content = path.read_bytes()
            digest.update(f"{path.name} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def _write_array(path: Path, array: npt.NDArray[Any]) -> None:
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    np.save(path, little, allow_pickle=False)


def _mapped(path: Path) -> npt.NDArray[Any]:
    if np.load(path, mmap_mode="r", allow_pickle=False).size == 0:  # nothing to map
        return np.load(path, allow_pickle=False)  # type: ignore[no-any-return]
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def _write_ids(aside: Path, ids: npt.NDArray[Any] | None) -> str | None:
    """How the names are kept: None, `array`, or `text`."""
    if ids is None:
        return None
    if ids.dtype.kind in "iu":
        _write_array(aside / "job_id.npy", ids)
        return "array"
    names = [str(name) for name in ids.tolist()]
    if max(map(len, names), default=0) <= WIDEST_NAME and not any("\0" in name for name in names):
        _write_array(aside / "job_id.npy", np.array(names, dtype=np.str_))
        return "array"
    (aside / "job_id.json").write_text(json.dumps(names), encoding="utf-8")
    return "text"


@contextmanager
def _one_at_a_time(folder: Path, name: str) -> Iterator[None]:
    """Whoever else wants the same trace waits. It is no harm where the system has no such locks: both make the same."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (folder / "making").open("ab") as stream:
        offset = int(name[:12], 16)
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX, 1, offset)
        except OSError:  # a file system without locks
            offset = -1
        try:
            yield
        finally:
            if offset >= 0:
                fcntl.lockf(stream, fcntl.LOCK_UN, 1, offset)
