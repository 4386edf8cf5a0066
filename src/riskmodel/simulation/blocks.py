"""The county in blocks of villages, each lived by itself: a county of any size takes the memory of a few blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# About so many households a block. Part of what a seed means: a block draws from streams of its own.
HOUSEHOLDS_A_BLOCK = 5_000


@dataclass(frozen=True)
class Block:
    """A run of neighbouring villages.

    Attributes
    ----------
    number : int
        Its place among the county's blocks, from 0.
    first : int
        How many households the blocks before it have.
    village : ndarray of int32
        The village of each of its households, rising.
    digits : int
        How many digits the number of a household has, county-wide: ids then sort as the numbers do.
    """

    number: int
    first: int
    village: np.ndarray
    digits: int = 7


def cut(households_of_village: np.ndarray) -> list[Block]:
    """Cut the county into blocks of whole villages; the cut depends on nothing but how many live where.

    >>> [len(block.village) for block in cut(np.full(150, 80))]
    [6000, 6000]
    """
    total = int(households_of_village.sum())
    many = max(1, round(total / HOUSEHOLDS_A_BLOCK))
    before = np.cumsum(households_of_village) - households_of_village
    block_of = np.minimum(before * many // total, many - 1)
    everyone = np.repeat(np.arange(len(households_of_village), dtype=np.int32), households_of_village)
    edges = np.searchsorted(block_of[everyone], np.arange(many + 1))
    parts = [(first, everyone[first:last]) for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
    digits = max(7, len(str(total)))
    # A village larger than a block leaves one of its neighbours empty.
    inhabited = [(first, village) for first, village in parts if len(village)]
    return [Block(number, first, village, digits) for number, (first, village) in enumerate(inhabited)]
