"""Quotas and cohorts: who may use how much of a cluster when others want it too (docs/quotas.md).

`descriptions` is what people write, `amounts` how; `reading` takes it from files and `checks` holds it against a cluster. `parts` are the
flavors and reserved nodes, `arrays` what the kernels are given, `table` the same for a cluster that lives. `use` and `reasons` answer.
Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .descriptions import Cohort, Described, Quota, QuotaWarning, ReservedNodes, with_the_rest

__all__ = ["Cohort", "Described", "Quota", "QuotaWarning", "ReservedNodes", "with_the_rest"]

_HOME = dict.fromkeys(__all__, "descriptions")

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
