"""Labels and taints that nodes of a live cluster get and lose at run time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import OptionError, SpecError
from ..hardware.node_group import Taint
from .kernels.attempt_state import Incident
from .tolerations import EFFECTS, check_label

if TYPE_CHECKING:
    from .cluster import Cluster

SOURCE = "endpoint"


class NodeMarks:
    """Changes what is stated of a node (its row of `spec.nodes()`). A change takes effect at once, and is seen by the cycle of the instant.

    What a node is given stays with its name, also while it is not there. Each call returns whether it has changed anything.

    Events: `node.labelled` {labels, removed}, `node.tainted` {key, value, effect}, `node.untainted` {key, effects}.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def labels(self, row: int) -> dict[str, str]:
        """All labels of a node."""
        return self.cluster.scheduler.table.kinds.of_nodes.labels(row)

    def taints(self, row: int) -> tuple[Taint, ...]:
        """The taints of a node."""
        return self.cluster.scheduler.table.kinds.of_nodes.stated(row).taints

    def label(self, row: int, labels: Mapping[str, str | None], actor: str) -> bool:
        """Set labels, or remove those that are None. Raises OptionError."""
        if not isinstance(labels, Mapping):
            raise OptionError(f"labels={labels!a:.60}: expected a mapping of labels to values, None for one to remove")
        for key, value in labels.items():
            check_label(key, "" if value is None else value)
        before = dict(self.cluster.scheduler.table.kinds.of_nodes.stated(row).labels)
        given = {key: value for key, value in labels.items() if value is not None and before.get(key) != value}
        removed = tuple(key for key, value in labels.items() if value is None and key in before)
        if not given and not removed:
            return False
        after = {key: value for key, value in (before | given).items() if key not in removed}
        self.cluster.sim.emit(self._subject(row), "node.labelled", source=SOURCE, actor=actor, data={"labels": given, "removed": removed})
        self.cluster.scheduler.mark(row, after, self.taints(row))
        return True

    def taint(self, row: int, key: str, value: str, effect: str, actor: str) -> bool:
        """Add a taint, or give the one of this key and effect another value. `NoExecute` ends what does not tolerate it, which waits again.
        Raises OptionError.
        """
        check_label(key, value)
        if effect not in EFFECTS:
            raise OptionError(f"effect={effect!a:.60}: expected one of {', '.join(EFFECTS)}")
        try:
            made = Taint.model_validate({"key": key, "value": value, "effect": effect})
        except SpecError as error:
            raise OptionError(str(error)) from None
        before = self.taints(row)
        if made in before:
            return False
        event = self.cluster.hardware.say(row, "node.tainted", source=SOURCE, actor=actor, cause=None, data=made.model_dump())
        after = (*(taint for taint in before if (taint.key, taint.effect) != (key, effect)), made)
        self.cluster.scheduler.mark(row, self._stated_labels(row), after)
        if effect == "NoExecute":
            with self.cluster.sim.caused_by(event):
                self.cluster.scheduler.strike(Incident.EXPEL, row)
        return True

    def untaint(self, row: int, key: str, actor: str) -> bool:
        """Remove the taints of a key. Raises OptionError."""
        check_label(key, "")
        before = self.taints(row)
        gone = tuple(taint.effect for taint in before if taint.key == key)
        if not gone:
            return False
        self.cluster.sim.emit(self._subject(row), "node.untainted", source=SOURCE, actor=actor, data={"key": key, "effects": gone})
        self.cluster.scheduler.mark(row, self._stated_labels(row), tuple(taint for taint in before if taint.key != key))
        return True

    def _stated_labels(self, row: int) -> Mapping[str, str]:
        return self.cluster.scheduler.table.kinds.of_nodes.stated(row).labels

    def _subject(self, row: int) -> str:
        return f"node:{self.cluster.nodes.names[row]}"
