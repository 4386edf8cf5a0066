"""The compiled pass: all reductions of one table, all dates, household by household over sorted rows.

The plan comes in as arrays, so a new feature never needs a new compilation. Per household and date, the visible rows
are noted with the segment between two window bounds in which each lies; each channel then gathers its rows by
segment. The windows of a quantity are sums of segments, so nested windows share their work.

Importing this module imports Numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

Numbers = np.ndarray

# What a channel gathers in each segment.
COUNT, SUM, SQUARES, LOWEST, HIGHEST, LATEST, LAST_DAY, OWN_DATES = range(8)
# What a reduction makes of its channels; the last two go over the rows again.
TOTAL, MEAN, STD, EXISTS, EXTREME, NEWEST, DAY, DISTINCT, SPELL_DAYS = range(9)

_NONE = -(2**62)
_NO_DAY = -(2**31)


_OPTIONS = {"nogil": True, "error_model": "numpy"}


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile on first use; keep the result beside the package, or in the user's cache where that is read only."""
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:
        return numba.njit(**_OPTIONS)(function)


@_compiled
def ranges(household: Numbers, first: Numbers, past: Numbers) -> bool:
    """Fill in where each household's rows begin and end; return False where rows of one do not lie together.

    ``household`` is -1 for rows of none.
    """
    reached = -1
    for row in range(len(household)):
        mine = household[row]
        if mine < 0:
            continue
        if mine != reached:
            if mine < reached:
                return False
            first[mine] = row
            reached = mine
        past[mine] = row + 1
    return True


@_compiled
def ascending(first: Numbers, past: Numbers, own: Numbers) -> bool:
    """Tell whether the own dates ascend within each household."""
    for household in range(len(first)):
        for row in range(first[household] + 1, past[household]):
            if own[row] < own[row - 1]:
                return False
    return True


@_compiled
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


@_compiled
def millionths(value: Numbers, out: Numbers) -> None:
    """Fill in ``value`` in whole millionths, halves rounded away from zero as SQL does."""
    for row in range(len(value)):
        scaled = value[row] * 1e6
        whole = np.trunc(scaled)
        if abs(scaled - whole) >= 0.5:
            whole += 1.0 if scaled > 0 else -1.0
        out[row] = np.int64(whole)


@_compiled
def mark(place: Numbers, bits_of_place: Numbers, out: Numbers) -> None:
    """Add to each row the bits of its code."""
    for row in range(len(place)):
        out[row] |= bits_of_place[place[row]]


@_compiled
def _product(a: Any, b: Any) -> tuple[Any, Any]:
    """Return the 128-bit product of two 64-bit numbers as high and low halves."""
    low32, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    a0, a1, b0, b1 = a & low32, a >> half, b & low32, b >> half
    p00, p01, p10, p11 = a0 * b0, a0 * b1, a1 * b0, a1 * b1
    middle = (p00 >> half) + (p01 & low32) + (p10 & low32)
    low = (p00 & low32) | (middle << half)
    return p11 + (p01 >> half) + (p10 >> half) + (middle >> half), low


@_compiled
def _deviation(many: int, total: int, high: int, low: int) -> float:
    """Return the sample standard deviation from the count, the sum, and the sum of squares in two halves.

    ``many × squares − total²`` is worked out exactly and rounded once.
    """
    if many < 2:
        return np.nan
    carried, left_low = _product(np.uint64(many), low)
    left_high = carried + np.uint64(many) * high
    right_high, right_low = _product(np.uint64(abs(total)), np.uint64(abs(total)))
    spread_high = left_high - right_high - np.uint64(1 if left_low < right_low else 0)
    spread = np.float64(spread_high) * 18446744073709551616.0 + np.float64(left_low - right_low)
    return np.sqrt(spread / (many * (many - 1)))


# What follows is called once a household and date: handing arrays to a call takes longer than a row's work.


@_compiled
def _see(
    start: int,
    stop: int,
    date: int,
    clocks: tuple[Numbers, Numbers, Numbers],
    dates: tuple[Numbers, Numbers, Numbers],
    earliest: int,
    static: Numbers,
    moving: Numbers,
    spans: tuple[Numbers, Numbers, Numbers, Numbers, Numbers],
    days: Numbers,
    seen: tuple[Numbers, Numbers, Numbers],
) -> int:
    """Note the rows visible at one date, from segment ``earliest`` on: which, in which segment, with which bits."""
    own, known, until = clocks
    all_known_at, refs, bounds = dates
    known_at, ref = all_known_at[date], refs[date]
    span_column, span_bit, span_low, span_high, span_missing = spans
    row_of, segment_of, bits_of = seen
    segment, many = 0, 0
    for row in range(start, stop):
        day = own[row]
        if day >= ref:
            break
        while segment < bounds.shape[1] and day >= bounds[date, segment]:
            segment += 1
        if segment < earliest or not (known[row] < known_at <= until[row]):
            continue
        bits = static[row]
        if moving.shape[0]:
            bits |= moving[date, row]
        for span in range(len(span_bit)):
            there = days[span_column[span], row]
            within = span_low[span, date] <= there < span_high[span, date]
            if within or (there == _NO_DAY and span_missing[span]):
                bits |= span_bit[span]
        row_of[many], segment_of[many], bits_of[many] = row, segment, bits
        many += 1
    return many


@_compiled
def _gather(
    date: int,
    many: int,
    seen: tuple[Numbers, Numbers, Numbers],
    picked: tuple[Numbers, Numbers],
    clocks: tuple[Numbers, Numbers, Numbers],
    units: Numbers,
    numbers: Numbers,
    masks: tuple[Numbers, Numbers],
    channels: tuple[Numbers, Numbers],
    cells: tuple[Numbers, Numbers, Numbers],
) -> None:
    """Fill in each channel's segments; counts and sums become running totals."""
    row_of, segment_of, bits_of = seen
    rows, segments = picked
    own, known, _ = clocks
    need, channel_from = masks
    channel_op, channel_column = channels
    tally, extra, number = cells
    for mask in range(len(need)):
        found = 0
        for index in range(many):
            # Written first and counted after: whether a row is taken is hard to guess, and a wrong guess is dear.
            rows[found], segments[found] = row_of[index], segment_of[index]
            found += 1 if bits_of[index] & need[mask] == need[mask] else 0
        for channel in range(channel_from[mask], channel_from[mask + 1]):
            op, column = channel_op[channel], channel_column[channel, date]
            for segment in range(tally.shape[1]):
                tally[channel, segment] = _NONE if op in (LATEST, LAST_DAY) else 0
                extra[channel, segment] = 0
            if op == SUM:
                for index in range(found):
                    tally[channel, segments[index]] += units[column, rows[index]]
            elif op == COUNT:
                for index in range(found):
                    tally[channel, segments[index]] += 1
            elif op == SQUARES:
                for index in range(found):
                    segment, size = segments[index], np.uint64(abs(units[column, rows[index]]))
                    high, low = _product(size, size)
                    before = np.uint64(tally[channel, segment])
                    tally[channel, segment] = np.int64(before + low)
                    extra[channel, segment] += np.int64(high + np.uint64(1 if before + low < before else 0))
            elif op in (LOWEST, HIGHEST):
                for index in range(found):
                    segment, value = segments[index], numbers[column, rows[index]]
                    best = number[channel, segment]
                    better = value < best if op == LOWEST else value > best
                    if not np.isnan(value) and (better or tally[channel, segment] == 0):
                        number[channel, segment], tally[channel, segment] = value, 1
            elif op == LATEST:
                # The newest own date, then the newest known_on, then the largest value, missing above all.
                for index in range(found):
                    row, segment = rows[index], segments[index]
                    value, newest = numbers[column, row], tally[channel, segment]
                    if newest == _NONE or own[row] != extra[channel, segment] or known[row] > newest:
                        extra[channel, segment], tally[channel, segment] = own[row], known[row]
                        number[channel, segment] = value
                    elif known[row] == newest and (np.isnan(value) or value > number[channel, segment]):
                        number[channel, segment] = value
            elif op == LAST_DAY:
                for index in range(found):
                    tally[channel, segments[index]] = own[rows[index]]
            else:
                last = _NONE
                for index in range(found):
                    if own[rows[index]] != last:
                        last = own[rows[index]]
                        tally[channel, segments[index]] += 1
            if op in (COUNT, SUM, OWN_DATES):
                for segment in range(1, tally.shape[1]):
                    tally[channel, segment] += tally[channel, segment - 1]


@_compiled
def _finish(
    household: int,
    date: int,
    reductions: tuple[Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers],
    cells: tuple[Numbers, Numbers, Numbers],
    out: Numbers,
) -> None:
    """Work out the reductions from the segments of their channels."""
    red_op, red_channels, red_low, red_high, red_scale, _, _ = reductions
    tally, extra, number = cells
    for reduction in range(len(red_op)):
        op, low, high, scale = red_op[reduction], red_low[reduction], red_high[reduction], red_scale[reduction]
        if op >= DISTINCT:
            continue
        a, value = red_channels[reduction, 0], np.nan
        if op <= EXISTS:
            total = tally[a, high] - (tally[a, low - 1] if low > 0 else 0)
            if op == TOTAL:
                value = total / scale
            elif op == EXISTS:
                value = 1.0 if total > 0 else 0.0
            else:
                b, c = red_channels[reduction, 1], red_channels[reduction, 2]
                many = tally[b, high] - (tally[b, low - 1] if low > 0 else 0)
                if op == MEAN:
                    value = total / many / scale if many else np.nan
                else:
                    squares_high, squares_low = np.uint64(0), np.uint64(0)
                    for segment in range(low, high + 1):
                        part = np.uint64(tally[c, segment])
                        squares_low += part
                        squares_high += np.uint64(extra[c, segment]) + np.uint64(1 if squares_low < part else 0)
                    value = _deviation(many, total, squares_high, squares_low) / scale
        elif op == EXTREME:
            for segment in range(low, high + 1):
                here = number[a, segment]
                if tally[a, segment] and (np.isnan(value) or (here < value if scale < 0 else here > value)):
                    value = here
        else:
            segment = high
            while segment >= low and tally[a, segment] == _NONE:
                segment -= 1
            if segment >= low:
                value = number[a, segment] if op == NEWEST else np.float64(tally[a, segment])
        out[reduction, household, date] = value


@_compiled
def _again(
    household: int,
    date: int,
    many: int,
    seen: tuple[Numbers, Numbers, Numbers],
    clocks: tuple[Numbers, Numbers, Numbers],
    dates: tuple[Numbers, Numbers, Numbers],
    days: Numbers,
    places: Numbers,
    reductions: tuple[Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers],
    stamps: Numbers,
    stamp: int,
    out: Numbers,
) -> int:
    """Work out the reductions that must see the rows again: different codes, and the days of spells in a window.

    ``stamps`` says for which household, date and reduction each code was last met; returns the last one given.
    """
    row_of, _, bits_of = seen
    own, _, _ = clocks
    _, ref, bounds = dates
    red_op, _, red_low, red_high, _, red_need, red_column = reductions
    for reduction in range(len(red_op)):
        op, column, need = red_op[reduction], red_column[reduction], red_need[reduction]
        if op < DISTINCT:
            continue
        low = bounds[date, red_low[reduction]] if red_low[reduction] >= 0 else _NO_DAY
        high = bounds[date, red_high[reduction]]
        total = 0
        stamp += 1
        for index in range(many):
            row = row_of[index]
            if bits_of[index] & need != need:
                continue
            if op == SPELL_DAYS:
                end = days[column, row] if days[column, row] != _NO_DAY else ref[date]
                total += max(min(end, high) - max(own[row], low), 0)
            elif low <= own[row] < high and places[column, row] > 0 and stamps[places[column, row]] != stamp:
                stamps[places[column, row]] = stamp
                total += 1
        out[reduction, household, date] = total
    return stamp


@_compiled
def reduce_rows(
    first: Numbers,
    past: Numbers,
    clocks: tuple[Numbers, Numbers, Numbers],
    static: Numbers,
    moving: Numbers,
    columns: tuple[Numbers, Numbers, Numbers, Numbers],
    dates: tuple[Numbers, Numbers, Numbers],
    spans: tuple[Numbers, Numbers, Numbers, Numbers, Numbers],
    masks: tuple[Numbers, Numbers],
    channels: tuple[Numbers, Numbers],
    reductions: tuple[Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers],
    out: Numbers,
) -> None:
    """Fill in ``out[reduction, household, date]``; NaN is missing.

    Parameters
    ----------
    first, past : (households,)
        Where each household's rows begin and end.
    clocks : own, known, until, each (rows,)
        In days.
    static, moving : (rows,), (dates or 0, rows)
        For each row the bits of the conditions that it meets; those of ``moving`` depend on the date.
    columns : days, places, units, numbers, each (columns, rows)
        Dates; codes; what is summed; what is compared (NaN missing).
    dates : known_at (dates,), ref (dates,), bounds (dates, bounds)
        The day before which a row must be known, must have happened, and the bounds of the windows.
    spans : column, bit (spans,), low, high (spans, dates), missing (spans,)
        Conditions on a column of ``days``, and the bit of each.
    masks : need (masks,), first channel (masks + 1,)
        The bits that a row must have to enter the mask's channels, and which channels these are.
    channels : op (channels,), column (channels, dates)
        What each gathers, of which column of ``units`` or ``numbers``.
    reductions : op, channels (…, 3), low, high, scale, need, column
        What each makes of up to three channels, over which segments (the last two kinds: between which bounds, of
        rows with which bits, of which column), divided by what.
    """
    days, places, units, numbers = columns
    red_op, _, red_low, _, _, _, _ = reductions
    segments = dates[2].shape[1] + 1
    cells = (
        np.zeros((len(channels[0]), segments), np.int64),
        np.zeros((len(channels[0]), segments), np.int64),
        np.zeros((len(channels[0]), segments), np.float64),
    )
    longest = max(1, (past - first).max()) if len(first) else 1
    seen = (np.empty(longest, np.int64), np.empty(longest, np.int64), np.empty(longest, np.uint64))
    picked = (np.empty(longest, np.int64), np.empty(longest, np.int64))
    stamps, stamp = np.full(places.max() + 1 if places.size else 1, -1, np.int64), 0
    earliest, again = segments, False
    for reduction in range(len(red_op)):
        again = again or red_op[reduction] >= DISTINCT
        earliest = min(earliest, red_low[reduction])
    earliest = 0 if again else earliest
    for household in range(len(first)):
        start, stop = first[household], past[household]
        for date in range(len(dates[1])):
            many = _see(start, stop, date, clocks, dates, earliest, static, moving, spans, days, seen)
            _gather(date, many, seen, picked, clocks, units, numbers, masks, channels, cells)
            _finish(household, date, reductions, cells, out)
            if again:
                stamp = _again(household, date, many, seen, clocks, dates, days, places, reductions, stamps, stamp, out)
