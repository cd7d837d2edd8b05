"""From outages to incidents: what the scheduler and the jobs meet of failing hardware, and when somebody notices (docs/failures.md).

All arithmetic is in whole milliseconds, so that an instant at which a heartbeat is due is met exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..hardware.intervals import Integers, Intervals, covering, union
from ..hardware.outages import MS, OutageKind, Outages, announced_ms
from ..html_tables import fields_of
from ..units import Duration, seconds
from .kernels.attempt_state import Incident

if TYPE_CHECKING:
    from ..hardware.node_table import NodeTable

NEVER = 2**62
"""The end, in milliseconds, of what does not end."""

LONGEST_SETTING_S = 1e9


def _setting(name: str, value: Any) -> float:
    """Seconds of an option, to the millisecond."""
    try:
        time = seconds(value)
    except OptionError as error:
        raise OptionError(f"{name}: {error}") from None
    if time > LONGEST_SETTING_S:
        raise OptionError(f"{name}={value!r:.40}: expected at most {LONGEST_SETTING_S:g} s")
    return round(time * MS) / MS


@dataclass(frozen=True, slots=True, init=False)
class Damping:
    """Nodes that come and go are kept out for a while.

    A node that has been lost `times` times within `window` takes no new work for `hold` after it is back; while it goes on being lost,
    each hold is twice the one before, up to `longest`. Once `window` has passed since the end of a hold, the next one is `hold` again.
    Times in seconds; `"30m"` and the like are understood. Raises OptionError.

    >>> Damping(times=2, hold="10m").hold
    600.0
    """

    times: int
    window: float
    hold: float
    longest: float

    def __init__(self, *, times: int = 3, window: Duration = 3600.0, hold: Duration = 1800.0, longest: Duration = 28800.0) -> None:
        if isinstance(times, bool) or not isinstance(times, int) or times < 1:
            raise OptionError(f"times={times!r:.40}: expected a whole number of at least 1")
        object.__setattr__(self, "times", times)
        for name, value in (("window", window), ("hold", hold), ("longest", longest)):
            object.__setattr__(self, name, _setting(name, value))
        if self.longest < self.hold:
            raise OptionError(f"longest={self.longest:g}: expected at least the first hold, {self.hold:g} s")


@dataclass(frozen=True, slots=True, init=False)
class Detection:
    """How the watcher notices that a node is gone: heartbeats.

    A node that can be reached reports at every multiple of `period`, and when it comes back. The watcher looks at every multiple of
    `period` and gives a node up that has not reported for `grace`. With `period=0` nodes report all the time; `Detection(period=0,
    grace=0)` notices at once. `damping`: of nodes that come and go, None for none. Times in seconds; `"40s"` and the like are understood.
    Raises OptionError.

    >>> Detection(period="5s").grace
    40.0
    """

    period: float
    grace: float
    damping: Damping | None

    def __init__(self, period: Duration = 10.0, grace: Duration = 40.0, damping: Damping | None = Damping()) -> None:
        object.__setattr__(self, "period", _setting("period", period))
        object.__setattr__(self, "grace", _setting("grace", grace))
        object.__setattr__(self, "damping", damping)
        if self.grace < self.period:
            raise OptionError(f"grace={self.grace:g}: expected at least the period, {self.period:g} s, within which a node reports")
        if damping is not None and not isinstance(damping, Damping):
            raise OptionError(f"damping={damping!r:.40}: expected a Damping, or None")

    def _repr_html_(self) -> str:
        return fields_of(self)


class Incidents(NamedTuple):
    """M incidents, sorted by (time, code, node, device), none twice.

    `time`: float64[M], seconds. `code`: int8[M], an `Incident`. `node`: int32[M], row of `spec.nodes()`. `device`: int32[M], -1 where a
    whole node is meant. `grace`: float64[M], seconds that a drain gives.
    """

    time: npt.NDArray[np.float64]
    code: npt.NDArray[np.int8]
    node: npt.NDArray[np.int32]
    device: npt.NDArray[np.int32]
    grace: npt.NDArray[np.float64]

    def by(self, time: float) -> Incidents:
        """Those that happen by then. Outages drawn up to there are enough for them: a longer schedule has the same."""
        count = int(np.searchsorted(self.time, time, side="right"))
        return Incidents(self.time[:count], self.code[:count], self.node[:count], self.device[:count], self.grace[:count])


class _Collected:
    """Incidents in the making, in milliseconds."""

    def __init__(self) -> None:
        self.parts: list[npt.NDArray[np.int64]] = []

    def add(self, code: Incident, node: Integers, time: Integers, *, device: Any = -1, grace: Any = 0) -> None:
        """Enter incidents of one code; those that never happen are left out."""
        happens = time < NEVER
        columns = (time, int(code), node, device, grace)
        self.parts.append(np.stack([np.broadcast_to(np.asarray(c, dtype=np.int64), time.shape)[happens] for c in columns]))

    def finished(self) -> Incidents:
        time, code, node, device, grace = np.concatenate([np.zeros((5, 0), dtype=np.int64), *self.parts], axis=1)
        order = np.lexsort((-grace, device, node, code, time))
        time, code, node, device, grace = (column[order] for column in (time, code, node, device, grace))
        again = np.zeros(len(time), dtype=np.bool_)  # two maintenances that drain a node at once: the longer grace counts
        again[1:] = (np.diff(time) == 0) & (np.diff(code) == 0) & (np.diff(node) == 0) & (np.diff(device) == 0)
        time, code, node, device, grace = (column[~again] for column in (time, code, node, device, grace))
        return Incidents(time / MS, code.astype(np.int8), node.astype(np.int32), device.astype(np.int32), grace / MS)


def incidents(outages: Outages, nodes: NodeTable, detection: Detection | None = None) -> Incidents:
    """The incidents that the outages lead to: crashes, partitions, losses, recoveries, devices, cordons and drains.

    O(m log m) for m outages. Raises InputError for an outage of a node or device that `nodes` does not have.

    >>> from mlplat.hardware import ClusterSpec, Outages
    >>> outages = Outages.build(start=[12], end=[100], node=[3])
    >>> happened = incidents(outages, ClusterSpec.uniform(nodes=4).nodes())
    >>> [(Incident(code).name, time) for time, code in zip(happened.time.tolist(), happened.code.tolist())]
    [('CRASH', 12.0), ('LOST', 50.0), ('NODE_UP', 100.0)]
    """
    detection = Detection() if detection is None else detection
    outages.check(nodes)
    collected = _Collected()
    start, end = _ms(outages.start), _ms(outages.end)
    node, device = outages.node.astype(np.int64), outages.device.astype(np.int64)
    of_device = outages.kind == OutageKind.DEVICE
    planned = outages.kind == OutageKind.MAINTENANCE
    away, part = union(node[~of_device], start[~of_device], end[~of_device])
    cut = outages.kind[~of_device] == OutageKind.PARTITION
    crash = _earliest(len(away.key), part[~cut], start[~of_device][~cut])
    known = _earliest(len(away.key), part[planned[~of_device]], start[planned])
    noticed = np.minimum(_missed(away, detection), known)
    collected.add(Incident.PARTITION, away.key, np.where(away.start < crash, away.start, NEVER))
    collected.add(Incident.CRASH, away.key, crash)
    collected.add(Incident.LOST, away.key, np.where(noticed < away.end, noticed, NEVER))
    collected.add(Incident.NODE_UP, away.key, away.end)
    _devices(collected, away, node[of_device], device[of_device], start[of_device], end[of_device])
    notice, grace = _ms(outages.notice[planned]), _ms(outages.grace[planned])
    held = _holds(away, noticed, (noticed < away.end) & (noticed < known), detection.damping)
    _cordons(collected, Intervals(node[planned], start[planned], end[planned]), notice, grace, held)
    return collected.finished()


def _ms(time: npt.NDArray[np.float64]) -> Integers:
    return np.where(np.isinf(time), NEVER, np.rint(np.where(np.isinf(time), 0.0, time) * MS).astype(np.int64))


def _earliest(rows: int, part: Integers, start: Integers) -> Integers:
    """The earliest of the starts that belong to each row, `NEVER` where none does."""
    first = np.full(rows, NEVER, dtype=np.int64)
    np.minimum.at(first, part, start)
    return first


def _missed(away: Intervals, detection: Detection) -> Integers:
    """When the watcher has missed each node for too long, were it away that long."""
    period, grace = round(detection.period * MS), round(detection.grace * MS)
    if period == 0:
        return away.start + grace
    back = np.zeros(len(away.key), dtype=np.int64)
    same = away.key[1:] == away.key[:-1]
    back[1:][same] = away.end[:-1][same]
    report = np.maximum(away.start // period * period, back)
    return -(-(report + grace) // period) * period


def _devices(collected: _Collected, away: Intervals, node: Integers, device: Integers, start: Integers, end: Integers) -> None:
    """What befalls a device of a node that cannot be asked is seen when the node is back."""

    def seen(key: Integers, time: Integers) -> Integers:
        row = covering(away, key, time)
        return np.where(row >= 0, away.end[row] if len(away.key) else time, time)

    width = int(device.max(initial=0)) + 1
    broken, _ = union(node * width + device, start, end)
    first, last = seen(broken.key // width, broken.start), seen(broken.key // width, broken.end)
    shown = first < last
    broken, _ = union(broken.key[shown], first[shown], last[shown])
    collected.add(Incident.DEVICE_DOWN, broken.key // width, broken.start, device=broken.key % width)
    collected.add(Incident.DEVICE_UP, broken.key // width, broken.end, device=broken.key % width)


def _holds(away: Intervals, lost: Integers, missed: npt.NDArray[np.bool_], damping: Damping | None) -> Intervals:
    """How long nodes that come and go are held back after each return. `missed`: the losses that were not planned."""
    nothing = np.zeros(0, dtype=np.int64)
    if damping is None:
        return Intervals(nothing, nothing, nothing)
    row = np.flatnonzero(missed)
    before = damping.times - 1
    flaps = np.zeros(len(row), dtype=np.bool_)
    late, early = row[before:], row[: max(0, len(row) - before)]
    window, longest = round(damping.window * MS), round(damping.longest * MS)
    flaps[before:] = (away.key[late] == away.key[early]) & (lost[late] - lost[early] < max(window, 1))
    rows = row[flaps & (away.end[row] < NEVER)]
    holds: list[int] = []
    node, free_at, hold = -1, 0, 0
    for key, gone, back in zip(away.key[rows].tolist(), lost[rows].tolist(), away.end[rows].tolist(), strict=True):
        again = key == node and gone <= free_at + window
        hold = min(2 * hold, longest) if again else round(damping.hold * MS)
        node, free_at = key, back + hold
        holds.append(hold)
    length = np.array(holds, dtype=np.int64)
    real = length > 0
    return Intervals(away.key[rows][real], away.end[rows][real], (away.end[rows] + length)[real])


def _cordons(collected: _Collected, planned: Intervals, notice: Integers, grace: Integers, held: Intervals) -> None:
    """Cordons before and during maintenances and holds; the drain before each maintenance, so early that its grace ends at the start."""
    drain = np.maximum(planned.start - np.maximum(grace, 1), 0)
    cordon = np.maximum(planned.start - announced_ms(notice, grace), 0)
    closed, _ = union(
        np.concatenate((planned.key, held.key)), np.concatenate((cordon, held.start)), np.concatenate((planned.end, held.end))
    )
    collected.add(Incident.CORDON, closed.key, closed.start)
    collected.add(Incident.UNCORDON, closed.key, closed.end)
    off, _ = union(planned.key, planned.start, planned.end)
    useful = (drain < planned.start) & (covering(off, planned.key, drain) < 0)
    collected.add(Incident.DRAIN, planned.key, np.where(useful, drain, NEVER), grace=grace)
