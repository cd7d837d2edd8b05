"""What the cluster costs and emits, and how far a search may go: options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from ...hardware.node_group import MAX_NODES
from ...hardware.spec_model import Name, PlacedError, Rate
from .part import Number, Part, Whole

HOURS_PER_MONTH = 730.0
"""A twelfth of a year of 8,760 hours."""

WORLD_KG_PER_KWH = 0.473
"""kg of CO₂ equivalents per kWh of electricity, mean of the world in 2024 (Ember, Global Electricity Review 2025)."""

MEAN_PUE = 1.58
"""Electricity of a data centre over that of its machines, mean of the industry in 2023 (Uptime Institute, Global Data Center Survey 2023)."""


class GroupCosts(Part):
    """What one node of a group costs, where it is not what the cluster's description says."""

    price_per_hour: Rate | None = None
    """US dollars per hour; the cluster's own price if not given."""
    factor: Rate = 1.0
    """The price is multiplied by it, such as 0.6 for a reservation."""


class Costs(Part):
    """Prices and electricity. The prices of the cluster's nodes are list prices of rented machines unless its description says others."""

    factor: Rate = 1.0
    """All prices of nodes are multiplied by it."""
    groups: Mapping[Name, GroupCosts] = {}
    """Prices by node group."""
    pue: Annotated[Number, Field(ge=1, le=10)] = MEAN_PUE
    """Electricity of the data centre over that of its machines; 1.58 is the mean of the industry in 2023 (Uptime Institute)."""
    grid_kg_per_kwh: Rate = WORLD_KG_PER_KWH
    """kg of CO₂ equivalents per kWh; 0.473 is the mean of the world in 2024 (Ember, Global Electricity Review 2025)."""
    electricity_per_kwh: Rate = 0.0
    """US dollars per kWh, on top of the prices; 0 where those include it."""


class Bounds(Part):
    """How many nodes of a group there may be."""

    least: Annotated[Whole, Field(ge=0, le=MAX_NODES)] = 1
    """The fewest nodes; 0 if the group may be left out."""
    most: Annotated[Whole, Field(ge=1, le=MAX_NODES)]
    """The most nodes."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.most < self.least:
            raise PlacedError(f"{self.most:,} is below least, {self.least:,}", "most")
        return self


class Search(Part):
    """Where `mlplat plan` looks for the smallest or cheapest cluster, and how sure it is to be."""

    groups: Mapping[Name, Bounds] = {}
    """Node groups whose count is looked for, with the fewest and the most nodes; the first group if not given."""
    confidence: Annotated[Number, Field(gt=0.5, lt=1)] = 0.95
    """Of the intervals."""
    most_runs: Annotated[Whole, Field(ge=1)] = 1000
    """Runs after which the search ends in any case."""
    width: Annotated[Number, Field(gt=0, le=1)] | None = None
    """Replications go on until the interval of a figure is so narrow (half its width over its middle), or all replications are made."""
