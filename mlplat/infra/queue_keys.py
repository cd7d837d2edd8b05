"""The keys of a user's own order of jobs: `key(job)` of every job, in Python or compiled, once for each job."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from ..errors import OptionError
from .attempt_arrays import gang_milli, milli_of_one
from .compile_errors import what_numba_says
from .kernels.state import COUNT, CPU, DISK, LAST, MEMORY, REPLICAS, REQUEST, SHARE, Classes, Queue
from .queueing import CompiledQueue, JobView, QueuePolicy

if TYPE_CHECKING:
    from ..workload import JobTrace

Array = np.ndarray[Any, Any]
OWN = (Queue.CUSTOM, Queue.CUSTOM_BEST_EFFORT)


def keys_of_trace(policy: QueuePolicy, trace: JobTrace, gang: Array, classes: Classes, milli: Array) -> Array:
    """float64[n]: the keys of all jobs; of no length where the policy is not of a user's own. `milli`: of each MIG profile.

    Raises OptionError where numba cannot compile the function or a key is no number; what the function raises comes through.
    """
    keys = np.zeros(len(trace) if policy.code in OWN else 0)
    if not len(keys):
        return keys
    columns = (trace.submit, trace.estimate, trace.priority, _places(policy, trace), gang, classes.ask, gang_milli(gang, classes, milli))
    function, fill = _functions(policy)
    if fill is None:
        for job, view in enumerate(_views(*columns)):
            keys[job] = _number(policy, function(view), job)
        return keys
    arguments = (*columns, keys)
    _compile(policy, fill, arguments)
    fill(*arguments)
    if np.isnan(keys).any():
        _number(policy, math.nan, int(np.argmax(np.isnan(keys))))
    return keys


class KeyOfJob:
    """The key of one job after the other, as they come to a live cluster. Raises OptionError where numba cannot compile the function."""

    def __init__(self, policy: QueuePolicy, profile: Array) -> None:
        self._policy, self._profile = policy, profile
        self._function, fill = _functions(policy)
        self._place = {name: place for place, name in enumerate(policy.groups)}
        if fill is not None:
            none, whole = np.zeros(0), np.zeros(0, dtype=np.int32)
            gang, ask = np.zeros((0, 4), dtype=np.int32), np.zeros((0, 8), dtype=np.int64)
            _compile(policy, fill, (none, none, whole, whole, gang, ask, none, none))

    def __call__(self, submit: float, estimate: float, priority: int, group: str, gang: Array, ask: Array) -> float:
        """`gang`: int32[4], its classes and replicas; `ask`: of the classes. Raises OptionError for a key that is no number, and what
        the function raises.
        """
        milli = int(milli_of_one(gang, ask, self._profile))
        job = _view(submit, estimate, priority, self._place.get(group, -1), gang.tolist(), ask, milli)
        return _number(self._policy, self._function(job), None)


def is_own(policy: QueuePolicy) -> bool:
    """Whether a user's own key orders the jobs."""
    return policy.code in OWN


def _places(policy: QueuePolicy, trace: JobTrace) -> Array:
    """int32[n]: the place of each job's group among those that the policy names, -1 where it is not among them."""
    place = {name: number for number, name in enumerate(policy.groups)}
    places = np.array([place.get(name, -1) for name in trace.groups], dtype=np.int32)
    return np.ascontiguousarray(places[trace.group])


def _view(submit: float, estimate: float, priority: int, group: int, gang: list[int], ask: Array, whole: int) -> JobView:
    row = ask[gang[LAST] if gang[REPLICAS] == 1 else gang[REQUEST]].tolist()
    amounts = row[CPU], row[MEMORY], row[DISK], row[COUNT], row[SHARE]
    return JobView(submit, estimate, priority, group, gang[REPLICAS], *amounts, whole)


def _views(submit: Array, estimate: Array, priority: Array, group: Array, gang: Array, ask: Array, milli: Array) -> Any:
    """The jobs as Python sees them, one after the other."""
    rows = (column.tolist() for column in (submit, estimate, priority, group, gang, milli.astype(np.int64)))
    for submitted, estimated, rank, place, one, whole in zip(*rows, strict=True):
        yield _view(submitted, estimated, rank, place, one, ask, whole)


def _number(policy: QueuePolicy, key: object, job: int | None) -> float:
    """The key as a float. Raises OptionError for what is no number."""
    if not isinstance(key, (int, float, np.number)) or key != key:
        found = "not a number (NaN)" if isinstance(key, float) else f"a {type(key).__name__}"
        where = "for a job" if job is None else f"for job {job}"
        raise OptionError(f"queue={policy.label()!r}: the key is {found} {where}; expected a float")
    return float(key)


def _functions(policy: QueuePolicy) -> tuple[Callable[[JobView], object], Any]:
    """What gives the key of one job, and what fills an array with those of all, if that is compiled."""
    from .kernels.custom import WITHOUT_COMPILER

    if not isinstance(policy, CompiledQueue):
        return policy.key, None  # type: ignore[attr-defined]
    if WITHOUT_COMPILER:
        return getattr(policy.function, "py_func", policy.function), None
    if (made := _COMPILED.get(policy)) is None:
        made = _COMPILED[policy] = _made(policy)
    return made


_COMPILED: WeakKeyDictionary[CompiledQueue, tuple[Any, Any]] = WeakKeyDictionary()


def _made(policy: CompiledQueue) -> tuple[Any, Any]:
    import numba

    function = policy.function if hasattr(policy.function, "py_func") else numba.njit(policy.function)

    def fill(submit, estimate, priority, group, gang, ask, milli, keys):  # type: ignore[no-untyped-def]
        for job in range(len(keys)):
            replicas = gang[job, REPLICAS]
            cls = gang[job, LAST] if replicas == 1 else gang[job, REQUEST]
            amounts = ask[cls, CPU], ask[cls, MEMORY], ask[cls, DISK], ask[cls, COUNT], ask[cls, SHARE]
            ranks = np.int64(priority[job]), np.int64(group[job]), np.int64(replicas)
            keys[job] = function(JobView(submit[job], estimate[job], *ranks, *amounts, np.int64(milli[job])))  # type: ignore[arg-type]

    return function, numba.njit(fill)


def _compile(policy: QueuePolicy, fill: Any, arguments: tuple[Any, ...]) -> None:
    import numba

    try:
        fill.compile(tuple(map(numba.typeof, arguments)))
    except (numba.core.errors.NumbaError, TypeError, ValueError) as error:
        raise OptionError(f"queue={policy.label()!r}: numba cannot compile it: {what_numba_says(error)}") from None
