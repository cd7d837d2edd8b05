"""What services at work answer cannot be changed by who asked."""

from __future__ import annotations

from ..test_answers import changeable
from .worlds import World


def test_the_status_of_a_service_at_work_cannot_be_changed() -> None:
    world = World()
    world.deploy()
    world.serving.send("shop/api", actor=world.ada)
    world.sim.run(until="1m")
    status = world.status()
    assert status.versions[0].counts["answered"] + status.versions[0].counts["timed_out"] == 1
    assert list(changeable(status)) == []
