"""The closed loop: code is pushed, tested and delivered, a model served and watched; a node fails, customers change, the model follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ..context import Simulation
from ..hardware import ClusterSpec
from ..infra.cluster import Cluster
from ..platform.artifacts.images import Layer, Manifest
from ..platform.automation.retraining import RetrainingPolicy
from ..platform.facade import Platform
from ..platform.observing import request_id
from ..platform.serving import Requests
from ..platform.training import churn
from .customers import Customers
from .files import CLUSTER, FILES

if TYPE_CHECKING:
    from ..events import Event
    from ..platform.reproduction import Verdict
    from ..platform.serving.answers import Observed

RATE, LASTS_S = 2.0, 14 * 3600.0
"""Requests a second, and for how long they come."""
NODE_FAILS_S, CUSTOMERS_CHANGE_S, LABELS_LATE_S = 2 * 3600.0, 5 * 3600.0, 3600.0
"""When, counted from the first request; and how late labels come."""


@dataclass(frozen=True)
class Demonstration:
    """A loop that has closed. `began_s`: when requests began to come; `changed`, `detected`, `requested`, `candidate`, `promoted`: the
    events of the change; None for what did not happen."""

    platform: Platform
    began_s: float
    changed: Event
    detected: Event | None
    requested: Event | None
    candidate: Event | None
    promoted: Event | None
    verdict: Verdict | None

    @property
    def closed(self) -> bool:
        """Whether a model that was trained anew is in production, and was reproduced."""
        return self.promoted is not None and bool(self.verdict)

    def to_html(self, path: str | PathLike[str]) -> Path:
        """Write the story and the page of the platform as one HTML file, and return where. Raises InputError, MissingExtraError."""
        from .page import write_demonstration_page

        return write_demonstration_page(self, path)

    def summary(self) -> dict[str, Any]:
        """Figures of it, of values that JSON can say."""

        def after(event: Event | None) -> float | None:
            return None if event is None else event.time - self.changed.time

        log, table = self.platform.sim.log, self.platform.capabilities()
        times = {f"{name}_s": after(getattr(self, name)) for name in ("detected", "requested", "candidate", "promoted")}
        said: dict[str, Any] = {"closed": self.closed, "seed": self.platform.sim.seed, "simulated_s": self.platform.sim.now}
        said |= {"events": len(log), "fingerprint": log.digest()}
        made = None if self.candidate is None else self.candidate.subject
        verdict = None if self.verdict is None else self.verdict.outcome.value
        return {**said, **times, "model": made, "reproduction": verdict, "capabilities": len(table.realised)}


class _Labels:
    """What becomes of customers is known an hour later: labels are published, and told to the Monitoring System."""

    def __init__(self, platform: Platform, customers: Customers, actor: Any) -> None:
        self._platform, self._customers, self._actor = platform, customers, actor
        self._seen: list[tuple[float, Any]] = []

    def observed(self, observed: Observed) -> None:
        """Remember who was asked about."""
        self._seen.append((self._platform.sim.now, observed.request[observed.sampled].copy()))

    def publish(self) -> None:
        """Publish what is known by now."""
        platform, late = self._platform, self._platform.sim.now - LABELS_LATE_S
        due = [numbers for time, numbers in self._seen if time <= late]
        self._seen = [each for each in self._seen if each[0] > late]
        if not due:
            return
        numbers = np.sort(np.concatenate(due))
        rows = self._customers.rows(numbers)
        truth = rows[self._customers.target]
        names = [request_id("shop/api", number) for number in numbers.tolist()]
        platform.data.append("shop/labels", pl.DataFrame({"request": names, "churned": truth}), actor=self._actor)
        platform.data.publish("shop/held", rows[-1000:], actor=self._actor)
        platform.monitoring.label("shop/api", dict(zip(names, truth.to_list(), strict=True)), actor=self._actor)


def demonstrate(
    seed: int = 0, told: Callable[[str], object] = lambda phase: None, begun: Callable[[Platform], object] = lambda platform: None
) -> Demonstration:
    """Let it all happen. `told`: called with what comes next, for people who wait. `begun`: called with the platform when it is there, for
    who looks on.
    """
    told("a cluster, a project, zones")
    sim = Simulation(seed=seed)
    cluster = Cluster(sim, ClusterSpec.from_yaml(CLUSTER), queue="best-effort-fifo")
    platform = Platform(cluster, level=2)
    begun(platform)
    people = _people(platform)
    _artifacts(platform, people["ada"])
    told("code is pushed, its image built, its tests run")
    _push(platform, people)
    told("the pipeline is delivered, the model trained and served")
    _deliver(platform, people)
    began = sim.now
    customers = _traffic(platform, people, seed)
    told("a node fails; customers change, and the model follows")
    sim.at(began + NODE_FAILS_S, cluster.hardware.crash, "cpu-1")
    changes: list[Event] = []
    sim.at(began + CUSTOMERS_CHANGE_S, lambda: changes.append(_change(sim, customers)))
    sim.run(until=began + LASTS_S)
    told("the model is made again from its lineage")
    (changed,) = changes
    found = {name: _first(sim, predicate, changed.time) for name, predicate in _MARKS.items()}
    verdict = None if found["promoted"] is None else platform.reproduce("shop/churn@production", actor=people["ada"])
    return Demonstration(platform, began, changed, **found, verdict=verdict)


_MARKS = {
    "detected": "incident.detected/incident:shop/api/*",
    "requested": "retraining.requested/*",
    "candidate": "artifact.published/model:*",
    "promoted": "service.upgraded/service:shop/api",
}


def _first(sim: Simulation, mark: str, since: float) -> Event | None:
    predicate, _, subject = mark.partition("/")
    return next(iter(sim.log.select(predicate=predicate, subject=subject, since=since)), None)


def _change(sim: Simulation, customers: Customers) -> Event:
    data = {"what": "prices have risen, and other things make customers leave", "row": customers.change}
    return sim.emit("scenario:customers", "scenario.changed", source="scenario", data=data)


def _people(platform: Platform) -> dict[str, Any]:
    """A developer and a reviewer; who acts for the project, and who tells what became of its customers; the zones."""
    identity, admin = platform.identity, platform.admin
    ada, bob = (identity.create_user(name, actor=admin) for name in ("ada", "bob"))
    identity.create_project("shop", owner=ada, actor=admin)
    identity.add_member("shop", bob, "maintainer", actor=ada)
    robot = identity.create_service_account("shop", "robot", actor=ada)
    identity.add_member("shop", robot, "maintainer", actor=ada)
    records = identity.create_service_account("shop", "records", actor=ada)
    identity.add_member("shop", records, "contributor", actor=ada)
    platform.zones.create_development(ada, {"cpus": 32}, actor=admin)
    platform.zones.create_deployment("shop", "shop-prod", {"cpus": 48}, {"cpus": 96}, actor=admin)
    platform.cd.act_as("shop", robot.id, actor=ada)
    return {"ada": ada, "bob": bob, "robot": robot, "records": records}


def _artifacts(platform: Platform, ada: Any) -> None:
    """A base image, and what is known of customers so far."""
    platform.images.publish("shop/python", Manifest((Layer.of("python 3.11", 900),)), tags=["3.11"], actor=ada)
    known = churn(4500, seed=1).frame()
    platform.data.publish("shop/customers", known[:3000], actor=ada)
    recent = known[3000:3500].with_columns(request=pl.Series([f"before/{i}" for i in range(500)]))
    platform.data.publish("shop/api-windows", recent.drop("churned"), actor=ada)
    platform.data.publish("shop/labels", recent.select("request", "churned"), actor=ada)
    platform.data.publish("shop/held", known[3500:], actor=ada)


def _push(platform: Platform, people: dict[str, Any]) -> None:
    ada, robot = people["ada"], people["robot"]
    platform.scm.create_repository("shop/churn", actor=ada)
    platform.builder.enable("shop/churn", robot, actor=ada)
    platform.ci.enable("shop/churn", robot, actor=ada)
    platform.scm.commit("shop/churn", "main", dict(FILES), "Predict who leaves", actor=ada)
    platform.sim.run(until="20m")


def _deliver(platform: Platform, people: dict[str, Any]) -> None:
    sim, ada, bob = platform.sim, people["ada"], people["bob"]
    version = platform.orchestrator.publish("shop/churn@main", actor=ada)
    run = platform.orchestrator.run(version.reference, actor=ada)
    sim.run(until=run.wait())
    platform.retraining.configure(
        "shop/train",
        people["robot"],
        policy=RetrainingPolicy(on=("drift",), cooldown="6h", delay="90m", accept="better"),
        data={"customers": "shop/customers", "window": "shop/api-windows", "labels": "shop/labels"},
        current="shop/churn@production",
        held_out="shop/held",
        target="churned",
        deploy="shop/api",
        actor=ada,
    )
    approval = platform.cd.deliver("shop/train", f"pipeline:{version.reference}", zone="shop-prod", triggers=["drift:shop/api"], actor=ada)
    sim.run(until=sim.now + 600)
    platform.cd.approve(approval.number, comment="Tested, and does what it says.", actor=bob)
    sim.run(until=sim.now + 3600)
    options = {"request": {"cpus": 4, "memory": "8GiB"}, "base": "40ms", "slots": 2, "timeout": "2s", "sample": 0.5, "retries": 2}
    strategy = {"kind": "canary", "policy": {"bake": "10m", "deadline": "2h"}}
    platform.cd.deploy("shop/api", "shop/churn@1", zone="shop-prod", replicas=3, strategy=strategy, options=options, actor=ada)
    sim.run(until=sim.now + 60)


def _traffic(platform: Platform, people: dict[str, Any], seed: int) -> Customers:
    """Requests come, answers are watched, labels come late."""
    sim, ada = platform.sim, people["ada"]
    requests = Requests.poisson(RATE, until=LASTS_S, seed=seed + 11)
    customers = Customers(int(np.searchsorted(requests.sent, CUSTOMERS_CHANGE_S)), seed)
    platform.monitoring.watch("shop/api", account=people["robot"], rows=1000, actor=ada)
    platform.serving.attach("shop/api", requests, inputs=customers.inputs, actor=ada)
    labels = _Labels(platform, customers, people["records"])
    platform.serving.collect("shop/api", labels.observed, actor=people["records"])
    sim.every("30m", labels.publish)
    return customers
