"""Flows end when they end in SimGrid (Casanova, Giersch, Legrand, Quinson, Suter 2014), an independent simulator of flows that share links.

Links have no latency in SimGrid here, as `finish_times` knows none. Each flow has two hosts of its own, so that its route can be the path
it takes under ECMP.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from mlplat.infra.network.flows import finish_times
from mlplat.infra.network.routing import Routing

from .topologies import topology

PROGRAM = Path(__file__).with_name("simgrid_flows.py")
BYTES_PER_MBIT = 125_000
CLOSE = 1e-6
"""SimGrid takes what is 1e-9 s apart (its `precision/timing`) as one instant, and the shortest flow here lasts 0.04 s."""
needs_simgrid = pytest.mark.skipif(importlib.util.find_spec("simgrid") is None, reason="SimGrid is not installed (Debian: python3-simgrid)")


def platform(mbps: list[float], paths: list[tuple[int, ...]]) -> str:
    """A platform file: one SimGrid link for each direction of a link, and a route from `from-i` to `to-i` for each path."""
    root = ElementTree.Element("platform", version="4.1")
    zone = ElementTree.SubElement(root, "zone", id="network", routing="Full")
    for number in range(len(paths)):
        for end in ("from", "to"):
            ElementTree.SubElement(zone, "host", id=f"{end}-{number}", speed="1Gf")
    for link in sorted({link for path in paths for link in path}):
        ElementTree.SubElement(zone, "link", id=f"link-{link}", bandwidth=f"{mbps[link]:.0f}Mbps", latency="0s", sharing_policy="SHARED")
    for number, path in enumerate(paths):
        route = ElementTree.SubElement(zone, "route", src=f"from-{number}", dst=f"to-{number}", symmetrical="NO")
        for link in path:
            ElementTree.SubElement(route, "link_ctn", id=f"link-{link}")
    kind = '<?xml version="1.0"?>\n<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">\n'
    return kind + ElementTree.tostring(root, encoding="unicode") + "\n"


def random_flows(seed: int, *, hosts: int, flows: int) -> tuple[list[float], list[tuple[int, ...]], list[int], list[float]]:
    """A small leaf-spine network with narrow uplinks: Mbit/s of directed links, paths, sizes (Mbit) and starts (s)."""
    rng = np.random.default_rng(seed)
    net = topology("leaf-spine", hosts, hosts_per_leaf=4, spines=2, uplink=int(rng.choice([10_000, 25_000, 40_000])))
    routing = Routing(net, "ecmp")
    pairs = [rng.choice(hosts, size=2, replace=False).tolist() for _ in range(flows)]
    paths = [tuple(routing.path(a, b, key=number)) for number, (a, b) in enumerate(pairs)]
    sizes = rng.integers(1_000, 500_000, size=flows).tolist()
    starts = np.where(rng.random(flows) < 0.3, 0.0, rng.integers(0, 60_000, size=flows) / 1000).tolist()
    return np.repeat(net.mbps, 2).tolist(), paths, sizes, starts


def in_simgrid(folder: Path, mbps: list[float], paths: list[tuple[int, ...]], sizes: list[int], starts: list[float]) -> list[float]:
    (folder / "platform.xml").write_text(platform(mbps, paths), encoding="utf-8")
    flows = [[start, size * BYTES_PER_MBIT] for start, size in zip(starts, sizes, strict=True)]
    (folder / "flows.json").write_text(json.dumps(flows), encoding="utf-8")
    command = [sys.executable, str(PROGRAM), str(folder / "platform.xml"), str(folder / "flows.json")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr
    found: list[float] = json.loads(ran.stdout.splitlines()[-1])  # what it logs comes before
    return found


@needs_simgrid
def test_simgrid_shares_one_link_as_expected(tmp_path: Path) -> None:
    """Were any factor of SimGrid's models on, this would differ first."""
    found = in_simgrid(tmp_path, [1000.0], [(0,), (0,)], [1000, 3000], [0.0, 0.0])
    assert found == pytest.approx([2.0, 4.0], rel=CLOSE)


@needs_simgrid
@pytest.mark.parametrize("seed", range(8))
def test_flows_end_when_they_end_in_simgrid(seed: int, tmp_path: Path) -> None:
    mbps, paths, sizes, starts = random_flows(seed, hosts=12, flows=60)
    expected = in_simgrid(tmp_path, mbps, paths, sizes, starts)
    np.testing.assert_allclose(finish_times(mbps, paths, sizes, starts), expected, rtol=CLOSE)


def test_the_platform_has_each_flow_on_its_path() -> None:
    mbps, paths, _, _ = random_flows(0, hosts=12, flows=60)
    root = ElementTree.fromstring(platform(mbps, paths))
    routes = [tuple(int(link.attrib["id"].removeprefix("link-")) for link in route) for route in root.iter("route")]
    speeds = {int(link.attrib["id"].removeprefix("link-")): link.attrib["bandwidth"] for link in root.iter("link")}
    assert routes == paths and len(list(root.iter("host"))) == 120
    assert all(speeds[link] == f"{mbps[link]:.0f}Mbps" for path in paths for link in path)
