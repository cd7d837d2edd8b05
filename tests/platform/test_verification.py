"""Reading a store from end to end: what is missing and what is damaged is named, and nothing else."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import mlplat as mp
from mlplat import cli
from mlplat.errors import AccessDenied, MlplatError
from mlplat.platform.checking import check_folder
from mlplat.platform.storage import DamageKind, Store, StoreError

from .states import state_of
from .writing_calls import ada_of, fill


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with some of everything."""
    path = tmp_path_factory.mktemp("whole") / "s"
    with Store.open(path) as store:
        fill(store)
    return path


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(whole, tmp_path / "s")
    return tmp_path / "s"


def _file(folder: Path, digest: str) -> Path:
    return folder / "content" / digest[7:9] / digest[9:]


def test_a_sound_platform_is_sound_and_is_not_changed_by_looking(folder: Path) -> None:
    with mp.Platform.open(folder) as platform:
        loose = platform.store.put(b"of a call that failed")
        before = state_of(platform)
        found = platform.verify(actor=platform.admin)
        named = {digest for component in platform.components.values() for digest in component._contents()}
        assert found and found.damages == () and found.contents == len(named) > 20 and found.loose == 1
        assert found.journals == len(list(platform.store.journals())) >= 8
        assert found.size_bytes == sum(map(platform.store.size, named))
        assert state_of(platform) == before and loose in platform.store
        assert str(found).startswith("sound: ") and "sound" in found._repr_html_()


def test_only_administrators_look_at_everything(folder: Path) -> None:
    with mp.Platform.open(folder) as platform, pytest.raises(AccessDenied, match="admin"):
        platform.verify(actor=ada_of(platform))


def test_each_content_that_is_damaged_or_missing_is_named_with_who_needs_it_and_mended_by_putting_it_again(folder: Path) -> None:
    """Of a third of what is named in turn; a manifest that is gone hides nothing else."""
    with mp.Platform.open(folder) as platform:
        store, admin = platform.store, platform.admin
        named = {digest: source for source, component in platform.components.items() for digest in component._contents()}
        for number, (digest, source) in enumerate(sorted(named.items())[::3]):
            content, file = store.get(digest), _file(folder, digest)
            if number % 2:
                file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
            else:
                store.discard(digest)
            found = platform.verify(actor=admin)
            assert not found and [(each.kind, each.what) for each in found.damages] == [
                (DamageKind.DAMAGED if number % 2 else DamageKind.MISSING, digest)
            ]
            assert source in found.damages[0].named_by and digest in str(found) and digest in found._repr_html_()
            assert store.put(content) == digest and store.get(digest) == content
        assert platform.verify(actor=admin)


def test_several_damages_are_all_told(folder: Path) -> None:
    with mp.Platform.open(folder) as platform:
        lost = [kept.manifest for kept in platform.data._catalogue] + [kept.statistics for kept in platform.data._catalogue]
        for digest in set(lost):
            platform.store.discard(digest)
        found = platform.verify(actor=platform.admin)
        assert {each.what for each in found.damages} == set(lost)
        assert all(each.named_by == ("data",) and each.kind is DamageKind.MISSING for each in found.damages)


def test_a_folder_is_checked_from_outside(folder: Path) -> None:
    with mp.Platform.open(folder) as platform:
        inside = platform.verify(actor=platform.admin)
    assert check_folder(folder).to_dict() == inside.to_dict() | {"records": check_folder(folder).records}
    assert check_folder(folder)


def _break_record(folder: Path) -> None:
    with sqlite3.connect(folder / "journal.sqlite3") as connection:
        connection.execute("UPDATE record SET body = replace(body, 'shop', 'shoq') WHERE journal = 'models' AND id % 3 = 0")
    connection.close()


def _break_pack(folder: Path) -> None:
    with mp.Platform.open(folder) as platform:
        pack = next(iter(platform.scm._packs))
    _file(folder, pack).write_bytes(b"x")


def _break_database(folder: Path) -> None:
    (folder / "journal.sqlite3").write_bytes(b"not a database" * 1000)


@pytest.mark.parametrize(("damage", "kind"), [(_break_record, "journal"), (_break_pack, "damaged"), (_break_database, "journal")])
def test_a_folder_over_which_no_platform_can_be_opened_is_told_of_all_the_same(
    folder: Path, damage: Callable[[Path], None], kind: str
) -> None:
    damage(folder)
    with pytest.raises(MlplatError):
        mp.Platform.open(folder)
    found = check_folder(folder)
    assert not found and kind in {each.kind for each in found.damages}


def _run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["mlplat", *arguments])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    return int(leaving.value.code or 0)


def test_the_command_line_tells_by_its_exit_status(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _run(["store", "check", str(folder)], monkeypatch) == 0
    assert capfd.readouterr().out.startswith("sound: ")
    digest = next(iter(Store.open(folder).digests()))
    _file(folder, digest).unlink()
    assert _run(["store", "check", str(folder), "--json"], monkeypatch) == 1
    told = json.loads(capfd.readouterr().out)
    assert told["sound"] is False and digest in str(told["damages"])
    for other in (tmp_path / "nothing", tmp_path):
        assert _run(["store", "check", str(other)], monkeypatch) == 2
        output = capfd.readouterr()
        assert output.out == "" and "expected a store" in output.err
        assert not (tmp_path / "nothing").exists() and not (tmp_path / "journal.sqlite3").exists()


def test_what_is_in_use_or_of_another_format_is_not_checked(folder: Path) -> None:
    with sqlite3.connect(folder / "journal.sqlite3") as connection:
        connection.execute("UPDATE format SET version = 2")
    connection.close()
    with pytest.raises(StoreError, match="unknown format"):
        check_folder(folder)


def test_a_store_that_no_platform_has_used_is_read_and_stays_as_it_is(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s") as store:
        store.put(b"rows")
        store.append("notes", {"n": 1})
    found = check_folder(tmp_path / "s")
    assert found and (found.contents, found.records) == (1, 1)
    with Store.open(tmp_path / "s") as store:
        assert list(store.journals()) == ["notes"]
