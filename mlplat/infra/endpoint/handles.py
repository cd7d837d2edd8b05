"""What `submit` and `fetch` answer: handles on one workload or transfer, for programs and for SimPy processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import printable
from ...html_tables import facts

if TYPE_CHECKING:
    import simpy

    from ..network.transfers import Transfer
    from ..workload_records import WorkloadRecord, WorkloadStatus
    from .facade import ManagementEndpoint
    from .services import Service


class WorkloadHandle:
    """A workload that was submitted. It stays with that one, whatever is called the same later."""

    __slots__ = ("_endpoint", "_entry", "name")

    def __init__(self, endpoint: ManagementEndpoint, name: str, entry: WorkloadRecord | Service) -> None:
        self._endpoint, self.name, self._entry = endpoint, name, entry

    @property
    def status(self) -> WorkloadStatus:
        """Where it is in its life now."""
        return self._entry.status

    @property
    def reason(self) -> str:
        """Why it is so, in a word; empty where there is nothing to say."""
        return self._entry.reason

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self._entry.over

    def wait(self) -> simpy.Event:
        """An event that happens when the workload is over, with its last status as value: `status = yield handle.wait()`."""
        return self._endpoint._ending(self._entry)

    def __repr__(self) -> str:
        return f"WorkloadHandle({printable(self.name)!r}: {self.status.value})"

    def _repr_html_(self) -> str:
        return facts([("status", self.status), ("reason", self.reason), ("over", self.over)], title=self.name)


class TransferHandle:
    """Bytes that move from place to place."""

    __slots__ = ("_transfer",)

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer

    @property
    def mib(self) -> float:
        """How much moves."""
        return self._transfer.mib

    @property
    def left_mib(self) -> float:
        """What has still to leave."""
        return self._transfer.left_mib

    @property
    def over(self) -> bool:
        """Whether it has arrived, or was cancelled."""
        return self._transfer.over

    def wait(self) -> simpy.Event:
        """An event that happens when the last byte is there; never if an end of it is gone before."""
        return self._transfer.done

    def __repr__(self) -> str:
        return f"TransferHandle({self.mib:g} MiB: {'over' if self.over else f'{self.left_mib:g} MiB left'})"
