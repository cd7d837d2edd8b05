"""Checkpoint policies: how often a job saves its work, by hand or at the optimum of Young (1974) and Daly (2006)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, printable
from ..hardware.durations import LONGEST_S, spelled_duration
from ..html_tables import fields_of
from ..units import Duration, mebibytes, seconds

Floats = npt.NDArray[np.float64]
YOUNG_DALY: Literal["young-daly"] = "young-daly"
WRITE_S, RESTART_S = 60.0, 60.0
"""Seconds that a policy given as text takes for writing a checkpoint, and for a restart from one, where the text does not say."""

_FORM = re.compile(
    r"(none|young-daly|every\s+(?P<every>\S+))(\s+write\s+(?P<write>\S+)|\s+size\s+(?P<size>\S+)\s+to\s+(?P<to>\S+))?"
    r"(\s+restart\s+(?P<restart>\S+))?",
    re.ASCII | re.IGNORECASE,
)
_EXPECTED = "expected 'none', 'every 30m' or 'young-daly', with 'write 60s' or 'size 14GiB to lake', and 'restart 2m', after it if need be"


@dataclass(frozen=True, slots=True, init=False, repr=False)
class CheckpointPolicy:
    """How a job saves its work.

    `interval`: seconds of work from one checkpoint to the next, infinite for no checkpoints, or `"young-daly"`: the optimum for the failure
    rate of what the job uses. `write_s`: seconds to write one. `restart_s`: seconds that every attempt but the first begins with.
    `"30m"` and the like are understood, and `"none"`.

    On a live cluster a checkpoint may have a `size` instead of a write time, with its unit (`"14GiB"`): that of the whole gang, of which
    each replica writes an equal part from its node, over the network, to the place `to`: a storage backend of the cluster's description,
    or else an external endpoint, node or switch of its network. Such a checkpoint takes as long as its last part (docs/network/live.md).
    Raises OptionError.

    >>> CheckpointPolicy("30m", write_s=60)
    CheckpointPolicy(interval=1800.0, write_s=60.0, restart_s=0.0)
    >>> CheckpointPolicy("30m", size="14GiB", to="lake")
    CheckpointPolicy(interval=1800.0, size_mib=14336, to='lake', restart_s=0.0)
    """

    interval: float | Literal["young-daly"]
    write_s: float
    restart_s: float
    size_mib: int | None
    to: str | None

    def __init__(
        self,
        interval: Duration = "none",
        write_s: Duration = 0.0,
        restart_s: Duration = 0.0,
        *,
        size: str | None = None,
        to: str | None = None,
    ) -> None:
        object.__setattr__(self, "interval", interval if interval == YOUNG_DALY else _interval(interval))
        object.__setattr__(self, "write_s", _time("write_s", write_s))
        object.__setattr__(self, "restart_s", _time("restart_s", restart_s))
        object.__setattr__(self, "size_mib", None if size is None else _size(size))
        object.__setattr__(self, "to", None if to is None else _place(to))
        if self.interval == YOUNG_DALY and self.write_s == 0 and size is None:
            raise OptionError("young-daly: expected a write time above 0; were writing free, a job would write all the time")
        if (size is None) != (to is None):
            raise OptionError("size= and to= go together: how much is written, and where")
        if size is not None and self.write_s != 0:
            raise OptionError("write_s= and size=: expected one of them; how long so many bytes take follows from the network")
        if size is not None and self.interval == math.inf:
            raise OptionError("size= without an interval: a job without checkpoints writes nothing")

    def interval_for(self, mtbf_s: npt.ArrayLike, write_s: float | None = None) -> Floats:
        """The interval in seconds of jobs with these mean times between interruptions, float64 of the same shape.

        `write_s`: of checkpoints with a size, whose write time the policy does not know.

        >>> CheckpointPolicy("young-daly", write_s=60).interval_for([86400.0, float("inf")]).round(1).tolist()
        [3180.1, inf]
        """
        mtbf = np.asarray(mtbf_s, dtype=np.float64)
        if self.interval != YOUNG_DALY:
            return np.full(mtbf.shape, self.interval)
        return daly(self.write_s if write_s is None else write_s, mtbf)

    @property
    def depends_on_failures(self) -> bool:
        """Whether the interval follows from how often hardware fails."""
        return self.interval == YOUNG_DALY

    def __repr__(self) -> str:
        how = f"write_s={self.write_s!r}" if self.size_mib is None else f"size_mib={self.size_mib}, to={self.to!r}"
        return f"CheckpointPolicy(interval={self.interval!r}, {how}, restart_s={self.restart_s!r})"

    def __str__(self) -> str:
        """Text from which `checkpoint_policy` makes the same policy again."""
        if self.interval == math.inf:
            text, usual = "none", (0.0, 0.0)
        else:
            text = YOUNG_DALY if self.interval == YOUNG_DALY else f"every {spelled_duration(self.interval)}"
            usual = (WRITE_S, RESTART_S)
        if self.size_mib is not None:
            text += f" size {_spelled_size(self.size_mib)} to {self.to}"
        elif self.write_s != usual[0]:
            text += f" write {spelled_duration(self.write_s)}"
        return text + (f" restart {spelled_duration(self.restart_s)}" if self.restart_s != usual[1] else "")

    def _repr_html_(self) -> str:
        return fields_of(self)


def checkpoint_policy(policy: object) -> CheckpointPolicy:
    """The policy that a text describes, or a policy as it is. Raises OptionError.

    `"none"`, `"every 30m"`, `"young-daly"`; `write 2m` or `size 14GiB to lake`, and `restart 5m`, may follow. A policy that writes
    checkpoints takes `WRITE_S` and `RESTART_S` where the text does not say.

    >>> checkpoint_policy("every 30m restart 5m")
    CheckpointPolicy(interval=1800.0, write_s=60.0, restart_s=300.0)
    >>> str(checkpoint_policy("young-daly"))
    'young-daly'
    >>> str(checkpoint_policy("every 30m size 14GiB to lake"))
    'every 30m size 14GiB to lake'
    """
    if isinstance(policy, CheckpointPolicy):
        return policy
    found = _FORM.fullmatch(policy.strip()) if isinstance(policy, str) and len(policy) < 400 else None
    if found is None:
        raise OptionError(f"checkpoint={policy!r:.60}: {_EXPECTED}")
    every, write, restart = (None if found[name] is None else found[name].lower() for name in ("every", "write", "restart"))
    kind = "every" if every else found[1].lower()
    usual = (0.0, 0.0) if kind == "none" else (WRITE_S, RESTART_S)
    interval = every or ("none" if kind == "none" else YOUNG_DALY)
    size = found["size"]
    return CheckpointPolicy(interval, write or (usual[0] if size is None else 0.0), restart or usual[1], size=size, to=found["to"])


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


def _size(value: Any) -> int:
    if not isinstance(value, str) or not value.strip()[-1:].isalpha():
        raise OptionError(f"size={printable(str(value)[:40])}: expected a number with a unit, such as '14GiB'")
    try:
        size = mebibytes(value)
    except OptionError as error:
        raise OptionError(f"size: {error}") from None
    if size == 0:
        raise OptionError(f"size={printable(value[:40])}: expected a size above 0")
    return size


def _place(value: Any) -> str:
    """The name of a place, without blanks: the text of a policy holds it as one word."""
    if not isinstance(value, str) or not 0 < len(value) <= 250 or not value.isprintable() or any(letter.isspace() for letter in value):
        raise OptionError(f"to={printable(str(value)[:60])}: expected the name of a storage backend or of a place in the network")
    return value


def _spelled_size(mib: int) -> str:
    return f"{mib // 1024}GiB" if mib % 1024 == 0 else f"{mib}MiB"
