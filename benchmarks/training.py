"""How fast models train, what a checkpoint takes, how exact exp and log are, and whether stopping anywhere changes a bit.

    python -m benchmarks.training --json

Rows a second by processor time, compiled and warm, against the same work in plain numpy where there is some of about the same shape.
Exit status 1 when training that was stopped and gone on with has other bytes than training that was not, when exp or log is further
from exact arithmetic than is said, or when training is slower than required.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import numpy as np

from mlplat.platform.training import EstimatorTrainer, churn, compare, deliveries, portable
from mlplat.platform.training.data import random_bits
from mlplat.streams import stream

MODELS: dict[str, dict[str, Any]] = {
    "ridge-regression": {},
    "logistic-regression": {"max_iter": 25},
    "sgd-regressor": {"max_iter": 5, "eta0": 1e-5},
    "sgd-classifier": {"max_iter": 5, "eta0": 1e-3},
    "boosted-stumps-regressor": {"n_estimators": 100},
    "boosted-stumps-classifier": {"n_estimators": 100},
}
ROWS, STOPS, POINTS = 100_000, 40, 200_000
REQUIRED_S = 2.0
"""Processor seconds that any of the models may take on so many rows."""
LIMITS = {"exp": 0.9, "log": 0.9}
"""Errors in units of the last place."""


def timed(do: Callable[[], object], repeats: int) -> float:
    """Median processor time (s)."""
    took = []
    for _ in range(repeats):
        begun = time.process_time()
        do()
        took.append(time.process_time() - begun)
    return statistics.median(took)


def trained(kind: str, rows: int, repeats: int) -> dict[str, Any]:
    """Seconds to train a model, and for its state as bytes and back."""
    data = (churn if "classifier" in kind or "logistic" in kind else deliveries)(rows, 1)
    trainer = EstimatorTrainer(kind)

    def whole() -> Any:
        state = trainer.start(data, MODELS[kind], 0)
        trainer.advance(state, state.iterations)
        return state

    state = whole()
    kept = trainer.state_bytes(state)
    return {
        "model": kind,
        "seconds": round(timed(whole, repeats), 4),
        "iterations": state.iterations,
        "state_bytes": len(kept),
        "state_ms": round(1000 * timed(lambda: trainer.state_bytes(state), repeats), 3),
        "resume_ms": round(1000 * timed(lambda: trainer.from_bytes(kept, data), repeats), 3),
    }


def changed_by_stopping(rows: int, stops: int, seed: int) -> list[str]:
    """Kinds of which training stopped at random iterations has other bytes; each is stopped so many times."""
    found = []
    for kind, parameters in MODELS.items():
        data = (churn if "classifier" in kind or "logistic" in kind else deliveries)(rows, 2)
        trainer = EstimatorTrainer(kind)
        state = trainer.start(data, parameters, seed)
        trainer.advance(state, state.iterations)
        expected = trainer.parts(state)
        for each, bits in enumerate(random_bits(seed, f"benchmark/training/{kind}", stops).tolist()):
            state = trainer.start(data, parameters, seed)
            trainer.advance(state, bits % (state.iterations + 1))
            state = trainer.from_bytes(trainer.state_bytes(state), data)
            trainer.advance(state, state.iterations)
            if trainer.parts(state) != expected:
                found.append(f"{kind}: other bytes after stop {each}")
    return found


def worst_error(name: str, points: int, seed: int) -> float:
    """The largest error of exp or log found, in units of the last place."""
    draw = stream(seed, f"benchmark/training/{name}")
    x = (
        draw.uniform(-708.0, 709.0, points)
        if name == "exp"
        else np.ldexp(draw.uniform(0.5, 1.0, points), draw.integers(-1000, 1000, points))
    )
    x[: points // 2] = draw.uniform(-1.0, 1.0, points // 2) if name == "exp" else draw.uniform(0.4, 2.5, points // 2)
    worst = Decimal(0)
    with localcontext() as context:
        context.prec = 40
        for argument, value in zip(x.tolist(), getattr(portable, name)(x).tolist(), strict=True):
            exact = Decimal(argument).exp() if name == "exp" else Decimal(argument).ln()
            worst = max(worst, abs(Decimal(value) - exact) / Decimal(math.ulp(float(exact))))
    return round(float(worst), 4)


def bare(points: int, repeats: int) -> dict[str, float]:
    """Nanoseconds for one exp and log, of `portable` and of numpy."""
    x = stream(0, "benchmark/training/bare").uniform(0.1, 30.0, points)
    calls = {"exp": portable.exp, "numpy exp": np.exp, "log": portable.log, "numpy log": np.log}
    return {name: round(timed(lambda call=call: call(x), repeats) / points * 1e9, 2) for name, call in calls.items()}  # type: ignore[misc]


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a small part of it, in seconds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    rows, stops, points, repeats = (3000, 3, 2000, 1) if options.smoke else (options.rows, STOPS, POINTS, 5)
    models = [trained(kind, rows, repeats) for kind in MODELS]
    errors = {name: worst_error(name, points, options.seed) for name in LIMITS}
    labels = churn(10_000 if not options.smoke else 500, 3)
    p = portable.sigmoid(labels.x[:, 1] - 65.0)
    paired = timed(lambda: compare("auc", labels.y, p, p, resamples=1000 if not options.smoke else 50), 1)
    problems = changed_by_stopping(min(rows, 5000), stops, options.seed)
    problems += [f"{name}: {worst} ulp; said to be within {LIMITS[name]}" for name, worst in errors.items() if worst > LIMITS[name]]
    limit = REQUIRED_S * max(rows / ROWS, 1.0)
    problems += [f"{each['model']}: {each['seconds']} s; required at most {limit:g} s" for each in models if each["seconds"] > limit]
    shown = {
        "seed": options.seed,
        "rows": rows,
        "models": models,
        "paired_bootstrap_s": round(paired, 3),
        "stops": stops * len(MODELS),
        "largest_errors_ulp": errors,
        "nanoseconds": bare(points, repeats),
        "missed": problems,
    }
    print(json.dumps(shown) if options.json else json.dumps(shown, indent=2))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
