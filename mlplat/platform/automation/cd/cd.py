"""`CD`: continuous delivery and deployment of models and pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...capabilities.table import Mark, marks
from .approving import Approving
from .correcting import Corrector
from .deploying import Deploying
from .looking import Looking
from .running import Runs
from .tracking import Tracker, Tracking

if TYPE_CHECKING:
    from ....context import Simulation
    from ...identity.provider import IdentityProvider
    from ...storage.store import Store


class CD(Approving, Deploying, Tracking, Looking):
    """Brings versions of models and pipelines into zones: with an approval (`deliver`) or without (`deploy`), a few requests at first and
    judged (see `CanaryPolicy`), and back again where they are worse. Its resources are `deployment:project/name`.

    `models`, `zones`, `scm`, `metadata`: components of the same platform. `serving`, `pipelines`: what runs them (see `ports`); None for a
    platform without. `referrers`: where it answers for the versions that deployments need, so that they are not deleted. `automatic`:
    whether what passes is deployed by itself, which is for others to ask for.

    What was on its way when the process ended has gone back when the store is opened again, with the reason INTERRUPTED; what had taken
    over has; what was waiting, for its turn or an approval, goes on.
    """

    def __init__(self, sim: Simulation, identity: IdentityProvider, store: Store | None = None, **components: Any) -> None:
        super().__init__(sim, identity, store, **components)
        self._tracker = Tracker(self)
        self._corrector = Corrector(sim, self)
        self._runs = Runs(sim, self)
        self._tracker.begin()
        for approval in self._catalogue.approvals.values():
            if approval.open:
                self._expire_later(approval.number)
        self._runs.resume()
        for name in self._catalogue.services:
            self._corrector.soon(name)

    def _capabilities(self) -> Mapping[str, Mapping[str, Mark]]:
        return {"CD": marks("R7 R8 R14" if self._automatic else "R7")}
