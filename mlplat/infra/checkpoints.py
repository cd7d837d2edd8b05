"""Checkpoint policies: how often a job saves its work, by hand or at the optimum of Young (1974) and Daly (2006)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..hardware.durations import LONGEST_S, spelled_duration
from ..units import Duration, seconds

Floats = npt.NDArray[np.float64]
YOUNG_DALY: Literal["young-daly"] = "young-daly"
WRITE_S, RESTART_S = 60.0, 60.0
"""Seconds that a policy given as text takes for writing a checkpoint, and for a restart from one, where the text does not say."""

_FORM = re.compile(r"(none|young-daly|every\s+(?P<every>\S+))(\s+write\s+(?P<write>\S+))?(\s+restart\s+(?P<restart>\S+))?", re.ASCII)
_EXPECTED = "expected 'none', 'every 30m' or 'young-daly', with 'write 60s' and 'restart 2m' after it if need be"


@dataclass(frozen=True, slots=True, init=False)
class CheckpointPolicy:
    """How a job saves its work.

    `interval`: seconds of work from one checkpoint to the next, infinite for no checkpoints, or `"young-daly"`: the optimum for the failure
    rate of what the job uses. `write_s`: seconds to write one. `restart_s`: seconds that every attempt but the first begins with.
    `"30m"` and the like are understood, and `"none"`. Raises OptionError.

    >>> CheckpointPolicy("30m", write_s=60)
    CheckpointPolicy(interval=1800.0, write_s=60.0, restart_s=0.0)
    """

    interval: float | Literal["young-daly"]
    write_s: float
    restart_s: float

    def __init__(self, interval: Duration = "none", write_s: Duration = 0.0, restart_s: Duration = 0.0) -> None:
        object.__setattr__(self, "interval", interval if interval == YOUNG_DALY else _interval(interval))
        object.__setattr__(self, "write_s", _time("write_s", write_s))
        object.__setattr__(self, "restart_s", _time("restart_s", restart_s))
        if self.interval == YOUNG_DALY and self.write_s == 0:
            raise OptionError("young-daly: expected a write time above 0; were writing free, a job would write all the time")

    def interval_for(self, mtbf_s: npt.ArrayLike) -> Floats:
        """The interval in seconds of jobs with these mean times between interruptions, float64 of the same shape.

        >>> CheckpointPolicy("young-daly", write_s=60).interval_for([86400.0, float("inf")]).round(1).tolist()
        [3180.1, inf]
        """
        mtbf = np.asarray(mtbf_s, dtype=np.float64)
        return daly(self.write_s, mtbf) if self.interval == YOUNG_DALY else np.full(mtbf.shape, self.interval)

    @property
    def depends_on_failures(self) -> bool:
        """Whether the interval follows from how often hardware fails."""
        return self.interval == YOUNG_DALY

    def __str__(self) -> str:
        """Text from which `checkpoint_policy` makes the same policy again."""
        if self.interval == math.inf:
            text, usual = "none", (0.0, 0.0)
        else:
            text = YOUNG_DALY if self.interval == YOUNG_DALY else f"every {spelled_duration(self.interval)}"
            usual = (WRITE_S, RESTART_S)
        text += f" write {spelled_duration(self.write_s)}" if self.write_s != usual[0] else ""
        return text + (f" restart {spelled_duration(self.restart_s)}" if self.restart_s != usual[1] else "")


def checkpoint_policy(policy: object) -> CheckpointPolicy:
    """The policy that a text describes, or a policy as it is. Raises OptionError.

    `"none"`, `"every 30m"`, `"young-daly"`; `write 2m` and `restart 5m` may follow. A policy that writes checkpoints takes `WRITE_S` and
    `RESTART_S` where the text does not say.

    >>> checkpoint_policy("every 30m restart 5m")
    CheckpointPolicy(interval=1800.0, write_s=60.0, restart_s=300.0)
    >>> str(checkpoint_policy("young-daly"))
    'young-daly'
    """
    if isinstance(policy, CheckpointPolicy):
        return policy
    found = _FORM.fullmatch(policy.strip().lower()) if isinstance(policy, str) and len(policy) < 200 else None
    if found is None:
        raise OptionError(f"checkpoint={policy!r:.60}: {_EXPECTED}")
    kind = "every" if found["every"] else found[1]
    usual = (0.0, 0.0) if kind == "none" else (WRITE_S, RESTART_S)
    interval = {"none": "none", "every": found["every"]}.get(kind, YOUNG_DALY)
    return CheckpointPolicy(interval, found["write"] or usual[0], found["restart"] or usual[1])


def young(write_s: npt.ArrayLike, mtbf_s: npt.ArrayLike) -> Floats:
    """Young's optimum of the work between checkpoints, sqrt(2 d M), for write time d and mean time between interruptions M, in seconds.

    J. W. Young, "A first order approximation to the optimum checkpoint interval", 1974.

    >>> float(young(2.0, 100.0))
    20.0
    """
    return np.asarray(np.sqrt(2.0 * np.asarray(write_s, dtype=np.float64) * np.asarray(mtbf_s, dtype=np.float64)))


def daly(write_s: npt.ArrayLike, mtbf_s: npt.ArrayLike) -> Floats:
    """Daly's optimum of the work between checkpoints: with x = d / (2M), sqrt(2 d M) (1 + sqrt(x) / 3 + x / 9) - d for x < 1, else M.

    Seconds; infinite where nothing interrupts. J. T. Daly, "A higher order estimate of the optimum checkpoint interval", 2006.

    >>> float(daly(2.0, 100.0).round(3)), float(daly(300.0, 100.0))
    (18.689, 100.0)
    """
    write, mtbf = np.broadcast_arrays(np.asarray(write_s, dtype=np.float64), np.asarray(mtbf_s, dtype=np.float64))
    part = write / (2.0 * mtbf)
    with np.errstate(invalid="ignore"):  # 0 * inf, where the write time is 0
        optimum = young(write, mtbf) * (1.0 + np.sqrt(part) / 3.0 + part / 9.0) - write
    return np.where(np.isinf(mtbf), np.inf, np.where(write < 2.0 * mtbf, optimum, mtbf))


def efficiency(interval_s: npt.ArrayLike, write_s: npt.ArrayLike, restart_s: npt.ArrayLike, mtbf_s: npt.ArrayLike) -> Floats:
    """The part of the time that is useful work, for a long job with exponential times M between interruptions.

    With interval t, write time d and restart time R, Daly's complete model (2006, equation for the wall clock time) is
    t / (M exp(R / M) (exp((t + d) / M) - 1)); without interruptions t / (t + d). Seconds throughout.

    >>> float(efficiency(1800.0, 60.0, 0.0, float("inf")).round(4))
    0.9677
    """
    interval, write, restart, mtbf = (np.asarray(value, dtype=np.float64) for value in (interval_s, write_s, restart_s, mtbf_s))
    with np.errstate(over="ignore", invalid="ignore"):
        span = np.where(np.isinf(mtbf), interval + write, mtbf * np.exp(restart / mtbf) * np.expm1((interval + write) / mtbf))
    return np.asarray(interval / span)


def _interval(value: Any) -> float:
    if value == "none" or (isinstance(value, float) and value == math.inf):
        return math.inf
    time = _time("interval", value)
    if time < 0.001:
        raise OptionError(f"interval={value!r:.40}: expected at least a millisecond of work between checkpoints")
    return time


def _time(name: str, value: Any) -> float:
    try:
        time = seconds(value)
    except OptionError as error:
        raise OptionError(f"{name}: {error}") from None
    if time > LONGEST_S:
        raise OptionError(f"{name}={value!r:.40}: expected at most {LONGEST_S:g} s")
    return time
