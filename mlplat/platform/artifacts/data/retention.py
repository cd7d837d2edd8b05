"""The calls that delete."""

from __future__ import annotations

from ....errors import OptionError
from ....units import Duration, seconds
from ...component import call, principal_of
from ...identity.authorization import Actor
from ...identity.principals import Principal
from ...identity.rights import Right
from ...references import Reference
from ..referrers import ReferencedError
from ..withholding import referrers_shown
from .calls import DataCalls
from .catalogue import Dataset, Kept
from .versions import DatasetVersion, Retention


class Deleting(DataCalls):
    """Delete, and retain."""

    @call(Right.ADMIN)
    def delete(self, ref: str, *, actor: Actor) -> DatasetVersion:
        """A version, which has to be named, is no more; its number is not used again. The answer is what it was.

        Refused where a lineage record, a deployment, a snapshot or a version made of it names it. Content that nothing else has is given
        up in the next sweep (`storage.sweeping`). Events `artifact.deleted` {kind, digest}; `dataset.changed` where it was the head. Raises
        ReferencedError, UnknownNameError, OptionError.
        """
        if not Reference.parse(ref).version:
            raise OptionError(f"{ref}: a dataset; expected a version, such as {ref}@3")
        principal = principal_of(actor)
        kept = self._find(ref, principal)
        named = self._referrers.of(kept.version.resource)
        if named:
            raise ReferencedError(kept.version.resource, self._seen(named, kept, principal))
        shown = self._shown(kept, principal)
        self._delete([kept], principal)
        return shown

    @call(Right.ADMIN)
    def retain(self, name: str, *, keep: int | None = None, older_than: Duration | None = None, actor: Actor) -> Retention:
        """Delete the versions that are not among the newest `keep` (at least 1) and were made more than `older_than` ago.

        At least one of both is said. The head stays, and what somebody names stays, with what that was made of. Events as of `delete`.
        Raises OptionError, UnknownNameError.
        """
        there = self._there(name, actor)
        if keep is None and older_than is None:
            raise OptionError("keep and older_than: expected at least one")
        if keep is not None and (isinstance(keep, bool) or not isinstance(keep, int) or keep < 1):
            raise OptionError(f"keep={keep!r:.40}: expected a whole number of at least 1")
        age = None if older_than is None else seconds(older_than)
        principal, newest = principal_of(actor), list(there.versions.values())[::-1]
        going: dict[str, Kept] = {}
        kept_back = []
        for each in newest[keep or 1 :]:  # the newest first, so that what was made of another goes before it
            if age is not None and not self._sim.now - each.version.created_s > age:
                continue
            named = tuple(name for name in self._referrers.of(each.version.resource) if name not in going)
            if named:
                kept_back.append((each.version.reference, self._seen(named, each, principal)))
            else:
                going[each.version.resource] = each
        self._delete(list(going.values()), principal)
        return Retention(tuple(each.version.reference for each in going.values())[::-1], tuple(kept_back[::-1]))

    # -- inside

    def _seen(self, referrers: tuple[str, ...], kept: Kept, principal: Principal) -> tuple[str, ...]:
        return referrers_shown(self._authorization, principal, referrers, kept.version.name)

    def _delete(self, going: list[Kept], principal: Principal) -> None:
        """Versions of one dataset, all at once."""
        if not going:
            return
        there = self._catalogue.datasets[going[0].version.name]
        head = there.head
        self._keep(*(self._record("version.deleted", principal, name=there.path, version=kept.version.version) for kept in going))
        for kept in going:
            version = kept.version
            cause = self._emit(version.resource, "artifact.deleted", principal, {"kind": "dataset", "digest": version.digest})
            if head is kept:
                self._announce_head(there, version, principal, cause)

    def _announce_head(self, there: Dataset, before: DatasetVersion, principal: Principal, cause: object) -> None:
        head = there.head
        new = None if head is None else head.version.digest
        if new != before.digest:
            told = {"old": before.digest, "new": new, "version": None if head is None else head.version.version}
            self._emit(f"dataset:{there.path}", "dataset.changed", principal, told, cause)
