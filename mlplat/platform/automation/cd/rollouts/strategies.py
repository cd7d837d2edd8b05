"""Strategies of a rollout: rolling, blue/green and canary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from .....errors import OptionError, UnknownNameError, printable
from .....units import seconds
from ..judging import CanaryPolicy


@dataclass(frozen=True, slots=True)
class Strategy:
    """What all strategies have.

    `surge`: how many replicas there may be above those that are wanted; None for as many as both versions need. `unavailable`: how many
    of those wanted may be missing: ready replicas never fall below that by what a rollout does. `pending`: how long to wait for replicas
    to become ready, then the old version stays. `keep`: how long the replicas of the old version are kept after a rollout, as far as
    `surge` leaves room. Durations are seconds or text. Raises OptionError.
    """

    KIND: ClassVar[str] = ""

    surge: int | None = None
    unavailable: int = 0
    pending: float = 3600.0
    keep: float = 3600.0

    def __post_init__(self) -> None:
        for name in ("pending", "keep"):
            object.__setattr__(self, name, seconds(getattr(self, name)))
        for name in ("surge", "unavailable"):
            found = getattr(self, name)
            if not (found is None and name == "surge") and (type(found) is not int or not 0 <= found < 2**31):
                raise OptionError(f"{name}={printable(repr(found)[:40])}: expected a number of replicas")
        if self.surge == 0 and self.unavailable == 0:
            raise OptionError("surge=0: then nothing can move unless a replica may be missing; expected unavailable=1 or more")

    def check(self, replicas: int) -> None:
        """That it can be followed with so many replicas. Raises OptionError."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values, from which `strategy_of` makes the same."""
        found = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "policy"}
        policy = getattr(self, "policy", None)
        return {"kind": self.KIND, **found} | ({} if policy is None else {"policy": policy.to_dict()})


@dataclass(frozen=True, slots=True)
class Rolling(Strategy):
    """Replicas are replaced a few at a time, traffic follows the ready ones (as a Deployment of Kubernetes). Nothing is judged.

    >>> Rolling(surge=0, unavailable=1).surge
    0
    """

    KIND: ClassVar[str] = "rolling"

    surge: int | None = 1


@dataclass(frozen=True, slots=True)
class BlueGreen(Strategy):
    """All of the new version is made ready beside the old, then gets all traffic at once. `policy`: how it is judged then, in one step,
    against the old version before; None for not at all."""

    KIND: ClassVar[str] = "blue-green"

    policy: CanaryPolicy | None = None

    def __post_init__(self) -> None:
        Strategy.__post_init__(self)
        if self.surge is not None:
            raise OptionError("surge: blue/green needs room for both versions; expected another strategy")
        if self.policy is not None and self.policy.steps != (1.0,):
            raise OptionError("policy: blue/green has one step; expected CanaryPolicy(steps=(1.0,), …)")


@dataclass(frozen=True, slots=True)
class Canary(Strategy):
    """Traffic goes over in steps, each of which is judged; see `CanaryPolicy`. With `surge=0` replicas are replaced one by one, and one of
    the old version stays until the end. Raises OptionError for what cannot be followed.

    >>> Canary(surge=0, unavailable=1).policy.steps
    (0.05, 0.25, 0.5, 1.0)
    """

    KIND: ClassVar[str] = "canary"

    policy: CanaryPolicy = field(default_factory=CanaryPolicy)

    def check(self, replicas: int) -> None:
        """That it can be followed with so many replicas. Raises OptionError."""
        if self.surge == 0 and replicas < 2:
            raise OptionError("surge=0: a canary keeps a replica of each version; expected 2 replicas or more, or a rolling rollout")


_KINDS: dict[str, type[Strategy]] = {kind.KIND: kind for kind in (Rolling, BlueGreen, Canary)}


def strategy_of(given: Strategy | str | Mapping[str, Any] | None) -> Strategy:
    """A strategy by its kind, or from plain values. None for a canary. Raises OptionError, UnknownNameError.

    >>> strategy_of({"kind": "canary", "policy": {"steps": [0.5, 1.0]}}).policy.steps
    (0.5, 1.0)
    """
    if given is None:
        return Canary()
    if isinstance(given, Strategy):
        return given
    values = {"kind": given} if isinstance(given, str) else given
    if not isinstance(values, Mapping):
        raise OptionError(f"strategy: a {type(given).__name__}; expected {', '.join(_KINDS)}")
    kind = values.get("kind", Canary.KIND)
    if not isinstance(kind, str) or kind not in _KINDS:
        raise UnknownNameError("strategy", printable(str(kind)[:60]), _KINDS)
    known = [each.name for each in fields(_KINDS[kind])]
    options: dict[str, Any] = {name: value for name, value in values.items() if name != "kind"}
    for name in options:
        if name not in known:
            raise UnknownNameError(f"option of a {kind} rollout", printable(str(name)[:60]), known)
    policy = options.get("policy")
    if policy is not None and not isinstance(policy, CanaryPolicy):
        if not isinstance(policy, Mapping):
            raise OptionError(f"policy: a {type(policy).__name__}; expected options of a canary by name")
        start = {"steps": (1.0,)} if kind == BlueGreen.KIND else {}
        options["policy"] = CanaryPolicy.from_dict({**start, **policy})
    return _KINDS[kind](**options)
