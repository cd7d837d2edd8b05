"""The accelerator catalogue: real models with memory, power, list price, relative speed and MIG geometry.

The figures are indicative and rounded, not a copy of any one list. Memory and peak power are of the order the vendors' data sheets give
(peak is the board's power limit; none is published for the TPU, so its power is an estimate); idle is a typical figure for a device that
holds no work. Prices are of the order of on-demand list prices of large public clouds, in US dollars per device and hour, without the host;
where a model is sold only in whole instances, the price is a share of one. They date, and vary by region: for a decision, state your own in
a custom model. Speed is the dense 16-bit peak (single precision for K80) relative to V100's 125 TFLOPS, an upper bound of what work gains.
Bandwidth between the devices of a node is one way: half of what vendors state for NVLink, Infinity Fabric and the like, and that of PCIe
where there is nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import model_validator

from ..errors import UnknownNameError
from ..html_tables import ShownMapping
from .amounts import read_spellings, spelled
from .mig import MigGeometry, seven_slice_geometry
from .spec_model import Amount, Name, PlacedError, Rate, SpecModel, Text

PCIE_MBPS = 126_000.0
"""Mbit/s one way over PCIe 3.0 with 16 lanes: of a device of which nothing better is known."""
_SPELLINGS = ("memory", "memory_gib")


class Accelerator(SpecModel):
    """One accelerator model.

    `memory_mib`: MiB on the device, 0 where unknown. `idle_watts`, `peak_watts`: W of one device. `price_per_hour`: US dollars per device
    and hour. `mig`: how it can be partitioned, None if it cannot. `speed`: how fast it works relative to V100. `link_mbps`: Mbit/s that one
    device can send to the others of its node. `memory="80GiB"` and `memory_gib=80` are understood too. Raises SpecError for negative
    amounts and for a peak below idle.

    >>> Accelerator(name="X1", vendor="Acme", memory_gib=48, idle_watts=20, peak_watts=300, price_per_hour=1.5).memory_mib
    49152
    """

    spellings = spelled(*_SPELLINGS)

    name: Name
    vendor: Text = ""
    memory_mib: Amount = 0
    idle_watts: Rate = 0.0
    peak_watts: Rate = 0.0
    price_per_hour: Rate = 0.0
    mig: MigGeometry | None = None
    speed: Rate = 1.0
    link_mbps: Rate = PCIE_MBPS

    @model_validator(mode="before")
    @classmethod
    def _read_spellings(cls, data: Any) -> Any:
        return read_spellings(data, *_SPELLINGS)

    @model_validator(mode="after")
    def _check(self) -> Accelerator:
        if self.peak_watts < self.idle_watts:
            raise PlacedError(f"{self.peak_watts:g} W is below idle_watts, {self.idle_watts:g} W", "peak_watts")
        if self.speed == 0:
            raise PlacedError("expected a speed above 0", "speed")
        if self.link_mbps == 0:
            raise PlacedError("expected a bandwidth above 0", "link_mbps")
        return self


GENERIC = Accelerator(name="GPU", vendor="generic")
"""A device of which nothing is known but that it is one: those of a pool, and of nodes that do not say."""


def _model(
    name: str,
    vendor: str,
    gib: int,
    watts: tuple[float, float],
    price: float,
    tflops: float,
    link_gbps: int,
    mig: MigGeometry | None = None,
) -> Accelerator:
    return Accelerator(
        name=name,
        vendor=vendor,
        memory_mib=gib * 1024,
        idle_watts=watts[0],
        peak_watts=watts[1],
        price_per_hour=price,
        mig=mig,
        speed=round(tflops / 125, 3),
        link_mbps=1000.0 * link_gbps,
    )


_A100_40 = seven_slice_geometry(40 * 1024, "1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb")
_80_GB = seven_slice_geometry(80 * 1024, "1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb")
_H200 = seven_slice_geometry(141 * 1024, "1g.18gb", "1g.35gb", "2g.35gb", "3g.71gb", "4g.71gb", "7g.141gb")

CATALOGUE: Mapping[str, Accelerator] = ShownMapping(
    {
        model.name: model
        for model in (
            # name, vendor, GiB, (idle, peak) W, $/h, dense 16-bit TFLOPS, Gbit/s to the other devices of the node. K80 is one of the two
            # devices of a board, as clouds rent it.
            _model("K80", "NVIDIA", 12, (30, 150), 0.45, 4.4, 126),
            _model("P100", "NVIDIA", 16, (30, 250), 1.46, 18.7, 640),
            _model("V100-16", "NVIDIA", 16, (40, 300), 2.48, 125, 1_200),
            _model("V100-32", "NVIDIA", 32, (40, 300), 2.95, 125, 1_200),
            _model("T4", "NVIDIA", 16, (10, 70), 0.35, 65, 126),
            _model("A10", "NVIDIA", 24, (15, 150), 0.75, 125, 252),
            _model("A100-40", "NVIDIA", 40, (50, 400), 2.93, 312, 2_400, _A100_40),
            _model("A100-80", "NVIDIA", 80, (55, 400), 3.93, 312, 2_400, _80_GB),
            _model("H100-80", "NVIDIA", 80, (70, 700), 9.80, 989, 3_600, _80_GB),
            _model("H200", "NVIDIA", 141, (75, 700), 10.60, 989, 3_600, _H200),
            _model("L4", "NVIDIA", 24, (13, 72), 0.56, 121, 252),
            _model("L40S", "NVIDIA", 48, (35, 350), 1.40, 362, 252),
            _model("MI300X", "AMD", 192, (140, 750), 6.00, 1307, 3_584),
            _model("TPU-v5e", "Google", 16, (60, 200), 1.20, 197, 1_600),
        )
    },
    "accelerators",
    ("model", "vendor", "memory (GiB)", "peak (W)", "$ an hour", "speed", "links (Gbit/s)"),
    lambda name, model: (
        name,
        model.vendor,
        model.memory_mib / 1024,
        model.peak_watts,
        model.price_per_hour,
        model.speed,
        model.link_mbps / 1000,
    ),
)
"""Canonical name -> model."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "V100": "V100-16",
        "V100-16GB": "V100-16",
        "V100-32GB": "V100-32",
        "A100": "A100-40",
        "A100-40GB": "A100-40",
        "A100-80GB": "A100-80",
        "H100": "H100-80",
        "H100-80GB": "H100-80",
        "H200-141": "H200",
        "H200-141GB": "H200",
        "A10G": "A10",
        "TPU": "TPU-v5e",
        "v5e": "TPU-v5e",
    }
)
"""Other names in use -> canonical name. A bare family name means its smaller memory."""

_BY_FOLDED_NAME = {name.casefold(): name for name in CATALOGUE} | {alias.casefold(): name for alias, name in ALIASES.items()}


def resolve_model(name: str) -> str:
    """The canonical name of an accelerator model, whatever its case; an unknown name comes back unchanged.

    >>> resolve_model("V100"), resolve_model("a100-80gb"), resolve_model("G2")
    ('V100-16', 'A100-80', 'G2')
    """
    return _BY_FOLDED_NAME.get(name.casefold(), name)


def accelerator(name: str) -> Accelerator:
    """The catalogue's model of that name or alias. Raises UnknownNameError.

    >>> accelerator("H100").memory_mib
    81920
    """
    canonical = resolve_model(name)
    if canonical not in CATALOGUE:
        raise UnknownNameError("accelerator model", name, known_models())
    return CATALOGUE[canonical]


def known_models() -> list[str]:
    """Every name that `accelerator` understands: canonical ones and aliases."""
    return [*CATALOGUE, *ALIASES]
