"""Runs that start by themselves: on schedule, or at an event such as a change of data or an alarm."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ...errors import MlplatError, OptionError, UnknownNameError, printable
from ...units import Duration, format_seconds, seconds
from ..artifacts.withholding import resource_named
from ..component import call, call_of_anybody, principal_of
from ..identity.authorization import Actor
from ..identity.principals import Principal
from ..identity.rights import Right
from ..references import KINDS, Reference, check_project, check_zone, whole_name
from .calls import seed_of
from .running import Running

if TYPE_CHECKING:
    from ...events import Event
    from .state import ScheduleState


SHORTEST_S: Final = 1.0
"""Period of a schedule (s)."""
REFUSALS: Final = ("access.denied", "call.refused")
ARTIFACTS: Final = frozenset({"repo", "dataset", "model", "image", "pipeline"})


class Schedule(NamedTuple):
    """What starts runs by itself. `name`: `project/name`. `pipeline`: the version, or the pipeline whose newest is taken. `account`: the
    id in whose name it runs. `every_s`, `start_s`: of a schedule (s); `on`, `subject`: the events that start it."""

    name: str
    pipeline: str
    zone: str
    account: str
    every_s: float
    start_s: float
    on: str
    subject: str
    data: Mapping[str, str]
    parameters: Mapping[str, Any]
    seed: int

    def __str__(self) -> str:
        when = f"every {format_seconds(self.every_s)}" if self.every_s else f"at {printable(self.on)} of {printable(self.subject)}"
        return f"{self.name}: {self.pipeline} {when}"


class Scheduling(Running):
    """Pipelines, as far as they start by themselves."""

    @call(Right.WRITE)
    def schedule(
        self,
        name: str,
        ref: str,
        *,
        every: Duration,
        start: Duration | None = None,
        zone: str = "",
        data: Mapping[str, str] | None = None,
        parameters: Mapping[str, Any] | None = None,
        seed: int = 0,
        cache: bool = True,
        account: Principal | str | None = None,
        actor: Actor,
    ) -> Schedule:
        """Run a published pipeline at `start` (absolute; one period from now unless said) and every period after it, in place of what is
        called `name` (`project/name`) now. `every`: at least a second.

        `ref`: one version, or a pipeline whose newest version is taken each time. `account`: the service account, or else the caller, in
        whose name it runs; another than the caller takes `admin` on the project. Events `schedule.fired` {pipeline, schedule}, which is the
        cause of the run; where that is refused, the refusal is told and the schedule goes on. Raises OptionError, UnknownNameError,
        AccessDenied.
        """
        period = seconds(every)
        if period < SHORTEST_S:
            raise OptionError(f"every={printable(str(every)[:40])}: expected at least {SHORTEST_S:g} s")
        first = self._sim.now + period if start is None else seconds(start)
        if first < self._sim.now:
            raise OptionError(f"start={printable(str(start)[:40])}: expected a time that is not past")
        said = self._starts("schedule", name, ref, zone, data, parameters, seed, cache, account, principal_of(actor))
        return self._set(self._record("schedule.made", actor, **said, every=period, start=first))

    @call(Right.WRITE)
    def trigger(
        self,
        name: str,
        ref: str,
        *,
        on: str = "dataset.changed",
        subject: str = "*",
        zone: str = "",
        data: Mapping[str, str] | None = None,
        parameters: Mapping[str, Any] | None = None,
        seed: int = 0,
        cache: bool = True,
        account: Principal | str | None = None,
        actor: Actor,
    ) -> Schedule:
        """Run a published pipeline at every event whose predicate and subject match (`*` stands for any text), in place of what is called
        `name` now: such as at `dataset.changed` of `dataset:shop/clicks`, or at `incident.detected`.

        The event is the cause of the run. One that a run of the same name has led to itself starts no other, nor does one about what the
        account may not read, or one that tells that a trigger's run was refused. In all that follows from an event through triggers, each
        starts one run at most for each artifact that changes, and one for all else. As `schedule` otherwise.
        """
        for what, pattern in (("on", on), ("subject", subject)):
            if not isinstance(pattern, str) or not pattern or not pattern.isprintable() or len(pattern) > 250:
                raise OptionError(f"{what}: expected a pattern, such as 'dataset.changed'")
        said = self._starts("trigger", name, ref, zone, data, parameters, seed, cache, account, principal_of(actor))
        return self._set(self._record("trigger.made", actor, **said, on=on, subject=subject))

    @call(Right.WRITE)
    def unschedule(self, name: str, *, actor: Actor) -> None:
        """A schedule or trigger starts no more runs. Raises UnknownNameError."""
        path = whole_name(name).path
        if path not in self._state.schedules:
            raise UnknownNameError("schedule", path, [each for each in self._state.schedules if self._may_read(actor, f"pipeline:{each}")])
        self._keep(self._record("schedule.removed", actor, name=path))
        self._live.schedules.pop(path)()

    @call_of_anybody
    def schedules(self, project: str | None = None, *, actor: Actor) -> tuple[Schedule, ...]:
        """The schedules and triggers that the caller may read, by name. Raises OptionError."""
        start = "" if project is None else f"{check_project(project)}/"
        names = sorted(name for name in self._state.schedules if name.startswith(start))
        return tuple(_answer(self._state.schedules[name]) for name in names if self._may_read(actor, f"pipeline:{name}"))

    # -- inside

    def _starts(
        self,
        call_made: str,
        name: str,
        ref: str,
        zone: str,
        data: Mapping[str, str] | None,
        parameters: Mapping[str, Any] | None,
        seed: int,
        cache: bool,
        account: Principal | str | None,
        actor: Principal,
    ) -> dict[str, Any]:
        """What is recorded of a schedule, checked."""
        path, reference = whole_name(name).path, Reference.parse(ref)
        project = path.partition("/")[0]
        self._check_project(project, actor)
        self._require(actor, Right.READ, f"pipeline:{self._resolved(reference)}", call_made)
        kept = self._find(str(reference), actor)
        known = self._dag(kept)
        known.values_of(parameters or {})
        if data is not None and not isinstance(data, Mapping):
            raise OptionError("data: expected versions by input, such as {'clicks': 'shop/clicks@3'}")
        given = {} if data is None else dict(data)
        for input in given:
            if input not in known.inputs:
                raise OptionError(f"data: no input {printable(str(input)[:80])!r}; expected {', '.join(known.inputs) or 'none'}")
        who = actor if account is None else self._authorization.directory.find(account)
        if who.id == actor.id:  # it runs with all that they may, and not only what a token is for
            self._authorization.require_whole(actor, call=f"{self.SOURCE}.{call_made}", source=self.SOURCE)
        else:
            self._require(actor, Right.ADMIN, f"project:{project}", call_made)
            if who.project != project:
                raise OptionError(f"account: {who.id} is no service account of project {project}")
        pinned = str(reference if not reference.version else reference.at(kept.version.digest))
        if self._placed and not zone:
            self._own_zone(who)
        elif self._placed and self._zones is not None:
            self._zones._staying(zone, actor)
        return {
            "name": path,
            "pipeline": pinned,
            "zone": check_zone(zone),
            "account": who.id,
            "data": {input: str(each) for input, each in given.items()},
            "parameters": dict(parameters or {}),
            "seed": seed_of(seed),
            "cache": bool(cache),
        }

    def _set(self, record: Mapping[str, Any]) -> Schedule:
        name = record["name"]
        self._keep(record)
        if name in self._live.schedules:
            self._live.schedules.pop(name)()
        self._arm(self._state.schedules[name])
        return _answer(self._state.schedules[name])

    def _take_up(self) -> None:
        for each in self._state.schedules.values():
            self._arm(each)

    def _arm(self, each: ScheduleState) -> None:
        """Let a schedule start runs from now on: one that was armed before at the times at which it would have."""
        if each.every_s:
            missed = max(0.0, self._sim.now - each.start_s)
            turns = int(missed // each.every_s) + (missed % each.every_s > 0)
            if each.start_s + turns * each.every_s == self._sim.now and self._has_run_now(each.name):
                turns += 1
            repeating = self._sim.every(each.every_s, partial(self._fire, each.name), start=each.start_s + turns * each.every_s)
            self._live.schedules[each.name] = repeating.cancel
        else:
            self._live.schedules[each.name] = self._sim.log.subscribe(each.on, partial(self._heard, each.name))

    def _has_run_now(self, name: str) -> bool:
        """Whether a schedule has started a run at this very instant, before the platform was closed."""
        runs = reversed(self._state.runs.values())
        return any(run.trigger.get("schedule") == name for run in takewhile(lambda run: run.queued_s == self._sim.now, runs))

    def _fire(self, name: str) -> None:
        each = self._state.schedules[name]
        told = {"pipeline": each.pipeline, "schedule": name}
        self._run_as(name, self._emit(f"schedule:{name}", "schedule.fired", each.account, told), {"by": "schedule", "schedule": name})

    def _heard(self, name: str, event: Event) -> None:
        from fnmatch import fnmatchcase

        each = self._state.schedules.get(name)
        if each is None or not fnmatchcase(event.subject, each.subject.replace("[", "[[]").replace("?", "[?]")):
            return
        of_own = self._live.starting and event.predicate in REFUSALS
        if of_own or self._led_by(name, event) or not self._may_hear(each.account, event.subject):
            return
        if self._automatic and event.id >= 0:
            followed = (self._root(event), name, _about(event))
            if followed in self._live.followed:
                return
            self._live.followed.add(followed)
        told = {"by": "event", "schedule": name, "event": event.id, "predicate": event.predicate}
        self._sim.at(self._sim.now, self._run_as, name, event, told)

    def _may_hear(self, account: str, subject: str) -> bool:
        """Whether who runs may read what an event is about, where that is a resource: when it happened would tell them of it."""
        kind, _, path = subject.partition(":")
        of_project = path.partition("/")[0] in self._authorization.directory.projects  # such as `pipelinerun:shop/train-1`
        resource = resource_named(subject) if kind in KINDS or of_project else None
        who = self._authorization.directory.get(account)
        return resource is None or self._may_read(who, resource)

    def _led_by(self, name: str, event: Event) -> bool:
        """Whether a run that this trigger started has led to an event, or is what it tells of."""
        for cause in (event, *self._sim.log.causes(event)) if event.id >= 0 else ():
            if cause.predicate == "pipelinerun.queued" and cause.data["trigger"].get("schedule") == name:
                return True
        return False

    def _root(self, event: Event) -> int:
        """The event from which an event follows through the runs that triggers have started; itself where there is none."""
        chain = (event, *self._sim.log.causes(event))
        started = [cause.data["trigger"] for cause in chain if cause.predicate == "pipelinerun.queued"]
        return next((int(said["event"]) for said in reversed(started) if said.get("by") == "event" and "schedule" in said), event.id)

    def _run_as(self, name: str, event: Event, trigger: Mapping[str, Any]) -> None:
        """Start a run of a schedule; what is refused has been told."""
        each = self._state.schedules.get(name)
        if each is None or not self._automatic:
            return
        who = self._authorization.directory.get(each.account)
        self._live.starting = True
        with self._sim.caused_by(event):
            try:
                prepared = self._prepared("run", each.pipeline, "", "", "", {}, who)  # type: ignore[arg-type]
                project = name.partition("/")[0]
                said: dict[str, Any] = {"cache": each.cache, "publish": True, "trigger": trigger, "cause": event}
                self._start(prepared, who, project, each.zone, each.data, each.parameters, each.seed, **said)  # type: ignore[arg-type]
            except MlplatError as error:
                self._refused(f"{self.SOURCE}.run", error, who)
            finally:
                self._live.starting = False


def _about(event: Event) -> str:
    """The artifact that an event is about, whatever version; empty for all else, such as runs, of which each has a name of its own."""
    return event.subject.partition("@")[0] if event.kind in ARTIFACTS else ""


def _answer(each: ScheduleState) -> Schedule:
    times = each.every_s, each.start_s, each.on, each.subject
    return Schedule(each.name, each.pipeline, each.zone, each.account, *times, each.data, each.parameters, each.seed)
