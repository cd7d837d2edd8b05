"""What the texts of options mean that commands share: the cluster, what fails, what gangs exchange; and what is said of rows left out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OptionError

if TYPE_CHECKING:
    from ..hardware import ClusterSpec
    from ..hardware.outages import Outages
    from ..hardware.reliability import Reliability
    from ..infra.synchronization import Synchronization
    from ..workload import JobTrace


def cluster_of(nodes: Path | None, cluster: str | None) -> ClusterSpec:
    """The cluster of `--nodes` or `--cluster`. Raises OptionError, InputError, SpecError."""
    from ..hardware import ClusterSpec

    if (nodes is None) == (cluster is None):
        raise OptionError("give the cluster with either --nodes FILE or --cluster, such as --cluster 96x8xV100")
    return ClusterSpec.open(cluster) if cluster is not None else ClusterSpec.open(nodes or Path())


def failures_of(given: str | None, spec: ClusterSpec) -> Reliability | Outages | None:
    """What `--failures` says: the rates of the cluster, or a file of outages. Raises OptionError, InputError."""
    from ..hardware.outages import Outages

    if given is None:
        return None
    if given != "spec":
        return Outages.read_csv(given, spec)
    if spec.reliability is None:
        raise OptionError("--failures spec: the cluster's description has no 'reliability'")
    return spec.reliability


def sync_of(given: str | None) -> Synchronization | None:
    """What `--sync` says. Raises OptionError."""
    from ..infra.synchronization import synchronization

    if given is None:
        return None
    said: dict[str, str] = {}
    for part in given.split(","):
        name, sign, value = (text.strip() for text in part.partition("="))
        if not sign or not name or not value or name in said:
            what = f"{name!r:.60} is given twice" if name in said else repr(part[:60])
            raise OptionError(f"--sync: {what}; expected step=300ms,size=2GiB, with algorithm=ring if not the faster")
        said[name] = value
    return synchronization(said)


def report_left_out(trace: JobTrace) -> None:
    """Say on standard error which rows of the trace were left out."""
    for reason, count in trace.dropped.items():
        print(f"{count:,} rows left out: {reason}", file=sys.stderr)
    for error in trace.skipped[:5]:
        print(f"skipped: {error}", file=sys.stderr)
    if len(trace.skipped) > 5:
        print(f"… and {len(trace.skipped) - 5:,} more bad rows", file=sys.stderr)
