"""What a capsule consists of, and the members and manifest that this makes: the same parts make the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ....canonical import canonical_json
from ...storage.digests import PREFIX, digest_of
from ..metadata.lineage import fingerprint_of, lineage_parts
from ..metadata.nodes import Artifact, Link
from ..metadata.run_state import RunState, artifact_of

FORMAT = 1
MANIFEST, RUN, LINEAGE, EVENTS, PRINCIPALS, LICENCE = (
    "manifest.json",
    "run.json",
    "lineage.json",
    "events.json",
    "principals.json",
    "licence.txt",
)
Document = Mapping[str, Any]


class Parts(NamedTuple):
    """`run`: the run that made the model. `artifacts`: what it used and made, a document each, by resource. `events`: that led to the
    model. `principals`: who made what. `contents`: bytes by digest. `packs`: git's objects by the id of the commit.
    """

    run: Document
    artifacts: tuple[Document, ...]
    events: tuple[Document, ...]
    principals: tuple[Document, ...]
    licence: str
    contents: Mapping[str, bytes]
    packs: Mapping[str, bytes]

    @property
    def model(self) -> Document:
        """The document of the model that the run made."""
        ((_, made),) = self.run["outputs"].items()
        return self.by_resource[made["resource"]]

    @property
    def by_resource(self) -> dict[str, Document]:
        """The documents of the artifacts."""
        return {each["resource"]: each for each in self.artifacts}

    @property
    def withheld(self) -> tuple[Document, ...]:
        """What the run used of which there is a digest only, by resource."""
        there = self.by_resource
        rows = {row["resource"]: row["digest"] for row in self.run["inputs"].values() if row["resource"] not in there}
        return tuple({"resource": name, "digest": digest} for name, digest in sorted(rows.items()) if not is_known_by_name(name))


def is_known_by_name(resource: str) -> bool:
    """Whether there is nothing to hold of such a node but its name and digest: of a pipeline, unless its name is withheld."""
    return resource.startswith("pipeline:") and not is_stand_in(resource)


def is_stand_in(resource: str) -> bool:
    """Whether a name stands for one that is withheld (`stand_in`)."""
    return resource.partition("@")[0].endswith("/withheld")


def stand_in(resource: str, digest: str, project: str) -> str:
    """The name that stands for one that is withheld: its kind and digest; of a commit its id.

    >>> stand_in("repo:secret/core@" + "1" * 40, "", "shop")
    'repo:shop/withheld@1111111111111111111111111111111111111111'
    """
    kind, _, path = resource.partition(":")
    version = path.partition("@")[2] if kind == "repo" else digest or digest_of(resource.encode())
    return f"{kind}:{project}/withheld@{version}"


def contents_named(document: Document) -> Iterator[str]:
    """Digests of the contents that the document of an artifact names, without the pieces of a dataset."""
    match document["kind"]:
        case "model":
            yield from (digest for _, digest, _, _ in document["parts"])
        case "dataset":
            yield document["manifest"]
            yield from (split["digest"] for split in document["splits"])
        case "image":
            yield document["manifest"]


def commit_of(document: Document) -> str:
    """The id of the commit of a document of that kind."""
    found: str = document["resource"].partition("@")[2]
    return found


def lineage_of(run: Document) -> Document:
    """The links of a run, what the fingerprint of its model's lineage is of, and the fingerprint."""
    state = RunState(run["resource"])
    state.seed = run["seed"]
    state.merged["parameters"] = dict(run["parameters"])
    inputs = {role: artifact_of(row) for role, row in run["inputs"].items()}
    links: dict[Link, Artifact] = {Link(one.resource, run["resource"], role): one for role, one in inputs.items()}
    parts = lineage_parts(state, links)
    made = [Link(run["resource"], row["resource"], role) for role, row in run["outputs"].items()]
    return {"links": sorted([*links, *made]), "parts": parts, "fingerprint": fingerprint_of(parts)}


def content_name(digest: str) -> str:
    """The member that a content is."""
    return f"content/{digest.removeprefix(PREFIX)}"


def members_of(parts: Parts) -> dict[str, bytes]:
    """All members but the manifest."""
    members = {
        RUN: canonical_json(parts.run),
        LINEAGE: canonical_json(lineage_of(parts.run)),
        EVENTS: canonical_json(parts.events),
        PRINCIPALS: canonical_json(parts.principals),
    }
    if parts.licence:
        members[LICENCE] = parts.licence.encode()
    members |= {f"artifacts/{number}.json": canonical_json(each) for number, each in enumerate(parts.artifacts)}
    members |= {content_name(digest): content for digest, content in parts.contents.items()}
    return members | {f"code/{number}.pack": content for number, content in parts.packs.items()}


def manifest_of(parts: Parts, members: Mapping[str, bytes], origins: Mapping[str, str], library: str) -> Document:
    """The manifest. `origins`: of each content, by digest, the resource that it is of. `library`: version of the library."""
    model, lineage, withheld = parts.model, lineage_of(parts.run), parts.withheld
    origin = {content_name(digest): resource for digest, resource in origins.items()}
    origin |= {f"artifacts/{number}.json": each["resource"] for number, each in enumerate(parts.artifacts)}
    for each in parts.artifacts[::-1]:
        if each["kind"] == "repo":
            origin[f"code/{commit_of(each)}.pack"] = each["resource"]
    origin[RUN] = parts.run["resource"]
    rows = [
        {
            "name": name,
            "digest": digest_of(content),
            "size": len(content),
            "kind": name.partition("/")[0].partition(".")[0],
            "origin": origin.get(name, model["resource"]),
        }
        for name, content in sorted(members.items())
    ]
    return {
        "format": FORMAT,
        "library": library,
        "model": model["resource"],
        "fingerprint": lineage["fingerprint"],
        "outputs": {role: row["digest"] for role, row in parts.run["outputs"].items()},
        "self_contained": not withheld,
        "withheld": withheld,
        "members": rows,
    }
