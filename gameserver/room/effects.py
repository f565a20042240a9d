"""Effects: what rules want done outside of the room, and must not get lost, such as a payment or a mail.

The request for an effect is a part of the room: its checkpoint holds it, and a replay of the journal makes it again. So
it can be run once the tick that asked for it is stored, and again after a crash if its outcome was not. The id is the
same each time, so that whoever carries it out can drop what is done already.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final

import msgpack

from gameserver.protocol.codec import check_storable
from gameserver.protocol.payload import plain
from gameserver.room.outside_work import Effect, check_job
from gameserver.room.saveable import CannotSave, imported, name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.room.outside_work import OutsideWork, WorkFailed

MAX_EFFECT_BYTES: Final = 65536
"""Of the arguments of one, packed: each checkpoint has them."""
MAX_TRIES: Final = 100
ID_BYTES: Final = 16


class Effects:
    """Makes the effects of one room.

    Args:
        jobs: The room's jobs, which effects are among.
        room_id: The room's id.
        secret: What ids are made from, so that a replay makes the same ones; from a cryptographic source.
    """

    def __init__(self, jobs: OutsideWork, room_id: str, secret: bytes) -> None:
        self._jobs = jobs
        self._room_id = room_id
        self._secret = secret

    def start(
        self,
        tick: int,
        work: Callable[..., Any],
        args: tuple[object, ...],
        *,
        then: Callable[[Any], object] | None,
        failed: Callable[[WorkFailed], object] | None,
        timeout_s: float,
        tries: int,
    ) -> str:
        """Ask for an effect at a tick. One too many fails at the next tick. Return its id.

        Raises:
            TypeError: `work`, `then` or `failed` cannot be called, or a number is none.
            ValueError: The arguments are not plain data, or too large, or a number is out of range.
        """
        check_job("effect", work, then, failed, timeout_s)
        _check_tries(tries)
        number = self._jobs.last_number + 1
        packed = _packed(args)
        effect_id = self._id_of([tick, number, name_of(work), packed])
        effect = Effect(number, work, (), timeout_s, then, failed, id=effect_id, packed=packed, tries=tries)
        self._jobs.start_effect(effect)
        return effect_id

    def _id_of(self, content: list[Any]) -> str:
        """Return the id of an effect. It follows from all that the effect is: after a crash, rules that are not
        deterministic may ask for another one at the same tick."""
        return hmac.digest(self._secret, msgpack.packb([self._room_id, *content]), "sha256")[:ID_BYTES].hex()


def _check_tries(tries: Any) -> None:
    if isinstance(tries, bool) or not isinstance(tries, int):
        raise TypeError(f"tries is {tries!r}; write a whole number")
    if not 1 <= tries <= MAX_TRIES:
        raise ValueError(f"tries is {tries!r}; write a number from 1 to {MAX_TRIES}")


def _packed(args: tuple[object, ...]) -> bytes:
    """Return the arguments of an effect as bytes.

    Raises:
        ValueError: They are not plain data, or too large.
    """
    check_storable(list(args))
    packed: bytes = msgpack.packb(args, default=plain)
    if len(packed) > MAX_EFFECT_BYTES:
        raise ValueError(f"the arguments of the effect have {len(packed)} bytes; write at most {MAX_EFFECT_BYTES}")
    return packed


def check_effect(work: Any) -> None:
    """Check that the function of an effect can be found again by its name, after a restart.

    Raises:
        TypeError: It cannot.
    """
    if callable(work) and name_of(work) is None:
        raise TypeError(
            f"work is {work!r}, which a room that lasts cannot save; write a function of the module itself, and its "
            "arguments after it: self.effect(send_mail, address)"
        )


def save_effect(effect: Effect, path: str) -> list[Any]:
    """Return what is needed to run an effect again, as plain data.

    Args:
        effect: The effect.
        path: Where it is, for the error.

    Raises:
        CannotSave: Its function has no name.
    """
    name = name_of(effect.work)
    if name is None:
        raise CannotSave(path, f"{effect.work!r} has no name in its module; write a function of the module itself")
    return [effect.id, name, msgpack.unpackb(effect.packed), effect.timeout_s, effect.tries]


def restore_effect(number: int, saved: Any) -> Effect:
    """Return an effect that `save_effect` has saved.

    Args:
        number: Its number in the room; 0: its room has ended.
        saved: What was saved.

    Raises:
        CannotRestore: There is no such function any more.
    """
    effect_id, name, args, timeout_s, tries = saved
    packed = msgpack.packb(args)
    return Effect(number, imported(name), (), timeout_s, None, None, id=effect_id, packed=packed, tries=tries)
