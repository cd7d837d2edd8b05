"""A group of equal nodes: CPU, memory, devices, disk, network interfaces, racks, labels, taints, price and power of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from .accelerators import Accelerator
from .amounts import read_spellings, spelled
from .bandwidths import Bandwidth
from .reliability import GroupReliability
from .scaling import Scaling
from .spec_model import Amount, Name, PlacedError, Rate, SpecModel, Text

MAX_NODES = 10_000_000
"""Nodes a cluster may have at most; a larger number is taken for a slip."""

MAX_DEVICES_PER_NODE = 1_000_000
"""Devices a node (or pool) may have at most."""

CORE_PRICE_PER_HOUR, GIB_PRICE_PER_HOUR = 0.0316, 0.0042
"""US dollars per core and GiB of memory and hour: indicative on-demand list prices of a general-purpose cloud machine."""

CORE_IDLE_WATTS, CORE_PEAK_WATTS = 0.74, 3.5
"""W per core of a host idle and fully busy: indicative, of the order of Cloud Carbon Footprint's averages for cloud servers."""

_SPELLINGS = ("cpus", "memory", "memory_gib", "disk", "disk_gib")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def _exact_count(value: object) -> object:
    if isinstance(value, (bool, str, bytes)):
        raise ValueError(f"expected a whole number (found {value!r:.60})")
    return value


Count = Annotated[int, BeforeValidator(_exact_count), Field(ge=1, le=MAX_NODES)]


class Taint(SpecModel):
    """A node's mark that keeps workloads away unless they tolerate it, as in Kubernetes. Also read from `key=value:Effect`.

    `NoSchedule` lets nothing new come; `NoExecute` lets nothing stay either; `PreferNoSchedule`, a wish, keeps nothing away here.

    >>> str(Taint.model_validate("dedicated=training:NoSchedule"))
    'dedicated=training:NoSchedule'
    """

    key: Name
    value: Text = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        mark, colon, effect = data.rpartition(":")
        if not colon or effect not in _EFFECTS:
            raise PlacedError(f"not a taint: {data!r:.80}; expected 'key=value:Effect' with an effect of {', '.join(_EFFECTS)}")
        key, _, value = mark.partition("=")
        return {"key": key, "value": value, "effect": effect}

    @property
    def repels(self) -> bool:
        """Whether it keeps work away."""
        return self.effect != "PreferNoSchedule"

    def __str__(self) -> str:
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


class Storage(SpecModel):
    """Storage with a size and finite bandwidth: a node's local disk, or a networked backend of the whole cluster.

    `capacity_mib`: MiB (`capacity="10TiB"` is understood too). `read_mb_s`, `write_mb_s`: MB (10^6 bytes) per second, shared by all users.
    `bandwidth`: of all reads and writes together, Mbit/s or text such as `100Gbps`; None for no such limit. `at`: the external endpoint,
    switch or node at which a networked backend joins the network; None for the gateway where there is one, else the network does not count.

    >>> Storage(name="lake", capacity="1TiB", read_mb_s=2000, write_mb_s=1000).capacity_mib
    1048576
    """

    spellings = spelled("capacity", "capacity_gib")

    name: Name
    capacity_mib: Amount
    read_mb_s: Annotated[Rate, Field(gt=0)] = 2000.0
    write_mb_s: Annotated[Rate, Field(gt=0)] = 1000.0
    bandwidth: Bandwidth | None = None
    at: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_spellings(cls, data: Any) -> Any:
        return read_spellings(data, "capacity", "capacity_gib")


class NodeGroup(SpecModel):
    """`count` equal nodes.

    Amounts are those of one node: `cpu_milli` (or `cpus=64`), `memory_mib` (or `memory="512GiB"`, `memory_gib=512`), `disk_mib` (or `disk`,
    `disk_gib`), `gpus` devices of `gpu_model`, partitioned by MIG if `mig`. `disk_read_mb_s`, `disk_write_mb_s`: MB/s of the local disk,
    `disk_bandwidth`: of both together, None for no such limit.
    `nics` network interfaces of `nic_mbps` Mbit/s each. `racks`: over how many racks of their own the nodes are dealt out in blocks, or
    the racks' names, which groups may share; None is the one rack that all such groups of a zone share. `zone`: the larger failure
    domain of those racks. `price_per_hour`: US dollars of a whole node, None for list prices. `idle_watts`, `peak_watts`: W of the node
    without its devices, None for a figure by core. `node_names`: a name for each node, None for `<group>-0`, `<group>-1`, …
    `reliability`: failure rates of the group's nodes and devices, where they are not the cluster's. `scaling`: how many of the nodes are
    there, None for always all. `labels`, `taints`: by which workloads choose nodes, and which keep them away (docs/endpoint.md).
    Raises SpecError.

    >>> NodeGroup(name="a", count=2, cpus=64, memory="512GiB", gpus=8, gpu_model="V100").memory_mib
    524288
    """

    spellings = spelled(*_SPELLINGS)

    name: Name
    count: Count = 1
    cpu_milli: Amount = 0
    memory_mib: Amount = 0
    disk_mib: Amount = 0
    gpus: Annotated[Amount, Field(le=MAX_DEVICES_PER_NODE)] = 0
    gpu_model: Name | None = None
    mig: Annotated[bool, Field(strict=True)] = False
    racks: Annotated[int, Field(ge=1, le=MAX_NODES)] | tuple[Name, ...] | None = None
    zone: Name | None = None
    nics: Annotated[Amount, Field(ge=1, le=64)] = 1
    nic_mbps: Annotated[Amount, Field(ge=1, le=10**8)] = 25_000
    disk_read_mb_s: Annotated[Rate, Field(gt=0)] = 2000.0
    disk_write_mb_s: Annotated[Rate, Field(gt=0)] = 1000.0
    disk_bandwidth: Bandwidth | None = None
    labels: Mapping[Name, Text] = {}
    taints: tuple[Taint, ...] = ()
    price_per_hour: Rate | None = None
    idle_watts: Rate | None = None
    peak_watts: Rate | None = None
    node_names: tuple[Name, ...] | None = None
    reliability: GroupReliability | None = None
    scaling: Scaling | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_spellings(cls, data: Any) -> Any:
        return read_spellings(data, *_SPELLINGS)

    @field_validator("racks", mode="before")
    @classmethod
    def _racks_form(cls, value: object) -> object:
        # Checked ahead of the union, whose errors would name pydantic's branches instead of what a user can do.
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_NODES):
            return value
        if isinstance(value, (list, tuple)) and value and all(isinstance(n, str) and 0 < len(n) <= 250 and n.isprintable() for n in value):
            return tuple(value)
        raise ValueError(f"expected a number of racks from 1, or a list of their names (found {value!r:.60})")

    @model_validator(mode="after")
    def _check(self) -> NodeGroup:
        if self.gpus and self.gpu_model is None:
            raise PlacedError("is required for a group with gpus", "gpu_model")
        if self.mig and not self.gpus:
            raise PlacedError("needs gpus to partition", "mig")
        racks = self.racks if isinstance(self.racks, int) else len(self.racks or ())
        if racks > self.count:
            raise PlacedError(f"{racks} racks for {self.count} nodes: a rack holds at least one node", "racks")
        if isinstance(self.racks, tuple) and len(set(self.racks)) < racks:
            raise PlacedError("names a rack twice", "racks")
        if len({(taint.key, taint.effect) for taint in self.taints}) < len(self.taints):
            raise PlacedError("has two taints of the same key and effect", "taints")
        if self.node_names is not None and len(self.node_names) != self.count:
            raise PlacedError(f"has {len(self.node_names)} names for {self.count} nodes", "node_names")
        if self.idle_watts is not None and self.peak_watts is not None and self.peak_watts < self.idle_watts:
            raise PlacedError(f"{self.peak_watts:g} W is below idle_watts, {self.idle_watts:g} W", "peak_watts")
        if self.scaling is not None:
            self.scaling.check_count(self.count)
        return self

    @property
    def storage(self) -> Storage:
        """The local disk of one node."""
        speeds = {"read_mb_s": self.disk_read_mb_s, "write_mb_s": self.disk_write_mb_s, "bandwidth": self.disk_bandwidth}
        return Storage(name="local", capacity_mib=self.disk_mib, **speeds)

    def names(self) -> tuple[str, ...]:
        """The node names, in order."""
        if self.node_names is not None:
            return self.node_names
        prefix = self.name + "-"
        return tuple([prefix + str(i) for i in range(self.count)])

    def price(self, model: Accelerator | None, *, cores: float, memory_gib: float) -> float:
        """US dollars per hour of one node: what the group states, else list prices of its cores, memory and devices."""
        if self.price_per_hour is not None:
            return self.price_per_hour
        return cores * CORE_PRICE_PER_HOUR + memory_gib * GIB_PRICE_PER_HOUR + (self.gpus * model.price_per_hour if model else 0.0)

    def watts(self, model: Accelerator | None, *, cores: float) -> tuple[float, float]:
        """W of one node, idle and at full load, devices included."""
        idle = cores * CORE_IDLE_WATTS if self.idle_watts is None else self.idle_watts
        peak = cores * CORE_PEAK_WATTS if self.peak_watts is None else self.peak_watts
        if model is not None:
            idle, peak = idle + self.gpus * model.idle_watts, peak + self.gpus * model.peak_watts
        return idle, max(idle, peak)
