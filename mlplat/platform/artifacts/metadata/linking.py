"""How a model leads to what it was made of: directly, by the record of its run, or along a chain, by commit, lock file and registry.

Both give the same links where both are whole. What is not there is reported and never filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ....errors import InputError
from .lock_file import LockFile
from .missing import MissingLink, MissingReason, Via
from .nodes import Artifact, Link, NodeKind, node_kind, project_of
from .resolvers import Resolvers
from .run_state import RunState
from .runs import Linking

ReadLock = Callable[[str], bytes | None]
"""Bytes of the lock file of a commit `repo:project/name@id`; None where there is none."""
_BY_RECORD = ("code", "pipeline")
"""Roles that the record itself names in either kind of linking."""


@dataclass(slots=True)
class Found:
    """Links by (upstream, downstream, role), of each who names it and with which digest; what is missing; and the run."""

    links: dict[Link, dict[Via, Artifact]] = field(default_factory=dict)
    missing: dict[tuple[str, str, Via], MissingLink] = field(default_factory=dict)
    run: RunState | None = None

    def recorded(self) -> set[str]:
        """What the record of the run names, which who stated it could read or write."""
        if self.run is None:
            return set()
        named = (self.run.inputs, self.run.outputs, self.run.chained_inputs, self.run.chained_outputs, self.run.dropped)
        return {one.resource for by_role in named for one in by_role.values()}

    def link(self, upstream: str, downstream: str, role: str, via: Via, one: Artifact) -> None:
        """One more link; `one`: its end that is no run."""
        self.links.setdefault(Link(upstream, downstream, role), {})[via] = one

    def miss(self, of: str, role: str, via: Via, reason: MissingReason, resource: str = "") -> None:
        """One more that is missing; the first reason stands."""
        self.missing.setdefault((of, role, via), MissingLink(of, role, via, reason, resource))


class Linker:
    """Finds the links of a model. `runs`: all by resource. `makers`, `runs_of`: resources of runs by what they made, and by commit."""

    def __init__(
        self,
        resolvers: Resolvers,
        runs: Mapping[str, RunState],
        makers: Callable[[str], Iterable[str]],
        runs_of: Callable[[str], Iterable[str]],
    ) -> None:
        self._resolvers, self._runs, self._makers, self._runs_of = resolvers, runs, makers, runs_of

    def find(self, model: str, linking: Linking, read_lock: ReadLock, may_read: Callable[[str], bool]) -> Found:
        """The links of a model's run, and what is missing of them. `linking`: both takes the kinds that the record itself claims.

        `may_read`: whether a resource may be read by who asks. What a lock file or registration alone names, anybody can have claimed: to
        who may not read it, it is not there, whether it is or not.
        """
        direct_run = self._maker(model, "outputs")
        chain_run = self._maker(model, "chained_outputs")
        run = direct_run or chain_run
        chosen = linking
        if linking is Linking.BOTH:
            run = run or self._chained_run(Found(), model, None)[0]
            chosen = Linking.DIRECT if run is None else run.linking
        found = Found()
        if chosen is not Linking.CHAINED:
            self._direct(found, model, run if chosen is Linking.BOTH else direct_run)
        if chosen is not Linking.DIRECT:
            self._chained(found, model, run if chosen is Linking.BOTH else chain_run, read_lock)
        if chosen is Linking.BOTH:
            self._cross_check(found)
        self._check_artifacts(found, model, may_read)
        return found

    # -- direct

    def _maker(self, model: str, family: str) -> RunState | None:
        """The run that names a model among its `outputs` or `chained_outputs`; of several the last to be started."""
        runs = [self._runs[name] for name in self._makers(model) if name in self._runs]
        named = [run for run in runs if any(one.resource == model for one in getattr(run, family).values())]
        return max(named, key=lambda run: (run.started, run.resource), default=None)

    def _direct(self, found: Found, model: str, run: RunState | None) -> None:
        if run is None:
            found.miss(model, "model", Via.RECORD, MissingReason.NOT_RECORDED, model)
            return
        found.run = run
        for role, one in run.inputs.items():
            found.link(one.resource, run.resource, role, Via.RECORD, one)
        made = {role: one for role, one in run.outputs.items() if one.resource == model}
        for role, one in made.items():
            found.link(run.resource, model, role, Via.RECORD, one)
        if not made:
            found.miss(run.resource, "model", Via.RECORD, MissingReason.NOT_RECORDED, model)
        gone = {
            role: one for role, one in run.dropped.items() if role not in run.inputs and role not in run.outputs and one.resource != model
        }
        for role, one in gone.items():
            found.miss(run.resource, role, Via.RECORD, MissingReason.NOT_RECORDED, one.resource)
        for role in ("code", "image"):
            if role not in run.inputs:
                found.miss(run.resource, role, Via.RECORD, MissingReason.NOT_RECORDED)
        if not any(_is_data(one) for one in (*run.inputs.values(), *gone.values())):
            found.miss(run.resource, "data", Via.RECORD, MissingReason.NOT_RECORDED)

    # -- chained

    def _chained_run(self, found: Found, model: str, hint: RunState | None) -> tuple[RunState | None, str | None, Artifact]:
        """The run that made a model as far as commit and registry say, the commit, and the model as the registry has it."""
        commit = self._resolvers.commit_of_model(model)
        if commit is None:
            found.miss(hint.resource if hint else model, "model", Via.REGISTRY, MissingReason.NOT_RECORDED, model)
            return hint, None, Artifact(model)
        entry = next((each for each in self._resolvers.models_of_commit(commit) if each.model == model), None)
        if entry is None:
            found.miss(hint.resource if hint else model, "model", Via.REGISTRY, MissingReason.NOT_RECORDED, model)
            return hint, None, Artifact(model)
        said = self._runs.get(entry.run)
        if hint is not None and said is not None and said is not hint:
            found.miss(hint.resource, "model", Via.REGISTRY, MissingReason.CONFLICT, model)
        run = hint or said
        if run is None:
            candidates = [self._runs[name] for name in self._runs_of(commit) if project_of(name) == project_of(model)]
            if len(candidates) > 1:
                found.miss(commit, "code", Via.RECORD, MissingReason.AMBIGUOUS)
                return None, commit, Artifact(model, entry.digest)
            run = candidates[0] if candidates else None
        if run is None:
            found.miss(commit, "code", Via.RECORD, MissingReason.NOT_RECORDED)
        return run, commit, Artifact(model, entry.digest)

    def _chained(self, found: Found, model: str, hint: RunState | None, read_lock: ReadLock) -> None:
        run, commit, made = self._chained_run(found, model, hint)
        if run is None:
            return
        found.run = run
        code = run.inputs.get("code")
        for role in _BY_RECORD:
            if role in run.inputs:
                found.link(run.inputs[role].resource, run.resource, role, Via.RECORD, run.inputs[role])
            elif role in run.dropped:
                found.miss(run.resource, role, Via.RECORD, MissingReason.NOT_RECORDED, run.dropped[role].resource)
        if code is None:
            found.miss(run.resource, "code", Via.RECORD, MissingReason.NOT_RECORDED)
        elif commit is not None and code.resource != commit:
            found.miss(run.resource, "code", Via.REGISTRY, MissingReason.CONFLICT, commit)
        if commit is not None:
            found.link(run.resource, model, "model", Via.REGISTRY, made)
        commit = commit or (None if code is None else code.resource)
        if commit is not None:
            self._lock(found, run, commit, read_lock)

    def _lock(self, found: Found, run: RunState, commit: str, read_lock: ReadLock) -> None:
        content = read_lock(commit)
        if content is None:
            found.miss(commit, "lock", Via.LOCK_FILE, MissingReason.NO_LOCK_FILE)
            return
        try:
            named = LockFile.parse(content).links()
        except InputError:
            found.miss(commit, "lock", Via.LOCK_FILE, MissingReason.BAD_LOCK_FILE)
            return
        for role, one in named.items():
            found.link(one.resource, run.resource, role, Via.LOCK_FILE, one)
        for role, one in run.chained_inputs.items():
            if role not in named:
                found.miss(run.resource, role, Via.LOCK_FILE, MissingReason.NOT_RECORDED, one.resource)
        if "image" not in named:
            found.miss(run.resource, "image", Via.LOCK_FILE, MissingReason.NOT_RECORDED)
        if not any(_is_data(one) for one in (*named.values(), *run.chained_inputs.values())):
            found.miss(run.resource, "data", Via.LOCK_FILE, MissingReason.NOT_RECORDED)

    # -- both

    @staticmethod
    def _cross_check(found: Found) -> None:
        """What one kind of linking names and the other does not, or names otherwise."""
        run = found.run
        if run is None or any(each.role == "lock" for each in found.missing.values()):
            return
        named: dict[str, dict[Via, Artifact]] = {}
        for link, by in found.links.items():
            if link.downstream == run.resource and link.role not in _BY_RECORD:
                for via, one in by.items():
                    named.setdefault(link.role, {})[via] = one
        chain = any(Via.LOCK_FILE in by for by in named.values())
        direct = any(Via.RECORD in by for by in named.values())
        for role, by in named.items():
            if len(by) == 1 and chain and direct:
                ((via, one),) = by.items()
                other = Via.LOCK_FILE if via is Via.RECORD else Via.RECORD
                found.missing.pop((run.resource, "data", other), None)
                found.missing.pop((run.resource, role, other), None)
                found.miss(run.resource, role, other, MissingReason.NOT_RECORDED, one.resource)
            elif len({(one.resource, one.digest) for one in by.values()}) > 1:
                found.miss(run.resource, role, Via.LOCK_FILE, MissingReason.CONFLICT, by[Via.LOCK_FILE].resource)

    def _check_artifacts(self, found: Found, model: str, may_read: Callable[[str], bool]) -> None:
        """That every artifact is there, and is what it was; of links that are in doubt already no more is said."""
        run, recorded = found.run, found.recorded() | {model}
        doubted = {(each.of, each.role) for each in found.missing.values()}
        for link, by in found.links.items():
            one = next(iter(by.values()))
            there: str | None = ""
            if one.resource in recorded or may_read(one.resource):
                there = self._resolvers.digest(one.resource)
            elif self._resolvers.knows(one.resource):
                there = None
            of = run.resource if run is not None else model
            if (of, link.role) in doubted:
                continue
            if there is None:
                found.miss(of, link.role, Via.STORE, MissingReason.NOT_FOUND, one.resource)
            elif there and any(each.digest and each.digest != there for each in by.values()):
                found.miss(of, link.role, Via.STORE, MissingReason.DIGEST_DIFFERS, one.resource)


def _is_data(one: Artifact) -> bool:
    return node_kind(one.resource) in (NodeKind.DATASET, NodeKind.WINDOW)
