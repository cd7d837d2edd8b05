"""Windows: what is collected, when they close, where they go (S-78, S-79, S-85, A-7.6)."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from scipy.stats import binom

from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.platform.automation.monitoring import Prediction
from mlplat.platform.automation.monitoring.drift import KolmogorovSmirnov, NumericTest

from .shop import SERVICE, Shop


@pytest.fixture
def shop() -> Shop:
    made = Shop()
    made.capture()
    return made


def test_s78_counts_match_the_sampling_rate_and_every_row_names_the_version_that_answered(shop: Shop) -> None:
    shop.watch(sampling=0.25)
    found = shop.serve(4_000)
    assert found.kept + found.left_out == 4_000 and found.known == 0
    assert binom.ppf(0.005, 4_000, 0.25) <= found.kept <= binom.ppf(0.995, 4_000, 0.25)
    (window,) = shop.monitoring.windows(SERVICE, actor=shop.bob)[:1]
    frame = shop.data.read(window.dataset, actor=shop.ada)
    assert frame.height == window.rows == 500 and window.sampling == 0.25 and 1_700 < window.seen < 2_300
    assert frame["version"].unique().to_list() == ["shop/churn@1"] and frame["request"].n_unique() == 500
    assert frame["time_s"].to_list() == [1.0] * 500
    assert frame.columns == ["request", "version", "time_s", "latency_s", "hardware", "x", "c", "prediction:prediction"]


def test_s78_the_sample_is_a_matter_of_the_request_and_not_of_the_order(shop: Shop) -> None:
    watch = shop.watch(sampling=0.5)
    answers = shop.answers(400)
    shop.monitoring.collect(SERVICE, answers[::-1], actor=shop.server)
    kept = {one.request for one in answers if watch.keeps(one.request)}
    assert 150 < len(kept) < 250
    assert {*shop.monitoring._live[SERVICE].answers} == kept


def test_without_drift_a_window_is_steady_and_the_naive_rules_stand_beside_it(shop: Shop) -> None:
    shop.watch()
    shop.serve(1_000)
    first, second = shop.monitoring.windows(SERVICE, actor=shop.ada)
    assert {first.outcome, second.outcome} == {"steady"} and first.latency == "steady" and shop.open() == []
    assert str(first).startswith("shop/churn@1 of shop/churn@1: steady, 500 rows")
    assert first.naive_psi == 0 and "naive PSI" in shop.monitoring.windows(SERVICE, actor=shop.ada)._repr_html_()
    events = shop.events("window.evaluated")
    assert [event.subject for event in events] == ["window:shop/churn@1", "window:shop/churn@2"]
    assert events[0].actor == shop.robot.id and events[0].cause is None and events[0].data["on_behalf_of"] == "project:shop"


def test_s79_a_window_by_time_grows_until_it_has_the_minimum_and_says_insufficient(shop: Shop) -> None:
    shop.watch(every="1h", rows=10_000)
    shop.serve(300)
    shop.sim.run(until="1h")
    (event,) = shop.events("window.evaluated")
    assert (event.data["outcome"], event.data["rows"], event.data["minimum"]) == ("insufficient", 300, 500)
    assert shop.monitoring.windows(SERVICE, actor=shop.ada) == ()
    shop.serve(300)
    shop.sim.run(until="2h")
    (window,) = shop.monitoring.windows(SERVICE, actor=shop.ada)
    assert (window.rows, window.outcome, window.from_s, window.to_s) == (600, "steady", 1.0, 3_601.0)
    shop.sim.run(until="5h")
    assert len(shop.events("window.evaluated")) == 2, "nothing came"


def test_s85_a_window_is_a_version_in_the_data_store_written_by_the_service_account(shop: Shop) -> None:
    shop.watch(dataset="shop/seen")
    shop.serve(1_000, shift=1.0)
    windows = shop.monitoring.windows(SERVICE, actor=shop.ada)
    assert [each.dataset for each in windows] == ["shop/seen@1", "shop/seen@2"]
    version = shop.data.resolve("shop/seen@1", actor=shop.ada)
    assert version.creator == shop.robot.id and version.note == "window 1 of shop/churn@1"
    assert shop.events("incident.detected")[0].data["window"] == "window:shop/churn@1"


def test_a7_6_versions_of_a_canary_have_windows_and_incidents_of_their_own(shop: Shop) -> None:
    shop.capture("shop/churn@2", seed=5)
    shop.watch()
    both = [one for pair in zip(shop.answers(600), shop.answers(600, "shop/churn@2", shift=1.0), strict=True) for one in pair]
    shop.monitoring.collect(SERVICE, both, actor=shop.server)
    windows = shop.monitoring.windows(SERVICE, actor=shop.ada)
    assert [(each.version, each.outcome) for each in windows] == [("shop/churn@1", "steady"), ("shop/churn@2", "drift")]
    assert shop.monitoring.windows(SERVICE, "shop/churn@2", actor=shop.ada) == windows[1:]
    (incident,) = shop.monitoring.incidents(SERVICE, actor=shop.ada)
    assert incident.version == "shop/churn@2"
    assert windows[1].columns == ("x", "prediction:prediction")


def test_samples_that_were_lost_are_said_by_the_window(shop: Shop) -> None:
    shop.watch()
    shop.monitoring.lost(SERVICE, "shop/churn@1", 37, actor=shop.server)
    shop.serve(1_000)
    assert [each.lost for each in shop.monitoring.windows(SERVICE, actor=shop.ada)] == [37, 0]
    assert "37 lost" in str(shop.monitoring.windows(SERVICE, actor=shop.ada)[0])


def test_a_request_that_comes_twice_counts_once(shop: Shop) -> None:
    shop.watch()
    answers = shop.answers(100)
    assert shop.monitoring.collect(SERVICE, answers, actor=shop.server).kept == 100
    assert shop.monitoring.collect(SERVICE, answers, actor=shop.server) == (0, 0, 100)


def test_a_baseline_dataset_takes_the_place_of_captured_metadata(shop: Shop) -> None:
    """IP-7, entered at 2."""
    before = pl.DataFrame([{**one.features, "prediction:prediction": one.prediction} for one in shop.answers(2_000)])
    shop.data.publish("shop/validation", before, actor=shop.ada)
    shop.watch(baseline="shop/validation@1", tests=["ks", "chi_square", "mmd"])
    shop.serve(500, "shop/other@9")
    shop.serve(500, "shop/other@9", shift=1.0)
    assert [each.outcome for each in shop.monitoring.windows(SERVICE, actor=shop.ada)] == ["steady", "drift"]
    assert shop.open() == ["drift"]


def test_a_window_can_be_closed_by_hand(shop: Shop) -> None:
    shop.watch(rows=5_000)
    shop.serve(499)
    assert shop.monitoring.close_window(SERVICE, "shop/churn@1", actor=shop.ada) is None
    shop.serve(1)
    window = shop.monitoring.close_window(SERVICE, "shop/churn@1", actor=shop.ada)
    assert window is not None and window.rows == 500
    with pytest.raises(UnknownNameError, match="shop/churn@1"):
        shop.monitoring.close_window(SERVICE, "shop/churn@7", actor=shop.ada)


def test_predictions_that_were_not_captured_are_no_break_of_the_schema(shop: Shop) -> None:
    shop.metadata.record_baseline("shop/churn@3", features={"x": {"edges": [-9, 0, 9], "counts": [500, 500]}}, actor=shop.ada)
    shop.watch()
    shop.monitoring.collect(
        SERVICE, [one._replace(features={"x": one.features["x"]}, version="shop/churn@3") for one in shop.answers()], actor=shop.server
    )
    assert shop.monitoring.windows(SERVICE, actor=shop.ada)[0].outcome == "steady"


def test_features_of_odd_values_are_kept_and_a_change_of_their_kind_is_drift(shop: Shop) -> None:
    shop.watch()
    odd = [1, None, "text", 2**80, float("nan"), True, [1], float("inf")]
    answers = [one._replace(features={"x": odd[i % len(odd)], "c": "a"}) for i, one in enumerate(shop.answers())]
    shop.monitoring.collect(SERVICE, answers, actor=shop.server)
    (window,) = shop.monitoring.windows(SERVICE, actor=shop.ada)
    assert window.outcome == "drift" and {"x", "c"} <= {*window.columns}
    assert window.alarms[0]["reason"] == "kind_changed"


def test_a_test_of_ones_own_is_asked_for_by_its_name() -> None:
    class Never(NumericTest):
        name, floor = "never", 0.0

        def measure(self, reference: object, window: object) -> tuple[float, float, float]:
            return 0.0, 1.0, 0.0

    shop = Shop(tests=[Never()])
    shop.capture()
    shop.watch(tests=["never"])
    shop.serve(shift=3.0)
    assert shop.monitoring.windows(SERVICE, actor=shop.ada)[0].outcome == "steady"
    with pytest.raises(UnknownNameError, match="chi_square"):
        shop.watch(tests=["nobody"])
    shop.monitoring = shop.monitor()  # opened again without it
    assert shop.serve(shift=3.0).kept == 500
    assert shop.monitoring.windows(SERVICE, actor=shop.ada)[1].outcome == "unjudged" and shop.open() == ["access"]
    assert KolmogorovSmirnov.name == "ks"


def test_sampling_can_be_lowered_and_watching_ended(shop: Shop) -> None:
    shop.watch(every="1h")
    assert shop.monitoring.set_sampling(SERVICE, 0.0, actor=shop.ada).sampling == 0.0
    assert shop.serve(100).kept == 0
    assert [one.name for one in shop.monitoring.watches("shop", actor=shop.ada)] == [SERVICE]
    assert shop.monitoring.watches(actor=shop.eve) == ()
    shop.monitoring.unwatch(SERVICE, actor=shop.ada)
    assert shop.monitoring.watches(actor=shop.ada) == () and shop.monitoring.windows(SERVICE, actor=shop.ada) == ()
    with pytest.raises(UnknownNameError, match="has ended"):
        shop.serve(1)
    shop.watch()
    assert shop.serve(1).kept == 1


WRONG = [
    {"request": ""},
    {"request": 3},
    {"version": "shop/churn"},
    {"version": "nonsense"},
    {"features": [1]},
    {"features": {"request": 1}},
    {"features": {3: 1}},
    {"latency_s": "fast"},
    {"latency_s": float("nan")},
    {"time_s": True},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_prediction_that_is_none_is_refused_and_none_of_the_call_is_taken(shop: Shop, wrong: dict[str, object]) -> None:
    shop.watch()
    good = shop.answers(3)
    with pytest.raises(OptionError, match="expected"):
        shop.monitoring.collect(SERVICE, [*good, good[0]._replace(**wrong)], actor=shop.server)
    assert shop.monitoring.collect(SERVICE, good, actor=shop.server).kept == 3


def test_what_makes_no_watch_is_refused(shop: Shop) -> None:
    options: list[dict[str, object]] = [
        *({"rows": 499}, {"rows": True}, {"minimum": 0}, {"sampling": 1.5}, {"sampling": float("nan")}, {"alpha": 2.0}, {"labels": 3}),
        *(
            {"metric": "luck"},
            {"tests": "ks"},
            {"tests": []},
            {"latency_floor": 0.5},
            {"every": 0},
            {"dataset": "x"},
            {"baseline": "x"},
            {"dataset": "lab/x"},
        ),
        *({"whatever": 1}, {"normal": 0}, {"alpha": 0.0}),
    ]
    for each in options:
        with pytest.raises((OptionError, UnknownNameError)):
            shop.watch(**each)
    for account in (shop.ada, shop.bob.id, "nobody", shop.identity.create_service_account("shop", "x", actor=shop.ada).name):
        with pytest.raises(OptionError, match="service account of the project shop"):
            shop.monitoring.watch(SERVICE, account=account, actor=shop.ada)
    with pytest.raises(OptionError, match="list of Prediction"):
        shop.watch()
        shop.monitoring.collect(SERVICE, [("r", "shop/churn@1", {}, 1)], actor=shop.server)  # type: ignore[list-item]
    assert Prediction("r", "a/b@1", {}, {"p": 1}).row(0.0)["prediction:p"] == 1


def test_who_administers_a_watch_alone_cannot_let_an_account_of_the_project_work(shop: Shop) -> None:
    """It may write data that he may not."""
    shop.watch()
    shop.identity.grant(shop.bob, "admin", f"window:{SERVICE}", actor=shop.ada)
    with pytest.raises(AccessDenied, match="may not admin project:shop"):
        shop.monitoring.watch(SERVICE, account=shop.robot, dataset="shop/clicks", actor=shop.bob)
    assert [watch.dataset for watch in shop.monitoring.watches(actor=shop.ada)] == ["shop/churn-windows"]
    assert shop.monitoring.set_sampling(SERVICE, 0.5, actor=shop.bob).account == shop.robot.id


@pytest.mark.parametrize(
    ("wrong", "closest"),
    [({"rows": 600, "smapling": 0.5}, "sampling"), ({"evry": "1h", "labels": 50}, "every"), ({"every_s": 3.0}, "every")],
)
def test_of_the_options_of_a_watch_only_the_wrong_one_is_named(wrong: dict[str, Any], closest: str) -> None:
    shop = Shop()
    with pytest.raises(UnknownNameError) as refused:
        shop.monitoring.watch(SERVICE, account=shop.robot, actor=shop.ada, **wrong)
    assert refused.value.name in set(wrong) - {"rows", "labels"} and refused.value.known[0] == closest
    assert "name" not in refused.value.known and str(refused.value).startswith(f"unknown option of a watch {refused.value.name!r}")
