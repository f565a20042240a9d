"""What bots know of a game beyond its schema: how fast its entities may move, and the shared step to predict with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver.bots.checks import StateChecker
from gameserver.client.replica import Options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gameserver.bots.checks import SpeedLimit
    from gameserver.state.schema import Schema


class Rules:
    """What bots know of a game beyond its schema."""

    def __init__(self, limits: Iterable[SpeedLimit] = (), options: Options | None = None) -> None:
        """Describe a game to its bots.

        Args:
            limits: How fast its entities may move.
            options: How the bots' clients are set up, for example the shared step to predict with; None: no prediction
                and no interpolation.
        """
        self.limits = tuple(limits)
        self.options = options or Options(interpolate=False)
        self._checkers: dict[tuple[int, float], tuple[Schema, StateChecker]] = {}

    def checker(self, schema: Schema, tick_s: float) -> StateChecker:
        """Return what checks the states of a room; bots that share their views get the same one.

        Args:
            schema: The room's schema.
            tick_s: Length of the room's tick in seconds.

        Returns:
            The checker, with this game's limits.

        Raises:
            KeyError: A limit names an entity type that the schema does not have.
            ValueError: A limit names a field that its entity type does not have.
        """
        key = id(schema), tick_s
        if key not in self._checkers:
            self._checkers[key] = schema, StateChecker(schema, tick_s, self.limits)
        return self._checkers[key][1]
