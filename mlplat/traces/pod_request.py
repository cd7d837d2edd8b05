"""What a Kubernetes pod asks of its node: the scheduler's rule over containers, init containers and overhead, and the devices."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ..errors import OptionError, shown
from ..resources import ResourceRequest
from ..units import MIB, cpu_milli, mebibytes
from .json_place import Place
from .table import MAX_AMOUNT, MAX_WIDTH

_WHOLE = ("nvidia.com/gpu", "nvidia.com/gpu.shared", "amd.com/gpu", "google.com/tpu")
_MIG_PREFIX = "nvidia.com/mig-"
_MIG = re.compile(r"nvidia\.com/mig-[0-9]g\.[0-9]{1,3}gb(?:\.me)?", re.ASCII)
_NAMED = {"cpu": "cpu_milli", "memory": "memory_mib", "ephemeral-storage": "disk_mib"}
_MILLI_BYTES = re.compile(r"[0-9]{1,24}m", re.ASCII)
_PRODUCT_LABELS = (
    "nvidia.com/gpu.product", "amd.com/gpu.product-name", "beta.amd.com/gpu.product-name", "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-tpu-accelerator", "accelerator",
)  # fmt: skip

# A product of the label -> the name it has in the accelerator catalogue; the first pattern found wins.
_PRODUCTS = tuple(
    (re.compile(pattern), model)
    for pattern, model in (
        (r"k80", "K80"), (r"p100(?!.*12gb)", "P100"), (r"v100.*32gb", "V100-32"), (r"v100", "V100-16"), (r"(?:^|-)t4$", "T4"),
        (r"(?:^|-)a10g?$", "A10"), (r"a100.*80gb", "A100-80"), (r"a100", "A100-40"), (r"h200", "H200"),
        (r"h100(?!.*(?:94gb|96gb|nvl))", "H100-80"), (r"(?:^|-)l40s$", "L40S"), (r"(?:^|-)l4$", "L4"), (r"mi300x", "MI300X"),
        (r"tpu-v5-lite|tpu-v5e", "TPU-v5e"),
    )
)  # fmt: skip
_SUFFIX = re.compile(r"-shared$|-mig-.*$", re.IGNORECASE)

Amounts = dict[str, int]


def model_of_product(product: str) -> str:
    """The model that a product label means; a product that is not known is its own model.

    >>> model_of_product("NVIDIA-A100-SXM4-40GB-MIG-1g.5gb"), model_of_product("Tesla-T4"), model_of_product("Acme-1")
    ('A100-40', 'T4', 'Acme-1')
    """
    bare = _SUFFIX.sub("", product)
    folded = bare.casefold().replace("_", "-").replace(" ", "-")
    return next((model for pattern, model in _PRODUCTS if pattern.search(folded)), bare)


def pod_request(item: Place) -> ResourceRequest:
    """The request of a pod. Raises PlaceError with the path of what cannot be read, and for devices of several kinds.

    The sum over containers (and init containers that keep running), or the largest init container where that is more, and the overhead.
    """
    spec = item.mapping("spec")
    running: Amounts = {}
    start_up: Amounts = {}
    for container in spec.objects("initContainers"):
        asked = _container(container)
        if container.text("restartPolicy") == "Always":
            running = _sum(running, asked)
            start_up = _largest(start_up, running)
        else:
            start_up = _largest(start_up, _sum(running, asked))
    for container in spec.objects("containers"):
        running = _sum(running, _container(container))
    amounts = _sum(_largest(running, start_up), _amounts(spec.mapping("overhead")))
    place = spec.at("containers")
    for name, amount in amounts.items():
        limit = MAX_AMOUNT if name in _NAMED.values() else MAX_WIDTH
        if amount > limit:
            place.refuse(f"ask for {amount} of {name}", f"at most {limit} for the pod")
    kept: dict[str, Any] = {name: amounts.get(name, 0) for name in _NAMED.values()}
    return ResourceRequest(**kept, **_devices(spec, amounts, place))


def _devices(spec: Place, amounts: Amounts, place: Place) -> dict[str, Any]:
    devices = {name: amount for name, amount in amounts.items() if name not in _NAMED.values() and amount}
    if not devices:
        return {}
    if len(devices) > 1:
        place.refuse(f"ask for devices of several kinds: {', '.join(sorted(devices))}", "devices of one kind in a pod")
    (name, count) = next(iter(devices.items()))
    selector = spec.mapping("nodeSelector")
    product = next((text for label in _PRODUCT_LABELS if (text := selector.text(label))), "")
    models = (model_of_product(product),) if product else ()
    if not name.startswith(_MIG_PREFIX):
        return {"gpus": count, "models": models}
    if count > 1:
        place.refuse(f"ask for {count} MIG instances", "one MIG instance in a pod")
    return {"mig": name.removeprefix(_MIG_PREFIX).replace(".me", ""), "models": models}


def _container(container: Place) -> Amounts:
    """What a container asks for; a limit stands for a request that is not made, as the API server has it."""
    resources = container.mapping("resources")
    return _amounts(resources.mapping("limits")) | _amounts(resources.mapping("requests"))


def _amounts(resources: Place) -> Amounts:
    amounts: Amounts = {}
    for key in resources.value:
        if key in _NAMED:
            amounts[_NAMED[key]] = _quantity(resources.at(key), cpu=key == "cpu")
        elif key in _WHOLE or _MIG.fullmatch(key):
            amounts[key] = _count(resources.at(key))
        elif key.startswith(_MIG_PREFIX):
            resources.refuse(f"has {shown(key)!r}, which is not a MIG profile", f"a name such as '{_MIG_PREFIX}3g.20gb'")
    return amounts


def _quantity(place: Place, *, cpu: bool) -> int:
    try:
        if cpu:
            return cpu_milli(place.value)
        if isinstance(place.value, str) and _MILLI_BYTES.fullmatch(place.value):
            return math.ceil(int(place.value[:-1]) / 1000 / MIB)
        return mebibytes(place.value)
    except (OptionError, OverflowError):
        place.refuse("is not an amount", "a Kubernetes quantity such as '500m', '8' or '64Gi'")


def _count(place: Place) -> int:
    text = str(place.value).strip()
    if isinstance(place.value, bool) or not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) <= MAX_WIDTH):
        place.refuse("is not a number of devices", f"a whole number from 0 to {MAX_WIDTH}")
    return int(text)


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> Amounts:
    return {name: one.get(name, 0) + other.get(name, 0) for name in [*one, *(n for n in other if n not in one)]}


def _largest(one: Mapping[str, int], other: Mapping[str, int]) -> Amounts:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in [*one, *(n for n in other if n not in one)]}
