"""MIG geometry: which instances an accelerator can be cut into, and at which of its 8 memory positions they may start.

Profiles and starts follow NVIDIA's MIG user guide ("Supported MIG profiles") and the placements that `nvidia-smi mig -lgipp` lists.
The media-extension variants (`+me`) take the same positions as the plain profile and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field, model_validator

from ..errors import UnknownNameError
from .spec_model import Amount, Name, PlacedError, SpecModel

POSITIONS = 8
"""Memory positions of a device with MIG."""

COMPUTE_SLICES = 7
"""Compute slices of a device with MIG."""


class MigProfile(SpecModel):
    """One kind of MIG instance: it covers `span` memory positions from one of `starts`.

    `compute_slices`: 1 to 7. `memory_mib`: MiB of the instance. Raises SpecError for a span that leaves the device.

    >>> profile = MigProfile(name="3g.20gb", compute_slices=3, span=4, starts=(0, 4), memory_mib=20480)
    >>> profile.milli, profile.masks
    (428, (15, 240))
    """

    name: Name
    compute_slices: Annotated[int, Field(ge=1, le=COMPUTE_SLICES)]
    span: Annotated[int, Field(ge=1, le=POSITIONS)]
    starts: tuple[Annotated[int, Field(ge=0, lt=POSITIONS)], ...]
    memory_mib: Amount

    @model_validator(mode="after")
    def _inside_the_device(self) -> MigProfile:
        if not self.starts or list(self.starts) != sorted(set(self.starts)):
            raise PlacedError("expected at least one start, ascending, none twice", "starts")
        if self.starts[-1] + self.span > POSITIONS:
            raise PlacedError(f"start {self.starts[-1]} with span {self.span} leaves the {POSITIONS} positions of a device", "starts")
        return self

    @property
    def milli(self) -> int:
        """What an instance counts for, of the 1000 milli of its device."""
        return self.compute_slices * 1000 // COMPUTE_SLICES

    @property
    def masks(self) -> tuple[int, ...]:
        """The occupancy mask (bit i: memory position i) for each start."""
        return tuple(((1 << self.span) - 1) << start for start in self.starts)

    @property
    def per_device(self) -> int:
        """How many instances of this profile an empty device holds."""
        taken = count = 0
        for mask in self.masks:
            if not taken & mask:
                taken, count = taken | mask, count + 1
        return count


class MigGeometry(SpecModel):
    """The profiles of one accelerator model by name.

    >>> from mlplat.hardware import accelerator
    >>> geometry = accelerator("A100-40").mig
    >>> geometry.fits(["3g.20gb", "3g.20gb"]), geometry.fits(["4g.20gb", "4g.20gb"])
    (True, False)
    """

    profiles: Mapping[Name, MigProfile]

    @model_validator(mode="after")
    def _keyed_by_name(self) -> MigGeometry:
        if not self.profiles:
            raise PlacedError("expected at least one profile", "profiles")
        for key, profile in self.profiles.items():
            if key != profile.name:
                raise PlacedError(f"is called {profile.name!r}; expected the name it is listed under", f"profiles.{key}.name")
        return self

    def __hash__(self) -> int:
        return hash(tuple(self.profiles.values()))

    def profile(self, name: str) -> MigProfile:
        """The profile of that name. Raises UnknownNameError."""
        if name not in self.profiles:
            raise UnknownNameError("MIG profile", name, self.profiles)
        return self.profiles[name]

    def fits(self, names: Sequence[str]) -> bool:
        """Whether instances of these profiles fit together on one empty device, at the best choice of starts.

        Raises UnknownNameError.
        """
        wanted = sorted((self.profile(name) for name in names), key=lambda p: -p.span)
        if sum(p.span for p in wanted) > POSITIONS:
            return False
        states = {0}
        for profile in wanted:
            states = {taken | mask for taken in states for mask in profile.masks if not taken & mask}
        return bool(states)


def geometry(memory_mib: int, *profiles: tuple[str, int, Sequence[int]]) -> MigGeometry:
    """A geometry from (name, span, starts): compute slices are the digit before `g`, memory is in proportion to the span."""
    made = [
        MigProfile(name=name, compute_slices=int(name[0]), span=span, starts=tuple(starts), memory_mib=memory_mib * span // POSITIONS)
        for name, span, starts in profiles
    ]
    return MigGeometry(profiles={profile.name: profile for profile in made})


def seven_slice_geometry(memory_mib: int, one: str, one_large: str, two: str, three: str, four: str, seven: str) -> MigGeometry:
    """The geometry that A100, H100 and H200 share; only the names, which carry the memory, differ."""
    return geometry(
        memory_mib,
        (one, 1, range(7)),
        (one_large, 2, (0, 2, 4, 6)),
        (two, 2, (0, 2, 4)),
        (three, 4, (0, 4)),
        (four, 4, (0,)),
        (seven, 8, (0,)),
    )
