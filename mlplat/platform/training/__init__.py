"""Training: models with the same bytes on every machine, training that stops and goes on anywhere, and what it is worth.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .body import Trained, TrainingBody, Try
    from .boosting import BoostedStumpsClassifier, BoostedStumpsRegressor
    from .checkpoints import Checkpoints, Kept, Skipped
    from .data import TrainingData
    from .errors import NotFittedError, TrainingError
    from .estimators import Estimator, model_from_parts
    from .generators import churn, deliveries
    from .hyperparameters import Range, Rung, SearchResult, Trial, grid, halving, sample, search, survivors
    from .intervals import percentile_interval, wilson_interval
    from .logistic import LogisticRegression
    from .quality import Comparison, Measure, Measured, compare, measure, score
    from .ridge import RidgeRegression
    from .running import TrainingRun
    from .sgd import SGDClassifier, SGDRegressor
    from .trainer import CallableTrainer, EstimatorTrainer, Trainer, TrainingState, trainer_of
    from .training import Training, Trainings

_HOME = {
    "BoostedStumpsClassifier": "boosting",
    "BoostedStumpsRegressor": "boosting",
    "CallableTrainer": "trainer",
    "Checkpoints": "checkpoints",
    "Comparison": "quality",
    "Estimator": "estimators",
    "EstimatorTrainer": "trainer",
    "Kept": "checkpoints",
    "LogisticRegression": "logistic",
    "Measure": "quality",
    "Measured": "quality",
    "NotFittedError": "errors",
    "Range": "hyperparameters",
    "RidgeRegression": "ridge",
    "Rung": "hyperparameters",
    "SGDClassifier": "sgd",
    "SGDRegressor": "sgd",
    "SearchResult": "hyperparameters",
    "Skipped": "checkpoints",
    "Trained": "body",
    "Trainer": "trainer",
    "Training": "training",
    "TrainingBody": "body",
    "TrainingData": "data",
    "TrainingError": "errors",
    "TrainingRun": "running",
    "TrainingState": "trainer",
    "Trainings": "training",
    "Trial": "hyperparameters",
    "Try": "body",
    "churn": "generators",
    "compare": "quality",
    "deliveries": "generators",
    "grid": "hyperparameters",
    "halving": "hyperparameters",
    "measure": "quality",
    "model_from_parts": "estimators",
    "percentile_interval": "intervals",
    "sample": "hyperparameters",
    "score": "quality",
    "search": "hyperparameters",
    "survivors": "hyperparameters",
    "trainer_of": "trainer",
    "wilson_interval": "intervals",
}

__all__ = [
    "BoostedStumpsClassifier",
    "BoostedStumpsRegressor",
    "CallableTrainer",
    "Checkpoints",
    "Comparison",
    "Estimator",
    "EstimatorTrainer",
    "Kept",
    "LogisticRegression",
    "Measure",
    "Measured",
    "NotFittedError",
    "Range",
    "RidgeRegression",
    "Rung",
    "SGDClassifier",
    "SGDRegressor",
    "SearchResult",
    "Skipped",
    "Trained",
    "Trainer",
    "Training",
    "TrainingBody",
    "TrainingData",
    "TrainingError",
    "TrainingRun",
    "TrainingState",
    "Trainings",
    "Trial",
    "Try",
    "churn",
    "compare",
    "deliveries",
    "grid",
    "halving",
    "measure",
    "model_from_parts",
    "percentile_interval",
    "sample",
    "score",
    "search",
    "survivors",
    "trainer_of",
    "wilson_interval",
]

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
