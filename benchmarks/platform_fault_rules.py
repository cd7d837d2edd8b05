"""What must hold on the platforms of the platform fault campaign, after every instant and when all is over."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.platform_fault_outcomes import wrong_outcomes
from benchmarks.platform_fault_states import differing, state_of
from benchmarks.platform_fault_world import API, DEV, PROD, REPO, World
from mlplat.context import Simulation
from mlplat.errors import MlplatError
from mlplat.platform.automation.cd.changes import Mode
from mlplat.platform.automation.cd.specs import Desired
from mlplat.platform.facade import Platform

Wrong = Iterator[tuple[str, str]]
"""A rule and what is against it."""

OUTSIDE = (
    *("window.evaluated", "node.*", "link.*", "device.*", "artifact.published", "dataset.changed", "metadata.recorded"),
    *("access.denied", "call.refused", "artifact.downloaded", "incident.*", "approval.closed"),
)
"""Which events may have no cause although nobody calls in their instant: of failures, of schedules, and of traffic, by which windows are
judged and published."""
OF_TRAFFIC = ("dataset:shop/", "window:shop/api", "node:", "link:", "device:", "call:metadata.baseline", "call:data.", "deployment:")
OF_TRAFFIC += ("incident:shop/api", "principal:service-account")
LATER = ("canary.started", "service.deployed", "service.upgraded", "service.rolledback", "service.reconciled", "workload.submitted")
LATER += ("retraining.requested", "artifact.downloaded", "incident.detected")
"""What somebody has called for may come later: when replicas are ready, after a cool-down; and what is deployed is looked after."""
"""What these are about."""


class Rules:
    """What must hold after every instant."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.changes = self.approvals = 0
        self.used: dict[str, int] = {PROD: 0, DEV: 0}

    def wrong(self) -> Wrong:
        """What does not hold now."""
        yield from self._limits()
        catalogue = self.world.platform.cd._catalogue
        while self.changes < len(catalogue.changes):
            self.changes += 1
            yield from self._passed(self.changes)
        while self.approvals < len(catalogue.approvals):
            self.approvals += 1
            yield from self._right(catalogue.approvals[self.approvals].desired, f"approval {self.approvals}")

    def _limits(self) -> Wrong:
        """Nothing starts in a zone above its limit."""
        quotas = self.world.platform.zones._catalogue.zones
        used = {PROD: 0, DEV: 0}
        for record in self.world.cluster._records:
            if record.status.value == "running" and record.workload.zone in used:
                used[record.workload.zone] += record.workload.request.cpu_milli * record.workload.replicas
        for zone, amount in used.items():
            limit = dict(quotas[zone].quota.limit.items())["cpus"] * 1000
            if amount > limit and amount > self.used[zone]:
                yield "limits", f"{zone} uses {amount} of {limit} CPU thousandths, {self.used[zone]} before"
        self.used = used

    def _passed(self, number: int) -> Wrong:
        """A change that is asked for has passed the gate as it is now, and is of nothing that has failed."""
        world = self.world
        cd = world.platform.cd
        change = cd._catalogue.changes[number]
        if change.mode is Mode.ROLLBACK:
            changes = [each for each in cd._catalogue.changes.values() if each.name == change.name and each.taken_over]
            if not any(each.desired.what == change.desired.what for each in changes):
                yield "gate", f"{change} goes back to what was never there"
            return
        if change.mode is Mode.DEPLOY and (rule := cd._catalogue.gates.get(change.desired.zone)) is not None and rule.required:
            yield "gate", f"{change} has no approval"
        if change.mode is Mode.DELIVER:
            approval = cd._catalogue.approvals[change.approval]
            if approval.decision != "granted" or approval.desired.seal != change.desired.seal:
                yield "gate", f"{change}: its approval is {approval}"
            if approval.four_eyes and approval.decided_by in approval.authors:
                yield "gate", f"{change} was approved by who asked for it"
        if change.mode is Mode.DEPLOY:
            yield from self._right(change.desired, str(change))

    def _right(self, desired: Desired, what: str) -> Wrong:
        """Nothing that has failed its tests comes as far as the gate."""
        platform = self.world.platform
        if desired.kind == "pipeline":
            commit = platform.cd._pipelines.resolve(desired.what, actor=self.world.admin).commit.partition("@")[2]  # type: ignore[union-attr]
            statuses = platform.scm._repositories[REPO].statuses.get(commit, {})
            if any(each.outcome == "failure" for each in statuses.values()):
                yield "gate", f"{what} is of a commit whose tests have failed"
        else:
            path, _, version = desired.what.partition("@")
            if platform.models._catalogue.version(path, int(version)).stage.value == "failed":
                yield "gate", f"{what} is of a model that has failed"


def wrong_end(world: World) -> Wrong:
    """What does not hold when everything has been whole for long."""
    yield from wrong_outcomes(world)
    yield from _waiting(world)
    yield from _kept(world)
    yield from _requests(world)
    yield from _log(world)
    yield from _anew(world)


def _waiting(world: World) -> Wrong:
    """Nothing waits."""
    for run in world.platform.tasks.running:
        yield "end", f"{run} of {run.actor.id} has not ended"
    for record in world.cluster._records:
        if not record.workload.name.startswith(("shop-api", "busy")) and record.status.value in ("pending", "running", "held"):
            yield "end", f"workload {record.workload.name} is {record.status.value}"
    for name in ("ci", "builder"):
        if getattr(world.platform, name)._jobs:
            yield "end", f"{name} is not done"


def _kept(world: World) -> Wrong:
    """All content is whole, and what was published is there unless it was deleted."""
    platform = world.platform
    verification = platform.verify(actor=world.admin)
    if not verification:
        yield "content", str(verification)
    deleted = {event.subject for event in world.sim.log.select(predicate="artifact.deleted")}
    for event in world.sim.log.select(predicate="artifact.published"):
        kind, _, ref = event.subject.partition(":")
        component = {"model": platform.models, "dataset": platform.data, "image": platform.images}.get(kind)
        if component is None or event.subject in deleted:
            continue
        try:
            component.resolve(ref, actor=world.admin)
        except MlplatError as error:
            yield "content", f"{event.subject} was published and is not there: {error}"


def _requests(world: World) -> Wrong:
    """No request is lost, or counted twice."""
    platform = world.platform
    if API not in platform.serving._catalogue.services:
        return
    status = platform.serving.status(API, actor=world.admin)
    for version in status.versions:
        counts = version.counts
        ended = sum(counts[name] for name in ("answered", "timed_out", "rejected", "failed"))
        if counts["sent"] != ended + version.unfinished:
            yield "requests", f"{version}: {counts} and {version.unfinished} unfinished"
        if version.unfinished:
            yield "requests", f"{version}: {version.unfinished} unfinished for hours"
    seen = platform.serving.observations(API, actor=world.admin)
    sent = sum(len(requests.sent) for _, requests in world.streams)
    if not list(world.sim.log.select(predicate="service.removed", subject=f"service:{API}")) and len(seen) != sent:
        yield "requests", f"{sent} requests were sent, the fate of {len(seen)} is known"


def _log(world: World) -> Wrong:
    """Each event has an earlier cause, or comes from outside."""
    log = world.sim.log
    for problem in log.check():
        yield "log", problem
    outside = {event.id for predicate in OUTSIDE for event in log.select(predicate=predicate) if event.subject.startswith(OF_TRAFFIC)}
    outside |= {event.id for predicate in LATER for event in log.select(predicate=predicate) if "shop" in event.subject}
    for event in log:
        if event.cause is not None and log[event.cause].time > event.time:
            yield "log", f"event {event.id} comes before its cause"
        if event.cause is None and event.time not in world.called and event.id not in outside:
            yield "log", f"event {event.id}, {event.predicate} of {event.subject}, has no cause, and nobody has called for anything then"


def _anew(world: World) -> Wrong:
    """Journals that are folded anew give what there is."""
    world.platform.identity._authorization.audit.flush()
    here = state_of(world.platform)
    again = Platform(_at(world.sim.now), store=world.platform.store, level=world.case.level)
    found = differing(here, state_of(again))
    if found:
        yield "journals", found


def _at(time: float) -> Simulation:
    sim = Simulation()
    sim.run(until=time)
    return sim
