"""What a token's claim `scope` allows: names with spaces between them (RFC 8693 §4.2), or a list of names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def has_scope(claims: Mapping[str, object] | None, scope: str) -> bool:
    """Return whether a token allows something.

    Args:
        claims: The token's; None: there is none, which allows nothing.
        scope: What is to be allowed, such as `publish:news`. A token for `publish` allows it too.
    """
    said = None if claims is None else claims.get("scope")
    names = said.split() if isinstance(said, str) else said if isinstance(said, list | tuple) else ()
    return scope in names or scope.partition(":")[0] in names
