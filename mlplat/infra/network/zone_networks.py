"""Which network a zone may have: inside the cluster's, apart from those of the others, and chosen where nobody says which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

from ...errors import OptionError
from .addresses import Network, read_network
from .names import DEFAULT_ZONE, zone_name

SHARE_BITS: Final = 10
"""A zone gets 2 to the power of -10 of the cluster's addresses unless said; of a small network as many as it has such parts."""


class NetworkOverlapError(OptionError):
    """Two zones would have the same addresses. Attributes: `zone`, `network` (text), `other`, `other_network`."""

    def __init__(self, zone: str, network: Network, other: str, other_network: Network) -> None:
        self.zone, self.network, self.other, self.other_network = zone, str(network), other, str(other_network)
        super().__init__(f"zones: the networks of {zone!r:.60} ({network}) and {other!r:.60} ({other_network}) overlap")


class AddressesInUseError(OptionError):
    """A network cannot be given away or taken back while somebody has addresses of it. Attributes: `network` (text), `in_use`."""

    def __init__(self, network: Network, in_use: int, whose: str) -> None:
        self.network, self.in_use = str(network), in_use
        super().__init__(f"{network}: {in_use:,} of its addresses {'is' if in_use == 1 else 'are'} in use by {whose}; expected none")


class NoNetworkLeftError(OptionError):
    """The cluster's network has no room for another one of this size. Attributes: `network` (the cluster's), `prefix`."""

    def __init__(self, network: Network, prefix: int) -> None:
        self.network, self.prefix = str(network), prefix
        super().__init__(f"no network of /{prefix} is left in {network}; expected a smaller one, such as cidr='/{prefix + 1}', or its CIDR")


def check_networks(whole: Network, zones: Mapping[str, str | Network]) -> dict[str, Network]:
    """The networks of zones by name, in the order given. Raises OptionError for those that do not go together."""
    if not isinstance(zones, Mapping):
        raise OptionError(f"zones={ascii(zones)[:60]}: expected a mapping of zones to networks, such as {{'prod': '10.0.8.0/24'}}")
    networks: dict[str, Network] = {}
    for given, cidr in zones.items():
        zone = zone_name(given)
        if zone in networks:
            raise OptionError(f"zones: {zone!r} is there twice; the zone without a name is {DEFAULT_ZONE!r}")
        networks[zone] = _inside(whole, zone, read_network(f"zones[{zone!r:.60}]", cidr))
    placed = sorted(networks.items(), key=lambda item: (int(item[1].network_address), item[1].prefixlen, item[0]))
    for (before, wide), (after, narrow) in pairwise(placed):
        if narrow.subnet_of(wide):  # type: ignore[arg-type]
            raise NetworkOverlapError(before, wide, after, narrow)
    return networks


def check_network(whole: Network, zone: str, cidr: str | Network, others: Iterable[tuple[str, Network]]) -> Network:
    """The network that a zone asks for, apart from those of `others`. Raises OptionError, NetworkOverlapError."""
    network = _inside(whole, zone, read_network(f"zones[{zone!r:.60}]", cidr))
    for other, known in others:
        if network.overlaps(known):
            raise NetworkOverlapError(zone, network, other, known)
    return network


def read_prefix(whole: Network, cidr: object) -> int | None:
    """The size of a network of which only that is said: `"/20"`, or None for the usual one. None for what is no size. Raises OptionError.

    >>> read_prefix(read_network("cidr", "10.0.0.0/8"), None), read_prefix(read_network("cidr", "10.0.0.0/8"), "/20")
    (18, 20)
    >>> read_prefix(read_network("cidr", "10.0.0.0/16"), None)
    24
    """
    largest = whole.max_prefixlen - 2
    if cidr is None:
        return min(whole.prefixlen + min(SHARE_BITS, (whole.max_prefixlen - whole.prefixlen) // 2), largest)
    if not isinstance(cidr, str) or not cidr.startswith("/"):
        return None
    digits = cidr[1:]
    if digits.isascii() and digits.isdigit() and len(digits) <= 3 and whole.prefixlen < int(digits) <= largest:
        return int(digits)
    raise OptionError(
        f"cidr={ascii(cidr)[:60]}: expected a size from '/{whole.prefixlen + 1}' to '/{largest}', or a network inside {whole}"
    )


def choose_network(whole: Network, prefix: int, others: Iterable[Network], in_use: Iterable[int]) -> Network:
    """The lowest network of a size that holds none of `others`, no address `in_use` and not the cluster's gateway.

    Raises NoNetworkLeftError.

    >>> whole = read_network("cidr", "10.0.0.0/16")
    >>> str(choose_network(whole, 24, [read_network("cidr", "10.0.1.0/25")], [0x0A000301]))
    '10.0.2.0/24'
    """
    first, last = int(whole.network_address), int(whole.broadcast_address)
    size = 1 << (whole.max_prefixlen - prefix)
    held = [(first, first + 1), *((number, number) for number in in_use)]
    held += [(int(each.network_address), int(each.broadcast_address)) for each in others]
    start = first
    for low, high in sorted(held):
        if low > start + size - 1:
            break
        if high >= start:
            start = first + -(-(high + 1 - first) // size) * size
    if start + size - 1 > last:
        raise NoNetworkLeftError(whole, prefix)
    return type(whole)((start, prefix))


def _inside(whole: Network, zone: str, network: Network) -> Network:
    if network.version != whole.version or not network.subnet_of(whole):  # type: ignore[arg-type]
        raise OptionError(f"zones[{zone!r:.60}]={network}: expected a network inside {whole}, the cluster's")
    return network
