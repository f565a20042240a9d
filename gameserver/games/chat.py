"""A chat: channels, people who are there and who type, messages that arrive once and in order, history, moderators.

What lasts is state: the channels, each with the number of its newest message, and the roster with who types where. So
a page knows what is unread in a channel of which it has no message. Messages are events, which arrive once and in order
across lost links, and the newest of them are kept for who comes later. A message has a number in its channel without
gaps: a page that was loaded again asks for what it is missing, and shows nothing twice.

To have rules of your own, subclass `Chat` and override `moderate`, `is_moderator`, `name_of`, or a limit.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar, Final

from gameserver import Entity, Flag, Int, Options, Player, PlayerState, Room, Roster, Text
from gameserver.games.chat_history import History, KeptLimits, Message
from gameserver.games.chat_payload import MAX_ID, is_count, value_of
from gameserver.games.chat_payload import MessageRefused as MessageRefused
from gameserver.games.chat_text import (
    MAX_CHANNEL_CHARS,
    MAX_SAID_BYTES,
    MAX_SHOWN_NAME_CHARS,
    clean_channel,
    clean_name,
    clean_text,
    is_mixed,
    skeleton,
)
from gameserver.games.token_bucket import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PAGE_MESSAGES: Final = 50
PAGE_BYTES: Final = 16_384
PAGE_BURST: Final = 6
"""Pages that a person gets at once: all of them fit into what the server holds for a client that is behind."""
TYPING_S: Final = 6.0
"""How long somebody counts as typing after the last word of it."""
KNOWN_NONCES: Final = 64
"""Messages of one person that are recognised when they are sent again; a page holds back more than half of that."""
MAX_MUTED_SUBJECTS: Final = 1000
MAX_REASON_CHARS: Final = 200
RESERVED_NAMES: Final = tuple(map(skeleton, ("admin", "moderator")))
"""Nobody's name contains these but a moderator's."""


class Channel(Entity):
    """One channel. `last` is the number of its newest message."""

    number = Int(1, MAX_ID)
    name = Text(MAX_CHANNEL_CHARS)
    last = Int(0, MAX_ID)


class Member(PlayerState):
    """`typing` is the number of the channel in which this person types; 0: in none."""

    typing = Int(0, MAX_ID)
    moderator = Flag()
    muted = Flag()


class ChatOptions(Options):
    friends_only: bool = False
    open_channels: bool = True
    """Whether everybody may open a channel; otherwise only moderators may."""


class Person:
    """What the room keeps of a participant, beside the roster."""

    def __init__(self, room: Chat) -> None:
        hz = room.tick_hz
        self.joined_tick = room.tick
        self.typing_until = 0
        self.nonces: deque[int] = deque(maxlen=KNOWN_NONCES)
        """Of the messages that were accepted."""
        self.messages = TokenBucket(room.say_burst, hz * room.say_every_s)
        self.pages = TokenBucket(PAGE_BURST, hz / 2)
        self.channels = TokenBucket(2, hz * 60.0)
        self.typing = TokenBucket(4, hz)
        self.refusals = TokenBucket(20, hz)


class Chat(Room):
    """The rules. A client sends `say`, `typing`, `history`, `open`, and a moderator also `hide`, `mute` and `close`."""

    lasting = True
    tick_hz = 10
    max_players = 100
    max_spectators = 100
    empty_close_s = 600.0
    options = ChatOptions()
    roster = Roster(Member)

    first_channels: ClassVar[tuple[str, ...]] = ("general", "random", "help")
    """The channels that there are from the beginning, and that cannot be closed."""
    max_channels: ClassVar[int] = 32
    channel_kept_s: ClassVar[float] = 3600.0
    """One in which nothing was said for so long makes place for a new one when there may be no more."""
    history_bytes: ClassVar[int] = 1_048_576
    """How many bytes of messages are kept in all."""
    say_burst: ClassVar[int] = 5
    say_every_s: ClassVar[float] = 1.0
    """A person may say so much at once, and then one message every so many seconds."""
    newcomer_s: ClassVar[float] = 20.0
    newcomers_burst: ClassVar[int] = 20
    newcomers_every_s: ClassVar[float] = 0.25
    """All without a token who joined less than `newcomer_s` ago share this, so that who leaves and joins again does not
    say more by it. Who has a token keeps its own limits, however often it joins."""

    # -- what a subclass may override ----------------------------------------------------------------------------------

    def moderate(self, player: Player, channel: Channel, text: str) -> str | None:
        """Decide on a message before anybody sees it.

        Args:
            player: Who says it.
            channel: Where.
            text: What; already without control characters, and not too long.

        Returns:
            The text to show, the same or another one; None: only its author sees it, and does not learn that.

        Raises:
            MessageRefused: Raise it to refuse the message; its text is the reason that the author gets.
        """
        return text

    def is_moderator(self, player: Player) -> bool:
        """Decide whether a participant is a moderator; without tokens nobody is.

        Args:
            player: Who has just joined.
        """
        return player.claims is not None and player.claims.get("moderator") is True

    def name_of(self, player: Player) -> str:
        """Return the name that a participant would like to have; the room makes it unlike the others'.

        Args:
            player: Who has just joined.
        """
        name = player.params.get("name")
        return name if isinstance(name, str) else ""

    # -- people --------------------------------------------------------------------------------------------------------

    def on_create(self, options: Mapping[str, object]) -> None:
        if self.options.friends_only:
            self.set_visibility("unlisted")
        self.history = History(self.history_bytes)
        self._channels: dict[int, Channel] = {}
        self._last_channel = 0
        self._newcomers = TokenBucket(self.newcomers_burst, self.tick_hz * self.newcomers_every_s)
        self._newcomers_channels = TokenBucket(4, self.tick_hz * 60.0)
        self._spoken_tick: dict[int, int] = {}
        """When something was last said in each channel."""
        self._muted_subjects: dict[str, None] = {}
        self._limits = KeptLimits()
        for name in self.first_channels:
            self._open(name)

    def on_join(self, player: Player) -> None:
        player.data = Person(self)
        entry = self.roster[player]
        entry.moderator = self.is_moderator(player)
        entry.muted = _subject(player) in self._muted_subjects
        person: Person = player.data
        person.messages, person.channels = self._limits.of(_subject(player), (person.messages, person.channels))
        entry.name = self._free_name(player, entry)

    def on_spectate(self, spectator: Player) -> None:
        self.on_join(spectator)

    def on_suspend(self, player: Player) -> None:
        self._stop_typing(player)

    def _free_name(self, player: Player, entry: Member) -> str:
        """Return a name that looks like nobody else's. Where it does, or might to a reader, a number is added."""
        wanted = clean_name(self.name_of(player))
        looks = skeleton(wanted)
        if not looks or (not entry.moderator and any(word in looks for word in RESERVED_NAMES)):
            wanted = "Visitor"
        taken = {skeleton(other.name) for other in self.roster if other is not entry}
        name, number = wanted, player.number
        while name == "Visitor" or (name == wanted and is_mixed(name)) or skeleton(name) in taken:
            ending = f" {number}"
            name, number = wanted[: MAX_SHOWN_NAME_CHARS - len(ending)].rstrip() + ending, number + 1
        return name

    # -- messages ------------------------------------------------------------------------------------------------------

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        take = self._takers.get(name)
        try:
            if take is None:
                raise MessageRefused(f"there is no {name!r}; send one of {', '.join(self._takers)}")
            if player.is_spectator and name != "history":
                raise MessageRefused(f"{name}: who watches cannot do this")
            take(self, player, payload)
        except MessageRefused as refusal:
            self._refuse(player, name, payload, str(refusal))

    def on_tick(self) -> None:
        for player in self.players:
            if 0 < player.data.typing_until <= self.tick:
                self._stop_typing(player)

    def _refuse(self, player: Player, name: str, payload: Any, reason: str) -> None:
        """Say what was wrong, to its sender only; who sends one wrong thing after the other gets no more answers."""
        if player.data.refusals.take(self.tick):
            nonce = payload.get("nonce") if isinstance(payload, dict) else None
            said = {"what": name, "why": reason[:MAX_REASON_CHARS], "nonce": nonce if is_count(nonce) else None}
            self.send(player, "refused", said)

    def _say(self, player: Player, payload: Any) -> None:
        channel = self._channel("say", payload)
        nonce, text = value_of("say", payload, "nonce", int), value_of("say", payload, "text", str)
        if not is_count(nonce):
            raise MessageRefused(f"say: nonce is {nonce}; write a number from 0 to {MAX_ID}")
        person: Person = player.data
        if nonce in person.nonces:  # sent again, since the link was lost: it has arrived before
            self.send(player, "sent", {"nonce": nonce})
            return
        text = self._checked_text(player, text)
        shown = self.moderate(player, channel, text)
        person.nonces.append(nonce)
        self._stop_typing(player)
        entry = self.roster[player]
        if shown is None:
            alone = Message(0, self.tick, player.number, entry.name, entry.moderator, text)
            self.send(player, "said", {"channel": channel.number, "nonce": nonce, **alone.as_payload()})
            return
        channel.last += 1
        self._spoken_tick[channel.number] = self.tick
        message = Message(channel.last, self.tick, player.number, entry.name, entry.moderator, shown)
        self.history.add(channel.number, message)
        self.broadcast("said", {"channel": channel.number, "nonce": nonce, **message.as_payload()})

    def _checked_text(self, player: Player, text: str) -> str:
        """Return a text as it may be shown.

        Raises:
            MessageRefused: It may not be said, or not now.
        """
        if self.roster[player].muted:
            raise MessageRefused("a moderator has muted you")
        if not player.data.messages.take(self.tick):
            raise MessageRefused("too fast: wait a moment")
        if self._is_new(player) and not self._newcomers.take(self.tick):
            raise MessageRefused("many people have just come: wait a moment")
        cleaned = clean_text(text)
        if not cleaned:
            raise MessageRefused("say: text shows nothing")
        if len(cleaned.encode()) > MAX_SAID_BYTES:
            raise MessageRefused(f"say: text is longer than {MAX_SAID_BYTES} bytes")
        return cleaned

    def _is_new(self, player: Player) -> bool:
        """Return whether who leaves and joins again could say more by it."""
        return not _subject(player) and bool(self.tick - player.data.joined_tick < self.newcomer_s * self.tick_hz)

    def _typing(self, player: Player, payload: Any) -> None:
        if payload == 0 and isinstance(payload, int):
            self._stop_typing(player)
            return
        channel = self._channel("typing", {"channel": payload})
        if player.data.typing.take(self.tick) and not self.roster[player].muted:
            self.roster[player].typing = channel.number
            player.data.typing_until = self.tick + round(TYPING_S * self.tick_hz)

    def _stop_typing(self, player: Player) -> None:
        self.roster[player].typing = player.data.typing_until = 0

    def _send_history(self, player: Player, payload: Any) -> None:
        channel = self._channel("history", payload)
        before = payload.get("before")
        if before is not None and not is_count(before):
            raise MessageRefused(f"history: before is no number from 0 to {MAX_ID}")
        if not player.data.pages.take(self.tick):
            raise MessageRefused("history: too many pages at once; wait a moment")
        messages, more = self.history.page(channel.number, before, PAGE_MESSAGES, PAGE_BYTES)
        page = {"channel": channel.number, "before": before, "more": more}
        self.send(player, "history", {**page, "messages": [message.as_payload() for message in messages]})

    # -- channels ------------------------------------------------------------------------------------------------------

    def _channel(self, what: str, payload: Any) -> Channel:
        number = value_of(what, payload, "channel", int)
        channel = self._channels.get(number)
        if channel is None:
            raise MessageRefused(f"{what}: there is no channel {number}")
        return channel

    def _open_channel(self, player: Player, payload: Any) -> None:
        moderates = self.roster[player].moderator
        if not (self.options.open_channels or moderates):
            raise MessageRefused("open: only moderators open channels here")
        if self.roster[player].muted:
            raise MessageRefused("a moderator has muted you")
        name = clean_channel(payload) if isinstance(payload, str) else ""
        if not name:
            raise MessageRefused(f"a channel has 1 to {MAX_CHANNEL_CHARS} of the letters a to z, digits and hyphens")
        if any(channel.name == name for channel in self._channels.values()):
            raise MessageRefused(f"there is a channel {name} already")
        if not moderates:
            if not player.data.channels.take(self.tick):
                raise MessageRefused("open: one channel a minute")
            if self._is_new(player) and not self._newcomers_channels.take(self.tick):
                raise MessageRefused("many people have just come: wait a moment")
        if len(self._channels) >= self.max_channels and not self._close_unused():
            raise MessageRefused(f"there are {self.max_channels} channels already")
        channel = self._open(name)
        self.send(player, "opened", {"channel": channel.number})

    def _open(self, name: str) -> Channel:
        self._last_channel += 1
        channel = self.spawn(Channel, number=self._last_channel, name=name)
        self._channels[channel.number] = channel
        self.history.open(channel.number)
        return channel

    def _close_unused(self) -> bool:
        """Close a channel in which nobody has said anything, the oldest, or else nothing for long. Return whether there
        was one."""
        opened = [channel for channel in self._channels.values() if channel.name not in self.first_channels]
        silent = min(opened, key=lambda channel: self._spoken_tick.get(channel.number, -1), default=None)
        long_ago = self.tick - round(self.channel_kept_s * self.tick_hz)
        if silent is None or (silent.last > 0 and self._spoken_tick[silent.number] > long_ago):
            return False
        self._close(silent)
        return True

    def _close(self, channel: Channel) -> None:
        del self._channels[channel.number]
        self._spoken_tick.pop(channel.number, None)
        self.history.close(channel.number)
        self.despawn(channel)

    # -- moderators ----------------------------------------------------------------------------------------------------

    def _close_channel(self, player: Player, payload: Any) -> None:
        self._check_moderator(player, "close")
        channel = self._channel("close", payload)
        if channel.name in self.first_channels:
            raise MessageRefused(f"close: {channel.name} stays")
        self._close(channel)

    def _hide(self, player: Player, payload: Any) -> None:
        self._check_moderator(player, "hide")
        channel, message = self._channel("hide", payload), value_of("hide", payload, "id", int)
        if not self.history.hide(channel.number, message):
            raise MessageRefused(f"hide: there is no message {message}")
        self.broadcast("hidden", {"channel": channel.number, "id": message})

    def _mute(self, player: Player, payload: Any) -> None:
        """Mute somebody, or no longer. Who has a token stays muted after joining again."""
        self._check_moderator(player, "mute")
        number, muted = value_of("mute", payload, "number", int), value_of("mute", payload, "muted", bool)
        other = next((each for each in self.players if each.number == number), None)
        if other is None or self.roster[other].moderator:
            raise MessageRefused(f"mute: {number} is nobody whom you can mute")
        self.roster[other].muted = muted
        self._stop_typing(other)
        subject = _subject(other)
        if not muted:
            self._muted_subjects.pop(subject, None)
        elif subject:
            self._muted_subjects[subject] = None
            if len(self._muted_subjects) > MAX_MUTED_SUBJECTS:
                del self._muted_subjects[next(iter(self._muted_subjects))]

    def _check_moderator(self, player: Player, what: str) -> None:
        if not self.roster[player].moderator:
            raise MessageRefused(f"{what}: only moderators can do this")

    _takers: ClassVar[dict[str, Callable[[Chat, Player, Any], None]]] = {
        "say": _say,
        "typing": _typing,
        "history": _send_history,
        "open": _open_channel,
        "close": _close_channel,
        "hide": _hide,
        "mute": _mute,
    }


def _subject(player: Player) -> str:
    """Whose token a participant has; empty without one."""
    subject = None if player.claims is None else player.claims.get("sub")
    return subject if isinstance(subject, str) else ""
