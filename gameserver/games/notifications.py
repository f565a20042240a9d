"""Notifications: for one user, or for everyone who follows a topic.

They are published over HTTP, with `gameserver publish`, by clients whose token has the scope `publish:notifications`,
and by the rules of other rooms, with `notify`. A user is a token's subject, or, on a server without tokens, a name. All
devices of a user are participants of their own and have one inbox: what is read on one is read on all. Each
notification is an event for the user's participants only, so a lost link loses none and doubles none; who comes later
gets the inbox. Everything is in memory and bounded, and the oldest goes first.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta, Struct

from gameserver import JoinRefused, Player, Room
from gameserver.games.token_bucket import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KIND: Final = "notifications"
TICK_HZ: Final = 10
MAX_TEXT_CHARS: Final = 280
MAX_TITLE_CHARS: Final = 60
MAX_USER_CHARS: Final = 64
MAX_PER_USER: Final = 60
"""With texts of the greatest length, what the room may keep of events for one participant is enough for an inbox."""
MAX_USERS: Final = 5_000
MAX_KEPT: Final = 50_000
"""Notifications in all inboxes together."""
MAX_TOPICS_PER_USER: Final = 32
TOPIC_CHANGES_AT_ONCE: Final = 40
TOPIC_CHANGES_PER_S: Final = 2.0
"""How often a user follows a topic or another one no longer: each time all of its devices get the topics anew."""
MAX_TOPICS: Final = 200
"""Topics whose newest notifications are kept for who follows them later."""
NEWEST_OF_TOPIC: Final = 10
MAX_KEYS: Final = 1_000
MAX_REMINDERS: Final = 5
MAX_ALL_REMINDERS: Final = 2_000
"""Of all users: on a server without tokens one client may come under many names."""
MAX_REMINDER_S: Final = 3_600
ITEMS_PER_EVENT: Final = 20
_TOPIC: Final = r"^[a-z0-9][a-z0-9._-]{0,39}$"


class Publish(Struct, forbid_unknown_fields=True):
    """One notification to publish, for a user or for a topic."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS)]
    title: Annotated[str, Meta(max_length=MAX_TITLE_CHARS)] = ""
    user: Annotated[str, Meta(min_length=1, max_length=MAX_USER_CHARS)] | None = None
    topic: Annotated[str, Meta(pattern=_TOPIC)] | None = None
    key: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    """Whoever sends it again because the answer was lost gives the same key: it is published once."""

    def __post_init__(self) -> None:
        if (self.user is None) == (self.topic is None):
            raise ValueError("give user or topic: one of them")


@dataclass(frozen=True, slots=True, eq=False)
class Note:
    """One notification."""

    id: int
    title: str
    text: str
    topic: str | None
    tick: int
    """When it was published."""


@dataclass(slots=True, eq=False)
class User:
    """What is kept for a user."""

    items: dict[int, tuple[Note, bool]] = field(default_factory=dict)
    """By id, the oldest first: a notification, and whether it has been read."""
    topics: dict[str, None] = field(default_factory=dict)
    players: list[Player] = field(default_factory=list)
    """Its devices and tabs that are in the room."""
    reminders: int = 0
    topic_changes: TokenBucket = field(
        default_factory=lambda: TokenBucket(TOPIC_CHANGES_AT_ONCE, TICK_HZ / TOPIC_CHANGES_PER_S)
    )


def notify(
    room: Room[Any],
    text: str,
    *,
    user: str | None = None,
    topic: str | None = None,
    title: str = "",
    key: str | None = None,
) -> None:
    """Publish a notification from the rules of a room: `notify(self, "Your turn", user="Ada")`.

    Args:
        room: The room whose rules do.
        text: What it says; it is cut to 280 characters.
        user: Whom it is for.
        topic: A topic instead: all who follow it get it.
        title: What stands above it.
        key: One with a key that was used before is not published again.
    """
    payload = {"text": text[:MAX_TEXT_CHARS], "title": title[:MAX_TITLE_CHARS], "user": user, "topic": topic}
    room.send_command(KIND, "publish", {**payload, "key": key})


class Notifications(Room):
    """The room: no entities, events only."""

    kind = KIND
    lasting = True
    saved_version = 2
    single = True
    tick_hz = TICK_HZ
    max_players = 2_000
    max_spectators = 0
    empty_close_s = float("inf")
    visibility = "unlisted"
    commands: ClassVar[Mapping[str, Any]] = {"publish": Publish}

    def on_create(self, options: Mapping[str, object]) -> None:
        self._users: dict[str, User] = {}
        """The one that was away for longest is first."""
        self._following: dict[str, dict[str, None]] = {}
        self._newest: dict[str, deque[Note]] = {}
        self._kept: dict[tuple[str, int], None] = {}
        """Where notifications are: the user's name and the id, in the order in which they were put there."""
        self._keys: dict[str, None] = {}
        self._last_id = 0
        self._reminders = 0

    # -- people --------------------------------------------------------------------------------------------------------

    def on_auth(self, player: Player) -> None:
        player.data = user_of(player)

    def on_join(self, player: Player) -> None:
        user = self._user(player.data)
        user.players.append(player)
        items = list(user.items.values())
        self.send(player, "inbox", {"user": player.data, "topics": list(user.topics), "count": len(items)})
        self._send_items([player], items)

    def on_leave(self, player: Player) -> None:
        user = self._users.get(player.data)
        if user is not None and player in user.players:
            user.players.remove(player)
            self._users[player.data] = self._users.pop(player.data)

    def _user(self, name: str) -> User:
        """Return what is kept for a user; it is new if nothing was."""
        user = self._users.pop(name, None) or User()
        self._users[name] = user
        if len(self._users) > MAX_USERS:
            away = next((other for other, one in self._users.items() if not one.players and other != name), None)
            if away is not None:
                self._forget(away)
        return user

    def _forget(self, name: str) -> None:
        for note_id in list(self._users[name].items):
            self._take_out(name, note_id)
        user = self._users.pop(name)
        for topic in user.topics:
            self._unfollow(topic, name)

    # -- publishing ----------------------------------------------------------------------------------------------------

    def on_command(self, name: str, payload: Any) -> None:
        self.publish(msgspec.convert(payload, Publish))

    def publish(self, what: Publish) -> None:
        """Publish a notification, unless its key was used before."""
        if what.key is not None:
            if what.key in self._keys:
                return
            self._keys[what.key] = None
            if len(self._keys) > MAX_KEYS:
                del self._keys[next(iter(self._keys))]
        self._last_id += 1
        note = Note(self._last_id, _printable(what.title), _printable(what.text), what.topic, self.tick)
        if what.user is not None:
            self._deliver(note, [what.user])
        elif what.topic is not None:
            self._keep_newest(what.topic, note)
            self._deliver(note, list(self._following.get(what.topic, ())))

    def _deliver(self, note: Note, names: Iterable[str]) -> None:
        """Put a notification into inboxes, and send it to those of the users who are here."""
        devices: list[Player] = []
        for name in names:
            user = self._users.get(name) or self._user(name)
            self._put(name, user, note, read=False)
            devices += user.players
        if devices:
            self.broadcast("notification", _described(note, read=False), to=devices)

    def _put(self, name: str, user: User, note: Note, *, read: bool) -> None:
        user.items[note.id] = (note, read)
        self._kept[name, note.id] = None
        if len(user.items) > MAX_PER_USER:
            self._take_out(name, min(user.items))
        if len(self._kept) > MAX_KEPT:
            self._take_out(*next(iter(self._kept)))

    def _take_out(self, name: str, note_id: int) -> None:
        del self._users[name].items[note_id]
        del self._kept[name, note_id]

    def _keep_newest(self, topic: str, note: Note) -> None:
        newest = self._newest.pop(topic, None) or deque(maxlen=NEWEST_OF_TOPIC)
        newest.append(note)
        self._newest[topic] = newest
        if len(self._newest) > MAX_TOPICS:
            del self._newest[next(iter(self._newest))]

    # -- what clients send ---------------------------------------------------------------------------------------------

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        user = self._users[player.data]
        match name:
            case "read" if isinstance(payload, list):
                self._mark(user, [one for one in dict.fromkeys(ids_in(payload)) if one in user.items])
            case "follow" if isinstance(payload, str) and re.fullmatch(_TOPIC, payload):
                if payload not in user.topics and self._may_change_topics(player, user):
                    self._follow(player.data, user, payload)
            case "unfollow" if isinstance(payload, str) and payload in user.topics:
                if self._may_change_topics(player, user):
                    del user.topics[payload]
                    self._unfollow(payload, player.data)
                    self.broadcast("topics", list(user.topics), to=user.players)
            case "remind":
                self._remind(player, user, payload)
            case "publish":
                self._publish_of(player, payload)

    def _mark(self, user: User, ids: list[int]) -> None:
        """Mark notifications as read, on all devices of the user."""
        fresh = [one for one in ids if not user.items[one][1]]
        for one in fresh:
            user.items[one] = (user.items[one][0], True)
        if fresh:
            self.broadcast("read", fresh, to=user.players)

    def _may_change_topics(self, player: Player, user: User) -> bool:
        may = user.topic_changes.take(self.tick)
        if not may:
            self.send(player, "refused", "too many topics at once: wait a second")
        return may

    def _follow(self, name: str, user: User, topic: str) -> None:
        """Have a user follow another topic. What is newest of it counts as read."""
        if len(user.topics) >= MAX_TOPICS_PER_USER:
            return
        user.topics[topic] = None
        self._following.setdefault(topic, {})[name] = None
        self.broadcast("topics", list(user.topics), to=user.players)
        older = [note for note in self._newest.get(topic, ()) if note.id not in user.items]
        for note in older:
            self._put(name, user, note, read=True)
        self._send_items(user.players, [(note, True) for note in older])

    def _unfollow(self, topic: str, name: str) -> None:
        names = self._following.get(topic, {})
        names.pop(name, None)
        if not names:
            self._following.pop(topic, None)

    def _remind(self, player: Player, user: User, payload: Any) -> None:
        """Publish something to a user itself, later."""
        match payload:
            case {"text": str(text), "seconds": int(seconds)} if 1 <= seconds <= MAX_REMINDER_S and text.strip():
                if user.reminders >= MAX_REMINDERS or self._reminders >= MAX_ALL_REMINDERS:
                    self.send(player, "refused", f"at most {MAX_REMINDERS} reminders at a time")
                    return
                user.reminders += 1
                self._reminders += 1
                what = Publish(text[:MAX_TEXT_CHARS], "Reminder", player.data)
                self.after(seconds * self.tick_hz, self._reminded, user, what)

    def _reminded(self, user: User, what: Publish) -> None:
        user.reminders -= 1
        self._reminders -= 1
        self.publish(what)

    def _publish_of(self, player: Player, payload: Any) -> None:
        """Publish what a client has sent, if its token allows it."""
        if not player.has_scope(f"publish:{self.kind}"):
            self.send(player, "refused", f"a token with publish:{self.kind} is needed")
            return
        try:
            self.publish(msgspec.convert(payload, Publish))
        except msgspec.ValidationError as error:
            self.send(player, "refused", str(error)[:200])

    def _send_items(self, players: list[Player], items: list[tuple[Note, bool]]) -> None:
        for start in range(0, len(items), ITEMS_PER_EVENT):
            part = items[start : start + ITEMS_PER_EVENT]
            self.broadcast("items", [_described(note, read=read) for note, read in part], to=players)


def ids_in(payload: list[Any]) -> list[int]:
    """Return the numbers of a client's list; whatever else is in it is left out."""
    return [one for one in payload if type(one) is int]


def user_of(player: Player) -> str:
    """Return whose inbox a participant has.

    Raises:
        JoinRefused: It does not say who it is.
    """
    if player.claims is None:
        name = player.text("name", max_chars=MAX_USER_CHARS)
        if not name:
            raise JoinRefused("say who you are: a name is needed")
        return name
    subject = player.claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= MAX_USER_CHARS:
        raise JoinRefused(f"the token's subject must be a text of at most {MAX_USER_CHARS} characters")
    return subject


def _described(note: Note, *, read: bool) -> dict[str, Any]:
    return {"id": note.id, "title": note.title, "text": note.text, "topic": note.topic, "tick": note.tick, "read": read}


def _printable(text: str) -> str:
    """Return a text without control characters, and without those that turn the direction of what follows."""
    return "".join(character for character in text if character.isprintable()).strip()
