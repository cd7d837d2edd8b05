"""IP-10 on a platform with everything wired: who pays. The rest: `tests/platform/test_ip10_sharing.py`."""

from __future__ import annotations

from .worlds import Shop


def test_ip10_q_what_a_colleague_runs_is_charged_to_their_own_zone() -> None:
    shop = Shop()
    identity, zones = shop.platform.identity, shop.platform.zones
    image = shop.platform.images.resolve("shop/python@3.11", actor=shop.ada)
    identity.grant(shop.eve, "read", image.resource, actor=shop.ada)
    zone = zones.create_development(shop.eve, {"cpus": 4}, actor=shop.admin).name
    first, second = (zones.environment(zone, image.reference, {"cpus": 3}, actor=shop.eve) for _ in range(2))
    shop.wait("5m")
    use = {each.name: each.use["cpus"] for each in zones.list(actor=shop.admin)}
    assert (use[zone], use["ada-dev"], use["shop-prod"]) == (3, 0, 0)
    assert (first.status.value, second.reason) == ("running", "ZONE_LIMIT")
    shop.check()
