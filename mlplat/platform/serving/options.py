"""What a service is told about itself: options by name, as a journal and a file can hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ...canonical import frozen
from ...errors import OptionError, UnknownNameError
from .checks import MOST_RETRIES, duration, number, whole
from .live_version import ServiceOptions
from .versions import STRIDE, Concurrency, Utilization, Version

OF_VERSION = ("slots", "queue", "timeout", "batch", "batch_wait", "base", "each", "error_rate", "limit", "scale", "pace")
OF_REPLICA = ("request", "image", "load", "model_mib")
OF_SERVICE = ("retries", "backoff", "sample", "flush", "health", "grace", "host")
KEYS = (*OF_REPLICA, *OF_VERSION, *OF_SERVICE)
SCALERS = {"concurrency": Concurrency, "utilization": Utilization}
TAG = "serving."
"""Tags of a model that begin so are options of its versions: `serving.base`, `serving.error_rate`."""
OF_MODEL = ("timeout", "batch", "batch_wait", "base", "each", "error_rate", "load", "model_mib")


@dataclass(frozen=True, slots=True)
class ReplicaOptions:
    """`request`, `image`: of the workload. `load_s`: reading the model into memory. `model_mib`: what is fetched before."""

    request: Mapping[str, Any]
    image: str | None
    load_s: float
    model_mib: float


def written(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as a journal holds them, checked. Raises OptionError, and UnknownNameError for one that is not known.

    >>> written({"request": {"cpus": 1}, "scale": Concurrency(target=4)})["scale"]["concurrency"]["target"]
    4.0
    """
    if not isinstance(options, Mapping):
        raise OptionError("options: expected values by name")
    for key in options:
        if key not in KEYS:
            raise UnknownNameError("option", key, KEYS)
    plain = {key: value for key, value in options.items() if value is not None}
    if isinstance(plain.get("scale"), tuple(SCALERS.values())):
        plain["scale"] = _scale_written(plain["scale"])
    kept = _thawed(frozen(plain, "options"))
    service_options(kept)
    version_of(kept, {}, 1, 1)
    replica_options(kept, {})
    return kept  # type: ignore[no-any-return]


def service_options(options: Mapping[str, Any]) -> ServiceOptions:
    """What the service as a whole is told."""
    given = ServiceOptions()
    return ServiceOptions(
        retries=whole("retries", options.get("retries", given.retries), 0, MOST_RETRIES),
        backoff_s=duration("backoff", options.get("backoff", given.backoff_s)),
        sample=number("sample", options.get("sample", given.sample), 0.0, 1.0),
        flush_s=duration("flush", options.get("flush", given.flush_s), above=True),
        health_s=duration("health", options.get("health", given.health_s)),
        grace_s=duration("grace", options.get("grace", given.grace_s)),
    )


MOST_PLACES = 100
"""Replicas that a version may have where nothing else is said."""


def version_of(options: Mapping[str, Any], tags: Mapping[str, str], count: int, replicas: int) -> Version:
    """How a version serves: by the options of the service, and by what the tags of its model say. `count`: its number."""
    given = {key: options[key] for key in OF_VERSION if key in options} | _said_by(tags, OF_VERSION)
    if "scale" in given:
        given["scale"] = _scale(given["scale"])
    if "limit" not in given:
        most = getattr(given.get("scale"), "most", None)
        given["limit"] = max(replicas, MOST_PLACES if most is None else most)
    if whole("slots", given.get("slots", 1), 1, STRIDE) and replicas > given["limit"]:
        raise OptionError(f"replicas={replicas}: the limit of the service is {given['limit']}")
    return Version(f"v{count}", replicas=0, **given)


def replica_options(options: Mapping[str, Any], tags: Mapping[str, str]) -> ReplicaOptions:
    """What a replica is."""
    said = _said_by(tags, OF_REPLICA)
    if "request" not in options:
        raise OptionError("request: expected what a replica needs, such as {'cpus': 1}")
    from ...infra.workload_spec import read_request

    read_request(options["request"])
    image = options.get("image")
    if image is not None and not isinstance(image, str):
        raise OptionError("image: expected its name or digest")
    load = duration("load", said.get("load", options.get("load", 0.0)))
    return ReplicaOptions(options["request"], image, load, number("model_mib", said.get("model_mib", options.get("model_mib", 0.0))))


def _said_by(tags: Mapping[str, str], keys: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in OF_MODEL:
        text = tags.get(TAG + key)
        if text is not None and key in keys:
            if key in ("batch", "error_rate", "model_mib"):
                try:
                    found[key] = int(text) if key == "batch" else float(text)
                except ValueError:
                    raise OptionError(f"tag {TAG}{key}: expected a number") from None
            else:
                found[key] = text
    return found


def _scale(given: Any) -> Concurrency | Utilization:
    if isinstance(given, (Concurrency, Utilization)):
        return given
    if not isinstance(given, Mapping) or len(given) != 1 or not isinstance(next(iter(given.values())), Mapping):
        raise OptionError("scale: expected a Concurrency, a Utilization, or such as {'concurrency': {'target': 4}}")
    (kind, values), *_ = given.items()
    if kind not in SCALERS:
        raise UnknownNameError("autoscaler", kind, SCALERS)
    known = [field.name for field in fields(SCALERS[kind])]
    for key in values:
        if key not in known:
            raise UnknownNameError(f"option of {kind}", key, known)
    if "target" not in values:
        raise OptionError(f"scale: {kind}: expected a target")
    return Concurrency(**values) if kind == "concurrency" else Utilization(**values)


def _scale_written(scale: Concurrency | Utilization) -> dict[str, Any]:
    kind = next(kind for kind, known in SCALERS.items() if type(scale) is known)
    return {kind: {field.name: getattr(scale, field.name) for field in fields(scale) if getattr(scale, field.name) is not None}}


def _thawed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _thawed(part) for key, part in value.items()}
    return [_thawed(part) for part in value] if isinstance(value, tuple) else value
