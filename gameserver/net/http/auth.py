"""Who may open a link: authenticators, and JSON Web Tokens.

An authenticator gets the client's token and the request's head before the upgrade. `JwtAuthenticator` is included; an
operator's own is any async function with the same signature. No token makes the check raise anything but AuthRefused.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, fields
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, get_args

import msgpack

from gameserver.extras import needs_extra
from gameserver.protocol.payload import storable_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gameserver.net.http.head import Head

Algorithm: TypeAlias = Literal["HS256", "RS256", "ES256"]

MIN_SECRET_BYTES: Final = 32
"""The size of SHA-256's hash, which RFC 7518 §3.2 requires at least."""

TOKEN_EXPIRED: Final = "the token has expired"
"""The reason of a refusal, and of a close."""

MAX_TOKEN_CHARS: Final = 8_192
"""Longer tokens are refused unread. `NetLimits.max_head_bytes` bounds what comes over HTTP."""


_OTHER_TYPES: Final = {"leeway_s": (int, "a whole number"), "close_expired": (bool, "true or false")}
"""Keys of the settings whose value is no text: its type, and what an error says to write."""

MAX_CLAIMS_DEPTH: Final = 16
"""Nested arrays and maps in claims: recordings and the pipes between processes carry them."""


class AuthRefused(Exception):
    """The client may not open a link.

    The status is 401 without a token or with one that can be renewed, and 403 for a token that is not valid here.
    """

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.UNAUTHORIZED) -> None:
        """Refuse a client.

        Args:
            reason: what the client is sent.
            status: of the HTTP response; a link is closed with the code that belongs to it.
        """
        super().__init__(reason)
        self.reason = reason
        self.status = status


class AuthConfigError(ValueError):
    """The settings for tokens cannot be used; the message says what to write."""


class Authenticator(Protocol):
    """What decides who may open a link: JwtAuthenticator, or an operator's own."""

    async def __call__(self, token: str | None, head: Head, /) -> Mapping[str, object]:
        """Check a token.

        Args:
            token: from the request; None if it has none.
            head: the request.

        Returns:
            The claims, which the room's code can read: a mapping of what a payload may have (protocol.md §2).

        Raises:
            AuthRefused: the client may not open a link.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtSettings:
    """The key of tokens, and what they must claim."""

    algorithm: Algorithm
    """The only algorithm that is accepted."""
    key_file: Path
    """HS256: the secret, at least 32 bytes. RS256, ES256: the public key in PEM. A file that ends in .json: a JWKS, for
    any algorithm.
    """
    audience: str | None = None
    """Tokens must name it in `aud`. None: they must have no `aud`."""
    issuer: str | None = None
    """Tokens must have it as `iss`. None: any issuer."""
    leeway_s: int = 30
    """How much the issuer's clock may differ, for `exp` and `nbf`."""
    close_expired: bool = False
    """Whether a link is closed when its token expires. The client comes back to its session with a new one."""

    @classmethod
    def from_toml(cls, path: Path) -> JwtSettings:
        """Read a TOML file with these keys; paths in it are relative to its folder.

        Raises:
            AuthConfigError: the file is no TOML, or a key is unknown, missing or wrong.
            OSError: the file cannot be read.
        """
        try:
            values = tomllib.loads(path.read_text("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise AuthConfigError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
        except tomllib.TOMLDecodeError as error:
            raise AuthConfigError(f"{path}: {error}") from None
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise AuthConfigError(f"{path}: no such key: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        if missing := sorted({"algorithm", "key_file"} - set(values)):
            raise AuthConfigError(f"{path}: missing: {', '.join(missing)}")
        if values["algorithm"] not in get_args(Algorithm):
            raise AuthConfigError(
                f"{path}: algorithm = {values['algorithm']!r}: write one of {', '.join(get_args(Algorithm))}"
            )
        for key, value in values.items():
            wanted, described = _OTHER_TYPES.get(key, (str, "a text"))
            if type(value) is not wanted:
                raise AuthConfigError(f"{path}: {key} = {value!r}: write {described}")
        return cls(**{**values, "key_file": path.parent / values["key_file"]})


class JwtAuthenticator:
    """Checks a token's signature, `exp` (required), `nbf`, `aud` and `iss`."""

    def __init__(self, settings: JwtSettings, *, now_s: Callable[[], float] | None = None) -> None:
        """Read the settings' key.

        Args:
            settings: the operator's.
            now_s: returns the seconds since the epoch; None: the system's clock.

        Raises:
            AuthConfigError: the key cannot be used.
            OSError: the key cannot be read.
            MissingExtraError: the extra `auth` is not installed.
        """
        self._settings = settings
        self._key = load_key(settings)
        self._now_s = now_s

    async def __call__(self, token: str | None, _head: Head) -> Mapping[str, object]:
        """Check the token of a request: see Authenticator."""
        if token is None:
            raise AuthRefused("a token is needed: the subprotocol entry token.<JWT>, or Authorization: Bearer")
        return self.check(token)

    def check(self, token: str) -> Mapping[str, object]:
        """Return the claims of a token.

        Raises:
            AuthRefused: the token is not valid.
        """
        from joserfc import jwt
        from joserfc.errors import ExpiredTokenError, JoseError

        if len(token) > MAX_TOKEN_CHARS:
            raise AuthRefused("the token is too long", HTTPStatus.FORBIDDEN)
        try:
            claims = jwt.decode(token, self._key, algorithms=[self._settings.algorithm]).claims
            self._check_claims(claims)
        except ExpiredTokenError:
            raise AuthRefused(TOKEN_EXPIRED) from None
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            # The client is not sent what is wrong with the token: that would help an attacker only.
            raise AuthRefused("the token is not valid here", HTTPStatus.FORBIDDEN) from None
        return claims

    def _check_claims(self, claims: dict[str, Any]) -> None:
        """Check the claims of a token whose signature is right.

        Raises:
            JoseError: a claim is missing, or does not hold here or now.
            ValueError: the token has an audience and the settings have none.
        """
        from joserfc import jwt

        settings = self._settings
        if settings.audience is None and "aud" in claims:
            raise ValueError("the token is for another audience")  # RFC 7519 §4.1.3
        needed: dict[str, Any] = {"exp": {"essential": True}}
        if settings.audience is not None:
            needed["aud"] = {"essential": True, "value": settings.audience}
        if settings.issuer is not None:
            needed["iss"] = {"essential": True, "value": settings.issuer}
        now = None if self._now_s is None else int(self._now_s())
        jwt.JWTClaimsRegistry(now=now, leeway=settings.leeway_s, **needed).validate(claims)


def check_claims(claims: Mapping[str, object]) -> dict[str, object]:
    """Return claims as recordings and other workers can carry them.

    A signature says who made a token, and nothing about what is in it: a lone surrogate, or an integer that is too
    large, would fail only later, where a room is recorded or a link changes the process.

    Raises:
        AuthRefused: they cannot be carried.
    """
    plain = dict(claims)
    found = storable_problem(plain, MAX_CLAIMS_DEPTH)
    if found is not None:
        reason = f"{found.path.lstrip('.') or 'they'} must be {found.expected}"
    else:
        try:
            msgpack.packb(plain)
        except UnicodeEncodeError:
            reason = "a text in them is not valid Unicode"
        else:
            return plain
    raise AuthRefused(f"the token's claims cannot be used: {reason}", HTTPStatus.FORBIDDEN)


def load_key(settings: JwtSettings) -> Any:
    """Read the key that tokens are checked with.

    Raises:
        AuthConfigError: the key cannot be used.
        OSError: the key cannot be read.
        MissingExtraError: the extra `auth` is not installed.
    """
    with needs_extra("auth", "tokens"):
        from joserfc.errors import JoseError
        from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

    content = settings.key_file.read_bytes()
    try:
        if settings.key_file.suffix == ".json":
            return KeySet.import_key_set(_key_set(content, settings.key_file))
        if settings.algorithm == "HS256":
            return OctKey.import_key(_secret(content, settings.key_file))
        return (RSAKey if settings.algorithm == "RS256" else ECKey).import_key(content)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        if isinstance(error, AuthConfigError):
            raise
        raise AuthConfigError(f"{settings.key_file}: not a key for {settings.algorithm}: {error}") from None


def _key_set(content: bytes, path: Path) -> Any:
    try:
        keys = json.loads(content)
    except ValueError as error:
        raise AuthConfigError(f"{path}: not JSON: {error}") from None
    if not isinstance(keys, dict) or not isinstance(keys.get("keys"), list):
        raise AuthConfigError(f'{path}: a JWKS is a JSON object with a list "keys"')
    return keys


def _secret(content: bytes, path: Path) -> bytes:
    secret = content.strip()
    if len(secret) < MIN_SECRET_BYTES:
        raise AuthConfigError(f"{path}: a secret has at least {MIN_SECRET_BYTES} bytes, this one has {len(secret)}")
    return secret


def read_publish_key(path: Path) -> bytes:
    """Read the secret with which services send commands to rooms.

    Raises:
        AuthConfigError: It is too short, or no text that a header can carry.
        OSError: The file cannot be read.
    """
    secret = _secret(path.read_bytes(), path)
    if not secret.isascii() or any(byte <= ord(" ") or byte == 0x7F for byte in secret):
        raise AuthConfigError(f"{path}: a publish key is one word of ASCII, such as `openssl rand -hex 32` makes")
    return secret


def mint_token(settings: JwtSettings, claims: Mapping[str, object], *, now_s: float, lifetime_s: float) -> str:
    """Sign a token for development, with the file that checks it.

    Args:
        settings: must be for HS256, whose key both signs and checks.
        claims: what the token claims, in addition to `iat`, `exp`, and the settings' audience and issuer.
        now_s: seconds since the epoch.
        lifetime_s: how long the token is valid.

    Returns:
        The token.

    Raises:
        AuthConfigError: the settings are for another algorithm, or the key cannot be used.
        OSError: the key cannot be read.
        MissingExtraError: the extra `auth` is not installed.
    """
    with needs_extra("auth", "tokens"):
        from joserfc import jwt

    if settings.algorithm != "HS256":
        raise AuthConfigError(f"tokens for {settings.algorithm} are signed where the private key is; mint with HS256")
    issued = int(now_s)
    payload: dict[str, object] = {"iat": issued, "exp": issued + int(lifetime_s), **claims}
    if settings.audience is not None:
        payload.setdefault("aud", settings.audience)
    if settings.issuer is not None:
        payload.setdefault("iss", settings.issuer)
    return jwt.encode({"alg": settings.algorithm}, payload, load_key(settings))
