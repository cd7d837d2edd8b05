"""Host names, host patterns, addresses and networks as users write them; each is read once, here."""

from __future__ import annotations

import ipaddress
import re
from operator import index
from typing import Final

from ..errors import OptionError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_HOST: Final = 253
MAX_PORT: Final = 65535
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def host_name(given: object, field: str = "host") -> str:
    """A host name in lower case, without a point at the end: labels of RFC 1123, at most 63 characters each and 253 together.

    An international name is taken in its ASCII form (`xn--…`, RFC 5890) only, so that no two names look alike. A name that ends in a
    number is refused: some programs would read it as an address. Raises OptionError that names `field`.

    >>> host_name("Data.Example.ORG.")
    'data.example.org'
    """
    if not isinstance(given, str):
        raise OptionError(f"{field}={given!a:.60}: expected a host name, such as 'data.example.org'")
    if not given.isascii():
        raise OptionError(f"{field}={given!a:.60}: expected an international name in its ASCII form, such as 'xn--bcher-kva.example.org'")
    name = given.lower().removesuffix(".") if len(given) <= LONGEST_HOST + 1 else ""
    labels = name.split(".")
    if len(name) > LONGEST_HOST or not all(map(_LABEL.fullmatch, labels)) or _NUMBER.fullmatch(labels[-1]):
        raise OptionError(f"{field}={given!a:.60}: expected a host name, such as 'data.example.org'")
    return name


def host_pattern(given: object, field: str = "host") -> str:
    """A host name, or `*.` before one: any one label in its place, as in Kubernetes and in certificates. Raises OptionError.

    >>> host_pattern("*.Example.org")
    '*.example.org'
    """
    if isinstance(given, str) and given.startswith("*."):
        return "*." + host_name(given[2:], field)
    if isinstance(given, str) and "*" in given:
        raise OptionError(f"{field}={given!a:.60}: expected '*' as the whole first label or not at all, such as '*.example.org'")
    return host_name(given, field)


def pattern_of(host: str) -> str:
    """The one pattern with a `*` that a host name matches: `*.example.org` of `data.example.org`."""
    return "*." + host.partition(".")[2]


def read_address(given: object, field: str = "address") -> Address:
    """An IP address. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address. Raises OptionError that names `field`.

    >>> read_address("::ffff:10.0.0.1")
    IPv4Address('10.0.0.1')
    """
    if isinstance(given, (str, ipaddress.IPv4Address, ipaddress.IPv6Address)):
        try:
            address = ipaddress.ip_address(given)
        except ValueError:
            pass
        else:
            if isinstance(address, ipaddress.IPv4Address):
                return address
            if address.scope_id is None:
                return address.ipv4_mapped or address
    raise OptionError(f"{field}={given!a:.60}: expected an IP address, such as '10.0.0.7'")


def read_network(given: object, field: str = "cidr") -> Network:
    """A network in CIDR form; an address alone is the network of that address only. Raises OptionError that names `field`.

    >>> read_network("10.1.0.0/16"), read_network("192.0.2.1")
    (IPv4Network('10.1.0.0/16'), IPv4Network('192.0.2.1/32'))
    """
    if isinstance(given, (str, ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network, ipaddress.IPv6Network)):
        try:
            network = ipaddress.ip_network(given, strict=False)
        except ValueError:
            pass
        else:
            if isinstance(given, str) and "/" in given and ipaddress.ip_interface(given).ip != network.network_address:
                raise OptionError(f"{field}={given!a:.60}: has bits set beyond its prefix; expected {str(network)!r}")
            if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
                return ipaddress.IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
            return network
    raise OptionError(f"{field}={given!a:.60}: expected a network in CIDR form, such as '10.1.0.0/16'")


def read_port(given: object, field: str = "port") -> int:
    """A port, from 1 to 65535. Raises OptionError that names `field`."""
    try:
        port = 0 if isinstance(given, bool) else index(given)  # type: ignore[arg-type]
    except TypeError:
        port = 0
    if not 1 <= port <= MAX_PORT:
        raise OptionError(f"{field}={given!a:.60}: expected a port from 1 to {MAX_PORT}")
    return port


def read_allowed(given: object, field: str = "entry") -> str | Network:
    """What an entry of a gateway's list allows: a network, or a host pattern; one without a point is the name of an external endpoint.

    Raises OptionError that names `field`.

    >>> read_allowed("192.0.2.7"), read_allowed("*.Example.org")
    (IPv4Network('192.0.2.7/32'), '*.example.org')
    """
    if not isinstance(given, str):
        raise OptionError(f"{field}={given!a:.60}: expected text: a host pattern, a network or an external endpoint")
    return read_network(given, field) if "/" in given or is_address(given) else host_pattern(given, field)


def is_address(given: object) -> bool:
    """Whether it is an IP address."""
    try:
        read_address(given)
    except OptionError:
        return False
    return True


def contains(network: Network, other: Network | Address) -> bool:
    """Whether a network holds all of another, or an address; never across the two versions of IP."""
    if isinstance(other, (ipaddress.IPv4Address, ipaddress.IPv6Address)):
        return other in network
    return network.version == other.version and network.supernet_of(other)  # type: ignore[arg-type]
