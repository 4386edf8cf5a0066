"""Random streams, one a mechanism and block: a change to one mechanism, or block, does not reshuffle the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# What the whole county has in common, drawn alike by every block: its places, and what strikes many villages at once.
COMMON = ("layout", "county")
# The order is part of what a seed means: append, never insert.
STREAMS = (
    "geography",
    "families",
    "demography",
    "health",
    "shocks",
    "labour",
    "income",
    "guarantees",
    "listing",
    "measures",
    "points",
    "clocks",
    "newcomers",
)
# Drawn from over the whole of a county's life.
_WHOLE = ("layout", "clocks")


def streams_of(entropy: Sequence[int], *, block: int) -> dict[str, np.random.Generator]:
    """Give a block's generators by name: its own, and the county's, which are the same for every block.

    Parameters
    ----------
    entropy : sequence of int
        Whose draws these are: of the county a seed makes, or of one of its lives.

    Examples
    --------
    >>> first, second = (streams_of([1], block=number) for number in (0, 1))
    >>> first["county"].random() == second["county"].random(), first["health"].random() == second["health"].random()
    (True, False)
    """
    keys = [(COMMON, 0), (STREAMS, 1 + block)]
    return {
        name: np.random.default_rng(seed)
        for names, key in keys
        for name, seed in zip(names, np.random.SeedSequence(entropy, spawn_key=(key,)).spawn(len(names)), strict=True)
    }


def streams_of_month(entropy: Sequence[int], *, block: int, month: int) -> dict[str, np.random.Generator]:
    """Give the generators that a month lived draws from: all but those of what is settled before, and of the clocks.

    Each month begins its streams anew. So where two counties of one seed have come to differ, what strikes both from
    outside in a month, and whatever else does not hang on the difference, still comes alike.
    """
    streams = streams_of([*entropy, 1 + month], block=block)
    return {name: stream for name, stream in streams.items() if name not in _WHOLE}
