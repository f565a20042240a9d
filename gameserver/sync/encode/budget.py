"""Chooses what fits into each viewer's budget of bytes, the most urgent first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gameserver.sync.encode.candidates import Candidates

    Flags = NDArray[np.bool_]
    Rows = NDArray[np.intp]
    Reals = NDArray[np.float32]


def choose_fitting(types: Sequence[Candidates], available: Reals) -> list[Flags]:
    """Return for each type which of its wanted candidates fit.

    A viewer's candidates of all types are taken in order of urgency until the next one does not fit. The first one
    is always taken, so that even a text larger than any budget is sent.

    Args:
        types: The candidates of all types for the same viewers.
        available: How many bytes each viewer's entities may take, shape (viewers,).
    """
    if not types:
        return []
    viewers = np.concatenate([each.seen.viewers[each.wanted] for each in types])
    cost = np.concatenate([each.cost[each.wanted] for each in types])
    over = np.bincount(viewers, weights=cost, minlength=len(available)) > available
    fits = ~over[viewers]
    if over.any():
        urgency = np.concatenate([each.urgency[each.wanted] for each in types])
        chosen = np.flatnonzero(~fits)
        chosen = chosen[np.lexsort((-urgency[chosen], viewers[chosen]))]
        sums = running_sums(cost[chosen], viewers[chosen])
        fits[chosen] = (sums <= available[viewers[chosen]]) | (sums <= cost[chosen])
    return _split_by_type(fits, [each.wanted for each in types])


def running_sums(values: Reals, groups: Rows) -> NDArray[np.float64]:
    """Return the sum of each value and those before it in its group. Equal items of `groups` are neighbours."""
    sums = np.cumsum(values, dtype=np.float64)
    first = np.flatnonzero(np.diff(groups, prepend=-1))
    before = np.repeat((sums - values)[first], np.diff(first, append=len(groups)))
    return sums - before


def _split_by_type(flags: Flags, wanted_by_type: Sequence[Flags]) -> list[Flags]:
    """Return the flags of all wanted candidates, one after the other, as one mask over all candidates of each type."""
    masks = []
    end = 0
    for wanted in wanted_by_type:
        first, end = end, end + int(np.count_nonzero(wanted))
        mask = np.zeros(len(wanted), np.bool_)
        mask[wanted] = flags[first:end]
        masks.append(mask)
    return masks
