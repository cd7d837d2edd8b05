"""Rules of promotion: what must be so before a version gets an alias or a stage. Written as text, such as `auc >= 0.8`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

from ....errors import OptionError, printable
from ...identity.rights import Right
from .stages import Stage, stage_of
from .versions import ModelVersion

_NAME = r"([A-Za-z0-9][-._A-Za-z0-9]{0,100})"
_NUMBER = r"([-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?)"
_METRIC = re.compile(rf"{_NAME}\s*(>=|<=|>|<|==)\s*{_NUMBER}", re.ASCII)
_NOT_WORSE = re.compile(rf"{_NAME} not worse than @{_NAME}(?: by {_NUMBER})?(?: \((higher|lower) is better\))?", re.ASCII)
_RIGHT = re.compile(r"right ([a-z]+)", re.ASCII)
_STAGE = re.compile(r"stage ([a-z]+)", re.ASCII)
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}


class Verdict(NamedTuple):
    """What became of one rule, and why in words."""

    rule: str
    passed: bool
    why: str

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        return f"{'passed' if self.passed else 'failed'}: {self.rule} ({self.why})"


class Situation(NamedTuple):
    """What rules look at: the versions that aliases point to, and which rights who promotes holds on the version."""

    aliases: Mapping[str, ModelVersion]
    rights: frozenset[Right]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of promotion.

    `<metric> >= <number>` (also `<=`, `>`, `<`, `==`); `<metric> not worse than @<alias>[ by <number>][ (lower is better)]`, which holds
    while nothing has the alias; `right <right>`, of who promotes; `stage <stage>`, before; `signature`; `run`, so that no external
    version passes.

    >>> str(Rule.parse("loss not worse than @champion by 0.010 (lower is better)"))
    'loss not worse than @champion by 0.01 (lower is better)'
    """

    kind: str
    name: str = ""
    sign: str = ""
    number: float = 0.0

    @classmethod
    def parse(cls, text: object) -> Rule:
        """From its text. Raises OptionError."""
        if isinstance(text, Rule):
            return text
        if isinstance(text, str):
            if text in ("signature", "run"):
                return cls(text)
            if found := _METRIC.fullmatch(text):
                return cls("metric", found[1], found[2], _number(found[3], text))
            if found := _NOT_WORSE.fullmatch(text):
                number = _number(found[3] or "0", text)
                if number < 0:
                    raise OptionError(f"rule {text!r}: expected a number of at least 0")
                return cls("not worse", f"{found[1]}@{found[2]}", found[4] or "higher", number)
            if found := _STAGE.fullmatch(text):
                return cls("stage", stage_of(found[1]).value)
            if (found := _RIGHT.fullmatch(text)) and found[1] in {right.value for right in Right}:
                return cls("right", found[1])
        raise OptionError(
            f"rule {printable(str(text)[:80])!r}: expected such as 'auc >= 0.8', 'auc not worse than @champion by 0.01', "
            "'loss not worse than @champion (lower is better)', 'right approve', 'stage staging', 'signature' or 'run'"
        )

    def __str__(self) -> str:
        match self.kind:
            case "metric":
                return f"{self.name} {self.sign} {self.number!r}"
            case "not worse":
                metric, _, alias = self.name.partition("@")
                by = f" by {self.number!r}" if self.number else ""
                return f"{metric} not worse than @{alias}{by}" + (" (lower is better)" if self.sign == "lower" else "")
            case "right" | "stage":
                return f"{self.kind} {self.name}"
        return self.kind

    def judge(self, version: ModelVersion, situation: Situation) -> Verdict:
        """Whether the rule holds for a version."""
        passed, why = getattr(self, "_" + self.kind.replace(" ", "_"))(version, situation)
        return Verdict(str(self), passed, why)

    def _metric(self, version: ModelVersion, situation: Situation) -> tuple[bool, str]:
        value = version.metrics.get(self.name)
        if value is None:
            return False, f"{self.name} is not known"
        return _COMPARE[self.sign](value, self.number), f"{self.name} is {value!r}"

    def _not_worse(self, version: ModelVersion, situation: Situation) -> tuple[bool, str]:
        metric, _, alias = self.name.partition("@")
        other, value = situation.aliases.get(alias), version.metrics.get(metric)
        if value is None:
            return False, f"{metric} is not known"
        if other is None:
            return True, f"nothing is @{alias}"
        if other.version == version.version:
            return True, f"it is @{alias}"
        theirs = other.metrics.get(metric)
        if theirs is None:
            return False, f"{metric} of @{alias} is not known"
        fine = value >= theirs - self.number if self.sign == "higher" else value <= theirs + self.number
        return fine, f"{metric} is {value!r}, of @{alias} {theirs!r}"

    def _right(self, version: ModelVersion, situation: Situation) -> tuple[bool, str]:
        return Right(self.name) in situation.rights, "by what who promotes was granted"

    def _stage(self, version: ModelVersion, situation: Situation) -> tuple[bool, str]:
        return version.stage is Stage(self.name), f"stage is {version.stage.value}"

    def _signature(self, version: ModelVersion, situation: Situation) -> tuple[bool, str]:
        return version.signature is not None, "known" if version.signature is not None else "none is known"

    def _run(self, version: ModelVersion, situation: Situation) -> tuple[bool, str]:
        return version.run is not None, f"run is {version.run}" if version.run is not None else "it is external"


def _number(text: str, rule: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise OptionError(f"rule {rule!r}: expected a finite number")
    return number
