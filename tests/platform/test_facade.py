"""`Platform`: its components share one store and know each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, OptionError
from mlplat.platform.artifacts.images import Manifest
from mlplat.platform.artifacts.metadata import LockFile
from mlplat.platform.artifacts.referrers import ReferencedError
from mlplat.platform.identity import Principal

FRAME = pl.DataFrame({"user": [1, 2], "clicks": [3, 0]})
IMAGE = {"layers": [{"digest": "sha256:" + "1" * 64, "size_mib": 900}], "entry": "python"}


def _trained(platform: mp.Platform) -> Principal:
    """A project with a model whose record and lock file name code, data and image."""
    ada = platform.identity.create_user("ada", actor=platform.admin)
    platform.identity.create_project("shop", owner=ada, actor=platform.admin)
    data = platform.data.publish("shop/clicks", FRAME, actor=ada)
    image = platform.images.publish("shop/train", IMAGE, tags=["v1"], actor=ada)
    lock = LockFile.of((image.resource, image.digest), {"training": (data.resource, data.digest)})
    platform.scm.create_repository("shop/churn", actor=ada)
    commit = platform.scm.commit("shop/churn", "main", {"train.py": b"print(1)\n", "mlplat.lock": lock.to_bytes()}, "train", actor=ada)
    code = f"shop/churn@{commit.id}"
    platform.metadata.start_run(
        "shop/r1", code=code, image=image.resource, data={"training": data.resource}, seed=7, linking="both", actor=ada
    )
    model = platform.models.register("shop/churn", b"weights", run="run:shop/r1", commit=code, actor=ada)
    platform.metadata.finish_run("shop/r1", outputs={"model": model.resource}, actor=ada)
    return ada


def test_s56_direct_and_chained_linking_through_the_real_stores_give_the_same_graph() -> None:
    platform = mp.Platform()
    ada = _trained(platform)
    direct, chained, both = (platform.metadata.lineage("shop/churn@1", linking=kind, actor=ada) for kind in ("direct", "chained", "both"))
    assert set(direct.links) == set(chained.links) == set(both.links) and len(direct.links) == 4
    assert direct.missing == chained.missing == both.missing == ()
    assert {node.kind.word for node in both.nodes} == {"commit", "dataset", "image", "model", "run"}


def test_s53_s66_what_a_lineage_record_names_is_not_deleted() -> None:
    platform = mp.Platform()
    ada = _trained(platform)
    for delete in (
        lambda: platform.data.delete("shop/clicks@1", actor=ada),
        lambda: platform.images.delete("shop/train@v1", actor=ada),
        lambda: platform.scm.delete_repository("shop/churn", actor=ada),
    ):
        with pytest.raises(ReferencedError, match="run:shop/r1"):
            delete()


@pytest.mark.parametrize(
    ("component", "call", "kind", "refs"),
    [
        ("models", "load", "model", ("shop/churn@champion", "shop/churn@none", "shop/churn")),
        ("images", "pull", "image", ("shop/train@v1", "shop/train@none")),
        ("data", "read", "dataset", ("shop/clicks@head", "shop/clicks@none", "shop/clicks")),
        ("secrets", "get", "secret", ("shop/password@1", "shop/password@none", "shop/password")),
        ("scm", "show", "repo", ("shop/churn@main", "shop/churn@none", "shop/churn")),
        ("metadata", "upstream", "", ("model:shop/churn@champion", "dataset:shop/clicks@head", "image:shop/train@none")),
    ],
)
def test_a10_3_a_refusal_names_what_was_asked_for_not_what_that_means(component: str, call: str, kind: str, refs: Sequence[str]) -> None:
    platform = mp.Platform()
    ada = _trained(platform)
    platform.models.set_alias("shop/churn@1", "champion", actor=ada)
    eve = platform.identity.create_user("eve", actor=platform.admin)
    for ref in refs:
        with pytest.raises(AccessDenied) as caught:
            getattr(getattr(platform, component), call)(ref, actor=eve)
        assert caught.value.resource == (f"{kind}:{ref}" if kind else ref)


def test_an_alias_or_tag_names_the_same_artifact_in_the_lineage() -> None:
    platform = mp.Platform()
    ada = _trained(platform)
    platform.models.set_alias("shop/churn@1", "champion", actor=ada)
    assert platform.metadata.lineage("shop/churn@champion", actor=ada).links == platform.metadata.lineage("shop/churn@1", actor=ada).links


def test_a_platform_in_a_folder_stands_where_it_stood(tmp_path: Path) -> None:
    with mp.Platform.open(tmp_path / "p") as platform:
        ada = _trained(platform)
        platform.models.set_alias("shop/churn@1", "champion", actor=ada)
        before = platform.metadata.lineage("shop/churn@champion", actor=ada)
        decisions = len(platform.identity.audit(actor=platform.admin))
    with mp.Platform.open(tmp_path / "p") as again:
        after = again.metadata.lineage("shop/churn@champion", actor=ada)
        assert after.links == before.links and after.fingerprint == before.fingerprint
        assert again.data.read("shop/clicks", actor=ada).equals(FRAME)
        assert again.models.load("shop/churn@champion", actor=ada) == b"weights"
        assert len(again.identity.audit(actor=again.admin)) >= decisions
        assert again.identity.admin == platform.identity.admin


def test_content_that_nothing_names_is_given_up_by_administrators_only() -> None:
    platform = mp.Platform()
    ada = _trained(platform)
    platform.metadata.record_baseline("shop/churn@1", quality={"auc": 0.9}, actor=ada)
    platform.scm.create_repository("shop/old", actor=ada)
    platform.scm.commit("shop/old", "main", {"a": b"1"}, "one", actor=ada)
    platform.scm.delete_repository("shop/old", actor=ada)
    held = set(platform.store.digests())
    loose = platform.store.put(b"of a call that failed")
    with pytest.raises(AccessDenied):
        platform.sweep(actor=ada)
    assert platform.sweep(actor=platform.admin) == (loose,)
    assert set(platform.store.digests()) == held
    again = mp.Platform(store=platform.store)
    assert again.metadata.baseline("shop/churn@1", actor=ada) == platform.metadata.baseline("shop/churn@1", actor=ada)
    assert again.scm.read("shop/churn", "train.py", actor=ada) == b"print(1)\n"
    assert again.scm.list(actor=ada) == ("shop/churn",)


def test_on_a_cluster_workloads_name_images_of_the_registry() -> None:
    cluster = mp.Cluster(mp.Simulation(), mp.ClusterSpec.parse("2x8xV100"), scrape_period=None)
    platform = mp.Platform(cluster)
    ada = _trained(platform)
    handle = cluster.endpoint.submit(mp.Workload("train", {"gpus": 1}, duration="1h", image="shop/train@v1"), actor=ada.id)
    cluster.sim.run(until="2h")
    assert handle.status.value == "succeeded"
    assert platform.images.resolve("shop/train@v1", actor=ada).pulls == 1
    assert Manifest.of(IMAGE).digest == platform.images.resolve("shop/train@v1", actor=ada).digest


def test_a_place_in_a_network_takes_a_cluster() -> None:
    with pytest.raises(OptionError, match="data_at='lake'"):
        mp.Platform(data_at="lake")


@pytest.mark.parametrize("killed", [False, True])
def test_s97_a_share_that_has_ended_is_not_open_again_when_the_platform_is_opened_again(tmp_path: Path, killed: bool) -> None:
    platform = mp.Platform.open(tmp_path / "p")
    ada = _trained(platform)
    guest = platform.identity.create_third_party("guest", actor=platform.admin)
    platform.identity.grant(guest, "read", "model:shop/churn@1", until="7d", actor=ada)
    platform.sim.run(until="8d")
    with pytest.raises(AccessDenied, match="has expired"):
        platform.models.load("shop/churn@1", actor=guest)
    if killed:
        platform.identity.create_user("bob", actor=platform.admin)  # what is kept says when
        platform.store.close()
    else:
        platform.close()
    with mp.Platform.open(tmp_path / "p") as again:
        assert again.sim.now == 8 * 86400
        with pytest.raises(AccessDenied, match="has expired"):
            again.models.load("shop/churn@1", actor=guest)


def test_a_simulation_that_is_behind_the_store_is_refused_with_the_time_to_run_to(tmp_path: Path) -> None:
    with mp.Platform.open(tmp_path / "p") as platform:
        platform.sim.run(until="2d")
        platform.identity.create_user("ada", actor=platform.admin)
    with pytest.raises(OptionError, match=r"a simulation at 0 s; .* at 172800 s: let it run to there first"):
        mp.Platform.open(tmp_path / "p", mp.Simulation())
    sim = mp.Simulation()
    sim.run(until="2d")
    cluster = mp.Cluster(sim, mp.ClusterSpec.parse("2x8xV100"), scrape_period=None)
    with mp.Platform.open(tmp_path / "p", cluster) as again:
        assert again.sim is sim
