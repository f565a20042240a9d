"""What the net layer needs of several processes that share one address: each link runs in the process of its room.

`gameserver.workers.handoff` implements it; a server that is one process has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import socket

    import trio

    from gameserver.hub.command_router import OutsideCommand
    from gameserver.hub.peer import Peer
    from gameserver.net.http.head import Head
    from gameserver.net.http.upgrade import Admitted


class Handoff(Protocol):
    """Finds the process of each new link, and hands the socket over if that is another one.

    A reservation is the number of a seat that is kept for a link; 0 stands for none.
    """

    async def pass_on(self, stream: trio.SocketStream, sock: socket.socket, admitted: Admitted) -> Admitted | None:
        """Decide where an admitted link runs.

        Args:
            stream: the link's stream, from which the client's first message is read.
            sock: the socket that `stream` wraps.
            admitted: the link, before its handshake is answered. It is not refused.

        Returns:
            The link as this process must run it, or None when another process has taken it: the caller closes `stream`.

        Raises:
            trio.BrokenResourceError: the client is gone.
        """
        ...

    async def send_command(self, command: OutsideCommand) -> None:
        """Send a checked command to the process that has its room.

        Raises:
            ProtocolError: It cannot be sent now, or there is no such room.
        """

    async def pass_request(self, sock: socket.socket, head: Head, tail: bytes, remote: str) -> bool:
        """Hand a request to watch a room over to the process that has the room, or the viewer's session.

        Args:
            sock: the socket that the request came over.
            head: the request.
            tail: bytes read after its head.
            remote: the address at the other end.

        Returns:
            Whether another process has it now: the caller closes its socket. False: it is answered here.
        """
        ...

    def watch(self, reservation: int, peer: Peer) -> None:
        """Release the seat of `reservation` as soon as `peer` has joined or was refused."""

    def settle(self, reservation: int) -> None:
        """Release the seat of `reservation`, if that has not happened yet: its link has ended."""
