"""What the terminal shows: figures of the simulation, no more lines than there are, and no name that the terminal obeys."""

from __future__ import annotations

import io
import math
import os
import pty
import sys

import numpy as np
import pytest
from rich.console import Console

import mlplat as mp
from mlplat.report.live import watch
from mlplat.report.live.keys import actions, keyboard
from mlplat.report.live.pacing import Pace
from mlplat.report.live.screen import screen
from mlplat.report.live.view import Happened, Job, View

HOSTILE = "[red]a[/red]\x1b[2J\x07<b>\nnext‮"


def view(nodes: int) -> View:
    counts = dict.fromkeys(("waiting", "running", "held", "completed", "rejected", "lost", "failed", "cancelled"), 3)
    jobs = tuple(Job(f"j{i}", 0.0, "n") for i in range(40))
    part = np.linspace(0, 1, nodes)
    health = np.zeros(nodes, dtype=np.int8)
    health[-1] = 3
    return View(60.0, math.inf, counts, {"gpu": 500}, {"gpu": 1000}, part, health, jobs, jobs, (Happened(1.0, "x", True),) * 40, 2)


@pytest.mark.parametrize("nodes", [1, 5, 30, 300, 5000])
@pytest.mark.parametrize("height", [24, 50])
def test_the_picture_fits_the_terminal_whatever_the_cluster(nodes: int, height: int) -> None:
    table = mp.ClusterSpec.uniform(nodes=nodes, cpus=4, memory_gib=8, racks=max(1, nodes // 10)).nodes()
    console = Console(file=io.StringIO(), width=100, height=height, force_terminal=True)
    shown = screen("t", view(nodes), table, Pace(60.0, wall=lambda: 0.0), height=height, keys=True, ended=False)
    lines = console.render_lines(shown)
    assert len(lines) <= height
    text = "\n".join("".join(part.text for part in line) for line in lines)
    assert "3 waiting" in text and "50%" in text and "2 failures" in text and "j0" in text and "q quit" in text and "60 s a second" in text


def test_names_are_shown_and_not_obeyed() -> None:
    sim = mp.Simulation()
    sim.emit(f"thing:{HOSTILE}", "thing.failed", source="x", data={"a": HOSTILE})
    out = io.StringIO()
    assert watch(sim, title=HOSTILE, console=Console(file=out, width=120))
    assert "[red]a[/red]?[2J?<b>?next?" in out.getvalue() and not set("\x1b\x07‮") & set(out.getvalue())
    assert "1 failures" in out.getvalue() and "over" in out.getvalue()


def test_keys_are_read_one_by_one_and_the_terminal_is_as_before_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    import termios

    master, slave = pty.openpty()
    with os.fdopen(slave, "r", closefd=True) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        before = termios.tcgetattr(slave)
        with keyboard(True) as keys:
            os.write(master, b" +\x1b[B")
            assert keys.wait(5.0) == ["toggle", "faster", "slower"]
            assert keys.wait(0.0) == []
            assert not termios.tcgetattr(slave)[3] & (termios.ICANON | termios.ECHO)
        assert termios.tcgetattr(slave) == before
    os.close(master)
    with keyboard(False) as none:
        assert none.wait(0.0) == []
    assert actions("\x1b[5~q\x1b") == ["quit", "quit"]
