"""Codes that came in the last month and never before, or that the code book does not have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from riskmodel.registry import schema
from riskmodel.registry.codes import codes
from riskmodel.watching.findings import Finding
from riskmodel.watching.learnt import LEAST_SHOWN, kind_columns

if TYPE_CHECKING:
    from riskmodel.registry import Registry

# A new word on fewer rows is a slip of the pen; on more, somebody changed what is sent.
LEAST_ROWS, LEAST_SHARE = 10, 0.005


def unseen_codes(registry: Registry, ends: Sequence[date]) -> list[Finding]:
    """Return the codes of the last month that no earlier one of ``ends`` had, and those outside the code book.

    Columns of codes are looked at, and the free words that tell feeds apart (an income's item). A table that had no row
    before says nothing: all its codes are new. A free word on fewer than five rows is not told: it may be anything that
    somebody typed, a name too.
    """
    found = []
    for name in registry.tables:
        table = schema.table(name)
        for column in (*_code_columns(table), *_word_columns(table)):
            found += _of(registry, table, column, ends)
    return found


def _code_columns(table: schema.Table) -> list[schema.Column]:
    return [column for column in table.own_columns if column.kind == "code"]


def _word_columns(table: schema.Table) -> list[schema.Column]:
    kinds = kind_columns(table)
    return [column for column in table.own_columns if column.kind == "text" and column.name in kinds]


def _of(registry: Registry, table: schema.Table, column: schema.Column, ends: Sequence[date]) -> list[Finding]:
    rows: Any = registry.table(table.name)
    known = rows.filter(rows.known_on < ends[-1])
    value = known[column.name]
    last = known.known_on >= ends[-2]
    tallied = known.filter(value.notnull()).group_by(value.name("code")).aggregate(now=last.sum(), before=(~last).sum())
    counts = tallied.to_pyarrow().sort_by("code").to_pylist()
    total = sum(row["now"] for row in counts)
    if not sum(row["before"] for row in counts):
        return []
    book = set(codes(column.codes)) if column.kind == "code" else None
    found = []
    for row in counts:
        outside = book is not None and row["code"] not in book
        if not row["now"] or not (outside or not row["before"]):
            continue
        if book is None and row["now"] < LEAST_SHOWN:
            continue
        many = row["now"] >= max(LEAST_ROWS, LEAST_SHARE * total)
        figures = {
            "column": column.name,
            "code": row["code"],
            "rows": int(row["now"]),
            "of": int(total),
            "outside_code_book": outside,
        }
        found.append(
            Finding(
                kind="unseen_code",
                feed=(table.name,),
                needs_person=many or outside,
                size=row["now"] / max(total, 1),
                figures=figures,
            )
        )
    return found
