"""Features and what they were made of; deletion and retention, refused where somebody names a version; a store that is opened again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mlplat.errors import IntegrityError, OptionError, UnknownNameError
from mlplat.platform.artifacts.data import DataStore
from mlplat.platform.artifacts.referrers import ReferencedError
from mlplat.platform.storage import Store, sweep

from .stores import CLICKS, FRAME, Shop, equal, frame

# -- lineage, deletion, retention


def derived(shop: Shop) -> Any:
    shop.publish(FRAME)
    return shop.data.derive(
        "shop/features",
        lambda clicks: clicks.select(double=pl.col("user") * 2),
        parents=["shop/clicks@1"],
        code="368326d86a989788cf4658b610a3074d9b106eb6",
        actor=shop.ada,
    )


def test_s53_features_have_their_parents_and_the_code_that_made_them() -> None:
    shop = Shop()
    version = derived(shop)
    assert version.parents == ("dataset:shop/clicks@1",) and version.code.startswith("368326") and version.how == "derive"
    equal(shop.data.read("shop/features", actor=shop.ada), pl.DataFrame({"double": [2, 4, 6, 8]}))
    for options in ({"parents": [], "code": "c"}, {"parents": ["shop/clicks@1"], "code": ""}):
        with pytest.raises(OptionError, match="parents and code"):
            shop.data.derive("shop/features", FRAME, actor=shop.ada, **options)  # type: ignore[arg-type]


def test_s53_what_is_named_is_not_deleted_and_the_refusal_lists_the_referrers() -> None:
    shop = Shop()
    derived(shop)
    shop.data.snapshot(CLICKS, "frozen", actor=shop.ada)
    shop.referrers.register(lambda resource: ["run:shop/7"] if resource == "dataset:shop/clicks@1" else [])
    with pytest.raises(ReferencedError) as refused:
        shop.data.delete("shop/clicks@1", actor=shop.ada)
    assert refused.value.referrers == ("dataset:shop/features@1", "run:shop/7", "snapshot:shop/clicks@frozen")
    assert shop.data.delete("shop/features@1", actor=shop.ada).reference == "shop/features@1"
    assert shop.data.release(CLICKS, "frozen", actor=shop.ada).version == 1
    with pytest.raises(ReferencedError, match="run:shop/7"):
        shop.data.delete("shop/clicks@1", actor=shop.ada)


def test_s53_a_version_that_nobody_names_is_deleted_with_what_only_it_had() -> None:
    shop = Shop()
    first, second = frame(1000), frame(1000).with_columns(id=pl.col("id") + 5)
    shop.publish(first)
    kept = shop.bytes_kept()
    shop.publish(second)
    since = len(shop.sim.log)
    gone = shop.data.delete("shop/clicks@2", actor=shop.ada)
    assert gone.version == 2 and shop.bytes_kept() == kept
    assert shop.told(since=since) == [("dataset:shop/clicks@2", "artifact.deleted"), ("dataset:shop/clicks", "dataset.changed")]
    equal(shop.data.read(CLICKS, actor=shop.ada), first)
    with pytest.raises(UnknownNameError, match="unknown version of shop/clicks '2'"):
        shop.data.read("shop/clicks@2", actor=shop.ada)
    assert shop.publish(second).version == 3  # a number never comes back
    with pytest.raises(OptionError, match="expected a version"):
        shop.data.delete(CLICKS, actor=shop.ada)


def test_the_last_version_can_go_too() -> None:
    shop = Shop()
    shop.publish(FRAME)
    shop.data.delete("shop/clicks@1", actor=shop.ada)
    assert shop.bytes_kept() == 0 and shop.data.versions(CLICKS, actor=shop.ada) == () and shop.data.list(actor=shop.ada) == ()
    assert dict(shop.sim.log[-1].data)["new"] is None
    assert shop.publish(FRAME).version == 2


def test_retention_drops_what_is_old_and_beyond_the_newest_unless_somebody_names_it() -> None:
    shop = Shop()
    for time in range(6):
        shop.sim.run(until=time * 100 + 1)
        shop.publish(frame(time))
    shop.referrers.register(lambda resource: ["run:shop/7"] if resource == "dataset:shop/clicks@2" else [])
    done = shop.data.retain(CLICKS, keep=2, older_than="250s", actor=shop.ada)
    assert done.dropped == ("shop/clicks@1", "shop/clicks@3")
    assert done.kept == (("shop/clicks@2", ("run:shop/7",)),)
    assert [each.version for each in shop.data.versions(CLICKS, actor=shop.ada)] == [2, 4, 5, 6]
    assert shop.data.retain(CLICKS, older_than=0, actor=shop.ada).dropped == ("shop/clicks@4", "shop/clicks@5")
    assert shop.data.retain(CLICKS, keep=1, actor=shop.ada).dropped == ()
    for options in ({}, {"keep": 0}, {"keep": True}):
        with pytest.raises(OptionError, match="expected"):
            shop.data.retain(CLICKS, actor=shop.ada, **options)


def test_retention_keeps_the_head_and_what_is_just_as_old_as_said() -> None:
    shop = Shop()
    shop.publish(FRAME[:1])
    shop.sim.run(until=50)
    shop.publish(FRAME[:2])
    shop.sim.run(until=100)
    assert shop.data.retain(CLICKS, older_than=100, actor=shop.ada).dropped == ()
    shop.sim.run(until=101)
    assert shop.data.retain(CLICKS, older_than=100, actor=shop.ada).dropped == ("shop/clicks@1",)
    shop.sim.run(until=1000)
    assert shop.data.retain(CLICKS, older_than=100, actor=shop.ada) == ((), ())
    assert [version.version for version in shop.data.versions(CLICKS, actor=shop.ada)] == [2]


def test_s51_a_deletion_after_which_the_head_has_the_same_content_moves_nothing() -> None:
    shop = Shop()
    shop.publish(FRAME[:1], FRAME[:2], FRAME[:1])
    shop.data.delete("shop/clicks@2", actor=shop.ada)
    since = len(shop.sim.log)
    shop.data.delete("shop/clicks@3", actor=shop.ada)
    assert shop.told(since=since) == [("dataset:shop/clicks@3", "artifact.deleted")]


def test_retention_drops_children_before_their_parents() -> None:
    shop = Shop()
    shop.publish(FRAME[:1])
    shop.publish(FRAME[:2], parents=["shop/clicks@1"])
    shop.publish(FRAME[:3])
    assert shop.data.retain(CLICKS, keep=1, actor=shop.ada).dropped == ("shop/clicks@1", "shop/clicks@2")


# -- durability


def test_a_data_store_over_the_same_store_stands_where_the_last_one_stood() -> None:
    store = Store()
    shop = Shop(store)
    derived(shop)
    shop.publish(FRAME[:3], tags=["good"], splits={"fractions": {"train": 0.5, "test": 0.5}})
    shop.data.append(CLICKS, FRAME[:2], actor=shop.ada)
    shop.data.tag("shop/clicks@2", "better", actor=shop.ada)
    shop.data.snapshot("shop/clicks@3", "frozen", actor=shop.ada)
    shop.data.snapshot("shop/clicks@2", "brief", actor=shop.ada)
    shop.data.release(CLICKS, "brief", actor=shop.ada)
    shop.publish(FRAME[:1])
    shop.data.delete("shop/clicks@4", actor=shop.ada)
    again = DataStore(shop.sim, shop.identity, store)
    assert again._catalogue.datasets == shop.data._catalogue.datasets
    for call in ("versions", "snapshots"):
        assert getattr(again, call)(CLICKS, actor=shop.ada) == getattr(shop.data, call)(CLICKS, actor=shop.ada)
    assert again.list(actor=shop.ada) == shop.data.list(actor=shop.ada)
    assert again.describe("shop/clicks@2", actor=shop.ada) == shop.data.describe("shop/clicks@2", actor=shop.ada)
    equal(again.read("shop/clicks@2", split="train", actor=shop.ada), shop.data.read("shop/clicks@2", split="train", actor=shop.ada))
    with pytest.raises(ReferencedError, match="shop/features@1"):
        again.delete("shop/clicks@1", actor=shop.ada)
    assert again.publish(CLICKS, FRAME[:1], actor=shop.ada).version == 5
    assert again.publish(CLICKS, FRAME[:1], actor=shop.ada).version == 5


def test_a_data_store_on_disk_is_found_again_by_another_process(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store") as store:
        shop = Shop(store)
        shop.publish(FRAME, splits={"fractions": {"train": 0.5, "test": 0.5}})
        shop.data.append(CLICKS, FRAME[:2], actor=shop.ada)
        shop.publish({"x": FRAME, "y": b"abc"})
        train = shop.data.read("shop/clicks@1", split="train", actor=shop.ada)
    with Store.open(tmp_path / "store") as store:
        again = DataStore(shop.sim, shop.identity, store)
        equal(again.read("shop/clicks@2", actor=shop.ada), pl.concat([FRAME, FRAME[:2]]))
        equal(again.read("shop/clicks@1", split="train", actor=shop.ada), train)
        equal(again.read(CLICKS, actor=shop.ada), {"x": FRAME, "y": b"abc"})
        assert again.describe("shop/clicks@1", actor=shop.ada).column("user").maximum == 4
        again.delete("shop/clicks@2", actor=shop.ada)
        assert sweep(store, [again]) and not sweep(store, [again])
        equal(again.read("shop/clicks@1", actor=shop.ada), FRAME)


def test_damaged_content_is_never_served() -> None:
    shop = Shop()
    shop.publish(FRAME)
    for digest in list(shop.store.digests()):
        good = shop.store._content[digest]
        shop.store._content[digest] = good[:-1] + bytes([good[-1] ^ 1])
        with pytest.raises(IntegrityError):
            shop.data.read(CLICKS, actor=shop.ada)
            shop.data.describe(CLICKS, actor=shop.ada)
        shop.store._content[digest] = good
    equal(shop.data.read(CLICKS, actor=shop.ada), FRAME)
