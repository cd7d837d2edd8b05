"""The files that commands on the pages read: small ones made up in the formats of the archives that the pages name."""

from __future__ import annotations

import datetime
import gzip
from pathlib import Path

import numpy as np

JOBS = 400
SPAN_S = 3 * 86_400


def write_all(folder: Path) -> None:
    """Every file that a page reads without having made it. The same on every day and machine."""
    rng = np.random.default_rng(7)
    submit = np.sort(rng.integers(0, SPAN_S, JOBS))
    duration = np.rint(rng.lognormal(7.5, 1.5, JOBS))
    width = rng.choice([1, 2, 4, 8, 16], JOBS, p=[0.7, 0.1, 0.1, 0.08, 0.02])
    rows = list(zip(submit.tolist(), duration.tolist(), width.tolist(), strict=True))
    (folder / "philly.csv").write_text(philly(rows))
    (folder / "openb_pod_list_default.csv").write_text(openb_pods(rows))
    (folder / "openb_node_list_all_node.csv").write_text(openb_nodes())
    (folder / "NASA-iPSC-1993-3.1-cln.swf.gz").write_bytes(gzip.compress(swf(rows).encode(), mtime=0))
    (folder / "my.csv").write_text(own(rows))
    (folder / "scenario.yaml").write_text("cluster: 4x8xV100\nworkload: {synthetic: {days: 1, gpus: 32}}\nreplications: 2\n")


def philly(rows: list[tuple[int, float, int]]) -> str:
    start = datetime.datetime(2017, 10, 3)
    lines = [
        f"{start + datetime.timedelta(seconds=submit)},{duration},{width},{duration * width},{'11cb48' if i % 3 else '6214e9'}"
        for i, (submit, duration, width) in enumerate(rows)
    ]
    return "\n".join(["timestamp,duration,num_gpus,gpu_time,cluster", *lines]) + "\n"


def openb_pods(rows: list[tuple[int, float, int]]) -> str:
    header = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time"
    lines = [
        f"pod-{i:04},{4000 * width},{8192 * width},{min(width, 8)},{500 if width == 1 and i % 2 else 1000},,LS,Succeeded,"
        f"{submit},{submit + round(duration)},{submit}"
        for i, (submit, duration, width) in enumerate(rows)
    ]
    return "\n".join([header, *lines]) + "\n"


def openb_nodes() -> str:
    lines = [f"node-{i:02},96000,786432,{8 if i < 8 else 0},{'V100M32' if i < 8 else ''}" for i in range(12)]
    return "\n".join(["sn,cpu_milli,memory_mib,gpu,model", *lines]) + "\n"


def swf(rows: list[tuple[int, float, int]]) -> str:
    lines = [
        f"{i + 1} {submit} -1 {round(duration)} {width} -1 -1 {width} {round(2 * duration) + 60} -1 1 {i % 5} 1 -1 1 -1 -1 -1"
        for i, (submit, duration, width) in enumerate(rows)
    ]
    return "\n".join(["; UnixStartTime: 0", *lines]) + "\n"


def own(rows: list[tuple[int, float, int]]) -> str:
    """The columns that the quick start asks for, and one more."""
    lines = [f"{submit},{duration},{width},{'vision' if i % 2 else 'speech'}" for i, (submit, duration, width) in enumerate(rows)]
    return "\n".join(["submit,duration,gpus,group", *lines]) + "\n"
