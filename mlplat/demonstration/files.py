"""What a developer commits: a pipeline, its tests, the manifest of its image and the definition of its integration."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

PIPELINE: Final = '''\
"""Predicts which customers leave."""

from __future__ import annotations

import polars as pl

from features import FEATURES, labelled, with_recent
from mlplat.platform.pipelines import pipeline, step
from mlplat.platform.training import LogisticRegression


@step(image="shop/churn@latest", request={"cpus": 2, "memory": "4GiB"}, duration="3m", numerics="portable")
def prepare(customers: pl.DataFrame, window: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    return with_recent(customers, labelled(window, labels))


@step(image="shop/churn@latest", request={"cpus": 8, "memory": "16GiB"}, duration="25m", checkpoint="every 5m", numerics="portable")
def train(rows: pl.DataFrame) -> LogisticRegression:
    return LogisticRegression().fit(rows.select(FEATURES), rows["churned"])


@pipeline(data={"customers": "customers", "window": "api-windows", "labels": "labels"}, publish={"model": "churn"})
def churn(customers: pl.DataFrame, window: pl.DataFrame, labels: pl.DataFrame):
    return {"model": train(prepare(customers, window, labels))}
'''
FEATURES: Final = '''\
import polars as pl

FEATURES = ["tenure_months", "monthly_charge", "support_calls", "late_payments", "data_gb", "contract_years", "age"]


def labelled(window: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """What was answered, with what turned out to be true."""
    return window.join(labels, on="request", how="inner").sort("request")


def with_recent(customers: pl.DataFrame, recent: pl.DataFrame) -> pl.DataFrame:
    """Recent rows, and older ones as far as they leave room."""
    columns = [*FEATURES, "churned"]
    return pl.concat([customers.select(columns).tail(max(0, 2000 - 2 * len(recent))), recent.select(columns)])
'''
TESTS: Final = """\
import polars as pl

from features import FEATURES, labelled, with_recent


def rows(count):
    return pl.DataFrame({name: [1.0] * count for name in [*FEATURES, "churned"]})


def test_recent_rows_are_all_there():
    assert len(with_recent(rows(10), rows(3))) == 13


def test_old_rows_make_way():
    assert len(with_recent(rows(5000), rows(500))) == 1500


def test_answers_without_a_label_are_left_out():
    window = pl.DataFrame({"request": ["a", "b"], "age": [1.0, 2.0]})
    assert labelled(window, pl.DataFrame({"request": ["b"], "churned": [1.0]}))["age"].to_list() == [2.0]
"""
FILES: Final = MappingProxyType(
    {
        "pipeline.py": PIPELINE,
        "features.py": FEATURES,
        "test_features.py": TESTS,
        "image.yaml": "base: shop/python@3.11\npackages: [numpy>=2, polars]\nfiles: [pipeline.py, features.py]\n",
        "ci.yaml": "image: image.yaml\ntests: [test_*.py]\n",
    }
)
CLUSTER: Final = """
name: shop
groups:
  - {name: cpu, count: 6, cpus: 16, memory_gib: 64, disk_gib: 500, racks: 3}
  - {name: gpu, count: 1, cpus: 32, memory_gib: 256, disk_gib: 2000, gpus: 4, gpu_model: A100-40}
network: {topology: leaf-spine, hosts_per_leaf: 4}
"""
