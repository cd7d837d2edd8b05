"""A platform with an SCM, people and a project, for the tests."""

from __future__ import annotations

import mlplat as mp
from mlplat.platform.artifacts.referrers import Referrers
from mlplat.platform.artifacts.scm import SCM
from mlplat.platform.identity import IdentityProvider
from mlplat.platform.storage import Store

ADA = "Ada Lovelace <ada@example.org>"
REPO = "shop/churn"


class World:
    """Ada owns project `shop`; Bob and the outsider hold nothing; Carl is a maintainer, the robot a contributor."""

    def __init__(self, store: Store | None = None, epoch: str | float = "2026-01-01T00:00:00Z", log: str = "all") -> None:
        self.sim = mp.Simulation(epoch=epoch, log=log)
        self.store = Store() if store is None else store
        self.identity = IdentityProvider(self.sim)
        self.admin = self.identity.admin
        self.ada, self.bob, self.carl = (self.identity.create_user(name, actor=self.admin) for name in ("ada", "bob", "carl"))
        self.outsider = self.identity.create_third_party("acme", actor=self.admin)
        self.identity.create_project("shop", owner=self.ada, actor=self.admin)
        self.robot = self.identity.create_service_account("shop", "ci", actor=self.admin)
        self.identity.add_member("shop", self.carl, "maintainer", actor=self.ada)
        self.identity.add_member("shop", self.robot, "contributor", actor=self.ada)
        self.referrers = Referrers()
        self.scm = SCM(self.sim, self.identity, self.store, referrers=self.referrers)
        self.repo = self.scm.create_repository(REPO, actor=self.ada) if REPO not in self.scm._repositories else REPO

    def commit(self, files: dict[str, object], branch: str = "main", message: str = "change", **options: object) -> str:
        """Commit as Ada. Returns the id."""
        return self.scm.commit(REPO, branch, files, message, actor=self.ada, **options).id  # type: ignore[arg-type]

    def again(self) -> SCM:
        """Another SCM over the same store."""
        return SCM(self.sim, self.identity, self.store)
