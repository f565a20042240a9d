"""`POST /api/commands/KIND/NAME`: a command for a room of this server, from a service or a command line.

Who may: whoever has the operator's publish key, or a token whose scope says so. The payload is what the kind has
declared in `Room.commands`, as JSON, and arrives in `on_command` at the room's next tick.
"""

from __future__ import annotations

import hmac
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

import msgspec

from gameserver.hub.command_router import OutsideCommand
from gameserver.net.http.head import RequestRefused
from gameserver.net.http.responses import Response, as_json, text
from gameserver.net.http.upgrade import check_origin, find_token, verified_claims
from gameserver.protocol.errors import ProtocolError
from gameserver.room.accepted_commands import CommandInvalid, CommandUnknown
from gameserver.room.scopes import has_scope

if TYPE_CHECKING:
    from gameserver.net.http.head import Head
    from gameserver.net.server_state import ServerState

COMMANDS_PREFIX: Final = "/api/commands/"
COMMAND_METHODS: Final = ("POST",)
_BEARER: Final = ("WWW-Authenticate", "Bearer")
_RETRY_IN_A_SECOND: Final = ("Retry-After", "1")


async def answer_command(server: ServerState, head: Head, body: bytes, address: str) -> Response:
    """Answer a request to COMMANDS_PREFIX.

    Args:
        server: Has the rooms.
        head: The request's.
        body: The request's.
        address: The client's.

    Raises:
        RequestRefused: A page of a strange origin sends it, or whoever sends it may not.
    """
    kind, _, name = head.path.removeprefix(COMMANDS_PREFIX).partition("/")
    key = server.settings.limit_key(address)
    busy = server.routes.too_many(server.settings.limits, key)
    if busy is not None:
        return busy
    check_origin(head, server.settings.origins)
    with server.routes.counted(key):
        await _check_sender(server, head, kind)
        try:
            room = dict(parse_qsl(head.target.partition("?")[2])).get("room")
            command = server.hub.commands.check(OutsideCommand(kind, room, name, _payload(body)))
            if server.handoff is None:
                server.hub.commands.deliver(command)
            else:
                await server.handoff.send_command(command)
        except CommandUnknown as error:
            return text(HTTPStatus.NOT_FOUND, str(error))
        except CommandInvalid as error:
            return text(HTTPStatus.BAD_REQUEST, str(error))
        except ProtocolError as error:
            return text(HTTPStatus.SERVICE_UNAVAILABLE, error.reason, _RETRY_IN_A_SECOND)
    return as_json({"accepted": True}, HTTPStatus.ACCEPTED)


def _payload(body: bytes) -> object:
    """Return what the body's JSON holds.

    Raises:
        CommandInvalid: It is not JSON.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise CommandInvalid("the body is not JSON") from None


async def _check_sender(server: ServerState, head: Head, kind: str) -> None:
    """Check that a request may send commands to rooms of a kind.

    Raises:
        RequestRefused: It may not.
    """
    settings = server.settings
    if settings.publish_key is None and settings.authenticator is None:
        reason = "this server takes no commands: see --publish-key and --auth"
        raise RequestRefused(HTTPStatus.FORBIDDEN, reason)
    token = find_token(head)
    if token is None:
        reason = "a key or token is needed: Authorization: Bearer"
        raise RequestRefused(HTTPStatus.UNAUTHORIZED, reason, _BEARER)
    if settings.publish_key is not None and hmac.compare_digest(token.encode(), settings.publish_key):
        return
    claims = await verified_claims(head, settings)
    if claims is None:
        raise RequestRefused(HTTPStatus.FORBIDDEN, "the key is not the one of this server")
    if not has_scope(claims, f"publish:{kind}"):
        raise RequestRefused(HTTPStatus.FORBIDDEN, "the scope of this token has neither publish nor publish:KIND")
