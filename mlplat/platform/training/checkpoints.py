"""Where states of training are kept while it runs, and which of them it can go on from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import MlplatError, OptionError, printable
from ..references import whole_name

if TYPE_CHECKING:
    from ..artifacts.data import DataStore
    from ..identity.principals import Principal


class Kept(NamedTuple):
    """A checkpoint that was written: `reference` of the dataset version, and the iterations that are in it."""

    reference: str
    done: int


class Skipped(NamedTuple):
    """A checkpoint that could not be used, or not be written, and why, in words."""

    reference: str
    problem: str


class Checkpoints:
    """The checkpoints of one run of training: versions of a dataset, which hold the state's bytes.

    Only what this run has written is gone on from: a reproduction that took up checkpoints of the run it repeats would prove nothing.
    `written`: all of them, the oldest first. `skipped`: those that were damaged, gone or forbidden when they were needed.
    """

    def __init__(self, data: DataStore, name: str, *, actor: Principal) -> None:
        self._data, self._name, self._actor = data, whole_name(name).path, actor
        self.written: list[Kept] = []
        self.skipped: list[Skipped] = []

    def write(self, content: bytes, done: int, iterations: int) -> None:
        """Keep a state. One that cannot be kept, for want of a right or otherwise, is skipped: training goes on without."""
        note = f"{done} of {iterations} iterations"
        try:
            version = self._data.publish(self._name, content, note=note, actor=self._actor)
        except MlplatError as error:
            self.skipped.append(Skipped(self._name, str(error)))
            return
        kept = Kept(version.reference, done)
        if kept not in self.written:
            self.written.append(kept)

    def newest(self) -> Iterator[tuple[Kept, bytes]]:
        """What was written, the newest first, without what cannot be read as it was written."""
        for kept in reversed(self.written):
            try:
                content = self._data.read(kept.reference, actor=self._actor)
            except MlplatError as error:
                self.skip(kept, error)
            else:
                yield kept, content

    def skip(self, kept: Kept, error: MlplatError) -> None:
        """Say that a checkpoint is of no use."""
        self.skipped.append(Skipped(kept.reference, str(error)))

    def __repr__(self) -> str:
        return f"Checkpoints({printable(self._name)}: {len(self.written)} written, {len(self.skipped)} skipped)"


def latest_state(trainer: Any, data: Any, checkpoints: Checkpoints | None) -> Any:
    """The state in the newest checkpoint that is whole and of this training, or None."""
    for kept, content in checkpoints.newest() if checkpoints is not None else ():
        try:
            if not isinstance(content, bytes):
                raise OptionError(f"{kept.reference}: a {type(content).__name__}; expected the bytes of a state")
            state = trainer.from_bytes(content, data)
        except MlplatError as error:
            assert checkpoints is not None
            checkpoints.skip(kept, error)
        else:
            return state
    return None
