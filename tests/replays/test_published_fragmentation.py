"""The published cells of the fragmentation experiments:

every deterministic policy, two of the ten seeds, through the benchmark and by own arithmetic.
"""

from __future__ import annotations

import json
from pathlib import Path

import numba
import polars as pl
import pytest

from benchmarks import fgd

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")

DETERMINISTIC = [policy for policy in fgd.PUBLISHED if policy != "random"]
NAMES = {"dot-product": "DotProd", "gpu-clustering": "GpuClustering", "gpu-packing": "GpuPacking", "best-fit": "BestFit", "fgd": "FGD"}


def arguments(data: Path, policy: str, seeds: str = "42,47") -> list[str]:
    openb = data / "openb"
    given = [
        "--nodes",
        openb / "openb_node_list_gpu_node.csv",
        "--jobs",
        openb / "openb_pod_list_default.csv",
        "--orders",
        openb / "orders",
    ]
    return [*map(str, given), "--policies", policy, "--seeds", seeds, "--json"]


def test_all_deterministic_policies_are_published() -> None:
    assert {policy: fgd.PUBLISHED[policy] for policy in DETERMINISTIC} == NAMES


@pytest.mark.parametrize("policy", NAMES)
def test_the_published_cells_are_met(policy: str, shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = fgd.main(arguments(shared_data, policy))
    printed = json.loads(capsys.readouterr().out)
    assert (status, printed["missed"]) == (0, [])
    assert [row["seed"] for row in printed["rows"]] == [42, 47]
    cells = pl.read_csv(shared_data / "openb" / "expected_default.csv").filter(
        (pl.col("workload") == "default") & (pl.col("policy") == NAMES[policy])
    )
    for metric, short in (("alloc_ratio_pct", "alloc"), ("frag_ratio_pct", "frag")):
        for load in (100, 130):
            cell = cells.filter((pl.col("metric") == metric) & (pl.col("arrived_load_pct") == load)).row(0, named=True)
            for row in printed["rows"]:
                assert cell["min"] - 0.01 <= row[f"{short}_{load}"] <= cell["max"] + 0.01, (metric, load, row)


def test_a_missed_cell_is_named_and_ends_with_status_1(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = pl.read_csv(shared_data / "openb" / "expected_default.csv")
    wrong = pl.when((pl.col("policy") == "BestFit") & (pl.col("metric") == "alloc_ratio_pct")).then(pl.lit(1.0)).otherwise(0.0)
    table.with_columns(min=pl.col("min") + wrong, max=pl.col("max") + wrong).write_csv(tmp_path / "cells.csv")
    status = fgd.main([*arguments(shared_data, "best-fit", "42"), "--expected", str(tmp_path / "cells.csv")])
    missed = json.loads(capsys.readouterr().out)["missed"]
    assert status == 1
    assert len(missed) == 2 and all("best-fit alloc_" in problem and "seed 42" in problem for problem in missed)


def test_a_policy_that_was_not_published_is_refused(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fgd.main(arguments(shared_data, "first-fit")) == 2
    assert "unknown policy 'first-fit'" in capsys.readouterr().err
