"""`Comparison`: what came of comparing policies, as frames, text, HTML and JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import UnknownNameError, printable
from ...frame_columns import Column
from ...html_pages import write_html
from ...html_tables import table
from ...plotting import Plots
from ...units import format_seconds
from ..statistics import Interval
from .basis import SAID, Basis
from .policies import Policy

if TYPE_CHECKING:
    import polars as pl

COLUMNS = (
    Column("policy", "String", "", "queue and placement policy, compared with the first one given"),
    Column("measure", "String", "", "what is compared"),
    Column("unit", "String", "", "of the next five columns that have one"),
    Column("better", "String", "", "whether less or more of it is better"),
    Column("baseline", "Float64", "as said", "mean of the first policy; null where some replication has nothing to measure, as below"),
    Column("value", "Float64", "as said", "mean of this policy"),
    Column("difference", "Float64", "as said", "value less baseline"),
    Column("low", "Float64", "as said", "lower bound of the difference"),
    Column("high", "Float64", "as said", "upper bound"),
    Column("p_value", "Float64", "", "how likely so large a difference is if there were none; null where nothing is random"),
    Column("p_adjusted", "Float64", "", "the same, corrected for all rows together"),
    Column(
        "narrowing", "Float64", "", "how many times wider the interval would be without common random numbers; null where there is none"
    ),
    Column("verdict", "String", "", "better, worse, equal, not shown, or not measured"),
)
"""Columns of `Comparison.frame`."""


def verdict(basis: Basis, row: Mapping[str, Any], alpha: float) -> str:
    """What can be said of a difference: `better` or `worse` only where it is significant, or exact."""
    apart = row["difference"]
    if apart is None:
        return "not measured"
    if basis == "exact" and apart == 0:
        return "equal"
    if basis != "exact" and (row["low"] == row["high"] == 0):
        return "equal"
    if apart == 0 or (basis != "exact" and not row["p_adjusted"] <= alpha):
        return "not shown"
    return "better" if (apart < 0) == (row["better"] == "less") else "worse"


@dataclass(frozen=True)
class Comparison:
    """Policies compared with the first of them. `rows`: one for each other policy and measure, as `frame` has them; `runs`: the figures
    of every run.

    `basis`: `exact` (nothing is random: true for these jobs only), `replications`, or `resampled` (traces made of blocks of one).

    >>> from mlplat import ClusterSpec, compare, traces
    >>> jobs = traces.synthetic(300, gpus=16, seed=1)
    >>> found = compare(ClusterSpec.parse("2x8xV100"), jobs, policies=["fifo/best-fit", "easy/best-fit"])
    >>> found.baseline, found.frame.get_column("policy").unique().to_list()
    ('fifo/best-fit', ['easy/best-fit'])
    """

    title: str
    basis: Basis
    policies: tuple[Policy | str, ...]
    replications: int
    confidence: float
    correction: str
    rows: tuple[Mapping[str, Any], ...]
    runs: tuple[Mapping[str, Any], ...]

    @property
    def baseline(self) -> str:
        """The policy that the others are compared with."""
        return str(self.policies[0])

    @cached_property
    def frame(self) -> pl.DataFrame:
        """One row for each other policy and measure."""
        import polars as pl

        return pl.DataFrame(list(self.rows), schema={column.name: getattr(pl, column.dtype) for column in COLUMNS})

    @cached_property
    def figures(self) -> pl.DataFrame:
        """One row for each run: policy, replication, fingerprint and every figure."""
        import polars as pl

        texts = ("policy", "fingerprint")
        names = self.runs[0].keys()
        types = {name: pl.String if name in texts else pl.UInt32 if name == "replication" else pl.Float64 for name in names}
        return pl.DataFrame(list(self.runs), schema=types)

    def row(self, policy: str, measure: str) -> Mapping[str, Any]:
        """The row of a policy and a measure. Raises UnknownNameError for one that was not compared."""
        for row in self.rows:
            if (row["policy"], row["measure"]) == (policy, measure):
                return row
        policies = dict.fromkeys(str(row["policy"]) for row in self.rows)
        if policy not in policies:
            raise UnknownNameError("policy", policy, policies)
        raise UnknownNameError("measure", measure, dict.fromkeys(str(row["measure"]) for row in self.rows))

    def verdict(self, policy: str, measure: str) -> str:
        """`better`, `worse`, `equal`, `not shown` or `not measured`."""
        return str(self.row(policy, measure)["verdict"])

    @property
    def said(self) -> str:
        """What the figures can be taken to say, in words."""
        sure = f"{100 * self.confidence:.4g} %"
        said = SAID[self.basis].format(n=f"{self.replications:,}", level=sure)
        if self.basis == "exact":
            return said
        family = {
            "holm": "for all together (Holm)",
            "benjamini-hochberg": "by false discovery rate (Benjamini and Hochberg)",
            "none": "for each alone",
        }
        tested = sum(row["p_value"] is not None for row in self.rows)
        said += f" Verdicts: at {sure} {family[self.correction]}, {tested} tests."
        least = 2 / (self.replications + 1) * (tested if self.correction == "holm" else 1)
        if self.basis == "resampled" and least > 1 - self.confidence:
            said += " So few traces can show nothing at this confidence: give more replications."
        return said

    @property
    def plot(self) -> Plots:
        """The differences as a figure: `plot()` (docs/notebooks_and_plots.md)."""
        return Plots(self, "differences")

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {
            "baseline": self.baseline,
            "policies": [str(policy) for policy in self.policies],
            "basis": self.basis,
            "replications": self.replications,
            "confidence": self.confidence,
            "correction": self.correction,
            "comparisons": [dict(row) for row in self.rows],
            "fingerprints": {
                str(policy): [run["fingerprint"] for run in self.runs if run["policy"] == str(policy)] for policy in self.policies
            },
            "said": self.said,
        }

    def readable(self) -> list[tuple[str, ...]]:
        """A row of texts for each other policy and measure: policy, measure, baseline, value, difference, verdict."""
        return [
            (
                str(row["policy"]),
                printable(str(row["measure"])),
                amount(row["baseline"], row["unit"]),
                amount(row["value"], row["unit"]),
                self._difference(row),
                str(row["verdict"]),
            )
            for row in self.rows
        ]

    def _difference(self, row: Mapping[str, Any]) -> str:
        if row["difference"] is None:
            return "–"
        if self.basis == "exact":
            return ("+" if row["difference"] > 0 else "") + amount(row["difference"], row["unit"])
        scale, unit = _scale(row)
        return Interval(row["difference"], row["low"], row["high"], self.confidence, self.replications).text(scale, unit)

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the comparison as one self-contained HTML page, and return where. Raises InputError, MissingExtraError."""
        return write_html("comparison_page", self, path)

    def __str__(self) -> str:
        lines = [HEADINGS, *self.readable()]
        widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
        table = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines]
        return "\n".join([f"{printable(self.title)}, against {self.baseline}", *table, self.said])

    def __repr__(self) -> str:
        counts = {word: sum(row["verdict"] == word for row in self.rows) for word in ("better", "worse")}
        told = ", ".join(f"{count} {word}" for word, count in counts.items())
        return f"Comparison({len(self.policies)} policies against {self.baseline}, {self.basis}: {told} of {len(self.rows)})"

    def _repr_html_(self) -> str:
        return table(HEADINGS, self.readable(), title=f"{self.title}, against {self.baseline}", notes=[self.said])


HEADINGS = ("policy", "measure", "baseline", "value", "difference", "verdict")


def amount(value: float | None, unit: str) -> str:
    """A figure as people read it.

    >>> amount(5400.0, "s"), amount(0.731, "part"), amount(None, "s")
    ('1.5 h', '73.1 %', '–')
    """
    if value is None:
        return "–"
    if unit == "s":
        return format_seconds(value)
    if unit == "part":
        return f"{100 * value:.3g} %"
    return f"{value:,.4g}" + ("" if unit in ("count", "ratio") else f" {unit}")


def _scale(row: Mapping[str, Any]) -> tuple[float, str]:
    """In what a difference and its bounds are written."""
    unit = row["unit"]
    if unit == "s":
        largest = max(abs(row["low"]), abs(row["high"]))
        size, name = next(((size, name) for size, name in ((86400, "d"), (3600, "h"), (60, "min")) if largest >= 2 * size), (1, "s"))
        return 1 / size, f" {name}"
    return (100.0, " points") if unit == "part" else (1.0, "" if unit in ("count", "ratio") else f" {unit}")
