"""Reading source code: files, history and differences at a commit, for those who may read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from ....errors import OptionError, UnknownNameError, printable
from ...component import call, call_of_anybody, principal_of
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...record_shapes import Shape, ensure
from ...references import Reference, check_project, is_commit, whole_name
from ..artifact_component import ArtifactComponent
from .blame import BlamedLine, blame
from .history import by_date, is_ancestor, merge_bases, topological
from .journal import RECORDS
from .lines import is_binary, split_lines, unified
from .object_store import unpacked
from .objects import FOLDER, SUBMODULE, Commit, File
from .paths import check_path
from .repository import Bundle, Repository, Status
from .trees import Difference, differences, file_of, find, walk

ORDERS = {"date": by_date, "topological": topological}


class Staged(NamedTuple):
    """Objects of the record that is about to be kept, so that they need not be read back from its pack."""

    frames: dict[str, bytes]
    commit: Commit | None


class Source(ArtifactComponent):
    """Repositories, as far as they are read."""

    KIND: ClassVar[str] = "repo"
    SOURCE: ClassVar[str] = "scm"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def _begin(self) -> None:
        self._repositories: dict[str, Repository] = {}
        self._packs: set[str] = set()
        """Digests of the packs of all pushes there were: the journal is read with them, those of deleted repositories too."""
        self._gone: set[str] = set()
        """Names of deleted repositories, which are not given again: grants on them would open what they were not given for."""
        self._staged: Staged | None = None

    @call(Right.READ)
    def resolve(self, ref: str, *, actor: Actor) -> str:
        """The id of the commit that a reference names, such as `shop/churn@main`, `shop/churn@v1` or the beginning of an id.

        A reference without a version means the head of the default branch, here and in the other calls. Raises UnknownNameError.
        """
        return self._at(ref)[1]

    @call(Right.READ)
    def show(self, ref: str, *, at: str = "", actor: Actor) -> Commit:
        """A commit.

        `at`, here and in the other calls: the id of one of its ancestors instead, which who may read a commit may read too, as git needs
        them to take it. Raises UnknownNameError.
        """
        repository, number = self._at(ref, at)
        return repository.objects.commit(number)

    @call(Right.READ)
    def read(self, ref: str, path: str, *, at: str = "", actor: Actor) -> bytes:
        """The content of a file at a commit; of a symbolic link its target. Raises UnknownNameError, PathError."""
        repository, number = self._at(ref, at)
        found = find(repository.objects, repository.objects.link(number).tree, check_path(path))
        if found is None or found.mode in (FOLDER, SUBMODULE):
            known = [name for name, _ in walk(repository.objects, repository.objects.link(number).tree)]
            raise UnknownNameError("file", printable(path), known[:200])
        return repository.objects.content(found.id)

    @call(Right.READ)
    def checkout(self, ref: str, *, at: str = "", actor: Actor) -> Mapping[str, File]:
        """All files at a commit by path. Nothing is written anywhere."""
        repository, number = self._at(ref, at)
        objects = repository.objects
        return MappingProxyType({path: file_of(objects, found) for path, found in walk(objects, objects.link(number).tree)})

    @call(Right.READ)
    def log(self, ref: str, *, order: str = "date", limit: int | None = None, actor: Actor) -> tuple[Commit, ...]:
        """A commit and its ancestors, at most `limit`; `order`: `date`, the latest first, or `topological`, no parent before a child.

        As `git log` and `git log --topo-order`. Raises UnknownNameError, OptionError.
        """
        repository, number = self._at(ref)
        if order not in ORDERS:
            raise UnknownNameError("order", order, ORDERS)
        if limit is not None and (type(limit) is not int or limit < 0):
            raise OptionError(f"limit={limit!r}: expected a number of commits")
        objects = repository.objects
        history = by_date(objects, [number]) if order == "date" else topological(objects, number)
        return tuple(
            objects.commit(found) for _, found in zip(range(len(objects.links) if limit is None else limit), history, strict=False)
        )

    @call(Right.READ, "old", "new")
    def diff(self, old: str, new: str, *, actor: Actor) -> tuple[Difference, ...]:
        """Files that differ between two commits of a repository, by path. Raises UnknownNameError, OptionError."""
        repository, first, second = self._both(old, new)
        objects = repository.objects
        return tuple(differences(objects, objects.link(first).tree, objects.link(second).tree))

    @call(Right.READ, "old", "new")
    def diff_text(self, old: str, new: str, *, context: int = 3, actor: Actor) -> str:
        """What differs between two commits as unified text, with `context` lines around. Raises UnknownNameError, OptionError."""
        repository, first, second = self._both(old, new)
        if type(context) is not int or context < 0:
            raise OptionError(f"context={context!r}: expected a number of lines")
        objects = repository.objects
        found = differences(objects, objects.link(first).tree, objects.link(second).tree)
        return "".join(_shown(repository, difference, context) for difference in found)

    @call(Right.READ, "ours", "theirs")
    def merge_base(self, ours: str, theirs: str, *, actor: Actor) -> tuple[str, ...]:
        """Ids of the best common ancestors of two commits, the latest first; several after a criss-cross, none for unrelated ones."""
        repository, first, second = self._both(ours, theirs)
        return tuple(merge_bases(repository.objects, first, second))

    @call(Right.READ)
    def blame(self, ref: str, path: str, *, at: str = "", actor: Actor) -> tuple[BlamedLine, ...]:
        """Which commit last changed each line of a file. Renames are not followed. Raises UnknownNameError, PathError."""
        repository, number = self._at(ref, at)
        found = find(repository.objects, repository.objects.link(number).tree, check_path(path))
        if found is None or found.mode in (FOLDER, SUBMODULE):
            raise UnknownNameError("file", printable(path), ())
        return tuple(blame(repository.objects, number, path))

    @call(Right.READ)
    def objects(self, ref: str, *, actor: Actor) -> Bundle:
        """All objects that a commit leads to, to be pushed elsewhere: its files, its ancestors and theirs. Event `artifact.downloaded`."""
        repository, number = self._at(ref)
        frames = tuple(repository.objects.frame(found) for found in repository.objects.closure([number]))
        self._emit(f"repo:{repository.path}@{number}", "artifact.downloaded", actor, {"kind": "repository", "objects": len(frames)})
        return Bundle(number, frames)

    @call(Right.READ)
    def statuses(self, ref: str, *, actor: Actor) -> tuple[Status, ...]:
        """What was reported of a commit, the latest of each context, by context."""
        repository, number = self._at(ref)
        return tuple(sorted(repository.statuses.get(number, {}).values()))

    @call(Right.READ)
    def branches(self, name: str, *, actor: Actor) -> Mapping[str, str]:
        """Heads of the branches by name."""
        return MappingProxyType(dict(sorted(self._repository(name).branches.items())))

    @call(Right.READ)
    def tags(self, name: str, *, actor: Actor) -> Mapping[str, str]:
        """By name of the tag the id of the commit that it leads to."""
        return MappingProxyType(dict(sorted(self._repository(name).tagged.items())))

    @call_of_anybody
    def list(self, project: str | None = None, *, actor: Actor) -> tuple[str, ...]:
        """What the caller may read, of a project or of all: repositories, and single commits (`shop/churn@<id>`) of others.

        Raises OptionError.
        """
        whole = {path for path in self._repositories if self._may_read(actor, f"repo:{path}")}
        single = set()
        for resource in self._authorization.held(principal_of(actor), Right.READ):
            kind, _, text = resource.partition(":")
            path, at, version = text.partition("@")
            there = self._repositories.get(path) if kind == "repo" and at and path not in whole else None
            if there is not None and version in there.objects.links:
                single.add(text)
        start = "" if project is None else f"{check_project(project)}/"
        return tuple(sorted(path for path in whole | single if path.startswith(start)))

    # -- inside

    def _resolved(self, reference: Reference) -> Reference:
        repository = self._repositories.get(reference.path)
        found = None if repository is None else repository.resolve(reference.version or repository.default_branch)
        return reference if found is None else reference.at(found)

    def _digest_of(self, reference: Reference) -> str | None:
        repository = self._repositories.get(reference.path)
        return None if repository is None or reference.version not in repository.objects.links else ""

    def _file_at(self, reference: Reference, path: str) -> bytes | None:
        """The content of a file at a commit, if both are there. For other components: unchecked."""
        if self._digest_of(reference) is None:
            return None
        objects = self._repositories[reference.path].objects
        found = find(objects, objects.link(reference.version).tree, path)
        return None if found is None or found.mode in (FOLDER, SUBMODULE) else objects.content(found.id)

    def _repository(self, name: object) -> Repository:
        found = self._repositories.get(name) if isinstance(name, str) else None
        if found is None:
            path = whole_name(name).path
            if path not in self._repositories:
                raise UnknownNameError("repository", path, ())
            found = self._repositories[path]
        return found

    def _at(self, ref: object, at: str = "") -> tuple[Repository, str]:
        """The repository and commit of a reference, or an ancestor of that."""
        reference = Reference.parse(ref)
        repository = self._repositories.get(reference.path)
        number = None if repository is None else repository.resolve(reference.version or repository.default_branch)
        if repository is None or number is None:
            raise UnknownNameError("commit", str(reference), ())
        if at:
            if not is_commit(at) or at not in repository.objects.links or not is_ancestor(repository.objects, at, number):
                raise UnknownNameError("ancestor", printable(str(at)[:80]), ())
            number = at
        return repository, number

    def _both(self, first: str, second: str) -> tuple[Repository, str, str]:
        (repository, one), (other, two) = self._at(first), self._at(second)
        if repository is not other:
            raise OptionError(f"{first} and {second}: expected commits of one repository")
        return repository, one, two

    def _check_free(self, path: str) -> None:
        """Raises OptionError for the name of a repository that is there, or was."""
        if path in self._repositories:
            raise OptionError(f"repository {path} is there already")
        if path in self._gone:
            raise OptionError(f"repository {path} was deleted; its name is not given again, since grants on it may be left")

    def _contents(self) -> Iterable[str]:
        return self._packs

    def _apply(self, record: Mapping[str, Any]) -> None:
        (staged, self._staged), path = (self._staged, None), record["name"]  # it is of the first record that is kept
        if record["what"] == "repository.created":
            ensure(path not in self._repositories and path == Reference.parse(path).path, f"{path} is there already, or no repository")
            self._repositories[path] = Repository(path, record["branch"])
        elif record["what"] == "repository.deleted":
            del self._repositories[path]
            self._gone.add(path)
        elif staged is not None and staged.commit is not None:
            self._packs.add(record["pack"])
            self._repositories[path].objects.add_commit(staged.commit, staged.frames)
            self._repositories[path].apply(record, {})
        else:
            if pack := record.get("pack", ""):
                self._packs.add(pack)
            frames = staged.frames if staged is not None else unpacked(self._store.get(pack)) if pack else {}
            self._repositories[path].apply(record, frames)


def _shown(repository: Repository, found: Difference, context: int) -> str:
    sides = (found.old, found.old_mode), (found.new, found.new_mode)
    old, new = (b"" if not number or mode == SUBMODULE else repository.objects.content(number) for number, mode in sides)
    path = printable(found.path)
    lines = [f"diff --git a/{path} b/{path}"]
    if found.kind == "added":
        lines.append(f"new file mode {found.new_mode}")
    elif found.kind == "removed":
        lines.append(f"deleted file mode {found.old_mode}")
    elif found.old_mode != found.new_mode:
        lines += [f"old mode {found.old_mode}", f"new mode {found.new_mode}"]
    if found.old != found.new:
        lines.append(f"index {found.old or '0' * 40}..{found.new or '0' * 40}")
        left, right = f"a/{path}" if found.old else "/dev/null", f"b/{path}" if found.new else "/dev/null"
        if is_binary(old) or is_binary(new):
            lines.append(f"Binary files {left} and {right} differ")
        else:
            text = unified(split_lines(old), split_lines(new), context)
            if text:
                return "\n".join([*lines, f"--- {left}", f"+++ {right}", ""]) + text
    return "\n".join([*lines, ""])
