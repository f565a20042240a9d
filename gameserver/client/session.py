"""The Python client: `connect` joins a room over a WebSocket and keeps the session across broken links.

    async with connect("ws://127.0.0.1:8000/ws", "arena", params={"name": "Ada"}) as session:
        session.set_controls(thrust=True)
        view = await session.updated()
        print(view.entities("Ship"))

Inputs, state and what is drawn are the core's (`session_core.py`), the links are the connector's (`connector.py`).
`client_demo/sdk/session.js` is the twin.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import trio

from gameserver.client.backoff import Backoff
from gameserver.client.connector import Connector
from gameserver.client.dial import nursery_of_one, opener
from gameserver.client.errors import JoinFailed
from gameserver.client.event_stream import EventStream
from gameserver.client.events import EXPECT_WITHIN_S
from gameserver.client.replica import Options
from gameserver.client.session_core import SessionCore
from gameserver.client.session_events import EVENTS_MISSED, Joined, SessionState, Status, Updated
from gameserver.client.token import Token
from gameserver.protocol import messages as m
from gameserver.protocol.constants import ATTEMPT_BYTES, Role
from gameserver.protocol.room_code import code_of_room
from gameserver.state.inputs import Inputs

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable

    from gameserver.client.dial import Opener
    from gameserver.client.drawn import Drawn
    from gameserver.client.roster import Me
    from gameserver.client.session_events import PredictedTick, SessionEvent
    from gameserver.client.token import TokenSource
    from gameserver.state.entity import Entity
    from gameserver.sync.decode.view_state import ViewState


class Session:
    """A participant in a room, across links. Made by `connect`.

    Args:
        core: The session's core.
        open_socket: Opens a WebSocket.
        rng: Source of the jitter of the waits between attempts.
        on_event: Called at once with each event of the core: `Joined`, `Updated`, `RosterChanged`, `RoomChanged`,
            `Desynced`, `Withdrawn`, and the server's events, notices and PONGs.
        on_status: Called at once with each change of `status`.
        reconnect: False to end with the first link.
        token: The token that `open_socket` sends; None: it sends none.
    """

    def __init__(
        self,
        core: SessionCore,
        open_socket: Opener,
        *,
        rng: random.Random | None = None,
        on_event: Callable[[SessionEvent], object] | None = None,
        on_status: Callable[[Status], object] | None = None,
        reconnect: bool = True,
        token: Token | None = None,
    ) -> None:
        self._token = token or Token()
        self._on_event = on_event
        self._on_status = on_status
        self._connector = Connector(
            core,
            open_socket,
            Backoff(rng or random.Random()),
            on_event=self._take,
            on_status=self._set_status,
            reconnect=reconnect,
            token=self._token,
        )
        self._task_status: trio.TaskStatus[None] | None = None
        self._updated = trio.Event()
        self._streams: list[EventStream] = []
        self.core = core
        self.status = Status(SessionState.CONNECTING)
        """What the session is doing."""
        self.closed = trio.Event()
        """Set when the session has ended."""

    # -- what the player does ----------------------------------------------------------------------------------------

    def set_controls(self, controls: Inputs | None = None, /, **values: Any) -> None:
        """Have these controls count from the next tick on, until others are set.

        Args:
            controls: An instance of the room's input class.
            values: Or its fields by name; those left out are neutral.

        Raises:
            TypeError: The room's inputs have no field of that name, or `controls` is no instance of a class of inputs.
            StateError: A field cannot hold its value.
        """
        if controls is not None and not isinstance(controls, Inputs):
            raise TypeError(f"controls are {controls!r}; write set_controls(dx=1), or an instance of your Inputs")
        if self.core.replica is not None:
            self.core.set_controls(self.core.replica.schema.inputs.cls(**values) if controls is None else controls)

    def send(self, name: str, payload: Any = None) -> bool:
        """Send a message of the game's own: a chat line, a vote.

        Args:
            name: What the room's `on_message` gets as the name.
            payload: Anything that msgpack holds, without extensions.

        Returns:
            False when the message was not sent, and is not kept: the session is in no room now, or has sent as much as
            the server allows, which a notice `rate_limited` says.

        Raises:
            ValueError: The message is longer, or nested deeper, than a server takes, or holds what the wire cannot
                carry.
        """
        sent = self.core.send(name, payload)
        self._connector.nudge()
        return sent

    @property
    def token(self) -> TokenSource:
        """What the next links are opened with. A session whose token has expired waits, and goes on when this is set to
        a new one.
        """
        return self._token.source

    @token.setter
    def token(self, source: TokenSource) -> None:
        self._token.source = source

    @property
    def resume_token(self) -> bytes | None:
        """What another process may resume this session with, once this one is gone without leaving; another one after
        each link. None before the first WELCOME. A page of the SDK does so by itself when it is loaded again.
        """
        return self.core.resume_token

    async def leave(self) -> None:
        """Leave the room for good, and wait until the server has closed the link, for five seconds at most."""
        await self._connector.leave()

    # -- what the player sees ----------------------------------------------------------------------------------------

    @property
    def view(self) -> ViewState:
        """The newest state that was received, also while the link is down.

        Raises:
            RuntimeError: The session has not joined a room yet.
        """
        if self.core.replica is None:
            raise RuntimeError("the session has not joined a room yet; see `status`")
        return self.core.replica.view

    @property
    def code(self) -> str | None:
        """The code of the room, for friends to join it by; None before the first WELCOME, and in a room whose id a
        program chose so that no code leads to it."""
        return None if self.core.seat is None else code_of_room(self.core.seat.welcome.room)

    @property
    def avatar_id(self) -> int | None:
        """The id of the entity that the player steers; None while there is none."""
        return None if self.core.replica is None else self.core.replica.avatar_id

    @property
    def me(self) -> Me | None:
        """Who this session is in its room, also before it has an avatar; None before the first WELCOME."""
        return self.core.me

    @property
    def roster(self) -> list[Any]:
        """Everyone in the room as the newest state has them, in order of joining; empty in a room without a roster."""
        return self.core.roster

    @property
    def room(self) -> Any:
        """What the room says of itself as the newest state has it: `session.room.phase`; None when it says nothing."""
        return self.core.room

    async def updated(self) -> ViewState:
        """Wait for the next state.

        Returns:
            What is known of the room after it.
        """
        await self._updated.wait()
        return self.view

    def events(self) -> EventStream:
        """Return the room's events from now on, in order and once, across links: `async for event in …`.

        Returns:
            The stream. It ends with the session, and raises EventsMissed when the loop falls too far behind, or when
            the link was down for so long that events may be lost.
        """
        stream = EventStream(self.closed)
        self._streams.append(stream)
        return stream

    def draw(self) -> Drawn | None:
        """Return what to draw at this moment, smoothly and a little in the past.

        Returns:
            Everyone, the own avatar as the server last said; None before the first state.
        """
        drawn, events = self.core.draw(trio.current_time())
        for event in events:
            self._take(event)
        return drawn

    def draw_avatar(self) -> Any:
        """Return the own avatar as to be drawn at this moment, predicted.

        Returns:
            The same object each time: read it, do not keep it. None without an avatar, or without a step to predict it
            with.
        """
        return None if self.core.replica is None else self.core.replica.draw_avatar(trio.current_time())

    def predict_spawn(
        self,
        tick: PredictedTick,
        type_name: str,
        *,
        match: Callable[[Any], bool] = lambda _: True,
        rewound: bool = False,
        **values: Any,
    ) -> Entity | None:
        """Show at once what a predicted tick spawns; to be called from `Options.on_predicted`.

        The entity is among the `spawns` of what `draw` returns. The server's own takes its place when it comes; when
        the server has consumed the tick's frame and there is none, `Withdrawn` is reported.

        Args:
            tick: The tick.
            type_name: Name of the entity type.
            match: Whether an entity of the server's may be this one.
            rewound: Whether the room takes it through the past that this player saw (`Room.rewind`), so that it
                belongs to the others, and is drawn in their time once the server's has come.
            values: Its fields, as the server will have them after the tick.

        Returns:
            What is drawn, with a negative id until the server's own has come; None before the first WELCOME.

        Raises:
            KeyError: The room has no type of that name.
            TypeError: The type has no field of that name.
            ValueError: The type is in the predicted world, and a value is NaN, or one that its field cannot hold.
            OverflowError: The type is in the predicted world, and a value is infinite.
        """
        seat = self.core.seat
        return None if seat is None else seat.spawn(tick, type_name, values, match, rewound=rewound)

    def expect_event(
        self,
        name: str,
        payload: Any = None,
        *,
        match: Callable[[Any], bool] = lambda _: True,
        within_s: float = EXPECT_WITHIN_S,
    ) -> None:
        """Report at once an event that the server is going to send; its own is then not reported again.

        Args:
            name: The event's name.
            payload: The payload to report it with.
            match: Whether an event of that name with this payload is the expected one.
            within_s: How long it is waited for, in seconds; then `Withdrawn` is reported.
        """
        event = self.core.expect(name, payload, match, trio.current_time() + within_s)
        if event is not None:
            self._take(event)

    # -- running -----------------------------------------------------------------------------------------------------

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Keep the session in its room until it ends.

        Args:
            task_status: Started once a room is joined.

        Raises:
            JoinFailed: No room could be joined at first.
        """
        self._task_status = task_status
        try:
            end = await self._connector.run()
            if self._task_status is not None:
                raise JoinFailed(end.code, end.reason)
            self._set_status(Status(SessionState.CLOSED, end.code, end.reason))
        finally:
            self.closed.set()
            for stream in self._streams:
                stream.end()

    def _take(self, event: SessionEvent) -> None:
        match event:
            case Joined():
                if self._task_status is not None:
                    self._task_status.started()
                    self._task_status = None
            case Updated():
                done, self._updated = self._updated, trio.Event()
                done.set()
            case m.Event():
                self._streams = [stream for stream in self._streams if stream.put(event)]
            case m.Notice(name) if name == EVENTS_MISSED:
                for stream in self._streams:
                    stream.end()
                self._streams = []
        if self._on_event is not None:
            self._on_event(event)

    def _set_status(self, status: Status) -> None:
        self.status = status
        if self._on_status is not None:
            self._on_status(status)


@asynccontextmanager
async def connect(
    url: str,
    kind: str,
    *,
    room: str | None = None,
    code: str | None = None,
    create: bool = False,
    room_options: Mapping[str, Any] | None = None,
    where: Mapping[str, Any] | None = None,
    reservation: bytes | None = None,
    resume_token: bytes | None = None,
    role: Role = Role.PLAYER,
    params: Mapping[str, Any] | None = None,
    options: Options | None = None,
    token: TokenSource = None,
    tls: ssl.SSLContext | None = None,
    **more: Any,
) -> AsyncGenerator[Session]:
    """Join a room, and leave it at the end of the block.

    Args:
        url: Where the server's WebSocket is: `ws://host:port/ws` or `wss://…`.
        kind: The kind of room.
        room: The id of a room; None: any with a free seat.
        code: A room's code, as a friend has read it out, instead of its id.
        create: Whether to make a new room instead.
        room_options: The options of a room that has to be made, by name, as the room's class declares them.
        where: Only a room whose listing fits, by the names of its fields: a value, a list of values, a map with `min`,
            `max` or both, or `{"exists": bool}`.
        reservation: Of a seat in this `room`, as its rules have made it with `reserve`.
        resume_token: What an earlier process has kept of its session (`Session.resume_token`), to go on in the same
            seat; where that is gone, a room is joined as the other arguments say.
        role: Player or spectator.
        params: The game's own: a name, a colour.
        options: Own entity and input classes, and the shared step to predict with.
        token: A JWT, where the server asks for one; or a function, which may be async, that returns one and is called
            before each attempt.
        tls: The SSL context for `wss`; None: the system's certificates.
        more: The keyword arguments of `Session`: `rng`, `on_event`, `on_status`, `reconnect`.

    Returns:
        The session, once it has joined.

    Raises:
        ValueError: The URL does not begin with ws:// or wss://, or `kind`, `room`, `code`, `room_options`, `where` or
            `params` are longer, or nested deeper, than a server takes; or what is given contradicts itself.
        TypeError: `create` is no bool, or what has to be a map or an `Options` is none.
        JoinFailed: The room cannot be joined.
    """
    if not isinstance(create, bool):
        raise TypeError(f"create is {create!r}; write True or False")
    if options is not None and not isinstance(options, Options):
        raise TypeError(f"options are {options!r:.60}; write Options(…), or room_options for those of a new room")
    for name, given in (("room_options", room_options), ("where", where), ("params", params)):
        if given is not None and not isinstance(given, Mapping):
            raise TypeError(f"{name} are {given!r:.60}; write a dict")
    wanted = room_choice(room, code=code, create=create, options=room_options, where=where, reservation=reservation)
    core = SessionCore(
        m.Join(kind, wanted, role, dict(params or {})), options, new_attempt=new_attempt, resume_token=resume_token
    )
    own_token = Token(token)
    session = Session(core, opener(url, own_token, tls), token=own_token, **more)
    async with joined(session):
        yield session


def new_attempt() -> bytes:
    """Return what the repetitions of a JOIN have in common: no other client's may be the same."""
    return secrets.token_bytes(ATTEMPT_BYTES)


def room_choice(
    room: str | None,
    *,
    code: str | None,
    create: bool,
    options: Mapping[str, Any] | None,
    where: Mapping[str, Any] | None,
    reservation: bytes | None,
) -> str | dict[str, Any] | None:
    """Return JOIN's `room`.

    Raises:
        ValueError: What is given contradicts itself.
    """
    if (room is not None) + (code is not None) + create > 1:
        raise ValueError("give one of room, code and create, or none of them for any room")
    if options is not None and (room is not None or code is not None):
        raise ValueError("room_options are for a room that has to be made: room and code name one that is there")
    if where is not None and (room is not None or code is not None or create):
        raise ValueError("where looks for any room that fits: room and code name one, and create makes one")
    if reservation is not None:
        if room is None:
            raise ValueError("a reservation is of one room: give its id as room")
        return {"room": room, "reservation": reservation}
    if code is not None:
        return {"code": code}
    if create:
        return {"create": dict(options or {})}
    if room is not None or (where is None and options is None):
        return room
    return {name: dict(value) for name, value in (("where", where), ("options", options)) if value is not None}


@asynccontextmanager
async def joined(session: Session) -> AsyncGenerator[None]:
    """Run a session in the background from its first WELCOME on, and have it leave at the end of the block.

    Raises:
        JoinFailed: The room cannot be joined.
    """
    async with nursery_of_one() as nursery:
        await nursery.start(session.run)
        try:
            yield
            await session.leave()
        finally:
            nursery.cancel_scope.cancel()
