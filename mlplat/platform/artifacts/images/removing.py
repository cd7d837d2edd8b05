"""Taking images out: one that nobody names, or all those of a project."""

from __future__ import annotations

from collections.abc import Sequence

from ...component import call
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import check_project
from ..referrers import ReferencedError
from ..withholding import referrers_shown
from . import garbage
from .calls import ImageCalls
from .versions import Garbage, ImageVersion


class Removing(ImageCalls):
    """Images, as far as they are given up."""

    @call(Right.ADMIN)
    def delete(self, ref: str, *, actor: Actor) -> None:
        """Take an image out, and its tags with it. Event `artifact.deleted`.

        Raises ReferencedError where a record or a workload names it; UnknownNameError.
        """
        version = self._find(ref, actor)
        named = self._named_by(version)
        if named:
            raise ReferencedError(version.resource, referrers_shown(self._authorization, actor, named))
        self._remove([version], actor)

    @call(Right.ADMIN, "project")
    def collect(self, project: str, *, dry_run: bool = True, actor: Actor) -> Garbage:
        """Take out the images of a project that no tag points to and nobody names, with the layers that no other image of the project has.

        In order of name and digest. `dry_run`: only say what would go. Raises OptionError.
        """
        path = check_project(project) + "/"
        found, kept = [], {}
        for name, repository in self._catalogue:
            if name.startswith(path):
                tagged = set(repository.tags.values())
                for digest in sorted(set(repository.images) - tagged):
                    version = self._catalogue.version(name, digest)
                    named = self._named_by(version)
                    if named:
                        kept[version.resource] = referrers_shown(self._authorization, actor, named)
                    else:
                        found.append(version)
        answer = garbage.garbage_of(self._catalogue, project, found, kept, dry_run=bool(dry_run))
        if not dry_run:
            self._remove(found, actor)
        return answer

    # -- inside

    def _named_by(self, version: ImageVersion) -> tuple[str, ...]:
        users = {f"workload:{name}" for endpoint in self._served for name in endpoint.image_users(version.digest)}
        return tuple(sorted(users.union(self._referrers.of(version.resource))))

    def _remove(self, going: Sequence[ImageVersion], actor: Actor) -> None:
        """Images, all at once."""
        if going:
            self._keep(*(self._record("deleted", actor, name=version.name, digest=version.digest) for version in going))
        for version in going:
            self._emit(version.resource, "artifact.deleted", actor, {"kind": self.KIND, "digest": version.digest})
