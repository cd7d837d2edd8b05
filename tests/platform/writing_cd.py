"""The calls of continuous delivery that write, for `writing_calls`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mlplat as mp
from mlplat.platform.identity import Principal

CD_CALLS: dict[str, Callable[[mp.Platform, Principal, Principal, Path], object]] = {
    "cd.set_gate": lambda p, ada, admin, git: p.cd.set_gate(zone="shop-prod", expires="2d", tests=True, actor=ada),
    "cd.deliver": lambda p, ada, admin, git: p.cd.deliver("shop/api", "shop/churn@1", zone="shop-prod", replicas=2, actor=ada),
    "cd.deny": lambda p, ada, admin, git: p.cd.deny(1, comment="not on a Friday", actor=ada),
    "cd.remove": lambda p, ada, admin, git: p.cd.remove("shop/nightly", actor=ada),
    "cd.act_as": lambda p, ada, admin, git: p.cd.act_as("shop", "robot", actor=ada),
    "cd.track": lambda p, ada, admin, git: p.cd.track("lab", "shop/churn", folder="live", actor=ada),
    "cd.untrack": lambda p, ada, admin, git: p.cd.untrack("lab", actor=ada),
}
CD_SEVERAL = {
    "cd.deploy": "asks for a change, which is written down before it begins, and goes on when the platform is opened again",
    "cd.approve": "as `deploy`, together with the approval",
    "cd.rollback": "as `deploy`",
    "cd.sync": "as `deploy`, for each file",
}
"""What is whole and what is not of these is in `cd/test_no_half_deployments.py`."""
CD_READING = "gate approvals ended change describe history list"


def deliver(platform: mp.Platform, ada: Principal) -> None:
    """A pipeline that is deployed, which takes no time, an approval that is open, and a project whose state is in a repository."""
    platform.retraining.configure("shop/nightly", "robot", actor=ada)
    change = platform.cd.deploy("shop/nightly", "pipeline:shop/flow", zone="shop-prod", actor=ada)
    platform.sim.run(until=platform.cd.ended(change.id, actor=ada))
    platform.cd.deliver("shop/front", "shop/churn@1", zone="shop-prod", actor=ada)
    platform.cd.track("lab", "shop/built", actor=ada)
