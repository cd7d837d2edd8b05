"""Every call of the Data Store by everybody: allowed just where the grants say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlplat.errors import AccessDenied
from mlplat.platform.artifacts.data import DataStore
from mlplat.platform.identity import Right

from .stores import CLICKS, FRAME, Shop

CALLS: dict[str, tuple[Right | None, str, Callable[[DataStore, str, Any], Any]]] = {
    "publish": (Right.WRITE, "dataset", lambda data, _, who: data.publish(CLICKS, b"x", actor=who)),
    "register": (Right.WRITE, "dataset", lambda data, _, who: data.register(CLICKS, b"x", actor=who)),
    "derive": (Right.WRITE, "dataset", lambda data, _, who: data.derive(CLICKS, b"x", parents=["shop/clicks@1"], code="c", actor=who)),
    "append": (Right.WRITE, "dataset", lambda data, _, who: data.append(CLICKS, FRAME, actor=who)),
    "tag": (Right.WRITE, "dataset", lambda data, ref, who: data.tag(ref, "mine", actor=who)),
    "snapshot": (Right.WRITE, "dataset", lambda data, ref, who: data.snapshot(ref, "mine", actor=who)),
    "split": (Right.WRITE, "dataset", lambda data, ref, who: data.split(ref, actor=who)),
    "release": (Right.ADMIN, "dataset", lambda data, _, who: data.release(CLICKS, "frozen", actor=who)),
    "retain": (Right.ADMIN, "dataset", lambda data, _, who: data.retain(CLICKS, keep=1, actor=who)),
    "delete": (Right.ADMIN, "version", lambda data, ref, who: data.delete(ref, actor=who)),
    "resolve": (Right.READ, "version", lambda data, ref, who: data.resolve(ref, actor=who)),
    "read": (Right.READ, "version", lambda data, ref, who: data.read(ref, actor=who)),
    "fetch": (Right.READ, "version", lambda data, ref, who: data.fetch(ref, actor=who)),
    "preview": (Right.READ, "version", lambda data, ref, who: data.preview(ref, actor=who)),
    "schema": (Right.READ, "version", lambda data, ref, who: data.schema(ref, actor=who)),
    "describe": (Right.READ, "version", lambda data, ref, who: data.describe(ref, actor=who)),
    "compare": (Right.READ, "version", lambda data, ref, who: data.compare(ref, ref, actor=who)),
    "versions": (Right.READ, "version", lambda data, _, who: data.versions(CLICKS, actor=who)),
    "snapshots": (Right.READ, "dataset", lambda data, _, who: data.snapshots(CLICKS, actor=who)),
    "list": (None, "", lambda data, _, who: data.list(actor=who)),
    "search": (None, "", lambda data, _, who: data.search(actor=who)),
}
"""Of each call the right, what it is needed on, and one that succeeds for who has it."""

GRANTS: dict[str, tuple[tuple[str, str, Any], ...]] = {
    "owner": (),
    "reader": (("read", f"dataset:{CLICKS}", None),),
    "writer": (("contributor", f"dataset:{CLICKS}", None),),
    "maintainer of the project": (("maintainer", "project:shop", None),),
    "administrator of it": (("owner", "dataset:shop/*", None),),
    "writer who may not read": (("write", f"dataset:{CLICKS}", None),),
    "share of version 3": (("read", f"dataset:{CLICKS}@3", None),),
    "share of version 2": (("read", f"dataset:{CLICKS}@2", None),),
    "owner of version 3": (("owner", f"dataset:{CLICKS}@3", None),),
    "share of another": (("owner", "dataset:shop/click", None), ("owner", "model:shop/clicks", None)),
    "expired": (("owner", f"dataset:{CLICKS}", 5),),
    "revoked": (("owner", f"dataset:{CLICKS}", "revoked"),),
    "deleted": (("owner", f"dataset:{CLICKS}", None),),
    "outsider": (),
    "anonymous": (),
}
RIGHTS = {"contributor": {"read", "write"}, "maintainer": {"read", "write"}, "owner": {"read", "write", "admin"}}


def expected(who: str, call: str) -> bool:
    """By the grants alone."""
    right, on, _ = CALLS[call]
    if who in ("anonymous", "deleted"):
        return False
    if right is None or who == "owner":
        return True
    if who in ("expired", "revoked", "outsider"):
        return False
    needed = {right.value} | ({"read"} if call == "derive" else set())
    held = set()
    for rights, resource, _ in GRANTS[who]:
        places = [f"dataset:{CLICKS}", "dataset:shop/*", "project:shop"] + ([f"dataset:{CLICKS}@3"] if on == "version" else [])
        if call == "versions":
            places.append(f"dataset:{CLICKS}@2")
        if resource in places:
            held |= RIGHTS.get(rights, {rights})
    return needed <= held


def test_the_table_has_every_public_call() -> None:
    public = {name for name in dir(DataStore) if not name.startswith("_")} - {"KIND", "SOURCE", "UNCHECKED"}
    assert public == set(CALLS)


@pytest.mark.parametrize("who", GRANTS)
@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_allowed_just_where_a_grant_says_so(call: str, who: str) -> None:
    shop = Shop()
    for count in (1, 2, 3):
        shop.publish(FRAME[:count])
    shop.data.snapshot("shop/clicks@1", "frozen", actor=shop.ada)
    principal: Any = shop.ada if who == "owner" else shop.eve if "share" in who else None if who == "anonymous" else shop.bob
    for rights, resource, until in GRANTS[who]:
        grant = shop.identity.grant(principal, rights, resource, until=5 if until == 5 else None, actor=shop.identity.admin)
        if until == "revoked":
            shop.identity.revoke(grant, actor=shop.ada)
    if who == "deleted":
        shop.identity.delete(principal, actor=shop.identity.admin)
    shop.sim.run(until=10)
    before, log = len(shop.data._catalogue.datasets[CLICKS].versions), len(shop.sim.log)
    if expected(who, call):
        CALLS[call][2](shop.data, "shop/clicks@3", principal)
        return
    with pytest.raises(AccessDenied):
        CALLS[call][2](shop.data, "shop/clicks@3", principal)
    assert [event.predicate for event in shop.sim.log[log:]] == ["access.denied"]
    assert len(shop.data._catalogue.datasets[CLICKS].versions) == before


def test_a10_4_what_a_deleted_user_made_stays_with_the_project() -> None:
    shop = Shop()
    carl = shop.identity.create_user("carl", actor=shop.identity.admin)
    shop.identity.add_member("shop", carl, actor=shop.ada)
    version = shop.data.publish(CLICKS, FRAME, actor=carl)
    shop.identity.delete(carl, actor=shop.identity.admin)
    assert shop.data.read(CLICKS, actor=shop.ada).height == 4
    again = shop.identity.create_user("carl", actor=shop.identity.admin)
    assert version.creator == carl.id != again.id
    with pytest.raises(AccessDenied):
        shop.data.read(CLICKS, actor=again)
