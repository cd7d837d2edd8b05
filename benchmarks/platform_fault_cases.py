"""Cases of the platform fault campaign, as plain data: what people do on a small platform, and what fails meanwhile.

A case follows from (seed, index) alone, and its `repr` is the Python that makes it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple

from benchmarks.fault_draws import Draw, without_some
from benchmarks.platform_fault_world import GOOD, KINDS, TAGS
from mlplat.streams import stream

ACTING_S = 3600.0
"""Until then people act and things fail; then all is whole again."""


class Step(NamedTuple):
    """Something that is done at a time (s): a verb of `platform_fault_calls`, a word, and a number that chooses."""

    time: float
    verb: str
    word: str = ""
    number: int = 0


@dataclass(frozen=True)
class PlatformCase:
    """A platform and what happens on it. `gated`: whether the deployment zone asks for approvals. `faults`: what fails, and comes back."""

    nodes: int = 4
    network: bool = False
    level: int = 2
    gated: bool = True
    steps: list[Step] = field(default_factory=list)
    faults: list[Step] = field(default_factory=list)
    seed: int = 0

    def __repr__(self) -> str:
        """Python that makes it, without what is at its default."""
        usual = PlatformCase()
        parts = [f"{f.name}={value!r}" for f in fields(self) if (value := getattr(self, f.name)) != getattr(usual, f.name)]
        return f"PlatformCase({', '.join(parts)})"


BACKBONE = (
    (0, "push", "good"),
    (240, "run", ""),
    (260, "publish", ""),
    (600, "external", "better"),
    (640, "configure", ""),
    (660, "deliver", "pipeline"),
    (700, "approve", ""),
    (760, "deliver", "model"),
    (800, "approve", ""),
    (960, "watch", ""),
    (980, "requests", ""),
    (1500, "push", "checked"),
    (1800, "data", ""),
    (2000, "drift", ""),
    (2400, "deliver", "model"),
    (2450, "approve", ""),
)
"""A day on which nothing goes wrong; a case has most of it, and most of it in time."""
EXTRA = (
    *("push", "push", "push", "run", "run", "publish", "deliver", "deliver", "deploy", "deploy", "deploy", "approve", "approve", "deny"),
    *("external", "external", "rollback", "rollback", "cancel", "resume", "rerun", "data", "drift", "requests", "label", "retrain"),
    *("reproduce", "remove", "gate", "ci", "ci_cancel", "build", "change", "merge", "unwatch", "watch", "configure", "recover"),
    *("outsider", "scale", "stage", "delete"),
)
FAULTS = (
    *("crash", "crash", "crash", "cut_off", "cut_off", "flapping", "drain", "fail_link"),
    *("away", "away", "away", "fill", "fill", "revoke", "revoke", "suspend", "shrink", "delete_workload"),
)
AWAY = ("data", "images", "models", "scm", "metadata")
"""Components that may not be reached for a while."""


def make_case(seed: int, index: int) -> PlatformCase:
    """The case of that number.

    >>> make_case(3, 19) == make_case(3, 19)
    True
    """
    draw = Draw(stream(seed, f"faults/platform/{index}"))
    nodes, network = 3 + draw.below(4), draw.one_in(3)
    late = draw.of((0, 0, 0, 300))
    steps = [Step(float(time + late + draw.below(40)), verb, word, draw.below(8)) for time, verb, word in BACKBONE if not draw.one_in(10)]
    steps += [_draw_step(draw) for _ in range(draw.below(9))]
    faults = [step for _ in range(draw.below(5)) for step in _draw_fault(draw)]
    return PlatformCase(
        nodes=nodes,
        network=network,
        level=draw.of((2, 2, 2, 2, 1, 0)),
        gated=not draw.one_in(3),
        steps=sorted(steps),
        faults=sorted(faults),
        seed=draw.below(1000),
    )


def _draw_step(draw: Draw) -> Step:
    verb, time = draw.of(EXTRA), draw.below(360) * 10.0
    words = {
        "push": KINDS,
        "deliver": ("pipeline", "model", "model"),
        "deploy": ("pipeline", "model", "model"),
        "external": tuple(TAGS),
        "rollback": ("api", "train"),
        "remove": ("api", "train"),
        "gate": ("on", "off", "tests"),
        "change": (*GOOD, "untested"),
        "stage": ("failed", "archived", "staging"),
        "delete": ("model", "dataset", "image", "pipeline"),
    }.get(verb, ("",))
    return Step(time, verb, draw.of(words), draw.below(8))


def _draw_fault(draw: Draw) -> list[Step]:
    """A fault and, mostly, its end."""
    kind, time, node = draw.of(FAULTS), draw.below(360) * 10.0, draw.below(6)
    length = draw.of((20.0, 60.0, 130.0, 300.0, 900.0, 2000.0))
    match kind:
        case "crash" | "cut_off":
            return [Step(time, kind, "", node), Step(time + length, "restore", "", node)]
        case "flapping":
            return [Step(time + 50 * i + 20 * (verb == "restore"), verb, "", node) for i in range(3) for verb in ("cut_off", "restore")]
        case "drain":
            return [Step(time, kind, "", node), Step(time + length, "uncordon", "", node)]
        case "fail_link":
            return [Step(time, kind, "", node), Step(time + length, "repair_link", "", node)]
        case "away":
            word = draw.of(AWAY)
            return [Step(time, kind, word), Step(time + length, "back", word)]
        case "revoke":
            word = draw.of(("robot", "robot", "bob"))
            return [Step(time, kind, word), Step(time + length, "grant", word)]
        case "suspend" | "shrink":
            word = draw.of(("prod", "dev"))
            return [Step(time, kind, word), Step(time + length, "resume_zone" if kind == "suspend" else "grow", word)]
        case "fill":
            return [Step(time, kind, draw.of(("prod", "dev")), int(length))]
    return [Step(time, kind, "", node)]


def smaller(case: PlatformCase) -> Iterator[PlatformCase]:
    """Cases with less in them, the boldest first."""
    for faults in without_some(case.faults):
        yield replace(case, faults=faults)
    for steps in without_some(case.steps):
        yield replace(case, steps=steps)
    usual = PlatformCase()
    for name in ("network", "level", "nodes", "seed", "gated"):
        if getattr(case, name) != getattr(usual, name):
            yield replace(case, **{name: getattr(usual, name)})
    for part in ("faults", "steps"):
        given = getattr(case, part)
        for place, step in enumerate(given):
            if step.number and step.verb != "fill":
                yield replace(case, **{part: [*given[:place], step._replace(number=0), *given[place + 1 :]]})
