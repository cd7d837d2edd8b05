"""`Telling`: what became of the requests of a service, for those who collect it: all of them, and samples with real predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...errors import printable
from .answers import Observed, Sent
from .columns import OUTCOMES
from .live_server import Finished
from .seen import Seen, latency, sampled

if TYPE_CHECKING:
    from .live_version import Inputs, LiveVersion


class Telling:
    """Keeps what has become known of requests until it is told. `part`: of the answered requests that are samples, chosen by `salt`."""

    def __init__(self, service: str, part: float, salt: int, told: Callable[[Observed], None]) -> None:
        self._service, self._part, self._salt, self._told = service, part, salt, told
        self.seen = Seen()
        self.inputs: dict[int, Inputs] = {}
        """By stream, what gives the inputs of its requests."""
        self._sent: dict[int, Sent] = {}
        self._parts: list[tuple[Finished, npt.NDArray[np.int64]]] = []

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for a request that was sent by itself."""
        return bool(self._sent)

    @property
    def untold(self) -> bool:
        """Whether something has not been told yet."""
        return bool(self._parts)

    def wait_for(self, stream: int, sent: Sent, inputs: Any) -> None:
        """Say it when the only request of a stream is over."""
        self._sent[stream] = sent
        if inputs is not None:
            self.inputs[stream] = lambda rows: inputs

    def take(self, done: Finished, of_row: Mapping[int, LiveVersion]) -> None:
        """These requests are over. `of_row`: the versions, by row of the server."""
        if not len(done.number):
            return
        numbers = np.zeros(int(done.version.max()) + 1, dtype=np.int64)
        for row, version in of_row.items():
            if row < len(numbers):
                numbers[row] = version.plan.number
        self.seen.add(done, numbers[done.version])
        self._parts.append((done, numbers[done.version]))
        if self._sent:
            for at in np.flatnonzero(np.isin(done.stream, list(self._sent))).tolist():
                self._answer(done, at, of_row[int(done.version[at])])

    def flush(self, versions: Iterable[LiveVersion]) -> None:
        """Tell what became known since the last time, by version."""
        parts, self._parts = self._parts, []
        for version in list(versions):
            mine = [[column[of == version.plan.number] for column in done] for done, of in parts if (of == version.plan.number).any()]
            if mine:
                self._told(self._observed(version, Finished(*map(np.concatenate, zip(*mine, strict=True)))))
            version.lost_places.clear()

    # -- inside

    def _answer(self, done: Finished, at: int, version: LiveVersion) -> None:
        stream = int(done.stream[at])
        sent = self._sent.pop(stream)
        sent.outcome, sent.version, sent.latency_s = OUTCOMES[int(done.outcome[at])], version.plan.number, float(latency(done)[at])
        if sent.outcome == "answered" and stream in self.inputs:
            sent.prediction, sent.error = _predicted(version, self.inputs[stream](done.row[at : at + 1]))
        sent._happened.succeed(sent.outcome)

    def _observed(self, version: LiveVersion, done: Finished) -> Observed:
        took, plan = latency(done), version.plan
        chosen = sampled(done.number, self._salt, self._part) & ~np.isnan(took)
        lost = chosen & np.isin(done.place, sorted(version.lost_places))
        rows, inputs = self._inputs_of(done, np.flatnonzero(chosen & ~lost))
        predictions, error = (None, "") if inputs is None else _predicted(version, inputs)
        known = (plan.number, plan.model, plan.digest, done.number, done.end, done.outcome, took)
        return Observed(self._service, *known, rows, inputs, predictions, error, int(lost.sum()))

    def _inputs_of(self, done: Finished, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], Any]:
        """The rows of samples whose inputs are known, and these, one frame; where none are known, all rows and None."""
        frames, kept = [], []
        for stream in np.unique(done.stream[rows]).tolist():
            if stream in self.inputs:
                own = rows[done.stream[rows] == stream]
                frames.append(self.inputs[stream](done.row[own]))
                kept.append(own)
        return (np.concatenate(kept), _stacked(frames)) if frames else (rows, None)


def _predicted(version: LiveVersion, inputs: Any) -> tuple[Any, str]:
    """What a model predicts, or what it has raised."""
    if version.predictor is None:
        return None, ""
    try:
        return version.predictor.predict(inputs), ""
    except Exception as error:  # of whoever made the model, or the inputs
        return None, printable(f"{type(error).__name__}: {error}")[:500]


def _stacked(frames: list[Any]) -> Any:
    if len(frames) == 1:
        return frames[0]
    if isinstance(frames[0], np.ndarray):
        return np.concatenate(frames)
    if isinstance(frames[0], list):
        return [row for frame in frames for row in frame]
    import polars as pl

    return pl.concat(frames)
