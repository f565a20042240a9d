"""`gameserver token`: makes a token for development."""

from __future__ import annotations

import time
from pathlib import Path  # noqa: TC003 - the command line's parser reads the annotations
from typing import Annotated, Final

from cyclopts import Parameter

from gameserver.cli.errors import fail, plain_errors
from gameserver.net.http.auth import JwtSettings, mint_token

_MAX_LIFETIME_S: Final = 10 * 365 * 86_400
_TIMES: Final = ("exp", "iat", "nbf")
"""Claims that are numbers of seconds, which a claim of the command line is not."""


def token(
    file: Path,
    *claims: str,
    subject: str = "developer",
    lifetime_s: Annotated[float, Parameter(name="--seconds")] = 3600,
) -> None:
    """Print a token for development, signed with the secret of `run --auth FILE`.

    Args:
        file: The TOML file with the token settings; its algorithm must be HS256.
        claims: More claims as NAME=VALUE.
        subject: Value of the claim `sub`.
        lifetime_s: Seconds for which the token is valid.
    """
    if not 0 < lifetime_s <= _MAX_LIFETIME_S:
        fail(f"--seconds {lifetime_s:g}: write a number above 0, at most {_MAX_LIFETIME_S} (ten years)")
    all_claims: dict[str, object] = {"sub": subject}
    for claim in claims:
        name, equals, value = claim.partition("=")
        if not (name and equals):
            fail(f"{claim!r}: write a claim as NAME=VALUE")
        if name in _TIMES:
            fail(f"{claim!r}: the times of a token follow from --seconds")
        all_claims[name] = value
    with plain_errors():
        print(mint_token(JwtSettings.from_toml(file), all_claims, now_s=time.time(), lifetime_s=lifetime_s))
