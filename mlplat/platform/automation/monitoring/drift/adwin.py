"""ADWIN: adaptive windowing (Bifet and Gavaldà 2007), through river."""

from __future__ import annotations

from typing import Any

from .stream_detector import StreamDetector, river_drift


class Adwin(StreamDetector):
    """Keeps as long a window as has one mean, and alarms when an older and a newer part of it differ by more than chance allows.

    Its bound is for every cut of the window and is on the safe side, so that `alpha` is met with room and small shifts take it long.
    """

    name = "adwin"

    def _detector(self) -> Any:
        return river_drift().ADWIN(delta=self._level)
