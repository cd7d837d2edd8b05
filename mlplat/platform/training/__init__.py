"""Training: models with the same bytes on every machine, training that stops and goes on anywhere, and what it is worth.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .boosting import BoostedStumpsClassifier, BoostedStumpsRegressor
    from .data import TrainingData
    from .errors import NotFittedError, TrainingError
    from .estimators import Estimator, model_from_parts
    from .generators import churn, deliveries
    from .intervals import percentile_interval, wilson_interval
    from .logistic import LogisticRegression
    from .quality import Comparison, Measure, Measured, compare, measure, score
    from .ridge import RidgeRegression
    from .sgd import SGDClassifier, SGDRegressor
    from .trainer import CallableTrainer, EstimatorTrainer, Trainer, TrainingState, trainer_of

_HOME = {
    "BoostedStumpsClassifier": "boosting",
    "BoostedStumpsRegressor": "boosting",
    "CallableTrainer": "trainer",
    "Comparison": "quality",
    "Estimator": "estimators",
    "EstimatorTrainer": "trainer",
    "LogisticRegression": "logistic",
    "Measure": "quality",
    "Measured": "quality",
    "NotFittedError": "errors",
    "RidgeRegression": "ridge",
    "SGDClassifier": "sgd",
    "SGDRegressor": "sgd",
    "Trainer": "trainer",
    "TrainingData": "data",
    "TrainingError": "errors",
    "TrainingState": "trainer",
    "churn": "generators",
    "compare": "quality",
    "deliveries": "generators",
    "measure": "quality",
    "model_from_parts": "estimators",
    "percentile_interval": "intervals",
    "score": "quality",
    "trainer_of": "trainer",
    "wilson_interval": "intervals",
}

__all__ = [
    "BoostedStumpsClassifier",
    "BoostedStumpsRegressor",
    "CallableTrainer",
    "Comparison",
    "Estimator",
    "EstimatorTrainer",
    "LogisticRegression",
    "Measure",
    "Measured",
    "NotFittedError",
    "RidgeRegression",
    "SGDClassifier",
    "SGDRegressor",
    "Trainer",
    "TrainingData",
    "TrainingError",
    "TrainingState",
    "churn",
    "compare",
    "deliveries",
    "measure",
    "model_from_parts",
    "percentile_interval",
    "score",
    "trainer_of",
    "wilson_interval",
]

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
