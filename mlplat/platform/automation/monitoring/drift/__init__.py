"""Drift: tests of two samples, and the decision about a window that makes all of them together.

Pure statistics over arrays and frames: no component, no clock, no events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .....lazy_names import lazy_names

if TYPE_CHECKING:
    from .adwin import Adwin
    from .chi_square import ChiSquare
    from .classifier_two_sample import ClassifierTwoSample
    from .columns import ColumnKind
    from .correction import holm
    from .deciding import DriftRule, decide
    from .drift_test import CategoricalTest, DriftTest, Evidence, JointTest, NumericTest
    from .kolmogorov_smirnov import KolmogorovSmirnov
    from .maximum_mean_discrepancy import MaximumMeanDiscrepancy
    from .naive import NaiveVerdict, naive_rules
    from .page_hinkley import PageHinkley
    from .population_stability import PSI
    from .reference import Reference
    from .stream_detector import StreamDetector
    from .verdict import Finding, FindingKind, Outcome, Reason, WindowVerdict
    from .wasserstein import Wasserstein
    from .window_length import WindowAdvice, recommend_window

__all__ = [
    "PSI",
    "Adwin",
    "CategoricalTest",
    "ChiSquare",
    "ClassifierTwoSample",
    "ColumnKind",
    "DriftRule",
    "DriftTest",
    "Evidence",
    "Finding",
    "FindingKind",
    "JointTest",
    "KolmogorovSmirnov",
    "MaximumMeanDiscrepancy",
    "NaiveVerdict",
    "NumericTest",
    "Outcome",
    "PageHinkley",
    "Reason",
    "Reference",
    "StreamDetector",
    "Wasserstein",
    "WindowAdvice",
    "WindowVerdict",
    "decide",
    "holm",
    "naive_rules",
    "recommend_window",
]

_HOME = {
    "PSI": "population_stability",
    "Adwin": "adwin",
    "CategoricalTest": "drift_test",
    "ChiSquare": "chi_square",
    "ClassifierTwoSample": "classifier_two_sample",
    "ColumnKind": "columns",
    "DriftRule": "deciding",
    "DriftTest": "drift_test",
    "Evidence": "drift_test",
    "Finding": "verdict",
    "FindingKind": "verdict",
    "JointTest": "drift_test",
    "KolmogorovSmirnov": "kolmogorov_smirnov",
    "MaximumMeanDiscrepancy": "maximum_mean_discrepancy",
    "NaiveVerdict": "naive",
    "NumericTest": "drift_test",
    "Outcome": "verdict",
    "PageHinkley": "page_hinkley",
    "Reason": "verdict",
    "Reference": "reference",
    "StreamDetector": "stream_detector",
    "Wasserstein": "wasserstein",
    "WindowAdvice": "window_length",
    "WindowVerdict": "verdict",
    "decide": "deciding",
    "holm": "correction",
    "naive_rules": "naive",
    "recommend_window": "window_length",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
