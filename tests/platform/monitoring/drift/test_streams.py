"""Detectors of drift in streams: false alarms, delay, and what they refuse."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from scipy.stats import binom

from mlplat.errors import MissingExtraError, OptionError
from mlplat.platform.automation.monitoring.drift import Adwin, PageHinkley, StreamDetector
from mlplat.streams import stream

KINDS = [Adwin, PageHinkley]
USUAL = stream(0, "test").normal(5, 2, 500)


@pytest.mark.parametrize("kind", KINDS)
def test_false_alarms_of_20_streams_together_are_within_the_level(kind: type[StreamDetector]) -> None:
    pytest.importorskip("river")
    random, families = stream(0, f"test/{kind.name}"), 20
    alarms = 0
    for _ in range(families):
        watched = [kind(random.normal(size=500), alpha=0.05, horizon=500, streams=20) for _ in range(20)]
        alarms += any(each.feed(random.normal(size=500)) for each in watched)
    assert alarms <= binom.ppf(0.99, families, 0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_a_shift_is_found_after_it_has_happened_and_the_detector_starts_anew(kind: type[StreamDetector]) -> None:
    pytest.importorskip("river")
    random = stream(1, f"test/{kind.name}")
    detector = kind(USUAL)
    found = detector.feed([*random.normal(5, 2, 300), *random.normal(7, 2, 300)])
    assert found and 300 <= found[0] < 500
    assert detector.seen == 600
    assert detector.feed(random.normal(5, 2, 100)) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_number_is_passed_over(kind: type[StreamDetector]) -> None:
    pytest.importorskip("river")
    detector = kind([*USUAL, math.nan])
    assert detector.feed([math.nan, math.inf, 5.0]) == () and detector.seen == 1
    assert kind([1.0] * 200).feed([1.0] * 200) == ()
    assert kind([1.0] * 200).feed([2.0] * 200)


def test_the_threshold_of_page_hinkley_grows_with_streams_and_horizon() -> None:
    pytest.importorskip("river")
    few, many = PageHinkley(USUAL), PageHinkley(USUAL, streams=20)
    assert few.threshold < many.threshold < PageHinkley(USUAL, streams=20, horizon=100_000).threshold
    mean = np.mean([PageHinkley(USUAL, alpha=alpha).threshold for alpha in (0.05, 0.01)])
    assert 10 < mean < 30


@pytest.mark.parametrize("wrong", [{"alpha": 0.0}, {"alpha": 1.0}, {"horizon": 0}, {"streams": 0}])
def test_what_makes_no_detector_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(OptionError, match="expected"):
        Adwin(USUAL, **wrong)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="99 finite values; expected at least 100"):
        Adwin(USUAL[:99])


@pytest.mark.parametrize("kind", KINDS)
def test_without_river_the_extra_is_named(kind: type[StreamDetector], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "river", None)
    with pytest.raises(MissingExtraError, match=r"mlplat\[drift\]"):
        kind(USUAL)
