"""What each zone of a run was promised, held, borrowed and lost: the frame `zones`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ..infra.kernels.attempt_state import Outcome
from ..infra.quotas import Described, Quota, with_the_rest
from ..infra.quotas.amounts import DIMENSIONS, named
from ..infra.quotas.arrays import leaves_of
from ..infra.records import attempts_of, placed
from .columns import FRAMES, RESOURCES
from .frames import held

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..infra.world import Run

HELD = {"cpus": ("cpu_milli", 1000), "memory_gib": ("memory_mib", 1024), "gpus": ("gpu_milli", 1000)}
"""Resource of the frame -> what records hold of it, and its unit."""


def zones_frame(run: Run, described: Sequence[Described], jobs: pl.DataFrame, stop: float) -> pl.DataFrame:
    """One row a quota, in the order given; the quota `""` of all others last, where it has jobs or was given. `jobs`: the frame."""
    tree = with_the_rest(described)
    leaves = {node: one for node, one in enumerate(tree, start=1) if isinstance(one, Quota)}
    of = leaves_of(described, run.trace)
    first = float(run.trace.submit[0]) if len(run.trace) else 0.0
    done = pl.DataFrame({"zone": of}).with_columns(done=jobs["state"] == "completed")
    fates = done.group_by("zone").agg(jobs=pl.len(), completed=pl.col("done").sum())
    guaranteed = {name for one in tree if one is not None for name in _promised(one.guarantee)}
    frame = pl.DataFrame([_promises(node, one) for node, one in leaves.items()], schema=_PROMISED)
    for part in (fates, _use(run, of, frame, guaranteed, first, stop), *_reclaims(run, of)):
        frame = frame.join(part, on="zone", how="left", maintain_order="left")
    names, cohorts = ({node: getattr(one, key) for node, one in leaves.items()} for key in ("name", "cohort"))
    return (
        frame.filter(pl.col("jobs").is_not_null() | (pl.col("zone") <= len(described)))
        .with_columns(pl.col("jobs", "completed", "reclaimed", "claims").fill_null(0).cast(pl.UInt32))
        .with_columns(cohort=pl.col("zone").replace_strict(cohorts, return_dtype=pl.String))
        .with_columns(zone=pl.col("zone").replace_strict(names, return_dtype=pl.String))
        .select([column.name for column in FRAMES["zones"]])
    )


def no_zones() -> pl.DataFrame:
    """The frame of a run without zones."""
    return pl.DataFrame(schema={column.name: getattr(pl, column.dtype) for column in FRAMES["zones"]})


def zone_figures(frame: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """The rows by the name of the zone."""
    return {row.pop("zone"): row for row in frame.to_dicts()}


_PROMISED = {"zone": pl.Int32} | {f"{resource}_{kind}": pl.Float64 for resource in RESOURCES for kind in ("guarantee", "limit")}


def _promises(node: int, one: Quota) -> dict[str, Any]:
    guarantee, limit = _promised(one.guarantee), _promised(one.limit)
    row: dict[str, Any] = {"zone": node}
    for resource in RESOURCES:
        row |= {f"{resource}_guarantee": guarantee.get(resource, 0.0), f"{resource}_limit": limit.get(resource)}
    return row


def _promised(amounts: Mapping[str, Any]) -> dict[str, float]:
    """By resource; where only flavors have it, their sum."""
    own: dict[str, float] = {}
    flavored: dict[str, float] = {}
    for flavor, dimension, units in named(amounts):
        resource = DIMENSIONS[dimension]
        if resource in HELD:
            into = flavored if flavor else own
            into[resource] = into.get(resource, 0.0) + units / HELD[resource][1]
    return flavored | own


def _use(run: Run, of: npt.NDArray[np.int32], promised: pl.DataFrame, guaranteed: set[str], first: float, stop: float) -> pl.DataFrame:
    """Of each quota the mean and largest use, and the mean of what was above its guarantee (null where nothing is `guaranteed`)."""
    records, attempts = placed(run), attempts_of(run)
    end = attempts.end[records.attempt]
    amounts = held(run, records)
    # What is still held is given back at infinity, so that every quota begins at nothing.
    changes = pl.DataFrame(
        {
            "zone": np.concatenate([of[records.job]] * 2),
            "time": np.concatenate([attempts.start[records.attempt], np.where(np.isnan(end), np.inf, end)]),
        }
        | {resource: np.concatenate([amounts[name], -amounts[name]]) for resource, (name, _) in HELD.items()}
    )
    same, following = pl.col("zone").shift(-1) == pl.col("zone"), pl.col("time").shift(-1)
    use = (
        changes.sort("zone", "time")
        .with_columns((pl.col(resource).cum_sum() / unit).alias(resource) for resource, (_, unit) in HELD.items())
        .with_columns(spell=pl.when(same).then(following.clip(upper_bound=stop)).otherwise(stop) - pl.col("time"))
        # Of an instant at which several things happen, what is left after it.
        .filter((~same | (following > pl.col("time"))).fill_null(True) & pl.col("time").is_finite())
        .join(promised, on="zone", how="left", maintain_order="left")
    )
    span = stop - first

    def mean(value: pl.Expr) -> pl.Expr:
        return (value * pl.col("spell")).sum() / span if span > 0 else pl.lit(0.0)

    figures = []
    for resource in RESOURCES:
        above = (pl.col(resource) - pl.col(f"{resource}_guarantee")).clip(lower_bound=0.0)
        figures += [mean(pl.col(resource)).alias(f"{resource}_use_mean"), pl.col(resource).max().alias(f"{resource}_use_max")]
        figures.append(mean(above).alias(f"{resource}_borrowed_mean"))
    whole = (
        promised.select("zone")
        .join(use.group_by("zone").agg(figures), on="zone", how="left")
        .with_columns(pl.exclude("zone").fill_null(0.0))
    )
    return whole.with_columns(pl.lit(None, pl.Float64).alias(f"{name}_borrowed_mean") for name in RESOURCES if name not in guaranteed)


def _reclaims(run: Run, of: npt.NDArray[np.int32]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of each quota how often a job of it was stopped for another quota, and how often, and for how long at most, one of its jobs waited
    for others that it had stopped. A claim is told from another of the same job by the start that came of it.
    """
    attempts = attempts_of(run)
    victims = np.flatnonzero(attempts.outcome == Outcome.RECLAIMED)
    by = run.world.attempts.by[: len(attempts.job)][victims]
    told = attempts.stop[victims]
    taken = pl.DataFrame({"zone": of[attempts.job[victims]]}).group_by("zone").agg(reclaimed=pl.len())
    stopped = pl.DataFrame({"by": by, "told": np.where(np.isnan(told), np.inf, told)}).sort("told")
    starts = pl.DataFrame({"by": attempts.job, "start": attempts.start, "told": attempts.start}).sort("told")
    claims = (
        stopped.join_asof(starts, on="told", by="by", strategy="forward", check_sortedness=False)
        .group_by("by", "start")
        .agg(pl.col("told").min())
    )
    owner = pl.DataFrame({"by": np.unique(by), "zone": of[np.unique(by)]})
    waits = claims.join(owner, on="by").group_by("zone")
    return taken, waits.agg(claims=pl.len(), reclaim_wait_max_s=(pl.col("start") - pl.col("told")).max())
