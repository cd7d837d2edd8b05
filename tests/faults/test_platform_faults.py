"""The campaign over platforms finds nothing wrong with the library, and finds what is made wrong on purpose."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from benchmarks import platform_faults
from benchmarks.platform_fault_cases import PlatformCase, Step, make_case
from mlplat.platform.artifacts.models import ModelRegistry
from mlplat.platform.automation.cd.cd import CD
from mlplat.platform.automation.cd.changes import Catalogue
from mlplat.platform.automation.cd.gate import Approval, GateRule
from mlplat.platform.automation.ci.integration import CI
from mlplat.platform.automation.retraining.component import Retrainer
from mlplat.platform.work import TaskReason
from mlplat.platform.work import outcomes as work_outcomes

SCHEDULES, PARTS = 1_000, 4
DAY = [
    Step(10.0, "push", "good"),
    Step(240.0, "run"),
    Step(260.0, "publish"),
    Step(600.0, "external", "better"),
    Step(640.0, "configure"),
    Step(660.0, "deliver", "pipeline"),
    Step(700.0, "approve"),
    Step(760.0, "deliver", "model"),
    Step(800.0, "approve"),
    Step(960.0, "watch"),
    Step(980.0, "requests", "", 2),
    Step(1500.0, "data", "", 3),
]


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    """What is loaded already is not looked through again."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("part", range(PARTS))
def test_a_thousand_schedules_break_no_promise(part: int) -> None:
    each = SCHEDULES // PARTS
    figures = platform_faults.CAMPAIGN.figures(each, seed=0, first=part * each)
    assert not figures["violations"], "\n".join(map(platform_faults.CAMPAIGN.report, figures["violations"]))
    assert figures["instants"] > 150 * each and figures["jobs"] > 3 * each and figures["attempts"] > 7 * each
    assert figures["faulty"] > each // 2 and figures["networked"] > each // 5


def test_a_day_without_faults_comes_to_a_model_in_production() -> None:
    world = platform_faults.World(PlatformCase(steps=DAY))
    platform_faults._play(world, [0])
    changes = world.platform.cd._catalogue.changes.values()
    assert [change.outcome for change in changes][:2] == ["success", "success"]
    assert [run.outcome for run in world.platform.orchestrator.runs(actor=world.ada)][:2] == ["success", "success"]
    assert [run.outcome for run in world.platform.ci.runs("shop/churn", actor=world.ada)] == ["success"]
    assert world.platform.retraining.history("shop/train", actor=world.ada)[0].accepted


def violation_of(*more: Step, faults: tuple[Step, ...] = (), **options: Any) -> Any:
    """What is wrong with the day, and these steps."""
    return platform_faults.run_case(PlatformCase(steps=sorted([*DAY, *more]), faults=list(faults), **options)).violation


def test_the_day_is_right() -> None:
    assert violation_of() is None


# -- what is made wrong


def open_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is to be approved is deployed without."""
    monkeypatch.setattr(CD, "_gate", lambda self, zone: GateRule(required=False))


def blind_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks approves."""
    monkeypatch.setattr(Approval, "refusal", lambda self, principal, decision, now: None)


def no_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that have failed are no matter."""
    monkeypatch.setattr(CD, "_check_evidence", lambda self, desired, evidence: None)


def infrastructure_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost node is called a failure."""
    wrong = {**work_outcomes.OUTCOME, TaskReason.NODE_LOST: work_outcomes.Outcome.FAILURE}
    monkeypatch.setattr("mlplat.platform.work.runs.OUTCOME", wrong)


def forgotten_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retrainings never hear that their run is over."""
    monkeypatch.setattr(Retrainer, "_ran", lambda self, name, run: None)


def forgotten_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What CI has begun never ends."""
    monkeypatch.setattr(CI, "_end", lambda self, *arguments, **options: None)


def lost_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the end some content is no longer kept."""
    repair = platform_faults.repair

    def forgetful(world: platform_faults.World) -> None:
        repair(world)
        world.platform.store._content.popitem()

    monkeypatch.setattr(platform_faults, "repair", forgetful)


def unwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of the state of which the journal knows nothing."""
    apply = Catalogue.apply

    def more(self: Catalogue, record: Any) -> None:
        apply(self, record)
        if record["what"] == "ended":
            self.accounts["ghost"] = f"account-{id(self)}"

    monkeypatch.setattr(Catalogue, "apply", more)


def half_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call is refused after it has written."""
    stage = ModelRegistry.set_stage

    def late(self: ModelRegistry, ref: str, given: str, **options: Any) -> Any:
        stage(self, ref, given, **options)
        raise platform_faults.MlplatError("too late")

    monkeypatch.setattr(ModelRegistry, "set_stage", late)


@pytest.mark.parametrize(
    ("spoil", "rule", "more", "faults"),
    [
        (open_gate, "gate", (Step(2000.0, "deploy", "model"),), ()),
        (blind_gate, "gate", (Step(670.0, "approve", "", 7),), ()),
        (no_evidence, "gate", (Step(1700.0, "push", "untested"), Step(2000.0, "publish"), Step(2100.0, "deliver", "pipeline")), ()),
        (infrastructure_to_blame, "blame", (), tuple(Step(300.0, "crash", "", node) for node in range(4))),
        (forgotten_runs, "end", (), ()),
        (forgotten_tests, "end", (), ()),
        (lost_content, "content", (), ()),
        (unwritten, "journals", (), ()),
        (half_refused, "refusal", (Step(2000.0, "stage", "staging"),), ()),
    ],
)
def test_what_is_made_wrong_is_found(
    monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Any], None], rule: str, more: tuple[Step, ...], faults: tuple[Step, ...]
) -> None:
    spoil(monkeypatch)
    found = violation_of(*more, faults=faults)
    assert found is not None and found.rule == rule, found


def test_a_case_is_shrunk_to_what_breaks_the_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten_tests(monkeypatch)
    faults = [Step(100.0, "crash", "", 2), Step(200.0, "restore", "", 2)]
    case = PlatformCase(steps=DAY, faults=faults, network=True, seed=5)
    violation = platform_faults.run_case(case).violation
    assert violation is not None
    small, found = platform_faults.CAMPAIGN.shrink(case, violation)
    assert found.rule == violation.rule and small == PlatformCase(steps=[Step(10.0, "push", "good")])
    scope: dict[str, Any] = {}
    exec(platform_faults.snippet(small), scope)


def test_what_comes_out_of_the_simulation_is_a_violation_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr(Retrainer, "_meet", fail)
    violation = violation_of()
    assert violation is not None and violation.rule == "ZeroDivisionError" and violation.detail.startswith("by accident (")


def test_the_same_number_gives_the_same_case_and_the_same_events() -> None:
    assert make_case(4, 7) == make_case(4, 7) != make_case(4, 8)
    digests = []
    for _ in range(2):
        world = platform_faults.World(make_case(4, 7))
        platform_faults._play(world, [0])
        digests.append(world.sim.log.digest())
    assert digests[0] == digests[1]


def test_a_case_without_a_violation_ends_with_status_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert platform_faults.CAMPAIGN.command(["--seed", "2", "--case", "0", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["schedules"] == 1 and figures["violations"] == [] and figures["instants"] > 0
