"""Hyper-parameter search as plans: which trials there are, for how long each is trained, and which go on. Who runs them is not said here.

So a pipeline can run the trials of a rung as a fan-out, give their scores to `survivors`, and go on with the next rung. Portable: ranges
are drawn from raw bits, and powers come from `portable`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ...canonical import frozen
from ...errors import OptionError
from .data import random_bits
from .parameters import number, whole

if TYPE_CHECKING:
    from .data import TrainingData
    from .trainer import EstimatorState

MOST_TRIALS = 100_000


class Trial(NamedTuple):
    """Parameters to be tried; `number` counts from 0."""

    number: int
    parameters: Mapping[str, Any]


class Rung(NamedTuple):
    """A step of successive halving: so many trials are trained until so many iterations are done; the best `keep` go on."""

    trials: int
    iterations: int
    keep: int


class Range:
    """Numbers from `low` to `high`, drawn evenly, or evenly in their logarithm; `whole` ones if asked for. Raises OptionError.

    >>> Range(0.001, 10.0, log=True)
    Range(0.001, 10, log=True)
    """

    def __init__(self, low: float, high: float, *, log: bool = False, whole: bool = False) -> None:
        self.low, self.high = number("low", low, least=-1e300), number("high", high, least=-1e300)
        if not self.low < self.high or (log and self.low <= 0.0):
            raise OptionError(f"low={low!r}, high={high!r}: expected low below high{', and above 0' if log else ''}")
        if whole and (low != int(low) or high != int(high) or high - low >= 2**31):
            raise OptionError(f"low={low!r}, high={high!r}: expected integers less than 2^31 apart")
        self.log, self.whole = log, whole

    def at(self, share: float) -> float | int:
        """The number at `share` of the way, 0 ≤ share < 1; of whole numbers each has an equal part of the way (of its logarithm)."""
        low, high = self.low, self.high + (1.0 if self.whole else 0.0)
        if self.log:
            from .portable import exp, log

            first, last = log([low, high]).tolist()
            found = float(exp([first + share * (last - first)])[0])
        else:
            found = low + share * (high - low)
        found = min(max(found, self.low), self.high)
        return int(found // 1) if self.whole else found

    def __repr__(self) -> str:
        return f"Range({self.low:g}, {self.high:g}{', log=True' if self.log else ''}{', whole=True' if self.whole else ''})"


def grid(space: Mapping[str, Sequence[Any]]) -> tuple[Trial, ...]:
    """Every combination of the values, the last name changing fastest. Raises OptionError.

    >>> [dict(trial.parameters) for trial in grid({"C": [0.1, 1.0], "max_iter": [5]})]
    [{'C': 0.1, 'max_iter': 5}, {'C': 1.0, 'max_iter': 5}]
    """
    names = _names(space)
    values = [_values(name, space[name]) for name in names]
    count = 1
    for each in values:
        count *= len(each)
    if count > MOST_TRIALS:
        raise OptionError(f"a grid of {count:,} trials; expected at most {MOST_TRIALS:,}")
    return tuple(_trial(i, dict(zip(names, chosen, strict=True))) for i, chosen in enumerate(itertools.product(*values)))


def sample(space: Mapping[str, Range | Sequence[Any]], trials: int, seed: int = 0) -> tuple[Trial, ...]:
    """So many trials, each parameter drawn by itself from its range or values. More trials begin with those of fewer. Raises OptionError.

    >>> [dict(trial.parameters) for trial in sample({"C": Range(0.01, 100.0, log=True), "max_iter": [5, 50]}, 2)]
    [{'C': 0.1599817744233622, 'max_iter': 5}, {'C': 62.18777760850903, 'max_iter': 50}]
    """
    names, count = _names(space), whole("trials", trials, least=1, most=MOST_TRIALS)
    drawn: dict[str, list[Any]] = {}
    for name in names:
        bits = random_bits(seed, f"training/search/{name}", count).tolist()
        given = space[name]
        if isinstance(given, Range):
            drawn[name] = [given.at((bit >> 11) * 2.0**-53) for bit in bits]
        else:
            values = _values(name, given)
            drawn[name] = [values[(bit >> 32) * len(values) >> 32] for bit in bits]
    return tuple(_trial(i, {name: drawn[name][i] for name in names}) for i in range(count))


def halving(trials: int, iterations: int, *, factor: int = 3, fewest: int = 1) -> tuple[Rung, ...]:
    """The rungs of successive halving (Jamieson, Talwalkar 2016): each trains a `factor`-th of the trials `factor` times as long.

    The last has trained for `iterations`; the first for at least `fewest`. Its survivor is the winner. Raises OptionError.

    >>> for rung in halving(9, 90):
    ...     print(rung)
    Rung(trials=9, iterations=10, keep=3)
    Rung(trials=3, iterations=30, keep=1)
    Rung(trials=1, iterations=90, keep=1)
    """
    count, most = whole("trials", trials, least=1, most=MOST_TRIALS), whole("iterations", iterations, least=1)
    by, least = whole("factor", factor, least=2), whole("fewest", fewest, least=1, most=most)
    counts = [count]
    while counts[-1] > 1 and most // by ** len(counts) >= least:
        counts.append(max(counts[-1] // by, 1))
    last = len(counts) - 1
    return tuple(Rung(each, most // by ** (last - i), counts[i + 1] if i < last else 1) for i, each in enumerate(counts))


def survivors(scores: Mapping[int, float], keep: int, *, lower_is_better: bool = False) -> tuple[int, ...]:
    """The `keep` best trials by number, the best first. Of equal ones the lower number; NaN is worse than all. Raises OptionError.

    >>> survivors({0: 0.7, 1: 0.9, 2: 0.7, 3: float("nan")}, 2)
    (1, 0)
    """
    if not scores:
        raise OptionError("scores: none; expected at least one trial")

    def rank(trial: int) -> tuple[bool, float, int]:
        value = float(scores[trial])
        return value != value, value if lower_is_better else -value, trial

    return tuple(sorted(scores, key=rank)[: whole("keep", keep, least=1)])


@dataclass(frozen=True)
class SearchResult:
    """What a search found: the `best` trial, its `score`, and of each rung the scores by number of trial."""

    best: Trial
    score: float
    rungs: tuple[Mapping[int, float], ...]


def search(
    model: Any,
    trials: Iterable[Trial],
    rungs: Sequence[Rung],
    train: TrainingData,
    validation: TrainingData,
    measure: str,
    *,
    fixed: Mapping[str, Any] = MappingProxyType({}),
    seed: int = 0,
) -> SearchResult:
    """Run a plan here and now: what pipelines do in environments, and what their result is checked against.

    `model`: one of this package, or its kind; a trial goes on from where its last rung stopped. `fixed`: parameters of every trial.
    Raises OptionError, UnknownNameError, TrainingError.

    >>> from mlplat.platform.training import churn
    >>> train, test = churn(400, seed=1).split(0.25, seed=1)
    >>> trials = sample({"learning_rate": Range(0.01, 1.0, log=True)}, 3, seed=2)
    >>> found = search("boosted-stumps-classifier", trials, halving(3, 9), train, test, "auc", fixed={"n_estimators": 9})
    >>> [len(rung) for rung in found.rungs], 0.5 < found.score < 1
    ([3, 1], True)
    """
    from .quality import LOWER_IS_BETTER
    from .trainer import EstimatorTrainer, trainer_of

    trainer = trainer_of(model)
    if not isinstance(trainer, EstimatorTrainer):
        raise OptionError("model: expected one of this package, or its kind")
    known = {trial.number: trial for trial in trials}
    states = {number: trainer.start(train, {**fixed, **trial.parameters}, seed) for number, trial in known.items()}
    found, left = [], list(known)
    for rung in rungs:
        for each in left:
            trainer.advance(states[each], max(rung.iterations - states[each].done, 0))
        scores = {each: score_of(states[each], validation, measure) for each in left}
        found.append(MappingProxyType(scores))
        left = list(survivors(scores, rung.keep, lower_is_better=measure in LOWER_IS_BETTER))
    if not found:
        raise OptionError("rungs: none; expected at least one, such as those of halving(trials, iterations)")
    return SearchResult(known[left[0]], found[-1][left[0]], tuple(found))


def score_of(state: EstimatorState, validation: TrainingData, measure: str) -> float:
    """How good a model is as it stands, on other rows; the training can go on after it. Raises OptionError, UnknownNameError."""
    from .classifier import Classifier
    from .quality import score

    model = state.estimator.finish(state.progress, state.data.features)
    predicted = model.predict_proba(validation.x)[:, 1] if isinstance(model, Classifier) else model.predict(validation.x)
    return score(measure, validation.y, predicted)


def _names(space: Mapping[str, Any]) -> list[str]:
    if not isinstance(space, Mapping) or not space:
        raise OptionError("space: expected values, or a Range, by the names of parameters")
    return sorted(space)


def _values(name: str, given: Any) -> tuple[Any, ...]:
    if isinstance(given, (str, bytes, Range)) or not isinstance(given, Iterable):
        raise OptionError(f"space: {name!r:.60}: a {type(given).__name__}; expected several values")
    values = tuple(given)
    if not values:
        raise OptionError(f"space: {name!r:.60}: no values; expected at least one")
    return values


def _trial(i: int, parameters: Mapping[str, Any]) -> Trial:
    return Trial(i, frozen(parameters, "parameters"))
