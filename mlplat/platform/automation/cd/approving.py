"""Delivery: a version is brought to the gate of a zone, and goes in when somebody who may has approved it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ....canonical import frozen
from ....units import Duration, seconds
from ...artifacts.wording import check_words
from ...component import call, call_of_anybody, principal_of
from ...identity.authorization import Actor
from ...identity.rights import Right
from .calls import PRODUCTION
from .changes import Mode
from .errors import ApprovalError
from .evidence import Evidence
from .gate import SENTENCES, Approval, Decision, GateRule
from .rollouts.strategies import Strategy
from .specs import Desired


class Approving(Evidence):
    """Continuous delivery, as far as it waits for people."""

    @call(Right.ADMIN, "zone")
    def set_gate(
        self, *, zone: str, required: bool = True, four_eyes: bool = True, expires: Duration = "7d", tests: bool = False, actor: Actor
    ) -> GateRule:
        """What goes into a zone from now on: see `GateRule`. With `required=False` it may be deployed without an approval, too."""
        entry = self._entry(zone, actor)
        rule = GateRule(required, four_eyes, seconds(expires), tests)
        self._keep(self._record("gated", actor, zone=entry.name, rule=rule.to_dict()))
        return rule

    @call(Right.READ, "zone")
    def gate(self, *, zone: str, actor: Actor) -> GateRule:
        """What a zone asks of what goes into it."""
        return self._gate(self._entry(zone, actor).name)

    @call(Right.DEPLOY)
    def deliver(
        self,
        name: str,
        what: str,
        *,
        zone: str | None = None,
        replicas: int | None = None,
        strategy: Strategy | str | Mapping[str, Any] | None = None,
        alias: str | None = PRODUCTION,
        options: Mapping[str, Any] | None = None,
        triggers: Iterable[str] | None = None,
        tests: Iterable[Mapping[str, Any]] = (),
        actor: Actor,
    ) -> Approval:
        """Bring a version to the gate of a zone, and no further. Approved, it is deployed as by `deploy`, which has the arguments.

        `tests`: of it that were made elsewhere, `{"name": …, "outcome": …}`; those that the platform knows are found. What the reference
        means is settled here. Event `approval.created` {approval, zone, kind, digest, evidence, difference, expires_s}.

        Raises GateError for a version of which a test has failed, and what `deploy` raises.
        """
        said: dict[str, Any] = {"replicas": replicas, "strategy": strategy, "alias": alias, "options": options, "triggers": triggers}
        desired = self._desired(name, what, zone, actor, call="cd.deliver", **said)
        return self._open(desired, actor, tests)

    @call(Right.APPROVE)
    def approve(self, approval: int, *, comment: str = "", actor: Actor) -> Approval:
        """Let a version in. It is deployed at once, or when its turn has come. Event `approval.closed` {decision, zone}.

        Raises ApprovalError for an approval that is closed, and for one of the caller's own where four eyes are wanted.
        """
        return self._decide(approval, Decision.GRANTED, comment, actor)

    @call(Right.APPROVE)
    def deny(self, approval: int, *, comment: str = "", actor: Actor) -> Approval:
        """Keep a version out. Event `approval.closed` {decision, zone}. Raises ApprovalError for one that is closed."""
        return self._decide(approval, Decision.DENIED, comment, actor)

    @call_of_anybody
    def approvals(self, project: str | None = None, *, open_only: bool = False, actor: Actor) -> tuple[Approval, ...]:
        """What waits at gates or did, as far as the caller may read the deployment, the oldest first."""
        return tuple(
            each
            for each in self._catalogue.approvals.values()
            if (project is None or each.desired.project == project)
            and (each.open or not open_only)
            and self._authorization.may(actor, Right.READ, self._place(each.desired.name, each.desired.zone), each.desired.zone)
        )

    # -- inside

    def _open(self, desired: Desired, actor: Actor, tests: Iterable[Mapping[str, Any]]) -> Approval:
        evidence = self._evidence(desired, actor, tests)
        self._check_evidence(desired, evidence)
        self._check_alias(desired, actor, "cd.deliver")
        self._fetch(desired, actor)
        rule, difference = self._gate(desired.zone), frozen(self._difference(desired, actor))
        number = len(self._catalogue.approvals) + 1
        expires = self._sim.now + rule.expires_s
        self._keep(
            self._record(
                "approval.created",
                actor,
                number=number,
                desired=desired.to_dict(),
                authors=list(self._authors(desired, actor)),
                evidence=[dict(each) for each in evidence],
                difference=difference,
                expires_s=expires,
                four_eyes=rule.four_eyes,
            )
        )
        self._expire_later(number)
        said = {"zone": desired.zone, "kind": desired.kind, desired.kind: desired.resource, "digest": desired.digest}
        told = {"approval": number, **said, "evidence": evidence, "difference": difference, "expires_s": expires}
        self._emit(f"{self.KIND}:{desired.name}", "approval.created", actor, told)
        return self._catalogue.approvals[number]

    def _decide(self, number: int, decision: Decision, comment: str, actor: Actor) -> Approval:
        found, principal = self._catalogue.approvals[number], principal_of(actor)
        refusal = found.refusal(principal.id, decision, self._sim.now)
        if refusal is not None:
            raise ApprovalError(number, SENTENCES[refusal])
        self._close(number, decision, check_words(comment, "comment", empty=True), principal)
        return self._catalogue.approvals[number]

    def _close(self, number: int, decision: Decision, comment: str, by: Any) -> None:
        """Close an approval, and of a granted one ask for the deployment: both are kept at once."""
        approval = self._catalogue.approvals[number]
        desired = approval.desired
        records = [self._record("approval.closed", by, number=number, decision=decision.value, comment=comment)]
        change = 0
        if decision is Decision.GRANTED:
            asker = self._principal(approval.asked_by)
            assert asker is not None
            commit = self._tracker.write(desired, self._acting(desired, asker), f"Deploy {desired.what} to {desired.name}")  # type: ignore[attr-defined]
            asked = self._asked(desired, Mode.DELIVER, asker, approval=number, commit=commit)  # type: ignore[attr-defined]
            change = asked["id"]
            records.append(asked)
        self._keep(*records)
        said = {"approval": number, "decision": decision.value, "zone": desired.zone, desired.kind: desired.resource}
        try:
            event = self._emit(f"{self.KIND}:{desired.name}", "approval.closed", by, {**said, "digest": desired.digest})
            cause: Any = self._sim.log.cause_id(event)
        except BaseException:
            if change:
                self._begin_soon(change, None)  # type: ignore[attr-defined]
            raise
        if change:
            self._begin_soon(change, cause)  # type: ignore[attr-defined]

    def _expire_later(self, number: int) -> None:
        expires = self._catalogue.approvals[number].expires_s
        with self._sim.caused_by(None):
            self._sim.at(max(self._sim.now, expires), self._expire, number)

    def _expire(self, number: int) -> None:
        if self._catalogue.approvals[number].open:
            self._close(number, Decision.EXPIRED, "", "system")
