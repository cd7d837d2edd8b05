"""`Platform`: the components of one platform, over one store, in one simulation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from os import PathLike
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ..context import Simulation
from ..errors import OptionError, UnknownNameError
from ..html_pages import write_html
from ..html_tables import facts
from ..plotting import Plots
from .artifacts.capsules import Capsules, Stores
from .artifacts.data import DataStore
from .artifacts.images import ImageRegistry
from .artifacts.metadata import MetadataStore
from .artifacts.models import ModelRegistry
from .artifacts.referrers import Referrers
from .artifacts.scm import SCM
from .automation.builder.image_builder import ImageBuilder
from .automation.cd.cd import CD
from .automation.ci.integration import CI
from .automation.inbox import Inbox
from .automation.monitoring.component import Monitoring
from .automation.retraining.component import Retrainer
from .capabilities.wiring import capabilities_of
from .component import Component
from .identity.authorization import Actor
from .identity.provider import IdentityProvider
from .identity.rights import Right
from .maturity import Level, check_level
from .neighbours import Neighbours
from .observing import Observing
from .pipelines.orchestrator import Orchestrator
from .references import PLATFORM
from .reproduction.reproducer import Reproducer
from .secrets import Secrets
from .serving.component import Serving
from .serving.target import ServingFor
from .storage.store import Store
from .storage.sweeping import sweep
from .storage.verification import Verification, verify
from .work.tasks import Tasks
from .zones.zone_manager import ZoneManager

if TYPE_CHECKING:
    from ..events import Event
    from ..infra.cluster import Cluster
    from .capabilities.table import Capabilities
    from .identity.principals import Principal
    from .reproduction.verdict import Verdict
    from .training.training import Trainings


class Platform:
    """An ML platform: who may do what, and the memory of code, data, images, models and how they came about.

    `on`: the cluster it runs on, or a simulation for a platform without one; None for a simulation of its own. `store`: where everything
    is kept, in memory unless said. `level`: of maturity (`maturity.LEVELS`): what runs by itself; by hand all can be done at every level.
    `data_at`: the data store's place in the network of the cluster, an external endpoint or a node, from
    which data takes its time; None for data that is there at once. `secret_key`: at least 32 bytes, with which the values of secrets are
    sealed before they are kept; None to keep them in the clear. Raises OptionError.

    `identity`, `scm`, `data`, `images`, `models`, `metadata`, `capsules`, `secrets`, `zones`, `inbox`, `builder`, `ci`, `cd`,
    `orchestrator`, `monitoring`, `retraining`, `serving`, `reproduction`: the components. `tasks`: what these have work done by in zones;
    `trainings`: of models, over them. `admin`: the first administrator.

    >>> platform = Platform()
    >>> ada = platform.identity.create_user("ada", actor=platform.admin)
    >>> project = platform.identity.create_project("shop", owner=ada, actor=platform.admin)
    >>> repository = platform.scm.create_repository("shop/churn", actor=ada)
    >>> commit = platform.scm.commit("shop/churn", "main", {"train.py": b"print(1)"}, "first", actor=ada)
    >>> run = platform.metadata.start_run("shop/r1", code=f"shop/churn@{commit.id}", seed=7, actor=ada)
    >>> model = platform.models.register("shop/churn", b"weights", run="run:shop/r1", commit=f"shop/churn@{commit.id}", actor=ada)
    >>> run = platform.metadata.finish_run("shop/r1", outputs={"model": model.resource}, actor=ada)
    >>> platform.metadata.lineage("shop/churn@1", actor=ada).missing[0].role
    'lock'
    """

    IDENTITY: ClassVar[str] = IdentityProvider.SOURCE
    """The journal that every platform has from its beginning."""

    def __init__(
        self,
        on: Cluster | Simulation | None = None,
        *,
        store: Store | None = None,
        level: int = 2,
        data_at: str | None = None,
        secret_key: bytes | None = None,
    ) -> None:
        cluster = None if on is None or isinstance(on, Simulation) else on
        if cluster is None and data_at is not None:
            raise OptionError(f"data_at={data_at!r:.60}: a place in the network of a cluster, and there is no cluster")
        self._cluster = cluster
        self.sim: Simulation = (on if isinstance(on, Simulation) else Simulation()) if cluster is None else cluster.sim
        self.store = Store() if store is None else store
        self.identity = IdentityProvider(self.sim, self.store)
        self._go_on(on is None)
        referrers = Referrers()
        shared: Any = {"sim": self.sim, "identity": self.identity, "store": self.store, "referrers": referrers}
        place: Any = {} if cluster is None or data_at is None else {"endpoint": cluster.endpoint, "at": data_at}
        self.scm = SCM(**shared)
        self.data = DataStore(**shared, **place)
        self.images = ImageRegistry(**shared)
        self.models = ModelRegistry(**shared)
        self.metadata = MetadataStore(**shared, resolvers=Neighbours(self.scm, self.data, self.images, self.models).resolvers())
        stores = Stores(self.identity, self.scm, self.data, self.images, self.models, self.metadata)
        self.capsules = Capsules(self.sim, self.identity, self.store, stores=stores)
        endpoint = None if cluster is None else cluster.endpoint
        self.level = check_level(level)
        self.secrets = Secrets(self.sim, self.identity, self.store, key=secret_key, endpoint=endpoint)
        if cluster is not None:
            self.images.serve(cluster.endpoint, actor=self.admin)
        self.zones = ZoneManager(self.sim, self.identity, self.store, cluster=cluster)
        self.tasks = Tasks(self.sim, self.zones, endpoint, self.admin.id)
        self._automate(shared, stores, placed=cluster is not None)

    @property
    def plot(self) -> Plots:
        """Figures: `plot()` of the event log, `plot.lineage(model, actor=…)` (docs/notebooks_and_plots.md)."""
        return Plots(self, "timeline", "lineage")

    def _automate(self, shared: Mapping[str, Any], stores: Stores, *, placed: bool) -> None:
        """The components that do something by themselves."""
        delivers = self.level >= Level.CI_CD
        over = (self.sim, self.identity, self.store)
        work: Any = {"tasks": self.tasks, "zones": self.zones} if placed else {}
        self.inbox = Inbox(*over)
        self.builder = ImageBuilder(*over, scm=self.scm, images=self.images, metadata=self.metadata, **work, automatic=delivers)
        self.ci = CI(*over, scm=self.scm, images=self.images, builder=self.builder, inbox=self.inbox, **work, automatic=delivers)
        self.orchestrator = Orchestrator(*over, stores=stores, **work, automatic=self.level >= Level.PIPELINES)
        watches: Any = {"metadata": self.metadata, "data": self.data, "inbox": self.inbox}
        self.monitoring = Monitoring(*over, **watches, automatic=self.level >= Level.PIPELINES)
        self.serving = Serving(*over, zones=self.zones, models=self.models, cluster=self._cluster, referrers=shared["referrers"])
        self._observing = Observing(self.sim, self.serving, self.monitoring)
        again: Any = {"orchestrator": self.orchestrator, "data": self.data, "models": self.models, "inbox": self.inbox}
        bring_on = self._bring_on if self.level >= Level.CI_CD else None
        self.retraining = Retrainer(*over, **again, deploy=bring_on, automatic=self.level >= Level.PIPELINES)
        below: Any = {"models": self.models, "zones": self.zones, "scm": self.scm, "metadata": self.metadata}
        ports: Any = {"serving": ServingFor(self.serving, self._moving), "pipelines": self.retraining._pipelines}
        self.cd = CD(self.sim, self.identity, self.store, **below, **ports, referrers=shared["referrers"], automatic=delivers)
        self.reproduction = Reproducer(*over, stores=stores, orchestrator=self.orchestrator)

    def _moving(self, service: str) -> Principal:
        """In whose name a deployment is moved now; what only has to be kept as it is, in that of the platform."""
        run = self.cd._runs.running.get(service)
        return self.admin if run is None else run.acting

    def _bring_on(self, deployment: str, model: str, account: Principal, event: Event) -> None:
        """A candidate that is good enough goes into the deployment, in the zone in which that is."""
        service = self.cd._catalogue.services.get(deployment)
        if service is None:
            raise UnknownNameError("deployment", deployment, self.cd._catalogue.services)
        self.cd.deploy(deployment, model, zone=service.zone, actor=account)

    def _go_on(self, own: bool) -> None:
        """Stand no earlier than when the store was used last: a simulation of its own is let run to there."""
        latest = self.identity._authorization.last_use_s
        if self.sim.now >= latest:
            return
        if not own:
            raise OptionError(
                f"on: a simulation at {self.sim.now:g} s; the platform in this store was last used at {latest:g} s: let it run to there "
                f"first (`sim.run(until={latest!r})`), or what has expired would be good again"
            )
        self.sim.run(until=latest)

    @classmethod
    def open(cls, path: str | PathLike[str], on: Cluster | Simulation | None = None, *, fsync: bool = False, **options: Any) -> Self:
        """A platform whose store is in a folder (`Store.open`): it stands where it stood when it was used last, and goes on at
        that time. To be closed.

        `on`: a simulation that is at that time or later. `options`: those of `Platform`. Raises StoreError, IntegrityError, OptionError.
        """
        store = Store.open(path, fsync=fsync)
        try:
            return cls(on, store=store, **options)
        except BaseException:
            store.close()
            raise

    @cached_property
    def trainings(self) -> Trainings:
        """What trains models in zones."""
        from .training.training import Trainings

        return Trainings(self.sim, self.tasks, self.data)

    @property
    def admin(self) -> Principal:
        """The first administrator, who holds every right."""
        return self.identity.admin

    @property
    def components(self) -> Mapping[str, Component]:
        """By the name that they have in events."""
        memory = (self.identity, self.scm, self.data, self.images, self.models, self.metadata, self.capsules, self.secrets, self.zones)
        automatic = (self.inbox, self.builder, self.ci, self.cd, self.orchestrator, self.monitoring, self.retraining, self.serving)
        return MappingProxyType({component.SOURCE: component for component in (*memory, *automatic, self.reproduction)})

    def capabilities(self) -> Capabilities:
        """Which of the capabilities CB-1 … CB-17 it realises, and what realises or supports each, as it is wired now."""
        return capabilities_of(self.level, self._cluster, self.components.values())

    def reproduce(self, model: str, *, on: Cluster | None = None, actor: Actor) -> Verdict:
        """Make a model version again from its lineage, on a platform of its own that knows nothing else, and compare bit for bit.

        `on`: a cluster for it, in a simulation of its own; None for none. Takes `read` on the model and all that it was made of; its code
        runs, with the caller's rights on this machine. Time passes on that platform, and not here (`reproduction.start` does it here).
        Events as of `reproduction.start`. Raises AccessDenied, UnknownNameError.
        """
        return self.reproduction._elsewhere(self, model, on, actor=actor)

    def sweep(self, *, actor: Actor) -> tuple[str, ...]:
        """Give up content that nothing names any more. Returns its digests. For administrators. Raises AccessDenied."""
        self.identity._authorization.require(actor, Right.ADMIN, PLATFORM, call="platform.sweep", source="platform")
        return sweep(self.store, self.components.values())

    def verify(self, *, actor: Actor) -> Verification:
        """Read all journals and all content that anything here names, and say what is missing or damaged. For administrators.

        Changes nothing, and takes as long as reading it all. Damaged content is mended by putting it again: `platform.store.put`, or the
        call that brought it. Raises AccessDenied.
        """
        self.identity._authorization.require(actor, Right.ADMIN, PLATFORM, call="platform.verify", source="platform")
        return verify(self.store, self.components.values())

    def to_html(self, path: str | PathLike[str]) -> Path:
        """Write a self-contained HTML page of all that is on it and happened, as its administrator may see it, and return where.

        Raises InputError where it cannot be written, MissingExtraError without the extra `report`.
        """
        return write_html("platform_page", self, path)

    def close(self) -> None:
        """Write down what was not yet, and let the store go. A second time does nothing."""
        try:
            self.identity._authorization.audit.flush()
        finally:
            self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Platform({', '.join(map(repr, self.components.values()))})"

    def _repr_html_(self) -> str:
        rows: list[tuple[str, object]] = [("level", self.level), ("components", tuple(self.components))]
        rows += [("cluster", None if self._cluster is None else self._cluster.spec)]
        rows += [("events", len(self.sim.log)), ("now", f"{self.sim.now:g} s")]
        return facts(rows, title="Platform")
