"""The desired state of a project in a repository: deployments write it there, and what others push there is deployed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ....errors import InputError, MlplatError
from ...artifacts.scm.paths import check_path
from ...component import call
from ...identity.authorization import Actor
from ...identity.principals import Principal
from ...identity.rights import Right
from ...references import Reference, whole_name
from ...zones.journal import DEVELOPMENT
from .changes import Change, Mode, Tracked
from .documents import Described, file_of, read, to_yaml
from .errors import DesiredStateError, GateError
from .evidence import Evidence
from .specs import Desired

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ....events import Event
    from .cd import CD


class Tracker:
    """Reads branches that hold the desired state, and writes them."""

    def __init__(self, cd: CD) -> None:
        self._cd = cd
        self._ends: dict[str, Callable[[], None]] = {}
        self._own = False

    def begin(self) -> None:
        """Listen to the repositories of all projects that are tracked."""
        for project in self._cd._catalogue.tracked:
            self.listen(project)

    def listen(self, project: str) -> None:
        """Hear of what is pushed to the repository of a project, or no longer."""
        self._ends.pop(project, lambda: None)()
        tracked = self._cd._catalogue.tracked.get(project)
        if tracked is not None:
            self._ends[project] = self._cd._sim.log.subscribe("commit.pushed", lambda event: self._pushed(project, event))

    def _pushed(self, project: str, event: Event) -> None:
        tracked = self._cd._catalogue.tracked.get(project)
        if tracked is None or self._own or event.source != self._cd._scm.SOURCE:
            return
        if event.name.partition("@")[0] == tracked.repository and event.data.get("branch") == tracked.branch:
            pusher = self._cd._principal(event.actor)
            with suppress(MlplatError):  # it is told as refused
                self._cd.sync(project, actor=pusher)

    # -- reading

    def described(self, project: str) -> tuple[str, dict[str, Described]]:
        """The head of the branch of a project, and what its files say, by name. Raises DesiredStateError for all that is wrong."""
        tracked = self._cd._catalogue.tracked[project]
        repository = self._cd._scm._repositories.get(tracked.repository)
        head = "" if repository is None else repository.branches.get(tracked.branch, "")
        if repository is None or not head:
            return "", {}
        from ...artifacts.scm.trees import walk

        found: dict[str, Described] = {}
        problems: list[InputError] = []
        for path, entry in sorted(walk(repository.objects, repository.objects.link(head).tree), key=lambda each: each[0]):
            folder, _, name = path.rpartition("/")
            if folder == tracked.folder and name.endswith((".yaml", ".yml")):
                place = f"{tracked.repository}@{head[:10]}:{path}"
                try:
                    one = read(repository.objects.content(entry.id), place)
                    if one.name.partition("/")[0] != project:
                        raise InputError("a deployment of another project", path=place, line=1, value=one.name, expected=f"{project}/…")
                except InputError as error:
                    problems.append(error)
                else:
                    found[one.name] = one
        if problems:
            raise DesiredStateError.of(problems)
        return head, found

    # -- writing

    @contextmanager
    def _silent(self) -> Iterator[None]:
        self._own = True
        try:
            yield
        finally:
            self._own = False

    def write(self, desired: Desired, actor: Principal, message: str) -> str:
        """Say in the branch of its project what a deployment shall be. Returns the commit; empty where the project is not tracked, or it
        says so already. Raises what `scm.commit` does."""
        return self._commit(desired.name, desired.zone, to_yaml(desired), actor, message)

    def erase(self, name: str, zone: str, actor: Principal, message: str) -> str:
        """Say that a deployment shall not be."""
        return self._commit(name, zone, None, actor, message)

    def _commit(self, name: str, zone: str, content: bytes | None, actor: Principal, message: str) -> str:
        cd = self._cd
        tracked = cd._catalogue.tracked.get(name.partition("/")[0])
        entry = cd._zones._catalogue.zones.get(zone)
        if tracked is None or (entry is not None and entry.kind == DEVELOPMENT):
            return ""
        path = self._path(tracked, name)
        if self._file(tracked, path) == content:
            return ""
        with self._silent():
            return cd._scm.commit(tracked.repository, tracked.branch, {path: content}, message, actor=actor).id

    def _says(self, tracked: Tracked, desired: Desired) -> bool:
        """Whether the branch has a deployment at a version."""
        path = self._path(tracked, desired.name)
        content = self._file(tracked, path)
        try:
            found = None if content is None else read(content, path)
        except InputError:
            return False
        name = desired.what.partition("@")[0]
        return found is not None and found.what in (desired.what, f"{name}@{desired.digest}")

    def _path(self, tracked: Tracked, name: str) -> str:
        return f"{tracked.folder}/{file_of(name)}" if tracked.folder else file_of(name)

    def _file(self, tracked: Tracked, path: str) -> bytes | None:
        repository = self._cd._scm._repositories.get(tracked.repository)
        head = None if repository is None else repository.branches.get(tracked.branch)
        return None if head is None else self._cd._scm._file_at(Reference.parse(tracked.repository).at(head), path)

    def went_back(self, change: Change, acting: Principal, cause: Any) -> None:
        """Say again what a deployment is, after a change of it has gone back. Where that cannot be said, the branch is ahead of what runs,
        and what it says is not tried again until it changes."""
        service = self._cd._catalogue.services[change.name]
        tracked = self._cd._catalogue.tracked.get(change.desired.project)
        if tracked is None or not self._says(tracked, change.desired):
            return  # somebody has said something else since
        message = f"Roll back {change.name} from {change.desired.what}: {change.reason}"
        with suppress(Exception), self._cd._sim.caused_by(cause):
            if service.current is None:
                self.erase(change.name, service.zone, acting, message)
            else:
                self.write(service.current, acting, message)


class Tracking(Evidence):
    """The calls about desired state in repositories."""

    _tracker: Tracker

    @call(Right.ADMIN)
    def track(self, project: str, repository: str, *, branch: str = "main", folder: str = "deployments", actor: Actor) -> None:
        """Keep the desired state of a project's deployments in a branch, a YAML file for each in `folder`. What is deployed by a call is
        committed there, and what others push there is deployed, in the name of who pushed. Deployments in development zones are left out.

        Raises UnknownNameError for a repository, DesiredStateError for what is there already and cannot be read.
        """
        path = whole_name(repository).path
        self._check_project(project, actor)
        self._authorization.require(actor, Right.WRITE, f"repo:{path}", call="cd.track", source=self.SOURCE)
        self._scm.branches(path, actor=actor)
        chosen = check_path(folder) if folder else ""
        before = self._catalogue.tracked.get(project)
        self._catalogue.tracked[project] = Tracked(path, branch, chosen, "")
        try:
            self._tracker.described(project)
        finally:
            if before is None:
                del self._catalogue.tracked[project]
            else:
                self._catalogue.tracked[project] = before
        self._keep(self._record("tracked", actor, project=project, repository=path, branch=branch, folder=chosen))
        self._tracker.listen(project)
        for service in list(self._catalogue.services.values()):
            if service.current is not None and service.name.startswith(f"{project}/"):
                self._tracker.write(service.current, actor, f"Say what {service.name} is")  # type: ignore[arg-type]

    @call(Right.ADMIN)
    def untrack(self, project: str, *, actor: Actor) -> None:
        """Keep the desired state of a project in no repository any more; its files stay."""
        if project in self._catalogue.tracked:
            self._keep(self._record("untracked", actor, project=project))
            self._tracker.listen(project)

    @call(Right.READ)
    def sync(self, project: str, *, retry: bool = False, actor: Actor) -> tuple[Change, ...]:
        """Deploy what the branch of a project says and is not so, as the caller, who needs the rights for it. Returns what was begun.

        It is done by itself at each push. Where a zone asks for approvals, they are asked for. What has failed is tried again with `retry`.
        All of it is looked at before anything is done: raises DesiredStateError, with path and line, for files that cannot be read, and
        what `deploy` raises.
        """
        self._check_project(project, actor)
        if project not in self._catalogue.tracked:
            return ()
        head, described = self._tracker.described(project)
        wanted = [self._told(each, actor) for each in described.values()]
        gone = self._gone(project, described, actor) if head else []
        begun: list[Change] = []
        asked = {each.desired.seal for each in self._catalogue.approvals.values() if each.open}
        missing = [desired for desired in wanted if not self._is_so(desired, retry)]
        gated = {desired.name for desired in missing if self._gate(desired.zone).required}
        for desired in missing:
            if desired.name not in gated:
                self._fetch(desired, actor)
        for desired in missing:
            if desired.name in gated:
                if desired.seal not in asked:
                    self._open(desired, actor, ())  # type: ignore[attr-defined]
                continue
            begun.append(self._ask(desired, Mode.DEPLOY, actor, commit=head))  # type: ignore[attr-defined]
        for name in gone:
            self._remove(name, actor)  # type: ignore[attr-defined]
        return tuple(begun)

    def _told(self, described: Described, actor: Actor) -> Desired:
        """What a file asks for, checked as the call would be. Raises GateError, also for a version of another digest than it says."""
        more = dict(described.options)
        desired = self._desired(described.name, f"{described.kind}:{described.what}", described.zone, actor, call="cd.sync", **more)
        if described.digest and described.digest != desired.digest:
            raise GateError(desired.resource, desired.zone, f"its digest is {desired.digest}; the file says {described.digest}")
        if not self._is_so(desired, False):
            self._check_evidence(desired, self._evidence(desired, actor, ()))
            self._check_alias(desired, actor, "cd.sync")
        return desired

    def _is_so(self, desired: Desired, retry: bool) -> bool:
        """Whether a deployment is so, is about to be, or has failed to be."""
        latest = self._latest(desired.name)
        if latest is not None and latest.seal == desired.seal:
            return True
        service = self._catalogue.services.get(desired.name)
        if retry or service is None or not service.changes:
            return False
        last = self._catalogue.changes[service.changes[-1]]
        return last.over and not last.taken_over and last.desired.seal == desired.seal

    def _gone(self, project: str, described: dict[str, Described], actor: Actor) -> list[str]:
        """Deployments of which there is no file any more. Raises AccessDenied for who may not remove them."""
        found = []
        for service in self._catalogue.services.values():
            entry = self._zones._catalogue.zones.get(service.zone)
            if service.current is None or not service.name.startswith(f"{project}/") or service.name in described:
                continue
            if entry is None or entry.kind != DEVELOPMENT:
                resource = f"{self.KIND}:{service.name}"
                self._authorization.require(actor, Right.DEPLOY, resource, service.zone, call="cd.sync", source=self.SOURCE)
                found.append(service.name)
        return found
