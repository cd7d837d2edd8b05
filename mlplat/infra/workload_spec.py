"""`Workload`: what a user asks a live cluster to run, checked once, when it is made."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, final

from ..errors import OptionError, UnknownNameError, printable
from ..resources import ResourceRequest
from ..units import Duration, cpu_milli, mebibytes, seconds
from .checkpoints import CheckpointPolicy, checkpoint_policy
from .synchronization import Synchronization, synchronization
from .tolerations import Toleration, check_selector, check_tolerations
from .virtualization.restarts import NEVER, RestartKind, RestartPolicy, restart_policy
from .virtualization.usage import Usage

if TYPE_CHECKING:
    from .virtualization.images import Image

Kind = Literal["job", "service"]
KINDS: Final = ("job", "service")
NO_CHECKPOINT: Final = checkpoint_policy("none")
NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})
MAX_REPLICAS: Final = 1_000_000
MAX_PRIORITY: Final = 2**31 - 1
"""Priorities are whole numbers of at most this size."""

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_KEY = re.compile(r"(?:[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?", re.ASCII)
_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?", re.ASCII)

AMOUNTS: Final[Mapping[str, tuple[str, Callable[[object], int]]]] = MappingProxyType(
    {"cpus": ("cpu_milli", cpu_milli), "memory": ("memory_mib", mebibytes), "disk": ("disk_mib", mebibytes)}
)
"""Keys of a request with a unit -> (the field of `ResourceRequest` each fills, how it is read)."""
_COUNTS: Final = ("gpus", "gpu_milli", "mig")
REQUEST_KEYS: Final = (*AMOUNTS, *_COUNTS, "gpu_model")


class _Open:
    """The fields of a workload while they are being written. Made open and closed at the end (`__class__`), since writing each field past a
    `__setattr__` that refuses takes four times as long.
    """

    __slots__ = (
        "checkpoint",
        "duration",
        "estimate",
        "image",
        "kind",
        "labels",
        "name",
        "node_selector",
        "priority",
        "replicas",
        "request",
        "restart",
        "stop_grace",
        "sync",
        "tolerations",
        "usage",
        "zone",
    )

    name: str
    request: ResourceRequest
    kind: Kind
    replicas: int
    duration: float
    estimate: float
    image: Image | str | None
    priority: int
    zone: str
    usage: Usage | None
    restart: RestartPolicy
    checkpoint: CheckpointPolicy
    labels: Mapping[str, str]
    stop_grace: float
    node_selector: Mapping[str, str]
    tolerations: tuple[Toleration, ...]
    sync: Synchronization | None


FIELDS: Final = _Open.__slots__


@final
class Workload(_Open):
    """What a user submits. Immutable.

    `name`: a DNS label (RFC 1123), unique among living workloads. `request`: what one replica needs, a `ResourceRequest` or a mapping such
    as `{"cpus": 4, "memory": "16GiB", "gpus": 1, "gpu_model": "V100"}`.
    `kind="job"`: `replicas` are one gang, placed all or none. `kind="service"`: each replica is a job of its own, replaced when it ends.
    `duration`: of the work, at full CPU; None never ends. `estimate`: what the scheduler is told of it, at least the duration, None tells
    the truth. `image`: name, digest or image. `priority`: higher is more urgent. `zone`: the group its quota and share belong to.
    `usage`: what its program uses, None what it requested. `restart`: of the program in place. `checkpoint`: how it saves work.
    `labels`: as in Kubernetes. `stop_grace`: how long it may hold its room when it is deleted. `node_selector`: labels that its nodes must
    have. `tolerations`: taints that do not keep it away, each a `Toleration` or a mapping such as `{"key": "dedicated", "value": "a"}`.
    `sync`: what the ranks of a gang send each other after each step, a `Synchronization` or a mapping such as
    `{"step": "300ms", "size": "2GiB"}`; where the cluster has a network, it takes its time beside the duration.

    Durations become seconds (`"2h"` is understood). Raises OptionError, and UnknownNameError for words that are none of the known ones.

    >>> work = Workload("train", {"cpus": 4, "memory": "16GiB", "gpus": 1}, replicas=2, duration="2h", checkpoint="every 30m")
    >>> work.duration, work.request.memory_mib, work.checkpoint.interval
    (7200.0, 16384, 1800.0)
    >>> work
    Workload('train': job, 2 x 1 GPU, 4 CPU, 16 GiB for 2.0 h)
    """

    __slots__ = ()

    def __new__(
        cls,
        name: str,
        request: ResourceRequest | Mapping[str, Any],
        *,
        replicas: int = 1,
        kind: Kind = "job",
        duration: Duration | None = None,
        estimate: Duration | None = None,
        image: Image | str | None = None,
        priority: int = 0,
        zone: str = "",
        usage: Usage | None = None,
        restart: RestartPolicy | RestartKind = "never",
        checkpoint: CheckpointPolicy | str = NO_CHECKPOINT,
        labels: Mapping[str, str] = NO_LABELS,
        stop_grace: Duration = 0.0,
        node_selector: Mapping[str, str] = NO_LABELS,
        tolerations: Sequence[Toleration | Mapping[str, str]] = (),
        sync: Synchronization | Mapping[str, Any] | None = None,
    ) -> Workload:
        # Written for the usual case: what is at its default, or of the right type already, costs one comparison.
        length = (
            math.inf
            if duration is None
            else duration
            if type(duration) is float and 0.0 <= duration < math.inf
            else _time("duration", duration)
        )
        if kind != "job":
            _check_service(kind, duration)
        if type(replicas) is not int or not 1 <= replicas <= MAX_REPLICAS:
            replicas = _whole("replicas", replicas, 0 if kind == "service" else 1, MAX_REPLICAS)
        if type(priority) is not int or not -MAX_PRIORITY <= priority <= MAX_PRIORITY:
            priority = _whole("priority", priority, -MAX_PRIORITY, MAX_PRIORITY)
        if image is not None:
            _check_image(image)
        if zone != "":
            check_zone(zone)
        if usage is not None and not isinstance(usage, Usage):
            raise OptionError(f"usage={_shown(usage)}: expected a Usage")
        made = _new(_Open)
        made.name = name if type(name) is str and _LABEL.fullmatch(name) is not None else check_name(name)
        made.request = request if type(request) is ResourceRequest else read_request(request)
        made.kind = kind
        made.replicas = replicas
        made.duration = length
        made.estimate = length if estimate is None else _estimate(estimate, length)
        made.image = image
        made.priority = priority
        made.zone = zone
        made.usage = usage
        made.restart = NEVER if restart == "never" else _restart(restart)
        made.checkpoint = checkpoint if checkpoint is NO_CHECKPOINT else checkpoint_policy(checkpoint)
        if made.checkpoint.size_mib is not None and length == math.inf:
            raise OptionError(f"checkpoint={_shown(str(made.checkpoint))}: expected a duration: what never ends would write for ever")
        made.labels = labels if labels is NO_LABELS else check_labels(labels)
        made.stop_grace = 0.0 if stop_grace == 0.0 else _time("stop_grace", stop_grace)
        made.node_selector = node_selector if node_selector is NO_LABELS else check_selector(node_selector)
        made.tolerations = () if tolerations == () else check_tolerations(tolerations)
        made.sync = None if sync is None else synchronization(sync)
        return _closed(made)

    @property
    def selects(self) -> bool:
        """Whether it says anything of the nodes it may be on."""
        return bool(self.node_selector or self.tolerations)

    def replica(self, name: str) -> Workload:
        """A service's replica as a job of its own. Its name need not be a DNS label: it is not the user's to choose."""
        return self._but(name=name, kind="job", replicas=1)

    def with_replicas(self, replicas: int) -> Workload:
        """The same service with another number of replicas. Raises OptionError for a number below zero, and for a gang."""
        if self.kind != "service":
            raise OptionError(f"workload {self.name!r} is a gang of {self.replicas}, all or none: only a service can be scaled")
        return self._but(replicas=_whole("replicas", replicas, 0, MAX_REPLICAS))

    def with_image(self, image: str) -> Workload:
        """The same workload from another image, by name or digest. Raises OptionError."""
        _check_image(image)
        return self._but(image=image)

    def with_zone(self, zone: str) -> Workload:
        """The same workload in another zone. Raises OptionError."""
        return self._but(zone=check_zone(zone))

    def _but(self, **changes: Any) -> Workload:
        made = _new(_Open)
        for field in FIELDS:
            setattr(made, field, changes[field] if field in changes else getattr(self, field))
        return _closed(made)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a Workload cannot be changed: {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a Workload cannot be changed: {name}")

    def __copy__(self) -> Workload:
        return self

    def __deepcopy__(self, memo: object) -> Workload:
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Workload):
            return NotImplemented
        return all(getattr(self, field) == getattr(other, field) for field in FIELDS)

    def __hash__(self) -> int:
        return hash((self.name, self.kind, self.request, self.replicas, self.duration))

    def __repr__(self) -> str:
        from ..units import format_seconds

        gang = f"{self.replicas} x " if self.replicas != 1 else ""
        long = "" if self.duration == math.inf else f" for {format_seconds(self.duration)}"
        return f"Workload({self.name!r}: {self.kind}, {gang}{self.request}{long})"

    def _repr_html_(self) -> str:
        from ..html_tables import facts

        told = [(name, getattr(self, name)) for name in FIELDS if name != "name"]
        return facts([(name, value) for name, value in told if value not in (None, "", (), {}, math.inf)], title=self.name)


_new = object.__new__


def _closed(made: _Open) -> Workload:
    made.__class__ = Workload
    return made  # type: ignore[return-value]


def check_name(name: object) -> str:
    """The name, if it is a DNS label: lower-case letters, digits and inner hyphens, at most 63. Raises OptionError.

    >>> check_name("train-7")
    'train-7'
    """
    if not isinstance(name, str) or _LABEL.fullmatch(name) is None:
        raise OptionError(
            f"name={_shown(name)}: expected a DNS label: at most 63 lower-case letters, digits and hyphens, such as 'train-7'"
        )
    return str(name)


def check_zone(zone: object) -> str:
    """The name of a zone: printable text, empty for none. Raises OptionError."""
    if not isinstance(zone, str) or not zone.isprintable() or len(zone) > 250:
        raise OptionError(f"zone={_shown(zone)}: expected the name of a zone")
    return zone


def check_labels(labels: object) -> Mapping[str, str]:
    """A read-only copy of labels, if keys and values are as Kubernetes wants them. Raises OptionError.

    >>> dict(check_labels({"app.example.org/tier": "test"}))
    {'app.example.org/tier': 'test'}
    """
    if not isinstance(labels, Mapping):
        raise OptionError(f"labels={_shown(labels)}: expected a mapping of names to values")
    for key, value in labels.items():
        if not isinstance(key, str) or _KEY.fullmatch(key) is None:
            raise OptionError(f"labels: {_shown(key)} is no key; expected letters, digits, '-', '_' and '.', at most 63, such as 'team'")
        if not isinstance(value, str) or _VALUE.fullmatch(value) is None:
            raise OptionError(
                f"labels[{key!r}]={_shown(value)}: expected at most 63 letters, digits, '-', '_' and '.', a letter or digit first and last"
            )
    return MappingProxyType(dict(labels)) if labels else NO_LABELS


def read_request(given: object) -> ResourceRequest:
    """The request that a mapping with human amounts describes, or a request as it is.

    Keys: `cpus` (`4`, `"250m"`), `memory`, `disk` (with their unit, `"16GiB"`), `gpus`, `gpu_milli`, `mig`, `gpu_model` (a name, several
    joined by `|`, or a list). Raises OptionError, and UnknownNameError for other keys.

    >>> read_request({"cpus": "500m", "memory": "1GiB"}) == ResourceRequest(cpus=0.5, memory_gib=1)
    True
    """
    if isinstance(given, ResourceRequest):
        return given
    if not isinstance(given, Mapping):
        raise OptionError(f"request={_shown(given)}: expected a ResourceRequest, or a mapping such as {{'cpus': 4, 'memory': '16GiB'}}")
    fields: dict[str, Any] = {}
    for key, value in given.items():
        if key not in REQUEST_KEYS:
            raise UnknownNameError("key of a request:", printable(str(key)[:60]), REQUEST_KEYS)
        if key in AMOUNTS:
            fields[AMOUNTS[key][0]] = read_amount(key, value)
        else:
            fields["models" if key == "gpu_model" else key] = value
    return ResourceRequest(**fields)


def read_amount(key: str, value: object) -> int:
    """Milli-cores or MiB of an amount of a request. A bare number of memory or disk would be bytes, so the unit is asked for."""
    if key != "cpus" and (not isinstance(value, str) or not value.strip()[-1:].isalpha()):
        raise OptionError(f"{key}={_shown(value)}: expected a number with a unit, such as '16GiB' or '90GB'")
    try:
        return AMOUNTS[key][1](value)
    except OptionError as error:
        raise OptionError(f"{key}: {error}") from None


def _check_service(kind: object, duration: object) -> None:
    if kind not in KINDS:
        raise UnknownNameError("kind of workload", printable(str(kind)[:60]), KINDS)
    if duration is not None:
        raise OptionError(f"duration={_shown(duration)}: a service does not end by itself; expected none")


def _check_image(image: object) -> None:
    from .virtualization.images import Image

    if not isinstance(image, Image) and not (isinstance(image, str) and image and image.isprintable() and len(image) <= 1000):
        raise OptionError(f"image={_shown(image)}: expected the name or digest of an image")


def _whole(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise OptionError(f"{name}={_shown(value)}: expected a whole number")
    number = int(value.__index__())
    if not least <= number <= most:
        raise OptionError(f"{name}={_shown(number)}: expected a whole number from {least} to {most}")
    return number


def _time(name: str, value: Any) -> float:
    try:
        return seconds(value)
    except OptionError as error:
        raise OptionError(f"{name}: {error}") from None


def _estimate(value: Any, duration: float) -> float:
    estimate = _time("estimate", value)
    if estimate < duration:
        raise OptionError(f"estimate={_shown(value)}: expected at least the duration, {duration:g} s")
    return estimate


def _restart(given: Any) -> RestartPolicy:
    if not isinstance(given, (str, RestartPolicy)):
        raise OptionError(f"restart={_shown(given)}: expected 'never', 'on-failure', 'always' or a RestartPolicy")
    return restart_policy(given)  # type: ignore[arg-type]


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
