"""Mermaid charts: what they show, how large they get, and that no name in them is obeyed."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

import mlplat as mp
from mlplat.errors import MlplatError, OptionError
from mlplat.report.exports import mermaid_cluster, mermaid_lineage, mermaid_pipelines, mermaid_timeline
from mlplat.runs.result import Result

SAFE = r"[A-Za-z0-9\-._/@ ]|#\d+;"
BAR = re.compile(rf"  (?:{SAFE})+ :((?:active|crit), )?a\d+, (\d+), (\d+)")


def test_the_timeline_has_the_longest_placements_with_names_quoted(run: Result) -> None:
    lines = mermaid_timeline(run, most=30).splitlines()
    assert lines[0] == "gantt" and all(
        re.fullmatch(rf"  (section|title) (?:{SAFE})+", line) for line in lines if " section " in line or " title " in line
    )
    bars = [BAR.fullmatch(line) for line in lines[4:] if "section" not in line]
    assert all(bars) and len(bars) == 30
    lengths = sorted((int(bar[3]) - int(bar[2])) / 1000 for bar in bars if bar)
    longest = (run.attempts["end_s"].fill_null(run.end_s) - run.attempts["start_s"]).sort(descending=True)[:30].sort()
    assert lengths == pytest.approx(longest.to_list(), abs=0.002)
    assert (
        sum("crit" in line for line in mermaid_timeline(run, most=10_000).splitlines())
        == (run.attempts["outcome"].cast(pl.String) == "node").sum()
    )


def test_a_small_cluster_is_drawn_node_by_node_and_a_large_one_by_racks(run: Result) -> None:
    drawn = mermaid_cluster(run.spec)
    assert drawn.count("subgraph") == 3 and drawn.count("cores") == 4 and "<b>" not in drawn and "#60;b#62;" in drawn
    large = mermaid_cluster(mp.ClusterSpec.uniform(nodes=20_000, cpus=8, memory_gib=8, racks=1000))
    assert len(large) < 50_000 and large.count("20 × node") == 120 and "880 more racks" in large
    network = mp.ClusterSpec.from_yaml(
        "groups: [{name: n, count: 8, cpus: 4, memory: 8GiB}]\nnetwork: {topology: leaf-spine, hosts_per_leaf: 4}\n"
    )
    assert mermaid_cluster(network).count(" --- ") == 8 + 2 * 2 or mermaid_cluster(network).count(" --- ") > 8


def test_lineage_of_a_platform_is_drawn_for_all_models_or_for_one(platform_folder: Path) -> None:
    with mp.Platform.open(platform_folder) as platform:
        everything, one = mermaid_lineage(platform), mermaid_lineage(platform, "shop/churn@1")
        assert everything.startswith("flowchart LR\n") and "model#58;shop/found@1" in everything and "model#58;shop/churn@1" in everything
        assert "model#58;shop/found@1" not in one and "dataset#58;shop/clicks" in one and one.count("-->") == 4
        assert mermaid_pipelines(platform) == "flowchart LR\n"
        with pytest.raises(MlplatError):
            mermaid_lineage(platform, "shop/nothing@1")


def test_pipelines_are_drawn_with_their_steps_inputs_and_outputs() -> None:
    from mlplat.platform.pipelines import pipeline, step
    from mlplat.report.exports.platform_charts import mermaid_dags

    @step
    def prepare(rows: list[int], depth: int) -> list[int]:
        return rows[:depth]

    @step
    def train(rows: list[int]) -> int:
        return len(rows)

    @pipeline(data={"rows": "clicks"}, publish={"model": "churn"})
    def churn(rows: list[int], depth: int = 3) -> dict[str, int]:
        return {"model": train(prepare(rows, depth))}

    drawn = mermaid_dags([('shop/"churn"', churn.dag)])
    assert drawn.splitlines()[1] == '  subgraph p0["shop/#34;churn#34;"]'
    assert [line.strip() for line in drawn.splitlines() if "-->" in line] == [
        'p0i0 -->|"rows"| p0s0',
        'p0v0 -->|"depth"| p0s0',
        'p0s0 -->|"rows"| p0s1',
        "p0s1 --> p0o0",
    ]
    with pytest.raises(OptionError, match="more than a Mermaid chart takes"):
        mermaid_dags([(f"p{i}", churn.dag) for i in range(60)])
