"""What there is to say about a capsule, and about an import of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ....errors import printable
from ....html_tables import facts
from ....version import VERSION
from .opening import Capsule
from .parts import Document


class Member(NamedTuple):
    """A part of the file. `size`: bytes. `kind`: such as `content`, `code`, `run`. `origin`: the resource that it is of."""

    name: str
    digest: str
    size: int
    kind: str
    origin: str


@dataclass(frozen=True, slots=True)
class CapsuleSummary:
    """What a capsule holds, as it was checked.

    `digest`: of the file, of `size` bytes. `library`: the version of the library that wrote it. `model`, `run`: resources, under the names
    that they have where they come from. `model_digest`: of the model's bytes. `fingerprint`: of its lineage. `artifacts`: resources.
    `withheld`: names that stand for what there is only a digest of; `self_contained`: there is none. `principals`: (id, name) of who made
    what. `events`: how many led to the model. `content`: the file, where it was not written anywhere.
    """

    digest: str
    size: int
    library: str
    model: str
    model_digest: str
    run: str
    fingerprint: str
    self_contained: bool
    artifacts: tuple[str, ...]
    withheld: tuple[str, ...]
    members: tuple[Member, ...]
    principals: tuple[tuple[str, str], ...]
    seed: int | None
    numerics: str
    events: int
    licence: str
    content: bytes | None = field(default=None, repr=False, compare=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before it is used."""
        found = []
        if self.library != VERSION:
            found.append(f"written by version {self.library} of the library, this is {VERSION}")
        if not self.self_contained:
            found.append(f"not self-contained: of {len(self.withheld)} artifacts there is only a digest")
        if not self.licence:
            found.append("no licence")
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """As values that JSON can say, without the file."""
        found = {name: getattr(self, name) for name in self.__slots__ if name != "content"}
        return found | {"members": [member._asdict() for member in self.members], "notes": self.notes}

    def _rows(self) -> list[tuple[str, str]]:
        rows = [("capsule", self.digest), ("size", f"{self.size:,} bytes in {len(self.members):,} members"), ("model", self.model)]
        rows += [("digest", self.model_digest), ("fingerprint", self.fingerprint), ("run", self.run), ("seed", str(self.seed))]
        rows += [("holds", name) for name in self.artifacts] + [("withheld", name) for name in self.withheld]
        rows += [("made by", f"{name} ({number})") for number, name in self.principals]
        rows += [("licence", self.licence.strip().partition("\n")[0][:200])] if self.licence else []
        return rows + [("note", note) for note in self.notes]

    def __str__(self) -> str:
        return "\n".join(f"{name:<12}{printable(text)}" for name, text in self._rows())

    def _repr_html_(self) -> str:
        return facts(self._rows())


class CapsuleImport(NamedTuple):
    """What an import did. `model`: resource of the model, under its name here. `registered`: resources that are new. `known`: those that
    were here already."""

    summary: CapsuleSummary
    model: str
    registered: tuple[str, ...]
    known: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*(f"new         {name}" for name in self.registered), *(f"known       {name}" for name in self.known)])


def summary_of(capsule: Capsule, content: bytes | None = None) -> CapsuleSummary:
    """The summary of a capsule that was opened."""
    parts, manifest = capsule.parts, capsule.manifest
    model = parts.model
    return CapsuleSummary(
        digest=capsule.digest,
        size=capsule.size,
        library=manifest["library"],
        model=model["resource"],
        model_digest=model["digest"],
        run=parts.run["resource"],
        fingerprint=manifest["fingerprint"],
        self_contained=manifest["self_contained"],
        artifacts=tuple(each["resource"] for each in parts.artifacts),
        withheld=tuple(each["resource"] for each in parts.withheld),
        members=tuple(_member(row) for row in manifest["members"]),
        principals=tuple((each["id"], each["name"]) for each in parts.principals),
        seed=parts.run["seed"],
        numerics=parts.run["numerics"],
        events=len(parts.events),
        licence=parts.licence,
        content=content,
    )


def _member(row: Document) -> Member:
    return Member(row["name"], row["digest"], row["size"], row["kind"], row["origin"])
