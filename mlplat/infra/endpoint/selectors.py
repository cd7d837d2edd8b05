"""Choosing workloads: by labels (as in Kubernetes), zone and status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ...errors import OptionError
from ..workload_spec import check_labels

_REQUIREMENT = re.compile(r"(?P<absent>!)?(?P<key>[^\s=!,]+)(?:\s*(?P<sign>==|=|!=)\s*(?P<value>[^\s=!,]*))?")


class LabelRule(NamedTuple):
    """One condition on labels. `value` None asks for the key alone; `wanted` False turns the condition round."""

    key: str
    value: str | None
    wanted: bool

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it; an absent key differs from every value."""
        met = self.key in labels if self.value is None else labels.get(self.key) == self.value
        return met is self.wanted


class Selector(NamedTuple):
    """Which workloads are meant; every part that is given must hold."""

    labels: tuple[LabelRule, ...] = ()
    zone: str | None = None
    status: frozenset[str] | None = None

    def chooses(self, labels: Mapping[str, str], zone: str, status: str) -> bool:
        """Whether a workload with these is meant."""
        return (
            (self.zone is None or zone == self.zone)
            and (self.status is None or status in self.status)
            and all(rule.holds(labels) for rule in self.labels)
        )


def label_rules(given: str | Mapping[str, str] | None) -> tuple[LabelRule, ...]:
    """The conditions of a mapping, or of text such as `"app=web,tier!=test,team,!old"`. Raises OptionError.

    >>> label_rules("app=web,!old")
    (LabelRule(key='app', value='web', wanted=True), LabelRule(key='old', value=None, wanted=False))
    """
    if given is None or (isinstance(given, str) and not given):
        return ()
    if isinstance(given, Mapping):
        if not all(isinstance(part, str) for pair in given.items() for part in pair):
            raise OptionError("labels: expected a mapping of text to text")
        return tuple(LabelRule(key, value, True) for key, value in given.items())
    if not isinstance(given, str):
        raise OptionError(f"labels={given!r:.60}: expected a mapping, or text such as 'app=web,tier!=test'")
    return tuple(map(_rule, given.split(",")))


def workload_rules(given: str | Mapping[str, str] | tuple[LabelRule, ...] | None) -> tuple[LabelRule, ...]:
    """`label_rules`, or conditions as they are, on labels that a workload can have: as Kubernetes wants them. Raises OptionError.

    >>> workload_rules({"app": "web"})
    (LabelRule(key='app', value='web', wanted=True),)
    """
    is_read = isinstance(given, tuple) and all(isinstance(rule, LabelRule) for rule in given)
    rules: tuple[LabelRule, ...] = given if is_read else label_rules(given)  # type: ignore[assignment, arg-type]
    for rule in rules:
        check_labels({rule.key: rule.value or ""})
    return rules


def written_rule(rule: LabelRule) -> str:
    """A condition as text that reads back equal.

    >>> written_rule(LabelRule("old", None, False))
    '!old'
    """
    if rule.value is None:
        return rule.key if rule.wanted else f"!{rule.key}"
    return f"{rule.key}{'=' if rule.wanted else '!='}{rule.value}"


def _rule(text: str) -> LabelRule:
    found = _REQUIREMENT.fullmatch(text.strip())
    if found is None or (found["absent"] and found["sign"]):
        raise OptionError(f"labels: {ascii(text)[:60]} is no condition; expected 'key=value', 'key!=value', 'key' or '!key'")
    if found["sign"] is None:
        return LabelRule(found["key"], None, not found["absent"])
    return LabelRule(found["key"], found["value"], found["sign"] != "!=")
