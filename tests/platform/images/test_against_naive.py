"""Images, tags and garbage at random, against a naive model; and the registry made again over its store stands where it stood."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import MlplatError
from mlplat.platform.artifacts.images import ImageRegistry, Layer, Manifest

from .shops import Shop, written_down

LAYERS = [Layer.of(f"layer {i}", 2**i) for i in range(4)]
NAMES, TAGS = ("shop/a", "shop/b", "lab/c"), ("v1", "v2", "latest")
some_layers = st.lists(st.sampled_from(LAYERS), min_size=1, max_size=3).map(tuple)
names, tags = st.sampled_from(NAMES), st.sampled_from(TAGS)
which = st.integers(0, 3)
steps = st.one_of(
    st.tuples(st.just("publish"), names, st.tuples(some_layers, st.lists(tags, max_size=2))),
    st.tuples(st.just("publish"), names, st.tuples(some_layers, st.lists(tags, max_size=2))),
    st.tuples(st.just("tag"), names, st.tuples(tags, which)),
    st.tuples(st.just("untag"), names, tags),
    st.tuples(st.just("fix"), names, st.booleans()),
    st.tuples(st.just("delete"), names, which),
    st.tuples(st.just("pull"), names, st.tuples(which, st.sets(st.sampled_from(LAYERS), max_size=2))),
    st.tuples(st.just("name"), names, which),
    st.tuples(st.just("collect"), st.sampled_from(("shop/", "lab/")), st.booleans()),
)


class Naive:
    """Lists of what is there."""

    def __init__(self) -> None:
        self.images: list[tuple[str, Manifest]] = []
        self.tags: dict[tuple[str, str], str] = {}
        self.last: dict[tuple[str, str], str] = {}
        self.fixed: set[str] = set()
        self.known: set[str] = set()
        self.pulls: dict[tuple[str, str], int] = {}
        self.named: set[str] = set()

    def of(self, name: str) -> list[Manifest]:
        return [manifest for path, manifest in self.images if path == name]

    def may_move(self, name: str, tag: str, digest: str) -> bool:
        return not (name in self.fixed and tag.startswith("v") and self.last.get((name, tag), digest) != digest)

    def point(self, name: str, tag: str, digest: str) -> None:
        self.tags[name, tag] = digest
        self.last[name, tag] = digest

    def remove(self, name: str, digest: str) -> None:
        self.images = [(path, manifest) for path, manifest in self.images if (path, manifest.digest) != (name, digest)]
        self.tags = {key: at for key, at in self.tags.items() if (key[0], at) != (name, digest)}
        self.pulls.pop((name, digest), None)


def do(shop: Shop, naive: Naive, what: str, name: str, how: Any) -> None:
    """One step, on both; the naive model says whether it is refused."""
    images, admin = shop.images, shop.admin
    there = naive.of(name)
    if what == "publish":
        manifest, wanted = Manifest(how[0]), how[1]
        fine = all(naive.may_move(name, tag, manifest.digest) for tag in wanted)
        attempt(fine, lambda: images.publish(name, manifest, tags=wanted, actor=admin))
        if fine:
            naive.known.add(name)
            if manifest not in there:
                naive.images.append((name, manifest))
            for tag in wanted:
                naive.point(name, tag, manifest.digest)
    elif what == "tag":
        tag, index = how
        digest = there[index].digest if index < len(there) else "sha256:" + "0" * 64
        fine = index < len(there) and naive.may_move(name, tag, digest)
        attempt(fine, lambda: images.tag(f"{name}@{digest}", tag, actor=admin))
        if fine:
            naive.point(name, tag, digest)
    elif what == "untag":
        fine = (name, how) in naive.tags and not (name in naive.fixed and how.startswith("v"))
        attempt(fine, lambda: images.untag(name, how, actor=admin))
        if fine:
            del naive.tags[name, how]
    elif what == "fix":
        attempt(name in naive.known, lambda: images.fix_tags(name, ["v*"] if how else [], actor=admin))
        if name in naive.known:
            (naive.fixed.add if how else naive.fixed.discard)(name)
    elif what == "name" and how < len(there):
        naive.named ^= {f"image:{name}@{there[how].digest}"}
    elif what == "delete" and how < len(there):
        digest = there[how].digest
        fine = f"image:{name}@{digest}" not in naive.named
        attempt(fine, lambda: images.delete(f"{name}@{digest}", actor=admin))
        if fine:
            naive.remove(name, digest)
    elif what == "pull" and how[0] < len(there):
        manifest = there[how[0]]
        pulled = images.pull(f"{name}@{manifest.digest}", have=[layer.digest for layer in how[1]], actor=admin)
        assert list(pulled.missing) == [layer for layer in dict.fromkeys(manifest.layers) if layer not in how[1]]
        naive.pulls[name, manifest.digest] = naive.pulls.get((name, manifest.digest), 0) + 1
    elif what == "collect":
        collect(shop, naive, name, how)


def collect(shop: Shop, naive: Naive, start: str, dry_run: bool) -> None:
    """Garbage as the naive model sees it: one image after the other goes, and then it looks which layers are left."""
    pointed = {(name, digest) for (name, _), digest in naive.tags.items()}
    loose = [(n, m) for n, m in naive.images if n.startswith(start) and (n, m.digest) not in pointed]
    going = sorted((n, m.digest) for n, m in loose if f"image:{n}@{m.digest}" not in naive.named)
    left = {layer for n, m in naive.images if (n, m.digest) not in going for layer in m.layers}
    freed = {layer for _, m in naive.images for layer in m.layers} - left
    garbage = shop.images.collect(start[:-1], dry_run=dry_run, actor=shop.admin)
    assert garbage.images == tuple(f"image:{n}@{digest}" for n, digest in going)
    assert garbage.layers == tuple(sorted(layer.digest for layer in freed)) and garbage.size_mib == sum(layer.size_mib for layer in freed)
    assert set(garbage.kept) == {f"image:{n}@{m.digest}" for n, m in loose} & naive.named
    if not dry_run:
        for name, digest in going:
            naive.remove(name, digest)


def attempt(fine: bool, call: Any) -> None:
    """Make a call that is refused just where it is to be."""
    try:
        call()
    except MlplatError:
        assert not fine
    else:
        assert fine


@given(todo=st.lists(steps, min_size=1, max_size=30))
def test_images_tags_and_garbage_are_as_in_a_naive_model(todo: list[Any]) -> None:
    shop, naive = Shop(), Naive()
    shop.referrers.register(lambda resource: ["run:x"] if resource in naive.named else [])
    for what, name, how in todo:
        do(shop, naive, what, name, how)
        for version in (listed := shop.images.list(actor=shop.admin)):
            assert version.tags == tuple(sorted(t for (n, t), d in naive.tags.items() if (n, d) == (version.name, version.digest)))
            assert version.pulls == naive.pulls.get((version.name, version.digest), 0)
        assert [(v.name, v.manifest) for v in listed] == sorted(naive.images, key=lambda pair: pair[0])
        unique = {m.digest: m for _, m in naive.images}.values()
        every = {layer for manifest in unique for layer in manifest.layers}
        expected = (len(unique), len(every), sum(layer.size_mib for layer in every), sum(m.size_mib for m in unique))
        assert shop.images.storage(actor=shop.admin) == expected
    again = ImageRegistry(shop.sim, shop.identity, written_down(shop.store))
    assert vars(again._catalogue) == vars(shop.images._catalogue)
    assert shop.sim.log.check() == []
