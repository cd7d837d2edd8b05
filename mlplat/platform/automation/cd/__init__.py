"""Continuous delivery and deployment: approvals, rollouts judged by statistics, rollbacks, desired state in the SCM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....lazy_names import lazy_names

if TYPE_CHECKING:
    from .cd import CD
    from .changes import Change, Mode, State
    from .errors import ApprovalError, DeploymentError, DesiredStateError, GateError
    from .gate import Approval, Decision, GateRule
    from .judging import CanaryPolicy, Observations
    from .looking import DeploymentList, DeploymentStatus
    from .ports import Bound, Pipelines, PipelineTarget, PipelineVersion, Serving
    from .rollouts import BlueGreen, Canary, Rolling, Target, VersionState
    from .rollouts.states import Reason
    from .specs import Desired

__all__ = [
    "CD",
    "Approval",
    "ApprovalError",
    "BlueGreen",
    "Bound",
    "Canary",
    "CanaryPolicy",
    "Change",
    "Decision",
    "DeploymentError",
    "DeploymentList",
    "DeploymentStatus",
    "Desired",
    "DesiredStateError",
    "GateError",
    "GateRule",
    "Mode",
    "Observations",
    "PipelineTarget",
    "PipelineVersion",
    "Pipelines",
    "Reason",
    "Rolling",
    "Serving",
    "State",
    "Target",
    "VersionState",
]

_HOME = {
    "Approval": "gate",
    "ApprovalError": "errors",
    "BlueGreen": "rollouts.strategies",
    "Bound": "ports",
    "CD": "cd",
    "Canary": "rollouts.strategies",
    "CanaryPolicy": "judging.policy",
    "Change": "changes",
    "Decision": "gate",
    "DeploymentError": "errors",
    "DeploymentList": "looking",
    "DeploymentStatus": "looking",
    "Desired": "specs",
    "DesiredStateError": "errors",
    "GateError": "errors",
    "GateRule": "gate",
    "Mode": "changes",
    "Observations": "judging.observations",
    "PipelineTarget": "ports",
    "PipelineVersion": "ports",
    "Pipelines": "ports",
    "Reason": "rollouts.states",
    "Rolling": "rollouts.strategies",
    "Serving": "ports",
    "State": "changes",
    "Target": "rollouts.target",
    "VersionState": "rollouts.target",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
