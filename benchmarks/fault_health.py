"""How the nodes and devices of a run must be after each instant: what the incidents so far have made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from benchmarks.fault_presence import Presence
from mlplat.infra.incidents import Incidents
from mlplat.infra.kernels.attempt_state import ABSENT, CORDONED, CRASHED, CUT, GIVEN_UP, Incident
from mlplat.infra.kernels.state import NEXT_INCIDENT
from mlplat.infra.world import Run

Array = np.ndarray[Any, Any]
SETS = {
    int(Incident.CRASH): CRASHED,
    int(Incident.PARTITION): CUT,
    int(Incident.LOST): GIVEN_UP,
    int(Incident.CORDON): CORDONED,
    int(Incident.LEAVE): ABSENT,
}
CLEARS = {int(Incident.NODE_UP): CRASHED | CUT | GIVEN_UP, int(Incident.UNCORDON): CORDONED, int(Incident.JOIN): ABSENT}
OF_SPOT_MACHINES = (Incident.CORDON, Incident.UNCORDON, Incident.DRAIN)


class Struck(NamedTuple):
    """An incident, by row of the cluster."""

    time: float
    code: int
    node: int
    device: int
    grace: float


class Health:
    """The health of N nodes with up to G devices each, by row.

    `found`: the incidents of the hardware, None where the run alone knows them (a live cluster). `presence`: where nodes come and go.
    """

    def __init__(self, run: Run, found: Incidents | None, presence: Presence | None) -> None:
        self.run, self.presence = run, presence
        world = run.world
        self.row_of = np.array(world.cluster.row_of)
        self.number_of = np.argsort(self.row_of)
        self.health = np.zeros(len(run.nodes), dtype=np.int64)
        self.health[run.absent] = ABSENT
        self.cordoned_at = np.full(len(run.nodes), np.inf)
        self.down = np.zeros((len(run.nodes), world.nodes.device.shape[1]), dtype=np.bool_)
        self.found: list[Struck] | None = None
        if found is not None:
            columns = (found.time, found.code, found.node, found.device, found.grace)
            self.found = [Struck(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
        self._met = self._happened = 0

    def follow(self, now: float) -> Iterator[str]:
        """Go on to an instant. Tells what should have happened and has not, or happened and should not have."""
        if self.found is None:
            self._look(now)
            return
        met = self._met
        while met < len(self.found) and self.found[met].time <= now:
            met += 1
        expected, self._met = self.found[self._met : met], met
        if self.presence is None:
            for struck in expected:
                self._apply(struck)
            return
        self.presence.go_on(now)
        happened = self._next_in_list()
        theirs = Counter(happened)
        theirs.subtract(expected)
        if missing := [struck for struck, count in theirs.items() if count < 0]:
            yield f"{missing[0]} was to happen and has not"
        for struck in happened:
            self._apply(struck)
            if theirs[struck] > 0:
                theirs[struck] -= 1
                yield from self._of_the_autoscaler(struck)

    def _look(self, now: float) -> None:
        hardware = self.run.world.hardware
        self.health[:] = hardware.health[self.number_of]
        self.down[:] = hardware.down[self.number_of]
        cordoned = self.health & CORDONED != 0
        self.cordoned_at[cordoned & np.isinf(self.cordoned_at)] = now
        self.cordoned_at[~cordoned] = np.inf

    def _next_in_list(self) -> list[Struck]:
        """What the run says has happened since the last look."""
        hardware, end = self.run.world.hardware, int(self.run.world.count[NEXT_INCIDENT])
        part = slice(self._happened, end)
        self._happened = end
        nodes = self.row_of[hardware.node[part]]
        columns = (hardware.time[part], hardware.code[part], nodes, hardware.device[part], hardware.grace[part])
        return [Struck(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]

    def _apply(self, struck: Struck) -> None:
        code, node = struck.code, struck.node
        self.health[node] = (self.health[node] | SETS.get(code, 0)) & ~CLEARS.get(code, 0)
        if code in (Incident.DEVICE_DOWN, Incident.DEVICE_UP):
            self.down[node, struck.device] = code == Incident.DEVICE_DOWN
        elif code == Incident.CORDON:
            self.cordoned_at[node] = min(self.cordoned_at[node], struck.time)
        elif code == Incident.UNCORDON:
            self.cordoned_at[node] = np.inf

    def _of_the_autoscaler(self, struck: Struck) -> Iterator[str]:
        presence = self.presence
        assert presence is not None
        if struck.code == Incident.JOIN:
            yield from presence.join(struck.node, struck.time)
        elif struck.code == Incident.LEAVE:
            yield from presence.leave(struck.node, struck.time)
        elif struck.code not in OF_SPOT_MACHINES or not presence.is_spot(struck.node):
            yield f"{struck} came from nowhere"
        elif struck.code == Incident.DRAIN:
            yield from presence.warn(struck.node, struck.time, struck.time + struck.grace)
