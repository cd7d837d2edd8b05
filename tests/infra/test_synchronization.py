"""What the ranks of a gang send each other, as users write it."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import MlplatError, OptionError, SpecError, UnknownNameError
from mlplat.infra.endpoint.manifest_writing import write_manifest
from mlplat.infra.endpoint.manifests import read_manifest
from mlplat.infra.synchronization import Synchronization, synchronization


def test_a_mapping_means_the_same_as_its_synchronization() -> None:
    work = mp.Workload("train", {"gpus": 1}, replicas=4, duration="1h", sync={"step": "300ms", "size": "2GiB"})
    assert work.sync == Synchronization("300ms", "2GiB") == synchronization({"step": 0.3, "size": "2048MiB", "algorithm": "auto"})
    assert mp.Workload("train", {"gpus": 1}).sync is None


def test_the_pace_is_the_part_of_the_time_that_is_work() -> None:
    sync = Synchronization("1s", "1GiB")
    assert sync.pace(0.0) == 1.0 and sync.pace(1.0) == 0.5 and sync.pace(3.0) == 0.25


@pytest.mark.parametrize("algorithm", ["auto", "ring"])
def test_a_manifest_says_it_too(algorithm: Any) -> None:
    work = mp.Workload("train", {"gpus": 1}, replicas=4, duration="1h", sync=Synchronization(0.25, "1500MiB", algorithm))
    ((entry,), _) = read_manifest(write_manifest([work]))
    assert entry.workload == work


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"step": 0, "size": "1GiB"}, OptionError),
        ({"step": "never", "size": "1GiB"}, OptionError),
        ({"step": 1, "size": 5}, OptionError),
        ({"step": 1, "size": "-5GiB"}, OptionError),
        ({"step": 1}, OptionError),
        ({"step": 1, "size": "1GiB", "ranks": 4}, UnknownNameError),
        ({"step": 1, "size": "1GiB", "algorithm": "rings"}, UnknownNameError),
        ("ring", OptionError),
    ],
)
def test_what_is_none_is_refused(wrong: Any, error: type[MlplatError]) -> None:
    with pytest.raises(error):
        mp.Workload("train", {"gpus": 1}, sync=wrong)


def test_an_error_in_a_manifest_names_its_path() -> None:
    text = "{apiVersion: mlplat/v1, kind: Job, metadata: {name: a}, spec: {resources: {gpus: 1}, sync: {step: 0, size: 1GiB}}}"
    with pytest.raises(SpecError, match=r"spec\.sync"):
        read_manifest(text)
