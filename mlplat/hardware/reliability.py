"""How often hardware fails and how long a repair takes: data of a cluster, from which a schedule of outages is drawn (docs/failures.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from ..errors import SpecError
from .durations import Duration, PositiveDuration
from .spec_model import Name, PlacedError, Rate, SpecModel, place

if TYPE_CHECKING:
    from ..units import Duration as HumanDuration
    from .cluster_spec import ClusterSpec
    from .outages import Outages


class FailureRate(SpecModel):
    """A component's mean time between failures and mean time to repair, in seconds; text such as `"90d"` is understood.

    `mtbf`: mean up-time from a repair (or the start of the run) to the next failure. `mttr`: mean time from failure to repair.
    `distribution` of the up-times: `exponential`, or `weibull` with `shape` (below 1 early failures, above 1 wear; the mean is `mtbf` all
    the same). `repair`: repair times are `exponential`, or all of them `fixed` at `mttr`. Raises SpecError.

    >>> rate = FailureRate(mtbf="99d", mttr="1d")
    >>> rate.mtbf, rate.availability
    (8553600.0, 0.99)
    """

    mtbf: PositiveDuration
    mttr: PositiveDuration
    distribution: Literal["exponential", "weibull"] = "exponential"
    shape: Annotated[Rate, Field(ge=0.1, le=100)] = 1.0
    repair: Literal["exponential", "fixed"] = "exponential"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.distribution == "exponential" and self.shape != 1.0:
            raise PlacedError("only a weibull distribution has a shape", "shape")
        return self

    @property
    def availability(self) -> float:
        """The part of the time in which the component works in the long run, MTBF / (MTBF + MTTR)."""
        return self.mtbf / (self.mtbf + self.mttr)


class Maintenance(SpecModel):
    """A planned maintenance: nodes that are off from `start` for `duration`, again `every` so often if given.

    Of all nodes, or of those in the named `groups`, `racks` and `nodes` together. `notice` before the start the nodes take no more new
    work; `grace` before it what still runs there is stopped, and may write a checkpoint until the start. Raises SpecError.

    >>> Maintenance(start="30d", every="90d", duration="4h", racks=["rack-0"], notice="1d", grace="10m").notice
    86400.0
    """

    start: Duration
    duration: PositiveDuration
    every: PositiveDuration | None = None
    groups: tuple[Name, ...] = ()
    racks: tuple[Name, ...] = ()
    nodes: tuple[Name, ...] = ()
    notice: Duration = 0.0
    grace: Duration = 0.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.every is not None and self.every < self.duration:
            raise PlacedError(f"{self.every:g} s is shorter than the maintenance, {self.duration:g} s", "every")
        return self


class GroupReliability(SpecModel):
    """The failure rates of a node group's nodes and devices. What it leaves out is as for the whole cluster.

    >>> GroupReliability(device={"mtbf": "1000d", "mttr": "4h"}).node is None
    True
    """

    node: FailureRate | None = None
    device: FailureRate | None = None


class Reliability(SpecModel):
    """The failure rates of a cluster's components, and its planned maintenance. What has no rate never fails.

    `node`: each node by itself. `device`: each accelerator. `rack`: each rack, which takes its nodes down together. `fabric`: the network
    of each zone (of all racks without a zone together), whose failure cuts the zone's nodes off. Raises SpecError.

    >>> from mlplat.hardware import ClusterSpec
    >>> reliability = Reliability(node={"mtbf": "90d", "mttr": "4h"}, rack={"mtbf": "900d", "mttr": "2h"})
    >>> reliability.outages(ClusterSpec.uniform(nodes=100, racks=5), seed=2, until="365d")
    Outages(361 rows in 365.0 d: 341 node, 20 rack)
    """

    node: FailureRate | None = None
    device: FailureRate | None = None
    rack: FailureRate | None = None
    fabric: FailureRate | None = None
    maintenance: tuple[Maintenance, ...] = ()

    def outages(self, spec: ClusterSpec, *, seed: int = 0, until: HumanDuration) -> Outages:
        """The outages of the cluster that begin (or are announced) by `until`, drawn from the seed.

        Every component has numbers of its own, from the seed and its name: another policy or another component changes none of them, and
        a longer `until` only appends rows. Rates in `spec.groups` go before those given here. Raises SpecError where a maintenance names
        what the cluster does not have, OptionError for a bad seed or horizon and for more outages than can be held.
        """
        from .outage_draws import draw_outages

        return draw_outages(self, spec, seed=seed, until=until)

    def check_names(self, spec: ClusterSpec, *, where: str = "") -> None:
        """Raises SpecError where a maintenance names a group, rack or node that the cluster does not have."""
        known: dict[str, frozenset[str]] = {}
        for i, maintenance in enumerate(self.maintenance):
            for field in ("groups", "racks", "nodes"):
                names: tuple[str, ...] = getattr(maintenance, field)
                if names and field not in known:
                    known[field] = _names(spec, field)
                for k, name in enumerate(names):
                    if name not in known[field]:
                        inside = place((*([where] if where else []), "maintenance", i, field, k))
                        raise SpecError(f"the cluster has no {field.removesuffix('s')} {name!r}", where=inside)


def _names(spec: ClusterSpec, field: str) -> frozenset[str]:
    if field == "groups":
        return frozenset(group.name for group in spec.groups)
    if field == "racks":
        return frozenset(spec.rack_layout.names)
    return frozenset(name for group in spec.groups for name in group.names())
