"""The calls of the endpoint about nodes: whether they take work, their labels and taints, and which there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...errors import OptionError
from ...units import Duration, seconds
from .access import ADMINISTRATOR
from .calls import Calls, verb
from .node_management import NodeManagement

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..tolerations import TaintEffect
    from .descriptions import NodeDescription


class NodeVerbs(Calls):
    """The part of `ManagementEndpoint` that is about nodes. All but `describe_node` are for administrators."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._node_management = NodeManagement(cluster)

    @verb
    def cordon(self, node: str, *, actor: str = ADMINISTRATOR) -> NodeDescription:
        """Let a node take no new work; what runs there runs on. Nothing happens to one that is cordoned. Raises UnknownNameError."""
        self._administrator(actor, "cordon", node)
        return self._node_management.cordon(node, actor)

    @verb
    def drain(self, node: str, *, grace: Duration = 0.0, actor: str = ADMINISTRATOR) -> NodeDescription:
        """Cordon a node and stop what runs there, which waits again; it may write a checkpoint within `grace`. Raises UnknownNameError."""
        self._administrator(actor, "drain", node)
        return self._node_management.drain(node, duration_s("grace", grace), actor)

    @verb
    def uncordon(self, node: str, *, actor: str = ADMINISTRATOR) -> NodeDescription:
        """Let a node take work again. Nothing happens to one that does. Raises UnknownNameError."""
        self._administrator(actor, "uncordon", node)
        return self._node_management.uncordon(node, actor)

    @verb
    def label(self, node: str, labels: Mapping[str, str | None], *, actor: str = ADMINISTRATOR) -> NodeDescription:
        """Give a node labels, or take those away that are None; what runs there runs on. Raises UnknownNameError, OptionError."""
        self._administrator(actor, "label", node)
        return self._node_management.label(node, labels, actor)

    @verb
    def taint(
        self, node: str, key: str, value: str = "", *, effect: TaintEffect = "NoSchedule", actor: str = ADMINISTRATOR
    ) -> NodeDescription:
        """Keep workloads away from a node that do not tolerate this. `NoExecute` also stops what runs there, which waits again. Raises
        UnknownNameError, OptionError.
        """
        self._administrator(actor, "taint", node)
        return self._node_management.taint(node, key, value, effect, actor)

    @verb
    def untaint(self, node: str, key: str, *, actor: str = ADMINISTRATOR) -> NodeDescription:
        """Take the taints of a key away. Nothing happens to a node that has none. Raises UnknownNameError, OptionError."""
        self._administrator(actor, "untaint", node)
        return self._node_management.untaint(node, key, actor)

    @verb
    def add_node(self, group: str, *, actor: str = ADMINISTRATOR) -> str:
        """Let the first machine of a group join that is not there, at this instant. Returns the name of the node. Raises UnknownNameError
        for the group, OptionError where all of its machines are there.
        """
        self._administrator(actor, "add_node", group)
        return self._node_management.add(group, actor)

    @verb
    def remove_node(self, node: str, *, grace: Duration = 0.0, actor: str = ADMINISTRATOR) -> NodeDescription:
        """Drain a node with `grace`; it leaves once nothing holds room there. `uncordon` before that takes it back. Raises
        UnknownNameError, and OptionError for a node that is not there or is being removed.
        """
        self._administrator(actor, "remove_node", node)
        return self._node_management.remove(node, duration_s("grace", grace), actor)

    @verb
    def describe_node(self, node: str) -> NodeDescription:
        """A node as it is now. Raises UnknownNameError."""
        return self._node_management.describe(node)


def duration_s(name: str, value: Duration) -> float:
    """Seconds of an option that is a duration. Raises OptionError that names it."""
    try:
        return seconds(value)
    except OptionError as error:
        raise OptionError(f"{name}: {error}") from None
