"""Models of this package in pipelines: A-9.6, IP-5; hyper-parameter search as a fan-out."""

from __future__ import annotations

import pytest

from mlplat.platform.pipelines import PipelineRun
from mlplat.platform.training import LogisticRegression, Rung, TrainingData, churn, grid, search

from ..pipelines.worlds import World

CODE = """
from __future__ import annotations

from typing import NamedTuple

import polars as pl

from mlplat.platform.pipelines import StepContext, pipeline, step
from mlplat.platform.training import BoostedStumpsClassifier, LogisticRegression, TrainingData, compare, grid, measure, survivors


class Parts(NamedTuple):
    train: pl.DataFrame
    test: pl.DataFrame


@step(request={"cpus": 1}, duration="10m", numerics="portable")
def split(ctx: StepContext, customers: pl.DataFrame) -> Parts:
    train, test = TrainingData.from_frame(customers, "churned").split(0.25, seed=ctx.seed)
    return Parts(train.frame(), test.frame())


@step(request={"cpus": 2}, duration="1h", replicas=2, checkpoint="every 10m", numerics="portable")
def train(rows: pl.DataFrame, strength: float) -> LogisticRegression:
    return LogisticRegression(strength).fit(rows.drop("churned"), rows["churned"])


@step(request={"cpus": 1}, duration="5m", numerics="portable")
def evaluate(ctx: StepContext, model: LogisticRegression, rows: pl.DataFrame) -> dict[str, float]:
    found = measure("auc", rows["churned"], model.predict_proba(rows.drop("churned"))[:, 1], seed=ctx.seed)
    return {"auc": found.value, "auc_low": found.low, "auc_high": found.high}


@pipeline(data={"customers": "customers"}, publish={"model": "churn"})
def churn(customers: pl.DataFrame, strength: float = 1.0):
    parts = split(customers)
    model = train(parts.train, strength)
    evaluate(model, parts.test)
    return {"model": model}


@step(duration="1m")
def trials() -> list[dict]:
    return [dict(trial.parameters) for trial in grid({"learning_rate": [0.01, 0.1, 0.5], "max_bins": [4, 32]})]


@step(request={"cpus": 1}, duration="20m", numerics="portable")
def attempt(parameters: dict, rows: pl.DataFrame, iterations: int) -> BoostedStumpsClassifier:
    return BoostedStumpsClassifier(n_estimators=iterations, **parameters).fit(rows.drop("churned"), rows["churned"])


@step(duration="1m", numerics="portable")
def best(parameters: list[dict], models: list[BoostedStumpsClassifier], rows: pl.DataFrame, keep: int) -> list[dict]:
    aucs = {i: measure("auc", rows["churned"], model.predict_proba(rows.drop("churned"))[:, 1], resamples=20).value
            for i, model in enumerate(models)}
    return [parameters[i] for i in survivors(aucs, keep)]


@pipeline(data={"customers": "customers"})
def tuned(customers: pl.DataFrame):
    parts = split(customers)
    first = trials()
    second = best(first, attempt.map(first, rows=parts.train, iterations=10), parts.test, 2)
    third = best(second, attempt.map(second, rows=parts.train, iterations=30), parts.test, 1)
    return {"winner": third}
"""
CUSTOMERS = churn(1500, 11)


def world(words: str = "", **options: object) -> World:
    made = World(words, CODE, lock=False, **options)  # type: ignore[arg-type]
    made.platform.data.publish("shop/customers", CUSTOMERS.frame(), actor=made.ada)
    return made


def quiet() -> tuple[World, PipelineRun]:
    made = world()
    return made, made.run("shop/churn@main", function="churn", seed=7)


def test_ip5_a_step_that_trains_makes_a_model_with_a_signature_and_metrics() -> None:
    made, run = quiet()
    assert run.outcome == "success", run.error
    version = made.platform.models.resolve("shop/churn", actor=made.ada)
    model = LogisticRegression.from_parts(made.platform.models.load("shop/churn", actor=made.ada))
    assert version.signature == model.signature and version.digest == run.digests["train"]["output"]
    record = made.platform.metadata.run(version.run.removeprefix("run:"), actor=made.ada)
    assert record.numerics == "portable" and 0.7 < record.metrics["auc_low"] < record.metrics["auc"] < record.metrics["auc_high"] < 1.0


@pytest.mark.parametrize("minutes", [5, 25, 60])
def test_a9_6_a_model_trained_over_a_node_failure_has_the_bytes_of_one_that_was_not(minutes: int) -> None:
    made = world("3x2cpu")
    run = made.pipelines.run("shop/churn@main", function="churn", seed=7, actor=made.ada)

    def lose() -> None:
        bound = made.events("workload.bound")[-1].data["nodes"]
        made.cluster.hardware.crash(bound[0])

    made.sim.at(f"{minutes}m", lose)
    made.sim.at("3h", lambda: [made.cluster.hardware.restore(f"node-{node}") for node in range(3)])
    made.sim.run(until=run.wait())
    assert run.outcome == "success", run.error
    assert len(made.events("workload.requeued")) >= 1
    assert run.digests == quiet()[1].digests


def test_hyper_parameter_search_as_a_fan_out_finds_what_it_finds_here() -> None:
    made = world("4x8xV100")
    run = made.run("shop/churn@main", function="tuned", seed=7)
    assert run.outcome == "success", run.error
    (winner,) = made.pipelines.value(run, "best-2", actor=made.ada)
    parts = {name: made.pipelines.value(run, "split", name, actor=made.ada) for name in ("train", "test")}
    train, test = (TrainingData.from_frame(part, "churned") for part in parts.values())
    trials = grid({"learning_rate": [0.01, 0.1, 0.5], "max_bins": [4, 32]})
    rungs = [Rung(6, 10, 2), Rung(2, 30, 1)]
    found = search("boosted-stumps-classifier", trials, rungs, train, test, "auc", fixed={"n_estimators": 30})
    assert winner == dict(found.best.parameters)
    assert sum(name.startswith("attempt") for name in run.tasks) == 8
