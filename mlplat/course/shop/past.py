"""A shop with a past: eight models that others trained, two of them on a dataset that was flawed. The exercise of lesson 8."""

from __future__ import annotations

import polars as pl

from ...platform.training import churn
from .shop import Shop

VERSIONS = 7


def flawed(seed: int) -> int:
    """The version of `shop/customers` that is wrong, 3 to 5."""
    return 3 + seed % 3


def shop_with_a_past(seed: int = 0) -> Shop:
    """A shop in which eight models were trained on seven versions of its data, two of them deployed. In one version `tenure_months` counts
    years; the next has months again. Two models were trained on that one, of which one is deployed.
    """
    shop = Shop(seed=seed)
    platform, ada, wrong = shop.platform, shop.ada, flawed(seed)
    fresh = churn(6000, seed=50 + seed).frame()
    right = platform.data.read("shop/customers", actor=ada)
    for number in range(1, VERSIONS + 1):
        if number > 1:
            right = pl.concat([right, fresh[(number - 2) * 500 : (number - 1) * 500]])
            mistaken = right.with_columns((pl.col("tenure_months") / 12).round(0))
            platform.data.publish("shop/customers", mistaken if number == wrong else right, actor=ada)
        for strength in (0.5, 2.0) if number == wrong else (1.0,):
            shop.train(parameters={"strength": strength})
    for name, model in (("shop/api", wrong + 1), ("shop/mail", VERSIONS + 1)):
        platform.metadata.record_deployment(name, f"shop/churn@{model}", actor=ada)
    return shop
