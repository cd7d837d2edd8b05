"""The calls of the endpoint that declare: `apply`, and `to_manifest` for what was declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from ...errors import OptionError, SpecError, UnknownNameError
from .access import ADMINISTRATOR, check_principal
from .calls import verb
from .image_verbs import ImageVerbs
from .zone_guard import GuardVerbs

if TYPE_CHECKING:
    from ..cluster import Cluster
    from .directory import Directory
    from .manifests import Diff, Wanted


class Declarations(ImageVerbs, GuardVerbs):
    """The part of `ManagementEndpoint` that takes and gives manifests."""

    def __init__(self, cluster: Cluster, directory: Directory) -> None:
        super().__init__(cluster)
        self._directory = directory
        self._applied: set[str] = set()
        """What was applied: names of workloads, labels of what is of the network."""

    @verb
    def apply(
        self,
        manifest: str | PathLike[str] | Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        actor: str = ADMINISTRATOR,
        dry_run: bool = False,
        prune: bool = False,
    ) -> Diff:
        """Make workloads and network be what a manifest says: YAML text, a YAML file, or parsed documents (docs/endpoint.md).

        All of it or, where anything is wrong, nothing. Applying the same again changes nothing and emits nothing. A service that differs
        is scaled or rolled out; a gang that differs is ended and submitted anew. `prune`: delete what was applied before and is not in
        this manifest. `dry_run`: only say what would be done. Raises SpecError with the document and the path, InputError for YAML;
        AccessDenied where policies or ingresses come, change or go, for all but administrators.
        """
        from .manifests import carry_out, difference, read_manifest
        from .network_changes import carry_out_network, network_changes
        from .network_objects import label_of

        check_principal(actor)
        read, declared = read_manifest(manifest)
        wanted = [entry._replace(workload=self._with_image(entry.workload, actor)) for entry in read]
        prunable = self._applied if prune else frozenset[str]()
        of_workloads = difference(self._directory, wanted, prunable, dry_run)
        of_network = network_changes(self._cluster, declared, prunable)
        for entry in wanted:
            self._may(actor, "submit", entry.workload.zone, entry.workload.name)
            self._check(entry)
        for name in of_workloads.deleted:
            self._may(actor, "delete", self._directory.find(name).workload.zone, name)
        for thing in of_network.reserved():
            self._administrator(actor, "apply", label_of(thing))
        diff = of_network.added_to(of_workloads)
        if not dry_run:
            carry_out_network(self._cluster, of_network, actor)
            carry_out(self._directory, of_workloads, wanted, actor)
            self._applied.update([entry.workload.name for entry in wanted], [label_of(thing) for thing, _ in declared])
            self._applied.difference_update(diff.deleted)
        return diff

    def _check(self, entry: Wanted) -> None:
        """Raises SpecError for a workload that this cluster cannot run, whatever it has room for."""
        network = self._cluster.network
        where = "spec.zone"
        try:
            if network is not None:
                network.check(entry.workload)
            where = "spec.checkpoint"
            self._cluster.check_checkpoint(entry.workload)
        except (OptionError, UnknownNameError) as error:
            raise SpecError(str(error), where=where, source=entry.where) from None

    @verb
    def to_manifest(self, *names: str) -> str:
        """YAML that `apply` makes the same from. `names`: of workloads, and of what is of the network as a `Diff` names it, such as
        `NetworkPolicy shop/open`; without names, of all. Raises UnknownNameError, OptionError for what YAML cannot say.
        """
        from .manifest_writing import write_manifest
        from .network_objects import NetworkObjects, label_of

        objects = {} if self._cluster.network is None else {label_of(thing): thing for thing in NetworkObjects(self._cluster)}
        if not names:
            return write_manifest([*(entry.workload for entry in self._directory), *objects.values()])
        found = [objects.get(name) if isinstance(name, str) else None for name in names]
        return write_manifest([thing or self._directory.find(name).workload for name, thing in zip(names, found, strict=True)])
