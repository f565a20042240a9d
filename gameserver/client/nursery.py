"""A nursery whose single failure comes out as it is, not in a group, so that callers can catch it by its name."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@asynccontextmanager
async def nursery_of_one() -> AsyncGenerator[trio.Nursery]:
    """Open a nursery. Raises what its only failing task raised, or the group of all failures if there are more."""
    try:
        async with trio.open_nursery() as nursery:
            yield nursery
    except BaseExceptionGroup as group:
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from group.exceptions[0].__cause__
        raise
