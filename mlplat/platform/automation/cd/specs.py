"""`Desired`: what a deployment shall be: which version, where, how many, and how it gets there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from ....canonical import canonical_json, frozen
from ....errors import OptionError, printable
from ...references import Reference, check_name, whole_name
from ...storage.digests import digest_of
from .rollouts.strategies import Strategy, strategy_of

MODEL: Final = "model"
PIPELINE: Final = "pipeline"
MOST_REPLICAS: Final = 100_000
_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Desired:
    """A version of a model or pipeline in a zone, once and for all.

    `name`: of the deployment, `project/name`. `kind`: `model` or `pipeline`. `what`: `project/name@version`. `digest`: of its content.
    `alias`: of the model, that moves to the version when it has taken over; empty for none. `options`: for serving. `triggers`: of a
    pipeline.
    """

    name: str
    zone: str
    kind: str
    what: str
    digest: str
    replicas: int = 1
    strategy: Strategy = field(default_factory=lambda: strategy_of(None))
    alias: str = ""
    options: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    triggers: tuple[str, ...] = ()

    @property
    def resource(self) -> str:
        """The version as a resource."""
        return f"{self.kind}:{self.what}"

    @property
    def project(self) -> str:
        """The deployment's."""
        return self.name.partition("/")[0]

    def is_called(self, reference: str) -> bool:
        """Whether a reference, by number or digest, means its version."""
        return reference in (self.what, f"{self.what.partition('@')[0]}@{self.digest}")

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "name": self.name,
            "zone": self.zone,
            "kind": self.kind,
            "what": self.what,
            "digest": self.digest,
            "replicas": self.replicas,
            "strategy": self.strategy.to_dict(),
            "alias": self.alias,
            "options": self.options,
            "triggers": list(self.triggers),
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Desired:
        """From what `to_dict` gave."""
        return cls(**{**given, "strategy": strategy_of(given["strategy"]), "triggers": tuple(given["triggers"])})

    @property
    def seal(self) -> str:
        """A digest of all of it: two that are equal in it are the same."""
        return digest_of(canonical_json(self.to_dict()))


def check_replicas(replicas: object) -> int:
    """Raises OptionError."""
    if type(replicas) is not int or not 1 <= replicas <= MOST_REPLICAS:
        raise OptionError(f"replicas={printable(repr(replicas)[:40])}: expected 1 to {MOST_REPLICAS:,}")
    return replicas


def check_options(options: object) -> Mapping[str, Any]:
    """Raises OptionError."""
    found = frozen(_EMPTY if options is None else options, "options")
    if not isinstance(found, Mapping):
        raise OptionError(f"options: a {type(options).__name__}; expected values by name")
    if len(canonical_json(found)) > 65_536:
        raise OptionError("options: more than 65,536 bytes")
    return found


def check_triggers(triggers: object) -> tuple[str, ...]:
    """Triggers as retraining spells them. Raises OptionError, UnknownNameError.

    >>> check_triggers(["schedule:1d", "dataset:shop/clicks"])
    ('schedule:86400', 'dataset:shop/clicks')
    """
    from ..retraining.specs import TriggerSpec

    if isinstance(triggers, str) or not isinstance(triggers, (list, tuple)):
        raise OptionError(f"triggers: a {type(triggers).__name__}; expected a list of names")
    return tuple(dict.fromkeys(str(TriggerSpec.parse(trigger)) for trigger in triggers))


def parse_what(what: object) -> tuple[str, Reference]:
    """Kind and reference of what is to be deployed; a model unless said. Raises OptionError.

    >>> parse_what("shop/churn@3"), parse_what("pipeline:shop/train@v1")[0]
    (('model', Reference(project='shop', name='churn', version='3')), 'pipeline')
    """
    kind, text = MODEL, what
    if isinstance(what, str) and ":" in what.partition("/")[0]:
        kind, _, text = what.partition(":")
    if kind not in (MODEL, PIPELINE):
        raise OptionError(f"{printable(kind[:40])}: expected a model or a pipeline, such as 'model:shop/churn@3'")
    return kind, Reference.parse(text)


def full_name(name: object, zone: str, in_development: bool) -> str:
    """The name of a deployment: of one in a development zone with the zone's, so that it is never taken for that in production.

    >>> full_name("shop/api", "ada-dev", True), full_name("shop/api", "shop-prod", False)
    ('shop/api.ada-dev', 'shop/api')
    """
    found = whole_name(name)
    if in_development and not found.name.endswith(f".{zone}"):
        check_name(f"{found.name}.{zone}")
        return f"{found.path}.{zone}"
    return found.path
