"""S-96: every call of the Monitoring System by every kind of caller."""

from __future__ import annotations

from mlplat.platform.automation.monitoring import Monitoring

from ..matrix import CALLERS, deviations
from ..matrix_world import PlatformWorld
from .matrix_rows import MONITORING, watched


class WatchedWorld(PlatformWorld):
    """With a watched service."""

    def __init__(self) -> None:
        super().__init__()
        platform = self.platform
        self.component = Monitoring(self.sim, self.identity, self.store, metadata=platform.metadata, data=platform.data)
        watched(self, self.component)


def test_s96_every_call_passes_for_those_whom_a_grant_allows_it_and_nobody_else() -> None:
    found, cells = deviations(WatchedWorld, Monitoring, MONITORING)
    assert found == []
    assert cells == len(MONITORING) * len(CALLERS)
