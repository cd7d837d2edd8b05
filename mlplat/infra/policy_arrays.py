"""From a placement policy to the parameters of the kernels (`Policy`):

FGD's typical requests and thresholds, and scores of a user's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from ..errors import OptionError
from ..resources import ResourceRequest
from ..streams import stream
from .compile_errors import what_numba_says
from .kernels.state import T_CPU, T_DEVICES, T_PROFILE, T_WEIGHT, T_WIDTH, TAG, Classes, Placement, Policy
from .placement import DIMENSIONS, BestFit, CompiledPlacement, DotProduct, Fgd, NodeView, PlacementPolicy, RequestView
from .splitting import Gangs, accepted, split_jobs

if TYPE_CHECKING:
    from ..hardware.node_table import NodeTable
    from ..workload import JobTrace

TYPICAL_COLUMNS = 5


@dataclass(slots=True)
class UserScore:
    """A user's score behind a C address: `keep` holds what the address needs alive, `failure` what the function raised."""

    address: int = 0
    keep: Any = None
    failure: BaseException | None = None


def policy_arrays(
    policy: PlacementPolicy,
    trace: JobTrace,
    nodes: NodeTable,
    classes: Classes,
    profiles: Sequence[str],
    *,
    random_ties: bool,
    seed: int,
    row_of: np.ndarray[Any, Any],
    slots: int,
    widest: int,
    measure: Fgd | None = None,
) -> tuple[Policy, UserScore]:
    """The parameters of `policy` for a run. `row_of`: the row of each node, as the kernels number them; `slots`: trees; `widest`:
    replicas of the largest gang. `measure`: keep fragments by its typical requests under a policy that does not look at them.

    Raises OptionError where a user's function cannot be compiled.
    """
    bits, cluster_norm, levels = (1 << len(DIMENSIONS)) - 1, False, 0
    if isinstance(policy, (BestFit, DotProduct)):
        bits = sum(1 << DIMENSIONS.index(name) for name in set(policy.dimensions))
        cluster_norm, levels = policy.norm == "cluster", policy.levels
    typical, accepts, widths, weight = no_typical_requests(nodes)
    fgd = policy if isinstance(policy, Fgd) else measure
    if fgd is not None:
        levels = fgd.levels if policy is fgd else levels
        counted = split_jobs(trace if fgd.typical is None else fgd.typical, nodes)
        typical, accepts, widths, weight = typical_requests(counted, fgd.cover, nodes, profiles)
    tags = int(classes.ask[:, TAG].max(initial=-1)) + 1 if policy.code == Placement.GPU_CLUSTERING else 0
    view = np.zeros(17, dtype=np.int64)
    user = _user_score(policy, view)
    arrays = Policy(
        code=int(policy.code),
        random_ties=random_ties or policy.code == Placement.RANDOM,
        key=np.uint64(stream(seed, "placement").integers(2**64, dtype=np.uint64)),
        dimensions=bits,
        cluster_norm=cluster_norm,
        levels=levels,
        address=user.address,
        tags=np.zeros((len(nodes), max(1, tags)) if tags else (1, 1), dtype=np.int32),
        kinds=np.zeros(len(nodes) if tags else 1, dtype=np.int32),
        weight=weight,
        typical=typical,
        typical_accepts=accepts,
        width_of=np.searchsorted(widths, np.arange(1001), side="right").astype(np.int64),
        thresholds=thresholds(levels if isinstance(policy, Fgd) else 0, weight),
        room=np.zeros(len(widths) + 1, dtype=np.int64),
        small=np.zeros(len(widths) + 1, dtype=np.int64),
        seen=view,
        **_rack_arrays(nodes, row_of, slots, widest, wanted=policy.code == Placement.TOPOLOGY),
    )
    return arrays, user


def _rack_arrays(nodes: NodeTable, row_of: np.ndarray[Any, Any], slots: int, widest: int, *, wanted: bool) -> dict[str, Any]:
    """What `topology` knows of racks; of no length under another policy."""
    rack = nodes.rack[row_of] if wanted else np.zeros(0, dtype=np.int32)
    racks = len(nodes.racks) if wanted else 0
    return {
        "rack": np.ascontiguousarray(rack),
        "member": np.argsort(rack, kind="stable").astype(np.int32),
        "rack_start": np.searchsorted(np.sort(rack), np.arange(racks + 1)).astype(np.int64),
        "rack_total": np.zeros(slots * racks, dtype=np.int64),
        "rack_used": np.zeros(racks, dtype=np.bool_),
        "node_used": np.zeros(len(rack), dtype=np.bool_),
        "plan": np.zeros(widest if wanted else 0, dtype=np.int32),
    }


def no_typical_requests(nodes: NodeTable) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any], int]:
    """What a policy without typical requests has in their place."""
    return np.zeros((0, TYPICAL_COLUMNS), np.int64), np.zeros((0, len(nodes.models) + 1), np.bool_), np.zeros(0, np.int64), 0


def typical_requests(
    gangs: Gangs, cover: float, nodes: NodeTable, profiles: Sequence[str]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any], int]:
    """FGD's target workload: (rows of typical requests, the models each accepts, the distinct widths, the jobs behind them).

    The most frequent requests that make up `cover` of the jobs; memory and disk are left out (docs/scheduling.md, fgd).
    """
    count = np.bincount(gangs.request, minlength=len(gangs.requests))
    by_key: dict[tuple[int, int, int, str, str], int] = {}
    example: dict[tuple[int, int, int, str, str], ResourceRequest] = {}
    for request, jobs in zip(gangs.requests, count.tolist(), strict=True):
        if jobs:
            key = _typical_key(request, nodes)
            by_key[key] = by_key.get(key, 0) + jobs
            example.setdefault(key, request)
    kept, covered = [], 0
    for key in sorted(by_key, key=lambda k: (by_key[k], k), reverse=True):
        kept.append(key)
        covered += by_key[key]
        if covered >= cover * len(gangs.request):
            break
    widths = np.array(sorted({key[1] for key in kept if key[1] and not key[3]}), dtype=np.int64)
    typical = np.zeros((len(kept), TYPICAL_COLUMNS), dtype=np.int64)
    accepts = np.zeros((len(kept), len(nodes.models) + 1), dtype=np.bool_)
    for row, key in enumerate(kept):
        cpu, milli, devices, profile, _ = key
        typical[row, T_CPU], typical[row, T_DEVICES], typical[row, T_WEIGHT] = cpu, devices, by_key[key]
        typical[row, T_WIDTH] = np.searchsorted(widths, milli) if milli and not profile else -1
        typical[row, T_PROFILE] = profiles.index(profile) if profile else -1
        accepts[row] = accepted(example[key], nodes)
        if profile:
            knows = [model.mig is not None and profile in model.mig.profiles for model in nodes.models]
            accepts[row, :-1] &= np.array(knows, dtype=np.bool_)
    return typical, accepts, widths, covered


def _typical_key(request: ResourceRequest, nodes: NodeTable) -> tuple[int, int, int, str, str]:
    models = "|".join(request.models)
    if request.mig:
        known = (
            model.mig.profiles[request.mig].milli for model in nodes.models if model.mig is not None and request.mig in model.mig.profiles
        )
        return request.cpu_milli, next(known, 0), 1, request.mig, models
    if request.gpu_milli:
        return request.cpu_milli, request.gpu_milli, 1, "", models
    if request.gpus:
        return request.cpu_milli, 1000, request.gpus, "", models
    return request.cpu_milli, 0, 0, "", ""


def thresholds(levels: int, weight: int) -> np.ndarray[Any, Any]:
    """int64[max(1, levels)]: the smallest gradient that scores each level, ceil(1000 * weight * ln(k / (levels - k)))."""
    smallest = np.full(max(1, levels), np.iinfo(np.int64).min, dtype=np.int64)
    for k in range(1, levels):
        smallest[k] = math.ceil(1000 * weight * math.log(k / (levels - k)))
    return smallest


def _user_score(policy: PlacementPolicy, view: np.ndarray[Any, Any]) -> UserScore:
    from .kernels.custom import WITHOUT_COMPILER

    if policy.code != Placement.CUSTOM:
        return UserScore()
    if isinstance(policy, CompiledPlacement):
        if not WITHOUT_COMPILER:
            return _compiled(policy)
        return _called_back(getattr(policy.function, "py_func", policy.function), view)
    return _called_back(policy.score, view)  # type: ignore[attr-defined]


def _called_back(score: Callable[[NodeView, RequestView], float], view: np.ndarray[Any, Any]) -> UserScore:
    """A Python function behind a C callback. What it raises is kept, since nothing may leave the callback."""
    import ctypes

    from .kernels.custom import SIGNATURE

    user = UserScore()

    def called(_address: int) -> float:
        if user.failure is not None:
            return math.nan
        try:
            values = view.tolist()
            value = score(NodeView(*values[:10]), RequestView(*values[10:16]))
            if not isinstance(value, (int, float, np.number)):
                raise OptionError(f"the placement policy's score is a {type(value).__name__} for node {values[0]}; expected a float")
            return float(value)
        except BaseException as error:
            user.failure = error
            return math.nan

    user.keep = SIGNATURE(called)
    user.address = ctypes.cast(user.keep, ctypes.c_void_p).value or 0
    return user


_COMPILED: WeakKeyDictionary[CompiledPlacement, Any] = WeakKeyDictionary()


def _compiled(policy: CompiledPlacement) -> UserScore:
    if (made := _COMPILED.get(policy)) is None:
        made = _COMPILED[policy] = _made(policy)
    return UserScore(address=int(made.address or 0), keep=made)


def _made(policy: CompiledPlacement) -> Any:
    import numba
    from numba import types

    function = policy.function if hasattr(policy.function, "py_func") else numba.njit(policy.function)

    def scored(address):  # type: ignore[no-untyped-def]
        v = numba.carray(address, 17, np.int64)  # type: ignore[attr-defined]
        node = NodeView(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9])
        try:
            return float(function(node, RequestView(v[10], v[11], v[12], v[13], v[14], v[15])))
        except Exception:  # the only kind that compiled code can catch; the run ends with an error
            v[16] = 2
            return math.nan

    try:
        return numba.cfunc(types.float64(types.voidptr))(scored)
    except (numba.core.errors.NumbaError, TypeError, ValueError) as error:
        raise OptionError(f"placement={policy.label()!r}: numba cannot compile it: {what_numba_says(error)}") from None
