"""S-107, S-108, IP-12: real training in environments, killed, damaged and squeezed, and always the same bytes."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.infra.checkpoints import CheckpointPolicy
from mlplat.infra.synchronization import synchronization
from mlplat.platform.artifacts.metadata import Numerics
from mlplat.platform.training import LogisticRegression, Training, TrainingData, TrainingRun, Trainings, churn, deliveries, trainer_of
from mlplat.platform.work import InfrastructureError, Outcome, Task, TaskReason

DATA = deliveries(1200, 3)
STUMPS = {"n_estimators": 40, "max_bins": 8}
SAVING = CheckpointPolicy("10m", write_s="1m", restart_s="2m")
LINKS = """
groups: [{{name: node, count: 4, cpus: 16, gpus: 1, gpu_model: V100}}]
network:
  {{topology: leaf-spine, hosts_per_leaf: 2, bandwidth: {nic}, external: [{{name: lake, hosts: [lake.example.org], bandwidth: 10Gbps}}]}}
"""


def alone(kind: Any = "boosted-stumps-regressor", data: TrainingData = DATA, parameters: Any = STUMPS) -> Any:
    """The parts of the model that is trained without any environment."""
    trainer = trainer_of(kind)
    state = trainer.start(data, parameters, 0)
    trainer.advance(state, state.iterations)
    return trainer.parts(state)


class Place:
    """A platform on a small cluster, with a project and a developer's zone."""

    def __init__(self, words: str = "4x2xV100", **options: Any) -> None:
        spec = mp.ClusterSpec.from_yaml(words) if "\n" in words else mp.ClusterSpec.parse(words)
        self.cluster = mp.Cluster(mp.Simulation(seed=5), spec, queue="best-effort-fifo", scrape_period=None, **options)
        self.sim = self.cluster.sim
        self.platform = mp.Platform(self.cluster)
        admin = self.platform.admin
        self.ada = self.platform.identity.create_user("ada", actor=admin)
        self.platform.identity.create_project("shop", owner=self.ada, actor=admin)
        self.zone = self.platform.zones.create_development(self.ada, {"gpus": 8}, actor=admin).name
        self.trainings = Trainings(self.sim, self.platform.tasks, self.platform.data)

    def run(self, *, trainer: Any = "boosted-stumps-regressor", publish: Any = None, **given: Any) -> TrainingRun:
        """An hour on two replicas, with checkpoints every ten minutes, unless said otherwise."""
        ours = {"data": DATA, "parameters": STUMPS, "checkpoints": "shop/states", "fewest": None, "patience": "10m", "seed": 0}
        training = {name: given.pop(name) for name in [*ours] if name in given}
        task = Task("shop/train", **({"request": {"gpus": 1}, "duration": "1h", "replicas": 2, "checkpoint": SAVING} | given))
        return self.trainings.run(Training(task, trainer, **(ours | training)), zone=self.zone, actor=self.ada, publish=publish)

    def damage(self, reference: str) -> None:
        """Flip a bit in the content of a dataset version."""
        version = self.platform.data.resolve(reference, actor=self.ada)
        content = self.platform.data.read(reference, actor=self.ada)
        store = self.platform.store
        (piece,) = [digest for digest, kept in store._content.items() if kept.endswith(content) and len(content) > 100]
        whole = bytearray(store._content[piece])
        whole[-1] ^= 1
        store._content[piece] = bytes(whole)
        assert version.reference == reference


def test_s107_the_model_comes_from_the_function_and_the_time_from_the_model() -> None:
    place = Place()
    run = place.run(checkpoint="none")
    place.sim.run(until="2h")
    assert (run.outcome, run.written, [len(each.nodes) for each in run.tries]) == (Outcome.SUCCESS, (), [2])
    assert run.value is not None and run.value.parts == alone() and run.value.iterations == 40 and run.value.data == DATA.digest
    assert run._task is not None and run._task.ended_s == 3600.0
    assert run.value.model().predict(DATA.x).shape == (1200,)


@pytest.mark.parametrize("nic", ["100Gbps", "1Gbps"])
def test_s107_a_gang_over_slower_links_takes_longer_as_the_formula_says(nic: str) -> None:
    place = Place(LINKS.format(nic=nic))
    run = place.run(checkpoint="none", replicas=4, sync={"step": "1s", "size": "1GiB"})
    place.sim.run(until="2d")
    nodes = [int(name.rpartition("-")[2]) for name in run.nodes]
    assert place.cluster.network is not None
    round_s = place.cluster.network.collectives.all_reduce(nodes, mib=1024).seconds
    assert run._task is not None and run._task.ended_s == pytest.approx(3600.0 * (1.0 + round_s), rel=1e-9)
    assert round_s > (12.0 if nic == "1Gbps" else 0.1) and run.value is not None and run.value.parts == alone()


def test_the_digest_is_that_of_the_model_registry_and_what_publishes_runs_at_the_end() -> None:
    place = Place()
    models = place.platform.models
    run = place.run(publish=lambda trained: models.register("shop/eta", trained.parts, external=["data"], actor=place.ada))
    place.sim.run(until="2h")
    assert run.value is not None and run.value.published.digest == run.value.digest
    (published,) = [event for event in place.sim.log.select(predicate="artifact.published") if event.data["kind"] == "model"]
    assert "workload.bound" in [event.predicate for event in place.sim.log.causes(published.id)]
    assert published.time == run._task.ended_s  # type: ignore[union-attr]


def test_s108_checkpoints_are_versions_of_a_dataset_at_the_iteration_that_the_work_has_come_to() -> None:
    place = Place(LINKS.format(nic="100Gbps"))
    run = place.run(checkpoint="every 10m size 1GiB to lake")
    place.sim.run(until="3h")
    told = [event for event in place.sim.log.select(predicate="checkpoint.written") if event.subject.startswith("workload:")]
    assert [kept.done for kept in run.written] == [int(40 * event.data["work_s"] / 3600.0) for event in told]
    assert [kept.done for kept in run.written] == [6, 13, 20, 26, 33] and run.value is not None and run.value.parts == alone()
    assert place.platform.data.resolve(run.written[0].reference, actor=place.ada).note == "6 of 40 iterations"


KILLS = st.lists(st.tuples(st.floats(0.0, 9000.0), st.integers(0, 3)), max_size=4)
AT_ONCE = mp.Detection(period=0, grace=0, damping=None)


@given(KILLS)
def test_a12_1_a12_2_killed_at_any_instant_the_bytes_are_the_same_and_what_is_lost_is_an_interval_at_most(
    kills: list[tuple[float, int]],
) -> None:
    place = Place(detection=AT_ONCE)
    run = place.run(retries=100)
    for when, node in kills:
        place.sim.at(when, place.cluster.hardware.crash, f"node-{node}")
        place.sim.at(when + 600.0, place.cluster.hardware.restore, f"node-{node}")
    place.sim.run(until="1d")
    assert run.outcome is Outcome.SUCCESS and run.value is not None and run.value.parts == alone()
    assert run.skipped == ()
    for number, (one, following) in enumerate(pairwise(run.tries)):
        saved = following.resumed_s - one.resumed_s
        passed = one.ended_s - one.began_s - (120.0 if number else 0.0)  # the restart is no work
        assert passed - saved - 60.0 * (saved // 600.0) <= 600.0 + 60.0 + 1e-6


FAULTS = st.lists(
    st.tuples(st.floats(0.0, 9000.0), st.integers(0, 3), st.sampled_from(["crash", "cut off", "drain"]), st.floats(1.0, 3000.0)), max_size=6
)
POLICIES = [SAVING, CheckpointPolicy("3m", write_s="10s"), "none", "every 10m size 1GiB to lake", "every 7m size 30GiB to lake"]


@given(FAULTS, st.sampled_from([1, 2, 4]), st.sampled_from(POLICIES), st.sampled_from(["1m", "10m"]))
def test_a12_1_crashes_cuts_and_drains_on_any_number_of_replicas_change_no_bit(
    faults: list[tuple[float, int, str, float]], replicas: int, policy: Any, patience: str
) -> None:
    place = Place(LINKS.format(nic="100Gbps"), detection=AT_ONCE)
    run = place.run(retries=1000, replicas=replicas, fewest=1, patience=patience, checkpoint=policy)
    sim, hardware, endpoint = place.sim, place.cluster.hardware, place.cluster.endpoint
    for when, row, fault, lasts in faults:
        node = f"node-{row}"
        match fault:
            case "drain":
                sim.at(when, partial(endpoint.drain, node, grace="2m"))
                sim.at(when + lasts, endpoint.uncordon, node)
            case _:
                sim.at(when, hardware.crash if fault == "crash" else hardware.cut_off, node)
                sim.at(when + lasts, hardware.restore, node)
    sim.run(until="3d")
    assert run.outcome is Outcome.SUCCESS and run.value is not None and run.value.parts == alone() and run.skipped == ()


@pytest.mark.parametrize(("minute", "resumed_s"), [(10.9, 0.0), (11.9, 600.0), (22.3, 600.0), (24.0, 1200.0)])
def test_ip12_a_death_while_a_checkpoint_is_written_leaves_the_one_before(minute: float, resumed_s: float) -> None:
    """IP-12 N."""
    place = Place(LINKS.format(nic="100Gbps"), detection=AT_ONCE)
    run = place.run(checkpoint="every 10m size 100GiB to lake")  # a write takes 86 s
    place.sim.at(60.0 * minute, place.cluster.hardware.crash, "node-0")
    place.sim.run(until="5h")
    assert [each.resumed_s for each in run.tries] == [0.0, resumed_s] and run.value is not None and run.value.parts == alone()
    assert [kept.done for kept in run.written][: int(resumed_s // 600)] == [6, 13][: int(resumed_s // 600)]


def test_s108_without_a_checkpoint_it_begins_anew() -> None:
    place = Place()
    run = place.run(checkpoint="none", checkpoints=None)
    place.sim.at("50m", place.cluster.hardware.crash, "node-0")
    place.sim.run(until="5h")
    assert len(run.tries) == 2 and run.value is not None and run.value.parts == alone()
    assert run.tries[1].resumed_s == 0.0 and run.tries[0].reason == "NODE_LOST"


def kill_after_damage(*damaged: int) -> tuple[Place, TrainingRun]:
    """A run whose node is lost in the 35th minute, when some of its checkpoints were damaged."""
    place = Place(LINKS.format(nic="100Gbps"))
    run = place.run(checkpoint="every 10m size 1GiB to lake")

    def kill() -> None:
        for number in damaged:
            place.damage(run.written[number].reference)
        place.cluster.hardware.crash("node-0")

    place.sim.at("35m", kill)
    place.sim.run(until="5h")
    assert run.outcome is Outcome.SUCCESS and run.value is not None and run.value.parts == alone() and len(run.tries) == 2
    return place, run


@pytest.mark.parametrize("damaged", [(2,), (1, 2), (0, 1, 2)])
def test_ip12_a_checkpoint_that_fails_its_digest_is_skipped_for_the_one_before_and_costs_time(damaged: tuple[int, ...]) -> None:
    """IP-12 T."""
    _, whole = kill_after_damage()
    _, run = kill_after_damage(*damaged)
    assert [skipped.reference for skipped in run.skipped] == [f"shop/states@{number + 1}" for number in reversed(damaged)]
    again = 20 - (0, 6, 13, 20)[3 - len(damaged)]
    assert run._task is not None and whole._task is not None
    assert run._task.ended_s - whole._task.ended_s == pytest.approx(again / 40 * 3600.0)


def test_ip12_a_deleted_checkpoint_is_skipped_too() -> None:
    place = Place(LINKS.format(nic="100Gbps"))
    run = place.run(checkpoint="every 10m size 1GiB to lake")

    def delete() -> None:
        place.platform.data.delete(run.written[-1].reference, actor=place.platform.admin)
        place.cluster.hardware.crash("node-0")

    place.sim.at("35m", delete)
    place.sim.run(until="5h")
    assert run.value is not None and run.value.parts == alone() and len(run.skipped) == 1


def test_checkpoints_that_may_not_be_written_do_not_end_the_training() -> None:
    place = Place()
    run = place.run(checkpoints="other/states")
    place.sim.at("35m", place.cluster.hardware.crash, "node-0")
    place.sim.run(until="5h")
    assert run.value is not None and run.value.parts == alone() and run.written == ()
    assert run.skipped and all("other" in skipped.problem for skipped in run.skipped)


def test_a_run_takes_up_no_checkpoint_of_another_run() -> None:
    place = Place()
    first = place.run()
    place.sim.run(until="2h")
    second = place.run(parameters={"n_estimators": 40, "max_bins": 5})
    place.sim.at("2h35m", place.cluster.hardware.crash, second.nodes[0] if second.nodes else "node-0")
    place.sim.run(until="6h")
    assert first.value is not None and first.value.parts == alone()
    assert second.value is not None and second.value.parts == alone(parameters={"n_estimators": 40, "max_bins": 5})


# -- elastic


def test_without_room_it_goes_on_with_half_the_replicas_from_its_checkpoint_and_makes_the_same_bytes() -> None:
    place = Place("4x1xV100")
    run = place.run(replicas=4, fewest=1, checkpoint=CheckpointPolicy("10m"))
    place.sim.at("25m", place.cluster.hardware.crash, "node-0")
    place.sim.run(until="1d")
    assert run.value is not None and run.value.parts == alone() and len(run.tries) == 2
    (whole, half) = run.sizes
    assert (whole.replicas, half.replicas, half.done) == (4, 2, 13)
    requeued = next(event.time for event in place.sim.log.select(predicate="workload.requeued"))
    assert half.since_s == pytest.approx(requeued + 600.0)
    # Half the replicas take twice the time for the 27 iterations that are left.
    assert run._task is not None and run._task.ended_s == pytest.approx(half.since_s + 27 / 40 * 7200.0)


def test_it_shrinks_to_the_fewest_and_then_waits() -> None:
    place = Place("2x1xV100")
    run = place.run(replicas=2, fewest=1, patience="5m")
    other = place.run(replicas=2, duration="30m", checkpoint="none", checkpoints=None)
    place.sim.at("1m", place.cluster.hardware.crash, "node-0")
    place.sim.at("1m", place.cluster.hardware.crash, "node-1")
    place.sim.at("8h", place.cluster.hardware.restore, "node-1")
    place.sim.run(until="7h")
    assert [size.replicas for size in run.sizes] == [2, 1] and run.outcome is Outcome.RUNNING and "room" in run.explain()
    place.sim.run(until="1d")
    assert run.value is not None and run.value.parts == alone() and other.outcome is Outcome.RUNNING


def test_a_gang_that_could_never_be_held_is_tried_smaller_at_once() -> None:
    place = Place("2x1xV100")
    run = place.run(replicas=8, fewest=2)
    place.sim.run(until="1d")
    assert [size.replicas for size in run.sizes] == [8, 4, 2] and run.value is not None and run.value.parts == alone()
    refused = place.run(replicas=8)
    place.sim.run(until="2d")
    assert (refused.outcome, refused.reason) == (Outcome.FAILURE, TaskReason.REJECTED)


@pytest.mark.parametrize("fewest", [1, 2, 4])
def test_steps_between_all_reduces_are_longer_on_fewer_replicas(fewest: int) -> None:
    task = Task("train", {"gpus": 1}, "1h", replicas=4, sync={"step": "2s", "size": "1GiB"})
    found = Training(task, "boosted-stumps-regressor", DATA, fewest=1).on(fewest, left=0.5)
    assert (found.replicas, found.duration) == (fewest, 3600.0 * 4 / fewest / 2)
    assert synchronization(found.sync).step == 2.0 * 4 / fewest and synchronization(found.sync).size_mib == 1024


# -- what can go wrong


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (ValueError("no such column"), Outcome.FAILURE, TaskReason.RAISED),
        (AccessDenied("user-2", "read", "dataset:shop/clicks", "nothing grants that"), Outcome.FAILURE, TaskReason.ACCESS_DENIED),
        (InfrastructureError("the data store cannot be reached"), Outcome.ERROR, TaskReason.UNAVAILABLE),
    ],
)
def test_data_that_cannot_be_read_ends_the_training_with_a_reason(error: Exception, outcome: Outcome, reason: TaskReason) -> None:
    def read() -> TrainingData:
        raise error

    place = Place()
    run = place.run(data=read, retries=1)
    place.sim.run(until="1d")
    assert (run.outcome, run.reason, run.value) == (outcome, reason, None) and str(error) in run.explain()


def test_data_is_read_once_as_the_work_begins_and_not_anew_after_a_failure() -> None:
    place, read = Place(), []

    def rows() -> TrainingData:
        read.append(place.sim.now)
        return DATA

    run = place.run(data=rows)
    place.sim.at("35m", place.cluster.hardware.crash, "node-0")
    place.sim.run(until="5h")
    assert len(run.tries) == 2 and read == [0.0] and run.value is not None and run.value.parts == alone()


def test_what_the_data_does_not_allow_is_a_failure_that_says_so() -> None:
    place = Place()
    run = place.run(trainer=LogisticRegression, parameters={})
    place.sim.run(until="1d")
    assert (run.outcome, run.reason) == (Outcome.FAILURE, TaskReason.RAISED) and "expected 0 or 1" in run.error


def test_a_function_of_ones_own_runs_and_is_platform_dependent() -> None:
    place = Place()
    run = place.run(trainer=lambda data, seed: {"mean": data.x.mean(axis=0)}, parameters={})
    place.sim.at("35m", place.cluster.hardware.crash, "node-0")
    place.sim.run(until="5h")
    assert run.value is not None and run.value.numerics == "platform-dependent" and set(run.value.parts) == {"mean"}


def test_it_can_be_called_off_and_waited_for() -> None:
    place, seen = Place(), []
    run = place.run()

    def waits() -> Any:
        seen.append((yield run.wait()))

    place.sim.process(waits())
    place.sim.at("5m", run.cancel)
    place.sim.run(until="1h")
    assert seen == [Outcome.CANCELLED] and run.over and run.value is None and run.reason is TaskReason.CANCELLED
    run.cancel()


def test_descriptions_that_make_no_sense_are_refused() -> None:
    task = Task("train", {"gpus": 1}, "1h", replicas=4)
    for wrong in ({"fewest": 0}, {"fewest": 5}, {"data": [[1.0]]}, {"seed": -1}, {"parameters": {"a": object()}}, {"patience": "soon"}):
        with pytest.raises(OptionError):
            Training(**({"task": task, "trainer": "ridge-regression", "data": DATA} | wrong))  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError):
        Training(task, "forest", DATA)
    with pytest.raises(OptionError, match="expected a Training"):
        Place().trainings.run(task, zone="", actor=None)  # type: ignore[arg-type]
    assert Training(task, "ridge-regression", churn(10), patience=math.inf).patience == math.inf


class Sum:
    """A trainer of one's own: adds up a column, a row an iteration; `wrong` is the row at which it raises."""

    name, numerics = "sum", Numerics.PORTABLE

    def __init__(self, wrong: int = -1) -> None:
        self.wrong = wrong

    class State:
        def __init__(self, data: TrainingData, done: int = 0, total: float = 0.0) -> None:
            self.data, self.done, self.total, self.iterations = data, done, total, data.rows

    def start(self, data: TrainingData, parameters: Any, seed: int) -> State:
        return self.State(data)

    def advance(self, state: State, iterations: int) -> None:
        for _ in range(iterations):
            if state.done == self.wrong:
                raise ArithmeticError("no such row")
            state.total += float(state.data.y[state.done])
            state.done += 1

    def state_bytes(self, state: State) -> bytes:
        return f"{state.done} {state.total!r}".encode()

    def from_bytes(self, content: bytes, data: TrainingData) -> State:
        done, total = content.split()
        return self.State(data, int(done), float(total))

    def parts(self, state: State) -> dict[str, bytes]:
        return {"total": repr(state.total).encode()}


def test_a_trainer_of_ones_own_is_stopped_and_goes_on_like_any_other() -> None:
    place = Place()
    run = place.run(trainer=Sum(), parameters={})
    place.sim.at("35m", place.cluster.hardware.crash, "node-0")
    place.sim.run(until="5h")
    assert run.value is not None and run.value.parts == alone(Sum(), parameters={})
    assert [kept.done for kept in run.written] == [200, 400, 600] and run.tries[-1].resumed_s == 1800.0


def test_what_goes_wrong_in_the_iterations_of_a_checkpoint_is_a_failure_at_the_end_and_nothing_of_it_is_kept() -> None:
    place = Place(LINKS.format(nic="100Gbps"))
    run = place.run(trainer=Sum(wrong=450), parameters={}, checkpoint="every 10m size 1GiB to lake")
    place.sim.run(until="5h")
    assert (run.outcome, run.reason) == (Outcome.FAILURE, TaskReason.RAISED) and "no such row" in run.error
    assert [kept.done for kept in run.written] == [200, 400]
