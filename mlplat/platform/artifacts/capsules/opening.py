"""Opening a capsule: everything in it is checked against everything else, in memory; nothing is stored, unpacked to files or run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedIOBase, RawIOBase
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NoReturn

from ....canonical import canonical_json
from ....errors import InputError, OptionError, shown
from ...storage.digests import check_digest, digest_of
from ..data.content import Draft
from ..data.naming import split_record
from ..data.publishing import _check_keys
from ..images.manifests import Manifest
from ..models.artifact_parts import array_of, digest_of_artifact
from ..scm.object_store import ObjectStore, checked
from . import archive, datasets, documents, git_pack
from .errors import CapsuleError, blaming
from .parts import (
    EVENTS,
    FORMAT,
    LICENCE,
    LINEAGE,
    MANIFEST,
    PRINCIPALS,
    RUN,
    Document,
    Parts,
    commit_of,
    content_name,
    is_stand_in,
    manifest_of,
    members_of,
)

MAX_BYTES = 2**30
"""Bytes of a file that is read, unless said."""
LONGEST_LICENCE = 2**20


@dataclass(frozen=True, slots=True)
class Capsule:
    """A capsule whose every byte was checked.

    `digest`: of the file, of `size` bytes. `members`: by name. `frames`: git's objects of each commit. `datasets`: of each, by resource,
    how it would be kept, its content, and its splits with their assignments.
    """

    digest: str
    size: int
    manifest: Document
    members: Mapping[str, bytes]
    parts: Parts
    frames: Mapping[str, Mapping[str, bytes]]
    datasets: Mapping[str, tuple[Draft, Any, tuple[tuple[Document, bytes], ...]]]


def content_of_file(file: object, max_bytes: int) -> bytes:
    """The bytes of a capsule: as they are, of a file by its path, or of a binary file. Raises InputError, CapsuleError, OptionError."""
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 1:
        raise OptionError(f"max_bytes={max_bytes!r:.40}: expected a number of bytes")
    if isinstance(file, bytes):
        content = file
    elif isinstance(file, (str, PathLike)):
        try:
            if not Path(fspath(file)).is_file():
                raise InputError("cannot be read: no file of this name", path=shown(file))
            with Path(fspath(file)).open("rb") as opened:
                content = opened.read(max_bytes + 1)
        except (OSError, ValueError) as error:
            raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", path=shown(file)) from None
    elif isinstance(file, (RawIOBase, BufferedIOBase)):
        content = file.read(max_bytes + 1) or b""
    else:
        raise OptionError(f"a {type(file).__name__} as capsule; expected a path, bytes or a binary file")
    if len(content) > max_bytes:
        raise CapsuleError(archive.END, f"more than {max_bytes:,} bytes; expected at most max_bytes={max_bytes:,}")
    return content


def open_capsule(content: bytes) -> Capsule:
    """A capsule from the bytes of its file. Raises CapsuleError, with the member where it is wrong."""
    members = archive.read(content)
    manifest = _manifest(members)
    _check_members(manifest, members)
    documented = {name: member for name, member in members.items() if name.startswith("artifacts/")}
    artifacts = tuple(documents.read_artifact(documented[name], name) for name in sorted(documented, key=lambda name: (len(name), name)))
    licence = ""
    with blaming(LICENCE):
        if LICENCE in members:
            licence = members[LICENCE].decode()
            if not licence or len(licence) > LONGEST_LICENCE or "\0" in licence:
                raise OptionError(f"expected text of at most {LONGEST_LICENCE:,} characters")
    parts = Parts(
        documents.read_run(members[RUN], RUN),
        artifacts,
        documents.read_events(members[EVENTS], EVENTS),
        documents.read_principals(members[PRINCIPALS], PRINCIPALS),
        licence,
        {row["digest"]: members[row["name"]] for row in manifest["members"] if row["name"] == content_name(row["digest"])},
        {name[5:-5]: member for name, member in members.items() if name.startswith("code/") and name.endswith(".pack")},
    )
    _check_artifacts(parts)
    origins: dict[str, str] = {}
    frames: dict[str, Mapping[str, bytes]] = {}
    found: dict[str, tuple[Draft, Any, tuple[tuple[Document, bytes], ...]]] = {}
    for number, each in enumerate(artifacts):
        with blaming(f"artifacts/{number}.json"):
            match each["kind"]:
                case "model":
                    named = _check_model(each, parts.contents)
                case "image":
                    named = _check_image(each, parts.contents)
                case "dataset":
                    found[each["resource"]], named = _check_dataset(each, parts.contents)
                case _:
                    frames[commit_of(each)], named = _check_code(each, parts.packs), []
        for digest in named:
            origins.setdefault(digest, each["resource"])
    expected = members_of(parts)
    for name, member in members.items():
        if name != MANIFEST and expected.get(name) != member:
            raise CapsuleError(name, "it is not what the rest of the capsule makes it")
        if name.startswith("content/") and f"sha256:{name[8:]}" not in origins:
            raise CapsuleError(name, "nothing in the capsule names it")
        if name.startswith("code/") and name[5:-5] not in frames:
            raise CapsuleError(name, "nothing in the capsule names it")
    made = manifest_of(parts, expected, origins, manifest["library"])
    if canonical_json(made) != members[MANIFEST]:
        wrong = [key for key in made if canonical_json(made[key]) != canonical_json(manifest.get(key))]
        raise CapsuleError(MANIFEST, f"{', '.join(wrong) or 'more'}: not what the members make it")
    return Capsule(digest_of(content), len(content), manifest, members, parts, frames, found)


def _manifest(members: Mapping[str, bytes]) -> Document:
    if MANIFEST not in members:
        raise CapsuleError(MANIFEST, "it is missing")
    manifest = documents.parsed(members[MANIFEST], MANIFEST)
    with blaming(MANIFEST):
        if not isinstance(manifest, Mapping) or manifest.get("format") != FORMAT or isinstance(manifest["format"], bool):
            said = manifest.get("format") if isinstance(manifest, Mapping) else None
            raise OptionError(f"format {said!r:.40}: unknown; expected {FORMAT}")
        library = manifest.get("library")
        if not isinstance(library, str) or not 0 < len(library) <= 60 or not library.isprintable():
            raise OptionError("library: expected the version of the library that wrote it")
        for row in manifest["members"]:
            if row.keys() != {"name", "digest", "size", "kind", "origin"} or not isinstance(row["name"], str):
                raise OptionError("members: expected {digest, kind, name, origin, size} of each")
            check_digest(row["digest"])
    return manifest


def _check_members(manifest: Document, members: Mapping[str, bytes]) -> None:
    rows = {row["name"]: row for row in manifest["members"]}
    for name in sorted(rows.keys() | members.keys() | {RUN, LINEAGE, EVENTS, PRINCIPALS}):
        if name == MANIFEST:
            continue
        if name not in members:
            raise CapsuleError(name, "it is missing")
        if name not in rows:
            raise CapsuleError(name, "the manifest does not name it")
        if rows[name]["size"] != len(members[name]):
            raise CapsuleError(name, f"{len(members[name]):,} bytes; expected {rows[name]['size']!r:.40}")
        found = digest_of(members[name])
        if found != rows[name]["digest"]:
            raise CapsuleError(name, f"expected content with digest {rows[name]['digest']}, found {found}")


def _check_artifacts(parts: Parts) -> None:
    """That the artifacts are those that the run names, each once and with the digest that it names."""
    run, resources = parts.run, [each["resource"] for each in parts.artifacts]
    there = parts.by_resource
    rows = [*run["inputs"].values(), *run["outputs"].values()]
    if resources != sorted(set(resources)):
        raise CapsuleError(RUN, "artifacts in another order than that of their names, each once")
    for number, each in enumerate(parts.artifacts):
        said = {row["digest"] for row in rows if row["resource"] == each["resource"]}
        if said != {each.get("digest", "")}:
            raise CapsuleError(f"artifacts/{number}.json", "the run does not name it, or with another digest")
        if is_stand_in(each["resource"]):
            raise CapsuleError(f"artifacts/{number}.json", "a name that stands for what is withheld")
    ((_, made),) = run["outputs"].items()
    if made["resource"] not in there:
        raise CapsuleError(RUN, "the model that it made is missing")
    coded = {row["resource"] for row in run["inputs"].values()}
    for number, each in enumerate(parts.artifacts):
        if each["kind"] == "model":
            is_made = each["resource"] == made["resource"]
            if each["run"] != (run["resource"] if is_made else None) or (each["commit"] or run["resource"]) not in coded | {
                run["resource"]
            }:
                raise CapsuleError(f"artifacts/{number}.json", "a model of another run or commit")
    actors = {each["actor"] for each in (run, *parts.artifacts) if "actor" in each} - {documents.NOBODY}
    if actors != {each["id"] for each in parts.principals}:
        raise CapsuleError(PRINCIPALS, "expected those who made what is in the capsule, and nobody else")


def _held(contents: Mapping[str, bytes], digest: str) -> bytes:
    if digest not in contents:
        raise CapsuleError(content_name(digest), "it is missing")
    return contents[digest]


def _check_model(found: Document, contents: Mapping[str, bytes]) -> list[str]:
    digests = {}
    for name, digest, size, is_array in found["parts"]:
        content = _held(contents, digest)
        if len(content) != size:
            raise OptionError(f"part {name!r} of {size} bytes; it has {len(content)}")
        if is_array:
            array_of(content)
        digests[name] = digest
    if list(digests) != sorted(digests) or len(digests) != len(found["parts"]) or not digests or ("" in digests and len(digests) > 1):
        raise OptionError("expected parts sorted by name, each once")
    if digest_of_artifact(digests) != found["digest"]:
        _differs(found, digest_of_artifact(digests))
    return list(digests.values())


def _check_image(found: Document, contents: Mapping[str, bytes]) -> list[str]:
    manifest = Manifest.read(_held(contents, found["manifest"]))
    if manifest.digest != found["digest"]:
        _differs(found, manifest.digest)
    return [found["manifest"]]


def _check_dataset(
    found: Document, contents: Mapping[str, bytes]
) -> tuple[tuple[Draft, Any, tuple[tuple[Document, bytes], ...]], list[str]]:
    draft, content = datasets.drafted(_held(contents, found["manifest"]), contents)
    if draft.manifest.digest != found["digest"]:
        _differs(found, draft.manifest.digest)
    _check_keys(found["keys"], content)
    splits = []
    for split in found["splits"]:
        options = {name: split[name] for name in ("seed", "method", "by", "stratify")}
        record, assignment = split_record(content, draft.manifest.rows, {**options, "fractions": dict(split["fractions"])}, split["split"])
        if canonical_json(record) != canonical_json(split) or _held(contents, split["digest"]) != assignment:
            raise OptionError(f"split {split['split']!r} is not what its options make")
        splits.append((split, assignment))
    names = [split["split"] for split in found["splits"]]
    if names != sorted(set(names)):
        raise OptionError("expected splits sorted by name, each once")
    pieces = [chunk.digest for chunk in draft.manifest.chunks]
    return (draft, content, tuple(splits)), [found["manifest"], *pieces, *(split["digest"] for split in found["splits"])]


def _check_code(found: Document, packs: Mapping[str, bytes]) -> Mapping[str, bytes]:
    number = commit_of(found)
    name = f"code/{number}.pack"
    if number not in packs:
        raise CapsuleError(name, "it is missing")
    with blaming(name):
        frames = checked(git_pack.frames_of(packs[number]).values(), ObjectStore())
        store = ObjectStore()
        store.add(frames)
        if number not in store.links or set(store.closure([number])) != frames.keys():
            raise OptionError(f"expected the objects that commit {number} leads to, and no others")
    return frames


def _differs(found: Document, digest: str) -> NoReturn:
    raise OptionError(f"expected {found['resource']} with digest {found['digest']}, found {digest}")
