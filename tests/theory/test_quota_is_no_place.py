"""A quota is an amount and no place: a guaranteed gang that needs a whole node waits where the free devices are scattered, and nobody is
stopped in vain. Nodes reserved for it are a place.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.infra.quotas.reasons import WaitReason
from mlplat.runs.result import Result

SOFT: dict[str, Any] = {}
HARD: dict[str, Any] = {"lend": {"gpus": 0}}
RESERVED: dict[str, Any] = HARD | {"reserve": {"nodes": 1}}
COMES = 60.0


def scattered(
    lab: dict[str, Any], seconds: list[float], *, gpus: int = 4, pieces: int = 1, borrowers: int = 0, clock: Any = "replay"
) -> Result:
    """A job of zone shop on each node, within its guarantee; the last `borrowers` of them are of zone guest, which has none. Then eight
    devices for zone lab, in so many pieces: it is guaranteed eight, and uses none.
    """
    nodes, groups = len(seconds), ("shop", "guest", "lab")
    trace = mp.JobTrace.build(
        submit=[0.0] * nodes + [COMES],
        duration=[*seconds, 600.0],
        request=[0] * nodes + [1],
        requests=[mp.ResourceRequest(gpus=gpus), mp.ResourceRequest(gpus=8 // pieces)],
        replicas=[1] * nodes + [pieces],
        group=[0] * (nodes - borrowers) + [1] * borrowers + [2],
        groups=groups,
    )
    zones = [mp.Quota("shop", guarantee={"gpus": gpus * (nodes - borrowers)}), mp.Quota("lab", guarantee={"gpus": 8}, **lab)]
    return mp.replay(mp.ClusterSpec.parse(f"{nodes}x8xV100"), trace, zones=zones, placement="worst-fit", clock=clock)


def wait_of_lab(result: Result) -> float:
    assert result.summary()["preemptions"] == 0
    return float(result.jobs["wait_s"][-1])


@pytest.mark.parametrize("clock", ["replay", "simpy"])
@pytest.mark.parametrize("lab", [SOFT, HARD], ids=["soft", "hard"])
def test_a_guaranteed_node_waits_until_one_is_empty_though_half_the_devices_are_free(lab: dict[str, Any], clock: str) -> None:
    result = scattered(lab, [5000.0, 3000.0, 4000.0, 6000.0], clock=clock)
    assert result.timeline["gpu_milli"][0] == 16_000  # of 32,000
    assert wait_of_lab(result) == 3000.0 - COMES
    told = result.explain(4)
    assert told.quota is not None
    assert (told.quota.reason, told.quota.entitled, told.quota.stopped) == (WaitReason.FRAGMENTED, True, ())
    assert "FRAGMENTED: it fits on no nodes" in str(told) and "FRAGMENTED: it fits on no nodes" in told._repr_html_()


@pytest.mark.parametrize("clock", ["replay", "simpy"])
def test_on_a_reserved_node_it_starts_at_once(clock: str) -> None:
    result = scattered(RESERVED, [5000.0, 3000.0, 4000.0, 6000.0], clock=clock)
    assert result.jobs["wait_s"].to_list() == [0.0] * 5  # and nobody else waits for it
    assert result.explain(4).node == "node-0"
    assert set(result.attempts["node"][:4]) == {1, 2, 3}


@given(
    seconds=st.lists(st.integers(100, 9999).map(float), min_size=2, max_size=6),
    gpus=st.sampled_from([1, 2, 3, 4]),
    lab=st.sampled_from([SOFT, HARD]),
)
def test_a_node_in_one_piece_waits_for_the_first_to_end_and_in_eight_pieces_for_nobody(
    seconds: list[float], gpus: int, lab: dict[str, Any]
) -> None:
    assert wait_of_lab(scattered(lab, seconds, gpus=gpus)) == min(seconds) - COMES
    assert wait_of_lab(scattered(lab, seconds, gpus=gpus, pieces=8)) == 0
    assert wait_of_lab(scattered(RESERVED, seconds, gpus=gpus)) == 0


def test_a_borrower_in_the_way_is_stopped_where_that_helps_and_only_there() -> None:
    """IP-11 T, S-106."""
    result = scattered(SOFT, [5000.0, 3000.0, 4000.0, 6000.0], gpus=7, borrowers=1)
    assert result.jobs["wait_s"][-1] == 0  # no checkpoint, no grace needed
    assert result.attempts.filter(result.attempts["outcome"] == "reclaimed")["job"].to_list() == [3]
    told = result.explain(4)
    assert told.quota is not None and told.quota.stopped == ("3",)
    alone = scattered(SOFT, [5000.0, 3000.0, 4000.0, 6000.0], gpus=5)
    assert wait_of_lab(alone) == 3000.0 - COMES
