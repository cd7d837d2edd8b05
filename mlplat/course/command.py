"""`mlplat course`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..command_options import Json, UnusedSeed, print_json

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
