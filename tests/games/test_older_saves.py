"""What rooms of the shipped games that last had saved before their rules kept something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from gameserver.games.board import Board
from gameserver.games.chat import Chat
from gameserver.games.notifications import Notifications
from gameserver.room.saveable import CannotRestore
from tests.support.checkpoints import as_bytes, read, restored
from tests.support.memory_server import MemoryServer

if TYPE_CHECKING:
    from gameserver import Room


@pytest.mark.parametrize("kind", [Board, Notifications])
def test_a_room_that_kept_something_else_is_put_aside_with_the_reason(kind: type[Room[Any]]) -> None:
    server = MemoryServer(kind)
    server.join(kind.__name__.lower(), name="Ada")
    server.tick()
    older = msgpack.packb({**read(as_bytes(server.engine)), "version": 1})
    with pytest.raises(CannotRestore, match="its saved_version was 1 and is 2"):
        restored(server.engine, older)


def test_a_chat_goes_on_from_when_its_limits_were_a_class_of_another_module() -> None:
    server = MemoryServer(Chat)
    server.join("chat", name="Ada")
    server.tick()
    now = as_bytes(server.engine)
    before, after = (
        msgpack.packb(f"gameserver.games.{module}:TokenBucket") for module in ("token_bucket", "chat_history")
    )
    assert before in now
    assert as_bytes(restored(server.engine, now.replace(before, after))) == now
