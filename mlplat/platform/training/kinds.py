"""The models of this package by their kinds."""

from __future__ import annotations

from ...errors import UnknownNameError, printable
from .boosting import BoostedStumpsClassifier, BoostedStumpsRegressor
from .estimators import Estimator
from .logistic import LogisticRegression
from .ridge import RidgeRegression
from .sgd import SGDClassifier, SGDRegressor

KINDS: dict[str, type[Estimator]] = {
    model.kind: model
    for model in (BoostedStumpsClassifier, BoostedStumpsRegressor, LogisticRegression, RidgeRegression, SGDClassifier, SGDRegressor)
}
"""Every model, by what its parts call it."""


def kind_of(name: object) -> type[Estimator]:
    """The model of that kind. Raises UnknownNameError.

    >>> kind_of("ridge-regression")()
    RidgeRegression(alpha=1.0)
    """
    if not isinstance(name, str) or name not in KINDS:
        raise UnknownNameError("kind of model", printable(str(name)[:60]), KINDS)
    return KINDS[name]
