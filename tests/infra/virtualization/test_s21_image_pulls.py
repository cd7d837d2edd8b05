"""S-21: an image's missing layers are pulled once per node at the network's speed; cached layers cost nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.virtualization import Image, ImageStore, Layer, LayerCache, Reason, State

from .small_cluster import SMALL, end_of, image, layer, states, world

MIB_A_SECOND = 2**20 * 8 / 1e6  # Mbit/s at which a MiB takes a second


def test_s21_pull_time_is_size_over_bandwidth() -> None:
    sim, virtualization = world(start_overhead=2)
    virtualization.images.register(image("train", ("base", 900), ("code", 100)))
    env = virtualization.start("w", node=0, request=SMALL, image="train", work_s=5)
    sim.run()
    pull = 1000 * 2**20 * 8 / 1e9
    assert env.entered(State.STARTING) == pytest.approx(pull, rel=1e-12)
    assert end_of(env) == pytest.approx(pull + 2 + 5, rel=1e-12)
    pulled = sim.log.select(predicate="image.pulled")[0]
    assert pulled.subject == "image:train" and pulled.data["size_mib"] == 1000 and pulled.data["layers"] == 2
    started = sim.log.select(predicate="runtime.started")[0]
    assert started.data["pull_s"] == pytest.approx(pull) and started.data["start_s"] == pytest.approx(2)


def test_s21_a_second_start_on_the_node_takes_no_pull_time_and_on_another_it_does() -> None:
    sim, virtualization = world()
    virtualization.images.register(image("train", ("base", 1000)))
    virtualization.start("first", node=0, request=SMALL, image="train", work_s=1)
    sim.run()
    again = virtualization.start("again", node=0, request=SMALL, image="train", work_s=1)
    other = virtualization.start("other", node=1, request=SMALL, image="train", work_s=1)
    start = sim.now
    sim.run()
    assert again.entered(State.RUNNING) == start
    assert other.entered(State.RUNNING) == pytest.approx(start + 8.388608)
    assert len(sim.log.select(predicate="image.pulled")) == 2


def test_s21_two_simultaneous_starts_pull_each_layer_once() -> None:
    sim, virtualization = world(registry_mbps=MIB_A_SECOND)
    virtualization.images.register(image("a", ("base", 10), ("a", 5)))
    virtualization.images.register(image("b", ("base", 10), ("b", 7)))
    first = virtualization.start("first", node=0, request=SMALL, image="a")
    second = virtualization.start("second", node=0, request=SMALL, image="b")
    third = virtualization.start("third", node=0, request=SMALL, image="a")
    sim.run(until=100)
    assert [env.entered(State.RUNNING) for env in (first, second, third)] == [15, 22, 15]
    assert [event.data["asked_mib"] for event in sim.log.select(predicate="image.pulled")] == [15, 0, 7]
    assert virtualization.usage(0).layers_mib == 22


def test_s21_an_unknown_image_gives_image_not_found() -> None:
    sim, virtualization = world()
    unregistered = image("ghost", ("x", 1))
    for reference in ("nothing:1", unregistered.digest, unregistered):
        env = virtualization.start("w", node=0, request=SMALL, image=reference)
        assert (env.state, env.reason, states(env)) == (State.FAILED, Reason.IMAGE_NOT_FOUND, ["pending", "pulling", "failed"])
    assert virtualization.usage(0).environments == 0 and sim.log[-1].data["outcome"] == "failure"


def test_s21_a_crash_keeps_the_cache_and_loses_pulls_in_progress() -> None:
    sim, virtualization = world(registry_mbps=MIB_A_SECOND)
    virtualization.images.register(image("a", ("base", 10), ("a", 10), ("top", 10)))
    virtualization.start("lost", node=0, request=SMALL, image="a")
    sim.run(until=15)
    virtualization.crash(0)
    sim.run(until=100)
    assert virtualization.usage(0).layers_mib == 10
    virtualization.restore(0)
    env = virtualization.start("again", node=0, request=SMALL, image="a")
    sim.run(until=200)
    assert env.entered(State.RUNNING) == 120


def test_s21_pulls_stand_still_while_the_node_is_cut_off() -> None:
    sim, virtualization = world(registry_mbps=MIB_A_SECOND)
    virtualization.images.register(image("a", ("base", 10), ("a", 10)))
    env = virtualization.start("w", node=0, request=SMALL, image="a")
    sim.run(until=15)
    virtualization.cut_off(0)
    sim.run(until=115)
    assert env.state is State.PULLING
    virtualization.restore(0)
    sim.run(until=200)
    assert env.entered(State.RUNNING) == 120


def test_s21_a_stopped_pull_does_not_take_the_layer_from_who_waits_for_it() -> None:
    sim, virtualization = world(registry_mbps=MIB_A_SECOND, cache_mib=0)
    virtualization.images.register(image("a", ("base", 10)))
    first = virtualization.start("first", node=0, request=SMALL, image="a")
    second = virtualization.start("second", node=0, request=SMALL, image="a")
    sim.run(until=5)
    virtualization.stop(first)
    sim.run(until=50)
    assert states(first) == ["pending", "pulling", "evicted"]
    assert second.entered(State.RUNNING) == 10


def test_s21_layers_in_use_stay_and_unused_ones_go_least_recently_used_first() -> None:
    cache = LayerCache(mbps=1e9, limit_mib=100)
    a, b, c = layer("a", 50), layer("b", 50), layer("c", 50)
    for i, each in enumerate((a, b)):
        cache.hold([each], now=float(i))
        cache.release([each], now=float(i) + 0.5)
    cache.hold([a], now=3)
    cache.hold([c], now=4)
    assert list(cache.stored(5)) == [a.digest, c.digest]
    cache.hold([b], now=6)
    assert cache.stored_mib(7) == 150
    cache.release([c], now=8)
    assert set(cache.stored(8)) == {a.digest, b.digest}


class NaiveCache:
    """The same, moved on in small steps: one line, one layer at a time."""

    def __init__(self, limit: int) -> None:
        self.limit, self.now = limit, 0
        self.stored: list[tuple[str, int]] = []  # least recently used first
        self.line: list[list] = []  # [digest, size, seconds left]
        self.held: list[str] = []
        self.sent: list[str] = []

    def trim(self) -> None:
        for digest, size in list(self.stored):
            if sum(s for _, s in self.stored) <= self.limit:
                return
            if digest not in self.held:
                self.stored.remove((digest, size))

    def arrive(self) -> None:
        while self.line and self.line[0][2] == 0:
            digest, size, _ = self.line.pop(0)
            self.stored.append((digest, size))
            self.trim()

    def second(self) -> None:
        self.now += 1
        if self.line:
            self.line[0][2] -= 1
        self.arrive()

    def use(self, digest: str) -> None:
        for entry in list(self.stored):
            if entry[0] == digest:
                self.stored.remove(entry)
                self.stored.append(entry)

    def hold(self, layers: list[Layer]) -> None:
        for each in layers:
            self.held.append(each.digest)
            if each.digest in [d for d, _ in self.stored]:
                self.use(each.digest)
            elif each.digest not in [entry[0] for entry in self.line]:
                self.line.append([each.digest, each.size_mib, each.size_mib])
                self.sent.append(each.digest)
        self.arrive()

    def release(self, layers: list[Layer]) -> None:
        for each in layers:
            self.held.remove(each.digest)
            if each.digest not in self.held:
                self.use(each.digest)
        self.trim()

    def here(self, layers: list[Layer]) -> bool:
        return {each.digest for each in layers} <= {d for d, _ in self.stored}


LAYERS = [layer(f"layer {i}", size) for i, size in enumerate((1, 2, 3, 5, 8))]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["hold", "hold", "wait", "wait", "release", "crash"]),
            st.lists(st.integers(0, 4), min_size=1, max_size=4, unique=True),
        ),
        max_size=30,
    ),
    st.sampled_from([0, 4, 9, 100]),
)
def test_s21_pulls_are_those_of_a_line_moved_on_second_by_second(steps: list[tuple[str, list[int]]], limit: int) -> None:
    cache, naive = LayerCache(mbps=MIB_A_SECOND, limit_mib=limit), NaiveCache(limit)
    holding: list[list[Layer]] = []
    ready: list[tuple[list[Layer], float]] = []
    sent = 0
    for what, which in steps:
        layers = [LAYERS[i] for i in which]
        if what == "hold":
            pull = cache.hold(layers, now=float(naive.now))
            naive.hold(layers)
            sent += pull.asked_mib
            holding.append(layers)
            ready.append((layers, pull.ready))
        elif what == "release" and holding:
            gone = holding.pop(which[0] % len(holding))
            cache.release(gone, now=float(naive.now))
            naive.release(gone)
            ready = [(each, time) for each, time in ready if each is not gone]
        elif what == "crash":
            for gone in holding:
                cache.release(gone, now=float(naive.now))
                naive.release(gone)
            holding, ready = [], []
            cache.crash(float(naive.now))
            naive.line = []
        elif what == "wait":
            for _ in range(sum(which)):
                naive.second()
                for each, time in ready:
                    assert naive.here(each) == (time <= naive.now)
                    assert cache.ready(each, float(naive.now)) == max(time, naive.now)
        assert list(cache.stored(float(naive.now)).items()) == naive.stored
        assert sent == sum(each.size_mib for digest in naive.sent for each in LAYERS if each.digest == digest)


def test_an_image_is_known_by_digest_and_name_and_the_name_can_move() -> None:
    store = ImageStore()
    old, new = image("train:latest", ("base", 10)), image("train:latest", ("base", 10), ("fix", 1))
    digest = store.register(old)
    store.register(new)
    assert store.get("train:latest") is new and store.get(digest) is old and len(store) == 2
    with pytest.raises(UnknownNameError, match="did you mean 'train:latest'"):
        store.get("train:lates")


def test_the_digest_of_an_image_is_that_of_its_content() -> None:
    base, code = layer("base", 10), layer("code", 1)
    assert Image("a", (base, code)).digest == Image("b", (base, code)).digest
    assert len({Image("a", layers, entry=e).digest for layers in ((base, code), (code, base), (base,)) for e in ("", "x")}) == 6
    assert Image("a", (base, code)).digest == "sha256:01acb505780f52b9113ac3b1ce05bad4bdaec6a3a5988fd15a01d7483dbf77b5"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Layer("sha256:12", 1),
        lambda: Layer.of("x", -1),
        lambda: Layer.of("x", 1.5),  # type: ignore[arg-type]
        lambda: Image("", ()),
        lambda: Image("sha256:" + "0" * 64, ()),
        lambda: Image("a", (layer("x", 1), layer("x", 2))),
        lambda: ImageStore([image("a", ("x", 1)), image("b", ("x", 2))]),
    ],
)
def test_a_bad_image_is_refused(make: object) -> None:
    with pytest.raises(OptionError):
        make()  # type: ignore[operator]
