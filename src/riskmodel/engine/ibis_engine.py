"""Runs plans through Ibis: one grouped pass a table for all as_of dates, then small joins and arithmetic.

Sums are worked out on whole millionths, so that they do not depend on the order in which an engine meets the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from riskmodel.engine import plan
from riskmodel.engine.calendar import add_months

_MILLIONTHS = 1_000_000


@dataclass(frozen=True)
class Source:
    """A source table for the engine: its rows, and which column is their own date."""

    rows: ir.Table
    own_date: str
    whole: frozenset[str]


PolicyFigure = Callable[[str, str, date], float]


def matrix(
    outputs: Mapping[str, plan.Household],
    *,
    base: ir.Table,
    sources: Mapping[str, Source],
    as_of: Sequence[date],
    figure: PolicyFigure,
    regions: Iterable[str],
    present: plan.Household | None = None,
) -> ir.Table:
    """Return the expression of a table with one row a household and as_of, one column an output.

    Parameters
    ----------
    outputs
        Column name to household node. A column is float64; where it reads an absent table, all missing.
    base
        ``household_id, as_of, county_code, township_code, village_code`` and whatever else is to be kept.
    sources
        The tables there are, by name.
    figure
        ``(name, region, day) -> value`` for policy figures.
    regions
        The county codes that may occur in ``base``.
    present
        The condition on which a row of ``base`` gets a row, and counts among its place's households; by default all.
    """
    nodes = [*outputs.values(), *([] if present is None else [present])]
    wanted = [r for node in nodes for r in plan.reductions(node) if r.table in sources]
    unique = list(dict.fromkeys(wanted))
    known: dict[plan.Household, str] = {reduction: f"r{index}" for index, reduction in enumerate(unique)}
    joined = base
    # Keys of their own for each part keep this one chain of joins: no select between them that lists all columns.
    for index, ((table, clock, values), group) in enumerate(_passes(unique).items()):
        reduced = _one_pass if values is None else _values_pass
        part = reduced(sources[table], clock, {known[r]: r for r in group}, as_of)
        part = part.rename({f"_h{index}": "household_id", f"_a{index}": "as_of"})
        joined = joined.left_join(part, [joined.household_id == part[f"_h{index}"], joined.as_of == part[f"_a{index}"]])
    joined, figures = _with_figures(joined, nodes, as_of=as_of, figure=figure, regions=regions)
    known |= figures
    if present is not None:
        joined = joined.filter(_truth(_household(present, joined, known)))
    there = {name: node for name, node in outputs.items() if set(plan.tables(node)) <= set(sources)}
    joined, means = _with_peers(joined, there.values(), known)
    known |= means
    columns = {
        name: _household(node, joined, known).cast("float64") if name in there else ibis.null("float64")
        for name, node in outputs.items()
    }
    kept = [joined[name] for name in base.columns]
    return joined.select(*kept, **columns)


def _passes(
    unique: Sequence[plan.Reduction],
) -> dict[tuple[str, plan.Clock, plan.Row | None], list[plan.Reduction]]:
    """Return what is reduced together; the different values of a column are counted in a pass of their own."""
    groups: dict[tuple[str, plan.Clock, plan.Row | None], list[plan.Reduction]] = {}
    for reduction in unique:
        values = reduction.column if reduction.op == "distinct" else None
        groups.setdefault((reduction.table, reduction.clock, values), []).append(reduction)
    return groups


def visible(source: Source, as_of: Sequence[date], *, clock: plan.Clock, offsets: Iterable[int]) -> ir.Table:
    """Return the rows seen at each date: known before it, not superseded before it, not withdrawn, own date before.

    Beside them stand ``as_of``, the clock's days and the window bounds.
    """
    joined = _dated(source.rows, as_of, clock=clock, offsets=offsets)
    return joined.filter(
        joined.known_on < joined["_known_at"],
        joined.known_until.isnull() | (joined.known_until >= joined["_known_at"]),
        ~joined.withdrawn,
        joined[source.own_date] < joined["_ref"],
    )


def _dated(rows: ir.Table, as_of: Sequence[date], *, clock: plan.Clock, offsets: Iterable[int]) -> ir.Table:
    """Return each row once a date, with the date, the clock's days and the window bounds."""
    ref = [add_months(day, clock.at_months) for day in as_of]
    columns: dict[str, list[date]] = {
        "as_of": list(as_of),
        "_ref": ref,
        "_known_at": [day + timedelta(days=clock.lag_days) for day in ref],
    }
    for offset in sorted(set(offsets)):
        columns[_bound(offset)] = [add_months(day, offset) for day in as_of]
    if len(as_of) == 1:
        # An engine compares with constants before it copies a row, and where it reads the file.
        return rows.mutate(**{name: ibis.literal(day, "date") for name, (day,) in columns.items()})
    return rows.cross_join(ibis.memtable(pa.table({k: pa.array(v, pa.date32()) for k, v in columns.items()})))


def _bound(offset: int) -> str:
    return f"_b{'m' if offset < 0 else 'p'}{abs(offset)}"


def _one_pass(
    source: Source, clock: plan.Clock, wanted: Mapping[str, plan.Reduction], as_of: Sequence[date]
) -> ir.Table:
    rows = _rows_of_use(source, clock, wanted.values(), as_of)
    rows = rows.mutate(**{_in_units(name): _units(rows[name]) for name in _amounts(wanted.values(), source)})
    rows, met = _with_conditions(rows, wanted.values())
    aggregates = {name: _reduce(reduction, rows, source, met[reduction]) for name, reduction in wanted.items()}
    return rows.group_by("household_id", "as_of").aggregate(**aggregates)


def _values_pass(
    source: Source, clock: plan.Clock, wanted: Mapping[str, plan.Reduction], as_of: Sequence[date]
) -> ir.Table:
    """Count different values: each becomes a row, and then the rows are counted, so that none is copied for a count."""
    rows = _rows_of_use(source, clock, wanted.values(), as_of)
    value = _value(next(iter(wanted.values())).column, rows)
    rows = rows.mutate(_different=value).filter(value.notnull())
    rows, met = _with_conditions(rows, wanted.values())
    holds = {name: _where(reduction, rows, source, met[reduction]) for name, reduction in wanted.items()}
    found = {name: _counted(rows, holds[name]).max() for name in wanted}
    seen = rows.group_by("household_id", "as_of", "_different").aggregate(**found)
    return seen.group_by("household_id", "as_of").aggregate(**{name: seen[name].sum() for name in wanted})


def _counted(rows: ir.Table, holds: ir.BooleanValue | None) -> Any:
    return (rows["_different"].notnull() if holds is None else holds.fill_null(False)).cast("int64")


def _rows_of_use(
    source: Source, clock: plan.Clock, wanted: Collection[plan.Reduction], as_of: Sequence[date]
) -> ir.Table:
    """Return the rows seen at each date that some reduction may look at.

    Others are left out before rows are grouped: a household without any left has no row, as one that never had any.
    """
    windows = [r.window for r in wanted if r.window is not None]
    offsets = [w.start for w in windows if w.start is not None] + [w.end for w in windows]
    offsets += [months for r in wanted for part in r.where for months in plan.month_bounds(part)]
    rows = visible(source, as_of, clock=clock, offsets=offsets)
    starts, of_any_age = [], []
    for reduction in wanted:
        start = _start(reduction)
        if start is None:
            of_any_age.append(reduction.where)
        else:
            starts.append(start)
    # What few reductions ask of rows of any age is asked of all rows, so that old rows need not be kept for the many.
    if not starts or not all(of_any_age) or len(of_any_age) > len(starts):
        return rows
    kept = rows[source.own_date] >= rows[_bound(min(starts))]
    for where in dict.fromkeys(of_any_age):
        kept = kept | _met(where, rows)
    return rows.filter(kept)


def _start(reduction: plan.Reduction) -> int | None:
    """Return the month in which a reduction's window begins; None where it looks at rows of any age."""
    # A spell that lasts into its window may have begun long before.
    return None if reduction.window is None or reduction.op == "days" else reduction.window.start


def _with_conditions(
    rows: ir.Table, wanted: Iterable[plan.Reduction]
) -> tuple[ir.Table, dict[plan.Reduction, ir.BooleanValue | None]]:
    """Add what reductions ask of a row beside its window: worked out once a row, however many ask it."""
    wanted = list(wanted)
    columns = {where: f"_c{index}" for index, where in enumerate(dict.fromkeys(r.where for r in wanted if r.where))}
    rows = rows.mutate(**{name: _met(where, rows) for where, name in columns.items()})
    return rows, {r: rows[columns[r.where]] if r.where else None for r in wanted}


def _met(where: Sequence[plan.Row], rows: ir.Table) -> Any:
    return _all([_condition(node, rows) for node in where])


def _amounts(reductions: Iterable[plan.Reduction], source: Source) -> list[str]:
    """Return the columns of amounts that are summed: they are brought to millionths once, before they are reduced."""
    summed = [r.column for r in reductions if r.op in {"sum", "mean", "std"} and not _is_whole(r.column, source)]
    return list(dict.fromkeys(map(_name, summed)))


def _units(value: ir.Value) -> ir.Value:
    """Return an amount in whole millionths, a half away from zero; rounding a float is dear where decimals do it."""
    scaled = value.cast("float64") * _MILLIONTHS
    size = (scaled.abs() + 0.5).floor().cast("int64")
    return (scaled < 0).ifelse(-size, size)


def _in_units(name: str) -> str:
    return f"_units_{name}"


def _name(column: plan.Row | None) -> str:
    assert isinstance(column, plan.Field)
    return column.name


def _where(
    reduction: plan.Reduction, rows: ir.Table, source: Source, met: ir.BooleanValue | None
) -> ir.BooleanValue | None:
    """Return the condition on which a row counts: it lies in the window, and what is asked of it is met."""
    own, window = rows[source.own_date], reduction.window
    conditions = []
    if window is not None and reduction.op != "days":
        if window.start is not None:
            conditions.append(own >= rows[_bound(window.start)])
        if window.end != reduction.clock.at_months:
            conditions.append(own < rows[_bound(window.end)])
    return _all([*conditions, *([] if met is None else [met])])


def _reduce(reduction: plan.Reduction, rows: ir.Table, source: Source, met: ir.BooleanValue | None) -> ir.Value:
    own = rows[source.own_date]
    where = _where(reduction, rows, source, met)
    match reduction.op:
        case "count":
            return rows.count(where=where)
        case "exists":
            return (rows.count(where=where) > 0).cast("int64")
        case "months_since":
            return _whole_months(own.max(where=where), rows["_ref"].max())
        case "days":
            return _days(reduction, rows, own).sum(where=where)
    return _numeric(reduction, rows, source, where)


def _numeric(reduction: plan.Reduction, rows: ir.Table, source: Source, where: ir.BooleanValue | None) -> ir.Value:
    value = _value(reduction.column, rows)
    if isinstance(value, ir.BooleanValue):
        value = value.cast("int64")
    match reduction.op:
        case "min":
            return value.min(where=where).cast("float64")
        case "max":
            return value.max(where=where).cast("float64")
        case "latest":
            keyed = ibis.struct({"own": rows[source.own_date], "known": rows.known_on, "value": value.cast("float64")})
            return keyed.max(where=where)["value"]
    whole = _is_whole(reduction.column, source)
    scale = 1 if whole else _MILLIONTHS
    units = value.cast("int64") if whole else rows[_in_units(_name(reduction.column))]
    total = units.sum(where=where)
    if reduction.op == "sum":
        return total.cast("float64") / scale
    many = units.count(where=where)
    if reduction.op == "mean":
        return total.cast("float64") / many.nullif(0) / scale
    exact = units.cast("decimal(38, 0)")
    squares = (exact * exact).sum(where=where)
    spread = many.cast("decimal(38, 0)") * squares - total.cast("decimal(38, 0)") * total.cast("decimal(38, 0)")
    pairs = (many * (many - 1)).nullif(0)
    return (spread.cast("float64") / pairs).sqrt() / scale


def _days(reduction: plan.Reduction, rows: ir.Table, own: ir.Value) -> ir.Value:
    window = reduction.window
    assert window is not None
    low = own if window.start is None else ibis.greatest(own, rows[_bound(window.start)])
    high = ibis.least(rows[reduction.end_column].fill_null(rows["_ref"]), rows[_bound(window.end)])
    return ibis.greatest(high.delta(low, unit="day"), 0)


def _whole_months(earlier: ir.Value, later: ir.Value) -> ir.Value:
    months = (later.year() * 12 + later.month()) - (earlier.year() * 12 + earlier.month())
    return months - (earlier.day() > later.day()).cast("int64")


def _is_whole(column: plan.Row | None, source: Source) -> bool:
    return not isinstance(column, plan.Field) or column.name in source.whole


def _all(conditions: Sequence[ir.BooleanValue]) -> ir.BooleanValue | None:
    if not conditions:
        return None
    total = conditions[0]
    for condition in conditions[1:]:
        total = total & condition
    return total


def _condition(node: plan.Row, rows: ir.Table) -> ir.BooleanValue:
    value = _value(node, rows)
    return value if isinstance(value, ir.BooleanValue) else value != 0


def _value(node: plan.Row | None, rows: ir.Table) -> Any:
    match node:
        case plan.Field(name):
            return rows[name]
        case plan.AgeYears(column):
            return ((_ymd(rows["_ref"]) - _ymd(rows[column])) / 10_000).floor().cast("int64")
        case plan.MonthsSince(column):
            return _whole_months(rows[column], rows["_ref"])
        case plan.Ordinal(column, order):
            cases = [(rows[column] == code, position) for position, code in enumerate(order)]
            return ibis.cases(*cases, else_=ibis.null("int64")).cast("int64")
        case plan.Compare(left, op, right):
            return _COMPARE[op](_value(left, rows), right)
        case plan.IsIn(left, values):
            return _value(left, rows).isin(list(values))
        case plan.IsMissing(left):
            return _value(left, rows).isnull()
        case plan.Within(column, start, end):
            inside = rows[column] < rows[_bound(end)]
            return inside if start is None else (rows[column] >= rows[_bound(start)]) & inside
        case plan.StillOpen(column):
            return rows[column].isnull() | (rows[column] >= rows["_ref"])
        case plan.Not(part):
            return ~_condition(part, rows)
        case plan.AllOf(parts):
            return _all([_condition(p, rows) for p in parts])
        case plan.AnyOf(parts):
            total = _condition(parts[0], rows)
            for part in parts[1:]:
                total = total | _condition(part, rows)
            return total
    raise TypeError(f"not a row node: {node!r}")


def _ymd(day: ir.Value) -> ir.Value:
    return day.year() * 10_000 + day.month() * 100 + day.day()


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}

_ZERO_OVER_NOTHING = {"sum", "count", "exists", "distinct", "days"}


def _household(
    node: plan.Household,
    joined: ir.Table,
    known: Mapping[plan.Household, str],
) -> Any:
    """Work out a node; ``known`` names the columns that hold its reductions, figures and means over others."""

    def go(part: plan.Household) -> Any:
        return _household(part, joined, known)

    match node:
        case plan.Reduction():
            value = joined[known[node]]
            return value.fill_null(0) if node.op in _ZERO_OVER_NOTHING else value
        case plan.PolicyValue() | plan.Peers():
            return joined[known[node]]
        case plan.Constant(value):
            return ibis.literal(value, "float64")
        case plan.Binary("/", left, right):
            below = go(right).cast("float64")
            return go(left).cast("float64") / below.nullif(0.0)
        case plan.Binary("and", left, right):
            return _truth(go(left)) & _truth(go(right))
        case plan.Binary("or", left, right):
            return _truth(go(left)) | _truth(go(right))
        case plan.Binary("min" | "max" as op, left, right):
            a, b = go(left).cast("float64"), go(right).cast("float64")
            both = a.notnull() & b.notnull()
            return both.ifelse(ibis.least(a, b) if op == "min" else ibis.greatest(a, b), ibis.null("float64"))
        case plan.Binary(op, left, right):
            a, b = go(left), go(right)
            a, b = _plain(a), _plain(b)
            return _COMPARE[op](a, b) if op in _COMPARE else _ARITHMETIC[op](a, b)
        case plan.Unary("not", part):
            return ~_truth(go(part))
        case plan.Unary("abs", part):
            return _plain(go(part)).abs()
        case plan.Unary("log1p", part):
            value = go(part).cast("float64") + 1.0
            return (value > 0).ifelse(value, ibis.null("float64")).ln()
        case plan.Unary("sqrt", part):
            value = go(part).cast("float64")
            return (value >= 0).ifelse(value, ibis.null("float64")).sqrt()
        case plan.Unary("is_missing", part):
            return go(part).isnull()
        case plan.IfElse(condition, then, otherwise):
            test = _truth(go(condition))
            chosen = test.ifelse(_plain(go(then)), _plain(go(otherwise)))
            return test.isnull().ifelse(ibis.null("float64"), chosen)
        case plan.Coalesce(parts):
            return ibis.coalesce(*[_plain(go(part)) for part in parts])
    raise TypeError(f"not a household node: {node!r}")


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}


def _plain(value: Any) -> Any:
    """A number for arithmetic: truth becomes 0 or 1, everything float64."""
    return value.cast("int64").cast("float64") if isinstance(value, ir.BooleanValue) else value.cast("float64")


def _truth(value: Any) -> Any:
    return value if isinstance(value, ir.BooleanValue) else value != 0


def _with_peers(
    joined: ir.Table, nodes: Iterable[plan.Household], known: Mapping[plan.Household, str]
) -> tuple[ir.Table, dict[plan.Household, str]]:
    """Add the means over the other rows of the same place and as_of, from sums of whole millionths."""
    wanted = list(dict.fromkeys(peers for node in nodes for peers in plan.peers(node)))
    if not wanted:
        return joined, {}
    parts = {part: f"_u{index}" for index, part in enumerate(dict.fromkeys(peers.part for peers in wanted))}
    units = {
        name: (_plain(_household(part, joined, known)) * _MILLIONTHS).round().cast("int64")
        for part, name in parts.items()
    }
    joined = joined.mutate(**units)
    columns = {}
    for index, peers in enumerate(wanted):
        own = joined[parts[peers.part]]
        around = ibis.window(group_by=[joined[f"{peers.place}_code"], joined.as_of])
        total = own.sum().over(around) - own.fill_null(0)
        many = own.count().over(around) - own.notnull().cast("int64")
        columns[f"_m{index}"] = total.cast("float64") / many.nullif(0) / _MILLIONTHS
    return joined.mutate(**columns), dict(zip(wanted, columns, strict=True))


def _with_figures(
    joined: ir.Table,
    nodes: Iterable[plan.Household],
    *,
    as_of: Sequence[date],
    figure: PolicyFigure,
    regions: Iterable[str],
) -> tuple[ir.Table, dict[plan.Household, str]]:
    wanted = list(dict.fromkeys(value for node in nodes for value in plan.policy_values(node)))
    names: dict[plan.Household, str] = {value: f"_p{index}" for index, value in enumerate(wanted)}
    if not wanted:
        return joined, names
    places = sorted(set(regions))
    columns: dict[str, Any] = {
        "_region": pa.array([place for place in places for _ in as_of], pa.string()),
        "_day": pa.array([day for _ in places for day in as_of], pa.date32()),
    }
    for value in wanted:
        figures = [figure(value.name, place, add_months(day, value.at_months)) for place in places for day in as_of]
        columns[names[value]] = pa.array(figures, pa.float64())
    table = ibis.memtable(pa.table(columns))
    joined = joined.left_join(table, [joined.county_code == table["_region"], joined.as_of == table["_day"]])
    return joined.drop("_region", "_day"), names
