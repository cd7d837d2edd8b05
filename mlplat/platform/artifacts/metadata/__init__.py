"""The Metadata Store: runs, and the lineage of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....lazy_names import lazy_names

if TYPE_CHECKING:
    from .answers import Deployed, Impact, Reach
    from .baselines import Baseline
    from .capture import Capture
    from .comparison import Comparison, Difference
    from .fields import RunFields
    from .filters import FilterError, parse_filter
    from .lineage import Lineage, Node, Subgraph
    from .lineage_graph import LineageCycleError, LineageGraph
    from .lock_file import LockFile
    from .missing import MissingLink, MissingReason, Via
    from .nodes import Artifact, Link, NodeKind
    from .records import UnknownBaselineError, UnknownRunError
    from .resolvers import LOCK_FILE, ModelOfCommit, Resolvers
    from .runs import Linking, MetricPoint, Numerics, Run, RunStatus, Statement, Step, local_environment
    from .store import MetadataStore

__all__ = [
    "LOCK_FILE",
    "Artifact",
    "Baseline",
    "Capture",
    "Comparison",
    "Deployed",
    "Difference",
    "FilterError",
    "Impact",
    "Lineage",
    "LineageCycleError",
    "LineageGraph",
    "Link",
    "Linking",
    "LockFile",
    "MetadataStore",
    "MetricPoint",
    "MissingLink",
    "MissingReason",
    "ModelOfCommit",
    "Node",
    "NodeKind",
    "Numerics",
    "Reach",
    "Resolvers",
    "Run",
    "RunFields",
    "RunStatus",
    "Statement",
    "Step",
    "Subgraph",
    "UnknownBaselineError",
    "UnknownRunError",
    "Via",
    "local_environment",
    "parse_filter",
]

_HOME = {
    "Artifact": "nodes",
    "Baseline": "baselines",
    "Capture": "capture",
    "Comparison": "comparison",
    "Deployed": "answers",
    "Difference": "comparison",
    "FilterError": "filters",
    "Impact": "answers",
    "LOCK_FILE": "resolvers",
    "Lineage": "lineage",
    "LineageCycleError": "lineage_graph",
    "LineageGraph": "lineage_graph",
    "Link": "nodes",
    "Linking": "runs",
    "LockFile": "lock_file",
    "MetadataStore": "store",
    "MetricPoint": "runs",
    "MissingLink": "missing",
    "MissingReason": "missing",
    "ModelOfCommit": "resolvers",
    "Node": "lineage",
    "NodeKind": "nodes",
    "Numerics": "runs",
    "Reach": "answers",
    "Resolvers": "resolvers",
    "Run": "runs",
    "RunFields": "fields",
    "RunStatus": "runs",
    "Statement": "runs",
    "Step": "runs",
    "Subgraph": "lineage",
    "UnknownBaselineError": "records",
    "UnknownRunError": "records",
    "Via": "missing",
    "local_environment": "runs",
    "parse_filter": "filters",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
