"""`mlplat fleet`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ...command_options import Json, Seed, print_json
from ...errors import OptionError

OBJECTIVES = ("p50", "p95", "p99")


def fleet(
    rate: Annotated[float, typer.Option(help="Requests a second.")],
    service: Annotated[str, typer.Option(help="Mean service time of a request, such as 80ms.")],
    p99: Annotated[str | None, typer.Option(help="P99 of the latency is to be at most this, such as 300ms.")] = None,
    objective: Annotated[
        str | None, typer.Option(help="Another objective, such as p99.9_latency=1s or p95_wait=50ms.", metavar="NAME=TIME")
    ] = None,
    distribution: Annotated[
        str, typer.Option(help="Of services: exponential, deterministic, lognormal, hyperexponential.")
    ] = "exponential",
    scv: Annotated[float | None, typer.Option(help="Squared coefficient of variation of lognormal or hyperexponential services.")] = None,
    slots: Annotated[int, typer.Option(help="Batches that a replica works on at once.")] = 1,
    batch: Annotated[int, typer.Option(help="Requests in a batch.")] = 1,
    batch_wait: Annotated[str, typer.Option(help="How long a batch waits to be full.")] = "0s",
    base: Annotated[str, typer.Option(help="What a batch takes beside the services.")] = "0s",
    each: Annotated[str, typer.Option(help="What each request adds to a batch.")] = "0s",
    timeout: Annotated[str | None, typer.Option(help="After which a client gives up.")] = None,
    queue: Annotated[int | None, typer.Option(help="Requests that may wait.")] = None,
    autoscale: Annotated[
        float | None, typer.Option(help="Requests there per replica that an autoscaler aims at.", metavar="TARGET")
    ] = None,
    least: Annotated[int, typer.Option(help="Replicas that the autoscaler keeps.")] = 1,
    cold_start: Annotated[str, typer.Option(help="Until a replica that is started is ready.")] = "0s",
    swing: Annotated[float, typer.Option(help="Part by which the rate goes up and down in a day, 0 to 1.")] = 0.0,
    until: Annotated[str | None, typer.Option(help="Length of a replication, such as 6h.")] = None,
    requests: Annotated[int | None, typer.Option(help="Requests of a replication without --swing and --until; enough by default.")] = None,
    replications: Annotated[int, typer.Option(help="At least so many.")] = 5,
    confidence: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    price: Annotated[float, typer.Option(help="Of a replica and hour.")] = 0.0,
    most: Annotated[int, typer.Option(help="Replicas up to which is looked.")] = 10_000,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Find the smallest serving fleet that keeps a latency; exit status 1 if none does."""
    from ...platform.serving import Concurrency, Version
    from .smallest import smallest_fleet

    if (p99 is None) == (objective is None):
        raise OptionError("give either --p99 TIME or --objective NAME=TIME")
    name, sign, bound = ("p99_latency", "=", p99) if objective is None else objective.partition("=")
    if not sign or not bound:
        raise OptionError(f"--objective {ascii(objective)[:60]}: expected NAME=TIME, such as p95_wait=50ms")
    scale: Any = None if autoscale is None else Concurrency(target=autoscale, least=least)
    plan = smallest_fleet(
        rate,
        service,
        bound=bound,
        objective=name,
        distribution=distribution,  # type: ignore[arg-type]
        scv=scv,
        version=Version(
            "fleet",
            replicas=1 if scale is None else max(1, least),
            slots=slots,
            batch=batch,
            batch_wait=batch_wait,
            base=base,
            each=each,
            timeout=timeout,
            queue=queue,
            start=cold_start,
            limit=None,
            scale=scale,
        ),
        swing=swing,
        until=until,
        requests=requests,
        replications=replications,
        most_replications=max(20, replications),
        confidence=confidence,
        price_per_hour=price,
        most=most,
        seed=seed,
    )
    if as_json:
        print_json(plan.to_dict())
    else:
        print("\n".join(str(plan).split("; ")))
    if not plan.met:
        raise typer.Exit(1)
