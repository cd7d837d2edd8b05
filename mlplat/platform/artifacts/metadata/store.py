"""`MetadataStore`: what is known of runs, and how everything came to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, Unpack

from ....canonical import canonical_json
from ....errors import OptionError, UnknownNameError, printable
from ...component import call, call_of_anybody
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import check_name
from ...storage.digests import digest_of_json
from .answers import Deployed, Impact, Reach
from .baselines import Baseline, baseline_content
from .capture import Capture, metrics_in, parameters_of
from .comparison import Comparison, compared
from .fields import Fields, RunFields, check_mapping, check_metrics, check_time
from .lineage import Lineage, Subgraph
from .nodes import NodeKind, artifact, check_node
from .questions import Questions
from .runs import Linking, MetricPoint, Run, RunStatus, Statement, local_environment, one_of

if TYPE_CHECKING:
    pass

T = TypeVar("T")
MOST = 10_000
"""Nodes of a part of the graph that are given at once."""


class MetadataStore(Questions):
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

    KIND: ClassVar[str] = "run"
    SOURCE: ClassVar[str] = "metadata"

    # -- runs

    @call(Right.WRITE)
    def start_run(self, run: str, *, actor: Actor, **fields: Unpack[RunFields]) -> Run:
        """A run begins: `project/name`, or a project, which gives it a name. `fields`: see `RunFields`.

        Inputs are such as the caller may read; a digest that is left out is taken from the store that has the artifact. Raises OptionError
        for a name that is taken, LineageCycleError, IntegrityError for a digest that is not the artifact's.
        """
        principal = self._caller(actor)
        resource = self._new_run(run, actor)
        return self._state_run(principal, resource, Fields(fields), {"status": RunStatus.RUNNING.value, "origin": "platform"}, "start_run")

    @call(Right.WRITE)
    def log_parameters(self, run: str, parameters: Mapping[str, Any], *, actor: Actor) -> Run:
        """More parameters of a run; those of a name that is known supersede."""
        return self._state_run(self._caller(actor), self._known(run).resource, Fields({"parameters": parameters}), {}, "log_parameters")

    @call(Right.WRITE)
    def log_metrics(self, run: str, metrics: Mapping[str, Any], *, step: int = 0, actor: Actor) -> None:
        """Values of metrics at a step; earlier ones stay (`metric_history`)."""
        state = self._known(run)
        self._keep_run(self._caller(actor), state.resource, {"metrics": check_metrics(metrics, step), "step": step})

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
            self._caller(actor), state.resource, {"steps": [{**row, **times, "resources": check_mapping(resources, "resources")}]}
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
        return self._state_run(self._caller(actor), state.resource, Fields(fields), more, "finish_run")

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

        `origin`: of a run that is new, `external` or `platform`. `started`, `ended`: s.
        """
        principal = self._caller(actor)
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
        self._keep_run(self._caller(actor), state.resource, {family: {role: None}, "linking": state.linking.value})
        return state.view(partial(self._shown, self._caller(actor)))

    @call(Right.WRITE)
    def capture(self, run: str, *, actor: Actor, **fields: Unpack[RunFields]) -> Capture:
        """A run around a `with` block, for the code that runs steps: what happens inside needs to know nothing of it (`Capture`)."""
        principal = self._caller(actor)
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
        return self._known(run).view(partial(self._shown, self._caller(actor)))

    @call(Right.READ)
    def history(self, run: str, *, actor: Actor) -> tuple[Statement, ...]:
        """All records of a run, the first first."""
        return self._known(run).history(partial(self._shown_name, self._caller(actor)))

    @call(Right.READ)
    def metric_history(self, run: str, metric: str, *, actor: Actor) -> tuple[MetricPoint, ...]:
        """All values of a metric of a run, in the order in which they were recorded; none where it has none."""
        return tuple(self._known(run).metrics.get(metric, ()))

    @call(Right.READ, "run_a", "run_b")
    def compare(self, run_a: str, run_b: str, *, actor: Actor) -> Comparison:
        """Two runs side by side: parameters, metrics, environment, inputs and outputs."""
        show = partial(self._shown, self._caller(actor))
        return compared(self._known(run_a).view(show), self._known(run_b).view(show))

    @call_of_anybody
    def search(
        self, filter: str = "", *, project: str | None = None, order_by: str = "started desc", limit: int = 1000, actor: Actor
    ) -> tuple[Run, ...]:
        """The runs that the caller may read and a filter holds for, such as `metrics.auc > 0.8 and params.model = 'tree'` (`parse_filter`).

        `order_by`: what a filter can ask for, then `asc` or `desc`; runs without it come last. Raises FilterError.
        """
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise OptionError(f"limit={limit!r:.40}: expected a number of runs")
        principal = self._caller(actor)
        found = self._ordered(self._matching(principal, filter, project), order_by)[:limit]
        return tuple(state.view(partial(self._shown, principal)) for state in found)

    @call_of_anybody
    def count(self, filter: str = "", *, project: str | None = None, actor: Actor) -> int:
        """How many runs there are that the caller may read and a filter holds for."""
        return len(self._matching(self._caller(actor), filter, project))

    # -- the graph

    @call(Right.WRITE, "downstream")
    def link(self, upstream: object, downstream: str, role: str, *, actor: Actor) -> None:
        """One artifact was made of another, outside any run: a window of a deployment, a dataset of a window. A second time does nothing.

        The caller may read `upstream`. Raises LineageCycleError, IntegrityError for a digest that is not the artifact's.
        """
        principal = self._caller(actor)
        one, below = artifact(upstream), check_node(self._canonical(downstream))
        self._require(principal, Right.READ, one.resource, "link", one.resource)
        check_name(role, "role")
        if (one.resource, below, role) in self._state.links:
            return
        one = self._verified(one)
        self._state.graph.check_acyclic([one.resource], below, [])
        record = {"what": "link.recorded", "upstream": one.resource, "downstream": below, "role": role, "digest": one.digest}
        self._keep({**record, "time": self._sim.now, "actor": principal.id})
        self._emit(below, "metadata.recorded", principal, {"what": "link", "role": role, "digest": digest_of_json(record)})

    @call(Right.READ)
    def lineage(self, model: str, *, linking: str = "both", generations: int = 1, actor: Actor) -> Lineage:
        """How a model version came to be: its run, what that used, and what is missing of that.

        `linking`: `direct` follows the record of the run, `chained` the registry, the commit and its lock file, and `both` each of the two
        that the record claims. `generations`: of parent models whose own lineage is included. Nothing is filled in: see `missing`.
        """
        name = self._resource_of("model", model)
        chosen = one_of(Linking, linking, "linking")
        if isinstance(generations, bool) or not isinstance(generations, int) or generations < 1:
            raise OptionError(f"generations={generations!r:.40}: expected at least 1")
        return self._lineage_of(check_node(name), chosen, generations, self._caller(actor))

    @call(Right.READ)
    def upstream(self, node: str, *, actor: Actor) -> Reach:
        """All that a node was made of, through all generations; nothing where no record names it."""
        return self._reach(self._resource_of("node", node), True, self._caller(actor))

    @call(Right.READ)
    def downstream(self, node: str, *, actor: Actor) -> Reach:
        """All that was made of a node, through all generations; nothing where no record names it."""
        return self._reach(self._resource_of("node", node), False, self._caller(actor))

    @call(Right.READ)
    def impact(self, node: str, *, actor: Actor) -> Impact:
        """What a node had a part in: "which deployed models saw version 3 of this dataset?" """
        principal = self._caller(actor)
        name = self._resource_of("node", node)
        graph = self._state.graph
        below = {graph.names[each] for each in graph.reached(graph.find(name), up=False)}
        show = partial(self._shown_name, principal)
        live = [Deployed(show(model), show(where)) for where, model in self._state.deployed.values() if where in below]
        kinds: dict[NodeKind, list[str]] = {kind: [] for kind in NodeKind}
        for each in below:
            kinds[NodeKind(each.partition(":")[0])].append(show(each))
        return Impact(name, tuple(sorted(kinds[NodeKind.RUN])), tuple(sorted(kinds[NodeKind.MODEL])), tuple(sorted(live)))

    @call(Right.READ)
    def graph(self, node: str, *, direction: str = "both", actor: Actor) -> Subgraph:
        """The part of the graph above a node, below it, or both, with all links in it. Raises OptionError beyond 10,000 nodes."""
        if direction not in ("upstream", "downstream", "both"):
            raise UnknownNameError("direction", printable(str(direction)[:40]), ("upstream", "downstream", "both"))
        return self._subgraph(self._resource_of("node", node), direction, MOST, self._caller(actor))

    # -- deployments

    @call(Right.DEPLOY)
    def record_deployment(self, deployment: str, model: str | None, *, actor: Actor) -> str | None:
        """A deployment `project/name` runs a model version from now on, or none any more. Returns the node of this version of it.

        Deployments that tell of themselves by events (`service.deployed` and others, with the model in their data) need no call.
        """
        principal = self._caller(actor)
        name = self._resource_of("deployment", deployment)
        one = None if model is None else artifact(self._resource_of("model", model), NodeKind.MODEL)
        if one is not None:
            self._require(principal, Right.READ, one.resource, "record_deployment", self._written("model", model))
        return self._deploy(name, one, principal.id)

    # -- baselines

    @call(Right.WRITE)
    def record_baseline(
        self,
        model: str,
        *,
        features: Mapping[str, Any] | None = None,
        predictions: Mapping[str, Any] | None = None,
        quality: Mapping[str, Any] | None = None,
        latency: Mapping[str, Any] | None = None,
        actor: Actor,
    ) -> Baseline:
        """The baseline of a model version (`Baseline`); supersedes an earlier one, which stays."""
        principal = self._caller(actor)
        name = check_node(self._resource_of("model", model))
        content = baseline_content(features or {}, predictions or {}, quality or {}, latency or {})
        digest = self._store.put(canonical_json(content))
        record = {"what": "baseline.recorded", "model": name, "digest": digest, "time": self._sim.now, "actor": principal.id}
        self._keep(record)
        revision = len(self._state.baselines[name])
        self._emit(name, "metadata.recorded", principal, {"what": "baseline", "revision": revision, "digest": digest})
        return self._baseline(name, revision)

    @call(Right.READ)
    def baseline(self, model: str, *, revision: int | None = None, actor: Actor) -> Baseline:
        """The latest baseline of a model version, or an earlier one. Raises UnknownBaselineError, IntegrityError."""
        return self._baseline(self._resource_of("model", model), revision)
