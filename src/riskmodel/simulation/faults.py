"""The faults that a registry from outside can have, each with the rows that can take it and the rule that finds it.

Rows come as text, as out of a spreadsheet. A fault changes one cell of a row; a repeat (``DUPLICATE``) is a row of its
own, below the one that it repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.registry.codes import CODE_BOOK, codes
from riskmodel.registry.coerce import FAULT
from riskmodel.registry.limits import (
    BILL_TOO_LARGE,
    CROPLAND_TOO_LARGE,
    WAGE_TOO_LARGE,
    WAGE_TOO_SMALL,
    Limits,
)
from riskmodel.registry.rules import EARLIEST, ORDERED
from riskmodel.registry.schema import Column, Table

WRONG_TYPE, IMPOSSIBLE_DATE, DUPLICATE, UNKNOWN_CODE, SWAPPED_UNIT, ORPHAN = KINDS = (
    "wrong_type",
    "impossible_date",
    "duplicate_key",
    "unknown_code",
    "swapped_unit",
    "orphan",
)
M2_A_MU = 2000 / 3
_UNREADABLE = {
    "date": ("unknown", "二〇二三年五月", "2023年", "05/06/23"),
    "numeric": ("1,2oo", "约500", "n/a", "--"),
    "integer": ("2.5", "two", "?", "无"),
    "boolean": ("perhaps", "不详", "2", "y/n"),
}
# What a second row of the same key says otherwise.
_SAYS_OTHERWISE = {
    "household": "safe_water",
    "member": "chronic_illness",
    "income": "amount",
    "spending": "amount",
    "event": "loss",
    "job": "ended_on",
    "measure": "amount",
    "guarantee": "met",
    "listing": "elimination_mode",
    "visit": "note",
    "points": "points",
    "observation": "value",
}

Fits = Callable[[pa.Table], np.ndarray]
Spoil = Callable[[pa.Table, np.random.Generator], pa.Array]


@dataclass(frozen=True)
class Fault:
    """One fault of one column.

    Attributes
    ----------
    rule : str
        The rule of validation that finds it.
    fits : callable
        From a table's rows (all text) to a mask of those that can take it.
    spoil : callable
        From the rows chosen, and a random stream, to what stands in the column instead.
    """

    kind: str
    column: str
    rule: str
    fits: Fits
    spoil: Spoil


def faults_of(table: Table, *, cut_on: date, limits: Limits) -> list[Fault]:
    """Give every fault that rows of ``table`` can take, repeats apart."""
    return [
        *_wrong_types(table),
        *_impossible_dates(table, cut_on=cut_on),
        *_unknown_codes(table),
        *_swapped_units(table, limits),
        *_orphans(table),
    ]


def repeat_rule(table: Table) -> str:
    """Give the rule that finds a second row of one key, known on the same day."""
    return f"{table.name}.known_on.duplicate"


def said_otherwise(rows: pa.Table, table: Table) -> pa.Table:
    """Give rows of the same keys and days that say something else."""
    column = table.column(_SAYS_OTHERWISE[table.name])
    old = rows[column.name]
    if column.kind == "boolean":
        new = pc.if_else(pc.equal(pc.fill_null(old, "false"), "true"), "false", "true")
    elif column.kind == "code":
        first, second = codes(column.codes)[:2]
        new = pc.if_else(pc.equal(pc.fill_null(old, first), first), second, first)
    elif column.kind == "date":
        new = pc.if_else(pc.is_null(old), rows["known_on"], pa.scalar(None, pa.string()))
    elif column.kind == "text":
        new = pc.binary_join_element_wise(pc.fill_null(old, ""), "entered twice", " ")
    else:
        number = pc.fill_null(old.cast(pa.float64()), 0.0)
        new = pc.if_else(pc.equal(number, 0.0), 1.0, pc.divide(number, 2.0)).cast(pa.string())
    return rows.set_column(rows.schema.get_field_index(column.name), column.name, new)


def _everyone(rows: pa.Table) -> np.ndarray:
    return np.ones(rows.num_rows, dtype=bool)


def _one_of(words: tuple[str, ...] | list[str]) -> Spoil:
    return lambda rows, rng: pa.array(np.array(words, dtype=object)[rng.integers(0, len(words), rows.num_rows)])


def _wrong_types(table: Table) -> list[Fault]:
    found = []
    for column in table.columns:
        fault = FAULT[column.kind]
        if fault in _UNREADABLE and column.name != "known_until":
            rule = f"{table.name}.{column.name}.{fault}"
            found.append(Fault(WRONG_TYPE, column.name, rule, _everyone, _one_of(_UNREADABLE[fault])))
    return found


def _impossible_dates(table: Table, *, cut_on: date) -> list[Fault]:
    name, own = table.name, table.own_date

    def fault(column: str, rule: str, spoil: Spoil, fits: Fits = _everyone) -> Fault:
        return Fault(IMPOSSIBLE_DATE, column, f"{name}.{column}.{rule}", fits, spoil)

    found = [
        fault(own, "after_known_on", _after_known(table.column(own))),
        fault("known_on", "after_cut", _moved(cut_on, back=False)),
    ]
    for column in table.columns:
        if column.kind in ("date", "month") and column.name != "known_until":
            found.append(fault(column.name, "date", _no_such_day))
            found.append(fault(column.name, "range", _moved(EARLIEST, back=True)))
    if name in ORDERED:
        later, earlier = ORDERED[name]
        found.append(fault(later, f"before_{earlier}", _before(earlier), _later_than_earliest(earlier)))
    return found


def _later_than_earliest(column: str) -> Fits:
    """Leave room to go back: a day before 1900 breaks another rule."""
    return lambda rows: pc.greater(_day(rows[column]), date(1905, 1, 1)).to_numpy(zero_copy_only=False)


def _day(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.cast(pa.date32())


def _written(days: np.ndarray) -> pa.Array:
    return pa.array(days.astype(np.int32)).cast(pa.date32()).cast(pa.string())


def _number(values: pa.ChunkedArray) -> np.ndarray:
    return _day(values).cast(pa.int32()).to_numpy(zero_copy_only=False).astype(np.int64)


def _no_such_day(rows: pa.Table, rng: np.random.Generator) -> pa.Array:
    """Write the 31st of a month of thirty days, or a February too long."""
    years = rng.integers(2012, 2025, rows.num_rows)
    ends = np.array(["-02-31", "-02-30", "-04-31", "-06-31", "-11-31", "-13-01"], dtype=object)
    return pa.array([f"{year}{end}" for year, end in zip(years, ends[rng.integers(0, 6, len(years))], strict=True)])


def _moved(border: date, *, back: bool) -> Spoil:
    """Put the first of a month some time before (``back``) or after a border in place of the day."""

    def spoil(rows: pa.Table, rng: np.random.Generator) -> pa.Array:
        months = rng.integers(1, 240, rows.num_rows) * (-1 if back else 1)
        return _written((np.datetime64(border, "M") + months).astype("datetime64[D]").astype(np.int64))

    return spoil


def _after_known(column: Column) -> Spoil:
    def spoil(rows: pa.Table, rng: np.random.Generator) -> pa.Array:
        late = _number(rows["known_on"]) + rng.integers(1, 900, rows.num_rows)
        if column.kind == "month":
            late = (late.astype("datetime64[D]").astype("datetime64[M]") + 1).astype("datetime64[D]").astype(np.int64)
        return _written(late)

    return spoil


def _before(earlier: str) -> Spoil:
    return lambda rows, rng: _written(_number(rows[earlier]) - rng.integers(1, 700, rows.num_rows))


def _unknown_codes(table: Table) -> list[Fault]:
    found = []
    for column in table.columns:
        if column.kind not in ("code", "codes"):
            continue
        # The label for the code, or a code with its last letter struck twice: both are met in returns from villages.
        known = CODE_BOOK[column.codes]
        words = [word for entry in known for word in (entry.zh, entry.code + entry.code[-1])]
        rule = f"{table.name}.{column.name}.code"
        found.append(Fault(UNKNOWN_CODE, column.name, rule, _everyone, _one_of(words)))
    return found


def _swapped_units(table: Table, limits: Limits) -> list[Fault]:
    """Give swaps of units for the rows where the amount then lies beyond a limit: others nobody can tell."""

    def times(column: str, factor: float) -> Spoil:
        return lambda rows, _: pa.array(np.round(_amount(rows, column) * factor, 6)).cast(pa.string())

    def beyond(column: str, factor: float, most: float) -> Fits:
        return lambda rows: _amount(rows, column) * factor > 1.01 * most

    def wage(rows: pa.Table) -> np.ndarray:
        return pc.equal(rows["source"], "wage").to_numpy(zero_copy_only=False)

    def large_wage(rows: pa.Table) -> np.ndarray:
        return wage(rows) & (_amount(rows, "amount") * 100 > 1.01 * limits.wage_most)

    def small_wage(rows: pa.Table) -> np.ndarray:
        amount = _amount(rows, "amount") / 10_000
        return wage(rows) & (amount > 0.001) & (amount < 0.99 * limits.wage_least)

    match table.name:
        case "household":
            fits = beyond("cropland_mu", M2_A_MU, limits.cropland_most)
            return [Fault(SWAPPED_UNIT, "cropland_mu", CROPLAND_TOO_LARGE, fits, times("cropland_mu", M2_A_MU))]
        case "income":
            return [
                Fault(SWAPPED_UNIT, "amount", WAGE_TOO_LARGE, large_wage, times("amount", 100)),
                Fault(SWAPPED_UNIT, "amount", WAGE_TOO_SMALL, small_wage, times("amount", 1e-4)),
            ]
        case "spending":
            fits = beyond("amount", 100, limits.bill_most)
            return [Fault(SWAPPED_UNIT, "amount", BILL_TOO_LARGE, fits, times("amount", 100))]
    return []


def _amount(rows: pa.Table, column: str) -> np.ndarray:
    return pc.fill_null(rows[column].cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False)


def _orphans(table: Table) -> list[Fault]:
    """Give rows of a household, or of a member, that is not there: an id of a county that was never collected."""

    def elsewhere(column: str) -> Spoil:
        return lambda rows, _: pc.binary_join_element_wise("X", rows[column], "").combine_chunks()

    columns = {"household": (), "job": ("household_id", "member_id")}.get(table.name, ("household_id",))
    return [Fault(ORPHAN, c, f"{table.name}.{c}.orphan", _everyone, elsewhere(c)) for c in columns]
