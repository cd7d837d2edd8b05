"""Protected branches, statuses of commits, merges, and changes that are reviewed before they are merged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ....errors import OptionError, UnknownNameError, printable
from ...component import call
from ...identity.authorization import Actor
from ...identity.principals import Principal
from ...identity.rights import Right
from ..wording import check_line, check_words
from .errors import MergeConflict, MoveRefused, Refusal
from .history import is_ancestor
from .merging import merge_commits
from .objects import Commit
from .refs import check_ref
from .repository import OUTCOMES, Candidate, ChangeRequest, Repository, Status
from .writing import Writing

VERDICTS = ("approve", "request_changes")


class Reviews(Writing):
    """Repositories, as far as people agree on what goes into them."""

    @call(Right.ADMIN)
    def protect(
        self,
        name: str,
        branch: str,
        *,
        contexts: Iterable[str] = ("ci",),
        approvals: int = 0,
        reporters: Iterable[Principal | str] = (),
        actor: Actor,
    ) -> None:
        """From now on a branch takes no commit but one with a green status of each of `contexts`, and is neither forced nor deleted.

        `approvals`: it takes changes only, approved by as many others. `reporters`: whose statuses count; anybody's who may write unless
        said. Event `metadata.recorded`. Raises OptionError, UnknownNameError.
        """
        repository = self._repository(name)
        if type(approvals) is not int or approvals < 0:
            raise OptionError(f"approvals={approvals!r}: expected a number of approvals")
        names = sorted({check_line(context, "context") for context in ([contexts] if isinstance(contexts, str) else contexts)})
        trusted = sorted({self._authorization.directory.find(reporter).id for reporter in reporters})
        rule = {"contexts": names, "approvals": approvals, "reporters": trusted}
        self._keep(self._record("protected", actor, name=repository.path, branch=check_ref(branch), rule=rule))
        self._tell(repository.path, "", "metadata.recorded", actor, {"kind": "protection", "branch": branch, **rule})

    @call(Right.ADMIN)
    def unprotect(self, name: str, branch: str, *, actor: Actor) -> None:
        """A branch is protected no longer. Event `metadata.recorded`. Raises UnknownNameError."""
        repository = self._repository(name)
        if branch not in repository.protections:
            raise UnknownNameError("protected branch", printable(str(branch)[:80]), repository.protections)
        self._keep(self._record("protected", actor, name=repository.path, branch=branch, rule=None))
        self._tell(
            repository.path, "", "metadata.recorded", actor, {"kind": "protection", "branch": branch, "contexts": (), "approvals": 0}
        )

    @call(Right.WRITE)
    def set_status(self, ref: str, outcome: str, *, context: str = "ci", description: str = "", actor: Actor) -> Status:
        """What was found out about a commit, whatever branches it is on. Event `status.reported`.

        `outcome`: `success`, `failure` (the work is wrong), `error` (the infrastructure was), `pending` or `cancelled`.
        """
        repository, number = self._at(ref)
        if outcome not in OUTCOMES:
            raise UnknownNameError("outcome", printable(str(outcome)[:40]), OUTCOMES)
        said = {
            "context": check_line(context, "context"),
            "outcome": outcome,
            "description": check_words(description, "description", empty=True),
        }
        self._keep(self._record("status", actor, name=repository.path, commit=number, **said))
        self._tell(repository.path, number, "status.reported", actor, {"commit": number, **said})
        return repository.statuses[number][context]

    @call(Right.WRITE)
    def prepare_merge(
        self, name: str, branch: str, source: str, *, message: str = "", author: str = "", timezone: str = "+0000", actor: Actor
    ) -> str:
        """Make the commit that merging what `source` names into a branch would give, so that it can be tested. Returns its id.

        It is made once for the two heads; a second time its id is told. No branch moves. Event `commit.pushed`, with `branch` empty and
        `candidate_for`. Raises MergeConflict with the paths, MoveRefused for unrelated histories.
        """
        repository = self._repository(name)
        return self._candidate(repository, branch, source, message, author, timezone, actor)

    @call(Right.WRITE)
    def merge(
        self,
        name: str,
        branch: str,
        source: str,
        *,
        message: str = "",
        author: str = "",
        timezone: str = "+0000",
        fast_forward: bool = True,
        actor: Actor,
    ) -> str:
        """Merge what `source` names into a branch. Returns the id of the head after it. Event `commit.pushed`.

        Where the branch's head is an ancestor of the source, the branch moves there, unless `fast_forward` is False. Into a protected
        branch goes only the merge commit of `prepare_merge`, once it is green. Raises MergeConflict with the paths, MoveRefused.
        """
        repository = self._repository(name)
        return self._merge(repository, branch, source, message, author, timezone, fast_forward, None, actor)

    @call(Right.WRITE)
    def create_change(self, name: str, source: str, target: str, title: str, *, description: str = "", actor: Actor) -> ChangeRequest:
        """Propose to merge a branch into another. Event `change.created`. Raises UnknownNameError, OptionError."""
        repository = self._repository(name)
        repository.branch(source), repository.branch(target)
        if source == target:
            raise OptionError(f"a change from {source} into itself")
        number = len(repository.changes) + 1
        said = {
            "source": source,
            "target": target,
            "title": check_line(title, "title"),
            "description": check_words(description, "description", empty=True),
        }
        self._keep(self._record("change.created", actor, name=repository.path, number=number, **said))
        self._tell_change(repository, number, "change.created", actor, source=source, target=target)
        return repository.change(number)

    @call(Right.APPROVE)
    def review(self, name: str, change: int, verdict: str, *, comment: str = "", actor: Actor) -> ChangeRequest:
        """Approve a change as it stands, or ask for changes; the last verdict of each reviewer counts. Event `change.reviewed`.

        An approval is of the head that the source branch has now, and ends when that moves. Nobody approves what they proposed or
        pushed. Raises OptionError.
        """
        repository, found = self._open_change(name, change)
        if verdict not in VERDICTS:
            raise UnknownNameError("verdict", printable(str(verdict)[:40]), VERDICTS)
        head = repository.branch(found.source)
        if verdict == "approve" and str(actor) in (found.creator, repository.pushers.get(head)):
            raise OptionError(f"change {change}: {actor} proposed or pushed it, and cannot approve it")
        said = {"number": change, "verdict": verdict, "comment": check_words(comment, "comment", empty=True), "commit": head}
        self._keep(self._record("change.reviewed", actor, name=repository.path, **said))
        self._tell_change(repository, change, "change.reviewed", actor, verdict=verdict, commit=head)
        return repository.change(change)

    @call(Right.WRITE)
    def merge_change(self, name: str, change: int, *, message: str = "", actor: Actor) -> ChangeRequest:
        """Merge a change by a merge commit. On a protected branch: one that `prepare_merge` made and that is green, after the approvals.

        Events `commit.pushed` and `change.merged`. Raises MergeConflict, MoveRefused, OptionError.
        """
        repository, found = self._open_change(name, change)
        head = repository.branch(found.source)
        counted = [review for review in found.reviews if review.verdict != "approve" or review.commit == head]
        against = sorted(review.reviewer for review in counted if review.verdict != "approve")
        if against and found.target in repository.protections:
            raise MoveRefused(found.target, Refusal.CHANGES_REQUESTED, head, against)
        approved = len(counted) - len(against)
        text = message or f"Merge change {change}: {found.title}"
        merged = self._merge(repository, found.target, found.source, text, "", "+0000", False, approved, actor, change)
        self._tell_change(repository, change, "change.merged", actor, commit=merged)
        return repository.change(change)

    @call(Right.WRITE)
    def abandon_change(self, name: str, change: int, *, actor: Actor) -> ChangeRequest:
        """A change is not to be merged. Event `change.abandoned`. Raises OptionError where it is closed already."""
        repository, _ = self._open_change(name, change)
        self._keep(self._closed(repository, change, "abandoned", "", actor))
        self._tell_change(repository, change, "change.abandoned", actor, commit="")
        return repository.change(change)

    @call(Right.READ)
    def changes(self, name: str, *, state: str | None = None, actor: Actor) -> tuple[ChangeRequest, ...]:
        """Changes by number; those `open`, `merged` or `abandoned`, or all."""
        return tuple(change for change in self._repository(name).changes if state is None or change.state == state)

    # -- inside

    def _candidate(self, repository: Repository, branch: str, source: str, message: str, author: str, timezone: str, actor: Actor) -> str:
        ours, theirs = repository.branch(branch), repository.commit(source)
        found = repository.candidates.get(Candidate(ours, theirs))
        if found is not None:
            return found
        if is_ancestor(repository.objects, theirs, ours):
            raise OptionError(f"branch {branch} has all of {source} already")
        commit, frames = self._merge_commit(repository, branch, source, message, author, timezone, actor)
        record = {"what": "candidate", "ours": ours, "theirs": theirs, "commit": commit.id}
        self._keep_objects(record, repository, frames, actor, commit)
        told = {"branch": "", "commit": commit.id, "before": ours, "candidate_for": branch}
        self._tell(repository.path, commit.id, "commit.pushed", actor, told)
        return commit.id

    def _merge_commit(
        self, repository: Repository, branch: str, source: str, message: str, author: str, timezone: str, actor: Actor
    ) -> tuple[Commit, dict[str, bytes]]:
        ours, theirs = repository.branch(branch), repository.commit(source)
        who = self._person(author, timezone, actor)
        merged = merge_commits(repository.objects, ours, theirs)
        if merged is None:
            raise MoveRefused(branch, Refusal.UNRELATED, theirs)
        if merged.conflicts:
            raise MergeConflict(branch, source, merged.conflicts)
        needed = merged.objects.closure([merged.tree], known=repository.objects)
        frames = {number: merged.objects.frame(number) for number in needed}
        text = message or f"Merge {source} into {branch}"
        return self._commit(merged.tree, (ours, theirs), who, text, frames), frames

    def _merge(
        self,
        repository: Repository,
        branch: str,
        source: str,
        message: str,
        author: str,
        timezone: str,
        fast_forward: bool,
        approved: int | None,
        actor: Actor,
        change: int | None = None,
    ) -> str:
        """`change`: the one that this merges, which is closed with it."""
        ours, theirs = repository.branch(branch), repository.commit(source)
        if is_ancestor(repository.objects, theirs, ours):
            if approved is None:
                return ours
            raise OptionError(f"branch {branch} has all of {source} already")
        frames: dict[str, bytes] = {}
        commit = None
        if fast_forward and is_ancestor(repository.objects, ours, theirs):
            number = theirs
        elif (candidate := repository.candidates.get(Candidate(ours, theirs))) is not None:
            number = candidate
        else:
            commit, frames = self._merge_commit(repository, branch, source, message, author, timezone, actor)
            number = commit.id
            if branch in repository.protections:
                raise MoveRefused(branch, Refusal.CANDIDATE_MISSING)
        self._check_green(repository, branch, number, approved)
        record = {"what": "pushed", "branch": branch, "commit": number, "before": ours}
        closed = [] if change is None else [self._closed(repository, change, "merged", number, actor)]
        self._keep_objects(record, repository, frames, actor, commit, *closed)
        self._tell(repository.path, number, "commit.pushed", actor, {"branch": branch, "commit": number, "before": ours})
        return number

    def _open_change(self, name: str, number: int) -> tuple[Repository, ChangeRequest]:
        repository = self._repository(name)
        found = repository.change(number)
        if found.state != "open":
            raise OptionError(f"change {number} is {found.state} already")
        return repository, found

    def _closed(self, repository: Repository, number: int, state: str, commit: str, actor: Actor) -> dict[str, Any]:
        return self._record("change.closed", actor, name=repository.path, number=number, state=state, commit=commit)

    def _tell_change(self, repository: Repository, number: int, predicate: str, actor: Actor, **data: Any) -> None:
        self._tell(repository.path, "", predicate, actor, {"change": number, **data})
