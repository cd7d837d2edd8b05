"""The addresses of one network: who has which, none twice at a time, none again before its quarantine is over."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from ...errors import MlplatError, OptionError
from ...units import Duration, format_seconds, seconds

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
QUARANTINE: Final = 30.0
"""Seconds, unless said otherwise: much longer than a change of a service takes to be seen."""


class AddressesExhaustedError(MlplatError):
    """No address can be given out now; nothing was changed.

    Attributes: `network` (its text), `in_use`, `in_quarantine` (numbers of addresses), `until` (s: when the first leaves quarantine; None
    if none is in it).
    """

    def __init__(self, network: str, in_use: int, in_quarantine: int, until: float | None) -> None:
        self.network, self.in_use, self.in_quarantine, self.until = network, in_use, in_quarantine, until
        waiting = "none in quarantine" if until is None else f"{in_quarantine:,} in quarantine, the first of them until {until:g} s"
        super().__init__(f"no address is left in {network}: {in_use:,} in use, {waiting}")


class AddressPool:
    """The addresses of one network.

    Its own address, its first host (the gateway's) and, of IPv4, its last address (broadcast) are not given out; nor are those of the
    networks in `without`, which lie inside it and apart from each other. `quarantine`: how long an address rests after its release.

    The address that has rested longest is given first, else the lowest that never was: what a pool remembers is bounded by what was
    in use and at rest at one time. Every call takes constant time. `now` (s) never goes back.

    Raises OptionError for what is no network, and for one without an address to give.

    >>> pool = AddressPool("10.0.1.0/24", quarantine="30s")
    >>> first = pool.allocate("web/0", now=0.0)
    >>> str(first), pool.owner_of(first), pool.free(0.0)
    ('10.0.1.2', 'web/0', 252)
    >>> pool.release(first, now=60.0)
    >>> str(pool.allocate("web/0", now=70.0)), pool.in_quarantine(70.0)
    ('10.0.1.3', 1)
    """

    def __init__(self, cidr: str | Network, quarantine: Duration = QUARANTINE, *, without: Iterable[Network] = ()) -> None:
        self.network = read_network("cidr", cidr)
        try:
            self.quarantine = seconds(quarantine)
        except OptionError as error:
            raise OptionError(f"quarantine: {error}") from None
        self._name = str(self.network)
        self._make: type[IPv4Address] | type[IPv6Address] = type(self.network.network_address)
        first, last = int(self.network.network_address), int(self.network.broadcast_address)
        held = sorted((int(net.network_address), int(net.broadcast_address)) for net in without)
        self._ranges = _gaps(first + 2, last - 1 if self.network.version == 4 else last, held)
        """Of what was never given out, (lowest, highest), the next one last."""
        self._fresh = sum(high - low + 1 for low, high in self._ranges)
        if not held and self._fresh <= 0:
            raise OptionError(
                f"cidr={self._name}: a network this small has no address to give; expected a prefix of at most /30 (IPv6: /126)"
            )
        self._owners: dict[int, str] = {}
        self._resting: deque[tuple[float, int]] = deque()
        """(until, address), in the order of their release."""
        self._rested: deque[int] = deque()
        self._now = 0.0

    @property
    def gateway(self) -> Address:
        """The address by which the network is left: that of its first host."""
        return self._make(int(self.network.network_address) + 1)

    @property
    def in_use(self) -> int:
        """How many addresses somebody has."""
        return len(self._owners)

    def allocate(self, owner: str, now: Duration) -> Address:
        """An address for `owner`, from `now` until it is released. Raises AddressesExhaustedError, OptionError."""
        check_owner(owner)
        self._advance(now)
        if self._rested:
            number = self._rested.popleft()
        elif self._fresh:
            number, high = self._ranges[-1]
            if number == high:
                self._ranges.pop()
            else:
                self._ranges[-1] = (number + 1, high)
            self._fresh -= 1
        else:
            raise AddressesExhaustedError(self._name, len(self._owners), len(self._resting), self._resting[0][0] if self._resting else None)
        self._owners[number] = owner
        return self._make(number)

    def release(self, address: Address | str, now: Duration) -> None:
        """Take an address back; it rests until `now` + quarantine. Raises OptionError if nobody has it."""
        found = read_address(address)
        number = int(found)
        if number not in self._owners or not isinstance(found, self._make):
            raise OptionError(f"address={shown_address(address)}: nobody has it; expected one that is in use in {self._name}")
        self._advance(now)
        del self._owners[number]
        if self.quarantine:
            self._resting.append((self._now + self.quarantine, number))
        else:
            self._rested.append(number)

    def owner_of(self, address: Address | str) -> str | None:
        """Who has an address now; None for nobody. Raises OptionError for what is no address."""
        found = read_address(address)
        return self._owners.get(int(found)) if isinstance(found, self._make) else None

    def free(self, now: Duration) -> int:
        """How many addresses could be given out now."""
        self._advance(now)
        return self._fresh + len(self._rested)

    def in_quarantine(self, now: Duration) -> int:
        """How many addresses rest now."""
        self._advance(now)
        return len(self._resting)

    def _advance(self, now: Duration) -> None:
        time = seconds(now)
        if time < self._now:
            raise OptionError(f"now={time:g} s is past: {self._name} was last asked at {self._now:g} s")
        self._now, resting = time, self._resting
        while resting and resting[0][0] <= time:
            self._rested.append(resting.popleft()[1])

    def __repr__(self) -> str:
        return f"AddressPool({self._name}: {len(self._owners):,} in use, quarantine {format_seconds(self.quarantine)})"


def read_network(what: str, given: object) -> Network:
    """A network, given as one or as text such as `10.0.0.0/16`. Raises OptionError.

    >>> read_network("cidr", "10.0.0.0/16")
    IPv4Network('10.0.0.0/16')
    """
    if isinstance(given, (IPv4Network, IPv6Network)):
        return given
    if isinstance(given, str) and "/" in given:
        try:
            return ip_network(given)
        except ValueError as error:
            if "host bits" in str(error):
                raise OptionError(
                    f"{what}={ascii(given)[:60]}: expected {ip_network(given, strict=False)}, without bits of a host"
                ) from None
    raise OptionError(f"{what}={ascii(given)[:60]}: expected a network, such as '10.0.0.0/16'")


def read_address(given: object) -> Address:
    """An address, given as one or as text. Raises OptionError."""
    if isinstance(given, (IPv4Address, IPv6Address)):
        return given
    if isinstance(given, str):
        try:
            return ip_address(given)
        except ValueError:
            pass
    raise OptionError(f"address={shown_address(given)}: expected an address, such as '10.0.0.2'")


def shown_address(given: object) -> str:
    """An address as it stands in a message."""
    return str(given) if isinstance(given, (IPv4Address, IPv6Address)) else ascii(given)[:60]


def check_owner(owner: object) -> str:
    """Who takes an address: printable text. Raises OptionError."""
    if not isinstance(owner, str) or not owner or len(owner) > 250 or not owner.isprintable():
        raise OptionError(f"owner={ascii(owner)[:60]}: expected the name of a workload's replica")
    return owner


def _gaps(low: int, high: int, held: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left between `low` and `high` beside the ranges in `held`, highest first."""
    left = []
    for start, end in held:
        if low < start:
            left.append((low, min(start - 1, high)))
        low = max(low, end + 1)
    if low <= high:
        left.append((low, high))
    return left[::-1]
