"""What a program uses of CPU, memory and disk, and what that makes of it under its limits: how fast it goes, when and why it ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ...errors import OptionError
from ...html_tables import fields_of
from .states import Reason
from .usage_curve import UsageCurve

if TYPE_CHECKING:
    from ...resources import ResourceRequest

FOREVER = math.inf
"""The work of a service, which never ends by itself."""


class Course(NamedTuple):
    """How a program ends when nobody interferes: `position` is its own time then, `after` the seconds it has run (both from its start),
    and `reason` is COMPLETED, OOM_KILLED or DISK_LIMIT. Infinite where it never ends."""

    position: float
    after: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class Usage:
    """What a program wants: `cpu` (milli-cores), `memory`, `disk` (MiB), each a curve, a constant amount, or None.

    With None a program uses exactly what it requested, all the time. Limits are those of the request; an amount of 0 there is no limit.
    CPU above the limit is throttled; memory above it ends the program with OOM_KILLED, disk with DISK_LIMIT, at the crossing.

    >>> from mlplat.resources import ResourceRequest
    >>> usage = Usage(cpu=4000, memory=UsageCurve.ramp(0, 1, per="1s"))
    >>> usage.course(ResourceRequest(cpus=2, memory_gib=1), work_s=500)
    Course(position=500.0, after=1000.0, reason=<Reason.COMPLETED: 'COMPLETED'>)
    >>> usage.course(ResourceRequest(cpus=4, memory_gib=1), work_s=5000)
    Course(position=1024.0, after=1024.0, reason=<Reason.OOM_KILLED: 'OOM_KILLED'>)
    """

    cpu: UsageCurve | None = None
    memory: UsageCurve | None = None
    disk: UsageCurve | None = None

    def __init__(
        self, cpu: UsageCurve | float | None = None, memory: UsageCurve | float | None = None, disk: UsageCurve | float | None = None
    ) -> None:
        for name, given in (("cpu", cpu), ("memory", memory), ("disk", disk)):
            object.__setattr__(self, name, _curve(name, given))

    def course(self, request: ResourceRequest, work_s: float, *, files_mib: float = 0.0, since: float = 0.0) -> Course:
        """How a program with `work_s` seconds of work ends under the limits of `request`.

        `files_mib`: MiB of disk it has taken beside its curve, known since `since` (its own time): earlier crossings do not count.
        Where work and a crossing end together the work is done, and memory goes before disk.
        """
        position, reason = float(work_s), Reason.COMPLETED
        if self.memory is not None and request.memory_mib:
            crossing = self.memory.first_crossing(request.memory_mib)
            if crossing < position:
                position, reason = crossing, Reason.OOM_KILLED
        crossing = self._disk_crossing(request.disk_mib, files_mib, since)
        if crossing < position:
            position, reason = crossing, Reason.DISK_LIMIT
        return Course(position, self.stretched(position, request), reason)

    def _disk_crossing(self, limit: int, files_mib: float, since: float) -> float:
        if not limit:
            return math.inf
        if self.disk is None:
            return since if files_mib > limit else math.inf
        return self.disk.first_crossing(limit - files_mib, after=since)

    def stretched(self, position: float, request: ResourceRequest) -> float:
        """Seconds a program takes to come to `position` of its own time under the CPU limit of `request`."""
        if self.cpu is None or not request.cpu_milli:
            return position
        return self.cpu.stretched(position, request.cpu_milli)

    def position(self, taken: float, request: ResourceRequest) -> float:
        """The program's own time after it has run for `taken` seconds."""
        if self.cpu is None or not request.cpu_milli:
            return taken
        return self.cpu.position(taken, request.cpu_milli)

    def at(self, position: float, request: ResourceRequest) -> tuple[float, float, float]:
        """CPU milli, memory MiB and disk MiB in use at `position` of the program's own time, CPU as throttled."""
        cpu = float(request.cpu_milli) if self.cpu is None else self.cpu.at(position)
        return (
            min(cpu, request.cpu_milli) if request.cpu_milli else cpu,
            float(request.memory_mib) if self.memory is None else self.memory.at(position),
            float(request.disk_mib) if self.disk is None else self.disk.at(position),
        )

    def _repr_html_(self) -> str:
        return fields_of(self)


def _curve(name: str, given: UsageCurve | float | None) -> UsageCurve | None:
    if given is None or isinstance(given, UsageCurve):
        return given
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise OptionError(f"usage {name}={str(given)[:40]!r}: expected an amount or a UsageCurve")
    return UsageCurve.constant(given)


AS_REQUESTED = Usage()
"""A program that uses what it requested."""
