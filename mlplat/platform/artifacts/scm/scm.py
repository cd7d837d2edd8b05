"""`SCM`: source code under version control, with git's ids, merges and repositories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import TYPE_CHECKING

from ...capabilities.table import Mark, marks
from ...component import call, principal_of
from ...identity.authorization import Actor
from ...identity.rights import Right
from .errors import MoveRefused, Refusal
from .exchange import Found, read_repository, write_repository
from .history import leads_to
from .object_store import checked
from .refs import check_free
from .repository import Repository
from .reviews import Reviews

if TYPE_CHECKING:
    from ....events import Event


class SCM(Reviews):
    """Repositories of source code: commits, branches, tags, merges, reviews, statuses.

    Ids are those that git gives the same content, author and time; the time is the simulation's. Resources are `repo:project/name` and
    `repo:project/name@<id of a commit>`: a right to read one commit opens it and what it leads to, nothing else.

    >>> import mlplat as mp
    >>> from mlplat.platform.identity import IdentityProvider
    >>> sim = mp.Simulation()
    >>> identity = IdentityProvider(sim)
    >>> ada = identity.create_user("ada", actor=identity.admin)
    >>> project = identity.create_project("shop", owner=ada, actor=identity.admin)
    >>> scm = SCM(sim, identity)
    >>> repo = scm.create_repository("shop/churn", actor=ada)
    >>> first = scm.commit(repo, "main", {"train.py": "print(1)\\n"}, "first", author="Ada Lovelace <ada@example.org>", actor=ada)
    >>> first.id[:10], scm.read("shop/churn@main", "train.py", actor=ada)
    ('4c80e39bb3', b'print(1)\\n')
    """

    @call(Right.READ)
    def subscribe(self, name: str, callback: Callable[[Event], object], *, actor: Actor) -> Callable[[], None]:
        """Call `callback(event)` at each `commit.pushed` of a repository from now on, once and in order; returns what ends it.

        It hears while the caller may read the repository. What it commits is told after what it was told of. One that raises hears no
        more, and hinders nobody's commit: event `call.refused` {error, reason}.
        """
        path = self._repository(name).path
        reader = principal_of(actor)

        def told(event: Event) -> None:
            if (
                event.source == self.SOURCE
                and event.name.partition("@")[0] == path
                and self._authorization.may(reader, Right.READ, f"repo:{path}")
            ):
                try:
                    callback(event)
                except Exception as error:
                    end()
                    data = {"error": type(error).__name__, "reason": "a subscriber raised it, and hears no more"}
                    self._emit("call:scm.subscribe", "call.refused", reader, data)

        end = self._sim.log.subscribe("commit.pushed", told)
        return end

    @call(Right.WRITE)
    def import_repository(self, name: str, path: str | PathLike[str], *, actor: Actor) -> tuple[str, ...]:
        """Take branches and tags, and all that they lead to, from git's repository in a folder. Returns the names that are new or moved.

        Ids stay as they are, and so does every byte, of signatures and of texts in other encodings too. Nothing of it runs. A branch
        moves by fast-forward only. What cannot be kept is refused, and then nothing is imported. Events `artifact.published`, and
        `commit.pushed` for each head.

        Raises MissingExtraError without dulwich, InputError for a folder without a repository, ObjectError, OptionError, MoveRefused.
        """
        repository = self._repository(name)
        found = read_repository(path)
        frames = checked(found.frames, repository.objects)
        branches, tags = self._movable(repository, found, frames)
        if branches or tags:
            default = found.head if found.head in branches and not repository.branches else ""
            record = {"what": "imported", "branches": branches, "tags": tags, "default": default}
            before = dict(repository.branches)
            self._keep_objects(record, repository, frames, actor)
            self._tell(repository.path, "", "artifact.published", actor, {"kind": "import", "objects": len(frames)})
            for branch, number in branches.items():
                told = {"branch": branch, "commit": number, "before": before.get(branch, "")}
                self._tell(repository.path, number, "commit.pushed", actor, told)
        return (*branches, *tags)

    @call(Right.READ)
    def export_repository(self, name: str, path: str | PathLike[str], *, actor: Actor) -> int:
        """Write a repository as git's, a bare one, into a folder that is not there or is empty. Returns how many objects it has.

        Only objects and refs are written; no file is checked out. Event `artifact.downloaded`.

        Raises MissingExtraError without dulwich, OptionError for a folder that is in use.
        """
        repository = self._repository(name)
        count = write_repository(path, repository)
        self._tell(repository.path, "", "artifact.downloaded", actor, {"kind": "repository", "objects": count})
        return count

    def _movable(
        self, repository: Repository, found: Found, frames: Mapping[str, bytes]
    ) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
        """Branches and tags that an import brings: heads, and of tags what they name and the commit. Raises OptionError, MoveRefused."""
        branches = {name: number for name, number in found.branches.items() if repository.branches.get(name) != number}
        tags = {name: pair for name, pair in found.tags.items() if repository.tags.get(name) != pair[0]}
        taken = dict.fromkeys([*repository.branches, *repository.tags])
        for name, number in branches.items():
            before = repository.branches.get(name)
            if before is None:
                check_free(name, taken, "branch")
                taken[name] = None
            elif not leads_to(repository.objects, before, number, frames):
                raise MoveRefused(name, Refusal.NOT_FAST_FORWARD, number)
            self._check_green(repository, name, number)
        for name in tags:
            check_free(name, taken, "tag")
            taken[name] = None
        return branches, tags

    def _capabilities(self) -> Mapping[str, Mapping[str, Mark]]:
        return {"SCM": marks("s6 s7 s8 R11 R15 s16 R17")}
