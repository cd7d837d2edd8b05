"""Lessons 8 to 13: right answers pass, whatever their form; near misses get a hint that says what is missing."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import mlplat as mp
from mlplat.course.lessons import lesson_10_serving_and_autoscaling as lesson_10
from mlplat.course.lessons import lesson_11_drift_and_continuous_training as lesson_11
from mlplat.course.lessons import lesson_12_reproducibility as lesson_12
from mlplat.course.lessons import lesson_13_capacity_planning as lesson_13
from mlplat.course.shop import FILES, Shop, closed_loop, shop_with_a_past
from mlplat.platform.automation.cd import CanaryPolicy
from mlplat.platform.automation.monitoring.drift import DriftRule
from mlplat.platform.serving import Concurrency, Version

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")
ROOT = Path(__file__).resolve().parents[2]


def state(lesson: str, **answer: Any) -> str:
    (name,) = answer
    return mp.check(lesson, **answer)[name].state


def hint(lesson: str, **answer: Any) -> str:
    (name,) = answer
    return mp.check(lesson, **answer)[name].hint


def test_gits_id_may_be_computed_in_any_way_and_has_to_count_bytes() -> None:
    assert state("lesson-08", git_id=lambda content: hashlib.sha1(b"blob %d\0%b" % (len(content), content)).digest()) == "passed"
    assert "mind the length" in hint("lesson-08", git_id=lambda content: hashlib.sha1(content).hexdigest())


def test_the_models_of_the_past_are_touched_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in (0, 2):
        monkeypatch.setenv("MLPLAT_COURSE_SEED", str(seed))
        past = shop_with_a_past(seed)
        bad = [f"shop/churn@{n}" for n in range(1, 9) if past.auc(f"shop/churn@{n}") < 0.75]
        assert len(bad) == 2
        assert state("lesson-08", touched=bad) == "passed" and state("lesson-08", touched={f"model:{name}" for name in bad}) == "passed"
        assert "1 of them are missing" in hint("lesson-08", touched=bad[:1])
        assert "1 too many" in hint("lesson-08", touched=[*bad, "shop/churn@1"])
        (culprit,) = {
            link.upstream for name in bad for link in past.platform.metadata.lineage(name, actor=past.ada).links if link.role == "customers"
        }
        assert state("lesson-08", culprit=culprit) == "passed"


def test_a_share_of_more_than_one_model_needs_is_refused() -> None:
    shop = Shop()
    shop.train()
    needed = [node.name for node in shop.platform.metadata.lineage("shop/churn@1", actor=shop.ada).nodes]
    assert state("lesson-08", grants=needed) == "passed"
    assert "withheld" in hint("lesson-08", grants=needed[1:])
    assert "other versions of the data" in hint("lesson-08", grants=[*needed, "dataset:shop/customers"])
    assert "cannot read the model" in hint("lesson-08", grants=["dataset:shop/customers@1"])


def test_tests_count_that_find_the_mistake_and_pass_without_it() -> None:
    head = "import polars as pl\nfrom features import clean\n\n"
    found = head + "def test_old():\n    assert clean(pl.DataFrame({'tenure_months': [99]})).height\n"
    assert state("lesson-09", tests=found) == "passed"
    assert "with Bob's features.py they pass too" in hint("lesson-09", tests=FILES["test_features.py"])
    assert "with Ada's features.py they do not pass" in hint("lesson-09", tests="def test_nothing():\n    assert False\n")


def test_a_canary_that_looks_late_or_at_nothing_is_told_so() -> None:
    assert "0.05" in hint("lesson-09", policy=CanaryPolicy(alpha=0.5))
    assert "requests; expected at most 300" in hint("lesson-09", policy=CanaryPolicy(bake=600.0, deadline=7200.0))


def test_fleets_are_judged_by_what_they_answer() -> None:
    assert "expected 99 %" in hint("lesson-10", version=Version("v1", replicas=6, start="30s"))
    assert "ready on average; expected at most 10" in hint("lesson-10", version=Version("v1", replicas=16, start="30s"))
    assert "to come up" in hint("lesson-10", version=Version("v1", scale=Concurrency(0.7)))
    assert state("lesson-10", replicas=np.int64(lesson_10._fleet(lesson_10.rate()).replicas or 0)) == "passed"
    assert "not answered within 5 s" in hint("lesson-10", client={"timeout": "50ms", "retries": 3})


def test_a_rule_that_is_silent_and_one_that_cries_are_both_refused() -> None:
    assert "are found" in hint("lesson-11", rule=DriftRule())
    assert lesson_11.alarms(DriftRule(), 0.0, 20) == 0.0


def test_the_loop_closes_and_its_chain_of_causes_is_accepted_whole_only() -> None:
    shop, began = closed_loop()
    (promoted,) = shop.sim.log.select(predicate="service.upgraded", since=began + 3600)
    chain = [promoted, *shop.sim.log.causes(promoted.id)]
    assert state("lesson-11", chain=chain) == "passed" and state("lesson-11", chain=tuple(chain)) == "passed"
    assert "has a cause too" in hint("lesson-11", chain=chain[:-1])
    assert "is not the cause" in hint("lesson-11", chain=[chain[0], *chain[2:]])


def test_sums_have_to_be_right_and_the_same_in_any_order() -> None:
    assert state("lesson-12", exact_sum=lambda values: sum(sorted(values))) == "passed"
    assert state("lesson-12", exact_sum=lambda values: np.float64(math.fsum(values))) == "passed"
    assert "different sums" in hint("lesson-12", exact_sum=sum)
    assert "wrong" in hint("lesson-12", exact_sum=lambda values: 0.0)


def test_a_pipeline_without_a_seed_or_with_a_clock_is_not_repaired() -> None:
    assert "cannot be made again" in hint("lesson-12", repaired=lesson_12.LOOSE)
    fixed = lesson_12.LOOSE.replace("random.sample(range(len(rows)), 1000)", "range(1000)").replace("time.time_ns() % 1000", "1")
    assert "another seed gives the same model" in hint("lesson-12", repaired=fixed)


def test_a_plan_of_the_lessons_own_scenario_or_of_one_objective_does_not_count() -> None:
    assert "scenario of the lesson" in hint("lesson-13", own=mp.plan(lesson_13.next_year()))
    small = {"cluster": "4x4xV100", "search": {"groups": {"node": {"least": 8, "most": 24}}}}
    assert "two objectives" in hint("lesson-13", own=mp.plan(lesson_13.scenario().with_fields(small)))
    assert "is no policy" in hint("lesson-13", saving={"cluster.groups.node.count": 3})


def test_the_tables_of_the_course_show_every_capability_and_paradigm_as_the_notebooks_say() -> None:
    rows = re.findall(r"^\| ((?:CB|IP)-\d+\+?) [^|]*\|(.*)\|$", (ROOT / "docs" / "course.md").read_text(encoding="utf-8"), re.MULTILINE)
    shown = {name: [i + 1 for i, cell in enumerate(cells.split("|")) if cell.strip() == "x"] for name, cells in rows}
    assert len(shown) == 18 + 14 and all(shown.values())
    for path in sorted((ROOT / "examples" / "notebooks").glob("*.ipynb")):
        number = int(path.stem[:2])
        top = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        if number >= 8:
            said = sorted(set(re.findall(r"(?:CB|IP)-\d+\+?", top)))
            assert sorted(name for name, lessons in shown.items() if number in lessons) == said, path.stem
