"""The placement policies: which feasible node is best. What they compute is in `kernels.scores`; here are their names and parameters.

A policy of your own is a subclass of `PlacementPolicy` with a `score` method in Python, or a `CompiledPlacement` around a function that
numba can compile, for traces of millions of jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from ..errors import OptionError, UnknownNameError
from ..html_tables import ShownMapping, facts
from .kernels.state import Placement

if TYPE_CHECKING:
    from ..workload import JobTrace

DIMENSIONS = ("cpu", "memory", "disk", "gpu")
MAX_LEVELS = 1_000_000


class NodeView(NamedTuple):
    """A node that a request fits on, as a policy of your own sees it: its row in the cluster, what is free
    before the placement, and the capacities.

    Amounts are milli-cores, MiB and milli of all devices together; `free_devices` are those that hold nothing.
    """

    row: int
    free_cpu_milli: int
    free_memory_mib: int
    free_disk_mib: int
    free_gpu_milli: int
    free_devices: int
    cpu_milli: int
    memory_mib: int
    disk_mib: int
    devices: int


class RequestView(NamedTuple):
    """What one replica asks for: `gpus` whole devices, or `gpu_milli` of one, or a MIG instance (`mig` at least 0)."""

    cpu_milli: int
    memory_mib: int
    disk_mib: int
    gpus: int
    gpu_milli: int
    mig: int


class PlacementPolicy:
    """Base of all placement policies. Subclass it and write `score(self, node: NodeView, request: RequestView) -> float`.

    The feasible node with the highest score wins; minus infinity refuses a node. `score` must depend on its arguments only: a node's
    score is computed anew when the node has changed. A share goes to the device with the least room that suffices. An exception in
    `score` ends the run and comes out of it.

    >>> class EmptiestFirst(PlacementPolicy):
    ...     name = "emptiest-first"
    ...     def score(self, node, request):
    ...         return node.free_devices
    """

    name: ClassVar[str] = ""
    code: ClassVar[Placement] = Placement.CUSTOM
    summary: ClassVar[str] = ""

    def label(self) -> str:
        """The name under which results speak of the policy."""
        return self.name or type(self).__name__

    def _repr_html_(self) -> str:
        return facts([("policy", self.label()), ("what it does", self.summary)], title="placement")


class FirstFit(PlacementPolicy):
    """The first node in the tie order."""

    name, code, summary = "first-fit", Placement.FIRST_FIT, "the first feasible node in the tie order"


class Random(PlacementPolicy):
    """A feasible node, and for a share a device, drawn uniformly."""

    name, code, summary = "random", Placement.RANDOM, "a feasible node drawn uniformly"


@dataclass(frozen=True)
class _Proportional(PlacementPolicy):
    """Parameters of the policies that weigh amounts against capacities.

    `dimensions`: which count. `norm`: against the capacity of the node, or the largest capacity in the cluster. `levels`: the score is
    truncated to an integer of that many levels, as in the published FGD experiments; 0: not truncated. Raises OptionError.
    """

    dimensions: tuple[str, ...] = DIMENSIONS
    norm: Literal["node", "cluster"] = "node"
    levels: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.dimensions, str) or not isinstance(self.dimensions, (tuple, list)):
            raise OptionError(f"dimensions={self.dimensions!r}: expected a tuple of " + ", ".join(DIMENSIONS))
        unknown = [name for name in self.dimensions if name not in DIMENSIONS]
        if unknown:
            raise UnknownNameError("dimension", unknown[0], DIMENSIONS)
        if not self.dimensions:
            raise OptionError("dimensions=(): expected at least one of " + ", ".join(DIMENSIONS))
        if self.norm not in ("node", "cluster"):
            raise UnknownNameError("norm", self.norm, ("node", "cluster"))
        _check_levels(self.levels)

    def label(self) -> str:
        """The name, with the options that are not the default."""
        given = [] if self.dimensions == DIMENSIONS else ["+".join(self.dimensions)]
        given += [] if self.norm == "node" else [f"norm={self.norm}"]
        given += [f"levels={self.levels}"] if self.levels else []
        return self.name + (f"({', '.join(given)})" if given else "")


class BestFit(_Proportional):
    """The node with the least left over, summed over dimensions as fractions of capacity (Best-Fit, Johnson 1974).

    `dimensions`, `norm` and `levels`: docs/scheduling.md, Published variants. Raises OptionError.

    >>> BestFit(dimensions=("cpu", "gpu"), levels=100).label()
    'best-fit(cpu+gpu, levels=100)'
    """

    name, code, summary = "best-fit", Placement.BEST_FIT, "the node with the least left over"


class WorstFit(PlacementPolicy):
    """The node with the most left over."""

    name, code, summary = "worst-fit", Placement.WORST_FIT, "the node with the most left over"


class LeastAllocated(PlacementPolicy):
    """Kubernetes' NodeResourcesFit, strategy LeastAllocated: spreads."""

    name, code, summary = "least-allocated", Placement.LEAST_ALLOCATED, "Kubernetes' LeastAllocated: spread"


class MostAllocated(PlacementPolicy):
    """Kubernetes' NodeResourcesFit, strategy MostAllocated: packs."""

    name, code, summary = "most-allocated", Placement.MOST_ALLOCATED, "Kubernetes' MostAllocated: pack"


class Balanced(PlacementPolicy):
    """Kubernetes' NodeResourcesBalancedAllocation: the used fractions of a node stay alike."""

    name, code, summary = "balanced", Placement.BALANCED, "Kubernetes' BalancedAllocation: used fractions stay alike"


class DotProduct(_Proportional):
    """The node whose free amounts have the smallest dot product with the request, both as fractions of capacity."""

    name, code, summary = "dot-product", Placement.DOT_PRODUCT, "the smallest dot product of what is free and what is asked"


class GpuPacking(PlacementPolicy):
    """Shared devices in use before free devices of busy nodes before empty nodes (Weng et al., ATC 2023, baseline)."""

    name, code, summary = "gpu-packing", Placement.GPU_PACKING, "devices in use first, then busy nodes, then empty ones"


class GpuClustering(PlacementPolicy):
    """Nodes that hold jobs of the same device count first (Weng et al., ATC 2023, baseline)."""

    name, code, summary = "gpu-clustering", Placement.GPU_CLUSTERING, "nodes that hold jobs of the same kind first"


@dataclass(frozen=True)
class Fgd(PlacementPolicy):
    """Fragmentation gradient descent (Weng et al., USENIX ATC 2023): the node whose expected fragment grows least.

    `levels`: the sigmoid of the gradient is truncated to an integer below it; 100 is what the published tables were made with, 0 takes
    the gradient itself. `cover`: the typical requests are the most frequent ones that make up this part of the jobs. `typical`: the trace
    they are counted in; None is the trace that is replayed. Raises OptionError.

    >>> Fgd(levels=0, cover=0.9).label()
    'fgd(levels=0, cover=0.9)'
    """

    name, code, summary = "fgd", Placement.FGD, "the node whose expected fragment grows least"

    levels: int = 100
    cover: float = 0.95
    typical: JobTrace | None = None

    def __post_init__(self) -> None:
        _check_levels(self.levels)
        if isinstance(self.cover, bool) or not isinstance(self.cover, (int, float)) or not 0 < self.cover <= 1:
            raise OptionError(f"cover={self.cover!r}: expected a part of the jobs, above 0 and at most 1")
        if self.typical is not None and not hasattr(self.typical, "requests"):
            raise OptionError(f"typical={str(self.typical)[:40]!r}: expected a JobTrace or None")

    def label(self) -> str:
        """The name, with the options that are not the default."""
        given = ([] if self.levels == 100 else [f"levels={self.levels}"]) + ([] if self.cover == 0.95 else [f"cover={self.cover:g}"])
        return self.name + (f"({', '.join(given)})" if given else "")


@dataclass(frozen=True)
class Topology(PlacementPolicy):
    """A gang in the fewest racks, and there on the fewest nodes, so that its replicas talk over the shortest paths."""

    name, code, summary = "topology", Placement.TOPOLOGY, "a gang in the fewest racks and on the fewest nodes"


@dataclass(frozen=True)
class CompiledPlacement(PlacementPolicy):
    """A policy around `function(node: NodeView, request: RequestView) -> float`, compiled by numba to run at the speed of the built-in
    ones.

    The function may use numbers, `math` and numpy scalars, and other numba functions; what it reads from outside is what that is when it
    is compiled, at the first use of the policy. Raises OptionError where numba cannot compile it.

    >>> CompiledPlacement(lambda node, request: -node.free_gpu_milli, title="tightest").label()
    'tightest'
    """

    function: Callable[[Any, Any], float]
    title: str = ""

    def __post_init__(self) -> None:
        if not isinstance(getattr(self.function, "py_func", self.function), FunctionType):
            raise OptionError(f"function={str(self.function)[:60]}: expected a plain Python function, or one compiled by numba")

    def label(self) -> str:
        """The title, or the name of the function."""
        return self.title or getattr(self.function, "__name__", "compiled")


def _check_levels(levels: object) -> None:
    if isinstance(levels, bool) or not isinstance(levels, int) or not 0 <= levels <= MAX_LEVELS or levels == 1:
        raise OptionError(f"levels={levels!r}: expected 0 (no truncation) or a number of levels from 2 to {MAX_LEVELS:,}")


PLACEMENTS: Mapping[str, type[PlacementPolicy]] = ShownMapping(
    {
        policy.name: policy
        for policy in (
            FirstFit,
            BestFit,
            WorstFit,
            LeastAllocated,
            MostAllocated,
            Balanced,
            DotProduct,
            GpuPacking,
            GpuClustering,
            Fgd,
            Topology,
            Random,
        )
    },
    "placement policies",
    ("name", "what it does"),
    lambda name, policy: (name, policy.summary),
)
"""Name -> the policy, whose default parameters apply where it is asked for by name."""


def placement_policy(policy: object) -> PlacementPolicy:
    """The policy of that name, or the object itself. Raises UnknownNameError, OptionError.

    >>> placement_policy("best-fit")
    BestFit(dimensions=('cpu', 'memory', 'disk', 'gpu'), norm='node', levels=0)
    """
    if isinstance(policy, type) and issubclass(policy, PlacementPolicy):
        raise OptionError(f"placement={policy.__name__}: expected an instance, {policy.__name__}()")
    if isinstance(policy, PlacementPolicy):
        if policy.code == Placement.CUSTOM and not isinstance(policy, CompiledPlacement) and not callable(getattr(policy, "score", None)):
            raise OptionError(f"{type(policy).__name__} has no method score(self, node, request)")
        return policy
    if not isinstance(policy, str) or policy not in PLACEMENTS:
        raise UnknownNameError("placement policy", policy, PLACEMENTS)
    return PLACEMENTS[policy]()
