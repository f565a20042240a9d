"""A room as an older build left it, for `Room.migrate`: plain records, since its classes may be others now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gameserver.room.player import Player


class OldEntity:
    """An entity of the old room. Its attributes are the fields, `id`, `owner`, and what the rules had added.

    Args:
        type_name: The name of its class then.
    """

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __getattr__(self, name: str) -> Any:
        """An attribute that it had.

        Raises:
            AttributeError: It had none of this name.
        """
        raise AttributeError(f"{self.type_name} had no {name!r}")

    def __repr__(self) -> str:
        return f"OldEntity({self.type_name}, {vars(self)})"


class OldRoom:
    """A room as an older build left it, for `Room.migrate`.

    Args:
        tick: The tick from which the new one goes on.
        entities: All of them.
        attributes: What the rules kept in `self`, by name.
        avatars: What players steered, by their numbers.
    """

    def __init__(
        self, tick: int, entities: list[OldEntity], attributes: dict[str, Any], avatars: dict[int, OldEntity]
    ) -> None:
        self.tick = tick
        self.attributes = attributes
        self._entities = entities
        self._avatars = avatars

    def all(self, type_name: str) -> list[OldEntity]:
        """The entities of a type, in order of id.

        Args:
            type_name: The name of its class then.

        Returns:
            The entities; none for a type that there was not.
        """
        return [entity for entity in self._entities if entity.type_name == type_name]

    def avatar(self, player: Player) -> OldEntity | None:
        """What a player steered.

        Args:
            player: The player.

        Returns:
            The entity, or None.
        """
        return self._avatars.get(player.number)
