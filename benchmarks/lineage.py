"""How long lineage queries take in a graph of a million nodes, what it takes to grow it, and how much memory it needs.

    python -m benchmarks.lineage --json

The graph is grown edge by edge as records come: runs that use a commit, an image and datasets, and make a model, over many projects; and
three models whose upstream is 10, 1,000 and 100,000 nodes, wide and as a chain of retraining. Median and worst by processor time: of the
graph alone, of `MetadataStore.upstream` for one who may read everything, and for one from whom all but the model is withheld. Exit status
1 when an answer is not that of a walk in plain Python, or a required figure is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import mlplat as mp
from mlplat.platform.artifacts.metadata import LineageGraph, MetadataStore
from mlplat.platform.identity import IdentityProvider
from mlplat.streams import stream

NODES, ANSWERS = 1_000_000, (10, 1_000, 100_000)
REQUIRED_S = 0.050


def wide(graph: LineageGraph, answer: int) -> str:
    """A model whose upstream is `answer` nodes: one run that used all the others, by way of ten datasets each derived from many."""
    model, run = f"model:wide/m{answer}@1", f"run:wide/r{answer}"
    rest = answer - 1
    heads = min(10, rest)
    for head in range(heads):
        graph.add_edge(f"dataset:wide/d{answer}-{head}@1", run, f"data-{head}")
    for leaf in range(rest - heads):
        graph.add_edge(f"dataset:wide/d{answer}-{leaf}@0", f"dataset:wide/d{answer}-{leaf % heads}@1", "derived")
    graph.add_edge(run, model, "model")
    return model


def chain(graph: LineageGraph, answer: int) -> str:
    """A model that is the end of a chain of retraining whose upstream is `answer` nodes: run, parent, its run and so on."""
    for step in range(answer // 2):
        graph.add_edge(f"model:chain/m{answer}@{step + 1}", f"run:chain/r{answer}-{step}", "parent")
        graph.add_edge(f"run:chain/r{answer}-{step}", f"model:chain/m{answer}@{step + 2}", "model")
    return f"model:chain/m{answer}@{answer // 2 + 1}"


def fill(graph: LineageGraph, nodes: int, seed: int) -> None:
    """Records of runs until the graph has so many nodes: each uses a commit, an image and two datasets, and makes a model."""
    draw = stream(seed, "benchmark/lineage")
    run = 0
    while len(graph) < nodes:
        for picked in draw.integers(0, 2**30, (10_000, 4)).tolist():
            if len(graph) >= nodes:
                break
            project = f"p{run % 100}"
            name = f"run:{project}/r{run}"
            graph.add_edge(f"repo:{project}/code@{picked[0] % 2000:040x}", name, "code")
            graph.add_edge(f"image:{project}/train@{picked[1] % 50}", name, "image")
            graph.add_edge(f"dataset:{project}/d{picked[2] % 20}@{run // 2000}", name, "training")
            graph.add_edge(f"dataset:{project}/e{picked[3] % 20}@{run // 2000}", name, "validation")
            graph.add_edge(name, f"model:{project}/m{picked[0] % 7}@{run}", "model")
            run += 1


def walked(graph: LineageGraph, name: str) -> set[str]:
    """Upstream of a node by a walk in plain Python."""
    found, waiting = set[int](), [graph.find(name)]
    while waiting:
        for other, _ in graph.edges_into(waiting.pop()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return {graph.names[node] for node in found}


def timed(ask: Callable[[], object], repeats: int) -> dict[str, float]:
    """Median and worst of the processor time that an answer takes (ms)."""
    took = []
    for _ in range(repeats):
        begun = time.process_time()
        ask()
        took.append(1000 * (time.process_time() - begun))
    return {"median_ms": round(statistics.median(took), 4), "worst_ms": round(max(took), 4)}


def measure(nodes: int, answers: tuple[int, ...], repeats: int, seed: int) -> tuple[dict[str, Any], list[str]]:
    """All figures, and what is wrong or missed."""
    identity = IdentityProvider(mp.Simulation(log="none"))
    metadata = MetadataStore(identity._authorization.sim, identity)
    graph = metadata._state.graph
    begun = time.process_time()
    roots = [(shape.__name__, answer, shape(graph, answer)) for answer in answers for shape in (wide, chain)]
    fill(graph, nodes, seed)
    grown = time.process_time() - begun
    graph.upstream(roots[0][2])  # compiles
    outsider = identity.create_user("outsider", actor=identity.admin)
    queries, problems = [], []
    for shape, answer, root in roots:
        found = graph.upstream(root)
        reach = metadata.upstream(root, actor=identity.admin)
        if len(found) != answer or set(found) != walked(graph, root) or list(reach.nodes) != found:
            problems.append(f"{shape} {answer}: the answer is not that of a walk")
        alone = timed(lambda root=root: graph.upstream(root), repeats)  # type: ignore[misc]
        checked = timed(lambda root=root: metadata.upstream(root, actor=identity.admin), repeats)  # type: ignore[misc]
        identity.grant(outsider, "read", root, actor=identity.admin)
        withheld = timed(lambda root=root: metadata.upstream(root, actor=outsider), repeats)  # type: ignore[misc]
        queries.append({"shape": shape, "answer": answer, "graph": alone, "store": checked, "withheld": withheld})
        for who, took in (("one who may read it", checked), ("one who may not", withheld)):
            if took["median_ms"] >= 1000 * REQUIRED_S:
                problems.append(f"{shape} {answer}, for {who}: {took['median_ms']} ms; required less than {1000 * REQUIRED_S:g} ms")
    memory = graph.memory_bytes()
    shown = {
        "nodes": len(graph),
        "edges": graph.edges,
        "edges_added_per_second": round(graph.edges / grown),
        "queries": queries,
        "bytes_per_node": {part: round(size / len(graph), 1) for part, size in memory.items()},
    }
    return shown, problems


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lineage", description=__doc__.split("\n")[0])
    parser.add_argument("--nodes", type=int, default=NODES)
    parser.add_argument("--repeats", type=int, default=21)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a small part of it, in seconds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    nodes, answers, repeats = (30_000, (10, 1_000), 3) if options.smoke else (options.nodes, ANSWERS, options.repeats)
    found, problems = measure(nodes, answers, repeats, options.seed)
    shown = {"seed": options.seed, **found, "missed": problems}
    print(json.dumps(shown) if options.json else json.dumps(shown, indent=2))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
