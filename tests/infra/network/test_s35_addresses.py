"""S-35: each environment has one address, unique in the cluster; freed at the end, and not given again within the quarantine."""

from __future__ import annotations

from collections import deque
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.infra.network.address_plan import AddressPlan
from mlplat.infra.network.addresses import AddressesExhaustedError, AddressPool

ZONES = {"prod": "10.0.0.16/28", "test": "10.0.0.32/29"}


class NaivePlan:
    """Sets of addresses, looked through from the start each time."""

    def __init__(self, cidr: str, zones: dict[str, str], quarantine: float) -> None:
        self.quarantine = quarantine
        self.candidates = {zone: self._given_out(ip_network(net)) for zone, net in zones.items()}
        taken = {a for net in zones.values() for a in ip_network(net)}
        self.candidates[""] = [a for a in self._given_out(ip_network(cidr)) if a not in taken]
        self.owner: dict[Any, tuple[str, str]] = {}
        self.released: dict[Any, float] = {}

    @staticmethod
    def _given_out(network: Any) -> list[Any]:
        everything = list(network)
        return everything[2:-1] if network.version == 4 else everything[2:]

    def free(self, zone: str, now: float) -> set[Any]:
        candidates = self.candidates.get(zone, self.candidates[""])
        return {a for a in candidates if a not in self.owner and not now < self.released.get(a, -1e9) + self.quarantine}

    def release(self, address: Any, now: float) -> None:
        del self.owner[address]
        self.released[address] = now


CALLS = st.lists(
    st.tuples(
        st.sampled_from(["allocate", "allocate", "release"]),
        st.sampled_from(["prod", "test", "", "other"]),
        st.integers(0, 50),
        st.sampled_from([0.0, 0.1, 1.0, 7.5]),
    ),
    max_size=120,
)


@given(calls=CALLS, quarantine=st.sampled_from([0.0, 0.3, 5.0, 100.0]), version=st.sampled_from([4, 6]))
def test_s35_addresses_are_those_that_the_plain_rules_allow(calls: list[Any], quarantine: float, version: int) -> None:
    cidr, zones = ("10.0.0.0/26", ZONES) if version == 4 else ("fd00::/122", {"prod": "fd00::10/124", "test": "fd00::20/125"})
    plan, naive, now = AddressPlan(cidr, zones, quarantine), NaivePlan(cidr, zones, quarantine), 0.0
    for number, (call, zone, which, passed) in enumerate(calls):
        now += passed
        free = naive.free(zone, now)
        assert plan.free(zone, now) == len(free)
        if call == "release":
            if naive.owner:
                address = list(naive.owner)[which % len(naive.owner)]
                plan.release(address, now)
                naive.release(address, now)
                assert plan.owner_of(address) is None
        elif free:
            address = plan.allocate(zone, f"w{number}", now)
            assert address in free
            naive.owner[address] = (f"w{number}", zone)
        else:
            with pytest.raises(AddressesExhaustedError) as caught:
                plan.allocate(zone, "x", now)
            where = naive.candidates.get(zone, naive.candidates[""])
            resting = [naive.released[a] + quarantine for a in where if a not in naive.owner and a in naive.released]
            assert caught.value.in_use == sum(a in naive.owner for a in where)
            assert (caught.value.in_quarantine, caught.value.until) == (len(resting), min(resting, default=None))
        assert {a: plan.owner_of(a) for a in naive.owner} == {a: owner for a, (owner, _) in naive.owner.items()}
        for each in ("prod", "test", "", "other"):
            assert plan.in_use(each) == sum(zone == each for _, zone in naive.owner.values())
        assert plan.in_use() == len(naive.owner)


def test_s35_a_hundred_thousand_starts_and_stops_leak_nothing_and_give_nothing_twice() -> None:
    plan = AddressPlan("10.0.0.0/16", {"prod": "10.0.8.0/22"}, quarantine=30)
    running: deque[Any] = deque()
    held: set[Any] = set()
    released: dict[Any, float] = {}
    for number in range(100_000):
        now = number * 0.1
        if len(running) == 500:
            address = running.popleft()
            held.remove(address)
            plan.release(address, now)
            released[address] = now
        address = plan.allocate("prod" if number % 3 else "", f"w{number}", now)
        assert address not in held
        assert now >= released.get(address, -30.0) + 30.0
        held.add(address)
        running.append(address)
    assert plan.in_use() == 500
    while running:
        plan.release(running.popleft(), now)
    later = now + 30.0
    assert (plan.in_use(), plan.in_use("prod"), plan.in_use("")) == (0, 0, 0)
    assert plan.free("prod", later) == 1024 - 3
    assert plan.free("", later) == 2**16 - 1024 - 3
    assert len(released) < 2_000  # what has rested is used again before what is fresh


def test_s35_the_address_of_the_network_its_gateway_and_broadcast_are_not_given_out() -> None:
    pool = AddressPool("10.0.1.0/29", 0)
    given_out = [str(pool.allocate("w", 0.0)) for _ in range(5)]
    assert given_out == ["10.0.1.2", "10.0.1.3", "10.0.1.4", "10.0.1.5", "10.0.1.6"]
    assert pool.gateway == IPv4Address("10.0.1.1")
    with pytest.raises(AddressesExhaustedError, match=r"no address is left in 10\.0\.1\.0/29: 5 in use, none in quarantine"):
        pool.allocate("w", 0.0)


def test_s35_exhaustion_says_how_long_the_quarantine_lasts_and_changes_nothing() -> None:
    pool = AddressPool("10.0.1.0/30", "30s")
    only = pool.allocate("w", 5.0)
    pool.release(only, 12.0)
    with pytest.raises(AddressesExhaustedError, match=r"0 in use, 1 in quarantine, the first of them until 42 s"):
        pool.allocate("v", 41.9)
    assert (pool.in_use, pool.in_quarantine(41.9), pool.owner_of(only)) == (0, 1, None)
    assert pool.allocate("v", 42.0) == only


def test_s35_the_address_that_has_rested_longest_is_given_first() -> None:
    pool = AddressPool("10.0.1.0/24", "30s")
    first, second, third = (pool.allocate("w", 0.0) for _ in range(3))
    for now, address in ((1.0, second), (2.0, third), (3.0, first)):
        pool.release(address, now)
    assert [pool.allocate("w", 40.0) for _ in range(4)] == [second, third, first, IPv4Address("10.0.1.5")]


def test_s35_an_address_of_the_other_version_is_another_address() -> None:
    pool = AddressPool("10.0.0.0/24")
    mine = pool.allocate("w", 0.0)
    other = IPv6Address(int(mine))
    assert (pool.owner_of(mine), pool.owner_of(other)) == ("w", None)
    with pytest.raises(OptionError, match="nobody has it"):
        pool.release(other, 0.0)
    assert pool.owner_of(mine) == "w"


def test_s35_what_is_left_out_may_begin_with_the_network_or_end_with_it() -> None:
    pool = AddressPool("10.0.0.0/29", 0, without=[ip_network("10.0.0.0/32"), ip_network("10.0.0.4/31"), ip_network("10.0.0.7/32")])
    assert [str(pool.allocate("w", 0.0)) for _ in range(pool.free(0.0))] == ["10.0.0.2", "10.0.0.3", "10.0.0.6"]


def test_s35_a_zone_without_its_own_network_never_gets_an_address_of_another_zone() -> None:
    plan = AddressPlan("10.0.0.0/28", {"low": "10.0.0.0/30", "high": "10.0.0.12/30"}, 0)
    shared = [str(plan.allocate(zone, "w", 0.0)) for zone in ("", "a") * 4]
    assert shared == [f"10.0.0.{i}" for i in range(4, 12)]
    with pytest.raises(AddressesExhaustedError, match=r"what the networks of zones leave of 10\.0\.0\.0/28: 8 in use"):
        plan.allocate("b", "w", 0.0)
    assert [str(plan.allocate(zone, "w", 0.0)) for zone in ("low", "high")] == ["10.0.0.2", "10.0.0.14"]
    assert (plan.in_use("a"), plan.in_use(""), plan.in_use("default")) == (4, 4, 4)
    assert (str(plan.gateway_of("high")), str(plan.gateway_of("a"))) == ("10.0.0.13", "10.0.0.1")


def test_s35_a_zone_may_have_all_of_the_clusters_network() -> None:
    plan = AddressPlan("10.0.0.0/29", {"all": "10.0.0.0/29"})
    assert (plan.free("all", 0), plan.free("", 0)) == (5, 0)


def test_s35_the_networks_of_ipv6_are_as_large_as_they_are() -> None:
    plan = AddressPlan("fd00::/8", {"prod": "fd00:1::/64"})
    assert plan.allocate("prod", "w", 0.0) == IPv6Address("fd00:1::2")
    assert plan.allocate("", "w", 0.0) == IPv6Address("fd00::2")
    assert plan.free("prod", 0.0) == 2**64 - 3
    assert plan.owner_of("10.0.0.2") is None


@pytest.mark.parametrize(
    ("cidr", "zones", "told"),
    [
        (
            "10.0.0.0/16",
            {"a": "10.0.1.0/24", "b": "10.0.1.128/25"},
            r"the networks of 'a' \(10\.0\.1\.0/24\) and 'b' \(10\.0\.1\.128/25\) ov",
        ),
        ("10.0.0.0/16", {"a": "10.0.1.0/24", "b": "10.0.1.0/24"}, "the networks of 'a' .* and 'b' .* overlap"),
        ("10.0.0.0/16", {"a": "10.1.0.0/24"}, r"zones\['a'\]=10\.1\.0\.0/24: expected a network inside 10\.0\.0\.0/16"),
        ("10.0.0.0/16", {"a": "10.0.0.0/15"}, "expected a network inside"),
        ("10.0.0.0/16", {"a": "fd00::/64"}, "expected a network inside"),
        ("10.0.0.0/16", {"a": "10.0.0.8/31"}, r"zones\['a'\]: cidr=10\.0\.0\.8/31: a network this small has no address to give"),
        ("10.0.0.0/16", {"a": "10.0.1.1/24"}, r"zones\['a'\]='10\.0\.1\.1/24': expected 10\.0\.1\.0/24, without bits of a host"),
        ("10.0.0.0/16", {"": "10.0.1.0/24", "default": "10.0.2.0/24"}, "'default' is there twice"),
        ("10.0.0.0/16", {"a\n": "10.0.1.0/24"}, "expected the name of a zone"),
        ("10.0.0.0/16", [("a", "10.0.1.0/24")], "expected a mapping of zones to networks"),
        ("10.0.0.0/32", {}, "a network this small has no address to give"),
        ("10.0.0.0", {}, "expected a network"),
        ("10.0.0.0/33", {}, "expected a network"),
        (167772160, {}, "expected a network"),
        (None, {}, "expected a network"),
        ("\x1b[2J/8", {}, "expected a network"),
    ],
)
def test_networks_that_do_not_go_together_are_refused_by_name(cidr: Any, zones: Any, told: str) -> None:
    with pytest.raises(OptionError, match=told) as caught:
        AddressPlan(cidr, zones)
    assert str(caught.value).isprintable()


def test_what_cannot_be_done_is_refused_and_changes_nothing() -> None:
    plan = AddressPlan("10.0.0.0/24")
    address = plan.allocate("", "w", "1m")
    for wrong, told in [
        ("10.0.0.9", "nobody has it"),
        ("x", "expected an address"),
        (7, "expected an address"),
        ("fd00::2", "nobody has it"),
    ]:
        with pytest.raises(OptionError, match=told):
            plan.release(wrong, 60.0)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"now=59 s is past: 10\.0\.0\.0/24 was last asked at 60 s"):
        plan.release(address, 59.0)
    for owner in ("", "a\nb", 7, "x" * 251):
        with pytest.raises(OptionError, match="owner="):
            plan.allocate("", owner, 60.0)  # type: ignore[arg-type]
    for now in (float("nan"), float("inf"), -1.0, "soon"):
        with pytest.raises(OptionError, match="not a duration"):
            plan.allocate("", "w", now)
    with pytest.raises(OptionError, match="quarantine: not a duration"):
        AddressPlan("10.0.0.0/24", quarantine=-1)
    pool = AddressPool("::a00:0/120")
    with pytest.raises(OptionError, match="nobody has it"):
        AddressPool("10.0.0.0/24").release(pool.allocate("w", 0.0), 0.0)
    assert (plan.in_use(), plan.owner_of(address), plan.zone_of(address)) == (1, "w", "default")
    plan.release(str(address), 60.0)
    with pytest.raises(OptionError, match="nobody has it"):
        plan.release(address, 60.0)
