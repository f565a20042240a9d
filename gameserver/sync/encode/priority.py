"""Encodes deltas that leave out what can wait: entities that are far away, and what exceeds a viewer's budget.

*Tiers* say beyond which distances an entity is sent with every second, fourth … snapshot only. A viewer's *budget*
says how many bytes its next delta may have. The most urgent entities are sent first, and an entity that is left out
becomes more urgent with every snapshot (a priority accumulator), so everything is sent in the end. Until then the
viewer extrapolates it by its rates, and `DeadReckoning` gives the codes that the viewer holds.

An entity that was left out too often and still does not fit leaves the view, and enters again when it fits. The same
goes for entities that were left out and changed when the base is not the snapshot right before, and for those that were
left out of a base so old that what the viewer holds of them is no longer known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gameserver.sync.encode.blocks import split_blocks
from gameserver.sync.encode.budget import choose_fitting
from gameserver.sync.encode.candidates import Candidates
from gameserver.sync.encode.dead_reckoning import KEPT_SNAPSHOTS, MAX_AGE, DeadReckoning
from gameserver.sync.encode.pairs import Pairs
from gameserver.sync.encode.views import Views

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from gameserver.state.table import Table
    from gameserver.sync.encode.blocks import Block
    from gameserver.sync.encode.body import BodyWriter
    from gameserver.sync.encode.encoder import DeltaEncoder
    from gameserver.sync.encode.interest import Interest
    from gameserver.sync.snapshot import Snapshot

    Flags = NDArray[np.bool_]
    Rows = NDArray[np.intp]
    Reals = NDArray[np.float32]

MAX_EVERY: Final = 8  # snapshots: about half of MAX_AGE, so that no entity leaves a view because of its tier alone
MAX_COUNTED_AGE: Final = 255  # snapshots, in a byte: an entity that waits even longer gets no more urgent
HEAD_BYTES: Final = 24  # of a STATE: what stands before its body, and the leaves
NAME_BYTES: Final = 1.5  # about what it takes to name one entity: a gap
NEAR_FRACTION: Final = 0.25  # of the outermost radius: the distance at which an entity weighs half


@dataclass(frozen=True, slots=True)
class Viewers:
    """What the encoder has to know of some viewers; one row a viewer."""

    viewpoints: Reals
    """From where each viewer looks, shape (viewers, 2)."""
    avatars: NDArray[np.int64]
    """The id of each viewer's avatar, which is sent before everything else; 0 for none."""
    budgets: Reals
    """About how many bytes the next delta may have, infinity for no limit. The avatar, changed texts and lists, and the
    most urgent entity are sent in any case: take what a delta has above its budget from the budget of the next."""


class PriorityEncoder:
    """Encodes deltas for viewers with views of their own, by tiers and budgets."""

    def __init__(
        self,
        encoder: DeltaEncoder,
        interest: Interest,
        tiers: Mapping[float, int],
        *,
        snapshot_hz: int,
    ) -> None:
        """Encode for one room.

        Args:
            encoder: The room's encoder, which keeps what does not depend on viewers.
            interest: The rule by which viewers see entities; it gives the distances.
            tiers: Beyond which distance an entity is sent with every how many snapshots, checked by `Near`.
            snapshot_hz: Snapshots a second: from a base of the last second all entities can be sent as deltas.
        """
        steps = sorted(tiers.items())
        self._encoder = encoder
        self._interest = interest
        self._limits = np.array([distance**2 for distance, _ in steps], np.float32)
        self._declared = np.array([1, *[every for _, every in steps]])
        self._every = self._declared
        self._dead_reckoning = DeadReckoning(encoder.motions, max(KEPT_SNAPSHOTS, snapshot_hz + MAX_AGE + 1))

    def set_tier_stretch(self, stretch: int) -> None:
        """Send what lies in a tier `stretch` times less often than declared, at least with every MAX_EVERYth snapshot.

        Entities that are nearer than all tiers are still sent with every snapshot.
        """
        self._every = np.where(self._declared > 1, np.minimum(self._declared * stretch, MAX_EVERY), self._declared)

    def encode(
        self, base: Snapshot | None, new: Snapshot, before: Views | None, now: Views, viewers: Viewers
    ) -> tuple[list[bytes], Views]:
        """Return the bodies for viewers who all have the same base, and what each then sees.

        Args:
            base: The snapshot that the viewers hold; None: nothing.
            new: The snapshot to send.
            before: The views that were returned with `base`.
            now: What the viewers would see of `new` without budgets.
            viewers: The viewers, in the order of the views.

        Returns:
            One body a viewer, and `now` without the entities that did not fit.
        """
        self._encoder.begin(new)
        self._dead_reckoning.add(new)
        types = []
        for index, table in enumerate(new.tables):
            weight, due = self._weigh(index, table, now.pairs(index), viewers)
            candidates = Candidates(now.pairs(index), weight)
            if base is not None and before is not None:
                self._compare(candidates, index, base, before, due)
            candidates.cost = self._cost(index, candidates)
            types.append(candidates)
        fitting = choose_fitting(types, self._available(types, viewers))
        writer = self._encoder.make_writer(now.count)
        masks, ages = [], []
        for index, (candidates, fits) in enumerate(zip(types, fitting, strict=True)):
            visible, age = self._write(writer, index, candidates, fits, before, len(new.tables[index]))
            masks.append(visible)
            ages.append(age)
        return writer.bodies(), Views(new, tuple(masks), now.count, tuple(ages))

    def _weigh(self, index: int, table: Table, seen: Pairs, viewers: Viewers) -> tuple[Reals, Flags]:
        """Return how much the entity of each pair matters, and whether its tier is due with this snapshot."""
        distance = self._interest.squared_distances(index, table, seen, viewers.viewpoints)
        ids = table.ids.take(seen.rows)
        own = ids == viewers.avatars.take(seen.viewers)
        every = self._every.take(np.searchsorted(self._limits, distance))
        weight = 1 / (1 + np.sqrt(distance) / np.float32(self._interest.reach * NEAR_FRACTION))
        due = own | ((self._dead_reckoning.count + ids) % every == 0)
        return np.where(own, np.float32(np.inf), weight), due

    def _compare(self, candidates: Candidates, index: int, base: Snapshot, before: Views, due: Flags) -> None:
        """Find out which entities that stay are not where their viewers expect them, and which of them to send."""
        delta = candidates.delta = self._encoder.deltas_from(base)[index]
        saw = candidates.seen.mapped(delta.to_base)
        stays = saw.look_up(before.masks[index])
        enters = ~stays
        if before.ages is not None:
            candidates.ages = saw.look_up(before.ages[index])
            stays &= candidates.ages <= self._dead_reckoning.oldest_age(base)
        candidates.stays, candidates.wanted = stays, enters
        used = np.unique(candidates.ages[stays])
        staying = candidates.seen.mapped(delta.to_stay).rows
        candidates.rows = np.where(stays, np.searchsorted(used, candidates.ages) * delta.n_stay + staying, 0)
        if not len(used):
            return
        expected = [self._dead_reckoning.expected(base, index, age) for age in used.tolist()]
        residuals = np.concatenate([delta.residuals_from(codes) for codes in expected], axis=1)
        candidates.changed = stays & np.logical_or.reduce(residuals, axis=0)[candidates.rows]
        missed = not self._dead_reckoning.is_previous(base)
        candidates.required = candidates.changed & (missed | (candidates.ages >= MAX_AGE))
        candidates.wanted = enters | (candidates.changed & due) | candidates.required
        candidates.blocks = _split_wanted(residuals, candidates.rows[candidates.wanted & stays])

    def _cost(self, index: int, candidates: Candidates) -> Reals:
        """Return about how many bytes it takes to send each entity."""
        cost = np.zeros(len(candidates.seen), np.float32)
        for block in candidates.blocks:
            cost += block.present[candidates.rows] * np.float32(block.rows.shape[1] + NAME_BYTES)
        if candidates.stays.all():
            return cost
        entering = self._encoder.enters[index].sizes[candidates.seen.rows] + NAME_BYTES
        return np.where(candidates.stays, cost, entering).astype(np.float32)

    def _available(self, types: Sequence[Candidates], viewers: Viewers) -> Reals:
        """Return how many bytes of each viewer's budget are left for entities, after all heads."""
        available = viewers.budgets - np.float32(HEAD_BYTES)
        for entity_type, candidates in zip(self._encoder.types, types, strict=True):
            available = available - candidates.block_head_bytes(len(entity_type.fields))
        return available

    def _write(
        self, writer: BodyWriter, index: int, candidates: Candidates, fits: Flags, before: Views | None, width: int
    ) -> tuple[Flags, NDArray[np.uint8]]:
        """Add one type to the bodies.

        Returns:
            Which entities each viewer then sees, and their ages: matrices of viewers by `width` rows.
        """
        seen, stays, delta = candidates.seen, candidates.stays, candidates.delta
        sent = candidates.wanted & fits
        keeps = stays & (sent | ~candidates.required)
        enters = sent & ~stays
        visible = keeps | enters
        mask = seen.where(visible).mask(width)
        if delta is not None and before is not None:
            saw = before.pairs(index)
            writer.add_leaves(delta.before.ids, saw.where(~saw.mapped(delta.to_new).look_up(mask)))
            staying = Pairs(seen.viewers[keeps], candidates.rows[keeps], seen.count)
            writer.add_changes(index, candidates.blocks, staying, sent[keeps])
        writer.add_enters(index, self._encoder.enters[index], seen.where(enters))
        self._encoder.add_values(writer, index, delta, seen.where(visible), enters[visible])
        waits = ~sent & (candidates.changed | ~visible)
        ages = np.zeros(mask.shape, np.uint8)
        ages[seen.viewers[waits], seen.rows[waits]] = np.minimum(candidates.ages[waits], MAX_COUNTED_AGE - 1) + 1
        return mask, ages


def _split_wanted(residuals: NDArray[np.uint64], rows: Rows) -> list[Block]:
    """Return the blocks of the residuals in `rows`; residuals that are sent to nobody must not widen them."""
    wanted = np.zeros(residuals.shape[1], np.bool_)
    wanted[rows] = True
    return split_blocks(np.where(wanted, residuals, 0))
