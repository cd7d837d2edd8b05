"""A-7.5: a daily cycle against a baseline of a full day."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from benchmarks.drift_frames import DAY, days
from mlplat.errors import OptionError
from mlplat.platform.automation.monitoring.drift import DriftRule, Outcome, Reference, decide, recommend_window
from mlplat.streams import stream


def sampled(seed: int, number: int, rows: int = 12_000, swing: float = 1.5) -> pl.DataFrame:
    return days(stream(seed, "test/days"), number, rows, swing)


def test_a7_5_the_window_that_covers_the_daily_cycle_is_recommended() -> None:
    advice = recommend_window(sampled(0, 1), "t")
    assert advice.length_s == DAY and str(advice) == "windows of 86400 s"
    assert [each.windows for each in advice.tried] == [24, 12, 8, 6, 4, 3, 2, 1]
    assert all(each.alarms > 0 for each in advice.tried[2:-1])


def test_a7_5_windows_of_the_recommended_length_raise_no_false_alarm_and_shorter_ones_do() -> None:
    reference = Reference.of(sampled(0, 1).drop("t"))
    fresh = sampled(1, 20)

    def alarms(length_s: float) -> float:
        windows = [part.drop("t") for part in fresh.with_columns(n=(pl.col("t") // length_s)).partition_by("n", include_key=False)]
        return np.mean([decide(reference, window).outcome is Outcome.DRIFT for window in windows])

    assert alarms(DAY) == 0.0
    assert alarms(DAY / 4) > 0.7


def test_without_a_cycle_the_shortest_window_that_suffices_is_recommended() -> None:
    assert recommend_window(sampled(0, 1, rows=24_000, swing=0.0), "t").length_s == DAY / 24
    few = recommend_window(sampled(0, 1, rows=3_000, swing=0.0), "t")
    assert few.length_s in (DAY / 4, DAY / 3) and few.tried[0].insufficient == 24
    assert recommend_window(sampled(0, 1, rows=3_000, swing=0.0), "t", rule=DriftRule(minimum=100)).length_s == DAY / 24


def test_a_sample_that_does_not_cover_the_cycle_recommends_nothing() -> None:
    half = sampled(0, 1).filter(pl.col("t") < DAY / 2)
    advice = recommend_window(half, "t")
    assert advice.length_s is None and str(advice) == "no length of window suffices"
    assert recommend_window(sampled(0, 1).clear(), "t").length_s is None


@pytest.mark.parametrize("time", ["z", "text"])
def test_the_column_of_times_has_to_be_there(time: str) -> None:
    with pytest.raises(OptionError, match="column of seconds"):
        recommend_window(sampled(0, 1).with_columns(text=pl.lit("a")), time)
    with pytest.raises(OptionError, match="in every row"):
        recommend_window(pl.DataFrame({"t": [1.0, None], "x": [1.0, 2.0]}), "t")
