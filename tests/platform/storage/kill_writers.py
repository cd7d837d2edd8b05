"""Kills processes that write to a store at full speed, at random instants, and looks at what they left.

`python -m tests.platform.storage.kill_writers FOLDER KILLS SEED` prints how many records were acknowledged, as JSON, or what was lost.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import NoReturn

from mlplat.platform.storage import Store


def write(path: Path, acknowledge: int, seed: int) -> NoReturn:
    """Write content, records, pairs of records in one transaction, for ever; each is acknowledged once the calls have returned."""
    draw = random.Random(seed)
    with Store.open(path) as store:
        number, pairs = (sum(1 for _ in store.records(journal)) for journal in ("content", "left"))
        while True:
            digest = store.put(draw.randbytes(draw.choice((10, 1000, 300_000))))
            store.append("content", {"n": number, "digest": digest})
            with store.transaction():
                store.append("left", {"n": pairs})
                store.append("right", {"n": pairs})
            number, pairs = number + 1, pairs + 1
            os.write(acknowledge, number.to_bytes(8, "little") + pairs.to_bytes(8, "little"))


def kill_one(path: Path, seed: int) -> tuple[int, int]:
    """Start a writer and kill it, one in four while it may still be opening, the others after their first acknowledgement.

    Returns how many records and pairs it has acknowledged, 0 of each if nothing.
    """
    read, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            write(path, write_end, seed)
        finally:
            traceback.print_exc()
            os._exit(1)
    os.close(write_end)
    told = b"" if seed % 4 == 0 else os.read(read, 16)
    time.sleep(random.Random(seed).random() * 0.03)
    os.kill(child, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "a writer ended by itself"
    while part := os.read(read, 1 << 16):
        told += part
    os.close(read)
    last = told[: len(told) // 16 * 16][-16:]
    return int.from_bytes(last[:8], "little"), int.from_bytes(last[8:], "little")


def check(path: Path, acknowledged: tuple[int, int]) -> tuple[int, int]:
    """How many records and pairs are there: all that were acknowledged, in order, the records with their content, the pairs complete."""
    with Store.open(path) as store:
        kept, left, right = (list(store.records(journal)) for journal in ("content", "left", "right"))
        there = len(kept), len(left)
        assert [record["n"] for record in kept] == list(range(len(kept))), "a record is missing in between"
        assert left == right == [{"n": number} for number in range(len(left))], "half a transaction, or one is missing"
        assert there >= acknowledged and there[1] >= acknowledged[1], f"{acknowledged} were acknowledged, {there} are there"
        for digest in store.digests():
            store.get(digest)
        assert all(record["digest"] in store for record in kept), "a record without its content"
        return there


def main(folder: str, kills: int, seed: int) -> int:
    """See the module."""
    path, there, began = Path(folder), (0, 0), 0
    for number in range(kills):
        if number % 50 == 0:  # or the journal, which is read whole each time, grows too long
            path, there = Path(folder) / f"store-{number}", (0, 0)
        acknowledged = kill_one(path, seed * kills + number)
        began += acknowledged[0] > 0
        there = check(path, max(there, acknowledged))
    print(json.dumps({"kills": kills, "wrote": began}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
