"""The part of `Monitoring` that is not calls: closing windows, judging, incidents."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ....errors import AccessDenied, MlplatError, UnknownNameError, printable
from ...artifacts.metadata.records import UnknownBaselineError
from ...component import Component
from ...identity.principals import Principal
from ...record_shapes import Shape
from .answers import Incident, IncidentKind, Window
from .buffers import Buffer, Live, series
from .drift.deciding import decide
from .drift.naive import NaiveVerdict, naive_rules
from .drift.reference import PREDICTION, Reference
from .drift.verdict import Outcome, WindowVerdict
from .incidents import Changes, Found, changes
from .journal import RECORDS
from .judgements import Judgement, Lack
from .judging import drift_found, figures, judged_columns, latencies, latency_found, missing_data, quality_figures, quality_found
from .latency import LatencyVerdict
from .latency import judge as judge_latency
from .quality import Metric, QualityVerdict, scores
from .quality import judge as judge_quality
from .state import MonitoringState, WatchState
from .watches import META, Watch, known_tests

if TYPE_CHECKING:
    import polars as pl

    from ....context import Simulation
    from ....events import Event
    from ...artifacts.data.data_store import DataStore
    from ...artifacts.metadata.baselines import Baseline
    from ...artifacts.metadata.store import MetadataStore
    from ...identity.provider import IdentityProvider
    from ...storage.store import Store
    from ..inbox import Inbox
    from .drift.drift_test import DriftTest


class Evaluating(Component):
    """State, clock and verdicts."""

    SOURCE: ClassVar[str] = "monitoring"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def __init__(
        self,
        sim: Simulation,
        identity: IdentityProvider,
        store: Store | None = None,
        *,
        metadata: MetadataStore,
        data: DataStore,
        tests: Iterable[DriftTest] = (),
        inbox: Inbox | None = None,
        automatic: bool = True,
    ) -> None:
        self._automatic = automatic
        self._metadata, self._data, self._inbox = metadata, data, inbox
        self._tests = known_tests(tests)
        super().__init__(sim, identity, store)
        for state in self._state.watches.values():
            if state.active:
                self._start(state.watch)

    def _begin(self) -> None:
        self._state = MonitoringState()
        self._live: dict[str, Live] = {}
        self._references: dict[tuple[str, str], Reference] = {}

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._state.apply(record)

    def _contents(self) -> Iterator[str]:
        """The Data Store has the windows."""
        return iter(())

    # -- the clock

    def _start(self, watch: Watch) -> None:
        live = self._live.setdefault(watch.name, Live())
        if live.tick is not None:
            live.tick.cancel()
        live.tick = None if watch.every_s is None else self._sim.every(watch.every_s, self._tick, watch.name)

    def _stop(self, name: str) -> None:
        live = self._live.pop(name)
        if live.tick is not None:
            live.tick.cancel()

    def _tick(self, name: str) -> None:
        state = self._state.watches[name]
        for version, buffer in list(self._live[name].buffers.items()):
            if buffer.rows:
                self._close(state, version)

    # -- what is read and written as the service account

    def _account(self, watch: Watch) -> Principal:
        """Raises AccessDenied if it is no more."""
        found = self._authorization.directory.callers.get(watch.account)
        if found is None:
            raise AccessDenied(watch.account, "watch", watch.resource, "the service account was deleted")
        return found

    def _baseline(self, watch: Watch, version: str) -> Baseline | None:
        """Of a model version; None where there is none."""
        try:
            return self._metadata.baseline(version, actor=self._account(watch))
        except UnknownBaselineError:
            return None

    def _reference(self, watch: Watch, baseline: Baseline | None) -> Reference | None:
        """What windows are compared with, made once for the same content. Reading is decided every time."""
        if watch.baseline:
            account = self._account(watch)
            key = ("dataset", self._data.resolve(watch.baseline, actor=account).digest)
            if key not in self._references:
                frame = self._data.read(watch.baseline, actor=account)
                self._references[key] = Reference.of(frame.drop(META, strict=False) if hasattr(frame, "drop") else frame)
        elif baseline is None or not (baseline.features or baseline.predictions):
            return None
        else:
            key = ("baseline", baseline.digest)
            if key not in self._references:
                self._references[key] = Reference.of_baseline(baseline)
        return self._references[key]

    def _meet(self, state: WatchState, version: str) -> None:
        """A version has answered for the first time: a lack of its baseline is said at once."""
        found, _, _ = self._captured(state.watch, version)
        known = {kind: each for kind, each in found.items() if each.wrong}
        self._change(state, version, changes(state, version, known, frozenset()), None)

    def _cut_off(self, state: WatchState, version: str, reason: str, cause: Event) -> None:
        """Nothing comes in of a version any more, since the account of the watch may not look."""
        if state.active:
            found = {IncidentKind.ACCESS: Found(True, missing_data(None, reason))}
            self._change(state, version, changes(state, version, found, frozenset()), None, lambda: cause)

    def _captured(self, watch: Watch, version: str) -> tuple[dict[IncidentKind, Found], Reference | None, Baseline | None]:
        """What a version is compared with, and whether that could be had."""
        baseline: Baseline | None = None
        reference: Reference | None = None
        try:
            baseline = self._baseline(watch, version)
            reference = self._reference(watch, baseline)
        except MlplatError as error:
            return {IncidentKind.ACCESS: Found(True, missing_data(baseline, printable(str(error))[:300]))}, None, baseline
        missing = Found(reference is None, missing_data(baseline, f"{version} has no baseline to compare with"))
        return {IncidentKind.BASELINE_MISSING: missing, IncidentKind.ACCESS: Found(False)}, reference, baseline

    # -- windows

    def _close(self, state: WatchState, version: str) -> Window | None:
        """Close the window of a version, judge it and write it down; below the minimum say that it is insufficient, and let it grow."""
        watch, live = state.watch, self._live[state.watch.name]
        buffer = live.buffers[version]
        if len(buffer.rows) < watch.minimum:
            shown = {"about": "window", "version": version, "rows": len(buffer.rows), "minimum": watch.minimum, "lost": buffer.lost}
            shown |= {"outcome": str(Judgement.INSUFFICIENT)} | self._for(watch)
            self._emit(watch.resource, "window.evaluated", watch.account, shown)
            return None
        number = len(state.windows) + 1
        resource = f"{watch.resource}@{number}"
        frame = buffer.frame()
        found, reference, baseline = self._captured(watch, version)
        verdict: WindowVerdict | None = None
        naive = NaiveVerdict(len(buffer.rows), (), ())
        if reference is not None:
            judged = judged_columns(frame, reference)
            naive = naive_rules(reference, judged)
            try:
                verdict = decide(reference, judged, watch.rule(self._tests))
            except UnknownNameError as error:  # a test of one's own that this platform was opened without
                found[IncidentKind.ACCESS] = Found(True, missing_data(baseline, str(error)[:300]))
        drift = None if verdict is None else drift_found(verdict, resource)
        if drift is not None:
            found[IncidentKind.DRIFT] = drift
        speed = judge_latency(latencies(frame), baseline.latency if baseline else {}, alpha=watch.alpha, floor=watch.latency_floor)
        slow = latency_found(speed, resource)
        if slow is not None:
            found[IncidentKind.LATENCY] = slow
        dataset = self._write(watch, frame, f"window {number} of {version}", found)
        times = [row["time_s"] for row in buffer.rows]
        what = changes(state, version, found, self._retired(state, version, min(times)))
        record = self._record(
            "window.closed",
            watch.account,
            name=watch.name,
            version=version,
            number=number,
            from_s=min(times),
            to_s=max(times),
            rows=len(buffer.rows),
            seen=buffer.seen,
            lost=buffer.lost,
            sampling=watch.sampling,
            dataset=dataset,
            outcome=str(verdict.outcome) if verdict else str(Judgement.UNJUDGED),
            columns=list(verdict.columns) if verdict and verdict.outcome is Outcome.DRIFT else [],
            alarms=[figures(each) for each in verdict.alarms] if verdict else [],
            latency=str(speed.outcome),
            naive_psi=len(naive.psi),
            naive_ks=len(naive.ks),
            **_rows(what),
        )
        self._keep(record)
        live.buffers[version] = Buffer()
        window = state.windows[-1]
        event = self._emit(resource, "window.evaluated", watch.account, self._shown(window, speed, what) | self._for(watch))
        self._tell(state, what, event)
        return window

    def _write(self, watch: Watch, frame: pl.DataFrame, note: str, found: dict[IncidentKind, Found], suffix: str = "") -> str:
        """Write rows to the Data Store; the version, or nothing and an incident of access."""
        try:
            return self._data.publish(f"{watch.dataset}{suffix}", frame, note=note, actor=self._account(watch)).reference
        except MlplatError as error:
            if not found.get(IncidentKind.ACCESS, Found(False)).wrong:
                found[IncidentKind.ACCESS] = Found(True, missing_data(None, printable(str(error))[:300]))
            return ""

    def _retired(self, state: WatchState, version: str, from_s: float) -> frozenset[str]:
        """Versions that answered last before this window began."""
        buffers = self._live[state.watch.name].buffers
        retired = []
        for other in {one.version: None for one in state.open() if one.version != version}:
            waiting = [row["time_s"] for row in buffers[other].rows] if other in buffers else []
            last = max([*waiting, state.last_s(other) or 0.0])
            if last < from_s:
                retired.append(other)
        return frozenset(retired)

    def _shown(self, window: Window, speed: LatencyVerdict, what: Changes) -> dict[str, Any]:
        """Of a window, for its event."""
        names = ("version", "rows", "seen", "lost", "sampling", "dataset", "outcome", "latency", "naive_psi", "naive_ks")
        shown = {"about": "window", **{name: getattr(window, name) for name in names}, "columns": list(window.columns)}
        ratio = speed.ratio if math.isfinite(speed.ratio) else None
        return shown | {"latency_ratio": ratio, "incidents": [*what.loud, *(row["number"] for row in what.opened)]}

    # -- labels

    def _judge_quality(self, state: WatchState, version: str) -> QualityVerdict:
        watch, scored = state.watch, self._live[state.watch.name].scored
        pairs = scored[version]
        metric = Metric(watch.metric)
        if len(pairs) < watch.labels:
            verdict = QualityVerdict(Judgement.INSUFFICIENT, metric, len(pairs), reason=Lack.TOO_FEW_LABELS)
            self._emit_quality(watch, version, verdict, "")
            return verdict
        found: dict[IncidentKind, Found] = {}
        captured: object = None
        try:
            baseline = self._baseline(watch, version)
            captured = baseline.quality.get(metric) if baseline else None
        except MlplatError as error:
            found[IncidentKind.ACCESS] = Found(True, missing_data(None, printable(str(error))[:300]))
        worth = scores(metric, [answer for _, answer, _ in pairs], [label for _, _, label in pairs])
        verdict = judge_quality(metric, worth, captured, alpha=watch.alpha, minimum=1, floor=watch.quality_floor)
        found |= quality_found(verdict)
        dataset = self._write(watch, _labelled(version, pairs), f"labels of {version}", found, "-labels")
        what = changes(state, version, found, self._retired(state, version, self._sim.now))

        def judged() -> Event:
            del scored[version]
            return self._emit_quality(watch, version, verdict, dataset)

        self._change(state, version, what, quality_figures(verdict), judged)
        return verdict

    def _emit_quality(self, watch: Watch, version: str, verdict: QualityVerdict, dataset: str) -> Event:
        shown = {"about": "quality", "version": version, "outcome": str(verdict.outcome), "reason": str(verdict.reason), "dataset": dataset}
        return self._emit(watch.resource, "window.evaluated", watch.account, shown | quality_figures(verdict) | self._for(watch))

    # -- incidents

    def _change(self, state: WatchState, version: str, what: Changes, quality: Mapping[str, Any] | None, evaluated: Any = None) -> None:
        """Keep what has changed without a window, if anything has, and say so."""
        if what:
            fields = {"name": state.watch.name, "version": version, "quality": quality}
            self._keep(self._record("state.changed", state.watch.account, **fields, **_rows(what)))
        cause = evaluated() if evaluated is not None else None
        self._tell(state, what, cause)

    def _tell(self, state: WatchState, what: Changes, cause: Event | None) -> None:
        """Events of incidents that are opened, go on for long or are over, and messages to the members of the project."""
        for row in what.opened:
            one = state.incidents[row["number"] - 1]
            self._tell_one(state.watch, one, "incident.detected", one.data, cause)
        for number, newest in what.again.items():
            one = state.incidents[number - 1]
            self._tell_one(state.watch, one, "incident.detected", {**newest, "further": one.further}, cause)
        for number in what.resolved:
            one = state.incidents[number - 1]
            self._tell_one(state.watch, one, "incident.resolved", {"opened_s": one.opened_s, "windows": one.quiet}, cause)

    def _tell_one(self, watch: Watch, one: Incident, predicate: str, figures: Mapping[str, Any], cause: Event | None) -> None:
        data = {"kind": str(one.kind), "watch": watch.name, "version": one.version, **figures, **self._for(watch)}
        event = self._emit(one.resource, predicate, watch.account, data, cause)
        if self._inbox is not None:
            self._inbox._tell(watch.project, event.subject, _sentence(one, predicate == "incident.detected"), watch.account)

    @staticmethod
    def _for(watch: Watch) -> dict[str, Any]:
        return {"on_behalf_of": f"project:{watch.project}"}


def _rows(what: Changes) -> dict[str, Any]:
    return {name: list(part) for name, part in what._asdict().items() if name != "again"}


def _sentence(one: Incident, begins: bool) -> str:
    """What people are told of an incident."""
    if not begins:
        return f"{one.watch}: {one.kind} of {one.version} is over"
    of = f" in {', '.join(printable(str(name)) or 'all columns' for name in one.data['features'][:5])}" if one.data.get("features") else ""
    why = f": {one.data['reason']}" if one.data.get("reason") else ""
    still = f", still after {one.further} further windows" if one.further else ""
    return f"{one.watch}: {one.kind} of {one.version}{of}{why}{still}"


def _labelled(version: str, pairs: list[tuple[str, Any, Any]]) -> pl.DataFrame:
    """Labels beside what was answered."""
    import polars as pl

    requests, answers, labels = zip(*pairs, strict=True)
    columns = {"request": requests, "version": [version] * len(pairs), f"{PREDICTION}prediction": answers, "label": labels}
    return pl.DataFrame([series(name, list(values)) for name, values in columns.items()])
