"""What the authorization matrix does not say of continuous delivery: a gate is closed to those who hold every right."""

from __future__ import annotations

import pytest

from mlplat.platform.automation.cd import GateError

from ..matrix_cd import CALLED, DeliveryWorld


def test_a_gated_zone_is_closed_to_the_administrator_too() -> None:
    world = DeliveryWorld()
    world.world.cd.set_gate(zone="shop-prod", actor=world.owner)
    with pytest.raises(GateError) as caught:
        world.world.cd.deploy(CALLED, "shop/churn@3", zone="shop-prod", actor=world.world.admin)
    assert caught.value.zone == "shop-prod"
