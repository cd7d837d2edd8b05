"""`serve`: a whole stream of requests through a model server, in compiled code or on SimPy."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from ...errors import OptionError, UnknownNameError, printable
from ...streams import check_seed, stream
from ...units import Duration
from .changes import ServerChange, change_rows
from .checks import MOST_RETRIES, duration, whole
from .requests import Requests
from .result import ServingResult
from .versions import Version

if TYPE_CHECKING:
    from .kernels.state import Server

Clock = Literal["replay", "simpy"]
INSTANTS = 1_000_000
"""Instants played between two looks at the keyboard."""
MOST_SLOTS = 2**26


def serve(
    versions: Sequence[Version] | Version,
    requests: Requests,
    *,
    changes: Iterable[ServerChange] = (),
    until: Duration | None = None,
    retries: int = 0,
    backoff: Duration = 1.0,
    clock: Clock = "replay",
    seed: int = 0,
    name: str = "server",
) -> ServingResult:
    """What becomes of a stream of requests (docs/platform/serving.md).

    `changes`: replicas lost, weights, numbers of replicas. `until`: the horizon; None plays until nothing is left to happen. `retries`,
    `backoff`: of the clients. `clock`: `"replay"` is compiled, `"simpy"` calls the same functions from SimPy's event queue, with equal
    results. `seed` and `name` (of the server) key the split between versions and the errors. Raises OptionError and UnknownNameError.

    >>> requests = Requests.build(sent=[0.0, 0.1, 0.2], service=1.0)
    >>> result = serve(Version("v1", queue=1), requests)
    >>> result.requests["outcome"].to_list(), result.requests["latency_s"].to_list()
    (['answered', 'answered', 'rejected'], [1.0, 1.9, None])
    """
    from .arrays import build_server

    made = [versions] if isinstance(versions, Version) else list(versions)
    _check_versions(made)
    if not isinstance(requests, Requests):
        raise OptionError(f"requests={ascii(requests)[:40]}: expected Requests, such as Requests.poisson(…)")
    horizon = math.inf if until is None else duration("until", until)
    rows, weights = change_rows(changes, made)
    salts = (_salt(seed, f"serving/{name}/split"), _salt(seed, f"serving/{name}/errors"))
    server = build_server(
        made,
        requests,
        rows,
        weights,
        retries=whole("retries", retries, 0, MOST_RETRIES),
        backoff=duration("backoff", backoff),
        salts=salts,
        always=until is not None,
    )
    begun = time.perf_counter()
    if clock == "replay":
        server = _play(server, horizon)
    elif clock == "simpy":
        from .simpy_clock import play_on_simpy

        server = play_on_simpy(server, horizon)
    else:
        raise UnknownNameError("clock", clock, ("replay", "simpy"))
    return ServingResult(made, requests, server, horizon, check_seed(seed), time.perf_counter() - begun)


def _play(server: Server, horizon: float) -> Server:
    from ...infra.kernels.structs import pack
    from .arrays import more_room
    from .kernels.loop import run
    from .kernels.state import DONE, FULL

    packed = pack(server)
    while (said := run(packed.address, horizon, INSTANTS)) != DONE:
        if said == FULL:
            server = more_room(server)
            packed = pack(server)
    return server


def _salt(seed: int, name: str) -> int:
    return int(stream(seed, name).integers(0, 2**63))


def _check_versions(versions: Sequence[Version]) -> None:
    if not versions:
        raise OptionError("versions: none; expected at least one")
    seen = set()
    for version in versions:
        if not isinstance(version, Version):
            raise OptionError(f"versions: {ascii(version)[:40]}; expected Version(…)")
        if version.name in seen:
            raise OptionError(f"versions: two are called {printable(version.name)!r}")
        seen.add(version.name)
    slots = sum(version.places for version in versions) * max(version.slots for version in versions)
    if slots > MOST_SLOTS:
        raise OptionError(f"versions: room for {slots:,} slots; expected at most {MOST_SLOTS:,}")
