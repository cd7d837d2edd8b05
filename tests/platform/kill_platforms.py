"""Kills processes that work on a platform in a folder at full speed, at random instants, and looks at what they left.

`python -m tests.platform.kill_platforms FOLDER KILLS SEED` prints how many calls were acknowledged by kind, as JSON, or what was lost.

Nothing but forking happens in the first process: writers and checkers are its children, so that no thread is lost by a fork.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import pkgutil
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import polars as pl

import mlplat as mp
import mlplat.platform
from mlplat.errors import MlplatError
from mlplat.platform.identity import Principal

STORE_LASTS = 20
"""Kills after which a new store is begun, or its journals, which are read whole each time, grow too long."""
LAYER = {"digest": "sha256:" + "1" * 64, "size_mib": 900}
Fact = tuple[Any, ...]


def settled(platform: mp.Platform) -> Principal:
    """Who works: the owner of the project, which is made as far as it is not there."""
    admin, identity, scm = platform.admin, platform.identity, platform.scm
    directory = identity._authorization.directory
    ada = next((each for each in identity.principals("user", actor=admin) if each.name == "ada"), None)
    ada = identity.create_user("ada", actor=admin) if ada is None else ada
    if "shop" not in directory.projects:
        identity.create_project("shop", owner=ada, actor=admin)
    if not scm.list(actor=ada):
        scm.create_repository("shop/code", actor=ada)
    if not scm.branches("shop/code", actor=ada):
        scm.commit("shop/code", "main", {"first": b"0"}, "first", actor=ada)
    return ada


def work(platform: mp.Platform, ada: Principal, draw: random.Random) -> Iterator[Fact]:
    """Calls, for ever, and after each what it has made true."""
    identity, scm, data = platform.identity, platform.scm, platform.data
    images, models, metadata = platform.images, platform.models, platform.metadata
    tag: Any = f"{draw.getrandbits(60):x}"
    number = 0
    while True:
        number += 1
        name = f"n{tag}-{number}"
        user = identity.create_user(name, actor=platform.admin)
        yield "user", user.id, name
        grant = identity.grant(user, ["read", "share"], "dataset:shop/frames", actor=ada)
        yield "grant", grant.id, user.id
        zone = platform.zones.create_development(user, {"gpus": number}, name=f"z{name}", actor=platform.admin)
        yield "zone", zone.name, user.id
        if number % 2:
            identity.revoke(grant, actor=ada)
            yield "revoked", grant.id
        content = draw.randbytes(draw.choice((10, 1000, 50_000)))
        commit = scm.commit("shop/code", "main", {f"d/{name}": content}, name, actor=ada)
        yield "commit", commit.id, f"d/{name}", len(content)
        scm.create_branch("shop/code", name, actor=ada)
        scm.commit("shop/code", name, {f"b/{name}": b"1"}, name, actor=ada)
        change = scm.create_change("shop/code", name, "main", name, actor=ada)
        yield "change", change.number, "open"
        merged = scm.merge_change("shop/code", change.number, actor=ada)
        yield "change", change.number, "merged", merged.merged
        frame = pl.DataFrame({"n": [number, draw.getrandbits(30)], "text": [name, "ü"]})
        version = data.publish("shop/frames", frame, splits={"seed": number}, actor=ada)
        yield "data", version.resource, version.digest, version.rows
        version = data.append("shop/frames", frame, actor=ada)
        yield "data", version.resource, version.digest, version.rows
        image = {"layers": [LAYER, {"digest": f"sha256:{draw.getrandbits(256):064x}", "size_mib": 1}]}
        known = images.publish("shop/train", image, tags=["now", name], actor=ada)
        yield "image", known.digest, name
        run = metadata.start_run(f"shop/{name}", code=f"shop/code@{commit.id}", data={"training": version.resource}, seed=1, actor=ada)
        yield "run", run.resource, "running"
        artifact = {"w": np.arange(draw.randrange(1, 2000)), "b": draw.randbytes(100)}
        model = models.register("shop/churn", artifact, run=run.resource, actor=ada)
        yield "model", model.version, model.digest
        models.set_alias(f"shop/churn@{model.version}", "champion", actor=ada)
        yield "alias", model.version
        metadata.finish_run(run.resource, outputs={"model": model.resource}, actor=ada)
        yield "run", run.resource, "success"
        secret = platform.secrets.put("shop/database", name, zone="prod", actor=ada)
        yield "secret", secret.reference, name


def write(path: Path, acknowledge: int, seed: int) -> NoReturn:
    """Open the platform and work; each fact is told once the call has returned."""
    draw = random.Random(seed)
    with mp.Platform.open(path) as platform:
        for fact in work(platform, settled(platform), draw):
            os.write(acknowledge, json.dumps(fact).encode() + b"\n")
    raise AssertionError("it works for ever")


CHECKS: dict[str, Callable[[mp.Platform, Principal, Any], bool]] = {
    "user": lambda p, ada, f: any(each.id == f[0] and each.name == f[1] for each in p.identity.principals(actor=p.admin)),
    "grant": lambda p, ada, f: (known := p.identity._authorization.grants.get(f[0])) is not None and known.grantee == f[1],
    "revoked": lambda p, ada, f: (known := p.identity._authorization.grants.get(f[0])) is not None and known.ended is not None,
    "zone": lambda p, ada, f: (
        p.zones.get(f[0], actor=p.admin).owner == f[1] == next(iter(p.identity.grants_on(f"zone:{f[0]}", actor=p.admin))).grantee
    ),
    "commit": lambda p, ada, f: len(p.scm.read("shop/code@main", f[1], at=f[0], actor=ada)) == f[2],
    "change": lambda p, ada, f: _change(p, ada, f),
    "data": lambda p, ada, f: _rows(p, ada, f[0].partition(":")[2]) == (f[1], f[2]),
    "image": lambda p, ada, f: p.images.resolve(f"shop/train@{f[1]}", actor=ada).digest == f[0],
    "run": lambda p, ada, f: p.metadata.run(f[0], actor=ada).status in (f[1], "success"),
    "model": lambda p, ada, f: (
        p.models.resolve(f"shop/churn@{f[0]}", actor=ada).digest == f[1] and bool(p.models.load(f"shop/churn@{f[0]}", actor=ada))
    ),
    "secret": lambda p, ada, f: p.secrets.get(f[0], zone="prod", actor=ada).text == f[1],
    "alias": lambda p, ada, f: (
        any(move.after == f[0] for move in p.models.history("shop/churn", "champion", actor=ada))
        and p.models.resolve("shop/churn@champion", actor=ada).version >= f[0]
    ),
}
"""Of each kind of fact whether it is true."""


def _change(platform: mp.Platform, ada: Principal, fact: Any) -> bool:
    found = platform.scm.changes("shop/code", actor=ada)[fact[0] - 1]
    return found.state in (fact[1], "merged") and (len(fact) < 3 or found.merged == fact[2])


def _rows(platform: mp.Platform, ada: Principal, version: str) -> tuple[str, int]:
    described = platform.data.versions("shop/frames", actor=ada)
    known = next(each for each in described if each.reference == version)
    return known.digest, len(platform.data.read(version, actor=ada))


def check(path: Path, facts: list[Fact], draw: random.Random) -> None:
    """All that was acknowledged is true, all content is what its digest says, nothing is half done, and work can go on."""
    with mp.Platform.open(path) as platform:
        ada, store = settled(platform), platform.store
        recent = facts[-60:] + draw.sample(facts, min(len(facts), 40))
        for kind, *fact in recent:
            assert CHECKS[kind](platform, ada, fact), f"{kind} {fact} was acknowledged"
        for digest in store.digests():
            store.get(digest)
        for component in platform.components.values():
            missing = [digest for digest in component._contents() if digest not in store]
            assert not missing, f"{component.SOURCE} names {missing[:3]}, which is not there"
        history = {each.id for each in platform.scm.log("shop/code@main", actor=ada)}
        changes = platform.scm.changes("shop/code", actor=ada)
        granted = {grant.resource for grant in platform.identity._authorization.grants.in_force()}
        assert all(zone in granted for zone in (f"zone:{name}" for name in platform.zones.list(actor=platform.admin).names()))
        heads = platform.scm.branches("shop/code", actor=ada)
        for change in changes:
            assert (heads[change.source] in history) == (change.state == "merged"), f"change {change.number} is half merged"
        done = dict(itertools.islice(((fact[0], fact) for fact in work(platform, ada, draw)), 15))
        assert done.keys() == CHECKS.keys() and all(CHECKS[kind](platform, ada, fact[1:]) for kind, fact in done.items())


def kill_one(path: Path, seed: int) -> list[Fact]:
    """Start a writer and kill it, one in four while it may still be opening, the others after so many acknowledgements as are drawn, so
    that how far they come does not depend on how fast they are.

    Returns the facts that it acknowledged.
    """
    draw = random.Random(seed)
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
    told, wanted = b"", draw.randint(1, 16) if seed % 4 else 0
    while told.count(b"\n") < wanted and (part := os.read(read, 1 << 16)):
        told += part
    time.sleep(draw.random() * (0.01 if wanted else 0.07))
    os.kill(child, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "a writer ended by itself"
    while part := os.read(read, 1 << 16):
        told += part
    os.close(read)
    return [tuple(json.loads(line)) for line in told[: told.rfind(b"\n") + 1].splitlines()]


def check_apart(path: Path, facts: list[Fact], seed: int) -> None:
    """`check` in a process of its own. Raises AssertionError."""
    child = os.fork()
    if child == 0:
        try:
            check(path, facts, random.Random(f"check {seed}"))  # names other than those of the writer with this seed
        except BaseException as error:  # told by the exit status
            traceback.print_exception(error)
            os._exit(2 if isinstance(error, MlplatError) else 1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, f"after kill {seed} in {path}"


def main(folder: str, kills: int, seed: int) -> int:
    """See the module."""
    for module in pkgutil.walk_packages(mlplat.platform.__path__, "mlplat.platform."):
        importlib.import_module(module.name)  # once, and not in each child
    importlib.import_module("mlplat.infra.quotas")
    mp.Platform()
    path, facts, wrote, kinds = Path(folder), list[Fact](), 0, Counter[str]()
    for number in range(kills):
        if number % STORE_LASTS == 0:
            path, facts = Path(folder) / f"store-{number}", []
        told = kill_one(path, seed * kills + number)
        facts += told
        wrote += bool(told)
        kinds.update(fact[0] for fact in told)
        check_apart(path, facts, seed * kills + number)
    print(json.dumps({"kills": kills, "wrote": wrote, "acknowledged": dict(sorted(kinds.items()))}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
