"""The naive oracle under quotas: lanes, the cycle, claims and earmarks. From docs/quotas.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlplat.resources import UNLIMITED

from .naive_admission import asked, nominal_milli
from .naive_attempts import NaiveAttempt
from .naive_jobs import rejection
from .naive_quota_checks import check_victims
from .naive_quota_tree import BY_FLAVOR, Amounts, Books, Described, NaiveQuota, NaiveTree, in_flavor
from .naive_reclaim import Reclaim
from .naive_state import State, copy_state

if TYPE_CHECKING:
    from .naive_run import NaiveRun

BOUNDLESS = 2**60
"""The capacity of a node without a bound."""

OTHERS = "the others"
"""The quota of the groups that no quota lists."""

Lane = tuple[object, ...]

OTHER_NODES = "other nodes"


@dataclass
class Claim:
    """A job that starts once those that give way have gone. `nodes`: its plan, the node of each replica. `since`, `deadline`: when it
    was made, and must end.
    """

    job: int
    flavor: str
    nodes: list[int]
    since: float = 0.0
    deadline: float = 0.0


@dataclass(frozen=True)
class Stopped:
    """Jobs that were stopped for another one, which all have gone at the deadline."""

    time: float
    job: int
    deadline: float
    victims: tuple[int, ...]


class NaiveQuotas:
    """Everything about quotas in one run: the tree, the claims, and which lanes are blocked."""

    def __init__(self, run: NaiveRun, described: Sequence[Described], queue: str, fair_preemption: Sequence[str] = ()) -> None:
        self.run, self.queue, self.fair_preemption = run, queue, tuple(fair_preemption)
        listed = {group for one in described if isinstance(one, NaiveQuota) for group in one.groups}
        rest = tuple(group for group in run.groups if group not in listed)
        all_described = [*described, NaiveQuota(OTHERS, groups=rest)]
        self.by_group = {group: one for one in all_described if isinstance(one, NaiveQuota) for group in one.groups}
        self.flavors = list(dict.fromkeys(f for one in described for f in spoken_flavors(one)))
        if self.flavors and not all(any(self.is_of(n, f) for f in self.flavors) for n in range(len(run.empty))):
            self.flavors.append(OTHER_NODES)
        dimensions = [*BY_FLAVOR, "environments", *(in_flavor(f, d) for f in self.flavors for d in BY_FLAVOR)]
        self.tree = NaiveTree(all_described, dimensions, self.capacity_of(range(len(run.empty))), lambda: self.capacity_of(run.lost))
        self.flavor_of: dict[int, str] = {}
        self.claims: list[Claim] = []
        self.blocked: set[Lane] = set()
        self.claims_due = False
        self.yielded: set[int] = set()
        self.stopped: list[Stopped] = []
        self.hardware: list[float] = []
        self.asks: dict[tuple[int, str], Amounts] = {}
        self.tried_by: dict[int, list[str]] = {}

    # -- nodes and amounts

    def capacity_of(self, nodes: Iterable[int]) -> Amounts:
        """What nodes have, by dimension."""
        found: dict[str, int] = {in_flavor(f, d): 0 for f in self.flavors for d in BY_FLAVOR} | dict.fromkeys(BY_FLAVOR, 0)
        for n in nodes:
            for d in BY_FLAVOR:
                amount = self.run.empty[n].capacity[d]
                amount = BOUNDLESS if amount >= UNLIMITED else amount
                found[d] += amount
                for flavor in self.flavors:
                    if self.is_of(n, flavor):
                        found[in_flavor(flavor, d)] += amount
        return found | {"environments": 0}

    def is_of(self, node: int, flavor: str) -> bool:
        """Whether a node is of a flavor: of a group of that name, or with accelerators of that model."""
        if flavor == OTHER_NODES:
            return not any(self.is_of(node, f) for f in self.flavors if f != OTHER_NODES)
        return flavor in (self.run.node_groups[node], self.run.empty[node].model)

    def tried(self, job: int) -> list[str]:
        """The flavors in which a job is tried: those of its quota whose empty nodes hold it; without any flavors once ("")."""
        if job not in self.tried_by:
            quota = self.quota_of(job)
            flavors = list(quota.flavors or dict.fromkeys([*spoken_flavors(quota), *self.flavors])) or [""]
            self.tried_by[job] = [f for f in flavors if self.could_be_placed(job, f)]
        return self.tried_by[job]

    def quota_of(self, job: int) -> NaiveQuota:
        """The quota of a job."""
        return self.by_group[self.run.groups[self.run.jobs[job].group]]

    def within_of(self, quota: NaiveQuota) -> str:
        """Whom a job may have stopped in its own quota."""
        if quota.within is not None:
            return quota.within
        return "lower-priority" if self.queue == "priority" and self.run.options.preempt else "never"

    def ask(self, job: int, flavor: str) -> Amounts:
        """What the whole gang of a job asks for, tried in a flavor ("" for none)."""
        if (job, flavor) not in self.asks:
            of = self.run.jobs[job]
            amounts = {**asked(self.run.empty, of), "disk": sum(r.disk_mib for r in of.requests())}
            amounts["gpu"] = sum(nominal_milli(self.run.empty, r) for r in of.requests())
            in_flavors = {in_flavor(f, d): amounts[d] if f == flavor else 0 for f in self.flavors for d in BY_FLAVOR}
            self.asks[job, flavor] = {**amounts, "environments": of.replicas, **in_flavors}
        return self.asks[job, flavor]

    def books(self, without: Iterable[NaiveAttempt] = (), claims: bool = True) -> Books:
        """The tree with every job charged that holds room or claims, but for some attempts, or without claims."""
        gone = {attempt.job for attempt in without}
        held = [attempt.job for attempt in self.run.running if attempt.job not in gone]
        charged = held + [claim.job for claim in self.claims if claims]
        return Books(self.tree, [(self.quota_of(job).name, self.ask(job, self.flavor_of[job])) for job in charged])

    @contextmanager
    def only_open(self, state: State, flavor: str, shut: set[int] | None = None) -> Iterator[None]:
        """Close, for a while, the nodes that are earmarked or not of the flavor."""
        earmarked = {n for claim in self.claims for n in claim.nodes} if shut is None else shut
        kept_out = [node for node in state if node.index in earmarked or (flavor and not self.is_of(node.index, flavor))]
        before = [node.closed for node in kept_out]
        for node in kept_out:
            node.closed = True
        yield
        for node, closed in zip(kept_out, before, strict=True):
            node.closed = closed

    # -- lanes

    def lane(self, job: int) -> Lane:
        """Where a job waits."""
        if self.queue in ("best-effort-fifo", "drf", "own-best-effort"):
            of = self.run.jobs[job]
            return self.quota_of(job).name, of.request, of.last_request, of.replicas
        return (self.quota_of(job).name,)

    def key(self, job: int) -> float:
        """The place of a job in its lane, before submission."""
        if self.queue == "sjf":
            return self.run.expected_span(job)
        if self.queue in ("own", "own-best-effort"):
            return self.run.own_key(job)
        return -self.run.jobs[job].priority if self.queue == "priority" else 0

    def in_lane(self, lane: Lane) -> list[int]:
        """The jobs of a lane in order."""
        return sorted((job for job in self.run.waiting if self.lane(job) == lane), key=lambda job: (self.key(job), job))

    def arrive(self, job: int) -> None:
        """Reject a job that asks for too much, hold it, or let it wait."""
        quota, outcome = self.quota_of(job), self.run.outcomes[job]
        nothing = Books(self.tree_with_all_nodes(), [])
        if not any(nothing.fits(quota.name, self.ask(job, f)) for f in self.tried(job)):
            outcome.state, outcome.reason = "rejected", "QUOTA"
            return
        self.enter(job)

    def could_be_placed(self, job: int, flavor: str) -> bool:
        """Whether the empty nodes of a flavor hold the gang of a job."""
        if not flavor:
            return True
        empty = copy_state(self.run.empty)
        for node in empty:
            node.closed = not self.is_of(node.index, flavor)
        return not rejection(self.run.jobs, job, empty, self.run.placer)

    def tree_with_all_nodes(self) -> NaiveTree:
        """The tree if no node were lost."""
        none = dict.fromkeys(self.tree.dimensions, 0)
        return NaiveTree(self.tree.nodes.values(), self.tree.dimensions, self.tree.capacity, lambda: none)

    def enter(self, job: int) -> None:
        """A job waits in its lane, from which it may come first."""
        self.run.outcomes[job].state = "waiting"
        self.note_held(job)
        self.run.waiting.append(job)
        if self.in_lane(self.lane(job))[0] == job:
            self.blocked.discard(self.lane(job))

    def note_held(self, job: int) -> None:
        """A job that waits is held if a limit of its quota leaves no room in any of its flavors."""
        quota, books = self.quota_of(job), self.books()
        if not any(books.leaves_room(quota.name, self.ask(job, f)) for f in self.tried(job)):
            self.run.outcomes[job].state = "held"

    def released(self) -> None:
        """Something was given back: what was blocked may be tried again."""
        self.blocked.clear()
        self.claims_due = True

    def happened(self, node: int, opened: bool, found: bool) -> None:
        """Hardware failed or is back. `opened`: the node takes work again; `found`: it, or a device of it, is lost no more."""
        self.hardware.append(self.run.now)
        if found or (opened and not any(node in claim.nodes for claim in self.claims)):
            self.released()

    # -- the cycle

    def cycle(self) -> None:
        """Claims, then the next job, until there is none."""
        run = self.run
        most = len(run.attempts) + 2 * (len(run.waiting) + len(self.claims) + len(run.running))
        self.try_claims()
        while len(run.attempts) < most:
            heads = [self.in_lane(lane)[0] for lane in {self.lane(job) for job in self.run.waiting} - self.blocked]
            heads = [job for job in heads if not self.quota_of(job).suspended]
            if not heads:
                return
            job = min(heads, key=self.precedence)
            if not self.try_job(job):
                self.note_held(job)
                self.blocked.add(self.lane(job))

    def precedence(self, job: int) -> tuple[float, ...]:
        """The next job is the smallest."""
        quota, books = self.quota_of(job), self.books()
        flavors = self.tried(job)
        if any(books.entitled(quota.name, self.ask(job, f)) for f in flavors):
            return 0, -quota.priority, self.key(job), job
        share = books.with_one(quota.name, self.ask(job, flavors[0])).share(quota.name) if self.queue == "drf" else 0
        return 1, share, self.key(job), job

    def try_job(self, job: int) -> bool:
        """Start a job, or let it claim."""
        quota = self.quota_of(job)
        flavors = self.tried(job)
        if quota.when_can_borrow == "try-next":
            flavors.sort(key=lambda f: self.would_borrow(job, f))
        if quota.when_can_preempt == "preempt":
            return any(self.start(job, f) or self.reclaim(job, f) for f in flavors)
        return any(self.start(job, f) for f in flavors) or any(self.reclaim(job, f) for f in flavors)

    def would_borrow(self, job: int, flavor: str) -> bool:
        """Whether a job would reach above the guarantee of its quota, where there is any guarantee."""
        books, ask, name = self.books(), self.ask(job, flavor), self.quota_of(job).name
        return bool(books.asked_in_g(ask)) and not books.entitled(name, ask)

    def start(self, job: int, flavor: str, claims: bool = True, shut: set[int] | None = None) -> bool:
        """Start a job in a flavor if it fits its quota, beside what others claim or not, and is placed; `shut`: not on these nodes, None:
        not on the earmarked ones.
        """
        if not self.books(claims=claims).fits(self.quota_of(job).name, self.ask(job, flavor)):
            return False
        with self.only_open(self.run.state, flavor, shut):
            started = self.run.start(job)
        if started:
            self.flavor_of[job] = flavor
        return started

    def start_as_planned(self, claim: Claim) -> bool:
        """Start a claimant, each replica where its plan has it, if it fits its quota beside what is held."""
        run = self.run
        if not self.books(claims=False).fits(self.quota_of(claim.job).name, self.ask(claim.job, claim.flavor)):
            return False
        replicas = run.placer.place_on(run.state, run.jobs[claim.job], claim.job, claim.nodes)
        if replicas is not None:
            run.note_start(claim.job, replicas)
        return replicas is not None

    # -- reclaim and claims

    def reclaim(self, job: int, flavor: str, before: Claim | None = None, place: int | None = None) -> bool:
        """Have others stopped for a job, which starts or claims: at the end of the claims, or in the place it had among them, where its
        plan stays if nobody is stopped.
        """
        run, quota = self.run, self.quota_of(job)
        search = Reclaim(self, job, flavor, self.claims if place is None else self.claims[:place], claims=before is not None)
        victims = search.victims()
        if victims is None:
            return False
        check_victims(search, victims)
        placed = search.place_without(victims)
        assert placed is not None
        self.yielded |= search.yielding(victims)
        for victim in victims:
            own = self.quota_of(victim.job) == quota
            run.ask_to_stop(victim, "preempted" if own else "reclaimed", run.options.grace if own else quota.reclaim_within)
        deadline = max((a.grace_end for a in run.running if a.grace_end is not None), default=run.now)
        if victims:
            self.stopped.append(Stopped(run.now, job, deadline, tuple(v.job for v in victims)))
        if not any(a.stopping for a in run.running):
            return self.start(job, flavor, shut=None if before is None else set())
        nodes = placed if before is None or victims else before.nodes
        self.claims.insert(len(self.claims) if place is None else place, Claim(job, flavor, nodes, run.now, deadline))
        self.flavor_of[job] = flavor
        self.run.waiting.remove(job)
        self.claims_due = False
        return True

    def after_claims(self, claims: Sequence[Claim]) -> State:
        """The nodes as they are when the stopping have gone and claims are placed as planned, one after the other, where each fits."""
        state = self.run.given_back([a for a in self.run.running if a.stopping])
        for claim in claims:
            self.run.placer.place_on(state, self.run.jobs[claim.job], claim.job, claim.nodes)
        return state

    def try_claims(self) -> None:
        """Start those that have a claim, oldest first; one that cannot and finds no one else to stop waits again."""
        if not self.claims_due:
            return
        for claim in list(self.claims):
            place = self.claims.index(claim)
            self.claims.remove(claim)
            self.run.waiting.append(claim.job)
            of_others = {n for other in self.claims for n in other.nodes}
            if self.start_as_planned(claim) or self.start(claim.job, claim.flavor, claims=False, shut=of_others):
                self.released()
            elif not self.reclaim(claim.job, claim.flavor, claim, place):
                self.run.waiting.remove(claim.job)
                self.released()
                self.enter(claim.job)
        self.claims_due = False


def spoken_flavors(one: Described) -> Iterator[str]:
    """The flavors that a description speaks of."""
    if isinstance(one, NaiveQuota):
        yield from one.flavors
    for amounts in (one.guarantee, one.limit, one.lend):
        yield from (d.split("/")[0] for d in amounts if "/" in d)
