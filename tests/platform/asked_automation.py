"""Questions to the orchestrator and to continuous delivery, for `test_answers`."""

from __future__ import annotations

from typing import Any

import mlplat as mp
from mlplat.platform.identity import Principal

FLOW, NIGHTLY = "shop/flow", "shop/nightly"
PIPELINE = b"""
import mlplat as mp

@mp.step(duration=0)
def double(x: int) -> int:
    return 2 * x

@mp.pipeline
def flow(x: int = 1):
    return {"doubled": double(x)}
"""

AUTOMATION_ASKED: dict[str, tuple[Any, ...]] = {
    "cd.approvals": (),
    "cd.change": (1,),
    "cd.describe": (NIGHTLY,),
    "cd.gate": (),
    "cd.history": (NIGHTLY,),
    "cd.list": (),
    "orchestrator.list": (),
    "orchestrator.resolve": (FLOW,),
    "orchestrator.schedules": (),
    "orchestrator.versions": (FLOW,),
}
OPTIONS: dict[str, dict[str, Any]] = {"cd.gate": {"zone": "shop-prod"}}
"""What is said by name, beside."""
AUTOMATION_OWN = {
    "cd.ended": "an event of the caller's own",
    "cd.sync": "begins changes; the answer is some of `history`",
    "orchestrator.get": "a run to ask, by the calls of the orchestrator",
    "orchestrator.graph": "a graph of the caller's own",
    "orchestrator.publish": "publishes; the answer is that of `resolve`",
    "orchestrator.rerun": "as of `run`",
    "orchestrator.run": "a run to ask, as of `get`",
    "orchestrator.runs": "as of `get`",
    "orchestrator.value": "a copy of the caller's own",
}


def automate(platform: mp.Platform, ada: Principal, account: Principal) -> None:
    """A pipeline with a schedule, which is deployed, and an approval that is open. `account`: a service account."""
    platform.scm.create_repository(FLOW, actor=ada)
    platform.scm.commit(FLOW, "main", {"pipeline.py": PIPELINE}, "one", actor=ada)
    platform.orchestrator.publish(f"{FLOW}@main", actor=ada)
    platform.orchestrator.schedule("shop/hourly", FLOW, every="1h", actor=ada)
    platform.retraining.configure(NIGHTLY, account, actor=ada)
    platform.identity.grant(account, ["read", "write"], "project:shop", actor=ada)
    change = platform.cd.deploy(NIGHTLY, f"pipeline:{FLOW}", zone="shop-prod", triggers=["dataset:shop/clicks"], actor=ada)
    platform.sim.run(until=platform.cd.ended(change.id, actor=ada))
    assert platform.cd.change(change.id, actor=ada).taken_over
    tests = [{"name": "by hand", "outcome": "success"}]
    platform.cd.deliver("shop/front", "shop/churn@1", zone="shop-prod", options={"note": ["a"]}, tests=tests, actor=ada)
