"""Cases that the campaign of zones found something with, each shrunk; it was mended."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.fault_draws import INF
from benchmarks.fault_traces import Fault, Job
from benchmarks.zone_cases import ZoneCase
from benchmarks.zone_live import Call, Work, ZoneLiveCase
from benchmarks.zone_schedules import run_case

NODE: dict[str, Any] = {"name": "g0", "count": 4, "cpu_milli": 4000, "memory_mib": 2048, "gpus": 2, "gpu_model": "V100-16"}
ONE = {"cpu_milli": 1000, "gpus": 1}
WHOLE, SHARE = {"cpu_milli": 1000, "memory_mib": 1024, "gpus": 2}, {"cpu_milli": 1333, "gpu_milli": 500}

FOUND = {
    "two zones that take from each other in turn, one of them through its own jobs": ZoneCase(
        groups=[{"name": "g0", "count": 1, "cpu_milli": 8000, "gpus": 1, "gpu_model": "A100-40"}],
        requests=[{"cpu_milli": 2000, "gpu_milli": 250}, {"cpu_milli": 2000, "gpus": 1}],
        jobs=[Job(1.0, 9.0, 9.0, 1, 1, 1), Job(3.0, 2.0, 2.0, 1, 1, 1, 0, 3), Job(3.0, 6.0, 6.0, 0, 0, 1, 0, 3)],
        zones=[{"name": "a", "weight": 2}, {"name": "d", "guarantee": {"gpus": 0}, "within": "lower-or-newer"}],
        queue="drf",
        checkpoint=(1.0, 3.0, 0.0),
    ),
    "two zones that take from each other in turn, one borrowing, one taking back what it is guaranteed": ZoneCase(
        groups=[{"name": "g0", "count": 1, "cpu_milli": 4000, "memory_mib": 2048, "gpus": 2, "gpu_model": "A100-40"}],
        requests=[{"cpu_milli": 1000, "gpu_milli": 500}, {"cpu_milli": 1333, "gpus": 1}, {"cpu_milli": 1333, "gpus": 2}],
        jobs=[Job(0.0, 0.6, 0.6, 1, 1, 1, 0, 0), Job(0.0, 2.0, 2.0, 0, 0, 1, -2, 1), Job(0.5, 0.1, 0.1, 2, 2, 1, 1, 2)],
        zones=[
            {"name": "k1", "cohort_of": None},
            {"name": "a", "cohort": "k1", "guarantee": {"cpus": 0.9}},
            {"name": "b", "cohort": "k1", "lend": {"cpus": 0}, "guarantee": {"cpus": 0.45}},
            {"name": "c", "borrow_within": "lower-priority"},
        ],
        checkpoint=(0.1, 0.3, 0.0),
    ),
    "three zones in a ring: by shares, by what a cohort is guaranteed, and by priority within a zone": ZoneCase(
        groups=[
            {"name": "g0", "count": 1, "cpu_milli": 4000, "memory_mib": 4096, "gpus": 4, "gpu_model": "V100-16"},
            {"name": "g1", "count": 2, "cpu_milli": 4000, "memory_mib": 4096, "gpus": 2, "gpu_model": "A100-40", "mig": True},
        ],
        requests=[{"cpu_milli": 2000, "memory_mib": 2048, "mig": "1g.5gb"}, {"cpu_milli": 1000, "mig": "1g.5gb"}],
        jobs=[
            Job(0.0, 2.0, 2.0, 0, 0, 1, 0, 1),
            Job(0.0, 2.0, 2.0, 1, 1, 1, 0, 4),
            Job(0.2, 0.9, 0.9, 0, 0, 2, 5, 1),
            Job(0.8, 0.6, 0.6, 0, 0, 3, 0, 2),
            Job(0.8, 0.1, 0.1, 0, 0, 1, 0, 1),
        ],
        faults=[Fault("maintenance", 1, 0.9, 1.7, -1, 0.1, 0.2)],
        zones=[
            {"name": "k1", "cohort_of": None},
            {"name": "b", "cohort": "k1", "guarantee": {"memory_gib": 0.75}, "within": "lower-priority", "weight": 0.5},
            {"name": "c"},
            {"name": "d", "cohort": "k1", "guarantee": {"cpus": 2.25, "memory_gib": 1.5}},
        ],
        queue="drf",
        checkpoint=(0.3, 0.3, 0.0),
    ),
    "a claim whose nodes an older one takes, since others end meanwhile": ZoneCase(
        groups=[
            {"name": "g0", "count": 2, "cpu_milli": 4000, "memory_mib": 2048, "disk_mib": 300},
            {"name": "g1", "count": 4, "cpu_milli": 4000, "memory_mib": 2048, "disk_mib": 300},
        ],
        requests=[{"cpu_milli": 1000}, {"cpu_milli": 1000}],
        jobs=[
            Job(0.0, 6.0, 6.0, 1, 1, 2, 0, 2),
            Job(0.0, 20.0, 20.0, 0, 0, 3, 0, 3),
            Job(0.0, 9.0, 9.0, 1, 1, 2, 0, 3),
            Job(0.0, 9.0, 9.0, 0, 0, 2, 0, 0),
            Job(1.0, 13.0, 13.0, 0, 0, 1, 0, 4),
            Job(1.0, 9.0, 9.0, 1, 1, 1, 0, 3),
            Job(2.0, 20.0, 20.0, 1, 1, 1, 0, 3),
            Job(2.0, 9.0, 9.0, 1, 1, 2, 0, 1),
            Job(5.0, 4.0, 4.0, 1, 1, 3, 1, 2),
            Job(5.0, 4.0, 4.0, 0, 0, 1, -2, 3),
            Job(8.0, 4.0, 4.0, 0, 0, 3, 0, 1),
            Job(8.0, 6.0, 6.0, 1, 1, 2, 1, 1),
            Job(9.0, 6.0, 6.0, 1, 1, 2, 0, 1),
        ],
        faults=[Fault("node", 2, 5.0, 6.0, -1, 0.0, 0.0)],
        zones=[
            {"name": "b", "reclaim_within": 0.5, "borrow_within": "lower-priority"},
            {"name": "c", "guarantee": {"g1": {"cpus": 0.6}}, "within": "lower-priority"},
            {"name": "d", "guarantee": {"g0": {"cpus": 1.2}}},
            {"name": "e", "reserve": {"nodes": 1}},
        ],
        placement="least-allocated",
        checkpoint=(INF, 3.0, 0.5),
        scrape=0.7,
    ),
    "an older claim that takes a node on which others are stopped for a younger one": ZoneCase(
        groups=[{"name": "g1", "count": 3, "cpu_milli": 10000, "memory_mib": 8192, "gpus": 4, "gpu_model": "A100-40", "mig": True}],
        requests=[{"cpu_milli": 5000, "memory_mib": 4096, "mig": "1g.5gb"}, {"cpu_milli": 3333, "mig": "1g.5gb"}],
        jobs=[
            Job(0.0, 20.0, 20.0, 0, 0, 1, 0, 2),
            Job(0.0, 13.0, 13.0, 0, 0, 1, 0, 3),
            Job(1.0, 13.0, 13.0, 1, 1, 1, 0, 4),
            Job(2.0, 13.0, 13.0, 0, 0, 1, 0, 3),
            Job(2.0, 13.0, 13.0, 1, 1, 1, 0, 0),
            Job(5.0, 4.0, 4.0, 1, 1, 3, 0, 0),
            Job(5.0, 6.0, 6.0, 1, 1, 1, 0, 0),
            Job(5.0, 1.0, 1.0, 0, 0, 1, 0, 0),
        ],
        zones=[{"name": "a", "guarantee": {"gpus": 18}, "reclaim_within": 1.0}],
        checkpoint=(1.0, 1.0, 0.0),
    ),
    "a claim of a quota that has borrowed since": ZoneCase(
        groups=[
            {"name": "g0", "count": 1, "cpu_milli": 10000, "memory_mib": 2048, "disk_mib": 1000, "gpus": 1, "gpu_model": "A100-40"},
            {"name": "g1", "count": 4, "cpu_milli": 8000, "memory_mib": 8192, "disk_mib": 0},
        ],
        requests=[{"cpu_milli": 4000, "memory_mib": 2048}, {"cpu_milli": 2666}, {"cpu_milli": 2000, "memory_mib": 4096}],
        jobs=[
            Job(0.0, 0.6000000000000001, 0.6000000000000001, 2, 2, 2, 0, 4),
            Job(0.0, 0.6000000000000001, 0.6000000000000001, 1, 1, 1, 0, 4),
            Job(0.0, 0.9, 0.9, 1, 1, 1, 0, 0),
            Job(0.1, 2.0, 2.0, 1, 1, 1, 0, 0),
            Job(0.5, 0.4, 0.4, 0, 0, 3, 0, 0),
            Job(0.9, 0.6000000000000001, 0.6000000000000001, 2, 2, 1, 0, 0),
            Job(0.9, 0.1, 0.1, 2, 2, 3, 0, 0),
            Job(0.9, 0.1, 0.1, 1, 1, 1, 0, 0),
        ],
        zones=[{"name": "a", "guarantee": {"cpus": 26.0}, "reclaim_within": 0.1}],
        checkpoint=(0.1, 0.05, 0.05),
    ),
    "a quota that is suspended while one of its jobs waits for those that were stopped for it": ZoneLiveCase(
        groups=[
            {"name": "g0", "count": 1, "cpu_milli": 4000, "memory_mib": 4096, "disk_mib": 0, "gpus": 1, "gpu_model": "T4"},
            {
                "name": "g1",
                "count": 2,
                "cpu_milli": 4000,
                "memory_mib": 4096,
                "disk_mib": 1000,
                "racks": 2,
                "gpus": 1,
                "gpu_model": "V100-16",
            },
            {
                "name": "g2",
                "count": 3,
                "cpu_milli": 2000,
                "memory_mib": 8192,
                "disk_mib": 0,
                "racks": ("east",),
                "gpus": 1,
                "gpu_model": "V100-16",
            },
        ],
        zones=[{"name": "c", "guarantee": {"gpus": 2}, "borrow_within": "lower-priority"}],
        works=[
            Work(0.0, "a", ONE, 4.0, 1, 0, -1.0),
            Work(0.0, "c", ONE, 20.0, 3, 0, -1.0),
            Work(0.0, "d", ONE, 9.0, 2, 0, 3.0),
            Work(1.0, "c", ONE, 20.0, 1, 5, -1.0),
        ],
        calls=[Call(3.0, "suspend", "c")],
    ),
    "a job that is stopped in the cycle in which it started, and starts again elsewhere": ZoneLiveCase(
        groups=[NODE],
        zones=[{"name": "k0", "cohort_of": None, "guarantee": {"gpus": 2}}, {"name": "b", "cohort": "k0"}],
        works=[Work(0.0, "c", WHOLE, None), Work(0.0, "c", WHOLE, 1.0), Work(1.0, "e", SHARE, 9.0, 3), Work(1.0, "b", WHOLE, None)],
        placement="random",
        seed=491,
    ),
    "shares where all is guaranteed inside a cohort": ZoneCase(
        groups=[{"name": "g0", "count": 1, "cpu_milli": 8000}],
        requests=[{"cpu_milli": 4000}],
        jobs=[Job(0.0, 20.0, 20.0, 0, 0, 1), Job(1.0, 9.0, 9.0, 0, 0, 1), Job(5.0, 2.0, 2.0, 0, 0, 1, 0, 1)],
        zones=[
            {"name": "k0", "cohort_of": None},
            {"name": "a", "cohort": "k0", "guarantee": {"cpus": 7.2}},
            {"name": "b", "cohort": "k0", "guarantee": {"cpus": 3.6}},
        ],
        queue="drf",
    ),
    "a gang of which a part fits, placed by topology": ZoneCase(
        groups=[{"name": "g0", "count": 1, "cpu_milli": 2000, "gpus": 2, "gpu_model": "V100-16"}],
        requests=[{"cpu_milli": 500, "gpus": 1}, {"cpu_milli": 500, "gpu_milli": 500}],
        jobs=[Job(0.0, 20.0, 20.0, 1, 1, 1, 0, 3), Job(1.0, 6.0, 6.0, 0, 0, 1, 0, 1), Job(12.0, 6.0, 6.0, 0, 0, 2, 0, 1)],
        zones=[{"name": "b", "guarantee": {"cpus": 3.0}}],
        placement="topology",
        checkpoint=(0.5, 3.0, 0.5),
    ),
    "nodes that are all reserved for others": ZoneCase(
        groups=[{"name": "g0", "count": 1, "cpu_milli": 8000}],
        requests=[{"cpu_milli": 2000}],
        jobs=[Job(5.0, 1.0, INF, 0, 0, 1, 0, 2), Job(5.0, 2.0, 2.0, 0, 0, 1, 0, 1)],
        zones=[{"name": "c", "reserve": {"nodes": 1}}],
    ),
}


@pytest.mark.parametrize("case", FOUND.values(), ids=FOUND)
def test_what_the_campaign_of_zones_found_is_mended(case: Any) -> None:
    assert run_case(case).violation is None
