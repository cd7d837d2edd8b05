"""A change of a deployment, from being asked for to its end, and the service that it changes: the state of continuous delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from ....canonical import frozen
from ....units import format_seconds
from ...record_shapes import ensure
from .gate import Approval, GateRule
from .specs import Desired


class Mode(StrEnum):
    """How a change came to be."""

    DEPLOY = "deploy"
    """Continuously, without a gate."""
    DELIVER = "deliver"
    """By an approval."""
    ROLLBACK = "rollback"
    """Back to an earlier version."""


class State(StrEnum):
    """Where a change is."""

    WAITING = "waiting"
    """Another change of the service is under way."""
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Change:
    """A deployment of a version, as of the instant at which it was asked for.

    `id`: from 1. `desired`: what it shall come to; `old`: what was there when it began. `asked_s`, `begun_s`, `ended_s`: s. `asked_by`:
    an id; `acting`: in whose name it goes on. `approval`: its number, 0 for none. `commit`: of the desired state, empty for a call.
    `shifted`: whether its version has had traffic. `taken_over`: whether it has all of it. `outcome`: success, failure (the version is
    wrong), error (something else was), cancelled; empty before the end. `reason`: a word.
    """

    id: int
    desired: Desired
    mode: Mode
    asked_s: float
    asked_by: str
    acting: str
    approval: int = 0
    commit: str = ""
    state: State = State.WAITING
    old: Desired | None = None
    begun_s: float | None = None
    ended_s: float | None = None
    shifted: bool = False
    taken_over: bool = False
    outcome: str = ""
    reason: str = ""

    @property
    def name(self) -> str:
        """The deployment's."""
        return self.desired.name

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state is State.ENDED

    def __str__(self) -> str:
        end = f"{self.outcome}{f' ({self.reason})' if self.reason else ''}" if self.over else self.state.value
        took = f" after {format_seconds(self.ended_s - self.asked_s)}" if self.ended_s is not None else ""
        return f"{self.mode.value} {self.id} of {self.desired.what} to {self.name} in {self.desired.zone}: {end}{took}"


@dataclass(slots=True)
class Service:
    """A deployment `project/name`. `current`: what it is; None for nothing (yet). `kept`: the one before, whose replicas are kept until
    `kept_until_s`. `changes`: their ids, the latest last."""

    name: str
    zone: str
    current: Desired | None = None
    kept: Desired | None = None
    kept_until_s: float = 0.0
    changes: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Tracked:
    """Where the desired state of a project is kept: a folder of a branch of a repository. `by`: the id of who said so."""

    repository: str
    branch: str
    folder: str
    by: str


class Catalogue:
    """All services, changes, approvals and rules; a fold of the journal."""

    def __init__(self) -> None:
        self.services: dict[str, Service] = {}
        self.changes: dict[int, Change] = {}
        self.approvals: dict[int, Approval] = {}
        self.gates: dict[str, GateRule] = {}
        self.accounts: dict[str, str] = {}
        self.tracked: dict[str, Tracked] = {}

    def apply(self, record: Mapping[str, Any]) -> None:
        """Change the state as a record says."""
        what, time, actor = record["what"], record["time"], record["actor"]
        match what:
            case "gated":
                if record["rule"] is None:
                    self.gates.pop(record["zone"], None)
                else:
                    self.gates[record["zone"]] = GateRule(**record["rule"])
            case "account":
                if record["account"]:
                    self.accounts[record["project"]] = record["account"]
                else:
                    self.accounts.pop(record["project"], None)
            case "tracked":
                self.tracked[record["project"]] = Tracked(record["repository"], record["branch"], record["folder"], actor)
            case "untracked":
                del self.tracked[record["project"]]
            case "approval.created":
                number = record["number"]
                ensure(number == len(self.approvals) + 1, f"approval {number} is not the next one")
                self.approvals[number] = Approval(
                    number,
                    Desired.from_dict(record["desired"]),
                    time,
                    actor,
                    tuple(record["authors"]),
                    frozen(record["evidence"]),
                    frozen(record["difference"]),
                    record["expires_s"],
                    record["four_eyes"],
                )
            case "approval.closed":
                self.approvals[record["number"]] = self.approvals[record["number"]].closed(
                    record["decision"], actor, time, record["comment"]
                )
            case "asked":
                number, desired = record["id"], Desired.from_dict(record["desired"])
                ensure(number == len(self.changes) + 1, f"change {number} is not the next one")
                service = self.services.setdefault(desired.name, Service(desired.name, desired.zone))
                ensure(service.zone == desired.zone, f"{desired.name} is in {service.zone}")
                more = record["acting"], record["approval"], record["commit"]
                self.changes[number] = Change(number, desired, Mode(record["mode"]), time, actor, *more)
                service.changes.append(number)
            case "begun":
                old = None if record["old"] is None else Desired.from_dict(record["old"])
                self._change(record, state=State.RUNNING, old=old, begun_s=time)
            case "shifted":
                self._change(record, shifted=True)
            case "taken_over":
                change = self._change(record, taken_over=True)
                service = self.services[change.name]
                if service.current is not None and service.current.what != change.desired.what:
                    service.kept, service.kept_until_s = service.current, record["kept_until_s"]
                service.current = change.desired
            case "ended":
                self._change(record, state=State.ENDED, ended_s=time, outcome=record["outcome"], reason=record["reason"])
            case "dropped":
                self.services[record["name"]].kept = None
            case "removed":
                service = self.services[record["name"]]
                service.current = service.kept = None

    def _change(self, record: Mapping[str, Any], **values: Any) -> Change:
        found = self.changes[record["id"]] = replace(self.changes[record["id"]], **values)
        return found

    def under_way(self, name: str) -> list[Change]:
        """The changes of a service that are not over, in the order in which they were asked for; the first may have begun."""
        service = self.services.get(name)
        return [] if service is None else [self.changes[number] for number in service.changes if not self.changes[number].over]

    def had_any(self, name: str) -> bool:
        """Whether a version has ever taken a service over."""
        service = self.services.get(name)
        return service is not None and any(self.changes[number].taken_over for number in service.changes)

    def last_stated(self, name: str, kind: str) -> Desired | None:
        """What was last asked for under a name, of a kind, other than to go back; None for nothing."""
        service = self.services.get(name)
        asked = [] if service is None else [self.changes[number] for number in service.changes]
        stated = [each.desired for each in asked if each.mode is not Mode.ROLLBACK and each.desired.kind == kind]
        return stated[-1] if stated else None

    def versions_of(self, name: str) -> list[Desired]:
        """What a service has been, the latest last: without what was refused or went back before it took over, or in that instant."""
        taken = [self.changes[number] for number in self.services[name].changes]
        return [change.desired for change in taken if change.taken_over and change.outcome != "failure"]
