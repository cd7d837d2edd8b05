"""Classifier two-sample test: whether a classifier can tell rows of the window from rows of the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .....streams import stream
from .drift_test import JointTest

if TYPE_CHECKING:
    from .columns import Floats
    from .joint_sample import JointSample

_STEPS = 12


class ClassifierTwoSample(JointTest):
    """The accuracy of a logistic regression on the columns and their squares, learnt on one half of the rows and counted on the other
    (Lopez-Paz and Oquab 2017); as many rows of each side.

    Without a change it is a coin's, which gives the p-value; that is on the safe side, since both sides have the same number. The effect is
    2 · accuracy - 1, at most the total variation distance: 0.1 for a shift of a quarter of a standard deviation in one column.
    """

    name = "classifier"
    minimum = 50

    def __init__(self, *, floor: float = 0.1, ridge: float = 1.0, seed: int = 0) -> None:
        self.floor, self._ridge, self._seed = floor, ridge, seed

    def measure(self, reference: JointSample, window: Floats) -> tuple[float, float, float]:
        import numpy as np
        from scipy.special import bdtrc

        rows = min(len(reference.rows), len(window), 2_000) // 2 * 2
        if rows < 4:
            return 0.5, 1.0, 0.0
        random = stream(self._seed, "drift.classifier")
        sides = [random.permutation(reference.thinned(side, rows)) for side in (reference.rows, window)]
        half = rows // 2
        learnt = np.concatenate([side[:half] for side in sides])
        labels = np.repeat((0.0, 1.0), half)
        weights = _logistic(_inputs(learnt), labels, self._ridge)
        guessed = [_inputs(side[half:]) @ weights > 0.0 for side in sides]
        right = int(np.count_nonzero(~guessed[0]) + np.count_nonzero(guessed[1]))
        accuracy = right / rows
        return accuracy, bdtrc(right - 1, rows, 0.5) if right else 1.0, 2 * accuracy - 1


def _inputs(rows: Floats) -> Floats:
    import numpy as np

    return np.concatenate((np.ones((len(rows), 1)), rows, rows**2 / 2), axis=1)


def _logistic(inputs: Floats, labels: Floats, ridge: float) -> Floats:
    """Weights by Newton's method with a ridge, which every step keeps solvable."""
    import numpy as np
    from scipy.special import expit

    weights = np.zeros(inputs.shape[1])
    penalty = ridge * np.eye(len(weights))
    for _ in range(_STEPS):
        chance = expit(inputs @ weights)
        slope = inputs.T @ (labels - chance) - ridge * weights
        curve = (inputs * (chance * (1.0 - chance))[:, None]).T @ inputs + penalty
        step = np.linalg.solve(curve, slope)
        weights += np.clip(step, -5.0, 5.0)
        if np.abs(step).max() < 1e-8:
            break
    return weights
