"""Objects of git: blobs, trees, commits and annotated tags, their bytes and their ids.

An object is kept in its *framed* form, `<type> <length>\\0<content>`; its id is the SHA-1 of that, so that it equals git's.
Source: git's documentation, gitformat-* and `git help hash-object`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from hashlib import sha1
from typing import Final, NamedTuple

from ....errors import OptionError, printable
from .errors import ObjectError
from .paths import is_name

FILE: Final = "100644"
EXECUTABLE: Final = "100755"
SYMLINK: Final = "120000"
FOLDER: Final = "40000"
SUBMODULE: Final = "160000"
"""A commit of another repository. It is kept as it is, and never followed."""
MODES: Final = (FILE, EXECUTABLE, SYMLINK, FOLDER, SUBMODULE)
KINDS: Final = ("blob", "tree", "commit", "tag")
NO_ID: Final = "0" * 40

_ID = re.compile(r"[0-9a-f]{40}", re.ASCII)
_TIMEZONE = re.compile(r"[-+]\d{4}", re.ASCII)
_PERSON = re.compile(rb"([^<>\n]*?) ?<([^<>\n]*)> (\d{1,18}) ([-+]\d{4})")
_ENCODINGS = ("utf-8", "ascii", "iso8859", "cp125", "cp8", "cp9", "koi8", "euc_", "shift_jis", "gb", "big5", "mac")
_FORBIDDEN = re.compile("[<>\n\0]")


def framed(kind: str, content: bytes) -> bytes:
    """The bytes of an object."""
    return b"%s %d\0%s" % (kind.encode(), len(content), content)


def object_id(frame: bytes) -> str:
    """The id of a framed object.

    >>> object_id(framed("blob", b"hello\\n"))
    'ce013625030ba8dba906f756967f9e9ca394464a'
    """
    return sha1(frame, usedforsecurity=False).hexdigest()


def unframed(frame: bytes) -> tuple[str, bytes]:
    """Kind and content of a framed object. Raises ObjectError."""
    head, nul, content = frame.partition(b"\0")
    kind, space, length = head.partition(b" ")
    if not nul or not space or kind.decode("ascii", "replace") not in KINDS or length != b"%d" % len(content):
        raise ObjectError(f"{printable(repr(bytes(frame[:40])))}: expected '<type> <length>', a NUL, and content of that length")
    return kind.decode(), content


def kind_of(frame: bytes) -> str:
    """Kind of an object that was checked."""
    return frame[: frame.index(b" ")].decode()


def content_of(frame: bytes) -> bytes:
    """Content of an object that was checked."""
    return frame[frame.index(b"\0") + 1 :]


def is_id(text: object) -> bool:
    """Whether this is an object id, 40 hexadecimal digits."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


class Entry(NamedTuple):
    """An entry of a tree. `line`: its bytes in the tree."""

    mode: str
    id: str
    line: bytes


Tree = Mapping[str, Entry]
"""Entries by name, in git's order: by code point, a folder as if its name ended in `/`."""


def entry(name: str, mode: str, number: str) -> Entry:
    """An entry of a tree."""
    return Entry(mode, number, f"{mode} {name}\0".encode() + bytes.fromhex(number))


def in_order(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """The same entries in git's order."""
    return dict(sorted(entries.items(), key=_place))


def _place(item: tuple[str, Entry]) -> str:
    return item[0] + "/" if item[1].mode == FOLDER else item[0]


def tree_frame(entries: Tree) -> bytes:
    """A framed tree of entries that are in order."""
    content = b"".join([found.line for found in entries.values()])
    return b"tree %d\0%s" % (len(content), content)


def parse_tree(content: bytes, number: str = "") -> dict[str, Entry]:
    """The entries of a tree. Raises ObjectError for what git would not write, and for names and modes that are not taken."""
    entries: dict[str, Entry] = {}
    start, before = 0, ""
    while start < len(content):
        end = content.find(b"\0", start)
        if end < 0 or end + 21 > len(content):
            raise ObjectError("a tree that ends within an entry", number)
        mode, _, raw = content[start:end].partition(b" ")
        try:
            name = raw.decode()
        except UnicodeDecodeError:
            raise ObjectError(f"the name {printable(repr(raw[:80]))} is not UTF-8", number) from None
        kind = mode.decode("ascii", "replace")
        if kind not in MODES:
            raise ObjectError(f"mode {printable(kind[:20])!r} of {printable(name[:80])!r}: expected one of {', '.join(MODES)}", number)
        if not is_name(name):
            raise ObjectError(f"{printable(name[:80])!r} is no name of an entry", number)
        found = Entry(kind, content[end + 1 : end + 21].hex(), content[start : end + 21])
        place = _place((name, found))
        if place <= before or name in entries:
            raise ObjectError(f"{printable(name[:80])!r} is not in its place, or is there twice", number)
        entries[name] = found
        start, before = end + 21, place
    return entries


class Person(NamedTuple):
    """Who wrote or committed, and when: whole seconds since 1970 and the offset of the time zone, such as `+0100`."""

    name: str
    email: str
    seconds: int
    timezone: str = "+0000"

    @property
    def line(self) -> str:
        """As it stands in a commit."""
        return f"{self.name} <{self.email}> {self.seconds} {self.timezone}"


def person(name: str, email: str, seconds: int, timezone: str = "+0000") -> Person:
    """A person at a time. Raises OptionError for what cannot stand in a commit."""
    for what, text in (("name", name), ("email", email)):
        if not isinstance(text, str) or _FORBIDDEN.search(text) or text != text.strip() or (what == "name" and not text):
            raise OptionError(f"author's {what} {printable(str(text)[:80])!r}: expected text without '<', '>' and line feeds")
    if not isinstance(timezone, str) or _TIMEZONE.fullmatch(timezone) is None or int(timezone[3:]) > 59 or int(timezone[1:3]) > 14:
        raise OptionError(f"timezone={printable(str(timezone)[:20])!r}: expected such as '+0100'")
    if seconds < 0:
        raise OptionError(f"a commit at {seconds} s before 1970: git knows no such time; give the simulation a later epoch")
    return Person(name, email, seconds, timezone)


def parse_author(text: str) -> tuple[str, str]:
    """Name and address of `Ada Lovelace <ada@example.org>`. Raises OptionError."""
    name, less, rest = str(text).partition(" <")
    if not less or not rest.endswith(">"):
        raise OptionError(f"author={printable(str(text)[:80])!r}: expected such as 'Ada Lovelace <ada@example.org>'")
    return name, rest[:-1]


class Commit(NamedTuple):
    """A commit. `tree`, `parents`: ids. `message`: in full."""

    id: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str

    @property
    def title(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    def __str__(self) -> str:
        return f"{self.id[:10]} {printable(self.title)}"


def commit_frame(tree: str, parents: Iterable[str], author: Person, committer: Person, message: str) -> bytes:
    """A framed commit, in UTF-8."""
    above = "".join([f"parent {parent}\n" for parent in parents])
    content = f"tree {tree}\n{above}author {author.line}\ncommitter {committer.line}\n\n{message}".encode()
    return b"commit %d\0%s" % (len(content), content)


def parse_commit(content: bytes, number: str = "") -> Commit:
    """A commit from its content. Headers that are not known here stay in its bytes; the text is read in the encoding it declares.

    Raises ObjectError.
    """
    head, blank, message = content.partition(b"\n\n")
    if not blank:
        head, message = content.removesuffix(b"\n"), b""
    lines = head.split(b"\n")
    tree = _reference(lines, b"tree", number)
    parents = []
    while lines and lines[0].startswith(b"parent "):
        parents.append(_reference(lines, b"parent", number))
    encoding = next((line[9:].decode("ascii", "replace") for line in lines if line.startswith(b"encoding ")), "utf-8")
    author, committer = (_person(lines, role, encoding, number) for role in (b"author", b"committer"))
    return Commit(number, tree, tuple(parents), author, committer, _text(message, encoding))


class Tag(NamedTuple):
    """An annotated tag. `target`: the id of what it names, `kind`: of what kind that is."""

    id: str
    target: str
    kind: str
    name: str
    tagger: Person | None
    message: str


def tag_frame(target: str, kind: str, name: str, tagger: Person, message: str) -> bytes:
    """A framed annotated tag."""
    return framed("tag", f"object {target}\ntype {kind}\ntag {name}\ntagger {tagger.line}\n\n{message}".encode())


def parse_tag(content: bytes, number: str = "") -> Tag:
    """An annotated tag from its content. Raises ObjectError."""
    head, _, message = content.partition(b"\n\n")
    lines = head.split(b"\n")
    target = _reference(lines, b"object", number)
    kind, name = (_header(lines, key, number).decode("utf-8", "replace") for key in (b"type", b"tag"))
    if kind not in KINDS:
        raise ObjectError(f"a tag of a {printable(kind[:20])!r}: expected one of {', '.join(KINDS)}", number)
    tagger = _person(lines, b"tagger", "utf-8", number) if lines and lines[0].startswith(b"tagger ") else None
    return Tag(number, target, kind, name, tagger, message.decode("utf-8", "replace"))


def _header(lines: list[bytes], key: bytes, number: str) -> bytes:
    if not lines or not lines[0].startswith(key + b" "):
        found = printable(repr(lines[0][:60])) if lines else "its end"
        raise ObjectError(f"expected a line '{key.decode()} …', found {found}", number)
    return lines.pop(0)[len(key) + 1 :]


def _reference(lines: list[bytes], key: bytes, number: str) -> str:
    found = _header(lines, key, number).decode("ascii", "replace")
    if not is_id(found):
        raise ObjectError(f"{key.decode()} {printable(found[:60])!r}: expected 40 hexadecimal digits", number)
    return found


def _person(lines: list[bytes], role: bytes, encoding: str, number: str) -> Person:
    found = _header(lines, role, number)
    match = _PERSON.fullmatch(found)
    if match is None:
        raise ObjectError(f"{role.decode()} {printable(repr(found[:80]))}: expected 'name <address> seconds timezone'", number)
    name, email, seconds, timezone = match.groups()
    return Person(_text(name, encoding), _text(email, encoding), int(seconds), timezone.decode())


def _text(content: bytes, encoding: str) -> str:
    """Text in a declared encoding; in UTF-8 where that is none of people's. Python knows others too, which do more than to read text."""
    try:
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        name = ""
    return content.decode(name if name.startswith(_ENCODINGS) else "utf-8", "replace")


class File(NamedTuple):
    """A file of a tree: its content and mode; of a symbolic link the content is its target, of a submodule it is empty.

    >>> File(b"#!/bin/sh\\n", EXECUTABLE).mode
    '100755'
    """

    content: bytes
    mode: str = FILE
