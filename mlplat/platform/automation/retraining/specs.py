"""What is said of a pipeline that is run again by itself, and of the triggers that lead to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, NamedTuple

from ....canonical import frozen
from ....errors import OptionError, UnknownNameError, printable
from ....streams import check_seed
from ....units import seconds
from ...references import Reference, whole_name
from .policy import RetrainingPolicy

INCIDENTS = ("drift", "degradation", "latency")
_EMPTY: Mapping[str, Any] = MappingProxyType({})


class TriggerSpec(NamedTuple):
    """What leads to a retraining: `kind`, and `what` it is about: a dataset, a watch of the Monitoring System, or a period (s)."""

    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.what}"

    @classmethod
    def parse(cls, text: object) -> TriggerSpec:
        """From its text. Raises OptionError, UnknownNameError.

        >>> TriggerSpec.parse("drift:shop/churn"), str(TriggerSpec.parse("schedule:1d"))
        (TriggerSpec(kind='drift', what='shop/churn'), 'schedule:86400')
        """
        if not isinstance(text, str) or ":" not in text:
            raise OptionError(f"trigger {printable(str(text)[:60])!r}: expected a kind and what, such as 'dataset:shop/clicks'")
        kind, _, what = text.partition(":")
        if kind == "schedule":
            period = seconds(what)
            if period <= 0:
                raise OptionError(f"trigger {printable(text[:60])!r}: expected a time above 0")
            return cls(kind, f"{period:g}")
        if kind != "dataset" and kind not in INCIDENTS:
            raise UnknownNameError("trigger", printable(kind[:40]), ("dataset", *INCIDENTS, "schedule"))
        return cls(kind, whole_name(what).path)


@dataclass(frozen=True, slots=True)
class Retrained:
    """How a deployed pipeline is run again.

    `name`: of the deployment, `project/name`. `account`: the id of the service account as which it runs. `policy`: see `RetrainingPolicy`.
    `data`: versions by input of the pipeline; one without a version is the newest then, and the window of an alarm where it is of that
    dataset. `parameters`, `seed`: of the run. `output`: the name of the pipeline's output that is the model. `current`: what the candidate
    is compared with, such as `shop/churn@production`. `held_out`: the dataset both are measured on, its column `target`, by `measure`;
    empty to take what the pipeline itself has found. `deploy`: the deployment into which a candidate that is good enough is brought;
    empty for none. `smoke`: {data, parameters} of the run by which a new version of the pipeline is tried.
    """

    name: str
    account: str
    policy: RetrainingPolicy = field(default_factory=RetrainingPolicy)
    data: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    output: str = "model"
    current: str = ""
    held_out: str = ""
    target: str = ""
    measure: str = "auc"
    deploy: str = ""
    smoke: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "name", whole_name(self.name).path)
        if not isinstance(self.policy, RetrainingPolicy):
            raise OptionError(f"policy: a {type(self.policy).__name__}; expected a RetrainingPolicy")
        for name in ("data", "parameters", "smoke"):
            given = frozen(getattr(self, name), name)
            if not isinstance(given, Mapping):
                raise OptionError(f"{name}: expected values by name")
            put(self, name, given)
        for input, ref in self.data.items():
            if not isinstance(ref, str):
                raise OptionError(f"data[{printable(input[:40])!r}]: expected the name of a dataset")
            Reference.parse(ref)
        unknown = sorted(self.smoke.keys() - {"data", "parameters"})
        if unknown:
            raise UnknownNameError("key of smoke:", printable(unknown[0][:40]), ("data", "parameters"))
        put(self, "seed", check_seed(self.seed))
        if bool(self.held_out) != bool(self.target):
            raise OptionError("held_out and target go together: the dataset, and its column that is predicted")
        for name in ("current", "held_out", "deploy"):
            if getattr(self, name):
                Reference.parse(getattr(self, name))
        for name in ("output", "target", "measure"):
            given = getattr(self, name)
            if not isinstance(given, str) or len(given) > 200:
                raise OptionError(f"{name}: expected text")

    def to_json(self) -> dict[str, Any]:
        """What `from_json` makes the same of."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return said | {"policy": self.policy.to_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Retrained:
        """From `to_json`. Raises OptionError."""
        return cls(**{**value, "policy": RetrainingPolicy.from_json(value["policy"])})
