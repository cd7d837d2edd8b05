"""What taking a capsule into the stores of a platform does, and keeping that: all or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...component import Component
from ..scm.source import Staged
from .stores import Stores

Told = tuple[str, str, Mapping[str, Any]]
"""Subject, predicate and data of an event."""


class Admission(NamedTuple):
    """What an import does. `contents`: to be put. `records`: of each component, in order. `told`: events. `registered`, `known`: resources
    that are new, and that were there. `packs`: of each pack of source code its objects by id.
    """

    contents: tuple[bytes, ...]
    records: tuple[tuple[Component, Mapping[str, Any]], ...]
    told: tuple[tuple[Component, Told], ...]
    registered: tuple[str, ...]
    known: tuple[str, ...]
    packs: Mapping[str, dict[str, bytes]]


def keep(stores: Stores, admission: Admission, last: tuple[Component, Mapping[str, Any]]) -> None:
    """Keep all of it, and a last record, or nothing: contents first, then all records in one transaction, then the state that they make."""
    store = stores.scm._store
    for content in admission.contents:
        store.put(content)
    records = [*admission.records, last]
    with store.transaction():
        for component, record in records:
            store.append(component.SOURCE, record)
    for component, record in records:
        if component is stores.scm and "pack" in record:  # what it has just put it need not read again
            stores.scm._staged = Staged(admission.packs[record["pack"]], None)
        component._apply(record)
