"""What a manifest changes of the network: compared with what is declared, checked, and carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from ...errors import OptionError, SpecError, printable
from ..network.ingress import Ingress, IngressTable
from ..network.services import Service
from .manifest_writing import network_document
from .manifests import Change, Declared, Diff
from .network_objects import NetworkObject, NetworkObjects, label_of, network_of

if TYPE_CHECKING:
    from ..cluster import Cluster


@dataclass(frozen=True, slots=True)
class NetworkChanges:
    """What has to be done to the network. `changes`: of each changed one, by its label, the fields that differ."""

    created: tuple[NetworkObject, ...] = ()
    changed: tuple[NetworkObject, ...] = ()
    unchanged: tuple[NetworkObject, ...] = ()
    deleted: tuple[NetworkObject, ...] = ()
    changes: Mapping[str, tuple[Change, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def reserved(self) -> list[NetworkObject]:
        """What only an administrator may do of it: all that opens or closes a zone."""
        return [thing for thing in (*self.created, *self.changed, *self.deleted) if not isinstance(thing, Service)]

    def added_to(self, diff: Diff) -> Diff:
        """The difference of the workloads, with that of the network after it."""
        return Diff(
            (*diff.created, *map(label_of, self.created)),
            (*diff.changed, *map(label_of, self.changed)),
            (*diff.unchanged, *map(label_of, self.unchanged)),
            (*diff.deleted, *map(label_of, self.deleted)),
            MappingProxyType({**diff.changes, **self.changes}),
            diff.dry_run,
        )


def network_changes(cluster: Cluster, declared: Sequence[Declared], prunable: AbstractSet[str]) -> NetworkChanges:
    """What has to be done so that what is declared is there. Raises SpecError where the cluster has no network, and for a host and path
    that two ingresses would have.
    """
    if not declared and cluster.network is None:
        return NetworkChanges()
    try:
        present = {label_of(thing): thing for thing in NetworkObjects(cluster)}
    except OptionError as error:
        raise SpecError(str(error), where="kind", source=declared[0].where) from None
    created, changed, unchanged = [], [], []
    changes: dict[str, tuple[Change, ...]] = {}
    for thing, _ in declared:
        label = label_of(thing)
        old = present.get(label)
        if old is None:
            created.append(thing)
        elif differing := _differing(old, thing):
            changed.append(thing)
            changes[label] = differing
        else:
            unchanged.append(thing)
    kept = {label_of(thing) for thing, _ in declared}
    gone = prunable - kept
    deleted = [present[label] for label in sorted(gone) if label in present]
    _check_ingresses(cluster, declared, [thing for label, thing in present.items() if label not in kept and label not in gone])
    return NetworkChanges(tuple(created), tuple(changed), tuple(unchanged), tuple(deleted), MappingProxyType(changes))


def carry_out_network(cluster: Cluster, changes: NetworkChanges, actor: str) -> None:
    """Do what was found to be missing: deletions, then changes, then what is new, so that hosts and paths are free for it."""
    if not (changes.created or changes.changed or changes.deleted):
        return
    objects = NetworkObjects(cluster)
    for thing in changes.deleted:
        objects.remove(thing, actor)
    objects.change(changes.changed, actor)
    for thing in changes.created:
        objects.add(thing, actor)


def _differing(old: NetworkObject, new: NetworkObject) -> tuple[Change, ...]:
    before, after = network_document(old)["spec"], network_document(new)["spec"]
    keys = [key for key in dict.fromkeys([*before, *after]) if before.get(key) != after.get(key)]
    return tuple(Change(key, printable(str(before.get(key))), printable(str(after.get(key)))) for key in keys)


def _check_ingresses(cluster: Cluster, declared: Sequence[Declared], others: Sequence[NetworkObject]) -> None:
    """Put all that there will be into a table of its own."""
    if not any(isinstance(thing, Ingress) for thing, _ in declared):
        return
    table = IngressTable(network_of(cluster).traffic.ingress.address)
    table.add(*[thing for thing in others if isinstance(thing, Ingress)])
    for thing, where in declared:
        if isinstance(thing, Ingress):
            try:
                table.add(thing)
            except OptionError as error:
                raise SpecError(str(error), where="spec.paths", source=where) from None
