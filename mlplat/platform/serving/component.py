"""`Serving`: the services of a platform, each a model server in a zone, whose versions are models of the registry."""

from __future__ import annotations

from collections.abc import Mapping

from ..capabilities.table import Mark, marks
from .deploying import Deploying
from .using import Using


class Serving(Deploying, Using):
    """The services of a platform, by `project/name`. `service:shop/churn` in its zone is what a right is needed on.

    `zones`: where replicas run, and who may start them there. `models`: of which versions are made. `cluster`: without one nothing is
    served. `referrers`: are told which models are served. `administrator`: in whose name services get names and hosts. `models_at`: from
    where replicas fetch models, a place in the network of the cluster. `load`: makes a `Predictor` of the artifact of a model, None for
    one that it cannot; by default of the models of `mlplat.platform.training`.

    Services stand in the journal. A platform that is opened again over its store takes them up again: their replicas are started anew in
    its zones, in the name of who added them; requests that were under way are gone, and counts begin again.

    >>> import numpy as np
    >>> import mlplat as mp
    >>> from mlplat.platform.serving import Requests
    >>> cluster = mp.Cluster(mp.Simulation(seed=7), mp.ClusterSpec.parse("2x16cpu"))
    >>> platform = mp.Platform(cluster)
    >>> sim, admin = cluster.sim, platform.admin
    >>> project = platform.identity.create_project("shop", owner=admin, actor=admin)
    >>> zone = platform.zones.create_deployment("shop", "prod", {"cpus": 8}, actor=admin)
    >>> model = platform.models.register("shop/churn", {"w": np.ones(3)}, external=["data"], actor=admin)
    >>> serving = platform.serving
    >>> options = {"request": {"cpus": 2}, "base": "50ms"}
    >>> deployed = serving.deploy("shop/api", "shop/churn@1", zone="prod", replicas=2, actor=admin, limit=2, **options)
    >>> stream = serving.attach("shop/api", Requests.poisson(10.0, until="5m", seed=1), actor=admin)
    >>> sim.run(until="6m")
    >>> version, = serving.status("shop/api", actor=admin).versions
    >>> version.ready, version.counts["sent"] == version.counts["answered"] > 2900
    (2, True)
    """

    def _capabilities(self) -> Mapping[str, Mapping[str, Mark]]:
        return {"Serving infrastructure": marks("s7 R8 s10 s13")} if self._has_cluster else {}
