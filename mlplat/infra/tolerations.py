"""Which taints a workload tolerates, and which nodes it chooses: `Toleration` and `Selection`, as in Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from ..errors import OptionError, UnknownNameError, printable

if TYPE_CHECKING:
    from ..hardware.node_group import Taint

OPERATORS: Final = ("Equal", "Exists")
TaintEffect = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
EFFECTS: Final = get_args(TaintEffect)
MAX_TEXT: Final = 250
"""Characters of a key or value at most."""


@dataclass(frozen=True, slots=True)
class Toleration:
    """What a workload does not mind. `Equal`: taints of this `key` and `value`; `Exists`: of this key whatever the value, or, without a
    key, all. `effect`: only taints of this one, empty for any. Raises OptionError, UnknownNameError.

    >>> from mlplat.hardware import Taint
    >>> Toleration("dedicated", value="training").tolerates(Taint(key="dedicated", value="training"))
    True
    >>> Toleration("dedicated", operator="Exists", effect="NoSchedule").tolerates(Taint(key="dedicated", effect="NoExecute"))
    False
    """

    key: str = ""
    operator: Literal["Equal", "Exists"] = "Equal"
    value: str = ""
    effect: Literal[""] | TaintEffect = ""

    def __post_init__(self) -> None:
        _check_text("key", self.key)
        _check_text("value", self.value)
        if self.operator not in OPERATORS:
            raise UnknownNameError("operator", printable(str(self.operator)[:40]), OPERATORS)
        if self.effect not in ("", *EFFECTS):
            raise UnknownNameError("effect", printable(str(self.effect)[:40]), EFFECTS)
        if self.operator == "Equal" and not self.key:
            raise OptionError("key: expected the key of a taint; operator 'Exists' without a key tolerates all taints")
        if self.operator == "Exists" and self.value:
            raise OptionError(f"value={self.value!r:.60}: operator 'Exists' is of any value; expected none")

    def tolerates(self, taint: Taint) -> bool:
        """Whether it is about this taint."""
        if self.effect and self.effect != taint.effect:
            return False
        if self.operator == "Exists":
            return not self.key or self.key == taint.key
        return self.key == taint.key and self.value == taint.value

    def said(self) -> dict[str, str]:
        """As a mapping, without what is left at its default."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}


class Selection(NamedTuple):
    """Which nodes a workload may be on: those that have all these labels, no taint that it does not tolerate, and are in one of these parts
    of the cluster (`quotas.parts`; None: in any).
    """

    labels: tuple[tuple[str, str], ...]
    tolerations: tuple[Toleration, ...]
    parts: frozenset[int] | None = None

    def untolerated(self, taints: Sequence[Taint]) -> list[Taint]:
        """The taints that keep it away."""
        return [taint for taint in taints if taint.repels and not any(each.tolerates(taint) for each in self.tolerations)]


ANYWHERE: Final = Selection((), ())
"""Every node without taints."""


def selection_of(labels: Mapping[str, str], tolerations: tuple[Toleration, ...]) -> Selection:
    """Equal where the same nodes are meant in other words."""
    return Selection(tuple(sorted(labels.items())), tolerations) if labels or tolerations else ANYWHERE


def check_selector(given: object) -> Mapping[str, str]:
    """A read-only copy of the labels that a node must have. Raises OptionError."""
    if not isinstance(given, Mapping):
        raise OptionError(f"node_selector={given!a:.60}: expected a mapping of labels to values, such as {{'disk': 'ssd'}}")
    for key, value in given.items():
        check_label(key, value)
    return MappingProxyType(dict(given))


def check_label(key: object, value: object) -> None:
    """Raises OptionError for what is no label of a node."""
    _check_text("label", key)
    if not key:
        raise OptionError("label: expected the key of a label of at least one character")
    _check_text(f"label {key!r:.60}", value)


def check_tolerations(given: object) -> tuple[Toleration, ...]:
    """Tolerations, each as one or as a mapping such as `{"key": "dedicated", "value": "a"}`. Raises OptionError, UnknownNameError."""
    if not isinstance(given, (list, tuple)):
        raise OptionError(f"tolerations={given!a:.60}: expected a list, such as [{{'key': 'dedicated', 'operator': 'Exists'}}]")
    return tuple([_toleration(place, each) for place, each in enumerate(given)])


def _toleration(place: int, given: Any) -> Toleration:
    if isinstance(given, Toleration):
        return given
    if not isinstance(given, Mapping):
        raise OptionError(f"tolerations[{place}]={given!a:.60}: expected a mapping with key, operator, value, effect")
    known = [f.name for f in fields(Toleration)]
    for key in given:
        if key not in known:
            raise UnknownNameError(f"key of tolerations[{place}]:", printable(str(key)[:60]), known)
    try:
        return Toleration(**given)
    except UnknownNameError:
        raise
    except OptionError as error:
        raise OptionError(f"tolerations[{place}].{error}") from None


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
        raise OptionError(f"{name}={value!a:.60}: expected printable text of at most {MAX_TEXT} characters")
