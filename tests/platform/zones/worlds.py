"""A platform on a small cluster, with a developer, a project and somebody else."""

from __future__ import annotations

from typing import Any

import mlplat as mp
from mlplat.events import Event
from mlplat.platform.identity import Principal
from mlplat.platform.storage import Store

from ..states import state_of

SPEC = mp.ClusterSpec.parse("2x8xV100")
HARDWARE: dict[str, Any] = {"scrape_period": None}


class World:
    """Ada develops and owns project `shop`, of which bob is a contributor, dan a deployer and vera a viewer; eve is nobody's."""

    def __init__(self, spec: mp.ClusterSpec = SPEC, store: Store | None = None, **options: Any) -> None:
        self.sim = mp.Simulation(seed=7)
        self.cluster = mp.Cluster(self.sim, spec, **{**HARDWARE, **options})
        self.platform = mp.Platform(self.cluster, store=store)
        self.zones, self.identity, self.admin = self.platform.zones, self.platform.identity, self.platform.admin
        if store is None:
            self.ada, self.bob, self.dan, self.vera, self.eve = map(self._user, ("ada", "bob", "dan", "vera", "eve"))
            self.identity.create_project("shop", owner=self.ada, actor=self.admin)
            self.identity.create_project("lab", owner=self.eve, actor=self.admin)
            for who, role in ((self.bob, "contributor"), (self.dan, "deployer"), (self.vera, "viewer")):
                self.identity.add_member("shop", who, role, actor=self.ada)

    def _user(self, name: str) -> Principal:
        return self.identity.create_user(name, actor=self.admin)

    def events(self, predicate: str) -> list[Event]:
        """What has happened of a kind."""
        return self.sim.log.select(predicate=predicate)

    @property
    def state(self) -> Any:
        """All that is kept, live and in the journals, and the quotas of the cluster."""
        store = self.platform.store
        journals = tuple((name, tuple(map(dict, store.records(name)))) for name in store.journals() if name != "audit")
        return state_of(self.platform), journals, tuple(map(repr, self.cluster.endpoint.quotas()))


def work(name: str, **options: Any) -> mp.Workload:
    """A job of one GPU for an hour, unless said."""
    return mp.Workload(name, {"cpus": 1, "gpus": options.pop("gpus", 1)}, duration=options.pop("duration", "1h"), **options)
