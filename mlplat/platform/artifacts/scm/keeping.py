"""Keeping source code: the objects of a commit and the record that names them, and whether a branch may take it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....errors import OptionError, printable
from ...component import principal_of
from ...identity.authorization import Actor
from .errors import MoveRefused, Refusal
from .object_store import checked, packed
from .objects import Commit, Person, commit_frame, object_id, parse_author, person
from .refs import check_free, check_ref
from .repository import GREEN, Bundle, Protection, Repository
from .source import Source, Staged

EMAIL_HOST = "mlplat.invalid"
"""Of the addresses of principals who give none; no such host can exist (RFC 2606)."""
LONGEST_MESSAGE = 1_000_000


class Keeping(Source):
    """What the calls that write have in common."""

    def _tell(self, path: str, commit: str, predicate: str, actor: Actor, data: Mapping[str, Any]) -> None:
        self._emit(f"repo:{path}@{commit}" if commit else f"repo:{path}", predicate, actor, data)

    def _head(self, repository: Repository, branch: str) -> str:
        """The head of a branch; empty for the first commit of a repository."""
        found = repository.branches.get(branch)
        if found is None:
            if repository.branches:
                return repository.branch(branch)
            self._check_new(repository, check_ref(branch))
            return ""
        return found

    @staticmethod
    def _check_new(repository: Repository, branch: str) -> None:
        check_free(branch, [*repository.branches, *repository.tags], "branch")

    def _person(self, author: str, timezone: str, actor: Actor) -> Person:
        caller = principal_of(actor)
        name, email = parse_author(author) if author else (caller.name, f"{caller.id}@{EMAIL_HOST}")
        return person(name, email, int((self._sim.epoch + self._sim.now) // 1), timezone)

    @staticmethod
    def _commit(tree: str, parents: tuple[str, ...], who: Person, message: str, frames: dict[str, bytes]) -> Commit:
        """A commit, whose object is added to `frames`."""
        text = checked_message(message)
        frame = commit_frame(tree, parents, who, who, text)
        number = object_id(frame)
        frames[number] = frame
        return Commit(number, tree, parents, who, who, text)

    def _keep_head(self, repository: Repository, branch: str, before: str, commit: Commit, frames: dict[str, bytes], actor: Actor) -> None:
        record = {"what": "pushed", "branch": branch, "commit": commit.id, "before": before}
        self._keep_objects(record, repository, frames, actor, commit)
        self._tell(repository.path, commit.id, "commit.pushed", actor, {"branch": branch, "commit": commit.id, "before": before})

    def _keep_objects(
        self,
        record: dict[str, Any],
        repository: Repository,
        frames: dict[str, bytes],
        actor: Actor,
        commit: Commit | None = None,
        *others: Mapping[str, Any],
    ) -> None:
        """Put new objects into the store as one pack and keep the record that names it; `others`: records that are kept with it."""
        objects = repository.objects
        fresh = {number: frame for number, frame in frames.items() if number not in objects}
        if commit is not None and commit.id not in fresh:
            commit = None
        record["pack"] = self._store.put(packed(fresh.values())) if fresh else ""
        record["name"], record["time"], record["actor"] = repository.path, self._sim.now, str(actor)
        self._staged = Staged(fresh, commit)
        try:
            self._keep(record, *others)
        finally:
            self._staged = None

    def _taken(self, repository: Repository, commits: Bundle | str) -> tuple[str, dict[str, bytes]]:
        """The id of the commit that is pushed and the objects that are new, checked."""
        if isinstance(commits, str):
            return repository.commit(commits), {}
        if not isinstance(commits, Bundle):
            raise OptionError(f"commits: a {type(commits).__name__}; expected a Bundle or what names a commit")
        frames = checked(commits.frames, repository.objects)
        frame = frames.get(commits.head)
        if frame is None and commits.head in repository.objects.links:
            return commits.head, frames
        if frame is None or not frame.startswith(b"commit "):
            raise OptionError(f"the head {printable(str(commits.head)[:80])!r} of the bundle is no commit in it")
        return commits.head, frames

    def _check_green(self, repository: Repository, branch: str, commit: str, approved: int | None = None) -> None:
        """That a branch may take a commit. `approved`: approvals that it has as a change; None where it comes without a change.

        Raises MoveRefused.
        """
        rule = repository.protections.get(branch)
        if rule is None:
            return
        missing, red = self._not_green(repository, rule, commit)
        if red:
            raise MoveRefused(branch, Refusal.STATUS_RED, commit, red)
        if missing:
            raise MoveRefused(branch, Refusal.STATUS_MISSING, commit, missing)
        if rule.approvals > (approved or 0):
            raise MoveRefused(branch, Refusal.APPROVALS_MISSING, commit, [f"{approved or 0} of {rule.approvals}"])

    @staticmethod
    def _not_green(repository: Repository, rule: Protection, commit: str) -> tuple[list[str], list[str]]:
        """Contexts that a commit has no status of (or a pending one), and those of which it is not green."""
        missing, red = [], []
        for context in rule.contexts:
            status = repository.statuses.get(commit, {}).get(context)
            if status is None or status.outcome == "pending" or (rule.reporters and status.reporter not in rule.reporters):
                missing.append(context)
            elif status.outcome != GREEN:
                red.append(context)
        return missing, red


def checked_message(message: str) -> str:
    """The message of a commit or tag, with a line feed at its end. Raises OptionError."""
    if not isinstance(message, str) or not message.strip() or "\0" in message or len(message) > LONGEST_MESSAGE:
        raise OptionError(
            f"message={printable(str(message)[:60])!r}: expected text, without NUL, of at most {LONGEST_MESSAGE:,} characters"
        )
    try:
        message.encode()
    except UnicodeEncodeError:
        raise OptionError(f"message={message[:60]!a}: expected Unicode text") from None
    return message if message.endswith("\n") else message + "\n"
