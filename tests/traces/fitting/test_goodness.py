"""The report says that what fits fits, and that what does not does not."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from mlplat.errors import OptionError
from mlplat.traces import queueing, synthetic
from mlplat.traces.fitting import GoodnessOfFit, fit, held_out
from mlplat.traces.fitting.counts import autocorrelation, dispersion, hourly, minutes_dispersion
from mlplat.workload import JobTrace

from .models import model


def verdicts(report: GoodnessOfFit, what: str) -> set[str]:
    """Verdicts of the checks about something."""
    found = {check.verdict for check in report.checks if check.what.startswith(what)}
    assert found
    return found


@pytest.fixture(scope="module")
def known() -> JobTrace:
    return model().generate(seed=11)


def test_a_trace_of_the_model_fits_it(known: JobTrace) -> None:
    report = model().goodness(known, seed=1)
    assert not report.misfits and {check.verdict for check in report.checks} == {"fits"}
    tests = [check.p_value for check in report.checks if check.what.startswith(("durations", "hours")) and check.p_value is not None]
    assert len(tests) == 3 and min(tests) > 0.001


def test_other_durations_hours_widths_and_groups_do_not_fit(known: JobTrace) -> None:
    longer = known.with_columns(duration=known.duration * 2, estimate=None)
    assert verdicts(model().goodness(longer), "durations") == {"does not fit"}
    noon = known.take((known.submit // 3600) % 24 < 12)
    assert verdicts(model().goodness(noon), "hours") == {"does not fit"}
    assert verdicts(model().goodness(known.take(known.group == 0)), "widths") == {"does not fit"}
    one = replace(known, group=np.where(np.arange(len(known)) % 3 > 0, known.group, 2).astype(np.int32), groups=("many", "few", "third"))
    assert verdicts(model().goodness(one), "groups") == {"does not fit"}


def test_arrivals_of_another_kind_do_not_fit(known: JobTrace) -> None:
    hours = model(arrivals={"variance": 2.0, "fast": 0.5, "fast_h": 2.0, "slow_h": 24.0})
    report = hours.goodness(known)
    wrong = [c for c in report.checks if c.verdict == "does not fit"]
    assert {"dispersion of counts", "autocorrelation of hours"} <= {check.what for check in wrong}
    assert report.misfits == tuple(wrong)


def test_what_is_later_is_compared_with_what_was_before() -> None:
    early, late = queueing(20_000, 0.02, mean_service=100.0, seed=1), queueing(20_000, 0.02, mean_service=400.0, seed=2)
    both = JobTrace.build(
        submit=np.concatenate((early.submit, early.submit[-1] + late.submit)),
        duration=np.concatenate((early.duration, late.duration)),
        request=np.zeros(40_000, dtype=int),
        requests=early.requests,
    )
    assert verdicts(held_out(both, part=0.4, how="later"), "durations") == {"does not fit"}
    assert verdicts(held_out(both, part=0.3, how="random", seed=1), "durations") <= {"fits", "roughly"}


def test_a_synthetic_trace_fits_on_days_that_were_held_out() -> None:
    report = held_out(synthetic(days=60, gpus=512, seed=3), part=0.3, seed=2)
    assert verdicts(report, "durations") <= {"fits", "roughly"} and verdicts(report, "widths") == {"fits"}


@pytest.mark.parametrize(("options", "message"), [({"part": 0}, "part=0"), ({"part": True}, "part=True"), ({"how": "luck"}, "how='luck'")])
def test_options_that_cannot_be_used(known: JobTrace, options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        held_out(known, **options)  # type: ignore[arg-type]


def test_nothing_to_compare_with(known: JobTrace) -> None:
    with pytest.raises(OptionError, match="nothing to compare with"):
        model().goodness(known.take([0]))
    with pytest.raises(OptionError, match="too few to hold out"):
        held_out(known.take(known.submit < 7200))


def test_a_report_can_be_said_in_json_text_and_html(known: JobTrace) -> None:
    report = model().goodness(replace(known, source="<i>\x1b"))
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["checks"][0]["figure"] == "jobs"
    assert str(report).count("\n") == len(report.checks) and "\x1b" not in str(report)
    assert "<i>" not in report._repr_html_()


def test_counts_of_known_streams() -> None:
    even = np.arange(0.0, 7200.0, 10.0)
    assert dispersion(even, 60.0) == 0.0 and minutes_dispersion(even)[0] == 0.0
    poisson = np.cumsum(np.random.default_rng(1).exponential(10.0, 100_000))
    assert dispersion(poisson, 600.0) == pytest.approx(1, abs=0.15)
    assert minutes_dispersion(poisson)[0] == pytest.approx(1, abs=0.02)
    clustered = np.repeat(poisson[:20_000], 5)
    assert minutes_dispersion(clustered)[0] == pytest.approx(5, abs=0.3)
    counts, hour = hourly(np.array([3599.0, 3600.0, 7000.0]), 0.0, 7200.0)
    assert counts.tolist() == [1, 2] and hour.tolist() == [0, 1]
    assert autocorrelation(np.tile([0, 1], 100), 1) == pytest.approx(-1, abs=0.02)
    assert np.isnan(autocorrelation(np.ones(3), 2)) and np.isnan(dispersion(np.array([]), 60.0))


def test_a_fit_says_what_it_found() -> None:
    text = str(fit(queueing(2000, 0.01)))
    assert "cycle: constant" in text and "each job comes by itself" in text
