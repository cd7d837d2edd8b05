"""Gradient-boosted stumps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import OptionError
from .classifier import Classifier
from .estimators import Estimator, Progress
from .matrices import learnt
from .parameters import number, whole

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class _Boosted(Estimator):
    """An iteration adds one stump. Splits are found in histograms of at most `max_bins` bins a feature, and are exact where a feature has
    no more distinct values than that. Attributes: `features_`, `thresholds_` (at most: left), `leaves_`, `start_`.
    """

    _LOSS: int
    features_: npt.NDArray[np.int64]
    thresholds_: npt.NDArray[np.float64]
    leaves_: npt.NDArray[np.float64]
    start_: float

    def __init__(
        self,
        n_estimators: int = 100,
        learning_rate: float = 0.1,
        max_bins: int = 64,
        min_samples_leaf: int = 1,
        l2_regularization: float = 1.0,
    ) -> None:
        self.n_estimators = whole("n_estimators", n_estimators, least=1, most=1_000_000)
        self.learning_rate = number("learning_rate", learning_rate, least=0.0, above=True)
        self.max_bins = whole("max_bins", max_bins, least=2, most=65_536)
        self.min_samples_leaf = whole("min_samples_leaf", min_samples_leaf, least=1)
        self.l2_regularization = number("l2_regularization", l2_regularization, least=0.0)

    def _scores(self, X: Any) -> npt.NDArray[np.float64]:
        import numpy as np

        from .kernels.stumps import score_rows

        x = self._rows(X)
        out = np.full(len(x), self.start_)
        score_rows(x, self.features_, self.thresholds_, self.leaves_, out)
        return out

    def _start(self, y: npt.NDArray[np.float64]) -> float:
        raise NotImplementedError

    def _begin(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Progress:
        import numpy as np

        from .kernels.stumps import put_in_bins

        count, d = self.n_estimators, x.shape[1]
        progress = Progress(x, y, count, {"chosen": np.full((count, 2), -1, dtype=np.int64), "leaves": np.zeros((count, 2))})
        found = [_thresholds(x[:, j], self.max_bins) for j in range(d)]
        starts = np.cumsum([0, *map(len, found)]).astype(np.int64)
        thresholds, bins = np.concatenate(found), np.empty(x.shape, dtype=np.int32)
        put_in_bins(x, thresholds, starts, bins)
        size = d * (max(map(len, found)) + 1) * 3
        progress.work = {"thresholds": thresholds, "starts": starts, "bins": bins, "part": np.zeros(size), "sums": np.zeros(size)}
        progress.work["scores"] = np.full(len(x), self._start(y))
        return progress

    def _advance(self, progress: Progress, until: int) -> None:
        from .kernels.stumps import boost

        work, arrays = progress.work, progress.arrays
        sizes = (self._LOSS, self.learning_rate, self.l2_regularization, self.min_samples_leaf, progress.done, until)
        state = (work["scores"], arrays["chosen"], arrays["leaves"], work["part"], work["sums"])
        boost(work["bins"], progress.y, work["starts"], *sizes, *state)

    def _resume(self, progress: Progress) -> None:
        import numpy as np

        from .kernels.stumps import move_by_all

        chosen, most = progress.arrays["chosen"], np.diff(progress.work["starts"])
        split = chosen[chosen[:, 0] != -1]
        if not ((split[:, 0] >= 0) & (split[:, 0] < len(most))).all() or not (split[:, 1] < most[split[:, 0]]).all():
            raise OptionError("state of training: stumps that split where this data has no threshold")
        progress.work["scores"][:] = self._start(progress.y)
        move_by_all(progress.work["bins"], progress.arrays["chosen"], progress.arrays["leaves"], progress.done, progress.work["scores"])

    def _finish(self, progress: Progress) -> None:
        import numpy as np

        chosen = progress.arrays["chosen"][: progress.done]
        starts, thresholds = progress.work["starts"], progress.work["thresholds"]
        self.start_ = self._start(progress.y)
        self.features_, self.leaves_ = chosen[:, 0].copy(), progress.arrays["leaves"][: progress.done].copy()
        self.thresholds_ = np.zeros(len(chosen))
        for stump, (feature, last_left) in enumerate(chosen.tolist()):
            if feature >= 0:
                self.thresholds_[stump] = thresholds[starts[feature] + last_left]

    def _learnt(self) -> dict[str, npt.NDArray[Any]]:
        import numpy as np

        return {
            "features": self.features_,
            "thresholds": self.thresholds_,
            "leaves": self.leaves_,
            "start": np.array([self.start_]),
        }

    def _learn(self, arrays: Mapping[str, npt.NDArray[Any]], features: int) -> None:
        self.features_ = learnt(arrays, "features", (None,), "<i8")
        if len(self.features_) and not (self.features_.min() >= -1 and self.features_.max() < features):
            raise OptionError(f"part 'features': {self.features_.min()} to {self.features_.max()}; expected -1 to {features - 1}")
        self.thresholds_ = learnt(arrays, "thresholds", self.features_.shape)
        self.leaves_ = learnt(arrays, "leaves", (len(self.features_), 2))
        self.start_ = float(learnt(arrays, "start", (1,))[0])


class BoostedStumpsRegressor(_Boosted):
    """Gradient-boosted stumps for squared loss.

    >>> model = BoostedStumpsRegressor(learning_rate=0.5, l2_regularization=0.0).fit([[0.0], [1.0], [2.0], [3.0]], [1, 1, 5, 5])
    >>> model.predict([[0.5], [2.9]]).round(6)
    array([1., 5.])
    """

    kind = "boosted-stumps-regressor"
    _LOSS = 0

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """A number a row. Raises OptionError, NotFittedError."""
        return self._scores(X)

    def _start(self, y: npt.NDArray[np.float64]) -> float:
        return _mean(y)


class BoostedStumpsClassifier(_Boosted, Classifier):
    """Gradient-boosted stumps for labels 0 and 1, by logistic loss.

    >>> model = BoostedStumpsClassifier(n_estimators=20).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    >>> model.predict([[0.5], [2.9]])
    array([0, 1])
    """

    kind = "boosted-stumps-classifier"
    _LOSS = 1

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """The log-odds of label 1, a number a row."""
        return self._scores(X)

    def _start(self, y: npt.NDArray[np.float64]) -> float:
        from .portable import log

        share = _mean(y)
        return float(log([share / (1.0 - share)])[0])


def _mean(y: npt.NDArray[np.float64]) -> float:
    import numpy as np

    from .kernels.measures import add_values

    return float(add_values(y, np.ones(len(y), dtype=np.int64)) / len(y))


def _thresholds(column: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.float64]:
    """Halfway between neighbouring distinct values; of many those nearest to where the rows divide evenly, by integers only."""
    import numpy as np

    values = np.sort(column) + 0.0  # which of -0.0 and 0.0 comes first is nobody's promise
    last = np.flatnonzero(values[1:] != values[:-1])  # rows after which a greater value comes
    if len(last) >= most:
        wanted = np.arange(1, most) * len(values) // most
        last = np.unique(last[np.minimum(np.searchsorted(last + 1, wanted), len(last) - 1)])
    low, high = values[last], values[last + 1]
    middle = low * 0.5 + high * 0.5
    return np.where((low < middle) & (middle < high), middle, low)
