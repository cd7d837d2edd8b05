"""What `--help` says of every command, that its examples are command lines, and what the shell completes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import mlplat as mp
from mlplat import completion
from mlplat.cli import app
from mlplat.command_manuals import MANUALS
from mlplat.traces import FORMATS

ROOT = Path(__file__).resolve().parents[1]


def every_command(group: Any = None, above: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """(words, command), groups among them."""
    group = typer.main.get_command(app) if group is None else group
    for name, command in sorted(group.commands.items()):
        yield " ".join((*above, name)), command
        if hasattr(command, "commands"):
            yield from every_command(command, (*above, name))


COMMANDS = dict(every_command())


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_and_option_says_what_it_is_in_sentences(words: str) -> None:
    command = COMMANDS[words]
    assert command.help and command.help[0].isupper() and command.help.rstrip().endswith("."), f"mlplat {words}: the docstring"
    for parameter in command.params:
        assert (parameter.help or "").endswith((".", ".)")), f"mlplat {words}: {'/'.join(parameter.opts)} has no sentence of help"


@pytest.mark.parametrize("words", [words for words, command in COMMANDS.items() if not hasattr(command, "commands")])
def test_every_command_has_an_example_that_is_a_command_line_and_its_exit_statuses(words: str) -> None:
    command = COMMANDS[words]
    assert words in MANUALS, f"mlplat {words}: give it an entry in mlplat/command_manuals.py"
    assert command.epilog == MANUALS[words].text()
    typed = shlex.split(MANUALS[words].example.split(" > ")[0])
    assert typed[: 1 + len(words.split())] == ["mlplat", *words.split()]
    with command.make_context("mlplat", typed[1 + len(words.split()) :]) as context:  # raises for an option that is not there
        assert context.params


def test_every_manual_is_of_a_command() -> None:
    assert set(MANUALS) <= set(COMMANDS)


def test_the_names_that_the_shell_completes_are_those_that_are_known() -> None:
    assert sorted(mp.QUEUES) == list(completion.QUEUES)
    assert sorted(mp.PLACEMENTS) == list(completion.PLACEMENTS)
    assert sorted(FORMATS) == list(completion.FORMATS)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("mlplat replay --queue ", "best-effort-fifo conservative drf easy fifo las loss priority sjf srtf"),
        ("mlplat replay --placement f", "fgd first-fit"),
        ("mlplat compare --policies fifo/best-fit,easy/f", "fifo/best-fit,easy/fgd fifo/best-fit,easy/first-fit"),
        ("mlplat compare --measures mean_wait,p95_w", "mean_wait,p95_wait"),
        ("mlplat traces describe --format s", "slurm swf"),
        ("mlplat scenario new buy", "buy-next-years-gpus"),
        ("mlplat traces fetch openb-g", "openb-gpu*"),
        ("mlplat sc", "scenario"),
    ],
)
def test_the_shell_completes(typed: str, offered: str) -> None:
    """As bash asks for it."""
    program = "import sys; sys.argv[0] = 'mlplat'; from mlplat.cli import app; app(prog_name='mlplat')"
    asked = {"_MLPLAT_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split(" ")) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | asked | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    found = done.stdout.split()
    if offered.endswith("*"):
        assert found and all(name.startswith(offered[:-1]) for name in found), done.stderr
    else:
        assert found == offered.split(), done.stderr


def test_completing_names_of_policies_loads_no_compiler() -> None:
    program = "import sys; from mlplat.cli import app; from mlplat import completion; completion.queue('f'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert {"numba", "polars", "pydantic"}.isdisjoint(done.stdout.split())
