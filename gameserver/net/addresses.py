"""Internet addresses and page origins in one spelling each, so that equal ones compare equal. No I/O.

An operator's setting that could never match anything raises AddressError at the start, and says what to write.
"""

from __future__ import annotations

import ipaddress
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
ANY_ORIGIN: Final = "*"
ANY_HOST: Final = "*"
LOOPBACK_ORIGINS: Final = "loopback"
"""Stands for the pages that this machine serves itself, whatever their port: a development server's."""
NO_ORIGIN: Final = "null"
"""What browsers send for pages from a file and in sandboxed frames."""

CLIENT_PREFIX_BITS: Final = 64
"""An IPv6 client has at least a /64 for itself, RFC 6177: limits for each address would not bound it."""

_MAPPED: Final = IPv6Network("::ffff:0:0/96")  # IPv4 addresses as IPv6 sockets report them
# nginx, HAProxy and some cloud balancers append the client's port.
_WITH_PORT: Final = re.compile(r"\[([^\]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")
_LOCALHOST: Final = "localhost"
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")
_HOST_NAME: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?")


class AddressError(ValueError):
    """A setting is no address, network or origin; the message says what to write."""


def read_address(text: str) -> Address | None:
    """Read an address as sockets and proxies write it: any spelling of IPv6, with or without brackets and a port.

    Returns:
        The address; an IPv4 address that is written as IPv6 (`::ffff:192.0.2.1`) as IPv4. None for anything else.
    """
    found = _WITH_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address(text if found is None else found[1] or found[2])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def one_spelling(text: str) -> str:
    """Return an address in its usual spelling; what is no address, unchanged."""
    return str(read_address(text) or text)


def client_key(address: str) -> str:
    """Return what limits for one client count by: an IPv4 address, or the /64 network of an IPv6 address."""
    read = read_address(address)
    if not isinstance(read, IPv6Address):
        return str(read or address)
    return str(IPv6Network((int(read), CLIENT_PREFIX_BITS), strict=False))


class Networks:
    """A set of addresses and networks."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Read addresses (`192.0.2.1`) and networks (`192.0.2.0/24`, `2001:db8::/32`).

        Raises:
            AddressError: one of the texts is neither.
        """
        self._networks = tuple(map(read_network, texts))

    def __contains__(self, address: str) -> bool:
        read = read_address(address)
        return read is not None and any(read in network for network in self._networks)

    def client_among(self, remote: str, hops: Sequence[str]) -> str:
        """Return the address of a client that connects through proxies, when these networks are the trusted ones.

        Each proxy appends the address that it was connected from. So an entry is believed as long as everything after
        it is trusted; the client is the last address that is not.

        Args:
            remote: the address at the other end of the TCP connection.
            hops: the entries of X-Forwarded-For, in order.

        Returns:
            The client's address in its usual spelling. A trusted proxy's, if it names no client or no address.
        """
        client = remote
        for hop in reversed(hops):
            named = read_address(hop)
            if client not in self or named is None:
                break
            client = str(named)
        return one_spelling(client)


def read_network(text: str) -> Network:
    """Read an address or a network.

    Raises:
        AddressError: it is neither.
    """
    address = read_address(text)
    if address is not None:
        return ipaddress.ip_network(address)
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        if "host bits" not in str(error):
            raise AddressError(f"{text!r}: write an address (192.0.2.1) or a network (192.0.2.0/24)") from None
        network = ipaddress.ip_network(text, strict=False)
        raise AddressError(f"{text!r}: write {network} for the network, or {text.partition('/')[0]}") from None
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        mapped = network.network_address.ipv4_mapped
        assert mapped is not None
        return IPv4Network((int(mapped), network.prefixlen - _MAPPED.prefixlen))
    return network


def read_origin(text: str) -> str:
    """Return an origin as browsers write it: lower case, no default port, no slash at the end.

    Args:
        text: `https://play.example.org`, `http://localhost:5173`; `*` for all, `null` for files and sandboxed frames,
            `loopback` for those of this machine, whatever their port. A host with other letters is written as browsers
            send it: `xn--…`.

    Raises:
        AddressError: it is no origin, so that no page could have it.
    """
    if text in (ANY_ORIGIN, NO_ORIGIN, LOOPBACK_ORIGINS):
        return text
    scheme, separator, _ = text.partition("://")
    scheme = scheme.lower()
    if not separator or not _SCHEME.fullmatch(scheme):
        raise AddressError(f"{text!r}: write an origin with its scheme, such as https://{text.strip('/') or 'host'}")
    try:
        parts = urlsplit(text)
        host, port = _host_of(parts.hostname or ""), parts.port
    except ValueError:
        raise AddressError(f"{text!r}: write an origin, such as https://play.example.org") from None
    origin = f"{scheme}://{host}{f':{port}' if port not in (None, DEFAULT_PORTS.get(scheme)) else ''}"
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
        raise AddressError(f"{text!r}: an origin is scheme, host and port only: write {origin}")
    return origin


def is_loopback(origin: str) -> bool:
    """Return whether an origin is a page's that this machine serves itself; `origin` is as `read_origin` returns it."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    address = read_address(host)
    if parts.scheme not in ("http", "https"):
        return False
    return address.is_loopback if address is not None else host == _LOCALHOST or host.endswith(f".{_LOCALHOST}")


class HostNames:
    """The names in `Host` headers that a server answers to.

    A page of a stranger can have its own name resolved to the address of this server (DNS rebinding); its requests then
    look like those of the server's own pages, except that they name the stranger's host. An address in place of a name
    cannot be resolved to another one, so all of them are answered.
    """

    def __init__(self, names: Iterable[str], *, bound: str = "", origins: Iterable[str] = ()) -> None:
        """Read names.

        Args:
            names: such as `play.example.org`; `*` for any.
            bound: the host that the server listens on, another name of it.
            origins: the allowed ones, as `read_origin` returns them; their hosts are names too.

        Raises:
            AddressError: one of the names is none.
        """
        self._names = {_LOCALHOST, bound.lower(), *map(read_host_name, names)}
        self._names.update(urlsplit(origin).hostname or "" for origin in origins)

    def __contains__(self, host: str) -> bool:
        """Whether a `Host` header's value, with a port or without, is answered."""
        if ANY_HOST in self._names or read_address(host) is not None:
            return True
        name = host.partition(":")[0].lower().removesuffix(".")
        return (name in self._names and bool(name)) or name.endswith(f".{_LOCALHOST}")


def read_host_name(text: str) -> str:
    """Return a host's name as it is compared: lower case, no dot at the end. An address and `*` are names too.

    Raises:
        AddressError: it is no name.
    """
    name = text.lower().removesuffix(".")
    if text == ANY_HOST or read_address(text) is not None or _HOST_NAME.fullmatch(name):
        return name
    raise AddressError(f"{text!r}: write a name without scheme and port, such as play.example.org")


def _host_of(host: str) -> str:
    """Return a URL's host as browsers send it.

    Raises:
        ValueError: it is no host.
    """
    if ":" in host:
        return f"[{IPv6Address(host)}]"
    if not _HOST_NAME.fullmatch(host):  # urlsplit has made it lower case
        raise ValueError(f"{host!r} is no host")
    return host
