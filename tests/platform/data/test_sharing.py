"""Sharing: a grant opens one version, for a time, until it is revoked; nobody learns of anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlplat.errors import AccessDenied, UnknownNameError
from mlplat.platform.artifacts.data import DataStore
from mlplat.platform.component import Check

from .stores import CLICKS, FRAME, Shop, frame


def shared(versions: int = 4) -> Shop:
    shop = Shop()
    for count in range(1, versions + 1):
        shop.publish(FRAME[:count], tags=[f"tag-{count}"], note="secret")
    return shop


@pytest.mark.parametrize("who", ["bob", "eve"])
def test_s50_a_share_names_one_version_can_expire_and_can_be_revoked(who: str) -> None:
    shop = shared()
    grantee = getattr(shop, who)
    read = shop.data.read
    grant = shop.identity.grant(grantee, "read", "dataset:shop/clicks@3", until="1h", actor=shop.ada)
    assert read("shop/clicks@3", actor=grantee).equals(FRAME[:3], null_equal=True) or read("shop/clicks@3", actor=grantee).height == 3
    assert shop.sim.log[-1].actor == grantee.id and shop.sim.log[-1].predicate == "artifact.downloaded"
    assert shop.data.describe("shop/clicks@tag-3", actor=grantee).version.version == 3
    for other in ("shop/clicks@4", "shop/clicks", "shop/clicks@2", "shop/clicks@tag-4", "shop/clicks@head"):
        with pytest.raises(AccessDenied):
            read(other, actor=grantee)
    shop.sim.run(until=3600)
    with pytest.raises(AccessDenied, match="expired"):
        read("shop/clicks@3", actor=grantee)
    grant = shop.identity.grant(grantee, "read", "dataset:shop/clicks@3", actor=shop.ada)
    assert read("shop/clicks@3", actor=grantee).height == 3
    shop.identity.revoke(grant, actor=shop.ada)
    with pytest.raises(AccessDenied):
        read("shop/clicks@3", actor=grantee)


def test_a10_2_a_share_of_version_3_does_not_open_version_4() -> None:
    shop = shared(3)
    shop.identity.grant(shop.eve, "read", "dataset:shop/clicks@3", actor=shop.ada)
    assert shop.data.read(CLICKS, actor=shop.eve).height == 3  # the head, which is version 3
    shop.publish(FRAME)
    for ref, options in ((CLICKS, {}), ("shop/clicks@4", {}), (CLICKS, {"as_of": 5})):
        with pytest.raises(AccessDenied):
            shop.data.read(ref, actor=shop.eve, **options)
    with pytest.raises(AccessDenied):
        shop.data.compare("shop/clicks@3", "shop/clicks@4", actor=shop.eve)
    assert shop.data.compare("shop/clicks@3", "shop/clicks@3", actor=shop.eve).same


def test_a_version_as_of_a_time_is_decided_as_that_version() -> None:
    shop = Shop()
    shop.publish(FRAME[:1])
    shop.sim.run(until=100)
    shop.publish(FRAME)
    shop.identity.grant(shop.bob, "read", "dataset:shop/clicks@1", actor=shop.ada)
    assert shop.data.read(CLICKS, as_of=50, actor=shop.bob).height == 1
    with pytest.raises(AccessDenied):
        shop.data.read(CLICKS, as_of=150, actor=shop.bob)


def test_a_grant_to_write_one_version_makes_no_next_one() -> None:
    shop = shared()
    shop.identity.grant(shop.bob, ["read", "write", "admin"], "dataset:shop/clicks@4", actor=shop.ada)
    for call in (
        lambda: shop.data.publish(CLICKS, b"x", actor=shop.bob),
        lambda: shop.data.append(CLICKS, FRAME, actor=shop.bob),
        lambda: shop.data.snapshot("shop/clicks@4", "mine", actor=shop.bob),
        lambda: shop.data.retain(CLICKS, keep=1, actor=shop.bob),
    ):
        with pytest.raises(AccessDenied):
            call()
    assert shop.data.delete("shop/clicks@4", actor=shop.bob).version == 4


ASKED: dict[str, Callable[[Shop, str, Any], Any]] = {
    "resolve": lambda shop, ref, who: shop.data.resolve(ref, actor=who),
    "read": lambda shop, ref, who: shop.data.read(ref, actor=who),
    "read as of": lambda shop, ref, who: shop.data.read(ref.partition("@")[0], as_of=0, actor=who),
    "fetch": lambda shop, ref, who: shop.data.fetch(ref, actor=who),
    "preview": lambda shop, ref, who: shop.data.preview(ref, actor=who),
    "schema": lambda shop, ref, who: shop.data.schema(ref, actor=who),
    "describe": lambda shop, ref, who: shop.data.describe(ref, actor=who),
    "versions": lambda shop, ref, who: shop.data.versions(ref.partition("@")[0], actor=who),
    "snapshots": lambda shop, ref, who: shop.data.snapshots(ref.partition("@")[0], actor=who),
    "compare": lambda shop, ref, who: shop.data.compare(ref, ref, actor=who),
    "delete": lambda shop, ref, who: shop.data.delete(ref, actor=who),
    "publish": lambda shop, ref, who: shop.data.publish(ref, FRAME, actor=who),
    "append": lambda shop, ref, who: shop.data.append(ref, FRAME, actor=who),
    "retain": lambda shop, ref, who: shop.data.retain(ref, keep=1, actor=who),
    "split": lambda shop, ref, who: shop.data.split(ref, actor=who),
    "parents": lambda shop, ref, who: shop.data.publish("lab/mine", b"x", parents=[ref], actor=who),
}


@pytest.mark.parametrize("asked", ASKED)
def test_a10_3_unknown_and_forbidden_look_alike(asked: str) -> None:
    said = []
    for name in ("clicks", "absent"):
        shop = shared()
        shop.identity.create_project("lab", owner=shop.eve, actor=shop.identity.admin)
        for version in ("", "@3", "@tag-2", "@head", "@none"):
            with pytest.raises(AccessDenied) as refused:
                ASKED[asked](shop, f"shop/{name}{version}", shop.eve)
            said.append(str(refused.value).replace("absent", "clicks"))
    assert said[: len(said) // 2] == said[len(said) // 2 :]


def test_a10_3_search_lists_and_counts_hold_only_what_was_shared() -> None:
    shop = shared()
    shop.data.publish("shop/other", frame(5), note="secret", actor=shop.ada)
    for asked in (shop.data.list, lambda actor: shop.data.search("secret", actor=actor), lambda actor: shop.data.search(actor=actor)):
        assert asked(actor=shop.bob) == ()
    shop.identity.grant(shop.bob, "read", "dataset:shop/clicks@3", actor=shop.ada)
    (summary,) = shop.data.list(actor=shop.bob)
    assert (summary.name, summary.versions, summary.newest.version) == (CLICKS, 1, 3)
    assert [each.reference for each in shop.data.search("SECRET", actor=shop.bob)] == ["shop/clicks@3"]
    assert [each.version for each in shop.data.versions(CLICKS, actor=shop.bob)] == [3]
    assert len(shop.data.search("secret", actor=shop.ada)) == 5
    shop.identity.grant(shop.bob, "read", "dataset:shop/clicks@9", actor=shop.ada)
    with pytest.raises(UnknownNameError) as unknown:
        shop.data.read("shop/clicks@9", actor=shop.bob)
    assert unknown.value.known == ["3"]


def test_a10_3_in_the_lineage_of_what_was_shared_the_rest_is_withheld() -> None:
    shop = Shop()
    parent = shop.publish(FRAME)
    made = shop.data.derive("shop/features", FRAME[:2], parents=["shop/clicks@1"], code="abc", actor=shop.ada)
    shop.identity.grant(shop.eve, "read", made.resource, actor=shop.ada)
    withheld = (f"withheld:{parent.digest}",)
    assert shop.data.describe("shop/features", actor=shop.eve).version.parents == withheld
    assert shop.data.resolve("shop/features", actor=shop.eve).parents == withheld
    assert shop.data.versions("shop/features", actor=shop.eve)[0].parents == withheld
    assert shop.data.search(actor=shop.eve)[0].parents == withheld
    assert shop.data.list(actor=shop.eve)[0].newest.parents == withheld
    assert shop.data.fetch("shop/features", actor=shop.eve).version.parents == withheld
    shop.identity.grant(shop.eve, "read", parent.resource, actor=shop.ada)
    assert shop.data.describe("shop/features", actor=shop.eve).version.parents == (parent.resource,)


def test_every_public_call_is_checked_and_nobody_gets_nothing() -> None:
    shop = shared()
    names = [name for name in dir(DataStore) if not name.startswith("_") and name not in ("KIND", "SOURCE", "UNCHECKED")]
    assert all(isinstance(getattr(DataStore, name).check, Check) for name in names)
    open_to_all = {name for name in names if getattr(DataStore, name).check.right is None}
    assert open_to_all == {"versions", "list", "search"}
    for name in names:
        with pytest.raises(AccessDenied, match="nobody said who calls"):
            getattr(shop.data, name)(*([] if name in ("list", "search") else [CLICKS, CLICKS]), actor=None)
