"""The queue policies: who is next, and what happens when the next one does not fit.

The cycles are in `kernels.cycle`, `easy`, `conservative`, `ordered`, `drf` and `custom_order`. A policy of your own is a subclass of
`QueuePolicy` with a `key` method in Python, or a `CompiledQueue` around a function that numba can compile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import FunctionType, MappingProxyType
from typing import Any, NamedTuple

from ..errors import OptionError, UnknownNameError
from ..html_tables import ShownMapping, facts
from ..units import seconds
from .kernels.state import Queue

PATIENCE_S = 7 * 86400.0
"""Seconds after which a job that others have overtaken is served before all."""

SERVICE_THRESHOLD = 3600.0
"""Device-seconds after which `las` puts a job behind those that had less."""

DEPTH = 1000
"""Waiting jobs that get a reservation under `conservative`."""

FAIR_PREEMPTION = ("final-share", "initial-share")
"""How `drf` under quotas stops those who have borrowed more: docs/quotas.md, Fair sharing."""


class JobView(NamedTuple):
    """A job as a queue policy of your own sees it: what was known when it was submitted.

    `submit_s`: when, in seconds from the start of the run. `estimate_s`: seconds that its owner says it takes. `group`: the place of its
    group in the `groups` of the policy, -1 where it is not among them. The amounts are of one of its `replicas`: milli-cores, MiB, whole
    devices (`gpus`) or milli of one device (`gpu_milli`). `all_gpu_milli`: milli of devices of all replicas together, with a MIG instance
    for what it counts.
    """

    submit_s: float
    estimate_s: float
    priority: int
    group: int
    replicas: int
    cpu_milli: int
    memory_mib: int
    disk_mib: int
    gpus: int
    gpu_milli: int
    all_gpu_milli: int


class QueuePolicy:
    """Base of all queue policies. Subclass it and write `key(self, job: JobView) -> float`.

    The waiting job with the lowest key is next, of equal keys the one that was submitted first. The key must depend on the job alone: it is
    computed once, when the job is submitted, and a job that waits again after an interruption keeps it. `blocks`: a job that does not fit
    blocks those behind it, as under `sjf`; if False, every waiting job that fits is started, in that order, as under `best-effort-fifo` but
    without patience. `groups`: names of groups that `key` can tell apart. What `key` raises comes out of the run, or of the submission.

    >>> class SmallestFirst(QueuePolicy):
    ...     name = "smallest-first"
    ...     def key(self, job):
    ...         return job.all_gpu_milli
    >>> queue_policy(SmallestFirst()).label()
    'smallest-first'
    """

    name: str = ""
    summary: str = ""
    blocks: bool = True
    groups: tuple[str, ...] = ()
    # What the kernels are told of every policy; see `BuiltInQueue`.
    options: tuple[str, ...] = ()
    patience: float = PATIENCE_S
    preempt: bool = False
    grace: float = 0.0
    threshold: float = SERVICE_THRESHOLD
    weights: Mapping[str, float] = MappingProxyType({})
    depth: int = DEPTH
    fair_preemption: tuple[str, ...] = ()

    @property
    def code(self) -> Queue:
        """Its code in the kernels."""
        return Queue.CUSTOM if self.blocks else Queue.CUSTOM_BEST_EFFORT

    def label(self) -> str:
        """The name under which results speak of the policy."""
        return (self.name or type(self).__name__) + ("" if self.blocks else "(blocks=False)")

    def with_options(self, **options: Any) -> QueuePolicy:
        """The policy itself. Raises OptionError for any option: a policy of your own is made with its options."""
        if options:
            raise OptionError(f"queue policy {self.label()!r} is of your own and takes no options; found {', '.join(options)}")
        return self


@dataclass(frozen=True)
class CompiledQueue(QueuePolicy):
    """A queue policy around `function(job: JobView) -> float`, compiled by numba: for traces of millions of jobs.

    The function may use numbers, `math` and numpy scalars, and other numba functions; what it reads from outside is what that is when it
    is compiled, at the first use of the policy. `blocks`, `groups`: see `QueuePolicy`. Raises OptionError, where numba cannot compile it
    too: then write a subclass of `QueuePolicy`, which is called in Python for every job.

    >>> CompiledQueue(lambda job: job.submit_s + 10 * job.estimate_s, title="ageing").label()
    'ageing'
    """

    function: Callable[[Any], float]
    title: str = ""
    blocks: bool = True
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(getattr(self.function, "py_func", self.function), FunctionType):
            raise OptionError(f"function={str(self.function)[:60]}: expected a plain Python function, or one compiled by numba")
        object.__setattr__(self, "groups", _names(self.groups))
        if not isinstance(self.blocks, bool):
            raise OptionError(f"blocks={self.blocks!r:.40}: expected True or False")

    def label(self) -> str:
        """The name under which results speak of the policy."""
        return (self.title or getattr(self.function, "__name__", "compiled")) + ("" if self.blocks else "(blocks=False)")


def _names(groups: object) -> tuple[str, ...]:
    if isinstance(groups, str) or not isinstance(groups, Sequence) or not all(isinstance(name, str) for name in groups):
        raise OptionError(f"groups={groups!r:.60}: expected the names of groups, such as ('research', 'production')")
    if len(set(groups)) < len(groups):
        raise OptionError(f"groups={groups!r:.60}: a group is there twice")
    return tuple(groups)


@dataclass(frozen=True, slots=True)
class BuiltInQueue(QueuePolicy):
    """A queue policy that mlplat has: its `name`, its `code` in the kernels, `summary`, a sentence of what it does, and its options.

    `options`: the names of those that the policy reads. `patience`: seconds a job waits before it is served ahead of all. `preempt`:
    whether a blocked head stops what matters less. `grace`: seconds that a preempted job may use to write a checkpoint. `threshold`:
    device-seconds of the first queue. `weights`: of groups, 1 where not given. `depth`: waiting jobs with a reservation.
    `fair_preemption`: any of `FAIR_PREEMPTION`, by which quotas that have borrowed less stop jobs of those that have borrowed more.
    """

    name: str = field()  # each is required: a bare annotation would take the attribute of the base as its default
    code: Queue = field()
    summary: str = field()
    options: tuple[str, ...] = ()
    patience: float = PATIENCE_S
    preempt: bool = True
    grace: float = 0.0
    threshold: float = SERVICE_THRESHOLD
    weights: Mapping[str, float] = field(default_factory=dict)
    depth: int = DEPTH
    fair_preemption: tuple[str, ...] = FAIR_PREEMPTION

    def with_options(self, **options: Any) -> BuiltInQueue:
        """The policy with other options. Raises UnknownNameError for one that it does not have, OptionError for a bad value.

        >>> queue_policy("las").with_options(threshold="2h").threshold
        7200.0
        """
        for name in options:
            if name not in self.options:
                raise UnknownNameError(f"option of queue policy {self.name!r}:", name, self.options)
        return replace(self, **{name: _READERS[name](name, value) for name, value in options.items()})

    def label(self) -> str:
        """The name, with the options that are not the usual ones.

        >>> queue_policy("las", threshold=60).label()
        'las(threshold=60)'
        """
        usual = QUEUES[self.name]
        changed = [(name, getattr(self, name)) for name in self.options if getattr(self, name) != getattr(usual, name)]
        parts = ", ".join(f"{name}={_as_text(value)}" for name, value in changed)
        return f"{self.name}({parts})" if parts else self.name

    def _repr_html_(self) -> str:
        options = [(name, getattr(self, name)) for name in self.options]
        return facts([("what it does", self.summary), *options], title=self.label())


def _as_text(value: Any) -> str:
    """The value of an option, as a label shows it."""
    if isinstance(value, Mapping):
        return str(dict(value))
    if isinstance(value, tuple):
        return "+".join(value) or "none"
    return str(value) if isinstance(value, bool) else format(value, "g")


def _yes_or_no(name: str, value: Any) -> bool:
    known = {"true": True, "false": False, "yes": True, "no": False}
    if isinstance(value, str) and value.lower() in known:
        return known[value.lower()]
    if not isinstance(value, bool):
        raise OptionError(f"{name}={value!r:.40}: expected True or False (on the command line true or false)")
    return value


def _time(name: str, value: Any) -> float:
    if isinstance(value, float) and value == math.inf:
        return value
    try:
        return seconds(value)
    except OptionError as error:
        raise OptionError(f"{name}: {error}") from None


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < 1:
        raise OptionError(f"{name}={value!r:.40}: expected a whole number of at least 1")
    return int(value.__index__())


def _weights(name: str, value: Any) -> Mapping[str, float]:
    if not isinstance(value, Mapping) or not all(isinstance(group, str) for group in value):
        raise OptionError(f"{name}={value!r:.60}: expected a mapping from the names of groups to their weights")
    for group, weight in value.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
            raise OptionError(f"{name}[{group!r:.60}]={weight!r:.40}: expected a number above 0")
    return MappingProxyType({group: float(weight) for group, weight in value.items()})


def _strategies(name: str, value: Any) -> tuple[str, ...]:
    found = tuple(part for part in value.split("+") if part not in ("", "none")) if isinstance(value, str) else value
    if not isinstance(found, Sequence) or not all(isinstance(each, str) for each in found):
        raise OptionError(f"{name}={value!r:.60}: expected any of {', '.join(FAIR_PREEMPTION)}")
    for each in found:
        if each not in FAIR_PREEMPTION:
            raise UnknownNameError(name, each, FAIR_PREEMPTION)
    return tuple(each for each in FAIR_PREEMPTION if each in found)


_READERS: dict[str, Any] = {
    "patience": _time,
    "preempt": _yes_or_no,
    "grace": _time,
    "threshold": _time,
    "weights": _weights,
    "depth": _whole,
    "fair_preemption": _strategies,
}

QUEUES: Mapping[str, BuiltInQueue] = ShownMapping(
    {
        policy.name: policy
        for policy in (
            BuiltInQueue("fifo", Queue.FIFO, "strict order of submission; a head that does not fit blocks all"),
            BuiltInQueue(
                "best-effort-fifo", Queue.BEST_EFFORT_FIFO, "in order of submission, each waiting job that fits is started", ("patience",)
            ),
            BuiltInQueue("sjf", Queue.SJF, "shortest estimate first; a head that does not fit blocks all"),
            BuiltInQueue("easy", Queue.EASY, "as fifo, and later jobs may start early where the head's reservation is not disturbed"),
            BuiltInQueue("loss", Queue.LOSS, "one attempt for each job, in order of submission; what does not fit is lost"),
            BuiltInQueue(
                "priority", Queue.PRIORITY, "highest priority first; a blocked head preempts lower priorities", ("preempt", "grace")
            ),
            BuiltInQueue("srtf", Queue.SRTF, "shortest remaining time first; a blocked head preempts longer jobs", ("grace",)),
            BuiltInQueue("las", Queue.LAS, "least attained service, in two queues; the first preempts the second", ("threshold", "grace")),
            BuiltInQueue("drf", Queue.DRF, "the group with the least dominant share goes next", ("weights", "patience", "fair_preemption")),
            BuiltInQueue("conservative", Queue.CONSERVATIVE, "every waiting job has a reservation that no later one disturbs", ("depth",)),
        )
    },
    "queue policies",
    ("name", "what it does", "options"),
    lambda name, policy: (name, policy.summary, policy.options),
)
"""The queue policies that come with mlplat, by name."""


def queue_policy(policy: object, **options: Any) -> QueuePolicy:
    """The queue policy of that name, or a policy as it is, with options. Raises UnknownNameError, OptionError.

    >>> queue_policy("easy").code.name
    'EASY'
    """
    if isinstance(policy, type) and issubclass(policy, QueuePolicy):
        raise OptionError(f"queue={policy.__name__}: expected an instance, {policy.__name__}()")
    if isinstance(policy, QueuePolicy):
        if not isinstance(policy, (BuiltInQueue, CompiledQueue)):
            if not callable(getattr(policy, "key", None)):
                raise OptionError(f"{type(policy).__name__} has no method key(self, job)")
            _names(policy.groups)
        return policy.with_options(**options)
    if not isinstance(policy, str) or policy not in QUEUES:
        raise UnknownNameError("queue policy", policy, QUEUES)
    return QUEUES[policy].with_options(**options)
