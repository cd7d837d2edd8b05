"""IP-6 with continuous delivery: a worse version is rolled back, an equal one takes over, and no request is lost. A-6.1 to A-6.3, A-6.5."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.platform.serving import Requests

from .test_live import accounted
from .worlds import OPTIONS as ONE_SLOT
from .worlds import World

OPTIONS = {**ONE_SLOT, "slots": 8}
"""A canary begins with one replica: with one slot its requests would wait longer than those of two."""
POLICY: dict[str, Any] = {"steps": [0.25, 1.0], "requests": 300, "bake": "2m", "deadline": "30m", "metrics": ["errors", "latency"]}


class Delivery(World):
    """With continuous delivery, and traffic for an hour."""

    def __init__(self, seed: int = 7) -> None:
        super().__init__(seed=seed)
        self.cd = self.platform.cd

    def change(self, model: str) -> Any:
        """Deploy a version, and wait for what becomes of it."""
        said = {"replicas": 2, "strategy": {"kind": "canary", "policy": POLICY}, "options": OPTIONS}
        change = self.cd.deploy("shop/api", model, zone="prod", actor=self.ada, **said)
        self.sim.run(self.cd.ended(change.id, actor=self.ada))
        return self.cd.change(change.id, actor=self.ada)


@pytest.mark.parametrize(("model", "outcome", "stays"), [("shop/churn@4", "rolledback", 1), ("shop/churn@2", "upgraded", 2)])
def test_ip6_a_canary_is_judged_by_what_its_requests_met(model: str, outcome: str, stays: int) -> None:
    world = Delivery()
    world.serving.ensure("shop/api", zone="prod", actor=world.ada, **OPTIONS)
    world.serving.attach("shop/api", Requests.poisson(10.0, until="2h", seed=1), actor=world.ada)
    world.change("shop/churn@1")
    unserved = world.status().unserved
    assert unserved > 0  # nobody was there yet
    world.sim.run(until=world.sim.now + 600.0)
    world.change(model)
    told = world.events(f"service.{outcome}")
    assert [event.subject for event in told][-1:] == ["service:shop/api"]
    world.sim.run(until=world.sim.now + 60.0)
    status = world.status()
    assert accounted(status) and status.unserved == unserved
    (with_traffic,) = [version.model for version in status.versions if version.weight == 1.0]
    assert with_traffic == f"shop/churn@{stays}"
    if outcome == "rolledback":
        canary = next(version for version in status.versions if version.model == model)
        assert canary.counts["errors"] > 0 and canary.counts["failed"] == 0
