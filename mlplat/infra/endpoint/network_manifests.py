"""What a manifest may say of the network: the models of `NetworkService`, `NetworkPolicy` and `Ingress`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from ...errors import MlplatError
from ...hardware.hosts import host_pattern, read_port
from ...hardware.spec_model import PlacedError, SpecModel
from ..network.balancing import BALANCINGS, RoundRobin, check_balancing
from ..network.ingress import Ingress, IngressPath
from ..network.names import check_network_zone
from ..network.policies import NetworkPolicy, Rule
from ..network.services import Service
from .manifest_models import WorkloadName

TEXT: dict[str, Any] = {"type": "string"}
LABELS: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]}
ZONES: dict[str, Any] = {"anyOf": [{"const": "*"}, {"type": "array", "items": TEXT}]}
PORTS: dict[str, Any] = {"type": "array", "items": {"type": "integer"}}


def _read(key: str, check: Callable[[Any], Any]) -> BeforeValidator:
    """Let `check` read a field. Nothing, which YAML makes of a key without a value, is refused: it could be read as everything."""

    def read(value: object) -> Any:
        if value is None:
            raise ValueError("expected a value (found none)")
        try:
            return check(value)
        except MlplatError as error:
            raise ValueError(str(error).removeprefix(f"{key}: ")) from None

    return BeforeValidator(read)


def _list(value: object) -> object:
    if value is None:
        raise ValueError("expected a list (found none); an empty one allows nothing")
    return value


def _yes_or_no(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false (found {value!r:.60})")
    return value


_Port = Annotated[Any, _read("port", read_port), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 65535})]
_Labels = Annotated[Any, _read("selector", lambda given: Rule(selector=given).selector), WithJsonSchema(LABELS)]
_Selector = Annotated[Any, _read("selector", lambda given: Service("x", selector=given).selector), WithJsonSchema(LABELS)]
_DnsZone = Annotated[str, _read("zone", check_network_zone)]
_Balancing = Annotated[str, _read("balancing", check_balancing), WithJsonSchema({"enum": list(BALANCINGS)})]
_Host = Annotated[str, _read("host", host_pattern)]
_Path = Annotated[str, _read("path", lambda given: IngressPath(given, "x").path)]
_Zones = Annotated[Any, _read("zones", lambda given: Rule(zones=given).zones), WithJsonSchema(ZONES)]
_Cidr = Annotated[Any, _read("cidr", lambda given: Rule(cidr=given).cidr), WithJsonSchema(TEXT)]
_Ports = Annotated[Any, _read("ports", lambda given: Rule(ports=given).ports), WithJsonSchema(PORTS)]


class NetworkMetadata(SpecModel):
    """Which it is of its zone."""

    name: WorkloadName


class NetworkServiceSpec(SpecModel):
    """Whom a name leads to."""

    selector: _Selector
    zone: _DnsZone = ""
    port: _Port = 80
    target_port: _Port = None
    balancing: _Balancing = RoundRobin.name


class RuleSpec(SpecModel):
    """Which other ends are allowed, and on which ports."""

    zones: _Zones = None
    selector: _Labels = None
    cidr: _Cidr = None
    ports: _Ports = None

    @model_validator(mode="after")
    def _check(self) -> RuleSpec:
        try:
            self.made()
        except MlplatError as error:
            raise PlacedError(str(error)) from None
        return self

    def made(self) -> Rule:
        """As the policy has it."""
        return Rule(self.zones, self.selector, self.cidr, self.ports)


Rules = Annotated[tuple[RuleSpec, ...] | None, BeforeValidator(_list)]


class NetworkPolicySpec(SpecModel):
    """What the workloads that are chosen may be reached by, and may reach."""

    zone: _DnsZone = ""
    selector: _Labels = None
    ingress: Rules = None
    egress: Rules = None

    @model_validator(mode="after")
    def _check(self) -> NetworkPolicySpec:
        if self.ingress is None and self.egress is None:
            raise PlacedError("expected rules for ingress, egress or both; an empty list allows nothing")
        return self


class IngressPathSpec(SpecModel):
    """A path, and the service to which it leads."""

    path: _Path
    service: WorkloadName
    port: _Port = 80
    path_type: Literal["Prefix", "Exact"] = "Prefix"


class IngressSpec(SpecModel):
    """Under which host and paths services of the zone are reached from outside."""

    host: _Host
    paths: Annotated[tuple[IngressPathSpec, ...], Field(min_length=1)]
    zone: _DnsZone = ""
    tls: Annotated[bool, BeforeValidator(_yes_or_no)] = False


class _NetworkManifest(SpecModel):
    apiVersion: Literal["mlplat/v1"]
    metadata: NetworkMetadata


class NetworkServiceManifest(_NetworkManifest):
    """A document of kind `NetworkService`."""

    kind: Literal["NetworkService"]
    spec: NetworkServiceSpec

    def described(self) -> Service:
        """As a network service."""
        spec = self.spec
        return Service(self.metadata.name, spec.zone, spec.selector, spec.port, spec.target_port, spec.balancing)


class NetworkPolicyManifest(_NetworkManifest):
    """A document of kind `NetworkPolicy`."""

    kind: Literal["NetworkPolicy"]
    spec: NetworkPolicySpec

    def described(self) -> NetworkPolicy:
        """As a policy."""
        spec = self.spec
        into, out = (None if rules is None else [rule.made() for rule in rules] for rules in (spec.ingress, spec.egress))
        return NetworkPolicy(self.metadata.name, spec.zone, spec.selector, into, out)


class IngressManifest(_NetworkManifest):
    """A document of kind `Ingress`."""

    kind: Literal["Ingress"]
    spec: IngressSpec

    def described(self) -> Ingress:
        """As an ingress."""
        paths = [IngressPath(path.path, path.service, path.port, path.path_type) for path in self.spec.paths]
        return Ingress(self.metadata.name, self.spec.zone, self.spec.host, paths, self.spec.tls)
