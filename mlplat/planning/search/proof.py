"""What a search tried and what it left out, as frames: the proof of a plan."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from ...frame_columns import Column
from .cheapest import Closing, Found
from .goals import Finding, Verdict
from .space import Counts, Space

if TYPE_CHECKING:
    import polars as pl

TRIED = (
    Column("order", "UInt32", "", "which was run first"),
    Column("counts", "List(UInt32)", "nodes", "of each group, in the order of the plan's"),
    Column("cost_per_month", "Float64", "USD/month", "of that many nodes, by their prices"),
    Column("replications", "UInt32", "", "runs of it"),
    Column("met", "Boolean", "", "whether every objective is met with the confidence"),
    Column("objective", "String", "", "the name of one objective"),
    Column("mean", "Float64", "its unit", "of the figure over the replications; null where a run had none"),
    Column("low", "Float64", "its unit", "the mean is above it with the confidence"),
    Column("high", "Float64", "its unit", "the mean is below it with the confidence"),
    Column("bound", "Float64", "its unit", "of the objective"),
    Column("margin", "Float64", "", "of the mean, as a part of the bound; below 0 on the wrong side"),
    Column("status", "String", "", "met, missed, or undecided: the mean may lie on either side of the bound"),
    Column("why", "String", "", "why it was run"),
    Column("error", "String", "", "why it cannot be run, empty where it can"),
)
"""A row for each objective of each choice that was run, those last that only the interval needed."""

LEFT_OUT = (
    Column("reason", "String", "", "why the choices need no run"),
    Column("witness", "List(UInt32)", "nodes", "the choice whose runs say so, null for a budget"),
    Column("choices", "UInt64", "", "how many they are"),
)
"""A row for each reason why choices were not run. With the choices that the search ran they are all that the ranges hold."""


def tried_frame(space: Space, found: Found, edges: Mapping[Counts, Verdict]) -> pl.DataFrame:
    """The frame of `TRIED`."""
    told = [(verdict, found.why.get(counts, "")) for counts, verdict in found.verdicts.items()]
    told += [(verdict, "for the interval") for verdict in edges.values()]
    rows = [row for order, (verdict, reason) in enumerate(told) for row in _rows(space, order, verdict, reason)]
    return _frame(TRIED, rows)


def left_out_frame(closings: Sequence[Closing]) -> pl.DataFrame:
    """The frame of `LEFT_OUT`."""
    return _frame(LEFT_OUT, [(c.reason, None if c.witness is None else list(c.witness), c.choices) for c in closings])


def _rows(space: Space, order: int, verdict: Verdict, reason: str) -> list[tuple[object, ...]]:
    head = (order, list(verdict.counts), space.cost(verdict.counts), verdict.replications, verdict.met)
    tail = (reason, verdict.error)
    if not verdict.findings:
        return [(*head, *[None] * 7, *tail)]
    return [(*head, *_told(finding), *tail) for finding in verdict.findings]


def _told(finding: Finding) -> tuple[object, ...]:
    margin = finding.margin if math.isfinite(finding.margin) else None
    return (finding.goal.name, finding.mean, finding.low, finding.high, finding.goal.bound, margin, finding.status)


def _frame(columns: Sequence[Column], rows: list[tuple[object, ...]]) -> pl.DataFrame:
    import polars as pl

    types = {c.name: pl.List(pl.UInt32) if c.dtype == "List(UInt32)" else getattr(pl, c.dtype) for c in columns}
    return pl.DataFrame(rows, schema=types, orient="row")


class Standing(StrEnum):
    """Where a choice stands in a search: what was found of it, or why it was not run."""

    OUTSIDE = "outside the ranges of the search"
    MET = "meets all"
    MISSED = "does not meet all"
    REFUSED = "cannot be run"
    OVER_BUDGET = "costs more than the budget"
    NO_CHEAPER = "costs no less than one that meets all"
    TOO_FEW = "has no more of any group than one that misses an objective"
    TOO_MANY = "has no fewer of any group than one that misses an objective which fewer nodes help"
    NOT_REACHED = "the search ended before it came to it"


def standing(space: Space, found: Found, counts: Counts, ceiling: float | None) -> tuple[Standing, Counts | None]:
    """Where a choice stands, and the choice whose runs say so where it was not run itself."""
    if not space.holds(counts):
        return Standing.OUTSIDE, None
    if counts in found.verdicts:
        verdict = found.verdicts[counts]
        return Standing.REFUSED if verdict.error else Standing.MET if verdict.met else Standing.MISSED, None
    if ceiling is not None and space.cost(counts) > ceiling:
        return Standing.OVER_BUDGET, None
    if found.best is not None and space.rank(found.best.counts) < space.rank(counts):
        return Standing.NO_CHEAPER, found.best.counts
    for other, verdict in found.verdicts.items():
        if verdict.asks_for_more and all(a <= b for a, b in zip(counts, other, strict=True)):
            return Standing.TOO_FEW, other
        if verdict.asks_for_fewer and all(a >= b for a, b in zip(counts, other, strict=True)):
            return Standing.TOO_MANY, other
    return Standing.NOT_REACHED, None


def why(space: Space, found: Found, counts: Counts, ceiling: float | None) -> str:
    """Why a choice was or was not run, in a sentence."""
    stands, witness = standing(space, found, counts, ceiling)
    told = "" if witness is None else _written(witness)
    match stands:
        case Standing.OUTSIDE:
            return stands.value
        case Standing.MET | Standing.MISSED | Standing.REFUSED:
            return f"run ({found.why[counts]}): {stands}"
        case Standing.NO_CHEAPER:
            return f"not run: costs no less than {told}, which meets all"
        case Standing.TOO_FEW:
            return f"not run: has no more of any group than {told}, which misses an objective"
        case Standing.TOO_MANY:
            return f"not run: has no fewer of any group than {told}, which misses an objective that fewer nodes help"
    return f"not run: {stands}"


def _written(counts: Counts) -> str:
    return str(counts[0]) if len(counts) == 1 else str(counts)
