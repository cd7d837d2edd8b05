"""What a workload asks of one node."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .errors import OptionError, printable

UNLIMITED = 2**50
"""An amount that no request can reach: the capacity of a pool in the dimensions it does not limit."""

DEVICE_MILLI = 1000
"""Shares of one accelerator."""


@dataclass(frozen=True, slots=True, init=False)
class ResourceRequest:
    """What one replica needs on one node. Amounts are integers: milli-cores, MiB, whole devices or milli of one device.

    `gpus` whole devices, or `gpu_milli` (1–999) of a single device, or one MIG instance of profile `mig` (such as `"3g.20gb"`): at most
    one of the three. `models` are the accelerator models that will do; empty means any. Raises OptionError.

    >>> ResourceRequest(cpus=4, memory_gib=16, gpus=1)
    ResourceRequest(cpu_milli=4000, memory_mib=16384, disk_mib=0, gpus=1, gpu_milli=0, mig='', models=())
    """

    cpu_milli: int
    memory_mib: int
    disk_mib: int
    gpus: int
    gpu_milli: int
    mig: str
    models: tuple[str, ...]

    def __init__(
        self,
        *,
        cpus: float = 0,
        memory_gib: float = 0,
        disk_gib: float = 0,
        gpus: int = 0,
        gpu_milli: int = 0,
        mig: str = "",
        models: tuple[str, ...] | list[str] | str = (),
        cpu_milli: int | None = None,
        memory_mib: int | None = None,
        disk_mib: int | None = None,
    ) -> None:
        amounts = {
            "cpu_milli": _amount("cpus", cpus, 1000) if cpu_milli is None else _amount("cpu_milli", cpu_milli),
            "memory_mib": _amount("memory_gib", memory_gib, 1024) if memory_mib is None else _amount("memory_mib", memory_mib),
            "disk_mib": _amount("disk_gib", disk_gib, 1024) if disk_mib is None else _amount("disk_mib", disk_mib),
            "gpus": _amount("gpus", gpus),
            "gpu_milli": _amount("gpu_milli", gpu_milli),
        }
        if amounts["gpu_milli"] == DEVICE_MILLI:  # a whole share is a whole device
            amounts["gpu_milli"], amounts["gpus"] = 0, amounts["gpus"] + 1
        if amounts["gpu_milli"] > DEVICE_MILLI:
            raise OptionError(f"gpu_milli={gpu_milli}: a share is 1 to 999 of one device; ask for whole devices with gpus=")
        if sum((amounts["gpus"] > 0, amounts["gpu_milli"] > 0, bool(mig))) > 1:
            raise OptionError("a request takes whole devices (gpus), or a share (gpu_milli), or a MIG profile (mig): only one of them")
        for name, amount in amounts.items():
            object.__setattr__(self, name, amount)
        if not isinstance(mig, str):
            raise OptionError(f"mig={str(mig)[:40]!r}: expected the name of a profile")
        object.__setattr__(self, "mig", mig)
        wanted = models.split("|") if isinstance(models, str) else models
        if not isinstance(wanted, (tuple, list)) or not all(isinstance(m, str) for m in wanted):
            raise OptionError(f"models={str(models)[:40]!r}: expected names of accelerator models")
        object.__setattr__(self, "models", tuple(sorted({m for m in wanted if m})))

    @property
    def device_milli(self) -> int:
        """Milli taken of each device it uses: 1000 for whole devices."""
        return DEVICE_MILLI if self.gpus else self.gpu_milli

    @property
    def uses_gpu(self) -> bool:
        """Whether it needs an accelerator at all."""
        return bool(self.gpus or self.gpu_milli or self.mig)

    def within(self, other: ResourceRequest) -> bool:
        """Whether it asks for no more than `other` in any dimension, and for devices, if any, of the same kind.

        >>> ResourceRequest(cpus=1).within(ResourceRequest(cpus=2, gpus=1))
        True
        """
        smaller = all(getattr(self, name) <= getattr(other, name) for name in ("cpu_milli", "memory_mib", "disk_mib", "gpus", "gpu_milli"))
        return smaller and (not self.uses_gpu or (self.mig == other.mig and self.models == other.models))

    def __str__(self) -> str:
        parts = []
        if self.gpus:
            parts.append(f"{self.gpus} GPU" + ("s" if self.gpus > 1 else ""))
        if self.gpu_milli:
            parts.append(f"{self.gpu_milli / DEVICE_MILLI:g} GPU")
        if self.mig:
            parts.append(f"MIG {self.mig}")
        if self.cpu_milli:
            parts.append(f"{self.cpu_milli / 1000:g} CPU")
        if self.memory_mib:
            parts.append(f"{self.memory_mib / 1024:.4g} GiB")
        if self.disk_mib:
            parts.append(f"{self.disk_mib / 1024:.4g} GiB disk")
        if self.models:
            parts.append("on " + "|".join(self.models))
        return printable(", ".join(parts)) or "nothing"

    def _repr_html_(self) -> str:
        from .html_tables import fields_of

        return fields_of(self)


def _amount(name: str, value: Any, scale: int = 1) -> int:
    try:
        if isinstance(value, (bool, str, bytes)):
            raise TypeError
        number = float(value) * scale
    except (TypeError, ValueError):
        raise OptionError(f"{name}={str(value)[:40]!r}: expected a number") from None
    except OverflowError:
        number = math.inf
    if not 0 <= number <= UNLIMITED:
        raise OptionError(f"{name}={str(value)[:40]}: expected an amount from 0 to {UNLIMITED // scale}")
    if number != int(number) and scale == 1:
        raise OptionError(f"{name}={value!r}: expected a whole number")
    return math.ceil(number - 1e-9) if number != int(number) else int(number) if scale > 1 else int(value)
