"""Volumes: storage as one pool, chosen by size and class and conserved; what outlives environments, what goes with a node. S-09, S-15."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.context import Simulation
from mlplat.errors import OptionError, UnknownNameError
from mlplat.hardware import ClusterSpec
from mlplat.infra.cluster import Cluster
from mlplat.infra.virtualization import EnvironmentGoneError, RuntimeEnvironment
from mlplat.infra.volumes import STORAGE_COLUMNS, VOLUME_COLUMNS, Volume, VolumeError, VolumeReason, VolumeStatus
from mlplat.infra.workload_spec import Workload
from mlplat.resources import ResourceRequest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "volumes.md"
LOST, AVAILABLE = VolumeStatus.LOST, VolumeStatus.AVAILABLE


def a_cluster(*, disks: tuple[int, ...] = (100, 80, 80), backends: tuple[int, ...] = (400, 400, 300), log: Any = "all") -> Cluster:
    """Nodes n-0-0, n-1-0, … and backends b0, b1, … of so many GiB."""
    groups = [{"name": f"n-{i}", "cpus": 8, "memory_gib": 32, "disk_gib": gib} for i, gib in enumerate(disks)]
    storage = [{"name": f"b{i}", "capacity_gib": gib} for i, gib in enumerate(backends)]
    spec = ClusterSpec.model_validate({"groups": groups, "storage": storage})
    return Cluster(Simulation(seed=3, log=log), spec, scrape_period=None)


def environment(cluster: Cluster, name: str, node: int) -> RuntimeEnvironment:
    return cluster.virtualization.start(name, node=node, request=ResourceRequest(cpus=1))


def refused(cluster: Cluster, *args: Any, **options: Any) -> VolumeError:
    """What a claim is refused with; checks that it has changed nothing."""
    before = (cluster.volumes.frame(), cluster.volumes.storage(), len(cluster.sim.log))
    with pytest.raises(VolumeError) as refusal:
        cluster.volumes.claim(*args, **options)
    after = (cluster.volumes.frame(), cluster.volumes.storage(), len(cluster.sim.log))
    assert before[0].equals(after[0]) and before[1].equals(after[1]) and before[2] == after[2]
    return refusal.value


# -- S-15: one pool


def test_s15_the_networked_backend_with_the_most_free_space_is_chosen_and_the_first_of_equals() -> None:
    volumes = a_cluster().volumes
    assert [volumes.claim(f"v{i}", "150GiB", "network").backend for i in range(5)] == ["b0", "b1", "b2", "b0", "b1"]


def test_s15_the_node_with_the_most_disk_free_of_volumes_is_chosen_and_the_first_of_equals() -> None:
    volumes = a_cluster().volumes
    assert [volumes.claim(f"v{i}", "30GiB", "local").node for i in range(5)] == ["n-0-0", "n-1-0", "n-2-0", "n-0-0", "n-1-0"]


def test_s15_any_is_networked_while_that_fits_and_local_after() -> None:
    volumes = a_cluster(backends=(100, 50)).volumes
    claimed = [volumes.claim(f"v{i}", "60GiB") for i in range(2)]
    assert [(volume.backend, volume.node) for volume in claimed] == [("b0", None), (None, "n-0-0")]


def test_s15_a_backend_or_a_node_can_be_named() -> None:
    volumes = a_cluster().volumes
    assert volumes.claim("a", "1GiB", "b2").backend == "b2"
    assert volumes.claim("b", "1GiB", "local", node="n-2-0").node == "n-2-0"
    assert volumes.claim("c", "1GiB", node=1).node == "n-1-0"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"storage_class": "network"}, "409601 MiB of networked storage asked for, and the largest backend has 409600"),
        ({"storage_class": "b2"}, "the largest backend has 307200"),
        ({"storage_class": "local"}, "409601 MiB of local disk asked for, and a node has at most 102400"),
        ({"storage_class": "local", "node": "n-1-0"}, "n-1-0 has at most 81920"),
        ({}, "largest backend has 409600; 409601 MiB of local disk asked for"),
    ],
)
def test_s15_a_volume_larger_than_any_backend_is_rejected_with_the_reason(options: dict[str, Any], says: str) -> None:
    error = refused(a_cluster(), "v", "409601MiB", **options)
    assert (error.volume, error.reason) == ("v", VolumeReason.TOO_LARGE)
    assert says in str(error)


def test_s15_without_room_or_storage_the_reason_says_so() -> None:
    cluster = a_cluster(disks=(10, 10), backends=(50, 40))
    cluster.volumes.claim("half", "30GiB", "b0")
    assert refused(cluster, "v", "45GiB", "network").reason is VolumeReason.NO_SPACE
    assert refused(cluster, "v", "45GiB").reason is VolumeReason.NO_SPACE  # and too large for every disk
    cluster.volumes.claim("disk", "6GiB", "local", node=0)
    assert "n-0-0 has the most free of volumes, 4096" in str(refused(cluster, "v", "5GiB", "local", node="n-0-0"))
    bare = a_cluster(disks=(0, 0), backends=())
    assert [refused(bare, "v", "1GiB", word).reason.value for word in ("network", "local", "any")] == ["NO_BACKEND"] * 3
    assert "n-1-0 has no local disk" in str(refused(a_cluster(disks=(5, 0)), "v", "1GiB", node=1))


def test_s15_a_released_volume_gives_its_room_back() -> None:
    cluster = a_cluster(backends=(10,))
    cluster.volumes.claim("old", "10GiB", "network")
    assert refused(cluster, "new", "10GiB", "network").reason is VolumeReason.NO_SPACE
    cluster.volumes.release("old")
    assert cluster.volumes.claim("new", "10GiB", "network").backend == "b0"


@pytest.mark.parametrize(
    ("args", "options"),
    [
        (("Big_Name", "1GiB"), {}),
        ((7, "1GiB"), {}),
        (("v", "100"), {}),
        (("v", 100), {}),
        (("v", "0GiB"), {}),
        (("v", "-1GiB"), {}),
        (("v", "1Zi"), {}),
        (("v", "99999999999PiB"), {}),
        (("v", "1GiB", "network"), {"node": 0}),
        (("v", "1GiB", "b1"), {"node": 0}),
        (("v", "1GiB"), {"actor": ""}),
        (("v", "1GiB"), {"actor": 7}),
        (("v", "1GiB"), {"cause": 99}),
        (("there", "1GiB"), {}),
    ],
)
def test_s15_what_cannot_be_meant_is_refused_and_changes_nothing(args: tuple[Any, ...], options: dict[str, Any]) -> None:
    volumes = a_cluster().volumes
    volumes.claim("there", "1GiB")
    before = volumes.storage()
    with pytest.raises(OptionError):
        volumes.claim(*args, **options)
    assert volumes.names() == ("there",) and volumes.storage().equals(before)


def test_s15_unknown_names_are_told_with_the_closest_known() -> None:
    volumes = a_cluster().volumes
    volumes.claim("features", "1GiB")
    for call in (lambda: volumes["feature"], lambda: volumes.release("feature"), lambda: volumes.release(None)):
        with pytest.raises(UnknownNameError, match=r"unknown volume .*features"):
            call()
    for word in ("netwrok", None, ["local"]):
        with pytest.raises(UnknownNameError, match="unknown storage class"):
            volumes.claim("v", "1GiB", word)
    for node in ("n-9", 3, -1):
        with pytest.raises(UnknownNameError, match="unknown node"):
            volumes.claim("v", "1GiB", "local", node=node)
    volumes.release("features")
    with pytest.raises(UnknownNameError):
        volumes.release("features")


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), st.integers(1, 130), st.sampled_from(["network", "local", "any", "b1"]), st.sampled_from([None, 0, 2])),
        st.tuples(st.just("release"), st.integers(0, 40)),
        st.tuples(st.sampled_from(["crash", "restore", "cordon", "uncordon"]), st.integers(0, 2)),
    ),
    max_size=40,
)


@given(ACTIONS)
def test_s15_volume_bytes_are_conserved_on_every_backend_and_node(actions: list[tuple[Any, ...]]) -> None:
    cluster = a_cluster(disks=(100, 80, 60), backends=(120, 90))
    volumes, books = cluster.volumes, {}
    capacity = {name: full for name, _, full, *_ in volumes.storage().rows()}
    for number, (what, which, *more) in enumerate(actions):
        if what == "claim":
            word, node = more
            try:
                volume = volumes.claim(f"v{number}", f"{which}GiB", word, node=node)
                books[volume.name] = (volume.backend or volume.node, which * 1024)
            except (VolumeError, OptionError):
                pass
        elif what == "release" and books:
            name = sorted(books)[which % len(books)]
            volumes.release(name)
            del books[name]
        elif what in ("crash", "restore"):
            getattr(cluster.hardware, what)(which)
        elif what in ("cordon", "uncordon"):
            getattr(cluster.watcher, what)(which)
        cluster.sim.run(until=cluster.sim.now + 30)
        for name, _, full, held, free, count in volumes.storage().rows():
            mine = [size for place, size in books.values() if place == name]
            assert (full, held, count) == (capacity[name], sum(mine), len(mine))
            assert held + free == full and free >= 0
    assert sorted(volumes.names()) == sorted(books)
    assert volumes.frame()["size_mib"].sum() == sum(size for _, size in books.values())


def test_s15_a_node_that_takes_no_new_work_takes_no_volume() -> None:
    cluster = a_cluster(backends=())
    cluster.watcher.cordon("n-0-0")
    assert cluster.volumes.claim("at-once", "1GiB", "local").node == "n-1-0"  # before the scheduler has heard of it
    cluster.sim.run(until=1)
    assert cluster.volumes.claim("later", "1GiB", "local").node == "n-2-0"
    assert "n-0-0 does not take anything new" in str(refused(cluster, "v", "1GiB", "local", node="n-0-0"))
    assert refused(cluster, "v", "90GiB").reason is VolumeReason.NOT_IN_SERVICE
    cluster.watcher.uncordon("n-0-0")
    cluster.sim.run(until=2)
    assert cluster.volumes.claim("v", "90GiB").node == "n-0-0"


def test_s15_storage_without_limit_has_room_for_everything() -> None:
    spec = ClusterSpec.model_validate(
        {"groups": [{"name": "a", "disk": "unlimited"}], "pool": True, "storage": [{"name": "b", "capacity": "unlimited"}]}
    )
    volumes = Cluster(Simulation(), spec).volumes
    assert volumes.claim("x", "100PiB").backend == "b" and volumes.claim("y", "100PiB", "local").node == "a-0"
    assert volumes.storage()["free_mib"].to_list() == [None, None]


# -- S-09: what outlives an environment


@pytest.mark.parametrize("word", ["network", "local"])
def test_s09_data_written_by_one_environment_is_read_by_the_next(word: str) -> None:
    cluster = a_cluster()
    volume = cluster.volumes.claim("v", "1GiB", word)
    first = environment(cluster, "first", 0)
    volume.write("model", b"weights", by=first)
    first.view().disk.write("model", b"weights")
    cluster.virtualization.stop(first)
    cluster.sim.run(until=1)
    second = environment(cluster, "first", 0)
    assert volume.read("model", by=second) == b"weights"
    assert second.view().disk.names() == []  # local disk ends with its environment


def test_s09_an_environment_of_a_workload_that_is_requeued_finds_what_it_wrote_on_the_network() -> None:
    cluster = a_cluster()
    volume = cluster.volumes.claim("v", "1GiB", "network")
    record = cluster.run_workload(Workload("train", {"cpus": 1}, duration="1h"))
    cluster.sim.run(until=10)
    before = record.environments[0]
    volume.write("step", b"7", by=before)
    cluster.hardware.crash(before.node)
    cluster.sim.run(until=100)
    after = record.environments[0]
    assert after.node != before.node and volume.read("step", by=after) == b"7"


def test_s09_a_local_volume_ties_its_users_to_its_node_and_a_networked_one_does_not() -> None:
    cluster = a_cluster()
    local, networked = cluster.volumes.claim("local", "1GiB", "local", node=1), cluster.volumes.claim("net", "1GiB", "network")
    here, elsewhere = environment(cluster, "here", 1), environment(cluster, "elsewhere", 0)
    for volume, user in ((local, here), (networked, here), (networked, elsewhere)):
        volume.write(user.name, b"x", by=user)
    for use in (lambda: local.read("here", by=elsewhere), lambda: local.write("f", b"", by=elsewhere)):
        with pytest.raises(VolumeError) as refusal:
            use()
        assert refusal.value.reason is VolumeReason.ELSEWHERE
    assert local.files == ("here",) and networked.files == ("here", "elsewhere")
    assert (local.node, local.backend, networked.node) == ("n-1-0", None, None)


def test_s09_after_the_loss_of_a_node_the_networked_volume_is_readable_and_the_local_one_is_reported_lost() -> None:
    cluster = a_cluster()
    local, other, networked = (
        cluster.volumes.claim(name, "1GiB", word, node=node)
        for name, word, node in (("local", "local", 0), ("other", "local", 1), ("net", "network", None))
    )
    for volume in (local, other, networked):
        volume.write("f", b"data")
    cluster.hardware.crash("n-0-0")
    cluster.sim.run(until=5)
    assert local.status is AVAILABLE  # nobody has noticed, but nothing comes from there
    with pytest.raises(VolumeError) as refusal:
        local.read("f")
    assert refusal.value.reason is VolumeReason.UNREACHABLE
    cluster.sim.run(until=100)
    assert (local.status, other.status, networked.status) == (LOST, AVAILABLE, AVAILABLE)
    assert networked.read("f") == other.read("f") == b"data"
    for use in (lambda: local.read("f"), lambda: local.write("g", b"")):
        with pytest.raises(VolumeError) as refusal:
            use()
        assert refusal.value.reason is VolumeReason.LOST
    assert cluster.volumes.frame().filter(status="lost")["volume"].to_list() == ["local"]
    assert refused(cluster, "v", "1GiB", "local", node=0).reason is VolumeReason.NOT_IN_SERVICE
    told = cluster.sim.log.select(predicate="volume.lost")
    given_up = cluster.sim.log.select(predicate="node.unavailable")[0]
    assert [(event.time, event.cause, event.name, dict(event.data)) for event in told] == [
        (given_up.time, given_up.id, "local", {"node": "n-0-0", "permanent": False})
    ]


@pytest.mark.parametrize("how", ["crash", "cut_off"])
def test_s09_a_node_that_is_back_brings_its_volumes_back_with_their_files(how: str) -> None:
    cluster = a_cluster()
    volume = cluster.volumes.claim("v", "1GiB", "local")
    volume.write("f", b"data")
    getattr(cluster.hardware, how)(volume.node)
    cluster.sim.run(until=100)
    assert volume.status is LOST
    cluster.hardware.restore(volume.node)
    cluster.sim.run(until=200)
    assert volume.status is AVAILABLE and volume.read("f") == b"data"
    recovered = cluster.sim.log.select(predicate="volume.recovered")[0]
    assert cluster.sim.log[recovered.cause].predicate == "node.recovered"
    outside = ["node.failed", "node.partitioned", "volume.claimed"]
    assert not cluster.sim.log.check(outside=outside)


def test_s09_a_short_absence_that_nobody_notices_loses_nothing() -> None:
    cluster = a_cluster()
    volume = cluster.volumes.claim("v", "1GiB", "local", node=0)
    cluster.hardware.crash(0)
    cluster.sim.run(until=5)
    cluster.hardware.restore(0)
    cluster.sim.run(until=100)
    assert volume.status is AVAILABLE and not cluster.sim.log.select(predicate="volume.lost")


def test_s09_behind_a_partition_the_local_volume_can_be_used_and_the_networked_one_cannot_until_the_fence() -> None:
    cluster = a_cluster()
    local, networked = cluster.volumes.claim("local", "1GiB", "local", node=0), cluster.volumes.claim("net", "1GiB", "network")
    user = environment(cluster, "user", 0)
    cluster.hardware.cut_off(0)
    cluster.sim.run(until=5)
    local.write("f", b"x", by=user)
    with pytest.raises(VolumeError) as refusal:
        networked.write("f", b"x", by=user)
    assert refusal.value.reason is VolumeReason.UNREACHABLE
    cluster.sim.run(until=100)
    for volume in (local, networked):
        with pytest.raises(EnvironmentGoneError):
            volume.write("f", b"twice", by=user)
    assert networked.files == () and local.files == ("f",)


def test_s09_a_machine_that_leaves_takes_its_volumes_along_for_good() -> None:
    group = {
        "name": "a",
        "count": 2,
        "cpus": 8,
        "memory_gib": 32,
        "disk_gib": 10,
        "scaling": {"min": 0, "initial": 1, "idle": "1m", "boot": 10},
    }
    cluster = Cluster(Simulation(), ClusterSpec.model_validate({"groups": [group]}))
    volumes = cluster.volumes
    assert refused(cluster, "v", "1GiB", "local", node="a-1").reason is VolumeReason.NOT_IN_SERVICE  # not there yet
    volume = volumes.claim("v", "6GiB", "local")
    volume.write("f", b"x")
    cluster.sim.run(until="10m")
    (lost,) = cluster.sim.log.select(predicate="volume.lost")
    assert lost.data["permanent"] and cluster.sim.log[lost.cause].predicate == "node.left"
    cluster.run_workload(Workload("again", {"cpus": 1}, duration="1h"))
    cluster.sim.run(until="20m")
    assert cluster.sim.log.select(predicate="node.joined", subject=f"node:{volume.node}")
    assert volume.status is LOST and volumes.storage()["free_mib"].to_list() == [4096, 10240]
    cluster.hardware.cut_off(volume.node)
    cluster.sim.run(until="21m")
    cluster.hardware.restore(volume.node)
    cluster.sim.run(until="21m 10s")
    assert volume.status is LOST
    volumes.release("v")
    assert volumes.claim("v", "10GiB", "local", node=volume.node).status is AVAILABLE


def test_s09_losses_are_told_where_the_log_keeps_nothing() -> None:
    cluster = a_cluster(log="none")
    volume = cluster.volumes.claim("v", "1GiB", "local")
    cluster.hardware.crash(volume.node)
    cluster.sim.run(until=100)
    assert volume.status is LOST


def test_s09_a_lost_volume_holds_its_room_until_it_is_released() -> None:
    cluster = a_cluster(disks=(10,), backends=())
    volume = cluster.volumes.claim("v", "8GiB", "local")
    cluster.hardware.crash(0)
    cluster.sim.run(until=100)
    assert cluster.volumes.storage().row(0)[3:] == (8192, 2048, 1)
    cluster.volumes.release("v")
    cluster.hardware.restore(0)
    cluster.sim.run(until=200)
    assert volume.status is VolumeStatus.RELEASED and not cluster.sim.log.select(predicate="volume.recovered")
    assert cluster.volumes.claim("v", "10GiB", "local").node == "n-0-0"


def test_s09_two_clusters_in_one_simulation_lose_only_their_own() -> None:
    one = a_cluster()
    two = Cluster(one.sim, one.spec, scrape_period=None)
    mine, theirs = (cluster.volumes.claim(name, "1GiB", "local", node=0) for cluster, name in ((one, "mine"), (two, "theirs")))
    one.hardware.crash(0)
    one.sim.run(until=100)
    assert (mine.status, theirs.status) == (LOST, AVAILABLE)


# -- files and handles


def test_a_file_that_does_not_fit_is_refused_and_the_old_one_stays() -> None:
    volume = a_cluster().volumes.claim("v", "2MiB")
    volume.write("a", b"1", size_mib=1.5)
    volume.write("a", b"2", size_mib=1.25)  # in its place
    for name, size in (("b", 1), ("a", 2.5)):
        with pytest.raises(VolumeError) as refusal:
            volume.write(name, b"3", size_mib=size)
        assert refusal.value.reason is VolumeReason.NO_SPACE
    volume.write("b", bytes(3 * 2**18))
    assert (volume.files, volume.used_mib, volume.read("a")) == (("a", "b"), 2.0, b"2")


def test_a_file_must_be_a_named_piece_of_bytes() -> None:
    volume = a_cluster().volumes.claim("v", "1GiB")
    calls: list[tuple[Any, Any, dict[str, Any]]] = [
        ("f", "text", {}), ("f", None, {}), ("", b"", {}), (7, b"", {}), ("a\nb", b"", {}),
        ("f", b"", {"size_mib": -1}), ("f", b"", {"size_mib": float("nan")}), ("f", b"", {"size_mib": True}), ("f", b"", {"by": "user"}),
    ]  # fmt: skip
    for name, content, options in calls:
        with pytest.raises(OptionError):
            volume.write(name, content, **options)
    with pytest.raises(UnknownNameError, match="unknown file 'f'"):
        volume.read("f")
    assert volume.files == ()


def test_an_environment_that_has_ended_can_use_no_volume() -> None:
    cluster = a_cluster()
    volume, user = cluster.volumes.claim("v", "1GiB"), environment(cluster, "user", 0)
    cluster.virtualization.stop(user)
    with pytest.raises(EnvironmentGoneError):
        volume.write("f", b"", by=user)


def test_the_handle_of_a_released_volume_leads_nowhere_and_never_to_the_next_of_its_name() -> None:
    volumes = a_cluster().volumes
    old = volumes.claim("v", "1GiB")
    old.write("f", b"old")
    volumes.release("v")
    new = volumes.claim("v", "1GiB")
    with pytest.raises(UnknownNameError, match="unknown volume 'v'"):
        old.write("f", b"late")
    assert (old.status, old.files, new.files) == (VolumeStatus.RELEASED, (), ())


def test_nothing_can_be_set_on_a_volume() -> None:
    volume = a_cluster().volumes.claim("v", "1GiB")
    for name in ("size_mib", "node", "status"):
        with pytest.raises(AttributeError):
            setattr(volume, name, None)
    assert isinstance(volume, Volume) and repr(volume) == "Volume('v': 1024 MiB on b0, available)"


def test_claims_and_releases_are_events_with_actor_and_cause() -> None:
    cluster = a_cluster()
    asked = cluster.sim.emit("pipeline:p", "pipeline.started", source="test")
    cluster.volumes.claim("v", "10GiB", "network", actor="ann", cause=asked)
    with cluster.sim.caused_by(asked):
        cluster.volumes.release("v", actor="bob")
    told = [(event.predicate, event.actor, event.cause, dict(event.data)) for event in cluster.sim.log.select(subject="volume:v")]
    assert told == [
        ("volume.claimed", "ann", asked.id, {"size_mib": 10240, "storage_class": "network", "backend": "b0", "node": None}),
        ("volume.released", "bob", asked.id, {"size_mib": 10240}),
    ]


def test_frames_have_their_columns_also_when_empty() -> None:
    volumes = a_cluster(disks=(0,), backends=()).volumes
    for frame, columns in ((volumes.frame(), VOLUME_COLUMNS), (volumes.storage(), STORAGE_COLUMNS)):
        assert [(name, str(dtype)) for name, dtype in frame.schema.items()] == [(name, dtype) for name, dtype, *_ in columns]
        assert len(frame) == 0


# -- the page


def test_examples_of_the_volumes_page_are_true() -> None:
    outcome = doctest.testfile(str(PAGE), module_relative=False)
    assert outcome.failed == 0 and outcome.attempted >= 15


@pytest.mark.parametrize(("mark", "columns"), [("volumes", VOLUME_COLUMNS), ("storage", STORAGE_COLUMNS)])
def test_the_tables_of_columns_are_those_in_force(mark: str, columns: tuple[tuple[str, str, str, str], ...]) -> None:
    table = PAGE.read_text(encoding="utf-8").split(f"<!-- {mark} -->\n")[1].split("<!-- end -->")[0]
    assert table.splitlines()[2:] == [f"| `{name}` | {dtype} | {unit} | {text} |" for name, dtype, unit, text in columns]


def test_the_table_of_reasons_is_the_one_in_force() -> None:
    table = PAGE.read_text(encoding="utf-8").split("<!-- reasons -->")[1].split("<!-- end -->")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [reason.value for reason in VolumeReason]
