"""`DataStore`: versions of datasets and features, which anybody finds who may, and nobody changes."""

from __future__ import annotations

from collections.abc import Mapping

from ...capabilities.table import Mark, marks
from .naming import Naming
from .publishing import Publishing
from .reading import Reading
from .retention import Deleting


class DataStore(Publishing, Naming, Reading, Deleting):
    """Datasets by `project/name`, whose versions are numbered from 1 and never change.

    `endpoint`, `at`: the Management Endpoint of a cluster, and the data store's place in its network (an external endpoint or a node), from
    which `fetch` takes its time. `referrers`: who is asked before something is deleted.

    >>> import polars as pl
    >>> import mlplat as mp
    >>> from mlplat.platform.identity import IdentityProvider
    >>> sim = mp.Simulation()
    >>> identity = IdentityProvider(sim)
    >>> ada = identity.create_user("ada", actor=identity.admin)
    >>> project = identity.create_project("shop", owner=ada, actor=identity.admin)
    >>> data = DataStore(sim, identity)
    >>> first = data.publish("shop/clicks", pl.DataFrame({"user": [1, 2], "clicks": [3, 0]}), actor=ada)
    >>> second = data.append("shop/clicks", pl.DataFrame({"user": [3], "clicks": [5]}), actor=ada)
    >>> print(data.compare("shop/clicks@1", "shop/clicks@2", actor=ada))
    shop/clicks@1 to shop/clicks@2: rows +1 -0 ~?, columns +0 -0 ~0
    >>> data.describe("shop/clicks", actor=ada).column("clicks").maximum
    5
    """

    def _capabilities(self) -> Mapping[str, Mapping[str, Mark]]:
        return {"Data Store": marks("s9 s10 R11 s13 R15 s16 R17")}
