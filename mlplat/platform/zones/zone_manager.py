"""`ZoneManager`: the development and deployment zones of a platform."""

from __future__ import annotations

from collections.abc import Mapping

from ..capabilities.table import Mark, marks
from .cohorts import Cohorts
from .looking import Looking
from .removing import Removing
from .working import Working


class ZoneManager(Cohorts, Working, Looking, Removing):
    """The zones of a platform. A zone is a quota of the cluster, a network of its own, and somebody whose it is.

    A *development zone* is one developer's: a limit, no guarantee. A *deployment zone* is a project's: a guarantee and a limit; what it
    does not use is lent, and taken back. Administrators make, change and delete them. `zone:shop/shop-prod` is covered by the project, as
    all that is in it; `zone:ada-dev` by nothing but the platform, and its owner holds the rights on it; what runs there is
    `zone:ada-dev@name`. A call about a zone is made in it: grants and tokens that are for that zone only count.

    `cluster`: that has the quotas and networks, `administrator`: in whose name they are set; None for a platform without one, on which
    nothing runs. `store`: that of the Identity Provider.

    >>> import mlplat as mp
    >>> from mlplat.platform.identity import IdentityProvider
    >>> sim = mp.Simulation()
    >>> identity = IdentityProvider(sim)
    >>> ada = identity.create_user("ada", actor=identity.admin)
    >>> zones = ZoneManager(sim, identity)
    >>> print(zones.create_development(ada, {"gpus": 2, "environments": 3}, actor=identity.admin))
    development zone ada-dev of user-2: at most 2 gpus, 3 environments, stopped after 2.0 h without use
    >>> zones.list(actor=ada).names()
    ('ada-dev',)
    """

    def _capabilities(self) -> Mapping[str, Mapping[str, Mark]]:
        if self._port.endpoint is None:
            return {}
        own = {"Development Zone": marks("R5+ s7 s12"), "Deployment Zone": marks("s4 R5 s7 s8"), "User zone (staging)": marks("s5 s7 s12")}
        return {"Zone Manager": marks("s4 R5 s7 s8"), **own}
