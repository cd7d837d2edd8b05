"""The shop of lessons 8 to 13: a small platform with people, customers' data, and code that predicts which of them will leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .customers import Customers
    from .files import FEATURES, FILES
    from .loop import closed_loop
    from .past import shop_with_a_past
    from .serving import Answers, accuracy_by_window, answers_of, bind_pipeline, open_api
    from .shop import Shop

__all__ = [
    "FEATURES",
    "FILES",
    "Answers",
    "Customers",
    "Shop",
    "accuracy_by_window",
    "answers_of",
    "bind_pipeline",
    "closed_loop",
    "open_api",
    "shop_with_a_past",
]

_HOME = {
    "Answers": "serving",
    "Customers": "customers",
    "FEATURES": "files",
    "FILES": "files",
    "Shop": "shop",
    "accuracy_by_window": "serving",
    "answers_of": "serving",
    "bind_pipeline": "serving",
    "closed_loop": "loop",
    "open_api": "serving",
    "shop_with_a_past": "past",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
