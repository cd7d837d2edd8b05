"""S-67, S-66 with a cluster: who was given an image starts an environment from it, of the same digest; what runs keeps its image."""

from __future__ import annotations

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.infra.cluster import Cluster
from mlplat.platform.artifacts.images import ImageRegistry
from mlplat.platform.artifacts.referrers import ReferencedError

from .shops import BASE, CODE, LIBS, Shop, image

SECONDS_PER_MIB = 8 * 2**20 / 1e9
"""At 1 Gbit/s."""


def served(shop: Shop, *, nodes: int = 1) -> Cluster:
    """A cluster of the shop's simulation, which takes its images."""
    spec = mp.ClusterSpec.uniform(nodes=nodes, cpus=16)
    of = mp.Cluster(shop.sim, spec, scrape_period=None, registry_mbps=1000)
    shop.images.serve(of.endpoint, actor=shop.admin)
    return of


def start(of: Cluster, name: str, reference: str, actor: str, **fields: object) -> None:
    """Submit a workload for an hour from an image."""
    of.endpoint.submit(mp.Workload(name, {"cpus": 1}, image=reference, **({"duration": "1h"} | fields)), actor=actor)  # type: ignore[arg-type]


@pytest.mark.parametrize("by_tag", [True, False])
@pytest.mark.parametrize("who", ["bob", "acme"])
def test_s67_the_grantee_starts_an_environment_from_the_image_and_gets_the_same_digest(who: str, by_tag: bool) -> None:
    shop = Shop()
    of, grantee = served(shop), getattr(shop, who)
    version = shop.images.publish("shop/train", image(labels={"commit": "368326d8"}), tags=["v1"], actor=shop.ada)
    reference = "shop/train@v1" if by_tag else version.digest
    before = len(shop.sim.log)
    with pytest.raises(AccessDenied, match="may not start"):
        start(of, "train", reference, grantee.id)
    assert [event.predicate for event in shop.sim.log[before:]] == ["access.denied"]
    share = shop.identity.grant(grantee, "read", version.resource, actor=shop.ada)
    start(of, "train", reference, grantee.id)
    shop.sim.run(until="10m")
    (pulled,) = shop.sim.log.select(predicate="image.pulled")
    assert (pulled.subject, pulled.data["digest"], pulled.data["size_mib"]) == (version.resource, version.digest, 901)
    assert of.workloads["train"].environments[0].image == version.image
    shop.identity.revoke(share, actor=shop.ada)
    with pytest.raises(AccessDenied, match="was revoked"):
        start(of, "again", reference, grantee.id)
    assert of.endpoint.list().names() == ("train",)


def test_s67_what_is_not_there_and_what_is_forbidden_look_alike() -> None:
    shop = Shop()
    of = served(shop)
    version = shop.images.publish("shop/train", image(), tags=["v1"], actor=shop.ada)
    start(of, "train", "shop/train@v1", shop.ada.id)
    said = set()
    for reference in (version.digest, "sha256:" + "0" * 64, "shop/train@v1", "shop/train@v2", "nowhere/x@v1"):
        for actor in (shop.eve.id, "nobody"):
            with pytest.raises(AccessDenied) as refused:
                start(of, "other", reference, actor)
            said.add(str(refused.value).replace(reference, "it").replace(actor, "who"))
    assert len(said) == 2  # of somebody, of nobody
    with pytest.raises(UnknownNameError, match="did you mean 'shop/train@v1'"):
        start(of, "other", "shop/train@v2", shop.ada.id)
    assert [entry.decision.allowed for entry in shop.identity._authorization.audit if entry.call == "images.start"].count(True) == 2


def test_a_pull_takes_the_time_of_the_layers_that_the_node_has_not() -> None:
    shop = Shop()
    of = served(shop)
    shop.images.publish("shop/train", image(BASE, CODE), tags=["v1"], actor=shop.ada)
    shop.images.publish("shop/train", image(BASE, LIBS, CODE), tags=["v2"], actor=shop.ada)
    for minute, (name, tag) in enumerate([("a", "v1"), ("b", "v2"), ("c", "v2")]):
        shop.sim.run(until=f"{minute}m")
        start(of, name, f"shop/train@{tag}", shop.ada.id)
    shop.sim.run(until="10m")
    started = {event.name: event.data["pull_s"] for event in shop.sim.log.select(predicate="runtime.started")}
    assert started == pytest.approx({"a/0": 901 * SECONDS_PER_MIB, "b/0": 2000 * SECONDS_PER_MIB, "c/0": 0.0})
    pulled = [(event.subject.partition("@")[0], event.data["asked_mib"]) for event in shop.sim.log.select(predicate="image.pulled")]
    assert pulled == [("image:shop/train", 901), ("image:shop/train", 2000)]
    assert [version.pulls for version in shop.images.list(actor=shop.ada)] == [1, 1]
    downloads = shop.sim.log.select(predicate="artifact.downloaded")
    assert [event.data["size_mib"] for event in downloads] == [901, 2000]
    assert [shop.sim.log.causes(event)[-1].predicate for event in downloads] == ["workload.submitted"] * 2


def test_a_workload_keeps_the_image_that_its_tag_meant_when_it_was_submitted() -> None:
    shop = Shop()
    of = served(shop)
    first = shop.images.publish("shop/train", image(BASE), tags=["v1"], actor=shop.ada)
    start(of, "train", "shop/train@v1", shop.ada.id, kind="service", duration=None)
    shop.images.publish("shop/train", image(CODE), tags=["v1"], actor=shop.ada)
    shop.sim.run(until="1m")
    of.endpoint.scale("train", 2)
    shop.sim.run(until="2m")
    images = [record.environments[0].image for record in of.workloads.values()]
    assert images == [first.image, first.image]


def test_s66_the_image_of_a_running_environment_is_kept_until_it_ends() -> None:
    shop = Shop()
    of = served(shop)
    version = shop.images.publish("shop/train", image(), tags=["v1"], actor=shop.ada)
    start(of, "train", "shop/train@v1", shop.ada.id)
    shop.images.untag("shop/train", "v1", actor=shop.ada)
    assert dict(shop.images.collect("shop", dry_run=False, actor=shop.ada).kept) == {version.resource: ("workload:train",)}
    with pytest.raises(ReferencedError, match="is named by workload:train"):
        shop.images.delete(f"shop/train@{version.digest}", actor=shop.ada)
    shop.sim.run(until="2h")
    assert of.endpoint.describe("train").status.value == "succeeded"
    assert shop.images.collect("shop", dry_run=False, actor=shop.ada).images == (version.resource,)
    with pytest.raises(AccessDenied):
        start(of, "again", version.digest, shop.ada.id)


def test_a_cluster_is_served_once_and_by_an_administrator() -> None:
    shop = Shop()
    of = mp.Cluster(shop.sim, mp.ClusterSpec.uniform(nodes=1, cpus=16), scrape_period=None)
    with pytest.raises(AccessDenied):
        shop.images.serve(of.endpoint, actor=shop.ada)
    with pytest.raises(AccessDenied, match="that takes an administrator"):
        shop.images.serve(of.endpoint, administrator="ada", actor=shop.admin)
    shop.images.serve(of.endpoint, actor=shop.admin)
    with pytest.raises(OptionError, match="served already"):
        shop.images.serve(of.endpoint, actor=shop.admin)
    other = mp.Cluster(shop.sim, mp.ClusterSpec.uniform(nodes=1, cpus=16), scrape_period=None, registry_mbps=1000)
    shop.images.serve(other.endpoint, actor=shop.admin)
    shop.images.publish("shop/train", image(), tags=["v1"], actor=shop.ada)
    start(other, "train", "shop/train@v1", "ada")
    shop.sim.run(until="10m")
    again = ImageRegistry(shop.sim, shop.identity, shop.store)
    assert again.resolve("shop/train@v1", actor=shop.ada).pulls == 1


def test_a_digest_under_several_names_starts_for_who_may_read_any_of_them() -> None:
    shop = Shop()
    of = served(shop)
    for name, owner in (("lab/copy", shop.carl), ("shop/train", shop.ada)):
        version = shop.images.publish(name, image(), tags=["v1"], actor=owner)
    shop.identity.grant(shop.bob, "read", version.resource, actor=shop.ada)
    start(of, "train", version.digest, shop.bob.id)
    with pytest.raises(AccessDenied):
        start(of, "other", "lab/copy@v1", shop.bob.id)
    with pytest.raises(AccessDenied):
        start(of, "other", version.digest, shop.eve.id)
    assert of.endpoint.image_users(version.digest) == ("train",)


def test_text_that_names_no_version_is_none_of_the_registrys() -> None:
    shop = Shop()
    of = served(shop)
    shop.images.publish("shop/train", image(), tags=["v1"], actor=shop.ada)
    for number, reference in enumerate(("shop/train", "train:1", "a b")):
        start(of, f"w{number}", reference, shop.ada.id)
    shop.sim.run(until="1s")
    assert [event.data["reason"] for event in shop.sim.log.select(predicate="runtime.finished")] == ["IMAGE_NOT_FOUND"] * 3
