"""IP-13 when nothing changes: thirty days of a platform with everything wired, and no retraining that nobody needed (A-13.4)."""

from __future__ import annotations

from functools import cache

import polars as pl
from scipy.stats import binom

from mlplat.platform.serving import Requests
from mlplat.platform.training import churn

from .worlds import API, OPTIONS, PIPELINE, Shop, model_of

DAY = 86_400.0
DAYS = 30
ROWS = 500
"""Samples of a window."""
RATE = 2 * ROWS / (4 * 3600.0)
"""Requests a second, of which half are sampled: a window is of about four hours."""
TRAINED = 3_000
"""Rows of the baseline. With few, all windows are compared with the same chance deviation, and their false alarms come together."""


@cache
def customers() -> pl.DataFrame:
    """Who asks, each once, and whether they leave."""
    return churn(round(1.02 * RATE * DAYS * DAY), seed=8).frame()


class Month(Shop):
    """A model is in production, watched, and its labels come a day later; the pipeline is bound to its alarms."""

    def __init__(self) -> None:
        super().__init__()
        self.platform.data.publish("shop/customers", churn(TRAINED, seed=1).frame(), actor=self.ada)
        self.push(pipeline_dot_py=PIPELINE.replace("head(300)", f"head({TRAINED})").replace('"every 2m"', '"every 2m", target="churned"'))
        self.bind(self.publish(), f"drift:{API}", f"degradation:{API}")
        self.serve(model_of(self.train()), strategy="rolling", options={**OPTIONS, "sample": 0.5, "flush": "1h"})
        self.platform.monitoring.watch(API, account=self.robot, rows=ROWS, actor=self.ada)
        everybody = customers().drop("churned")
        requests = Requests.poisson(RATE, until=DAYS * DAY, seed=11)
        self.platform.serving.attach(API, requests, inputs=lambda numbers: everybody[numbers], actor=self.ada)
        self.labelled = 0
        self.sim.every(DAY, self.label)
        self.sim.run(until=self.sim.now + DAYS * DAY + 7200.0)

    def label(self) -> None:
        """What became of the customers of the windows that were closed since yesterday."""
        windows = self.platform.monitoring.windows(API, actor=self.ada)
        for window in windows[self.labelled :]:
            rows = [int(request.rpartition("/")[2]) for request in self.platform.data.read(window.dataset, actor=self.ada)["request"]]
            truth = customers()["churned"][rows].to_list()
            self.platform.monitoring.label(API, {f"{API}/{row}": label for row, label in zip(rows, truth, strict=True)}, actor=self.ada)
        self.labelled = len(windows)


def test_a13_4_without_drift_nothing_is_trained_in_99_of_100_windows_of_30_days() -> None:
    """The row allows retraining in 1 % of the windows, here 1 of 179. A window raises a false alarm with a chance of `alpha`, 0.01, at
    most, all columns together: more alarms than the 99 % quantile of that, 6, would say that the tests of drift do not keep it. The floor
    of the effect makes alarms rarer: KS D of 0.1 at 500 and 3,000 rows has p of 0.0004, and there are 8 columns.
    """
    month = Month()
    platform, alpha = month.platform, 0.01
    windows = platform.monitoring.windows(API, actor=month.ada)
    judged = [event for event in month.events("window.evaluated") if event.data["about"] == "quality"]
    assert len(windows) == len(judged) >= 175 and windows[-1].to_s - windows[0].from_s > (DAYS - 1) * DAY
    assert {window.outcome.value for window in windows} <= {"steady", "drift"} and all(window.dataset for window in windows)
    assert {event.data["outcome"] for event in judged} <= {"steady", "degraded"}
    assert len(month.events("retraining.requested")) <= alpha * len(windows)
    most = binom.ppf(0.99, len(windows), alpha)
    assert sum(window.outcome == "drift" for window in windows) <= most
    assert sum(event.data["outcome"] == "degraded" for event in judged) <= most
    assert month.production()[1][:11] == "shop/churn@" and month.production()[1].partition("@")[2] == str(month.production()[2])
    month.check()
