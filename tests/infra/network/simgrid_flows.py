"""Play flows in SimGrid: `python simgrid_flows.py PLATFORM.xml FLOWS.json` prints when each is done, as JSON.

A program of its own, as a process can have one Engine only. FLOWS.json: [start in s, bytes] of each flow, which goes from host `from-i` to
host `to-i` of the platform.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

PURE = (
    "network/model:CM02",
    "network/TCP-gamma:0",
    "network/latency-factor:1",
    "network/bandwidth-factor:1",
    "network/weight-S:0",
    "network/crosstraffic:0",  # else each flow would take 5 % of its way back, if that had a route
)
"""Max-min fair sharing and nothing else."""


def main() -> None:
    import simgrid  # type: ignore[import-not-found]
    from simgrid import Comm, Engine, this_actor

    platform, flows = sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    engine = Engine(["simgrid_flows", *(f"--cfg={option}" for option in PURE), "--log=root.thres:warning"])
    engine.load_platform(platform)
    done = [0.0] * len(flows)

    def send(number: int, start: float, size: int) -> None:
        this_actor.sleep_until(start)
        Comm.sendto_async(engine.host_by_name(f"from-{number}"), engine.host_by_name(f"to-{number}"), size).wait()
        done[number] = engine.clock

    def actor(number: int, start: float, size: int) -> None:
        host, name, given = engine.host_by_name(f"from-{number}"), f"flow-{number}", (number, start, size)
        if hasattr(host, "add_actor"):  # since SimGrid 4
            host.add_actor(name, send, *given)
        else:
            simgrid.Actor.create(name, host, send, *given)

    for number, (start, size) in enumerate(flows):
        actor(number, start, size)
    engine.run()
    print(json.dumps(done))


if __name__ == "__main__":
    main()
