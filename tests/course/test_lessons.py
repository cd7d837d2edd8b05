"""Every question of every lesson takes any kind of answer, and says what it expected."""

from __future__ import annotations

import numba
import polars as pl
import pytest

import mlplat as mp
from mlplat.course import Question, find_lesson, lesson_names

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")

QUESTIONS = [pytest.param(question, id=f"{name}-{question.name}") for name in lesson_names() for question in find_lesson(name).questions]
OTHER_JOBS = mp.JobTrace.build(submit=[0], duration=[60], request=[0], requests=[mp.ResourceRequest(cpus=1)])


@pytest.fixture(scope="module")
def another_run() -> mp.Result:
    return mp.replay(mp.ClusterSpec.parse("1x4cpu"), OTHER_JOBS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_wrong_answer_of_any_kind_gets_a_hint_and_never_raises(question: Question, another_run: mp.Result) -> None:
    for answer in (
        object(),
        "",
        "no such thing",
        -1,
        float("nan"),
        float("inf"),
        10**400,
        True,
        b"x",
        [],
        [3],
        {},
        {"a": object()},
        (None,),
        pl.DataFrame(),
        another_run,
        another_run.spec,
        OTHER_JOBS,
        mp.Quota("nobody"),
        lambda: None,
        mp.Result,
    ):
        hint = question.verify(answer)
        assert isinstance(hint, str) and hint, f"{answer!r} was taken for right"
        assert len(hint) < 400
