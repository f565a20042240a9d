"""Who may open a link. An authenticator gets the client's token and the request's head, before the upgrade.

`JwtAuthenticator` is the one that comes along; an operator's own is any async function of the same shape. Whatever a
token holds, the worst that comes of it is AuthRefused.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, fields
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gameserver.net.http.head import Head

Algorithm: TypeAlias = Literal["HS256", "RS256", "ES256"]

MIN_SECRET_BYTES: Final = 32
"""RFC 7518 §3.2: a key of the hash's size or larger."""

MAX_TOKEN_CHARS: Final = 8_192
"""More than any head that gets here can hold beside it; a custom transport may be less strict."""


class AuthRefused(Exception):
    """The client is not let in: HTTP 401 for no token or one that may be renewed, 403 for one that will never do."""

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.UNAUTHORIZED) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class AuthConfigError(ValueError):
    """The operator's settings for tokens cannot be used; the message says what to write."""


class Authenticator(Protocol):
    """An operator's own check, or JwtAuthenticator."""

    async def __call__(self, token: str | None, head: Head, /) -> Mapping[str, object]:
        """Return the claims that the room gets to see, or raise AuthRefused. `token` is None when none came."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtSettings:
    """What a token must be signed with and say."""

    algorithm: Algorithm
    """The only one accepted; `none` and all others are refused."""
    key_file: Path
    """HS256: the secret, at least 32 bytes. RS256, ES256: the public key in PEM. Any of them: a JWKS, if the name ends
    in .json.
    """
    audience: str | None = None
    """`aud` must name it. None: tokens must not name one."""
    issuer: str | None = None
    """`iss` must be it, if given."""
    leeway_s: int = 30
    """How far the issuer's clock may be off, for `exp` and `nbf`."""

    @classmethod
    def from_toml(cls, path: Path) -> JwtSettings:
        """Read a TOML file with these keys; paths in it are relative to it. Raises AuthConfigError, OSError."""
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise AuthConfigError(f"{path}: {error}") from None
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise AuthConfigError(f"{path}: no such key: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        if missing := sorted({"algorithm", "key_file"} - set(values)):
            raise AuthConfigError(f"{path}: missing: {', '.join(missing)}")
        if values["algorithm"] not in get_args(Algorithm):
            raise AuthConfigError(f"{path}: algorithm is one of {', '.join(get_args(Algorithm))}")
        return cls(**{**values, "key_file": path.parent / values["key_file"]})


class JwtAuthenticator:
    """Checks a token's signature, `exp` (which it must have), `nbf`, `aud` and `iss`."""

    def __init__(self, settings: JwtSettings, *, now_s: Callable[[], float] | None = None) -> None:
        """Raises AuthConfigError when the key cannot be used, OSError when it cannot be read. `now_s`: time since the
        epoch.
        """
        self._settings = settings
        self._key = load_key(settings)
        self._now_s = now_s

    async def __call__(self, token: str | None, _head: Head) -> Mapping[str, object]:
        """Return the token's claims, or raise AuthRefused."""
        if token is None:
            raise AuthRefused("a token is needed: the subprotocol entry token.<JWT>, or Authorization: Bearer")
        return self.check(token)

    def check(self, token: str) -> Mapping[str, object]:
        """Return the claims of a token that holds, or raise AuthRefused."""
        from joserfc import jwt
        from joserfc.errors import ExpiredTokenError, JoseError

        if len(token) > MAX_TOKEN_CHARS:
            raise AuthRefused("the token is too long", HTTPStatus.FORBIDDEN)
        try:
            claims = jwt.decode(token, self._key, algorithms=[self._settings.algorithm]).claims
            self._check_claims(claims)
        except ExpiredTokenError:
            raise AuthRefused("the token has expired") from None
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            # What is wrong with it is the issuer's business and an attacker's wish: neither is told more.
            raise AuthRefused("the token is not valid here", HTTPStatus.FORBIDDEN) from None
        return claims

    def _check_claims(self, claims: dict[str, Any]) -> None:
        """Raise JoseError or ValueError for claims that do not hold here and now."""
        from joserfc import jwt

        settings = self._settings
        if settings.audience is None and "aud" in claims:
            raise ValueError("meant for somebody else")  # RFC 7519 §4.1.3
        needed: dict[str, Any] = {"exp": {"essential": True}}
        if settings.audience is not None:
            needed["aud"] = {"essential": True, "value": settings.audience}
        if settings.issuer is not None:
            needed["iss"] = {"essential": True, "value": settings.issuer}
        now = None if self._now_s is None else int(self._now_s())
        jwt.JWTClaimsRegistry(now=now, leeway=settings.leeway_s, **needed).validate(claims)


def load_key(settings: JwtSettings) -> Any:
    """Read the key that tokens are checked with. Raises AuthConfigError, OSError."""
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

    content = settings.key_file.read_bytes()
    try:
        if settings.key_file.suffix == ".json":
            return KeySet.import_key_set(json.loads(content))
        if settings.algorithm == "HS256":
            return OctKey.import_key(_secret(content, settings.key_file))
        return (RSAKey if settings.algorithm == "RS256" else ECKey).import_key(content)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        if isinstance(error, AuthConfigError):
            raise
        raise AuthConfigError(f"{settings.key_file}: no key for {settings.algorithm}: {error}") from None


def _secret(content: bytes, path: Path) -> bytes:
    secret = content.strip()
    if len(secret) < MIN_SECRET_BYTES:
        raise AuthConfigError(
            f"{path}: a secret for HS256 has at least {MIN_SECRET_BYTES} bytes, this has {len(secret)}"
        )
    return secret


def mint_token(settings: JwtSettings, claims: Mapping[str, object], *, now_s: float, lifetime_s: float) -> str:
    """Sign a token for development, with the same file that checks it: HS256 only. Raises AuthConfigError."""
    from joserfc import jwt

    if settings.algorithm != "HS256":
        raise AuthConfigError(f"tokens for {settings.algorithm} are signed where the private key is; mint with HS256")
    issued = int(now_s)
    said: dict[str, object] = {"iat": issued, "exp": issued + int(lifetime_s), **claims}
    if settings.audience is not None:
        said.setdefault("aud", settings.audience)
    if settings.issuer is not None:
        said.setdefault("iss", settings.issuer)
    return jwt.encode({"alg": settings.algorithm}, said, load_key(settings))
