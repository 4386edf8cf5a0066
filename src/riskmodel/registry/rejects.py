"""Rows that were set aside: why, and what they were, in full."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.files import write_aside

REJECTS = "rejects.parquet"

SCHEMA = pa.schema(
    [
        pa.field("table", pa.string(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("column", pa.string(), nullable=False),
        pa.field("value", pa.string()),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("message", pa.string(), nullable=False),
        pa.field("original", pa.string(), nullable=False),
    ]
)


@dataclass
class Rejects:
    """Collects rows set aside; a row that breaks several rules has a line for each.

    Examples
    --------
    >>> rejects = Rejects()
    >>> rejects.add(table="income", row=48112, column="amount", value="1,2oo", rule="income.amount.numeric",
    ...             message='amount is "1,2oo", not a number', original={"household_id": "H0031877", "amount": "1,2oo"})
    >>> rejects.rows("income"), rejects.by_rule()
    (1, {'income.amount.numeric': 1})
    >>> print(rejects.describe(limit=1)[0].replace(". Set", ".\\nSet"))
    income.parquet, row 48,112 (household H0031877): amount is "1,2oo", not a number.
    Set aside in rejects.parquet (rule income.amount.numeric).
    """

    _lines: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in SCHEMA.names})

    def add(
        self,
        *,
        table: str,
        row: int,
        column: str,
        value: Any,
        rule: str,
        message: str,
        original: Mapping[str, Any] | str,
    ) -> None:
        """Set one row aside.

        Parameters
        ----------
        table : str
            The table it was meant for.
        row : int
            1-based, counting rows of data in the source.
        column, value : str, object
            Where the fault is and what stood there.
        rule : str
            ``table.column.rule``.
        message : str
            The fault in words, without the place and without a full stop.
        original : mapping or str
            The whole row as it came, or its JSON.
        """
        self.add_many(
            table=table,
            rows=[row],
            column=column,
            values=[value],
            rule=rule,
            messages=[message],
            originals=[original],
        )

    def add_many(
        self,
        *,
        table: str,
        rows: Sequence[int],
        column: str,
        values: Sequence[Any],
        rule: str,
        messages: Sequence[str],
        originals: Sequence[Mapping[str, Any] | str],
    ) -> None:
        """Set rows aside that break one rule; the sequences align. See :meth:`add`."""
        count = len(rows)
        if not len(values) == len(messages) == len(originals) == count:
            raise ValueError("rows, values, messages and originals must be equally long")
        lines = self._lines
        lines["table"] += [table] * count
        lines["row"] += [int(row) for row in rows]
        lines["column"] += [column] * count
        lines["value"] += [None if value is None else as_text(value) for value in values]
        lines["rule"] += [rule] * count
        lines["message"] += list(messages)
        lines["original"] += [entry if isinstance(entry, str) else as_json(entry) for entry in originals]

    def extend(self, other: Rejects) -> None:
        """Take over all lines of ``other``."""
        for name, lines in self._lines.items():
            lines.extend(other._lines[name])

    def __len__(self) -> int:
        """How many lines there are: one a row and rule."""
        return len(self._lines["table"])

    def rows(self, table: str) -> int:
        """How many distinct rows of ``table`` were set aside."""
        pairs = zip(self._lines["table"], self._lines["row"], strict=True)
        return len({row for name, row in pairs if name == table})

    def by_rule(self) -> dict[str, int]:
        """How many rows break each rule, rules in alphabetical order."""
        counts: dict[str, int] = {}
        for rule in self._lines["rule"]:
            counts[rule] = counts.get(rule, 0) + 1
        return dict(sorted(counts.items()))

    def to_arrow(self) -> pa.Table:
        """Return the lines as a table of :data:`SCHEMA`, sorted by table, row and rule."""
        lines = pa.Table.from_pydict(self._lines, schema=SCHEMA)
        return lines.sort_by([("table", "ascending"), ("row", "ascending"), ("rule", "ascending")])

    def describe(self, *, limit: int, places: Mapping[str, str] | None = None) -> list[str]:
        """Put the first row that breaks each rule in words.

        Parameters
        ----------
        limit : int
            At most so many.
        places : mapping of str to str, optional
            By table, how its source is called; ``TABLE.parquet`` where it is not said.
        """
        return in_words(self.first_of_rules(), limit=limit, places=places)

    def first_of_rules(self) -> dict[str, dict[str, Any]]:
        """Return the first line of each rule that was broken, in the order of :meth:`to_arrow`."""
        first: dict[str, dict[str, Any]] = {}
        lines = self.to_arrow()
        for at, rule in enumerate(lines["rule"].to_pylist()):
            if rule not in first:
                first[rule] = lines.slice(at, 1).to_pylist()[0]
        return first

    def write(self, path: Path) -> None:
        """Write the lines to ``path``, replacing what stood there. An empty collection gives a file of no rows."""
        with write_aside(Path(path)) as aside:
            pq.write_table(self.to_arrow(), aside, compression="zstd")


def in_words(lines: Mapping[str, Mapping[str, Any]], *, limit: int, places: Mapping[str, str] | None) -> list[str]:
    """Put lines in words, one a rule, at most so many: see :meth:`Rejects.describe`."""
    places = places or {}
    out = []
    for line in list(lines.values())[:limit]:
        household = json.loads(line["original"]).get("household_id")
        who = f" (household {household})" if household not in (None, "") else ""
        place = places.get(line["table"], f"{line['table']}.parquet")
        out.append(
            f"{place}, row {line['row']:,}{who}: {line['message']}. Set aside in {REJECTS} (rule {line['rule']})."
        )
    return out


def as_text(value: Any) -> str:
    """Return a value as it reads in a message: dates in ISO form, lists joined, numbers without needless digits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e6 and value == round(value, 4) else repr(value)
    if isinstance(value, list | tuple):
        return ", ".join(as_text(entry) for entry in value)
    return str(value)


def as_json(row: Mapping[str, Any]) -> str:
    """Return a row as one line of JSON; dates in ISO form, anything JSON has no word for as text."""
    # NaN is no JSON.
    plain = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
    return json.dumps(plain, ensure_ascii=False, default=_plain)


def originals(rows: pa.Table, positions: Iterable[int]) -> list[str]:
    """Return the rows at ``positions`` as JSON, every column kept as it came."""
    picked = rows.take(pa.array(list(positions), pa.int64()))
    return [as_json(row) for row in picked.to_pylist()]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
