"""The addresses of one network: who has which, none twice at a time, none again before its quarantine is over."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from ...errors import MlplatError, OptionError
from ...units import Duration, format_seconds, seconds
from .address_ranges import cut_out, gaps, joined, size

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
        self._low, self._high = first + 2, last - 1 if self.network.version == 4 else last
        held = sorted(_ends(net) for net in without)
        self._ranges = gaps(self._low, self._high, held)
        """Of what was never given out, (lowest, highest), the next one last."""
        self._fresh = size(self._ranges)
        if not held and self._fresh <= 0:
            raise OptionError(
                f"cidr={self._name}: a network this small has no address to give; expected a prefix of at most /30 (IPv6: /126)"
            )
        self._owners: dict[int, str] = {}
        self._resting: deque[tuple[float, int]] = deque()
        """(until, address), in the order of their release."""
        self._rested: deque[int] = deque()
        self._aside: list[tuple[float, int]] = []
        """(until, address) of what came here at rest and is never given out here."""
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

    # -- parts of it that become networks of their own, and come back

    def held_in(self, network: Network) -> int:
        """How many addresses of a network within somebody has."""
        low, high = _ends(network)
        return sum(low <= number <= high for number in self._owners)

    def numbers_in_use(self) -> Iterable[int]:
        """The addresses that somebody has, as numbers."""
        return self._owners.keys()

    def give_up(self, network: Network, now: Duration) -> list[tuple[float, int]]:
        """Give out no address of a network within any more, of which nobody has one. Returns (until, address) of those at rest."""
        self._advance(now)
        low, high = _ends(network)
        given = [(until, number) for until, number in self._resting if low <= number <= high]
        self._resting = deque((until, number) for until, number in self._resting if not low <= number <= high)
        self._rested = deque(number for number in self._rested if not low <= number <= high)
        self._ranges = cut_out(self._ranges, low, high)
        self._fresh = size(self._ranges)
        return given

    def take_back(self, network: Network, resting: Iterable[tuple[float, int]], now: Duration) -> None:
        """Give addresses of a network within out again; those at rest, (until, address), once that is over."""
        self._advance(now)
        low, high = _ends(network)
        self._lay_to_rest(resting, joined(self._ranges, gaps(max(low, self._low), min(high, self._high), ())))

    def begin_with(self, resting: Iterable[tuple[float, int]], now: Duration) -> None:
        """Let addresses, (until, address), rest that were released before this was a network of its own."""
        self._advance(now)
        self._lay_to_rest(resting, self._ranges)

    def at_rest(self, now: Duration) -> list[tuple[float, int]]:
        """(until, address) of all that rest now, those that are never given out here among them."""
        self._advance(now)
        return [*self._resting, *((until, number) for until, number in self._aside if until > self._now)]

    def _lay_to_rest(self, resting: Iterable[tuple[float, int]], fresh: list[tuple[int, int]]) -> None:
        given = [each for each in resting if each[0] > self._now]
        mine = [each for each in given if self._low <= each[1] <= self._high]
        self._aside = [each for each in (*self._aside, *given) if not self._low <= each[1] <= self._high]
        taken = sorted((number, number) for _, number in mine)
        self._ranges = [part for low, high in fresh for part in gaps(low, high, _between(taken, low, high))]
        self._fresh = size(self._ranges)
        self._resting = deque(sorted([*self._resting, *mine]))

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


def _ends(network: Network) -> tuple[int, int]:
    return int(network.network_address), int(network.broadcast_address)


def _between(taken: list[tuple[int, int]], low: int, high: int) -> list[tuple[int, int]]:
    return taken[bisect_left(taken, (low, low)) : bisect_right(taken, (high, high))]
