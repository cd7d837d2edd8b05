"""From outages to incidents: merging, detection (S-32), devices, maintenance, nodes that come and go."""

from __future__ import annotations

import itertools
import math
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import InputError, OptionError
from mlplat.hardware import LLAMA3, ClusterSpec, FailureRate, Maintenance, Outages, Reliability
from mlplat.infra.incidents import Damping, Detection, Incidents, incidents
from mlplat.infra.kernels.attempt_state import Incident

from .naive_incidents import Found, Outage, Watch, as_columns, naive_incidents

NODES, GPUS, LATEST = 2, 2, 120
SPEC = ClusterSpec.uniform(nodes=NODES, gpus=GPUS, gpu_model="T4")
ONE = ClusterSpec.uniform(nodes=1, gpus=2, gpu_model="T4").nodes()


def found(made: Incidents) -> list[Found]:
    """The incidents in whole milliseconds."""
    times, graces = (np.rint(column * 1000).astype(int).tolist() for column in (made.time, made.grace))
    return list(zip(times, made.code.tolist(), made.node.tolist(), made.device.tolist(), graces, strict=True))


def told(made: Incidents) -> list[tuple[str, float]]:
    """Name and time of each incident."""
    return [(Incident(code).name, at) for code, at in zip(made.code.tolist(), made.time.tolist(), strict=True)]


def of(*rows: tuple[Any, ...], detection: Detection | None = None) -> list[tuple[str, float]]:
    """What becomes of outages (start, end, kind, …) of one node, in seconds."""
    names = ("start", "end", "kind", "device", "notice", "grace")
    full = [row + (-1, 0.0, 0.0)[len(row) - 3 :] for row in rows]
    columns = {name: [row[i] for row in full] for i, name in enumerate(names)}
    return told(incidents(Outages.build(node=[0] * len(rows), **columns), ONE, detection or Detection(damping=None)))


kinds = st.sampled_from(["node", "rack", "partition", "maintenance", "device"])
damping = st.sampled_from([(0, 0, 0, 0), (1, 10, 5, 20), (2, 40, 10, 30), (3, 100, 7, 50), (2, 0, 5, 5), (2, 30, 0, 9)])


@st.composite
def schedules(draw: st.DrawFn) -> list[Outage]:
    outages = []
    for _ in range(draw(st.integers(0, 9))):
        kind, start = draw(kinds), draw(st.integers(0, LATEST))
        notice, grace = (draw(st.integers(0, 20)), draw(st.integers(0, 20))) if kind == "maintenance" else (0, 0)
        device = draw(st.integers(0, GPUS - 1)) if kind == "device" else -1
        outages.append(Outage(start, start + draw(st.integers(1, 40)), kind, draw(st.integers(0, NODES - 1)), device, notice, grace))
    return outages


@given(schedules(), st.sampled_from([(0, 0), (0, 7), (1, 1), (4, 4), (5, 12), (10, 40), (10, 15)]), damping)
def test_incidents_equal_a_walk_through_every_millisecond(
    outages: list[Outage], heartbeats: tuple[int, int], flapping: tuple[int, int, int, int]
) -> None:
    watch = Watch(*heartbeats, *flapping)
    times, window, hold, longest = flapping
    damped = Damping(times=times, window=window / 1000, hold=hold / 1000, longest=longest / 1000) if times else None
    detection = Detection(watch.period / 1000, watch.grace / 1000, damped)
    made = found(incidents(Outages.build(**as_columns(outages)), SPEC.nodes(), detection))
    assert made == naive_incidents(outages, NODES, GPUS, watch, LATEST + 500)


PLANS = [
    Maintenance(start=0.5, every=1.7, duration=0.4),
    Maintenance(start=0.9, every=2.1, duration=0.3, nodes=["node-0"], notice=1.5, grace=0.2),
]
SHAKY = Reliability(**dict.fromkeys(("node", "device", "rack", "fabric"), FailureRate(mtbf=1, mttr=0.2)), maintenance=PLANS)


@given(st.integers(0, 10**6), st.integers(0, 8000), st.integers(0, 4000), st.booleans())
def test_a_longer_schedule_changes_no_incident_before_its_old_end(seed: int, until: int, more: int, heartbeats: bool) -> None:
    detection = Detection(0.05, 0.1, Damping(times=2, window=1, hold=0.2, longest=1)) if heartbeats else Detection(0, 0)
    short, long = (
        incidents(SHAKY.outages(SPEC, seed=seed, until=end / 1000), SPEC.nodes(), detection).by(until / 1000)
        for end in (until, until + more)
    )
    assert found(short) == found(long)


@given(schedules())
def test_every_incident_has_its_counterpart_in_turn(outages: list[Outage]) -> None:
    made = incidents(Outages.build(**as_columns(outages)), SPEC.nodes(), Detection(0.01, 0.02, Damping(times=2, window=1, hold=0.01)))
    pairs = [({Incident.CORDON}, Incident.UNCORDON), ({Incident.DEVICE_DOWN}, Incident.DEVICE_UP)]
    for node, device, (opens, closes) in itertools.product(range(NODES), range(-1, GPUS), pairs):
        mine = [
            code
            for code, n, d in zip(made.code, made.node, made.device, strict=True)
            if (n, d) == (node, device) and code in {*opens, closes}
        ]
        assert all(code in opens for code in mine[::2]) and all(code == closes for code in mine[1::2]) and len(mine) % 2 == 0


@given(st.integers(0, 10**6), st.integers(1, 60_000), st.integers(1, 5), st.integers(0, 10**4))
def test_s32_the_delay_of_detection_lies_within_a_period_below_and_above_the_grace(
    death: int, period: int, periods: int, more: int
) -> None:
    grace = period * periods + more % period
    made = of((death / 1000, math.inf, "node"), detection=Detection(period / 1000, grace / 1000, None))
    assert [name for name, _ in made] == ["CRASH", "LOST"]
    lost = round(made[1][1] * 1000)
    last_report = death // period * period
    checks = range(0, death + grace + 2 * period, period)
    assert lost == next(check for check in checks if check >= last_report + grace)
    assert grace - period < lost - death <= grace + period


@given(st.integers(0, 10**6), st.integers(0, 30_000))
def test_s32_a_pause_no_longer_than_grace_less_a_period_changes_nothing(death: int, pause: int) -> None:
    made = of((death / 1000, (death + max(pause, 1)) / 1000, "partition"))
    assert [name for name, _ in made] == ["NODE_UP", "PARTITION"][::-1]


def test_s32_with_the_defaults_a_death_is_noticed_after_30_to_40_seconds() -> None:
    assert of((20.0, math.inf, "node")) == [("CRASH", 20.0), ("LOST", 60.0)]
    assert of((20.001, math.inf, "node")) == [("CRASH", 20.001), ("LOST", 60.0)]
    assert of((29.999, math.inf, "partition")) == [("PARTITION", 29.999), ("LOST", 60.0)]


def test_a_node_that_is_back_just_when_it_would_be_given_up_is_not() -> None:
    assert of((20, 60, "node")) == [("CRASH", 20.0), ("NODE_UP", 60.0)]
    assert of((20, 60.001, "node")) == [("CRASH", 20.0), ("LOST", 60.0), ("NODE_UP", 60.001)]


def test_without_period_and_grace_everything_is_seen_at_once() -> None:
    assert of((3, 9, "node"), detection=Detection(0, 0)) == [("CRASH", 3.0), ("LOST", 3.0), ("NODE_UP", 9.0)]


def test_a_node_that_comes_back_reports_at_once() -> None:
    # Down over the report at 40; without the report at 45 it would be given up at 70.
    made = of((39, 45, "node"), (47, 200, "node"))
    assert made == [("CRASH", 39.0), ("NODE_UP", 45.0), ("CRASH", 47.0), ("LOST", 90.0), ("NODE_UP", 200.0)]


def test_a_node_that_fails_with_its_rack_crashes_once() -> None:
    assert of((10, 30, "node"), (20, 55, "rack"), (55, 60, "node")) == [("CRASH", 10.0), ("LOST", 50.0), ("NODE_UP", 60.0)]


def test_a_crash_behind_a_partition_is_a_crash_and_the_node_is_back_when_both_are_over() -> None:
    assert of((10, 100, "partition"), (20, 30, "node")) == [
        ("PARTITION", 10.0),
        ("CRASH", 20.0),
        ("LOST", 50.0),
        ("NODE_UP", 100.0),
    ]
    assert of((10, 100, "partition"), (10, 15, "node")) == [("CRASH", 10.0), ("LOST", 50.0), ("NODE_UP", 100.0)]
    assert of((10, 15, "node"), (12, 40, "partition")) == [("CRASH", 10.0), ("NODE_UP", 40.0)]


def test_a_maintenance_cordons_drains_in_time_and_is_known_to_all() -> None:
    made = of((1000, 1600, "maintenance", -1, 300.0, 60.0))
    assert made == [
        ("CORDON", 700.0),
        ("DRAIN", 940.0),
        ("CRASH", 1000.0),
        ("LOST", 1000.0),
        ("NODE_UP", 1600.0),
        ("UNCORDON", 1600.0),
    ]


def test_a_maintenance_without_grace_drains_before_the_power_goes() -> None:
    made = of((1000, 1600, "maintenance"))
    assert made[:3] == [("CORDON", 999.999), ("DRAIN", 999.999), ("CRASH", 1000.0)]


def test_a_maintenance_at_the_start_of_the_run_has_nothing_to_drain() -> None:
    assert of((0, 10, "maintenance", -1, 60.0, 60.0))[:3] == [("CRASH", 0.0), ("LOST", 0.0), ("CORDON", 0.0)]


def test_a_failure_before_a_maintenance_is_noticed_at_its_start_at_the_latest() -> None:
    made = of((990, 995, "node"), (990, 1600, "partition"), (1000, 1100, "maintenance", -1, 0.0, 0.0))
    assert [row for row in made if row[0] in ("LOST", "NODE_UP", "UNCORDON")] == [
        ("LOST", 1000.0),
        ("UNCORDON", 1100.0),
        ("NODE_UP", 1600.0),
    ]


def test_overlapping_outages_of_a_device_are_one_and_another_device_is_another() -> None:
    made = of((10, 30, "device", 0), (20, 40, "device", 0), (15, 25, "device", 1))
    assert made == [("DEVICE_DOWN", 10.0), ("DEVICE_DOWN", 15.0), ("DEVICE_UP", 25.0), ("DEVICE_UP", 40.0)]


def test_what_befalls_a_device_of_a_node_that_is_away_is_seen_when_it_is_back() -> None:
    down, up = "DEVICE_DOWN", "DEVICE_UP"
    assert [row for row in of((10, 60, "node"), (20, 90, "device", 0)) if row[0] in (down, up)] == [(down, 60.0), (up, 90.0)]
    assert [row for row in of((10, 60, "node"), (5, 30, "device", 0)) if row[0] in (down, up)] == [(down, 5.0), (up, 60.0)]
    assert [row for row in of((10, 60, "partition"), (20, 30, "device", 0)) if row[0] in (down, up)] == []


FLAPPING = [(100 * i, 100 * i + 60, "node") for i in range(1, 7)]  # lost 40 s after each crash


def test_a_node_that_comes_and_goes_is_kept_out_and_longer_each_time() -> None:
    detection = Detection(damping=Damping(times=3, window="1h", hold="50s", longest="150s"))
    made = [row for row in of(*FLAPPING, detection=detection) if row[0] in ("CORDON", "UNCORDON")]
    # Back at 360 for the third time: held to 410; at 460 to 560, at 560 and at 660 to 810, the holds having grown to 150 s.
    assert made == [("CORDON", 360.0), ("UNCORDON", 410.0), ("CORDON", 460.0), ("UNCORDON", 810.0)]


def test_after_a_quiet_time_the_hold_is_short_again() -> None:
    detection = Detection(damping=Damping(times=2, window=300, hold=50, longest=150))
    rows = [*FLAPPING[:3], *((start + 5000, end + 5000, kind) for start, end, kind in FLAPPING[:2])]
    made = [row for row in of(*rows, detection=detection) if row[0] in ("CORDON", "UNCORDON")]
    assert made == [
        ("CORDON", 260.0),
        ("UNCORDON", 310.0),
        ("CORDON", 360.0),
        ("UNCORDON", 460.0),
        ("CORDON", 5260.0),
        ("UNCORDON", 5310.0),
    ]


def cordons(damping: Damping, *rows: tuple[float, float, str]) -> list[tuple[str, float]]:
    return [row for row in of(*rows, detection=Detection(damping=damping)) if row[0] in ("CORDON", "UNCORDON")]


def test_losses_count_that_are_less_than_a_window_apart() -> None:
    assert cordons(Damping(times=2, window=100, hold=50), *FLAPPING[:2]) == []  # lost at 140 and 240
    assert cordons(Damping(times=2, window=100.001, hold=50), *FLAPPING[:2]) == [("CORDON", 260.0), ("UNCORDON", 310.0)]


def test_a_loss_up_to_a_window_after_a_hold_makes_the_next_one_longer() -> None:
    rows = [(100, 160, "node"), (270, 330, "node")]  # held from 160 to 210, lost again at 310
    assert cordons(Damping(times=1, window=100, hold=50), *rows)[2:] == [("CORDON", 330.0), ("UNCORDON", 430.0)]
    assert cordons(Damping(times=1, window=99.999, hold=50), *rows)[2:] == [("CORDON", 330.0), ("UNCORDON", 380.0)]


def test_planned_maintenance_is_no_flapping() -> None:
    rows = [(1000 * i, 1000 * i + 500, "maintenance") for i in range(1, 4)]
    made = of(*rows, detection=Detection(damping=Damping(times=2, window="1d", hold="1h")))
    assert [at for name, at in made if name == "UNCORDON"] == [1500.0, 2500.0, 3500.0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Detection(period=-1),
        lambda: Detection(period="soon"),
        lambda: Detection(period=10, grace=9),
        lambda: Detection(grace=1e10),
        lambda: Detection(damping=3),  # type: ignore[arg-type]
        lambda: Damping(times=0),
        lambda: Damping(times=2.5),  # type: ignore[arg-type]
        lambda: Damping(hold="2h", longest="1h"),
        lambda: Damping(window=None),  # type: ignore[arg-type]
    ],
)
def test_settings_that_make_no_sense_are_refused(make: Any) -> None:
    with pytest.raises(OptionError):
        make()


def test_an_outage_of_a_node_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="row 0 of the outages"):
        incidents(Outages.build(start=[1], end=[2], node=[5]), ONE)


def test_no_outages_no_incidents_and_the_declared_types() -> None:
    made = incidents(Outages.build(start=[], end=[], node=[]), ONE)
    assert [len(column) for column in made] == [0] * 5
    assert [str(column.dtype) for column in made] == ["float64", "int8", "int32", "int32", "float64"]


def test_a_year_of_ten_thousand_nodes_takes_seconds() -> None:
    spec = ClusterSpec.uniform(nodes=10_000, gpus=8, gpu_model="H100", racks=400)
    spec.nodes()
    begin = time.perf_counter()
    outages = LLAMA3.outages(spec, seed=1, until="365d")
    made = incidents(outages, spec.nodes())
    assert len(made.time) > 2 * 13_000 and time.perf_counter() - begin < 5
    order = np.lexsort((made.device, made.node, made.code, made.time))
    assert np.array_equal(order, np.arange(len(order)))
