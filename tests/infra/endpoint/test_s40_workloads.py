"""S-40: workloads are submitted, described, scaled, listed and deleted; each verb's effect is visible in the next answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.endpoint import ManagementEndpoint
from mlplat.infra.virtualization import Image, ImageStore, Layer, Reason, Usage
from mlplat.infra.workload_records import WorkloadStatus

from .clusters import cluster, state_digest, work


def test_s40_a_submitted_workload_is_described_at_once_and_runs() -> None:
    of = cluster()
    handle = of.endpoint.submit(work("train", gpus=2), actor="ann")
    assert of.endpoint.describe("train").status is handle.status is WorkloadStatus.PENDING
    of.sim.run(until="10m")
    said = of.endpoint.describe("train")
    assert (said.status, said.actor, said.ready, said.started_s) == (WorkloadStatus.RUNNING, "ann", 1, 0.0)
    assert (said.parts[0].node, said.parts[0].devices, said.parts[0].state) == ("node-0", (0, 1), "running")
    of.sim.run(until="2h")
    said = of.endpoint.describe("train")
    assert (said.status, said.reason, said.ended_s) == (WorkloadStatus.SUCCEEDED, "COMPLETED", 3600.0)
    assert handle.over


def test_s40_a_name_is_unique_among_the_living_and_free_after() -> None:
    of = cluster()
    of.endpoint.submit(work("train", duration="1m"))
    with pytest.raises(OptionError, match="workload 'train' exists and is pending"):
        of.endpoint.submit(work("train"))
    of.sim.run(until="2m")
    first = of.endpoint.describe("train")
    of.endpoint.submit(work("train", gpus=1))
    assert first.status is WorkloadStatus.SUCCEEDED
    assert of.endpoint.describe("train").status is WorkloadStatus.PENDING
    assert len(of.endpoint.list()) == 1


def test_s40_a_deleted_workload_is_gone_and_its_room_is_free() -> None:
    of = cluster("1x8xV100")
    handle = of.endpoint.submit(work("train", gpus=8))
    of.endpoint.submit(work("next", gpus=8))
    of.sim.run(until="1m")
    of.endpoint.delete("train")
    with pytest.raises(UnknownNameError, match="unknown workload 'train'"):
        of.endpoint.describe("train")
    of.sim.run(until="61s")
    assert handle.status is WorkloadStatus.CANCELLED
    assert of.endpoint.describe("next").status is WorkloadStatus.RUNNING
    assert of.endpoint.list().names() == ("next",)


def test_s40_a_deleted_workload_keeps_name_and_room_for_its_grace() -> None:
    of = cluster("1x8xV100")
    of.endpoint.submit(work("train", gpus=8, stop_grace="5m", checkpoint="every 30m write 2m"))
    of.sim.run(until="1m")
    of.endpoint.delete("train")
    assert of.endpoint.describe("train").status is WorkloadStatus.STOPPING
    with pytest.raises(OptionError, match="is being deleted"):
        of.endpoint.delete("train")
    with pytest.raises(OptionError, match="is being deleted"):
        of.endpoint.submit(work("train"))
    of.sim.run(until="10m")
    with pytest.raises(UnknownNameError):
        of.endpoint.describe("train")
    of.endpoint.submit(work("train"))


@pytest.mark.parametrize("at", ["0s", "1m", "2h"])
def test_s40_waiting_running_and_ended_ones_can_be_deleted_once(at: str) -> None:
    of = cluster("1x8xV100")
    of.endpoint.submit(work("train", gpus=8))
    of.endpoint.submit(work("queued", gpus=8))
    if at != "0s":
        of.sim.run(until=at)
    for name in ("queued", "train"):
        of.endpoint.delete(name)
        with pytest.raises(UnknownNameError):
            of.endpoint.delete(name)
    of.sim.run(until="3h")
    assert of.endpoint.list() == ()
    assert of.endpoint.state().total("bound").gpu_milli == 0


def refusals(endpoint: ManagementEndpoint) -> list[Callable[[], Any]]:
    """Calls that cannot be met on the cluster of the next test."""
    bad: Any = "not a workload"
    return [
        lambda: endpoint.delete("gone"),
        lambda: endpoint.delete("train", grace="soon"),
        lambda: endpoint.describe("trian"),
        lambda: endpoint.describe(None),  # type: ignore[arg-type]
        lambda: endpoint.describe("web/0"),
        lambda: endpoint.scale("web", -1),
        lambda: endpoint.scale("web", 1.5),  # type: ignore[arg-type]
        lambda: endpoint.scale("train", 2),
        lambda: endpoint.scale("nobody", 2),
        lambda: endpoint.submit(work("train")),
        lambda: endpoint.submit(work("web")),
        lambda: endpoint.submit(bad),
        lambda: endpoint.submit(work("new"), actor=""),
        lambda: endpoint.logs("train", replica=1),
        lambda: endpoint.logs("nobody"),
        lambda: endpoint.explain("nobody"),
        lambda: endpoint.list(status="happy"),
        lambda: endpoint.list("a=b=c"),
        lambda: endpoint.watch("name"),  # type: ignore[arg-type]
        lambda: endpoint.drain("node-7"),
        lambda: endpoint.drain("node-0", grace=-1),
        lambda: endpoint.cordon("nod-0"),
        lambda: endpoint.uncordon(""),
        lambda: endpoint.describe_node("x"),
        lambda: endpoint.to_manifest("nobody"),
        lambda: endpoint.apply("kind: Jobb"),
    ]


@pytest.mark.parametrize("which", range(26))
def test_s40_a_refused_call_is_typed_changes_nothing_and_is_written_down_once(which: int) -> None:
    of = cluster()
    of.endpoint.submit(work("train", gpus=1))
    of.endpoint.submit(work("web", kind="service", replicas=2))
    of.endpoint.submit(work("gone"))
    of.sim.run(until="1m")
    of.endpoint.delete("gone")
    of.sim.run(until="2m")
    before, events = state_digest(of), len(of.sim.log)
    calls = refusals(of.endpoint)
    assert len(calls) == 26
    with pytest.raises(mp.MlplatError) as refused:
        calls[which]()
    assert state_digest(of) == before
    assert len(of.sim.log) == events + 1
    event = of.sim.log[-1]
    assert event.predicate == "call.refused"
    assert event.data["error"] == type(refused.value).__name__
    assert str(refused.value).startswith(str(event.data["reason"])[:100])


def test_s40_an_unknown_name_tells_the_closest() -> None:
    of = cluster()
    of.endpoint.submit(work("train-large"))
    with pytest.raises(UnknownNameError, match="did you mean 'train-large'"):
        of.endpoint.describe("train-lage")


def test_s40_a_process_can_wait_for_the_end() -> None:
    of = cluster()
    seen: list[tuple[float, WorkloadStatus]] = []

    def follow(name: str, **fields: Any) -> Iterator[Any]:
        handle = of.endpoint.submit(work(name, **fields))
        status = yield handle.wait()
        seen.append((of.sim.now, status))
        again = yield handle.wait()
        assert again is status

    of.sim.process(follow("ok", duration="30m"))  # type: ignore[arg-type]
    of.sim.process(follow("huge", gpus=100))  # type: ignore[arg-type]
    of.sim.process(follow("deleted", duration="1d"))  # type: ignore[arg-type]
    of.sim.at("10m", of.endpoint.delete, "deleted")
    of.sim.run(until="2h")
    assert seen == [(0.0, WorkloadStatus.REJECTED), (600.0, WorkloadStatus.CANCELLED), (1800.0, WorkloadStatus.SUCCEEDED)]


def test_s40_lists_choose_by_labels_zone_and_status() -> None:
    of = cluster("1x8xV100")
    of.endpoint.submit(work("a", gpus=8, labels={"app": "web", "tier": "test"}, zone="z"))
    of.endpoint.submit(work("b", gpus=8, labels={"app": "web"}))
    of.endpoint.submit(work("c", kind="service", labels={"app": "db"}, zone="z"))
    of.sim.run(until="1m")
    names = [
        of.endpoint.list(*asked, **more).names()  # type: ignore[arg-type]
        for asked, more in (
            ((), {}),
            (("app=web",), {}),
            (({"app": "web", "tier": "test"},), {}),
            (("app=web,!tier",), {}),
            (("tier!=test",), {}),
            (("tier",), {}),
            ((), {"zone": "z"}),
            ((), {"status": "pending"}),
            ((), {"status": (WorkloadStatus.RUNNING, "held")}),
        )
    ]
    assert names == [("a", "b", "c"), ("a", "b"), ("a",), ("b",), ("b", "c"), ("a",), ("a", "c"), ("b", "c"), ("a",)]


def test_s40_a_watch_tells_callbacks_loops_and_processes() -> None:
    of = cluster()
    called: list[str] = []
    of.endpoint.watch(lambda event: called.append(event.predicate), name="train")
    collected = of.endpoint.watch(labels="app=web")
    heard: list[str] = []

    def follow() -> Iterator[Any]:
        watch = of.endpoint.watch(predicate="workload.finished")
        event = yield watch.next()
        heard.append(event.name)
        watch.stop()

    of.sim.process(follow())  # type: ignore[arg-type]
    of.sim.run(until="1s")
    of.endpoint.submit(work("train", duration="1m"))
    of.endpoint.submit(work("web", kind="service", labels={"app": "web"}, replicas=1))
    of.sim.run(until="1h")
    assert called == ["workload.submitted", "workload.bound", "workload.finished"]
    assert {event.name for event in collected} == {"web/0"}
    assert list(collected) == []
    assert heard == ["train"]
    collected.stop()
    of.endpoint.scale("web", 2)
    of.sim.run(until="2h")
    assert list(collected) == []


def test_s40_logs_are_those_of_the_replica() -> None:
    store = ImageStore()
    store.register(Image("train:1", (Layer.of("base", 1000),)))
    of = cluster(images=store)
    of.endpoint.submit(work("train", gpus=8, replicas=2, image="train:1"))
    assert of.endpoint.logs("train").lines == ()
    of.sim.run(until="10m")
    log = of.endpoint.logs("train", replica=1)
    assert log.name == "train/1"
    assert any("pulled 1 layers" in line.text for line in log.lines)
    assert "bound to node-1" in str(log)


# -- services


def test_s40_a_service_has_as_many_replicas_as_it_was_scaled_to() -> None:
    of = cluster()
    of.endpoint.submit(work("web", gpus=1, kind="service", replicas=2))
    of.sim.run(until="1m")
    assert of.endpoint.describe("web").ready == 2
    assert of.endpoint.scale("web", 5).replicas == 5
    of.sim.run(until="2m")
    assert (of.endpoint.describe("web").ready, of.endpoint.state().total("bound").gpu_milli) == (5, 5000)
    of.endpoint.scale("web", 1)
    of.sim.run(until="3m")
    assert [part.job for part in of.endpoint.describe("web").parts] == ["web/0"]
    assert of.endpoint.state().total("bound").gpu_milli == 1000
    of.endpoint.scale("web", 0)
    assert of.endpoint.describe("web").parts == ()
    of.endpoint.scale("web", 2)
    of.endpoint.scale("web", 0)
    of.endpoint.scale("web", 2)
    of.sim.run(until="4m")
    assert of.endpoint.describe("web").ready == 2
    assert of.endpoint.state().total("bound").gpu_milli == 2000
    of.endpoint.delete("web")
    of.sim.run(until="5m")
    assert of.endpoint.list() == ()
    assert of.endpoint.state().total("bound").gpu_milli == 0


def test_s40_a_replica_that_fails_is_replaced_after_a_back_off() -> None:
    of = cluster()
    of.endpoint.submit(work("web", kind="service", replicas=2))
    of.sim.run(until="20m")
    of.virtualization.exit(of.workloads["web/1"].environments[0], Reason.ERROR)
    of.sim.run(until="1200.5s")
    assert of.endpoint.describe("web").ready == 1
    of.sim.run(until="21m")
    said = of.endpoint.describe("web")
    assert (said.ready, [part.job for part in said.parts]) == (2, ["web/0", "web/1.1"])
    again = of.sim.log.select(subject="workload:web/1.1", predicate="workload.submitted")[0]
    assert again.time == 1210.0
    assert of.sim.log.causes(again)[0].predicate == "workload.finished"


def test_s40_a_replica_that_cannot_start_is_tried_less_and_less_often() -> None:
    of = cluster()
    of.endpoint.submit(work("web", kind="service", usage=Usage(memory=2.0**30), memory_gib=1))
    of.sim.run(until="6m")
    tried = [event.time for event in of.sim.log.select(subject="workload:web/*", predicate="workload.submitted")]
    assert tried == [0.0, 10.0, 30.0, 70.0, 150.0, 310.0]
    assert not any(name.startswith("web/0") and record.over for name, record in of.workloads.items() if name != "web/0.5")


def test_s40_a_service_survives_the_loss_of_a_node() -> None:
    of = cluster()
    of.endpoint.submit(work("web", gpus=4, kind="service", replicas=3))
    of.sim.run(until="1m")
    of.hardware.crash("node-0")
    of.sim.run(until="10m")
    said = of.endpoint.describe("web")
    assert said.ready == 2
    assert {part.node for part in said.parts} == {"node-1", None}
    of.hardware.restore("node-0")
    of.sim.run(until="20m")
    assert of.endpoint.describe("web").ready == 3


def test_s40_the_first_refusals_of_a_gang_do_not_touch_a_service_of_another_name() -> None:
    of = cluster()
    service = of.endpoint.submit(work("web", gpus=100, kind="service"))
    of.sim.run(until="1h")
    assert service.status is WorkloadStatus.REJECTED
    assert len(of.sim.log.select(predicate="workload.submitted")) == 1
