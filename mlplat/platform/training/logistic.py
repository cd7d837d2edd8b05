"""Logistic regression by Newton's method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .classifier import Classifier
from .errors import TrainingError
from .estimators import Progress
from .matrices import learnt
from .parameters import number, whole

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class LogisticRegression(Classifier):
    """Logistic regression for labels 0 and 1, with scikit-learn's penalty: `C` weighs the loss against half the squared coefficients.

    An iteration is a Newton step, halved until the loss does not grow; after one that promised to lower it by at most `tol` the rest change
    nothing.
    Attributes: `coef_`, `intercept_`, `n_iter_` (steps taken), `converged_`.

    >>> model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    >>> model.predict([[0.5], [2.5]]), model.converged_
    (array([0, 1]), True)
    """

    kind = "logistic-regression"
    coef_: npt.NDArray[np.float64]
    intercept_: float
    n_iter_: int
    converged_: bool

    def __init__(self, C: float = 1.0, max_iter: int = 25, tol: float = 1e-10) -> None:
        self.C = number("C", C, least=0.0, above=True)
        self.max_iter = whole("max_iter", max_iter, least=1)
        self.tol = number("tol", tol, least=0.0)

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """The log-odds of label 1, a number a row."""
        import numpy as np

        from .kernels.linear import decide

        x = self._rows(X)
        out = np.empty(len(x))
        decide(x, self.coef_, self.intercept_, out)
        return out

    def _begin(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Progress:
        import numpy as np

        d = x.shape[1]
        size = 1 + d
        progress = Progress(x, y, self.max_iter, {"weights": np.zeros(size), "progress": np.zeros(2, dtype=np.int64)})
        both = size * size + size
        progress.work = {
            "trial": np.zeros(d),
            "part": np.zeros(both),
            "sums": np.zeros(both),
            "step": np.zeros(size),
            "moved": np.zeros(size),
        }
        return progress

    def _advance(self, progress: Progress, until: int) -> None:
        from .kernels.logistic import newton

        arrays, steps = progress.arrays, until - progress.done
        state = (arrays["weights"], arrays["progress"], *progress.work.values())
        failed = newton(progress.x, progress.y, self.C, self.tol, steps, *state)
        if failed >= 0:
            what = f"feature {failed - 1}" if failed else "the intercept"
            raise TrainingError(
                f"{what} is not determined to the precision of numbers; expected a smaller C than {self.C:g}, or scaled features"
            )

    def _finish(self, progress: Progress) -> None:
        weights = progress.arrays["weights"]
        self.coef_, self.intercept_ = weights[1:].copy(), float(weights[0])
        self.n_iter_, self.converged_ = int(progress.arrays["progress"][0]), int(progress.arrays["progress"][1]) == 1

    def _learnt(self) -> dict[str, npt.NDArray[Any]]:
        import numpy as np

        progress = np.array([self.n_iter_, self.converged_], dtype=np.int64)
        return {"coefficients": self.coef_, "intercept": np.array([self.intercept_]), "progress": progress}

    def _learn(self, arrays: Mapping[str, npt.NDArray[Any]], features: int) -> None:
        self.coef_ = learnt(arrays, "coefficients", (features,))
        self.intercept_ = float(learnt(arrays, "intercept", (1,))[0])
        steps, converged = learnt(arrays, "progress", (2,), "<i8").tolist()
        self.n_iter_, self.converged_ = steps, bool(converged)
