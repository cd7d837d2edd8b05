"""The calls of the Metadata Store about the graph: links, lineage, deployments and baselines."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ....canonical import canonical_json
from ....errors import OptionError, UnknownNameError, printable
from ...component import call, principal_of
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import check_name
from ...storage.digests import digest_of_json
from .answers import Deployed, Impact, Reach
from .baselines import Baseline, baseline_content
from .lineage import Lineage, Subgraph
from .nodes import NodeKind, artifact, check_node
from .questions import Questions
from .runs import Linking, one_of

MOST = 10_000
"""Nodes of a part of the graph that are given at once."""


class GraphCalls(Questions):
    """The part of a `MetadataStore` that is about how everything came to be."""

    # -- the graph

    @call(Right.WRITE, "downstream")
    def link(self, upstream: object, downstream: str, role: str, *, actor: Actor) -> None:
        """One artifact was made of another, outside any run: a window of a deployment, a dataset of a window. A second time does nothing.

        The caller may read `upstream`. Raises LineageCycleError, IntegrityError for a digest that is not the artifact's.
        """
        principal = principal_of(actor)
        one, below = artifact(upstream), check_node(self._canonical(downstream))
        self._require(principal, Right.READ, one.resource, "link", one.resource)
        one = self._verified(one)
        check_name(role, "role")
        if (one.resource, below, role) in self._state.links:
            return
        self._state.graph.check_acyclic([one.resource], below, [])
        said = {"upstream": one.resource, "downstream": below, "role": role, "digest": one.digest}
        self._keep(self._record("link.recorded", principal, **said))
        self._emit(below, "metadata.recorded", principal, {"what": "link", "role": role, "digest": digest_of_json(said)})

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
        return self._lineage_of(check_node(name), chosen, generations, principal_of(actor))

    @call(Right.READ)
    def upstream(self, node: str, *, actor: Actor) -> Reach:
        """All that a node was made of, through all generations; nothing where no record names it."""
        return self._reach(self._resource_of("node", node), True, principal_of(actor))

    @call(Right.READ)
    def downstream(self, node: str, *, actor: Actor) -> Reach:
        """All that was made of a node, through all generations; nothing where no record names it."""
        return self._reach(self._resource_of("node", node), False, principal_of(actor))

    @call(Right.READ)
    def impact(self, node: str, *, actor: Actor) -> Impact:
        """What a node had a part in: "which deployed models saw version 3 of this dataset?" """
        principal = principal_of(actor)
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
        return self._subgraph(self._resource_of("node", node), direction, MOST, principal_of(actor))

    # -- deployments

    @call(Right.DEPLOY)
    def record_deployment(self, deployment: str, model: str | None, *, actor: Actor) -> str | None:
        """A deployment `project/name` runs a model version from now on, or none any more. Returns the node of this version of it.

        Deployments that tell of themselves by events (`service.deployed` and others, with the model in their data) need no call, and one
        that continuous delivery has takes none: raises DeploymentError.
        """
        principal = principal_of(actor)
        name = self._resource_of("deployment", deployment)
        one = None if model is None else artifact(self._resource_of("model", model), NodeKind.MODEL)
        if one is not None:
            self._require(principal, Right.READ, one.resource, "record_deployment", self._written("model", model))
        for check in self._deployers:
            check(name)
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
        principal = principal_of(actor)
        name = check_node(self._resource_of("model", model))
        content = baseline_content(features or {}, predictions or {}, quality or {}, latency or {})
        digest = self._store.put(canonical_json(content))
        self._keep(self._record("baseline.recorded", principal, model=name, digest=digest))
        revision = len(self._state.baselines[name])
        self._emit(name, "metadata.recorded", principal, {"what": "baseline", "revision": revision, "digest": digest})
        return self._baseline(name, revision)

    @call(Right.READ)
    def baseline(self, model: str, *, revision: int | None = None, actor: Actor) -> Baseline:
        """The latest baseline of a model version, or an earlier one. Raises UnknownBaselineError, IntegrityError."""
        return self._baseline(self._resource_of("model", model), revision)
