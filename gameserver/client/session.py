"""The Python client: `connect` joins a room over a WebSocket and keeps coming back to it until it is told not to.

    async with connect("ws://127.0.0.1:8000/ws", "arena", params={"name": "Ada"}) as session:
        session.set_controls(thrust=True)
        view = await session.updated()
        print(view.entities("Ship"))

One link after the other is run (`link.py`), with back-off in between. Inputs, state and what is drawn are the core's
(`session_core.py`).
"""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import trio

from gameserver.client.backoff import Backoff
from gameserver.client.dial import CLOSE_WITHIN_S, opener
from gameserver.client.errors import JoinFailed
from gameserver.client.eventstream import EventStream
from gameserver.client.expected import EXPECT_FOR_S
from gameserver.client.link import Link
from gameserver.client.nursery import nursery_of_one
from gameserver.client.session_core import Phase, SessionCore
from gameserver.client.session_events import Joined, SessionState, Status, Updated
from gameserver.protocol import messages as m
from gameserver.protocol.constants import CloseCode, Role

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable, Mapping

    from gameserver.client.dial import Opener
    from gameserver.client.interpolation import Drawn
    from gameserver.client.link import LinkEnd
    from gameserver.client.replica import Options
    from gameserver.client.session_events import PredictedTick, SessionEvent
    from gameserver.state.entity import Entity
    from gameserver.state.inputs import Inputs
    from gameserver.sync.decode.view_state import ViewState

ANSWERED = frozenset({CloseCode.SESSION_EXPIRED, CloseCode.SERVER_RESTARTED})
"""The session is gone, but the server is there: no reason to be slow about joining anew."""


class Session:
    """A participant in a room. Made by `connect`."""

    def __init__(
        self,
        core: SessionCore,
        open_socket: Opener,
        *,
        rng: random.Random | None = None,
        on_event: Callable[[SessionEvent], object] | None = None,
        on_status: Callable[[Status], object] | None = None,
        reconnect: bool = True,
    ) -> None:
        self._open = open_socket
        self._backoff = Backoff(rng or random.Random())
        self._on_event = on_event
        self._on_status = on_status
        self._reconnect = reconnect
        self._link: Link | None = None
        self._task_status: trio.TaskStatus[None] | None = None
        self._updated = trio.Event()
        self._streams: list[EventStream] = []
        self.core = core
        self.status = Status(SessionState.CONNECTING)
        self.closed = trio.Event()
        """Set when it is over and will not come back."""

    # -- what a user does --------------------------------------------------------------------------------------------

    @property
    def view(self) -> ViewState:
        """The newest received state. Raises RuntimeError while there is no session."""
        if self.core.replica is None:
            raise RuntimeError("the client is in no room now; see `status`")
        return self.core.replica.view

    @property
    def avatar_id(self) -> int | None:
        """The entity that this player steers."""
        return None if self.core.replica is None else self.core.replica.avatar_id

    def set_controls(self, controls: Inputs | None = None, /, **values: Any) -> None:
        """Hold these controls from the next tick on, until others are sent: an instance of the room's input class, or
        its fields by name; nothing for hands off.

        Raises TypeError for a field that the room has not, StateError for a value that is none.
        """
        if self.core.replica is not None:
            self.core.set_controls(self.core.replica.schema.inputs.cls(**values) if controls is None else controls)

    def send(self, name: str, payload: Any = None) -> None:
        """Say something of the game's own. Raises ValueError for what the wire cannot carry. Said while the link is
        down, it is lost."""
        self.core.send(name, payload)
        if self._link is not None:
            self._link.nudge()

    async def updated(self) -> ViewState:
        """Wait for the next state, and return it."""
        await self._updated.wait()
        return self.view

    def events(self) -> EventStream:
        """Return the game's events from now on, in order and none missing, across lost links: `async for event in …`.

        The loop ends when the client does. It raises EventsMissed when it falls too far behind.
        """
        stream = EventStream(self.closed)
        self._streams.append(stream)
        return stream

    def draw(self) -> Drawn | None:
        """Return everyone as to be drawn at this moment, smoothly and a little in the past; None before the first
        state.
        """
        return None if self.core.replica is None else self.core.replica.draw(trio.current_time())

    def draw_avatar(self) -> Any:
        """Return the own avatar as to be drawn at this moment, predicted; None without one, or without a step to
        predict it with.
        """
        return None if self.core.replica is None else self.core.replica.draw_avatar(trio.current_time())

    def predict_spawn(
        self,
        tick: PredictedTick,
        which: str,
        *,
        match: Callable[[Any], bool] = lambda _: True,
        rewound: bool = False,
        **values: Any,
    ) -> Entity | None:
        """Show at once an entity of type `which` that a predicted tick spawns, where it will be after that tick; to
        be called from `Options.on_predicted`. It is among the `spawns` of what `draw` returns, under a negative id
        until the server's own, the first for which `match` is true, takes its place. If there is none, `Withdrawn` is
        reported.
        `rewound`: the room takes it through the past that this player saw (`Room.rewind`); so it belongs to the others,
        and is drawn in their time from then on. None while there is no session.

        Raises KeyError for a type that the room has not, TypeError for a field.
        """
        return (
            None if self.core.replica is None else self.core.replica.spawn(tick, which, values, match, rewound=rewound)
        )

    def expect_event(
        self,
        name: str,
        payload: Any = None,
        *,
        match: Callable[[Any], bool] = lambda _: True,
        within_s: float = EXPECT_FOR_S,
    ) -> None:
        """Tell at once an event that the server is going to tell; its own, the first of that name for which `match`
        is true, is not told again. If none comes in time, `Withdrawn` is told."""
        event = self.core.expect(name, payload, match, trio.current_time() + within_s)
        if event is not None:
            self._tell(event)

    async def leave(self) -> None:
        """Leave for good, and wait until the server has heard it, or a second has passed."""
        self._reconnect = False
        if self.core.phase is Phase.JOINED and self._link is not None:
            self.core.leave()
            self._link.nudge()
            with trio.move_on_after(CLOSE_WITHIN_S):
                await self.closed.wait()

    # -- one link after the other ------------------------------------------------------------------------------------

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Keep the client in its room until it is over. Started once it has joined; raises JoinFailed if it cannot at
        first.
        """
        self._task_status = task_status
        try:
            while True:
                end = await self._run_link()
                back = end.back or self.core.lost(end.code)
                if back == "no" or not self._reconnect:
                    break
                if end.code in ANSWERED:
                    self._backoff.reset()
                await self._wait(end)
            if self._task_status is not None:
                raise JoinFailed(end.code, end.reason)
            self._report(Status(SessionState.CLOSED, end.code, end.reason))
        finally:
            self.closed.set()
            for stream in self._streams:
                stream.end()

    async def _run_link(self) -> LinkEnd:
        self._report(Status(SessionState.CONNECTING))
        self._link = link = Link(self.core, self._open, self._tell)
        try:
            return await link.run()
        finally:
            self._link = None
            if link.held:
                self._backoff.reset()

    async def _wait(self, end: LinkEnd) -> None:
        wait_s = self._backoff.next_s(end.reason)
        self._report(Status(SessionState.WAITING, end.code, end.reason, wait_s))
        await trio.sleep(wait_s)

    # -- telling -----------------------------------------------------------------------------------------------------

    def _tell(self, event: SessionEvent) -> None:
        match event:
            case Joined():
                self._enter()
            case Updated():
                done, self._updated = self._updated, trio.Event()
                done.set()
            case m.Event():
                self._streams = [stream for stream in self._streams if stream.put(event)]
        if self._on_event is not None:
            self._on_event(event)

    def _enter(self) -> None:
        self._report(Status(SessionState.JOINED))
        if self._task_status is not None:
            self._task_status.started()
            self._task_status = None

    def _report(self, change: Status) -> None:
        self.status = change
        if self._on_status is not None:
            self._on_status(change)


@asynccontextmanager
async def connect(
    url: str,
    kind: str,
    *,
    room: str | None = None,
    role: Role = Role.PLAYER,
    params: Mapping[str, Any] | None = None,
    options: Options | None = None,
    token: str | None = None,
    tls: ssl.SSLContext | None = None,
    **more: Any,
) -> AsyncGenerator[Session]:
    """Join a room, and leave it at the end of the block.

    `url`: the server's WebSocket, `ws://host:port/ws` or `wss://…`. `kind`, `room`, `role`, `params`: as in JOIN.
    `options`: own entity and input classes, the shared step to predict with. `more`: what `Session` takes: `token`, a
    JWT; `tls`, an SSL context; `on_event` and `on_status`, called at once; `reconnect=False` to be over with the
    first lost link; `rng` for the waits before coming back. Raises JoinFailed when the room cannot be entered in the
    first place.
    """
    core = SessionCore(m.Join(kind, room, role, dict(params or {})), options)
    client = Session(core, opener(url, token, tls), **more)
    async with joined(client):
        yield client


@asynccontextmanager
async def joined(client: Session) -> AsyncGenerator[None]:
    """Run a client in the background from its first WELCOME on, and have it leave at the end of the block."""
    async with nursery_of_one() as nursery:
        await nursery.start(client.run)
        try:
            yield
            await client.leave()
        finally:
            nursery.cancel_scope.cancel()
