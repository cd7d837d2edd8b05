"""What randomized campaigns have in common: cases by number, violations that are shrunk and told so that they can be run again."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmarks.fault_invariants import Violation


class Outcome(NamedTuple):
    """What came of a case: a violation or None, how many instants were checked, and how many jobs and attempts it had."""

    violation: Violation | None
    instants: int
    jobs: int
    attempts: int


@dataclass(frozen=True)
class Campaign:
    """Cases that follow from a seed and their number.

    `name`: of the module that is run from the command line, `about` what it says of itself. `make(seed, index)`: a case.
    `run(case, index)`: what comes of it; `index` is -1 for a smaller one. `smaller(case)`: cases that are simpler, the simplest first.
    `snippet(case)`: Python that runs it. `counts(case)`: what is counted of cases. `most_trials`: smaller cases that are tried at most.
    """

    name: str
    about: str
    make: Callable[[int, int], Any]
    run: Callable[[Any, int], Outcome]
    smaller: Callable[[Any], Iterable[Any]]
    snippet: Callable[[Any], str]
    counts: Callable[[Any], Mapping[str, bool]]
    most_trials: int = 3_000

    def figures(self, schedules: int, seed: int, first: int = 0, told: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
        """Cases `first` to `first + schedules - 1`: figures, and each violation with its shrunk case."""
        begun = time.process_time()
        sums: Counter[str] = Counter()
        violations: list[dict[str, Any]] = []
        for index in range(first, first + schedules):
            case = self.make(seed, index)
            violation, instants, jobs, attempts = self.run(case, index)
            sums.update(self.counts(case))
            sums.update(instants=instants, jobs=jobs, attempts=attempts)
            if violation is not None:
                small, found = self.shrink(case, violation)
                told_of = {"seed": seed, "case": index, **violation._asdict(), "shrunk": self.snippet(small), "shrunk_detail": found.detail}
                violations.append(told_of)
                told(self.report(told_of))
        seconds = time.process_time() - begun
        return {
            "seed": seed,
            "schedules": schedules,
            **sums,
            "processor_seconds": seconds,
            "schedules_per_second": schedules / max(seconds, 1e-9),
            "violations": violations,
        }

    def shrink(self, case: Any, violation: Violation) -> tuple[Any, Violation]:
        """A small case in which the same rule is broken: greedily, the first smaller one that still breaks it, until none does."""
        trials, progress = 0, True
        while progress:
            progress = False
            for simpler in self.smaller(case):
                trials += 1
                if trials > self.most_trials:
                    return case, violation
                found = self.run(simpler, -1).violation
                if found is not None and found.rule == violation.rule:
                    case, violation, progress = simpler, found, True
                    break
        return case, violation

    def report(self, violation: Mapping[str, Any]) -> str:
        """A violation for people."""
        return (
            f"violation of `{violation['rule']}` at {violation['time']:g} s: {violation['detail']}\n"
            f"again with: python -m benchmarks.{self.name} --seed {violation['seed']} --case {violation['case']}\n"
            f"shrunk ({violation['shrunk_detail']}):\n{violation['shrunk']}\n"
        )

    def command(self, arguments: list[str] | None = None) -> int:
        """Run from the command line; returns the exit status."""
        parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{self.name}", description=self.about)
        parser.add_argument("--schedules", type=int, default=2_000, help="how many cases")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--first", type=int, default=0, help="number of the first case")
        parser.add_argument("--case", type=int, help="this case alone")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        options = parser.parse_args(arguments)
        count, first = (options.schedules, options.first) if options.case is None else (1, options.case)
        figures = self.figures(count, options.seed, first, lambda text: print(text, file=sys.stderr, flush=True))
        print(json.dumps(figures) if options.json else json.dumps(figures, indent=2))
        return 1 if figures["violations"] else 0
