"""`gameserver publish`: publishes a notification on a server that runs."""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path  # noqa: TC003 - the command line's parser reads the annotations
from typing import Annotated, Final
from urllib.parse import urlsplit

from cyclopts import Parameter

from gameserver.cli.errors import fail, plain_errors
from gameserver.cli.options import DEFAULT_PORT
from gameserver.net.http.auth import read_publish_key

_ANSWER_WITHIN_S: Final = 10.0
_MAX_ANSWER_BYTES: Final = 4_096
_PUBLISH_PATH: Final = "api/commands/notifications/publish"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The key is for this server, and for none that it names."""

    def redirect_request(self, *_args: object) -> None:
        """Follow no redirect: its status is an error then."""


def publish(
    url: str = f"http://127.0.0.1:{DEFAULT_PORT}/",
    *,
    text: str,
    topic: str | None = None,
    user: str | None = None,
    title: str = "",
    key: Annotated[Path | None, Parameter(help="The file of the server's --publish-key.")] = None,
    token: str | None = None,
) -> None:
    """Publish a notification, to a user or to all who follow a topic, on a server with the room Notifications.

    Args:
        url: The server's address.
        text: What it says.
        topic: The topic; all who follow it get it.
        user: The user who gets it.
        title: What stands above it.
        token: Instead of --key: a token whose scope has publish:notifications. GAMESERVER_PUBLISH_TOKEN sets it as
            well, and is in no list of processes.
    """
    if (topic is None) == (user is None):
        fail("give --topic or --user: one of them")
    if (key is None) == (token is None):
        fail("give --key FILE or --token: one of them")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        fail(f"{url}: write the server's address, such as http://127.0.0.1:{DEFAULT_PORT}/")
    with plain_errors():
        secret = read_publish_key(key).decode() if key is not None else str(token).strip()
    if not (secret.isascii() and secret.isprintable() and secret and " " not in secret):
        fail("--token is no token")
    once = secrets.token_hex(16)  # a second try that follows a lost answer publishes nothing twice
    what = {"text": text, "title": title, "topic": topic, "user": user, "key": once}
    request = urllib.request.Request(
        f"{url.rstrip('/')}/{_PUBLISH_PATH}",
        json.dumps({name: value for name, value in what.items() if value is not None}).encode(),
        {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
    )
    _send(request, url)


def _send(request: urllib.request.Request, url: str) -> None:
    opener = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_ANSWER_WITHIN_S) as answer:
            status, said = answer.status, b""
    except urllib.error.HTTPError as error:
        status, said = error.code, error.read(_MAX_ANSWER_BYTES)
    except OSError as error:
        fail(f"{url}: {getattr(error, 'reason', None) or error}")
    if status != HTTPStatus.ACCEPTED:
        fail(f"{url}: {status}: {said.decode('utf-8', 'replace')}")
