"""What a manifest may say: the models of its documents, in the form of Kubernetes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from ...errors import MlplatError
from ...hardware.durations import Duration
from ...hardware.spec_model import Amount, Name, PlacedError, SpecModel, Text
from ...resources import ResourceRequest
from ..checkpoints import checkpoint_policy
from ..synchronization import Algorithm, Synchronization
from ..tolerations import TaintEffect, Toleration, check_selector
from ..virtualization.restarts import RestartKind, RestartPolicy
from ..workload_spec import MAX_PRIORITY, MAX_REPLICAS, Workload, check_labels, check_name, check_zone, read_amount

API_VERSION = "mlplat/v1"


def _checked(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A check of this library as one of pydantic's."""

    def checked(value: Any) -> Any:
        try:
            return check(value)
        except MlplatError as error:
            raise ValueError(str(error)) from None

    return checked


def _amount(key: str) -> Any:
    def read(value: object) -> int:
        try:
            return read_amount(key, value)
        except MlplatError as error:
            raise ValueError(str(error).removeprefix(f"{key}: ")) from None

    example = "4, 0.5 or '250m'" if key == "cpus" else "'16GiB'"
    kinds = ["number", "string"] if key == "cpus" else ["string"]
    return Annotated[Amount, BeforeValidator(read), WithJsonSchema({"type": kinds, "description": f"such as {example}"})]


def _models(value: object) -> tuple[str, ...]:
    wanted = value.split("|") if isinstance(value, str) else value
    if not isinstance(wanted, (list, tuple)) or not all(isinstance(name, str) and name for name in wanted):
        raise ValueError("expected the name of an accelerator model, or a list of names")
    return tuple(wanted)


def _exact(value: object) -> object:
    if isinstance(value, (bool, str, bytes)):
        raise ValueError(f"expected a whole number (found {value!r:.60})")
    return value


Models = Annotated[
    tuple[str, ...],
    BeforeValidator(_models),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
WorkloadName = Annotated[str, BeforeValidator(_checked(check_name))]
Labels = Annotated[Mapping[str, str], AfterValidator(_checked(check_labels))]
Selector = Annotated[Mapping[str, str], AfterValidator(_checked(check_selector))]
Priority = Annotated[int, BeforeValidator(_exact), Field(ge=-MAX_PRIORITY, le=MAX_PRIORITY)]
Checkpoint = Annotated[str, AfterValidator(_checked(lambda text: str(checkpoint_policy(text))))]
Zone = Annotated[Text, AfterValidator(_checked(check_zone))]


class Metadata(SpecModel):
    """Who it is."""

    name: WorkloadName
    labels: Labels = Field(default_factory=dict)


class Resources(SpecModel):
    """What one replica needs: the keys of `Workload`'s request."""

    cpus: _amount("cpus") = 0  # type: ignore[valid-type]
    memory: _amount("memory") = 0  # type: ignore[valid-type]
    disk: _amount("disk") = 0  # type: ignore[valid-type]
    gpus: Amount = 0
    gpu_milli: Annotated[Amount, Field(le=1000)] = 0
    mig: Text = ""
    gpu_model: Models = ()

    @model_validator(mode="after")
    def _check(self) -> Resources:
        try:
            self.request()
        except MlplatError as error:
            raise PlacedError(str(error)) from None
        return self

    def request(self) -> ResourceRequest:
        """As a request."""
        return ResourceRequest(
            cpu_milli=self.cpus,
            memory_mib=self.memory,
            disk_mib=self.disk,
            gpus=self.gpus,
            gpu_milli=self.gpu_milli,
            mig=self.mig,
            models=self.gpu_model,
        )


class Restart(SpecModel):
    """The restart policy of a program; its name alone will do, too."""

    policy: RestartKind = "never"
    base: Duration = 10.0
    cap: Duration = 300.0
    reset: Duration = 600.0
    max_restarts: Amount | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        return {"policy": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _check(self) -> Restart:
        try:
            self.made()
        except MlplatError as error:
            raise PlacedError(str(error)) from None
        return self

    def made(self) -> RestartPolicy:
        """As a policy."""
        return RestartPolicy(self.policy, base_s=self.base, cap_s=self.cap, reset_s=self.reset, max_restarts=self.max_restarts)


class Tolerated(SpecModel):
    """A taint that does not keep it away."""

    key: Text = ""
    operator: Literal["Equal", "Exists"] = "Equal"
    value: Text = ""
    effect: Literal[""] | TaintEffect = ""

    @model_validator(mode="after")
    def _check(self) -> Tolerated:
        try:
            self.made()
        except MlplatError as error:
            raise PlacedError(str(error)) from None
        return self

    def made(self) -> Toleration:
        """As a toleration."""
        return Toleration(self.key, self.operator, self.value, self.effect)


class Sync(SpecModel):
    """What the ranks of a gang send each other after each step."""

    step: Duration
    size: Text
    algorithm: Algorithm = "auto"

    @model_validator(mode="after")
    def _check(self) -> Sync:
        try:
            self.made()
        except MlplatError as error:
            raise PlacedError(str(error)) from None
        return self

    def made(self) -> Synchronization:
        """As the workload has it."""
        return Synchronization(self.step, self.size, self.algorithm)


class _Spec(SpecModel):
    """What jobs and services have in common."""

    resources: Resources
    image: Name | None = None
    priority: Priority = 0
    zone: Zone = ""
    restart: Restart = Restart()
    checkpoint: Checkpoint = "none"
    stop_grace: Duration = 0.0
    node_selector: Selector = Field(default_factory=dict)
    tolerations: tuple[Tolerated, ...] = ()


class JobSpec(_Spec):
    """A gang: all replicas are placed together or none."""

    replicas: Annotated[int, BeforeValidator(_exact), Field(ge=1, le=MAX_REPLICAS)] = 1
    duration: Duration | None = None
    estimate: Duration | None = None
    sync: Sync | None = None

    @model_validator(mode="after")
    def _check(self) -> JobSpec:
        if self.estimate is not None and (self.duration is None or self.estimate < self.duration):
            raise PlacedError("expected at least the duration", "estimate")
        return self


class ServiceSpec(_Spec):
    """Replicas that are jobs of their own and are replaced when they end."""

    replicas: Annotated[int, BeforeValidator(_exact), Field(ge=0, le=MAX_REPLICAS)] = 1


class _Manifest(SpecModel):
    apiVersion: Literal["mlplat/v1"]
    metadata: Metadata


class JobManifest(_Manifest):
    """A document of kind `Job`."""

    kind: Literal["Job"]
    spec: JobSpec

    def described(self) -> Workload:
        """As a workload."""
        spec = self.spec
        more: dict[str, Any] = {} if spec.duration is None else {"duration": spec.duration}
        more |= {} if spec.estimate is None else {"estimate": spec.estimate}
        more |= {} if spec.sync is None else {"sync": spec.sync.made()}
        return Workload(self.metadata.name, spec.resources.request(), kind="job", **_common(self.metadata, spec), **more)


class ServiceManifest(_Manifest):
    """A document of kind `Service`."""

    kind: Literal["Service"]
    spec: ServiceSpec

    def described(self) -> Workload:
        """As a workload."""
        return Workload(self.metadata.name, self.spec.resources.request(), kind="service", **_common(self.metadata, self.spec))


def _common(metadata: Metadata, spec: JobSpec | ServiceSpec) -> dict[str, Any]:
    return {
        "replicas": spec.replicas,
        "image": spec.image,
        "priority": spec.priority,
        "zone": spec.zone,
        "restart": spec.restart.made(),
        "checkpoint": spec.checkpoint,
        "labels": metadata.labels,
        "stop_grace": spec.stop_grace,
        "node_selector": spec.node_selector,
        "tolerations": tuple([tolerated.made() for tolerated in spec.tolerations]),
    }
