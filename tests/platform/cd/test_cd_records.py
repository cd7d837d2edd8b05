"""The journal of continuous delivery: every kind of record that is declared is written, and no other."""

from __future__ import annotations

import pytest

from mlplat.platform.automation.cd.records import RECORDS
from mlplat.platform.storage import JournalError

from .worlds import World


def test_every_kind_of_record_is_written_and_read_back() -> None:
    world = World()
    robot = next(each for each in world.platform.identity.principals(actor=world.admin) if each.name == "robot")
    world.cd.act_as("shop", robot.id, actor=world.ada)
    world.cd.act_as("shop", None, actor=world.ada)
    world.cd.set_gate(zone="shop-prod", required=False, actor=world.ada)
    world.platform.scm.create_repository("shop/state", actor=world.ada)
    world.cd.track("shop", "shop/state", actor=world.ada)
    world.cd.untrack("shop", actor=world.ada)
    world.deploy(1)
    world.deploy(2)
    world.cd.deny(world.cd.deliver("shop/api", "shop/churn@3", zone="shop-prod", actor=world.ada).number, actor=world.bob)
    world.deploy(3)
    world.cd.remove("shop/api", actor=world.ada)
    assert {record["what"] for record in world.store.records("cd")} == RECORDS.keys()
    again = World(store=world.store, before=world)
    assert again.cd._catalogue.changes == world.cd._catalogue.changes


@pytest.mark.parametrize("record", [{"what": "begun", "id": 9, "old": None}, {"what": "ended", "id": "1"}, {"what": "other"}])
def test_a_journal_that_cannot_be_is_refused_with_the_record(record: dict[str, object]) -> None:
    world = World()
    world.deploy(1)
    world.store.append("cd", {"time": world.sim.now, "actor": world.ada.id, "outcome": "success", "reason": "", **record})
    with pytest.raises(JournalError, match="of cd: "):
        World(store=world.store)
