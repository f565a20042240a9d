"""Bans in a store, which other processes and the command line change too."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from gameserver.store.api import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.hub.bans import Ban, Bans
    from gameserver.store.api import Store

log = logging.getLogger("gameserver.bans")

BANS_EVERY_S: Final = 1.0
"""A ban of another process, or of the command line, is in force after this."""


class KeptBans:
    """Keeps the bans of one process and those in its store the same.

    Args:
        bans: The process's.
        store: The store.
        enforce: Closes the links of somebody who is banned now.
    """

    def __init__(self, bans: Bans, store: Store, enforce: Callable[[Ban], object]) -> None:
        self._bans = bans
        self._store = store
        self._enforce = enforce
        self._newest = -1
        """The number of the newest ruling that is known here."""
        self._looked_s = 0.0
        self._found: list[Ban] | None = None
        self._failing = False
        bans.is_stored = True

    def exchange(self) -> None:
        """Store what was decided here, and look for what was decided elsewhere. This waits for the disk."""
        rulings = self._bans.take()
        try:
            if rulings:
                self._store.rule(rulings)
                rulings = []  # they are stored, even if the look fails
            # What was found and is not in force yet may lack what has just been stored: look once more.
            if self._found is not None or time.monotonic() - self._looked_s >= BANS_EVERY_S:
                self._look()
        except StoreError as error:
            self._bans.put_back(rulings)
            if not self._failing:
                log.error("bans are not kept: %s; they hold in this process, and it is tried again", error)
            self._failing = True
        else:
            self._failing = False

    def _look(self) -> None:
        self._looked_s = time.monotonic()
        if (found := self._store.bans(self._newest)) is not None:
            self._newest, bans = found
            self._found = list(bans)

    def load(self) -> None:
        """Put in force what the store has, before clients come.

        Raises:
            StoreError: It cannot be read.
        """
        self._look()
        self.apply()

    def apply(self) -> None:
        """Put in force what the last look has found. Called between two ticks."""
        found, self._found = self._found, None
        if found is not None:
            for ban in self._bans.replace(found):
                log.info("%s is banned: %s", ban.who, ban.reason)
                self._enforce(ban)
