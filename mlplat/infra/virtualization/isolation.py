"""What a program sees from inside its environment: its own limits, devices, disk and log. Nothing here leads to another environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...errors import MlplatError, OptionError, UnknownNameError, printable
from ...units import MIB

if TYPE_CHECKING:
    from .environments import RuntimeEnvironment


class EnvironmentGoneError(MlplatError):
    """A program acted in an environment that has ended or that was fenced."""


class VisibleDevice(NamedTuple):
    """An accelerator as its holder sees it: numbered from 0, with the part of it that is the holder's.

    `milli`: 1000 for a whole device, else its share; a MIG instance (`mig` names the profile) counts for its part of the device.
    `memory_mib`: the memory that goes with it.
    """

    number: int
    model: str
    milli: int
    memory_mib: int
    mig: str


class LocalDisk:
    """Files on the local disk of one environment. They survive a restart in place and are gone when the environment ends.

    Their sizes count against the environment's disk limit, beside what its usage model says.
    """

    def __init__(self, environment: RuntimeEnvironment) -> None:
        self._environment = environment
        self._files: dict[str, bytes] = {}
        self._mib: dict[str, float] = {}
        self._used_mib = 0.0

    def write(self, name: str, content: bytes, size_mib: float | None = None) -> None:
        """Write a file, in place of one of that name. `size_mib`: its size in the simulation; None is the size of `content`.

        Over the disk limit the environment is evicted at this instant. Raises EnvironmentGoneError, and OptionError for a bad size.
        """
        self._check()
        if not isinstance(content, bytes):
            raise OptionError(f"content of file {printable(str(name)[:80])!r}: expected bytes, not {type(content).__name__}")
        size = len(content) / MIB if size_mib is None else size_mib
        if isinstance(size, bool) or not isinstance(size, (int, float)) or not 0 <= size <= 2**50:
            raise OptionError(f"size_mib={str(size)[:40]}: expected MiB from 0 to {2**50}")
        self._files[name], self._mib[name] = content, size
        self._count()

    def read(self, name: str) -> bytes:
        """The content of a file. Raises EnvironmentGoneError, and UnknownNameError for a file that is not there."""
        self._check(name)
        return self._files[name]

    def delete(self, name: str) -> None:
        """Remove a file. Raises like `read`."""
        self._check(name)
        del self._files[name], self._mib[name]
        self._count()

    def names(self) -> list[str]:
        """The names of all files, in the order in which they were made."""
        self._check()
        return list(self._files)

    @property
    def used_mib(self) -> float:
        """MiB of all files."""
        return self._used_mib

    def _count(self) -> None:
        self._used_mib = float(sum(self._mib.values()))
        self._environment._life.reconsider(self._environment)

    def _check(self, name: str | None = None) -> None:
        _check_alive(self._environment)
        if name is not None and name not in self._files:
            raise UnknownNameError("file", printable(str(name)[:100]), self._files)

    def _drop(self) -> None:
        self._files.clear()
        self._mib.clear()
        self._used_mib = 0.0


class EnvironmentView:
    """An environment from inside: what its program can see and do."""

    __slots__ = ("_environment",)

    def __init__(self, environment: RuntimeEnvironment) -> None:
        self._environment = environment

    @property
    def name(self) -> str:
        """Its host name."""
        return self._environment.name

    @property
    def entry(self) -> str:
        """The entry point of its image, empty without one."""
        image = self._environment.image
        return image.entry if image else ""

    @property
    def cpu_milli(self) -> int | None:
        """Its CPU limit, None without one."""
        return self._environment.request.cpu_milli or None

    @property
    def memory_mib(self) -> int | None:
        """Its memory limit, None without one."""
        return self._environment.request.memory_mib or None

    @property
    def disk_mib(self) -> int | None:
        """Its disk limit, None without one."""
        return self._environment.request.disk_mib or None

    @property
    def devices(self) -> tuple[VisibleDevice, ...]:
        """Its accelerators, numbered from 0 whatever they are on the node."""
        environment = self._environment
        grant, nodes = environment.grant, environment._life.nodes
        if not grant.devices:
            return ()
        model = nodes.models[nodes.model[environment.node]].name
        milli = grant.milli or grant.counts
        return tuple(VisibleDevice(i, model, milli, grant.memory_mib, environment.request.mig) for i in range(len(grant.devices)))

    @property
    def disk(self) -> LocalDisk:
        """Its local disk. Raises EnvironmentGoneError after its end."""
        environment = self._environment
        _check_alive(environment)
        if environment._disk is None:
            environment._disk = LocalDisk(environment)
        return environment._disk

    @property
    def alive(self) -> bool:
        """Whether what the program does still counts: its environment has not ended and was not fenced."""
        return not (self._environment.ended or self._environment.fenced)

    def log(self, text: str) -> None:
        """Write a line to its log. Raises EnvironmentGoneError."""
        _check_alive(self._environment)
        self._environment.note(text)

    def __repr__(self) -> str:
        return f"EnvironmentView({printable(self.name)!r}: {self._environment.request}, {len(self.devices)} devices)"


def _check_alive(environment: RuntimeEnvironment) -> None:
    if environment.ended or environment.fenced:
        state = "was fenced" if environment.fenced else f"has {environment.state.value}"
        raise EnvironmentGoneError(f"environment {printable(environment.name)!r} {state}: it can do nothing any more")
