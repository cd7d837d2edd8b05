"""What verifiers have in common: is this a number near that one, one of these words, a run of these jobs on that cluster?

Each returns None where the answer is right, else a hint, and raises for no kind of answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MlplatError, printable

if TYPE_CHECKING:
    from ..hardware.cluster_spec import ClusterSpec
    from ..runs.result import Result
    from ..workload import JobTrace

_COLUMNS = ("submit", "duration", "estimate", "replicas", "priority")


def kind(answer: object) -> str:
    """What an answer is, as a hint names it.

    >>> kind(3), kind([])
    ('int', 'list')
    """
    return type(answer).__name__


def number(answer: Any) -> float | None:
    """The number that an answer is, None where it is none. Truth values are no numbers; numpy's numbers are, and so are infinities.

    >>> number(np.int64(3)), number(True), number("3")
    (3.0, None, None)
    """
    if isinstance(answer, np.ndarray) and answer.ndim == 0:
        answer = answer[()]
    if isinstance(answer, (bool, np.bool_)) or not isinstance(answer, (int, float, np.integer, np.floating)):
        return None
    try:
        found = float(answer)
    except OverflowError:
        return math.inf if answer > 0 else -math.inf
    return None if math.isnan(found) else found


def near(answer: Any, truth: float, hint: str = "", *, relative: float = 0.01, absolute: float = 0.0, unit: str = "") -> str | None:
    """Whether an answer is a number at most `relative` of the truth, or `absolute`, off. The hint says whether it is too low or too high.

    >>> near(99.5, 100), near("x", 100, unit="minutes")
    (None, 'expected a number in minutes, found a str')
    >>> near(50, 100, "count the idle ones too")
    'too low: count the idle ones too'
    """
    given = number(answer)
    if given is None:
        return f"expected a number{' in ' + unit if unit else ''}, found a {kind(answer)}"
    if given == truth or abs(given - truth) <= max(absolute, relative * abs(truth)):
        return None
    return f"too {'low' if given < truth else 'high'}{': ' + hint if hint else ''}"


def one_of(answer: Any, right: Iterable[str] | str, known: Iterable[str], hint: str = "") -> str | None:
    """Whether an answer is one of the right words, case and outer spaces aside; `known` are all that could be said.

    >>> one_of(" FIFO", "fifo", ["fifo", "easy"]), one_of("sjf", "fifo", ["fifo", "easy"])
    (None, 'expected one of fifo, easy')
    """
    words = [right] if isinstance(right, str) else list(right)
    listed = list(known)
    if not isinstance(answer, str):
        return f"expected one of {', '.join(listed)} as text, found a {kind(answer)}"
    said = answer.strip().lower()
    if said in (word.lower() for word in words):
        return None
    if said not in (word.lower() for word in listed):
        return f"expected one of {', '.join(listed)}"
    return f"not {printable(said)}{': ' + hint if hint else ''}"


def run_of(answer: Any, trace: JobTrace | None = None, spec: ClusterSpec | None = None) -> str | None:
    """Whether an answer is the result of a run of these jobs (submissions, durations, estimates, widths, requests, groups) on this cluster.

    >>> run_of(3)
    'expected what mp.replay(…) returned, found a int'
    """
    from ..runs.result import Result

    if not isinstance(answer, Result):
        return f"expected what mp.replay(…) returned, found a {kind(answer)}"
    if trace is not None and not same_jobs(answer.trace, trace):
        return "this run has other jobs than the exercise: do not change the trace"
    if spec is not None and answer.spec.groups != spec.groups:
        return "this run has another cluster than the exercise: do not change the cluster"
    return None


def same_jobs(left: JobTrace, right: JobTrace) -> bool:
    """Whether two traces ask for the same at the same times."""
    if len(left) != len(right):
        return False
    equal = all(np.array_equal(getattr(left, name), getattr(right, name)) for name in _COLUMNS)
    asked = all(left.requests[a] == right.requests[b] for a, b in {*zip(left.request.tolist(), right.request.tolist(), strict=True)})
    grouped = all(left.groups[a] == right.groups[b] for a, b in {*zip(left.group.tolist(), right.group.tolist(), strict=True)})
    return equal and asked and grouped


def replayed(spec: ClusterSpec, trace: JobTrace, **options: Any) -> Result | str:
    """The run of these jobs with options of which an answer is one, or a hint where they cannot be used: a policy by name, or of one's own.

    >>> import mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0], duration=[60], request=[0], requests=[mp.ResourceRequest(cpus=1)])
    >>> replayed(mp.ClusterSpec.parse("1x4cpu"), trace, queue="fivo").partition("?")[0]
    "this cannot be used: unknown queue policy 'fivo'; did you mean 'fifo'"
    """
    from ..infra.placement import PlacementPolicy
    from ..infra.queueing import QueuePolicy
    from ..runs.replay import replay

    for name, expected in (("queue", QueuePolicy), ("placement", PlacementPolicy)):
        if name in options and not isinstance(options[name], (str, expected)):
            return f"expected a {name} policy, by name or as an object, found a {kind(options[name])}"
    try:
        return replay(spec, trace, **options)
    except MlplatError as error:
        return f"this cannot be used: {error}"[:390]
