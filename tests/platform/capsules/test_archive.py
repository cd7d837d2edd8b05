"""The file of a capsule: one spelling of ZIP, and nothing else."""

from __future__ import annotations

import io
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.platform.artifacts.capsules import CapsuleError, archive, git_pack
from mlplat.platform.artifacts.scm import ObjectError
from mlplat.platform.artifacts.scm.objects import framed, object_id

from ..scm.git_program import Git, needs_git

MEMBERS = {"a.json": b"1", "content/ab": b"x" * 100, "manifest.json": b"{}", "z": b""}
NAMES = st.from_regex(r"[a-z0-9][-_.a-z0-9]{0,5}(/[a-z0-9]{1,3})?", fullmatch=True)


@given(st.dictionaries(NAMES, st.binary(max_size=50), min_size=1, max_size=6))
def test_what_is_written_is_read_by_us_and_by_python(members: dict[str, bytes]) -> None:
    content = archive.written(members)
    assert archive.read(content) == members and content == archive.written(dict(reversed(members.items())))
    with zipfile.ZipFile(io.BytesIO(content)) as theirs:
        assert theirs.testzip() is None
        assert {name: theirs.read(name) for name in theirs.namelist()} == members
        assert theirs.namelist() == sorted(members)


def _zip(change: Callable[[zipfile.ZipInfo], object] = lambda info: None, names: tuple[str, ...] = ("a",), comment: bytes = b"") -> bytes:
    """A ZIP of Python's, which is ours but for one change."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as theirs:
        for name in names:
            info = zipfile.ZipInfo(name)
            info.create_version = info.extract_version = 10
            info.external_attr = 0o100644 << 16
            change(info)
            theirs.writestr(info, b"content " * 20)
        theirs.comment = comment
    return made.getvalue()


def _set(**values: object) -> Callable[[zipfile.ZipInfo], object]:
    def change(info: zipfile.ZipInfo) -> None:
        for name, value in values.items():
            setattr(info, name, value)

    return change


def _local(**values: int) -> bytes:
    """Our file with fields of its first header changed."""
    places = {"flags": (6, "<H"), "packed": (18, "<I"), "size": (22, "<I"), "method": (8, "<H")}
    content = bytearray(archive.written(MEMBERS))
    for name, value in values.items():
        place, form = places[name]
        struct.pack_into(form, content, place, value)
    return bytes(content)


def test_a_plain_zip_of_python_is_ours() -> None:
    assert list(archive.read(_zip(_set(external_attr=0o100644 << 16)).replace(b"\x14\x00", b"\x0a\x00"))) == ["a"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "begins with its first byte"),
        (b"junk" + archive.written(MEMBERS), "begins with its first byte"),
        (archive.written(MEMBERS) + b"\0", "1 bytes after the end"),
        (_zip(names=("../a",)), "a path inside the capsule"),
        (_zip(names=("/etc/passwd",)), "a path inside the capsule"),
        (_zip(names=("a\\b",)), "a path inside the capsule"),
        (_zip(names=("c:/a",)), "a path inside the capsule"),
        (_zip(names=("A", "a")), "a path inside the capsule"),
        (_zip(names=("\u00e9",)), "a path inside the capsule"),
        (_zip(names=("e\u0301",)), "a path inside the capsule"),
        (archive.written(MEMBERS).replace(b"a.json", b"a\0json"), "a path inside the capsule"),
        (_zip(names=("a/./b",)), "a path inside the capsule"),
        (_zip(names=("a/",)), "a path inside the capsule"),
        (archive.written({"a": b"", "b": b""}).replace(b"b", b"a"), "there twice"),
        (_zip(names=("b", "a")), "expected version 1.0|sorted by name"),
        (_zip(_set(compress_type=zipfile.ZIP_DEFLATED)), "compressed"),
        (_local(flags=1), "encrypted"),
        (_local(flags=8), "no flags"),
        (_local(size=2**32 - 1), "ZIP64"),
        (_local(size=10**9, packed=10**9), "declares 1,000,000,000 bytes"),
        (_local(size=10**9), "for 1,000,000,000; expected the same"),
        (_zip(_set(extra=b"\1\0\2\0ab")), "no extra fields"),
        (_zip(_set(external_attr=0o120777 << 16)).replace(b"\x14\x00", b"\x0a\x00"), "a link, a folder or a special file"),
        (_zip(_set(comment=b"hi")).replace(b"\x14\x00", b"\x0a\x00"), "says something else"),
        (_zip(comment=b"hello").replace(b"\x14\x00", b"\x0a\x00"), "without a comment"),
    ],
)
def test_a14_3_other_spellings_are_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(CapsuleError, match=reason):
        archive.read(content)


def test_a14_4_any_bit_of_an_archive_that_flips_is_found() -> None:
    content = archive.written(MEMBERS)
    for place in range(len(content)):
        for bit in range(8):
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            with pytest.raises(CapsuleError):
                archive.read(bytes(changed))
    for end in range(len(content)):
        with pytest.raises(CapsuleError):
            archive.read(content[:end])


def test_what_does_not_fit_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    with pytest.raises(OptionError, match="4 members"):
        archive.written(MEMBERS)


SIZES = (0, 1, 15, 16, 2047, 2048, 65_535, 65_536, 200_000)


def _frames() -> dict[str, bytes]:
    return {
        object_id(frame): frame for frame in (framed("blob", bytes(range(256)) * (size // 256) + b"x" * (size % 256)) for size in SIZES)
    }


def test_stored_blocks_are_read_by_zlib_and_packs_by_us() -> None:
    for size in SIZES:
        content = b"y" * size
        stored = git_pack._stored(content)
        assert zlib.decompress(stored) == content and len(stored) == git_pack._stored_length(size)
    assert git_pack.frames_of(git_pack.pack_of(_frames())) == _frames()


@needs_git
def test_a14_5_git_reads_packs(tmp_path: Path) -> None:
    git = Git(tmp_path).init()
    git("unpack-objects", "-q", given=git_pack.pack_of(_frames()))
    for number, frame in _frames().items():
        assert git("cat-file", "blob", number) == frame.partition(b"\0")[2]
    index = subprocess.run(
        ["git", "index-pack", "--stdin"], cwd=tmp_path, input=git_pack.pack_of(_frames()), capture_output=True, check=False
    )
    assert index.returncode == 0


@given(st.data())
def test_a_damaged_pack_is_an_error_of_ours(data: st.DataObject) -> None:
    content = bytearray(git_pack.pack_of({number: frame for number, frame in _frames().items() if len(frame) < 3000}))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ObjectError):
        git_pack.frames_of(bytes(content))
    with pytest.raises(ObjectError):
        git_pack.frames_of(bytes(content[:place]))
