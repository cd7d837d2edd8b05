"""A model is made again bit for bit from its lineage (IP-9): elsewhere, later, by others, in another process, and after a capsule."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, IntegrityError, OptionError, UnknownNameError
from mlplat.platform.artifacts.images import Layer, Manifest
from mlplat.platform.reproduction import Difference, Outcome, Verdict
from mlplat.platform.storage import Store

from . import again
from .pipelines import HEAD, Made, code

MODELS, PARTS = 200, 4


@pytest.fixture(scope="module")
def made() -> Iterator[Made]:
    """A platform that tests may add to."""
    yield Made()


@pytest.mark.parametrize("part", range(PARTS))
def test_a9_1_two_hundred_random_pipelines_are_reproduced_elsewhere_and_in_a_new_process(part: int, tmp_path: Path) -> None:
    each, here = MODELS // PARTS, Made()
    files, expected = [], []
    for number in range(part * each, (part + 1) * each):
        model = here.model(number)
        verdict = here.platform.reproduce(model, actor=here.admin)
        assert verdict.outcome is Outcome.REPRODUCED, (number, str(verdict), code(random.Random(number)))
        assert (verdict.found_digest, verdict.found_fingerprint) == (verdict.digest, verdict.fingerprint)
        if number % 5 == 0:
            file = tmp_path / f"{number}.capsule"
            here.platform.capsules.export(model, file, actor=here.admin)
            files.append(str(file))
            expected.append(f"reproduced {verdict.fingerprint} {verdict.digest} None")
    environment = {**os.environ, "PYTHONHASHSEED": str(part + 1), "OMP_NUM_THREADS": "1"}
    said = subprocess.run(
        [sys.executable, "-m", again.__name__, *files], capture_output=True, text=True, env=environment, cwd=Path(__file__).parents[3]
    )
    assert said.stdout.splitlines() == expected, said.stderr


def test_a9_1_heads_branches_tags_and_people_may_have_changed(made: Made) -> None:
    platform, admin = made.platform, made.admin
    model = made.model(1001)
    bob = platform.identity.create_user("bob", actor=admin)
    platform.identity.add_member("shop", bob, "maintainer", actor=admin)
    rows = platform.data.read("shop/rows", actor=admin)
    platform.data.publish("shop/rows", rows[:5], actor=admin)
    platform.images.publish("shop/train", Manifest((Layer.of("other", 5),), entry="python"), tags=["v2"], actor=admin)
    platform.scm.commit("shop/code1001", "main", {"pipeline.py": "raise ValueError"}, "broken", actor=admin)
    reproduction = platform.reproduction.start(model, actor=bob)
    assert platform.sim.run(until=reproduction.wait()).outcome is Outcome.REPRODUCED
    events = [event.predicate for event in platform.sim.log.select(subject=f"model:{model}", predicate="reproduction.*")]
    assert events == ["reproduction.started", "reproduction.finished"]
    assert platform.reproduction.verdicts(model, actor=bob) == (reproduction.verdict,)
    assert platform.models.versions("shop/model", actor=bob)[-1].reference == model
    platform.data.publish("shop/rows", rows, actor=admin)


@pytest.mark.parametrize(("words", "queue", "placement"), [("1x16cpu", "fifo", "best-fit"), ("6x4cpu+2x8xV100", "sjf", "worst-fit")])
def test_a9_1_on_another_cluster_under_another_policy(made: Made, words: str, queue: str, placement: str) -> None:
    cluster = mp.Cluster(mp.Simulation(seed=4), mp.ClusterSpec.parse(words), queue=queue, placement=placement, scrape_period=None)
    model = made.model(1002 + len(words))
    assert made.platform.reproduce(model, on=cluster, actor=made.admin)
    assert len(cluster.sim.log.select(predicate="workload.finished")) >= 2


def test_n_a_node_that_dies_meanwhile_changes_nothing(made: Made) -> None:
    cluster = mp.Cluster(mp.Simulation(seed=4), mp.ClusterSpec.parse("3x16cpu"), scrape_period=None)
    cluster.sim.at("1m", cluster.hardware.crash, "node-0")
    model = made.model(1050)
    assert made.platform.reproduce(model, on=cluster, actor=made.admin)
    assert cluster.sim.log.select(predicate="workload.requeued")


def test_a9_5_randomness_that_nobody_recorded_is_found_and_its_first_step_named(made: Made) -> None:
    text = (
        HEAD
        + """
import os

@step(duration="1m", image="shop/train@v1")
def steady(rows: pl.DataFrame) -> pl.DataFrame:
    return rows[:3]

@step(duration="1m", image="shop/train@v1")
def loose(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(a=pl.Series([float(byte) for byte in os.urandom(3)]))

@step(duration="1m", image="shop/train@v1")
def fit(rows: pl.DataFrame, depth: int) -> Linear:
    return Linear(rows["a"].to_numpy(), depth)

@pipeline(data={"rows": "rows"}, publish={"model": "model"})
def line(rows: pl.DataFrame, depth: int = 3):
    return {"model": fit(loose(steady(rows)), depth)}
"""
    )
    model = made.model(1060, text)
    reproduction = made.platform.reproduction.start(model, actor=made.admin)
    verdict = made.platform.sim.run(until=reproduction.wait())
    assert verdict.outcome is Outcome.OUTPUT_DIFFERS and verdict.first_difference.what == "loose.output"
    assert "numerics: platform-dependent" in str(verdict)
    assert made.platform.reproduce(model, actor=made.admin).first_difference.what == model


def test_a_missing_link_is_named_and_nothing_runs(made: Made) -> None:
    platform, admin = made.platform, made.admin
    model = made.model(1070)
    run = platform.metadata.lineage(model, actor=admin).run
    platform.metadata.withdraw(run, "image", actor=admin)
    before = len(platform.orchestrator.runs(actor=admin))
    for verdict in (platform.reproduction.start(model, actor=admin).verdict, platform.reproduce(model, actor=admin)):
        assert verdict is not None and verdict.outcome is Outcome.NOT_REPRODUCIBLE
        (missing,) = verdict.missing
        assert missing.startswith(f"image of {run} (image:shop/train@sha256:") and missing.endswith("by record: nobody recorded it")
    assert len(platform.orchestrator.runs(actor=admin)) == before
    assert not platform.sim.log.select(subject=f"model:{model}", predicate="reproduction.started")


@pytest.mark.parametrize("kind", ["data", "image"])
@pytest.mark.parametrize("draw", range(5))
def test_a9_4_one_bit_of_what_it_was_made_of_is_found_and_named(kind: str, draw: int) -> None:
    here = Made()
    model = here.model(draw)
    platform, store = here.platform, here.platform.store
    wanted = {"data": platform.data._contents, "image": platform.images._contents}[kind]
    digest = random.Random(draw).choice(sorted(each for each in wanted() if len(store.get(each))))
    flip(store, digest, draw)
    calls = here.platform.reproduce(model, actor=here.admin), here.platform.reproduction.start(model, actor=here.admin).verdict
    for verdict in calls:
        assert verdict is not None and verdict.outcome is Outcome.LINEAGE_DIFFERS
        assert any(digest in (each.recorded, each.what) for each in verdict.differences), str(verdict)
    assert len(platform.orchestrator.runs(actor=here.admin)) == 1


@pytest.mark.parametrize("draw", range(5))
def test_a9_4_one_bit_of_the_code_is_found(draw: int) -> None:
    here = Made()
    here.model(draw)
    store = here.platform.store
    digests = sorted(set(here.platform.scm._contents()))
    flip(store, random.Random(draw).choice(digests), draw)
    with pytest.raises(IntegrityError) as found:
        mp.Platform(store=store)
    assert found.value.digest in digests


def flip(store: Store, digest: str, draw: int) -> None:
    """One bit of some content."""
    content = bytearray(store._content[digest])
    place = random.Random(draw).randrange(8 * len(content))
    content[place // 8] ^= 1 << place % 8
    store._content[digest] = bytes(content)


def test_p_what_may_not_be_read_is_refused_and_not_named(made: Made) -> None:
    """IP-9 P."""
    platform, admin = made.platform, made.admin
    model = made.model(1080)
    eve = platform.identity.create_user("eve", actor=admin)
    with pytest.raises(AccessDenied):
        platform.reproduce(model, actor=eve)
    platform.identity.grant(eve, "read", f"model:{model}", actor=admin)
    for call in (platform.reproduce, platform.reproduction.start):
        with pytest.raises(AccessDenied) as refused:
            call(model, actor=eve)
        assert "withheld:" in str(refused.value) and "shop/rows" not in str(refused.value)


def test_ip14_a_model_from_elsewhere_runs_only_where_it_is_trusted(made: Made, tmp_path: Path) -> None:
    model = made.model(1090)
    content = made.platform.capsules.export(model, actor=made.admin).content
    theirs = mp.Platform(mp.Simulation(seed=8))
    theirs.identity.create_project("shop", owner=theirs.admin, actor=theirs.admin)
    taken = theirs.capsules.import_file(content, actor=theirs.admin).model
    with pytest.raises(OptionError, match="trust=True"):
        theirs.reproduction.start(taken, actor=theirs.admin)
    reproduction = theirs.reproduction.start(taken, trust=True, actor=theirs.admin)
    assert theirs.sim.run(until=reproduction.wait()).outcome is Outcome.REPRODUCED


def test_a_model_without_a_run_and_one_that_is_not_there(made: Made) -> None:
    platform, admin = made.platform, made.admin
    platform.models.register("shop/bought", b"weights", external=["run"], actor=admin)
    verdict = platform.reproduce("shop/bought@1", actor=admin)
    assert verdict.outcome is Outcome.NOT_REPRODUCIBLE and verdict.missing
    with pytest.raises(UnknownNameError):
        platform.reproduce("shop/nothing@1", actor=admin)


def test_verdicts_can_be_given_back_and_are_kept(made: Made) -> None:
    model = made.model(1100)
    verdict = made.platform.reproduce(model, actor=made.admin)
    assert Verdict.from_json(verdict.to_json()) == verdict
    assert made.platform.reproduction.verdicts(model, actor=made.admin) == (verdict,)
    later = mp.Platform(store=made.platform.store)
    assert later.reproduction.verdicts(model, actor=later.admin) == (verdict,)
    assert "reproduced" in verdict._repr_html_() and bool(verdict)
    odd = Verdict("model:a/b@1", Outcome.OUTPUT_DIFFERS, "x", "y", differences=(Difference("<b>", "1", "2"),))
    assert "<b>" not in odd._repr_html_() and "<b>: 1 recorded, 2 found" in str(odd)
    with pytest.raises(OptionError):
        Verdict.from_json({"outcome": "reproduced"})
