"""`ClusterSpec`: the immutable description of a cluster, checked once when it is made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, model_validator

from ..errors import SpecError, UnknownNameError
from ..plotting import Plots
from ..resources import UNLIMITED
from .accelerators import CATALOGUE, Accelerator, known_models, resolve_model
from .network_spec import NetworkSpec
from .node_group import MAX_NODES, NodeGroup, Storage
from .racks import RackLayout, lay_out
from .reliability import Reliability
from .spec_model import Name, SpecModel

if TYPE_CHECKING:
    import polars as pl

    from .node_table import NodeTable

MAX_DEVICES = 100_000_000
_TOTAL_LIMIT = 2**62  # sums over nodes stay within int64

Source = str | os.PathLike[str]


class ClusterSpec(SpecModel):
    """What a cluster is made of. Immutable; build it with `uniform`, `parse`, `open` or one of the `from_…` readers.

    `groups`: equal nodes, a group each. `accelerators`: models of your own, which go before the catalogue's. `storage`: networked
    backends of the whole cluster. `pool`: the cluster is one big node, in which an amount may be `unlimited`. `reliability`: how often its
    components fail, and its planned maintenance. `network`: how its nodes are joined (docs/network/topologies.md).
    Raises SpecError, with the path of the fault inside the description.

    >>> spec = ClusterSpec.uniform(nodes=96, cpus=64, memory_gib=512, gpus=8, gpu_model="V100")
    >>> spec
    ClusterSpec('cluster': 96 nodes, 6,144 cores, 48 TiB memory, 768 GPUs (V100-16))
    >>> len(spec.nodes()), spec.capacity()["gpus"]
    (96, 768)
    """

    name: Name = "cluster"
    groups: Annotated[tuple[NodeGroup, ...], Field(min_length=1)]
    accelerators: tuple[Accelerator, ...] = ()
    storage: tuple[Storage, ...] = ()
    pool: Annotated[bool, Field(strict=True)] = False
    reliability: Reliability | None = None
    network: NetworkSpec | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        _refuse_repeats("groups", [group.name for group in self.groups])
        _refuse_repeats("accelerators", [model.name for model in self.accelerators])
        _refuse_repeats("storage", [backend.name for backend in self.storage])
        self._check_names()
        self._check_amounts()
        for i, group in enumerate(self.groups):
            if group.gpu_model is None:
                continue
            try:
                model = self.accelerator(group.gpu_model)
            except UnknownNameError as error:
                raise SpecError(f"{error} (or describe it under 'accelerators')", where=f"groups[{i}].gpu_model") from None
            if group.mig and model.mig is None:
                raise SpecError(f"{model.name} has no MIG geometry", where=f"groups[{i}].mig")
        _ = self.rack_layout  # raises where a rack would stand in two zones
        if self.reliability is not None:
            self.reliability.check_names(self, where="reliability")
        if self.network is not None:
            self.network.check(self, where="network")
        elif joined := [i for i, backend in enumerate(self.storage) if backend.at is not None]:
            raise SpecError("the cluster has no network to be joined to", where=f"storage[{joined[0]}].at")
        return self

    def _check_names(self) -> None:
        generated = {group.name: (i, group.count) for i, group in enumerate(self.groups) if group.node_names is None}
        seen: set[str] = set()
        for i, group in enumerate(self.groups):
            for k, name in enumerate(group.node_names or ()):
                owner, _, number = name.rpartition("-")
                taken = owner in generated and number.isascii() and number.isdigit() and str(int(number[:20])) == number
                if name in seen or (taken and int(number) < generated[owner][1]):
                    raise SpecError(f"a second node is called {name!r}", where=f"groups[{i}].node_names[{k}]")
                seen.add(name)

    def _check_amounts(self) -> None:
        if self.pool and (len(self.groups) > 1 or self.groups[0].count > 1):
            raise SpecError("a pool is one group of one node", where="pool")
        if (nodes := sum(group.count for group in self.groups)) > MAX_NODES:
            raise SpecError(f"{nodes:,} nodes; expected at most {MAX_NODES:,}", where="groups")
        if (devices := sum(group.count * group.gpus for group in self.groups)) > MAX_DEVICES:
            raise SpecError(f"{devices:,} gpus in total; expected at most {MAX_DEVICES:,}", where="groups")
        for dimension in ("cpu_milli", "memory_mib", "disk_mib"):
            total = 0
            for i, group in enumerate(self.groups):
                amount = getattr(group, dimension)
                if amount == UNLIMITED and not self.pool:
                    raise SpecError("only a pool can be unlimited", where=f"groups[{i}].{dimension}")
                total += amount * group.count
                if total > _TOTAL_LIMIT:
                    raise SpecError("the total is larger than anything that can be simulated", where=f"groups[{i}].{dimension}")

    # -- making one

    @classmethod
    def uniform(
        cls,
        nodes: int,
        *,
        cpus: float = 64,
        memory_gib: float = 512,
        gpus: int = 0,
        gpu_model: str | None = None,
        disk_gib: float = 1024,
        mig: bool = False,
        racks: int | tuple[str, ...] | None = None,
        name: str = "cluster",
        group: str = "node",
        network: NetworkSpec | Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Self:
        """`nodes` equal nodes called `node-0`, …; `more` are further fields of `NodeGroup`. Raises SpecError.

        >>> ClusterSpec.uniform(nodes=4, gpus=8, gpu_model="H100", racks=2).nodes().racks
        ('rack-0', 'rack-1')
        """
        row = {"name": group, "count": nodes, "cpus": cpus, "memory_gib": memory_gib, "gpus": gpus, "gpu_model": gpu_model}
        groups = [row | {"disk_gib": disk_gib, "mig": mig, "racks": racks} | more]
        return cls.model_validate({"name": name, "groups": groups, "network": network})

    @classmethod
    def parse(cls, text: str) -> Self:
        """A cluster from a shorthand: `96x8xV100`, `100x64cpu`, `4x8xA100+20x64cpu`, `pool:768gpu`, `pool:128cpu,64xT4`.

        A GPU node has 8 cores, 64 GiB of memory and 1 TiB of disk for each device, a CPU node 4 GiB for each core and 1 TiB of disk; a pool
        limits only what it names. Raises SpecError with the accepted forms, UnknownNameError for an unknown accelerator.

        >>> ClusterSpec.parse("100x64cpu").capacity()["cpu_milli"]
        6400000
        """
        from .shorthand import read_shorthand

        return cls.model_validate(read_shorthand(text))

    @classmethod
    def open(cls, source: Source) -> Self:
        """A cluster from a `.yaml`, `.yml`, `.json` (also `kubectl get nodes -o json`) or `.csv` (openb) file, else from a shorthand.

        Raises InputError, SpecError or UnknownNameError.
        """
        from .spec_io import open_source

        return open_source(cls, source)

    @classmethod
    def from_openb(cls, path: Source) -> Self:
        """The nodes of an openb node list: CSV with the columns `sn, cpu_milli, memory_mib, gpu, model`, in the order of the file.

        The list has no disk: 0 MiB. A model that the catalogue lacks becomes a custom one of unknown memory, power and price.
        Raises InputError.
        """
        from .openb_nodes import read_openb_nodes

        return cls.model_validate(read_openb_nodes(path))

    @classmethod
    def from_kubernetes(cls, source: Source | Mapping[str, Any]) -> Self:
        """The nodes of a Kubernetes cluster, from the file that `kubectl get nodes -o json` wrote (or its text, or the parsed list).

        Raises InputError naming the JSON path.
        """
        from .kubernetes_nodes import read_kubernetes_nodes

        return cls.model_validate(read_kubernetes_nodes(source))

    @classmethod
    def from_yaml(cls, source: Source) -> Self:
        """A cluster from a YAML file, or from YAML text (anything with a line break or `: `). Raises InputError, SpecError.

        >>> ClusterSpec.from_yaml("groups: [{name: a, count: 2, cpus: 8, memory: 32GiB}]").nodes().names
        ('a-0', 'a-1')
        """
        from .spec_io import validated, yaml_document

        return validated(cls, *yaml_document(source))

    @classmethod
    def from_json(cls, source: Source) -> Self:
        """A cluster from a JSON file, or from JSON text (anything that begins with a brace). Raises InputError, SpecError."""
        from .spec_io import json_document, validated

        return validated(cls, *json_document(source))

    # -- writing one

    def to_yaml(self, path: Source | None = None) -> str:
        """The description as YAML text, also written to `path` if given. `from_yaml` gives an equal spec back. Raises InputError.

        >>> print(ClusterSpec.uniform(nodes=2, gpus=0, disk_gib=0).to_yaml(), end="")
        groups:
        - name: node
          count: 2
          cpus: 64
          memory: 512GiB
        """
        from .spec_io import to_yaml, write_text

        text = to_yaml(self)
        return text if path is None else write_text(path, text)

    def to_json(self, path: Source | None = None) -> str:
        """The description as JSON text, also written to `path` if given. Raises InputError."""
        from .spec_io import to_json, write_text

        text = to_json(self)
        return text if path is None else write_text(path, text)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of a description, human spellings included."""
        return cls.model_json_schema()

    # -- asking one

    def accelerator(self, name: str) -> Accelerator:
        """The model of that name or alias: one of the spec's own, else the catalogue's. Raises UnknownNameError.

        >>> ClusterSpec.parse("2x8xV100").accelerator("v100").name
        'V100-16'
        """
        canonical = resolve_model(name)
        own = {model.name: model for model in self.accelerators}
        found = own.get(name) or own.get(canonical) or CATALOGUE.get(canonical)
        if found is None:
            raise UnknownNameError("accelerator model", name, {*own, *known_models()})
        return found

    def accelerator_of(self, group: NodeGroup) -> Accelerator | None:
        """The model of a group's devices, None if it has none."""
        return self.accelerator(group.gpu_model) if group.gpus and group.gpu_model is not None else None

    def node_price(self, group: NodeGroup) -> float:
        """US dollars per hour of one node of the group; amounts without limit cost nothing."""
        cores, memory = (0 if amount == UNLIMITED else amount for amount in (group.cpu_milli, group.memory_mib))
        return group.price(self.accelerator_of(group), cores=cores / 1000, memory_gib=memory / 1024)

    def node_watts(self, group: NodeGroup) -> tuple[float, float]:
        """W of one node of the group, idle and at full load, devices included."""
        return group.watts(self.accelerator_of(group), cores=0 if group.cpu_milli == UNLIMITED else group.cpu_milli / 1000)

    @cached_property
    def rack_layout(self) -> RackLayout:
        """The racks and zones, and which rack each node stands in."""
        return lay_out(self.groups)

    @cached_property
    def _table(self) -> NodeTable:
        from .expansion import expand

        return expand(self)

    def nodes(self) -> NodeTable:
        """The nodes as arrays, one row a node, groups in order. Made once and shared: the arrays are read-only.

        >>> ClusterSpec.parse("2x4xT4").nodes().gpus.tolist()
        [4, 4]
        """
        return self._table

    def capacity(self) -> dict[str, Any]:
        """Totals: `nodes`, `cpu_milli`, `memory_mib`, `disk_mib`, `gpus`, `gpus_by_model`, `price_per_hour`, `idle_watts`, `peak_watts`.

        A dimension that a pool does not limit is `resources.UNLIMITED`.

        >>> ClusterSpec.parse("2x4xT4").capacity()["gpus_by_model"]
        {'T4': 8}
        """
        from .spec_view import totals

        return totals(self)

    def summary(self) -> pl.DataFrame:
        """One row a group: the columns of `spec_view.SUMMARY_COLUMNS`."""
        from .spec_view import summary

        return summary(self)

    @property
    def plot(self) -> Plots:
        """Figures: `plot()` of the racks, `plot.network()` (docs/notebooks_and_plots.md)."""
        return Plots(self, "racks", "network")

    def __repr__(self) -> str:
        from .spec_view import one_line

        return one_line(self)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        from .spec_view import html_table

        return html_table(self)


def _refuse_repeats(field: str, names: list[str]) -> None:
    if len(set(names)) < len(names):
        first = next(i for i, name in enumerate(names) if name in names[:i])
        raise SpecError(f"a second one is called {names[first]!r}", where=f"{field}[{first}].name")
