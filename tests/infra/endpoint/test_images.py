"""Images through the endpoint: registered, forgotten, used, and taken from a registry that looks at who asks."""

from __future__ import annotations

import pytest

from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.infra.endpoint import Image, Layer

from .clusters import cluster, work

BASE, CODE = Layer.of("base", 500), Layer.of("code", 5)


class _Source:
    """Gives `lab/train@v1` and its digest to ann alone."""

    def __init__(self) -> None:
        self.image = Image("lab/train@1", (BASE, CODE))
        self.asked: list[tuple[str, str]] = []

    def find(self, reference: str, principal: str) -> Image | None:
        self.asked.append((reference, principal))
        if reference not in ("lab/train@v1", self.image.digest):
            return None
        if principal != "ann":
            raise AccessDenied(principal, "start", f"image:{reference}", "nothing grants that")
        return self.image


def test_a_registered_image_starts_workloads_by_name_and_digest() -> None:
    of = cluster(registry_mbps=1000)
    image = Image("train:1", (BASE, CODE))
    assert of.endpoint.register_image(image) == image.digest
    handles = [of.endpoint.submit(work(f"w{i}", image=name, duration="1m")) for i, name in enumerate(("train:1", image.digest))]
    assert of.endpoint.image_users("train:1") == ("w0", "w1") == of.endpoint.image_users(image.digest)
    with pytest.raises(OptionError, match="is used by w0, w1"):
        of.endpoint.forget_image(image.digest)
    of.sim.run(until="1h")
    assert [handle.status.value for handle in handles] == ["succeeded"] * 2
    assert of.endpoint.image_users("train:1") == ()
    of.endpoint.forget_image("train:1")
    with pytest.raises(UnknownNameError, match="unknown image"):
        of.endpoint.forget_image(image.digest)
    gone = of.endpoint.submit(work("w3", image="train:1"))
    of.sim.run(until="2h")
    assert gone.status.value == "failed"


def test_only_administrators_change_images() -> None:
    of = cluster()
    of.endpoint.register_image(Image("train:1", (BASE,)))
    for call in (
        lambda: of.endpoint.register_image(Image("a", (BASE,)), actor="ann"),
        lambda: of.endpoint.forget_image("train:1", actor="ann"),
        lambda: of.endpoint.serve_images(_Source(), actor="ann"),
    ):
        with pytest.raises(AccessDenied, match="that takes an administrator"):
            call()
    with pytest.raises(OptionError, match="expected an Image"):
        of.endpoint.register_image("train:1")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="expected a registry"):
        of.endpoint.serve_images(7)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="is known with 500 MiB"):
        of.endpoint.register_image(Image("b", (Layer(BASE.digest, 501),)))
    assert of.endpoint.image_users("a") == of.endpoint.image_users("b") == of.endpoint.image_users("train:1") == ()


def test_a_workload_takes_the_image_of_a_registry_by_digest_if_who_submits_it_may() -> None:
    of, source = cluster(registry_mbps=1000), _Source()
    of.endpoint.serve_images(source)
    handle = of.endpoint.submit(work("train", image="lab/train@v1"), actor="ann")
    assert of.endpoint.describe("train").workload.image == source.image.digest
    before = len(of.sim.log)
    for reference in ("lab/train@v1", source.image.digest):
        with pytest.raises(AccessDenied, match="'bob' may not start"):
            of.endpoint.submit(work("other", image=reference), actor="bob")
        with pytest.raises(AccessDenied):
            of.endpoint.submit(work("other", kind="service", image=source.image), actor="bob")
    assert [event.predicate for event in of.sim.log[before:]] == ["access.denied"] * 4
    assert of.endpoint.list().names() == ("train",) == of.endpoint.image_users(source.image.digest)
    of.sim.run(until="2h")
    assert handle.status.value == "succeeded"
    assert [event.subject for event in of.sim.log.select(predicate="image.pulled")] == ["image:lab/train@1"]


def test_the_own_images_of_a_cluster_come_first_and_take_no_right() -> None:
    of, source = cluster(), _Source()
    of.endpoint.register_image(Image("train:1", (BASE,)))
    of.endpoint.serve_images(source)
    of.endpoint.submit(work("a", image="train:1"), actor="bob")
    of.endpoint.submit(work("b"), actor="bob")
    assert source.asked == []
    of.endpoint.submit(work("c", image="nowhere:1"), actor="bob")
    of.sim.run(until="1s")
    assert of.endpoint.describe("c").status.value == "failed" and source.asked == [("nowhere:1", "bob")]


def test_a_manifest_rolls_out_anew_when_the_tag_has_moved_and_only_then() -> None:
    of, source = cluster(), _Source()
    of.endpoint.serve_images(source)
    endpoint = of.endpoint
    endpoint.submit(work("web", kind="service", image="lab/train@v1"), actor="ann")
    text = endpoint.to_manifest("web").replace(source.image.digest, "lab/train@v1")
    assert endpoint.apply(text, actor="ann").unchanged == ("web",)
    source.image = Image("lab/train@2", (BASE,))
    diff = endpoint.apply(text, actor="ann")
    assert diff.changed == ("web",) and diff.changes["web"][0].new == source.image.digest
    with pytest.raises(AccessDenied):
        endpoint.apply(text, actor="bob")


def test_an_image_with_a_configuration_is_another_one() -> None:
    plain, told = Image("a", (BASE,)), Image("a", (BASE,), config=Layer.of("x", 1).digest)
    assert plain.digest != told.digest
    with pytest.raises(OptionError, match="expected the digest of it"):
        Image("a", (BASE,), config="x")
