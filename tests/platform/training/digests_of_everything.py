"""Digests of all that training promises to be portable, and of what it does not; as a program, printed as JSON.

A-9.2 runs it in fresh processes under other settings. Small enough to run without compilation too.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from mlplat.platform.storage.digests import digest_of, digest_of_array, digest_of_json
from mlplat.platform.training import (
    BoostedStumpsClassifier,
    BoostedStumpsRegressor,
    Estimator,
    LogisticRegression,
    RidgeRegression,
    SGDClassifier,
    SGDRegressor,
    TrainingData,
    churn,
    compare,
    deliveries,
    measure,
    portable,
    trainer_of,
)

ROWS = 1500


def matmul_and_exp(data: TrainingData, seed: int, steps: int = 30) -> dict[str, np.ndarray]:
    """The negative control: logistic regression as most would write it, by matrix products and `np.exp`."""
    x = np.ascontiguousarray((data.x - data.x.mean(axis=0)) / data.x.std(axis=0), dtype=np.float32)
    y, weights = data.y.astype(np.float32), np.zeros(data.x.shape[1], dtype=np.float32)
    for _ in range(steps):
        weights -= x.T @ (1.0 / (1.0 + np.exp(-(x @ weights))) - y) / np.float32(len(y))
    return {"weights": weights}


def digest_of_model(model: Estimator) -> str:
    """One digest for all the parts."""
    return digest_of_json({name: digest_of(part) for name, part in model.to_parts().items()})


def digests() -> dict[str, Any]:
    """`portable`: by name; `control`: of the negative control."""
    labels, numbers = churn(ROWS, 4, shift=0.3, relation=0.2), deliveries(ROWS, 4, shift=0.1)
    found = {"churn": labels.digest, "deliveries": numbers.digest}
    train, test = labels.split(0.3, seed=2)
    found |= {"train": train.digest, "test": test.digest}
    x = np.concatenate([np.linspace(-750.0, 710.0, 501), np.linspace(1e-6, 3.0, 501)])
    for name in ("exp", "log1p", "sigmoid", "softplus"):
        found[name] = digest_of_array(getattr(portable, name)(np.maximum(x, -0.9) if name == "log1p" else x))
    found["log"] = digest_of_array(portable.log(np.maximum(x, 0.0)))
    classifiers = [LogisticRegression(max_iter=6), SGDClassifier(eta0=0.001, max_iter=2), BoostedStumpsClassifier(8, max_bins=16)]
    regressors = [RidgeRegression(), SGDRegressor(eta0=1e-5, max_iter=2), BoostedStumpsRegressor(8, max_bins=16)]
    for model in classifiers:
        found[model.kind] = digest_of_model(model.fit(train.x, train.y))
        found[f"{model.kind} predicts"] = digest_of_array(model.predict_proba(test.x))
    for model in regressors:
        found[model.kind] = digest_of_model(model.fit(numbers.x, numbers.y))
        found[f"{model.kind} predicts"] = digest_of_array(model.predict(numbers.x))
    first, second = (model.predict_proba(test.x)[:, 1] for model in (classifiers[0], classifiers[2]))
    for name in ("accuracy", "auc", "log_loss"):
        found[name] = digest_of_json([*measure(name, test.y, first, resamples=30)[1:]])
        found[f"{name} compared"] = digest_of_json([*compare(name, test.y, first, second, resamples=30)[1:]])
    for name in ("rmse", "r2"):
        found[name] = digest_of_json([*measure(name, numbers.y, regressors[0].predict(numbers.x), resamples=30)[1:]])
    trainer = trainer_of("boosted-stumps-classifier")
    state = trainer.start(train, {"n_estimators": 8}, seed=0)
    trainer.advance(state, 5)
    found["state"] = hashlib.sha256(trainer.state_bytes(state)).hexdigest()
    return {"portable": found, "control": digest_of_array(matmul_and_exp(labels, seed=0)["weights"])}


if __name__ == "__main__":
    print(json.dumps(digests()))
