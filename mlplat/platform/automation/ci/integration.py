"""`CI`: tests what is pushed, and tells what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ....errors import MlplatError, OptionError, UnknownNameError, printable
from ...capabilities.table import Mark, marks
from ...component import call, principal_of
from ...identity.authorization import Actor
from ...identity.principals import Principal
from ...identity.rights import Right
from ...references import Reference, check_zone, whole_name
from ...work.outcomes import Outcome
from ..builder.image_builder import service_account
from ..undertaking import chosen_zone, own_zone
from .at_work import AtWork
from .catalogue import Watched
from .definition import CI_FILE
from .job import Job
from .part import CONTEXT
from .results import of_bytes
from .runs import CIReason, CIRun, RunList
from .testing import CaseResult

if TYPE_CHECKING:
    import simpy

    from ....events import Event
    from ...artifacts.scm.repository import ChangeRequest

FINAL = ("success", "failure")
"""Statuses that say all there is to know of a commit."""


class CI(AtWork):
    """Continuous integration: the tests that a commit defines, run in an environment from that commit's image, its status for all to see.

    `images`, `builder`: where the image comes from. `inbox`: by which members are told. `tasks`, `zones`: that do the work; None on a
    platform without a cluster, where a run takes its time and no more. `automatic`: whether what is enabled runs by itself.

    >>> import mlplat as mp
    >>> platform = mp.Platform()
    >>> ada = platform.identity.create_user("ada", actor=platform.admin)
    >>> project = platform.identity.create_project("shop", owner=ada, actor=platform.admin)
    >>> repository = platform.scm.create_repository("shop/churn", actor=ada)
    >>> files = {"ci.yaml": "", "test_sums.py": "def test_sum():\\n    assert 1 + 1 == 3\\n"}
    >>> commit = platform.scm.commit("shop/churn", "main", files, "first", actor=ada)
    >>> run = platform.ci.run("shop/churn@main", actor=ada)
    >>> platform.sim.run()
    >>> print(platform.scm.statuses("shop/churn@main", actor=ada)[0].description)
    1 of 1 tests failed
    test_sums.py::test_sum failed: AssertionError: assert 1 + 1 == 3 (test_sums.py, line 2)
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._sim.log.subscribe("commit.pushed", self._pushed)
        self._sim.log.subscribe("change.created", self._proposed)
        if self._catalogue.open():
            self._sim.after(0.0, self._end_interrupted)

    @call(Right.WRITE)
    def run(self, ref: str, *, definition: str = CI_FILE, zone: str = "", actor: Actor) -> CIRun:
        """Test a commit, whatever is known of it, and report its status as the caller; what the answer is about goes on, see `runs`.

        `zone`: where that is charged, the caller's development zone unless said. Events as at a push. Raises UnknownNameError, OptionError,
        AccessDenied.
        """
        principal = principal_of(actor)
        commit = self._scm.resolve(ref, actor=principal)
        path = Reference.parse(ref).path
        files = self._scm.checkout(f"{path}@{commit}", actor=principal)
        if not isinstance(definition, str) or definition not in files:
            raise UnknownNameError("file", printable(str(definition)[:80]), sorted(files)[:200])
        place = chosen_zone(self._zones, check_zone(zone), principal)
        if self._zones is not None:
            found = self._zones.get(place, actor=principal)
            self._authorization.require(principal, Right.DEPLOY, found.resource, place, call="ci.run", source=self.SOURCE)
        return self._begin_job(Job(path, commit, principal, principal.id, principal, place, definition, files))

    @call(Right.READ)
    def runs(self, name: str, *, commit: str = "", actor: Actor) -> RunList:
        """The runs of a repository in order of their numbers; `commit`: only those of one (its full id)."""
        found = self._catalogue.runs.get(whole_name(name).path, ())
        return RunList(run for run in found if commit in ("", run.commit))

    @call(Right.READ)
    def results(self, name: str, number: int, *, actor: Actor) -> tuple[CaseResult, ...]:
        """What became of each test of a run, with what it printed. Raises UnknownNameError."""
        run = self._find(whole_name(name).path, number)
        return of_bytes(self._store.get(run.results)) if run.results else ()

    @call(Right.READ)
    def wait(self, name: str, number: int, *, actor: Actor) -> simpy.Event:
        """An event that happens when a run is over, with the run as its value. Raises UnknownNameError."""
        run = self._find(whole_name(name).path, number)
        happened = self._sim.event()
        job = self._jobs.get((run.repository, run.number))
        if job is None:
            happened.succeed(run)
        else:
            job.listeners.append(happened.succeed)
        return happened

    @call(Right.WRITE)
    def cancel(self, name: str, number: int, *, actor: Actor) -> None:
        """Call a run off. Nothing happens if it is over. Raises UnknownNameError."""
        run = self._find(whole_name(name).path, number)
        job = self._jobs.get((run.repository, run.number))
        if job is not None:
            self._supersede(job, "CANCELLED")

    @call(Right.ADMIN)
    def enable(self, name: str, account: Principal | str, *, definition: str = CI_FILE, zone: str = "", actor: Actor) -> None:
        """From now on test each push to a repository whose commit has the definition, each merge that is prepared, and each change.

        A commit is tested once, whatever branches it is on. `account`: the service account of the project as which that is done; it needs
        `read` and `write` on the repository and on images that are to be built. `zone`: where it is charged; the development zone of who
        pushed, in whose name the work runs there, unless said. It takes `admin` on the project too, whose account it is. Event
        `metadata.recorded`. Raises UnknownNameError, OptionError.
        """
        path = whole_name(name).path
        self._scm._repository(path)
        project = f"project:{path.partition('/')[0]}"  # the account may do more than what is on the repository
        self._authorization.require(principal_of(actor), Right.ADMIN, project, call="ci.enable", source=self.SOURCE)
        if not isinstance(definition, str) or not definition:
            raise OptionError(f"definition: a {type(definition).__name__}; expected the path of a file")
        found = service_account(self._authorization.directory.find(account), path)
        self._keep(self._record("enabled", actor, name=path, account=found.id, definition=definition, zone=check_zone(zone)))
        self._emit(f"repo:{path}", "metadata.recorded", actor, {"kind": "ci", "enabled": True, "account": found.id})

    @call(Right.ADMIN)
    def disable(self, name: str, *, actor: Actor) -> None:
        """Test pushes no longer. Event `metadata.recorded`. Raises UnknownNameError."""
        path = whole_name(name).path
        if path not in self._catalogue.watched:
            raise UnknownNameError("repository that is tested", path, ())
        self._keep(self._record("disabled", actor, name=path))
        self._emit(f"repo:{path}", "metadata.recorded", actor, {"kind": "ci", "enabled": False})

    # -- at pushes and changes

    def _account(self, path: str, event: Event) -> tuple[Watched, Principal] | None:
        """For a repository that is tested, as whom; None for others, and for an account that may not read it."""
        watched = self._catalogue.watched.get(path)
        if watched is None or event.source != self._scm.SOURCE:
            return None
        account = self._authorization.directory.callers.get(watched.account)
        return None if account is None or not self._may_read(account, f"repo:{path}") else (watched, account)

    def _pushed(self, event: Event) -> None:
        path = event.name.partition("@")[0]
        found = self._account(path, event)
        if found is None:
            return
        watched, account = found
        commit, branch = event.data["commit"], event.data.get("branch", "")
        proposer = self._proposers.pop(commit, None)
        pusher, place = (event.actor, f"branch {branch}" if branch else "") if proposer is None else proposer
        try:
            if place:
                self._supersede_others(path, commit, place)
            self._test(path, commit, branch, place, pusher, watched, account)
            if branch:
                self._prepare(path, branch, pusher, account)
        except MlplatError:  # told by an event; whoever pushed has nothing to do with it
            return

    def _test(self, path: str, commit: str, branch: str, place: str, pusher: str, watched: Watched, account: Principal) -> None:
        """React to a push, unless all is known of the commit."""
        if not self._automatic:
            return
        known = self._catalogue.of_commit(path, commit)
        if known is not None and not known.over:
            job = self._jobs.get((path, known.number))
            if job is not None:
                job.places.add(place)
                return
        if any(each.context == CONTEXT and each.outcome in FINAL for each in self._scm.statuses(f"{path}@{commit}", actor=account)):
            return
        found_out = self._catalogue.found_out(path, commit)
        if found_out is not None:  # and could not be reported then
            self._scm.set_status(
                f"{path}@{commit}", found_out.outcome.value, context=CONTEXT, description=self._told_of(found_out), actor=account
            )
            return
        files = self._scm.checkout(f"{path}@{commit}", actor=account)
        if watched.definition not in files:
            return
        person = self._authorization.directory.callers.get(pusher)
        charged, zone = (account, watched.zone) if watched.zone else (person, "" if person is None else own_zone(self._zones, person))
        self._begin_job(Job(path, commit, account, pusher, charged, zone, watched.definition, files, branch, {place}))

    def _supersede_others(self, path: str, commit: str, place: str) -> None:
        """A branch or change has moved on: what waits for what it was before, waits in vain."""
        for job in [*self._jobs.values()]:
            if job.repository == path and place in job.places and job.commit != commit and not job.tries and not job.ending:
                job.places.discard(place)
                if not job.places:
                    self._supersede(job, CIReason.SUPERSEDED)

    def _proposed(self, event: Event) -> None:
        path = event.name.partition("@")[0]
        found = self._account(path, event)
        if found is None:
            return
        for change in self._scm.changes(path, state="open", actor=found[1]):
            if change.number == event.data["change"]:
                self._prepare_change(path, change, event.actor, found[1])

    def _prepare(self, path: str, branch: str, pusher: str, account: Principal) -> None:
        """A branch has moved: what open changes would make of it, is to be tested too."""
        if not self._automatic:
            return
        for change in self._scm.changes(path, state="open", actor=account):
            if branch in (change.source, change.target):
                self._prepare_change(path, change, pusher if branch == change.source else change.creator, account)

    def _prepare_change(self, path: str, change: ChangeRequest, proposer: str, account: Principal) -> None:
        """Let the merge be there, which is pushed by that, and so tested for who proposed it."""
        try:
            commit = self._scm.prepare_merge(path, change.target, change.source, actor=account)
        except MlplatError:  # a conflict, nothing to merge, or no right to: told by an event
            return
        if self._catalogue.of_commit(path, commit) is None:
            self._proposers[commit] = proposer, f"change {change.number}"

    def _end_interrupted(self) -> None:
        """What was under way when the platform was closed has come to nothing, and its commit says so, if the account is still there."""
        for run in self._catalogue.open():
            if (run.repository, run.number) in self._jobs:
                continue
            directory = self._authorization.directory
            account = directory.get(run.creator)
            assert account is not None
            job = Job(run.repository, run.commit, account, run.on_behalf_of, None, run.zone, CI_FILE, {}, number=run.number)
            gone = "" if directory.is_living(account.id) else f"{account.id}, who tested, is no more"
            self._end(job, Outcome.ERROR, CIReason.INTERRUPTED, gone)

    def _capabilities(self) -> Mapping[str, Mapping[str, Mark]]:
        return {"CI": marks("R6 R11 R14" if self._automatic else "s6 R11")}
