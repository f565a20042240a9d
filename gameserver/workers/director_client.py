"""A worker's connection to its director: sends reports, sends requests and waits for their answers, and receives the
director's orders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import trio

from gameserver.workers import messages

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from gameserver.hub.attempts import AttemptKey
    from gameserver.workers.pipe import Pipe

ANSWER_WITHIN_S: Final = 3.0
"""A director that has not answered for this long has ended or hangs."""

A = TypeVar("A", messages.Placed, messages.AllDescribed)
Answer: TypeAlias = messages.Placed | messages.AllDescribed
Order: TypeAlias = (
    messages.Start
    | messages.TakeOver
    | messages.Describe
    | messages.OtherRooms
    | messages.PassedOn
    | messages.Stop
    | messages.Reload
)


class DirectorGone(Exception):
    """The director does not read or does not answer."""


class DirectorClient:
    """Talks to the director over a pipe. A task must keep calling `receive_order`, which also receives the answers."""

    def __init__(self, pipe: Pipe[messages.ToWorker]) -> None:
        self._pipe = pipe
        self._last_request = 0
        self._waiting: dict[int, Callable[[Answer], None]] = {}
        self.on_late_place: Callable[[int], None] | None = None
        """Gets the reservation of an answer that nobody waits for any more."""

    async def place_join(
        self,
        kind: str,
        room: str | None,
        role: int,
        *,
        create: bool,
        where: dict[str, Any],
        attempt: AttemptKey | None,
    ) -> messages.Placed:
        """Ask where a JOIN belongs.

        Raises:
            DirectorGone: No answer came.
        """
        return await self._ask(
            lambda request: messages.PlaceJoin(request, kind, room, role, create, where, attempt), messages.Placed
        )

    async def place_resume(self, prefix: bytes) -> messages.Placed:
        """Ask where a RESUME belongs whose token begins with `prefix`.

        Raises:
            DirectorGone: No answer came.
        """
        return await self._ask(lambda request: messages.PlaceResume(request, prefix), messages.Placed)

    async def describe_all(self) -> messages.AllDescribed:
        """Ask for the state of all workers.

        Raises:
            DirectorGone: No answer came.
        """
        return await self._ask(messages.DescribeAll, messages.AllDescribed)

    async def _ask(self, make_request: Callable[[int], messages.ToDirector], answer_type: type[A]) -> A:
        self._last_request += 1
        request = self._last_request
        answers: list[Answer] = []
        arrived = trio.Event()

        def receive(answer: Answer) -> None:
            answers.append(answer)
            arrived.set()

        self._waiting[request] = receive
        try:
            self.post(make_request(request))
            with trio.move_on_after(ANSWER_WITHIN_S):
                await arrived.wait()
        finally:
            del self._waiting[request]
        if not answers:
            raise DirectorGone("the director does not answer")
        answer = answers[0]
        assert isinstance(answer, answer_type)
        return answer

    def post(self, message: messages.ToDirector, sock: socket.socket | None = None) -> None:
        """Queue a message to the director. `sock` travels with it and is closed here once it is sent.

        Raises:
            DirectorGone: Too many messages wait already.
        """
        if not self._pipe.post(message, sock):
            raise DirectorGone("the director does not read")

    async def receive_order(self) -> tuple[Order, socket.socket | None] | None:
        """Return the director's next order and the socket that came with it, None when the director is gone.

        Raises:
            PipeBroken: The director sent what cannot be read.
        """
        while (received := await self._pipe.receive()) is not None:
            message, sock = received
            if not isinstance(message, messages.Placed | messages.AllDescribed):
                return message, sock
            receive = self._waiting.get(message.request)
            if receive is not None:
                receive(message)
            elif isinstance(message, messages.Placed) and self.on_late_place is not None:
                self.on_late_place(message.reservation)
        return None
