"""The compiled pass: all reductions of one table, all dates, household by household over sorted rows.

The plan comes in as arrays, so a new feature never needs a new compilation. Some households at a time, the rows
visible at a date are noted with the cell of each: its household, and the segment between two window bounds in which it
lies. Each channel then gathers its rows cell by cell. The windows of a quantity are sums of segments, so nested
windows share their work.

Importing this module imports Numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from riskmodel.engine.fused.compiled import compiled

Numbers = np.ndarray

# What a channel gathers in each segment.
COUNT, SUM, SQUARES, LOWEST, HIGHEST, LATEST, LAST_DAY, OWN_DATES = range(8)
# What a reduction makes of its channels; the last two go over the rows again.
TOTAL, MEAN, STD, EXISTS, EXTREME, NEWEST, DAY, DISTINCT, SPELL_DAYS = range(9)

_NONE = -(2**62)
_NO_DAY = -(2**31)
# Households worked on together: what is gathered of them stays in the processor's cache.
_TOGETHER = 256


@compiled
def _product(a: Any, b: Any) -> tuple[Any, Any]:
    """Return the 128-bit product of two 64-bit numbers as high and low halves."""
    low32, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    a0, a1, b0, b1 = a & low32, a >> half, b & low32, b >> half
    p00, p01, p10, p11 = a0 * b0, a0 * b1, a1 * b0, a1 * b1
    middle = (p00 >> half) + (p01 & low32) + (p10 & low32)
    low = (p00 & low32) | (middle << half)
    return p11 + (p01 >> half) + (p10 >> half) + (middle >> half), low


@compiled
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


# What follows is called for some households at a time, not for each: handing arrays to a call takes longer than the
# rows of one household.


@compiled
def _see(
    low: int,
    high: int,
    date: int,
    households: tuple[Numbers, Numbers],
    clocks: tuple[Numbers, Numbers, Numbers],
    dates: tuple[Numbers, Numbers, Numbers],
    earliest: int,
    static: Numbers,
    moving: Numbers,
    spans: tuple[Numbers, Numbers, Numbers, Numbers, Numbers],
    days: Numbers,
    seen: tuple[Numbers, Numbers, Numbers, Numbers],
) -> int:
    """Note the rows visible at one date, from segment ``earliest`` on: which, in which cell, with which bits."""
    first, past = households
    own, known, until = clocks
    all_known_at, refs, bounds = dates
    known_at, ref = all_known_at[date], refs[date]
    span_column, span_bit, span_low, span_high, span_missing = spans
    row_of, cell_of, bits_of, begin = seen
    segments = bounds.shape[1] + 1
    many = 0
    for household in range(low, high):
        begin[household - low] = many
        cell, segment = (household - low) * segments, 0
        for row in range(first[household], past[household]):
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
            row_of[many], cell_of[many], bits_of[many] = row, cell + segment, bits
            many += 1
    begin[high - low] = many
    return many


@compiled
def _pick(
    need: int, many: int, seen: tuple[Numbers, Numbers, Numbers, Numbers], picked: tuple[Numbers, Numbers]
) -> int:
    """Note those of the rows seen that have the bits ``need``; return how many."""
    row_of, cell_of, bits_of, _ = seen
    rows, cells = picked
    found = 0
    for index in range(many):
        # Written first and counted after: whether a row is taken is hard to guess, and a wrong guess is dear.
        rows[found], cells[found] = row_of[index], cell_of[index]
        found += 1 if bits_of[index] & need == need else 0
    return found


@compiled
def _gather(
    op: int,
    column: int,
    found: int,
    picked: tuple[Numbers, Numbers],
    clocks: tuple[Numbers, Numbers, Numbers],
    units: Numbers,
    numbers: Numbers,
    segments: int,
    gathered: tuple[Numbers, Numbers, Numbers],
) -> None:
    """Fill in a channel's cells; counts and sums become running totals over the segments of each household."""
    rows, cells = picked
    own, known, _ = clocks
    tally, extra, number = gathered
    tally[:] = _NONE if op in (LATEST, LAST_DAY) else 0
    if op == SUM:
        value = units[column]
        for index in range(found):
            tally[cells[index]] += value[rows[index]]
    elif op == COUNT:
        for index in range(found):
            tally[cells[index]] += 1
    elif op == SQUARES:
        value = units[column]
        extra[:] = 0
        for index in range(found):
            cell, size = cells[index], np.uint64(abs(value[rows[index]]))
            high, low = _product(size, size)
            before = np.uint64(tally[cell])
            tally[cell] = np.int64(before + low)
            extra[cell] += np.int64(high + np.uint64(1 if before + low < before else 0))
    elif op in (LOWEST, HIGHEST):
        # A cell that was never written is NaN, and every comparison with that is false.
        amount, sign = numbers[column], -1.0 if op == LOWEST else 1.0
        number[:] = np.nan
        for index in range(found):
            cell, here = cells[index], sign * amount[rows[index]]
            best = number[cell]
            number[cell] = here if here > best or np.isnan(best) else best
    elif op == LATEST:
        # The newest own date, then the newest known_on, then the largest value, missing above all.
        amount = numbers[column]
        for index in range(found):
            row, cell = rows[index], cells[index]
            here, newest = amount[row], tally[cell]
            if newest == _NONE or own[row] != extra[cell] or known[row] > newest:
                extra[cell], tally[cell], number[cell] = own[row], known[row], here
            elif known[row] == newest and (np.isnan(here) or here > number[cell]):
                number[cell] = here
    elif op == LAST_DAY:
        for index in range(found):
            tally[cells[index]] = own[rows[index]]
    else:
        extra[:] = _NO_DAY
        for index in range(found):
            cell, day = cells[index], own[rows[index]]
            tally[cell] += 1 if day != extra[cell] or tally[cell] == 0 else 0
            extra[cell] = day
    if op in (COUNT, SUM, OWN_DATES):
        for start in range(0, len(tally), segments):
            for cell in range(start + 1, start + segments):
                tally[cell] += tally[cell - 1]


@compiled
def _between(tally: Numbers, start: int, low: int, high: int) -> int:
    """Return what a running total gained over segments ``low`` to ``high`` of the household whose cells begin there."""
    return tally[start + high] - (tally[start + low - 1] if low > 0 else 0)


@compiled
def _finish(
    op: int,
    low: int,
    high: int,
    scale: float,
    segments: int,
    first: tuple[Numbers, Numbers, Numbers],
    second: Numbers,
    third: tuple[Numbers, Numbers],
    out: Numbers,
) -> None:
    """Work out a reduction for each household from segments ``low`` to ``high`` of up to three channels."""
    tally, _, number = first
    for household in range(len(out)):
        start, value = household * segments, np.nan
        if op == TOTAL:
            value = _between(tally, start, low, high) / scale
        elif op == EXISTS:
            value = 1.0 if _between(tally, start, low, high) > 0 else 0.0
        elif op == MEAN:
            many = _between(second, start, low, high)
            value = _between(tally, start, low, high) / many / scale if many else np.nan
        elif op == STD:
            squares_high, squares_low = np.uint64(0), np.uint64(0)
            for cell in range(start + low, start + high + 1):
                part = np.uint64(third[0][cell])
                squares_low += part
                squares_high += np.uint64(third[1][cell]) + np.uint64(1 if squares_low < part else 0)
            many, total = _between(second, start, low, high), _between(tally, start, low, high)
            value = _deviation(many, total, squares_high, squares_low) / scale
        elif op == EXTREME:
            # Lowest values were gathered with their sign turned.
            for cell in range(start + low, start + high + 1):
                value = number[cell] if number[cell] > value or np.isnan(value) else value
            value *= scale
        else:
            cell = start + high
            while cell >= start + low and tally[cell] == _NONE:
                cell -= 1
            if cell >= start + low:
                value = number[cell] if op == NEWEST else np.float64(tally[cell])
        out[household] = value


@compiled
def _again(
    op: int,
    column: int,
    need: int,
    within: tuple[int, int],
    ref: int,
    seen: tuple[Numbers, Numbers, Numbers, Numbers],
    own: Numbers,
    days: Numbers,
    places: Numbers,
    stamps: Numbers,
    stamp: int,
    out: Numbers,
) -> int:
    """Work out a reduction that must see the rows again: different codes, or the days of spells in a window.

    ``stamps`` says for which household, date and reduction each code was last met; returns the last one given.
    """
    row_of, _, bits_of, begin = seen
    low, high = within
    for household in range(len(out)):
        total = 0
        stamp += 1
        for index in range(begin[household], begin[household + 1]):
            row = row_of[index]
            if bits_of[index] & need != need:
                continue
            if op == SPELL_DAYS:
                end = days[column, row] if days[column, row] != _NO_DAY else ref
                total += max(min(end, high) - max(own[row], low), 0)
            elif low <= own[row] < high and places[column, row] > 0 and stamps[places[column, row]] != stamp:
                stamps[places[column, row]] = stamp
                total += 1
        out[household] = total
    return stamp


@compiled
def _most_rows(first: Numbers, past: Numbers) -> int:
    """Return how many rows the households that are worked on together can have."""
    most = 1
    for low in range(0, len(first), _TOGETHER):
        rows = 0
        for household in range(low, min(low + _TOGETHER, len(first))):
            rows += past[household] - first[household]
        most = max(most, rows)
    return most


@compiled
def reduce_rows(
    first: Numbers,
    past: Numbers,
    clocks: tuple[Numbers, Numbers, Numbers],
    static: Numbers,
    moving: Numbers,
    columns: tuple[Numbers, Numbers, Numbers, Numbers],
    dates: tuple[Numbers, Numbers, Numbers],
    earliest: int,
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
    earliest : int
        The first segment that any reduction looks at.
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
    _, refs, bounds = dates
    need, channel_from = masks
    channel_op, channel_column = channels
    red_op, red_channels, red_low, red_high, red_scale, red_need, red_column = reductions
    segments, together = bounds.shape[1] + 1, min(_TOGETHER, max(len(first), 1))
    shape = (max(len(channel_op), 1), together * segments)
    tally, extra, number = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.float64)
    most = _most_rows(first, past)
    seen = (
        np.empty(most, np.int64),
        np.empty(most, np.int64),
        np.empty(most, np.uint64),
        np.empty(together + 1, np.int64),
    )
    picked = (np.empty(most, np.int64), np.empty(most, np.int64))
    stamps, stamp = np.full(places.max() + 1 if places.size else 1, -1, np.int64), 0
    for start in range(0, len(first), _TOGETHER):
        stop = min(start + _TOGETHER, len(first))
        for date in range(len(refs)):
            many = _see(start, stop, date, (first, past), clocks, dates, earliest, static, moving, spans, days, seen)
            for mask in range(len(need)):
                found = _pick(need[mask], many, seen, picked)
                for channel in range(channel_from[mask], channel_from[mask + 1]):
                    into = (tally[channel], extra[channel], number[channel])
                    column = channel_column[channel, date]
                    _gather(channel_op[channel], column, found, picked, clocks, units, numbers, segments, into)
            for reduction in range(len(red_op)):
                op, low, high, scale = red_op[reduction], red_low[reduction], red_high[reduction], red_scale[reduction]
                a, b, c = red_channels[reduction, 0], red_channels[reduction, 1], red_channels[reduction, 2]
                into_row = out[reduction, start:stop, date]
                if op < DISTINCT:
                    one, three = (tally[a], extra[a], number[a]), (tally[c], extra[c])
                    _finish(op, low, high, scale, segments, one, tally[b], three, into_row)
                else:
                    within = (bounds[date, low] if low >= 0 else np.int32(_NO_DAY), bounds[date, high])
                    stamp = _again(
                        op,
                        red_column[reduction],
                        red_need[reduction],
                        within,
                        refs[date],
                        seen,
                        clocks[0],
                        days,
                        places,
                        stamps,
                        stamp,
                        into_row,
                    )
