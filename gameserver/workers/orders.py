"""What a worker does when its director sends an order."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from gameserver.workers import messages
from gameserver.workers.director_client import DirectorGone

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from gameserver.net.server import Server
    from gameserver.workers.director_client import DirectorClient, Order
    from gameserver.workers.handoff import Handoff
    from gameserver.workers.messages import WorkerDescription

log = logging.getLogger("gameserver.workers")


class Orders:
    """Carries out the director's orders in one worker."""

    def __init__(
        self,
        director: DirectorClient,
        handoff: Handoff,
        server: Server,
        describe: Callable[[], WorkerDescription],
    ) -> None:
        self._director = director
        self._handoff = handoff
        self._server = server
        self._describe = describe

    async def run(self) -> None:
        """Carry out orders until the director is gone.

        Raises:
            PipeBroken: The director sent what cannot be read.
        """
        while (received := await self._director.receive_order()) is not None:
            self._carry_out(*received)

    def _carry_out(self, order: Order, sock: socket.socket | None) -> None:
        match order:
            case messages.TakeOver(handed):
                self._take_over(handed, sock)
            case messages.Describe(request):
                with contextlib.suppress(DirectorGone):  # it asks again
                    self._director.post(messages.Described(request, self._describe()))
            case messages.OtherRooms(rooms, closed):
                hub = self._server.hub
                for room_id in closed:
                    hub.forget_row(room_id)
                for row in rooms:
                    hub.take_row(row)
            case messages.PassedOn(worker, message):
                self._handoff.receive(worker, message)
            case messages.Reload():
                self._server.certificates.reload()
            case messages.Stop():
                self._server.stop_soon()
            case _:
                log.error("the director sent an unexpected %s", type(order).__name__)

    def _take_over(self, handed: messages.HandedLink | messages.HandedRequest, sock: socket.socket | None) -> None:
        if sock is None:
            log.error("a link was lost on its way here: too many files are open")
            if isinstance(handed, messages.HandedLink):
                self._handoff.release(handed.reservation)
        elif isinstance(handed, messages.HandedLink):
            self._handoff.take_over(self._server, handed, sock)
        else:
            self._server.take_connection(sock, handed.remote, begun=handed.data)
