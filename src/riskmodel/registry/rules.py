"""Rules that a row must keep to stand in a registry: a row that breaks one is set aside.

Most are made from the schema (type, code list, range, required); the rest say what no row can be: known before it
happened, ended before it began, registered twice on one day, of a household that nobody registered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.errors import did_you_mean
from riskmodel.registry.codes import codes
from riskmodel.registry.coerce import EXPECTED, FAULT, coerce
from riskmodel.registry.known_until import group_numbers, ranks, stable_order
from riskmodel.registry.rejects import as_text
from riskmodel.registry.schema import Column, Table

SCHEMA_SOURCE = "the registry's schema"
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)

# Spans that cannot run backwards: table -> (later column, earlier column).
ORDERED: dict[str, tuple[str, str]] = {
    "job": ("ended_on", "started_on"),
    "measure": ("ended_on", "started_on"),
    "listing": ("eliminated_on", "identified_on"),
    "member": ("left_on", "birth_date"),
}
_ZH_EXPECTED = {
    "text": "文本",
    "code": "代码表中的代码",
    "date": "日期",
    "numeric": "数字",
    "integer": "整数",
    "boolean": "是或否",
}


@dataclass(frozen=True)
class Rule:
    """One rule, with its words.

    Attributes
    ----------
    id : str
        ``table.column.rule``.
    source : str
        Where it comes from.
    """

    id: str
    zh: str
    en: str
    source: str = SCHEMA_SOURCE

    @property
    def column(self) -> str:
        """The column that is at fault."""
        return self.id.split(".")[1]


@dataclass(frozen=True)
class Finding:
    """Rows that break a rule.

    Attributes
    ----------
    rows : numpy.ndarray of int64
        Positions, 0-based.
    describe : callable
        Says what is wrong with a row, given the row as it came.
    """

    rule: Rule
    rows: np.ndarray
    describe: Callable[[Mapping[str, Any]], str]


def check_rows(raw: pa.Table, table: Table) -> tuple[pa.Table, list[Finding]]:
    """Bring ``raw`` to the schema's types and find the rows that cannot stand, looking at this table alone.

    Returns
    -------
    typed : pyarrow.Table
        As many rows as ``raw``, all columns of the schema; what would not go is missing. ``known_until`` is left
        missing: it is worked out from the rows that stay.
    findings : list of Finding
        Only those with rows.
    """
    columns: dict[str, pa.ChunkedArray] = {}
    findings: list[Finding] = []
    for column in table.columns:
        if column.name not in raw.column_names or column.name == "known_until":
            columns[column.name] = pa.chunked_array([pa.nulls(raw.num_rows, column.arrow_type)])
            continue
        typed, bad = coerce(raw[column.name], column)
        columns[column.name] = typed
        findings += [_type(table, column, bad), *_value_findings(table, column, typed, bad)]
    rows = pa.table(columns)
    findings.append(_after_known(table, rows))
    if table.name in ORDERED:
        findings.append(_backwards(table, rows, *ORDERED[table.name]))
    return rows, [finding for finding in findings if len(finding.rows)]


def not_yet_known(rows: pa.Table, table: Table, *, cut_on: date | None, today: date | None) -> Finding | None:
    """Find rows that the registry cannot hold yet: known on or after its cut or, where no cut is stated, after today.

    One of them would move the cut, and with it every outcome that is still open would count as not having happened.

    Parameters
    ----------
    cut_on : date or None
        The registry's stated cut: it holds what was known strictly before this day.
    today : date or None
        The day on which the rows are looked at; asked only where no cut is stated. None: not asked.
    """
    known = rows["known_on"]
    if cut_on is not None:
        rule = Rule(
            f"{table.name}.known_on.after_cut",
            f"登记获知日期须早于数据截止日{cut_on}",
            f"known_on is before the registry's cut, {cut_on}",
        )
        why = f"but the registry is cut on {cut_on}: it holds what was known strictly before that day"
        late = pc.greater_equal(known, cut_on)
    elif today is not None:
        rule = Rule(
            f"{table.name}.known_on.after_today",
            f"登记获知日期不得晚于今天{today}",
            f"known_on is not after today, {today}",
        )
        why = f"but today is {today}: nobody can know it yet"
        late = pc.greater(known, today)
    else:
        return None
    return breaking(rule, late, lambda row: f"{quoted(row, 'known_on')}, {why}")


def repeated(rows: pa.Table, table: Table, *, standing: np.ndarray) -> Finding:
    """Find rows that repeat key and ``known_on`` of a row further up; only rows in ``standing`` (a mask) count.

    A row and its withdrawal are two things said on one day, not one said twice: the one further down stands, as in
    :func:`~riskmodel.registry.known_until.known_until`.
    """
    at = np.flatnonzero(standing)
    by = ("household_id", *table.key, "known_on")
    picked = rows.select([*dict.fromkeys(by), "withdrawn"])
    if len(at) < rows.num_rows:
        picked = picked.take(pa.array(at))
    key = [ranks(picked[name]) for name in by]
    order = stable_order(key)
    group = group_numbers([column[order] for column in key])
    again = np.zeros(len(order), dtype=bool)
    withdrawn = pc.fill_null(picked["withdrawn"], False).to_numpy()[order]
    again[1:] = (group[1:] == group[:-1]) & (withdrawn[1:] == withdrawn[:-1])
    named = ", ".join(("household_id", *table.key))
    rule = Rule(
        f"{table.name}.known_on.duplicate", f"同一天不得重复登记同一键（{named}）", f"one row a key ({named}) and day"
    )
    return Finding(
        rule,
        np.sort(at[order[again]]),
        lambda row: (
            f"known_on is {as_text(row['known_on'])}, and a row above with the same {named} is known on that day"
        ),
    )


def orphans(rows: pa.Table, table: Table, households: pa.ChunkedArray) -> Finding:
    """Find rows of a household that ``households`` (ids of the rows that stay in the household table) lacks."""
    known = pc.is_in(rows["household_id"], value_set=pc.unique(households))
    rule = Rule(f"{table.name}.household_id.orphan", "户编号须在户表中", "household_id stands in the household table")
    lost = np.flatnonzero(pc.and_(rows["household_id"].is_valid(), pc.invert(known)).to_numpy())
    return Finding(
        rule, lost, lambda row: f'household_id "{as_text(row["household_id"])}" is no household that was kept'
    )


def strangers(jobs: pa.Table, members: pa.Table) -> Finding:
    """Find jobs of somebody who is no member of the household."""
    both = pc.and_(jobs["household_id"].is_valid(), jobs["member_id"].is_valid())
    known = pc.is_in(person(jobs), value_set=pc.unique(person(members)))
    rule = Rule("job.member_id.orphan", "人口编号须在该户成员中", "member_id stands among the household's members")
    return Finding(
        rule,
        np.flatnonzero(pc.and_(both, pc.invert(known)).to_numpy()),
        lambda row: f'member_id "{as_text(row["member_id"])}" is no member that was kept of this household',
    )


def person(rows: pa.Table) -> pa.ChunkedArray:
    """Return household and member as one text, so that it can be looked up."""
    return pc.binary_join_element_wise(rows["household_id"], rows["member_id"], "\x1f")


def _value_findings(table: Table, column: Column, typed: pa.ChunkedArray, bad: np.ndarray) -> list[Finding]:
    found = []
    name = column.name
    if column.required and typed.null_count:
        absent = np.setdiff1d(np.flatnonzero(typed.is_null().to_numpy()), bad, assume_unique=True)
        rule = Rule(f"{table.name}.{name}.required", f"{column.zh}必填", f"{name} must be given")
        found.append(Finding(rule, absent, lambda _: f"{name} is missing, and it is required"))
    if column.low is not None or column.high is not None:
        low, high = column.low, column.high
        outside = pc.or_(pc.less(typed, low), pc.greater(typed, high))
        words = f"{low:,.0f} to {high:,.0f}"
        found.append(
            breaking(_range_rule(table, column, words), outside, lambda row: f"{quoted(row, name)}, not {words}")
        )
    if column.kind in ("date", "month"):
        outside = pc.or_(pc.less(typed, EARLIEST), pc.greater(typed, LATEST))
        words = f"{EARLIEST} to {LATEST}"
        found.append(
            breaking(_range_rule(table, column, words), outside, lambda row: f"{quoted(row, name)}, not {words}")
        )
    if column.kind == "month":
        rule = Rule(f"{table.name}.{name}.month", f"{column.zh}须为月份首日", f"{name} is the first day of a month")
        inside = pc.not_equal(pc.day(typed), 1)
        found.append(breaking(rule, inside, lambda row: f"{quoted(row, name)}, not the first day of a month"))
    return found


def _type(table: Table, column: Column, bad: np.ndarray) -> Finding:
    fault, expected = FAULT[column.kind], EXPECTED[column.kind]
    rule = Rule(
        f"{table.name}.{column.name}.{fault}",
        f"{column.zh}须为{_ZH_EXPECTED[fault]}",
        f"{column.name} must be {expected}",
    )

    def describe(row: Mapping[str, Any]) -> str:
        value = row[column.name]
        hint = ""
        if fault == "code":
            known = codes(column.codes)
            wrong = [entry for entry in (value if isinstance(value, list) else [value]) if entry not in known]
            hint = did_you_mean(as_text(wrong[0]), known).rstrip(".") if wrong else ""
        return f"{quoted(row, column.name)}, not {expected}{'.' if hint else ''}{hint}"

    return Finding(rule, bad, describe)


def _after_known(table: Table, rows: pa.Table) -> Finding:
    own = table.own_date
    rule = Rule(
        f"{table.name}.{own}.after_known_on",
        f"{table.column(own).zh}不得晚于登记获知日期",
        f"{own} is not after known_on",
    )
    return breaking(
        rule,
        pc.greater(rows[own], rows["known_on"]),
        lambda row: (
            f"{quoted(row, own)}, after known_on {as_text(row['known_on'])}: nothing is known before it happens"
        ),
    )


def _backwards(table: Table, rows: pa.Table, later: str, earlier: str) -> Finding:
    rule = Rule(
        f"{table.name}.{later}.before_{earlier}",
        f"{table.column(later).zh}不得早于{table.column(earlier).zh}",
        f"{later} is not before {earlier}",
        source="public validators of the national form",
    )
    return breaking(
        rule,
        pc.less(rows[later], rows[earlier]),
        lambda row: f"{quoted(row, later)}, before {earlier} {as_text(row[earlier])}",
    )


def _range_rule(table: Table, column: Column, words: str) -> Rule:
    return Rule(
        f"{table.name}.{column.name}.range",
        f"{column.zh}须在{words.replace(' to ', '至')}之间",
        f"{column.name} is from {words}{' ' + column.unit if column.unit else ''}",
    )


def breaking(rule: Rule, mask: pa.ChunkedArray, describe: Callable[[Mapping[str, Any]], str]) -> Finding:
    """Return the rows at which ``mask`` is true as a finding; a missing one is none."""
    return Finding(rule, np.flatnonzero(pc.fill_null(mask, False).to_numpy()), describe)


def quoted(row: Mapping[str, Any], name: str) -> str:
    """Return what stands in a column, as a message begins."""
    value = row[name]
    return f'{name} is "{value}"' if isinstance(value, str) else f"{name} is {as_text(value)}"
