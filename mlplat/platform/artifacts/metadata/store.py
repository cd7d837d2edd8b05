"""`MetadataStore`: what is known of runs, and how everything came to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar, Unpack

from ....errors import OptionError, UnknownNameError, printable
from ...capabilities.table import Mark, marks
from ...component import call, call_of_anybody, principal_of
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import check_name
from .capture import Capture, metrics_in, parameters_of
from .comparison import Comparison, compared
from .fields import Fields, RunFields, check_mapping, check_metrics, check_time
from .graph_calls import GraphCalls
from .runs import MetricPoint, Run, RunStatus, Statement, local_environment, one_of

T = TypeVar("T")


class MetadataStore(GraphCalls):
    """Runs with what they used and made, and the graph that this adds up to. Its resources are runs, `run:project/name`.

    `resolvers`: how it sees commits, the registry and other stores (`Resolvers`). `referrers`: who is asked before an artifact is deleted;
    the store answers there for what its records name. What a caller may not read is shown to them as `withheld:` and a digest.

    Records are only added: a later one supersedes what it repeats, and `history` shows them all.

    >>> import mlplat as mp
    >>> from mlplat.platform.identity import IdentityProvider
    >>> identity = IdentityProvider(mp.Simulation())
    >>> ada = identity.create_user("ada", actor=identity.admin)
    >>> project = identity.create_project("shop", owner=ada, actor=identity.admin)
    >>> metadata = MetadataStore(identity._authorization.sim, identity)
    >>> run = metadata.start_run("shop/r1", data={"training": "shop/clicks@3"}, parameters={"depth": 3}, seed=7, actor=ada)
    >>> run = metadata.finish_run("shop/r1", outputs={"model": "model:shop/churn@1"}, actor=ada)
    >>> metadata.upstream("model:shop/churn@1", actor=ada).nodes
    ('run:shop/r1', 'dataset:shop/clicks@3')
    """

    # -- runs

    @call(Right.WRITE)
    def start_run(self, run: str, *, actor: Actor, **fields: Unpack[RunFields]) -> Run:
        """A run begins: `project/name`, or a project, which gives it a name. `fields`: see `RunFields`.

        Inputs are such as the caller may read; a digest that is left out is taken from the store that has the artifact. Raises OptionError
        for a name that is taken, LineageCycleError, IntegrityError for a digest that is not the artifact's.
        """
        principal = principal_of(actor)
        resource = self._new_run(run, actor)
        return self._state_run(principal, resource, Fields(fields), {"status": RunStatus.RUNNING.value, "origin": "platform"}, "start_run")

    @call(Right.WRITE)
    def log_parameters(self, run: str, parameters: Mapping[str, Any], *, actor: Actor) -> Run:
        """More parameters of a run; those of a name that is known supersede."""
        return self._state_run(principal_of(actor), self._known(run).resource, Fields({"parameters": parameters}), {}, "log_parameters")

    @call(Right.WRITE)
    def log_metrics(self, run: str, metrics: Mapping[str, Any], *, step: int = 0, actor: Actor) -> None:
        """Values of metrics at a step; earlier ones stay (`metric_history`)."""
        state = self._known(run)
        self._keep_run(principal_of(actor), state.resource, {"metrics": check_metrics(metrics, step), "step": step})

    @call(Right.WRITE)
    def log_step(
        self,
        run: str,
        step: str,
        *,
        status: str = "success",
        started: float | None = None,
        ended: float | None = None,
        resources: Mapping[str, Any] | None = None,
        actor: Actor,
    ) -> None:
        """A step of the run's pipeline: how it ended, when (s), and what it had."""
        state = self._known(run)
        row = {"name": check_name(step, "step"), "status": one_of(RunStatus, status, "status").value}
        times = {"started": check_time(started), "ended": check_time(ended)}
        self._keep_run(
            principal_of(actor), state.resource, {"steps": [{**row, **times, "resources": check_mapping(resources, "resources")}]}
        )

    @call(Right.WRITE)
    def finish_run(self, run: str, status: str = "success", *, error: str = "", actor: Actor, **fields: Unpack[RunFields]) -> Run:
        """A run has ended: success, failure, error or cancelled. Outputs are artifacts that the caller may write.

        Raises OptionError for a run that has ended already.
        """
        state = self._known(run)
        final = one_of(RunStatus, status, "status")
        if final is RunStatus.RUNNING or state.status is not RunStatus.RUNNING:
            raise OptionError(f"{state.resource} is {state.status}; expected a run that is running, and a status that is final")
        more = {"status": final.value, "ended": self._sim.now} | ({"error": printable(str(error))[:2000]} if error else {})
        return self._state_run(principal_of(actor), state.resource, Fields(fields), more, "finish_run")

    @call(Right.WRITE)
    def record(
        self,
        run: str,
        *,
        status: str = "success",
        started: float | None = None,
        ended: float | None = None,
        origin: str = "external",
        metrics: Mapping[str, Any] | None = None,
        actor: Actor,
        **fields: Unpack[RunFields],
    ) -> Run:
        """State of a run whatever is known: one that took place elsewhere, or a correction that supersedes what was recorded.

        `origin`: of a run that is new, `external` or `platform`. `started`, `ended`: s. Raises OptionError, UnknownNameError, AccessDenied.
        """
        principal = principal_of(actor)
        name = self._run_name(run)
        state = self._state.runs.get(name)
        more: dict[str, Any] = {"status": one_of(RunStatus, status, "status").value}
        started, ended = check_time(started), check_time(ended)
        if state is None:
            name = self._new_run(run, actor)
            if origin not in ("external", "platform"):
                raise UnknownNameError("origin", printable(str(origin)[:40]), ("external", "platform"))
            more |= {"origin": origin, "started": self._sim.now if started is None else started, "ended": ended}
        else:
            more |= {key: value for key, value in (("started", started), ("ended", ended)) if value is not None}
        if metrics is not None:
            more |= {"metrics": check_metrics(metrics, 0), "step": 0}
        return self._state_run(principal, name, Fields(fields), more, "record")

    @call(Right.WRITE)
    def withdraw(self, run: str, role: str, *, actor: Actor) -> Run:
        """A record that says no longer what the run used or made in a role; the earlier one stays in its history, and the link is missing.

        Raises OptionError where the record names nothing in that role.
        """
        state = self._known(run)
        family = next((name for name in ("inputs", "outputs") if role in getattr(state, name)), "")
        if not family:
            raise OptionError(f"{state.resource} names nothing as {printable(str(role)[:60])!r}")
        self._keep_run(principal_of(actor), state.resource, {family: {role: None}, "linking": state.linking.value})
        return state.view(partial(self._shown, principal_of(actor)))

    @call(Right.WRITE)
    def capture(self, run: str, *, actor: Actor, **fields: Unpack[RunFields]) -> Capture:
        """A run around a `with` block, for the code that runs steps: what happens inside needs to know nothing of it (`Capture`)."""
        principal = principal_of(actor)
        fields.setdefault("environment", local_environment())
        started = self.start_run(run, actor=principal, **fields)
        assert self._last is not None
        self._captures[self._last.id] = started.resource
        return Capture(self, started, self._last, principal)

    @call(Right.WRITE, "run")
    def capture_call(
        self, function: Callable[..., T], run: str, arguments: Mapping[str, Any] | None = None, *, actor: Actor, **fields: Unpack[RunFields]
    ) -> tuple[T, Run]:
        """Call `function(**arguments)` as a run, whose parameters are the arguments and whose metrics are the numbers it returns.

        An argument `seed` is the seed of the run. What the function raises comes out as it is; the run has failed then.
        """
        given = dict(arguments or {})
        seed = given.get("seed")
        if isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0:
            fields.setdefault("seed", seed)
        fields["parameters"] = {
            **parameters_of({name: value for name, value in given.items() if name != "seed"}),
            **(fields.get("parameters") or {}),
        }
        with self.capture(run, actor=actor, **fields) as captured:
            result = function(**given)
            metrics = metrics_in(result)
            if metrics:
                captured.metrics(metrics)
        return result, captured.run

    @call(Right.READ)
    def run(self, run: str, *, actor: Actor) -> Run:
        """A run as its latest record has it. Raises UnknownRunError."""
        return self._known(run).view(partial(self._shown, principal_of(actor)))

    @call(Right.READ)
    def history(self, run: str, *, actor: Actor) -> tuple[Statement, ...]:
        """All records of a run, the first first."""
        return self._known(run).history(partial(self._shown_name, principal_of(actor)))

    @call(Right.READ)
    def metric_history(self, run: str, metric: str, *, actor: Actor) -> tuple[MetricPoint, ...]:
        """All values of a metric of a run, in the order in which they were recorded; none where it has none."""
        return tuple(self._known(run).metrics.get(metric, ()))

    @call(Right.READ, "first", "second")
    def compare(self, first: str, second: str, *, actor: Actor) -> Comparison:
        """Two runs side by side: parameters, metrics, environment, inputs and outputs."""
        show = partial(self._shown, principal_of(actor))
        return compared(self._known(first).view(show), self._known(second).view(show))

    @call_of_anybody
    def search(
        self, filter: str = "", *, project: str | None = None, order_by: str = "started desc", limit: int = 1000, actor: Actor
    ) -> tuple[Run, ...]:
        """The runs that the caller may read and a filter holds for, such as `metrics.auc > 0.8 and params.model = 'tree'` (`parse_filter`).

        `order_by`: what a filter can ask for, then `asc` or `desc`; runs without it come last. Raises FilterError.
        """
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise OptionError(f"limit={limit!r:.40}: expected a number of runs")
        principal = principal_of(actor)
        found = self._ordered(self._matching(principal, filter, project), order_by)[:limit]
        return tuple(state.view(partial(self._shown, principal)) for state in found)

    @call_of_anybody
    def count(self, filter: str = "", *, project: str | None = None, actor: Actor) -> int:
        """How many runs there are that the caller may read and a filter holds for."""
        return len(self._matching(principal_of(actor), filter, project))

    def _capabilities(self) -> Mapping[str, Mapping[str, Mark]]:
        return {"Metadata Store": marks("s10 R11 R16 R17")}
