"""Deltas for one viewer, who may see everything in one snapshot and only some entities in another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gameserver.sync.encode.views import ALL, Views

if TYPE_CHECKING:
    from gameserver.sync.encode.encoder import DeltaEncoder
    from gameserver.sync.encode.views import AnyView
    from gameserver.sync.snapshot import Snapshot


def everything(snapshot: Snapshot, count: int = 1) -> Views:
    """The views of `count` viewers who see all of `snapshot`."""
    return Views(snapshot, tuple([np.ones((count, len(table)), np.bool_) for table in snapshot.tables]), count)


def encode_view(encoder: DeltaEncoder, base: Snapshot | None, new: Snapshot, before: AnyView, now: AnyView) -> bytes:
    """The body for a viewer who saw `before` of `base` and sees `now` of `new`."""
    if before is ALL and now is ALL:
        return encoder.encode(base, new)
    earlier = None if base is None else everything(base) if before is ALL else Views.of([before])
    return encoder.encode_views(base, new, earlier, everything(new) if now is ALL else Views.of([now]))[0]
