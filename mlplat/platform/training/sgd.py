"""Linear models by stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...streams import check_seed
from .classifier import Classifier
from .data import random_bits
from .errors import TrainingError
from .estimators import Estimator, Progress
from .matrices import learnt
from .parameters import number, whole

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class _Descent(Estimator):
    """An iteration is a step with one mini-batch; `max_iter` counts epochs. Each epoch's order of rows is drawn from `random_state`.

    The t-th step has the length eta0 / t^¼, as in scikit-learn (`power_t=0.25`); features should be of about the same scale.
    """

    _LOSS: int
    coef_: npt.NDArray[np.float64]
    intercept_: float

    def __init__(self, alpha: float = 0.0001, eta0: float = 0.01, max_iter: int = 100, batch_size: int = 32, random_state: int = 0) -> None:
        self.alpha = number("alpha", alpha, least=0.0)
        self.eta0 = number("eta0", eta0, least=0.0, above=True)
        self.max_iter = whole("max_iter", max_iter, least=1)
        self.batch_size = whole("batch_size", batch_size, least=1)
        self.random_state = check_seed(random_state)

    def _scores(self, X: Any) -> npt.NDArray[np.float64]:
        import numpy as np

        from .kernels.linear import decide

        x = self._rows(X)
        out = np.empty(len(x))
        decide(x, self.coef_, self.intercept_, out)
        return out

    def _begin(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Progress:
        import numpy as np

        size = x.shape[1] + 1
        steps = -(-len(x) // self.batch_size)
        progress = Progress(x, y, self.max_iter * steps, {"weights": np.zeros(size)})
        progress.work = {"steps": steps, "epoch": -1, "order": None, "part": np.zeros(size), "gradient": np.zeros(size)}
        return progress

    def _advance(self, progress: Progress, until: int) -> None:
        import numpy as np

        from .kernels.descent import descend, shuffle

        work, weights = progress.work, progress.arrays["weights"]
        steps, at = work["steps"], progress.done
        while at < until:
            epoch, first = divmod(at, steps)
            if work["epoch"] != epoch:
                work["epoch"], work["order"] = epoch, np.arange(len(progress.x))
                shuffle(random_bits(self.random_state, f"training/descent/{epoch}", len(progress.x)), work["order"])
            last = min(steps, first + until - at)
            sizes = (self._LOSS, self.batch_size, first, last, epoch * steps, self.eta0, self.alpha)
            descend(progress.x, progress.y, work["order"], *sizes, weights, work["part"], work["gradient"])
            at += last - first
        if not np.isfinite(weights).all():
            raise TrainingError(f"the descent has left all bounds; expected a smaller eta0 than {self.eta0:g}, or scaled features")

    def _finish(self, progress: Progress) -> None:
        weights = progress.arrays["weights"]
        self.coef_, self.intercept_ = weights[:-1].copy(), float(weights[-1])

    def _learnt(self) -> dict[str, npt.NDArray[Any]]:
        import numpy as np

        return {"coefficients": self.coef_, "intercept": np.array([self.intercept_])}

    def _learn(self, arrays: Mapping[str, npt.NDArray[Any]], features: int) -> None:
        self.coef_ = learnt(arrays, "coefficients", (features,))
        self.intercept_ = float(learnt(arrays, "intercept", (1,))[0])


class SGDRegressor(_Descent):
    """Least squares with a penalty, by stochastic gradient descent in mini-batches. Attributes: `coef_`, `intercept_`.

    >>> model = SGDRegressor(eta0=0.1, max_iter=2000, alpha=0.0).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> model.predict([[3.0]]).round(3)
    array([7.])
    """

    kind = "sgd-regressor"
    _LOSS = 0

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """A number a row. Raises OptionError, NotFittedError."""
        return self._scores(X)


class SGDClassifier(_Descent, Classifier):
    """Logistic regression for labels 0 and 1, by stochastic gradient descent in mini-batches. Attributes: `coef_`, `intercept_`.

    >>> model = SGDClassifier(eta0=0.5).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    >>> model.predict([[0.5], [2.5]])
    array([0, 1])
    """

    kind = "sgd-classifier"
    _LOSS = 1

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """The log-odds of label 1, a number a row."""
        return self._scores(X)
