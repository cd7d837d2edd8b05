"""The store on disk: what it refuses to open, and what it says of damage."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from mlplat.errors import IntegrityError, MlplatError
from mlplat.platform.storage import JournalError, Store, StoreError, digest_of
from mlplat.platform.storage.disk_store import _chained


def _filled(path: Path) -> list[str]:
    with Store.open(path) as store:
        digests = [store.put(bytes([i]) * (1 + 37 * i)) for i in range(8)]
        for i, digest in enumerate(digests):
            store.append("a" if i % 2 else "b", {"n": i, "digest": digest})
    return digests


def test_a_folder_of_other_things_is_no_store_and_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="expected a store"):
        Store.open(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(StoreError, match="expected a folder"):
        Store.open(tmp_path / "notes.txt")


def test_a_store_of_another_format_is_refused_with_the_one_expected(tmp_path: Path) -> None:
    _filled(tmp_path)
    with sqlite3.connect(tmp_path / "journal.sqlite3") as connection:
        connection.execute("UPDATE format SET version = 2")
    connection.close()
    with pytest.raises(StoreError, match="unknown format; expected format 1"):
        Store.open(tmp_path)


def test_a_database_of_somebody_else_is_no_store(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal.sqlite3") as connection:
        connection.execute("CREATE TABLE people (name TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="unknown format"):
        Store.open(tmp_path)


def test_one_process_has_it_at_a_time(tmp_path: Path) -> None:
    code = (
        "import sys; from mlplat.platform.storage import Store, StoreError\ntry: Store.open(sys.argv[1])\nexcept StoreError as e: print(e)"
    )
    with Store.open(tmp_path / "s") as store:
        store.append("a", {"n": 1})
        said = subprocess.run([sys.executable, "-c", code, str(tmp_path / "s")], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.rstrip().endswith("in use: another process has it open, or this one has not closed it"), said
    with pytest.raises(StoreError, match="was closed"):
        store.append("a", {"n": 2})
    with Store.open(tmp_path / "s") as again:
        assert list(again.records("a")) == [{"n": 1}]


def test_what_a_killed_process_left_unfinished_is_removed(tmp_path: Path) -> None:
    digests = _filled(tmp_path)
    left = tmp_path / "content" / "incomplete-4711"
    left.write_bytes(b"half")
    with Store.open(tmp_path) as store:
        assert not left.exists() and list(store.digests()) == sorted(digests)


def test_damaged_content_is_not_given_out_and_is_mended_by_putting_it_again(tmp_path: Path) -> None:
    digest = _filled(tmp_path)[3]
    with Store.open(tmp_path) as store:
        file = tmp_path / "content" / digest[7:9] / digest[9:]
        good = file.read_bytes()
        file.write_bytes(b"x" + good[1:])
        with pytest.raises(IntegrityError, match=digest):
            store.get(digest)
        store.discard(digest)
        assert store.put(good) == digest and store.get(digest) == good


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET body = replace(body, '3', '4') WHERE id = 4",
        "UPDATE record SET journal = 'b' WHERE id = 4",
        "DELETE FROM record WHERE id = 4",
        "UPDATE record SET digest = zeroblob(32) WHERE id = 4",
        "UPDATE record SET body = 7 WHERE id = 4",
        "UPDATE record SET digest = 'text' WHERE id = 4",
    ],
)
def test_a_record_that_was_changed_moved_or_taken_out_is_noticed(tmp_path: Path, statement: str) -> None:
    _filled(tmp_path)
    with sqlite3.connect(tmp_path / "journal.sqlite3") as connection:
        connection.execute(statement)
    connection.close()
    with Store.open(tmp_path) as store, pytest.raises(IntegrityError, match="record"):
        for journal in store.journals():
            list(store.records(journal))


@pytest.mark.parametrize("seed", range(8))
def test_a_store_with_flipped_bytes_gives_typed_errors_and_no_wrong_answer(tmp_path: Path, seed: int) -> None:
    """50 damages for each seed: the journal cut or flipped at random places, its log too, files of content replaced."""
    draw = random.Random(seed)
    path = tmp_path / "s"
    digests = _filled(path)
    with Store.open(path) as store:
        right = {journal: list(store.records(journal)) for journal in store.journals()}
    whole = (path / "journal.sqlite3").read_bytes()
    noticed = 0
    for _ in range(50):
        damaged = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        if draw.random() < 0.2:
            del damaged[draw.randrange(len(damaged)) :]
        (path / "journal.sqlite3").write_bytes(damaged)
        try:
            with Store.open(path) as store:
                for journal in store.journals():
                    found = list(store.records(journal))
                    assert found == right.get(journal, [])[: len(found)]
                assert all(digest_of(store.get(digest)) == digest for digest in digests)
        except MlplatError:
            noticed += 1
        for log in path.glob("journal.sqlite3-*"):
            log.unlink()
    assert noticed > 0


@pytest.mark.parametrize("fsync", [False, True])
def test_putting_content_mends_what_was_damaged_without_a_word(tmp_path: Path, fsync: bool) -> None:
    """What `put` has returned from can be read."""
    digest = _filled(tmp_path)[3]
    file = tmp_path / "content" / digest[7:9] / digest[9:]
    good = file.read_bytes()
    for bad in (b"x" + good[1:], b"", good + b"x"):
        file.write_bytes(bad)
        with Store.open(tmp_path, fsync=fsync) as store:
            assert store.put(good) == digest and store.get(digest) == good


def test_a_record_that_could_not_be_written_takes_the_whole_transaction_with_it(tmp_path: Path) -> None:
    """Also where whoever began it takes no notice of the error."""
    with Store.open(tmp_path / "s") as store:
        store.append("a", {"n": 1})
        assert store._connection is not None
        store._connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON record WHEN instr(new.body, x'37') BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        with pytest.raises(StoreError, match="full"):
            store.append("a", {"n": 2}, {"n": 7})
        with pytest.raises(StoreError, match="could not be written"), store.transaction():
            store.append("b", {"n": 3})
            with pytest.raises(StoreError, match="full"):
                store.append("a", {"n": 4}, {"n": 7})
        assert [list(store.records(journal)) for journal in ("a", "b")] == [[{"n": 1}], []]
        with store.transaction():
            store.append("a", {"n": 5})
    with Store.open(tmp_path / "s") as again:
        assert list(again.records("a")) == [{"n": 1}, {"n": 5}]


def test_files_that_are_no_content_are_not_counted_as_such(tmp_path: Path) -> None:
    digests = _filled(tmp_path)
    (tmp_path / "content" / digests[0][7:9] / "stray").write_bytes(b"x")
    (tmp_path / "content" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "content" / "zz").mkdir()
    with Store.open(tmp_path) as store:
        assert list(store.digests()) == sorted(digests)


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"NaN", b'{"a": 1e999}', b"\xff", b"[" * 100_000, b'{"a": "\\ud800"}'])
def test_a_body_that_is_no_record_is_named_though_the_chain_holds(tmp_path: Path, body: bytes) -> None:
    with Store.open(tmp_path / "s") as store:
        store.append("a", {"n": 1})
    with sqlite3.connect(tmp_path / "s" / "journal.sqlite3") as connection:
        last = connection.execute("SELECT digest FROM record").fetchone()[0]
        connection.execute("INSERT INTO record (journal, body, digest) VALUES ('a', ?, ?)", (body, _chained(last, "a", body)))
    connection.close()
    with Store.open(tmp_path / "s") as store, pytest.raises(JournalError, match="record 1 of a") as told:
        list(store.records("a"))
    assert (told.value.place, told.value.journal, told.value.record) == (str(tmp_path / "s"), "a", 1)


STEPS = ("os.mkdir", "open", "sqlite3.connect", "sqlite3.connect/handle")


def _open_and_be_killed(path: Path, steps: int) -> NoReturn:
    """Open a store, and be killed just before the step after so many, as the interpreter tells of them; exit with 0 if it has no more."""
    left = steps

    def count(event: str, _: Any) -> None:
        nonlocal left
        if event in STEPS:
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    try:
        sys.addaudithook(count)
        Store.open(path)
    finally:
        os._exit(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_store_that_was_killed_at_any_step_of_being_made_can_be_opened(tmp_path: Path) -> None:
    killed = 0
    while True:
        path = tmp_path / f"after-{killed}"
        child = os.fork()
        if child == 0:
            _open_and_be_killed(path, killed)
        ended = os.waitpid(child, 0)[1]
        with Store.open(path) as store:
            store.append("a", {"digest": store.put(b"rows")})
        if not os.WIFSIGNALED(ended):
            break
        killed += 1
    assert killed >= 3
