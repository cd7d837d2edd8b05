"""A data store with people around it, and content for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

import mlplat as mp
from mlplat.platform.artifacts.data import DataStore
from mlplat.platform.artifacts.referrers import Referrers
from mlplat.platform.identity import IdentityProvider
from mlplat.platform.storage import Store, sweep

CLICKS = "shop/clicks"
FRAME = pl.DataFrame({"user": [1, 2, 3, 4], "item": ["a", "b", None, "a"], "price": [1.5, None, float("nan"), 2.0]})


class Shop:
    """Ada owns project `shop`; Bob is nobody in it; Eve is a third party."""

    def __init__(self, store: Store | None = None, **options: Any) -> None:
        self.sim = mp.Simulation()
        self.identity = IdentityProvider(self.sim)
        admin = self.identity.admin
        self.ada, self.bob = (self.identity.create_user(name, actor=admin) for name in ("ada", "bob"))
        self.eve = self.identity.create_third_party("eve", actor=admin)
        self.identity.create_project("shop", owner=self.ada, actor=admin)
        self.store = Store() if store is None else store
        self.referrers = Referrers()
        self.data = DataStore(self.sim, self.identity, self.store, referrers=self.referrers, **options)

    def publish(self, *contents: Any, **options: Any) -> Any:
        """Publish several, one after the other; the last version."""
        made = None
        for content in contents:
            made = self.data.publish(CLICKS, content, actor=self.ada, **options)
        return made

    def told(self, predicate: str = "*", since: int = 0) -> list[tuple[str, str]]:
        """Events of the data store."""
        return [
            (event.subject, event.predicate)
            for event in self.sim.log[since:]
            if event.source == "data" and (predicate == "*" or event.predicate == predicate)
        ]

    def bytes_kept(self) -> int:
        """Of content in the store, without what nothing names."""
        sweep(self.store, [self.data])
        return sum(self.store.size(digest) for digest in self.store.digests())


def frame(rows: int, seed: int = 0) -> pl.DataFrame:
    """A frame with a column of most types."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "id": np.arange(rows),
            "value": rng.normal(size=rows),
            "name": pl.Series(rng.integers(0, 9, rows)).cast(pl.String),
            "flag": rng.integers(0, 2, rows).astype(bool),
        }
    )


def equal(left: Any, right: Any) -> None:
    """Asserts that two contents are the same, bit for bit."""
    assert type(left) is type(right)
    if isinstance(left, dict):
        assert list(left) == sorted(right)
        for name in left:
            equal(left[name], right[name])
    elif isinstance(left, np.ndarray):
        assert (left.dtype, left.shape, left.tobytes()) == (right.dtype, right.shape, right.tobytes())
    elif isinstance(left, pl.DataFrame):
        assert_frame_equal(left, right, check_exact=True)
    else:
        assert left == right
