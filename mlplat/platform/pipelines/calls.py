"""What the calls of the orchestrator have in common: its state, what is under way, and which version a name leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ...canonical import frozen
from ...errors import IntegrityError, OptionError, UnknownNameError, printable
from ...streams import check_seed
from ..artifacts.capsules.stores import Stores
from ..artifacts.metadata.runs import Run
from ..component import Component
from ..identity.authorization import Actor
from ..identity.rights import Right
from ..record_shapes import Shape
from ..references import Reference
from ..storage.contents import ContentError
from ..storage.store import UnknownContentError
from ..work.unplaced import UnplacedTasks
from .handles import PipelineRun
from .journal import RECORDS
from .sources import Sources
from .state import KeptVersion, OrchestratorState
from .values import Value

if TYPE_CHECKING:
    from ...context import Simulation
    from ..identity.provider import IdentityProvider
    from ..storage.store import Store
    from ..work import Tasks
    from ..zones.zone_manager import ZoneManager
    from .execution import Execution
    from .state import TaskState


SEEDS: Final = 1 << 63


class Live:
    """What is under way, and nothing that outlasts the process."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.executions: dict[str, Execution] = {}
        """By the name of the run."""
        self.schedules: dict[str, Callable[[], object]] = {}
        """By the name of a schedule what ends it."""
        self.starting = False
        """Whether a run of a schedule is being started."""
        self.followed: set[tuple[int, str, str]] = set()
        """By the id of an event, what each trigger was started for by all that follows from it."""


class OrchestratorCalls(Component):
    """An Orchestrator without its calls. See `Orchestrator`."""

    KIND: ClassVar[str] = "pipeline"
    SOURCE: ClassVar[str] = "orchestrator"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def __init__(
        self,
        sim: Simulation,
        identity: IdentityProvider,
        store: Store | None = None,
        *,
        stores: Stores,
        zones: ZoneManager | None = None,
        tasks: Tasks | None = None,
        automatic: bool = True,
    ) -> None:
        self._stores, self._zones, self._automatic = stores, zones, automatic
        self._tasks: Any = UnplacedTasks(sim) if tasks is None else tasks
        self._placed = tasks is not None
        self._live = Live(Sources(stores.scm))
        super().__init__(sim, identity, store)
        stores.data._referrers.register(self._names_of)
        self._take_up()

    def _begin(self) -> None:
        self._state = OrchestratorState()

    def _take_up(self) -> None:
        """Go on with the schedules that the journal has."""

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._state.apply(frozen(record))  # what is answered of it cannot be changed

    def _contents(self) -> Iterator[str]:
        graphs = (kept.graph for versions in self._state.named.values() for kept in versions.values())
        values = map(partial(Value.contents, store=self._store), self._state.values())
        return chain(graphs, chain.from_iterable(values))  # goes on after a manifest that cannot be read

    def _names_of(self, resource: str) -> list[str]:
        """Published pipelines that name an image or commit, which stays while they are there."""
        kind, _, ref = resource.partition(":")
        if kind not in ("image", "repo"):
            return []
        kept = [each.version for versions in self._state.named.values() for each in versions.values()]
        return [each.resource for each in kept if each.published and (each.code == ref or ref in each.images.values())]

    # -- names

    def _resource_of(self, parameter: str, value: Any) -> str:
        if parameter == "run":
            return f"run:{run_name(value)}"
        return super()._resource_of(parameter, value)

    def _named(self, parameter: str, value: Any, resource: str) -> str:
        return resource if parameter == "run" else super()._named(parameter, value, resource)

    def _resolved(self, reference: Reference) -> Reference:
        kept = self._state.version(reference)
        return reference if kept is None else reference.at(kept.version.digest)

    def _digest_of(self, reference: Reference) -> str | None:
        kept = self._state.version(reference)
        return None if kept is None else kept.version.digest

    def _find(self, ref: object, actor: Actor) -> KeptVersion:
        """The version that a reference names. Raises UnknownNameError, which names those that the caller may read."""
        reference = Reference.parse(ref)
        kept = self._state.version(reference)
        if kept is None:
            versions = [each.version for each in self._state.named.get(reference.path, {}).values()]
            known = [each.reference for each in versions if each.published and self._may_read(actor, each.resource)]
            remark = "none is published" if not reference.version else ""
            raise UnknownNameError("pipeline", str(reference), known, remark)
        return kept

    def _run_of(self, run: object, actor: Actor) -> PipelineRun:
        """A run that is there. Raises UnknownNameError."""
        name = run_name(run)
        if name not in self._state.runs:
            raise UnknownNameError("run of a pipeline", name, ())
        return PipelineRun(self, name, actor)

    # -- of steps and runs, see `completion`

    def _complete_task(self, *arguments: Any) -> Any:
        raise NotImplementedError

    def _take_task(self, *arguments: Any) -> Any:
        raise NotImplementedError

    def _keep_task(self, *arguments: Any, **options: Any) -> Any:
        raise NotImplementedError

    def _end_run(self, *arguments: Any) -> None:
        raise NotImplementedError

    def _cached_task(self, project: str, key: str) -> tuple[str, TaskState] | None:
        """The run and task whose outputs a step of a project with this key can take: they are all there."""
        found = self._state.cached.get((project, key))
        if found is None:
            return None
        task = self._state.runs[found[0]].tasks[found[1]]
        try:
            whole = all(digest in self._store for value in task.outputs.values() for digest in value.contents(self._store))
        except (UnknownContentError, IntegrityError, ContentError):
            return None
        return (found[0], task) if whole else None

    def _require(self, actor: Actor, right: Right, resource: str, call: str, zone: str = "") -> None:
        self._authorization.require(actor, right, resource, zone, call=f"{self.SOURCE}.{call}", source=self.SOURCE)


def seed_of(seed: object) -> int:
    """The seed of a run. Raises OptionError for what is none, and for one that the records do not take."""
    number = check_seed(seed)
    if number >= SEEDS:
        raise OptionError(f"seed: a number of {number.bit_length():,} bits; expected one below 2^63")
    return number


def run_name(run: object) -> str:
    """`project/name` of a run. Raises OptionError."""
    given = run.name if type(run) is PipelineRun else run.resource if type(run) is Run else run
    reference = Reference.parse(given.removeprefix("run:") if isinstance(given, str) else given)
    if reference.version:
        raise OptionError(f"run {printable(str(reference))[:80]}: expected 'project/name', without a version")
    return reference.path
