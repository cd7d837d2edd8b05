"""`Monitoring`: the Monitoring System of a platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ....errors import MlplatError, OptionError, UnknownNameError, printable
from ....units import Duration, seconds
from ...capabilities.table import Mark, marks
from ...component import call, call_of_anybody
from ...identity.authorization import Actor
from ...identity.principals import Principal, PrincipalKind
from ...identity.rights import Right
from ...references import Reference, whole_name
from .answers import Collected, Incident, Joined, Window, WindowList
from .buffers import Buffer
from .evaluating import Evaluating
from .watches import Prediction, Watch

if TYPE_CHECKING:
    from .state import WatchState


class Monitoring(Evaluating):
    """Watches services: predictions are collected in windows, windows compared with what the model was like when it was trained.

    A watch is `project/name`, that of the service; the right is needed on `window:project/name`. `metadata`, `data`: the stores where
    baselines are and windows go. `tests`: drift tests of one's own, by whose names a watch can ask for them. `inbox`: by which members are
    told. `automatic`: whether its alarms lead to anything by themselves.

    Rows that are in no closed window are in memory only: a platform that is opened again starts each window anew.

    >>> import mlplat as mp
    >>> from mlplat.platform.automation.monitoring import Monitoring, Prediction, baseline_of
    >>> platform = mp.Platform()
    >>> admin, identity = platform.admin, platform.identity
    >>> project = identity.create_project("shop", owner=admin, actor=admin)
    >>> robot = identity.create_service_account("shop", "monitor", actor=admin)
    >>> grants = [identity.grant(robot, right, "project:shop", actor=admin) for right in ("read", "write")]
    >>> monitoring = Monitoring(platform.sim, identity, platform.store, metadata=platform.metadata, data=platform.data)
    >>> baseline = baseline_of({"x": [float(i % 10) for i in range(1_000)]})
    >>> recorded = platform.metadata.record_baseline("shop/churn@1", **baseline, actor=admin)
    >>> watch = monitoring.watch("shop/churn", account=robot, rows=500, actor=admin)
    >>> answers = [Prediction(f"r{i}", "shop/churn@1", {"x": float(i % 10) + 5}, 1.0) for i in range(500)]
    >>> monitoring.collect("shop/churn", answers, actor=admin)
    Collected(kept=500, left_out=0, known=0)
    >>> monitoring.windows("shop/churn", actor=admin)
    shop/churn@1 of shop/churn@1: drift (x), 500 rows, latency insufficient
    >>> print(monitoring.incidents("shop/churn", actor=admin)[0])
    shop/churn/1: drift of shop/churn@1 at 0 s, open
    """

    KIND: ClassVar[str] = "window"

    # -- what is watched

    @call(Right.ADMIN)
    def watch(
        self,
        name: str,
        *,
        account: Principal | str,
        dataset: str = "",
        every: Duration | None = None,
        actor: Actor,
        **options: Any,
    ) -> Watch:
        """Watch a service, or watch it otherwise from now on; rows that wait for their window stay. Event `watch.set` {account, dataset}.

        `account`: a service account of the project, as which baselines are read and windows are written. `dataset`: for the windows,
        `project/name-windows` unless said. `every`: by time. `options`: those of `Watch`. To let an account of the project work takes
        `admin` on that, too. Raises OptionError, UnknownNameError.
        """
        reference = whole_name(name)
        self._check_project(reference.project, actor)
        self._authorization.require(actor, Right.ADMIN, f"project:{reference.project}", call="monitoring.watch", source=self.SOURCE)
        number = self._service_account(account, reference.project)
        kept = str(whole_name(dataset or f"{reference.path}-windows"))
        if whole_name(kept).project != reference.project:
            raise OptionError(f"dataset={kept!r}: expected one of the project {reference.project}")
        if options.get("baseline"):
            Reference.parse(options["baseline"])
        if "tests" in options and isinstance(options["tests"], (tuple, list)):
            options["tests"] = tuple(options["tests"])
        known = sorted({"dataset", "every"} | set(Watch.__dataclass_fields__) - {"name", "account", "every_s"})
        for option in options:
            if option not in known or option == "every_s":
                raise UnknownNameError("option of a watch", printable(str(option)[:40]), known)
        every_s = None if every is None else seconds(every)
        if every_s == 0:
            raise OptionError(f"every={every!r}: expected more than 0 s")
        watch = Watch(reference.path, number, kept, every_s=every_s, **options)
        watch.rule(self._tests)
        self._keep(self._record("watch.set", actor, name=watch.name, watch=watch.record()))
        self._start(watch)
        self._emit(watch.resource, "watch.set", actor, {"account": number, "dataset": kept})
        return watch

    @call(Right.ADMIN)
    def set_sampling(self, name: str, sampling: float, *, actor: Actor) -> Watch:
        """Keep another share of the requests from now on. Event `watch.set` {sampling}. Raises UnknownNameError, OptionError."""
        watch = replace(self._active(name).watch, sampling=sampling)
        self._keep(self._record("watch.set", actor, name=watch.name, watch=watch.record()))
        self._emit(watch.resource, "watch.set", actor, {"sampling": sampling})
        return watch

    @call(Right.ADMIN)
    def unwatch(self, name: str, *, actor: Actor) -> None:
        """Watch no longer; rows without a window are given up. Event `watch.ended` {rows}. Raises UnknownNameError."""
        watch = self._active(name).watch
        rows = sum(len(buffer.rows) for buffer in self._live[watch.name].buffers.values())
        self._keep(self._record("watch.ended", actor, name=watch.name))
        self._stop(watch.name)
        self._emit(watch.resource, "watch.ended", actor, {"rows": rows})

    @call_of_anybody
    def watches(self, project: str | None = None, *, actor: Actor) -> tuple[Watch, ...]:
        """The watches that the caller may read, by name."""
        every = sorted(self._state.watches.items())
        return tuple(
            state.watch
            for name, state in every
            if state.active and project in (None, state.watch.project) and self._may_read(actor, f"{self.KIND}:{name}")
        )

    # -- what comes in

    @call(Right.WRITE)
    def collect(self, name: str, predictions: Iterable[Prediction], *, actor: Actor) -> Collected:
        """Take answers of a service. Those in the sample go into the window of the version that answered, which is closed and judged when
        it is full. A request that is known already counts once. Raises UnknownNameError, OptionError; then none is taken. Where a closed
        window cannot be written down that is raised once all are taken; its rows are judged with the next.
        """
        state, now = self._active(name), self._sim.now
        given = list(predictions)
        if not all(isinstance(each, Prediction) for each in given):
            raise OptionError("predictions: expected a list of Prediction")
        rows = [each.row(now) for each in given]
        live, kept, known = self._live[state.watch.name], 0, 0
        unwritten: MlplatError | None = None
        with self._sim.caused_by(None):  # traffic comes from outside
            for row in rows:
                version = row["version"]
                if version not in live.buffers:
                    live.buffers[version] = Buffer()
                    self._meet(state, version)
                if row["request"] in live.answers:
                    known += 1
                    continue
                buffer = live.buffers[version]
                buffer.seen += 1
                if not state.watch.keeps(row["request"]):
                    continue
                buffer.rows.append(row)
                live.remember(row)
                kept += 1
                if len(buffer.rows) >= state.watch.rows and unwritten is None:
                    try:
                        self._close(state, version)
                    except MlplatError as error:
                        unwritten = error
        if unwritten is not None:
            raise unwritten
        return Collected(kept, len(rows) - kept - known, known)

    @call(Right.WRITE)
    def lost(self, name: str, version: str, samples: int, *, actor: Actor) -> None:
        """So many samples of a model version were lost before they were collected, such as with a node; its window says so. Raises like
        `collect`."""
        state, model = self._active(name), Reference.parse(version)
        if isinstance(samples, bool) or not isinstance(samples, int) or samples < 0 or not model.version:
            raise OptionError(f"{version!r:.60}, samples={samples!r:.30}: expected a version of a model, and a whole number of at least 0")
        self._live[state.watch.name].buffers.setdefault(str(model), Buffer()).lost += samples

    @call(Right.WRITE)
    def label(self, name: str, labels: Mapping[str, Any], *, actor: Actor) -> Joined:
        """What the answers should have been, by request; as late as they come. Quality is judged when there are enough for a version.

        Raises UnknownNameError, OptionError.
        """
        state = self._active(name)
        if not isinstance(labels, Mapping) or not all(isinstance(request, str) for request in labels):
            raise OptionError("labels: expected labels by the ids of their requests")
        live, joined = self._live[state.watch.name], 0
        versions: dict[str, None] = {}
        for request, label in labels.items():
            if request in live.answers:
                version, answer = live.answers.pop(request)
                plain = label.item() if getattr(label, "shape", None) == () and hasattr(label, "item") else label
                live.scored.setdefault(version, []).append((request, answer, plain))
                versions[version] = None
                joined += 1
        with self._sim.caused_by(None):
            verdicts = {version: self._judge_quality(state, version) for version in versions}
        return Joined(joined, len(labels) - joined, verdicts)

    @call(Right.ADMIN)
    def close_window(self, name: str, version: str, *, actor: Actor) -> Window | None:
        """Close the window of a version now, if it has the minimum of rows; None if it has not, and goes on growing. Raises
        UnknownNameError."""
        state, model = self._active(name), str(Reference.parse(version))
        buffers = self._live[state.watch.name].buffers
        if model not in buffers:
            raise UnknownNameError("version with a window", model, buffers)
        return self._close(state, model)

    # -- what is known

    @call(Right.READ)
    def windows(self, name: str, version: str | None = None, *, actor: Actor) -> WindowList:
        """Closed windows, of one model version if it is said, the first closed first. Raises UnknownNameError."""
        return WindowList(each for each in self._known(name).windows if version in (None, each.version))

    @call(Right.READ)
    def incidents(self, name: str, *, only_open: bool = False, actor: Actor) -> tuple[Incident, ...]:
        """Incidents of a watch, the first first. Raises UnknownNameError."""
        state = self._known(name)
        return tuple(state.open()) if only_open else tuple(state.incidents)

    # -- inside

    def _service_account(self, account: Principal | str, project: str) -> str:
        number = str(account)
        found = self._authorization.directory.callers.get(number)
        if found is None or found.kind is not PrincipalKind.SERVICE_ACCOUNT or found.project != project:
            raise OptionError(f"account={number!r:.60}: expected a service account of the project {project}")
        return number

    def _known(self, name: str) -> WatchState:
        path = whole_name(name).path
        if path not in self._state.watches:
            raise UnknownNameError("watch", path, [])
        return self._state.watches[path]

    def _active(self, name: str) -> WatchState:
        state = self._known(name)
        if not state.active:
            raise UnknownNameError("watch", state.watch.name, [], "it has ended")
        return state

    def _capabilities(self) -> Mapping[str, Mapping[str, Mark]]:
        return {"Monitoring System": marks("R9 R10 R13 R14" if self._automatic else "R10")}
