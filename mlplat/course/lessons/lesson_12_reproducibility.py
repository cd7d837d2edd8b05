"""Lesson 12: the same model again, to the last bit. The exercises are a row, what bytes depend on, sums, and a pipeline to repair."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from ...errors import MlplatError, printable
from ..answers import kind, number
from ..lesson import Lesson, Question
from ..seeds import student_seed

if TYPE_CHECKING:
    from ..shop.shop import Shop

CHANGES = ("a comment", "the library", "the seed", "a row", "a lost node")

SGD = '''\
"""Predicts which customers leave; which rows come first is drawn from the seed of the run."""

from __future__ import annotations

import mlplat as mp
import polars as pl
from features import FEATURES, clean
from mlplat.platform.training import SGDClassifier, score


@mp.step(image="shop/train@latest", request={"cpus": 4}, duration="20m", checkpoint="every 5m", numerics="portable")
def train(customers: pl.DataFrame, context: mp.StepContext) -> SGDClassifier:
    rows = clean(customers)
    scaled = rows.select(pl.col(FEATURES) / 50)
    return SGDClassifier(max_iter=5, random_state=context.seed).fit(scaled, rows["churned"])


@mp.pipeline(data={"customers": "customers"}, publish={"model": "churn"})
def churn(customers: pl.DataFrame):
    return {"model": train(customers)}
'''
"""The pipeline of the lesson: training that uses a seed."""

LOOSE = """\
from __future__ import annotations

import random
import time

import mlplat as mp
import polars as pl
from features import FEATURES, clean
from mlplat.platform.training import LogisticRegression, SGDClassifier


@mp.step(image="shop/train@latest", request={"cpus": 4}, duration="20m")
def sampled(customers: pl.DataFrame) -> pl.DataFrame:
    rows = clean(customers)
    chosen = sorted(random.sample(range(len(rows)), 1000))
    return rows[chosen]


@mp.step(image="shop/train@latest", request={"cpus": 4}, duration="20m")
def train(rows: pl.DataFrame) -> SGDClassifier:
    scaled = rows.select(pl.col(FEATURES) / 50)
    return SGDClassifier(max_iter=5, random_state=time.time_ns() % 1000).fit(scaled, rows["churned"])


@mp.pipeline(data={"customers": "customers"}, publish={"model": "churn"})
def churn(customers: pl.DataFrame):
    return {"model": train(sampled(customers))}
"""
"""A pipeline of which no two runs are alike."""


def sgd_shop() -> Shop:
    """A shop whose pipeline is `SGD`."""
    from ..shop.shop import Shop

    shop = Shop()
    shop.build(shop.commit({"pipeline.py": SGD}, "Train by small steps"))
    return shop


def change(shop: Shop, what: str) -> None:
    """Change one thing of a shop: a comment in its code, the version of a library in its image, or one row of its data."""
    from ...platform.automation.builder import Package

    platform, ada = shop.platform, shop.ada
    if what == "a comment":
        shop.build(shop.commit({"pipeline.py": SGD + "# The end.\n"}, "Say that it ends"))
    elif what == "the library":
        index = platform.builder.index(actor=ada).moved([Package("numpy", "2.9.0", 71)])
        platform.builder.set_index(index, actor=platform.admin)
        head = platform.scm.log("shop/churn@main", actor=ada)[0].id
        made = platform.builder.build(f"shop/churn@{head}", anew=True, actor=ada)
        shop.sim.run(until=platform.builder.wait("shop/churn", made.number, actor=ada))
    elif what == "a row":
        tamper(shop, 7)


def tamper(shop: Shop, row: int) -> None:
    """Make one customer a year younger."""
    import polars as pl

    rows = shop.platform.data.read("shop/customers", actor=shop.ada)
    younger = pl.when(pl.int_range(pl.len()) == row).then(pl.col("age") - 1).otherwise(pl.col("age"))
    shop.platform.data.publish("shop/customers", rows.with_columns(age=younger), actor=shop.ada)


def tampered() -> Shop:
    """A shop in which somebody has changed one row."""
    from ..shop.shop import Shop

    shop = Shop()
    tamper(shop, (137 * (student_seed() + 3)) % 2000)
    return shop


def verify_row(answer: Any) -> str | None:
    """The row that differs between the versions."""
    shop = tampered()
    first, second = (shop.platform.data.read(f"shop/customers@{n}", actor=shop.ada) for n in (1, 2))
    truth = next(i for i, (a, b) in enumerate(zip(first.iter_rows(), second.iter_rows(), strict=True)) if a != b)
    given = number(answer)
    if given is None:
        return f"expected the number of a row, found a {kind(answer)}"
    return None if given == truth else "this row is alike in both; rows count from 0"


@cache
def _bytes_stay() -> frozenset[str]:
    """The changes after which the model has the bytes of the first one, found by making them."""
    found = {"a lost node"} if _survives_a_node() else set()
    for what in CHANGES[:4]:
        shop = sgd_shop()
        shop.train()
        change(shop, what)
        shop.train(seed=1 if what == "the seed" else 0)
        first, second = (shop.platform.models.resolve(f"shop/churn@{n}", actor=shop.ada).digest for n in (1, 2))
        found |= {what} if first == second else set()
    return frozenset(found)


def _survives_a_node() -> bool:
    shops = [sgd_shop(), sgd_shop()]
    lose_a_node(shops[1])
    for shop in shops:
        shop.train()
    calm, lost = (shop.platform.models.resolve("shop/churn@1", actor=shop.ada).digest for shop in shops)
    return calm == lost


def lose_a_node(shop: Shop) -> None:
    """The node on which the next training runs dies after 12 minutes."""

    def crash() -> None:
        started = [event for event in shop.sim.log.select(predicate="runtime.started") if "train" in event.subject]
        shop.cluster.hardware.crash(started[-1].data["node"])

    shop.sim.at(shop.sim.now + 720, crash)


def verify_same_bytes(answer: Any) -> str | None:
    """All changes after which the model is the same, byte for byte."""
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        return f"expected a set of {', '.join(CHANGES)}; found a {kind(answer)}"
    given, truth = {str(each) for each in answer}, _bytes_stay()
    if unknown := sorted(given - set(CHANGES)):
        return f"{printable(unknown[0])[:40]!r} is none of {', '.join(CHANGES)}"
    if given == truth:
        return None
    return "some are missing or too many: make each change to a shop, train, and compare the digests of the models"


def verify_exact_sum(answer: Any) -> str | None:
    """A function whose sum of numbers does not depend on their order, to the last bit."""
    import numpy as np

    if not callable(answer):
        return f"expected a function of a list of numbers, found a {kind(answer)}"
    draws = np.random.default_rng(student_seed())
    values = (draws.normal(size=2000) * 10.0 ** draws.integers(-8, 8, 2000)).tolist()
    truth, sums = math.fsum(values), set()
    for _ in range(20):
        try:
            found = number(answer(list(values)))
        except Exception as error:
            return f"with a list of floats it raises {type(error).__name__}: {printable(str(error))[:200]}"
        if found is None:
            return "it returned something else than a number"
        sums.add(found)
        draws.shuffle(values)
    if len(sums) > 1:
        return f"{len(sums)} different sums of the same numbers in 20 orders"
    return None if abs(sums.pop() - truth) <= 1e-6 * max(1.0, abs(truth)) else "the sums are alike, and wrong"


def verify_repaired(answer: Any) -> str | None:
    """The text of a pipeline that makes a model twice with the same bytes, and uses its seed."""
    if not isinstance(answer, str):
        return f"expected the text of pipeline.py, found a {kind(answer)}"
    from ..shop.shop import Shop

    digests: list[str] = []
    for _ in range(2):
        shop = Shop()
        shop.build(shop.commit({"pipeline.py": answer}, "Repair it"))
        try:
            run = shop.train(seed=3)
        except MlplatError as error:
            return f"it is no pipeline: {printable(str(error))[:300]}"
        if run.outcome != "success":
            return f"it does not run: {run.outcome}, {run.reason}"
        version = shop.platform.models.resolve("shop/churn@1", actor=shop.ada)
        digests.append(version.digest)
    verdict = shop.platform.reproduce("shop/churn@1", actor=shop.ada)
    if not verdict:
        first = verdict.first_difference
        return f"the model cannot be made again: {verdict.outcome.value}{', ' + first.what if first else ''}"
    if digests[0] != digests[1]:
        return "two platforms make two models of it"
    shop.train(seed=4)
    if shop.platform.models.resolve("shop/churn", actor=shop.ada).digest == digests[0]:
        return "another seed gives the same model: draw from the seed of the run, so that a run can be varied and still be repeated"
    return None


LESSON = Lesson(
    "lesson-12",
    "Reproducibility",
    (
        Question("row", "The number of the row that differs in `tampered()`, from 0.", verify_row),
        Question("same_bytes", "The set of changes after which the model has the same bytes.", verify_same_bytes),
        Question("exact_sum", "A function that sums a list of floats to the same bits in any order.", verify_exact_sum),
        Question(
            "repaired",
            "The text of a pipeline.py like LOOSE whose models can be made again, and that uses the seed of the run.",
            verify_repaired,
        ),
    ),
)
