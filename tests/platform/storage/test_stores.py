"""Stores in memory and on disk: one interface, one behaviour."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import IntegrityError, MlplatError, OptionError
from mlplat.platform.storage import Store, UnknownContentError, digest_of


@pytest.fixture(params=["memory", "disk", "disk, fsync"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made = Store() if request.param == "memory" else Store.open(tmp_path / "store", fsync="fsync" in request.param)
    with made:
        yield made


def test_s48_equal_content_has_one_digest_and_is_kept_once(store: Store) -> None:
    first = store.put(b"rows")
    assert first == store.put(b"rows") == digest_of(b"rows")
    assert list(store.digests()) == [first]
    assert store.get(first) == b"rows" and store.size(first) == 4 and first in store


def test_content_that_is_not_there_is_said_to_be_unknown(store: Store) -> None:
    digest = digest_of(b"nothing")
    for ask in (store.get, store.size):
        with pytest.raises(UnknownContentError, match=digest):
            ask(digest)
    assert digest not in store and not store.discard(digest)


@pytest.mark.parametrize("wrong", ["", "sha256:", "../../etc/passwd", "sha256:" + "0" * 63 + "/", "sha256:" + "G" * 64, None, 3])
def test_what_is_no_digest_reaches_no_file(store: Store, wrong: Any) -> None:
    for ask in (store.get, store.size, store.discard):
        with pytest.raises(OptionError, match="expected 'sha256:'"):
            ask(wrong)


def test_content_that_was_discarded_can_be_put_again(store: Store) -> None:
    digest = store.put(b"rows")
    assert store.discard(digest) and digest not in store
    assert store.put(b"rows") == digest and store.get(digest) == b"rows"


def test_only_bytes_are_content(store: Store) -> None:
    wrong: Any = "rows"
    with pytest.raises(OptionError, match="expected bytes"):
        store.put(wrong)


def test_a_journal_has_its_records_in_order_and_no_others(store: Store) -> None:
    store.append("b", {"n": 1})
    store.append("a", {"n": 2}, {"n": 3, "parts": ["x", {"y": None}]})
    assert list(store.records("a")) == [{"n": 2}, {"n": 3, "parts": ("x", {"y": None})}]
    assert list(store.journals()) == ["a", "b"] and list(store.records("c")) == []


def test_of_several_records_all_are_kept_or_none(store: Store) -> None:
    with pytest.raises(OptionError, match=r"record\.x: nan"):
        store.append("a", {"n": 1}, {"x": float("nan")})
    wrong: Any = ["n"]
    with pytest.raises(OptionError, match="as record; expected a mapping"):
        store.append("a", wrong)
    assert list(store.records("a")) == [] and list(store.journals()) == []


def test_a_record_is_not_changed_by_what_becomes_of_its_maker(store: Store) -> None:
    parts = ["x"]
    store.append("a", {"parts": parts})
    parts.append("y")
    (record,) = store.records("a")
    assert record == {"parts": ("x",)}
    with pytest.raises(TypeError):
        record["n"] = 1  # type: ignore[index]


def test_a_transaction_that_raises_leaves_nothing(store: Store) -> None:
    store.append("a", {"n": 0})
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.append("a", {"n": 1})
        store.append("b", {"n": 2})
        raise ZeroDivisionError
    assert not store.in_transaction
    with store.transaction():
        assert store.in_transaction
        store.append("a", {"n": 3})
        with pytest.raises(OptionError, match="inside a transaction"), store.transaction():
            pass
    assert list(store.records("a")) == [{"n": 0}, {"n": 3}] and list(store.journals()) == ["a"]


@given(st.lists(st.tuples(st.sampled_from(["put", "discard", "append", "transaction", "reopen"]), st.integers(0, 5)), max_size=30))
def test_a_store_on_disk_stands_as_one_in_memory_whatever_is_done_and_reopened(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, int]]
) -> None:
    path = tmp_path_factory.mktemp("store")
    memory, disk = Store(), Store.open(path)
    for action, number in actions:
        content = bytes([number]) * number
        if action == "put":
            assert memory.put(content) == disk.put(content)
        elif action == "discard":
            assert memory.discard(digest_of(content)) == disk.discard(digest_of(content))
        elif action == "append":
            for store in (memory, disk):
                store.append(f"journal-{number % 2}", *[{"n": i} for i in range(number)])
        elif action == "transaction":
            for store in (memory, disk):
                with pytest.raises(MlplatError), store.transaction():
                    store.append("journal-0", {"n": -1})
                    store.get(digest_of(b"not there"))
        else:
            disk.close()
            disk = Store.open(path)
    assert list(memory.digests()) == list(disk.digests())
    assert list(memory.journals()) == list(disk.journals())
    for journal in memory.journals():
        assert list(memory.records(journal)) == list(disk.records(journal))
    disk.close()


def test_damaged_content_in_memory_is_not_given_out() -> None:
    store = Store()
    digest = store.put(b"rows")
    store._content[digest] = b"r0ws"
    with pytest.raises(IntegrityError, match=digest):
        store.get(digest)
