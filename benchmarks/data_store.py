"""How long the Data Store takes to publish, append to, read and compare a large frame, and how many bytes an append keeps.

    python -m benchmarks.data_store --json

A frame of 1,000,000 rows × 20 columns (14 of floats, 3 of integers, 3 of text), then 1,000 rows appended to it, in memory, with statistics.
Exit status 1 when what is read is not what was published, or an append keeps more than it adds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import polars as pl

import mlplat as mp
from mlplat.platform.artifacts.data import DataStore
from mlplat.platform.identity import IdentityProvider
from mlplat.platform.storage import Store
from mlplat.streams import stream

NAME = "shop/table"
MOST_PER_ROW = 1_000
"""Bytes that an appended row of 20 columns may take, with its share of the manifest."""


def table(rows: int, seed: int, part: str) -> pl.DataFrame:
    """20 columns."""
    draw = stream(seed, f"benchmark/data_store/{part}")
    columns: dict[str, Any] = {f"float_{i}": draw.normal(size=rows) for i in range(14)}
    columns |= {f"whole_{i}": draw.integers(0, 1000, rows) for i in range(3)}
    columns |= {f"text_{i}": pl.Series(draw.integers(0, 5000, rows)).cast(pl.String) for i in range(3)}
    return pl.DataFrame(columns)


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and the answer."""
    begun = time.perf_counter()
    answer = call()
    return time.perf_counter() - begun, answer


def measure(rows: int, added: int, seed: int) -> dict[str, Any]:
    """Seconds of each call, and bytes kept."""
    sim = mp.Simulation(seed=seed)
    identity, store = IdentityProvider(sim), Store()
    admin = identity.admin
    identity.create_project("shop", owner=admin, actor=admin)
    data = DataStore(sim, identity, store)
    old, new = table(rows, seed, "old"), table(added, seed, "new")

    def kept() -> int:
        return sum(store.size(digest) for digest in store.digests())

    found: dict[str, Any] = {"rows": rows, "columns": old.width, "appended": added}
    found["publish_s"], _ = timed(lambda: data.publish(NAME, old, actor=admin))
    found["kept_bytes"] = kept()
    found["append_s"], version = timed(lambda: data.append(NAME, new, actor=admin))
    found["append_kept_bytes"] = kept() - found["kept_bytes"]
    found["read_s"], content = timed(lambda: data.read(NAME, actor=admin))
    whole = pl.concat([old, new])
    found["read_back"] = content.equals(whole)
    found["read_column_s"], _ = timed(lambda: data.read(NAME, columns=["float_0"], actor=admin))
    found["publish_identical_s"], again = timed(lambda: data.publish(NAME, whole, actor=admin))
    found["identical"] = again == version
    found["compare_s"], compared = timed(lambda: data.compare(f"{NAME}@1", f"{NAME}@2", actor=admin))
    found["compared"] = (len(compared.rows_added), len(compared.rows_removed)) == (added, 0)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data_store", description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--appended", type=int, default=1_000, help="rows that are appended")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a small part of it, in seconds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    found = measure(*(2_000, 1_000) if options.smoke else (options.rows, options.appended), options.seed)
    problems = [name for name in ("read_back", "identical", "compared") if not found[name]]
    if found["append_kept_bytes"] > MOST_PER_ROW * found["appended"]:
        problems.append(f"{found['append_kept_bytes']:,} bytes kept for {found['appended']:,} rows")
    shown = {"seed": options.seed, **found, "missed": problems}
    print(json.dumps(shown) if options.json else json.dumps(shown, indent=2))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
