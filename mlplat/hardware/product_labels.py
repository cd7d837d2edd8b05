"""Which accelerator model the labels of a Kubernetes node mean."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .accelerators import CATALOGUE, GENERIC, Accelerator, resolve_model

_PRODUCT_LABELS = (
    "nvidia.com/gpu.product",
    "amd.com/gpu.product-name",
    "beta.amd.com/gpu.product-name",
    "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-tpu-accelerator",
    "accelerator",
)

# Tried in this order: the first pattern found in the folded label wins, so the more particular comes first.
_PATTERNS = tuple(
    (re.compile(pattern), model)
    for pattern, model in (
        (r"tesla-k80|^k80$", "K80"),
        (r"p100(?!.*12gb)", "P100"),
        (r"v100.*32gb", "V100-32"),
        (r"v100", "V100-16"),
        (r"tesla-t4|(?:^|nvidia-)t4$", "T4"),
        (r"(?:^|nvidia-)a10g?$", "A10"),
        (r"a100.*80gb", "A100-80"),
        (r"a100", "A100-40"),
        (r"h200", "H200"),
        (r"h100(?!.*(?:94gb|96gb|nvl))", "H100-80"),
        (r"(?:^|nvidia-)l40s$", "L40S"),
        (r"(?:^|nvidia-)l4$", "L4"),
        (r"mi300x", "MI300X"),
        (r"tpu-v5-lite|tpu-v5e", "TPU-v5e"),
    )
)

_SHARED = "-shared"
_CUT = re.compile(r"-MIG-(\d+g\.\d+gb)(?:[.+]me)?$", re.IGNORECASE | re.ASCII)


def model_of(labels: Mapping[str, str]) -> tuple[Accelerator, str]:
    """The accelerator that the labels name and, where all devices are cut into one MIG profile, that profile (else empty).

    A product the catalogue lacks gives a model of that name, with the memory the labels state; no product at all gives the generic one.

    >>> model, profile = model_of({"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb"})
    >>> model.name, profile
    ('A100-40', '1g.5gb')
    """
    product = next((labels[key] for key in _PRODUCT_LABELS if labels.get(key)), "")
    if not product:
        return GENERIC, ""
    if product.casefold().endswith(_SHARED):
        product = product[: -len(_SHARED)]
    cut = _CUT.search(product)
    if cut is not None:
        product = product[: cut.start()]
    profile = "" if cut is None else cut[1].lower()
    if resolve_model(product) in CATALOGUE:
        return CATALOGUE[resolve_model(product)], profile
    folded = product.casefold().replace("_", "-").replace(" ", "-")
    for pattern, model in _PATTERNS:
        if pattern.search(folded):
            return CATALOGUE[model], profile
    memory = labels.get("nvidia.com/gpu.memory", "")
    known_memory = int(memory) if memory.isascii() and memory.isdigit() and len(memory) <= 9 else 0
    return Accelerator(name=product or GENERIC.name, memory_mib=known_memory), profile
