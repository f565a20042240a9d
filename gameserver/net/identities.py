"""Reads whom an operator means: a token's subject, or an address."""

from __future__ import annotations

import ipaddress

from gameserver.escaping import replace_surrogates
from gameserver.hub.bans import ADDRESS, MAX_WHO_BYTES, SUBJECT
from gameserver.net.addresses import client_key


class IdentityError(ValueError):
    """The text names nobody; the message says what to write."""


def read_identity(who: str) -> str:
    """Return an identity as servers know it: `sub:NAME`, or `address:` and an address or, with IPv6, its /64.

    Args:
        who: What the operator wrote.

    Raises:
        IdentityError: It is none.
    """
    if who.startswith(SUBJECT) and len(SUBJECT) < len(who) and len(who.encode("utf-8", "replace")) <= MAX_WHO_BYTES:
        return replace_surrogates(who)
    if not who.startswith(ADDRESS):
        raise IdentityError(f"{who!r}: write sub:NAME for the subject of a token, or address:ADDRESS")
    try:
        network = ipaddress.ip_network(who.removeprefix(ADDRESS), strict=False)
    except ValueError:
        raise IdentityError(f"{who}: write one address, such as address:192.0.2.7 or address:2001:db8::7") from None
    key = client_key(str(network.network_address))
    if network.num_addresses == 1 or key == str(network):
        return f"{ADDRESS}{key}"
    raise IdentityError(
        f"{who}: write one address; networks are for the firewall. Of IPv6, an address stands for its /64"
    )
