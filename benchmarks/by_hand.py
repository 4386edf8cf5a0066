"""The benchmark's columns as one would write them by hand: one DuckDB statement, and one Polars query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from riskmodel.engine.calendar import add_months
from work import KINDS, SOURCES, WINDOWS

_SQL_OPS = {"sum": "coalesce(sum(amount) {f}, 0)", "count": "count(*) {f}", "mean": "avg(amount) {f}"}
_SQL_OPS |= {"max": "max(amount) {f}", "std": "stddev_samp(amount) {f}"}


def sql(registry: Path, as_of: Sequence[date], out: Path, *, old_rows_first: bool = True) -> str:
    """Return the statement: one grouped pass a table for all dates, then joins by household and date.

    ``old_rows_first``: rows before the longest window are left out before the others are grouped.
    """
    income = [_sql_income(source, op, months) for source, op, months in _income_columns()]
    income += [
        f"count(distinct month) filter (where source = 'wage' and month >= b{months}) as wage_months_{months}"
        for months in (12, 24)
    ]
    event = [column for kind in KINDS for column in _sql_events(kind)]
    zero = [name for name, op in _counted() if op in {"sum", "count"}]
    filled = {name: f"coalesce({name}, 0)" if name in zero else name for name, _ in _counted()}
    asked = [f"{value}::double as {name}" for name, value in filled.items()]
    per_head = [f"coalesce({s}_sum_{m}, 0) / members as {s}_pc_{m}" for s in ("wage", "any") for m in (3, 12)]
    columns = ["member.members::double as members", *asked, *per_head]
    within = f"and month >= b{max(WINDOWS)}" if old_rows_first else ""
    present = "and (left_on is null or left_on >= as_of)"
    return f"""
copy (
  with dates as (select * from (values {_sql_dates(as_of)}) as d(as_of, {", ".join(f"b{m}" for m in WINDOWS)})),
  base as ({_sql_pass(registry, "household", "registered_on", [], distinct=True)}),
  member as ({_sql_pass(registry, "member", "birth_date", ["count(*) as members"], extra=present)}),
  income as ({_sql_pass(registry, "income", "month", income, extra=within)}),
  event as ({_sql_pass(registry, "event", "happened_on", event)})
  select household_id, as_of, {", ".join(columns)}
  from base join member using (household_id, as_of)
  left join income using (household_id, as_of) left join event using (household_id, as_of)
  order by household_id, as_of
) to '{out}' (format parquet, compression lz4_raw)"""


def _income_columns() -> list[tuple[str, str, int]]:
    columns = [(s, op, m) for op in ("sum", "count", "mean", "max") for s in SOURCES for m in WINDOWS]
    return columns + [(source, "std", months) for source in ("wage", "any") for months in WINDOWS]


def _counted() -> list[tuple[str, str]]:
    """The names of the columns that come from the income and event passes, and what kind each is."""
    income = [(f"{source}_{op}_{months}", op) for source, op, months in _income_columns()]
    income += [(f"wage_months_{months}", "count") for months in (12, 24)]
    events = [(f"{kind}_{op}_{months}", op) for kind in KINDS for months in (12, 24) for op in ("sum", "count")]
    return [*income, *events, *((f"{kind}_since", "since") for kind in KINDS)]


def _sql_events(kind: str) -> list[str]:
    columns = []
    for months in (12, 24):
        there = f"filter (where kind = '{kind}' and happened_on >= b{months})"
        columns += [f"sum(loss) {there} as {kind}_sum_{months}", f"count(*) {there} as {kind}_count_{months}"]
    last = f"max(happened_on) filter (where kind = '{kind}')"
    whole = f"date_diff('month', {last}, as_of) - (day({last}) > day(as_of))::int"
    return [*columns, f"{whole} as {kind}_since"]


def _sql_income(source: str, op: str, months: int) -> str:
    only = "" if source == "any" else f"source = '{source}' and "
    there = f"filter (where {only}month >= b{months})"
    return f"{_SQL_OPS[op].format(f=there)} as {source}_{op}_{months}"


def _sql_dates(as_of: Sequence[date]) -> str:
    bounds = [(day, *(add_months(day, -months) for months in WINDOWS)) for day in as_of]
    return ", ".join("(" + ", ".join(f"date '{day}'" for day in row) + ")" for row in bounds)


def _sql_pass(
    registry: Path, table: str, own: str, columns: list[str], *, distinct: bool = False, extra: str = ""
) -> str:
    what = "distinct household_id, as_of" if distinct else f"household_id, as_of, {', '.join(columns)}"
    grouped = "" if distinct else "group by household_id, as_of"
    return f"""select {what} from read_parquet('{registry / f"{table}.parquet"}'), dates
    where known_on < as_of and (known_until is null or known_until >= as_of)
      and not coalesce(withdrawn, false) and {own} < as_of {extra} {grouped}"""


def polars_query(registry: Path, as_of: Sequence[date], *, old_rows_first: bool = True) -> Any:
    """Return the query as a lazy frame: one grouped pass a table for each date, dates put together at the end."""
    import polars as pl

    days = [_polars_one(registry, day, old_rows_first=old_rows_first) for day in as_of]
    return pl.concat(days).sort("household_id", "as_of")


def _polars_one(registry: Path, as_of: date, *, old_rows_first: bool) -> Any:
    import polars as pl

    def seen(table: str, own: str) -> Any:
        until = pl.col("known_until")
        return pl.scan_parquet(registry / f"{table}.parquet").filter(
            pl.col("known_on") < as_of,
            until.is_null() | (until >= as_of),
            ~pl.col("withdrawn").fill_null(value=False),
            pl.col(own) < as_of,
        )

    amounts = []
    for source, op, months in _income_columns():
        there = pl.col("month") >= add_months(as_of, -months)
        there = there if source == "any" else there & (pl.col("source") == source)
        of = pl.col("amount").filter(there)
        value = of.count() if op == "count" else getattr(of, op)()
        amounts.append(value.cast(pl.Float64).alias(f"{source}_{op}_{months}"))
    for months in (12, 24):
        there = (pl.col("month") >= add_months(as_of, -months)) & (pl.col("source") == "wage")
        amounts.append(pl.col("month").filter(there).n_unique().cast(pl.Float64).alias(f"wage_months_{months}"))
    rows = seen("income", "month")
    if old_rows_first:
        rows = rows.filter(pl.col("month") >= add_months(as_of, -max(WINDOWS)))
    income = rows.group_by("household_id").agg(amounts)

    losses = []
    for kind in KINDS:
        for months in (12, 24):
            there = (pl.col("kind") == kind) & (pl.col("happened_on") >= add_months(as_of, -months))
            of = pl.col("loss").filter(there)
            losses += [
                of.sum().alias(f"{kind}_sum_{months}"),
                of.len().cast(pl.Float64).alias(f"{kind}_count_{months}"),
            ]
        last = pl.col("happened_on").filter(pl.col("kind") == kind).max()
        whole = as_of.year * 12 + as_of.month - last.dt.year() * 12 - last.dt.month()
        losses.append((whole - (last.dt.day() > as_of.day).cast(pl.Int32)).cast(pl.Float64).alias(f"{kind}_since"))
    event = seen("event", "happened_on").group_by("household_id").agg(losses)

    left = pl.col("left_on")
    present = seen("member", "birth_date").filter(left.is_null() | (left >= as_of))
    members = present.group_by("household_id").agg(pl.len().cast(pl.Float64).alias("members"))
    base = seen("household", "registered_on").select("household_id").unique()
    joined = base.join(members, on="household_id").join(income, on="household_id", how="left")
    joined = joined.join(event, on="household_id", how="left").with_columns(as_of=pl.lit(as_of))
    zeros = [name for name, op in _counted() if op in {"sum", "count"}]
    joined = joined.with_columns(pl.col(zeros).fill_null(0.0))
    per_head = [
        (pl.col(f"{source}_sum_{months}") / pl.col("members")).alias(f"{source}_pc_{months}")
        for source in ("wage", "any")
        for months in (3, 12)
    ]
    return joined.with_columns(per_head)
