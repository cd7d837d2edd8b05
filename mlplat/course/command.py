"""`mlplat course`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..command_options import Json, UnusedSeed, print_json
from ..errors import shown

app = typer.Typer(help="The lessons of the course, and grades of students' notebooks.", no_args_is_help=True)


@app.command("list")
def list_lessons(seed: UnusedSeed = 0, as_json: Json = False) -> None:
    """List the lessons and their questions."""
    from .finding import find_lesson, lesson_names

    lessons = [find_lesson(name) for name in lesson_names()]
    if as_json:
        found = [{"name": one.name, "title": one.title, "questions": {q.name: q.text for q in one.questions}} for one in lessons]
        print_json({"lessons": found})
        return
    for one in lessons:
        print(f"{one.name}  {one.title}: {', '.join(question.name for question in one.questions)}")


@app.command("handout")
def hand_out_notebook(
    notebook: Annotated[Path, typer.Argument(help="A notebook with solutions.")],
    to: Annotated[Path, typer.Option("--output", "-o", help="The file for students, which is replaced.", metavar="FILE")],
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Write a notebook without its solutions (cells tagged `solution`) and outputs."""
    from .notebooks import hand_out

    left_out = hand_out(notebook, to)
    if as_json:
        print_json({"notebook": str(to), "solutions": left_out})
    else:
        print(f"{shown(to)}: {left_out} solution{'s' * (left_out != 1)} left out")


@app.command("grade")
def grade_notebook(
    notebook: Annotated[Path, typer.Argument(help="A student's notebook; its code is run with your rights.")],
    lesson: Annotated[str | None, typer.Option(help="The lesson that counts, such as lesson-05; all that are checked if left out.")] = None,
    timeout: Annotated[str, typer.Option(help="For the whole notebook.")] = "5m",
    seed: Annotated[int, typer.Option(help="The student's seed, from which her exercises are drawn.")] = 0,
    as_json: Json = False,
) -> None:
    """Execute a notebook and report the score of its last check of each lesson: exit status 1 unless every answer is right."""
    from .grading import grade

    found = grade(notebook, lesson=lesson, seed=seed, timeout=timeout)
    if as_json:
        print_json(found.to_dict())
    else:
        print(found)
    if found.score < 1:
        raise typer.Exit(1)
