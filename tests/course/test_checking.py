"""`mp.check`: right, wrong and missing answers, unknown names, and how what came of them is shown."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mlplat as mp
from mlplat.course import Lesson, Question, find_lesson, lesson_names
from mlplat.course import checking as checking_module
from mlplat.course.recording import VARIABLE, recorded
from mlplat.errors import OptionError, UnknownNameError


def verify_eight(answer: object) -> str | None:
    return None if answer == 8 else "count <b>all</b>"


def verify_call(answer: object) -> str | None:
    return None if answer(2) == 4 else "not twice as much"  # type: ignore[operator]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Lesson:
    made = Lesson("lesson-00", "A <script>", (Question("eight", "How many?", verify_eight), Question("twice", "A function?", verify_call)))
    monkeypatch.setattr(checking_module, "find_lesson", lambda name: made)
    return made


def test_right_wrong_and_missing_answers_are_told_apart_and_scored(small: Lesson) -> None:
    assert mp.check("lesson-00", eight=8, twice=lambda x: 2 * x).passed
    half = mp.check("lesson-00", eight=8)
    assert (half.score, half.passed, half["twice"].state) == (0.5, False, "unanswered")
    wrong = mp.check("lesson-00", eight=7, twice=...)
    assert (wrong.score, wrong["eight"].state, wrong["eight"].hint, wrong["twice"].state) == (0.0, "hint", "count <b>all</b>", "unanswered")


def test_without_answers_the_questions_are_shown_and_nothing_is_recorded(
    small: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "record"))
    assert "How many?" in str(mp.check("lesson-00"))
    assert not (tmp_path / "record").exists()


def test_the_last_check_of_a_lesson_is_what_is_recorded_and_what_is_no_check_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "record"
    assert recorded(record) == {}
    monkeypatch.setenv(VARIABLE, str(record))
    mp.check("lesson-01", cpus="?", placement="?")
    mp.check("lesson-05", weight="?")
    mp.check("lesson-01", placement="?")
    with record.open("a") as file:
        file.write('no JSON\n[1]\n{"lesson": [], "questions": {}, "hints": {}}\n{"lesson": "lesson-x", "questions": {}, "hints": {}}\n')
        file.write(
            '{"lesson": "lesson-01", "questions": {"cpus": 3}, "hints": {}}\n{"lesson": "lesson-01", "questions": {}, "hints": 3}\n\0\n'
        )
    found = recorded(record)
    assert list(found) == ["lesson-01", "lesson-05"]
    assert found["lesson-01"]["questions"] == {"stranded": "unanswered", "cpus": "unanswered", "placement": "hint"}


def test_what_an_answer_raises_when_it_is_tried_is_a_hint(small: Lesson) -> None:
    assert "raised ZeroDivisionError" in mp.check("lesson-00", twice=lambda x: x / 0)["twice"].hint
    assert "raised TypeError" in mp.check("lesson-00", twice=3)["twice"].hint


def test_titles_and_hints_are_shown_as_text_and_not_as_markup(small: Lesson) -> None:
    page = mp.check("lesson-00", eight=7)._repr_html_()
    assert "&lt;script&gt;" in page and "&lt;b&gt;" in page
    assert "<script" not in page and "<b>all" not in page


def test_an_unknown_lesson_or_question_names_the_closest_one() -> None:
    with pytest.raises(UnknownNameError, match="unknown lesson 'lesson-5'; did you mean 'lesson-05'"):
        mp.check("lesson-5")
    with pytest.raises(UnknownNameError, match="unknown question of lesson-05 'wait'"):
        mp.check("lesson-05", wait=3)
    with pytest.raises(UnknownNameError, match="did you mean 'weight'"):
        mp.check("lesson-05", wieght=3)
    with pytest.raises(UnknownNameError):
        mp.check(5)  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="did you mean 'cpus'"):
        mp.check("lesson-01")["cpu"]


def test_two_questions_of_one_name_are_refused() -> None:
    with pytest.raises(OptionError, match="two questions are called 'eight'"):
        Lesson("lesson-00", "", (Question("eight", "", verify_eight),) * 2)


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "9999999999"])
def test_a_seed_that_is_none_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLPLAT_COURSE_SEED", value)
    with pytest.raises(OptionError, match="MLPLAT_COURSE_SEED"):
        mp.check("lesson-05")


def test_a_lesson_is_called_as_its_file_and_asks_something() -> None:
    for name in lesson_names():
        found = find_lesson(name)
        assert (found.name, bool(found.title), len(found.questions) > 0) == (name, True, True)


def test_the_course_costs_nothing_until_it_is_used() -> None:
    code = "import mlplat, sys, json; json.dump([m for m in sys.modules if m.startswith('mlplat.course')], sys.stdout)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
