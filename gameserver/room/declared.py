"""Events and messages that a room class declares with their types. What a client sends is checked before the rules get
it, and what the rules send before it goes out. Undeclared ones, by name, go on working beside them.

    class Tagged(msgspec.Struct):
        by: str
        who: str

    class Tag(Room[Keys]):
        tagged = Event(Tagged)

        @message
        def shout(self, player: Player, text: str) -> None:
            self.tagged(by=text, who="Bob")
"""

from __future__ import annotations

import inspect
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, Protocol, TypeVar, overload

import msgspec

from gameserver.protocol.constants import PROTOCOL_EVENT_PREFIX
from gameserver.room.hooks import check_hook
from gameserver.room.options import reason_of
from gameserver.state.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gameserver.room.player import Player

P = ParamSpec("P")
F = TypeVar("F", bound="Callable[..., object]")

_MESSAGE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAMES: Final = "1 to 64 of the characters A-Z a-z 0-9 . _ -, beginning with a letter or a digit"
MAX_INVALID_CHARS: Final = 200
"""A reason may repeat what the client has sent."""
_MESSAGE_MARK: Final = "__gameserver_message__"
"""The attribute of a function that `message` has marked; its value is the message's name."""


class Broadcasts(Protocol):
    """What an event needs of its room."""

    def broadcast(self, name: str, payload: Any = None, *, to: Iterable[Player] | None = None) -> None:
        """Send an event of this tick to everyone, or to some."""


class MessageInvalid(ValueError):
    """A client's message does not fit its declaration; the text names the field."""


class Event(Generic[P]):
    """An event that a room sends, declared in its class: `tagged = Event(Tagged)`.

    On a room it is what sends it, to everyone, with the arguments of the payload's class: `self.tagged(by="Ada",
    who="Bob")`; or to some: `self.tagged.to(player)(by="Ada", who="Bob")`. Clients get its name and the payload's
    fields. What `broadcast` and `send` send under this name is checked as well.

    Args:
        payload: The class of its payload: a `msgspec.Struct`, a dataclass, a TypedDict, `str`, `int`.
        name: The event's name; None: that of the attribute.
    """

    def __init__(self, payload: Callable[P, object], *, name: str | None = None) -> None:
        self.payload: Any = payload
        self.name = name or ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name

    @overload
    def __get__(self, room: None, owner: type) -> Event[P]: ...
    @overload
    def __get__(self, room: Broadcasts, owner: type) -> Sender[P]: ...
    def __get__(self, room: Broadcasts | None, owner: type) -> Event[P] | Sender[P]:
        return self if room is None else Sender(room, self, None)

    def plain(self, payload: object) -> Any:
        """Return a payload as plain data, which the wire can carry.

        Args:
            payload: An object of the declared class, or plain data that fits it.

        Returns:
            The data, with defaults filled in.

        Raises:
            ValueError: It does not fit; names event and field.
        """
        try:
            checked = msgspec.convert(_builtins(payload), self.payload, builtin_types=(bytes,))
        except (msgspec.ValidationError, TypeError) as error:
            raise ValueError(reason_of(f"event {self.name}", str(error))) from None
        return _builtins(checked)


class Sender(Generic[P]):
    """Sends one declared event of one room; made by reading it from the room.

    Args:
        room: The room.
        event: What the room's class declares.
        receivers: Who gets it; None: everyone.
    """

    __slots__ = ("_event", "_receivers", "_room")

    def __init__(self, room: Broadcasts, event: Event[P], receivers: tuple[Player, ...] | None) -> None:
        self._room = room
        self._event = event
        self._receivers = receivers

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Send the event of this tick.

        Args:
            *args: Of the payload's class.
            **kwargs: Of the payload's class.

        Raises:
            TypeError: The payload's class does not take these arguments.
            ValueError: A value does not fit its type.
        """
        payload = self._event.payload(*args, **kwargs)
        self._room.broadcast(self._event.name, payload, to=self._receivers)

    def to(self, *players: Player) -> Sender[P]:
        """Say who gets it.

        Args:
            *players: The receivers, participants of the room.

        Returns:
            What sends it to them, when it is called.
        """
        return Sender(self._room, self._event, players)


@overload
def message(function: F, /) -> F: ...
@overload
def message(*, name: str) -> Callable[[F], F]: ...
def message(function: Any = None, /, *, name: str = "") -> Any:
    """Have a method take the messages of its name: `@message def shout(self, player: Player, text: str)`.

    The payload is checked against the annotation, and arrives as that type. One that does not fit is dropped, and its
    sender gets the notice `refused`. Without a parameter for it, there is no payload. `on_message` gets all others.

    Args:
        function: The method.
        name: The message's name, where the method is to have another one: `@message(name="set-name")`.

    Returns:
        The method.
    """

    def mark(marked: Any) -> Any:
        setattr(marked, _MESSAGE_MARK, name or marked.__name__)
        return marked

    return mark if function is None else mark(function)


class DeclaredMessage:
    """A message that a room class takes.

    Args:
        name: The message's name.
        attribute: The method's.
        function: The method as it was marked.
        has_payload: Whether the method has a parameter for the payload.
    """

    def __init__(self, name: str, attribute: str, function: Callable[..., object], *, has_payload: bool) -> None:
        self.name = name
        self.attribute = attribute
        self.has_payload = has_payload
        self._function = function

    @cached_property
    def payload(self) -> Any:
        """The type of the payload.

        Raises:
            DeclarationError: Its annotation names nothing that is there when the rules run.
        """
        return _payload_type(self._function) if self.has_payload else None

    def read(self, payload: object) -> tuple[Any, ...]:
        """Return a client's payload as the arguments that the method takes beside the player.

        Args:
            payload: Plain data.

        Returns:
            The payload as its type, or nothing.

        Raises:
            MessageInvalid: It does not fit its type.
        """
        wanted = self.payload
        try:
            checked = msgspec.convert(payload, wanted, builtin_types=(bytes,))
        except Exception as error:  # also what a type itself raises: a set of lists, an author's __post_init__
            raise MessageInvalid(reason_of(self.name, str(error))[:MAX_INVALID_CHARS]) from None
        return (checked,) if self.has_payload else ()


def take_declarations(cls: type, room: type) -> tuple[dict[str, Event[Any]], dict[str, DeclaredMessage]]:
    """Return the events and messages of a room class by name, inherited ones included.

    Args:
        cls: The class; its bases have been looked at.
        room: `Room`.

    Raises:
        DeclarationError: One has a name that it cannot have, or a method cannot be called.
    """
    events: dict[str, Event[Any]] = {}
    messages: dict[str, DeclaredMessage] = {}
    for base in reversed(cls.__mro__):
        if base is room or not issubclass(base, room):
            continue
        for attribute, value in vars(base).items():
            if isinstance(value, Event):
                _check_name(f"{base.__name__}.{attribute}", attribute, value.name, room)
                events[value.name] = value
            elif hasattr(value, _MESSAGE_MARK):
                name = getattr(value, _MESSAGE_MARK)
                _check_name(f"{base.__name__}.{attribute}", attribute, name, room)
                messages[name] = _declared_message(base.__name__, name, attribute, value)
    return events, messages


def check_declarations(owner: str, declared: Mapping[str, Event[Any] | DeclaredMessage]) -> None:
    """Check the payloads' types, which may name what the author's module defines later than the room's class.

    Args:
        owner: The name of the room class.
        declared: Its events or messages by name.

    Raises:
        DeclarationError: One is a type that cannot be checked, or is not there.
    """
    for name, one in declared.items():
        try:
            msgspec.json.Decoder(one.payload)
        except DeclarationError:
            raise
        except (TypeError, NameError) as error:
            why = " ".join(str(error).split())
            raise DeclarationError(f"{owner}, payload of {name}: {why}") from None


def _check_name(where: str, attribute: str, name: str, room: type) -> None:
    if hasattr(room, attribute):
        raise DeclarationError(f'{where}: every room has a `{attribute}` already; take another name, with name="…"')
    if name.startswith(PROTOCOL_EVENT_PREFIX) or not _MESSAGE_NAME.fullmatch(name):
        raise DeclarationError(f"{where}: {name!r} is no name for an event or message; give {_NAMES}")


def _with_payload(self: object, player: object, payload: object) -> None: ...


def _without_payload(self: object, player: object) -> None: ...


def _declared_message(owner: str, name: str, attribute: str, function: Any) -> DeclaredMessage:
    parameters = inspect.signature(function).parameters
    has_payload = len(parameters) > len(inspect.signature(_without_payload).parameters)
    check_hook(owner, attribute, function, _with_payload if has_payload else _without_payload)
    return DeclaredMessage(name, attribute, function, has_payload=has_payload)


def _payload_type(function: Any) -> Any:
    parameter = list(inspect.signature(function).parameters.values())[2]
    annotation = parameter.annotation
    if annotation is parameter.empty:
        return Any
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, function.__globals__)  # the author's own code, as typing.get_type_hints does it
    except NameError as error:
        raise DeclarationError(
            f"{function.__qualname__}: {parameter.name}: {annotation}: {error}; the type is needed when the rules run: "
            "define it in the module, or import it outside of `if TYPE_CHECKING:`"
        ) from None


def _builtins(value: object) -> Any:
    return msgspec.to_builtins(value, builtin_types=(bytes,))
