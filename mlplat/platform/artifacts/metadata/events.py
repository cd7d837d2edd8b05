"""`Listener`: what the events of other components tell the Metadata Store, so that nobody has to."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from ....errors import MlplatError
from ...identity.rights import Right
from ...references import Reference
from .capture import artifact_in, role_of, run_of
from .lineage_graph import LineageCycleError
from .nodes import Artifact, NodeKind, artifact, node_kind, project_of
from .run_state import RunState, row_of
from .runs import RunStatus

if TYPE_CHECKING:
    from ....events import Event
    from .records import Records


class _Link(NamedTuple):
    """A run used or made an artifact in a role; `family`: of which of the record's mappings."""

    run: RunState
    family: str
    role: str
    one: Artifact


_OUTCOMES = {"success": RunStatus.SUCCESS, "failure": RunStatus.FAILURE, "error": RunStatus.ERROR, "cancelled": RunStatus.CANCELLED}


class Listener:
    """Hears of artifacts, steps and deployments. What an event does not say is not guessed, and what it says wrongly is left out.

    An event belongs to the run that its data name as `run`, or else to the run whose capture is among its causes. Who names a run adds to
    it only where they may write it.
    """

    def __init__(self, store: Records) -> None:
        self._store = store
        subscribe = store._sim.log.subscribe
        subscribe("artifact.published", self._published)
        subscribe("artifact.downloaded", self._downloaded)
        subscribe("taskrun.started", self._step)
        subscribe("taskrun.finished", self._step)
        for verb in ("deployed", "upgraded", "rolledback", "removed"):
            subscribe(f"service.{verb}", self._service)

    def _run(self, event: Event) -> RunState | None:
        given = event.data.get("run")
        if not isinstance(given, str):
            return self._store._state.runs.get(run_of(self._store._sim, event, self._store._captures))
        run = self._store._state.runs.get("run:" + given.removeprefix("run:"))
        return run if run is not None and self._may_state(event, run) else None

    def _may_state(self, event: Event, run: RunState) -> bool:
        """Whether who is behind an event may say something of a run; what is no principal is a part of the platform."""
        authorization = self._store._authorization
        principal = authorization.directory.get(event.actor)
        return principal is None or authorization.may(principal, Right.WRITE, run.resource)

    def _published(self, event: Event) -> None:
        one = artifact_in(event)
        if one is None:
            return
        run = self._run(event)
        found = [] if run is None else self._named(event, run, "outputs", one)
        if node_kind(one.resource) is NodeKind.MODEL:
            found += self._registered(event, one)
        self._keep(event, found)

    def _registered(self, event: Event, one: Artifact) -> list[_Link]:
        """The registry names a model by its commit: the run that this leads to made it."""
        store = self._store
        commit = store._resolvers.commit_of_model(one.resource)
        if commit is None:
            return []
        entry = next((each for each in store._resolvers.models_of_commit(commit) if each.model == one.resource), None)
        names = [name for name in store._state.by_commit.get(commit, ()) if project_of(name) == project_of(one.resource)]
        name = entry.run if entry is not None and entry.run else names[0] if len(names) == 1 else ""
        run = store._state.runs.get(name)
        if entry is None or run is None or run.linking == "direct" or not self._may_state(event, run):
            return []
        made, known = one._replace(digest=one.digest or entry.digest), run.chained_outputs.get("model")
        if known is not None and (known.resource, known.digest) == (made.resource, made.digest):
            return []
        return [_Link(run, "chained_outputs", "model", made)]

    def _downloaded(self, event: Event) -> None:
        one, run = artifact_in(event), self._run(event)
        if one is not None and run is not None:
            self._keep(event, self._named(event, run, "inputs", one))

    def _named(self, event: Event, run: RunState, family: str, one: Artifact) -> list[_Link]:
        named = {**run.inputs, **run.outputs}
        if any(each.resource == one.resource for each in named.values()):
            known = getattr(run, family)
            role = next((role for role, each in known.items() if each.resource == one.resource), "")
            if role and known[role]._replace(signature=None) != one._replace(signature=None):
                better = Artifact(one.resource, one.digest or known[role].digest, one.size, one.signature or known[role].signature)
                return [_Link(run, family, role, better)]
            return []
        return [_Link(run, family, role_of(one, named, used=family == "inputs"), one)]

    def _keep(self, event: Event, found: list[_Link]) -> None:
        """What an event says of runs, all of it or nothing; without what would make something its own origin."""
        kept: dict[str, dict[str, Any]] = {}
        for run, family, role, one in found:
            before = kept.get(run.resource, {})
            changes = {**before, family: {**before.get(family, {}), role: row_of(one)}}
            with suppress(LineageCycleError):
                self._store._check_acyclic(run.resource, changes)
                kept[run.resource] = changes
        if kept:
            self._store._keep_runs(event.actor, kept)

    def _step(self, event: Event) -> None:
        run = self._run(event)
        if run is None:
            return
        name = str(event.data.get("step") or event.name.rpartition("/")[2])
        known = run.steps.get(name)
        ended = event.predicate == "taskrun.finished"
        given = event.data.get("resources")
        resources: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {}
        row = {
            "name": name,
            "status": _OUTCOMES.get(str(event.data.get("outcome")), RunStatus.SUCCESS).value if ended else RunStatus.RUNNING.value,
            "started": (known.started if known else None) if ended else event.time,
            "ended": event.time if ended else None,
            "resources": {**(known.resources if known else {}), **resources},
        }
        self._store._keep_run(event.actor, run.resource, {"steps": [row]})

    def _service(self, event: Event) -> None:
        try:
            name = f"{NodeKind.DEPLOYMENT}:{Reference.parse(event.name)._replace(version='')}"
            model = event.data.get("model")
            one = None if event.predicate == "service.removed" else artifact(model, NodeKind.MODEL)
        except MlplatError:
            return
        digest = event.data.get("digest")
        if one is not None and isinstance(digest, str) and digest.startswith("sha256:") and len(digest) == 71:
            one = one._replace(digest=digest)
        if one is not None or name in self._store._state.deployed:
            with suppress(LineageCycleError):
                self._store._deploy(name, one, event.actor)
