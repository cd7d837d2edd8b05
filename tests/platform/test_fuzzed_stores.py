"""2,000 stores that were damaged or made up: opening and using a platform over them gives typed errors, and no other."""

from __future__ import annotations

import os
import random
import shutil
import traceback
from collections import Counter
from pathlib import Path

import pytest

import mlplat as mp
from mlplat.errors import MlplatError
from mlplat.platform.identity import Principal
from mlplat.platform.storage import Store

from .mutations import ON_DISK, made_up
from .reading_calls import READS
from .writing_calls import CALLS, ada_of, fill

READ, WRITTEN = 20, 8
"""Calls that each store that can be opened is asked."""


class Seen:
    """What came of the stores."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()

    def use(self, store: Store, draw: random.Random, who: tuple[Principal, Principal], folder: Path) -> None:
        """Open a platform and make some calls."""
        try:
            platform = mp.Platform(store=store)
        except MlplatError as error:
            self.counts[f"not opened: {type(error).__name__}"] += 1
            return
        self.counts["opened"] += 1
        calls = [lambda each=each: each(platform, *who) for each in draw.sample(READS, READ)]
        calls += [lambda name=name: CALLS[name](platform, *who, folder / "no-git") for name in draw.sample(sorted(CALLS), WRITTEN)]
        for call in calls:
            self.attempt(call)
        self.attempt(lambda: mp.Platform(store=store))

    def attempt(self, call: object) -> None:
        """Make a call, which may fail with a typed error."""
        try:
            call()  # type: ignore[operator]
            self.counts["answered"] += 1
        except MlplatError:
            self.counts["refused"] += 1
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            self.wrong["; ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames[-3:]) + f" {error!r:.150}"] += 1


def _linked(source: str, target: str) -> None:
    """Content is never written in place, and need not be copied."""
    (os.link if "/content/" in source else shutil.copyfile)(source, target)


@pytest.fixture(scope="module")
def world() -> tuple[Store, tuple[Principal, Principal]]:
    """A store with some of everything, and who works there."""
    store = Store()
    platform = fill(store)
    return store, (ada_of(platform), platform.admin)


def test_1200_stores_with_records_that_no_component_wrote_give_typed_errors(
    world: tuple[Store, tuple[Principal, Principal]], tmp_path: Path
) -> None:
    source, who = world
    seen = Seen()
    for seed in range(1200):
        draw = random.Random(seed)
        seen.use(made_up(source, draw), draw, who, tmp_path)
    assert not seen.wrong, "\n".join(f"{count} x {where}" for where, count in seen.wrong.most_common(40))
    assert seen.counts["not opened: JournalError"] > 400 and seen.counts["answered"] > 1000 and seen.counts["opened"] > 200, seen.counts


@pytest.mark.parametrize("kind", ON_DISK)
def test_200_folders_damaged_in_one_way_give_typed_errors(
    kind: str, world: tuple[Store, tuple[Principal, Principal]], tmp_path: Path
) -> None:
    """Bits of the database, of its log and of content flipped, cut and replaced; bodies of records replaced so that the chain holds."""
    whole = tmp_path / "whole"
    with Store.open(whole) as store:
        platform = fill(store)
        who = ada_of(platform), platform.admin
        shutil.copytree(whole, tmp_path / "log")  # while its log has not gone into the database
    seen = Seen()
    for seed in range(200):
        draw = random.Random(f"{kind}-{seed}")
        path = tmp_path / "s"
        shutil.copytree(tmp_path / "log" if kind == "log" else whole, path, copy_function=shutil.copyfile if kind == "content" else _linked)
        ON_DISK[kind](path, draw)
        try:
            with Store.open(path) as store:
                seen.use(store, draw, who, tmp_path)
        except MlplatError as error:
            seen.counts[f"no store: {type(error).__name__}"] += 1
        shutil.rmtree(path)
    assert not seen.wrong, "\n".join(f"{count} x {where}" for where, count in seen.wrong.most_common(40))
    assert sum(count for what, count in seen.counts.items() if what.startswith(("no", "opened"))) == 200
    assert seen.counts["refused"] + seen.counts.total() - seen.counts["answered"] > 0, seen.counts
