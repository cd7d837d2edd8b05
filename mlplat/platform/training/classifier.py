"""What models of two classes have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import OptionError
from .estimators import Estimator
from .matrices import labels

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Classifier(Estimator):
    """A model of labels 0 and 1; a subclass has `decision_function`, the log-odds of 1."""

    classes_ = (0, 1)
    _OUTPUT = "int64"
    _SCORE = "accuracy"

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """The log-odds of label 1, a number a row. Raises OptionError, NotFittedError."""
        raise NotImplementedError

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """The probabilities of labels 0 and 1: float64[rows, 2]."""
        import numpy as np

        from .portable import sigmoid

        odds = self.decision_function(X)
        return np.stack([sigmoid(-odds), sigmoid(odds)], axis=1)

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """The more probable label of each row; 0 where both are as probable."""
        import numpy as np

        return (self.decision_function(X) > 0.0).astype(np.int64)

    def _checked_target(self, y: Any, rows: int) -> npt.NDArray[np.float64]:
        values = labels(y, rows)
        if values.min() == values.max():
            raise OptionError(f"y: every label is {values[0]:g}; expected both 0 and 1")
        return values
