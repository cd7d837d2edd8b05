"""Where the failures of a run come from: a list of outages, or rates from which outages are drawn for as long as the run lasts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import OptionError
from ..hardware.outages import Outages
from ..hardware.reliability import Reliability
from ..infra.incidents import Detection, Incidents, incidents
from .fingerprints import arrays_digest

if TYPE_CHECKING:
    from ..hardware.cluster_spec import ClusterSpec
    from ..workload import JobTrace

LONGEST_RUN_S = 100 * 365.25 * 86400.0
"""A run that has not ended by then, with hardware that fails, is taken for one that never will."""


class Failing:
    """The incidents of a run up to `known_until`; `extend` draws further ones. Raises OptionError for what are no failures."""

    def __init__(self, spec: ClusterSpec, trace: JobTrace, failures: object, detection: Detection, *, seed: int, until: float) -> None:
        if not isinstance(failures, (Reliability, Outages)):
            raise OptionError(f"failures={failures!r:.60}: expected None, a Reliability (such as spec.reliability) or Outages")
        if not isinstance(detection, Detection):
            raise OptionError(f"detection={detection!r:.60}: expected a Detection, such as Detection(period=10, grace=40)")
        self.spec, self.failures, self.detection, self.seed, self.until = spec, failures, detection, seed, until
        if isinstance(failures, Outages):
            failures.check(spec.nodes())
            self.known_until = math.inf
        else:
            self.known_until = min(until, _first_span(trace, until))

    def described(self) -> dict[str, Any]:
        """What the manifest says: the rates, or the digest of the list, and how lost nodes are noticed."""
        failures, detection = self.failures, self.detection
        if isinstance(failures, Reliability):
            source: dict[str, Any] = {"reliability": failures.model_dump(mode="json", exclude_defaults=True)}
        else:
            columns = {name: getattr(failures, name) for name in ("start", "end", "kind", "node", "device", "notice", "grace")}
            source = {"outages": len(failures), "sha256": arrays_digest(columns)}
        return source | {"detection": {"period_s": detection.period, "grace_s": detection.grace, "damped": detection.damping is not None}}

    def incidents(self) -> Incidents:
        """All of them by `known_until`."""
        failures = self.failures
        if isinstance(failures, Reliability):
            failures = failures.outages(self.spec, seed=self.seed, until=self.known_until)
        found = incidents(failures, self.spec.nodes(), self.detection)
        if math.isinf(self.known_until):
            return found
        return found.by(self.known_until)

    def extend(self) -> Incidents:
        """The incidents of twice the time. Raises OptionError where the run seems to have no end."""
        if self.known_until > LONGEST_RUN_S:
            raise OptionError("after 100 years jobs still have not completed, the hardware fails so often: give until= or max_restarts=")
        self.known_until = min(self.until, 2 * self.known_until)
        return self.incidents()


def _first_span(trace: JobTrace, until: float) -> float:
    finite = trace.duration[np.isfinite(trace.duration)]
    if len(finite) < len(trace) and math.isinf(until):
        raise OptionError("some jobs never end and the hardware goes on failing: give the run a horizon with until=")
    return float(trace.submit.max(initial=0.0) + 2 * finite.max(initial=0.0) + 86400.0)
