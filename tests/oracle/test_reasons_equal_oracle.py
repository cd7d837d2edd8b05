"""Why a job waits under its quota, against its naive twin: the reason, whether it is entitled, and the numbers; asking changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplat.infra.kernels.state import JobState
from mlplat.infra.quotas.parts import parts_of
from mlplat.infra.quotas.reasons import UnderQuota, WaitReason, under_quota
from mlplat.runs.result import Result

from .comparison import PLACEMENTS, library_policy
from .interrupted_runs import UNITS, library_quotas, run_interrupted
from .naive_attempts import NaiveAttempt
from .naive_quota_tree import in_flavor
from .naive_quotas import NaiveQuotas
from .naive_reclaim import Reclaim
from .naive_scheduler import schedule
from .quota_strategies import QUEUES, crowded_clusters, quota_cases
from .strategies import clusters, tie_rules

KEYS = {key: (dimension, scale) for dimension, (key, scale) in UNITS.items()} | {"gpus": ("gpu", 1000)}


class ReclaimAnywhere(Reclaim):
    """The search for victims where the nodes that they leave do not matter."""

    def fits_without(self, taken: Iterable[NaiveAttempt]) -> bool:
        return self.books_without(taken).fits(self.quota.name, self.ask)


def naive_reason(quotas: NaiveQuotas, job: int) -> tuple[WaitReason, bool]:
    """The reason, and whether the job is entitled, from docs/quotas.md and the meanings of the reasons."""
    quota = quotas.quota_of(job)
    claims = [claim for claim in quotas.claims if claim.job == job]
    quotas.claims = [claim for claim in quotas.claims if claim.job != job]  # what a job itself has claimed is not in its way
    books, flavors = quotas.books(), quotas.tried(job)
    entitled = {f: books.entitled(quota.name, quotas.ask(job, f)) for f in flavors}
    fits = {f: books.fits(quota.name, quotas.ask(job, f)) for f in flavors}
    quotas.claims += claims
    if claims:
        reason = WaitReason.CLAIMS
    elif not any(books.leaves_room(quota.name, quotas.ask(job, f)) for f in flavors):
        reason = WaitReason.ZONE_LIMIT
    elif quotas.in_lane(quotas.lane(job))[0] != job:
        reason = WaitReason.BEHIND
    elif any(entitled[f] and (fits[f] or ReclaimAnywhere(quotas, job, f).victims() is not None) for f in flavors):
        reason = WaitReason.FRAGMENTED
    else:
        reason = WaitReason.NO_ROOM if any(fits.values()) else WaitReason.NO_CAPACITY
    return reason, any(entitled.values())


def check_numbers(quotas: NaiveQuotas, job: int, found: UnderQuota) -> None:
    """The dimensions that are short, and what is available in each, are the oracle's."""
    quota, books = quotas.quota_of(job), quotas.books()
    told = {}
    for short in found.short:
        flavor, _, key = short.dimension.rpartition(".")
        dimension, scale = KEYS[key]
        told[in_flavor(flavor, dimension) if flavor else dimension] = (short.asked * scale, short.available * scale)
    expected = {}
    for flavor in quotas.tried(job):
        ask = quotas.ask(job, flavor)
        for d in quotas.tree.dimensions:
            room = books.available(quota.name, d)
            if found.reason == WaitReason.ZONE_LIMIT:
                room = max(0, quotas.tree.limit(quota.name, d) - books.use(quota.name, d))
            if ask[d] > max(0, room):
                expected[d] = (ask[d], max(0, room))
    assert told == expected
    assert expected


def check_case(case: dict[str, Any]) -> list[WaitReason]:
    """The reasons of all jobs that wait at the end of a run."""
    options = {key: value for key, value in case.items() if key not in ("spec", "placement")}
    oracle = schedule(case["spec"], policy=PLACEMENTS[case["placement"]], **options).quotas
    assert oracle is not None
    result: Result = run_interrupted(case["spec"], placement=library_policy(case["placement"]), **options)
    run = result._run
    flavors = parts_of(library_quotas(case["quotas"]), run.nodes).flavors
    before, use = result.fingerprint, run.world.quotas.use.copy()
    reasons = []
    for job, state in enumerate(run.world.log.state.tolist()):
        found = under_quota(run, job, case["until"], "", flavors, str)
        if state not in (JobState.WAITING, JobState.HELD):
            assert found.reason is None
            continue
        assert (found.reason, found.entitled) == naive_reason(oracle, job)
        assert found.reason is not None
        reasons.append(found.reason)
        if found.reason in (WaitReason.ZONE_LIMIT, WaitReason.NO_CAPACITY):
            check_numbers(oracle, job, found)
        assert (found.behind is not None) == (found.reason == WaitReason.BEHIND)
        assert bool(found.leaving) == (found.reason == WaitReason.CLAIMS)
    del result.fingerprint
    assert result.fingerprint == before
    assert (run.world.quotas.use == use).all()
    return reasons


@st.composite
def stopped_runs(draw: Any, queue: str) -> dict[str, Any]:
    """A run that is looked at as one of its jobs arrives, or a little later."""
    spec = draw(st.one_of(clusters(), crowded_clusters(), crowded_clusters()))
    case = {
        "spec": spec,
        "queue": queue,
        "placement": draw(st.sampled_from(("first-fit", "worst-fit", *PLACEMENTS))),
        "ties": draw(tie_rules(len(spec.nodes()))),
        "seed": draw(st.integers(0, 3)),
        **draw(quota_cases(spec, queue, failures=draw(st.booleans()), flavors=draw(st.booleans()))),
    }
    arrivals = case["trace"].submit.tolist() or [0.0]
    return case | {"until": draw(st.sampled_from(arrivals)) + draw(st.sampled_from((0.0, 0.0, 0.5)))}


@pytest.mark.parametrize("queue", QUEUES)
def test_the_reasons_for_which_jobs_wait_are_those_of_the_naive_oracle(queue: str) -> None:
    met: set[WaitReason] = set()

    @settings(max_examples=settings().max_examples * 2)
    @given(stopped_runs(queue))
    def compare(case: dict[str, Any]) -> None:
        met.update(check_case(case))

    compare()
    if settings().max_examples >= 60:
        assert {WaitReason.ZONE_LIMIT, WaitReason.BEHIND, WaitReason.NO_CAPACITY} <= met
