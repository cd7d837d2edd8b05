"""S-04, S-05, S-06 as an environment meets them: whole devices, shares and MIG instances are its own and nobody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import UnknownNameError
from mlplat.infra.virtualization import OccupiedError, Reason, VisibleDevice
from mlplat.resources import ResourceRequest

from .small_cluster import MIG_NODE, SPEC, end_of, world

SHARE = ResourceRequest(gpu_milli=250)


def test_s06_a_share_is_seen_as_its_part_of_the_device() -> None:
    _, virtualization = world()
    view = virtualization.start("share", node=0, request=SHARE, devices=[2]).view()
    assert view.devices == (VisibleDevice(0, "A100-40", 250, 10240, ""),)


def test_s06_a_mig_instance_is_seen_with_its_profile_and_memory() -> None:
    _, virtualization = world()
    request = ResourceRequest(mig="3g.20gb")
    view = virtualization.start("mig", node=MIG_NODE, request=request, devices=[1], mig_start=4).view()
    assert view.devices == (VisibleDevice(0, "A100-40", 428, 20480, "3g.20gb"),)
    assert virtualization.usage(MIG_NODE).gpu_requested == virtualization.usage(MIG_NODE).gpu_used == 428


def test_s05_shares_of_a_device_never_exceed_it() -> None:
    _, virtualization = world()
    virtualization.start("a", node=0, request=ResourceRequest(gpu_milli=600), devices=[0])
    with pytest.raises(OccupiedError, match="device 0 of gpu-0 is held by another environment"):
        virtualization.start("b", node=0, request=ResourceRequest(gpu_milli=600), devices=[0])
    virtualization.start("c", node=0, request=ResourceRequest(gpu_milli=400), devices=[0])
    with pytest.raises(OccupiedError):
        virtualization.start("d", node=0, request=ResourceRequest(gpus=1), devices=[0])


def test_s06_profiles_start_at_published_positions_only_and_do_not_overlap() -> None:
    _, virtualization = world()

    def start(profile: str, position: int, device: int = 0) -> None:
        virtualization.start(profile, node=MIG_NODE, request=ResourceRequest(mig=profile), devices=[device], mig_start=position)

    start("3g.20gb", 0)
    start("3g.20gb", 4)
    for position in range(7):
        start("1g.5gb", position, device=1)
    for profile, position, device in (("1g.5gb", 7, 1), ("1g.5gb", 0, 1), ("4g.20gb", 0, 0), ("3g.20gb", 1, 0)):
        with pytest.raises(OccupiedError):
            start(profile, position, device)
    with pytest.raises(UnknownNameError):
        start("9g.90gb", 0)
    with pytest.raises(OccupiedError, match="MIG instances go on partitioned devices"):
        virtualization.start("whole", node=MIG_NODE, request=ResourceRequest(gpus=1), devices=[0])


def test_s07_a_broken_device_ends_its_users_and_nothing_else() -> None:
    sim, virtualization = world()
    users = [virtualization.start(f"u{i}", node=0, request=SHARE, devices=[0], work_s=100) for i in range(2)]
    gang = virtualization.start("wide", node=0, request=ResourceRequest(gpus=2), devices=[1, 2], work_s=100)
    cpu = virtualization.start("cpu", node=0, request=ResourceRequest(cpus=1), work_s=100)
    failed = sim.emit("device:gpu-0/0", "device.failed", source="hardware")
    sim.run(until=10)
    virtualization.fail_device(0, 0, cause=failed)
    assert [env.reason for env in users] == [Reason.DEVICE_FAILED] * 2
    assert sim.log.causes(users[1].last_event) == [failed]
    with pytest.raises(OccupiedError, match="out of service"):
        virtualization.start("new", node=0, request=SHARE, devices=[0])
    virtualization.fail_device(0, 3)
    virtualization.repair_device(0, 0)
    virtualization.start("new", node=0, request=SHARE, devices=[0], work_s=1)
    sim.run()
    assert end_of(gang) == end_of(cpu) == 100 and gang.reason is Reason.COMPLETED
    with pytest.raises(OccupiedError, match="gpu-0 has no device 4"):
        virtualization.fail_device(0, 4)


@given(st.lists(st.tuples(st.sampled_from([100, 250, 500, 900, 1000]), st.integers(0, 3), st.booleans()), max_size=30))
def test_s05_what_is_taken_and_given_back_balances(steps: list[tuple[int, int, bool]]) -> None:
    _, virtualization = world()
    held = dict.fromkeys(range(4), 0)
    running = []
    for milli, device, stop in steps:
        if stop and running:
            env = running.pop(device % len(running))
            held[env.grant.devices[0]] -= env.grant.milli
            virtualization.stop(env)
            continue
        request = ResourceRequest(gpu_milli=milli)
        if held[device] + milli <= 1000:
            running.append(virtualization.start("w", node=0, request=request, devices=[device]))
            held[device] += milli
        else:
            with pytest.raises(OccupiedError):
                virtualization.start("w", node=0, request=request, devices=[device])
        assert virtualization.usage(0).gpu_requested == sum(held.values())


def test_s14_a_node_is_exactly_as_big_as_described() -> None:
    _, virtualization = world()
    group = SPEC.groups[0]
    whole = ResourceRequest(cpu_milli=group.cpu_milli, memory_mib=group.memory_mib, disk_mib=group.disk_mib, gpus=4)
    env = virtualization.start("all", node=1, request=whole, devices=[3, 1, 0, 2])
    with pytest.raises(OccupiedError, match="not enough CPU is free"):
        virtualization.start("more", node=1, request=ResourceRequest(cpu_milli=1))
    virtualization.stop(env)
    virtualization.start("more", node=1, request=ResourceRequest(cpu_milli=1))
