"""Secrets: by name, version and zone, for whom a grant lets; of a value nothing is told that was not asked for."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, IntegrityError, MlplatError, OptionError, UnknownNameError
from mlplat.infra.workload_records import OVER
from mlplat.platform.identity import Principal
from mlplat.platform.secrets import SecretKeyError, component
from mlplat.platform.storage import JournalError, Store
from mlplat.platform.storage.contents import ContentError
from mlplat.streams import stream

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
VALUE = "zq-hunter2-zq"


class Shop:
    """A platform on a cluster, with Ada's project `shop`, Bob who has nothing, and a workload in each of two zones."""

    def __init__(self, key: bytes | None = KEY, store: Store | None = None) -> None:
        self.sim = mp.Simulation(seed=7)
        self.cluster = mp.Cluster(self.sim, mp.ClusterSpec.uniform(nodes=1, cpus=8), scrape_period=None)
        self.platform = mp.Platform(self.cluster, store=store, secret_key=key)
        self.secrets, self.identity = self.platform.secrets, self.platform.identity
        self.ada, self.bob = (self.identity.create_user(name, actor=self.platform.admin) for name in ("ada", "bob"))
        for project in ("shop", "lab"):
            self.identity.create_project(project, owner=self.ada, actor=self.platform.admin)
        for zone in ("a", "b"):
            self.cluster.endpoint.submit(mp.Workload(f"work-{zone}", {"cpus": 1}, zone=zone, duration="1h"))

    def grant(self, right: str, resource: str, zone: str = "") -> Any:
        return self.identity.grant(self.bob, right, resource, zone=zone, actor=self.ada)


def _value(shop: Shop, ref: str, zone: str = "", actor: Principal | None = None) -> str:
    return shop.secrets.get(ref, zone=zone, actor=actor or shop.ada).text


# -- versions


def test_each_put_is_the_next_version_and_the_newest_is_meant_unless_said() -> None:
    shop = Shop()
    made = [shop.secrets.put("shop/db", value, actor=shop.ada) for value in ("one", "two", b"\xff\x00")]
    assert [version.version for version in made] == [1, 2, 3] and all(version.sealed for version in made)
    assert shop.secrets.versions("shop/db", actor=shop.ada) == tuple(made)
    assert shop.secrets.list(actor=shop.ada) == (made[2],)
    assert (_value(shop, "shop/db@1"), _value(shop, "shop/db@2")) == ("one", "two")
    newest = shop.secrets.get("shop/db", actor=shop.ada)
    assert newest.value == b"\xff\x00" and newest.version == made[2]
    with pytest.raises(OptionError, match="its value is no text"):
        _ = newest.text


def test_a_version_that_was_deleted_is_never_given_again_and_its_content_goes_with_the_next_sweep() -> None:
    shop = Shop()
    for value in ("one", "two", "three"):
        shop.secrets.put("shop/db", value, actor=shop.ada)
    shop.secrets.delete("shop/db@3", actor=shop.ada)
    assert _value(shop, "shop/db") == "two"
    shop.secrets.delete("shop/db", actor=shop.ada)
    assert shop.secrets.list(actor=shop.ada) == shop.secrets.versions("shop/db", actor=shop.ada) == ()
    with pytest.raises(UnknownNameError, match="unknown secret 'shop/db'"):
        shop.secrets.get("shop/db", actor=shop.ada)
    assert len(shop.platform.sweep(actor=shop.platform.admin)) == 3
    assert shop.secrets.put("shop/db", "four", actor=shop.ada).version == 4
    assert (_value(shop, "shop/db"), shop.platform.sweep(actor=shop.platform.admin)) == ("four", ())


# -- zones and rights


def test_the_same_name_in_another_zone_is_another_secret() -> None:
    shop = Shop()
    for zone in ("", "a", "b"):
        shop.secrets.put("shop/db", f"of {zone}", zone=zone, actor=shop.ada)
    assert [_value(shop, "shop/db", zone) for zone in ("", "a", "b")] == ["of ", "of a", "of b"]
    shop.secrets.delete("shop/db", zone="a", actor=shop.ada)
    with pytest.raises(UnknownNameError, match="unknown secret 'shop/db in zone a'"):
        shop.secrets.get("shop/db", zone="a", actor=shop.ada)
    assert [version.zone for version in shop.secrets.list(actor=shop.ada)] == ["", "b"]
    assert [version.zone for version in shop.secrets.list("shop", zone="b", actor=shop.ada)] == ["b"]
    assert shop.secrets.list("lab", actor=shop.ada) == ()


def test_a_grant_for_a_zone_opens_its_secrets_and_no_others() -> None:
    shop = Shop()
    for zone in ("", "a", "b"):
        shop.secrets.put("shop/db", f"of {zone}", zone=zone, actor=shop.ada)
    shop.grant("read", "secret:shop/*", "a")
    assert _value(shop, "shop/db", "a", shop.bob) == "of a"
    for zone in ("", "b", "c"):
        with pytest.raises(AccessDenied, match="grant is for another zone"):
            shop.secrets.get("shop/db", zone=zone, actor=shop.bob)
    assert [version.zone for version in shop.secrets.list(actor=shop.bob)] == ["a"]
    with pytest.raises(AccessDenied):
        shop.secrets.put("shop/db", "mine", zone="a", actor=shop.bob)


def test_a_grant_on_one_version_opens_that_and_the_newest_only_while_it_is_that() -> None:
    shop = Shop()
    shop.secrets.put("shop/db", "one", zone="a", actor=shop.ada)
    shop.grant("read", "secret:shop/db@1", "a")
    assert _value(shop, "shop/db", "a", shop.bob) == _value(shop, "shop/db@1", "a", shop.bob) == "one"
    shop.secrets.put("shop/db", "two", zone="a", actor=shop.ada)
    with pytest.raises(AccessDenied) as refused:
        shop.secrets.get("shop/db", zone="a", actor=shop.bob)
    assert refused.value.resource == "secret:shop/db"
    assert [version.version for version in shop.secrets.list(actor=shop.bob)] == [1]


def test_what_may_not_be_read_looks_like_what_is_not_there() -> None:
    shop = Shop()
    shop.secrets.put("shop/db", VALUE, zone="a", actor=shop.ada)
    said = []
    for name in ("shop/db", "shop/none", "shop/db@1", "shop/db@9", "none/none"):
        with pytest.raises(AccessDenied) as refused:
            shop.secrets.get(name, zone="a", actor=shop.bob)
        said.append(str(refused.value).replace(name, "NAME"))
    assert len(set(said)) == 1


# -- workloads


def test_a_workload_gets_what_is_named_in_its_own_zone_only() -> None:
    shop = Shop()
    for zone in ("", "a", "b"):
        shop.secrets.put("shop/db", f"of {zone}", zone=zone, actor=shop.ada)
    given = shop.secrets.for_workload("shop/db", "work-a", zone="a", actor=shop.ada)
    assert given.text == "of a"
    (event,) = shop.sim.log.select(predicate="secret.delivered")
    assert (event.subject, dict(event.data)) == ("secret:shop/db@1", {"zone": "a", "workload": "work-a"})
    for zone in ("", "b"):
        with pytest.raises(UnknownNameError, match=f"workload of zone '{zone}' 'work-a'") as refused:
            shop.secrets.for_workload("shop/db", "work-a", zone=zone, actor=shop.ada)
        assert refused.value.known == (["work-b"] if zone else [])
    shop.grant("read", "secret:shop/db", "b")
    with pytest.raises(AccessDenied):
        shop.secrets.for_workload("shop/db", "work-a", zone="a", actor=shop.bob)
    shop.sim.run(until="2h")
    with pytest.raises(UnknownNameError, match="'work-a'"):
        shop.secrets.for_workload("shop/db", "work-a", zone="a", actor=shop.ada)


def test_the_statuses_of_what_is_over_are_those_of_the_infrastructure() -> None:
    assert {status.value for status in OVER} == component._OVER


def test_a_platform_without_a_cluster_has_no_workload_to_give_to() -> None:
    platform = mp.Platform()
    platform.identity.create_project("shop", owner=platform.admin, actor=platform.admin)
    platform.secrets.put("shop/db", VALUE, actor=platform.admin)
    with pytest.raises(OptionError, match="has no cluster"):
        platform.secrets.for_workload("shop/db", "train", actor=platform.admin)


# -- what is told, and what is kept


def test_nothing_tells_a_value_that_was_not_asked_for(tmp_path: Path) -> None:
    shop = Shop(store=Store.open(tmp_path / "s"))
    secrets = shop.secrets
    version = secrets.put("shop/db", VALUE, zone="a", actor=shop.ada)
    secret = secrets.get("shop/db", zone="a", actor=shop.ada)
    said = [repr(secret), str(secret), f"{secret}", f"{[secret]}", repr(version), repr(secrets), repr(shop.platform), repr(secrets._seal)]
    assert not hasattr(secret, "_repr_html_") and not hasattr(secret, "__dict__")
    attempts: tuple[Any, ...] = (
        lambda: secrets.put(VALUE, "shop/db", actor=shop.ada),
        lambda: secrets.put("shop/db", [VALUE], actor=shop.ada),  # type: ignore[arg-type]
        lambda: secrets.put("shop/db", VALUE + "\ud800", actor=shop.ada),
        lambda: secrets.put("shop/db", VALUE * 6000, actor=shop.ada),
        lambda: secrets.put("none/db", VALUE, actor=shop.platform.admin),
        lambda: secrets.put("shop/db", VALUE, actor=shop.bob),
        lambda: secrets.get(VALUE, actor=shop.ada),
        lambda: secrets.delete(VALUE, actor=shop.ada),
        lambda: pickle.dumps(secret),
        lambda: shop.platform.metadata.start_run("shop/r", parameters={"p": secret}, actor=shop.ada),
        lambda: mp.Platform(secret_key=VALUE),  # type: ignore[arg-type]
    )
    for attempt in attempts:
        with pytest.raises(MlplatError) as refused:
            attempt()
        said.append(str(refused.value))
    said += [*map(repr, shop.sim.log), *map(repr, shop.identity.audit(actor=shop.platform.admin))]
    said += [repr(record) for journal in shop.platform.store.journals() for record in shop.platform.store.records(journal)]
    assert VALUE not in "\n".join(said)
    assert copy.deepcopy(secret) is copy.copy(secret) is secret
    shop.platform.close()
    kept = b"".join(file.read_bytes() for file in (tmp_path / "s").rglob("*") if file.is_file())
    assert VALUE.encode() not in kept and KEY not in kept


def test_without_a_key_the_value_is_in_the_content_and_nowhere_else(tmp_path: Path) -> None:
    with mp.Platform.open(tmp_path / "s") as platform:
        platform.identity.create_project("shop", owner=platform.admin, actor=platform.admin)
        assert not platform.secrets.put("shop/db", VALUE, actor=platform.admin).sealed
    holding = [file for file in (tmp_path / "s").rglob("*") if file.is_file() and VALUE.encode() in file.read_bytes()]
    assert [file.parts[-3] for file in holding] == ["content"]


def test_values_are_there_again_under_the_same_key_and_other_things_under_any(tmp_path: Path) -> None:
    with mp.Platform.open(tmp_path / "s") as platform:
        admin = platform.admin
        platform.identity.create_project("shop", owner=admin, actor=admin)
        platform.secrets.put("shop/open", "in the clear", actor=admin)
    with mp.Platform.open(tmp_path / "s", secret_key=KEY) as platform:
        platform.secrets.put("shop/db", VALUE, zone="a", actor=admin)
        assert platform.secrets.get("shop/open", actor=admin).text == "in the clear"
    with mp.Platform.open(tmp_path / "s", secret_key=KEY) as platform:
        assert platform.secrets.get("shop/db", zone="a", actor=admin).text == VALUE
    for key, said in ((None, "without one"), (OTHER, "with another one")):
        with mp.Platform.open(tmp_path / "s", secret_key=key) as platform:
            with pytest.raises(SecretKeyError, match=f"^shop/db@1 in zone a: sealed with a key .* {said}"):
                platform.secrets.get("shop/db", zone="a", actor=admin)
            assert [version.name for version in platform.secrets.list(actor=admin)] == ["shop/db", "shop/open"]
            assert platform.verify(actor=admin)
    with mp.Platform.open(tmp_path / "s", secret_key=OTHER) as platform:
        platform.secrets.put("shop/db", VALUE, zone="a", actor=admin)
        assert platform.secrets.get("shop/db", zone="a", actor=admin).text == VALUE


def test_a_sealed_content_that_a_record_of_another_secret_names_is_not_opened() -> None:
    store = Store()
    shop = Shop(store=store)
    shop.secrets.put("shop/db", VALUE, zone="a", actor=shop.ada)
    record = dict(next(store.records("secrets")))
    store.append("secrets", record | {"name": "lab/mine", "zone": "b"})
    again = mp.Platform(store=store, secret_key=KEY)
    with pytest.raises(ContentError, match="sealed for another place, or changed"):
        again.secrets.get("lab/mine", zone="b", actor=again.admin)
    store._content[record["digest"]] = b"something else"
    with pytest.raises(IntegrityError):
        again.secrets.get("shop/db", zone="a", actor=again.admin)
    store.append("secrets", record)
    with pytest.raises(JournalError, match="is not the next version"):
        mp.Platform(store=store)


@pytest.mark.parametrize("zone", [None, 5, ["a"], "a\nb", "\ud800", "x" * 201])
def test_a_zone_that_is_none_is_refused(zone: Any) -> None:
    shop = Shop()
    for ask in (
        lambda: shop.secrets.put("shop/db", VALUE, zone=zone, actor=shop.ada),
        lambda: shop.secrets.get("shop/db", zone=zone, actor=shop.ada),
        lambda: shop.secrets.versions("shop/db", zone=zone, actor=shop.ada),
        lambda: shop.secrets.delete("shop/db", zone=zone, actor=shop.ada),
        lambda: shop.secrets.for_workload("shop/db", "work-a", zone=zone, actor=shop.ada),
    ):
        with pytest.raises(OptionError, match="zone"):
            ask()
    assert mp.Platform(store=shop.platform.store).secrets


# -- against plain mappings


def test_2_000_random_calls_do_as_plain_mappings_say() -> None:
    draw = stream(7, "random calls about secrets")
    shop, store = Shop(), Store()
    shop = Shop(store=store)
    kept: dict[tuple[str, str], dict[int, str]] = {}
    last: dict[tuple[str, str], int] = {}
    names, zones = ("shop/a", "shop/b", "lab/a"), ("", "a", "b")
    granted: dict[int, tuple[str, str]] = {}
    for number in range(2_000):
        place = name, zone = str(draw.choice(names)), str(draw.choice(zones))
        match draw.integers(6):
            case 0 | 1:
                last[place] = last.get(place, 0) + 1
                assert shop.secrets.put(name, f"v{number}", zone=zone, actor=shop.ada).version == last[place]
                kept.setdefault(place, {})[last[place]] = f"v{number}"
            case 2 if kept.get(place):
                which = int(draw.choice([*kept[place], 0]))
                shop.secrets.delete(f"{name}@{which}" if which else name, zone=zone, actor=shop.ada)
                kept[place] = {v: value for v, value in kept[place].items() if which and v != which}
            case 3 if len(granted) < 4:
                resource = str(draw.choice(["secret:shop/a", "secret:shop/*", "project:lab"]))
                granted[shop.grant("read", resource, zone).id] = resource, zone
            case 4 if granted:
                grant = int(draw.choice(list(granted)))
                shop.identity.revoke(grant, actor=shop.ada)
                del granted[grant]
        covers = {f"secret:{name}", f"secret:{name.partition('/')[0]}/*", f"project:{name.partition('/')[0]}"}
        may = any(resource in covers and where in ("", zone) for resource, where in granted.values())
        try:
            found = shop.secrets.get(name, zone=zone, actor=shop.bob).text
        except AccessDenied:
            assert not may
        except UnknownNameError:
            assert may and not kept.get(place)
        else:
            assert may and found == kept[place][max(kept[place])]
        if number % 100 == 0:
            again = mp.Platform(mp.Simulation(), store=store, secret_key=KEY).secrets
            for component in (shop.secrets, again):
                listed = {(each.name, each.zone): each.version for each in component.list(actor=shop.ada)}
                assert listed == {place: max(versions) for place, versions in kept.items() if versions}
                for (path, where), versions in kept.items():
                    for version, value in versions.items():
                        assert component.get(f"{path}@{version}", zone=where, actor=shop.ada).text == value
    assert len(kept) == 9 and np.mean(list(last.values())) > 20
