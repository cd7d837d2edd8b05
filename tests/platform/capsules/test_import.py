"""What a capsule becomes on another platform."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.platform.artifacts.metadata import LineageCycleError
from mlplat.platform.identity import PrincipalKind
from mlplat.platform.storage import Store

from ..scm.git_program import Git, needs_git
from .worlds import FRAME, MODEL, World, elsewhere, state_of


def _links(platform: mp.Platform, model: str, actor: Any) -> Any:
    lineage = platform.metadata.lineage(model, actor=actor)
    assert lineage.missing == () and lineage.reproducible
    return lineage.links, lineage.fingerprint, dict(lineage.parts)


@pytest.mark.parametrize("linking", ["direct", "chained", "both"])
def test_a14_6_what_is_imported_has_the_same_lineage_and_goes_out_as_it_came(linking: str) -> None:
    world = World(linking=linking)
    content = world.export(licence="MIT")
    platform, carl = elsewhere()
    imported = platform.capsules.import_file(content, actor=carl)
    assert imported.model == MODEL and imported.known == () and len(imported.registered) == 7
    assert _links(platform, "shop/churn@1", carl) == _links(world.platform, "shop/churn@1", world.ada)
    assert platform.metadata.run("shop/r1", actor=carl).linking == linking
    assert len(platform.metadata.history("shop/r1", actor=carl)) == 3  # the run and two values of a metric; no event added to it
    again = platform.capsules.export("shop/churn@1", actor=carl)
    assert again.content == content
    third, dora = elsewhere(["lab"])
    further = third.capsules.import_file(content, project="lab", actor=dora)
    assert further.model == "model:lab/churn@1"
    assert third.capsules.export("lab/churn@1", actor=dora).content == content


def test_what_is_imported_is_what_was_exported() -> None:
    world = World()
    platform, carl = elsewhere()
    platform.capsules.import_file(world.export(), actor=carl)
    ours, theirs = world.platform, platform
    assert theirs.data.read("shop/clicks@1", actor=carl).equals(FRAME)
    assert theirs.data.read("shop/clicks@1", split="train", actor=carl).equals(
        ours.data.read("shop/clicks@1", split="train", actor=world.ada)
    )
    arrays = theirs.data.read("secret/labels@1", actor=carl)
    assert arrays["note"] == b"hello" and arrays["x"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert theirs.data.describe("shop/clicks", actor=carl).statistics == ours.data.describe("shop/clicks", actor=world.ada).statistics
    version = theirs.data.describe("shop/clicks@1", actor=carl).version
    assert (version.digest, version.keys, version.tags, version.note, version.origin) == (
        world.data.digest,
        ("user",),
        ("raw",),
        "of May",
        "external",
    )
    assert theirs.images.manifest(f"shop/train@{world.image.digest}", actor=carl) == ours.images.manifest("shop/train@v1", actor=world.ada)
    assert theirs.images.resolve(f"shop/train@{world.image.digest}", actor=carl).external == ()
    mine, model = (p.models.load("shop/churn@1", actor=who) for p, who in ((ours, world.ada), (theirs, carl)))
    assert model["b"] == mine["b"] and model["w"].tolist() == mine["w"].tolist()
    kept = theirs.models.resolve("shop/churn@1", actor=carl)
    assert (kept.metrics, kept.tags, kept.external) == ({"auc": 0.8}, {"team": "a"}, ())
    run, first = theirs.metadata.run("shop/r1", actor=carl), ours.metadata.run("shop/r1", actor=world.ada)
    for name in ("status", "parameters", "metrics", "seed", "numerics", "steps", "started", "ended", "environment", "inputs", "outputs"):
        assert getattr(run, name) == getattr(first, name), name
    assert run.origin == "external"
    history = theirs.metadata.metric_history("shop/r1", "auc", actor=carl)
    assert history == ours.metadata.metric_history("shop/r1", "auc", actor=world.ada)


def test_ids_of_the_origin_are_kept_as_third_parties_without_any_right() -> None:
    world = World()
    platform, carl = elsewhere()
    content = world.export()
    summary = platform.capsules.import_file(content, actor=carl).summary
    (foreign,) = platform.identity.principals("third-party", actor=platform.admin)
    assert foreign.kind is PrincipalKind.THIRD_PARTY and foreign.origin == f"{summary.digest}/{world.ada.id}"
    assert platform.models.resolve("shop/churn@1", actor=carl).creator == foreign.id != world.ada.id
    assert platform.metadata.run("shop/r1", actor=carl).principal == foreign.id
    with pytest.raises(AccessDenied):
        platform.models.load("shop/churn@1", actor=foreign)
    platform.capsules.import_file(content, actor=carl)
    assert platform.identity.principals("third-party", actor=platform.admin) == (foreign,)


@needs_git
def test_a14_5_git_shows_the_same_commit_after_an_import(tmp_path: Path) -> None:
    world = World()
    platform, carl = elsewhere()
    platform.capsules.import_file(world.export(), actor=carl)
    platform.scm.export_repository("shop/churn", tmp_path / "repository", actor=carl)
    git = Git(tmp_path / "repository")
    tag = f"capsule-{world.commit.id[:12]}"
    assert git("rev-parse", tag).decode().strip() == world.commit.id
    assert git("show", f"{tag}:train.py") == world.platform.scm.read("shop/churn", "train.py", actor=world.ada)
    assert git("fsck", "--full", "--strict") is not None
    assert dict(platform.scm.branches("shop/churn", actor=carl)) == {}


def test_a14_3_an_import_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    content = world.export()
    platform, carl = elsewhere()
    heard: list[str] = []
    platform.sim.log.subscribe("*", lambda event: heard.append(event.predicate))

    def never(*_: object, **__: object) -> None:
        raise AssertionError("something ran")

    for name in ("system", "popen", "posix_spawn", "fork", "execv"):
        monkeypatch.setattr(os, name, never)
    for name in ("pickle.loads", "pickle.load", "subprocess.Popen", "builtins.exec", "zipfile.ZipFile", "tempfile.mkstemp"):
        monkeypatch.setattr(name, never)
    monkeypatch.chdir(tmp_path)
    platform.capsules.import_file(content, actor=carl)
    monkeypatch.undo()
    assert not list(tmp_path.iterdir())
    assert set(heard) <= {"capsule.imported", "artifact.published", "dataset.changed", "metadata.recorded"}
    event = next(event for event in platform.sim.log if event.predicate == "capsule.imported")
    assert {other.cause for other in platform.sim.log[event.id + 1 :]} == {event.id}
    assert (event.subject, event.data["registered"]) == (MODEL, 7)


def test_what_is_there_already_is_not_stored_again() -> None:
    world = World()
    content = world.export()
    platform, carl = elsewhere()
    platform.data.publish("secret/mine", FRAME, actor=carl)
    before = sum(map(platform.store.size, platform.store.digests()))
    first = platform.capsules.import_file(content, actor=carl)
    state = state_of(platform)
    second = platform.capsules.import_file(content, actor=carl)
    assert second.registered == () and set(second.known) == set(first.registered)
    assert state_of(platform) == state
    size, pieces = sum(map(platform.store.size, platform.store.digests())) - before, len(content)
    assert size < pieces
    home = state_of(world.platform)
    assert world.platform.capsules.import_file(content, actor=world.ada).registered == ()
    assert state_of(world.platform) == home


def test_a_name_that_is_taken_refuses_all_of_it() -> None:
    world = World()
    content = world.export()

    def dataset(platform: mp.Platform, who: Any) -> object:
        return platform.data.publish("shop/clicks", b"other", actor=who)

    def model(platform: mp.Platform, who: Any) -> object:
        return platform.models.register("shop/churn", b"other", external=[], actor=who)

    def run(platform: mp.Platform, who: Any) -> object:
        return platform.metadata.start_run("shop/r1", actor=who)

    def layer(platform: mp.Platform, who: Any) -> object:
        return platform.images.publish("shop/x", {"layers": [{"digest": "sha256:" + "1" * 64, "size_mib": 1}]}, actor=who)

    for take in (dataset, model, run, layer):
        platform, carl = elsewhere()
        take(platform, carl)
        state = state_of(platform)
        with pytest.raises(OptionError, match=r"another one here|is known with"):
            platform.capsules.import_file(content, actor=carl)
        assert state_of(platform) == state
        platform.identity.create_project("lab", owner=carl, actor=platform.admin)
        if take is not layer:
            assert platform.capsules.import_file(content, project="lab", actor=carl).model == "model:lab/churn@1"


def test_an_import_closes_no_cycle_in_the_lineage() -> None:
    world = World()
    platform, carl = elsewhere()
    platform.metadata.link(MODEL, "dataset:shop/clicks@1", "derived", actor=carl)
    state = state_of(platform)
    with pytest.raises(LineageCycleError):
        platform.capsules.import_file(world.export(), actor=carl)
    assert state_of(platform) == state


def test_an_import_takes_the_right_to_write_everything() -> None:
    world = World()
    content = world.export()
    platform, carl = elsewhere()
    dora = platform.identity.create_user("dora", actor=platform.admin)
    state = state_of(platform)
    with pytest.raises(AccessDenied):
        platform.capsules.import_file(content, actor=dora)
    assert state_of(platform) == state
    platform.identity.grant(dora, "write", "project:shop", actor=carl)
    with pytest.raises(AccessDenied, match="secret"):
        platform.capsules.import_file(content, actor=dora)
    assert platform.capsules.import_file(content, project="shop", actor=dora).registered[0] == "dataset:shop/labels@1"
    with pytest.raises(AccessDenied):
        platform.capsules.import_file(content, actor=None)


def test_projects_are_there_and_keep_names_apart() -> None:
    world = World()
    content = world.export()
    platform, carl = elsewhere(["lab"])
    with pytest.raises(UnknownNameError, match="'secret'"):
        platform.capsules.import_file(content, actor=carl)
    with pytest.raises(UnknownNameError, match="project of the capsule"):
        platform.capsules.import_file(content, project={"other": "lab"}, actor=carl)
    for wrong in (3, ["lab"], {"shop": 3, "secret": "lab"}):
        with pytest.raises(OptionError):
            platform.capsules.import_file(content, project=wrong, actor=carl)  # type: ignore[arg-type]
    imported = platform.capsules.import_file(content, project={"shop": "lab", "secret": "lab"}, actor=carl)
    assert "dataset:lab/labels@1" in imported.registered
    assert _links(platform, "lab/churn@1", carl)[1] == imported.summary.fingerprint


def test_something_added_makes_another_capsule() -> None:
    world = World()
    content = world.export()

    def tags(platform: mp.Platform, who: Any) -> object:
        return platform.models.set_tags("shop/churn@1", {"seen": "yes"}, actor=who)

    def parameters(platform: mp.Platform, who: Any) -> object:
        return platform.metadata.log_parameters("shop/r1", {"source": "b"}, actor=who)

    def metrics(platform: mp.Platform, who: Any) -> object:
        return platform.metadata.log_metrics("shop/r1", {"auc": 0.9}, step=3, actor=who)

    def split(platform: mp.Platform, who: Any) -> object:
        return platform.data.split("shop/clicks@1", {"a": 0.5, "b": 0.5}, name="other", actor=who)

    for add in (tags, parameters, metrics, split):
        platform, carl = elsewhere()
        first = platform.capsules.import_file(content, actor=carl).summary
        add(platform, carl)
        again = platform.capsules.export("shop/churn@1", actor=carl)
        assert again.digest != first.digest and again.model_digest == first.model_digest
        assert len(again.principals) >= 1 and carl.id not in dict(again.principals)
    platform, carl = elsewhere()
    platform.capsules.import_file(content, actor=carl)
    licensed = platform.capsules.export("shop/churn@1", licence="MIT", actor=carl)
    assert licensed.licence == "MIT" and licensed.fingerprint == first.fingerprint


def test_a_capsule_that_is_not_self_contained_is_imported_as_far_as_it_goes() -> None:
    world = World()
    for right in ("read", "share"):
        world.platform.identity.grant(world.bob, right, "project:shop", actor=world.ada)
    content = world.platform.capsules.export("shop/churn@1", withhold=True, actor=world.bob).content
    assert content is not None
    platform, carl = elsewhere(["shop"])
    imported = platform.capsules.import_file(content, actor=carl)
    lineage = platform.metadata.lineage("shop/churn@1", actor=carl)
    assert lineage.fingerprint == imported.summary.fingerprint and not lineage.reproducible
    assert {each.resource for each in lineage.missing} == set(imported.summary.withheld)
    with pytest.raises(mp.MlplatError, match="not complete"):
        platform.capsules.export("shop/churn@1", actor=carl)
    assert platform.capsules.export("shop/churn@1", withhold=True, actor=carl).content == content


def test_an_imported_model_stays_after_the_platform_is_opened_again_and_swept(tmp_path: Path) -> None:
    world = World()
    content = world.export()
    with mp.Platform.open(tmp_path / "p") as platform:
        platform, carl = elsewhere(platform=platform)
        platform.capsules.import_file(content, actor=carl)
        assert platform.sweep(actor=platform.admin) == ()
        before = _links(platform, "shop/churn@1", carl)
    with mp.Platform.open(tmp_path / "p") as again:
        assert _links(again, "shop/churn@1", carl) == before
        assert again.capsules.export("shop/churn@1", actor=carl).content == content
        assert again.data.read("shop/clicks@1", actor=carl).equals(FRAME)


def test_a14_1_on_another_cluster_the_imported_image_starts_with_the_same_digest() -> None:
    world = World()
    cluster = mp.Cluster(mp.Simulation(seed=5), mp.ClusterSpec.parse("2x8xV100"), scrape_period=None)
    platform, carl = elsewhere(platform=mp.Platform(cluster))
    cluster.sim.run(until="3h")
    platform.capsules.import_file(world.export(), actor=carl)
    image = f"shop/train@{world.image.digest}"
    handle = cluster.endpoint.submit(mp.Workload("train", {"gpus": 1}, duration="1h", image=image), actor=carl.id)
    cluster.sim.run(until="5h")
    assert handle.status.value == "succeeded"
    assert _links(platform, "shop/churn@1", carl) == _links(world.platform, "shop/churn@1", world.ada)


class Dying(Store):
    """Fails at the n-th thing that is to be kept."""

    left = 10**9

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError("no room")

    def put(self, content: bytes) -> str:
        self._count()
        return super().put(content)

    def append(self, journal: str, *records: Any) -> None:
        if journal != "audit":
            self._count()
        super().append(journal, *records)


def test_an_import_that_fails_at_any_point_leaves_nothing() -> None:
    content = World().export()
    failures = 0
    for left in range(100):
        store = Dying()
        platform, carl = elsewhere(platform=mp.Platform(store=store))
        state = state_of(platform)[0]
        store.left = left
        try:
            platform.capsules.import_file(content, actor=carl)
        except OSError:
            failures += 1
        else:
            break
        store.left = 10**9
        assert state_of(platform)[0] == state
        for again in (platform, mp.Platform(store=store)):
            assert again.models.list(actor=carl) == () and again.scm.list(actor=carl) == ()
            assert again.capsules.import_file(content, actor=carl).registered if again is not platform else True
    assert failures > 20


def test_a_store_killed_while_it_imports_has_all_or_nothing(tmp_path: Path) -> None:
    content = World().export()
    (tmp_path / "capsule").write_bytes(content)
    with mp.Platform.open(tmp_path / "base") as platform:
        elsewhere(platform=platform)
    seen = set()
    for number, left in enumerate((0, 10, 25, 30, 35, 40, 60)):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "base", folder)
        _run_and_kill(folder, tmp_path / "capsule", left)
        with mp.Platform.open(folder) as again:
            carl = again.identity._authorization.directory.find("carl")
            held = (again.models.list(actor=carl), again.data.list(actor=carl), again.scm.list(actor=carl))
            assert all(held) or not any(held)
            seen.add(bool(held[0]))
            again.capsules.import_file(content, actor=carl)
            assert again.capsules.export("shop/churn@1", actor=carl).content == content
    assert seen == {False, True}


DYING = """
import os, signal, sys
import mlplat as mp
from mlplat.platform.storage import Store

store = Store.open(sys.argv[1])
platform = mp.Platform(store=store)
carl = platform.identity._authorization.directory.find("carl")
left = int(sys.argv[3])

def counted(method):
    def call(*arguments):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*arguments)
    return call

store.put, store.append = counted(store.put), counted(store.append)
platform.capsules.import_file(sys.argv[2], actor=carl)
os.kill(os.getpid(), signal.SIGKILL)
"""


def _run_and_kill(folder: Path, capsule: Path, left: int) -> None:
    """Import in a process that is killed at the `left`-th thing that is to be kept, or right after all of them."""
    command = [sys.executable, "-c", DYING, str(folder), str(capsule), str(left)]
    done = subprocess.run(command, timeout=60, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
