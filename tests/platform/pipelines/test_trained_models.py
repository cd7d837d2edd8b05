"""Steps that train the models of mlplat, a user's own and, where it is installed, those of scikit-learn."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mlplat.platform.training import LogisticRegression, churn

from .worlds import World

CODE = """
import polars as pl
import mlplat as mp
from mlplat.platform.training import LogisticRegression

@mp.step(duration=mp.by_size("1m", per_mib="10m"), target="{target}", numerics="portable")
def train(rows: pl.DataFrame) -> LogisticRegression:
    return LogisticRegression(max_iter=20).fit(rows.drop("{target}"), rows["{target}"].to_numpy())

@mp.step(numerics="portable")
def score(model: LogisticRegression, rows: pl.DataFrame) -> float:
    return float((model.predict(rows.drop("{target}")) == rows["{target}"].to_numpy()).mean())

@mp.pipeline(data={{"rows": "customers"}}, publish={{"model": "churn"}})
def main(rows: pl.DataFrame):
    model = train(rows)
    score(model, rows)
    return {{"model": model}}
"""


def customers() -> tuple[pl.DataFrame, str]:
    found = churn(400, seed=3)
    return pl.DataFrame({**dict(zip(found.features, found.x.T, strict=True)), found.target: found.y}), found.target


def test_a_model_of_mlplat_is_trained_registered_and_has_a_baseline_without_a_call() -> None:
    frame, target = customers()
    world = World(code=CODE.format(target=target), lock=False)
    world.platform.data.publish("shop/customers", frame, actor=world.ada)
    run = world.run()
    assert run.outcome == "success", run.error
    parts = world.platform.models.load("shop/churn@1", actor=world.ada)
    model = LogisticRegression.from_parts(parts)
    alone = LogisticRegression(max_iter=20).fit(frame.drop(target), frame[target].to_numpy())
    assert model.predict(frame.drop(target)).tolist() == alone.predict(frame.drop(target)).tolist()
    baseline = world.platform.metadata.baseline("shop/churn@1", actor=world.ada)
    assert set(baseline.features) == set(frame.columns) - {target} and set(baseline.predictions) == {"prediction"}
    accuracy = float(np.mean(alone.predict(frame.drop(target)) == frame[target].to_numpy()))
    assert baseline.quality["accuracy"]["value"] == pytest.approx(accuracy) and run.metrics == {"score": pytest.approx(accuracy)}
    assert world.platform.metadata.run(run.resource, actor=world.ada).numerics == "portable"
    again = world.pipelines.rerun(run, actor=world.ada)
    world.sim.run(until=again.wait())
    assert again.digests == run.digests


def test_a_model_that_cannot_predict_has_features_and_one_that_fails_to_has_no_baseline() -> None:
    for text, expected in (("", {"x"}), ("    def predict(self, X):\n        raise ValueError\n", None)):
        code = (
            "import polars as pl\nimport mlplat as mp\nclass M:\n    def to_parts(self):\n        return b'1'\n    @classmethod\n"
            f"    def from_parts(cls, parts):\n        return cls()\n{text}@mp.step\ndef train(rows: pl.DataFrame) -> M:\n    return M()\n"
            "@mp.pipeline\ndef main(rows: pl.DataFrame):\n    return {'m': train(rows)}\n"
        )
        world = World(code=code, lock=False)
        world.platform.data.publish("shop/rows", pl.DataFrame({"x": [1.0, 2.0]}), actor=world.ada)
        assert world.run(data={"rows": "shop/rows"}).outcome == "success"
        if expected is None:
            with pytest.raises(Exception, match="has no baseline"):
                world.platform.metadata.baseline("shop/m@1", actor=world.ada)
        else:
            assert set(world.platform.metadata.baseline("shop/m@1", actor=world.ada).features) == expected


def test_a9_3_a_model_of_another_library_runs_and_is_marked_as_not_promised() -> None:
    pytest.importorskip("sklearn")
    code = (
        "import numpy as np\nimport polars as pl\nimport mlplat as mp\nfrom sklearn.linear_model import Ridge\n"
        "class Kept:\n    def __init__(self, coef):\n        self.coef = coef\n"
        "    def to_parts(self):\n        return {'coef': self.coef}\n"
        "    @classmethod\n    def from_parts(cls, parts):\n        return cls(parts['coef'])\n"
        "@mp.step\ndef train(rows: pl.DataFrame) -> Kept:\n"
        "    return Kept(np.asarray(Ridge().fit(rows.select('user').to_numpy(), rows['clicks'].to_numpy()).coef_))\n"
        "@mp.pipeline(data={'clicks': 'clicks'})\ndef main(clicks: pl.DataFrame):\n    return {'m': train(clicks)}\n"
    )
    world = World(code=code)
    run = world.run()
    assert run.outcome == "success" and world.platform.metadata.run(run.resource, actor=world.ada).numerics == "platform-dependent"
