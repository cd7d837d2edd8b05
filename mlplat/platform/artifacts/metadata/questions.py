"""`Questions`: what a Metadata Store answers about runs, the graph and baselines, as far as the caller may see it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from ....errors import OptionError, printable
from ...identity.principals import Principal
from ...identity.rights import Right
from ...references import check_project, covering
from ...storage.contents import reading
from ..withholding import WITHHELD
from .answers import Reach
from .baselines import Baseline, baseline_content
from .filters import FilterError, field_of, parse_filter
from .lineage import Lineage, Subgraph, fingerprint_of, lineage_parts, node_of
from .linking import Found
from .missing import MissingLink
from .nodes import Artifact, Link, NodeKind, node_kind
from .records import Records, UnknownBaselineError
from .run_state import RunState
from .runs import Linking, Numerics


class Questions(Records):
    """The part of a `MetadataStore` that reads."""

    def _matching(self, principal: Principal, filter: str, project: str | None) -> list[RunState]:
        holds = parse_filter(filter)
        start = "run:" if project is None else f"run:{check_project(project)}/"
        runs = [state for name, state in self._state.runs.items() if name.startswith(start)]
        return [state for state in runs if self._may_read(principal, state.resource) and holds(state.fields())]

    def _ordered(self, runs: list[RunState], order_by: str) -> list[RunState]:
        family, name, falling = field_of(order_by)
        keyed: list[tuple[Any, RunState]] = [(state.fields().get(family, {}).get(name), state) for state in runs]
        keyed = [(key if isinstance(key, (str, int, float)) else None, state) for key, state in keyed]
        kinds = {isinstance(key, str) for key, _ in keyed if key is not None}
        if len(kinds) > 1:
            raise FilterError(order_by, 1, f"{family}.{printable(name)} is text in some runs and a number in others", "one of both")
        there = sorted((each for each in keyed if each[0] is not None), key=lambda each: each[0], reverse=falling)
        return [state for _, state in there] + [state for key, state in keyed if key is None]

    def _reach(self, name: str, up: bool, principal: Principal) -> Reach:
        graph = self._state.graph
        found = graph.reached(graph.find(name), up=up)
        held = self._authorization.held(principal, Right.READ)
        closed = [group for group in graph.groups_of(found) if held.isdisjoint(covering(f"{group}/*"))]
        if not closed:
            return Reach(name, tuple(map(graph.names.__getitem__, found)))
        hidden = graph.in_groups(found, closed)
        named = {graph.find(each) for each in held}
        whole = tuple(f"{each}@" for each in held if "/" in each and "@" not in each and not each.endswith("/*"))
        hidden = [node for node in hidden if node not in named and not (whole and graph.names[node].startswith(whole))]
        gone = set(hidden)
        open_ = tuple(graph.names[node] for node in found if node not in gone) if len(hidden) < len(found) else ()
        return Reach(name, open_, tuple(graph.marks_of(hidden, WITHHELD, self._secret)))

    def _subgraph(self, name: str, direction: str, most: int, principal: Principal) -> Subgraph:
        graph = self._state.graph
        root = graph.find(name)
        found = {root} if root >= 0 else set()
        for word, up in (("upstream", True), ("downstream", False)):
            if direction in (word, "both"):
                found.update(graph.reached(root, up=up))
        if len(found) > most:
            raise OptionError(f"{len(found):,} nodes; expected at most {most:,}: ask upstream and downstream for names alone")
        owners = self._asked()
        show = {node: self._shown_name(principal, graph.names[node]) for node in found}
        links = {Link(show[source], show[node], role) for node in found for source, role in graph.edges_into(node) if source in show}
        nodes = {
            node_of(show[node], graph.names[node], graph.digest(node), self._origin(graph.names[node]), owners(graph.names[node]))
            for node in found
        }
        return Subgraph(name, tuple(sorted(nodes)), tuple(sorted(links)))

    def _origin(self, resource: str) -> str:
        run = self._state.runs.get(resource)
        return "platform" if run is None else run.origin

    def _asked(self) -> Callable[[str], tuple[str, ...]]:
        """Of a resource the members of its project who can share it, by id, in the order in which they came."""
        grants = self._authorization.grants
        grants.advance(self._sim.now)

        known: dict[str, tuple[str, ...]] = {}

        def of(resource: str) -> tuple[str, ...]:
            place = "project:" + resource.partition(":")[2].partition("/")[0]
            if place not in known:
                members = (grant for grant in grants.on(place) if grant.on_behalf_of == place and Right.SHARE in grant.rights)
                known[place] = tuple(dict.fromkeys(grant.grantee for grant in members))
            return known[place]

        return of

    def _lineage_of(self, model: str, linking: Linking, generations: int, principal: Principal) -> Lineage:
        may_read = partial(self._may_read, principal)
        own = self._linker.find(model, linking, self._read_lock, may_read)
        links = {link: next(iter(by.values())) for link, by in own.links.items()}
        parts = lineage_parts(own.run, links)
        all_links, missing = dict(links), list(own.missing.values())
        recorded = own.recorded() | self._add_parents(own, linking, generations - 1, all_links, missing, may_read)
        claimed = {one.resource: one.digest for one in all_links.values() if one.resource not in recorded and one.resource != model}

        def show(name: str) -> str:
            return WITHHELD + claimed[name] if name in claimed and not may_read(name) else self._shown_name(principal, name)

        digests: dict[str, str] = {model: ""}
        for link, one in all_links.items():
            digests.setdefault(link.upstream, "")
            digests.setdefault(link.downstream, "")
            digests[one.resource] = digests[one.resource] or one.digest
        owners = self._asked()
        nodes = {node_of(show(name), name, digest, self._origin(name), owners(name)) for name, digest in digests.items()}
        shown_missing = tuple(
            sorted(each._replace(of=show(each.of), resource=show(each.resource) if each.resource else "") for each in missing)
        )
        known = all(value is not None for name, value in parts.items() if name != "pipeline")
        return Lineage(
            root=model,
            nodes=tuple(sorted(nodes)),
            links=tuple(sorted(Link(show(link.upstream), show(link.downstream), link.role) for link in all_links)),
            run="" if own.run is None else show(own.run.resource),
            linking=linking,
            missing=shown_missing,
            fingerprint=fingerprint_of(parts),
            parts=MappingProxyType(self._shown_parts(principal, parts, own.run, links)),
            reproducible=not missing and known,
            numerics=Numerics.PLATFORM_DEPENDENT if own.run is None else own.run.numerics,
        )

    def _shown_parts(
        self, principal: Principal, parts: Mapping[str, str | int | None], run: RunState | None, links: Mapping[Link, Artifact]
    ) -> dict[str, str | int | None]:
        """What a fingerprint is of, each part as far as the caller may read what it comes from."""
        sources: dict[str, list[str]] = {name: [] if run is None else [run.resource] for name in ("parameters", "seed")}
        for link in links:
            name = link.role if link.role in ("code", "image", "pipeline") else "data"
            sources.setdefault(name, []).append(link.upstream)
        return {
            name: value if value is None or all(self._may_read(principal, each) for each in sources.get(name, ())) else WITHHELD
            for name, value in parts.items()
        }

    def _add_parents(
        self,
        own: Found,
        linking: Linking,
        generations: int,
        links: dict[Link, Artifact],
        missing: list[MissingLink],
        may_read: Callable[[str], bool],
    ) -> set[str]:
        """Add the lineage of parent models. Returns what the records of their runs name."""
        recorded: set[str] = set()
        done: set[str] = set()
        waiting = [own]
        for _ in range(generations):
            parents = {link.upstream for found in waiting for link in found.links if node_kind(link.upstream) is NodeKind.MODEL} - done
            waiting = [self._linker.find(parent, linking, self._read_lock, may_read) for parent in sorted(parents)]
            done |= parents
            for found in waiting:
                links |= {link: next(iter(by.values())) for link, by in found.links.items()}
                missing += found.missing.values()
                recorded |= found.recorded()
            if not waiting:
                break
        return recorded

    def _baseline(self, model: str, revision: int | None) -> Baseline:
        rows = self._state.baselines.get(model, [])
        number = len(rows) if revision is None else revision
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= len(rows):
            raise UnknownBaselineError(model, revision)
        row = rows[number - 1]
        with reading(row.digest, f"the baseline of {model}"):
            content = baseline_content(**json.loads(self._store.get(row.digest)))
            return Baseline(model, number, row.digest, row.created_s, row.creator, **content)
