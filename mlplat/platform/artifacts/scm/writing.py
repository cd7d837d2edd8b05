"""Writing source code: repositories, commits, pushes, branches and tags."""

from __future__ import annotations

from collections.abc import Mapping

from ....errors import OptionError, UnknownNameError, printable
from ...component import call
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import whole_name
from ..referrers import ReferencedError
from ..withholding import referrers_shown
from .errors import MoveRefused, Refusal
from .history import leads_to
from .keeping import Keeping, checked_message
from .objects import Commit, object_id, tag_frame
from .refs import check_free, check_ref
from .repository import Bundle
from .trees import Content, changed, walk

MAIN = "main"


class Writing(Keeping):
    """Repositories, as far as they are written."""

    @call(Right.WRITE)
    def create_repository(self, name: str, *, branch: str = MAIN, actor: Actor) -> str:
        """An empty repository. `branch`: its default branch, which the first commit makes. Event `artifact.published`.

        Raises OptionError for a name that is taken or was, UnknownNameError for an unknown project.
        """
        reference = whole_name(name)
        self._check_project(reference.project, actor)
        self._check_free(reference.path)
        self._keep(self._record("repository.created", actor, name=reference.path, branch=check_ref(branch)))
        self._tell(reference.path, "", "artifact.published", actor, {"kind": "repository"})
        return reference.path

    @call(Right.ADMIN)
    def delete_repository(self, name: str, *, actor: Actor) -> None:
        """A repository is no more. Raises ReferencedError while somebody names it or one of its commits. Event `artifact.deleted`."""
        repository = self._repository(name)
        for version in ("", *repository.objects.links):
            resource = f"repo:{repository.path}@{version}" if version else f"repo:{repository.path}"
            if referrers := self._referrers.of(resource):
                raise ReferencedError(resource, referrers_shown(self._authorization, actor, referrers))
        self._keep(self._record("repository.deleted", actor, name=repository.path))
        self._tell(repository.path, "", "artifact.deleted", actor, {"kind": "repository"})

    @call(Right.WRITE)
    def commit(
        self,
        name: str,
        branch: str,
        files: Mapping[str, Content],
        message: str,
        *,
        author: str = "",
        timezone: str = "+0000",
        expected: str | None = None,
        whole: bool = False,
        empty: bool = False,
        actor: Actor,
    ) -> Commit:
        """A commit on top of a branch, made now. Event `commit.pushed`.

        `files`: by path what changes: content, text, a `File` with its mode, None for a file that is to go. `whole`: these are all files
        there are. `author`: such as `Ada Lovelace <ada@example.org>`; default: the caller. `expected`: the id of the head on which this
        is built; if the branch has moved on, nothing is done. `empty`: a commit without a change is meant. The message gets a line feed
        at its end if it has none. The first commit of a repository makes the branch.

        Raises PathError, OptionError, UnknownNameError, MoveRefused.
        """
        repository = self._repository(name)
        head = self._head(repository, branch)
        if expected is not None and expected != head:
            raise MoveRefused(branch, Refusal.NOT_FAST_FORWARD, expected)
        if branch in repository.protections:
            raise MoveRefused(branch, Refusal.PROTECTED)
        who = self._person(author, timezone, actor)
        objects = repository.objects
        before = objects.links[head].tree if head else ""
        if whole and before:
            files = {**dict.fromkeys((path for path, _ in walk(objects, before) if path not in files), None), **files}
        tree, frames, folders = changed(objects, before, files)
        if tree == before and not empty:
            raise OptionError(f"nothing changes on branch {branch}; say `empty=True` for a commit without a change")
        commit = self._commit(tree, (head,) if head else (), who, message, frames)
        self._keep_head(repository, branch, head, commit, frames, actor)
        for number, entries in folders.items():
            objects.remember(number, entries)
        return commit

    @call(Right.WRITE)
    def push(self, name: str, branch: str, commits: Bundle | str, *, force: bool = False, actor: Actor) -> str:
        """Move a branch to a commit, by fast-forward, and take the objects that come with it. Returns the id. Event `commit.pushed`.

        `commits`: a bundle of objects, or what names a commit that is here. Every object is checked. `force`: by who holds that right,
        the branch moves wherever it was. A branch that is not there is made. A head that does not move is no push.

        Raises ObjectError, MoveRefused, AccessDenied.
        """
        repository = self._repository(name)
        number, frames = self._taken(repository, commits)
        before = repository.branches.get(check_ref(branch), "")
        if before == number:
            return number
        if not before:
            self._check_new(repository, branch)
        self._check_green(repository, branch, number)
        if before and not leads_to(repository.objects, before, number, frames):
            if not force or branch in repository.protections:
                raise MoveRefused(branch, Refusal.NOT_FAST_FORWARD, number)
            self._authorization.require(actor, Right.FORCE, f"repo:{repository.path}", call="scm.push", source=self.SOURCE)
        self._keep_objects({"what": "pushed", "branch": branch, "commit": number, "before": before}, repository, frames, actor)
        self._tell(repository.path, number, "commit.pushed", actor, {"branch": branch, "commit": number, "before": before})
        return number

    @call(Right.WRITE)
    def import_objects(self, name: str, commits: Bundle, *, actor: Actor) -> str:
        """Take the objects of a bundle, made elsewhere, without moving a branch. Returns the id of its commit. Raises ObjectError."""
        repository = self._repository(name)
        number, frames = self._taken(repository, commits)
        if frames:
            self._keep_objects({"what": "imported", "branches": {}, "tags": {}, "default": ""}, repository, frames, actor)
            self._tell(repository.path, number, "artifact.published", actor, {"kind": "commit", "objects": len(frames)})
        return number

    @call(Right.WRITE)
    def create_branch(self, name: str, branch: str, at: str = "", *, actor: Actor) -> str:
        """A branch at what `at` names, the default branch's head unless said. Returns the id. Event `commit.pushed`."""
        repository = self._repository(name)
        number = repository.commit(at or repository.default_branch)
        if branch in repository.branches:
            raise OptionError(f"branch {branch!r} is there already")
        self._check_new(repository, check_ref(branch))
        self._check_green(repository, branch, number)
        self._keep_objects({"what": "pushed", "branch": branch, "commit": number, "before": ""}, repository, {}, actor)
        self._tell(repository.path, number, "commit.pushed", actor, {"branch": branch, "commit": number, "before": ""})
        return number

    @call(Right.WRITE)
    def delete_branch(self, name: str, branch: str, *, actor: Actor) -> None:
        """A branch is no more; its commits stay. Raises MoveRefused for a protected branch and for the default one."""
        repository = self._repository(name)
        head = repository.branch(branch)
        if branch in repository.protections or branch == repository.default_branch:
            raise MoveRefused(branch, Refusal.PROTECTED)
        self._keep(self._record("branch.deleted", actor, name=repository.path, branch=branch))
        self._tell(repository.path, head, "artifact.deleted", actor, {"kind": "branch", "branch": branch})

    @call(Right.WRITE)
    def tag(self, name: str, tag: str, at: str = "", *, message: str = "", author: str = "", timezone: str = "+0000", actor: Actor) -> str:
        """A tag on what `at` names, the default branch's head unless said; with a message it is an annotated tag.

        Tags do not move. Returns the id of the commit. Raises OptionError, UnknownNameError. Event `artifact.published`.
        """
        repository = self._repository(name)
        number = repository.commit(at or repository.default_branch)
        check_free(check_ref(tag, "tag"), [*repository.tags, *repository.branches], "tag")
        frames, target = {}, number
        if message:
            tagger = self._person(author, timezone, actor)
            frame = tag_frame(number, "commit", tag, tagger, checked_message(message))
            target = object_id(frame)
            frames[target] = frame
        self._keep_objects({"what": "tagged", "tag": tag, "target": target, "commit": number}, repository, frames, actor)
        self._tell(repository.path, number, "artifact.published", actor, {"kind": "tag", "tag": tag, "object": target})
        return number

    @call(Right.ADMIN)
    def delete_tag(self, name: str, tag: str, *, actor: Actor) -> None:
        """A tag is no more. Raises UnknownNameError. Event `artifact.deleted`."""
        repository = self._repository(name)
        if tag not in repository.tags:
            raise UnknownNameError("tag", printable(str(tag)[:80]), repository.tags)
        number = repository.tagged[tag]
        self._keep(self._record("tag.deleted", actor, name=repository.path, tag=tag))
        self._tell(repository.path, number, "artifact.deleted", actor, {"kind": "tag", "tag": tag})
