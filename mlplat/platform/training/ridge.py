"""Ridge regression in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import TrainingError
from .estimators import Estimator, Progress
from .kernels.chunks import CHUNK
from .matrices import learnt
from .parameters import number

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class RidgeRegression(Estimator):
    """Least squares with a penalty of `alpha` times the squared coefficients; the intercept is free, as in scikit-learn's `Ridge`.

    An iteration is one chunk of rows in one of two passes (means, then products), and the last solves. Without a penalty no
    feature may be a combination of others (TrainingError). Attributes: `coef_`, `intercept_`.

    >>> RidgeRegression(alpha=0.0).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]])
    array([7.])
    """

    kind = "ridge-regression"
    coef_: npt.NDArray[np.float64]
    intercept_: float

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = number("alpha", alpha, least=0.0)

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """A number a row. Raises OptionError, NotFittedError."""
        import numpy as np

        from .kernels.linear import decide

        x = self._rows(X)
        out = np.empty(len(x))
        decide(x, self.coef_, self.intercept_, out)
        return out

    def _begin(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Progress:
        import numpy as np

        rows, d = x.shape
        chunks = -(-rows // CHUNK)
        progress = Progress(x, y, 2 * chunks + 1, {"sums": np.zeros(d + 1), "products": np.zeros(d * d + d), "coefficients": np.zeros(d)})
        progress.work = {"sums": np.zeros(d + 1), "products": np.zeros(d * d + d), "chunks": chunks}
        return progress

    def _advance(self, progress: Progress, until: int) -> None:
        from .kernels.linear import add_products, add_up, solve_ridge

        x, y, arrays, work = progress.x, progress.y, progress.arrays, progress.work
        chunks = work["chunks"]
        if progress.done < chunks:
            add_up(x, y, progress.done, min(until, chunks), work["sums"], arrays["sums"])
        if until > chunks:
            means = arrays["sums"] / len(x)
            add_products(x, y, means, max(progress.done - chunks, 0), min(until - chunks, chunks), work["products"], arrays["products"])
        if until == progress.iterations:
            d = x.shape[1]
            failed = solve_ridge(arrays["products"], self.alpha, work["products"][: d * d].copy(), arrays["coefficients"])
            if failed >= 0:
                raise TrainingError(
                    f"feature {failed} is constant or a combination of those before it, so many models fit alike; expected alpha above 0"
                )

    def _finish(self, progress: Progress) -> None:
        means = progress.arrays["sums"] / len(progress.x)
        self.coef_ = progress.arrays["coefficients"].copy()
        self.intercept_ = float(means[-1])
        for mean, coefficient in zip(means[:-1].tolist(), self.coef_.tolist(), strict=True):
            self.intercept_ -= mean * coefficient

    def _learnt(self) -> dict[str, npt.NDArray[Any]]:
        import numpy as np

        return {"coefficients": self.coef_, "intercept": np.array([self.intercept_])}

    def _learn(self, arrays: Mapping[str, npt.NDArray[Any]], features: int) -> None:
        self.coef_ = learnt(arrays, "coefficients", (features,))
        self.intercept_ = float(learnt(arrays, "intercept", (1,))[0])
