"""The naive oracle's tree of quotas: what is guaranteed, used and available, from the set of charged jobs alone. From docs/quotas.md."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

Amounts = Mapping[str, int]
"""Dimension -> amount: cpu, memory, disk, gpu (milli, MiB, MiB, milli), environments; `in_flavor` names those of a flavor."""

BY_FLAVOR = ("cpu", "memory", "disk", "gpu")
ROOT = ""


def in_flavor(flavor: str, dimension: str) -> str:
    """A dimension on the nodes of a flavor."""
    return f"{flavor}/{dimension}"


@dataclass(frozen=True)
class NaiveCohort:
    """A cohort; `parent` is another one, or ROOT."""

    name: str
    parent: str = ROOT
    guarantee: Amounts = field(default_factory=dict)
    limit: Amounts = field(default_factory=dict)
    lend: Amounts = field(default_factory=dict)


@dataclass(frozen=True)
class NaiveQuota:
    """A quota; `parent` is its cohort, or ROOT. `within` of None: the default of the queue policy. `flavors`: empty for none."""

    name: str
    parent: str = ROOT
    guarantee: Amounts = field(default_factory=dict)
    limit: Amounts = field(default_factory=dict)
    lend: Amounts = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    priority: int = 0
    weight: float = 1.0
    reclaim: str = "any"
    within: str | None = None
    borrow_within: str = "never"
    threshold: float = math.inf
    reclaim_within: float = 60.0
    flavors: tuple[str, ...] = ()
    when_can_borrow: str = "borrow"
    when_can_preempt: str = "try-next"
    suspended: bool = False


Described = NaiveQuota | NaiveCohort


class NaiveTree:
    """Quotas and cohorts by name, below the root. `capacity` and `lost`: of all nodes of the cluster, and of those that are lost now."""

    def __init__(self, described: Iterable[Described], dimensions: Iterable[str], capacity: Amounts, lost: Callable[[], Amounts]) -> None:
        self.nodes: dict[str, Described] = {one.name: one for one in described}
        self.dimensions = tuple(dimensions)
        self.capacity = capacity
        self.lost = lost
        self.guaranteed = {d for d in self.dimensions if any(d in one.guarantee for one in self.nodes.values())}

    def children(self, name: str) -> list[str]:
        """Those directly below a node."""
        return [one.name for one in self.nodes.values() if one.parent == name]

    def path(self, name: str) -> list[str]:
        """From a node up to the one below the root."""
        return [] if name == ROOT else [name, *self.path(self.nodes[name].parent)]

    def guarantee(self, name: str, d: str) -> float:
        """Of a node itself; of the root, the common pool less what is lost."""
        if name != ROOT:
            return self.nodes[name].guarantee.get(d, 0)
        if d == "environments":
            return math.inf
        return max(0, self.capacity[d] - sum(one.guarantee.get(d, 0) for one in self.nodes.values())) - self.lost()[d]

    def brought(self, name: str, d: str) -> float:
        """What is guaranteed at a node, with what its children lend."""
        return self.guarantee(name, d) + sum(self.brought(c, d) - self.kept(c, d) for c in self.children(name))

    def kept(self, name: str, d: str) -> float:
        """What never leaves a node."""
        one = self.nodes[name]
        if d in one.lend:
            return max(0, self.brought(name, d) - one.lend[d])
        return self.brought(name, d) if isinstance(one, NaiveCohort) and one.parent == ROOT else 0

    def limit(self, name: str, d: str) -> float:
        """The most a node may use."""
        return self.nodes[name].limit.get(d, math.inf)


class Books:
    """The tree with some jobs charged: a list of (quota, what the job asks for)."""

    def __init__(self, tree: NaiveTree, charged: Iterable[tuple[str, Amounts]]) -> None:
        self.tree = tree
        self.charged = list(charged)

    def with_one(self, quota: str, ask: Amounts) -> Books:
        """The same with one more job charged."""
        return Books(self.tree, [*self.charged, (quota, ask)])

    def use(self, name: str, d: str) -> float:
        """What is used at a node: of a quota all, of a cohort what its children do not keep for themselves."""
        below = self.tree.children(name)
        own = sum(ask[d] for quota, ask in self.charged if quota == name)
        return own + sum(max(0, self.use(c, d) - self.tree.kept(c, d)) for c in below)

    def available(self, name: str, d: str) -> float:
        """How much more a node may use."""
        tree = self.tree
        if name == ROOT:
            return tree.brought(ROOT, d) - self.use(ROOT, d)
        use, kept = self.use(name, d), tree.kept(name, d)
        from_above = min(self.available(tree.nodes[name].parent, d), tree.limit(name, d) - max(kept, use))
        return max(0, kept - use) + max(0, from_above)

    def fits(self, quota: str, ask: Amounts) -> bool:
        """Whether what a job asks for is available."""
        return all(self.available(quota, d) >= ask[d] for d in self.tree.dimensions if ask[d])

    def leaves_room(self, quota: str, ask: Amounts) -> bool:
        """Whether the limit of the quota itself leaves room."""
        return all(self.use(quota, d) + ask[d] <= self.tree.limit(quota, d) for d in self.tree.dimensions if ask[d])

    def asked_in_g(self, ask: Amounts) -> list[str]:
        """The guaranteed dimensions in which a job asks for something."""
        return [d for d in self.tree.dimensions if ask[d] and d in self.tree.guaranteed]

    def entitled(self, quota: str, ask: Amounts) -> bool:
        """Whether a job stays within the guarantee of its quota."""
        asked = self.asked_in_g(ask)
        return bool(asked) and all(self.use(quota, d) + ask[d] <= self.tree.guarantee(quota, d) for d in asked)

    def over(self, name: str, ask: Amounts) -> bool:
        """Whether a node uses more than it brings where a job asks for something."""
        return any(self.use(name, d) > self.tree.brought(name, d) for d in self.asked_in_g(ask))

    def below(self, name: str, ask: Amounts) -> bool:
        """Whether a node uses less than it brings where a job asks for something."""
        return any(self.use(name, d) < self.tree.brought(name, d) for d in self.asked_in_g(ask))

    def within(self, quota: str, name: str, ask: Amounts) -> bool:
        """Whether a node uses no more than it brings with a job of a quota below it charged too."""
        later = self.with_one(quota, ask)
        asked = self.asked_in_g(ask)
        return bool(asked) and all(later.use(name, d) <= self.tree.brought(name, d) for d in asked)

    def share(self, quota: str) -> float:
        """The largest borrowed part of the cluster, over the weight of the quota."""
        tree, one = self.tree, self.tree.nodes[quota]
        assert isinstance(one, NaiveQuota)
        borrowed = {d: max(0, self.use(quota, d) - tree.guarantee(quota, d)) for d in tree.dimensions if d in tree.guaranteed}
        most = max((amount / tree.capacity[d] for d, amount in borrowed.items() if tree.capacity[d] > 0), default=0.0)
        if not most:
            return 0.0
        return most / one.weight if one.weight else math.inf
