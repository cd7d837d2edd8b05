"""Whatever is pushed, lost and taken away on a day: every run ends as documented, and every commit's status is what its run says."""

from __future__ import annotations

import random

import pytest

import mlplat as mp
from mlplat.errors import MlplatError

from ..builder.worlds import REPO
from .worlds import FILES, World

OUTSIDE = ("commit.pushed", "node.*", "zone.*", "change.*", "metadata.recorded", "artifact.*", "scenario.changed", "grant.*", "alias.moved")
MANIFEST = {
    "ci.yaml": "image: image.yaml\npending_timeout: 2h\n",
    "image.yaml": "base: shop/python@3.11\npackages: [numpy]\nfiles: [prices.py]\n",
}


def day(seed: int) -> World:
    """Pushes, branches, changes, merges, crashes, full zones and lost rights, drawn from a seed."""
    draw = random.Random(seed)
    world = World(limit={"cpus": draw.choice([1, 4])}, seed=seed)
    world.builder.enable(REPO, world.robot, actor=world.ada)
    world.commit({**FILES, **MANIFEST})
    branches = ["main"]
    for number in range(draw.randint(5, 25)):
        world.sim.run(until=world.sim.now + draw.choice([0, 1, 3, 7, 20, 300]))
        who = draw.choice([world.ada, world.bob])
        branch = draw.choice(branches)
        try:
            match draw.randrange(9):
                case 0 | 1 | 2:
                    world.commit({"prices.py": f"def price(net):\n    return net + {draw.choice([2, 2, 3])}  # {number}\n"}, branch, who)
                case 3:
                    branches.append(f"work-{number}")
                    world.scm.create_branch(REPO, branches[-1], branch, actor=who)
                case 4:
                    world.scm.create_change(REPO, draw.choice(branches), "main", "more", actor=who)
                case 5:
                    world.cluster.hardware.crash(draw.choice(["node-0", "node-1"]))
                case 6:
                    for node in ("node-0", "node-1"):
                        world.cluster.hardware.restore(node)
                case 7:
                    name = f"busy-{number}"
                    world.zones.submit(f"{who.name}-dev", mp.Workload(name, {"cpus": 1}, duration="5m"), actor=who)
                case 8:
                    role = draw.choice(["viewer", "contributor", "contributor"])
                    world.identity.add_member("shop", world.robot, role, actor=world.ada)
        except MlplatError:
            continue
    for node in ("node-0", "node-1"):
        world.cluster.hardware.restore(node)
    world.sim.run(until=world.sim.now + 4 * 3600)
    return world


@pytest.mark.parametrize("seed", range(40))
def test_every_run_ends_and_is_told_of(seed: int) -> None:
    world = day(seed)
    runs, builds = world.runs(), world.builder.builds(REPO, actor=world.ada)
    assert runs and all(run.over for run in runs) and all(build.over for build in builds)
    assert world.platform.tasks.running == () and not world.ci._jobs and not world.builder._jobs
    finished = world.events("pipelinerun.finished")
    assert sorted(event.subject for event in finished) == sorted(run.subject for run in runs)
    assert [message.about for message in world.inbox.messages(actor=world.bob)] == [event.subject for event in finished]
    denied = {event.time for event in world.events("access.denied")}
    for run in runs:
        assert run.failed if run.reason == "TESTS_FAILED" else not run.failed
        newest = [other for other in runs if other.commit == run.commit][-1]
        if newest.ended_s not in denied:
            assert world.status(run.commit).outcome == newest.outcome.value
        if run.outcome.value == "failure":
            assert run.reason == "TESTS_FAILED"
        tests = [event for event in world.events("testcaserun.finished") if event.subject.startswith(f"testcaserun:{run.name}/")]
        assert len(tests) == (1 if run.reason in ("PASSED", "TESTS_FAILED") else 0)
    by_commit = [(run.commit, run.outcome.value) for run in runs if run.outcome.value in ("success", "failure")]
    assert len(by_commit) == len(set(by_commit)) == len({commit for commit, _ in by_commit})
    digests = {(build.key, build.digest) for build in builds if build.digest}
    assert len(digests) == len({key for key, _ in digests}) == len({digest for _, digest in digests})
    for event in world.events("artifact.published"):
        assert not event.subject.startswith(f"image:{REPO}") or event.data["digest"] in {digest for _, digest in digests}
    assert world.sim.log.check() == []


def test_the_same_seed_gives_the_same_day() -> None:
    assert day(3).sim.log.digest() == day(3).sim.log.digest()
