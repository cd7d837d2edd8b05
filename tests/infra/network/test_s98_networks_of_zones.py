"""S-98: zones get networks of the cluster's at any time and give them back: no address is in two, lost, or given out too early."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import numpy as np
import pytest

from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.network.address_plan import AddressPlan
from mlplat.infra.network.addresses import AddressesExhaustedError
from mlplat.infra.network.zone_networks import AddressesInUseError, NetworkOverlapError, NoNetworkLeftError
from mlplat.streams import stream

ZONES = tuple(f"z{number}" for number in range(12))


class NaivePlan:
    """Which zone has which addresses, whose each is, and since when each rests, in plain mappings."""

    def __init__(self, cidr: str, quarantine: float) -> None:
        self.whole, self.quarantine = ip_network(cidr), quarantine
        self.networks: dict[str, Any] = {}
        self.owner: dict[Any, str] = {}
        self.released: dict[Any, float] = {}

    def given_out(self, zone: str) -> set[Any]:
        """All that workloads of a zone can get, in use or not."""
        network = self.networks.get(zone, self.whole)
        found = set(list(network)[2:-1] if network.version == 4 else list(network)[2:])
        return found if zone in self.networks else found.difference(*map(set, self.networks.values()))

    def is_free(self, address: Any, now: float) -> bool:
        return address not in self.owner and now >= self.released.get(address, -1e9) + self.quarantine

    def used_within(self, network: Any) -> int:
        return sum(address in network for address in self.owner)


def _draw_cidr(draw: np.random.Generator, whole: Any) -> str | None:
    prefix = int(draw.integers(whole.prefixlen + 1, whole.max_prefixlen - 1))
    match draw.integers(4):
        case 0:
            return None
        case 1:
            return f"/{prefix}"
        case _:
            size = 1 << (whole.max_prefixlen - prefix)
            start = int(whole.network_address) + size * int(draw.integers(whole.num_addresses // size))
            return f"{type(whole.network_address)(start)}/{prefix}"


def _set(plan: AddressPlan, naive: NaivePlan, zone: str, cidr: str | None, now: float) -> str:
    """Set a network in both. Returns what became of it, in a word."""
    whole, old = naive.whole, naive.networks.get(zone)
    others = {other: network for other, network in naive.networks.items() if other != zone}
    asked = ip_network(cidr) if cidr is not None and not cidr.startswith("/") else None
    try:
        network = plan.set_zone(zone, cidr, now=now)
    except NetworkOverlapError as error:
        assert asked is not None and asked.overlaps(others[error.other])
        return "overlap"
    except AddressesInUseError as error:
        within = old if old is not None and naive.used_within(old) else asked
        assert (error.network, error.in_use) == (str(within), naive.used_within(within)) and error.in_use > 0
        return "in use"
    except NoNetworkLeftError as error:
        for each in whole.subnets(new_prefix=error.prefix):
            assert naive.used_within(each) or whole.network_address in each or any(each.overlaps(other) for other in others.values())
        return "none left"
    kept = old is not None and (cidr is None or network == old)
    assert kept or old is None or naive.used_within(old) == 0
    assert asked is None or network == asked
    assert network.subnet_of(whole) and not any(network.overlaps(other) for other in others.values())  # type: ignore[arg-type]
    assert kept or not any(address in network for address in naive.owner)
    naive.networks[zone] = network
    return "kept" if kept else "set"


@pytest.mark.parametrize("cidr", ["10.0.0.0/24", "fd00::/120"])
def test_s98_10_000_random_makes_and_removals_overlap_nowhere_and_lose_nothing(cidr: str) -> None:
    draw = stream(7, f"networks of zones in {cidr}")
    plan, naive, now = AddressPlan(cidr, quarantine=20), NaivePlan(cidr, 20), 0.0
    seen: dict[str, int] = dict.fromkeys(("overlap", "in use", "none left", "kept", "set", "removed", "held"), 0)
    for number in range(10_000):
        now += float(draw.choice((0.0, 1.0, 5.0)))
        zone = str(draw.choice(ZONES))
        if draw.random() < 0.5:
            seen[_set(plan, naive, zone, _draw_cidr(draw, naive.whole), now)] += 1
        elif zone not in naive.networks:
            with pytest.raises(UnknownNameError):
                plan.remove_zone(zone, now=now)
        elif used := naive.used_within(naive.networks[zone]):
            with pytest.raises(AddressesInUseError) as caught:
                plan.remove_zone(zone, now=now)
            assert caught.value.in_use == used
            seen["held"] += 1
        else:
            assert plan.remove_zone(zone, now=now) == naive.networks.pop(zone)
            seen["removed"] += 1
        assert plan.networks == naive.networks
        for _ in range(int(draw.integers(3))):
            where = str(draw.choice((*ZONES, "")))
            try:
                address = plan.allocate(where, f"w{number}", now)
            except AddressesExhaustedError:
                assert not any(naive.is_free(each, now) for each in naive.given_out(where))
                continue
            assert address in naive.given_out(where) and naive.is_free(address, now)
            naive.owner[address] = where
        while naive.owner and (len(naive.owner) > 20 or draw.random() < 0.6):
            address = list(naive.owner)[draw.integers(len(naive.owner))]
            plan.release(address, now)
            del naive.owner[address]
            naive.released[address] = now
        if number % 10 == 0:
            for where in (*ZONES[:3], ""):
                assert plan.free(where, now) == sum(naive.is_free(each, now) for each in naive.given_out(where))
    assert min(seen.values()) > 100, seen
    for address in list(naive.owner):
        plan.release(address, now)
    for zone in list(plan.networks):
        plan.remove_zone(zone, now=now)
    assert (plan.in_use(), dict(plan.networks)) == (0, {})
    assert plan.free("", now + 20) == naive.whole.num_addresses - (3 if naive.whole.version == 4 else 2)


def test_s98_a_network_that_changes_hands_keeps_the_quarantine_of_its_addresses() -> None:
    plan = AddressPlan("10.0.0.0/16", quarantine="30s")
    plan.set_zone("a", "10.0.1.0/24", now=0)
    plan.release(plan.allocate("a", "web/0", now=0), now=10)
    plan.remove_zone("a", now=11)
    assert (plan.in_quarantine("", 11), plan.free("", 11)) == (1, 2**16 - 4)
    plan.set_zone("b", "10.0.1.0/24", now=12)
    assert [str(plan.allocate("b", f"w/{i}", now=12)) for i in range(2)] == ["10.0.1.3", "10.0.1.4"]
    assert str(plan.allocate("b", "w/2", now=40)) == "10.0.1.2"


def test_s98_workloads_keep_their_addresses_when_their_zone_gets_a_network() -> None:
    plan = AddressPlan("10.0.0.0/16", quarantine=0)
    old = plan.allocate("a", "web/0", now=0)
    assert str(plan.set_zone("a", now=1)) == "10.0.1.0/24"
    assert (plan.owner_of(old), plan.zone_of(old), plan.in_use("a")) == ("web/0", "a", 1)
    assert plan.allocate("a", "web/1", now=1) in plan.network_of("a")
    plan.release(old, now=2)
    assert str(plan.allocate("b", "other/0", now=2)) == str(old)


def test_s98_a_network_that_is_refused_leaves_everything_as_it_was() -> None:
    plan = AddressPlan("10.0.0.0/24", {"a": "10.0.0.128/25"}, quarantine=0)
    plan.allocate("", "web/0", now=0)
    plan.allocate("a", "web/1", now=0)
    refused: list[tuple[str, str, type[OptionError]]] = [
        ("b", "10.0.0.192/26", NetworkOverlapError),
        ("b", "10.0.0.0/25", AddressesInUseError),
        ("a", "10.0.0.64/26", AddressesInUseError),
        ("b", "/25", NoNetworkLeftError),
        ("b", "10.0.1.0/25", OptionError),
        ("b", "10.0.0.65/26", OptionError),
        ("b", "/24", OptionError),
        ("b", "fd00::/120", OptionError),
    ]
    for zone, cidr, kind in refused:
        with pytest.raises(kind):
            plan.set_zone(zone, cidr, now=0)
        assert {zone: str(network) for zone, network in plan.networks.items()} == {"a": "10.0.0.128/25"}
        assert (plan.free("", 0), plan.free("a", 0), plan.in_use()) == (128 - 3, 128 - 4, 2)
