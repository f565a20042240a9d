"""Tokens: a valid one gives its claims, and anything else is refused."""

from __future__ import annotations

import base64
import hmac
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from gameserver.net.http.auth import (
    AuthConfigError,
    AuthRefused,
    JwtAuthenticator,
    JwtSettings,
    mint_token,
)

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.net.http.head import Head

NOW_S = 1_800_000_000
SECRET = b"a secret of at least thirty-two bytes"
NO_HEAD = cast("Head", None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the key files."""
    folder = tmp_path_factory.mktemp("keys")
    (folder / "secret").write_bytes(SECRET + b"\n")
    return folder


def settings(folder: Path, **more: Any) -> JwtSettings:
    return JwtSettings(**{"algorithm": "HS256", "key_file": folder / "secret", **more})


def checker(folder: Path, **more: Any) -> JwtAuthenticator:
    return JwtAuthenticator(settings(folder, **more), now_s=lambda: NOW_S)


def sign(claims: dict[str, Any], *, key: Any = None, **header: Any) -> str:
    return jwt.encode({"alg": "HS256", **header}, claims, key or OctKey.import_key(SECRET))


def refusal(authenticator: JwtAuthenticator, token: str) -> HTTPStatus:
    with pytest.raises(AuthRefused) as caught:
        authenticator.check(token)
    return caught.value.status


GOOD = {"sub": "ada", "exp": NOW_S + 60}


def test_a_good_token_gives_its_claims(folder: Path) -> None:
    assert checker(folder).check(sign(GOOD)) == GOOD


async def test_a_request_without_a_token_is_refused_with_401(folder: Path) -> None:
    authenticator = checker(folder)
    with pytest.raises(AuthRefused) as caught:
        await authenticator(None, NO_HEAD)
    assert caught.value.status == HTTPStatus.UNAUTHORIZED
    assert await authenticator(sign(GOOD), NO_HEAD) == GOOD


def test_an_expired_token_is_refused_with_401(folder: Path) -> None:
    authenticator = checker(folder, leeway_s=30)
    assert refusal(authenticator, sign({"exp": NOW_S - 31})) == HTTPStatus.UNAUTHORIZED
    assert authenticator.check(sign({"exp": NOW_S - 29}))


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"exp": "tomorrow"},
        {"exp": None},
        {**GOOD, "nbf": NOW_S + 31},
        {**GOOD, "aud": "another game"},
        {**GOOD, "iss": "another issuer"},
        {**GOOD, "aud": {"arena": 1}},
        {"exp": NOW_S + 60, "iss": "us"},
        {"exp": NOW_S + 60, "aud": "arena"},
    ],
)
def test_missing_claims_and_those_for_other_servers_are_refused(folder: Path, claims: dict[str, Any]) -> None:
    strict = checker(folder, audience="arena", issuer="us")
    assert refusal(strict, sign(claims)) == HTTPStatus.FORBIDDEN
    assert strict.check(sign({**GOOD, "aud": ["arena", "other"], "iss": "us"}))


def test_a_token_with_an_audience_is_refused_by_a_server_without_one(folder: Path) -> None:
    assert refusal(checker(folder), sign({**GOOD, "aud": "arena"})) == HTTPStatus.FORBIDDEN


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "..",
        "a.b.c",
        "é.é.é",
        _part({"alg": "none"}) + "." + _part(GOOD) + ".",
        _part({"alg": "None"}) + "." + _part(GOOD) + ".",
        _part({"alg": "HS512"}) + "." + _part(GOOD) + ".AAAA",
        _part({"alg": ["HS256"]}) + "." + _part(GOOD) + ".AAAA",
        _part([1]) + "." + _part(GOOD) + ".AAAA",
        _part({"alg": "HS256", "crit": ["x"], "x": 1}) + "." + _part(GOOD) + ".AAAA",
        base64.urlsafe_b64encode(b"[" * 5_000).decode() + "." + _part(GOOD) + ".AAAA",
        "x" * 10_000,
    ],
)
def test_a_malformed_token_is_refused(folder: Path, token: str) -> None:
    assert refusal(checker(folder), token) == HTTPStatus.FORBIDDEN


def test_a_token_that_was_changed_or_signed_with_another_key_is_refused(folder: Path) -> None:
    head, claims, signature = sign(GOOD).split(".")
    for token in (
        f"{head}.{_part({**GOOD, 'sub': 'eve'})}.{signature}",
        f"{head}.{claims}.{signature[::-1]}",
        sign(GOOD, key=OctKey.import_key(b"another secret of thirty-two bytes")),
    ):
        assert refusal(checker(folder), token) == HTTPStatus.FORBIDDEN


@given(token=st.text(max_size=200))
def test_arbitrary_text_is_refused(folder: Path, token: str) -> None:
    with pytest.raises(AuthRefused):
        checker(folder).check(token)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_public_key_is_never_used_as_a_secret(folder: Path, algorithm: str) -> None:
    rsa_key = rsa.generate_private_key(65_537, 2_048)
    private = rsa_key if algorithm == "RS256" else ec.generate_private_key(ec.SECP256R1())
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "public.pem").write_bytes(pem)
    secret_pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = (RSAKey if algorithm == "RS256" else ECKey).import_key(secret_pem)
    authenticator = checker(folder, algorithm=algorithm, key_file=folder / "public.pem")
    assert authenticator.check(jwt.encode({"alg": algorithm}, GOOD, key, algorithms=[algorithm])) == GOOD
    signed = f"{_part({'alg': 'HS256'})}.{_part(GOOD)}"
    forged = base64.urlsafe_b64encode(hmac.digest(pem, signed.encode(), "sha256")).rstrip(b"=").decode()
    assert refusal(authenticator, f"{signed}.{forged}") == HTTPStatus.FORBIDDEN


def test_a_key_set_chooses_the_key_by_its_id(folder: Path) -> None:
    keys = [OctKey.generate_key(256, {"kid": name}) for name in ("old", "new")]
    (folder / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=True) for key in keys]}))
    authenticator = checker(folder, key_file=folder / "jwks.json")
    for key in keys:
        assert authenticator.check(sign(GOOD, key=key, kid=key.kid)) == GOOD
    stranger = OctKey.generate_key(256, {"kid": "new"})
    assert refusal(authenticator, sign(GOOD, key=stranger, kid="new")) == HTTPStatus.FORBIDDEN
    assert refusal(authenticator, sign(GOOD, key=keys[0], kid="unknown")) == HTTPStatus.FORBIDDEN


def test_a_minted_token_is_let_in(folder: Path) -> None:
    own = settings(folder, audience="arena", issuer="dev")
    token = mint_token(own, {"sub": "ada"}, now_s=NOW_S, lifetime_s=60)
    claims = JwtAuthenticator(own, now_s=lambda: NOW_S).check(token)
    assert claims["sub"] == "ada"
    assert claims["exp"] == NOW_S + 60


def test_settings_are_read_from_a_file_beside_the_key(folder: Path) -> None:
    (folder / "auth.toml").write_text('algorithm = "HS256"\nkey_file = "secret"\naudience = "arena"\nleeway_s = 5\n')
    read = JwtSettings.from_toml(folder / "auth.toml")
    assert read == settings(folder, audience="arena", leeway_s=5)
    JwtAuthenticator(read)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("algorithm = ", "auth.toml"),
        ('key_file = "secret"', "missing: algorithm"),
        ('algorithm = "none"\nkey_file = "secret"', "algorithm = 'none': write one of HS256, RS256, ES256"),
        ('algorithm = "HS256"\nkey_file = 5', "key_file = 5: write a text"),
        ('algorithm = "HS256"\nkey_file = "secret"\naudience = ["a"]', r"audience = \['a'\]: write a text"),
        ('algorithm = "HS256"\nkey_file = "secret"\nleeway_s = "x"', "leeway_s = 'x': write a whole number"),
        ('algorithm = "HS256"\nkey_file = "secret"\nleeway_s = true', "leeway_s = True: write a whole number"),
        ('algorithm = "HS256"\nkey_file = "secret"\nsecret = "x"', "no such key: secret"),
    ],
)
def test_errors_in_settings_say_what_to_write(folder: Path, text: str, says: str) -> None:
    (folder / "auth.toml").write_text(text)
    with pytest.raises(AuthConfigError, match=says):
        JwtSettings.from_toml(folder / "auth.toml")


@pytest.mark.parametrize(("keys", "says"), [("{}", 'a list "keys"'), ("[1]", 'a list "keys"'), ("{", "not JSON")])
def test_a_key_set_that_is_none_says_what_it_is(folder: Path, keys: str, says: str) -> None:
    (folder / "keys.json").write_text(keys)
    with pytest.raises(AuthConfigError, match=f"keys.json: .*{says}"):
        checker(folder, key_file=folder / "keys.json")


def test_bad_keys_are_refused_at_the_start(folder: Path) -> None:
    (folder / "short").write_bytes(b"short")
    (folder / "no.pem").write_bytes(b"no key")
    (folder / "no.json").write_bytes(b"[]")
    for more in (
        {"key_file": folder / "short"},
        {"key_file": folder / "no.pem", "algorithm": "RS256"},
        {"key_file": folder / "no.pem", "algorithm": "ES256"},
        {"key_file": folder / "no.json"},
    ):
        with pytest.raises(AuthConfigError):
            checker(folder, **more)
    with pytest.raises(OSError, match="absent"):
        checker(folder, key_file=folder / "absent")
    with pytest.raises(AuthConfigError, match="mint"):
        mint_token(settings(folder, algorithm="RS256"), {}, now_s=NOW_S, lifetime_s=1)
