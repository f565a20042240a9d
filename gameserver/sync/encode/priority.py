"""Tells viewers less where less will do: what is far away only now and then, and nobody more than its link can take.

*Tiers* say beyond which distances an entity is told every second, fourth … snapshot only. A viewer's *budget*
says how many bytes its next delta may have: what matters most goes first, and what was left out matters more with
every snapshot that it waits, so that nothing starves. Until it is told of an entity again, the viewer sees it go on
by its rates (`coast`).

What cannot wait any longer and still does not fit leaves the view, and comes in again when there is room. So it is
when a viewer has missed a snapshot: the belief about what was left out holds from one snapshot to the next only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gameserver.state.errors import DeclarationError
from gameserver.sync.encode.body import BodyWriter
from gameserver.sync.encode.dead_reckoning import MAX_AGE, DeadReckoning
from gameserver.sync.encode.pairs import Pairs
from gameserver.sync.encode.type_delta import BLOCK_BYTES, Block, split
from gameserver.sync.encode.views import Views

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from gameserver.state.table import Table
    from gameserver.sync.encode.encoder import DeltaEncoder
    from gameserver.sync.encode.interest import Interest
    from gameserver.sync.encode.type_delta import TypeDelta
    from gameserver.sync.snapshot import Snapshot

    Flags = NDArray[np.bool_]
    Rows = NDArray[np.intp]
    Reals = NDArray[np.float32]

MAX_EVERY: Final = 8  # snapshots: half of what beliefs are kept for, so that a tier alone never makes anything leave
OLDEST: Final = 255  # snapshots: who has waited that long to come into a view waits no more urgently after that
HEAD_BYTES: Final = 24  # of a STATE: what stands before its body, and the leaves
NAME_BYTES: Final = 1.5  # what it takes to name an entity: a gap
NOW_OR_NEVER: Final = 8.0  # how much more it matters to tell of what would have to leave
NEAR_SHARE: Final = 0.25  # of the outermost radius: within it, distance makes things matter little less


@dataclass(frozen=True, slots=True)
class Viewers:
    """From where viewers look, and what they may be told; one row a viewer."""

    viewpoints: Reals
    """Shape (viewers, 2)."""
    avatars: NDArray[np.int64]
    """The id of the entity that matters most to each, 0 for none."""
    budgets: Reals
    """About how many bytes the next delta may have, infinity for no limit. The avatar, changed texts and one thing more
    are told in any case, so what was spent is to be taken from what comes next."""


class _Share:
    """One entity type, as the viewers of one group see it. Arrays go with the pairs of `sees`.

    It begins as that of viewers who start from nothing: everything is wanted.
    """

    def __init__(self, sees: Pairs, weight: Reals) -> None:
        count = len(sees)
        self.sees = sees
        self.weight = weight
        """How much it matters to tell of it."""
        self.delta: TypeDelta | None = None
        self.stays: Flags = np.zeros(count, np.bool_)
        self.ages = np.zeros(count, np.uint8)
        self.changed: Flags = self.stays
        """Stays, and is not where the viewer believes it to be."""
        self.must: Flags = self.stays
        """Has to be told now, or to leave."""
        self.wanted: Flags = np.ones(count, np.bool_)
        """Would be told if everything fitted."""
        self.blocks: list[Block] = []
        self.rows: Rows = np.zeros(count, np.intp)
        """Its row in the blocks, if it stays."""
        self.cost: Reals = np.zeros(count, np.float32)
        """About how many bytes it takes to tell of it."""

    @property
    def urgency(self) -> Reals:
        """How much it matters to tell of it now: more with each snapshot that it was left out."""
        waited: Reals = (self.ages.astype(np.float32) + 1) * self.weight
        return np.where(self.must, waited * np.float32(NOW_OR_NEVER), waited)

    def head_bytes(self, fields: int) -> Reals:
        """About what the heads of this type's blocks take, for each viewer."""
        viewers = self.sees.viewers[self.wanted]
        some = np.bincount(viewers, minlength=self.sees.count) > 0
        return some * np.float32((BLOCK_BYTES + fields) * max(1, len(self.blocks)))


class PriorityEncoder:
    """Encodes deltas for viewers with views of their own, by `tiers` and budgets."""

    def __init__(self, encoder: DeltaEncoder, interest: Interest, tiers: Mapping[float, int] | None = None) -> None:
        """`tiers`: beyond which distance an entity is told every how many snapshots. Raises DeclarationError."""
        steps = sorted((tiers or {}).items())
        if any(not 1 <= every <= MAX_EVERY or distance <= 0 for distance, every in steps):
            msg = f"tiers: {tiers} is not of the form {{distance: every}}, with every from 1 to {MAX_EVERY}"
            raise DeclarationError(msg)
        self._encoder = encoder
        self._interest = interest
        self._limits = np.array([distance**2 for distance, _ in steps], np.float32)
        self._declared = np.array([1, *[every for _, every in steps]])
        self._every = self._declared
        self._dead_reckoning = DeadReckoning(encoder.motions)

    def set_tier_stretch(self, stretch: int) -> None:
        """Tell of what lies in a tier `stretch` times less often than declared, at most every MAX_EVERY snapshots. What
        is near stays as it is.
        """
        self._every = np.where(self._declared > 1, np.minimum(self._declared * stretch, MAX_EVERY), self._declared)

    def can_encode_from(self, base: Snapshot) -> bool:
        """Whether a delta from `base` can still be made; if not, a viewer has to start from nothing."""
        return self._dead_reckoning.remembers(base)

    def encode(
        self, base: Snapshot | None, new: Snapshot, before: Views | None, now: Views, viewers: Viewers
    ) -> tuple[list[bytes], Views]:
        """Return the bodies of viewers who all have the same base, and what each then sees: `now` without what did
        not fit.

        `base` must be one that is remembered, `before` what was returned with it.
        """
        self._encoder.turn_to(new)
        self._dead_reckoning.turn_to(new)
        shares = []
        for index, table in enumerate(new.tables):
            weight, due = self._importance(index, table, now.pairs(index), viewers)
            share = _Share(now.pairs(index), weight)
            if base is not None and before is not None:
                self._compare(share, index, base, before, due)
            share.cost = self._cost(index, share)
            shares.append(share)
        fitting = _fit(shares, self._room(shares, viewers))
        writer = BodyWriter(now.count)
        masks, ages = [], []
        for index, (share, fits) in enumerate(zip(shares, fitting, strict=True)):
            visible, age = self._tell(writer, index, share, fits, before, len(new.tables[index]))
            masks.append(visible)
            ages.append(age)
        return writer.bodies(), Views(new, tuple(masks), now.count, tuple(ages))

    def _importance(self, index: int, table: Table, sees: Pairs, viewers: Viewers) -> tuple[Reals, Flags]:
        """Return how much each pair matters, and whether its tier is due in this snapshot."""
        distance = self._interest.distances(index, table, sees, viewers.viewpoints)
        ids = table.ids.take(sees.rows)
        own = ids == viewers.avatars.take(sees.viewers)
        every = self._every.take(np.searchsorted(self._limits, distance))
        weight = 1 / (1 + np.sqrt(distance) / np.float32(self._interest.reach * NEAR_SHARE))
        due = own | ((self._dead_reckoning.count + ids) % every == 0)
        return np.where(own, np.float32(np.inf), weight), due

    def _compare(self, share: _Share, index: int, base: Snapshot, before: Views, due: Flags) -> None:
        """Find out which of those that stay are not where their viewers believe them to be, and whom to tell."""
        delta = share.delta = self._encoder.deltas_from(base)[index]
        saw = share.sees.at(delta.to_base)
        stays = share.stays = saw.among(before.masks[index])
        if before.ages is not None:
            share.ages = saw.look_up(before.ages[index])
        used = np.unique(share.ages[stays])
        staying = share.sees.at(delta.to_stay).rows
        share.rows = np.where(stays, np.searchsorted(used, share.ages) * delta.n_stay + staying, 0)
        if not len(used):
            return
        beliefs = [self._dead_reckoning.belief(base, index, age) for age in used.tolist()]
        residuals = np.concatenate([delta.residuals_from(belief) for belief in beliefs], axis=1)
        share.changed = stays & np.logical_or.reduce(residuals, axis=0)[share.rows]
        missed = not self._dead_reckoning.is_last(base)
        share.must = share.changed & (missed | (share.ages >= MAX_AGE))
        share.wanted = ~stays | (share.changed & due) | share.must
        share.blocks = _split_wanted(residuals, share.rows[share.wanted & stays])

    def _cost(self, index: int, share: _Share) -> Reals:
        cost = np.zeros(len(share.sees), np.float32)
        for block in share.blocks:
            cost += block.present[share.rows] * np.float32(block.rows.shape[1] + NAME_BYTES)
        if share.stays.all():
            return cost
        entering = self._encoder.enters[index].sizes[share.sees.rows] + NAME_BYTES
        return np.where(share.stays, cost, entering).astype(np.float32)

    def _room(self, shares: Sequence[_Share], viewers: Viewers) -> Reals:
        """Return how many bytes of each viewer's budget are left for entities."""
        room = viewers.budgets - np.float32(HEAD_BYTES)
        for entity_type, share in zip(self._encoder.types, shares, strict=True):
            room = room - share.head_bytes(len(entity_type.fields))
        return room

    def _tell(
        self, writer: BodyWriter, index: int, share: _Share, fits: Flags, before: Views | None, width: int
    ) -> tuple[Flags, NDArray[np.uint8]]:
        """Add what is told of one type; return what viewers then see of it, and how old what they hold of it is."""
        sees, stays, delta = share.sees, share.stays, share.delta
        told = share.wanted & fits
        keeps = stays & (told | ~share.must)
        enters = told & ~stays
        visible = keeps | enters
        mask = sees.where(visible).mask(width)
        if delta is not None and before is not None:
            saw = before.pairs(index)
            writer.add_leaves(delta.before.ids, saw.where(~saw.at(delta.to_new).among(mask)))
            staying = Pairs(sees.viewers[keeps], share.rows[keeps], sees.count)
            writer.add_changes(index, share.blocks, staying, told[keeps])
        writer.add_enters(index, self._encoder.enters[index], sees.where(enters))
        self._encoder.add_values(writer, index, delta, sees.where(visible), enters[visible])
        waits = ~told & (share.changed | ~visible)
        ages = np.zeros(mask.shape, np.uint8)
        ages[sees.viewers[waits], sees.rows[waits]] = np.minimum(share.ages[waits], OLDEST - 1) + 1
        return mask, ages


def _split_wanted(residuals: NDArray[np.uint64], rows: Rows) -> list[Block]:
    """Pack those rows that somebody is to be told of; the others must not make them any wider."""
    wanted = np.zeros(residuals.shape[1], np.bool_)
    wanted[rows] = True
    return split(np.where(wanted, residuals, 0))


def _fit(shares: Sequence[_Share], room: Reals) -> list[Flags]:
    """Return for each share which of the wanted pairs fit into their viewers' room, the most urgent first."""
    if not shares:
        return []
    viewers = np.concatenate([share.sees.viewers[share.wanted] for share in shares])
    cost = np.concatenate([share.cost[share.wanted] for share in shares])
    tight = np.bincount(viewers, weights=cost, minlength=len(room)) > room
    fits = ~tight[viewers]
    if tight.any():
        urgency = np.concatenate([share.urgency[share.wanted] for share in shares])
        chosen = np.flatnonzero(~fits)
        chosen = chosen[np.lexsort((-urgency[chosen], viewers[chosen]))]
        sums = _running_sum(cost[chosen], viewers[chosen])
        fits[chosen] = (sums <= room[viewers[chosen]]) | (
            sums <= cost[chosen]
        )  # the first one always: even a huge text
    return _spread(fits, [share.wanted for share in shares])


def _running_sum(values: Reals, groups: Rows) -> NDArray[np.float64]:
    """Return the sum of each value and those before it in its group; groups come one after the other."""
    sums = np.cumsum(values, dtype=np.float64)
    first = np.flatnonzero(np.diff(groups, prepend=-1))
    before = np.repeat((sums - values)[first], np.diff(first, append=len(groups)))
    return sums - before


def _spread(flags: Flags, among: Sequence[Flags]) -> list[Flags]:
    """Undo a concatenation of what `among` flags: return flags of the full lengths."""
    spread = []
    end = 0
    for wanted in among:
        first, end = end, end + int(np.count_nonzero(wanted))
        full = np.zeros(len(wanted), np.bool_)
        full[wanted] = flags[first:end]
        spread.append(full)
    return spread
