"""Compiled loops over the rows of one table before anything is reduced: which rows count, and what each holds.

Importing this module imports Numba.
"""

from __future__ import annotations

import numpy as np

from riskmodel.engine.calendar import LATEST
from riskmodel.engine.fused.compiled import compiled

Numbers = np.ndarray
_NO_DAY = -(2**31)


@compiled
def choose(
    household: Numbers,
    of_slice: Numbers,
    clocks: tuple[Numbers, Numbers, Numbers],
    marks: tuple[Numbers, Numbers],
    bounds: Numbers,
    reached: Numbers,
    ranges: tuple[Numbers, Numbers],
    chosen: tuple[Numbers, Numbers, Numbers, Numbers],
) -> bool:
    """Choose the rows of one batch that any date can see; return False where rows do not lie in order.

    Parameters
    ----------
    household : (rows,)
        The code of each row's household; ``of_slice[code]`` is its number in the slice, -1 where it is not there.
    clocks : own, known, until, each (rows,)
        In days; ``until`` may be empty.
    marks : given, withdrawn, each (rows,) or empty
        Whether ``until`` is there (empty: always), and whether the row is withdrawn (empty: never).
    bounds : (4,)
        A row is chosen from this own date on, before this one, if known before this one and until this one.
    reached : (3,)
        The household and own date that the batch before ended with, and how many rows are chosen so far.
    ranges : first, past, each (households,)
        Where the chosen rows of each household begin and end.
    chosen : row, own, known, until
        The chosen rows' positions in their batch, and clocks: a row that stands has a day after all others.
    """
    own, known, until = clocks
    given, withdrawn = marks
    first, past = ranges
    row_of, own_of, known_of, until_of = chosen
    last, last_day, many = reached[0], reached[1], reached[2]
    for row in range(len(household)):
        mine, day = of_slice[household[row]], own[row]
        if mine < 0:
            continue
        if mine < last or (mine == last and day < last_day):
            return False
        last, last_day = mine, day
        if day == _NO_DAY:
            continue
        if day < bounds[0] or day >= bounds[1] or known[row] >= bounds[2]:
            continue
        if len(withdrawn) and withdrawn[row]:
            continue
        there = len(until) > 0 and (len(given) == 0 or given[row] != 0)
        end = until[row] if there else np.int32(LATEST)
        if end < bounds[3]:
            continue
        if past[mine] == 0:
            first[mine] = many
        row_of[many], own_of[many], known_of[many], until_of[many] = row, day, known[row], end
        many += 1
        past[mine] = many
    reached[0], reached[1], reached[2] = last, last_day, many
    return True


@compiled
def visible_row(
    first: Numbers,
    past: Numbers,
    own: Numbers,
    known: Numbers,
    until: Numbers,
    known_at: Numbers,
    ref: Numbers,
    out: Numbers,
) -> None:
    """Fill in the last row visible of each household at each date, -1 where there is none."""
    for household in range(len(first)):
        for date in range(len(ref)):
            out[household, date] = -1
            for row in range(first[household], past[household]):
                if own[row] < ref[date] and known[row] < known_at[date] <= until[row]:
                    out[household, date] = row


@compiled
def millionths(value: Numbers, out: Numbers) -> None:
    """Fill in ``value`` in whole millionths, halves rounded away from zero as SQL does."""
    for row in range(len(value)):
        scaled = value[row] * 1e6
        whole = np.trunc(scaled)
        if abs(scaled - whole) >= 0.5:
            whole += 1.0 if scaled > 0 else -1.0
        out[row] = np.int64(whole)


@compiled
def mark(place: Numbers, bits_of_place: Numbers, out: Numbers) -> None:
    """Add to each row the bits of its code."""
    for row in range(len(place)):
        out[row] |= bits_of_place[place[row]]
