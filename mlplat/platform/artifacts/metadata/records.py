"""`Records`: what the calls of a Metadata Store have in common; how a statement becomes a record, and what a caller sees of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from ....errors import InputError, IntegrityError, MlplatError, OptionError, printable
from ....streams import stream
from ...identity.authorization import Actor
from ...identity.principals import Principal
from ...identity.rights import Right
from ...record_shapes import Shape
from ...references import Reference, check_project, plain, told
from ...storage.digests import digest_of_json
from ...storage.store import Store
from ..artifact_component import ArtifactComponent
from ..referrers import Referrers
from ..withholding import WITHHELD
from .events import Listener
from .fields import Fields
from .journal import RECORDS
from .linking import Linker
from .lock_file import LockFile
from .nodes import Artifact, NodeKind, node_kind
from .resolvers import LOCK_FILE, Resolvers
from .run_state import RunState, row_of
from .runs import Linking, Run
from .state import MetadataState

if TYPE_CHECKING:
    from ....context import Simulation
    from ....events import Event
    from ...identity.provider import IdentityProvider


class UnknownRunError(MlplatError):
    """No run has this name. Attribute: `run`."""

    def __init__(self, run: str) -> None:
        self.run = run
        super().__init__(f"no {printable(run)} is recorded")


class UnknownBaselineError(MlplatError):
    """A model version has no baseline, or none of this revision. Attributes: `model`, `revision`."""

    def __init__(self, model: str, revision: int | None = None) -> None:
        self.model, self.revision = model, revision
        super().__init__(f"{printable(model)} has no baseline" + ("" if revision is None else f" {revision}"))


class Records(ArtifactComponent):
    """The part of a `MetadataStore` that is not calls."""

    KIND: ClassVar[str] = "run"
    SOURCE: ClassVar[str] = "metadata"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def __init__(
        self,
        sim: Simulation,
        identity: IdentityProvider,
        store: Store | None = None,
        *,
        resolvers: Resolvers | None = None,
        referrers: Referrers | None = None,
    ) -> None:
        self._state = MetadataState()
        self._deployers: list[Callable[[str], None]] = []
        """Asked before a deployment is recorded by a call; each raises MlplatError for one that it tells of itself."""
        self._resolvers = Resolvers() if resolvers is None else resolvers
        self._captures: dict[int, str] = {}
        """The runs that are captured now, by the event with which they began."""
        self._last: Event | None = None
        self._secret = stream(sim.seed, "metadata.withheld").bytes(32)
        """Under which names that are not shown are told apart."""
        super().__init__(sim, identity, store, referrers=referrers)
        self._referrers.register(self._state.referrers)
        self._linker = Linker(self._resolvers, self._state.runs, self._state.makers, lambda commit: self._state.by_commit.get(commit, ()))
        self._listener = Listener(self)

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._state.apply(record)

    def _contents(self) -> Iterator[str]:
        for rows in self._state.baselines.values():
            yield from (row.digest for row in rows)

    # -- names

    def _canonical(self, resource: str) -> str:
        return self._resolvers.canonical(resource)

    def _resource_of(self, parameter: str, value: Any) -> str:
        return self._canonical(self._written(parameter, value))

    def _named(self, parameter: str, value: Any, resource: str) -> str:
        return self._written(parameter, value)

    def _written(self, parameter: str, value: Any) -> str:
        """The resource that an argument names, with an alias as it is written."""
        if parameter in ("run", "first", "second"):
            text = self._run_name(value)
            return text if "/" in text else f"{text}/*"
        kind = {"model": NodeKind.MODEL, "deployment": NodeKind.DEPLOYMENT}.get(parameter)
        if isinstance(value, str) and ":" in value.partition("@")[0]:
            found = node_kind(value)
            if kind is not None and found is not kind:
                raise OptionError(f"{printable(value[:80])}: expected a {kind.word}")
            return f"{found}:{Reference.parse(value.partition(':')[2])}"
        if kind is None:
            raise OptionError(f"node {told(value)}: expected 'kind:project/name@version', such as 'dataset:shop/clicks@3'")
        return f"{kind}:{Reference.parse(value)}"

    @staticmethod
    def _run_name(run: object) -> str:
        """`run:project/name`, or `run:project` where only that is given. Raises OptionError."""
        text = run.resource if type(run) is Run else run
        if isinstance(text, str):
            text = plain(text).removeprefix("run:")
            if "/" not in text:
                return f"run:{check_project(text)}"
        reference = Reference.parse(text)
        if reference.version:
            raise OptionError(f"run {told(text)}: expected 'project/name', without a version")
        return f"run:{reference}"

    def _new_run(self, run: object, actor: Actor) -> str:
        name = self._run_name(run)
        project = name.removeprefix("run:").partition("/")[0]
        self._check_project(project, actor)
        runs = self._state.runs
        if "/" in name:
            if name in runs:
                raise OptionError(f"{name} is there already; expected a new name, or `record`, which supersedes")
            return name
        number = self._state.runs_in.get(name, 0) + 1
        while f"{name}/run-{number}" in runs:
            number += 1
        return f"{name}/run-{number}"

    def _known(self, run: object) -> RunState:
        name = self._run_name(run)
        state = self._state.runs.get(name)
        if state is None:
            raise UnknownRunError(name)
        return state

    def _require(self, principal: Principal, right: Right, resource: str, action: str, written: str) -> None:
        """`written`: how the caller named the resource."""
        self._authorization.require(principal, right, resource, call=f"{self.SOURCE}.{action}", source=self.SOURCE, named=lambda: written)

    # -- records

    def _state_run(self, principal: Principal, resource: str, fields: Fields, more: Mapping[str, Any], action: str) -> Run:
        """Check a statement, keep it, and give the run as it is then."""
        inputs = {role: self._pinned(one) for role, one in fields.inputs.items()}
        outputs = {role: self._pinned(one) for role, one in fields.outputs.items()}
        for right, named, written in ((Right.READ, inputs, fields.inputs), (Right.WRITE, outputs, fields.outputs)):
            for role, one in named.items():
                self._require(principal, right, one.resource, action, written[role].resource)
        inputs, outputs = ({role: self._verified(one) for role, one in named.items()} for named in (inputs, outputs))
        state = self._state.runs.get(resource)
        if state is not None:
            outputs = {role: _filled(one, state.outputs.get(role)) for role, one in outputs.items()}
        clash = sorted(
            (inputs.keys() | (state.inputs if state else {}).keys()) & (outputs.keys() | (state.outputs if state else {}).keys())
        )
        if clash:
            raise OptionError(f"role {printable(clash[0])!r} of {resource}: expected it among the inputs or the outputs, not both")
        changes: dict[str, Any] = {**fields.changes, **more}
        if inputs:
            changes["inputs"] = {role: row_of(one) for role, one in inputs.items()}
        if outputs:
            changes["outputs"] = {role: row_of(one) for role, one in outputs.items()}
        changes |= self._chain(principal, resource, inputs, changes)
        self._check_acyclic(resource, changes)
        self._keep_run(principal, resource, changes)
        return self._state.runs[resource].view(partial(self._shown, principal))

    def _keep_run(self, actor: Principal | str, resource: str, changes: Mapping[str, Any]) -> None:
        self._keep_runs(actor, {resource: changes})

    def _keep_runs(self, actor: Principal | str, stated: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep what is stated of runs, all of it or nothing."""
        self._keep(*(self._record("run.stated", actor, run=resource, changes=changes) for resource, changes in stated.items()))
        for resource, changes in stated.items():
            told = {name: value for name, value in changes.items() if name != "environment"}
            state = self._state.runs[resource]
            data = {"what": "run", "revision": state.revision, "status": state.status.value, "digest": digest_of_json(told)}
            self._last = self._emit(resource, "metadata.recorded", actor, data)

    def _check_acyclic(self, resource: str, changes: Mapping[str, Any]) -> None:
        above, below = (
            [row["resource"] for name in names for row in changes.get(name, {}).values() if row is not None]
            for names in (("inputs", "chained_inputs"), ("outputs", "chained_outputs"))
        )
        self._state.graph.check_acyclic(above, resource, below)

    def _pinned(self, one: Artifact) -> Artifact:
        """An artifact with its version in place of an alias, branch or tag."""
        return one._replace(resource=self._canonical(one.resource))

    def _verified(self, one: Artifact) -> Artifact:
        """An artifact with its digest, if anybody knows it. Raises IntegrityError where that is another than the one given."""
        there = self._resolvers.digest(one.resource)
        if there and one.digest and there != one.digest:
            raise IntegrityError(one.digest, there, one.resource)
        return one._replace(digest=one.digest or there or "")

    def _chain(self, principal: Principal, resource: str, inputs: Mapping[str, Artifact], changes: Mapping[str, Any]) -> dict[str, Any]:
        """What the lock file of a run's commit names, and the models of the registry, where the record relies on them: as far as whoever
        states the run could name them themselves, and as they are kept. What is claimed beyond that is in nobody's graph.
        """
        state = self._state.runs.get(resource)
        code = inputs.get("code") or (state.inputs.get("code") if state else None)
        if code is None:
            return {}
        named = {**(state.inputs if state else {}), **inputs}
        said = changes.get("linking") or (state.said_linking if state else "")
        chained = (
            said != Linking.DIRECT
            if said
            else all(node_kind(one.resource) in (NodeKind.COMMIT, NodeKind.PIPELINE) for one in named.values())
        )
        if not chained:
            return {}
        found: dict[str, Any] = {}
        content = self._read_lock(code.resource)
        if content is not None:
            try:
                links = LockFile.parse(content).links()
            except InputError:
                links = {}
            found["chained_inputs"] = {role: row_of(one) for role, one in links.items() if self._may_name(principal, one)}
        alone = self._state.by_commit.get(code.resource, {}).keys() <= {resource}
        models = [
            each
            for each in self._resolvers.models_of_commit(code.resource)
            if (each.run == resource or (alone and not each.run)) and self._authorization.may(principal, Right.WRITE, each.model)
        ]
        if models:
            found["chained_outputs"] = {"model": row_of(Artifact(models[-1].model, models[-1].digest))}
        return found

    def _may_name(self, principal: Principal, one: Artifact) -> bool:
        """Whether somebody may read what they name, and its digest is not another."""
        if not self._may_read(principal, one.resource):
            return False
        there = self._resolvers.digest(one.resource)
        return not (there and one.digest and there != one.digest)

    def _read_lock(self, commit: str) -> bytes | None:
        return self._resolvers.read_file(commit.partition(":")[2], LOCK_FILE, None)

    def _deploy(self, name: str, one: Artifact | None, actor: str) -> str | None:
        node = None if one is None else self._state.next_deployment(name)
        if one is not None and node is not None:
            self._state.graph.check_acyclic([one.resource], node, [])
        said = {"deployment": name, "model": None if one is None else one.resource, "digest": "" if one is None else one.digest}
        self._keep(self._record("deployment.changed", actor, **said))
        self._emit(name, "metadata.recorded", actor, {"what": "deployment", "digest": digest_of_json(said)})
        return node

    # -- what a caller sees

    def _mark(self, resource: str) -> str:
        """What stands for a resource whose name is not shown: its digest, or a word of its own where none is known."""
        node = self._state.graph.find(resource)
        return WITHHELD if node < 0 else self._mark_of(node)

    def _mark_of(self, node: int) -> str:
        return self._state.graph.marks_of([node], WITHHELD, self._secret)[0]

    def _shown_name(self, principal: Principal, resource: str) -> str:
        return resource if self._may_read(principal, resource) else self._mark(resource)

    def _shown(self, principal: Principal, one: Artifact) -> Artifact:
        if self._may_read(principal, one.resource):
            return one
        return Artifact(WITHHELD + one.digest if one.digest else self._mark(one.resource), one.digest)


def _filled(one: Artifact, known: Artifact | None) -> Artifact:
    """An artifact with the size and signature that an earlier record has of it, where a later one says none."""
    if known is None or (known.resource, known.digest) != (one.resource, one.digest):
        return one
    return one._replace(
        size=known.size if one.size is None else one.size, signature=known.signature if one.signature is None else one.signature
    )
