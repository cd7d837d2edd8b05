"""How what was begun on the platforms of the platform fault campaign has to have ended."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from benchmarks.platform_fault_world import GOOD, REPO, World
from mlplat.platform.automation.builder import BuildReason
from mlplat.platform.automation.cd.rollouts.states import INFRASTRUCTURE, Reason
from mlplat.platform.automation.ci import CIReason
from mlplat.platform.automation.retraining.state import RetrainingReason
from mlplat.platform.pipelines.outcomes import RunReason
from mlplat.platform.references import Reference
from mlplat.platform.work import TaskReason

OUTCOMES = ("success", "failure", "error", "cancelled")
MINE = frozenset({TaskReason.ACCESS_DENIED, TaskReason.IMAGE_NOT_FOUND, TaskReason.REJECTED, TaskReason.TIMEOUT})
"""Failures that work which is right can have: it may not, it can never fit."""
UNREACHABLE = ("cannot be reached", "InfrastructureError")


def words(*kinds: type[StrEnum]) -> frozenset[str]:
    """All reasons of these kinds."""
    return frozenset(str(word.value) for kind in kinds for word in kind) - {""}


RUN, BUILD, CI_RUN = words(RunReason, TaskReason), words(BuildReason, TaskReason), words(CIReason, TaskReason)
CHANGE = words(Reason) | {"UNCHANGED", ""}


def wrong_outcomes(world: World) -> Iterator[tuple[str, str]]:
    """What has not ended, or not as documented, or is called a failure and was none."""
    yield from _runs(world)
    yield from _tests(world)
    yield from _changes(world)
    yield from _retrainings(world)
    for reproduction in world.reproductions:
        if reproduction.verdict is None:
            yield "end", f"{reproduction} has no verdict"


def _runs(world: World) -> Iterator[tuple[str, str]]:
    orchestrator = world.platform.orchestrator
    for run in orchestrator.runs(actor=world.admin):
        told = f"run {run.name}: {run.outcome}, {run.reason}, {run.error}"
        if run.outcome not in OUTCOMES or run.reason not in RUN or run.ended_s is None:
            yield "end", told
        if (run.outcome == "success") != (run.reason in ("COMPLETED", "CACHED")):
            yield "reasons", told
        kind = _kind(world, run)
        if run.outcome == "failure":
            if any(word in run.error for word in UNREACHABLE):
                yield "blame", told
            if kind in GOOD and run.reason not in MINE:
                yield "blame", f"{told}, of a commit that is {kind}"
        elif run.outcome == "success" and kind in ("raises", "invalid"):
            yield "blame", f"{told}, of a commit that is {kind}"
        recorded = world.platform.metadata._state.runs.get(run.resource)
        if recorded is None or str(getattr(recorded, "status", "")) in ("running", "RunStatus.RUNNING"):
            yield "end", f"{told}; its record is {None if recorded is None else recorded.status}"


def _kind(world: World, run: object) -> str:
    kept = world.platform.orchestrator._state.version(Reference.parse(run.pipeline))  # type: ignore[attr-defined]
    return "" if kept is None else world.commits.get(kept.version.commit, "")


def _tests(world: World) -> Iterator[tuple[str, str]]:
    platform = world.platform
    if REPO not in platform.scm._repositories:
        return
    for build in platform.builder.builds(REPO, actor=world.admin):
        kind = world.commits.get(build.commit, "")
        if not build.over or build.reason not in BUILD:
            yield "end", str(build)
        if build.outcome == "failure" and (
            any(word in build.error for word in UNREACHABLE) or (kind != "unbuildable" and build.reason not in MINE)
        ):
            yield "blame", f"{build}, of a commit that is {kind}"
    for run in platform.ci.runs(REPO, actor=world.admin):
        kind = world.commits.get(run.commit, "")
        if not run.over or run.reason not in CI_RUN:
            yield "end", str(run)
        right = kind in (*GOOD, "raises", "invalid", "unreadable")
        if run.outcome == "failure" and (any(word in run.error for word in UNREACHABLE) or (right and run.reason not in MINE)):
            yield "blame", f"{run}, of a commit that is {kind}"
        if run.outcome == "success" and kind in ("untested", "unbuildable"):
            yield "blame", f"{run}, of a commit that is {kind}"


def _changes(world: World) -> Iterator[tuple[str, str]]:
    catalogue = world.platform.cd._catalogue
    for change in catalogue.changes.values():
        if not change.over or change.outcome not in OUTCOMES or change.reason not in CHANGE:
            yield "end", str(change)
        if change.outcome == "failure" and (change.reason in INFRASTRUCTURE or change.reason in ("DENIED", "ASKED", "")):
            yield "blame", str(change)
        if change.outcome != "success" and not change.reason:
            yield "reasons", str(change)
    for approval in catalogue.approvals.values():
        if approval.open:
            yield "end", str(approval)
    for service in catalogue.services.values():
        taken = [change for change in catalogue.changes.values() if change.name == service.name and change.taken_over]
        if service.current is not None and (not taken or taken[-1].desired.what != service.current.what):
            yield "gate", f"{service.name} is {service.current.what}, which has not taken over"


def _retrainings(world: World) -> Iterator[tuple[str, str]]:
    for name, one in world.platform.retraining._state.deployed.items():
        if one.going is not None or one.state.in_flight:
            yield "end", f"retraining of {name} goes on: {one.going}"
        for waiting in one.state.waiting.values() if one.spec is not None else ():
            yield "end", f"{waiting} of {name} waits"
        for past in one.past:
            if past.outcome not in OUTCOMES or past.reason not in list(RetrainingReason):
                yield "end", str(past)
