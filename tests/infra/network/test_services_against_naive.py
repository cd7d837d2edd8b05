"""The service registry against plain rules: what is seen now is what was true one delay ago; and its work under many members."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.infra.network.address_plan import AddressPlan
from mlplat.infra.network.names import UnknownServiceError
from mlplat.infra.network.service_registry import ServiceRegistry
from mlplat.infra.network.services import Service

SELECTORS = ["app=x", "app=x,tier=0", "tier", "!tier", "app!=x", "tier!=1,app", "app=y", "app=x,app=y"]
LABELS: list[dict[str, str]] = [
    {},
    {"app": "x"},
    {"app": "y", "tier": "0"},
    {"tier": "1"},
    {"app": "x", "tier": "0"},
    {"app": "x", "tier": "1"},
]


@dataclass
class NaiveName:
    """A name; `truth` holds (time, addresses of the ready members behind it) after each change."""

    selector: str | None = None
    kept: bool = False
    truth: list[tuple[float, frozenset[str]]] = field(default_factory=lambda: [(float("-inf"), frozenset())])


class NaiveRegistry:
    """All names, all members and the whole past, looked through each time."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.names: dict[tuple[str, str], NaiveName] = {}
        self.members: dict[str, dict[str, Any]] = {}

    @staticmethod
    def _holds(rule: str, labels: dict[str, str]) -> bool:
        if "!=" in rule:
            key, value = rule.split("!=")
            return labels.get(key) != value
        if "=" in rule:
            key, value = rule.split("=")
            return labels.get(key) == value
        return rule[1:] not in labels if rule[0] == "!" else rule in labels

    def _behind(self, zone: str, name: str) -> list[dict[str, Any]]:
        selector = self.names[zone, name].selector
        return [
            m
            for m in self.members.values()
            if m["zone"] == zone
            and (m["workload"] == name if selector is None else all(self._holds(rule, m["labels"]) for rule in selector.split(",")))
        ]

    def note(self, now: float) -> None:
        """Write down what is true after a change."""
        for member in self.members.values():
            self.names.setdefault((member["zone"], member["workload"]), NaiveName())
        for (zone, name), entry in self.names.items():
            ready = frozenset(m["address"] for m in self._behind(zone, name) if m["ready"])
            if ready != entry.truth[-1][1]:
                entry.truth.append((now, ready))
        self.forget(now)

    def forget(self, now: float) -> None:
        for (zone, name), entry in list(self.names.items()):
            pending = entry.truth[-1][0] + self.delay > now
            if entry.selector is None and not (entry.kept or pending or self.seen(entry, now) or self._behind(zone, name)):
                del self.names[zone, name]

    def seen(self, entry: NaiveName, now: float) -> frozenset[str]:
        return [ready for when, ready in entry.truth if when + self.delay <= now][-1]

    def resolve(self, zone: str, name: str, now: float) -> frozenset[str] | None:
        self.forget(now)
        entry = self.names.get((zone, name))
        return None if entry is None else self.seen(entry, now)


ZONES, NAMES = ("a", "b"), ("s", "t", "u")
VERBS = ["add", "add", "ready", "ready", "remove", "create", "delete", "keep", "unkeep", "wait", "wait"]
CALLS = st.lists(
    st.tuples(st.sampled_from(VERBS), st.integers(0, 1), st.integers(0, 2), st.integers(0, 7), st.booleans()), min_size=20, max_size=60
)


@given(calls=CALLS, delay=st.sampled_from([0.0, 1.0, 2.5]))
def test_what_is_seen_is_what_was_true_one_delay_ago(calls: list[Any], delay: float) -> None:
    sim = mp.Simulation()
    of, naive, given_out = ServiceRegistry(sim, delay), NaiveRegistry(delay), 0
    for verb, zone_number, name_number, number, flag in calls:
        zone, name, member = ZONES[zone_number], NAMES[name_number], f"{NAMES[name_number]}/{number % 3}"
        entry, now = naive.names.get((zone, name)), sim.now
        match verb:
            case "add" if member not in naive.members:
                given_out += 1
                address, labels = f"10.0.0.{given_out + 1}", LABELS[number % len(LABELS)]
                of.add_member(member, zone, labels, address, "n", ready=flag)
                naive.members[member] = {"zone": zone, "workload": name, "labels": labels, "address": address, "ready": flag}
            case "ready" if member in naive.members:
                of.set_ready(member, flag)
                naive.members[member]["ready"] = flag
            case "remove" if member in naive.members:
                of.remove_member(member)
                del naive.members[member]
            case "create" if entry is None or entry.selector is None:
                of.create(Service(name, zone, SELECTORS[number], balancing=("random", "least-connections")[flag]))
                naive.names.setdefault((zone, name), NaiveName()).selector = SELECTORS[number]
            case "delete" if entry is not None and entry.selector is not None:
                of.delete(name, zone)
                entry.selector = None
                if not entry.kept and not any(m["workload"] == name and m["zone"] == zone for m in naive.members.values()):
                    del naive.names[zone, name]
            case "keep" if entry is None or not entry.kept:
                of.add_workload(name, zone)
                naive.names.setdefault((zone, name), NaiveName()).kept = True
            case "unkeep" if entry is not None and entry.kept:
                of.remove_workload(name, zone)
                entry.kept = False
            case "wait":
                sim.run(until=now + 0.5 * number)
        naive.note(sim.now)
        for zone in ZONES:
            for name in NAMES:
                try:
                    found = frozenset(map(str, of.resolve(name, zone)))
                except UnknownServiceError:
                    assert naive.resolve(zone, name, sim.now) is None
                    continue
                assert found == naive.resolve(zone, name, sim.now)
                if found:
                    assert str(of.pick(name, zone).address) in found


def test_a_hundred_thousand_workloads_come_and_go_and_leave_nothing_behind() -> None:
    sim = mp.Simulation(log="none")
    of, plan, running = ServiceRegistry(sim, 1.0), AddressPlan("10.0.0.0/16"), deque()
    of.create(Service("all", "", "app=w", balancing="least-connections"))
    for number in range(100_000):
        if len(running) == 300:
            name, address = running.popleft()
            of.remove_member(name)
            plan.release(address, sim.now)
            of.remove_workload(name.partition("/")[0])
        of.add_workload(f"w{number}")
        address = plan.allocate("", f"w{number}/0", sim.now)
        of.add_member(f"w{number}/0", "", {"app": "w"}, address, "n", ready=True)
        running.append((f"w{number}/0", address))
        if number % 10 == 0:
            sim.run(until=sim.now + 1.0)
    sim.run(until=sim.now + 1.0)
    assert len(of.resolve("all")) == 300
    for name, address in running:
        of.remove_member(name)
        plan.release(address, sim.now)
        of.remove_workload(name.partition("/")[0])
    of.delete("all")
    sim.run(until=sim.now + 1.0)
    assert plan.in_use() == 0 and not sim.env.busy
    index = of._names.zone("default")
    held = [index.served, index.workloads, index._members, index._services, of._members, of._at, of._declared]
    assert [len(each) for each in held] == [0] * len(held)  # type: ignore[arg-type]
    with pytest.raises(UnknownServiceError, match="there is none yet"):
        of.resolve("w7")


def test_the_work_of_a_change_does_not_grow_with_the_number_of_services() -> None:
    """1,000 services that ask for a common label as well as for one of their own."""

    def looked_at(services: int) -> int:
        sim = mp.Simulation(log="none")
        of = ServiceRegistry(sim, 0.0)
        looks = 0
        for i in range(services):
            of.create(Service(f"s{i}", "", f"team=a,app=app-{i}"))

        chooses = Service.chooses

        def counted(self: Service, labels: Any) -> bool:
            nonlocal looks
            looks += 1
            return chooses(self, labels)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Service, "chooses", counted)
            for i in range(1000):
                of.add_member(f"w{i}/0", "", {"team": "a", "app": f"app-{i % services}"}, f"10.0.{i // 250}.{i % 250}", "n", ready=True)
        assert len(of.resolve("s0")) == -(-1000 // services)
        return looks

    assert looked_at(1000) <= 2 * looked_at(10) <= 4000
