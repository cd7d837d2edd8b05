"""Random pipelines that compute bit for bit, on platforms with something to read."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import polars as pl

import mlplat as mp
from mlplat.platform.artifacts.images import Layer, Manifest

HEAD = '''
from __future__ import annotations
import numpy as np
import polars as pl
from mlplat.platform.pipelines import StepContext, pipeline, step

def raw(ctx, count):
    return ctx.rng("noise").bit_generator.random_raw(count).tolist()

class Linear:
    """Coefficients, and where they come from."""

    def __init__(self, weights, depth):
        self.weights, self.depth = weights, depth

    def to_parts(self):
        return {"weights": self.weights, "depth": str(self.depth).encode()}

    @classmethod
    def from_parts(cls, parts):
        return cls(parts["weights"], int(parts["depth"]))
'''
LINES = (
    "rows.with_columns(a=pl.col('a') * {x} + pl.col('b'))",
    "rows.with_columns(b=pl.col('b') - pl.col('a') / {x})",
    "rows.filter(pl.col('n') % {n} != 0) if len(rows) > 8 else rows",
    "rows.sort('n', descending=True)",
    "rows[ctx.rng('order').permutation(len(rows)).tolist()]",
    "rows.with_columns(a=pl.Series([v + w % 7 for v, w in zip(rows['a'].to_list(), raw(ctx, len(rows)))]))",
)


def code(draw: random.Random) -> str:
    """A pipeline of two to five steps, some of which stand beside each other, that ends in a model."""
    names: list[str] = []
    parts = [HEAD]
    for number in range(draw.randint(1, 4)):
        line = draw.choice(LINES).format(x=draw.choice(("2.0", "0.5", "3.0", "0.125")), n=draw.randint(2, 5))
        options = f'duration="{draw.randint(1, 90)}m", numerics="portable", image="shop/train@v1"'
        parts.append(f"\n@step({options})\ndef step{number}(ctx: StepContext, rows: pl.DataFrame) -> pl.DataFrame:\n    return {line}\n")
        names.append(f"step{number}")
    parts.append("""
@step(duration="2h", numerics="portable", image="shop/train@v1")
def fit(ctx: StepContext, one: pl.DataFrame, other: pl.DataFrame, depth: int) -> Linear:
    total = float(ctx.rng("start").bit_generator.random_raw() >> 40)
    for a, b in zip(one["a"].to_list(), other["b"].to_list()):
        total += a * b / depth
    return Linear(np.array([total, float(len(one)), float(depth)]), depth)
""")
    lines, made = [], ["rows"]
    for name in names:
        lines.append(f"    {name}_out = {name}({draw.choice(made)})")
        made.append(f"{name}_out")
    lines.append(f"    return {{'model': fit({made[-1]}, {draw.choice(made)}, depth)}}")
    body = "\n".join(lines)
    parts.append(
        f"\n@pipeline(data={{'rows': 'rows'}}, publish={{'model': 'model'}})\ndef line(rows: pl.DataFrame, depth: int = 3):\n{body}\n"
    )
    return "".join(parts)


class Made:
    """A platform on which random pipelines were run; project `shop` of the administrator."""

    def __init__(self) -> None:
        self.platform = mp.Platform(mp.Simulation(seed=11))
        admin = self.admin = self.platform.admin
        self.platform.identity.create_project("shop", owner=admin, actor=admin)
        layers = (Layer.of("python", 900),)
        self.platform.images.publish("shop/train", Manifest(layers, entry="python"), tags=["v1"], actor=admin)
        values = np.random.Generator(np.random.PCG64(5))
        numbers = [float(value >> 50) / 64 for value in values.bit_generator.random_raw(80).tolist()]
        frame = pl.DataFrame({"n": list(range(40)), "a": numbers[:40], "b": numbers[40:]})
        self.platform.data.publish("shop/rows", frame, actor=admin)

    def model(self, number: int, text: str = "", **options: Any) -> str:
        """Make a model by the random pipeline of a number, or by some code. Returns its reference."""
        draw = random.Random(number)
        platform, name = self.platform, f"shop/code{number}"
        platform.scm.create_repository(name, actor=self.admin)
        commit = platform.scm.commit(name, "main", {"pipeline.py": text or code(draw)}, "first", actor=self.admin)
        parameters = {"depth": draw.randint(1, 9)}
        run = platform.orchestrator.run(f"{name}@{commit.id}", parameters, number, actor=self.admin, **options)
        assert platform.sim.run(until=run.wait()) == "success", run
        (resource,) = run.outputs.values()
        return resource.removeprefix("model:")
