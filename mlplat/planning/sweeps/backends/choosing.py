"""The backend that a name stands for."""

from __future__ import annotations

from ....errors import OptionError, UnknownNameError, printable
from .backend import Backend

BACKENDS = ("serial", "joblib", "dask", "ray")


def check_backend(backend: object, workers: object) -> None:
    """Raises UnknownNameError and OptionError for what `open_backend` cannot open."""
    name = backend.partition(":")[0] if isinstance(backend, str) else backend
    if name not in BACKENDS:
        raise UnknownNameError("backend", printable(str(backend))[:60], BACKENDS)
    if isinstance(backend, str) and ":" in backend and name in ("serial", "joblib"):
        raise OptionError(f"backend={printable(backend)[:60]!r}: {name} has no address; expected {name!r}, or dask or ray with one")
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or not 1 <= workers <= 100_000):
        raise OptionError(f"workers={workers!r:.40}: expected a number of at least 1, or None for one for each core")


def open_backend(backend: str, workers: int | None) -> Backend:
    """`serial`, `joblib`, `dask` or `ray`; `dask:tcp://host:8786` and `ray:auto` for a cluster that is there.

    Raises MissingExtraError where the library is not installed, SweepError where there is no cluster.
    """
    check_backend(backend, workers)
    name, _, address = backend.partition(":")
    if name == "joblib":
        from .on_joblib import OnJoblib

        return OnJoblib(workers)
    if name == "dask":
        from .on_dask import OnDask

        return OnDask(workers, address or None)
    if name == "ray":
        from .on_ray import OnRay

        return OnRay(workers, address or None)
    from .in_process import InProcess

    return InProcess()
