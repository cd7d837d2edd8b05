"""S-65, S-66: images by digest and tag, tags that move with history, what is pulled, kept and deleted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, IntegrityError, OptionError, UnknownNameError
from mlplat.platform.artifacts.images import Image, ImageRegistry, Layer, Manifest, ManifestError
from mlplat.platform.artifacts.referrers import ReferencedError
from mlplat.platform.storage import digest_of, sweep

from .shops import BASE, CODE, LIBS, Shop, image, layers_of


def test_s65_a_pull_by_digest_always_yields_the_same_layers_and_tags_move_with_history() -> None:
    shop = Shop()
    first = shop.images.publish("shop/train", image(BASE, CODE), tags=["v1", "latest"], actor=shop.ada)
    shop.sim.run(until="1h")
    second = shop.images.publish("shop/train", image(BASE, LIBS, CODE), tags=["latest"], actor=shop.ada)
    assert shop.images.resolve("shop/train@latest", actor=shop.ada) == second
    assert second.tags == ("latest",) and shop.images.resolve("shop/train@v1", actor=shop.ada).tags == ("v1",)
    pulled = shop.images.pull(f"shop/train@{first.digest}", actor=shop.ada)
    assert (pulled.digest, list(pulled.missing)) == (first.digest, [BASE, CODE])
    shop.images.tag("shop/train@v1", "latest", actor=shop.ada)
    moves = shop.images.history("shop/train", "latest", actor=shop.ada)
    assert [(move.time, move.actor, move.before, move.after) for move in moves] == [
        (0.0, shop.ada.id, None, first.digest),
        (3600.0, shop.ada.id, first.digest, second.digest),
        (3600.0, shop.ada.id, second.digest, first.digest),
    ]
    assert len(shop.told("alias.moved")) == 4 and shop.told("artifact.published") == [(v.resource, shop.ada.id) for v in (first, second)]


def test_the_digest_is_that_of_configuration_and_ordered_layers_and_of_nothing_else() -> None:
    manifest = image(labels={"commit": "368326d8"}, packages={"numpy": "2.1.0"}, config={"env": {"A": 1.5}})
    assert manifest.digest == image(labels={"commit": "368326d8"}, packages={"numpy": "2.1.0"}, config={"env": {"A": 1.5}}).digest
    others = [image(), image(CODE, BASE), image(entry="x"), image(labels={"commit": "1"}), image(packages={"commit": "368326d8"})]
    assert len({manifest.digest, *(other.digest for other in others)}) == 6
    assert image().digest == Image("any", (BASE, CODE), "train.py").digest
    one, other = Shop(), Shop()
    other.sim.run(until="3h")
    assert one.images.publish("shop/a", manifest, actor=one.ada).digest == other.images.publish("lab/b", manifest, actor=other.carl).digest


def test_an_image_that_is_there_is_not_taken_in_again() -> None:
    shop = Shop()
    first = shop.images.publish("shop/train", image(), actor=shop.ada)
    before = len(list(shop.store.records("images")))
    assert shop.images.publish("shop/train", image().to_bytes(), actor=shop.ada) == first
    assert shop.images.publish("shop/train", Image("x", (BASE, CODE), "train.py"), actor=shop.ada) == first
    assert shop.images.register("shop/train", image(), external=["commit"], actor=shop.ada) == first
    assert len(list(shop.store.records("images"))) == before and len(shop.told("artifact.published")) == 1
    assert shop.images.register("shop/other", image(), external=["commit"], actor=shop.ada).external == ("commit",)


def test_tags_that_are_fixed_never_point_to_anything_else() -> None:
    shop = Shop()
    first = shop.images.publish("shop/train", image(), tags=["v1", "latest"], actor=shop.ada)
    shop.images.publish("shop/train", image(LIBS), tags=["v0"], actor=shop.ada)
    shop.images.tag("shop/train@v1", "v0", actor=shop.ada)  # not fixed yet
    shop.images.fix_tags("shop/train", ["v*"], actor=shop.ada)
    shop.images.tag("shop/train@v1", "v0", actor=shop.ada)  # it is there already
    before = len(list(shop.store.records("images")))
    for call in (
        lambda: shop.images.publish("shop/train", image(CODE), tags=["latest", "v1"], actor=shop.ada),
        lambda: shop.images.untag("shop/train", "v1", actor=shop.ada),
    ):
        with pytest.raises(OptionError, match="tag 'v1' of shop/train does not move"):
            call()
    assert len(list(shop.store.records("images"))) == before
    shop.images.publish("shop/train", image(CODE), tags=["latest", "v2"], actor=shop.ada)
    shop.images.delete(f"shop/train@{first.digest}", actor=shop.ada)
    with pytest.raises(OptionError, match="does not move"):
        shop.images.tag("shop/train@v2", "v1", actor=shop.ada)
    shop.images.publish("shop/train", image(), tags=["v1"], actor=shop.ada)
    shop.images.fix_tags("shop/train", [], actor=shop.ada)
    shop.images.tag("shop/train@v2", "v1", actor=shop.ada)


def test_a_pull_sends_what_is_not_there_each_layer_once_and_is_counted() -> None:
    shop = Shop()
    version = shop.images.publish("shop/train", image(BASE, LIBS, BASE, CODE), tags=["v1"], actor=shop.ada)
    pulled = shop.images.pull("shop/train@v1", have=[BASE.digest, "sha256:" + "0" * 64], actor=shop.ada)
    assert pulled.missing == (LIBS, CODE) and (pulled.size_mib, pulled.size_bytes) == (2001, 2001 * 2**20)
    assert shop.images.pull("shop/train@v1", have=layers_of(version.manifest), actor=shop.ada).size_mib == 0
    assert shop.images.resolve("shop/train@v1", actor=shop.ada).pulls == 2
    assert shop.told("artifact.downloaded") == [(version.resource, shop.ada.id)] * 2


def test_layers_that_images_share_are_stored_once() -> None:
    shop = Shop()
    for number, layers in enumerate([(BASE, CODE), (BASE, LIBS), (BASE, LIBS, CODE)]):
        shop.images.publish("shop/train", image(*layers), tags=[f"v{number}"], actor=shop.ada)
    shop.images.publish("lab/copy", image(BASE, CODE), actor=shop.carl)
    assert shop.images.storage(actor=shop.ada) == (3, 3, 2901, 901 + 2900 + 2901)
    assert shop.images.storage(actor=shop.admin) == (3, 3, 2901, 901 + 2900 + 2901)
    assert shop.images.storage("lab", actor=shop.ada) == (0, 0, 0, 0) == shop.images.storage(actor=shop.eve)
    with pytest.raises(OptionError, match="is known with 900 MiB, not 901"):
        shop.images.publish("lab/copy", image(Layer(BASE.digest, 901)), actor=shop.carl)


def test_s66_what_a_record_names_is_kept_and_the_refusal_lists_who() -> None:
    """S-66, A-2.4."""
    shop = Shop()
    version = shop.images.publish("shop/train", image(), tags=["v1"], actor=shop.ada)
    named = ["run:shop/r2", "run:shop/r1"]
    shop.referrers.register(lambda resource: named if resource == version.resource else [])
    with pytest.raises(ReferencedError, match="is named by run:shop/r1, run:shop/r2") as refused:
        shop.images.delete("shop/train@v1", actor=shop.ada)
    assert refused.value.referrers == ("run:shop/r1", "run:shop/r2") and refused.value.resource == version.resource
    shop.images.untag("shop/train", "v1", actor=shop.ada)
    garbage = shop.images.collect("shop", dry_run=False, actor=shop.ada)
    assert garbage.images == () and dict(garbage.kept) == {version.resource: ("run:shop/r1", "run:shop/r2")}
    named.clear()
    shop.images.delete(f"shop/train@{version.digest}", actor=shop.ada)
    with pytest.raises(UnknownNameError, match="unknown image"):
        shop.images.resolve(f"shop/train@{version.digest}", actor=shop.ada)
    assert shop.told("artifact.deleted") == [(version.resource, shop.ada.id)] and shop.images.storage(actor=shop.ada).layers == 0


def test_what_no_tag_points_to_is_collected_with_the_layers_that_only_it_has() -> None:
    shop = Shop()
    old = shop.images.publish("shop/train", image(BASE, CODE), tags=["latest"], actor=shop.ada)
    shop.images.publish("shop/train", image(BASE, LIBS), tags=["latest"], actor=shop.ada)
    foreign = shop.images.publish("lab/x", image(LIBS), actor=shop.carl)
    said = shop.images.collect("shop", actor=shop.ada)
    assert (said.images, said.layers, said.size_mib, said.dry_run) == ((old.resource,), (CODE.digest,), 1, True)
    assert shop.images.resolve(f"shop/train@{old.digest}", actor=shop.ada) == shop.images.list("shop", actor=shop.ada)[0]
    done = shop.images.collect("shop", dry_run=False, actor=shop.ada)
    assert (done.images, done.layers, done.size_mib) == (said.images, said.layers, said.size_mib)
    assert shop.images.collect("shop", actor=shop.ada).images == ()
    assert [version.name for version in shop.images.list(actor=shop.admin)] == ["lab/x", "shop/train"]
    assert sweep(shop.store, [shop.images]) == (digest_of(old.manifest.to_bytes()),)
    assert shop.images.manifest(f"lab/x@{foreign.digest}", actor=shop.carl) == image(LIBS).to_bytes()


def test_a10_2_a_share_of_one_image_opens_no_other_and_an_outsider_learns_nothing() -> None:
    """A-10.2, A-10.3."""
    shop = Shop()
    first = shop.images.publish("shop/train", image(labels={"commit": "1"}), tags=["v1"], actor=shop.ada)
    shop.images.publish("shop/train", image(CODE), tags=["v2"], actor=shop.ada)
    for name in ("shop/train@v1", "shop/train@v9", f"shop/train@{first.digest}", "shop/nothing@v1", "nowhere/x@v1"):
        with pytest.raises(AccessDenied, match="nothing grants that"):
            shop.images.pull(name, actor=shop.eve)
    assert shop.images.list(actor=shop.eve) == () == shop.images.search("train", actor=shop.eve)
    shop.identity.grant(shop.acme, "read", first.resource, until="1h", actor=shop.ada)
    assert shop.images.search("v1", labels={"commit": "1"}, layer=BASE.digest, actor=shop.acme) == (first,)
    assert shop.images.manifest("shop/train@v1", actor=shop.acme) == first.manifest.to_bytes()
    with pytest.raises(AccessDenied):
        shop.images.resolve("shop/train@v2", actor=shop.acme)
    shop.sim.run(until="1h")
    with pytest.raises(AccessDenied, match="has expired"):
        shop.images.pull("shop/train@v1", actor=shop.acme)


def test_what_cannot_be_meant_is_refused_and_changes_nothing() -> None:
    shop = Shop()
    shop.images.publish("shop/train", image(), tags=["v1"], actor=shop.ada)
    before = list(shop.store.records("images"))
    calls: list[tuple[Callable[[], object], type[Exception], str]] = [
        (lambda: shop.images.publish("shop/train@v1", image(), actor=shop.ada), OptionError, "without a version"),
        (lambda: shop.images.publish("nowhere/x", image(), actor=shop.admin), UnknownNameError, "unknown project 'nowhere'"),
        (lambda: shop.images.publish("shop/train", image(CODE), tags=["a b"], actor=shop.ada), OptionError, "tag 'a b'"),
        (lambda: shop.images.publish("shop/train", {"layers": 3}, actor=shop.ada), ManifestError, "layers: expected a list"),
        (lambda: shop.images.publish("shop/train", 3, actor=shop.ada), ManifestError, "expected a mapping"),  # type: ignore[arg-type]
        (lambda: shop.images.publish("shop/t", Image("a", (), config=BASE.digest), actor=shop.ada), ManifestError, "the manifest"),
        (lambda: shop.images.register("shop/x", image(), external="commit", actor=shop.ada), OptionError, "expected a list"),
        (lambda: shop.images.resolve("shop/train", actor=shop.ada), OptionError, "expected a tag or digest"),
        (lambda: shop.images.resolve("shop/train@v9", actor=shop.ada), UnknownNameError, "did you mean 'shop/train@v1'"),
        (lambda: shop.images.tag("shop/train@v3", "v2", actor=shop.ada), UnknownNameError, "unknown image"),
        (lambda: shop.images.untag("shop/train", "v3", actor=shop.ada), UnknownNameError, "unknown tag"),
        (lambda: shop.images.fix_tags("shop/train", "v*", actor=shop.ada), OptionError, "expected a list"),
        (lambda: shop.images.fix_tags("shop/train", ["["], actor=shop.ada), OptionError, "pattern"),
        (lambda: shop.images.fix_tags("shop/none", ["v*"], actor=shop.ada), UnknownNameError, "unknown image"),
    ]
    for call, error, text in calls:
        with pytest.raises(error, match=text):
            call()
    assert list(shop.store.records("images")) == before
    assert len(shop.sim.log.select(predicate="call.refused")) == len(calls)


def test_a_manifest_that_was_damaged_is_found() -> None:
    shop = Shop()
    version = shop.images.publish("shop/train", image(), tags=["v1"], actor=shop.ada)
    content = shop.store._content
    (key,) = content
    content[key] = content[key].replace(b"901", b"902").replace(b"train.py", b"trail.py")
    for call in (shop.images.pull, shop.images.manifest):
        with pytest.raises(IntegrityError):
            call("shop/train@v1", actor=shop.ada)
    assert shop.images.resolve("shop/train@v1", actor=shop.ada) == version


def test_a_registry_over_the_same_store_stands_where_the_last_stood() -> None:
    shop = Shop()
    shop.images.publish("shop/train", image(labels={"commit": "1"}, config={"a": [1, 2.0]}), tags=["v1", "v2"], actor=shop.ada)
    shop.images.register("lab/x", image(LIBS), external=["commit"], actor=shop.carl)
    shop.images.fix_tags("shop/train", ["v1"], actor=shop.ada)
    shop.images.publish("shop/train", image(CODE), tags=["v2"], actor=shop.ada)
    shop.images.pull("shop/train@v2", actor=shop.ada)
    shop.images.untag("shop/train", "v2", actor=shop.ada)
    shop.images.collect("shop", dry_run=False, actor=shop.ada)
    again = ImageRegistry(shop.sim, shop.identity, shop.store)
    assert vars(again._catalogue) == vars(shop.images._catalogue)
    assert again.list(actor=shop.admin) == shop.images.list(actor=shop.admin)
    assert repr(again) == repr(shop.images) == "ImageRegistry()"


def test_every_public_method_is_a_checked_call() -> None:
    for name in dir(ImageRegistry):
        if not name.startswith("_") and callable(getattr(ImageRegistry, name)):
            assert hasattr(getattr(ImageRegistry, name), "check"), name


def test_the_parts_of_a_manifest_cannot_be_changed() -> None:
    manifest = Manifest([BASE], labels={"a": "b"})  # type: ignore[arg-type]
    assert manifest.layers == (BASE,) and isinstance(mp.Image("a", manifest.layers), Image)
    with pytest.raises(TypeError):
        manifest.labels["a"] = "c"  # type: ignore[index]
    with pytest.raises(AttributeError):
        manifest.entry = "x"  # type: ignore[misc]
