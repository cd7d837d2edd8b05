"""Workloads are checked once, when they are made, and cannot be changed."""

from __future__ import annotations

import copy
import math

import pytest

import mlplat as mp
from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.checkpoints import CheckpointPolicy
from mlplat.infra.workload_spec import Workload, read_request

REQUEST = mp.ResourceRequest(cpus=4, memory_gib=16, gpus=1)


def test_human_forms_become_seconds_and_integers() -> None:
    work = Workload("train", {"cpus": "500m", "memory": "16GiB", "gpus": 1, "gpu_model": "V100|T4"}, duration="2h", stop_grace="30s")
    assert (work.duration, work.estimate, work.stop_grace) == (7200.0, 7200.0, 30.0)
    assert work.request == mp.ResourceRequest(cpus=0.5, memory_gib=16, gpus=1, models=["V100", "T4"])


def test_without_a_duration_it_never_ends() -> None:
    assert Workload("notebook", REQUEST).duration == math.inf


def test_policies_are_read() -> None:
    work = Workload("train", REQUEST, checkpoint="every 30m", restart="on-failure", labels={"team": "a"})
    assert work.checkpoint == CheckpointPolicy("30m", write_s=60, restart_s=60)
    assert work.restart.kind == "on-failure"
    assert dict(work.labels) == {"team": "a"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": "Train"}, "name='Train': expected a DNS label"),
        ({"name": "-a"}, "DNS label"),
        ({"name": "a" * 64}, "DNS label"),
        ({"name": "a\n"}, "DNS label"),
        ({"name": 7}, "DNS label"),
        ({"name": ""}, "DNS label"),
        ({"replicas": 0}, "replicas=0: expected a whole number from 1"),
        ({"replicas": 1.5}, "replicas=1.5: expected a whole number"),
        ({"replicas": True}, "replicas=True: expected a whole number"),
        ({"duration": -1.0}, "duration: not a duration: '-1.0'"),
        ({"duration": math.nan}, "duration: not a duration"),
        ({"duration": "soon"}, "duration: not a duration: 'soon'"),
        ({"duration": "2h", "estimate": "1h"}, "estimate='1h': expected at least the duration, 7200 s"),
        ({"priority": "high"}, "priority='high': expected a whole number"),
        ({"priority": 2**40}, "priority="),
        ({"zone": "a\nb"}, "zone="),
        ({"image": ""}, "image="),
        ({"image": 3}, "image=3"),
        ({"usage": 3}, "usage=3: expected a Usage"),
        ({"restart": "sometimes"}, "unknown restart policy 'sometimes'"),
        ({"restart": 3}, "restart=3"),
        ({"checkpoint": "often"}, "checkpoint='often'"),
        ({"labels": {"a b": "c"}}, "labels: 'a b' is no key"),
        ({"labels": {"a": 1}}, "labels['a']=1"),
        ({"labels": ["a"]}, "labels=['a']"),
        ({"request": "2 GPUs"}, "request='2 GPUs'"),
        ({"request": {"gpu": 1}}, "unknown key of a request: 'gpu'; did you mean 'gpus'?"),
        ({"request": {"memory": 16}}, "memory=16: expected a number with a unit"),
        ({"request": {"cpus": "many"}}, "cpus: not a CPU quantity: 'many'"),
        ({"stop_grace": "x"}, "stop_grace: not a duration"),
        ({"kind": "cron"}, "unknown kind of workload 'cron'"),
        ({"kind": "service", "duration": "2h"}, "duration='2h': a service does not end by itself"),
    ],
)
def test_what_cannot_be_is_refused_by_name(fields: dict[str, object], text: str) -> None:
    with pytest.raises((OptionError, UnknownNameError)) as refused:
        Workload(**({"name": "train", "request": REQUEST} | fields))  # type: ignore[arg-type]
    assert text in str(refused.value)


def test_it_cannot_be_changed_and_its_labels_neither() -> None:
    labels = {"team": "a"}
    work = Workload("train", REQUEST, labels=labels)
    labels["team"] = "b"
    assert work.labels["team"] == "a"
    with pytest.raises(AttributeError, match="cannot be changed"):
        work.name = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="cannot be changed"):
        del work.name
    with pytest.raises(TypeError):
        work.labels["team"] = "b"  # type: ignore[index]
    with pytest.raises(AttributeError):
        work.colour = "red"  # type: ignore[attr-defined]


def test_equal_descriptions_are_equal_and_have_equal_hashes() -> None:
    a, b = (Workload("train", REQUEST, duration=d) for d in ("2h", 7200))
    assert a == b
    assert hash(a) == hash(b)
    assert a != Workload("train", REQUEST, duration="3h")
    assert a != "train"
    assert copy.copy(a) is a
    assert copy.deepcopy(a) is a


def test_only_a_service_has_another_number_of_replicas() -> None:
    service = Workload("web", REQUEST, kind="service", replicas=0)
    assert service.with_replicas(3).replicas == 3
    with pytest.raises(OptionError, match="expected a whole number from 0"):
        service.with_replicas(-1)
    with pytest.raises(OptionError, match="only a service can be scaled"):
        Workload("train", REQUEST).with_replicas(2)


def test_a_request_as_it_is_stays_so() -> None:
    assert read_request(REQUEST) is REQUEST
