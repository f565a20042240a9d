"""The wire: decodes bytes into messages and encodes messages, as protocol.md specifies.

No sockets, no clock, no game. Decoding raises `ProtocolError` for invalid bytes, and nothing else.
"""

from gameserver.protocol.codec import (
    InputCodec,
    check_payload,
    decode_client,
    decode_server,
    encode_client,
    encode_events,
    encode_server,
    encode_state,
    pack_event,
    shared_state_head,
)
from gameserver.protocol.constants import (
    CLOSE,
    PROTOCOL_VERSION,
    SUBPROTOCOL,
    ClientMessage,
    CloseCode,
    CloseInfo,
    Limits,
    Role,
    ServerMessage,
)
from gameserver.protocol.errors import ProtocolError, fit_reason

__all__ = [
    "CLOSE",
    "PROTOCOL_VERSION",
    "SUBPROTOCOL",
    "ClientMessage",
    "CloseCode",
    "CloseInfo",
    "InputCodec",
    "Limits",
    "ProtocolError",
    "Role",
    "ServerMessage",
    "check_payload",
    "decode_client",
    "decode_server",
    "encode_client",
    "encode_events",
    "encode_server",
    "encode_state",
    "fit_reason",
    "pack_event",
    "shared_state_head",
]
