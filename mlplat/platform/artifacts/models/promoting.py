"""Promoting models: aliases and stages that move, and the rules that must hold before they do."""

from __future__ import annotations

from collections.abc import Iterable

from ....errors import MlplatError, UnknownNameError, printable
from ...component import call
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import whole_name
from ..wording import check_several
from .calls import ModelCalls
from .rules import Rule, Situation
from .stages import TRANSITIONS, StageError, stage_of
from .statements import check_alias, check_target
from .versions import ModelVersion, Promotion


class PromotionError(MlplatError):
    """A version does not pass the rules of an alias or stage. Attribute: `promotion`, with the verdict of each rule."""

    def __init__(self, promotion: Promotion) -> None:
        self.promotion = promotion
        failed = "; ".join(f"{verdict.rule} ({verdict.why})" for verdict in promotion.verdicts if not verdict.passed)
        super().__init__(f"{promotion.version} does not become {promotion.target}: {printable(failed)[:500]}")


class Promoting(ModelCalls):
    """Aliases, stages and rules of models."""

    @call(Right.ADMIN)
    def set_rules(self, name: str, target: str, rules: Iterable[str | Rule], *, actor: Actor) -> None:
        """What must hold before a version becomes `target`, an alias (`@champion`) or a stage (`production`), in place of what had to; `[]`
        for nothing. See `Rule`. Raises OptionError, UnknownNameError.
        """
        reference = whole_name(name)
        self._check_project(reference.project, actor)
        said = [str(Rule.parse(rule)) for rule in check_several(rules, "rules", "['auc >= 0.8']")]
        at = check_target(target)
        if said or at in self._catalogue.get(reference.path).rules:
            self._keep(self._record("ruled", actor, name=reference.path, target=at, rules=said))

    @call(Right.WRITE)
    def promote(self, version: str, target: str, *, zone: str = "", actor: Actor) -> Promotion:
        """Let a version become `target`, an alias (`@champion`) or a stage (`production`), if the rules of the model allow it.

        Takes `write` on the model. The answer has the verdict of each rule; one that failed has changed nothing. Event `alias.moved`
        {kind, alias, before, after} or `stage.moved`. `zone`: in which a `right` rule wants the right. Raises UnknownNameError, StageError.
        """
        return self._promote(self._find(version, actor), check_target(target), zone, actor)

    @call(Right.WRITE)
    def set_alias(self, version: str, alias: str, *, zone: str = "", actor: Actor) -> ModelVersion:
        """Let an alias point to a version. As `promote`, but raises PromotionError where a rule fails."""
        promotion = self._promote(self._find(version, actor), "@" + check_alias(alias), zone, actor)
        if not promotion:
            raise PromotionError(promotion)
        return promotion.version

    @call(Right.WRITE)
    def set_stage(self, version: str, stage: str, *, zone: str = "", actor: Actor) -> ModelVersion:
        """Let a version go to a stage. As `promote`, but raises PromotionError where a rule fails."""
        promotion = self._promote(self._find(version, actor), stage_of(stage).value, zone, actor)
        if not promotion:
            raise PromotionError(promotion)
        return promotion.version

    @call(Right.WRITE)
    def remove_alias(self, name: str, alias: str, *, actor: Actor) -> None:
        """Let an alias point to nothing. Event `alias.moved`. Raises UnknownNameError."""
        path, known = whole_name(name).path, self._catalogue.get(whole_name(name).path).aliases
        if check_alias(alias) not in known:
            raise UnknownNameError("alias", alias, known)
        self._move(path, check_alias(alias), None, actor)

    # -- inside

    def _promote(self, version: ModelVersion, target: str, zone: str, actor: Actor) -> Promotion:
        model = self._catalogue.get(version.name)
        rules = [Rule.parse(rule) for rule in model.rules.get(target, ())]
        held = self._held(actor, [Right(rule.name) for rule in rules if rule.kind == "right"], version.resource, zone)
        situation = Situation({alias: model.versions[number] for alias, number in model.aliases.items()}, held)
        if not target.startswith("@"):
            after = stage_of(target)
            if after is not version.stage and after not in TRANSITIONS[version.stage]:
                raise StageError(version.stage, after)
        verdicts = tuple(rule.judge(version, situation) for rule in rules)
        if not all(verdicts):
            return Promotion(self._shown(version, actor), target, False, verdicts)
        if target.startswith("@"):
            self._move(version.name, target[1:], version.version, actor)
        elif target != version.stage:
            self._keep(self._record("staged", actor, name=version.name, version=version.version, stage=target))
            data = {"kind": self.KIND, "before": version.stage.value, "after": target}
            self._emit(version.resource, "stage.moved", actor, data)
        return Promotion(self._shown(self._catalogue.version(version.name, version.version), actor), target, True, verdicts)

    def _held(self, actor: Actor, rights: Iterable[Right], resource: str, zone: str) -> frozenset[Right]:
        """Which of the rights that rules ask for the caller holds. The decisions are in the audit log."""
        authorization, token = self._authorization, self._authorization.caller(actor).token
        decisions = [authorization.decide(actor, right, resource, zone) for right in dict.fromkeys(rights)]
        for decision in decisions:
            authorization.note(decision, f"{self.SOURCE}.promote", token)
        return frozenset(decision.right for decision in decisions if decision)

    def _move(self, path: str, alias: str, number: int | None, actor: Actor) -> None:
        before = self._catalogue.get(path).aliases.get(alias)
        if before != number:
            self._keep(self._record("alias.moved", actor, name=path, alias=alias, version=number))
            data = {"kind": self.KIND, "alias": alias, "before": before, "after": number}
            self._emit(f"{self.KIND}:{path}", "alias.moved", actor, data)
