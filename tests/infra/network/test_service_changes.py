"""Changing a declared service: what both choose stays, what one chooses comes or goes, and in the end it is as if it were made anew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.infra.network.names import UnknownServiceError
from mlplat.infra.network.service_registry import ServiceRegistry
from mlplat.infra.network.services import Service

from .registries import addresses, members, registry

LABELS = [{"app": "web"}, {"app": "web", "tier": "test"}, {"app": "db"}, {}]


def filled(of: ServiceRegistry) -> None:
    for i, labels in enumerate(LABELS):
        of.add_member(f"w{i}/0", "a", labels, f"10.0.0.{i + 2}", "n", ready=i != 1)


def test_the_port_of_a_service_changes_and_nobody_misses_it() -> None:
    sim, of = registry()
    members(of, 2)
    of.create(Service("front", "a", "app=web", 80, 8080))
    sim.run(until="2s")
    events = len(sim.log)
    of.change(Service("front", "a", "app=web", 81, 9))
    assert of.get("front", "a").port == 81
    assert of.pick("front", "a").port == 9
    assert addresses(of, "front", "a") == ["10.0.0.2", "10.0.0.3"]
    sim.run(until="9s")
    assert len(sim.log) == events


def test_another_selector_is_seen_after_the_delay() -> None:
    sim, of = registry()
    filled(of)
    of.create(Service("front", "a", "app"))
    sim.run(until="2s")
    assert addresses(of, "front", "a") == ["10.0.0.2", "10.0.0.4"]
    cause = sim.emit("service:front", "service.changed", source="endpoint")
    of.change(Service("front", "a", "app!=db"), cause=cause)
    assert addresses(of, "front", "a") == ["10.0.0.2", "10.0.0.4"]
    sim.run(until="4s")
    assert addresses(of, "front", "a") == ["10.0.0.2", "10.0.0.5"]
    said = [(event.predicate, event.data["address"], event.cause) for event in list(sim.log)[cause.id + 1 :]]
    assert said == [("endpoint.removed", "10.0.0.4", cause.id), ("endpoint.added", "10.0.0.5", cause.id)]


def test_another_balancing_counts_from_the_beginning() -> None:
    sim, of = registry()
    members(of, 2)
    of.create(Service("front", "a", "app=web"))
    sim.run(until="2s")
    old = of.pick("front", "a")
    of.change(Service("front", "a", "app=web", balancing="least-connections"))
    picked = [of.pick("front", "a").member for _ in range(4)]
    assert sorted(picked) == ["web/0", "web/0", "web/1", "web/1"]
    old.close()
    assert not old.is_open


def test_only_a_declared_service_changes() -> None:
    _, of = registry()
    members(of, 1)
    with pytest.raises(UnknownServiceError):
        of.change(Service("front", "a", "app=web"))
    with pytest.raises(OptionError, match="is the own name of a workload"):
        of.change(Service("web", "a", "app=web"))
    with pytest.raises(OptionError, match="expected a Service"):
        of.change("front")  # type: ignore[arg-type]
    assert of.list() == ()


SELECTORS = st.sampled_from(["app=web", "app", "tier!=test", "!app", "app=db,!tier"])


@pytest.mark.parametrize("delay", [0, 1.0])
@given(st.lists(st.tuples(SELECTORS, st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from(["", "w1", "w2"])), min_size=1, max_size=6))
def test_after_changes_it_is_as_if_it_were_made_anew(delay: float, steps: list[tuple[str, float, str]]) -> None:
    sim, of = registry(delay)
    filled(of)
    of.create(Service("front", "a", "app=web"))
    ready = [True, False, True, True]
    for selector, wait, toggled in steps:
        of.change(Service("front", "a", selector))
        if toggled:
            number = int(toggled[1:])
            ready[number] = not ready[number]
            of.set_ready(f"{toggled}/0", ready[number])
        sim.run(until=sim.now + wait) if wait else None
    sim.run(until=sim.now + 2)
    last = Service("front", "a", steps[-1][0])
    assert set(addresses(of, "front", "a")) == {f"10.0.0.{i + 2}" for i in range(4) if ready[i] and last.chooses(LABELS[i])}
