"""Reading everything that a store has, to say what is missing or damaged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Protocol

from ...errors import IntegrityError, MlplatError, printable
from ...html_tables import table
from .contents import ContentError
from .store import Store, UnknownContentError

SHOWN = 20


class DamageKind(StrEnum):
    """What is wrong."""

    MISSING = "missing"
    """Content that a component names is not there."""
    DAMAGED = "damaged"
    """Content is not what its digest says, or cannot be read."""
    JOURNAL = "journal"
    """A journal cannot be read to its end, or holds what no component writes."""


class Damage(NamedTuple):
    """`what`: a digest, or the name of a journal. `named_by`: the components that need it. `problem`: in words."""

    kind: DamageKind
    what: str
    named_by: tuple[str, ...]
    problem: str

    def __str__(self) -> str:
        by = f", named by {', '.join(self.named_by)}" if self.named_by else ""
        return f"{self.kind} {printable(self.what)}{by}: {printable(self.problem)[:300]}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What reading a store has shown. True where nothing is missing or damaged.

    `damages`: in order of kind and name. `contents`, `size_bytes`: of what was read and good. `journals`, `records`: that were read.
    `loose`: contents that nobody names, which are no damage (`Platform.sweep`).
    """

    damages: tuple[Damage, ...]
    contents: int
    size_bytes: int
    journals: int
    records: int
    loose: int

    def __bool__(self) -> bool:
        return not self.damages

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        numbers = {name: getattr(self, name) for name in ("contents", "size_bytes", "journals", "records", "loose")}
        damages = [each._asdict() | {"named_by": [*each.named_by]} for each in self.damages]
        return {"sound": bool(self), **numbers, "damages": damages}

    def __str__(self) -> str:
        lines = [f"{'sound' if self else f'{len(self.damages):,} damages'}: {self._read}"]
        lines += [f"  {damage}" for damage in self.damages[:SHOWN]]
        return "\n".join([*lines, f"  and {len(self.damages) - SHOWN:,} more"] if len(self.damages) > SHOWN else lines)

    @property
    def _read(self) -> str:
        loose = f", {self.loose:,} that nobody names" if self.loose else ""
        return f"{self.contents:,} contents, {self.size_bytes:,} bytes{loose}; {self.records:,} records in {self.journals} journals"

    def _repr_html_(self) -> str:
        rows = [(each.kind, each.what, each.named_by, each.problem) for each in self.damages[:SHOWN]]
        lead = str(self).partition("\n")[0]
        return table(("damage", "of", "named by", "problem"), rows, lead=[lead], more=max(0, len(self.damages) - SHOWN))


class NamesContent(Protocol):
    """A component, as far as it has content in a store."""

    SOURCE: ClassVar[str]

    def _contents(self) -> Iterable[str]:
        """Digests of the content that its state names."""


def verify(store: Store, holders: Iterable[NamesContent]) -> Verification:
    """Read all journals, and all content that `holders` name: all components over this store. Changes nothing."""
    named, damages = _named(holders)
    contents, wrong = _read(store, named)
    records, broken = read_journals(store)
    loose = sum(1 for digest in store.digests() if digest not in named)
    found = sorted({*damages, *wrong, *broken})
    return Verification(tuple(found), len(contents), sum(contents.values()), len([*store.journals()]), records, loose)


def verify_content(store: Store, more: Iterable[Damage]) -> Verification:
    """As `verify`, where no component can say what it names: all content there is. `more`: what is wrong with the components."""
    contents, wrong = _read(store, dict.fromkeys(store.digests(), ()))
    records, broken = read_journals(store)
    found = sorted({*more, *wrong, *broken})
    return Verification(tuple(found), len(contents), sum(contents.values()), len([*store.journals()]), records, 0)


def read_journals(store: Store) -> tuple[int, list[Damage]]:
    """How many records can be read, and which journals cannot be."""
    count, damages = 0, []
    for journal in store.journals():
        try:
            for _ in store.records(journal):
                count += 1
        except MlplatError as error:
            damages.append(Damage(DamageKind.JOURNAL, str(journal), (), str(error)))
    return count, damages


def _named(holders: Iterable[NamesContent]) -> tuple[Mapping[str, tuple[str, ...]], list[Damage]]:
    """Of each digest the components that name it, and content that is not what they take it for."""
    named: dict[str, tuple[str, ...]] = {}
    damages = []
    for holder in holders:
        for digest in _going_on(iter(holder._contents())):
            if isinstance(digest, ContentError):
                damages.append(Damage(DamageKind.DAMAGED, digest.digest, (holder.SOURCE,), str(digest)))
            elif holder.SOURCE not in named.get(digest, ()):
                named[digest] = (*named.get(digest, ()), holder.SOURCE)
    return named, damages


def _going_on(digests: Iterator[str]) -> Iterator[str | ContentError]:
    """All that can be told; a list of further digests that is itself damaged was named before it was read, and is met again."""
    while True:
        try:
            yield next(digests)
        except StopIteration:
            return
        except ContentError as error:
            yield error
        except MlplatError:
            continue


def _read(store: Store, named: Mapping[str, tuple[str, ...]]) -> tuple[dict[str, int], list[Damage]]:
    """Sizes (bytes) of the content that is good, and what is wrong with the rest."""
    good, damages = {}, []
    for digest in sorted(named):
        try:
            good[digest] = len(store.get(digest))
        except UnknownContentError as error:
            damages.append(Damage(DamageKind.MISSING, digest, named[digest], str(error)))
        except IntegrityError as error:
            damages.append(Damage(DamageKind.DAMAGED, digest, named[digest], f"found {error.found}"))
        except MlplatError as error:
            damages.append(Damage(DamageKind.DAMAGED, digest, named[digest], str(error)))
    return good, damages
