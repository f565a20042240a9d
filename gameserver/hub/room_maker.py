"""Makes the engines of rooms: with an id, a seed and a secret of their own."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Final, Protocol

from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError
from gameserver.protocol.room_code import ROOM_ID_ALPHABET, ROOM_ID_CHARS
from gameserver.room.engine import RoomEngine
from gameserver.room.options import OptionsInvalid
from gameserver.room.rules import TICK_RAISES, failure_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.protocol.constants import Limits
    from gameserver.room.kind import Kind
    from gameserver.room.session import Session

log = logging.getLogger("gameserver.hub")

ROOM_SECRET_BYTES: Final = 32
"""What the keys of a room's reservations are made from: no fewer bits than their hash."""


class RoomMakerOwner(Protocol):
    """What making a room asks of the hub."""

    limits: Limits
    rooms: dict[str, RoomEngine]

    @property
    def all_kinds(self) -> Mapping[str, Kind]: ...

    def welcome(self, engine: RoomEngine, session: Session, resumed: bool) -> bytes:
        """Encode the WELCOME of a session."""


class RoomMaker:
    """Makes the engines of one process."""

    def __init__(
        self, owner: RoomMakerOwner, *, seed: int, token_bytes: Callable[[int], bytes], id_prefix: str
    ) -> None:
        """Make none yet.

        Args:
            owner: The hub.
            seed: Of the room ids and of the rooms' own random numbers.
            token_bytes: Returns as many random bytes as asked for, from a cryptographic source.
            id_prefix: How the ids begin.
        """
        self._owner = owner
        self._random = random.Random(seed)
        self._token_bytes = token_bytes
        self._id_prefix = id_prefix

    def make(self, kind_name: str, room_id: str, options: Mapping[str, object]) -> RoomEngine:
        """Make an engine.

        Args:
            kind_name: The room's kind.
            room_id: Its id.
            options: What its creator has chosen.

        Raises:
            ProtocolError: ROOM_FAILED; the room's constructor or `on_create` raised. Or INVALID_OPTIONS.
        """
        try:
            engine = RoomEngine(
                self._owner.all_kinds[kind_name],
                room_id,
                seed=self._random.getrandbits(63),
                secret=self._token_bytes(ROOM_SECRET_BYTES),
                options=options,
                limits=self._owner.limits,
                welcome=self._owner.welcome,
            )
        except OptionsInvalid as error:
            raise ProtocolError(CloseCode.INVALID_OPTIONS, str(error)) from None
        except TICK_RAISES as error:
            log.exception("room %s (%s) cannot be made", room_id, kind_name)
            raise ProtocolError(CloseCode.ROOM_FAILED, failure_reason(error)) from None
        if engine.failure is not None:
            raise ProtocolError(CloseCode.ROOM_FAILED, engine.failure)
        return engine

    def new_id(self) -> str:
        """Return an id that no room of the process has."""
        prefix = self._id_prefix
        while True:
            room_id = prefix + "".join(self._random.choices(ROOM_ID_ALPHABET, k=ROOM_ID_CHARS - len(prefix)))
            if room_id not in self._owner.rooms:
                return room_id
