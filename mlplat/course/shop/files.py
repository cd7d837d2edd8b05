"""What the shop's developers have committed: a pipeline of two steps, how rows are cleaned, tests, and what image and tests need."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

FEATURES: Final = ("tenure_months", "monthly_charge", "support_calls", "late_payments", "data_gb", "contract_years", "age")
"""What is known of a customer before it is known whether they leave (`churned`)."""

PIPELINE: Final = '''\
"""Predicts which customers leave."""

from __future__ import annotations

import polars as pl
from features import FEATURES, clean
from mlplat.platform.pipelines import pipeline, step
from mlplat.platform.training import LogisticRegression, score


@step(image="shop/train@latest", request={"cpus": 4, "memory": "8GiB"}, duration="20m", target="churned", numerics="portable")
def train(customers: pl.DataFrame, strength: float) -> LogisticRegression:
    rows = clean(customers)
    return LogisticRegression(C=strength).fit(rows.select(FEATURES), rows["churned"])


@step(image="shop/train@latest", request={"cpus": 1, "memory": "2GiB"}, duration="1m", numerics="portable")
def auc(model: LogisticRegression, held: pl.DataFrame) -> float:
    return score("auc", held["churned"], model.predict_proba(held.select(FEATURES))[:, 1])


@pipeline(data={"customers": "customers", "held": "held"}, publish={"model": "churn"})
def churn(customers: pl.DataFrame, held: pl.DataFrame, strength: float = 1.0):
    model = train(customers, strength)
    auc(model, held)
    return {"model": model}
'''

FEATURES_PY: Final = f'''\
import polars as pl

FEATURES = {list(FEATURES)!r}


def clean(customers: pl.DataFrame) -> pl.DataFrame:
    """Customers without impossible values: nobody has been here for less than no time."""
    return customers.filter(pl.col("tenure_months") >= 0)
'''

TESTS: Final = """\
import polars as pl

from features import clean


def customers(*months):
    return pl.DataFrame({"tenure_months": months})


def test_impossible_customers_are_left_out():
    assert len(clean(customers(-1.0, 5.0))) == 1


def test_new_customers_are_kept():
    assert len(clean(customers(0.0, 1.0))) == 2
"""

FILES: Final = MappingProxyType(
    {
        "pipeline.py": PIPELINE,
        "features.py": FEATURES_PY,
        "test_features.py": TESTS,
        "image.yaml": "base: shop/python@3.11\npackages: [numpy>=2, polars]\nfiles: [pipeline.py, features.py]\nname: train\n",
        "ci.yaml": "image: image.yaml\ntests: [test_*.py]\n",
    }
)
"""Path -> text of the first commit."""
