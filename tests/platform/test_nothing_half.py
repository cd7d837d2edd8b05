"""A call that fails or is killed at any operation of the store has changed everything or nothing, in the live platform and in its store."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import MlplatError
from mlplat.platform.storage import Store, StoreError

from .states import differing, state_of
from .writing_calls import CALLS, READING, SEVERAL, ada_of, fill

IN_TWO_JOURNALS = ("models.register", "serving.deploy")
"""What the Metadata Store hears of and keeps by itself, after the fact: a model that names its commit, of which a run knows more; what is
served."""


class Killed(BaseException):
    """The process ends here."""


class FailingStore(Store):
    """A copy of a store, of which one operation fails. `at`: which one, counted from 1; 0 for none.

    `killed`: the operation takes place and nothing comes after it; otherwise it does not take place and says so.
    """

    def __init__(self, source: Store, at: int = 0, *, killed: bool = False) -> None:
        super().__init__()
        self._content = dict(source._content)
        self._journals = {journal: list(records) for journal, records in source._journals.items()}
        self.at, self.killed, self.operations = 0, killed, 0
        self._wanted = at

    def arm(self) -> None:
        """Count from here."""
        self.at = self._wanted

    def _operate(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        self.operations += self.at > 0
        failing = self.operations == self.at > 0
        if failing and not self.killed:
            raise StoreError("the store", "no room")
        answer = operation(*arguments)
        if failing:
            raise Killed
        return answer

    def put(self, content: bytes) -> str:
        return str(self._operate(super().put, content))

    def get(self, digest: str) -> bytes:
        found: bytes = self._operate(super().get, digest)
        return found

    def discard(self, digest: str) -> bool:
        return bool(self._operate(super().discard, digest))

    def append(self, journal: str, *records: Any) -> None:
        self._operate(super().append, journal, *records)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with super()._transaction():
            yield
            if not self.killed:
                self._operate(lambda: None)
        if self.killed:
            self._operate(lambda: None)


@pytest.fixture(scope="module")
def world() -> Store:
    """A store with some of everything."""
    store = Store()
    fill(store)
    return store


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory, world: Store) -> Path:
    """git's repository in a folder."""
    pytest.importorskip("dulwich")
    path = tmp_path_factory.mktemp("git") / "churn.git"
    platform = mp.Platform(store=FailingStore(world))
    platform.scm.export_repository("shop/churn", path, actor=ada_of(platform))
    return path


def _public(kind: type) -> set[str]:
    return {name for name, member in inspect.getmembers(kind, callable) if not name.startswith("_")}


def test_every_public_call_is_among_those_that_write_or_those_that_do_not() -> None:
    platform = mp.Platform()
    there = {f"{source}.{name}" for source, component in platform.components.items() for name in _public(type(component))}
    reading = {f"{source}.{name}" for source, names in READING.items() for name in names.split()}
    assert there == {*CALLS, *SEVERAL, *reading} and not reading & {*CALLS, *SEVERAL}


def test_a_platform_folded_anew_stands_where_the_live_one_stands(world: Store) -> None:
    store = Store()
    assert differing(state_of(fill(store)), state_of(mp.Platform(store=store))) == ""


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_fails_at_any_operation_of_the_store_has_done_all_or_nothing(name: str, world: Store, git: Path) -> None:
    def attempt(at: int, *, killed: bool = False) -> tuple[mp.Platform, FailingStore, bool]:
        store = FailingStore(world, at, killed=killed)
        platform = mp.Platform(store=store)
        who = ada_of(platform), platform.admin
        store.arm()
        try:
            CALLS[name](platform, *who, git)
        except StoreError as error:
            assert "no room" in str(error)
        except Killed:
            pass
        else:
            store.at = 0
            return platform, store, True
        store.at = 0
        return platform, store, False

    old = state_of(mp.Platform(store=FailingStore(world)))
    done, store, ended = attempt(10_000)
    new = state_of(done)
    assert ended and differing(old, new), "the call changes nothing"
    assert differing(new, state_of(mp.Platform(store=store))) == ""
    for at in range(1, store.operations + 1):
        for killed in (False, True):
            platform, left, ended = attempt(at, killed=killed)
            assert not ended
            found = state_of(mp.Platform(store=left))
            if name in IN_TWO_JOURNALS:
                assert all(found[part] in (old[part], new[part]) for part in found)
                source = name.partition(".")[0]
                assert found["metadata"] == old["metadata"] or found[source] == new[source]
            else:
                assert found in (old, new), f"operation {at}: {differing(old, found)}; {differing(new, found)}"
            if not killed:
                assert differing(state_of(platform), found) == "", f"operation {at}"
                CALLS[name](platform, ada_of(platform), platform.admin, git) if found == old else None
                assert found != old or differing(state_of(platform), state_of(mp.Platform(store=left))) == ""
    assert store.operations > 0


def test_within_a_capture_each_component_has_all_or_nothing_and_what_is_missing_is_named(world: Store) -> None:
    """A version and the run's record of it are in two journals: the version comes first, and the run may be missing the link."""

    def publish(at: int) -> tuple[mp.Platform, FailingStore]:
        store = FailingStore(world, at, killed=True)
        platform = mp.Platform(store=store)
        ada = ada_of(platform)
        capture = platform.metadata.capture("shop/r7", seed=1, actor=ada)
        with capture._cause:
            store.arm()
            with suppress(Killed):
                platform.models.register("shop/churn", b"new", run="run:shop/r7", actor=ada)
        return platform, store

    _, store = publish(10_000)
    operations, store.at = store.operations, 0
    new = state_of(mp.Platform(store=store))
    assert operations == 3
    for at in range(1, operations + 1):
        _, left = publish(at)
        left.at = 0
        found = state_of(mp.Platform(store=left))
        assert (found["models"] == new["models"], found["metadata"] == new["metadata"]) == (at >= 2, at >= 3)
        if at == 2:
            again = mp.Platform(store=left)
            assert again.metadata.lineage("shop/churn@3", actor=again.admin).missing


def test_a_call_that_fails_can_be_made_again(world: Store) -> None:
    store = FailingStore(world, 1)
    platform = mp.Platform(store=store)
    ada = ada_of(platform)
    store.arm()
    with pytest.raises(MlplatError, match="no room"):
        platform.data.publish("shop/clicks", b"new", actor=ada)
    assert platform.data.publish("shop/clicks", b"new", actor=ada).version == 4


def test_where_the_disk_is_full_a_call_says_so_and_nothing_is_half(tmp_path: Path) -> None:
    """Files may not grow, at some size of the log or of content; then they may again."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with mp.Platform.open(tmp_path / "s") as platform:
        admin, refused = platform.admin, 0
        platform.identity.create_project("shop", owner=admin, actor=admin)
        platform.scm.create_repository("shop/code", actor=admin)
        for number in range(60):
            largest = max(file.stat().st_size for file in (tmp_path / "s").rglob("*") if file.is_file())
            if number % 2:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest + number * 50, hard))
            try:
                platform.scm.commit("shop/code", "main", {f"f{number}": bytes(number * 100)}, "one", actor=admin)
                platform.data.publish("shop/d", bytes([number]) * number * 1000, tags=["now"], actor=admin)
            except StoreError:
                refused += 1
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            if number % 6 == 1:
                assert differing(state_of(platform), state_of(mp.Platform(platform.sim, store=platform.store))) == ""
        before = state_of(platform)
        assert refused >= 10 and platform.verify(actor=admin)
    with mp.Platform.open(tmp_path / "s") as again:
        assert differing(before, state_of(again)) == ""


def test_a_platform_that_cannot_write_its_last_decisions_lets_the_store_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = mp.Platform.open(tmp_path / "s")
    platform.identity.create_user("ada", actor=platform.admin)

    def full(*_: Any) -> None:
        raise StoreError(tmp_path, "no room")

    with monkeypatch.context() as patch, pytest.raises(StoreError, match="no room"):
        patch.setattr(platform.store, "append", full)
        platform.close()
    with mp.Platform.open(tmp_path / "s") as again:
        assert len(again.identity.principals(actor=again.admin)) == 2
