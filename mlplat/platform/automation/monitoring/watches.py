"""`Watch`: what is watched of a service and how; `Prediction`: what is collected of one request."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from ....errors import OptionError, UnknownNameError, printable
from ...references import Reference
from .drift.chi_square import ChiSquare
from .drift.classifier_two_sample import ClassifierTwoSample
from .drift.deciding import DriftRule
from .drift.drift_test import DriftTest
from .drift.kolmogorov_smirnov import KolmogorovSmirnov
from .drift.maximum_mean_discrepancy import MaximumMeanDiscrepancy
from .drift.population_stability import PSI
from .drift.reference import PREDICTION
from .drift.wasserstein import Wasserstein
from .quality import Metric

TESTS: Mapping[str, type[DriftTest]] = {
    test.name: test for test in (KolmogorovSmirnov, PSI, ChiSquare, Wasserstein, MaximumMeanDiscrepancy, ClassifierTwoSample)
}
META = ("request", "version", "time_s", "latency_s", "hardware")
"""Columns of a window beside features and predictions; no feature can be called like one."""
_SHARES = 2**64


class Prediction(NamedTuple):
    """One answered request. `request`: its id. `version`: of the model that answered, `project/name@version`. `prediction`: a value, or
    values by name. `latency_s`: from arrival to answer; `time_s`: of the answer, now if None. `hardware`: model of the accelerator or
    node.

    >>> Prediction("r-1", "shop/churn@3", {"age": 41}, 0.7, latency_s=0.02).row(now_s=60.0)["time_s"]
    60.0
    """

    request: str
    version: str
    features: Mapping[str, Any]
    prediction: Any
    latency_s: float | None = None
    time_s: float | None = None
    hardware: str = ""

    def row(self, now_s: float) -> dict[str, Any]:
        """As a row of a window. Raises OptionError."""
        if not isinstance(self.request, str) or not self.request or not isinstance(self.features, Mapping):
            raise OptionError("prediction: expected the id of its request, and features by name")
        where = f"request {printable(self.request[:40])!r}"
        model = Reference.parse(self.version)
        if not model.version:
            raise OptionError(f"{where}: expected the version of the model that answered, such as '{model.path}@3'")
        for what, number in (("latency_s", self.latency_s), ("time_s", self.time_s)):
            wrong = isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number)
            if number is not None and wrong:
                raise OptionError(f"{where}: {what}: expected seconds")
        row: dict[str, Any] = {
            "request": self.request,
            "version": str(model),
            "time_s": now_s if self.time_s is None else float(self.time_s),
            "latency_s": None if self.latency_s is None else float(self.latency_s),
            "hardware": str(self.hardware),
        }
        answers = self.prediction if isinstance(self.prediction, Mapping) else {"prediction": self.prediction}
        for name, value in [*self.features.items(), *((f"{PREDICTION}{name}", value) for name, value in answers.items())]:
            if not isinstance(name, str) or name in row:
                raise OptionError(f"{where}: feature {printable(str(name)[:40])!r}: expected text, and none of {', '.join(META)}")
            row[name] = value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value
        return row


@dataclass(frozen=True, slots=True)
class Watch:
    """How a service is watched; what is not said has these defaults.

    `account`: the service account as which the monitor reads baselines and writes windows. `dataset`: where windows are kept. `baseline`: a
    dataset version to compare with, in place of the baselines of the model versions. `sampling`: share of requests that is kept. A window
    of one model version is closed after `rows`, or every `every_s` seconds if it has `minimum` rows by then. `alpha`, `psi_floor`,
    `share_floor`, `tests`: those of `DriftRule`, tests by name. `metric`, `labels`, `quality_floor`: quality is judged by so many labels
    at a time, worse by that share of the captured value. `latency_floor`: P95 over the captured one. `normal`: windows after which an
    incident is over. `again`: after each so many further windows in which it is still so, an incident is told again.
    """

    name: str
    account: str
    dataset: str
    baseline: str = ""
    sampling: float = 1.0
    rows: int = 1_000
    every_s: float | None = None
    minimum: int = 500
    alpha: float = 0.01
    psi_floor: float = 0.1
    share_floor: float = 0.1
    tests: tuple[str, ...] = ("ks", "chi_square")
    metric: str = "accuracy"
    labels: int = 200
    quality_floor: float = 0.02
    latency_floor: float = 1.2
    normal: int = 3
    again: int = 10

    def __post_init__(self) -> None:
        for name, least in (("rows", 1), ("minimum", 1), ("labels", 10), ("normal", 1), ("again", 1)):
            given = getattr(self, name)
            if isinstance(given, bool) or not isinstance(given, int) or given < least:
                raise OptionError(f"{name}={given!r}: expected a whole number of at least {least}")
        for name, low, high in (
            ("sampling", 0.0, 1.0),
            ("alpha", 0.0, 1.0),
            ("psi_floor", 0.0, math.inf),
            ("share_floor", 0.0, 1.0),
            ("quality_floor", 0.0, 1.0),
            ("latency_floor", 1.0, math.inf),
        ):
            given = getattr(self, name)
            if isinstance(given, bool) or not isinstance(given, (int, float)) or not low <= given <= high or not math.isfinite(given):
                raise OptionError(f"{name}={given!r}: expected a number from {low:g} to {high:g}")
        if self.rows < self.minimum:
            raise OptionError(f"rows={self.rows:,}: expected at least the minimum, {self.minimum:,}")
        if self.metric not in [*Metric]:
            raise UnknownNameError("metric", printable(str(self.metric)[:40]), [*Metric])
        if not isinstance(self.tests, (tuple, list)) or not all(isinstance(test, str) for test in self.tests) or not self.tests:
            raise OptionError(f"tests: expected names of tests, of {', '.join(TESTS)}")

    @property
    def project(self) -> str:
        return self.name.split("/", 1)[0]

    @property
    def resource(self) -> str:
        return f"window:{self.name}"

    def rule(self, known: Mapping[str, DriftTest]) -> DriftRule:
        """The rule by which windows are decided. Raises UnknownNameError for a test, OptionError."""
        for test in self.tests:
            if test not in known:
                raise UnknownNameError("drift test", printable(test[:40]), known)
        return DriftRule(self.alpha, self.minimum, self.psi_floor, self.share_floor, tuple(known[test] for test in self.tests))

    def keeps(self, request: str) -> bool:
        """Whether a request is in the sample: by its id alone, and independent of the version to which it was sent by its id."""
        drawn = int.from_bytes(hashlib.sha256(f"monitoring/sample/{request}".encode()).digest()[:8], "big")
        return drawn < self.sampling * _SHARES

    def record(self) -> dict[str, Any]:
        """For the journal."""
        return asdict(self) | {"tests": list(self.tests)}

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Watch:
        given = {each.name: record[each.name] for each in fields(cls) if each.name in record}
        return cls(**given | {"tests": tuple(given["tests"])})


def known_tests(own: Iterable[DriftTest]) -> dict[str, DriftTest]:
    """One of each test that comes with the library, and those of one's own."""
    return {name: kind() for name, kind in TESTS.items()} | {test.name: test for test in own}
